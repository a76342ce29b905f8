//! What executions of the source tell beside their number: who starts them, and what they are too large for.

use serde_json::{Value, json};

use super::cluster::{per_moved_namespace, per_planned_namespace};
use super::limits::{self, Limits};
use super::{Context, FactPath, FactView, words};
use crate::compare::Half;
use crate::facts::cluster::{Beginning, DescribedExecution, RecentStarts, StartedType};
use crate::facts::{Known, Why};

pub(super) const PATHS: &[FactPath] = &[
    FactPath {
        path: "source.recent_starts",
        meaning: "who has started executions on the source lately, excluded namespaces too; not schedules, parents, \
                  cron expressions and runs that continue an earlier one",
        fields: "source_namespace, workflow_type, starter, runs, since, workflow_id, started, source_flags",
    },
    FactPath {
        path: "source.cron_workflows",
        meaning: "open executions of the moved namespaces that have a cron expression",
        fields: "source_namespace, workflow_id, workflow_type, cron, next, starter",
    },
    FactPath {
        path: "source.executions_near_limits",
        meaning: "open executions, among the oldest of each type, that come near what Temporal Cloud allows one execution",
        fields: "source_namespace, workflow_id, workflow_type, problem",
    },
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put("source.recent_starts", per_planned_namespace(context, &|half| recent_starts(context, half)));
    view.put("source.cron_workflows", per_moved_namespace(context, &cron_workflows));
    let limits = limits::limits();
    let near = limits.and_then(|limits| per_moved_namespace(context, &|half| near_limits(half, limits)));
    view.put("source.executions_near_limits", near);
}

fn recent_starts(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("recent starts", &half.namespace.executions.recent).and_then(|recent| {
        let found: Vec<Value> = recent.types.iter().flat_map(|t| started(context, half, &recent, t)).collect();
        // Runs that were not looked at may have been started by somebody.
        let open: Vec<String> = recent
            .types
            .iter()
            .filter(|t| t.looked_at < t.runs && !t.starters.iter().any(|s| s.how == Beginning::Started))
            .map(|t| format!("`{}` ({} of {})", t.workflow_type, t.looked_at, words::count(t.runs, "run")))
            .collect();
        if open.is_empty() {
            return Known::Known(found);
        }
        let why = format!(
            "who began runs in {} since {} was looked up for a part of them only: {}",
            half.namespace.name,
            minute(recent.since),
            words::list(&open, 5)
        );
        let remedy = "look at the first event of others (`temporal workflow show`), or choose a later --starts-since";
        Known::Partial { value: found, why: Why::with_remedy(why, remedy) }
    })
}

fn started(context: &Context<'_>, half: &Half<'_>, recent: &RecentStarts, t: &StartedType) -> Vec<Value> {
    let starters = t.starters.iter().filter(|s| s.how == Beginning::Started);
    starters
        .map(|s| {
            let starter = if s.identity.is_empty() { "a client without a name" } else { &s.identity };
            let resource = format!("workflow {} ({})", s.newest.workflow_id, s.newest.run_id);
            json!({"source_namespace": half.namespace.name, "workflow_type": t.workflow_type, "starter": starter,
                   "runs": words::count(t.runs, "run"), "since": minute(recent.since),
                   "workflow_id": s.newest.workflow_id, "started": minute(s.newest.start_time),
                   "source_flags": context.source_flags(&half.namespace.name),
                   "loci": [half.locus(resource, "GetWorkflowExecutionHistory")]})
        })
        .collect()
}

fn cron_workflows(half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("cron workflows", &half.namespace.executions.cron).map(|found| {
        let object = |c: &crate::facts::cluster::CronWorkflow| {
            let resource = format!("workflow {} ({})", c.workflow_id, c.run_id);
            json!({"source_namespace": half.namespace.name, "workflow_id": c.workflow_id,
                   "workflow_type": c.workflow_type, "cron": c.cron, "starter": c.identity,
                   "next": c.next.map_or_else(|| "an unknown time".to_owned(), minute),
                   "loci": [half.locus(resource, "GetWorkflowExecutionHistory")]})
        };
        found.iter().map(object).collect()
    })
}

fn near_limits(half: &Half<'_>, limits: &Limits) -> Known<Vec<Value>> {
    half.known("open executions", &half.namespace.executions.samples).map(|samples| {
        samples
            .iter()
            .filter_map(|s| {
                let problems = size_problems(s, limits);
                (!problems.is_empty()).then(|| {
                    let resource = format!("workflow {} ({})", s.execution.workflow_id, s.execution.run_id);
                    json!({"source_namespace": half.namespace.name, "workflow_id": s.execution.workflow_id,
                           "workflow_type": s.execution.workflow_type, "problem": words::list(&problems, 4),
                           "loci": [half.locus(resource, "DescribeWorkflowExecution")]})
                })
            })
            .collect()
    })
}

/// What is at four fifths of a limit that ends the execution, or above what is advised.
fn size_problems(s: &DescribedExecution, limits: &Limits) -> Vec<String> {
    let limits = &limits.execution;
    let near = |value: u64, limit: u64| value >= limit / 5 * 4;
    let mut problems = Vec::new();
    if near(s.history_length, limits.history_events) {
        problems.push(format!("its history has {} events of {} allowed", s.history_length, limits.history_events));
    }
    if near(s.history_bytes, limits.history_bytes) {
        let mib = |bytes: u64| bytes / 1_048_576;
        problems.push(format!(
            "its history takes {} MiB of {} allowed",
            mib(s.history_bytes),
            mib(limits.history_bytes)
        ));
    }
    let waiting = [
        (s.pending_activities, "activities"),
        (s.pending_children, "children"),
        (s.pending_nexus_operations, "Nexus operations"),
    ];
    let many = waiting.into_iter().filter(|(n, _)| *n > limits.advised_pending);
    problems.extend(many.map(|(n, what)| {
        format!("{n} {what} wait, of {} allowed and {} advised", limits.pending, limits.advised_pending)
    }));
    problems
}

/// `2026-11-20 08:00 UTC`.
fn minute(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
