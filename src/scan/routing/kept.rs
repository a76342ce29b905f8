//! Whether a fallback still tells the error of the first try when the second one fails, too.
//!
//! An operator who sees only the second error looks for the execution on the wrong cluster.

use super::evidence::{lies_in, mentions_error};
use crate::scan::index::At;
use crate::scan::program::*;
use crate::scan::resolve::Resolver;

/// A call and the block it stands in.
type Place = (At, BlockId);

/// Whether the error of the first call is returned, raised, wrapped or logged on the way on which both calls failed.
pub(super) fn both_errors(r: &Resolver<'_>, (first, its_block): Place, (second, block): Place) -> bool {
    let unit = r.index.unit(first.unit);
    if r.index.catalogue.not_found.chained && in_handler_of(r, first, block) {
        // Python hangs the error that was being handled on the new one, unless it is told not to.
        let function = r.index.call_place(second).and_then(|place| unit.named_around(place.function));
        let end = function.map_or(unit.text.len(), |id| unit.function(id).end as usize);
        let rest = unit.text.get(unit.expr(second.expr).end as usize..end).unwrap_or_default();
        return !rest.contains("from None");
    }
    let around_first = unit.blocks_around(its_block);
    // From the second call outwards, as far as the first one does not reach.
    let own: Vec<BlockId> = unit.blocks_around(block).into_iter().filter(|b| !around_first.contains(b)).collect();
    let after = unit.expr(second.expr).end;
    let on_the_way = |block_of: BlockId, start: u32| {
        if start > after {
            unit.blocks_around(block_of).contains(&block) || in_handler_of(r, second, block_of)
        } else {
            own.contains(&block_of)
        }
    };
    let is_test = |call: ExprId| {
        let inside = |condition: ExprId| {
            let (outer, inner) = (unit.expr(condition), unit.expr(call));
            outer.start <= inner.start && inner.end <= outer.end
        };
        unit.blocks.iter().any(|b| matches!(&b.guard, Guard::When { condition, .. } if inside(*condition)))
    };
    let tells = |value: ExprId| {
        let at = At { unit: first.unit, expr: value };
        // A variable that is given both errors holds the first one until the second call.
        let before = unit.expr(value).start < unit.expr(second.expr).start;
        mentions_error(r, first, at) && (before || tells_first(r, first, second, at))
    };
    let told_by_call = unit.calls.iter().any(|place| {
        let ExprKind::Call { args, named, .. } = &unit.expr(place.expr).kind else { return false };
        place.expr != second.expr
            && unit.expr(place.expr).start > unit.expr(first.expr).end
            && on_the_way(place.block, unit.expr(place.expr).start)
            && !is_test(place.expr)
            && args.iter().copied().chain(named.iter().map(|part| part.value)).any(tells)
    });
    told_by_call
        || unit.functions.iter().flat_map(|f| &f.returns).any(|given| {
            given.values.iter().any(|value| {
                let start = unit.expr(*value).start;
                start > after && on_the_way(given.block, start) && tells(*value)
            })
        })
}

/// Whether an expression looks at the error of the first call by a variable that never holds the second one.
fn tells_first(r: &Resolver<'_>, first: At, second: At, at: At) -> bool {
    let unit = r.index.unit(at.unit);
    let (start, end) = (unit.expr(at.expr).start, unit.expr(at.expr).end);
    unit.exprs.iter().enumerate().any(|(i, expr)| {
        let here = At { unit: at.unit, expr: ExprId(i as u32) };
        matches!(expr.kind, ExprKind::Var(_))
            && expr.start >= start
            && expr.end <= end
            && mentions_error(r, first, here)
            && !mentions_error(r, second, here)
    })
}

/// Whether a block handles the errors of a call.
fn in_handler_of(r: &Resolver<'_>, call: At, block: BlockId) -> bool {
    let unit = r.index.unit(call.unit);
    unit.blocks_around(block).into_iter().any(|id| match unit.blocks.get(id.at()).map(|b| &b.guard) {
        Some(Guard::Handler { tried, .. }) => lies_in(r, call, call.unit, *tried),
        _ => false,
    })
}
