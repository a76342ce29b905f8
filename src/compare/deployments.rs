//! Worker deployments: they do not move, and a version that still has executions needs its workers.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{NamespacePair, NamespaceSide, Pair};
use crate::facts::cluster::{TaskQueue, WorkerDeployment};
use crate::facts::{Known, Locus};

/// A worker deployment that one side lacks, or of which a version lacks its workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DeploymentChange {
    /// Where.
    #[serde(flatten)]
    pub pair: Pair,
    /// What is the matter.
    pub change: DeploymentKind,
    /// Name of the deployment.
    pub name: String,
    /// The build id meant: the current one of the source, or the one that drains.
    pub build_id: String,
    /// What the clusters answered.
    pub loci: Vec<Locus>,
}

/// What is the matter with a worker deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentKind {
    /// Current on the source; the target does not know it.
    MissingOnTarget,
    /// On both, but the target has no current version: its executions wait for unversioned workers.
    NotCurrentOnTarget,
    /// Open executions on the source are pinned to a version that nobody runs.
    DrainingWithoutWorkers,
}

pub(super) fn changes(halves: &NamespacePair<'_>) -> Known<Vec<DeploymentChange>> {
    let (source, target) = (&halves.source, &halves.target);
    let lists = source
        .known("worker deployments", &source.namespace.deployments)
        .zip(target.known("worker deployments", &target.namespace.deployments));
    let change = |kind, name: &str, build: &str, sides: &[&NamespaceSide<'_>]| DeploymentChange {
        pair: halves.pair.clone(),
        change: kind,
        name: name.to_owned(),
        build_id: build.to_owned(),
        loci: sides.iter().map(|s| s.locus(format!("worker deployment {name}"), "DescribeWorkerDeployment")).collect(),
    };
    let routed = lists.map(|(left, right)| {
        let routed = left.iter().filter_map(|d| Some((d, d.current.as_deref()?)));
        let lacking = routed.filter_map(|(d, build)| {
            let kind = match right.iter().find(|other| other.name == d.name) {
                None => DeploymentKind::MissingOnTarget,
                Some(other) if other.current.is_none() => DeploymentKind::NotCurrentOnTarget,
                Some(_) => return None,
            };
            Some(change(kind, &d.name, build, &[source, target]))
        });
        lacking.collect::<Vec<_>>()
    });
    let draining = source.known("worker deployments", &source.namespace.deployments).and_then(|deployments| {
        let draining: Vec<(&WorkerDeployment, &str)> = deployments
            .iter()
            .flat_map(|d| d.versions.iter().filter(|v| v.status == "Draining").map(move |v| (d, v.build_id.as_str())))
            .collect();
        if draining.is_empty() {
            return Known::Known(vec![]);
        }
        source.known("task queues", &source.namespace.task_queues).map(|queues| {
            let polled = polled(&queues, source.cluster.taken_at_by_its_clock());
            draining
                .iter()
                .filter(|(d, build)| !polled.contains(&(d.name.as_str(), *build)))
                .map(|(d, build)| change(DeploymentKind::DrainingWithoutWorkers, &d.name, build, &[source]))
                .collect()
        })
    });
    Known::concat([routed, draining])
}

/// Deployments and build ids that workers poll with.
fn polled(queues: &[TaskQueue], at: jiff::Timestamp) -> BTreeSet<(&str, &str)> {
    let pollers = queues.iter().flat_map(|q| q.workflow_pollers.iter().chain(&q.activity_pollers));
    pollers.filter(|p| p.is_live(at)).filter_map(|p| Some((p.deployment.as_deref()?, p.build_id.as_deref()?))).collect()
}
