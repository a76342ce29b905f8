//! Task queues and worker deployments of the source, and workers that take tasks in a way Temporal Cloud does not hand
//! them out.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::namespaces::per_moved_namespace;
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::NamespaceSide;
use crate::facts::cluster::TaskQueue;
use crate::facts::{Known, Locus};

const BUILD_ID_QUEUES: Fact<Vec<BuildIdQueue>> = Fact::new(
    "source.build_id_queues",
    "task queues of the source whose workers take tasks by their build id alone, without a worker deployment",
);
const TASK_QUEUES: Fact<Vec<NamedQueue>> = Fact::new(
    "source.task_queues",
    "task queues of the moved namespaces that open executions, schedules or the code name",
);
const DEPLOYMENTS: Fact<Vec<Deployment>> =
    Fact::new("source.deployments", "worker deployments of the moved namespaces");

pub(super) const PATHS: &[FactPath] = &[BUILD_ID_QUEUES.entry(), TASK_QUEUES.entry(), DEPLOYMENTS.entry()];

/// A task queue whose workers take tasks by their build id alone.
#[derive(Serialize, JsonSchema)]
struct BuildIdQueue {
    /// Namespace of the source.
    source_namespace: String,
    /// Task queue.
    task_queue: String,
    /// The build ids of its live pollers, by DescribeTaskQueue; at most four, then how many more.
    builds: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A task queue.
#[derive(Serialize, JsonSchema)]
struct NamedQueue {
    /// Namespace of the source.
    source_namespace: String,
    /// Task queue.
    task_queue: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A worker deployment, by ListWorkerDeployments.
#[derive(Serialize, JsonSchema)]
struct Deployment {
    /// Namespace of the source.
    source_namespace: String,
    /// Name of the deployment.
    name: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&BUILD_ID_QUEUES, per_moved_namespace(context, &|half| build_id_queues(context, half)));
    view.put(&TASK_QUEUES, per_moved_namespace(context, &task_queues));
    view.put(&DEPLOYMENTS, per_moved_namespace(context, &deployments));
}

fn task_queues(half: &NamespaceSide<'_>) -> Known<Vec<NamedQueue>> {
    half.known("task queues", &half.namespace.task_queues).map(|queues| {
        let object = |queue: &TaskQueue| NamedQueue {
            source_namespace: half.namespace.name.clone(),
            task_queue: queue.name.clone(),
            loci: vec![half.locus(format!("task queue {}", queue.name), "DescribeTaskQueue")],
        };
        queues.iter().map(object).collect()
    })
}

fn deployments(half: &NamespaceSide<'_>) -> Known<Vec<Deployment>> {
    half.known("worker deployments", &half.namespace.deployments).map(|deployments| {
        let object = |name: &str| Deployment {
            source_namespace: half.namespace.name.clone(),
            loci: vec![half.locus(format!("worker deployment {name}"), "ListWorkerDeployments")],
            name: name.to_owned(),
        };
        deployments.iter().map(|deployment| object(&deployment.name)).collect()
    })
}

fn build_id_queues(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<BuildIdQueue>> {
    let at = half.cluster.taken_at_by_its_clock();
    half.known("task queues", &half.namespace.task_queues).map(|queues| {
        let builds = |queue: &TaskQueue| -> Vec<String> {
            let pollers = queue.workflow_pollers.iter().chain(&queue.activity_pollers);
            let live = pollers.filter(|p| p.by_build_id && p.is_live(at));
            let ids: BTreeSet<&str> = live.filter_map(|p| p.build_id.as_deref()).collect();
            ids.into_iter().map(|id| format!("`{id}`")).collect()
        };
        let object = |queue: &TaskQueue, builds: &[String]| BuildIdQueue {
            source_namespace: half.namespace.name.clone(),
            task_queue: queue.name.clone(),
            builds: words::list(builds, 4),
            source_flags: context.source_flags(&half.namespace.name),
            loci: vec![half.locus(format!("task queue {}", queue.name), "DescribeTaskQueue")],
        };
        let queues = queues.iter().map(|queue| (queue, builds(queue)));
        queues.filter(|(_, builds)| !builds.is_empty()).map(|(queue, builds)| object(queue, &builds)).collect()
    })
}
