//! Executions of both clusters as tables: who starts them, and what keeps open ones from draining.

use super::super::text::{duration, minute, number};
use super::mark::Mark;
use super::table::{Cell, Table};
use crate::facts::Side;
use crate::facts::cluster::{Beginning, Durations, NamespaceSnapshot};
use crate::scorecard::Scorecard;

/// Who started executions lately; cron workflows and executions whose tasks fail, on the source.
pub(super) fn tables(card: &Scorecard) -> [Table; 2] {
    [starters(card), lasting(card)]
}

fn namespaces(card: &Scorecard) -> impl Iterator<Item = (Side, &NamespaceSnapshot)> {
    let sides = [(Side::Source, &card.inventory.source), (Side::Target, &card.inventory.target)];
    sides.into_iter().flat_map(|(side, snapshot)| {
        snapshot.value().into_iter().flat_map(move |s| s.namespaces.iter().map(move |n| (side, n)))
    })
}

fn starters(card: &Scorecard) -> Table {
    let mut rows = Vec::new();
    for (side, n) in namespaces(card) {
        for t in n.executions.recent.value().into_iter().flat_map(|recent| &recent.types) {
            for s in &t.starters {
                let who = if s.identity.is_empty() { Cell::quiet("unnamed") } else { Cell::code(&s.identity) };
                rows.push(vec![
                    who,
                    Cell::text(began(s.how)),
                    Cell::code(&t.workflow_type).sub(format!("{} begun in all", number(t.runs))),
                    Cell::text(format!("{side} {}", n.name)),
                    Cell::code(&s.newest.workflow_id).sub(minute(s.newest.start_time)),
                ]);
            }
        }
    }
    let gap = gaps(card, |n| super::gap(&n.executions.recent));
    let head = ["Identity", "What it did", "Workflow type", "Where", "Newest seen"];
    Table::new("inventory-live-starters", "Who began executions lately", &head, rows).gap(gap)
}

fn lasting(card: &Scorecard) -> Table {
    let mut rows = Vec::new();
    for (side, n) in namespaces(card).filter(|(side, _)| *side == Side::Source) {
        let place = || Cell::text(format!("{side} {}", n.name));
        for c in n.executions.cron.value().into_iter().flatten() {
            let next = c.next.map(|next| format!("next {}", minute(next))).unwrap_or_default();
            let why = Cell::message(format!("runs by cron `{}`", c.cron)).sub(next);
            rows.push(vec![Cell::code(&c.workflow_id), Cell::code(&c.workflow_type), place(), why]);
        }
        let stuck = n.executions.stuck.value();
        for s in stuck.into_iter().flat_map(|stuck| &stuck.examples) {
            let why = Cell::mark(Mark::Attention, "its workflow tasks fail").sub(s.problems.join(", "));
            rows.push(vec![Cell::code(&s.execution.workflow_id), Cell::code(&s.execution.workflow_type), place(), why]);
        }
    }
    let head = ["Execution", "Workflow type", "Where", "Why it does not end"];
    Table::new("inventory-lasting", "Executions that do not end by themselves", &head, rows)
}

/// What is missing, by namespace.
fn gaps(card: &Scorecard, of: impl Fn(&NamespaceSnapshot) -> Option<String>) -> Option<String> {
    let said: Vec<String> =
        namespaces(card).filter_map(|(side, n)| Some(format!("{} ({side}): {}", n.name, of(n)?))).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

/// `99 of 100 within 3 days`.
pub(super) fn most(d: Durations) -> String {
    format!("99 of 100 within {}", duration(d.p99))
}

/// How an execution began, of the client that is named.
pub(in crate::render) fn began(how: Beginning) -> &'static str {
    match how {
        Beginning::Started => "started it",
        Beginning::Continued => "continued it as new",
        Beginning::Cron => "next run of a cron workflow",
        Beginning::Retried => "retry of a failed run",
        Beginning::Reset => "first start of a run that was reset",
        Beginning::Scheduled => "started by a schedule",
        Beginning::Child => "started by a parent",
    }
}
