//! What must move together: workflow types that are tied by commands, ids and worker pools; and cohorts made from it.

use std::collections::{BTreeMap, BTreeSet};

use super::{half, moved};
use crate::facts::cluster::{ClusterSnapshot, ExecutionSample, NamespaceSnapshot};
use crate::facts::code::{CodeFacts, Kind, Site, WorkflowLink};
use crate::facts::plan::{Cohort, Plan};
use crate::facts::{Known, Locus};

/// What ties two workflow types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TieKind {
    /// One begins the other as a child.
    Child,
    /// One signals or cancels the other.
    Message,
    /// One continues as the other.
    Continue,
    /// Both are started under ids of one form.
    Id,
}

/// Two workflow types that must move together, or a command of which one end is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// What ties them.
    pub kind: TieKind,
    /// The type that gives the command; empty when the workflow around it was not found.
    pub from: String,
    /// The other type; none when the code does not tell.
    pub to: Option<String>,
    /// The command or the id, for a reader.
    pub what: String,
    /// Where it stands.
    pub loci: Vec<Locus>,
}

/// Everything that is known of one workflow type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeFacts {
    /// Task queues its workers poll, as far as they were seen.
    pub queues: BTreeSet<String>,
    /// Open executions on the source.
    pub open: u64,
    /// Closed executions within retention.
    pub closed: u64,
    /// The longest time an execution has run, in seconds.
    pub longest: u64,
    /// Places in production code that start it.
    pub starters: usize,
    /// Namespaces of the source it was seen in.
    pub namespaces: BTreeSet<String>,
    /// Where it is defined, registered or started in production code.
    pub code: Option<Locus>,
}

/// A type name the code fixes.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('(')
}

/// Every workflow type of production code and of the moved namespaces of the source.
pub fn types(code: Option<&CodeFacts>, source: Option<&ClusterSnapshot>, plan: &Plan) -> BTreeMap<String, TypeFacts> {
    let mut all: BTreeMap<String, TypeFacts> = BTreeMap::new();
    for definition in code.into_iter().flat_map(|c| &c.workflow_types) {
        if definition.scope.is_production() && is_name(&definition.name) {
            let known = all.entry(definition.name.clone()).or_default();
            known.queues.extend(definition.task_queue.clone());
            known.code.get_or_insert_with(|| place(&definition.path, definition.line, None, None));
        }
    }
    for (site, name) in code.into_iter().flat_map(starts) {
        let known = all.entry(name).or_default();
        known.starters += 1;
        known.queues.extend(site.task_queue.clone());
        known.code.get_or_insert_with(|| locus_of(site));
    }
    for namespace in source.into_iter().flat_map(|s| namespaces(s, plan)) {
        for seen in namespace.workflow_types.value().into_iter().flatten() {
            let known = all.entry(seen.name.clone()).or_default();
            known.open += seen.open;
            known.closed += seen.closed;
            known.namespaces.insert(namespace.name.clone());
            for sample in seen.oldest_open.iter().chain(&seen.longest_closed) {
                known.longest = known.longest.max(sample.seconds);
                known.queues.insert(sample.task_queue.clone());
            }
        }
    }
    all
}

/// The namespaces of the source that move.
fn namespaces<'a>(source: &'a ClusterSnapshot, plan: &Plan) -> Vec<&'a NamespaceSnapshot> {
    let moved = moved(plan);
    let names = moved.value().into_iter().flatten().map(|(mapping, _)| mapping.source.as_str());
    names.filter_map(|name| half(source, name).value().map(|half| half.namespace)).collect()
}

/// Sites of production code that begin executions, with the types they begin: their own, or what callers of the
/// wrapper around them give.
fn starts(code: &CodeFacts) -> Vec<(&Site, String)> {
    let begins = |s: &&Site| matches!(s.kind, Kind::Start | Kind::SignalWithStart | Kind::UpdateWithStart);
    let sites = code.sites.iter().filter(|s| s.scope.is_production()).filter(begins);
    sites.flat_map(|site| types_of_site(code, site).into_iter().map(move |name| (site, name))).collect()
}

/// The workflow types a site is about; empty when they are not all known.
pub fn types_of_site(code: &CodeFacts, site: &Site) -> Vec<String> {
    if let Some(name) = &site.workflow_type {
        return vec![name.clone()];
    }
    // Only the body of a wrapper has callers.
    let wrappers = code.wrappers.iter().filter(|w| site.wrapper.is_some() && w.site == site.fingerprint);
    let calls = wrappers.flat_map(|w| &w.calls).filter(|c| c.scope.is_production());
    let names: Option<BTreeSet<String>> = calls.map(|c| c.workflow_type.clone()).collect();
    names.unwrap_or_default().into_iter().collect()
}

/// What ties workflow types by commands and ids. Partial when a version that did not look for links made the scan.
pub fn ties(code: &CodeFacts, source: Option<&ClusterSnapshot>, plan: &Plan) -> Known<Vec<Tie>> {
    let mut by_id: BTreeMap<&str, BTreeMap<String, Locus>> = BTreeMap::new();
    for (site, name) in starts(code) {
        if let Some(id) = &site.workflow_id {
            by_id.entry(id).or_default().entry(name).or_insert_with(|| locus_of(site));
        }
    }
    let shared = by_id.iter().flat_map(|(id, types)| {
        let first = types.iter().next();
        types.iter().skip(1).filter_map(move |(name, locus)| {
            let (other, at) = first?;
            Some(Tie {
                kind: TieKind::Id,
                from: other.clone(),
                to: Some(name.clone()),
                what: (*id).to_owned(),
                loci: vec![at.clone(), locus.clone()],
            })
        })
    });
    let shared: Vec<Tie> = shared.collect();
    let samples: Vec<&ExecutionSample> = source.into_iter().flat_map(|s| samples(s, plan)).collect();
    let called = code.links.as_ref().map(|links| {
        let production = links.iter().filter(|link| link.scope.is_production());
        production.flat_map(|link| of_link(link, &by_id, &samples)).collect::<Vec<_>>()
    });
    Known::concat([called, Known::Known(shared)])
}

fn of_link(
    link: &WorkflowLink,
    by_id: &BTreeMap<&str, BTreeMap<String, Locus>>,
    samples: &[&ExecutionSample],
) -> Vec<Tie> {
    let kind = match link.kind.as_str() {
        "child" => TieKind::Child,
        "continue" => TieKind::Continue,
        _ => TieKind::Message,
    };
    let to: Vec<Option<String>> = match (&link.to, &link.workflow_id) {
        (Some(to), _) => vec![Some(to.clone())],
        (None, Some(id)) => {
            let started =
                by_id.iter().filter(|(form, _)| same_form(form, id)).flat_map(|(_, types)| types.keys().cloned());
            let seen = samples.iter().filter(|s| covers(id, &s.workflow_id)).map(|s| s.workflow_type.clone());
            let found: BTreeSet<String> = started.chain(seen).collect();
            if found.is_empty() { vec![None] } else { found.into_iter().map(Some).collect() }
        }
        (None, None) => vec![None],
    };
    let from: Vec<&str> = if link.from.is_empty() { vec![""] } else { link.from.iter().map(String::as_str).collect() };
    let locus = place(&link.path, link.line, link.function.as_ref(), Some(&link.snippet));
    let each = from.iter().flat_map(|from| to.iter().map(move |to| ((*from).to_owned(), to.clone())));
    each.filter(|(from, to)| to.as_ref() != Some(from))
        .map(|(from, to)| Tie { kind, from, to, what: link.snippet.clone(), loci: vec![locus.clone()] })
        .collect()
}

/// Whether two ids, each whole or how it begins, can mean one execution.
fn same_form(a: &str, b: &str) -> bool {
    a == b || covers(a, b) || covers(b, a)
}

/// Whether an id is the one, or begins like it: `refund-*` covers `refund-17`.
fn covers(form: &str, id: &str) -> bool {
    match form.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => form == id,
    }
}

fn samples<'a>(source: &'a ClusterSnapshot, plan: &Plan) -> Vec<&'a ExecutionSample> {
    let each = namespaces(source, plan).into_iter().flat_map(|namespace| {
        let types = namespace.workflow_types.value().into_iter().flatten();
        let of_types = types.flat_map(|t| t.oldest_open.iter().chain(&t.longest_closed));
        let described = namespace.executions.samples.value().into_iter().flatten().map(|d| &d.execution);
        of_types.chain(described)
    });
    each.collect()
}

fn locus_of(site: &Site) -> Locus {
    place(&site.path, site.line, site.function.as_ref(), Some(&site.snippet))
}

fn place(path: &str, line: u32, function: Option<&String>, snippet: Option<&String>) -> Locus {
    Locus::Source {
        path: path.to_owned(),
        line,
        column: 0,
        function: function.cloned(),
        snippet: snippet.filter(|s| !s.is_empty()).cloned(),
    }
}

/// A cohort nobody has written down yet, and why it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The cohort as it could stand in preflight.yaml.
    pub cohort: Cohort,
    /// In words.
    pub why: String,
}

/// Cohorts made from what must move together, the least risky first; ties that are not known leave types apart.
pub fn propose(code: Option<&CodeFacts>, source: Option<&ClusterSnapshot>, plan: &Plan) -> Vec<Proposal> {
    let types = types(code, source, plan);
    let ties = code.map(|code| ties(code, source, plan));
    let ties: Vec<&Tie> = ties.iter().filter_map(Known::value).flatten().collect();
    let all: u64 = types.values().map(|t| t.open + t.closed).sum();
    let mut cohorts: BTreeMap<(u64, Option<String>, String), Vec<String>> = BTreeMap::new();
    for group in components(&types, &ties) {
        let points = group.iter().filter_map(|name| types.get(name)).map(|t| points(t, all)).max().unwrap_or(0);
        let risk = match points {
            0..=1 => 0,
            2..=3 => 1,
            _ => 2,
        };
        let queues: BTreeSet<&String> = group.iter().filter_map(|n| types.get(n)).flat_map(|t| &t.queues).collect();
        let queue = queues.first().map(|q| (*q).clone()).filter(|_| queues.len() == 1);
        // What is not risky and has one worker pool moves at one go; each risky group moves alone.
        let alone = if risk == 2 || queue.is_none() { group.join(" ") } else { String::new() };
        cohorts.entry((risk, queue.filter(|_| alone.is_empty()), alone)).or_default().extend(group);
    }
    let mut names = BTreeSet::new();
    let proposals = cohorts.into_iter().map(|((risk, queue, _), mut members)| {
        members.sort();
        let wanted = queue.unwrap_or_else(|| plain(members.first().map_or("cohort", String::as_str)));
        let mut name = wanted.clone();
        let mut n = 1;
        while !names.insert(name.clone()) {
            n += 1;
            name = format!("{wanted}-{n}");
        }
        let (risk, validation) = match risk {
            0 => ("low", "3d"),
            1 => ("medium", "5d"),
            _ => ("high", "7d"),
        };
        let why = reason(&members, &types, &ties);
        let cohort = Cohort {
            name,
            risk: Some(risk.to_owned()),
            workflow_types: members,
            validation: Some(validation.to_owned()),
            ..Cohort::default()
        };
        Proposal { cohort, why }
    });
    proposals.collect()
}

/// How much can go wrong with a type: by traffic, by how long executions run, by how many places start it.
fn points(t: &TypeFacts, all: u64) -> u64 {
    let step = |value: u64, one: u64, two: u64| u64::from(value >= one) + u64::from(value >= two);
    let share = (t.open + t.closed).saturating_mul(100).checked_div(all).unwrap_or(0);
    step(share, 5, 25) + step(t.longest, 86_400, 7 * 86_400) + step(t.starters as u64, 2, 5)
}

/// Types in groups that nothing ties to each other.
fn components(types: &BTreeMap<String, TypeFacts>, ties: &[&Tie]) -> Vec<Vec<String>> {
    let mut beside: BTreeMap<&str, BTreeSet<&str>> =
        types.keys().map(|name| (name.as_str(), BTreeSet::new())).collect();
    for tie in ties {
        let Some(to) = tie.to.as_deref().filter(|_| !tie.from.is_empty()) else { continue };
        beside.entry(&tie.from).or_default().insert(to);
        beside.entry(to).or_default().insert(&tie.from);
    }
    let (mut seen, mut groups) = (BTreeSet::new(), vec![]);
    for name in beside.keys() {
        let (mut todo, mut group) = (vec![*name], vec![]);
        while let Some(next) = todo.pop() {
            if seen.insert(next) {
                group.push(next.to_owned());
                todo.extend(beside.get(next).into_iter().flatten().copied());
            }
        }
        if !group.is_empty() {
            group.sort();
            groups.push(group);
        }
    }
    groups
}

fn reason(members: &[String], types: &BTreeMap<String, TypeFacts>, ties: &[&Tie]) -> String {
    let of: Vec<&TypeFacts> = members.iter().filter_map(|name| types.get(name)).collect();
    let runs: u64 = of.iter().map(|t| t.open + t.closed).sum();
    let longest = of.iter().map(|t| t.longest).max().unwrap_or(0);
    let starters: usize = of.iter().map(|t| t.starters).sum();
    let mut parts = vec![];
    if runs > 0 {
        parts.push(format!("{runs} executions, the longest {}", in_days(longest)));
    }
    let them = if members.len() == 1 { "it" } else { "them" };
    parts.push(match starters {
        0 => format!("no place in the code starts {them}"),
        1 => format!("1 place starts {them}"),
        n => format!("{n} places start {them}"),
    });
    let tied = |tie: &&&Tie| members.contains(&tie.from) && tie.to.as_ref().is_some_and(|to| members.contains(to));
    if let Some(tie) = ties.iter().find(tied) {
        let verb = match tie.kind {
            TieKind::Child => "begins",
            TieKind::Message => "signals or cancels",
            TieKind::Continue => "continues as",
            TieKind::Id => "shares ids with",
        };
        parts.push(format!("{} {verb} {}", tie.from, tie.to.as_deref().unwrap_or_default()));
    }
    parts.join("; ")
}

fn in_days(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600) {
        (0, 0) => "less than an hour".to_owned(),
        (0, 1) => "1 hour".to_owned(),
        (0, hours) => format!("{hours} hours"),
        (1, _) => "1 day".to_owned(),
        (days, _) => format!("{days} days"),
    }
}

/// `PaymentSagaWorkflow` → `payment-saga`.
fn plain(name: &str) -> String {
    let name = name.strip_suffix("Workflow").filter(|rest| !rest.is_empty()).unwrap_or(name);
    let mut plain = String::new();
    for c in name.chars() {
        if c.is_uppercase() && plain.ends_with(|last: char| last.is_lowercase() || last.is_ascii_digit()) {
            plain.push('-');
        }
        if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    let plain = plain.trim_end_matches('-');
    if plain.is_empty() { "cohort".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_become_names_of_cohorts() {
        for (name, expected) in [
            ("PaymentSagaWorkflow", "payment-saga"),
            ("payment_saga", "payment-saga"),
            ("Workflow", "workflow"),
            ("???", "cohort"),
        ] {
            assert_eq!(plain(name), expected);
        }
    }

    #[test]
    fn ids_are_compared_by_how_they_begin() {
        assert!(same_form("refund-*", "refund-17") && same_form("refund-17", "refund-*") && same_form("a", "a"));
        assert!(!same_form("refund-*", "payment-*") && !same_form("a", "ab"));
    }
}
