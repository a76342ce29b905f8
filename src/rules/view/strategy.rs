//! How the namespaces move, and whether that goes together: strategies on one target, several sources in one target.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::{NamespaceSide, half};
use crate::facts::plan::{NamespaceMapping, Strategy};
use crate::facts::{Known, Locus};

const STRATEGY_CONFLICTS: Fact<Vec<StrategyConflict>> =
    Fact::new("plan.strategy_conflicts", "targets on which the plan mixes a dual run and a replication");
const MERGED_NAMESPACES: Fact<Vec<MergedNamespace>> =
    Fact::new("plan.merged_namespaces", "target namespaces that several namespaces of the source move into");
const MERGE_COLLISIONS: Fact<Vec<MergeCollision>> =
    Fact::new("plan.merge_collisions", "what two namespaces that move into one target both have");

pub(super) const PATHS: &[FactPath] =
    &[STRATEGY_CONFLICTS.entry(), MERGED_NAMESPACES.entry(), MERGE_COLLISIONS.entry()];

/// A target on which the plan mixes a dual run and a replication.
#[derive(Serialize, JsonSchema)]
struct StrategyConflict {
    /// Namespace of the target.
    target_namespace: String,
    /// What is mixed, as a sentence.
    problem: String,
    /// Workflow types of the cohort that is routed there; empty when no cohort is concerned.
    workflow_types: Vec<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A target namespace that several namespaces of the source move into.
#[derive(Serialize, JsonSchema)]
struct MergedNamespace {
    /// Namespace of the target.
    target_namespace: String,
    /// The namespaces of the source, at most five, then how many more.
    sources: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A name that two namespaces have that move into one target.
#[derive(Serialize, JsonSchema)]
struct MergeCollision {
    /// Namespace of the target.
    target_namespace: String,
    /// What has the name: `schedule`, `workflow type`, `workflow id`, `task queue`, `replication`.
    what: String,
    /// The name.
    name: String,
    /// The namespaces of the source that have it.
    sources: String,
    /// What happens on the target, as a sentence.
    problem: &'static str,
    /// The workflow types concerned.
    workflow_types: Vec<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&STRATEGY_CONFLICTS, conflicts(context));
    let merged: Vec<MergedNamespace> =
        groups(context).iter().map(|(target, group)| merged(context, target, group)).collect();
    view.put(&MERGED_NAMESPACES, Known::Known(merged));
    view.put(&MERGE_COLLISIONS, collisions(context));
}

/// The mappings of each target that has several.
fn groups<'a>(context: &Context<'a>) -> BTreeMap<&'a str, Vec<&'a NamespaceMapping>> {
    let mut groups: BTreeMap<&str, Vec<&NamespaceMapping>> = BTreeMap::new();
    for mapping in &context.facts.plan.namespaces {
        if let Some(target) = &mapping.target {
            groups.entry(target).or_default().push(mapping);
        }
    }
    groups.retain(|_, group| group.len() > 1);
    groups
}

fn lines(context: &Context<'_>, group: &[&NamespaceMapping]) -> Vec<Locus> {
    group.iter().map(|m| context.plan_locus(m.line)).collect()
}

fn names<'a>(group: impl IntoIterator<Item = &'a str>) -> String {
    words::list(&group.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>(), 5)
}

fn conflicts(context: &Context<'_>) -> Known<Vec<StrategyConflict>> {
    let plan = &context.facts.plan;
    let mut found: Vec<StrategyConflict> = vec![];
    for (target, group) in groups(context) {
        let by = |strategy: Strategy| group.iter().filter(move |m| plan.strategy_of(m) == strategy);
        let (manual, automated): (Vec<_>, Vec<_>) = (by(Strategy::Manual).collect(), by(Strategy::Automated).collect());
        if manual.is_empty() || automated.is_empty() {
            continue;
        }
        let problem = format!(
            "{} is moved by hand and {} by replication",
            names(manual.iter().map(|m| m.source.as_str())),
            names(automated.iter().map(|m| m.source.as_str()))
        );
        found.push(StrategyConflict {
            target_namespace: target.to_owned(),
            workflow_types: vec![],
            loci: lines(context, &group),
            problem,
        });
    }
    let replicated =
        plan.namespaces.iter().filter(|m| m.target.is_some() && plan.strategy_of(m) == Strategy::Automated);
    let routed: Vec<_> = plan.cohorts.iter().filter(|c| c.routed.is_some()).collect();
    // A routed cohort starts executions on the target, and a replicated target must be empty until the handover.
    let live = Known::concat(replicated.filter(|_| !routed.is_empty()).map(|mapping| {
        let half = context.source.clone().and_then(|source| half(source, &mapping.source));
        half.and_then(|half| half.known("workflow types", &half.namespace.workflow_types)).map(|types| {
            let runs = |name: &String| types.iter().any(|t| t.name == *name);
            let here = routed.iter().filter(|c| c.workflow_types.iter().any(runs));
            here.map(|cohort| {
                let problem = format!(
                    "cohort `{}` is routed to the target, and `{}`, where its workflow types run, is replicated",
                    cohort.name, mapping.source
                );
                StrategyConflict {
                    target_namespace: mapping.target.clone().unwrap_or_default(),
                    workflow_types: cohort.workflow_types.clone(),
                    loci: vec![context.plan_locus(cohort.line), context.plan_locus(mapping.line)],
                    problem,
                }
            })
            .collect()
        })
    }));
    Known::concat([Known::Known(found), live])
}

fn merged(context: &Context<'_>, target: &str, group: &[&NamespaceMapping]) -> MergedNamespace {
    let sources = names(group.iter().map(|m| m.source.as_str()));
    MergedNamespace { target_namespace: target.to_owned(), loci: lines(context, group), sources }
}

/// What stands under one name in several namespaces: schedules and ids are lost or refused, and workers take the
/// tasks of the others.
fn collisions(context: &Context<'_>) -> Known<Vec<MergeCollision>> {
    Known::concat(groups(context).into_iter().map(|(target, group)| {
        let plan = &context.facts.plan;
        if group.iter().any(|m| plan.strategy_of(m) == Strategy::Automated) {
            let sources = names(group.iter().map(|m| m.source.as_str()));
            let problem = "a replication needs a target of its own, which nothing else writes to";
            return Known::Known(vec![MergeCollision {
                target_namespace: target.to_owned(),
                what: "replication".to_owned(),
                name: target.to_owned(),
                workflow_types: vec![],
                loci: lines(context, &group),
                sources,
                problem,
            }]);
        }
        let halves = group.iter().map(|m| context.source.clone().and_then(|source| half(source, &m.source)));
        let holdings = Known::concat(halves.map(|half| half.and_then(|half| holdings(&half))));
        holdings.map(|holdings| clashes(target, holdings))
    }))
}

/// One named thing of one namespace.
struct Holding {
    what: &'static str,
    name: String,
    namespace: String,
    workflow_type: Option<String>,
    locus: Locus,
}

fn holdings(half: &NamespaceSide<'_>) -> Known<Vec<Holding>> {
    let holding = |what: &'static str, name: &str, workflow_type: Option<&str>, rpc: &str| Holding {
        what,
        name: name.to_owned(),
        namespace: half.namespace.name.clone(),
        workflow_type: workflow_type.map(str::to_owned),
        locus: half.locus(format!("{what} {name}"), rpc),
    };
    let schedules = half.known("schedules", &half.namespace.schedules);
    let schedules = schedules.map(|all| {
        let each = all.iter().map(|s| holding("schedule", &s.id, Some(&s.action.workflow_type), "DescribeSchedule"));
        each.collect::<Vec<_>>()
    });
    let types = half.known("workflow types", &half.namespace.workflow_types).map(|types| {
        let mut all = vec![];
        for t in &types {
            all.push(holding("workflow type", &t.name, Some(&t.name), "CountWorkflowExecutions"));
            let samples = t.oldest_open.iter().chain(&t.longest_closed);
            let ids: BTreeSet<&str> = samples.map(|s| s.workflow_id.as_str()).collect();
            all.extend(ids.into_iter().map(|id| holding("workflow id", id, Some(&t.name), "ListWorkflowExecutions")));
        }
        all
    });
    let queues = half.known("task queues", &half.namespace.task_queues);
    let queues = queues
        .map(|all| all.iter().map(|q| holding("task queue", &q.name, None, "DescribeTaskQueue")).collect::<Vec<_>>());
    Known::concat([schedules, types, queues])
}

fn clashes(target: &str, holdings: Vec<Holding>) -> Vec<MergeCollision> {
    let mut by_name: BTreeMap<(&str, &str), Vec<&Holding>> = BTreeMap::new();
    for holding in &holdings {
        by_name.entry((holding.what, &holding.name)).or_default().push(holding);
    }
    let several =
        by_name.into_iter().filter(|(_, held)| held.iter().map(|h| &h.namespace).collect::<BTreeSet<_>>().len() > 1);
    several
        .map(|((what, name), held)| {
            let problem = match what {
                "schedule" => "the target holds one schedule of an id: the second is refused or replaces the first",
                "workflow id" => "one id runs once in a namespace: the second start is refused or joins the first",
                "task queue" => "workers of one namespace take tasks of the other, which they may not know",
                _ => "queries, metrics and workers can no longer tell the executions of the one from the other's",
            };
            let types: BTreeSet<&String> = held.iter().filter_map(|h| h.workflow_type.as_ref()).collect();
            let workflow_types = types.into_iter().cloned().collect();
            let sources: BTreeSet<&str> = held.iter().map(|h| h.namespace.as_str()).collect();
            let loci = held.iter().map(|h| h.locus.clone()).collect();
            MergeCollision {
                target_namespace: target.to_owned(),
                what: what.to_owned(),
                name: name.to_owned(),
                sources: names(sources),
                problem,
                workflow_types,
                loci,
            }
        })
        .collect()
}
