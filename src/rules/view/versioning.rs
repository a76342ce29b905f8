//! Task queues and worker deployments of the source, and workers that take tasks in a way Temporal Cloud does not hand
//! them out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cluster::per_moved_namespace;
use super::{Context, FactPath, FactView, words};
use crate::compare::Half;
use crate::facts::Known;
use crate::facts::cluster::TaskQueue;

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "source.build_id_queues",
        "task queues of the source whose workers take tasks by their build id alone, without a worker deployment",
    ), /* fields: source_namespace, task_queue, builds, source_flags */
    FactPath::untyped(
        "source.task_queues",
        "task queues of the moved namespaces that open executions, schedules or the code name",
    ), /* fields: source_namespace, task_queue */
    FactPath::untyped("source.deployments", "worker deployments of the moved namespaces"), /* fields: source_namespace, name */
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put_untyped("source.build_id_queues", per_moved_namespace(context, &|half| build_id_queues(context, half)));
    view.put_untyped("source.task_queues", per_moved_namespace(context, &task_queues));
    view.put_untyped("source.deployments", per_moved_namespace(context, &deployments));
}

fn task_queues(half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("task queues", &half.namespace.task_queues).map(|queues| {
        let object = |queue: &TaskQueue| {
            json!({"source_namespace": half.namespace.name, "task_queue": queue.name,
                   "loci": [half.locus(format!("task queue {}", queue.name), "DescribeTaskQueue")]})
        };
        queues.iter().map(object).collect()
    })
}

fn deployments(half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("worker deployments", &half.namespace.deployments).map(|deployments| {
        let object = |name: &str| {
            json!({"source_namespace": half.namespace.name, "name": name,
                   "loci": [half.locus(format!("worker deployment {name}"), "ListWorkerDeployments")]})
        };
        deployments.iter().map(|deployment| object(&deployment.name)).collect()
    })
}

fn build_id_queues(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    let at = half.cluster.taken_at_by_its_clock();
    half.known("task queues", &half.namespace.task_queues).map(|queues| {
        let builds = |queue: &TaskQueue| -> Vec<String> {
            let pollers = queue.workflow_pollers.iter().chain(&queue.activity_pollers);
            let live = pollers.filter(|p| p.by_build_id && p.is_live(at));
            let ids: BTreeSet<&str> = live.filter_map(|p| p.build_id.as_deref()).collect();
            ids.into_iter().map(|id| format!("`{id}`")).collect()
        };
        let object = |queue: &TaskQueue, builds: &[String]| {
            json!({"source_namespace": half.namespace.name, "task_queue": queue.name, "builds": words::list(builds, 4),
                   "source_flags": context.source_flags(&half.namespace.name),
                   "loci": [half.locus(format!("task queue {}", queue.name), "DescribeTaskQueue")]})
        };
        let queues = queues.iter().map(|queue| (queue, builds(queue)));
        queues.filter(|(_, builds)| !builds.is_empty()).map(|(queue, builds)| object(queue, &builds)).collect()
    })
}
