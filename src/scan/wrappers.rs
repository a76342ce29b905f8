//! Functions that hand an SDK call on: their callers are the business starters and signallers.

use std::collections::{BTreeSet, HashMap};

use super::classify::ApiCall;
use super::index::{At, FnAt, Name};
use super::program::*;
use super::resolve::{Resolver, Ty};
use super::sites::Draft;
use crate::facts::code::*;

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

/// Find wrappers to a fixpoint; the sites inside them learn the wrapper's name.
pub fn lift(r: &Resolver<'_>, drafts: &mut [Draft<'_>]) -> Vec<Wrapper> {
    let mut lifted: Vec<Lifted> = vec![];
    let mut known: BTreeSet<(FnAt, Kind)> = BTreeSet::new();
    for draft in drafts.iter_mut() {
        if let Some(wrapper) = direct(r, draft) {
            draft.site.wrapper = Some(r.index.display(wrapper.function));
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

/// The named function a call stands in.
fn around(r: &Resolver<'_>, call: &ApiCall<'_>) -> Option<FnAt> {
    let unit = r.index.unit(call.at.unit);
    let func = unit.named_around(call.function)?;
    (!unit.function(func).name.is_empty()).then_some(FnAt { unit: call.at.unit, func })
}

/// The wrapper a site is the body of.
fn direct(r: &Resolver<'_>, draft: &Draft<'_>) -> Option<Lifted> {
    let call = &draft.call;
    let kind = draft.site.kind;
    let function = around(r, call)?;
    if call.as_value {
        return None;
    }
    let api = call.api.api;
    let mut given = BTreeSet::new();
    let mut workflow = None;
    if let Some((client, _)) = r.client_place(call.at, call.api.client()) {
        for position in dependence(r, client, function).params {
            given.insert(Given::Essential(position));
        }
    }
    let argument = |slot: &Option<super::catalogue::Slot>| r.slot_argument(call.at, slot.as_ref()?).map(|(at, _)| at);
    if let Some(at) = argument(&api.workflow) {
        for position in dependence(r, at, function).params {
            given.insert(Given::Essential(position));
            workflow = Some(position);
        }
    }
    for slot in [&api.id, &api.message, &api.queue, &api.options] {
        let Some(at) = argument(slot) else { continue };
        let uses = dependence(r, at, function);
        given.extend(uses.params.into_iter().map(Given::Detail));
        if uses.receiver {
            given.insert(Given::Receiver);
        }
    }
    let essential = given.iter().any(|g| matches!(g, Given::Essential(_)));
    let is_wrapper = match kind {
        Kind::Connect => hands_out_client(r, function),
        Kind::Worker => !given.is_empty() && has_callers(r, function),
        // What tests are handed by their framework does not make them wrappers.
        _ if r.index.unit(call.at.unit).scope == Scope::Test => !given.is_empty() && has_callers(r, function),
        _ => essential || (!given.is_empty() && has_callers(r, function)),
    };
    is_wrapper.then(|| Lifted { function, kind, site: draft.site.fingerprint.clone(), given, workflow, layer: 0 })
}

fn has_callers(r: &Resolver<'_>, function: FnAt) -> bool {
    !r.callers(function).is_empty()
}

/// Whether a function's result is a client, or an object of the tree that holds one.
fn hands_out_client(r: &Resolver<'_>, function: FnAt) -> bool {
    r.index.function(function).results.iter().any(|result| match r.ty(function.unit, &result.ty) {
        Ty::Named(full) => r.is_client_type(&full, 0) || holds_client(r, &full),
        _ => false,
    })
}

fn holds_client(r: &Resolver<'_>, full: &Name) -> bool {
    match r.index.type_decl(full) {
        Some((unit, TypeDecl { kind: TypeKind::Record { fields, .. }, .. })) => {
            fields.iter().any(|f| matches!(r.ty(unit, &f.ty), Ty::Named(inner) if r.is_client_type(&inner, 0)))
        }
        _ => false,
    }
}

/// Functions that hand out a client somebody else built: getters and outer factories.
fn providers(r: &Resolver<'_>, drafts: &[Draft<'_>]) -> Vec<Lifted> {
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
            let is_client = function.results.first().is_some_and(
                |result| matches!(r.ty(at.unit, &result.ty), Ty::Named(full) if r.is_client_type(&full, 0)),
            );
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

/// Callers that only pass their own parameters on.
fn outer_layer(r: &Resolver<'_>, wrapper: &Lifted) -> Vec<Lifted> {
    let mut found = vec![];
    if wrapper.kind == Kind::Connect {
        return found;
    }
    for call in r.callers(wrapper.function).iter() {
        let Some(place) = r.index.call_place(*call) else { continue };
        let unit = r.index.unit(call.unit);
        let Some(func) = unit.named_around(place.function) else { continue };
        let function = FnAt { unit: call.unit, func };
        if function == wrapper.function || unit.function(func).name.is_empty() {
            continue;
        }
        let (mut given, mut workflow) = (BTreeSet::new(), None);
        for one in &wrapper.given {
            let Given::Essential(position) = one else { continue };
            let Some(argument) = r.argument(*call, wrapper.function, *position) else { continue };
            for outer in dependence(r, argument.0, function).params {
                given.insert(Given::Essential(outer));
                if wrapper.workflow == Some(*position) {
                    workflow = Some(outer);
                }
            }
        }
        if given.is_empty() {
            continue;
        }
        found.push(Lifted {
            function,
            kind: wrapper.kind,
            site: wrapper.site.clone(),
            given,
            workflow,
            layer: wrapper.layer + 1,
        });
    }
    found
}

fn describe(r: &Resolver<'_>, wrapper: &Lifted) -> Wrapper {
    let unit = r.index.unit(wrapper.function.unit);
    let mut calls: Vec<WrapperCall> = r
        .callers(wrapper.function)
        .iter()
        .filter_map(|call| {
            let (callee, _) = r.call(*call)?;
            let unit = r.index.unit(call.unit);
            let workflow_type = wrapper
                .workflow
                .and_then(|position| r.argument(*call, wrapper.function, position))
                .and_then(|argument| r.fold(argument.0).text().map(str::to_owned))
                .filter(|text| !text.is_empty());
            Some(WrapperCall {
                path: unit.path.clone(),
                line: unit.expr(callee.expr).line,
                function: r.index.call_place(*call).and_then(|p| unit.name_around(p.function)).map(str::to_owned),
                scope: unit.scope,
                workflow_type,
            })
        })
        .collect();
    calls.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Wrapper {
        path: unit.path.clone(),
        line: unit.function(wrapper.function.func).line,
        name: r.index.display(wrapper.function),
        kind: wrapper.kind,
        site: wrapper.site.clone(),
        calls,
    }
}

/// What of its function an expression depends on.
#[derive(Default)]
struct Uses {
    params: BTreeSet<usize>,
    receiver: bool,
}

/// Parameters of `function` that reach an expression, through locals of the same function.
fn dependence(r: &Resolver<'_>, at: At, function: FnAt) -> Uses {
    let mut uses = Uses::default();
    let mut seen = BTreeSet::new();
    let mut todo = vec![at.expr];
    let unit = r.index.unit(at.unit);
    while let Some(expr) = todo.pop() {
        if !seen.insert(expr) || seen.len() > 400 {
            continue;
        }
        match &unit.expr(expr).kind {
            ExprKind::Var(var) => {
                let declared = unit.var(*var);
                match declared.role {
                    Role::Param(position)
                        if declared.function == Some(function.func) && !is_context(unit, declared) =>
                    {
                        uses.params.insert(position);
                    }
                    Role::Receiver => uses.receiver = true,
                    Role::Local => todo.extend(declared.sources.iter().map(|s| s.value)),
                    _ => {}
                }
            }
            ExprKind::Member { base, .. } | ExprKind::Same(base) | ExprKind::Cast { value: base, .. } => {
                todo.push(*base)
            }
            ExprKind::Element { base, index } => {
                todo.push(*base);
                todo.extend(*index);
            }
            ExprKind::Call { callee, args, .. } => {
                if let ExprKind::Member { base, .. } = &unit.expr(*callee).kind {
                    todo.push(*base);
                }
                todo.extend(args);
            }
            ExprKind::Composite { parts, .. } => todo.extend(parts.iter().map(|p| p.value)),
            ExprKind::Binary { left, right, .. } => todo.extend([*left, *right]),
            ExprKind::Choice { then, otherwise, .. } => todo.extend([*then, *otherwise]),
            _ => {}
        }
    }
    uses
}

/// Deadlines and cancellation travel with every call and decide nothing.
fn is_context(unit: &Unit, var: &Var) -> bool {
    let _ = unit;
    matches!(&var.ty, TypeExpr::Named { name, .. } if name == "Context") || var.name == "ctx"
}
