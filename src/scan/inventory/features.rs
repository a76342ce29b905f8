//! Features that must be there, or be set the same, on both sides: versioning, converters and codecs, Nexus.

use crate::facts::code::FeatureUse;
use crate::scan::catalogue::FeatureRule;
use crate::scan::classify::imports_sdk;
use crate::scan::index::At;
use crate::scan::program::*;
use crate::scan::resolve::{Folded, Resolver};

/// Uses of features in the lowered files.
pub fn features(r: &Resolver<'_>) -> Vec<FeatureUse> {
    let mut found = vec![];
    for (n, unit) in r.index.units.iter().enumerate() {
        let n = n as u32;
        if !imports_sdk(r, n) && !r.index.catalogue.features.iter().any(|rule| rule.anywhere) {
            continue;
        }
        for (i, expr) in unit.exprs.iter().enumerate() {
            let at = At { unit: n, expr: ExprId(i as u32) };
            match &expr.kind {
                ExprKind::Call { callee, named, .. } => {
                    called(r, at, *callee, &mut found);
                    given(r, n, named, &mut found);
                }
                ExprKind::Composite { parts, .. } => given(r, n, parts, &mut found),
                ExprKind::Member { base, name } => read(r, n, *base, name, &mut found),
                _ => {}
            }
        }
        let types = unit.types.iter().map(|decl| (&decl.name, decl.line, &decl.decorators));
        let functions = unit.functions.iter().map(|f| (&f.name, f.line, &f.decorators));
        for (name, line, decorators) in types.chain(functions) {
            for decorator in decorators {
                let at = At { unit: n, expr: *decorator };
                let callee = r.call(at).map_or(at, |(callee, _)| callee);
                let Some(full) = r.outside_name(callee) else { continue };
                let rules = r.index.catalogue.features.iter().filter(|rule| rule.decorators.contains(&full));
                found.extend(rules.map(|rule| use_of(unit, rule, Some(name.clone()), line)));
            }
        }
    }
    found.sort_by(|a, b| (&a.path, a.line, &a.feature, &a.name).cmp(&(&b.path, b.line, &b.feature, &b.name)));
    found.dedup();
    found
}

fn use_of(unit: &Unit, rule: &FeatureRule, name: Option<String>, line: u32) -> FeatureUse {
    FeatureUse {
        feature: rule.id.clone(),
        what: rule.what.clone(),
        name,
        path: unit.path.clone(),
        line,
        scope: unit.scope,
    }
}

fn called(r: &Resolver<'_>, call: At, callee: ExprId, found: &mut Vec<FeatureUse>) {
    let callee = At { unit: call.unit, expr: callee };
    let Some(full) = r.outside_name(callee) else { return };
    let unit = r.index.unit(call.unit);
    let called = |rule: &&FeatureRule| rule.functions.contains(&full) && rule.members.is_empty();
    for rule in r.index.catalogue.features.iter().filter(called) {
        let name = rule.name.as_ref().and_then(|slot| match r.fold_slot(call, slot)? {
            Folded::Text(text) | Folded::Function(text) | Folded::Setting(text) => Some(text),
            Folded::Many(_) | Folded::Dynamic => None,
        });
        found.push(use_of(unit, rule, name, unit.expr(callee.expr).line));
    }
}

/// A member of what a function returns, straight or through a variable.
fn read(r: &Resolver<'_>, n: u32, base: ExprId, member: &str, found: &mut Vec<FeatureUse>) {
    let unit = r.index.unit(n);
    for rule in r.index.catalogue.features.iter().filter(|rule| rule.members.iter().any(|m| m == member)) {
        let returned = |call: ExprId| {
            let ExprKind::Call { callee, .. } = &unit.expr(call).kind else { return false };
            r.outside_name(At { unit: n, expr: *callee }).is_some_and(|full| rule.functions.contains(&full))
        };
        let held = |var: VarId| unit.var(var).sources.iter().any(|source| returned(source.value));
        let through = matches!(unit.expr(base).kind, ExprKind::Var(var) if held(var));
        if returned(base) || through {
            found.push(use_of(unit, rule, None, unit.expr(base).line));
        }
    }
}

/// Fields and named arguments that switch a feature on.
fn given(r: &Resolver<'_>, n: u32, parts: &[Part], found: &mut Vec<FeatureUse>) {
    let unit = r.index.unit(n);
    for part in parts {
        let Some(Key::Name(key)) = &part.key else { continue };
        for rule in r.index.catalogue.features.iter().filter(|rule| rule.fields.contains(key)) {
            if !matches!(unit.expr(part.value).kind, ExprKind::Nothing | ExprKind::Truth(false)) {
                found.push(use_of(unit, rule, implementation(r, n, part.value), unit.expr(part.value).line));
            }
        }
    }
}

/// The name behind a value: a function that makes it, a variable, a type. Never an argument, which may be a secret.
fn implementation(r: &Resolver<'_>, n: u32, value: ExprId) -> Option<String> {
    let unit = r.index.unit(n);
    let text = match &unit.expr(value).kind {
        ExprKind::Call { callee, .. } => unit.text_of(*callee),
        ExprKind::Same(inner) | ExprKind::Cast { value: inner, .. } => return implementation(r, n, *inner),
        ExprKind::Composite { ty: TypeExpr::Named { name, .. }, .. } => name.as_str(),
        ExprKind::Var(_) | ExprKind::Free(_) | ExprKind::Member { .. } => unit.text_of(value),
        ExprKind::Text(text) => text.as_str(),
        _ => return None,
    };
    let text: Vec<&str> = text.split_whitespace().collect();
    Some(text.join(" ")).filter(|t| !t.is_empty() && t.len() <= 80)
}
