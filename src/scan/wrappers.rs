//! Functions that hand an SDK call on: their callers are the business starters and signallers.

mod uses;

use std::collections::{BTreeSet, HashMap};

use super::index::{At, FnAt, Name, strip};
use super::program::*;
use super::resolve::{Resolver, Ty};
use super::sites::SiteDraft;
use crate::facts::code::*;
use uses::{Meant, uses};

/// How many layers of wrappers are lifted.
const LAYERS: usize = 6;

/// A parameter that decides what the wrapped call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Given {
    /// Client or workflow type: the callers are what matters.
    Essential(usize),
    /// Id, name, queue or options.
    Detail(usize),
    /// The object the method is called on.
    Receiver,
}

/// A function found to be a wrapper.
struct Lifted {
    function: FnAt,
    kind: Kind,
    site: String,
    given: BTreeSet<Given>,
    /// The parameter that carries the workflow type.
    workflow: Option<usize>,
    layer: usize,
}

/// A wrapper, and where its calls stand, in the same order.
pub struct WrapperCandidate {
    /// What is reported.
    pub wrapper: Wrapper,
    /// The calls.
    pub calls: Vec<At>,
}

/// Find wrappers to a fixpoint; the sites inside them learn the wrapper's name.
pub fn lift(r: &Resolver<'_>, drafts: &mut [SiteDraft<'_>]) -> Vec<WrapperCandidate> {
    let mut lifted: Vec<Lifted> = vec![];
    let mut known: BTreeSet<(FnAt, Kind)> = BTreeSet::new();
    for draft in drafts.iter_mut() {
        for wrapper in direct(r, draft) {
            draft.site.wrapper.get_or_insert_with(|| r.display(wrapper.function));
            if known.insert((wrapper.function, wrapper.kind)) {
                lifted.push(wrapper);
            }
        }
    }
    for wrapper in providers(r, drafts) {
        if known.insert((wrapper.function, wrapper.kind)) {
            lifted.push(wrapper);
        }
    }
    let mut at = 0;
    while let Some(wrapper) = lifted.get(at) {
        at += 1;
        if wrapper.layer >= LAYERS {
            continue;
        }
        let outer = outer_layer(r, wrapper);
        for wrapper in outer {
            if known.insert((wrapper.function, wrapper.kind)) {
                lifted.push(wrapper);
            }
        }
    }
    lifted.iter().map(|wrapper| describe(r, wrapper)).collect()
}

/// The functions a place belongs to: the method of an object literal it stands in, and the named function around.
fn around(r: &Resolver<'_>, unit: u32, function: Option<FuncId>) -> Vec<FnAt> {
    let (mut inner, mut found) = (function, vec![]);
    while let Some(func) = inner {
        let at = FnAt { unit, func };
        let declared = r.index.function(at);
        if found.is_empty() && r.literal_method(at).is_some() {
            found.push(at);
        }
        if declared.parent.is_none() && !declared.name.is_empty() {
            found.push(at);
        }
        inner = declared.parent;
    }
    found
}

/// The wrappers a site is the body of. A method that is handed to a helper of the tree is called by the helper.
fn direct(r: &Resolver<'_>, draft: &SiteDraft<'_>) -> Vec<Lifted> {
    let calls = if draft.call.as_value { r.calls_of_argument(draft.call.at) } else { vec![draft.call.at] };
    let mut found = vec![];
    for call in calls {
        let Some(place) = r.index.call_place(call) else { continue };
        let functions = around(r, call.unit, place.function).into_iter();
        found.extend(functions.filter_map(|function| wraps(r, draft, call, function)));
    }
    found
}

fn wraps(r: &Resolver<'_>, draft: &SiteDraft<'_>, call: At, function: FnAt) -> Option<Lifted> {
    let (api, kind) = (draft.call.api, draft.site.kind);
    let (mut given, mut workflow) = (BTreeSet::new(), None);
    if let Some((client, _)) = r.client_place(call, api.client()) {
        let uses = uses(r, client, function, Meant::Client);
        given.extend(uses.params.into_iter().map(Given::Essential));
        given.extend(uses.beside.into_iter().map(Given::Detail));
    }
    if let Some((at, _)) = api.api.workflow.as_ref().and_then(|slot| r.slot_argument(call, slot)) {
        let uses = uses(r, at, function, Meant::Value);
        workflow = uses.params.last().copied();
        given.extend(uses.params.into_iter().map(Given::Essential));
    }
    for argument in r.arguments(call) {
        let uses = uses(r, argument, function, Meant::Value);
        given.extend(uses.params.into_iter().map(Given::Detail));
        if uses.receiver {
            given.insert(Given::Receiver);
        }
    }
    // Others may call what takes a client; what a framework calls is no wrapper.
    let offered =
        given.iter().any(|g| matches!(g, Given::Essential(_))) && r.index.function(function).decorators.is_empty();
    let called = || !given.is_empty() && has_callers(r, function);
    let is_wrapper = match kind {
        Kind::Connect => hands_out_client(r, function, call),
        Kind::Worker => called(),
        // What tests are handed by their framework does not make them wrappers.
        _ if r.index.unit(call.unit).scope == Scope::Test => called(),
        _ => offered || called() || (!given.is_empty() && r.implements(function)),
    };
    is_wrapper.then(|| Lifted { function, kind, site: draft.site.fingerprint.clone(), given, workflow, layer: 0 })
}

fn has_callers(r: &Resolver<'_>, function: FnAt) -> bool {
    !r.callers(function).is_empty()
}

/// Whether a function's result is the connection itself, a client, or an object of the tree that holds one.
pub fn hands_out_client(r: &Resolver<'_>, function: FnAt, connect: At) -> bool {
    let declared = r.index.function(function);
    let by_type = declared.results.iter().any(|result| match r.ty(function.unit, &result.ty) {
        Ty::Named(full) => r.is_client_type(&full) || holds_client(r, &full),
        _ => false,
    });
    let unit = r.index.unit(function.unit);
    let mut returned = declared.returns.iter().flat_map(|given| &given.values);
    by_type || returned.any(|value| At { unit: function.unit, expr: strip(unit, *value) } == connect)
}

fn holds_client(r: &Resolver<'_>, full: &Name) -> bool {
    match r.index.type_decl(full) {
        Some((unit, TypeDecl { kind: TypeKind::Record { fields, .. }, .. })) => {
            fields.iter().any(|f| matches!(r.ty(unit, &f.ty), Ty::Named(inner) if r.is_client_type(&inner)))
        }
        _ => false,
    }
}

/// Functions that hand out a client somebody else built: getters and outer factories.
fn providers(r: &Resolver<'_>, drafts: &[SiteDraft<'_>]) -> Vec<Lifted> {
    let connects: HashMap<(&str, u32), &Site> = drafts
        .iter()
        .filter(|d| d.site.kind == Kind::Connect)
        .map(|d| ((d.site.path.as_str(), d.site.line), &d.site))
        .collect();
    let mut found = vec![];
    for (n, unit) in r.index.units.iter().enumerate() {
        for (i, function) in unit.functions.iter().enumerate() {
            let at = FnAt { unit: n as u32, func: FuncId(i as u32) };
            if function.parent.is_some() || function.name.is_empty() {
                continue;
            }
            let is_client = function
                .results
                .first()
                .is_some_and(|result| matches!(r.ty(at.unit, &result.ty), Ty::Named(full) if r.is_client_type(&full)));
            if !is_client || !has_callers(r, at) {
                continue;
            }
            let origins: BTreeSet<(String, u32)> = function
                .returns
                .iter()
                .filter_map(|given| given.values.first())
                .flat_map(|value| r.client_origin(At { unit: at.unit, expr: *value }, None).origins)
                .map(|o| (o.path, o.line))
                .collect();
            let mut sites = origins.iter().filter_map(|(path, line)| connects.get(&(path.as_str(), *line)));
            if let (Some(site), None) = (sites.next(), sites.next()) {
                found.push(Lifted {
                    function: at,
                    kind: Kind::Connect,
                    site: site.fingerprint.clone(),
                    given: BTreeSet::new(),
                    workflow: None,
                    layer: 1,
                });
            }
        }
    }
    found
}

/// Callers that only pass their own parameters on, and the faces of a helper that nobody else calls.
fn outer_layer(r: &Resolver<'_>, wrapper: &Lifted) -> Vec<Lifted> {
    let mut found = vec![];
    if wrapper.kind == Kind::Connect {
        return found;
    }
    let calls = r.callers(wrapper.function);
    // Who reads is of no interest beyond the function that does.
    let decides = wrapper.kind.starts() || wrapper.kind.messages();
    let internal = decides && calls.iter().all(|call| call.unit == wrapper.function.unit);
    for call in calls.iter() {
        let Some(place) = r.index.call_place(*call) else { continue };
        let near = decides && call.unit == wrapper.function.unit;
        for function in around(r, call.unit, place.function) {
            if function == wrapper.function {
                continue;
            }
            let (given, workflow) = handed_on(r, wrapper, *call, function);
            let passes = |g: &Given| near || matches!(g, Given::Essential(_));
            if (internal || given.iter().any(passes)) && has_callers(r, function) {
                let (kind, site, layer) = (wrapper.kind, wrapper.site.clone(), wrapper.layer + 1);
                found.push(Lifted { function, kind, site, given, workflow, layer });
            }
        }
    }
    found
}

/// The parameters of `function` that a call hands on to a wrapper.
fn handed_on(r: &Resolver<'_>, wrapper: &Lifted, call: At, function: FnAt) -> (BTreeSet<Given>, Option<usize>) {
    let (mut given, mut workflow) = (BTreeSet::new(), None);
    for one in &wrapper.given {
        let (Given::Essential(position) | Given::Detail(position)) = one else { continue };
        let Some((argument, _)) = r.argument(call, wrapper.function, *position) else { continue };
        let essential = matches!(one, Given::Essential(_));
        let is_workflow = wrapper.workflow == Some(*position);
        let meant = if essential && !is_workflow { Meant::Client } else { Meant::Value };
        let uses = uses(r, argument, function, meant);
        if is_workflow {
            workflow = uses.params.last().copied();
        }
        let as_given = if essential { Given::Essential } else { Given::Detail };
        given.extend(uses.params.into_iter().map(as_given));
        given.extend(uses.beside.into_iter().map(Given::Detail));
    }
    (given, workflow)
}

fn describe(r: &Resolver<'_>, wrapper: &Lifted) -> WrapperCandidate {
    let unit = r.index.unit(wrapper.function.unit);
    let shown = |call: &At| {
        let (callee, _) = r.call(*call)?;
        let unit = r.index.unit(call.unit);
        let workflow_type = wrapper
            .workflow
            .and_then(|position| r.argument(*call, wrapper.function, position))
            .and_then(|argument| r.fold(argument.0).text().map(str::to_owned))
            .filter(|text| !text.is_empty());
        let shown = WrapperCall {
            path: unit.path.clone(),
            line: unit.expr(callee.expr).line,
            function: r.index.call_place(*call).and_then(|p| unit.name_around(p.function)).map(str::to_owned),
            scope: unit.scope,
            workflow_type,
            entries: vec![],
        };
        Some((shown, *call))
    };
    let mut calls: Vec<(WrapperCall, At)> = r.callers(wrapper.function).iter().filter_map(shown).collect();
    calls.sort_by(|(a, _), (b, _)| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let (shown, calls) = calls.into_iter().unzip();
    WrapperCandidate {
        wrapper: Wrapper {
            path: unit.path.clone(),
            line: unit.function(wrapper.function.func).line,
            name: r.display(wrapper.function),
            kind: wrapper.kind,
            site: wrapper.site.clone(),
            calls: shown,
        },
        calls,
    }
}
