//! Workflows that begin, signal, cancel or become other workflows: such commands stay inside one cluster.

use std::collections::BTreeSet;

use crate::facts::code::{WorkflowDefinition, WorkflowLink};
use crate::scan::catalogue::LinkRule;
use crate::scan::index::{At, FnAt, join, name_part};
use crate::scan::program::*;
use crate::scan::resolve::{Resolver, What};

/// How many calls up the workflow around a helper is looked for.
const LENGTH: usize = 6;

/// Links in the lowered files; `definitions` says which functions are workflows.
pub fn links(r: &Resolver<'_>, definitions: &[WorkflowDefinition]) -> Vec<WorkflowLink> {
    let rules = &r.index.catalogue.links;
    let names: BTreeSet<&str> = rules.iter().flat_map(|rule| &rule.functions).map(|f| name_part(f)).collect();
    let mut found = vec![];
    for (n, unit) in r.index.units.iter().enumerate() {
        for place in &unit.calls {
            let at = At { unit: n as u32, expr: place.expr };
            let Some((callee, _)) = r.call(at) else { continue };
            if !r.index.last_name(unit, callee.expr).is_some_and(|name| names.contains(name)) && !renames(r, callee) {
                continue;
            }
            let Some(full) = r.outside_name(callee).or_else(|| method(r, callee)) else { continue };
            let Some(rule) = rules.iter().find(|rule| rule.functions.contains(&full)) else { continue };
            found.extend(link(r, rule, at, callee, place.function, definitions));
        }
    }
    found.sort_by(|a, b| (&a.path, a.line, &a.kind).cmp(&(&b.path, b.line, &b.kind)));
    found.dedup();
    found
}

/// The full name of a method of an object of another package.
fn method(r: &Resolver<'_>, callee: At) -> Option<String> {
    let ExprKind::Member { base, name } = r.index.kind(callee) else { return None };
    match r.member(&r.type_of(At { unit: callee.unit, expr: *base }), name).what {
        What::Foreign(ty) => Some(join(&ty, name)),
        _ => None,
    }
}

/// A function that was imported under another name.
fn renames(r: &Resolver<'_>, callee: At) -> bool {
    matches!(r.index.kind(callee), ExprKind::Free(_))
}

fn link(
    r: &Resolver<'_>,
    rule: &LinkRule,
    call: At,
    callee: At,
    function: Option<FuncId>,
    definitions: &[WorkflowDefinition],
) -> Option<WorkflowLink> {
    let unit = r.index.unit(call.unit);
    let text = |slot: &Option<_>| {
        let folded = r.fold_slot(call, slot.as_ref()?)?;
        folded.text().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let to = text(&rule.workflow);
    let inside = function.map(|func| FnAt { unit: call.unit, func });
    let from = inside.map(|at| workflows_around(r, at, definitions)).unwrap_or_default();
    // A run that continues as its own type links nothing.
    if rule.kind == "continue" && to.as_ref().is_none_or(|to| from.contains(to)) {
        return None;
    }
    let line = unit.expr(callee.expr).line;
    Some(WorkflowLink {
        kind: rule.kind.clone(),
        from: from.into_iter().collect(),
        to,
        workflow_id: rule.id.as_ref().and_then(|slot| r.id_form(call, slot)),
        path: unit.path.clone(),
        line,
        function: unit.name_around(function).map(str::to_owned),
        scope: unit.scope,
        snippet: unit.line(line),
    })
}

/// The workflow types whose code runs a function: its own, or those of its callers.
fn workflows_around(r: &Resolver<'_>, function: FnAt, definitions: &[WorkflowDefinition]) -> BTreeSet<String> {
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::from([function]));
    let mut level = vec![function];
    for _ in 0..LENGTH {
        let mut next = vec![];
        for at in level {
            if let Some(name) = workflow_at(r, at, definitions) {
                found.insert(name);
                continue;
            }
            let unit = at.unit;
            let outer = r.index.function(at).parent.map(|func| FnAt { unit, func });
            let callers = match outer {
                Some(outer) => vec![outer],
                None => r.callers(at).iter().filter_map(|call| function_of(r, *call)).collect(),
            };
            next.extend(callers.into_iter().filter(|caller| seen.insert(*caller)));
        }
        level = next;
    }
    found
}

fn function_of(r: &Resolver<'_>, call: At) -> Option<FnAt> {
    let func = r.index.call_place(call)?.function?;
    Some(FnAt { unit: call.unit, func })
}

/// The workflow type a function implements.
fn workflow_at(r: &Resolver<'_>, at: FnAt, definitions: &[WorkflowDefinition]) -> Option<String> {
    if let Some(name) = r.index.owner(at).and_then(|owner| r.definition(&owner)) {
        return Some(name);
    }
    let function = r.index.function(at);
    let path = &r.index.unit(at.unit).path;
    let here = definitions.iter().find(|d| d.role == "defined" && d.path == *path && d.line == function.line);
    // Registered under its own name, in another file.
    let registered = || {
        let mut named = definitions.iter().filter(|d| d.role == "registered" && d.name == function.name);
        named.next().filter(|_| function.parent.is_none() && !function.name.is_empty())
    };
    here.or_else(registered).map(|definition| definition.name.clone())
}
