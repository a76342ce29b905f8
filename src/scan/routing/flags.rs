//! The flag or setting that picks the client of a site.

use super::other_client;
use crate::scan::index::At;
use crate::scan::program::*;
use crate::scan::resolve::{Folded, Resolver, Ty, What};
use crate::scan::sites::Draft;

/// What chooses the client of a site.
pub(super) struct Chosen {
    /// The flag's key, the setting, or the condition.
    pub label: String,
    /// The service that is asked for the flag.
    pub provider: Option<String>,
}

/// The flag or setting that chooses the client of a site.
pub(super) fn flag(r: &Resolver<'_>, drafts: &[Draft<'_>], draft: &Draft<'_>) -> Option<Chosen> {
    let kind = draft.site.kind;
    if !(kind.starts() || kind.messages()) || draft.call.as_value {
        return None;
    }
    let (receiver, _) = r.client_place(draft.call.at, draft.call.api.client())?;
    chooser(r, receiver, 0).or_else(|| branches(r, drafts, draft))
}

/// The condition under which a value is one client or another.
fn chooser(r: &Resolver<'_>, at: At, depth: usize) -> Option<Chosen> {
    if depth > 4 {
        return None;
    }
    let unit = r.index.unit(at.unit);
    match r.index.kind(at) {
        ExprKind::Var(var) => {
            let sources: Vec<&Source> = unit.var(*var).sources.iter().collect();
            let texts: std::collections::BTreeSet<&str> = sources.iter().map(|s| unit.text_of(s.value)).collect();
            if texts.len() > 1
                && let Some(label) = sources.iter().find_map(|s| guard_label(r, at.unit, s.block))
            {
                return Some(label);
            }
            match sources.as_slice() {
                [only] => chooser(r, At { unit: at.unit, expr: only.value }, depth + 1),
                _ => None,
            }
        }
        ExprKind::Same(inner) => chooser(r, At { unit: at.unit, expr: *inner }, depth + 1),
        // `client.workflow.getHandle(id)` uses the client of what it is called on.
        ExprKind::Call { callee, .. } if r.callees(at).is_empty() => {
            match r.index.kind(At { unit: at.unit, expr: *callee }) {
                ExprKind::Member { base, .. } => {
                    let base = At { unit: at.unit, expr: *base };
                    sdk_object(r, base).then(|| chooser(r, base, depth + 1)).flatten()
                }
                _ => None,
            }
        }
        ExprKind::Choice { condition, .. } => label(r, At { unit: at.unit, expr: *condition }, 0),
        ExprKind::Call { .. } => r.callees(at).iter().find_map(|function| {
            let declared = r.index.function(*function);
            let unit = r.index.unit(function.unit);
            let first = declared.results.first()?;
            let client = matches!(r.ty(function.unit, &first.ty), Ty::Named(full) if r.is_client_type(&full));
            let values: std::collections::BTreeSet<&str> = declared
                .returns
                .iter()
                .filter_map(|given| given.values.first())
                .filter(|v| !matches!(unit.expr(**v).kind, ExprKind::Nothing))
                .map(|v| unit.text_of(*v))
                .collect();
            if client && values.len() > 1 {
                return declared.returns.iter().find_map(|given| guard_label(r, function.unit, given.block));
            }
            None
        }),
        ExprKind::Member { base, name } => {
            let base = At { unit: at.unit, expr: *base };
            match r.member(&r.type_of(base), name).what {
                What::Field { owner, .. } => field_chooser(r, &owner, name),
                _ => sdk_object(r, base).then(|| chooser(r, base, depth + 1)).flatten(),
            }
        }
        _ => None,
    }
}

/// Whether an expression is an object of the SDK, whose parts share its client.
fn sdk_object(r: &Resolver<'_>, at: At) -> bool {
    match r.type_of(at) {
        Ty::Foreign(full) | Ty::Named(full) => r.index.catalogue.types.contains_key(&*full),
        _ => false,
    }
}

/// A field that is given one client or another where its object is made.
fn field_chooser(r: &Resolver<'_>, owner: &str, field: &str) -> Option<Chosen> {
    r.index.composites(owner).iter().find_map(|literal| {
        let ExprKind::Composite { parts, .. } = r.index.kind(*literal) else { return None };
        let part = parts.iter().find(|p| matches!(&p.key, Some(Key::Name(name)) if name == field))?;
        let at = At { unit: literal.unit, expr: part.value };
        match r.index.kind(at) {
            ExprKind::Var(_) | ExprKind::Choice { .. } => chooser(r, at, 3),
            _ => None,
        }
    })
}

/// The innermost condition around a block that is no error check.
fn guard_label(r: &Resolver<'_>, unit: u32, block: BlockId) -> Option<Chosen> {
    let mut at = Some(block);
    while let Some(id) = at {
        let block = r.index.unit(unit).blocks.get(id.at())?;
        if let Guard::When { condition, .. } = &block.guard
            && let Some(label) = label(r, At { unit, expr: *condition }, 0)
        {
            return Some(label);
        }
        if let Guard::Case { subject: Some(subject), values, .. } = &block.guard
            && !values.is_empty()
        {
            return label(r, At { unit, expr: *subject }, 0);
        }
        at = block.parent;
    }
    None
}

/// A condition in a word: the flag's key, the setting, or the expression.
fn label(r: &Resolver<'_>, at: At, depth: usize) -> Option<Chosen> {
    if depth > 6 {
        return None;
    }
    let here = |expr: ExprId| At { unit: at.unit, expr };
    match r.index.kind(at) {
        ExprKind::Not(inner) | ExprKind::Same(inner) => label(r, here(*inner), depth + 1),
        ExprKind::Binary { left, right, .. } => {
            let side = |expr: &ExprId| matches!(r.index.kind(here(*expr)), ExprKind::Nothing);
            if side(left) || side(right) {
                return None;
            }
            label(r, here(*left), depth + 1).or_else(|| label(r, here(*right), depth + 1))
        }
        ExprKind::Call { args, .. } => {
            if let Folded::Setting(words) = r.fold(at) {
                return Some(plain(words));
            }
            let key = args.iter().find_map(|arg| match r.fold(here(*arg)) {
                Folded::Text(text) if !text.is_empty() => Some(text),
                _ => None,
            });
            Some(Chosen { label: key.or_else(|| short(r, at))?, provider: provider(r, at) })
        }
        ExprKind::Var(var) => {
            let declared = r.index.unit(at.unit).var(*var);
            if declared.name == "err" || declared.name == "ok" {
                return None;
            }
            match declared.sources.as_slice() {
                [only] => label(r, here(only.value), depth + 1),
                _ => Some(plain(declared.name.clone())),
            }
        }
        ExprKind::Member { .. } | ExprKind::Free(_) | ExprKind::Element { .. } => short(r, at).map(plain),
        _ => None,
    }
}

fn plain(label: String) -> Chosen {
    Chosen { label, provider: None }
}

/// The service behind a call that evaluates a flag: its method, in a file that names one of its packages.
fn provider(r: &Resolver<'_>, call: At) -> Option<String> {
    let (callee, _) = r.call(call)?;
    let unit = r.index.unit(callee.unit);
    let method = r.index.last_name(unit, callee.expr)?;
    let asked = r.index.catalogue.flag_services.iter().filter(|s| s.methods.iter().any(|m| m == method));
    let names = |package: &String| unit.imports.iter().any(|i| i.path.starts_with(package.as_str()));
    let mut named = asked.filter(|s| s.packages.iter().any(names));
    named.next().map(|s| s.provider.clone())
}

fn short(r: &Resolver<'_>, at: At) -> Option<String> {
    let text: String = r.index.unit(at.unit).text_of(at.expr).split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty() && text.len() <= 80).then_some(text)
}

/// `if flag { cloud.Execute… } else { legacy.Execute… }`
fn branches(r: &Resolver<'_>, drafts: &[Draft<'_>], draft: &Draft<'_>) -> Option<Chosen> {
    if !draft.site.kind.starts() {
        return None;
    }
    let guards = whens(r, draft);
    drafts.iter().find_map(|other| {
        let same_place = other.call.at != draft.call.at
            && other.call.at.unit == draft.call.at.unit
            && other.site.kind == draft.site.kind
            && other.call.function == draft.call.function;
        if !same_place || !other_client(r, draft, other) {
            return None;
        }
        let opposite = whens(r, other);
        let (condition, _) =
            guards.iter().find(|(condition, holds)| opposite.iter().any(|(c, h)| c == condition && h != holds))?;
        label(r, At { unit: draft.call.at.unit, expr: *condition }, 0)
    })
}

/// The conditions around a site.
fn whens(r: &Resolver<'_>, draft: &Draft<'_>) -> Vec<(ExprId, bool)> {
    let blocks = &r.index.unit(draft.call.at.unit).blocks;
    let (mut found, mut at) = (vec![], Some(draft.call.block));
    while let Some(block) = at.and_then(|id| blocks.get(id.at())) {
        if let Guard::When { condition, holds } = block.guard {
            found.push((condition, holds));
        }
        at = block.parent;
    }
    found
}
