//! How a site chooses between two clusters: fallback to a second client, and flags that pick one.

mod clients;
mod evidence;
mod flags;
mod kept;
mod tries;

use std::collections::BTreeSet;

use evidence::{Evidence, both, condition_says, guard};

use super::index::At;
use super::program::*;
use super::resolve::Resolver;
use super::sites::SiteDraft;
use crate::facts::code::*;
use tries::{Pair, Tries, Try};

/// Through how many expressions a client is followed to the loop it comes from.
const FROM_LOOP: usize = 60;

/// Fill in the routing of every site.
pub fn judge<'a>(r: &Resolver<'a>, drafts: &mut [SiteDraft<'a>]) {
    let tries = Tries::of(r, drafts);
    let mut changes: Vec<(usize, Routing)> = vec![];
    for pair in &tries.pairs {
        changes.extend(of_pair(r, drafts, pair));
    }
    changes.retain(|(draft, _)| tries.is_paired(*draft));
    for (i, draft) in drafts.iter().enumerate() {
        if let Some(evidence) = loop_fallback(r, draft) {
            changes.push((i, routing(RoutingRole::Primary, evidence, draft.site.line)));
        }
    }
    for (i, routing) in changes {
        if let Some(draft) = drafts.get_mut(i)
            && draft.site.routing.role == RoutingRole::Single
        {
            draft.site.routing = routing;
        }
    }
    for draft in drafts.iter_mut().filter(|draft| draft.site.kind.messages() && !draft.call.as_value) {
        let receiver = r.client_place(draft.call.at, draft.call.api.client());
        draft.site.routing.own_start = receiver.is_some_and(|(at, _)| r.is_started_here(at));
    }
    let open: Vec<Option<String>> =
        drafts.iter().enumerate().map(|(i, draft)| why_open(draft, tries.is_unclear(i))).collect();
    let flags = flags::all(r, drafts);
    for ((draft, flag), open) in drafts.iter_mut().zip(flags).zip(open) {
        draft.site.routing.open = open;
        let Some(chosen) = flag else { continue };
        draft.site.routing.flag = Some(chosen.label);
        draft.site.routing.flag_provider = chosen.provider;
    }
}

/// What a pair says of its two calls; when both are made by one call of the SDK, it tries both clients.
fn of_pair(r: &Resolver<'_>, drafts: &[SiteDraft<'_>], pair: &Pair) -> Vec<(usize, Routing)> {
    let (first, second) = (&pair.first, &pair.second);
    let direct = |one: &Try| drafts.get(one.draft).is_some_and(|draft| draft.call.at == one.call);
    let line = |one: &Try| match r.call(one.call) {
        Some((callee, _)) => r.index.unit(callee.unit).expr(callee.expr).line,
        None => r.index.unit(one.call.unit).expr(one.call.expr).line,
    };
    let both_errors = (direct(first) && direct(second))
        .then(|| kept::both_errors(r, (first.call, first.block), (second.call, second.block)));
    let routing = |role, partner| Routing { both_errors, ..routing(role, pair.evidence, partner) };
    let mut changes = vec![(first.draft, routing(RoutingRole::Primary, line(second)))];
    if first.draft != second.draft {
        let partner = if direct(first) { drafts.get(first.draft).map_or(0, |d| d.site.line) } else { line(first) };
        changes.push((second.draft, routing(RoutingRole::Fallback, partner)));
    }
    changes
}

/// Why it is open which clusters a message can reach, when it is.
fn why_open(draft: &SiteDraft<'_>, unclear: bool) -> Option<String> {
    let site = &draft.site;
    let talks = tries_again(site.kind) || matches!(site.kind, Kind::RawGrpc | Kind::AsyncComplete);
    if !talks || site.routing.role != RoutingRole::Single {
        return None;
    }
    if unclear {
        return Some(
            "functions that lead to it talk to several clients, and when each is tried was not understood".into(),
        );
    }
    if site.client.status == OriginStatus::Inherited || site.client.every_way_ends() {
        return None;
    }
    let reason = site.client.reason.as_deref().unwrap_or("no value reaches this receiver");
    let reason = reason.split_once(": ").map_or(reason, |(_, words)| words);
    Some(format!("its client is not known: {reason}"))
}

/// A message to an execution, or a start that may be one.
fn tries_again(kind: Kind) -> bool {
    kind.messages() || with_start(kind)
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

/// `for _, c := range clients { err := c.Signal…; … }`
fn loop_fallback(r: &Resolver<'_>, draft: &SiteDraft<'_>) -> Option<Evidence> {
    if !tries_again(draft.site.kind) || draft.call.as_value {
        return None;
    }
    let (receiver, _) = r.client_place(draft.call.at, draft.call.api.client())?;
    let unit = r.index.unit(receiver.unit);
    if !comes_from_loop(r, receiver) {
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

/// Whether a client is an element of what a loop goes through, or is made from one: `for which in ("cloud", "onprem")`.
fn comes_from_loop(r: &Resolver<'_>, at: At) -> bool {
    let unit = r.index.unit(at.unit);
    let mut todo = vec![at.expr];
    let mut seen: BTreeSet<ExprId> = BTreeSet::new();
    while let Some(expr) = todo.pop() {
        if seen.len() > FROM_LOOP || !seen.insert(expr) {
            continue;
        }
        match &unit.expr(expr).kind {
            ExprKind::Var(var) => {
                for source in unit.reaching(*var, Some(expr)) {
                    match source.take {
                        Projection::ElementOf if has_several(r, At { unit: at.unit, expr: source.value }) => {
                            return true;
                        }
                        Projection::ElementOf => {}
                        _ => todo.push(source.value),
                    }
                }
            }
            ExprKind::Same(inner) | ExprKind::Cast { value: inner, .. } | ExprKind::Member { base: inner, .. } => {
                todo.push(*inner);
            }
            ExprKind::Element { base, index } => todo.extend(index.iter().chain([base])),
            ExprKind::Call { callee, args, .. } => {
                todo.extend(args);
                if let ExprKind::Member { base, .. } = unit.expr(*callee).kind {
                    todo.push(base);
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether what a loop goes through has, or may have, more than one element.
fn has_several(r: &Resolver<'_>, at: At) -> bool {
    match r.index.kind(at) {
        ExprKind::Composite { parts, .. } => {
            let texts: BTreeSet<&str> = parts.iter().map(|part| r.index.unit(at.unit).text_of(part.value)).collect();
            texts.len() > 1
        }
        _ => true,
    }
}
