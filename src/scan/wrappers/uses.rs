//! What of its function an expression depends on.

use std::collections::BTreeSet;

use crate::scan::index::{At, FnAt};
use crate::scan::program::*;
use crate::scan::resolve::{Resolver, Ty};

/// How many expressions one question may look at.
const LIMIT: usize = 400;

/// Parameters that reach an expression.
#[derive(Default)]
pub(super) struct Uses {
    /// Through values alone.
    pub params: BTreeSet<usize>,
    /// Only as an argument of a call that gives something else: the id a handle is asked for.
    pub beside: BTreeSet<usize>,
    /// The object the function is called on reaches it.
    pub receiver: bool,
}

/// What a search is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// Any value: what goes into a call comes out of it.
    Value,
    /// A client: only what builds a client, or hands one on, passes its arguments on.
    Client,
}

/// Parameters of `function` that reach an expression, through locals and through functions written inside it.
pub(super) fn uses(r: &Resolver<'_>, at: At, function: FnAt, meant: Meant) -> Uses {
    let mut uses = Uses::default();
    let mut seen: BTreeSet<(ExprId, bool)> = BTreeSet::new();
    let mut todo = vec![(at.expr, true)];
    let unit = r.index.unit(at.unit);
    if at.unit != function.unit {
        return uses;
    }
    while let Some((expr, through)) = todo.pop() {
        if seen.len() > LIMIT || !seen.insert((expr, through)) {
            continue;
        }
        let mut go = |next: ExprId| todo.push((next, through));
        match &unit.expr(expr).kind {
            ExprKind::Var(var) => {
                let declared = unit.var(*var);
                match declared.role {
                    Role::Param(_) if is_context(declared) => {}
                    Role::Param(position) if declared.function == Some(function.func) => {
                        if through {
                            uses.params.insert(position)
                        } else {
                            uses.beside.insert(position)
                        };
                    }
                    Role::Param(position) => {
                        for argument in given_inside(r, at.unit, function, declared.function, position) {
                            go(argument);
                        }
                    }
                    Role::Receiver => uses.receiver = true,
                    Role::Local => declared.sources.iter().for_each(|source| go(source.value)),
                    _ => {}
                }
            }
            ExprKind::Member { base, .. } | ExprKind::Same(base) | ExprKind::Cast { value: base, .. } => go(*base),
            ExprKind::Element { base, index } => {
                go(*base);
                index.iter().for_each(|index| go(*index));
            }
            ExprKind::Call { callee, args, named, .. } => {
                if let ExprKind::Member { base, .. } = &unit.expr(*callee).kind {
                    go(*base);
                }
                let on = through && (meant == Meant::Value || gives_client(r, At { unit: at.unit, expr }));
                todo.extend(args.iter().chain(named.iter().map(|part| &part.value)).map(|arg| (*arg, on)));
            }
            ExprKind::Composite { parts, .. } => parts.iter().for_each(|part| go(part.value)),
            ExprKind::Binary { left, right, .. } => [*left, *right].into_iter().for_each(go),
            ExprKind::Choice { then, otherwise, .. } => [*then, *otherwise].into_iter().for_each(go),
            _ => {}
        }
    }
    uses.beside = uses.beside.difference(&uses.params).copied().collect();
    uses
}

fn gives_client(r: &Resolver<'_>, call: At) -> bool {
    matches!(r.type_of(call), Ty::Named(full) if r.is_client_type(&full))
}

/// What a function written inside `outer` is given for a parameter by the calls in `outer`.
fn given_inside(r: &Resolver<'_>, unit: u32, outer: FnAt, inner: Option<FuncId>, position: usize) -> Vec<ExprId> {
    let Some(func) = inner.filter(|func| is_inside(r.index.unit(unit), *func, outer.func)) else { return vec![] };
    let inner = FnAt { unit, func };
    let calls = r.callers(inner);
    let here = calls.iter().filter(|call| call.unit == unit);
    here.filter_map(|call| Some(r.argument(*call, inner, position)?.0.expr)).collect()
}

fn is_inside(unit: &Unit, mut func: FuncId, outer: FuncId) -> bool {
    while let Some(parent) = unit.function(func).parent {
        if parent == outer {
            return true;
        }
        func = parent;
    }
    false
}

/// Deadlines and cancellation travel with every call and decide nothing.
fn is_context(var: &Var) -> bool {
    matches!(&var.ty, TypeExpr::Named { name, .. } if name == "Context") || var.name == "ctx"
}
