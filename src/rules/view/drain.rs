//! What keeps the source from being drained beside open executions, and when it will be.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cluster::{per_moved_namespace, per_planned_namespace};
use super::{Context, FactPath, FactView, plan, words};
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
        path: "source.backlogs",
        meaning: "task queues of the source in which tasks wait",
        fields: "source_namespace, task_queue, tasks, source_flags",
    },
    FactPath {
        path: "source.schedules_left",
        meaning: "schedules the source still holds, paused or not, in every namespace of the plan",
        fields: "source_namespace, id, workflow_type, source_flags",
    },
    FactPath {
        path: "plan.late_ends",
        meaning: "workflow types whose executions, if started as late as today, end after the window",
        fields: "source_namespace, workflow_type, longest, ends, window_end, open",
    },
    FactPath {
        path: "source.other_work",
        meaning: "open batch jobs, standalone activities and Nexus operations of the source",
        fields: "source_namespace, what, source_flags",
    },
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put("source.not_held", per_planned_namespace(context, &|half| not_held(context, half)));
    view.put("source.backlogs", per_planned_namespace(context, &|half| backlogs(context, half)));
    view.put("source.schedules_left", per_planned_namespace(context, &|half| schedules_left(context, half)));
    let late = plan::window(context)
        .and_then(|window| match plan::window_over(window) {
            Some(over) => Known::Known(over),
            None => Known::unknown("the dual-run window is outside of the calendar"),
        })
        .and_then(|over| per_moved_namespace(context, &|half| late_ends(context, half, over)));
    view.put("plan.late_ends", late);
    view.put("source.other_work", per_planned_namespace(context, &|half| other_work(context, half)));
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

fn backlogs(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("task queues", &half.namespace.task_queues).and_then(|queues| {
        let mut untold = vec![];
        let mut found = vec![];
        for queue in &queues {
            let (Some(workflow), Some(activity)) = (queue.workflow_backlog, queue.activity_backlog) else {
                untold.push(format!("`{}`", queue.name));
                continue;
            };
            let waiting = workflow.max(0).saturating_add(activity.max(0)).unsigned_abs();
            if waiting > 0 {
                found.push(json!({"source_namespace": half.namespace.name, "task_queue": queue.name,
                    "tasks": words::count(waiting, "task"), "source_flags": context.source_flags(&half.namespace.name),
                    "loci": [half.locus(format!("task queue {}", queue.name), "DescribeTaskQueue")]}));
            }
        }
        if untold.is_empty() {
            return Known::Known(found);
        }
        let reason = format!(
            "the source does not tell how many tasks wait in {} of {} (servers before 1.25)",
            words::list(&untold, 5),
            half.namespace.name
        );
        Known::Partial {
            value: found,
            why: Why::with_remedy(reason, "look at the backlog metrics of the source, and attest it"),
        }
    })
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

/// An execution that starts on the source at the moment of the snapshot, and takes as long as the longest of its type.
fn late_ends(context: &Context<'_>, half: &Half<'_>, over: Timestamp) -> Known<Vec<Value>> {
    half.known("workflow types", &half.namespace.workflow_types).and_then(|types| {
        let from = half.cluster.taken_at.max(context.facts.at);
        let mut untold = vec![];
        let late = types.iter().filter(|t| t.open > 0 && !context.has_way_out(&t.name)).filter_map(|t| {
            let Some(longest) = t.durations.map(|d| d.max).or_else(|| t.longest_closed.as_ref().map(|s| s.seconds))
            else {
                untold.push(format!("`{}`", t.name));
                return None;
            };
            let seconds = i64::try_from(longest).ok()?;
            let ends = from.checked_add(SignedDuration::from_secs(seconds)).ok()?;
            (ends > over).then(|| {
                json!({"source_namespace": half.namespace.name, "workflow_type": t.name,
                       "longest": words::duration(longest), "ends": words::minute(ends), "window_end": words::minute(over),
                       "open": words::count(t.open, "open execution"),
                       "loci": [half.locus(format!("workflow type {}", t.name), "ListWorkflowExecutions"), context.plan_key("window")]})
            })
        });
        let late = late.collect();
        if untold.is_empty() {
            return Known::Known(late);
        }
        let why = Why::with_remedy(
            format!(
                "how long executions of {} in {} take is not known: none that closed was seen",
                words::list(&untold, 5),
                half.namespace.name
            ),
            "say under `ways_out` in preflight.yaml what becomes of those that are open at the end of the window",
        );
        Known::Partial { value: late, why }
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
