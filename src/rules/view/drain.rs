//! What keeps the source from being drained beside open executions, and when it will be.

use serde_json::{Value, json};

use super::cluster::per_moved_namespace;
use super::{Context, FactPath, FactView};
use crate::compare::Half;
use crate::drain::hold::{self, Hold, Look};
use crate::facts::{Known, Why};

pub(super) const PATHS: &[FactPath] = &[
    FactPath {
        path: "source.not_held",
        meaning: "namespaces of the source in which something was open in the last 48 hours, by what the server itself \
                  wrote",
        fields: "source_namespace, problem, source_flags",
    },
    FactPath {
        path: "source.schedules_left",
        meaning: "schedules the source still holds, paused or not, in every namespace of the plan",
        fields: "source_namespace, id, workflow_type, source_flags",
    },
    FactPath {
        path: "source.other_work",
        meaning: "open batch jobs, standalone activities and Nexus operations of the source",
        fields: "source_namespace, what, source_flags",
    },
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put("source.not_held", per_moved_namespace(context, &|half| not_held(context, half)));
    view.put("source.schedules_left", per_moved_namespace(context, &|half| schedules_left(context, half)));
    view.put("source.other_work", per_moved_namespace(context, &|half| other_work(context, half)));
}

fn not_held(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    let (cluster, namespace) = (half.cluster, half.namespace);
    let active = |schedules: Vec<crate::facts::cluster::Schedule>| {
        schedules.iter().filter(|s| s.acts_after(cluster.newest())).count() as u64
    };
    let queues = namespace.task_queues.value().into_iter().flatten();
    let look = Look {
        at: cluster.server_time(),
        open: half.known("open executions", &namespace.open),
        rest: match &namespace.executions.rest {
            Known::Known(_) => namespace.executions.rest.as_ref(),
            part => half.known("what closed lately", &part.as_ref()),
        },
        schedules: half.known("schedules", &namespace.schedules).map(active),
        retention: half.known("the configuration", &namespace.config).map(|config| config.retention_seconds),
        tasks_an_hour: queues.filter_map(crate::facts::cluster::TaskQueue::tasks_an_hour).max(),
        earlier: cluster.earlier.iter().filter(|s| s.namespace == namespace.name).collect(),
    };
    match hold::decide(&look) {
        Hold::Held { .. } => Known::Known(vec![]),
        Hold::Broken(problem) => Known::Known(vec![json!({
            "source_namespace": namespace.name, "problem": problem, "source_flags": context.source_flags(&namespace.name),
            "loci": [half.locus("open and closed executions", "CountWorkflowExecutions"),
                     half.locus("the execution that closed last", "ListWorkflowExecutions")]})]),
        Hold::Untold(why) => {
            let reason = format!("that {} has been empty for 48 hours is not shown: {}", namespace.name, why.reason);
            Known::Unknown(Why { reason, remedy: why.remedy.or_else(|| Some("probe the source again".to_owned())) })
        }
    }
}

fn schedules_left(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("schedules", &half.namespace.schedules).map(|schedules| {
        let each = schedules.iter().map(|s| {
            json!({"source_namespace": half.namespace.name, "id": s.id, "workflow_type": s.action.workflow_type,
                   "source_flags": context.source_flags(&half.namespace.name),
                   "loci": [half.locus(format!("schedule {}", s.id), "DescribeSchedule")]})
        });
        each.collect()
    })
}

fn other_work(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("batch jobs, standalone activities and Nexus operations", &half.namespace.executions.beside).map(
        |beside| {
            let counts = [
                (Some(beside.batch_jobs), "batch job", "CountWorkflowExecutions"),
                (beside.activities, "standalone activity", "CountActivityExecutions"),
                (beside.nexus_operations, "Nexus operation", "CountNexusOperationExecutions"),
            ];
            let open = counts.into_iter().filter_map(|(n, what, rpc)| Some((n.filter(|n| *n > 0)?, what, rpc)));
            open.map(|(n, what, rpc)| {
                let what = match (n, what) {
                    (1, _) => format!("1 open {what}"),
                    (n, "standalone activity") => format!("{n} open standalone activities"),
                    (n, what) => format!("{n} open {what}s"),
                };
                json!({"source_namespace": half.namespace.name, "what": what,
                   "source_flags": context.source_flags(&half.namespace.name),
                   "loci": [half.locus(what.clone(), rpc)]})
            })
            .collect()
        },
    )
}
