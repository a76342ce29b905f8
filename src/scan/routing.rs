//! How a site chooses between two clusters: fallback to a second client, and flags that pick one.

use super::index::At;
use super::program::*;
use super::resolve::{Resolver, Ty, What};
use super::sites::Draft;
use crate::facts::code::*;

/// What a condition says about the error of the first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    NotFound,
    AnyError,
    Unclear,
}

impl Evidence {
    fn fallback(self) -> FallbackOn {
        match self {
            Evidence::NotFound => FallbackOn::NotFound,
            Evidence::AnyError => FallbackOn::AnyError,
            Evidence::Unclear => FallbackOn::Unclear,
        }
    }
}

/// Fill in the routing of every site.
pub fn judge(r: &Resolver<'_>, drafts: &mut [Draft<'_>]) {
    let mut changes: Vec<(usize, Routing)> = vec![];
    for (i, second) in drafts.iter().enumerate() {
        if !second.site.kind.messages() || second.call.as_value {
            continue;
        }
        for (j, first) in drafts.iter().enumerate() {
            if i == j || !pairs(r, first, second) {
                continue;
            }
            let Some(evidence) = between(r, first, second.call.at.unit, second.call.block) else { continue };
            changes.push((j, routing(RoutingRole::Primary, evidence, second.site.line)));
            changes.push((i, routing(RoutingRole::Fallback, evidence, first.site.line)));
        }
        if let Some((line, evidence, helper)) = helper_fallback(r, drafts, i) {
            changes.push((i, routing(RoutingRole::Primary, evidence, line)));
            changes.push((helper, routing(RoutingRole::Fallback, evidence, second.site.line)));
        }
        if let Some(evidence) = loop_fallback(r, second) {
            changes.push((i, routing(RoutingRole::Primary, evidence, second.site.line)));
        }
    }
    for (i, routing) in changes {
        if let Some(draft) = drafts.get_mut(i) {
            if draft.site.routing.role == RoutingRole::Single {
                draft.site.routing = routing;
            }
        }
    }
    let flags: Vec<Option<String>> = drafts.iter().map(|d| flag(r, drafts, d)).collect();
    for (draft, flag) in drafts.iter_mut().zip(flags) {
        draft.site.routing.flag = flag;
    }
}

fn routing(role: RoutingRole, evidence: Evidence, partner: u32) -> Routing {
    Routing { role, fallback_on: Some(evidence.fallback()), partner_line: Some(partner), flag: None }
}

/// Two calls of one kind in one function, one after the other, on different clients.
fn pairs(r: &Resolver<'_>, first: &Draft<'_>, second: &Draft<'_>) -> bool {
    let unit = r.index.unit(first.call.at.unit);
    first.call.at.unit == second.call.at.unit
        && first.site.kind == second.site.kind
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
fn between(r: &Resolver<'_>, first: &Draft<'_>, unit: u32, block: BlockId) -> Option<Evidence> {
    let blocks = &r.index.unit(unit).blocks;
    let mut around_first = vec![];
    let mut at = Some(first.call.block);
    while let Some(id) = at {
        around_first.push(id);
        at = blocks.get(id.at()).and_then(|b| b.parent);
    }
    let mut all = None;
    let mut at = Some(block);
    while let Some(id) = at.filter(|id| !around_first.contains(id)) {
        let Some(block) = blocks.get(id.at()) else { break };
        all = both(all, guard(r, first.call.at, unit, &block.guard));
        at = block.parent;
    }
    all
}

/// Both conditions must hold: the stricter one decides.
fn both(a: Option<Evidence>, b: Option<Evidence>) -> Option<Evidence> {
    use Evidence::*;
    match (a, b) {
        (None, x) | (x, None) => x,
        (Some(NotFound), _) | (_, Some(NotFound)) => Some(NotFound),
        (Some(Unclear), _) | (_, Some(Unclear)) => Some(Unclear),
        _ => Some(AnyError),
    }
}

/// One of the conditions holds: the looser one decides.
fn either(a: Option<Evidence>, b: Option<Evidence>) -> Option<Evidence> {
    use Evidence::*;
    match (a, b) {
        (Some(NotFound), Some(NotFound)) => Some(NotFound),
        (Some(AnyError), _) | (_, Some(AnyError)) => Some(AnyError),
        (None, None) => None,
        _ => Some(Unclear),
    }
}

fn guard(r: &Resolver<'_>, first: At, unit: u32, guard: &Guard) -> Option<Evidence> {
    let here = |expr: ExprId| At { unit, expr };
    match guard {
        Guard::None | Guard::Loop { .. } => None,
        Guard::When { condition, holds } => condition_says(r, first, here(*condition), *holds, 0),
        Guard::Case { subject, values, types } => {
            let about = subject.is_some_and(|s| mentions_error(r, first, here(s)) || mentions_code(r, here(s)));
            let not_found = types.iter().any(|ty| is_not_found_type(&r.ty(unit, ty), r))
                || values.iter().any(|v| is_not_found_code(r, here(*v)));
            match (about, not_found, types.len() + values.len()) {
                (_, true, 1) => Some(Evidence::NotFound),
                (true, _, _) => Some(Evidence::Unclear),
                _ => None,
            }
        }
        Guard::Handler { types } => match types.as_slice() {
            [] => Some(Evidence::AnyError),
            types if types.iter().all(|ty| is_not_found_type(&r.ty(unit, ty), r)) => Some(Evidence::NotFound),
            _ => Some(Evidence::Unclear),
        },
    }
}

fn condition_says(r: &Resolver<'_>, first: At, at: At, holds: bool, depth: usize) -> Option<Evidence> {
    if depth > 12 {
        return None;
    }
    let here = |expr: ExprId| At { unit: at.unit, expr };
    match r.index.kind(at) {
        ExprKind::Not(inner) => condition_says(r, first, here(*inner), !holds, depth + 1),
        ExprKind::Binary { op, left, right } => {
            let says = |expr: ExprId| condition_says(r, first, here(expr), holds, depth + 1);
            match (op.as_str(), holds) {
                ("&&", true) | ("||", false) => both(says(*left), says(*right)),
                ("||", true) | ("&&", false) => either(says(*left), says(*right)),
                ("==" | "!=", _) => {
                    let equal = (op == "==") == holds;
                    if is_not_found_code(r, here(*left)) || is_not_found_code(r, here(*right)) {
                        return if equal { Some(Evidence::NotFound) } else { Some(Evidence::Unclear) };
                    }
                    let nothing = |expr: ExprId| matches!(r.index.kind(here(expr)), ExprKind::Nothing);
                    if nothing(*left) || nothing(*right) {
                        let error = mentions_error(r, first, here(*left)) || mentions_error(r, first, here(*right));
                        return (error && !equal).then_some(Evidence::AnyError);
                    }
                    mentions_error(r, first, at).then_some(Evidence::Unclear)
                }
                _ => None,
            }
        }
        ExprKind::Call { .. } => {
            if tests_not_found(r, at, 0) {
                return Some(if holds { Evidence::NotFound } else { Evidence::Unclear });
            }
            mentions_error(r, first, at).then_some(Evidence::Unclear)
        }
        ExprKind::Var(var) => {
            let sources = &r.index.unit(at.unit).var(*var).sources;
            let tested = sources.iter().any(|s| match r.index.kind(here(s.value)) {
                // `nf, ok := err.(*NotFound)`
                ExprKind::Cast { ty, .. } => is_not_found_type(&r.ty(at.unit, ty), r),
                ExprKind::Call { .. } => tests_not_found(r, here(s.value), 0),
                _ => false,
            });
            tested.then_some(if holds { Evidence::NotFound } else { Evidence::Unclear })
        }
        _ => None,
    }
}

/// Whether a call tests an error for "not found": directly, or inside a helper of the tree.
fn tests_not_found(r: &Resolver<'_>, call: At, depth: usize) -> bool {
    let Some((callee, args)) = r.call(call) else { return false };
    let rule = &r.index.catalogue.not_found;
    if let Some(name) = r.outside_name(callee) {
        if rule.tests.contains(&name) {
            let Some(target) = args.last() else { return false };
            return is_not_found_type(&r.type_of(At { unit: call.unit, expr: *target }), r);
        }
    }
    let callees = r.callees(call);
    if callees.is_empty() {
        let name = r.index.last_name(r.index.unit(callee.unit), callee.expr).unwrap_or_default().to_ascii_lowercase();
        return rule.names.iter().any(|part| name.contains(part.as_str()));
    }
    depth < 3
        && callees.iter().any(|function| {
            let unit = r.index.unit(function.unit);
            let declared = unit.function(function.func);
            unit.exprs.iter().enumerate().any(|(i, expr)| {
                if expr.start < declared.start || expr.end > declared.end {
                    return false;
                }
                let at = At { unit: function.unit, expr: ExprId(i as u32) };
                match &expr.kind {
                    ExprKind::Call { .. } => tests_not_found(r, at, depth + 1),
                    ExprKind::Cast { ty, .. } => is_not_found_type(&r.ty(at.unit, ty), r),
                    ExprKind::Member { .. } => is_not_found_code(r, at),
                    _ => false,
                }
            })
        })
}

fn is_not_found_type(ty: &Ty, r: &Resolver<'_>) -> bool {
    match ty {
        Ty::Named(full) | Ty::Foreign(full) => r.index.catalogue.not_found.types.iter().any(|t| **t == **full),
        _ => false,
    }
}

fn is_not_found_code(r: &Resolver<'_>, at: At) -> bool {
    r.outside_name(at).is_some_and(|name| r.index.catalogue.not_found.codes.contains(&name))
}

/// `status.Code(err)`, `st.Code()`.
fn mentions_code(r: &Resolver<'_>, at: At) -> bool {
    r.index.unit(at.unit).text_of(at.expr).contains("Code(")
}

/// Whether an expression looks at the error of a call.
fn mentions_error(r: &Resolver<'_>, first: At, at: At) -> bool {
    let unit = r.index.unit(at.unit);
    let range = (unit.expr(at.expr).start, unit.expr(at.expr).end);
    unit.exprs.iter().any(|expr| match &expr.kind {
        ExprKind::Var(var) if expr.start >= range.0 && expr.end <= range.1 => {
            at.unit == first.unit && unit.var(*var).sources.iter().any(|s| s.value == first.expr)
        }
        ExprKind::Call { .. } => {
            expr.start >= range.0
                && expr.end <= range.1
                && expr.start == unit.expr(first.expr).start
                && at.unit == first.unit
        }
        _ => false,
    })
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
                d.site.kind == first.site.kind
                    && d.call.at.unit == callee.unit
                    && r.index.unit(callee.unit).named_around(d.call.function) == Some(callee.func)
                    && !d.site.client.origins.is_empty()
                    && d.site.client.origins != first.site.client.origins
            });
            let Some(helper) = helper.filter(|h| *h != i) else { continue };
            if let Some(evidence) = between(r, first, call.unit, place.block) {
                let line = r.call(call).map_or(0, |(callee, _)| unit.expr(callee.expr).line);
                return Some((line, evidence, helper));
            }
        }
    }
    None
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
    let inside = |mut id: BlockId| loop {
        if id == looped {
            return true;
        }
        match unit.blocks.get(id.at()).and_then(|b| b.parent) {
            Some(parent) => id = parent,
            None => return false,
        }
    };
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

/// The flag or setting that chooses the client of a site.
fn flag(r: &Resolver<'_>, drafts: &[Draft<'_>], draft: &Draft<'_>) -> Option<String> {
    let kind = draft.site.kind;
    if !(kind.starts() || kind.messages()) || draft.call.as_value {
        return None;
    }
    let (receiver, _) = r.client_place(draft.call.at, draft.call.api.client())?;
    chooser(r, receiver, 0).or_else(|| branches(r, drafts, draft))
}

/// The condition under which a value is one client or another.
fn chooser(r: &Resolver<'_>, at: At, depth: usize) -> Option<String> {
    if depth > 4 {
        return None;
    }
    let unit = r.index.unit(at.unit);
    match r.index.kind(at) {
        ExprKind::Var(var) => {
            let sources: Vec<&Source> = unit.var(*var).sources.iter().collect();
            let texts: std::collections::BTreeSet<&str> = sources.iter().map(|s| unit.text_of(s.value)).collect();
            if texts.len() > 1 {
                if let Some(label) = sources.iter().find_map(|s| guard_label(r, at.unit, s.block)) {
                    return Some(label);
                }
            }
            match sources.as_slice() {
                [only] => chooser(r, At { unit: at.unit, expr: only.value }, depth + 1),
                _ => None,
            }
        }
        ExprKind::Choice { condition, .. } => label(r, At { unit: at.unit, expr: *condition }, 0),
        ExprKind::Call { .. } => r.callees(at).iter().find_map(|function| {
            let declared = r.index.function(*function);
            let unit = r.index.unit(function.unit);
            let first = declared.results.first()?;
            let client = matches!(r.ty(function.unit, &first.ty), Ty::Named(full) if r.is_client_type(&full, 0));
            let values: std::collections::BTreeSet<&str> = declared
                .returns
                .iter()
                .filter_map(|given| given.values.first())
                .filter(|v| !matches!(unit.expr(**v).kind, ExprKind::Nothing))
                .map(|v| unit.text_of(*v))
                .collect();
            if client && values.len() > 1 {
                return declared.returns.iter().find_map(|given| guard_label(r, function.unit, given.block));
            }
            None
        }),
        ExprKind::Member { base, name } => {
            let base = At { unit: at.unit, expr: *base };
            match r.member(&r.type_of(base), name).what {
                What::Field { owner, .. } => field_chooser(r, &owner, name),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A field that is given one client or another where its object is made.
fn field_chooser(r: &Resolver<'_>, owner: &str, field: &str) -> Option<String> {
    r.index.composites(owner).iter().find_map(|literal| {
        let ExprKind::Composite { parts, .. } = r.index.kind(*literal) else { return None };
        let part = parts.iter().find(|p| matches!(&p.key, Some(Key::Name(name)) if name == field))?;
        let at = At { unit: literal.unit, expr: part.value };
        match r.index.kind(at) {
            ExprKind::Var(_) | ExprKind::Choice { .. } => chooser(r, at, 3),
            _ => None,
        }
    })
}

/// The innermost condition around a block that is no error check.
fn guard_label(r: &Resolver<'_>, unit: u32, block: BlockId) -> Option<String> {
    let mut at = Some(block);
    while let Some(id) = at {
        let block = r.index.unit(unit).blocks.get(id.at())?;
        if let Guard::When { condition, .. } = &block.guard {
            if let Some(label) = label(r, At { unit, expr: *condition }, 0) {
                return Some(label);
            }
        }
        if let Guard::Case { subject: Some(subject), values, .. } = &block.guard {
            if !values.is_empty() {
                return label(r, At { unit, expr: *subject }, 0);
            }
        }
        at = block.parent;
    }
    None
}

/// A condition in a word: the flag's key, the setting, or the expression.
fn label(r: &Resolver<'_>, at: At, depth: usize) -> Option<String> {
    if depth > 6 {
        return None;
    }
    let here = |expr: ExprId| At { unit: at.unit, expr };
    match r.index.kind(at) {
        ExprKind::Not(inner) | ExprKind::Same(inner) => label(r, here(*inner), depth + 1),
        ExprKind::Binary { left, right, .. } => {
            let side = |expr: &ExprId| matches!(r.index.kind(here(*expr)), ExprKind::Nothing);
            if side(left) || side(right) {
                return None;
            }
            label(r, here(*left), depth + 1).or_else(|| label(r, here(*right), depth + 1))
        }
        ExprKind::Call { args, .. } => {
            if let super::resolve::Folded::Setting(words) = r.fold(at) {
                return Some(words);
            }
            let key = args.iter().find_map(|arg| match r.fold(here(*arg)) {
                super::resolve::Folded::Text(text) if !text.is_empty() => Some(text),
                _ => None,
            });
            key.or_else(|| short(r, at))
        }
        ExprKind::Var(var) => {
            let declared = r.index.unit(at.unit).var(*var);
            if declared.name == "err" || declared.name == "ok" {
                return None;
            }
            match declared.sources.as_slice() {
                [only] => label(r, here(only.value), depth + 1),
                _ => Some(declared.name.clone()),
            }
        }
        ExprKind::Member { .. } | ExprKind::Free(_) | ExprKind::Element { .. } => short(r, at),
        _ => None,
    }
}

fn short(r: &Resolver<'_>, at: At) -> Option<String> {
    let text: String = r.index.unit(at.unit).text_of(at.expr).split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty() && text.len() <= 80).then_some(text)
}

/// `if flag { cloud.Execute… } else { legacy.Execute… }`
fn branches(r: &Resolver<'_>, drafts: &[Draft<'_>], draft: &Draft<'_>) -> Option<String> {
    if !draft.site.kind.starts() {
        return None;
    }
    let guards = whens(r, draft);
    drafts.iter().find_map(|other| {
        let same_place = other.call.at != draft.call.at
            && other.call.at.unit == draft.call.at.unit
            && other.site.kind == draft.site.kind
            && other.call.function == draft.call.function;
        if !same_place || !other_client(r, draft, other) {
            return None;
        }
        let opposite = whens(r, other);
        let (condition, _) =
            guards.iter().find(|(condition, holds)| opposite.iter().any(|(c, h)| c == condition && h != holds))?;
        label(r, At { unit: draft.call.at.unit, expr: *condition }, 0)
    })
}

/// The conditions around a site.
fn whens(r: &Resolver<'_>, draft: &Draft<'_>) -> Vec<(ExprId, bool)> {
    let blocks = &r.index.unit(draft.call.at.unit).blocks;
    let (mut found, mut at) = (vec![], Some(draft.call.block));
    while let Some(block) = at.and_then(|id| blocks.get(id.at())) {
        if let Guard::When { condition, holds } = block.guard {
            found.push((condition, holds));
        }
        at = block.parent;
    }
    found
}
