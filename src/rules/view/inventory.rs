//! When an inventory is one: nothing at all, and nothing of what the code defines, is no inventory.

use std::collections::BTreeSet;

use super::{Context, words};
use crate::compare::NamespaceSide;
use crate::facts::cluster::WorkflowType;
use crate::facts::{Known, Why};

/// The workflow types of a namespace. Where nothing at all was found, nobody can say that there is nothing: it may be the
/// wrong namespace, the wrong cluster, or a visibility store without its rows.
pub(super) fn inventory(half: &NamespaceSide<'_>) -> Known<Vec<WorkflowType>> {
    let n = half.namespace;
    half.known("workflow types", &n.workflow_types).and_then(|types| {
        let nothing = |list: Option<usize>| list == Some(0);
        let empty = types.is_empty()
            && nothing(n.schedules.value().map(Vec::len))
            && nothing(n.search_attributes.value().map(Vec::len));
        if !empty {
            return Known::Known(types);
        }
        Known::Unknown(Why::with_remedy(
            format!(
                "nothing at all was found in source namespace {}: no workflow type, no schedule, no search attribute",
                n.name
            ),
            "see to it that address, namespace and visibility store are the right ones; a namespace that was never used \
             needs no move: exclude it with this reason",
        ))
    })
}

/// An empty source beside code that defines workflow types is not the source of that code.
pub(super) fn beside_code<T>(context: &Context<'_>, types: Vec<T>) -> Known<Vec<T>> {
    let defined = context.code.value().into_iter().flat_map(|code| &code.workflow_types);
    let defined: BTreeSet<&str> = defined.filter(|t| t.scope.is_production()).map(|t| t.name.as_str()).collect();
    if !types.is_empty() || defined.is_empty() {
        return Known::Known(types);
    }
    Known::Unknown(Why::with_remedy(
        format!(
            "the code defines {}, and no execution of any was ever seen on the source",
            words::count(defined.len() as u64, "workflow type")
        ),
        "see to it that address, namespaces and visibility store of the source are the right ones",
    ))
}
