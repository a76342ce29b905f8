//! What a reader is shown: templates of the forms filled with what the code says.

use super::forms::Form;
use super::said::{argument, called};
use crate::scan::index::{At, FnAt};
use crate::scan::program::*;
use crate::scan::resolve::Resolver;

/// Where a handler was found to be one.
pub(super) struct Place<'f> {
    /// The form.
    pub form: &'f Form,
    /// The call, decorator or object literal that says so.
    pub said: Option<At>,
    /// What the star of the form stands for.
    pub star: String,
    /// The handler.
    pub function: FnAt,
}

/// Fill the template of a form.
pub(super) fn name(r: &Resolver<'_>, place: &Place<'_>) -> String {
    let mut out = String::new();
    let mut rest = place.form.name.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((token, after)) = after.split_once('}') else { break };
        out.push_str(&token.split('|').find_map(|token| word(r, place, token)).unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    while out.contains("//") {
        out = out.replace("//", "/");
    }
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    // `GET /orders/` and `GET /orders` are one place.
    match out.strip_suffix('/') {
        _ if out.is_empty() => word(r, place, "function").unwrap_or_default(),
        Some(shorter) if !shorter.is_empty() && !shorter.ends_with(' ') => shorter.to_owned(),
        _ => out,
    }
}

fn word(r: &Resolver<'_>, place: &Place<'_>, token: &str) -> Option<String> {
    let declared = r.index.function(place.function);
    let unit = r.index.unit(place.function.unit);
    let own = || match (declared.name.is_empty(), r.literal_method(place.function)) {
        (false, _) => Some(declared.name.clone()),
        (_, Some(method)) => Some(method.name.to_owned()),
        _ => unit.name_around(Some(place.function.func)).map(str::to_owned),
    };
    match token {
        "call" => called(r, place.said?).map(str::to_owned),
        "CALL" => called(r, place.said?).map(str::to_uppercase),
        "*" => Some(place.star.clone()),
        "function" => own(),
        "Function" => own().map(|name| pascal(&name)),
        "FUNCTION" => own().map(|name| name.to_uppercase()),
        "type" => declared.owner.clone(),
        "class" => class_text(r, place),
        "prefix" => Some(prefix(r, place.form, place.said?, 0)),
        "chain" => argument(r, earlier(r, place)?, "0")
            .map(|text| text.split_whitespace().next().unwrap_or_default().to_owned()),
        "CHAIN" => called(r, earlier(r, place)?).map(str::to_uppercase),
        "around" => Some(super::around::path(r, place.form, place.said?)),
        "path" => Some(unit.path.clone()),
        "folder" => Some(folder(&unit.path)),
        "file" => Some(stem(&unit.path).to_owned()),
        "route" => Some(route(place.form, &unit.path)),
        token => match token.strip_prefix('.') {
            Some(field) => field_text(r, place.said?, field),
            None => argument(r, place.said?, token),
        },
    }
}

/// What the decorator of the handler's class says.
fn class_text(r: &Resolver<'_>, place: &Place<'_>) -> Option<String> {
    let owner = r.index.function(place.function).owner.as_deref()?;
    let unit = r.index.unit(place.function.unit);
    let decl = unit.types.iter().find(|t| t.name == owner)?;
    let wanted = place.form.class.as_deref()?;
    let decorators = decl.decorators.iter().map(|d| At { unit: place.function.unit, expr: *d });
    let mut meant = decorators.filter(|d| called(r, *d) == Some(wanted));
    meant.next().and_then(|d| argument(r, d, "0").or_else(|| argument(r, d, "0.path")))
}

/// A field of the object literal.
fn field_text(r: &Resolver<'_>, literal: At, field: &str) -> Option<String> {
    let ExprKind::Composite { parts, .. } = r.index.kind(literal) else { return None };
    let part = parts.iter().find(|part| matches!(&part.key, Some(Key::Name(name)) if name == field))?;
    let folded = r.fold(At { unit: literal.unit, expr: part.value });
    // The rest of a usage line says which arguments a command takes.
    folded.text().and_then(|text| text.split_whitespace().next()).map(str::to_owned)
}

/// What the groups and constructors of a router put in front of a path.
fn prefix(r: &Resolver<'_>, form: &Form, call: At, depth: usize) -> String {
    let callee = super::library::callee_of(r, call);
    match r.index.kind(callee) {
        ExprKind::Member { base, .. } => router_prefix(r, form, At { unit: callee.unit, expr: *base }, depth),
        _ => String::new(),
    }
}

fn router_prefix(r: &Resolver<'_>, form: &Form, router: At, depth: usize) -> String {
    if depth > 6 {
        return String::new();
    }
    let here = |expr: ExprId| At { unit: router.unit, expr };
    match r.index.kind(router) {
        ExprKind::Var(var) => match r.index.unit(router.unit).var(*var).sources.as_slice() {
            [only] => router_prefix(r, form, here(only.value), depth + 1),
            _ => String::new(),
        },
        ExprKind::Free(name) => match r.index.globals(&r.index.free_name(router.unit, name)) {
            [only] => match r.index.var(*only).sources.as_slice() {
                [source] => router_prefix(r, form, At { unit: only.unit, expr: source.value }, depth + 1),
                _ => String::new(),
            },
            _ => String::new(),
        },
        ExprKind::Same(inner) => router_prefix(r, form, here(*inner), depth + 1),
        ExprKind::Call { .. } => {
            let own = match called(r, router) {
                Some(name) if form.groups.iter().any(|g| g == name) => argument(r, router, "0"),
                _ => argument(r, router, "=prefix").or_else(|| argument(r, router, "=url_prefix")),
            };
            prefix(r, form, router, depth + 1) + &own.unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// An earlier call of the chain: `program.command('migrate')` of `program.command('migrate').action(f)`.
fn earlier(r: &Resolver<'_>, place: &Place<'_>) -> Option<At> {
    let mut at = place.said?;
    for _ in 0..20 {
        let (callee, _) = r.call(at)?;
        match r.index.kind(callee) {
            ExprKind::Member { base, .. } => at = At { unit: at.unit, expr: *base },
            _ => return None,
        }
        if called(r, at).is_some_and(|name| place.form.chain.iter().any(|c| c == name)) {
            return Some(at);
        }
    }
    None
}

/// `place_order` as a schema writes it: `PlaceOrder`.
fn pascal(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut rest = word.chars();
        rest.next().map(|first| first.to_uppercase().chain(rest).collect::<String>()).unwrap_or_default()
    });
    words.collect()
}

fn folder(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) => folder.to_owned(),
        None => path.to_owned(),
    }
}

fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file)
}

/// The path a file is served under: from the folder of the form on, without the groups in brackets.
fn route(form: &Form, path: &str) -> String {
    let top = form.under.as_deref().unwrap_or_default().split('/').next().unwrap_or_default();
    let mut words: Vec<&str> = path.split('/').collect();
    if let Some(at) = words.iter().position(|word| *word == top) {
        words.drain(..=at);
    }
    let last = words.pop().map(stem).filter(|last| form.stem.as_deref() != Some(*last) && *last != "index");
    let shown = words.into_iter().chain(last).filter(|word| !word.starts_with('('));
    format!("/{}", shown.collect::<Vec<_>>().join("/"))
}
