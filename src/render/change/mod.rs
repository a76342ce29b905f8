//! The answer to a pull request: what the change adds, where, how it gets to a client, and what mends it.

mod text;

use serde::Serialize;

use super::RenderOptions;
use super::text::plural;
use super::view::{Links, Mark, MarkView, StepView, scope_of};
use crate::facts::Locus;
use crate::facts::code::{CodeFacts, Kind, Site};
use crate::scorecard::Scorecard;
use crate::scorecard::{Certainty, Check, Finding, Outcome, Severity, Verdict};
use crate::ui::Problem;

/// What a reviewer reads.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    pub label: &'static str,
    pub mark: MarkView,
    pub title: String,
    pub summary: String,
    /// What the change was compared with; none when the whole tree was judged.
    pub source: Option<String>,
    /// Blockers that failed.
    pub blockers: Vec<Group>,
    /// What could not be decided.
    pub undecided: Vec<Group>,
    /// Majors and minors.
    pub conditions: Vec<Group>,
    /// Findings the change mends.
    pub fixed: Vec<Item>,
    /// Counts and notes, a sentence each.
    pub notes: Vec<String>,
    pub tool_version: String,
    pub commit: Option<String>,
}

/// What one rule has to say.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub rule: String,
    /// Other rules that lack the same.
    pub also: Vec<String>,
    pub title: String,
    pub severity: &'static str,
    pub mark: MarkView,
    /// Said when no finding says it.
    pub why: Option<String>,
    pub why_remedy: Option<String>,
    pub items: Vec<Item>,
    /// What mends all of them, when that is the same.
    pub steps: Vec<StepView>,
}

/// One finding.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Item {
    pub rule: String,
    pub place: String,
    pub href: Option<String>,
    pub message: String,
    pub snippet: Option<String>,
    /// The way from the call to the place where its client was built.
    pub client: Option<String>,
    /// Whose the file is.
    pub owner: Option<String>,
    pub steps: Vec<StepView>,
}

impl Change {
    pub fn new(card: &Scorecard, options: &RenderOptions) -> Self {
        let links = Links::new(card, options);
        let code = card.inventory.code.value();
        let group = |check: &Check, certainty: Certainty, mark: Mark| {
            let mut items: Vec<Item> = check
                .findings
                .iter()
                .filter(|f| f.certainty == certainty && f.waiver.is_none() && !card.is_known(f))
                .map(|f| item(f, code, &links))
                .collect();
            let why = if items.is_empty() { check.why.clone() } else { None };
            Group {
                rule: check.rule.clone(),
                also: vec![],
                title: check.title.clone(),
                severity: check.severity.name(),
                mark: mark.into(),
                why_remedy: check.why_remedy.clone().filter(|_| why.is_some()),
                why,
                steps: common(&mut items),
                items,
            }
        };
        let gate = card.gates.iter().find(|g| g.gate == card.gate);
        let (blocked, open) = gate.map(|g| (g.blocked_by.as_slice(), g.undecided.as_slice())).unwrap_or((&[], &[]));
        let mut change = Self {
            label: card.verdict.label(),
            mark: card.verdict.into(),
            title: card.plan.name.clone(),
            summary: summary(card),
            source: card.baseline.as_ref().map(|b| b.source.clone()),
            blockers: vec![],
            undecided: vec![],
            conditions: vec![],
            fixed: card.baseline.iter().flat_map(|b| &b.fixed).map(|f| item(f, None, &links)).collect(),
            notes: notes(card),
            tool_version: card.tool_version.clone(),
            commit: code.and_then(|c| c.repository.commit.clone()),
        };
        for check in &card.checks {
            if blocked.contains(&check.rule) {
                change.blockers.push(group(check, Certainty::Fail, Mark::Failed));
            }
            let doubts = group(check, Certainty::Unknown, Mark::Unknown);
            // What somebody vouches for is decided, as long as the change adds nothing to it.
            let vouched = matches!(check.outcome, Outcome::Pass | Outcome::NotDue);
            if open.contains(&check.rule) || (!vouched && !doubts.items.is_empty()) {
                add_gap(&mut change.undecided, doubts);
            }
            if check.severity != Severity::Blocker {
                let found = group(check, Certainty::Fail, Mark::Attention);
                if check.outcome == Outcome::Fail && !found.items.is_empty() {
                    change.conditions.push(found);
                }
            }
        }
        change
    }
}

/// What several rules lack is said once.
fn add_gap(gaps: &mut Vec<Group>, gap: Group) {
    let same = |g: &&mut Group| {
        g.items.is_empty() && (&g.why, &g.why_remedy, g.severity) == (&gap.why, &gap.why_remedy, gap.severity)
    };
    match gaps.iter_mut().find(same).filter(|_| gap.items.is_empty()) {
        Some(before) => before.also.push(gap.rule),
        None => gaps.push(gap),
    }
}

/// As text for a terminal.
pub(super) fn text(card: &Scorecard, options: &RenderOptions) -> String {
    text::render(&Change::new(card, options), options)
}

/// As Markdown for a comment.
pub(super) fn markdown(card: &Scorecard, options: &RenderOptions) -> Result<String, Problem> {
    let text = super::templates::render("pr-comment.md", &Change::new(card, options), options.template_dir.as_deref())?;
    Ok(super::markdown::squeeze(&text))
}

/// The sentence without the verdict and the gate: they stand before it.
fn summary(card: &Scorecard) -> String {
    let said = format!("{} for {}: ", card.verdict.label(), card.gate);
    let text = card.summary.strip_prefix(said.as_str()).unwrap_or(&card.summary);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn item(finding: &Finding, code: Option<&CodeFacts>, links: &Links) -> Item {
    let first = finding.evidence.first();
    Item {
        rule: finding.rule.clone(),
        place: first.map_or_else(String::new, ToString::to_string),
        href: first.and_then(|l| links.locus(l)),
        message: finding.message.clone(),
        snippet: first.and_then(|l| match l {
            Locus::Source { snippet, .. } => snippet.clone(),
            _ => None,
        }),
        client: first.zip(code).and_then(|(l, code)| site(l, code)).and_then(way),
        owner: finding.owner.clone(),
        steps: finding.remedy.iter().map(|s| StepView { text: s.text.clone(), command: s.command.clone() }).collect(),
    }
}

/// The call at a place.
fn site<'c>(locus: &Locus, code: &'c CodeFacts) -> Option<&'c Site> {
    let Locus::Source { path, line, column, .. } = locus else { return None };
    code.sites.iter().find(|s| s.path == *path && s.line == *line && s.column == *column && s.kind != Kind::Connect)
}

/// From the call to the construction of its client.
fn way(site: &Site) -> Option<String> {
    let mut steps = site.client.via.clone();
    for origin in &site.client.origins {
        let function = origin.function.as_ref().map(|f| format!(" in `{f}`")).unwrap_or_default();
        steps.push(format!("{}:{}{function}", origin.path, origin.line));
    }
    if site.client.origins.is_empty() {
        let reason = site.client.reason.as_deref()?;
        steps.push(format!("then it is lost: {}", reason.split_once(": ").map_or(reason, |(_, words)| words)));
    }
    Some(steps.join(" → "))
}

/// Take the remedy out of the findings when all have the same one.
fn common(items: &mut [Item]) -> Vec<StepView> {
    let [first, rest @ ..] = items else { return vec![] };
    if rest.is_empty() || rest.iter().any(|i| i.steps != first.steps) {
        return vec![];
    }
    rest.iter_mut().for_each(|i| i.steps.clear());
    std::mem::take(&mut first.steps)
}

/// What else a reviewer should know.
fn notes(card: &Scorecard) -> Vec<String> {
    let mut notes = vec![];
    let findings = || card.checks.iter().flat_map(|c| &c.findings);
    let known = findings().filter(|f| card.is_known(f) && f.waiver.is_none()).count();
    if known > 0 {
        let verb = if known == 1 { "was" } else { "were" };
        notes.push(
            format!("{} {verb} there before the change and do not count here", plural(known, "finding")).replace(
                "was there before the change and do not count",
                "was there before the change and does not count",
            ),
        );
    }
    let waived: Vec<_> = findings().filter_map(|f| f.waiver.as_ref()).collect();
    if !waived.is_empty() {
        let comments = waived.iter().filter(|w| matches!(w.place, Locus::Source { .. })).count();
        let by = match (comments, waived.len() - comments) {
            (n, 0) => format!("{n} by a comment in the code"),
            (0, n) => format!("{n} by the waivers file"),
            (c, f) => format!("{c} by a comment in the code, {f} by the waivers file"),
        };
        notes.push(format!(
            "{} accepted: {by}; --no-ignores shows what is behind them",
            plural(waived.len(), "finding")
        ));
    }
    notes.extend(card.baseline.iter().flat_map(|b| b.notes.iter().cloned()));
    notes.extend(scope_of(card).iter().map(|said| said.trim_end_matches('.').to_owned()));
    if card.verdict == Verdict::Undecided {
        notes.push("what could not be decided is not a pass: look at it, or answer it in attestations.yaml".to_owned());
    }
    notes
}
