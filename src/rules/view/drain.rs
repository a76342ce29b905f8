//! What keeps the source from being drained beside open executions, and when it will be.

use schemars::JsonSchema;
use serde::Serialize;

use super::namespaces::per_moved_namespace;
use super::{Context, Fact, FactPath, FactView};
use crate::compare::NamespaceSide;
use crate::drain::hold::{self, Hold, Look};
use crate::facts::{Known, Locus, Why};

const NOT_HELD: Fact<Vec<NotHeld>> = Fact::new(
    "source.not_held",
    "namespaces of the source in which something was open in the last 48 hours, by what the server itself wrote",
);
const SCHEDULES_LEFT: Fact<Vec<ScheduleLeft>> = Fact::new(
    "source.schedules_left",
    "schedules the source still holds, paused or not, in every namespace of the plan",
);
const OTHER_WORK: Fact<Vec<OtherWork>> =
    Fact::new("source.other_work", "open batch jobs, standalone activities and Nexus operations of the source");

pub(super) const PATHS: &[FactPath] = &[NOT_HELD.entry(), SCHEDULES_LEFT.entry(), OTHER_WORK.entry()];

/// A namespace that has not been empty for 48 hours.
#[derive(Serialize, JsonSchema)]
struct NotHeld {
    /// Namespace of the source.
    source_namespace: String,
    /// What broke the 48 hours, as a sentence.
    problem: String,
    /// Flags of the `temporal` CLI that reach the namespace.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A schedule of the source.
#[derive(Serialize, JsonSchema)]
struct ScheduleLeft {
    /// Namespace of the source.
    source_namespace: String,
    /// Schedule id.
    id: String,
    /// The workflow type it starts.
    workflow_type: String,
    /// Flags of the `temporal` CLI that reach the namespace.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Open work that is no workflow execution.
#[derive(Serialize, JsonSchema)]
struct OtherWork {
    /// Namespace of the source.
    source_namespace: String,
    /// How much of what: `2 open batch jobs`.
    what: String,
    /// Flags of the `temporal` CLI that reach the namespace.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&NOT_HELD, per_moved_namespace(context, &|half| not_held(context, half)));
    view.put(&SCHEDULES_LEFT, per_moved_namespace(context, &|half| schedules_left(context, half)));
    view.put(&OTHER_WORK, per_moved_namespace(context, &|half| other_work(context, half)));
}

fn not_held(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<NotHeld>> {
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
        Hold::Broken(problem) => Known::Known(vec![NotHeld {
            source_namespace: namespace.name.clone(),
            problem,
            source_flags: context.source_flags(&namespace.name),
            loci: vec![
                half.locus("open and closed executions", "CountWorkflowExecutions"),
                half.locus("the execution that closed last", "ListWorkflowExecutions"),
            ],
        }]),
        Hold::Untold(why) => {
            let reason = format!("that {} has been empty for 48 hours is not shown: {}", namespace.name, why.reason);
            Known::Unknown(Why { reason, remedy: why.remedy.or_else(|| Some("probe the source again".to_owned())) })
        }
    }
}

fn schedules_left(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<ScheduleLeft>> {
    half.known("schedules", &half.namespace.schedules).map(|schedules| {
        let each = schedules.iter().map(|s| ScheduleLeft {
            source_namespace: half.namespace.name.clone(),
            id: s.id.clone(),
            workflow_type: s.action.workflow_type.clone(),
            source_flags: context.source_flags(&half.namespace.name),
            loci: vec![half.locus(format!("schedule {}", s.id), "DescribeSchedule")],
        });
        each.collect()
    })
}

fn other_work(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<OtherWork>> {
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
                OtherWork {
                    source_namespace: half.namespace.name.clone(),
                    source_flags: context.source_flags(&half.namespace.name),
                    loci: vec![half.locus(what.clone(), rpc)],
                    what,
                }
            })
            .collect()
        },
    )
}
