//! Whether the target is what the plan says, and whether work has moved there.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Fact, FactPath, FactView};
use crate::compare::{self, NamespaceSide, half, live};
use crate::facts::cluster::ClusterKind;
use crate::facts::plan::TargetKind;
use crate::facts::{Known, Locus};

const OTHER_KIND: Fact<Vec<OtherKind>> =
    Fact::new("target.other_kind", "a target that does not look like what the plan says it is");
const MOVED_NAMESPACES: Fact<Vec<MovedNamespace>> =
    Fact::new("target.moved_namespaces", "pairs of namespaces that move, with the executions the target has started");

pub(super) const PATHS: &[FactPath] = &[OTHER_KIND.entry(), MOVED_NAMESPACES.entry()];

/// A target that does not look like what the plan says it is.
#[derive(Serialize, JsonSchema)]
struct OtherKind {
    /// What the address proves.
    verdict: KindVerdict,
    /// Address of the connection, `host:port`.
    address: String,
    /// What the plan says: `cloud`, `rehearsal`.
    kind: &'static str,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// What an address says of the kind of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum KindVerdict {
    /// It is the address of the other kind.
    Wrong,
    /// It may lead to either kind: a proxy, or a name of the team.
    Unproven,
}

/// A pair of namespaces that move.
#[derive(Serialize, JsonSchema)]
struct MovedNamespace {
    /// Whether the source has executions, open or closed within retention, and the target has none (CountWorkflowExecutions).
    idle: bool,
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// Flags of the `temporal` CLI that reach the namespace of the target.
    target_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&OTHER_KIND, other_kind(context));
    view.put(&MOVED_NAMESPACES, moved_namespaces(context));
}

/// An address of Temporal Cloud proves what the target is; another one may lead there through a proxy or the team's own
/// name.
fn other_kind(context: &Context<'_>) -> Known<Vec<OtherKind>> {
    context.target.clone().map(|target| {
        let verdict = match (context.facts.plan.target_kind, target.kind) {
            (TargetKind::Cloud, ClusterKind::SelfHosted) => KindVerdict::Unproven,
            (TargetKind::Rehearsal, ClusterKind::Cloud) => KindVerdict::Wrong,
            _ => return vec![],
        };
        let loci =
            vec![live(target, None, format!("address {}", target.address), "connection"), context.plan_key("target")];
        let kind = context.facts.plan.target_kind.name();
        vec![OtherKind { address: target.address.clone(), verdict, kind, loci }]
    })
}

fn moved_namespaces(context: &Context<'_>) -> Known<Vec<MovedNamespace>> {
    let both = context.source.clone().zip(context.target.clone()).zip(compare::moved(&context.facts.plan));
    both.and_then(|((source, target), moved)| {
        Known::concat(moved.into_iter().map(|(mapping, name)| {
            let halves = half(source, &mapping.source).zip(half(target, name));
            halves.and_then(|(source, target)| {
                executions(&source).zip(executions(&target)).map(|(there, here)| {
                    vec![MovedNamespace {
                        idle: there > 0 && here == 0,
                        source_namespace: mapping.source.clone(),
                        target_namespace: name.to_owned(),
                        target_flags: context.target_flags(name),
                        loci: vec![target.locus("executions", "CountWorkflowExecutions")],
                    }]
                })
            })
        }))
    })
}

/// Executions that are open, or closed within retention.
fn executions(half: &NamespaceSide<'_>) -> Known<u64> {
    let open = half.known("the number of open executions", &half.namespace.open);
    open.zip(half.known("the number of closed executions", &half.namespace.closed)).map(|(open, closed)| open + closed)
}
