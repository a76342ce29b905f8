//! Calls and settings that Temporal Cloud refuses, or that make a move risky.

mod literals;

use super::catalogue::HazardRule;
use super::classify::{Classified, imports_sdk};
use super::index::{At, join, name_part};
use super::program::*;
use super::resolve::{Resolver, Ty, What};
use super::sites::SiteDraft;
use crate::facts::code::{Hazard, Kind, Scope};

/// Hazards in the lowered files.
pub fn find(r: &Resolver<'_>, classified: &Classified<'_>, drafts: &[SiteDraft<'_>]) -> Vec<Hazard> {
    let mut found = vec![];
    for rule in &r.index.catalogue.hazards {
        for call in &classified.calls {
            let full = call.api.full();
            if rule.apis.iter().any(|api| matches_api(api, &full)) {
                found.push(hazard(r, rule, call.name_at));
            }
            if rule.slot.as_deref() == Some("query") {
                query(r, rule, call.at, call.api.api.query.as_ref(), &mut found);
            }
        }
        if rule.defaults {
            let fixed = |d: &&SiteDraft<'_>| d.site.address.as_deref().is_some_and(|a| a.starts_with("default "));
            let connects = drafts.iter().filter(|d| d.site.kind == Kind::Connect);
            found.extend(connects.filter(fixed).map(|d| hazard(r, rule, d.call.name_at)));
        }
    }
    for n in 0..r.index.units.len() as u32 {
        imports(r, n, &mut found);
        in_unit(r, n, &mut found);
    }
    found.sort_by(|a, b| (&a.path, a.line, &a.id).cmp(&(&b.path, b.line, &b.id)));
    found.dedup();
    found
}

fn matches_api(pattern: &str, full: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => full.starts_with(prefix),
        None => full == pattern,
    }
}

fn hazard(r: &Resolver<'_>, rule: &HazardRule, at: At) -> Hazard {
    let unit = r.index.unit(at.unit);
    let line = unit.expr(at.expr).line;
    at_line(unit, rule, line)
}

fn at_line(unit: &Unit, rule: &HazardRule, line: u32) -> Hazard {
    Hazard {
        id: rule.id.clone(),
        detail: rule.detail.clone(),
        path: unit.path.clone(),
        line,
        scope: unit.scope,
        snippet: Some(unit.line(line)),
    }
}

fn query(
    r: &Resolver<'_>,
    rule: &HazardRule,
    call: At,
    slot: Option<&super::catalogue::Slot>,
    found: &mut Vec<Hazard>,
) {
    let Some(slot) = slot else { return };
    let has = |text: &String| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").to_ascii_lowercase();
        rule.literals.iter().any(|l| text.contains(l.as_str()))
    };
    if r.texts_in_slot(call, slot).iter().any(has) {
        let at = r.call(call).map_or(call, |(callee, _)| callee);
        found.push(hazard(r, rule, at));
    }
}

/// The full name of a method of an object of another package, when some hazard is such a method.
fn foreign_method(r: &Resolver<'_>, callee: At) -> Option<String> {
    let ExprKind::Member { base, name } = r.index.kind(callee) else { return None };
    let is_hazard = |function: &String| name_part(function) == name;
    if !r.index.catalogue.hazards.iter().flat_map(|rule| &rule.functions).any(is_hazard) {
        return None;
    }
    match r.member(&r.type_of(At { unit: callee.unit, expr: *base }), name).what {
        What::Foreign(ty) => Some(join(&ty, name)),
        _ => None,
    }
}

/// Imports of packages that have no place beside Temporal Cloud.
fn imports(r: &Resolver<'_>, n: u32, found: &mut Vec<Hazard>) {
    let unit = r.index.unit(n);
    if unit.scope == Scope::Test {
        return;
    }
    let below = |path: &str, package: &String| {
        path.strip_prefix(package.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
    };
    for rule in &r.index.catalogue.hazards {
        let Some(import) = unit.imports.iter().find(|i| rule.imports.iter().any(|p| below(&i.path, p))) else {
            continue;
        };
        // Its calls say the same, and better.
        if found.iter().any(|h| h.id == rule.id && h.path == unit.path) {
            continue;
        }
        let line = unit.text.lines().position(|l| l.contains(&import.path)).map_or(1, |l| l as u32 + 1);
        found.push(at_line(unit, rule, line));
    }
}

fn in_unit(r: &Resolver<'_>, n: u32, found: &mut Vec<Hazard>) {
    let unit = r.index.unit(n);
    let near_sdk = imports_sdk(r, n);
    let defaults = literals::defaults(r, n);
    for (i, expr) in unit.exprs.iter().enumerate() {
        let at = At { unit: n, expr: ExprId(i as u32) };
        let rules = r.index.catalogue.hazards.iter();
        match &expr.kind {
            ExprKind::Text(text) => {
                let hit = |rule: &&HazardRule| {
                    rule.slot.is_none()
                        && (near_sdk || rule.anywhere)
                        && literals::has(rule, text)
                        && !(rule.defaults && defaults.contains(&at.expr))
                };
                found.extend(rules.filter(hit).map(|rule| at_line(unit, rule, expr.line)));
            }
            ExprKind::Composite { ty, parts } => {
                for rule in rules {
                    let set =
                        parts.iter().filter(|part| near_sdk && is_set(r, n, rule, part) || given(r, n, rule, ty, part));
                    found.extend(set.map(|part| at_line(unit, rule, unit.expr(part.value).line)));
                }
            }
            ExprKind::Call { callee, named, .. } => {
                let callee = At { unit: n, expr: *callee };
                let name = r.outside_name(callee).or_else(|| foreign_method(r, callee));
                let command = literals::command(r, at);
                for rule in rules {
                    let dependency = r.index.catalogue.dependency.as_str();
                    let called = name.as_ref().is_some_and(
                        |name| // What a helper makes may reach a connection in a file that takes it from there.
                        rule.functions.contains(name)
                            && (near_sdk || name.starts_with(dependency) || helps_sdk(r, n)),
                    );
                    let typed = command.as_deref().is_some_and(|line| literals::starts(&rule.commands, line));
                    if called || typed {
                        found.push(at_line(unit, rule, unit.expr(callee.expr).line));
                    }
                    let set = named.iter().filter(|part| near_sdk && is_set(r, n, rule, part));
                    found.extend(set.map(|part| at_line(unit, rule, unit.expr(part.value).line)));
                }
            }
            _ => {}
        }
    }
    for write in &unit.writes {
        let name = match &unit.expr(write.target).kind {
            ExprKind::Member { name, .. } => name,
            // A variable of the environment.
            ExprKind::Call { args, .. } => match args.first().map(|arg| &unit.expr(*arg).kind) {
                Some(ExprKind::Text(name)) => name,
                _ => continue,
            },
            _ => continue,
        };
        for rule in r.index.catalogue.hazards.iter().filter(|_| near_sdk) {
            if setting(rule, name, &unit.expr(write.source.value).kind) {
                found.push(at_line(unit, rule, unit.expr(write.target).line));
            }
        }
    }
}

/// Whether a file that imports the SDK imports this one.
fn helps_sdk(r: &Resolver<'_>, n: u32) -> bool {
    let package = &r.index.unit(n).package;
    let uses = |unit: &Unit| unit.package == *package || unit.imports.iter().any(|import| import.path == *package);
    r.index.units.iter().enumerate().any(|(m, unit)| m as u32 != n && uses(unit) && imports_sdk(r, m as u32))
}

/// A part of an object or a named argument that is given a value it must not have.
fn is_set(r: &Resolver<'_>, n: u32, rule: &HazardRule, part: &Part) -> bool {
    match &part.key {
        Some(Key::Name(name)) => setting(rule, name, &r.index.unit(n).expr(part.value).kind),
        _ => false,
    }
}

fn setting(rule: &HazardRule, name: &str, value: &ExprKind) -> bool {
    let Some(forbidden) = rule.settings.get(name) else { return false };
    match value {
        ExprKind::Truth(truth) => forbidden == if *truth { "true" } else { "false" },
        ExprKind::Text(text) | ExprKind::Number(text) => forbidden == text,
        _ => false,
    }
}

/// A field of an SDK type that must not be given at all.
fn given(r: &Resolver<'_>, n: u32, rule: &HazardRule, ty: &TypeExpr, part: &Part) -> bool {
    let Some(Key::Name(name)) = &part.key else { return false };
    if !rule.given.values().any(|fields| fields.contains(name)) {
        return false;
    }
    let empty = matches!(&r.index.unit(n).expr(part.value).kind, ExprKind::Text(text) if text.is_empty());
    match r.ty(n, ty) {
        Ty::Named(full) | Ty::Foreign(full) => !empty && rule.given.get(&*full).is_some_and(|f| f.contains(name)),
        _ => false,
    }
}
