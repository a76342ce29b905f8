//! Both clusters side by side. This states differences; whether one matters is said by the rules.

mod schedules;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::mark::Mark;
use super::table::{Cell, Table};
use crate::facts::cluster::{ClusterSnapshot, NamespaceSnapshot, TaskQueue};
use crate::facts::plan::NamespaceMapping;
use crate::facts::{Known, Side};
use crate::render::text::{duration, number, plural};
use crate::scorecard::Scorecard;

pub(crate) use schedules::when;

/// A namespace on the source and where it goes.
struct Pair<'a> {
    source_name: String,
    target_name: Option<String>,
    exclude: Option<&'a str>,
    /// It stays in use on the source.
    stays: bool,
    source: Option<&'a NamespaceSnapshot>,
    target: Option<&'a NamespaceSnapshot>,
}

impl Pair<'_> {
    fn label(&self) -> String {
        match &self.target_name {
            Some(target) if *target != self.source_name => format!("{} → {target}", self.source_name),
            _ => self.source_name.clone(),
        }
    }
}

/// Namespaces, search attributes, schedules and task queues of both sides.
pub(super) fn tables(card: &Scorecard) -> Vec<Table> {
    let pairs = pairs(card);
    let taken = |side: &Known<ClusterSnapshot>| side.value().map_or(card.at, ClusterSnapshot::taken_at_by_its_clock);
    let taken = (taken(&card.inventory.source), taken(&card.inventory.target));
    let gap = super::gap(&card.inventory.source).or_else(|| super::gap(&card.inventory.target));
    [
        clusters(card),
        namespaces(&pairs),
        search_attributes(&pairs),
        schedules::table(&pairs),
        task_queues(&pairs, taken),
    ]
    .into_iter()
    .map(|t| if t.gap.is_none() { t.gap(gap.clone()) } else { t })
    .map(|t| if t.head.last() == Some(&"State") { t.state_second() } else { t })
    .filter(|t| !t.is_void())
    .collect()
}

/// As planned; without a plan, namespaces of the same name, or the only one of each side.
fn pairs(card: &Scorecard) -> Vec<Pair<'_>> {
    fn find<'a>(side: &'a Known<ClusterSnapshot>, name: &str) -> Option<&'a NamespaceSnapshot> {
        side.value()?.namespaces.iter().find(|n| n.name == name)
    }
    let (source, target) = (&card.inventory.source, &card.inventory.target);
    let planned = &card.plan.namespaces;
    if !planned.is_empty() {
        let pair = |m: &'_ NamespaceMapping| (m.source.clone(), m.target.clone());
        // Those that the plan does not name are there as well, and stand after the others.
        let names = source.value().and_then(|s| s.namespace_names.value()).into_iter().flatten();
        let unnamed = names.filter(|name| *name != "temporal-system" && planned.iter().all(|m| m.source != **name));
        let unnamed = unnamed.map(|name| ((name.clone(), None), None, false));
        let named = planned.iter().map(|m| (pair(m), m.exclude.as_deref(), m.stays));
        return named
            .chain(unnamed)
            .map(|((source_name, target_name), exclude, stays)| Pair {
                source: find(source, &source_name),
                target: target_name.as_deref().and_then(|t| find(target, t)),
                source_name,
                target_name,
                exclude,
                stays,
            })
            .collect();
    }
    let all = |side: &'_ Known<ClusterSnapshot>| side.value().map_or(0, |s| s.namespaces.len());
    let only_one = all(source) == 1 && all(target) == 1;
    source
        .value()
        .into_iter()
        .flat_map(|s| &s.namespaces)
        .map(|n| {
            let other =
                if only_one { target.value().and_then(|t| t.namespaces.first()) } else { find(target, &n.name) };
            Pair {
                source_name: n.name.clone(),
                target_name: other.map(|o| o.name.clone()),
                exclude: None,
                stays: false,
                source: Some(n),
                target: other,
            }
        })
        .collect()
}

/// `30 days → 7 days`; a dash for a side that has no such fact, `unknown` for one that could not be seen.
fn side_by_side(p: &Pair, fact: impl Fn(&NamespaceSnapshot) -> Option<String>) -> Cell {
    let show = |side: Option<&NamespaceSnapshot>| side.and_then(&fact).unwrap_or_else(|| "unknown".to_owned());
    match &p.target_name {
        Some(_) => Cell::num(format!("{} → {}", show(p.source), show(p.target))),
        // What does not move is not probed.
        None => p.source.map_or_else(|| Cell::quiet("–"), |_| Cell::num(show(p.source))),
    }
}

/// What each server is, for the record and for a request to Temporal.
fn clusters(card: &Scorecard) -> Table {
    let sides = [(Side::Source, &card.inventory.source), (Side::Target, &card.inventory.target)];
    let rows = sides.into_iter().filter_map(|(side, known)| {
        let (snapshot, system) = (known.value()?, known.value()?.system.value()?);
        let cluster = system.cluster.as_ref();
        let text = |text: Option<&String>| Cell::maybe(text.map(String::as_str).filter(|t| !t.is_empty()));
        let shards = cluster.map(|c| c.history_shards).filter(|shards| *shards > 0);
        Some(vec![
            Cell::text(side.to_string()).sub(&snapshot.address),
            text(Some(&system.server_version)),
            text(cluster.map(|c| &c.name)),
            shards.map_or_else(|| Cell::quiet("–"), |n| Cell::num(number(n.unsigned_abs().into()))),
            text(cluster.map(|c| &c.persistence_store)),
            text(cluster.map(|c| &c.visibility_store)),
        ])
    });
    Table::new(
        "compare-clusters",
        "Clusters",
        &["Cluster", "Server", "Name", "History shards", "Persistence", "Visibility"],
        rows.collect(),
    )
    .note("Temporal Cloud tells clients its version only.")
}

fn namespaces(pairs: &[Pair]) -> Table {
    let rows = pairs
        .iter()
        .map(|p| {
            let retention = side_by_side(p, |n| n.config.value().map(|c| duration(c.retention_seconds)));
            let open = side_by_side(p, |n| n.open.value().map(|n| number(*n)));
            let (target, state) = match (&p.target_name, p.exclude) {
                (None, Some(why)) if p.stays => {
                    (Cell::quiet("does not move").sub(why), Cell::mark(Mark::None, "stays"))
                }
                (None, Some(why)) => (Cell::quiet("does not move").sub(why), Cell::mark(Mark::None, "excluded")),
                (None, None) => (Cell::quiet("–"), Cell::mark(Mark::Attention, "not in the plan")),
                (Some(name), _) => (
                    Cell::code(name),
                    match (p.source, p.target) {
                        (Some(n), _) if n.exists == Some(false) => Cell::mark(Mark::Failed, "not on the source"),
                        (_, Some(n)) if n.exists == Some(false) => Cell::mark(Mark::Failed, "not on the target"),
                        (Some(n), _) if n.config.value().is_none() => Cell::mark(Mark::Unknown, "source not seen"),
                        (_, Some(n)) if n.config.value().is_none() => Cell::mark(Mark::Unknown, "target not seen"),
                        (Some(a), Some(b)) => Cell::mark(Mark::Ok, "seen on both").sub(lacking(a, b)),
                        (None, _) => Cell::mark(Mark::Unknown, "source not seen"),
                        (_, None) => Cell::mark(Mark::Unknown, "target not seen"),
                    },
                ),
            };
            vec![Cell::code(&p.source_name), target, retention, open, state]
        })
        .collect();
    Table::new("compare-namespaces", "Namespaces", &["Source", "Target", "Retention", "Open executions", "State"], rows)
}

/// Capabilities that only the source has, in words; nothing when one side does not tell.
fn lacking(source: &NamespaceSnapshot, target: &NamespaceSnapshot) -> String {
    let (Some(here), Some(there)) = (source.config.value(), target.config.value()) else { return String::new() };
    let only: Vec<String> =
        here.capabilities.iter().filter(|c| !there.capabilities.contains(c)).map(|c| c.replace('_', " ")).collect();
    if only.is_empty() || there.capabilities.is_empty() {
        return String::new();
    }
    format!("only the source has: {}", only.join(", "))
}

/// Why a per-namespace fact is missing anywhere among the pairs.
fn gaps<T>(pairs: &[Pair], fact: fn(&NamespaceSnapshot) -> &Known<T>) -> Option<String> {
    let mut all = BTreeSet::new();
    for p in pairs {
        for (side, name, snapshot) in
            [("source", Some(&p.source_name), p.source), ("target", p.target_name.as_ref(), p.target)]
        {
            if let (Some(name), Some(gap)) = (name, snapshot.and_then(|s| super::gap(fact(s)))) {
                all.insert(format!("{name} ({side}): {gap}"));
            }
        }
    }
    (!all.is_empty()).then(|| all.into_iter().collect::<Vec<_>>().join(" "))
}

/// What the two sides of a named thing look like, whichever exist; `None` where a side is not known.
fn sides<'a, T>(
    p: &'a Pair,
    fact: fn(&NamespaceSnapshot) -> &Known<Vec<T>>,
) -> (Option<&'a Vec<T>>, Option<&'a Vec<T>>) {
    (p.source.and_then(|n| fact(n).value()), p.target.and_then(|n| fact(n).value()))
}

/// The state of something that is on one side, both, or cannot be seen on one of them.
fn presence(source_known: bool, target_known: bool, on_source: bool, on_target: bool) -> Option<Cell> {
    match (on_source, on_target) {
        (true, true) => None,
        (true, false) if target_known => Some(Cell::mark(Mark::Attention, "missing on target")),
        (false, true) if source_known => Some(Cell::mark(Mark::None, "only on target")),
        _ => Some(Cell::mark(Mark::Unknown, "other side unknown")),
    }
}

fn search_attributes(pairs: &[Pair]) -> Table {
    let mut rows = Vec::new();
    for p in pairs.iter().filter(|p| p.target_name.is_some()) {
        let (source, target) = sides(p, |n| &n.search_attributes);
        let names: BTreeSet<&str> = source.into_iter().chain(target).flatten().map(|a| a.name.as_str()).collect();
        for name in names {
            let of = |side: Option<&'_ Vec<crate::facts::cluster::SearchAttribute>>| {
                side.and_then(|s| s.iter().find(|a| a.name == name)).map(|a| a.value_type.clone())
            };
            let (a, b) = (of(source), of(target));
            let state = presence(source.is_some(), target.is_some(), a.is_some(), b.is_some()).unwrap_or_else(|| {
                if a == b { Cell::mark(Mark::Ok, "same") } else { Cell::mark(Mark::Failed, "type differs") }
            });
            rows.push(vec![
                Cell::code(name),
                Cell::quiet(p.label()),
                Cell::maybe(a.as_deref()).sub(use_of(p, name)),
                Cell::maybe(b.as_deref()),
                state,
            ]);
        }
    }
    Table::new(
        "compare-search-attributes",
        "Search attributes",
        &["Name", "Namespace", "Type on source", "Type on target", "State"],
        worst_first(rows),
    )
    .gap(gaps(pairs, |n| &n.search_attributes))
    .empty("Neither side has custom search attributes.")
}

/// How many executions of the source have a value for it, where that was counted.
fn use_of(p: &Pair, name: &str) -> String {
    let counted = p.source.and_then(|n| n.attribute_use.value()).into_iter().flatten().find(|used| used.name == name);
    match counted.map(|used| used.executions) {
        None => String::new(),
        Some(0) => "no execution uses it".to_owned(),
        Some(count) => format!("used by {}", plural(usize::try_from(count).unwrap_or(usize::MAX), "execution")),
    }
}

fn task_queues(pairs: &[Pair], taken: (Timestamp, Timestamp)) -> Table {
    let mut rows = Vec::new();
    for p in pairs.iter().filter(|p| p.target_name.is_some()) {
        let (source, target) = sides(p, |n| &n.task_queues);
        let names: BTreeSet<&str> = source.into_iter().chain(target).flatten().map(|q| q.name.as_str()).collect();
        for name in names {
            let of = |side: Option<&'_ Vec<TaskQueue>>| side.and_then(|s| s.iter().find(|q| q.name == name).cloned());
            let (a, b) = (of(source), of(target));
            let polled = |q: &Option<TaskQueue>, at| q.as_ref().map_or(0, |q| q.live_workflow_pollers(at));
            let polled = (polled(&a, taken.0), polled(&b, taken.1));
            let state = match (source.is_some() && target.is_some(), polled.0, polled.1) {
                (false, ..) => Cell::mark(Mark::Unknown, "other side unknown"),
                (true, 0, 0) => Cell::mark(Mark::Attention, "no workers"),
                (true, _, 0) => Cell::mark(Mark::Attention, "workers on source only"),
                (true, 0, _) => Cell::mark(Mark::Attention, "workers on target only"),
                (true, ..) => Cell::mark(Mark::Ok, "workers on both"),
            };
            let open = a.as_ref().and_then(|q| q.open_executions);
            rows.push(vec![
                Cell::code(name),
                Cell::quiet(p.label()),
                Cell::num(open.map_or_else(|| "–".to_owned(), number)),
                pollers(a.as_ref(), taken.0),
                pollers(b.as_ref(), taken.1),
                state,
            ]);
        }
    }
    Table::new(
        "compare-task-queues",
        "Task queues",
        &["Task queue", "Namespace", "Open, source", "Pollers, source", "Pollers, target", "State"],
        worst_first(rows),
    )
    .note("Workers that poll: workflow workers + activity workers.")
    .gap(gaps(pairs, |n| &n.task_queues))
    .empty("No task queue was seen.")
}

fn pollers(queue: Option<&TaskQueue>, at: Timestamp) -> Cell {
    let Some(q) = queue else { return Cell::quiet("–") };
    let waits = [(q.workflow_backlog, q.workflow_backlog_seconds), (q.activity_backlog, q.activity_backlog_seconds)];
    let tasks: i64 = waits.iter().filter_map(|(tasks, _)| *tasks).filter(|tasks| *tasks > 0).sum();
    let oldest = waits.iter().filter_map(|(_, age)| *age).max();
    let backlog = match (tasks, oldest) {
        (0, _) => String::new(),
        (tasks, None) => format!("backlog {}", number(tasks.unsigned_abs())),
        (tasks, Some(age)) => format!("backlog {}, oldest {}", number(tasks.unsigned_abs()), duration(age)),
    };
    Cell::num(format!("{} + {}", q.live_workflow_pollers(at), q.live_activity_pollers(at))).sub(backlog)
}

/// Differences before what agrees, else in the order given.
fn worst_first(mut rows: Vec<Vec<Cell>>) -> Vec<Vec<Cell>> {
    rows.sort_by_key(|row| match row.last().and_then(|c| c.mark.as_ref()).map(|m| m.mark) {
        Some(Mark::Failed) => 0,
        Some(Mark::Attention) => 1,
        Some(Mark::Unknown) => 2,
        Some(Mark::Waived) | None => 3,
        Some(Mark::None) => 4,
        Some(Mark::Ok) => 5,
    });
    rows
}
