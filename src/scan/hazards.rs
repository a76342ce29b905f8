//! Calls and settings that Temporal Cloud refuses, or that make a move risky.

use super::catalogue::HazardRule;
use super::classify::{Classified, imports_sdk};
use super::index::At;
use super::program::*;
use super::resolve::Resolver;
use crate::facts::code::{Hazard, Scope};

/// Hazards in the lowered files.
pub fn find(r: &Resolver<'_>, classified: &Classified<'_>) -> Vec<Hazard> {
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
        for n in 0..r.index.units.len() as u32 {
            in_unit(r, rule, n, &mut found);
        }
    }
    found
}

/// Files that hold a private key.
pub fn private_key_files(paths: &[String], hazards: &mut Vec<Hazard>) {
    hazards.extend(paths.iter().map(|path| Hazard {
        id: "private-key".into(),
        detail: "a private key is in the tree".into(),
        path: path.clone(),
        line: 1,
        scope: super::scope::classify(path, "", None),
        snippet: None,
    }));
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
    // A key never reaches a report, not even as a snippet.
    let snippet = (rule.id != "private-key").then(|| unit.line(line));
    Hazard {
        id: rule.id.clone(),
        detail: rule.detail.clone(),
        path: unit.path.clone(),
        line,
        scope: unit.scope,
        snippet,
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
    let has = |text: &String| rule.literals.iter().any(|l| text.to_ascii_lowercase().contains(l.as_str()));
    if r.texts_in_slot(call, slot).iter().any(has) {
        let at = r.call(call).map_or(call, |(callee, _)| callee);
        found.push(hazard(r, rule, at));
    }
}

fn in_unit(r: &Resolver<'_>, rule: &HazardRule, n: u32, found: &mut Vec<Hazard>) {
    let unit = r.index.unit(n);
    let near_sdk = imports_sdk(r, n);
    if let Some(import) = unit.imports.iter().find(|i| {
        rule.imports
            .iter()
            .any(|p| i.path.strip_prefix(p.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }) && unit.scope != Scope::Test
    {
        let quoted = format!("\"{}\"", import.path);
        let line = unit.text.lines().position(|l| l.contains(&quoted)).map_or(1, |l| l as u32 + 1);
        found.push(at_line(unit, rule, line));
    }
    if rule.slot.is_none() && rule.literals.is_empty() && rule.fields.is_empty() && rule.functions.is_empty() {
        return;
    }
    for (i, expr) in unit.exprs.iter().enumerate() {
        let at = At { unit: n, expr: ExprId(i as u32) };
        let hit = match &expr.kind {
            ExprKind::Text(text) if rule.slot.is_none() => {
                (near_sdk || rule.id == "private-key") && rule.literals.iter().any(|l| text.contains(l.as_str()))
            }
            ExprKind::Composite { parts, .. } => {
                near_sdk
                    && parts.iter().any(|part| {
                        matches!(&part.key, Some(Key::Name(name)) if rule.fields.contains(name))
                            && matches!(unit.expr(part.value).kind, ExprKind::Truth(true))
                    })
            }
            ExprKind::Call { callee, .. } => {
                r.outside_name(At { unit: n, expr: *callee }).is_some_and(|name| rule.functions.contains(&name))
            }
            _ => false,
        };
        if !hit {
            continue;
        }
        let line = match &expr.kind {
            ExprKind::Call { callee, .. } => unit.expr(*callee).line,
            ExprKind::Composite { parts, .. } => parts
                .iter()
                .find(|p| matches!(&p.key, Some(Key::Name(name)) if rule.fields.contains(name)))
                .map_or(expr.line, |p| unit.expr(p.value).line),
            _ => unit.expr(at.expr).line,
        };
        found.push(at_line(unit, rule, line));
    }
}
