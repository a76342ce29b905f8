//! SARIF 2.1.0, with what GitHub's code scanning asks beside the schema.
//!
//! Own structs for the few parts that are written: a typed library of the whole format does not keep anybody from an
//! invalid log, the schema in the tests does.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Anchor, Item, items, plain};
use crate::facts::Locus;
use crate::render::RenderOptions;
use crate::render::text::visible;
use crate::render::view::encode;
use crate::scorecard::Scorecard;
use crate::scorecard::{Certainty, Check, Severity};
use crate::ui::Problem;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Code scanning takes no more results of a run; the worst stand first.
const RESULTS: usize = 25_000;

/// Further places of a result: code scanning shows no more.
const PLACES: usize = 100;

/// Code scanning cuts descriptions of rules here.
const DESCRIPTION: usize = 1024;

/// The base every path is relative to: the root of the repository.
const ROOT: &str = "%SRCROOT%";

/// Name of the fingerprint: it holds no line. Code scanning's own (`primaryLocationLineHash`) is left to its uploader.
const FINGERPRINT: &str = "temporalPreflight/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    name: String,
    short_description: Value,
    full_description: Value,
    help: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Value,
    properties: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Value,
    locations: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Value>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Value>,
    properties: Value,
}

pub(in crate::render) fn render(card: &Scorecard, options: &RenderOptions) -> Result<Vec<u8>, Problem> {
    let all = items(card, options);
    // A rule is named once, however many results it has.
    let mut rules: Vec<Rule> = vec![];
    let mut index = BTreeMap::new();
    for check in &card.checks {
        index.entry(check.rule.as_str()).or_insert_with(|| {
            rules.push(rule(check));
            rules.len() - 1
        });
    }
    let results: Vec<Outcome> = all
        .iter()
        .take(RESULTS)
        .map(|item| result(card, item, index.get(item.check.rule.as_str()).copied().unwrap_or_default()))
        .collect();
    let mut notes = vec![format!("{} at the gate {}: {}", card.verdict.label(), card.gate, plain(&card.summary))];
    notes.extend(card.baseline.iter().flat_map(|b| b.notes.iter().map(|n| plain(n))));
    if let Some(more) = all.len().checked_sub(RESULTS).filter(|more| *more > 0) {
        notes.push(format!("{more} more results are in the other reports of this run"));
    }
    let notifications: Vec<Value> =
        notes.iter().map(|text| json!({"level": "note", "message": {"text": text}})).collect();
    let mut run = json!({
        "tool": {"driver": {
            "name": "temporal-preflight",
            "version": plain(&card.tool_version),
            "rules": rules,
        }},
        "automationDetails": {"id": format!("temporal-preflight/{}/", card.gate)},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository"}}},
        "invocations": [{
            "executionSuccessful": true,
            "endTimeUtc": card.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "toolExecutionNotifications": notifications,
        }],
        "results": results,
        "properties": {"gate": card.gate.name(), "verdict": card.verdict.label()},
    });
    if semver::Version::parse(&card.tool_version).is_ok() {
        run["tool"]["driver"]["semanticVersion"] = json!(card.tool_version);
    }
    let mut bytes = serde_json::to_vec_pretty(&json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}))
        .map_err(|e| Problem::tool("the SARIF log could not be written").note(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn rule(check: &Check) -> Rule {
    let title = cut(&plain(&check.title));
    let first = check.explanation.split("\n\n").map(str::trim).find(|p| !p.is_empty() && !p.starts_with('#'));
    let full = first.map_or_else(|| title.clone(), |text| cut(&plain(text)));
    let markdown = if check.explanation.trim().is_empty() { check.title.clone() } else { check.explanation.clone() };
    let markdown = visible(&markdown);
    let mut tags = vec!["temporal".to_owned(), plain(&check.area)];
    tags.extend(check.failure_mode.iter().map(|mode| plain(mode)));
    tags.dedup();
    Rule {
        id: plain(&check.rule),
        name: plain(&check.rule).split(['-', '_']).map(capital).collect(),
        short_description: json!({"text": title}),
        full_description: json!({"text": full}),
        help: json!({"text": plain(&markdown), "markdown": markdown}),
        help_uri: check.references.iter().find(|r| is_uri(r)).cloned(),
        default_configuration: json!({"level": level(check.severity, Certainty::Fail)}),
        properties: json!({
            "tags": tags,
            "precision": "high",
            "problem.severity": match check.severity {
                Severity::Blocker => "error",
                Severity::Major => "warning",
                Severity::Minor => "recommendation",
            },
        }),
    }
}

fn result(card: &Scorecard, item: &Item<'_>, rule_index: usize) -> Outcome {
    let fix = item.fix().map(|fix| format!("\n{fix}")).unwrap_or_default();
    let related = item.others.iter().take(PLACES).enumerate().map(|(i, (anchor, said))| {
        let mut place = location(anchor);
        if let Some(map) = place.as_object_mut() {
            map.insert("id".into(), json!(i + 1));
            map.insert("message".into(), json!({"text": said}));
        }
        place
    });
    Outcome {
        rule_id: plain(&item.check.rule),
        rule_index,
        level: level(item.check.severity, item.certainty),
        // `[…](…)` would be a link.
        message: json!({"text": format!("{}{fix}", item.message).replace("](", "] (")}),
        locations: vec![location(&item.anchor)],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, item.fingerprint.clone())]),
        baseline_state: card.baseline.as_ref().map(|_| if item.known { "unchanged" } else { "new" }),
        suppressions: item
            .waiver
            .map(|waiver| {
                let kind = if matches!(waiver.place, Locus::Source { .. }) { "inSource" } else { "external" };
                let why = format!("{} ({}, until {})", plain(&waiver.reason), plain(&waiver.owner), waiver.until);
                json!({"kind": kind, "status": "accepted", "justification": why})
            })
            .into_iter()
            .collect(),
        properties: json!({
            "severity": item.check.severity.name(),
            "certainty": if item.certainty == Certainty::Fail { "fail" } else { "unknown" },
            "gates": item.check.gates.iter().map(|g| g.name()).collect::<Vec<_>>(),
            "owner": item.finding.and_then(|f| f.owner.as_deref()).map(plain),
        }),
    }
}

fn location(anchor: &Anchor) -> Value {
    let mut region = json!({"startLine": anchor.line});
    // Columns count bytes here and UTF-16 units there: the same for a line of ASCII only.
    let ascii = anchor.snippet.as_deref().is_some_and(str::is_ascii);
    if anchor.column > 0 && ascii {
        region["startColumn"] = json!(anchor.column);
    }
    if let Some(snippet) = &anchor.snippet {
        region["snippet"] = json!({"text": plain(snippet)});
    }
    json!({"physicalLocation": {
        "artifactLocation": {"uri": encode(&anchor.path), "uriBaseId": ROOT},
        "region": region,
    }})
}

fn level(severity: Severity, certainty: Certainty) -> &'static str {
    match (severity, certainty) {
        (Severity::Blocker, Certainty::Fail) => "error",
        (Severity::Minor, _) | (Severity::Major, Certainty::Unknown) => "note",
        _ => "warning",
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= DESCRIPTION {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION - 1).chain(['…']).collect()
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Whether a reference is an address with nothing in it that an address cannot hold.
fn is_uri(text: &str) -> bool {
    text.starts_with("https://") && text.chars().all(|c| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c))
}
