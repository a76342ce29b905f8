//! Workers and clients by who they are: builds on both sides, tests against histories, owners of identities.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::cluster::per_planned_namespace;
use super::coverage::whole;
use super::{Context, FactPath, FactView, words};
use crate::compare::{self, Half, half, live};
use crate::facts::cluster::Beginning;
use crate::facts::{Known, Locus, Why};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "diff.worker_builds",
        "task queues whose workers on the source and on the target are of different builds",
    ), /* fields: source_namespace, target_namespace, task_queue, source_builds, target_builds */
    FactPath::untyped("code.replay_tests", "code with workflows, and no test that replays recorded histories"), /* fields: place, workflows */
    FactPath::untyped(
        "source.unexplained_identities",
        "clients and workers seen on the source that no entry of `identities` in the plan explains",
    ), /* fields: source_namespace, identity, role, source_flags */
    FactPath::untyped("source.identities", "clients and workers seen on the source lately"), /* fields: source_namespace, identity, role */
    FactPath::untyped(
        "diff.untried_queues",
        "task queues with work on the source on which nothing has completed on the target",
    ), /* fields: source_namespace, target_namespace, task_queue, target_flags */
    FactPath::untyped(
        "diff.ids_open_on_both",
        "workflow ids with an open execution on both clusters, among those that were looked for",
    ), /* fields: source_namespace, target_namespace, workflow_id, workflow_type, source_flags, target_flags, looked_for */
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put_untyped("diff.worker_builds", per_pair(context, &builds));
    view.put_untyped("code.replay_tests", replay_tests(context));
    view.put_untyped("source.unexplained_identities", identities(context));
    view.put_untyped("source.identities", per_planned_namespace(context, &|half| seen_identities(half)));
    view.put_untyped("diff.untried_queues", per_pair(context, &|source, target| untried(context, source, target)));
    view.put_untyped(
        "diff.ids_open_on_both",
        per_pair(context, &|source, target| open_on_both(context, source, target)),
    );
}

/// A list over the namespaces that move, with both halves of each.
fn per_pair(context: &Context<'_>, list: &dyn Fn(&Half<'_>, &Half<'_>) -> Known<Vec<Value>>) -> Known<Vec<Value>> {
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
fn builds_of(half: &Half<'_>) -> BTreeMap<String, Builds> {
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

fn builds(source: &Half<'_>, target: &Half<'_>) -> Known<Vec<Value>> {
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
                found.push(json!({"source_namespace": source.namespace.name, "target_namespace": target.namespace.name,
                    "task_queue": queue.name, "source_builds": shown(left), "target_builds": shown(right),
                    "loci": [source.locus(resource.clone(), "DescribeTaskQueue"), target.locus(resource, "DescribeTaskQueue")]}));
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

fn replay_tests(context: &Context<'_>) -> Known<Vec<Value>> {
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
        let found = json!({"place": format!("{}:{}", first.path, first.line), "loci": loci,
                           "workflows": words::list(&names.into_iter().collect::<Vec<_>>(), 5)});
        whole(code, vec![found])
    })
}

fn identities(context: &Context<'_>) -> Known<Vec<Value>> {
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
            let object = |(identity, role): (&String, &&str)| {
                json!({"source_namespace": half.namespace.name, "identity": identity, "role": role,
                       "source_flags": context.source_flags(&half.namespace.name),
                       "loci": [half.locus(format!("identity {identity}"), "DescribeTaskQueue"), context.plan_key("identities")]})
            };
            unexplained.map(object).collect()
        })
    })
}

fn seen_identities(half: &Half<'_>) -> Known<Vec<Value>> {
    seen(half).map(|seen| {
        let object = |(identity, role): (&String, &&str)| {
            json!({"source_namespace": half.namespace.name, "identity": identity, "role": role,
                   "loci": [half.locus(format!("identity {identity}"), "DescribeTaskQueue")]})
        };
        seen.iter().map(object).collect()
    })
}

/// Clients and workers seen in a namespace, with what they do.
fn seen(half: &Half<'_>) -> Known<BTreeMap<String, &'static str>> {
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
fn untried(context: &Context<'_>, source: &Half<'_>, target: &Half<'_>) -> Known<Vec<Value>> {
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
            let each = open.iter().map(|queue| {
                json!({"source_namespace": source.namespace.name, "target_namespace": name, "task_queue": queue,
                       "target_flags": context.target_flags(name),
                       "loci": [target.locus("closed executions", "CountWorkflowExecutions"),
                                source.locus(format!("task queue {queue}"), "DescribeTaskQueue")]})
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

fn open_on_both(context: &Context<'_>, source: &Half<'_>, target: &Half<'_>) -> Known<Vec<Value>> {
    let (from, to) = (&source.namespace.name, &target.namespace.name);
    let object = |id: &str, workflow_type: &str, looked_for: &str| {
        json!({"source_namespace": from, "target_namespace": to, "workflow_id": id, "workflow_type": workflow_type,
               "looked_for": looked_for,
               "source_flags": context.source_flags(from), "target_flags": context.target_flags(to),
               "loci": [live(source.cluster, Some(from), format!("workflow {id}"), "ListWorkflowExecutions"),
                        live(target.cluster, Some(to), format!("workflow {id}"), "ListWorkflowExecutions")]})
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
    let mut found: BTreeMap<&str, Value> = BTreeMap::new();
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
    let found: Vec<Value> = found.into_values().collect();
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
