//! What the tree contains besides calls: workflow definitions and registrations, search attributes.

use super::catalogue::Slot;
use super::classify::{Classified, is_workflow_code};
use super::index::{At, FnAt, join};
use super::program::*;
use super::resolve::{Ask, End, Folded, Resolver};
use crate::facts::code::{SearchAttributeUse, WorkflowDefinition};

const NEAR: Ask = Ask { production: false, clients: false, steps: 300 };

/// Workflow functions and registrations.
pub fn workflows(r: &Resolver<'_>, classified: &Classified<'_>) -> Vec<WorkflowDefinition> {
    let mut found = vec![];
    for (n, unit) in r.index.units.iter().enumerate() {
        for (i, function) in unit.functions.iter().enumerate() {
            let at = FnAt { unit: n as u32, func: FuncId(i as u32) };
            let exported = function.name.chars().next().is_some_and(char::is_uppercase);
            if function.parent.is_none() && exported && is_workflow_code(r, at) && looks_like_workflow(r, at) {
                found.push(WorkflowDefinition {
                    name: function.name.clone(),
                    path: unit.path.clone(),
                    line: function.line,
                    role: "defined".into(),
                    task_queue: None,
                    scope: unit.scope,
                });
            }
        }
    }
    defined_types(r, &mut found);
    found.extend(r.index.units.iter().filter(|unit| is_workflow_file(r, unit)).flat_map(handed_out));
    for call in &classified.calls {
        let Some(slot) = call.api.api.registers.as_ref().filter(|_| !call.as_value) else { continue };
        let unit = r.index.unit(call.at.unit);
        let named = call
            .api
            .api
            .name
            .as_ref()
            .and_then(|slot| r.fold_slot(call.at, slot))
            .and_then(|f| f.text().map(str::to_owned));
        let names = match named.filter(|n| !n.is_empty()) {
            Some(name) => vec![name],
            None if call.api.api.dynamic => vec!["(dynamic)".to_owned()],
            None => match r.fold_slot(call.at, slot).map(registered_names) {
                Some(names) => names,
                // A worker without workflows runs activities only.
                None if !call.api.method => vec![],
                None => vec!["(unresolved)".to_owned()],
            },
        };
        let queue = worker_queue(r, call.at).or_else(|| {
            let slot = call.api.api.queue.as_ref()?;
            r.fold_slot(call.at, slot)?.text().map(str::to_owned)
        });
        found.extend(names.into_iter().map(|name| WorkflowDefinition {
            name,
            path: unit.path.clone(),
            line: unit.expr(call.name_at.expr).line,
            role: "registered".into(),
            task_queue: queue.clone(),
            scope: unit.scope,
        }));
    }
    found
}

/// The names one registration may mean; what is no constant is said once.
fn registered_names(folded: Folded) -> Vec<String> {
    let all = match folded {
        Folded::Many(all) => all,
        one => vec![one],
    };
    let name = |f: &Folded| f.text().filter(|t| !t.is_empty()).map_or("(unresolved)".to_owned(), str::to_owned);
    let mut names: Vec<String> = all.iter().map(name).collect();
    names.sort();
    names.dedup();
    names
}

/// Types that a decorator makes workflows.
fn defined_types(r: &Resolver<'_>, found: &mut Vec<WorkflowDefinition>) {
    for unit in r.index.units {
        for decl in unit.types.iter().filter(|decl| !decl.decorators.is_empty()) {
            let Some(name) = r.definition(&join(&unit.package, &decl.name)) else { continue };
            found.push(WorkflowDefinition {
                name,
                path: unit.path.clone(),
                line: decl.line,
                role: "defined".into(),
                task_queue: None,
                scope: unit.scope,
            });
        }
    }
}

/// Whether a file is one of workflow code by what it imports.
fn is_workflow_file(r: &Resolver<'_>, unit: &Unit) -> bool {
    let imports = |modules: &[String]| unit.imports.iter().any(|i| modules.contains(&i.path));
    imports(&r.index.catalogue.workflow_modules) && !imports(&r.index.catalogue.not_in_workflows)
}

/// The asynchronous functions a file hands out, under the names it hands them out by.
fn handed_out(unit: &Unit) -> Vec<WorkflowDefinition> {
    let mut seen = std::collections::BTreeSet::new();
    let mut found = vec![];
    for (name, own) in &unit.exports {
        let declared = unit.functions.iter().find(|f| f.parent.is_none() && f.owner.is_none() && f.name == *own);
        if let Some(function) = declared.filter(|f| f.asynchronous && seen.insert(name)) {
            found.push(WorkflowDefinition {
                name: name.clone(),
                path: unit.path.clone(),
                line: function.line,
                role: "defined".into(),
                task_queue: None,
                scope: unit.scope,
            });
        }
    }
    found
}

/// A workflow returns an error; helpers that take the workflow context often do not. A function that is
/// registered is listed by its registration in any case.
fn looks_like_workflow(r: &Resolver<'_>, at: FnAt) -> bool {
    let function = r.index.function(at);
    let unit = r.index.unit(at.unit);
    let last = function.results.last().map(|result| &result.ty);
    let error = matches!(last, Some(TypeExpr::Named { qualifier: None, name }) if name == "error");
    let registered = r.index.references_named(&function.name).any(|(_, reference)| reference.argument_of.is_some());
    error && (registered || unit.scope == crate::facts::code::Scope::Main && function.name.ends_with("Workflow"))
}

/// The task queue of the worker a registration is made on.
fn worker_queue(r: &Resolver<'_>, call: At) -> Option<String> {
    let (callee, _) = r.call(call)?;
    let ExprKind::Member { base, .. } = r.index.kind(callee) else { return None };
    let mut queues: Vec<String> = vec![];
    for found in r.trace(At { unit: call.unit, expr: *base }, Ask { steps: 2000, ..NEAR }) {
        let End::Sdk(worker, api) = &found.end else { continue };
        let slot = api.api.queue.as_ref()?;
        queues.push(r.fold_slot(*worker, slot)?.text()?.to_owned());
    }
    queues.dedup();
    match queues.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// Search attributes set, declared as keys, or used in queries.
pub fn search_attributes(r: &Resolver<'_>, classified: &Classified<'_>) -> Vec<SearchAttributeUse> {
    let mut found = vec![];
    keys_and_upserts(r, &mut found);
    for call in classified.calls.iter().filter(|c| !c.as_value) {
        for slot in &call.api.api.attributes {
            set(r, call.at, slot, &mut found);
        }
        if let Some(text) = call.api.api.query.as_ref().and_then(|slot| r.fold_slot(call.at, slot)) {
            let unit = r.index.unit(call.at.unit);
            for name in text.text().map(query_names).unwrap_or_default() {
                found.push(SearchAttributeUse {
                    name,
                    value_type: None,
                    role: "query".into(),
                    path: unit.path.clone(),
                    line: unit.expr(call.name_at.expr).line,
                    scope: unit.scope,
                });
            }
        }
    }
    found.sort_by(|a, b| (&a.path, a.line, &a.name, &a.role).cmp(&(&b.path, b.line, &b.name, &b.role)));
    found.dedup();
    found
}

fn keys_and_upserts(r: &Resolver<'_>, found: &mut Vec<SearchAttributeUse>) {
    for (n, unit) in r.index.units.iter().enumerate() {
        for place in &unit.calls {
            let at = At { unit: n as u32, expr: place.expr };
            let Some((callee, args)) = r.call(at) else { continue };
            let Some(name) = r.outside_name(callee) else { continue };
            if let (Some(ty), Some(first)) = (r.index.catalogue.attribute_keys.get(&name), args.first())
                && let Some(text) = r.fold(At { unit: at.unit, expr: *first }).text()
            {
                found.push(SearchAttributeUse {
                    name: text.to_owned(),
                    value_type: Some(ty.clone()),
                    role: "key".into(),
                    path: unit.path.clone(),
                    line: unit.expr(callee.expr).line,
                    scope: unit.scope,
                });
            }
            if let Some(argument) = r.index.catalogue.upserts.get(&name) {
                set(r, at, &Slot { argument: Some(*argument), keyword: None, steps: vec![] }, found);
            }
        }
    }
}

/// Attributes in a map literal handed to a call.
fn set(r: &Resolver<'_>, call: At, slot: &Slot, found: &mut Vec<SearchAttributeUse>) {
    for value in r.trace_argument(call, slot, NEAR).unwrap_or_default() {
        let End::Value(at) = value.end else { continue };
        let ExprKind::Composite { parts, .. } = r.index.kind(at) else { continue };
        let unit = r.index.unit(at.unit);
        for part in parts {
            let name = match &part.key {
                Some(Key::Value(key)) => r.fold(At { unit: at.unit, expr: *key }).text().map(str::to_owned),
                Some(Key::Name(name)) if r.index.names_arguments() => Some(name.clone()),
                Some(Key::Name(_) | Key::Spread) | None => None,
            };
            let Some(name) = name else { continue };
            found.push(SearchAttributeUse {
                name,
                value_type: literal_type(&unit.expr(part.value).kind),
                role: "set".into(),
                path: unit.path.clone(),
                line: unit.expr(part.value).line,
                scope: unit.scope,
            });
        }
    }
}

/// What the value's own shape says; a string may be Keyword or Text, so it says nothing.
fn literal_type(kind: &ExprKind) -> Option<String> {
    match kind {
        ExprKind::Truth(_) => Some("Bool".into()),
        ExprKind::Number(text) if text.contains('.') => Some("Double".into()),
        ExprKind::Number(_) => Some("Int".into()),
        _ => None,
    }
}

/// Attribute names of a visibility query: what stands before a comparison.
fn query_names(query: &str) -> Vec<String> {
    const SYSTEM: [&str; 14] = [
        "WorkflowId",
        "RunId",
        "WorkflowType",
        "ExecutionStatus",
        "TaskQueue",
        "StartTime",
        "CloseTime",
        "ExecutionTime",
        "ExecutionDuration",
        "HistoryLength",
        "BuildIds",
        "StateTransitionCount",
        "ParentWorkflowId",
        "RootWorkflowId",
    ];
    let spaced = query.replace("!=", " = ").replace(">=", " = ").replace("<=", " = ").replace(['=', '>', '<'], " = ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut names: Vec<String> = words
        .windows(2)
        .filter_map(|pair| match pair {
            [name, op] if is_comparison(op) => Some(name.trim_matches(['(', '`'])),
            _ => None,
        })
        .filter(|name| name.chars().next().is_some_and(char::is_alphabetic))
        .filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .filter(|name| !SYSTEM.contains(name) && !name.eq_ignore_ascii_case("not"))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

fn is_comparison(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    matches!(word.as_str(), "=" | "in" | "between" | "starts_with" | "is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_names_are_those_before_comparisons() {
        let names = query_names("WorkflowType = 'A' AND MerchantId='x' AND (Amount >= 5 OR Region IN ('eu'))");
        assert_eq!(names, ["Amount", "MerchantId", "Region"]);
        assert!(query_names("").is_empty());
    }
}
