//! Names and numbers of the source that Temporal Cloud has no room for.

use schemars::JsonSchema;
use serde::Serialize;

use super::limits::{self, Limits};
use super::namespaces::per_moved_namespace;
use super::{Context, Fact, FactPath, FactView};
use crate::compare::NamespaceSide;
use crate::facts::{Known, Locus};

const LONG_NAMES: Fact<Vec<LongName>> = Fact::new(
    "source.long_names",
    "workflow types, task queues, schedules and executions of the moved namespaces with a longer name than Temporal Cloud takes",
);
const DEPLOYMENTS_OVER_LIMIT: Fact<Vec<DeploymentsOverLimit>> = Fact::new(
    "source.deployments_over_limit",
    "moved namespaces with more worker deployments, and deployments with more versions, than Temporal Cloud keeps",
);

pub(super) const PATHS: &[FactPath] = &[LONG_NAMES.entry(), DEPLOYMENTS_OVER_LIMIT.entry()];

/// A name that Temporal Cloud has no room for.
#[derive(Serialize, JsonSchema)]
struct LongName {
    /// Namespace of the source.
    source_namespace: String,
    /// What has the name: `workflow type`, `task queue`, `schedule`, `workflow id`, `execution`.
    what: &'static str,
    /// The first 60 characters of the name.
    start: String,
    /// Length of the name in bytes of UTF-8.
    bytes: usize,
    /// The most bytes Temporal Cloud takes.
    limit: usize,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// More worker deployments or versions than Temporal Cloud keeps.
#[derive(Serialize, JsonSchema)]
struct DeploymentsOverLimit {
    /// Namespace of the source.
    source_namespace: String,
    /// What there are too many of: `worker deployments`, `versions of worker deployment payments`.
    what: String,
    /// How many there are, by ListWorkerDeployments.
    count: usize,
    /// How many Temporal Cloud keeps.
    limit: usize,
    /// Where they were seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let limits = limits::limits();
    let within = |limits: &'static Limits| per_moved_namespace(context, &|half| long_names(half, limits));
    view.put(&LONG_NAMES, limits.clone().and_then(within));
    let within = |limits: &'static Limits| per_moved_namespace(context, &|half| deployments(half, limits));
    view.put(&DEPLOYMENTS_OVER_LIMIT, limits.and_then(within));
}

fn long_names(half: &NamespaceSide<'_>, limits: &Limits) -> Known<Vec<LongName>> {
    let long = |what: &'static str, name: &str, rpc: &str| {
        (name.len() > limits.id_bytes).then(|| {
            // The whole of it fills pages and says no more.
            let start: String = name.chars().take(60).collect();
            LongName {
                source_namespace: half.namespace.name.clone(),
                what,
                bytes: name.len(),
                limit: limits.id_bytes,
                loci: vec![half.locus(format!("{what} {start}…"), rpc)],
                start,
            }
        })
    };
    let namespace = half.namespace;
    let types = half.known("workflow types", &namespace.workflow_types).map(|types| {
        let samples = types.iter().flat_map(|t| t.oldest_open.iter().chain(&t.longest_closed));
        let ids = samples.filter_map(|s| long("execution", &s.workflow_id, "ListWorkflowExecutions"));
        types.iter().filter_map(|t| long("workflow type", &t.name, "ListWorkflowExecutions")).chain(ids).collect()
    });
    let queues = half.known("task queues", &namespace.task_queues).map(|queues| {
        queues.iter().filter_map(|q| long("task queue", &q.name, "DescribeTaskQueue")).collect::<Vec<_>>()
    });
    let schedules = half.known("schedules", &namespace.schedules).map(|schedules| {
        let ids = schedules.iter().filter_map(|s| long("schedule", &s.id, "DescribeSchedule"));
        ids.chain(schedules.iter().filter_map(|s| long("workflow id", &s.action.workflow_id, "DescribeSchedule")))
            .collect()
    });
    Known::concat([types, queues, schedules])
}

fn deployments(half: &NamespaceSide<'_>, limits: &Limits) -> Known<Vec<DeploymentsOverLimit>> {
    half.known("worker deployments", &half.namespace.deployments).map(|deployments| {
        let limits = &limits.worker_deployments;
        let object = |what: String, count: usize, limit: usize| {
            (count > limit).then(|| DeploymentsOverLimit {
                source_namespace: half.namespace.name.clone(),
                count,
                limit,
                loci: vec![half.locus(what.clone(), "ListWorkerDeployments")],
                what,
            })
        };
        let all = object("worker deployments".to_owned(), deployments.len(), limits.deployments);
        let each = deployments.iter().filter_map(|d| {
            object(format!("versions of worker deployment {}", d.name), d.versions.len(), limits.versions)
        });
        all.into_iter().chain(each).collect()
    })
}
