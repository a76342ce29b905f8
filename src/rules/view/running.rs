//! How long executions run: what ends within the window, what never ends by itself, and what was left behind.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use schemars::JsonSchema;
use serde::Serialize;

use super::inventory::inventory;
use super::namespaces::per_moved_namespace;
use super::{Context, Fact, FactPath, FactView, plan, words};
use crate::compare::NamespaceSide;
use crate::facts::cluster::{ExecutionSample, StuckExecution, WorkflowType};
use crate::facts::{Known, Locus, Why};

const RUNNING_TIMES: Fact<Vec<RunningTime>> = Fact::new(
    "plan.running_times",
    "the longest that executions of each moved workflow type have run, against the length of the window; executions that were left behind are not among them",
);
const LATE_ENDS: Fact<Vec<LateEnd>> =
    Fact::new("plan.late_ends", "workflow types whose executions, if started as late as today, end after the window");
const UNFINISHED_TYPES: Fact<Vec<UnfinishedType>> = Fact::new(
    "source.unfinished_types",
    "workflow types with open executions of which none came to an end within retention",
);
const NEVER_ENDING_TYPES: Fact<Vec<NeverEndingType>> = Fact::new(
    "source.never_ending_types",
    "workflow types whose runs only continue as new, and for which the plan has no way out",
);
const ORPHANS: Fact<Vec<Orphan>> = Fact::new(
    "source.orphans",
    "open executions that were left behind: far older than others of their type, or failing for long",
);

pub(super) const PATHS: &[FactPath] =
    &[RUNNING_TIMES.entry(), LATE_ENDS.entry(), UNFINISHED_TYPES.entry(), NEVER_ENDING_TYPES.entry(), ORPHANS.entry()];

/// The longest that executions of a workflow type have run.
#[derive(Serialize, JsonSchema)]
struct RunningTime {
    /// Whether that is within the window, or the plan has a way out for the type.
    fits: bool,
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow type.
    workflow_type: String,
    /// Seconds the longest has run; of a chain of runs, all of it.
    seconds: u64,
    /// The same in words: `2 days 5 hours`.
    runs: String,
    /// Length of the window in words.
    window: String,
    /// Workflow id of the longest.
    workflow_id: String,
    /// The longest, as a sentence.
    sample: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A workflow type whose executions, started at the moment of the look, end after the window.
#[derive(Serialize, JsonSchema)]
struct LateEnd {
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow type.
    workflow_type: String,
    /// How long its longest closed execution took, in words.
    longest: String,
    /// When an execution would end, UTC.
    ends: String,
    /// When the window is over, UTC.
    window_end: String,
    /// How many are open: `3 open executions`.
    open: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A workflow type with open executions of which none ended within retention.
#[derive(Serialize, JsonSchema)]
struct UnfinishedType {
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow type.
    name: String,
    /// Workflow type.
    workflow_type: String,
    /// How many are open: `3 open executions`.
    open: String,
    /// The retention period in words.
    retention: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A workflow type whose runs only continue as new.
#[derive(Serialize, JsonSchema)]
struct NeverEndingType {
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow type.
    workflow_type: String,
    /// How many are open: `1 open execution`.
    open: String,
    /// When the oldest chain of runs began, as the end of a sentence; empty when it is not told.
    chain: String,
    /// How its closed runs were closed, as a sentence.
    continued: String,
    /// Visibility query for its executions.
    query: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// An open execution that was left behind.
#[derive(Serialize, JsonSchema)]
struct Orphan {
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow type.
    workflow_type: String,
    /// Workflow id.
    workflow_id: String,
    /// Run id.
    run_id: String,
    /// Why it is taken for left behind, as a sentence.
    reason: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Up to so many overdue executions of a type are exceptions; or one in so many of those open.
const EXCEPTIONS: u64 = 5;
const ONE_IN: u64 = 20;
/// Executions that fail are left behind from this age on, where no other of the type tells how long they take.
const WEEK: u64 = 7 * 86_400;

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let over = || {
        plan::window(context).and_then(|window| match plan::window_length(window) {
            Some((length, over)) => Known::Known((length, over)),
            None => Known::unknown("the dual-run window is outside of the calendar"),
        })
    };
    let times =
        over().and_then(|(length, _)| per_moved_namespace(context, &|half| running_times(context, half, length)));
    view.put(&RUNNING_TIMES, times);
    view.put(
        &LATE_ENDS,
        over().and_then(|(_, over)| per_moved_namespace(context, &|half| late_ends(context, half, over))),
    );
    view.put(&UNFINISHED_TYPES, per_moved_namespace(context, &|half| unfinished(context, half)));
    view.put(&NEVER_ENDING_TYPES, per_moved_namespace(context, &|half| never_ending(context, half)));
    view.put(&ORPHANS, per_moved_namespace(context, &|half| orphans(context, half)));
}

/// Open executions of a type that were left behind, and the oldest of the others.
struct Left<'a> {
    orphans: Vec<(&'a ExecutionSample, String)>,
    /// More of them than are named.
    unnamed: u64,
    oldest: Option<&'a ExecutionSample>,
}

/// Tell exceptions from the type: a few executions that are overdue are left behind, many are how the type is.
fn left<'a>(t: &'a WorkflowType, stuck: &'a [StuckExecution]) -> Left<'a> {
    let mut found = Left { orphans: vec![], unnamed: 0, oldest: t.oldest_open.as_ref() };
    if let Some(overdue) = t.overdue.as_ref().filter(|o| o.open <= EXCEPTIONS.max(t.open / ONE_IN)) {
        let usual = t.durations.map_or_else(String::new, |d| {
            format!(", and all but one in a hundred of its type ended within {}", words::duration(d.p99))
        });
        let reason = |s: &ExecutionSample| format!("it has been open for {}{usual}", words::duration(s.seconds));
        found.orphans = overdue.examples.iter().map(|s| (s, reason(s))).collect();
        found.unnamed = overdue.open.saturating_sub(overdue.examples.len() as u64);
        found.oldest = overdue.oldest_other.as_ref();
    }
    let longest = t.durations.map_or(WEEK, |d| d.max).max(t.longest_closed.as_ref().map_or(0, |s| s.seconds));
    let failing =
        stuck.iter().filter(|s| s.execution.workflow_type == t.name && s.execution.seconds > longest.max(86_400));
    for one in failing {
        if !found.orphans.iter().any(|(s, _)| s.run_id == one.execution.run_id) {
            let problems = words::list(&one.problems, 3);
            let reason = format!(
                "its workflow tasks fail ({problems}), and it has been open for {}",
                words::duration(one.execution.seconds)
            );
            found.orphans.push((&one.execution, reason));
        }
    }
    // When every open execution of the type is one of them, no other is left to wait for.
    if found.orphans.len() as u64 + found.unnamed >= t.open {
        found.oldest = None;
    }
    found
}

/// The server tells of failing executions since 1.30; without that, age alone tells.
fn stuck<'a>(half: &NamespaceSide<'a>) -> &'a [StuckExecution] {
    half.namespace.executions.stuck.value().map(|stuck| stuck.examples.as_slice()).unwrap_or_default()
}

/// When the chain of runs of an open execution began, as far as it was told.
fn chain_started(half: &NamespaceSide<'_>, run: &ExecutionSample) -> Option<Timestamp> {
    let described = half.namespace.executions.samples.value()?.iter().find(|d| d.execution.run_id == run.run_id)?;
    described.chain_started
}

/// The longest sample of a type: an execution, whether it is open, how long it runs, and whether as a chain of runs.
struct Longest<'a> {
    sample: &'a ExecutionSample,
    open: bool,
    seconds: u64,
    chain: bool,
}

fn longest<'a>(half: &NamespaceSide<'_>, t: &'a WorkflowType, stuck: &'a [StuckExecution]) -> Option<Longest<'a>> {
    let open = left(t, stuck).oldest.map(|sample| {
        let since = chain_started(half, sample).filter(|since| *since < sample.start_time);
        let chain = since.and_then(|since| u64::try_from(half.cluster.newest().duration_since(since).as_secs()).ok());
        Longest { sample, open: true, seconds: chain.unwrap_or(sample.seconds), chain: chain.is_some() }
    });
    let closed = t.longest_closed.as_ref();
    let closed = closed.map(|sample| Longest { sample, open: false, seconds: sample.seconds, chain: false });
    closed.into_iter().chain(open).max_by_key(|longest| longest.seconds)
}

fn running_times(context: &Context<'_>, half: &NamespaceSide<'_>, length: u64) -> Known<Vec<RunningTime>> {
    let types = inventory(half);
    let oldest = half.known("the oldest open execution", &half.namespace.oldest_open);
    let closed = half.known("the longest closed execution", &half.namespace.longest_closed);
    let stuck = stuck(half);
    types.zip(oldest).zip(closed).and_then(|((types, oldest), closed)| {
        let object = |name: &str, longest: &Longest<'_>| {
            let state = if longest.open { "has been open for" } else { "took" };
            let runs = words::duration(longest.seconds);
            let chain = if longest.chain { ", as a chain of runs that continue as new" } else { "" };
            let sample = longest.sample;
            let resource = format!("workflow {} ({})", sample.workflow_id, sample.run_id);
            RunningTime {
                fits: longest.seconds <= length || context.has_way_out(name),
                source_namespace: half.namespace.name.clone(),
                workflow_type: name.to_owned(),
                seconds: longest.seconds,
                window: words::duration(length),
                workflow_id: sample.workflow_id.clone(),
                sample: format!("`{}` {state} {runs}{chain}", sample.workflow_id),
                loci: vec![half.locus(resource, "ListWorkflowExecutions"), context.plan_key("window")],
                runs,
            }
        };
        let mut times: BTreeMap<&str, RunningTime> = BTreeMap::new();
        for t in &types {
            if let Some(longest) = longest(half, t, stuck) {
                times.insert(&t.name, object(&t.name, &longest));
            }
        }
        // Of a type that could not be counted, one execution may have been seen all the same.
        let loose = oldest.iter().map(|sample| (sample, true)).chain(closed.iter().map(|sample| (sample, false)));
        for (sample, open) in loose.filter(|(sample, _)| !types.iter().any(|t| t.name == sample.workflow_type)) {
            let longest = Longest { sample, open, seconds: sample.seconds, chain: false };
            times.entry(&sample.workflow_type).or_insert_with(|| object(&sample.workflow_type, &longest));
        }
        let whys: Vec<Why> =
            [without_times(&types), without_chains(context, half, &types)].into_iter().flatten().collect();
        let times = times.into_values().collect();
        match Why::all(&whys) {
            None => Known::Known(times),
            Some(why) => Known::Partial { value: times, why },
        }
    })
}

/// Types that have executions of which none was looked at: they closed, or were deleted, while the probe counted.
fn without_times(types: &[WorkflowType]) -> Option<Why> {
    let blank = |t: &&WorkflowType| {
        (t.open > 0 && t.oldest_open.is_none()) || (t.open == 0 && t.ended() > 0 && t.longest_closed.is_none())
    };
    let names: Vec<String> = types.iter().filter(blank).map(|t| format!("`{}`", t.name)).collect();
    (!names.is_empty()).then(|| {
        let reason = format!("how long executions of {} run was not seen", words::list(&names, 5));
        Why::with_remedy(reason, "probe the source cluster again")
    })
}

/// Types that continue as new and are open, of which the age of one run says nothing and that of the chain is not told.
fn without_chains(context: &Context<'_>, half: &NamespaceSide<'_>, types: &[WorkflowType]) -> Option<Why> {
    let untold = |t: &&WorkflowType| {
        let continues = t.continued.unwrap_or(0) > 0 && t.open > 0 && !context.has_way_out(&t.name);
        continues && t.oldest_open.as_ref().is_some_and(|run| chain_started(half, run).is_none())
    };
    let names: Vec<String> = types.iter().filter(untold).map(|t| format!("`{}`", t.name)).collect();
    (!names.is_empty()).then(|| {
        let reason = format!(
            "runs of {} in {} continue as new, and how long the whole chain has run is not told",
            words::list(&names, 5),
            half.namespace.name
        );
        Why::with_remedy(
            reason,
            "say under `ways_out` in preflight.yaml what becomes of those that are open at the end of the window",
        )
    })
}

/// An execution that starts on the source at the moment of the look, and takes as long as the longest of its type.
fn late_ends(context: &Context<'_>, half: &NamespaceSide<'_>, over: Timestamp) -> Known<Vec<LateEnd>> {
    inventory(half).and_then(|types| {
        let from = half.cluster.newest().max(context.facts.at);
        let mut untold = vec![];
        let late = types.iter().filter(|t| t.open > 0 && !context.has_way_out(&t.name)).filter_map(|t| {
            let Some(longest) = t.durations.map(|d| d.max).or_else(|| t.longest_closed.as_ref().map(|s| s.seconds))
            else {
                untold.push(format!("`{}`", t.name));
                return None;
            };
            let seconds = i64::try_from(longest).ok()?;
            let ends = from.checked_add(SignedDuration::from_secs(seconds)).ok()?;
            (ends > over).then(|| LateEnd {
                source_namespace: half.namespace.name.clone(),
                workflow_type: t.name.clone(),
                longest: words::duration(longest),
                ends: words::minute(ends),
                window_end: words::minute(over),
                open: words::count(t.open, "open execution"),
                loci: vec![
                    half.locus(format!("workflow type {}", t.name), "ListWorkflowExecutions"),
                    context.plan_key("window"),
                ],
            })
        });
        let late = late.collect();
        if untold.is_empty() {
            return Known::Known(late);
        }
        let why = Why::with_remedy(
            format!(
                "how long executions of {} in {} take is not known: none that ended was seen",
                words::list(&untold, 5),
                half.namespace.name
            ),
            "say under `ways_out` in preflight.yaml what becomes of those that are open at the end of the window",
        );
        Known::Partial { value: late, why }
    })
}

fn unfinished(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<UnfinishedType>> {
    let retention = half.namespace.config.value().map(|c| words::duration(c.retention_seconds));
    let retention = retention.map_or("the retention period".to_owned(), |r| format!("the retention of {r}"));
    let unfinished = |t: &&WorkflowType| t.open > 0 && t.ended() == 0 && !context.has_way_out(&t.name);
    inventory(half).map(|types| {
        let object = |t: &WorkflowType| UnfinishedType {
            source_namespace: half.namespace.name.clone(),
            name: t.name.clone(),
            workflow_type: t.name.clone(),
            open: words::count(t.open, "open execution"),
            retention: retention.clone(),
            loci: vec![half.locus(format!("workflow type {}", t.name), "CountWorkflowExecutions")],
        };
        types.iter().filter(unfinished).map(object).collect()
    })
}

fn never_ending(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<NeverEndingType>> {
    inventory(half).and_then(|types| {
        let open = || types.iter().filter(|t| t.open > 0 && t.closed > 0 && !context.has_way_out(&t.name));
        let never = open().filter(|t| t.continued.unwrap_or(0) > 0 && t.ended_by_itself() == 0);
        let object = |t: &WorkflowType| {
            let chain = t.oldest_open.as_ref().and_then(|run| chain_started(half, run));
            let chain = chain.map(|since| format!("; the chain of the oldest one began on {}", words::minute(since)));
            NeverEndingType {
                source_namespace: half.namespace.name.clone(),
                workflow_type: t.name.clone(),
                open: words::count(t.open, "open execution"),
                chain: chain.unwrap_or_default(),
                continued: continued(t),
                query: format!("WorkflowType = '{}'", t.name.replace('\'', "''")),
                source_flags: context.source_flags(&half.namespace.name),
                loci: vec![half.locus(format!("workflow type {}", t.name), "CountWorkflowExecutions")],
            }
        };
        let found = never.map(object).collect();
        let untold: Vec<String> = open().filter(|t| t.continued.is_none()).map(|t| format!("`{}`", t.name)).collect();
        if untold.is_empty() {
            return Known::Known(found);
        }
        let reason = format!(
            "whether runs of {} in {} ended or continued as new was not asked",
            words::list(&untold, 5),
            half.namespace.name
        );
        Known::Partial { value: found, why: Why::with_remedy(reason, "probe the source again with this version") }
    })
}

/// How the closed runs of a type that never ends were closed.
fn continued(t: &WorkflowType) -> String {
    let (continued, runs) = (t.continued.unwrap_or(0), words::count(t.closed, "closed run"));
    match t.terminated.unwrap_or(0) {
        0 => format!("{continued} of {runs} continued as new"),
        ended => format!("{continued} of {runs} continued as new, and a person terminated {ended}"),
    }
}

fn orphans(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<Orphan>> {
    let stuck = stuck(half);
    inventory(half).and_then(|types| {
        let queues = half.namespace.task_queues.value();
        let now = half.cluster.taken_at_by_its_clock();
        let unpolled = |name: &str| {
            let queue = queues.and_then(|queues| queues.iter().find(|q| q.name == name));
            queue.is_some_and(|queue| queue.live_workflow_pollers(now) == 0)
        };
        let mut found = vec![];
        for t in &types {
            let left = left(t, stuck);
            let more = match left.unnamed {
                0 => String::new(),
                n => format!(" ({n} more like it)"),
            };
            for (sample, reason) in &left.orphans {
                let nobody = if unpolled(&sample.task_queue) { "; no worker polls its task queue" } else { "" };
                let resource = format!("workflow {} ({})", sample.workflow_id, sample.run_id);
                found.push(Orphan {
                    source_namespace: half.namespace.name.clone(),
                    workflow_type: t.name.clone(),
                    workflow_id: sample.workflow_id.clone(),
                    run_id: sample.run_id.clone(),
                    reason: format!("{reason}{nobody}{more}"),
                    source_flags: context.source_flags(&half.namespace.name),
                    loci: vec![half.locus(resource, "ListWorkflowExecutions")],
                });
            }
        }
        let unasked = |t: &&WorkflowType| {
            let age = t.oldest_open.as_ref().map_or(0, |sample| sample.seconds);
            t.overdue.is_none() && t.durations.is_some_and(|d| age > d.overdue_after())
        };
        let untold: Vec<String> = types.iter().filter(unasked).map(|t| format!("`{}`", t.name)).collect();
        if untold.is_empty() {
            return Known::Known(found);
        }
        let reason = format!(
            "how many executions of {} in {} are far older than the others was not asked",
            words::list(&untold, 5),
            half.namespace.name
        );
        Known::Partial { value: found, why: Why::with_remedy(reason, "probe the source again with this version") }
    })
}
