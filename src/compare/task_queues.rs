//! Task queues without workers on the target, and workflow types by where they run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{NamespacePair, Pair};
use crate::facts::cluster::{Poller, TaskQueue};
use crate::facts::{Known, Locus};

/// A task queue that has work on the source but lacks workers on the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct QueueChange {
    /// Where.
    #[serde(flatten)]
    pub pair: Pair,
    /// What is missing.
    pub change: QueueKind,
    /// Name of the task queue.
    pub name: String,
    /// What nobody does: `worker`, or `activity worker` when workflow workers are there.
    pub worker: &'static str,
    /// A worker that polled until a short while before: the server has not forgotten it, but it has gone.
    #[serde(skip)]
    pub gone: Option<Poller>,
    /// Open executions on the source; 0 when not counted.
    pub open_on_source: u64,
    /// Ids of source schedules that start workflows on this queue.
    pub schedules: Vec<String>,
    /// What both clusters answered.
    pub loci: Vec<Locus>,
}

/// What a task queue lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueueKind {
    /// Nobody polls it on the target, for workflow tasks or for the activity tasks that
    /// workers on the source poll.
    NoPollersOnTarget,
    /// The target was not asked about this queue.
    NotAskedOnTarget,
}

pub(super) fn queue_changes(halves: &NamespacePair<'_>) -> Known<Vec<QueueChange>> {
    let (source, target) = (&halves.source, &halves.target);
    let lists = source
        .known("task queues", &source.namespace.task_queues)
        .zip(target.known("task queues", &target.namespace.task_queues))
        .zip(source.known("schedules", &source.namespace.schedules));
    lists.map(|((left, right), schedules)| {
        let left: BTreeMap<&str, &TaskQueue> = left.iter().map(|q| (q.name.as_str(), q)).collect();
        let right: BTreeMap<&str, &TaskQueue> = right.iter().map(|q| (q.name.as_str(), q)).collect();
        let mut scheduled: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for schedule in &schedules {
            scheduled.entry(&schedule.action.task_queue).or_default().push(schedule.id.clone());
        }
        let names: BTreeSet<&str> = left.keys().chain(scheduled.keys()).copied().filter(|n| !n.is_empty()).collect();
        let mut all = Vec::new();
        for name in names {
            let here = left.get(name);
            let open = here.and_then(|q| q.open_executions).unwrap_or(0);
            let (now_here, now_there) =
                (source.cluster.taken_at_by_its_clock(), target.cluster.taken_at_by_its_clock());
            let polled = here.is_some_and(|q| q.live_workflow_pollers(now_here) > 0);
            let activities = here.is_some_and(|q| q.live_activity_pollers(now_here) > 0);
            let schedules = scheduled.get(name).cloned().unwrap_or_default();
            let resource = format!("task queue {name}");
            let mut push = |change, worker, gone: Option<&Poller>| {
                all.push(QueueChange {
                    pair: halves.pair.clone(),
                    change,
                    worker,
                    gone: gone.cloned(),
                    name: name.to_owned(),
                    open_on_source: open,
                    schedules: schedules.clone(),
                    loci: vec![
                        source.locus(resource.clone(), "DescribeTaskQueue"),
                        target.locus(resource.clone(), "DescribeTaskQueue"),
                    ],
                });
            };
            let workflows = open > 0 || polled || !schedules.is_empty();
            if !workflows && !activities {
                continue;
            }
            match right.get(name) {
                None => push(QueueKind::NotAskedOnTarget, "worker", None),
                Some(there) if workflows && there.live_workflow_pollers(now_there) == 0 => {
                    push(QueueKind::NoPollersOnTarget, "worker", last_poller(&there.workflow_pollers));
                }
                Some(there) if activities && there.live_activity_pollers(now_there) == 0 => {
                    push(QueueKind::NoPollersOnTarget, "activity worker", last_poller(&there.activity_pollers));
                }
                Some(_) => {}
            }
        }
        all
    })
}

/// The worker that polled last, of those that have gone.
pub fn last_poller(pollers: &[Poller]) -> Option<&Poller> {
    pollers.iter().max_by_key(|p| p.last_access)
}

/// A workflow type and where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct TypeChange {
    /// Where.
    #[serde(flatten)]
    pub pair: Pair,
    /// On which side it was seen.
    pub change: TypeKind,
    /// Type name.
    pub name: String,
    /// Open executions on the source.
    pub source_open: u64,
    /// Open executions on the target.
    pub target_open: u64,
    /// What both clusters answered.
    pub loci: Vec<Locus>,
}

/// On which side a workflow type was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TypeKind {
    /// Source only: not moved yet.
    OnlyOnSource,
    /// Target only: new, or drained.
    OnlyOnTarget,
    /// Both: it is being moved.
    OnBoth,
}

pub(super) fn type_changes(halves: &NamespacePair<'_>) -> Known<Vec<TypeChange>> {
    let (source, target) = (&halves.source, &halves.target);
    let lists = source
        .known("workflow types", &source.namespace.workflow_types)
        .zip(target.known("workflow types", &target.namespace.workflow_types));
    lists.map(|(left, right)| {
        let left: BTreeMap<_, _> = left.iter().map(|t| (t.name.as_str(), t.open)).collect();
        let right: BTreeMap<_, _> = right.iter().map(|t| (t.name.as_str(), t.open)).collect();
        let names: BTreeSet<&str> = left.keys().chain(right.keys()).copied().collect();
        names
            .into_iter()
            .map(|name| {
                let (here, there) = (left.get(name), right.get(name));
                let resource = format!("workflow type {name}");
                TypeChange {
                    pair: halves.pair.clone(),
                    change: match (here, there) {
                        (Some(_), Some(_)) => TypeKind::OnBoth,
                        (Some(_), None) => TypeKind::OnlyOnSource,
                        _ => TypeKind::OnlyOnTarget,
                    },
                    name: name.to_owned(),
                    source_open: here.copied().unwrap_or(0),
                    target_open: there.copied().unwrap_or(0),
                    loci: vec![
                        source.locus(resource.clone(), "CountWorkflowExecutions"),
                        target.locus(resource, "CountWorkflowExecutions"),
                    ],
                }
            })
            .collect()
    })
}
