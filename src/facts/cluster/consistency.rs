//! Parts of one snapshot that contradict each other: neither of them is known then.
//!
//! A server behind a faulty proxy, an authorizer that hides instead of refusing, a visibility store that lost its rows:
//! each call is answered, and the answers do not fit together. What was just probed and what is read from a file pass
//! here, so that no reader of a snapshot has to be suspicious by itself.

use std::collections::BTreeSet;

use super::{ClusterSnapshot, NamespaceSnapshot};
use crate::facts::{Known, Why};

const AGAIN: &str = "probe again; if it lasts, look at what stands between this machine and the server, at the authorizer \
                     and at the visibility store";

impl ClusterSnapshot {
    /// Make every part that another part contradicts unknown, or known in part where it may only lack something.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let described = self.namespaces.iter().filter(|n| n.exists == Some(true)).map(|n| n.name.as_str());
        let listed: BTreeSet<&str> = self.namespace_names.value().into_iter().flatten().map(String::as_str).collect();
        let unlisted: Vec<&str> = described.filter(|name| !listed.contains(name) && !is_internal(name)).collect();
        if let (true, Some(name)) = (self.namespace_names.is_known(), unlisted.first()) {
            let reason = format!("ListNamespaces does not list {name}, which DescribeNamespace described");
            doubt_list(&mut self.namespace_names, &reason);
        }
        self.namespaces.iter_mut().for_each(settle);
        self
    }
}

/// The namespace of the server's own workflows is not listed by this tool.
fn is_internal(name: &str) -> bool {
    name == "temporal-system"
}

fn settle(n: &mut NamespaceSnapshot) {
    executions(n);
    closed(n);
    looked_at(n);
    queues(n);
    schedules(n);
}

/// Counts of open executions beside rows that are open.
fn executions(n: &mut NamespaceSnapshot) {
    let types = n.workflow_types.value().map(Vec::as_slice).unwrap_or_default();
    let counted: u64 = types.iter().map(|t| t.open.saturating_add(t.closed)).sum();
    let total = count(&n.open).saturating_add(count(&n.closed));
    if total > 0 && counted == 0 && n.workflow_types.is_known() {
        let reason = format!("no workflow type was listed, and {total} executions were counted");
        doubt_list(&mut n.workflow_types, &reason);
    }
    if matches!(n.open, Known::Known(0)) {
        if let Some(seen) = seen_open(n) {
            n.open = contradicted(format!("no open execution was counted, and {seen}"));
        }
    } else if count(&n.open) > 0 && n.oldest_open == Known::Known(None) {
        n.oldest_open = contradicted(format!("{} open executions were counted, and none was listed", count(&n.open)));
    }
}

/// What shows that something is open.
fn seen_open(n: &NamespaceSnapshot) -> Option<String> {
    let e = &n.executions;
    let types = n.workflow_types.value().into_iter().flatten();
    let of_type = types.clone().find(|t| t.open > 0 || t.oldest_open.is_some());
    let listed = e.listed.as_ref().and_then(Known::value).map_or(0, Vec::len);
    let ids = e.open_ids.value().map_or(0, |ids| ids.executions.len());
    let statuses = e.statuses.value().map_or(0, |s| ["Running", "Paused"].iter().filter_map(|k| s.get(*k)).sum());
    let stuck = e.stuck.value().map_or(0, |s| s.count);
    let cron = e.cron.value().map_or(0, Vec::len);
    let scheduled = e.scheduled.value().map_or(0, |s| s.open);
    let queues = n.task_queues.value().into_iter().flatten();
    let on_queue = queues.clone().find(|q| q.open_executions.unwrap_or(0) > 0);
    if let Some(t) = of_type {
        return Some(format!("executions of `{}` are open", t.name));
    }
    if let Some(queue) = on_queue {
        return Some(format!("executions on task queue `{}` are open", queue.name));
    }
    let oldest = n.oldest_open.value().and_then(Option::as_ref).map_or(0, |_| 1);
    let rows = [oldest, listed as u64, ids as u64, statuses, stuck, cron as u64, scheduled];
    rows.into_iter().max().filter(|rows| *rows > 0).map(|rows| match rows {
        1 => "1 was seen".to_owned(),
        rows => format!("{rows} were seen"),
    })
}

/// Counts of closed executions beside what closed.
fn closed(n: &mut NamespaceSnapshot) {
    let types = n.workflow_types.value().into_iter().flatten();
    let ended: u64 = types.clone().map(super::WorkflowType::ended).sum();
    if n.closed == Known::Known(0) && types.clone().any(|t| t.closed > 0 || t.longest_closed.is_some()) {
        n.closed = contradicted("no closed execution was counted, and closed ones were seen".to_owned());
    } else if ended > 0 && count(&n.closed) > 0 && n.longest_closed == Known::Known(None) {
        n.longest_closed = contradicted(format!("{ended} executions that ended were counted, and none was listed"));
    }
    let last = n.executions.rest.value().and_then(|rest| rest.last_closed);
    if let (0, Some(_)) = (count(&n.closed), last.filter(|_| n.closed.is_known())) {
        n.executions.rest = contradicted("no closed execution was counted, and one was listed".to_owned());
    } else if count(&n.closed) > 0 && last.is_none() && n.executions.rest.value().is_some() {
        let reason = format!("{} closed executions were counted, and none was listed", count(&n.closed));
        n.executions.rest = contradicted(reason);
    }
}

/// Executions that were listed and could not be looked at.
fn looked_at(n: &mut NamespaceSnapshot) {
    let oldest = n.workflow_types.value().into_iter().flatten().filter(|t| t.oldest_open.is_some()).count();
    if oldest > 0 && n.executions.samples.value().is_some_and(Vec::is_empty) {
        let reason = format!("{oldest} open executions were listed, and none of them could be looked at");
        n.executions.samples = contradicted(reason);
    }
}

/// Queues, workers and deployments.
fn queues(n: &mut NamespaceSnapshot) {
    let list = n.task_queues.value().map(Vec::as_slice).unwrap_or_default();
    let counted = list.iter().filter_map(|q| q.open_executions).any(|open| open > 0);
    let told: BTreeSet<String> = {
        let pollers = list.iter().flat_map(|q| q.workflow_pollers.iter().chain(&q.activity_pollers));
        let workers = n.workers.value().into_iter().flatten();
        let named = pollers.map(|p| &p.deployment).chain(workers.map(|w| &w.deployment));
        named.flatten().filter(|name| !name.is_empty()).cloned().collect()
    };
    if count(&n.open) > 0 && !counted && n.task_queues.is_known() {
        let reason = format!("{} open executions were counted, and none on any task queue", count(&n.open));
        doubt_list(&mut n.task_queues, &reason);
    }
    let deployments = n.deployments.value().map(Vec::as_slice).unwrap_or_default();
    let unlisted = told.iter().find(|name| !deployments.iter().any(|d| d.name == **name));
    let hollow = deployments.iter().find(|d| d.current.is_some() && d.versions.is_empty());
    let reason = match (unlisted, hollow) {
        (Some(name), _) => format!("workers say that they belong to worker deployment {name}, which is not listed"),
        (None, Some(d)) => format!("worker deployment {} has a current version, and none is described", d.name),
        (None, None) => return,
    };
    if n.deployments.is_known() {
        doubt_list(&mut n.deployments, &reason);
    }
}

/// Times a schedule fires at, told in two ways.
fn schedules(n: &mut NamespaceSnapshot) {
    for schedule in n.schedules.value_mut().into_iter().flatten() {
        let Some(times) = schedule.times.value() else { continue };
        let due = schedule.next_times.iter().find(|next| times.after < **next && **next <= times.until);
        if let (true, Some(due)) = (times.runs.is_empty() && schedule.times.is_known(), due) {
            let reason = format!("DescribeSchedule names {due}, at which ListScheduleMatchingTimes matches nothing");
            schedule.times = contradicted(reason.clone());
            schedule.skipped = contradicted(reason);
        }
    }
}

fn count(known: &Known<u64>) -> u64 {
    known.value().copied().unwrap_or(0)
}

fn contradicted<T>(reason: String) -> Known<T> {
    Known::Unknown(Why::with_remedy(format!("the answers contradict each other: {reason}"), AGAIN))
}

/// A list that lacks something: what is in it was seen.
fn doubt_list<T>(list: &mut Known<Vec<T>>, reason: &str) {
    let Some(value) = list.value_mut().map(std::mem::take) else { return };
    let why = Why::with_remedy(format!("the answers contradict each other: {reason}"), AGAIN);
    *list = if value.is_empty() { Known::Unknown(why) } else { Known::Partial { value, why } };
}
