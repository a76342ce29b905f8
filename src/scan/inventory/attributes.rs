//! Search attributes that code sets, declares as typed keys, or names in visibility queries.

use super::NEAR;
use crate::facts::code::SearchAttributeUse;
use crate::scan::catalogue::{KeyType, Slot};
use crate::scan::classify::Classified;
use crate::scan::index::At;
use crate::scan::program::*;
use crate::scan::resolve::{Resolver, TraceEnd};

/// Search attributes set, declared as keys, or used in queries.
pub fn search_attributes(r: &Resolver<'_>, classified: &Classified<'_>) -> Vec<SearchAttributeUse> {
    let mut found = vec![];
    keys_and_upserts(r, &mut found);
    for call in classified.calls.iter().filter(|c| !c.as_value) {
        for slot in &call.api.api.attributes {
            set(r, call.at, slot, &mut found);
        }
        if let Some(slot) = &call.api.api.query {
            let unit = r.index.unit(call.at.unit);
            for name in query_names(&r.texts_in_slot(call.at, slot).join(" ")) {
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
            if let (Some(key), Some(first)) = (r.index.catalogue.attribute_keys.get(&name), args.first())
                && let Some(text) = r.fold(At { unit: at.unit, expr: *first }).text()
            {
                found.push(SearchAttributeUse {
                    name: text.to_owned(),
                    value_type: key_type(unit, key, args),
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
        let TraceEnd::Value(at) = value.end else { continue };
        let ExprKind::Composite { ty, parts } = r.index.kind(at) else { continue };
        // Fields of a declared type are no attributes.
        let map = !matches!(ty, TypeExpr::Named { .. });
        let unit = r.index.unit(at.unit);
        for part in parts {
            let name = match &part.key {
                Some(Key::Value(key)) => r.fold(At { unit: at.unit, expr: *key }).text().map(str::to_owned),
                Some(Key::Name(name)) if map => Some(name.clone()),
                Some(Key::Name(_) | Key::Spread) | None => None,
            };
            let Some(name) = name else { continue };
            found.push(SearchAttributeUse {
                name,
                value_type: literal_type(unit, part.value),
                role: "set".into(),
                path: unit.path.clone(),
                line: unit.expr(part.value).line,
                scope: unit.scope,
            });
        }
    }
}

/// The type a typed key is made with: fixed by the function, or named by an argument (`SearchAttributeType.KEYWORD`).
fn key_type(unit: &Unit, key: &KeyType, args: &[ExprId]) -> Option<String> {
    let argument = match key {
        KeyType::Fixed(ty) => return Some(ty.clone()),
        KeyType::Argument(argument) => args.get(*argument)?,
    };
    let written = match &unit.expr(*argument).kind {
        ExprKind::Member { name, .. } | ExprKind::Text(name) => name.replace('_', ""),
        _ => return None,
    };
    TYPES.into_iter().find(|ty| ty.eq_ignore_ascii_case(&written)).map(str::to_owned)
}

/// Types of search attributes.
const TYPES: [&str; 7] = ["Text", "Keyword", "Int", "Double", "Bool", "Datetime", "KeywordList"];

/// What the value's own shape says, or that of its first element where values are lists; a string may be Keyword or
/// Text, so it says nothing.
fn literal_type(unit: &Unit, value: ExprId) -> Option<String> {
    match &unit.expr(value).kind {
        ExprKind::Truth(_) => Some("Bool".into()),
        ExprKind::Number(text) if text.contains('.') => Some("Double".into()),
        ExprKind::Number(_) => Some("Int".into()),
        ExprKind::Composite { parts, .. } => match parts.as_slice() {
            [Part { key: None, value }] if !matches!(unit.expr(*value).kind, ExprKind::Composite { .. }) => {
                literal_type(unit, *value)
            }
            _ => None,
        },
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
