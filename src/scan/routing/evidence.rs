//! What a condition says about the error of the first call: only "not found", or anything.

use crate::facts::code::FallbackOn;
use crate::scan::index::At;
use crate::scan::program::*;
use crate::scan::resolve::{Resolver, Ty};

/// What a condition says about the error of the first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    NotFound,
    AnyError,
    Unclear,
}

impl Evidence {
    pub(super) fn fallback(self) -> FallbackOn {
        match self {
            Evidence::NotFound => FallbackOn::NotFound,
            Evidence::AnyError => FallbackOn::AnyError,
            Evidence::Unclear => FallbackOn::Unclear,
        }
    }
}
/// Both conditions must hold: the stricter one decides.
pub(super) fn both(a: Option<Evidence>, b: Option<Evidence>) -> Option<Evidence> {
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

pub(super) fn guard(r: &Resolver<'_>, first: At, unit: u32, guard: &Guard) -> Option<Evidence> {
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
        // An error of something else says nothing about the first call.
        Guard::Handler { tried, .. } if !lies_in(r, first, unit, *tried) => None,
        Guard::Handler { types, .. } => match types.as_slice() {
            [] => Some(Evidence::AnyError),
            types if types.iter().all(|ty| is_not_found_type(&r.ty(unit, ty), r)) => Some(Evidence::NotFound),
            types if types.iter().any(|ty| is_broad(ty, r)) => Some(Evidence::AnyError),
            _ => Some(Evidence::Unclear),
        },
    }
}

/// Whether a handler of this type catches whatever the SDK raises.
fn is_broad(ty: &TypeExpr, r: &Resolver<'_>) -> bool {
    matches!(ty, TypeExpr::Named { name, .. } if r.index.catalogue.not_found.broad.contains(name))
}

pub(super) fn condition_says(r: &Resolver<'_>, first: At, at: At, holds: bool, depth: usize) -> Option<Evidence> {
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
                ("instanceof", _) => {
                    let not_found = is_not_found_name(r, here(*right));
                    let says = if not_found && holds { Evidence::NotFound } else { Evidence::Unclear };
                    (not_found || mentions_error(r, first, here(*left))).then_some(says)
                }
                ("==" | "===" | "!=" | "!==", _) => {
                    let equal = op.starts_with('=') == holds;
                    let number = is_not_found_number(r, here(*left), here(*right));
                    if number || is_not_found_code(r, here(*left)) || is_not_found_code(r, here(*right)) {
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
        // `a || b` where a value is asked for.
        ExprKind::Choice { condition, then, otherwise } if condition == then => {
            let says = |expr: ExprId| condition_says(r, first, here(expr), holds, depth + 1);
            if holds { either(says(*then), says(*otherwise)) } else { both(says(*then), says(*otherwise)) }
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
    if let Some(name) = r.outside_name(callee)
        && rule.tests.contains(&name)
    {
        let Some(target) = args.last() else { return false };
        return is_not_found_type(&r.type_of(At { unit: call.unit, expr: *target }), r);
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
                    ExprKind::Binary { op, left, right } => {
                        let right = At { unit: at.unit, expr: *right };
                        match op.as_str() {
                            "instanceof" => is_not_found_name(r, right),
                            "==" | "===" => {
                                is_not_found_code(r, right)
                                    || is_not_found_number(r, At { unit: at.unit, expr: *left }, right)
                            }
                            _ => false,
                        }
                    }
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

/// The class of the error, used as a value.
fn is_not_found_name(r: &Resolver<'_>, at: At) -> bool {
    r.outside_name(at).is_some_and(|name| r.index.catalogue.not_found.types.contains(&name))
}

/// A status code, or the name of the error's class as a text.
fn is_not_found_code(r: &Resolver<'_>, at: At) -> bool {
    let rule = &r.index.catalogue.not_found;
    if let ExprKind::Text(text) = r.index.kind(at) {
        return rule.types.iter().any(|t| t.rsplit('.').next() == Some(text.as_str()));
    }
    if let ExprKind::Member { name, .. } | ExprKind::Free(name) = r.index.kind(at)
        && rule.variants.contains(name)
    {
        return true;
    }
    let name = r.outside_name(at).or_else(|| match r.index.kind(at) {
        // `status.NOT_FOUND` of an imported `status`.
        ExprKind::Member { base, name } => {
            Some(format!("{}.{name}", r.outside_name(At { unit: at.unit, expr: *base })?))
        }
        _ => None,
    });
    name.is_some_and(|name| rule.codes.contains(&name))
}

/// `err.code === 5`: the status as a number.
fn is_not_found_number(r: &Resolver<'_>, left: At, right: At) -> bool {
    let numbers = &r.index.catalogue.not_found.numbers;
    match (r.index.kind(left), r.index.kind(right)) {
        (ExprKind::Member { name, .. }, ExprKind::Number(number)) => numbers.get(name) == Some(number),
        _ => false,
    }
}

/// Whether a call lies in a block.
pub(super) fn lies_in(r: &Resolver<'_>, call: At, unit: u32, block: BlockId) -> bool {
    let unit_of_call = r.index.unit(call.unit);
    let Some(place) = r.index.call_place(call).filter(|_| call.unit == unit) else { return false };
    unit_of_call.blocks_around(place.block).contains(&block)
}

/// `status.Code(err)`, `st.Code()`.
fn mentions_code(r: &Resolver<'_>, at: At) -> bool {
    r.index.unit(at.unit).text_of(at.expr).contains("Code(")
}

/// Whether an expression looks at the error of a call.
pub(super) fn mentions_error(r: &Resolver<'_>, first: At, at: At) -> bool {
    let unit = r.index.unit(at.unit);
    let range = (unit.expr(at.expr).start, unit.expr(at.expr).end);
    unit.exprs.iter().any(|expr| match &expr.kind {
        ExprKind::Var(var) if expr.start >= range.0 && expr.end <= range.1 => {
            at.unit == first.unit
                && (unit.var(*var).sources.iter().any(|s| s.value == first.expr) || holds_error(r, first, *var))
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

/// Whether a variable is the one a handler of the call's errors is given.
fn holds_error(r: &Resolver<'_>, first: At, var: VarId) -> bool {
    r.index.unit(first.unit).blocks.iter().any(|block| match &block.guard {
        Guard::Handler { tried, error, .. } => *error == Some(var) && lies_in(r, first, first.unit, *tried),
        _ => false,
    })
}
