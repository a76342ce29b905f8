//! What the answer leaves out and what it rests on: said beside the verdict in every report.

use crate::facts::plan::NamespaceMapping;
use crate::render::text::{list, plural};
use crate::scorecard::Scorecard;

/// How many names are said of one kind; the rest is a number.
const NAMED: usize = 5;

/// Sentences; none where everything was looked at, and nothing rests on a word.
pub(in crate::render) fn sentences(card: &Scorecard) -> Vec<String> {
    let mut said = vec![];
    said.extend(rehearsal(card));
    said.extend(cohort(card));
    said.extend(words(card));
    if !card.is_one_gate() {
        let left = |stays: bool| move |m: &&NamespaceMapping| m.target.is_none() && m.stays == stays;
        said.extend(namespaces(card, left(false), "Left behind, and not judged before the source is switched off"));
        said.extend(namespaces(card, left(true), "Stays in use on the source, and not judged"));
    }
    said.extend(unread(card));
    said.extend(left_out(card));
    said
}

fn rehearsal(card: &Scorecard) -> Option<String> {
    let rehearsal = card.rehearsal.as_ref()?;
    let rules = plural(rehearsal.not_asked.len(), "rule");
    let names = named(rehearsal.not_asked.iter().map(String::as_str));
    let blockers = plural(rehearsal.blockers, "blocker");
    Some(format!("Rehearsal: {rules} about Temporal Cloud, {blockers} among them, were not asked: {names}."))
}

fn cohort(card: &Scorecard) -> Option<String> {
    let cohort = card.cohort.as_ref()?;
    Some(format!("Only what concerns the cohort {cohort} is judged."))
}

/// How much is measured, and how much rests on somebody's word.
fn words(card: &Scorecard) -> Option<String> {
    let gate = card.gates.iter().find(|gate| gate.gate == card.gate).filter(|gate| gate.attested > 0)?;
    let verb = if gate.attested == 1 { "rests" } else { "rest" };
    Some(format!(
        "{} of the {} of this gate {verb} on somebody's word.",
        gate.attested,
        plural_of(gate.passed, "pass", "passes")
    ))
}

fn plural_of(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

fn namespaces(card: &Scorecard, of: impl Fn(&&NamespaceMapping) -> bool, what: &str) -> Option<String> {
    let mappings: Vec<&NamespaceMapping> = card.plan.namespaces.iter().filter(of).collect();
    let reason = |m: &NamespaceMapping| m.exclude.clone().unwrap_or_else(|| "no reason given".to_owned());
    let each: Vec<String> = mappings.iter().map(|m| format!("`{}` ({})", m.source, reason(m))).collect();
    (!each.is_empty()).then(|| format!("{what}: {}.", list(&each)))
}

/// Files that name Temporal and were not analysed.
fn unread(card: &Scorecard) -> Vec<String> {
    let Some(code) = card.inventory.code.value() else { return vec![] };
    let of = |(language, files): (&String, &Vec<String>)| {
        let names = named(files.iter().map(String::as_str));
        format!(
            "Not read: {} of {language} that {} Temporal: {names}.",
            plural(files.len(), "file"),
            names_it(files.len())
        )
    };
    code.coverage.not_analysed.iter().map(of).collect()
}

/// Files that name Temporal and that the configuration leaves out, with the reason.
fn left_out(card: &Scorecard) -> Option<String> {
    let code = card.inventory.code.value()?;
    let paths: Vec<&str> =
        code.coverage.skipped.iter().filter(|skip| skip.is_excluded()).map(|skip| skip.path.as_str()).collect();
    if paths.is_empty() {
        return None;
    }
    let mut reasons: Vec<String> = vec![];
    for exclusion in paths.iter().filter_map(|path| card.plan.left_out(path)) {
        let said = format!("`{}`: {}", exclusion.glob, exclusion.reason.as_deref().unwrap_or_default());
        if !reasons.contains(&said) {
            reasons.push(said);
        }
    }
    let reasons = if reasons.is_empty() { "no reason given".to_owned() } else { reasons.join("; ") };
    let (files, name) = (plural(paths.len(), "file"), names_it(paths.len()));
    Some(format!(
        "Left out by the configuration ({reasons}): {files} that {name} Temporal: {}.",
        named(paths.into_iter())
    ))
}

fn names_it(n: usize) -> &'static str {
    if n == 1 { "names" } else { "name" }
}

fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = all.len().saturating_sub(NAMED);
    let shown = list(&all.into_iter().take(NAMED).collect::<Vec<_>>());
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
