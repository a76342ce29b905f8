//! Whether the target is what the plan says, and whether work has moved there.

use serde_json::{Value, json};

use super::{Context, FactPath, FactView};
use crate::compare::{self, Half, half, live};
use crate::facts::Known;
use crate::facts::cluster::ClusterKind;
use crate::facts::plan::TargetKind;

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped("target.other_kind", "a target that does not look like what the plan says it is"), /* fields: verdict (wrong | unproven), address, kind (of the plan) */
    FactPath::untyped(
        "target.moved_namespaces",
        "pairs of namespaces that move, with the executions the target has started",
    ), /* fields: idle (work on the source, none on the target), source_namespace, target_namespace, target_flags */
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put_untyped("target.other_kind", other_kind(context));
    view.put_untyped("target.moved_namespaces", moved_namespaces(context));
}

/// An address of Temporal Cloud proves what the target is; another one may lead there through a proxy or the team's own
/// name.
fn other_kind(context: &Context<'_>) -> Known<Vec<Value>> {
    context.target.clone().map(|target| {
        let verdict = match (context.facts.plan.target_kind, target.kind) {
            (TargetKind::Cloud, ClusterKind::SelfHosted) => "unproven",
            (TargetKind::Rehearsal, ClusterKind::Cloud) => "wrong",
            _ => return vec![],
        };
        let loci =
            [live(target, None, format!("address {}", target.address), "connection"), context.plan_key("target")];
        let kind = context.facts.plan.target_kind.name();
        vec![json!({"verdict": verdict, "address": target.address, "kind": kind, "loci": loci})]
    })
}

fn moved_namespaces(context: &Context<'_>) -> Known<Vec<Value>> {
    let both = context.source.clone().zip(context.target.clone()).zip(compare::moved(&context.facts.plan));
    both.and_then(|((source, target), moved)| {
        Known::concat(moved.into_iter().map(|(mapping, name)| {
            let halves = half(source, &mapping.source).zip(half(target, name));
            halves.and_then(|(source, target)| {
                executions(&source).zip(executions(&target)).map(|(there, here)| {
                    vec![json!({
                        "idle": there > 0 && here == 0, "source_namespace": mapping.source, "target_namespace": name,
                        "target_flags": context.target_flags(name),
                        "loci": [target.locus("executions", "CountWorkflowExecutions")],
                    })]
                })
            })
        }))
    })
}

/// Executions that are open, or closed within retention.
fn executions(half: &Half<'_>) -> Known<u64> {
    let open = half.known("the number of open executions", &half.namespace.open);
    open.zip(half.known("the number of closed executions", &half.namespace.closed)).map(|(open, closed)| open + closed)
}
