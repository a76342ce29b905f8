//! Lists over the namespaces of the plan.

use super::Context;
use super::limits::{self, Limits};
use crate::compare::{self, NamespaceSide, half};
use crate::facts::Known;

/// A list over the source namespaces that move.
pub(super) fn per_moved_namespace<T>(
    context: &Context<'_>,
    list: &dyn Fn(&NamespaceSide<'_>) -> Known<Vec<T>>,
) -> Known<Vec<T>> {
    context.source.clone().and_then(|source| {
        compare::moved(&context.facts.plan).and_then(|moved| {
            Known::concat(moved.into_iter().map(|(m, _)| half(source, &m.source).and_then(|half| list(&half))))
        })
    })
}

/// A list over the moved namespaces and the excluded ones that the source still has and that do not stay there: nobody
/// may lose them with the cluster.
pub(super) fn per_planned_namespace<T>(
    context: &Context<'_>,
    list: &dyn Fn(&NamespaceSide<'_>) -> Known<Vec<T>>,
) -> Known<Vec<T>> {
    let moved = per_moved_namespace(context, list);
    let excluded = context.source.clone().and_then(|source| {
        let excluded = context.facts.plan.namespaces.iter().filter(|m| m.target.is_none() && !m.stays);
        let there = excluded.filter(|m| compare::namespace_missing(source, &m.source) != Known::Known(true));
        Known::concat(there.map(|m| half(source, &m.source).and_then(|half| list(&half))))
    });
    Known::concat([moved, excluded])
}

/// A list over the namespaces that move, measured against the limits.
pub(super) fn per_moved_namespace_within_limits<T>(
    context: &Context<'_>,
    list: &dyn Fn(&NamespaceSide<'_>, &Limits) -> Known<Vec<T>>,
) -> Known<Vec<T>> {
    limits::limits().and_then(|limits| per_moved_namespace(context, &|half| list(half, limits)))
}
