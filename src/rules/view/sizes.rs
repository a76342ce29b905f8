//! Names and numbers of the source that Temporal Cloud has no room for.

use serde_json::{Value, json};

use super::cluster::per_moved_namespace;
use super::limits::{self, Limits};
use super::{Context, FactPath, FactView};
use crate::compare::Half;
use crate::facts::Known;

pub(super) const PATHS: &[FactPath] = &[
    FactPath {
        path: "source.long_names",
        meaning: "workflow types, task queues, schedules and executions of the moved namespaces with a longer name than Temporal Cloud takes",
        fields: "source_namespace, what, start (of the name), bytes, limit",
    },
    FactPath {
        path: "source.deployments_over_limit",
        meaning: "moved namespaces with more worker deployments, and deployments with more versions, than Temporal Cloud keeps",
        fields: "source_namespace, what, count, limit",
    },
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let limited = |list: &dyn Fn(&Half<'_>, &Limits) -> Known<Vec<Value>>| {
        limits::limits().and_then(|limits| per_moved_namespace(context, &|half| list(half, limits)))
    };
    view.put("source.long_names", limited(&long_names));
    view.put("source.deployments_over_limit", limited(&deployments));
}

fn long_names(half: &Half<'_>, limits: &Limits) -> Known<Vec<Value>> {
    let long = |what: &str, name: &str, rpc: &str| {
        (name.len() > limits.id_bytes).then(|| {
            // The whole of it fills pages and says no more.
            let start: String = name.chars().take(60).collect();
            json!({"source_namespace": half.namespace.name, "what": what, "start": start, "bytes": name.len(),
                   "limit": limits.id_bytes, "loci": [half.locus(format!("{what} {start}…"), rpc)]})
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

fn deployments(half: &Half<'_>, limits: &Limits) -> Known<Vec<Value>> {
    half.known("worker deployments", &half.namespace.deployments).map(|deployments| {
        let limits = &limits.worker_deployments;
        let object = |what: String, count: usize, limit: usize| {
            (count > limit).then(|| {
                json!({"source_namespace": half.namespace.name, "what": what, "count": count, "limit": limit,
                       "loci": [half.locus(what.clone(), "ListWorkerDeployments")]})
            })
        };
        let all = object("worker deployments".to_owned(), deployments.len(), limits.deployments);
        let each = deployments.iter().filter_map(|d| {
            object(format!("versions of worker deployment {}", d.name), d.versions.len(), limits.versions)
        });
        all.into_iter().chain(each).collect()
    })
}
