//! The facts as rules see them: named values, each known, known in part, or unknown.
//!
//! Everything that needs arithmetic, a clock, a limit or a decision is computed here, so that rules only select
//! and name. Each file holds the paths of one kind of evidence and a table that documents them.

mod account;
mod attributes;
mod certificates;
mod cluster;
mod code;
mod cohorts;
mod coverage;
mod diff;
mod drain;
mod eligibility;
mod excluded;
mod executions;
mod inventory;
mod limits;
mod metrics;
mod namespaces;
mod plan;
mod queues;
mod routing;
mod running;
mod schedule_command;
mod schedules;
mod sdks;
mod site;
mod sizes;
mod starters;
mod strategy;
mod switch_off;
mod target_health;
mod timing;
mod versioning;
mod words;
mod workers;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::compare::{Comparison, compare};
use crate::facts::cluster::{ClusterKind, ClusterSnapshot};
use crate::facts::code::CodeFacts;
use crate::facts::plan::{Strategy, TargetKind};
use crate::facts::{Facts, Known, Locus, Why};
use crate::rules::fact::{Fact, FactPath};

/// Dotted fact path (`diff.search_attributes`) → value. A path that is absent was never computed; a rule
/// that needs it is unknown.
#[derive(Debug, Clone, Default)]
pub struct FactView {
    facts: BTreeMap<String, Known<Value>>,
    /// Of a plan that moves some namespaces by hand and others by replication: what concerns each of them alone.
    parts: BTreeMap<Strategy, FactView>,
}

impl FactView {
    /// Add a fact.
    pub fn set(&mut self, path: &str, value: Known<Value>) {
        self.facts.insert(path.to_owned(), value);
    }

    /// Add a fact of its type.
    pub fn put<T: serde::Serialize + schemars::JsonSchema>(&mut self, fact: &Fact<T>, value: Known<T>) {
        let path = fact.path();
        let json = value.and_then(|v| match serde_json::to_value(v) {
            Ok(v) => Known::Known(v),
            Err(e) => Known::unknown(format!("the fact {path} could not be represented: {e}")),
        });
        self.set(path, json);
    }

    /// Look a fact up.
    pub fn get(&self, path: &str) -> Known<&Value> {
        match self.facts.get(path) {
            Some(known) => known.as_ref(),
            None => Known::Unknown(Why::new(format!("the fact {path} was not part of this run"))),
        }
    }

    /// The facts of the namespaces that move by one strategy, when the plan uses both.
    pub fn part(&self, strategy: Strategy) -> Option<&FactView> {
        self.parts.get(&strategy)
    }

    /// All paths present.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.facts.keys().map(String::as_str)
    }
}

/// Every path [`build`] computes, in the order of the rooms the evidence comes from.
pub fn fact_paths() -> impl Iterator<Item = &'static FactPath> {
    [
        starters::PATHS,
        code::PATHS,
        sdks::PATHS,
        limits::PATHS,
        cluster::PATHS,
        executions::PATHS,
        excluded::PATHS,
        target_health::PATHS,
        switch_off::PATHS,
        plan::PATHS,
        strategy::PATHS,
        cohorts::PATHS,
        drain::PATHS,
        queues::PATHS,
        running::PATHS,
        workers::PATHS,
        routing::PATHS,
        certificates::PATHS,
        diff::PATHS,
        schedules::PATHS,
        schedules::MOVES,
        attributes::PATHS,
        eligibility::PATHS,
        metrics::PATHS,
        versioning::PATHS,
        account::PATHS,
        timing::PATHS,
        sizes::PATHS,
    ]
    .into_iter()
    .flatten()
}

/// Compute every fact rules can ask for.
pub fn build(facts: &Facts) -> FactView {
    let mut view = build_one(facts);
    let strategies = facts.plan.strategies();
    if strategies.len() > 1 {
        let part = |strategy: Strategy| build_one(&Facts { plan: facts.plan.only(strategy), ..facts.clone() });
        view.parts = strategies.into_iter().map(|strategy| (strategy, part(strategy))).collect();
    }
    view
}

fn build_one(facts: &Facts) -> FactView {
    let context = Context::new(facts);
    let mut view = FactView::default();
    starters::put(&context, &mut view);
    code::put(&context, &mut view);
    sdks::put(&context, &mut view);
    limits::put(&context, &mut view);
    cluster::put(&context, &mut view);
    executions::put(&context, &mut view);
    excluded::put(&context, &mut view);
    target_health::put(&context, &mut view);
    switch_off::put(&context, &mut view);
    plan::put(&context, &mut view);
    strategy::put(&context, &mut view);
    cohorts::put(&context, &mut view);
    drain::put(&context, &mut view);
    queues::put(&context, &mut view);
    running::put(&context, &mut view);
    workers::put(&context, &mut view);
    routing::put(&context, &mut view);
    certificates::put(&context, &mut view);
    diff::put(&context, &mut view);
    metrics::put(&context, &mut view);
    schedules::put(&context, &mut view);
    schedules::put_moves(&context, &mut view);
    attributes::put(&context, &mut view);
    eligibility::put(&context, &mut view);
    versioning::put(&context, &mut view);
    account::put(&context, &mut view);
    timing::put(&context, &mut view);
    sizes::put(&context, &mut view);
    view
}

/// The facts, with a remedy for each part that is missing as a whole, and what several files need.
struct Context<'a> {
    facts: &'a Facts,
    code: Known<&'a CodeFacts>,
    source: Known<&'a ClusterSnapshot>,
    target: Known<&'a ClusterSnapshot>,
    /// What the plan says the target is: Temporal Cloud, or a self-hosted server that stands in for it.
    target_kind: ClusterKind,
    comparison: Comparison,
}

impl<'a> Context<'a> {
    fn new(facts: &'a Facts) -> Self {
        let code = with_remedy(
            facts.code.as_ref(),
            "scan every repository that starts or runs workflows: `temporal-preflight scan`",
        );
        let source = with_remedy(facts.source.as_ref(), "probe the source cluster: `temporal-preflight probe`");
        let target = with_remedy(facts.target.as_ref(), "probe the target cluster: `temporal-preflight probe`");
        let target_kind = match facts.plan.target_kind {
            TargetKind::Cloud => ClusterKind::Cloud,
            TargetKind::Rehearsal => ClusterKind::SelfHosted,
        };
        let comparison = compare(&facts.source, &facts.target, &facts.plan);
        Self { facts, code, source, target, target_kind, comparison }
    }

    /// Connection flags of the `temporal` CLI for a namespace of the source.
    fn source_flags(&self, namespace: &str) -> String {
        words::cli(self.facts.source.value(), namespace)
    }

    /// Connection flags of the `temporal` CLI for a namespace of the target.
    fn target_flags(&self, namespace: &str) -> String {
        words::cli(self.facts.target.value(), namespace)
    }

    /// Whether the plan says what becomes of executions of a type that run longer than the window.
    fn has_way_out(&self, workflow_type: &str) -> bool {
        self.facts.plan.ways_out.iter().any(|way| way.workflow_type == workflow_type)
    }

    /// A line of the plan file.
    fn plan_locus(&self, line: u32) -> Locus {
        let path = self.facts.plan.place.as_ref().map_or("preflight.yaml", |p| p.path.as_str());
        Locus::File { path: path.to_owned(), line }
    }

    /// The line of a top-level key of the plan file.
    fn plan_key(&self, key: &str) -> Locus {
        let line = self.facts.plan.place.as_ref().and_then(|p| p.lines.get(key).copied()).unwrap_or(0);
        self.plan_locus(line)
    }
}

fn with_remedy<T>(known: Known<T>, remedy: &str) -> Known<T> {
    match known {
        Known::Unknown(why) if why.remedy.is_none() => Known::Unknown(Why::with_remedy(why.reason, remedy)),
        other => other,
    }
}

/// The wire name of a cluster kind.
fn kind_name(kind: ClusterKind) -> &'static str {
    match kind {
        ClusterKind::SelfHosted => "self-hosted",
        ClusterKind::Cloud => "cloud",
    }
}
