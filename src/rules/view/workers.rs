//! Workers and clients by who they are: builds on both sides, tests against histories, owners of identities.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::coverage::whole;
use super::namespaces::per_planned_namespace;
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::{self, NamespaceSide, half, live};
use crate::facts::cluster::Beginning;
use crate::facts::{Known, Locus, Why};

const WORKER_BUILDS: Fact<Vec<WorkerBuilds>> = Fact::new(
    "diff.worker_builds",
    "task queues whose workers on the source and on the target are of different builds",
);
const REPLAY_TESTS: Fact<Vec<NoReplayTest>> =
    Fact::new("code.replay_tests", "code with workflows, and no test that replays recorded histories");
const UNEXPLAINED_IDENTITIES: Fact<Vec<UnexplainedIdentity>> = Fact::new(
    "source.unexplained_identities",
    "clients and workers seen on the source that no entry of `identities` in the plan explains",
);
const IDENTITIES: Fact<Vec<SeenIdentity>> =
    Fact::new("source.identities", "clients and workers seen on the source lately");
const UNTRIED_QUEUES: Fact<Vec<UntriedQueue>> = Fact::new(
    "diff.untried_queues",
    "task queues with work on the source on which nothing has completed on the target",
);
const IDS_OPEN_ON_BOTH: Fact<Vec<OpenOnBoth>> = Fact::new(
    "diff.ids_open_on_both",
    "workflow ids with an open execution on both clusters, among those that were looked for",
);

pub(super) const PATHS: &[FactPath] = &[
    WORKER_BUILDS.entry(),
    REPLAY_TESTS.entry(),
    UNEXPLAINED_IDENTITIES.entry(),
    IDENTITIES.entry(),
    UNTRIED_QUEUES.entry(),
    IDS_OPEN_ON_BOTH.entry(),
];

/// A task queue whose workers are of different builds on both sides.
#[derive(Serialize, JsonSchema)]
struct WorkerBuilds {
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// Task queue.
    task_queue: String,
    /// Build ids of the source, at most three, then how many more.
    source_builds: String,
    /// Build ids of the target.
    target_builds: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Code with workflows and without a test that replays recorded histories.
#[derive(Serialize, JsonSchema)]
struct NoReplayTest {
    /// The first workflow: `flows/pay.go:12`.
    place: String,
    /// Names of the workflows, at most five, then how many more.
    workflows: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A client or worker of the source that no entry of `identities` explains.
#[derive(Serialize, JsonSchema)]
struct UnexplainedIdentity {
    /// Namespace of the source.
    source_namespace: String,
    /// Its identity.
    identity: String,
    /// What it does: `polls tasks`, `starts executions`.
    role: &'static str,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A client or worker seen on the source.
#[derive(Serialize, JsonSchema)]
struct SeenIdentity {
    /// Namespace of the source.
    source_namespace: String,
    /// Its identity.
    identity: String,
    /// What it does: `polls tasks`, `starts executions`.
    role: &'static str,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A task queue with work on the source on which nothing has completed on the target.
#[derive(Serialize, JsonSchema)]
struct UntriedQueue {
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// Task queue.
    task_queue: String,
    /// Flags of the `temporal` CLI that reach the namespace of the target.
    target_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A workflow id with an open execution on both clusters.
#[derive(Serialize, JsonSchema)]
struct OpenOnBoth {
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// Workflow id.
    workflow_id: String,
    /// Workflow type; empty when it was not told.
    workflow_type: String,
    /// Which ids were looked for, in words.
    looked_for: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Flags of the `temporal` CLI that reach the namespace of the target.
    target_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&WORKER_BUILDS, per_pair(context, &builds));
    view.put(&REPLAY_TESTS, replay_tests(context));
    view.put(&UNEXPLAINED_IDENTITIES, identities(context));
    view.put(&IDENTITIES, per_planned_namespace(context, &|half| seen_identities(half)));
    view.put(&UNTRIED_QUEUES, per_pair(context, &|source, target| untried(context, source, target)));
    view.put(&IDS_OPEN_ON_BOTH, per_pair(context, &|source, target| open_on_both(context, source, target)));
}

/// A list over the namespaces that move, with both halves of each.
fn per_pair<T>(
    context: &Context<'_>,
    list: &dyn Fn(&NamespaceSide<'_>, &NamespaceSide<'_>) -> Known<Vec<T>>,
) -> Known<Vec<T>> {
    let clusters = context.source.clone().zip(context.target.clone()).zip(compare::moved(&context.facts.plan));
    clusters.and_then(|((source, target), moved)| {
        Known::concat(moved.into_iter().map(|(mapping, name)| {
            half(source, &mapping.source).zip(half(target, name)).and_then(|(source, target)| list(&source, &target))
        }))
    })
}

/// The builds that work on a task queue.
#[derive(Default)]
struct Builds {
    /// Those that workers name in their heartbeats or polls.
    told: BTreeSet<String>,
    /// A worker names none.
    untold: bool,
}

/// Builds by task queue.
fn builds_of(half: &NamespaceSide<'_>) -> BTreeMap<String, Builds> {
    let mut found: BTreeMap<String, Builds> = BTreeMap::new();
    let now = half.cluster.taken_at_by_its_clock();
    let told = |build: &Option<String>| build.clone().filter(|b| !b.is_empty());
    let mut by_identity: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for worker in half.namespace.workers.value().into_iter().flatten() {
        if let Some(build) = told(&worker.build_id) {
            by_identity.insert((&worker.task_queue, &worker.identity), build.clone());
            found.entry(worker.task_queue.clone()).or_default().told.insert(build);
        }
    }
    for queue in half.namespace.task_queues.value().into_iter().flatten() {
        for poller in queue.workflow_pollers.iter().chain(&queue.activity_pollers).filter(|p| p.is_live(now)) {
            let beat = || by_identity.get(&(queue.name.as_str(), poller.identity.as_str())).cloned();
            let builds = found.entry(queue.name.clone()).or_default();
            match told(&poller.build_id).or_else(beat) {
                Some(build) => drop(builds.told.insert(build)),
                None => builds.untold = true,
            }
        }
    }
    found
}

fn builds(source: &NamespaceSide<'_>, target: &NamespaceSide<'_>) -> Known<Vec<WorkerBuilds>> {
    let (here, there) = (builds_of(source), builds_of(target));
    let queues = source.known("task queues", &source.namespace.task_queues);
    queues.and_then(|queues| {
        let now = source.cluster.taken_at_by_its_clock();
        let polled = queues.iter().filter(|q| q.live_workflow_pollers(now) + q.live_activity_pollers(now) > 0);
        let (mut found, mut untold) = (vec![], vec![]);
        for queue in polled {
            let (left, right) = (here.get(&queue.name), there.get(&queue.name));
            if ![left, right].iter().all(|side| side.is_some_and(|b| !b.untold && !b.told.is_empty())) {
                untold.push(format!("`{}`", queue.name));
            }
            let (Some(Builds { told: left, .. }), Some(Builds { told: right, .. })) = (left, right) else { continue };
            if !left.is_empty() && !right.is_empty() && left != right {
                let shown = |builds: &BTreeSet<String>| {
                    words::list(&builds.iter().map(|b| format!("`{b}`")).collect::<Vec<_>>(), 3)
                };
                let resource = format!("task queue {}", queue.name);
                found.push(WorkerBuilds {
                    source_namespace: source.namespace.name.clone(),
                    target_namespace: target.namespace.name.clone(),
                    task_queue: queue.name.clone(),
                    source_builds: shown(left),
                    target_builds: shown(right),
                    loci: vec![
                        source.locus(resource.clone(), "DescribeTaskQueue"),
                        target.locus(resource, "DescribeTaskQueue"),
                    ],
                });
            }
        }
        if untold.is_empty() {
            return Known::Known(found);
        }
        let reason = format!(
            "not every worker of {} in {} tells its build on both clusters",
            words::list(&untold, 5),
            source.namespace.name
        );
        let why = Why::with_remedy(reason, "set a build id in the options of every worker, and probe again");
        Known::Partial { value: found, why }
    })
}

fn replay_tests(context: &Context<'_>) -> Known<Vec<NoReplayTest>> {
    context.code.clone().and_then(|code| {
        if code.features.iter().any(|f| f.feature == "replay-test") {
            return Known::Known(vec![]);
        }
        let defined = code.workflow_types.iter().filter(|w| w.scope.is_production() && w.role == "defined");
        let defined: Vec<_> = defined.collect();
        let Some(first) = defined.first() else { return whole(code, vec![]) };
        let names: BTreeSet<String> = defined.iter().map(|w| format!("`{}`", w.name)).collect();
        let loci: Vec<Locus> = defined
            .iter()
            .take(5)
            .map(|w| Locus::Source { path: w.path.clone(), line: w.line, column: 0, function: None, snippet: None })
            .collect();
        let found = NoReplayTest {
            place: format!("{}:{}", first.path, first.line),
            workflows: words::list(&names.into_iter().collect::<Vec<_>>(), 5),
            loci,
        };
        whole(code, vec![found])
    })
}

fn identities(context: &Context<'_>) -> Known<Vec<UnexplainedIdentity>> {
    let owners = &context.facts.plan.identities;
    if context.facts.source.value().is_some_and(|source| source.redacted_with.is_some()) {
        return Known::unknown("identities are tokens in the snapshot of the source");
    }
    if owners.is_empty() {
        return Known::Unknown(Why::with_remedy(
            "the plan does not say whose the clients and workers of the source are",
            "list them under `identities:` in preflight.yaml, such as {identity: \"*@payments-worker-*\", owner: payments platform}",
        ));
    }
    per_planned_namespace(context, &|half| {
        seen(half).map(|seen| {
            let unexplained = seen.iter().filter(|(identity, _)| !owners.iter().any(|o| o.covers(identity)));
            let object = |(identity, role): (&String, &&'static str)| UnexplainedIdentity {
                source_namespace: half.namespace.name.clone(),
                identity: identity.clone(),
                role,
                source_flags: context.source_flags(&half.namespace.name),
                loci: vec![
                    half.locus(format!("identity {identity}"), "DescribeTaskQueue"),
                    context.plan_key("identities"),
                ],
            };
            unexplained.map(object).collect()
        })
    })
}

fn seen_identities(half: &NamespaceSide<'_>) -> Known<Vec<SeenIdentity>> {
    seen(half).map(|seen| {
        let object = |(identity, role): (&String, &&'static str)| SeenIdentity {
            source_namespace: half.namespace.name.clone(),
            identity: identity.clone(),
            role,
            loci: vec![half.locus(format!("identity {identity}"), "DescribeTaskQueue")],
        };
        seen.iter().map(object).collect()
    })
}

/// Clients and workers seen in a namespace, with what they do.
fn seen(half: &NamespaceSide<'_>) -> Known<BTreeMap<String, &'static str>> {
    let mut seen: BTreeMap<String, &'static str> = BTreeMap::new();
    let queues = half.known("task queues", &half.namespace.task_queues);
    for queue in queues.value().into_iter().flatten() {
        for poller in queue.workflow_pollers.iter().chain(&queue.activity_pollers) {
            seen.entry(poller.identity.clone()).or_insert("polls tasks");
        }
    }
    let recent = half.known("recent starts", &half.namespace.executions.recent);
    for starter in recent.value().into_iter().flat_map(|r| &r.types).flat_map(|t| &t.starters) {
        if starter.how == Beginning::Started {
            seen.insert(starter.identity.clone(), "starts executions");
        }
    }
    queues.zip(recent).map(|_| seen)
}

/// The target has shown that a queue works when an execution on it has completed there.
fn untried(context: &Context<'_>, source: &NamespaceSide<'_>, target: &NamespaceSide<'_>) -> Known<Vec<UntriedQueue>> {
    let queues = source.known("task queues", &source.namespace.task_queues);
    let types = target.known("workflow types", &target.namespace.workflow_types);
    let last = target.known("the longest closed execution", &target.namespace.longest_closed);
    queues.zip(types).zip(last).and_then(|((queues, types), longest)| {
        let completed = types.iter().filter_map(|t| t.longest_closed.as_ref()).chain(&longest);
        let tried: BTreeSet<&str> = completed.map(|sample| sample.task_queue.as_str()).collect();
        let with_work = queues.iter().filter(|q| q.open_executions.unwrap_or(0) > 0 || !q.workflow_pollers.is_empty());
        let open: Vec<&str> = with_work.map(|q| q.name.as_str()).filter(|name| !tried.contains(name)).collect();
        if open.is_empty() {
            return Known::Known(vec![]);
        }
        let closed: u64 = types.iter().map(|t| t.closed).sum();
        let names: Vec<String> = open.iter().map(|name| format!("`{name}`")).collect();
        let (name, place) = (&target.namespace.name, words::list(&names, 5));
        if closed == 0 {
            // Nothing has ever run there: that is certain, whatever was sampled.
            let each = open.iter().map(|queue| UntriedQueue {
                source_namespace: source.namespace.name.clone(),
                target_namespace: name.clone(),
                task_queue: (*queue).to_owned(),
                target_flags: context.target_flags(name),
                loci: vec![
                    target.locus("closed executions", "CountWorkflowExecutions"),
                    source.locus(format!("task queue {queue}"), "DescribeTaskQueue"),
                ],
            });
            return Known::Known(each.collect());
        }
        let why = Why::with_remedy(
            format!("among the executions that were looked at in {name}, none completed on {place}"),
            format!("run a small workflow on each of these task queues of {name}, and attest it"),
        );
        Known::Partial { value: vec![], why }
    })
}

fn open_on_both(
    context: &Context<'_>,
    source: &NamespaceSide<'_>,
    target: &NamespaceSide<'_>,
) -> Known<Vec<OpenOnBoth>> {
    let (from, to) = (&source.namespace.name, &target.namespace.name);
    let object = |id: &str, workflow_type: &str, looked_for: &str| OpenOnBoth {
        source_namespace: from.clone(),
        target_namespace: to.clone(),
        workflow_id: id.to_owned(),
        workflow_type: workflow_type.to_owned(),
        looked_for: looked_for.to_owned(),
        source_flags: context.source_flags(from),
        target_flags: context.target_flags(to),
        loci: vec![
            live(source.cluster, Some(from), format!("workflow {id}"), "ListWorkflowExecutions"),
            live(target.cluster, Some(to), format!("workflow {id}"), "ListWorkflowExecutions"),
        ],
    };
    // Nothing open on a side is nothing open on both.
    if source.namespace.open == Known::Known(0) || target.namespace.open == Known::Known(0) {
        return Known::Known(vec![]);
    }
    let (here, there) = (&source.namespace.executions, &target.namespace.executions);
    if let Some((left, right)) = here.open_ids.as_ref().zip(there.open_ids.as_ref()).value() {
        let looked_for = format!("all of {} and {} open executions", left.open, right.open);
        let known: BTreeMap<&str, &str> =
            right.executions.iter().map(|e| (e.workflow_id.as_str(), e.workflow_type.as_str())).collect();
        let both = left.executions.iter().filter_map(|e| Some((&e.workflow_id, known.get(e.workflow_id.as_str())?)));
        return Known::Known(both.map(|(id, name)| object(id, name, &looked_for)).collect());
    }
    // Ids of one side that were looked for on the other: all of the smaller side are enough.
    let sides = [(from, to, &there.also_open), (to, from, &here.also_open)];
    let mut whys: Vec<Why> = vec![];
    let mut found: BTreeMap<&str, OpenOnBoth> = BTreeMap::new();
    for (of, on, also) in sides {
        whys.extend(also.why().cloned());
        let Some(asked) = also.value() else { continue };
        let looked_for = format!("{} of {} of {of}", asked.asked, words::count(asked.of, "open execution"));
        for sample in &asked.open {
            let value = object(&sample.workflow_id, &sample.workflow_type, &looked_for);
            found.entry(&sample.workflow_id).or_insert(value);
        }
        if asked.asked >= asked.of && also.is_known() {
            return Known::Known(found.into_values().collect());
        }
        // A sample shows what is there, never that nothing is.
        whys.push(Why::with_remedy(
            format!("only {looked_for} were looked for in {on}"),
            "see to it that no starter still runs against both clusters, and attest it",
        ));
    }
    let ids = source.namespace.open_ids();
    let sampled = target.namespace.open_ids().into_iter().filter(|id| ids.contains(id));
    for id in sampled {
        found.entry(id).or_insert_with(|| object(id, "", "the oldest executions of both sides"));
    }
    let found: Vec<OpenOnBoth> = found.into_values().collect();
    let numbers = [&source.namespace.open, &target.namespace.open].map(|open| open.value().copied());
    if let [Some(left), Some(right)] = numbers {
        whys.insert(0, Why::new(format!("{left} executions are open in {from} and {right} in {to}")));
    }
    match Why::all(&whys) {
        None => Known::Known(found),
        Some(why) if found.is_empty() && here.also_open.value().or(there.also_open.value()).is_none() => {
            Known::Unknown(why)
        }
        Some(why) => Known::Partial { value: found, why },
    }
}
