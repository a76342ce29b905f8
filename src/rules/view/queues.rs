//! Task queues of the source: who polls them, and which tasks wait or still come.
//!
//! A number of tasks proves little. Tasks of ended executions stay in it for minutes or for ever, and a queue nobody has
//! used for a while says 0. What counts is whether tasks come, and whether anything is open that could make some.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use schemars::JsonSchema;
use serde::Serialize;

use super::namespaces::{per_moved_namespace, per_planned_namespace};
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::{self, NamespaceSide};
use crate::facts::cluster::{OpenSample, Poller, TaskQueue};
use crate::facts::{Known, Locus, Why};

const BACKLOGS: Fact<Vec<Backlog>> =
    Fact::new("source.backlogs", "task queues of the source to which tasks come, or in which tasks of open work wait");
const BACKLOG_BASIS: Fact<String> =
    Fact::new("source.backlog_basis", "which task queues of the source were looked at, and what was left in them");
const UNPOLLED_QUEUES: Fact<Vec<UnpolledQueue>> = Fact::new(
    "source.unpolled_queues",
    "task queues of the moved namespaces with open executions on the source and no worker there",
);
const POLLERS_LEFT: Fact<Vec<PollerLeft>> = Fact::new(
    "source.pollers_left",
    "workers that still poll a task queue of the source, in every namespace of the plan",
);
const POLLER_BASIS: Fact<String> =
    Fact::new("source.poller_basis", "how many task queues of the source were asked who polls them");

pub(super) const PATHS: &[FactPath] =
    &[BACKLOGS.entry(), BACKLOG_BASIS.entry(), UNPOLLED_QUEUES.entry(), POLLERS_LEFT.entry(), POLLER_BASIS.entry()];

/// A task queue of the source in which tasks wait or still come.
#[derive(Serialize, JsonSchema)]
struct Backlog {
    /// Namespace of the source.
    source_namespace: String,
    /// Task queue.
    task_queue: String,
    /// How many tasks, as the beginning of a sentence.
    what: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A task queue with open executions and no live poller (DescribeTaskQueue).
#[derive(Serialize, JsonSchema)]
struct UnpolledQueue {
    /// Namespace of the source.
    source_namespace: String,
    /// Task queue.
    task_queue: String,
    /// How many open executions use it: `3 open executions`.
    open: String,
    /// The last poll, as the end of a sentence; empty when none is known.
    gone: String,
    /// Workflow types whose workers poll it, as far as they were seen.
    workflow_types: Vec<String>,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A poller of a task queue of the source (DescribeTaskQueue).
#[derive(Serialize, JsonSchema)]
struct PollerLeft {
    /// Namespace of the source.
    source_namespace: String,
    /// Task queue.
    task_queue: String,
    /// Identity of the worker.
    identity: String,
    /// What it polls: `workflow tasks and activity tasks`.
    polls: String,
    /// Time of its last poll, UTC.
    last: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Stale tasks have left the count by then when nobody polls: two looks this far apart can be compared.
const APART: SignedDuration = SignedDuration::from_mins(12);

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&BACKLOGS, per_moved_namespace(context, &|half| backlogs(context, half)));
    view.put(&UNPOLLED_QUEUES, per_moved_namespace(context, &|half| unpolled(context, half)));
    view.put(&POLLERS_LEFT, per_planned_namespace(context, &|half| pollers_left(context, half)));
    let looked_at = per_moved_namespace(context, &|half| looked_at(context, half));
    view.put(&BACKLOG_BASIS, looked_at.clone().map(|queues| backlog_basis(&queues)));
    view.put(&POLLER_BASIS, looked_at.map(|queues| asked(&queues)));
}

/// The task queues of a namespace, unless there was none to look at. A namespace that stays and that nothing has used
/// within retention has none that matters.
fn queues(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<TaskQueue>> {
    let n = half.namespace;
    let moves = context.facts.plan.namespaces.iter().any(|m| m.source == n.name && m.target.is_some());
    let unused = n.open == Known::Known(0) && n.closed == Known::Known(0) && n.schedules == Known::Known(vec![]);
    half.known("task queues", &n.task_queues).and_then(|queues| match !queues.is_empty() || (unused && !moves) {
        true => Known::Known(queues),
        false => Known::Unknown(Why::with_remedy(
            format!(
                "no task queue of {} was looked at: no execution within retention, no schedule and no worker names one",
                half.namespace.name
            ),
            "name them (`temporal-preflight probe --task-queue`), or give earlier snapshots, too",
        )),
    })
}

/// A task queue that was looked at, and how many tasks were left in it.
#[derive(Clone)]
struct LookedAt {
    name: String,
    left: u64,
}

fn looked_at(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<LookedAt>> {
    queues(context, half).map(|queues| {
        let object = |q: &TaskQueue| LookedAt { name: q.name.clone(), left: q.backlog().unwrap_or(0) };
        queues.iter().map(object).collect()
    })
}

fn asked(queues: &[LookedAt]) -> String {
    let names: Vec<String> = queues.iter().map(|q| format!("`{}`", q.name)).collect();
    format!("{} asked: {}", words::count(names.len() as u64, "task queue"), words::list(&names, 10))
}

fn backlog_basis(queues: &[LookedAt]) -> String {
    let stale: Vec<String> = queues
        .iter()
        .filter(|q| q.left > 0)
        .map(|q| format!("{} in `{}`", words::count(q.left, "stale task"), q.name))
        .collect();
    let stale = if stale.is_empty() {
        String::new()
    } else {
        format!("; {} of executions that have ended, which nobody needs to do", words::list(&stale, 5))
    };
    format!("nothing is open and no task comes; {}{stale}", asked(queues))
}

/// Open work of a namespace that makes tasks.
fn open_work(half: &NamespaceSide<'_>) -> Known<u64> {
    let open = half.known("open executions", &half.namespace.open);
    let beside = half.known("standalone activities", &half.namespace.executions.beside);
    open.zip(beside).map(|(open, beside)| {
        open.saturating_add(beside.activities.unwrap_or(0)).saturating_add(beside.nexus_operations.unwrap_or(0))
    })
}

fn backlogs(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<Backlog>> {
    let open = open_work(half);
    let found = queues(context, half).and_then(|queues| {
        let (mut found, mut untold, mut unsure) = (vec![], vec![], vec![]);
        for queue in &queues {
            let before = earlier(half, &queue.name);
            let state = State::of(queue, before, open == Known::Known(0));
            let what = match state {
                State::Still => continue,
                State::Untold => {
                    untold.push(format!("`{}`", queue.name));
                    continue;
                }
                State::Unsure(tasks) => {
                    unsure.push(format!("{} in `{}`", words::count(tasks, "task"), queue.name));
                    continue;
                }
                State::Comes(told) => format!("tasks still come to ({told})"),
                State::Waits(tasks) => format!("{} in", words::count(tasks, "task")),
            };
            found.push(Backlog {
                source_namespace: half.namespace.name.clone(),
                task_queue: queue.name.clone(),
                source_flags: context.source_flags(&half.namespace.name),
                loci: vec![half.locus(format!("task queue {}", queue.name), "DescribeTaskQueue")],
                what,
            });
        }
        let name = &half.namespace.name;
        let mut whys = vec![];
        if !untold.is_empty() {
            let reason = format!(
                "the source does not tell how many tasks wait in {} of {name} (servers before 1.25)",
                words::list(&untold, 5)
            );
            whys.push(Why::with_remedy(reason, "look at the backlog metrics of the source, and attest it"));
        }
        if !unsure.is_empty() {
            let reason = format!(
                "whether the {} of {name} are left over or new cannot be told from one look",
                words::list(&unsure, 5)
            );
            let remedy = "probe again after 12 minutes or more, and give both snapshots to `score --source`";
            whys.push(Why::with_remedy(reason, remedy));
        }
        whys.extend(unasked(context, half, &queues));
        partly(found, &whys)
    });
    // While work is open, tasks come whatever number a queue says at the moment.
    let still_open = match &open {
        Known::Known(0) => Known::Known(vec![]),
        Known::Known(n) | Known::Partial { value: n, .. } if *n > 0 => Known::Unknown(Why::new(format!(
            "{} of {} may still make tasks",
            words::count(*n, "open execution"),
            half.namespace.name
        ))),
        other => other.clone().map(|_| vec![]),
    };
    Known::concat([found, still_open])
}

fn partly(found: Vec<Backlog>, whys: &[Why]) -> Known<Vec<Backlog>> {
    match Why::all(whys) {
        None => Known::Known(found),
        Some(why) => Known::Partial { value: found, why },
    }
}

/// What a queue's numbers mean.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// No task comes, and none waits that anybody needs.
    Still,
    /// Tasks come: in these words.
    Comes(String),
    /// Tasks of open work wait.
    Waits(u64),
    /// Tasks wait, and nothing says whether they are new.
    Unsure(u64),
    /// The server tells no number.
    Untold,
}

impl State {
    /// `before`: how many waited at an earlier look, where there was one. `nothing_open`: no work is open that could need
    /// the tasks.
    fn of(queue: &TaskQueue, before: Option<u64>, nothing_open: bool) -> Self {
        let (backlog, rate) = (queue.backlog(), queue.tasks_an_hour());
        if let Some(rate) = rate.filter(|rate| *rate > 0) {
            return Self::Comes(format!("about {rate} an hour"));
        }
        match (backlog, before) {
            (Some(now), Some(before)) if now > before => Self::Comes(format!("{before} waited before, and {now} now")),
            (None, _) => Self::Untold,
            (Some(0), _) => Self::Still,
            (Some(tasks), _) if !nothing_open => Self::Waits(tasks),
            (Some(tasks), None) if rate.is_none() => Self::Unsure(tasks),
            (Some(_), _) => Self::Still,
        }
    }
}

/// How many tasks waited in a queue at the last look before this one that was long enough ago.
fn earlier(half: &NamespaceSide<'_>, queue: &str) -> Option<u64> {
    let now = half.cluster.newest();
    let usable = |sample: &&OpenSample| {
        sample.namespace == half.namespace.name
            && sample.queues.contains(queue)
            && now.duration_since(sample.taken_at) >= APART
    };
    let last = half.cluster.earlier.iter().filter(usable).max_by_key(|sample| sample.taken_at)?;
    Some(last.backlogs.get(queue).copied().unwrap_or(0))
}

/// Queues that the code names and that were looked at nowhere on the source, and those of an earlier look at this
/// namespace. Which namespace the code means is not known.
fn unasked(context: &Context<'_>, half: &NamespaceSide<'_>, queues: &[TaskQueue]) -> Option<Why> {
    let moves = context.facts.plan.namespaces.iter().any(|m| m.source == half.namespace.name && m.target.is_some());
    let sites = context.code.value().into_iter().flat_map(|code| &code.sites).filter(|s| s.scope.is_production());
    let anywhere = |name: &str| {
        let all = half.cluster.namespaces.iter().filter_map(|n| n.task_queues.value()).flatten();
        all.clone().any(|queue| queue.name == name)
    };
    let of_code = sites.filter_map(|site| site.task_queue.as_deref()).filter(|name| moves && !anywhere(name));
    let looks = half.cluster.earlier.iter().filter(|sample| sample.namespace == half.namespace.name);
    let seen = looks.flat_map(|sample| &sample.queues).map(String::as_str);
    let known: BTreeSet<&str> = of_code.chain(seen).filter(|name| !name.is_empty()).collect();
    let missing: Vec<String> = known
        .into_iter()
        .filter(|name| !queues.iter().any(|q| q.name == *name))
        .map(|name| format!("`{name}`"))
        .collect();
    (!missing.is_empty()).then(|| {
        Why::with_remedy(
            format!(
                "task queues that code or earlier snapshots name were not looked at in {}: {}",
                half.namespace.name,
                words::list(&missing, 5)
            ),
            "probe the source again with `--task-queue` for each of them (`audit` asks for those of the code by itself)",
        )
    })
}

fn unpolled(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<UnpolledQueue>> {
    let now = half.cluster.taken_at_by_its_clock();
    half.known("task queues", &half.namespace.task_queues).map(|queues| {
        let without = queues.iter().filter(|q| q.open_executions.unwrap_or(0) > 0 && q.live_workflow_pollers(now) == 0);
        let object = |queue: &TaskQueue| {
            let gone = compare::last_poller(&queue.workflow_pollers).and_then(|p| Some((&p.identity, p.last_access?)));
            let gone = gone.map(|(who, at)| format!("; the last poll was that of {who} at {}", words::minute(at)));
            UnpolledQueue {
                source_namespace: half.namespace.name.clone(),
                task_queue: queue.name.clone(),
                open: words::count(queue.open_executions.unwrap_or(0), "open execution"),
                gone: gone.unwrap_or_default(),
                source_flags: context.source_flags(&half.namespace.name),
                workflow_types: super::diff::types_on(context, &queue.name),
                loci: vec![half.locus(format!("task queue {}", queue.name), "DescribeTaskQueue")],
            }
        };
        without.map(object).collect()
    })
}

/// Who polls, each once a queue.
fn pollers_left(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<PollerLeft>> {
    let now = half.cluster.taken_at_by_its_clock();
    queues(context, half).map(|queues| {
        let mut found = vec![];
        for queue in &queues {
            let kinds = [
                (queue.workflow_pollers.as_slice(), "workflow tasks"),
                (queue.activity_pollers.as_slice(), "activity tasks"),
                (queue.nexus_pollers.as_deref().unwrap_or_default(), "Nexus tasks"),
            ];
            let mut by_identity: BTreeMap<&str, (BTreeSet<&str>, Option<jiff::Timestamp>)> = BTreeMap::new();
            for (pollers, what) in kinds {
                for Poller { identity, last_access, .. } in pollers.iter().filter(|p| p.is_live(now)) {
                    let entry = by_identity.entry(identity).or_default();
                    entry.0.insert(what);
                    entry.1 = entry.1.max(*last_access);
                }
            }
            for (identity, (polls, last)) in by_identity {
                let polls: Vec<String> = polls.into_iter().map(str::to_owned).collect();
                let last = last.map_or_else(|| "at a time the server does not tell".to_owned(), words::minute);
                found.push(PollerLeft {
                    source_namespace: half.namespace.name.clone(),
                    task_queue: queue.name.clone(),
                    identity: (if identity.is_empty() { "a worker without a name" } else { identity }).to_owned(),
                    polls: words::list(&polls, 3),
                    source_flags: context.source_flags(&half.namespace.name),
                    loci: vec![half.locus(format!("task queue {}", queue.name), "DescribeTaskQueue")],
                    last,
                });
            }
        }
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(backlog: Option<i64>, rate: Option<u64>) -> TaskQueue {
        TaskQueue {
            name: "q".into(),
            workflow_backlog: backlog,
            activity_backlog: backlog.map(|_| 0),
            workflow_tasks_an_hour: rate,
            activity_tasks_an_hour: rate.map(|_| 0),
            ..TaskQueue::default()
        }
    }

    #[test]
    fn tasks_that_come_count_and_numbers_that_linger_do_not() {
        let state = |backlog, rate, before, nothing_open| State::of(&queue(backlog, rate), before, nothing_open);
        assert_eq!(state(Some(0), Some(0), None, true), State::Still);
        assert_eq!(state(Some(3), Some(0), None, true), State::Still, "tasks of executions that ended");
        assert_eq!(state(Some(3), Some(0), Some(3), true), State::Still);
        assert_eq!(state(Some(3), Some(0), None, false), State::Waits(3));
        assert!(matches!(state(Some(0), Some(12), None, true), State::Comes(_)));
        assert!(matches!(state(Some(4), Some(0), Some(3), true), State::Comes(_)), "more than at the look before");
        assert_eq!(state(Some(3), None, None, true), State::Unsure(3), "an older server tells no rate");
        assert_eq!(state(Some(3), None, Some(3), true), State::Still);
        assert_eq!(state(None, None, None, true), State::Untold);
        assert_eq!(state(Some(-2), None, None, true), State::Untold, "no number of tasks is negative");
    }
}
