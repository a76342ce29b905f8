//! What the tree contains besides calls: workflow definitions and registrations; search attributes and features in the
//! files beside.

mod attributes;
mod features;
mod links;

pub use attributes::search_attributes;
pub use features::features;
pub use links::links;

use super::classify::{Classified, is_workflow_code};
use super::index::{At, FnAt, join};
use super::program::*;
use super::resolve::{Folded, Resolver, TraceEnd, TraceQuery};
use crate::facts::code::WorkflowDefinition;

const NEAR: TraceQuery = TraceQuery { production: false, clients: false, steps: 300 };

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
    by_file(r, classified, &mut found);
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

/// Workers that register every workflow a file hands out.
fn by_file(r: &Resolver<'_>, classified: &Classified<'_>, found: &mut Vec<WorkflowDefinition>) {
    for call in classified.calls.iter().filter(|call| !call.as_value) {
        let Some(slot) = &call.api.api.registers_file else { continue };
        let unit = r.index.unit(call.at.unit);
        let queue = call.api.api.queue.as_ref().and_then(|slot| r.fold_slot(call.at, slot));
        // `require.resolve('./workflows')`, `new URL('./workflows.ts', import.meta.url)`, a path.
        let files = r.texts_in_slot(call.at, slot);
        let files = files.iter().filter(|file| file.starts_with('.')).map(|file| beside(&unit.path, file));
        for name in files.flat_map(|file| names_in(r, &file, 0)) {
            found.push(WorkflowDefinition {
                name,
                path: unit.path.clone(),
                line: unit.expr(call.name_at.expr).line,
                role: "registered".into(),
                task_queue: queue.as_ref().and_then(|q| q.text()).map(str::to_owned),
                scope: unit.scope,
            });
        }
    }
}

/// A relative path seen from a file, without its ending.
fn beside(from: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    stem(&parts.join("/")).to_owned()
}

fn stem(path: &str) -> &str {
    let endings = [".ts", ".js", ".mts", ".cts", ".mjs", ".cjs", ".tsx", ".jsx"];
    endings.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path)
}

/// The workflows a file hands out, those of the files it hands on included.
fn names_in(r: &Resolver<'_>, file: &str, depth: usize) -> Vec<String> {
    let index = format!("{file}/index");
    let named = |unit: &&Unit| stem(&unit.path) == file || stem(&unit.path) == index;
    let Some(unit) = r.index.units.iter().find(named).filter(|_| depth < 8) else { return vec![] };
    let mut names: Vec<String> = handed_out(unit).into_iter().map(|w| w.name).collect();
    let on = unit.hands_on.iter().map(|package| package.trim_start_matches("./"));
    names.extend(on.flat_map(|file| names_in(r, file, depth + 1)));
    names.sort();
    names.dedup();
    names
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
    for found in r.trace(At { unit: call.unit, expr: *base }, TraceQuery { steps: 2000, ..NEAR }) {
        let TraceEnd::Sdk(worker, api) = &found.end else { continue };
        let slot = api.api.queue.as_ref()?;
        queues.push(r.fold_slot(*worker, slot)?.text()?.to_owned());
    }
    queues.dedup();
    match queues.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}
