//! What keeps the source from being drained beside open executions, and when it will be.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cluster::{per_moved_namespace, per_planned_namespace};
use super::{Context, FactPath, FactView, plan, words};
use crate::compare::Half;
use crate::facts::cluster::OpenSample;
use crate::facts::{Known, Why};

pub(super) const PATHS: &[FactPath] = &[
    FactPath {
        path: "source.not_held",
        meaning: "namespaces of the source that were not without open executions for the last 48 hours, by snapshots \
                  taken over time",
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

/// How long a source must have been empty before it counts as drained.
const HOLD: SignedDuration = SignedDuration::from_hours(48);
/// Two snapshots further apart than this say nothing of the time between them.
const GAP: SignedDuration = SignedDuration::from_hours(25);

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

/// The time since which every sample of a namespace shows nothing open, without larger gaps.
fn empty_since(samples: &[&OpenSample]) -> Option<Timestamp> {
    let mut newest_first = samples.to_vec();
    newest_first.sort_by_key(|sample| std::cmp::Reverse(sample.taken_at));
    let mut since: Option<Timestamp> = None;
    for sample in newest_first {
        let near = since.is_none_or(|later| later.duration_since(sample.taken_at) <= GAP);
        if sample.open > 0 || !near {
            break;
        }
        since = Some(sample.taken_at);
    }
    since
}

fn not_held(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("open executions", &half.namespace.open).and_then(|open| {
        let now = half.cluster.newest();
        let last = OpenSample { namespace: half.namespace.name.clone(), taken_at: now, open };
        let earlier = half.cluster.earlier.iter().filter(|s| s.namespace == half.namespace.name);
        let samples: Vec<&OpenSample> = earlier.chain(std::iter::once(&last)).collect();
        let object = |problem: String| {
            json!({"source_namespace": half.namespace.name, "problem": problem,
                   "source_flags": context.source_flags(&half.namespace.name),
                   "loci": [half.locus("open executions", "CountWorkflowExecutions")]})
        };
        let Some(since) = empty_since(&samples) else {
            return Known::Known(vec![object(format!("it still has {}", words::count(open, "open execution")))]);
        };
        if now.duration_since(since) >= HOLD {
            return Known::Known(vec![]);
        }
        let filled = samples.iter().filter(|s| s.open > 0).map(|s| s.taken_at).max();
        if let Some(at) = filled.filter(|at| now.duration_since(*at) < HOLD) {
            let problem =
                format!("it had open executions on {}, less than 48 hours before the last look", words::minute(at));
            return Known::Known(vec![object(problem)]);
        }
        let reason = format!(
            "that {} has been empty for 48 hours is not shown: {} without open executions, since {}",
            half.namespace.name,
            words::count(samples.len() as u64, "snapshot"),
            words::minute(since)
        );
        let remedy = "take a snapshot at least once a day over 48 hours, and give all of them to `score --source`";
        Known::Unknown(Why::with_remedy(reason, remedy))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_the_hold_starts_again_after_a_start_or_a_gap() {
        let at = |day: u32, hour: u32| format!("2026-12-{day:02}T{hour:02}:00:00Z").parse::<Timestamp>().unwrap();
        let sample = |taken_at, open| OpenSample { namespace: "a".into(), taken_at, open };
        let since = |samples: &[OpenSample]| empty_since(&samples.iter().collect::<Vec<_>>());
        let daily = [sample(at(3, 8), 0), sample(at(1, 8), 0), sample(at(2, 8), 0)];
        assert_eq!(since(&daily), Some(at(1, 8)));
        assert_eq!(since(&[sample(at(3, 8), 0), sample(at(2, 8), 1), sample(at(1, 8), 0)]), Some(at(3, 8)));
        assert_eq!(since(&[sample(at(5, 8), 0), sample(at(3, 8), 0)]), Some(at(5, 8)), "nobody looked for two days");
        assert_eq!(since(&[sample(at(5, 8), 2)]), None);
    }
}
