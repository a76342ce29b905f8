//! What executions of the source tell beside their number: who starts them, and what they are too large for.

use jiff::{SignedDuration, Timestamp};

use schemars::JsonSchema;
use serde::Serialize;

use super::limits::Limits;
use super::namespaces::{per_moved_namespace, per_moved_namespace_within_limits};
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::NamespaceSide;
use crate::facts::cluster::{Beginning, DescribedExecution, StartedType};
use crate::facts::plan::Cohort;
use crate::facts::{Known, Locus, Why};

const RECENT_STARTS: Fact<Vec<RecentStart>> = Fact::new(
    "source.recent_starts",
    "who has started executions on the source lately, in moved namespaces; not schedules, parents, cron expressions and runs that continue an earlier one",
);
const ROUTED_STARTS: Fact<Vec<RecentStart>> = Fact::new(
    "source.routed_starts",
    "the same, of workflow types whose cohort was routed before, in the moved namespaces",
);
const ROUTED_COHORTS: Fact<Vec<RoutedCohort>> =
    Fact::new("plan.routed_cohorts", "cohorts whose starts are routed to the target");
const CRON_WORKFLOWS: Fact<Vec<CronExecution>> =
    Fact::new("source.cron_workflows", "open executions of the moved namespaces that have a cron expression");
const NEAR_LIMITS: Fact<Vec<NearLimit>> = Fact::new(
    "source.executions_near_limits",
    "open executions, among the oldest of each type, that come near what Temporal Cloud allows one execution",
);

pub(super) const PATHS: &[FactPath] = &[
    RECENT_STARTS.entry(),
    ROUTED_STARTS.entry(),
    ROUTED_COHORTS.entry(),
    CRON_WORKFLOWS.entry(),
    NEAR_LIMITS.entry(),
];

/// A client that has started executions of a type on the source (GetWorkflowExecutionHistory).
#[derive(Serialize, JsonSchema)]
struct RecentStart {
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow type.
    workflow_type: String,
    /// Identity of the client that started it.
    starter: String,
    /// How many runs the type began: `12 runs`.
    runs: String,
    /// Since when runs were counted, UTC.
    since: String,
    /// The cohort of the type, where it was routed before; else empty.
    cohort: String,
    /// Workflow id of the newest run of this client.
    workflow_id: String,
    /// When that run started, UTC.
    started: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A cohort whose starts are routed to the target.
#[derive(Serialize, JsonSchema)]
struct RoutedCohort {
    /// Its name.
    name: String,
    /// Since when, UTC.
    since: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// An open execution with a cron expression.
#[derive(Serialize, JsonSchema)]
struct CronExecution {
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow id.
    workflow_id: String,
    /// Workflow type.
    workflow_type: String,
    /// The cron expression.
    cron: String,
    /// Identity of the client that started it.
    starter: String,
    /// When its next run starts, UTC.
    next: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// An open execution that comes near what Temporal Cloud allows one execution (DescribeWorkflowExecution).
#[derive(Serialize, JsonSchema)]
struct NearLimit {
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow id.
    workflow_id: String,
    /// Workflow type.
    workflow_type: String,
    /// Which limits, as a sentence.
    problem: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&RECENT_STARTS, per_moved_namespace(context, &|half| recent_starts(context, half)));
    view.put(&ROUTED_STARTS, per_moved_namespace(context, &|half| routed_starts(context, half)));
    let cohorts = context.facts.plan.cohorts.iter().filter_map(|c| Some((c, c.routed?)));
    let object = |(cohort, since): (&Cohort, Timestamp)| RoutedCohort {
        name: cohort.name.clone(),
        since: minute(since),
        loci: vec![context.plan_locus(cohort.line)],
    };
    view.put(&ROUTED_COHORTS, Known::Known(cohorts.map(object).collect::<Vec<_>>()));
    view.put(&CRON_WORKFLOWS, per_moved_namespace(context, &cron_workflows));
    let near = per_moved_namespace_within_limits(context, &near_limits);
    view.put(&NEAR_LIMITS, near);
}

fn recent_starts(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<RecentStart>> {
    half.known("recent starts", &half.namespace.executions.recent).and_then(|recent| {
        // With cohorts the snapshot goes back to the first of them; the last day is what counts for all others.
        let day = half.cluster.taken_at.checked_sub(SignedDuration::from_hours(24)).unwrap_or(recent.since);
        let routed = context.facts.plan.cohorts.iter().any(|c| c.routed.is_some());
        let since = if routed { recent.since.max(day) } else { recent.since };
        starts_since(context, half, recent.types.iter().map(|t| (t, since, None)))
    })
}

fn routed_starts(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<RecentStart>> {
    half.known("recent starts", &half.namespace.executions.recent).and_then(|recent| {
        let cohort = |name: &str| {
            let cohorts = context.facts.plan.cohorts.iter().filter(|c| c.workflow_types.iter().any(|t| t == name));
            cohorts.filter_map(|c| Some((c, c.routed?))).max_by_key(|(_, routed)| *routed)
        };
        let routed = recent.types.iter().filter_map(|t| {
            let (cohort, routed) = cohort(&t.workflow_type)?;
            Some((t, routed.max(recent.since), Some(cohort)))
        });
        let found = starts_since(context, half, routed);
        let cohorts = context.facts.plan.cohorts.iter().filter_map(|c| Some((c, c.routed?)));
        let earlier: Vec<String> =
            cohorts.filter(|(_, routed)| *routed < recent.since).map(|(c, _)| format!("`{}`", c.name)).collect();
        if earlier.is_empty() {
            return found;
        }
        let reason = format!(
            "{} of the plan was routed before {}, the instant since when starts in {} were looked at",
            words::list(&earlier, 5),
            minute(recent.since),
            half.namespace.name
        );
        let gap = Known::Partial { value: vec![], why: Why::with_remedy(reason, "probe the source again") };
        Known::concat([found, gap])
    })
}

/// Who started executions of these types since an instant each, and of which types that was not looked up for all.
fn starts_since<'a>(
    context: &Context<'_>,
    half: &NamespaceSide<'_>,
    types: impl Iterator<Item = (&'a StartedType, Timestamp, Option<&'a Cohort>)>,
) -> Known<Vec<RecentStart>> {
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for (t, since, cohort) in types {
        let started: Vec<RecentStart> = t
            .starters
            .iter()
            .filter(|s| s.how == Beginning::Started && s.newest.start_time > since)
            .map(|s| {
                let starter = if s.identity.is_empty() { "a client without a name" } else { &s.identity };
                let resource = format!("workflow {} ({})", s.newest.workflow_id, s.newest.run_id);
                RecentStart {
                    source_namespace: half.namespace.name.clone(),
                    workflow_type: t.workflow_type.clone(),
                    starter: starter.to_owned(),
                    runs: words::count(t.runs, "run"),
                    since: minute(since),
                    cohort: cohort.map(|c| c.name.clone()).unwrap_or_default(),
                    workflow_id: s.newest.workflow_id.clone(),
                    started: minute(s.newest.start_time),
                    source_flags: context.source_flags(&half.namespace.name),
                    loci: vec![half.locus(resource, "GetWorkflowExecutionHistory")],
                }
            })
            .collect();
        // The newest runs were looked at: when one of them is older than the instant, so are all that were not.
        let reached = t.looked_at >= t.runs || t.starters.iter().any(|s| s.newest.start_time <= since);
        if started.is_empty() && !reached {
            open.push(format!("`{}` ({} of {})", t.workflow_type, t.looked_at, words::count(t.runs, "run")));
        }
        found.extend(started);
    }
    if open.is_empty() {
        return Known::Known(found);
    }
    let reason = format!(
        "who began runs in {} was looked up for a part of them only: {}",
        half.namespace.name,
        words::list(&open, 5)
    );
    let remedy = "look at the first event of others (`temporal workflow show`), or choose a later --starts-since";
    Known::Partial { value: found, why: Why::with_remedy(reason, remedy) }
}

fn cron_workflows(half: &NamespaceSide<'_>) -> Known<Vec<CronExecution>> {
    half.known("cron workflows", &half.namespace.executions.cron).map(|found| {
        let object = |c: &crate::facts::cluster::CronWorkflow| {
            let resource = format!("workflow {} ({})", c.workflow_id, c.run_id);
            CronExecution {
                source_namespace: half.namespace.name.clone(),
                workflow_id: c.workflow_id.clone(),
                workflow_type: c.workflow_type.clone(),
                cron: c.cron.clone(),
                starter: c.identity.clone(),
                next: c.next.map_or_else(|| "an unknown time".to_owned(), minute),
                loci: vec![half.locus(resource, "GetWorkflowExecutionHistory")],
            }
        };
        found.iter().map(object).collect()
    })
}

fn near_limits(half: &NamespaceSide<'_>, limits: &Limits) -> Known<Vec<NearLimit>> {
    half.known("open executions", &half.namespace.executions.samples).map(|samples| {
        samples
            .iter()
            .filter_map(|s| {
                let problems = size_problems(s, limits);
                (!problems.is_empty()).then(|| {
                    let resource = format!("workflow {} ({})", s.execution.workflow_id, s.execution.run_id);
                    NearLimit {
                        source_namespace: half.namespace.name.clone(),
                        workflow_id: s.execution.workflow_id.clone(),
                        workflow_type: s.execution.workflow_type.clone(),
                        problem: words::list(&problems, 4),
                        loci: vec![half.locus(resource, "DescribeWorkflowExecution")],
                    }
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
fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
