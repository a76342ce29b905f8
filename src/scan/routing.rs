//! How a site chooses between two clusters: fallback to a second client, and flags that pick one.

mod evidence;
mod flags;
mod kept;

use evidence::{Evidence, both, condition_says, guard};

use super::index::{At, FnAt};
use super::program::*;
use super::resolve::Resolver;
use super::sites::Draft;
use crate::facts::code::*;

/// Fill in the routing of every site.
pub fn judge(r: &Resolver<'_>, drafts: &mut [Draft<'_>]) {
    let mut changes: Vec<(usize, Routing)> = vec![];
    for (i, second) in drafts.iter().enumerate() {
        if !(second.site.kind.messages() || with_start(second.site.kind)) || second.call.as_value {
            continue;
        }
        for (j, first) in drafts.iter().enumerate() {
            if i == j || !pairs(r, first, second) {
                continue;
            }
            let Some(evidence) = between(r, (first.call.at, first.call.block), second.call.block) else { continue };
            let both = kept::both_errors(r, (first.call.at, first.call.block), (second.call.at, second.call.block));
            let routing = |role, partner| Routing { both_errors: Some(both), ..routing(role, evidence, partner) };
            changes.push((j, routing(RoutingRole::Primary, second.site.line)));
            changes.push((i, routing(RoutingRole::Fallback, first.site.line)));
        }
        if let Some((line, evidence, helper)) = helper_fallback(r, drafts, i) {
            changes.push((i, routing(RoutingRole::Primary, evidence, line)));
            changes.push((helper, routing(RoutingRole::Fallback, evidence, second.site.line)));
        }
        if let Some((line, evidence)) = handed_fallback(r, second) {
            changes.push((i, routing(RoutingRole::Primary, evidence, line)));
        }
        if let Some(evidence) = loop_fallback(r, second) {
            changes.push((i, routing(RoutingRole::Primary, evidence, second.site.line)));
        }
    }
    for (i, routing) in changes {
        if let Some(draft) = drafts.get_mut(i)
            && draft.site.routing.role == RoutingRole::Single
        {
            draft.site.routing = routing;
        }
    }
    let flags: Vec<Option<flags::Chosen>> = drafts.iter().map(|d| flags::flag(r, drafts, d)).collect();
    for (draft, flag) in drafts.iter_mut().zip(flags) {
        let Some(chosen) = flag else { continue };
        draft.site.routing.flag = Some(chosen.label);
        draft.site.routing.flag_provider = chosen.provider;
    }
}

fn routing(role: RoutingRole, evidence: Evidence, partner: u32) -> Routing {
    Routing { role, fallback_on: Some(evidence.fallback()), partner_line: Some(partner), ..Routing::default() }
}

/// Begins an execution when there is none to send to.
fn with_start(kind: Kind) -> bool {
    matches!(kind, Kind::SignalWithStart | Kind::UpdateWithStart)
}

/// Whether one call may be the second try of the other: the same message, perhaps with a start.
fn related(first: Kind, second: Kind) -> bool {
    let message = |kind: Kind| match kind {
        Kind::SignalWithStart => Kind::Signal,
        Kind::UpdateWithStart => Kind::Update,
        kind => kind,
    };
    message(first) == message(second)
}

/// Two calls of one kind in one function, one after the other, on different clients.
fn pairs(r: &Resolver<'_>, first: &Draft<'_>, second: &Draft<'_>) -> bool {
    let unit = r.index.unit(first.call.at.unit);
    first.call.at.unit == second.call.at.unit
        && related(first.site.kind, second.site.kind)
        && !first.call.as_value
        && unit.expr(first.call.at.expr).start < unit.expr(second.call.at.expr).start
        && unit.named_around(first.call.function) == unit.named_around(second.call.function)
        && first.call.function.is_some()
        && other_client(r, first, second)
}

fn other_client(r: &Resolver<'_>, first: &Draft<'_>, second: &Draft<'_>) -> bool {
    let text = |d: &Draft<'_>| match r.client_place(d.call.at, d.call.api.client()) {
        Some((at, _)) => r.index.unit(at.unit).text_of(at.expr).to_owned(),
        None => String::new(),
    };
    if text(first) == text(second) {
        return false;
    }
    let (a, b) = (&first.site.client, &second.site.client);
    !(a.status == OriginStatus::Resolved && b.status == OriginStatus::Resolved && a.origins == b.origins)
}

/// What must have happened to the first call for a block to run; `None` when its error plays no part.
fn between(r: &Resolver<'_>, (first, its_block): (At, BlockId), block: BlockId) -> Option<Evidence> {
    let unit = first.unit;
    let blocks = &r.index.unit(unit).blocks;
    let around_first = r.index.unit(unit).blocks_around(its_block);
    let mut all = None;
    for id in r.index.unit(unit).blocks_around(block).into_iter().take_while(|id| !around_first.contains(id)) {
        let Some(block) = blocks.get(id.at()) else { break };
        all = both(all, guard(r, first, unit, &block.guard));
    }
    all
}

/// The second try stands in a helper: `return r.signalLegacy(…)`.
fn helper_fallback(r: &Resolver<'_>, drafts: &[Draft<'_>], i: usize) -> Option<(u32, Evidence, usize)> {
    let first = drafts.get(i)?;
    let unit = r.index.unit(first.call.at.unit);
    for place in unit.calls.iter().filter(|p| p.function == first.call.function) {
        if unit.expr(place.expr).start <= unit.expr(first.call.at.expr).start {
            continue;
        }
        let call = At { unit: first.call.at.unit, expr: place.expr };
        for callee in r.callees(call).iter() {
            let helper = drafts.iter().position(|d| {
                related(first.site.kind, d.site.kind)
                    && d.call.at.unit == callee.unit
                    && r.index.unit(callee.unit).named_around(d.call.function) == Some(callee.func)
                    && !d.site.client.origins.is_empty()
                    && d.site.client.origins != first.site.client.origins
            });
            let Some(helper) = helper.filter(|h| *h != i) else { continue };
            if let Some(evidence) = between(r, (first.call.at, first.call.block), place.block) {
                let line = r.call(call).map_or(0, |(callee, _)| unit.expr(callee.expr).line);
                return Some((line, evidence, helper));
            }
        }
    }
    None
}

/// The call is handed to a helper, which runs it with one client and then with another:
/// `either(func(c client.Client) error { return c.Signal… })`.
fn handed_fallback(r: &Resolver<'_>, draft: &Draft<'_>) -> Option<(u32, Evidence)> {
    let (receiver, _) = r.client_place(draft.call.at, draft.call.api.client())?;
    let function = FnAt { unit: draft.call.at.unit, func: draft.call.function? };
    let mut head = receiver;
    while let ExprKind::Member { base: inner, .. } | ExprKind::Call { callee: inner, .. } | ExprKind::Same(inner) =
        r.index.kind(head)
    {
        head.expr = *inner;
    }
    let ExprKind::Var(var) = r.index.kind(head) else { return None };
    let position = r.index.function(function).params.iter().position(|param| param == var)?;
    let runs: Vec<(At, CallPlace, &str)> = r
        .callers(function)
        .iter()
        .filter_map(|call| {
            let (client, _) = r.argument(*call, function, position)?;
            Some((*call, r.index.call_place(*call)?, r.index.unit(client.unit).text_of(client.expr)))
        })
        .collect();
    runs.iter().find_map(|(second, place, client)| {
        let unit = r.index.unit(second.unit);
        runs.iter().find_map(|(first, before, other)| {
            let pair = first.unit == second.unit
                && unit.expr(first.expr).start < unit.expr(second.expr).start
                && before.function == place.function
                && other != client;
            let evidence = pair.then(|| between(r, (*first, before.block), place.block))??;
            Some((unit.expr(second.expr).line, evidence))
        })
    })
}

/// `for _, c := range clients { err := c.Signal…; … }`
fn loop_fallback(r: &Resolver<'_>, draft: &Draft<'_>) -> Option<Evidence> {
    let (receiver, _) = r.client_place(draft.call.at, draft.call.api.client())?;
    let unit = r.index.unit(receiver.unit);
    let ExprKind::Var(var) = r.index.kind(receiver) else { return None };
    if !unit.var(*var).sources.iter().any(|s| s.take == Take::ElementOf) {
        return None;
    }
    let mut at = Some(draft.call.block);
    let looped = loop {
        let id = at?;
        let block = unit.blocks.get(id.at())?;
        if matches!(block.guard, Guard::Loop { .. }) {
            break id;
        }
        at = block.parent;
    };
    // Whatever is asked about the error inside the loop decides whether the next client is tried.
    let inside = |id: BlockId| unit.blocks_around(id).contains(&looped);
    let mut found: Option<Evidence> = None;
    for (i, block) in unit.blocks.iter().enumerate() {
        if !inside(BlockId(i as u32)) || BlockId(i as u32) == looped {
            continue;
        }
        let says = match &block.guard {
            Guard::When { condition, .. } => {
                let at = At { unit: receiver.unit, expr: *condition };
                let either_way = [true, false].map(|holds| condition_says(r, draft.call.at, at, holds, 0));
                if either_way.contains(&Some(Evidence::NotFound)) {
                    Some(Evidence::NotFound)
                } else if either_way.contains(&Some(Evidence::AnyError)) {
                    Some(Evidence::AnyError)
                } else {
                    either_way.into_iter().flatten().next()
                }
            }
            other => guard(r, draft.call.at, receiver.unit, other),
        };
        found = both(found, says);
    }
    found
}
