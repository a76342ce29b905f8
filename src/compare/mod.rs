//! Two snapshots and the namespace map → typed changes; pure.
//!
//! Only namespaces that move are compared. Every list is [`Known`]: a namespace or a part of it that was not
//! probed makes the list partial or unknown, with the reason, and never shorter in silence.

pub mod cohorts;
mod deployments;
mod namespaces;
mod schedule_gaps;
mod schedules;
mod search_attributes;
mod task_queues;

pub use deployments::{DeploymentChange, DeploymentKind};
pub use namespaces::{ConfigChange, ConfigKind, namespace_missing};
pub use schedule_gaps::{GapVerdict, ScheduleGap};
pub use schedules::{FieldDifference, ScheduleChange, ScheduleKind};
pub use search_attributes::{AttributeChange, AttributeKind};
pub use task_queues::{QueueChange, QueueKind, TypeChange, TypeKind, last_poller};

use serde::Serialize;

use crate::facts::cluster::{ClusterKind, ClusterSnapshot, NamespaceSnapshot};
use crate::facts::plan::{NamespaceMapping, Plan, TargetKind};
use crate::facts::{Known, Locus, Side, Why};

/// Everything that differs between the two clusters, as far as both are known.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    /// Custom search attributes.
    pub search_attributes: Known<Vec<AttributeChange>>,
    /// Schedules in canonical form.
    pub schedules: Known<Vec<ScheduleChange>>,
    /// Times that schedules were due at while they were paused on the source.
    pub schedule_gaps: Known<Vec<ScheduleGap>>,
    /// Namespace configuration: retention, archival, size limits.
    pub namespaces: Known<Vec<ConfigChange>>,
    /// Task queues without workers on the target.
    pub task_queues: Known<Vec<QueueChange>>,
    /// Worker deployments that the target lacks, or that lack workers.
    pub deployments: Known<Vec<DeploymentChange>>,
    /// Workflow types by where they run.
    pub workflow_types: Known<Vec<TypeChange>>,
}

/// The namespaces a change lies between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Pair {
    /// Name on the source.
    pub source_namespace: String,
    /// Name on the target.
    pub target_namespace: String,
    /// What the target is; commands differ between Cloud and a cluster the team runs.
    pub target_kind: ClusterKind,
}

/// Compare the namespaces that move.
pub fn compare(source: &Known<ClusterSnapshot>, target: &Known<ClusterSnapshot>, plan: &Plan) -> Comparison {
    let each = Each { source, target, plan };
    Comparison {
        search_attributes: each.namespace(search_attributes::changes),
        schedules: each.namespace(schedules::changes),
        schedule_gaps: each.namespace(schedule_gaps::gaps),
        namespaces: each.namespace(namespaces::changes),
        task_queues: each.namespace(task_queues::queue_changes),
        deployments: each.namespace(deployments::changes),
        workflow_types: each.namespace(task_queues::type_changes),
    }
}

/// Both halves of one mapped namespace.
pub(crate) struct NamespacePair<'a> {
    pub pair: Pair,
    pub source: NamespaceSide<'a>,
    pub target: NamespaceSide<'a>,
}

/// One namespace on one side.
#[derive(Clone, Copy)]
pub(crate) struct NamespaceSide<'a> {
    pub cluster: &'a ClusterSnapshot,
    pub namespace: &'a NamespaceSnapshot,
}

impl NamespaceSide<'_> {
    /// What this cluster answered.
    pub fn locus(&self, resource: impl Into<String>, rpc: &str) -> Locus {
        live(self.cluster, Some(&self.namespace.name), resource, rpc)
    }

    /// Name the side and namespace in the reason of a missing part.
    pub fn known<T: Clone>(&self, what: &str, part: &Known<T>) -> Known<T> {
        let (side, name) = (self.cluster.side, &self.namespace.name);
        match part.clone() {
            Known::Unknown(why) => Known::Unknown(name_place(why, side, name, what)),
            Known::Partial { value, why } => Known::Partial { value, why: name_place(why, side, name, what) },
            known => known,
        }
    }
}

fn name_place(why: Why, side: Side, namespace: &str, what: &str) -> Why {
    Why { reason: format!("{what} of {side} namespace {namespace}: {}", why.reason), remedy: why.remedy }
}

/// A place in a live cluster.
pub fn live(cluster: &ClusterSnapshot, namespace: Option<&str>, resource: impl Into<String>, rpc: &str) -> Locus {
    Locus::Live {
        side: cluster.side,
        namespace: namespace.map(str::to_owned),
        resource: resource.into(),
        rpc: rpc.to_owned(),
        time: cluster.taken_at,
    }
}

struct Each<'a> {
    source: &'a Known<ClusterSnapshot>,
    target: &'a Known<ClusterSnapshot>,
    plan: &'a Plan,
}

impl<'a> Each<'a> {
    fn namespace<T>(&self, changes: impl Fn(&NamespacePair<'a>) -> Known<Vec<T>>) -> Known<Vec<T>> {
        let clusters = self.source.as_ref().zip(self.target.as_ref());
        clusters.and_then(|(source, target)| {
            moved(self.plan).and_then(|moved| {
                Known::concat(moved.into_iter().map(|(mapping, target_name)| {
                    let halves = half(source, &mapping.source).zip(half(target, target_name));
                    halves.and_then(|(source, target)| {
                        let pair = Pair {
                            source_namespace: mapping.source.clone(),
                            target_namespace: target_name.to_owned(),
                            target_kind: match self.plan.target_kind {
                                TargetKind::Cloud => ClusterKind::Cloud,
                                TargetKind::Rehearsal => ClusterKind::SelfHosted,
                            },
                        };
                        changes(&NamespacePair { pair, source, target })
                    })
                }))
            })
        })
    }
}

/// The namespaces that move, each with the name of its target; unknown when there are none, because a comparison of
/// nothing finds no difference.
pub fn moved(plan: &Plan) -> Known<Vec<(&NamespaceMapping, &str)>> {
    let moved: Vec<_> = plan.namespaces.iter().filter_map(|m| m.target.as_deref().map(|t| (m, t))).collect();
    if !moved.is_empty() {
        return Known::Known(moved);
    }
    let reason = match plan.namespaces.is_empty() {
        true => "the plan maps no namespace",
        false => "the plan moves no namespace: all of them are excluded",
    };
    Known::Unknown(Why::with_remedy(
        reason,
        "list under `namespaces:` in preflight.yaml which source namespace moves to which target namespace",
    ))
}

/// The snapshot of one namespace, or why there is none. Of a namespace the cluster does not have there is nothing to
/// know, and one reason for all of it.
pub(crate) fn half<'a>(cluster: &'a ClusterSnapshot, name: &str) -> Known<NamespaceSide<'a>> {
    match cluster.namespaces.iter().find(|n| n.name == name) {
        Some(namespace) if namespace.exists == Some(false) => {
            let rule = match cluster.side {
                Side::Source => "source-inventory",
                Side::Target => "namespace-missing-on-target",
            };
            Known::Unknown(Why::with_remedy(
                format!("the {} has no namespace {name}", cluster.side),
                format!("answered once `{rule}` is mended and both clusters are probed again"),
            ))
        }
        Some(namespace) => Known::Known(NamespaceSide { cluster, namespace }),
        None => {
            let failed = cluster.connection.iter().find(|s| !s.ok);
            let reason = match failed {
                Some(step) => format!("the {} could not be reached ({}: {})", cluster.side, step.step, step.detail),
                None => format!("namespace {name} of the {} was not probed", cluster.side),
            };
            let remedy = failed
                .and_then(|s| s.remedy.clone())
                .unwrap_or_else(|| format!("probe the {} again with namespace {name} in the plan", cluster.side));
            Known::Unknown(Why::with_remedy(reason, remedy))
        }
    }
}
