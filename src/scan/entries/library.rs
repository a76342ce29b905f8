//! From which library a value comes.

use crate::scan::index::{At, join, strip};
use crate::scan::program::*;
use crate::scan::resolve::{Resolver, TraceEnd, TraceQuery, Ty, What};

/// How far a value is followed.
const DEPTH: usize = 8;

/// The library a call is one of, by its callee: the full name of the function, or of the type it is a method of.
pub(super) fn of_callee(r: &Resolver<'_>, callee: At) -> Option<String> {
    if let Some(name) = r.outside_name(callee) {
        return Some(name);
    }
    match r.index.kind(callee) {
        ExprKind::Member { base, name } => {
            let base = At { unit: callee.unit, expr: *base };
            of_method(r, base, name).or_else(|| of_value(r, base, 0))
        }
        _ => None,
    }
}

/// A method that a type of the tree has from a library.
fn of_method(r: &Resolver<'_>, base: At, name: &str) -> Option<String> {
    match r.type_of(base) {
        ty @ Ty::Named(_) => match r.member(&ty, name).what {
            What::Foreign(full) => Some(full.to_string()),
            What::Sdk(api) => Some(api.full()),
            _ => None,
        },
        _ => None,
    }
}

/// The library a value was made by.
fn of_value(r: &Resolver<'_>, at: At, depth: usize) -> Option<String> {
    if depth > DEPTH {
        return None;
    }
    let here = |expr: ExprId| At { unit: at.unit, expr };
    match r.type_of(at) {
        Ty::Foreign(full) if full.contains(['.', '/']) => return Some(full.to_string()),
        Ty::Named(_) | Ty::Plain => return None,
        _ => {}
    }
    match r.index.kind(at) {
        ExprKind::Call { callee, .. } => match r.outside_name(here(*callee)) {
            Some(name) => Some(name),
            None => match r.index.kind(here(*callee)) {
                ExprKind::Member { base, .. } => of_value(r, here(*base), depth + 1).or_else(|| traced(r, at, depth)),
                _ => traced(r, at, depth),
            },
        },
        ExprKind::Same(inner) | ExprKind::Cast { value: inner, .. } => of_value(r, here(*inner), depth + 1),
        ExprKind::Free(_) | ExprKind::Member { .. } => match r.outside_name(at) {
            Some(name) => Some(name),
            None => decorated(r, at, depth).or_else(|| traced(r, at, depth)).or_else(|| match r.index.kind(at) {
                // `t.procedure`: a part of what the library gave.
                ExprKind::Member { base, .. } if r.index.package_at(here(*base)).is_none() => {
                    of_value(r, here(*base), depth + 1)
                }
                _ => None,
            }),
        },
        ExprKind::Var(var) => {
            let sources = &r.index.unit(at.unit).var(*var).sources;
            let made = sources.iter().filter(|s| matches!(s.take, Projection::Whole | Projection::Result(0)));
            made.map(|source| here(source.value))
                .find_map(|value| of_value(r, value, depth + 1))
                .or_else(|| traced(r, at, depth))
        }
        _ => None,
    }
}

/// A function of the tree that a library's decorator made something else: `@click.group() def cli()`.
fn decorated(r: &Resolver<'_>, at: At, depth: usize) -> Option<String> {
    let ExprKind::Free(name) = r.index.kind(at) else { return None };
    let function = *r.index.functions(&r.index.free_name(at.unit, name)).first()?;
    let decorators = &r.index.function(function).decorators;
    decorators.iter().find_map(|decorator| {
        let decorator = At { unit: function.unit, expr: strip(r.index.unit(function.unit), *decorator) };
        match r.call(decorator) {
            Some((callee, _)) if depth < DEPTH => of_callee(r, callee),
            _ => r.outside_name(decorator),
        }
    })
}

/// Values that come from elsewhere: other files, fields, parameters.
fn traced(r: &Resolver<'_>, at: At, depth: usize) -> Option<String> {
    let ends = r.trace(at, TraceQuery { production: false, clients: false, steps: 60 });
    ends.iter().find_map(|found| match &found.end {
        TraceEnd::External(end) if *end != at => of_value(r, *end, depth + 1),
        _ => None,
    })
}

/// The expression as a call, and its callee; a bare decorator is its own callee.
pub(super) fn callee_of(r: &Resolver<'_>, at: At) -> At {
    r.call(at).map_or(at, |(callee, _)| callee)
}

/// The full name of a type of the tree that a value has, or that an expression names.
pub(super) fn type_named(r: &Resolver<'_>, at: At) -> Option<crate::scan::index::Name> {
    let at = At { unit: at.unit, expr: strip(r.index.unit(at.unit), at.expr) };
    // `OrderView.as_view()` stands for the class.
    let at = match r.index.kind(at) {
        ExprKind::Call { callee, .. } => match &r.index.unit(at.unit).expr(*callee).kind {
            ExprKind::Member { base, name } if name == "as_view" => At { unit: at.unit, expr: *base },
            _ => at,
        },
        _ => at,
    };
    match r.type_of(at) {
        Ty::Named(full) => Some(full),
        Ty::Meta(inner) => match &*inner {
            Ty::Named(full) => Some(full.clone()),
            _ => None,
        },
        _ => match r.index.kind(at) {
            ExprKind::Free(name) => {
                let full = join(&r.index.unit(at.unit).package, name);
                r.index.type_decl(&full).map(|_| full.as_str().into())
            }
            _ => None,
        },
    }
}
