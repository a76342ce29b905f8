//! What a function that builds a client does with it: whoever keeps it for itself is no factory.

use super::super::index::{At, FnAt, strip};
use super::super::program::{ExprId, ExprKind, Role, Unit};
use super::super::resolve::Resolver;
use super::super::wrappers::hands_out_client;
use super::ENTRY_POINT;
use crate::facts::code::Site;

/// How others come by a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handing {
    /// The function returns it, or an object that holds it.
    Returned,
    /// The function puts it where others find it.
    Shared,
    /// The function keeps it in its own object.
    Kept,
}

impl Handing {
    /// Whether a site is one to which the client was handed: an object that uses its own client has handed out none.
    pub fn reaches(self, path: &str, site: &Site) -> bool {
        self != Self::Kept || site.path != path
    }
}

/// How a function hands out what it builds by these calls; none when it does not, or when nobody else can call it.
pub fn of(r: &Resolver<'_>, function: FnAt, connects: &[At]) -> Option<Handing> {
    let unit = r.index.unit(function.unit);
    let declared = r.index.function(function);
    if unit.name_around(Some(function.func)) == Some(ENTRY_POINT) {
        return None;
    }
    let handing = given(r, function, connects)?;
    let offered = |at: FnAt| {
        let unit = r.index.unit(at.unit);
        r.index.front.offers(unit, r.index.function(at))
    };
    let by_another = || {
        r.callers(function).iter().any(|call| {
            let unit = r.index.unit(call.unit);
            let around = r.index.call_place(*call).and_then(|place| unit.named_around(place.function));
            around
                .map(|func| FnAt { unit: call.unit, func })
                .is_some_and(|outer| outer != function && offered(outer) && given(r, outer, connects).is_some())
        })
    };
    // What code of other files calls is offered to them, whatever it is called.
    let by_other_files =
        || r.callers(function).iter().any(|call| call.unit != function.unit && r.in_production(call.unit));
    // What a framework calls puts the client where its handlers find it.
    let by_framework = handing != Handing::Returned || !declared.decorators.is_empty();
    (offered(function) || by_framework || by_other_files() || by_another()).then_some(handing)
}

/// How a function gives away a client that one of these calls builds.
fn given(r: &Resolver<'_>, function: FnAt, connects: &[At]) -> Option<Handing> {
    let unit = r.index.unit(function.unit);
    let declared = r.index.function(function);
    let returned = declared.returns.iter().flat_map(|given| &given.values);
    if connects.iter().any(|connect| hands_out_client(r, function, *connect))
        || returned.into_iter().any(|value| holds(r, function.unit, unit, *value, connects, 0))
    {
        return Some(Handing::Returned);
    }
    let inside = |expr: ExprId| (declared.start..declared.end).contains(&unit.expr(expr).start);
    let mut kept = false;
    for write in unit.writes.iter().filter(|w| inside(w.target)) {
        if !holds(r, function.unit, unit, write.source.value, connects, 0) {
            continue;
        }
        match root(unit, write.target) {
            Some(Role::Receiver) => kept = true,
            Some(Role::Local) => {}
            Some(_) | None => return Some(Handing::Shared),
        }
    }
    let shared = unit
        .globals
        .iter()
        .flat_map(|var| &unit.var(*var).sources)
        .any(|source| inside(source.value) && holds(r, function.unit, unit, source.value, connects, 0));
    // A container hands out the objects of a type it was told of.
    let provided = |owner: &String| unit.types.iter().any(|ty| ty.name == *owner && !ty.decorators.is_empty());
    match kept {
        _ if shared => Some(Handing::Shared),
        true if declared.owner.as_ref().is_some_and(provided) => Some(Handing::Shared),
        true => Some(Handing::Kept),
        false => None,
    }
}

/// Whether a value is the client, or is made of it.
fn holds(r: &Resolver<'_>, n: u32, unit: &Unit, value: ExprId, connects: &[At], depth: usize) -> bool {
    let value = strip(unit, value);
    let at = At { unit: n, expr: value };
    if connects.contains(&at) {
        return true;
    }
    // What the SDK makes of a client is a client, or does not hand it out: a worker keeps its connection.
    let made_by_sdk = r
        .api_of(at)
        .is_some_and(|api| !api.api.result.as_deref().is_some_and(|result| r.index.catalogue.is_client(result)));
    if made_by_sdk {
        return false;
    }
    let parts: Vec<ExprId> = match &unit.expr(value).kind {
        ExprKind::Composite { parts, .. } => parts.iter().map(|part| part.value).collect(),
        // An object that is made of it; what a method of the client returns is no client.
        ExprKind::Call { args, named, .. } => args.iter().copied().chain(named.iter().map(|p| p.value)).collect(),
        _ => vec![],
    };
    let whole = r.client_origin(at, None).origins;
    let mine = |connect: &At| {
        let origin = r.origin_at(*connect);
        whole.iter().any(|known| known.place() == origin.place())
    };
    if connects.iter().any(mine) && !r.is_answer(at) {
        return true;
    }
    let makes = match &unit.expr(value).kind {
        ExprKind::Call { callee, .. } => r.made_type(At { unit: n, expr: *callee }).is_some(),
        _ => true,
    };
    makes && depth < 3 && parts.into_iter().any(|part| holds(r, n, unit, part, connects, depth + 1))
}

/// What the outermost object of a member is; none for a name of another file or of the package.
fn root(unit: &Unit, mut expr: ExprId) -> Option<Role> {
    loop {
        match &unit.expr(expr).kind {
            ExprKind::Member { base, .. } | ExprKind::Element { base, .. } => expr = *base,
            ExprKind::Same(inner) => expr = *inner,
            ExprKind::Var(var) => {
                let var = unit.var(*var);
                return var.function.map(|_| var.role);
            }
            _ => return None,
        }
    }
}
