//! The path that the calls around a handler give it: `.nest("/v1", Router::new().route("/orders", post(create)))`.

use super::forms::Form;
use super::library::callee_of;
use super::said::{argument, called};
use crate::scan::index::{At, FnAt, RequestScope};
use crate::scan::program::*;
use crate::scan::resolve::Resolver;

/// How many calls, variables and functions outwards are looked at.
const STEPS: usize = 16;

/// How long a chain of calls may be.
const CHAIN: usize = 400;

/// What the calls around this one, named by the form, and the routers they are called on put together.
pub(super) fn path(r: &Resolver<'_>, form: &Form, said: At) -> String {
    let mut pieces = on_the_way_down(r, form, said);
    let mut at = end_of_chain(r, said);
    for _ in 0..STEPS {
        if let Some((call, n)) = r.index.argument_of(at) {
            let named = called(r, call).is_some_and(|name| form.around.iter().any(|a| a == name));
            let text = if named && n > 0 { argument(r, call, "0") } else { None };
            pieces = on_the_way_down(r, form, call) + &text.map(slashed).unwrap_or_default() + &pieces;
            at = end_of_chain(r, call);
        } else if let Some(next) = used(r, at) {
            at = next;
        } else {
            break;
        }
    }
    pieces
}

/// What the calls earlier in the chain put in front: `web::scope("/v1").route(…)`.
fn on_the_way_down(r: &Resolver<'_>, form: &Form, mut call: At) -> String {
    let mut pieces = String::new();
    for _ in 0..CHAIN {
        let callee = callee_of(r, call);
        let ExprKind::Member { base, .. } = r.index.kind(callee) else { break };
        call = At { unit: call.unit, expr: *base };
        if called(r, call).is_some_and(|name| form.groups.iter().any(|g| g == name)) {
            pieces = argument(r, call, "0").map(slashed).unwrap_or_default() + &pieces;
        }
    }
    pieces
}

fn slashed(text: String) -> String {
    if text.starts_with('/') { text } else { format!("/{text}") }
}

/// The last call of the chain a call stands in.
fn end_of_chain(r: &Resolver<'_>, mut at: At) -> At {
    for _ in 0..CHAIN {
        let Some(next) = r.index.chained(at) else { break };
        at = next;
    }
    at
}

/// Where a value goes on that is no argument: the one use of its variable, the one call of its function.
fn used(r: &Resolver<'_>, at: At) -> Option<At> {
    let unit = r.index.unit(at.unit);
    let returning = |value: ExprId| {
        let returns = |f: &Function| f.returns.iter().any(|found| found.values.contains(&value));
        let func = FuncId(unit.functions.iter().position(returns)? as u32);
        // However far up the handler is: a path that lacks its beginning would be a wrong one.
        let asks = r.index.asks.replace(RequestScope::Near);
        let callers = r.callers(FnAt { unit: at.unit, func });
        r.index.asks.set(asks);
        match callers.as_slice() {
            [only] => Some(end_of_chain(r, *only)),
            _ => None,
        }
    };
    let holds = |var: &Var| var.sources.iter().any(|s| s.value == at.expr && s.take == Projection::Whole);
    let Some(var) = unit.vars.iter().position(holds) else { return returning(at.expr) };
    let mut uses = unit.exprs.iter().enumerate().filter_map(|(n, expr)| match expr.kind {
        ExprKind::Var(used) if used.at() == var => Some(ExprId(n as u32)),
        _ => None,
    });
    uses.find_map(|value| {
        let here = At { unit: at.unit, expr: value };
        match end_of_chain(r, here) {
            end if r.index.argument_of(end).is_some() => Some(end),
            end => returning(end.expr),
        }
    })
}
