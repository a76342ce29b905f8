//! The flag or setting that picks the client of a site.

use std::collections::{BTreeMap, BTreeSet};

use super::clients::Known;
use crate::scan::index::{At, FnAt, Name};
use crate::scan::program::*;
use crate::scan::resolve::{Folded, Frames, Resolver, TraceEnd, Ty, What};
use crate::scan::sites::SiteDraft;

/// What chooses the client of a site.
pub(super) struct Chosen {
    /// The flag's key, the setting, or the condition.
    pub label: String,
    /// The service that is asked for the flag.
    pub provider: Option<String>,
}

/// How many steps from a receiver back to what chooses it are looked at.
const DEPTH: usize = 8;

/// How many expressions one search for what chooses a client looks at.
const SEEN: usize = 100;

/// For every site, the flag or setting that chooses its client.
pub(super) fn all<'a>(r: &Resolver<'a>, drafts: &[SiteDraft<'a>]) -> Vec<Option<Chosen>> {
    // Sites of one function that may be the branches of one choice.
    let mut beside: BTreeMap<(u32, Option<FuncId>), Vec<usize>> = BTreeMap::new();
    for (n, draft) in drafts.iter().enumerate().filter(|(_, draft)| draft.site.kind.starts()) {
        beside.entry((draft.call.at.unit, draft.call.function)).or_default().push(n);
    }
    let mut clients = Known::default();
    let mut find = |draft: &SiteDraft<'a>| {
        let kind = draft.site.kind;
        if !(kind.starts() || kind.messages()) || draft.call.as_value {
            return None;
        }
        let (receiver, method) = r.client_place(draft.call.at, draft.call.api.client())?;
        let others = beside.get(&(draft.call.at.unit, draft.call.function));
        let others = others.into_iter().flatten().take(BESIDE).filter_map(|n| drafts.get(*n));
        Finder { r, seen: Default::default() }
            .chooser(receiver, 0)
            .or_else(|| branches(r, &mut clients, others, draft))
            .or_else(|| by_construction(r, receiver, method.as_deref()))
    };
    drafts.iter().map(&mut find).collect()
}

/// The setting that chooses the address or the namespace where the client is built, whichever place builds it.
fn by_construction(r: &Resolver<'_>, receiver: At, method: Option<&str>) -> Option<Chosen> {
    let mut chosen = None;
    for found in r.client_ends(receiver, method) {
        match found.end {
            TraceEnd::Sdk(call, api) => {
                let slots = [&api.api.address, &api.api.namespace];
                let given = slots.into_iter().flatten().find_map(|slot| {
                    let (at, steps) = r.slot_argument(call, slot)?;
                    let at = if steps.is_empty() { at } else { r.part_of(at, &steps)? };
                    Finder { r, seen: Default::default() }.chooser(at, 0)
                });
                chosen = Some(given?);
            }
            TraceEnd::Open("only_tests_call" | "never_assigned", _) => {}
            _ => return None,
        }
    }
    chosen
}

/// How many starts of one function are compared with each other.
const BESIDE: usize = 64;

/// Finds the condition under which a value is one thing or another.
struct Finder<'r, 'a> {
    r: &'r Resolver<'a>,
    seen: BTreeSet<At>,
}

impl Finder<'_, '_> {
    /// The condition under which a value is one client, or one address, or another.
    fn chooser(&mut self, at: At, depth: usize) -> Option<Chosen> {
        if depth > DEPTH || self.seen.len() > SEEN || !self.seen.insert(at) {
            return None;
        }
        let r = self.r;
        let unit = r.index.unit(at.unit);
        let here = |expr: ExprId| At { unit: at.unit, expr };
        match r.index.kind(at) {
            ExprKind::Var(var) => self.of_variable(at, *var, depth),
            ExprKind::Same(inner) => self.chooser(here(*inner), depth + 1),
            ExprKind::Choice { condition, then, otherwise } => {
                // `given or default` chooses nothing.
                let same = unit.text_of(*then) == unit.text_of(*otherwise);
                (!same && condition != then).then(|| label(r, here(*condition), 0))?
            }
            ExprKind::Call { callee, .. } if r.callees(at).is_empty() => {
                // `client.workflow.getHandle(id)` uses the client of what it is called on.
                let ExprKind::Member { base, .. } = r.index.kind(here(*callee)) else { return None };
                sdk_object(r, here(*base)).then(|| self.chooser(here(*base), depth + 1)).flatten()
            }
            ExprKind::Call { .. } => self.of_call(at, depth),
            ExprKind::Member { base, name } => match r.member(&r.type_of(here(*base)), name).what {
                What::Field { owner, .. } => self.of_field(&owner, name, depth),
                _ => sdk_object(r, here(*base)).then(|| self.chooser(here(*base), depth + 1)).flatten(),
            },
            _ => None,
        }
    }

    fn of_variable(&mut self, at: At, var: VarId, depth: usize) -> Option<Chosen> {
        let r = self.r;
        let unit = r.index.unit(at.unit);
        let sources = unit.reaching(var, Some(at.expr));
        let texts: BTreeSet<&str> = sources.iter().map(|s| unit.text_of(s.value)).collect();
        if texts.len() > 1
            && let Some(label) = sources.iter().find_map(|s| guard_label(r, at.unit, s.block, &texts))
        {
            return Some(label);
        }
        let declared = unit.var(var);
        match (sources.as_slice(), declared.role, declared.function) {
            ([only], ..) => self.chooser(At { unit: at.unit, expr: only.value }, depth + 1),
            // Chosen by whoever calls.
            ([], Role::Param(position), Some(func)) => {
                let function = FnAt { unit: at.unit, func };
                let calls = r.callers(function);
                let counted = calls.iter().filter(|call| r.index.unit(call.unit).scope.is_production());
                let given: Option<Vec<At>> =
                    counted.map(|call| Some(r.argument(*call, function, position)?.0)).collect();
                self.every(given?, depth)
            }
            _ => None,
        }
    }

    /// A function that hands out one client or another, or whose argument is one thing or another.
    fn of_call(&mut self, at: At, depth: usize) -> Option<Chosen> {
        let r = self.r;
        let is_client = |ty: &Ty| matches!(ty, Ty::Named(full) if r.is_client_type(full));
        for function in r.callees(at).iter().filter(|f| r.index.unit(f.unit).scope.is_production()) {
            let declared = r.index.function(*function);
            let unit = r.index.unit(function.unit);
            let values: Vec<ExprId> = declared
                .returns
                .iter()
                .filter_map(|given| given.values.first().copied())
                .filter(|value| !matches!(unit.expr(*value).kind, ExprKind::Nothing))
                .collect();
            let texts: BTreeSet<&str> = values.iter().map(|value| unit.text_of(*value)).collect();
            let by_guard =
                || declared.returns.iter().find_map(|given| guard_label(r, function.unit, given.block, &texts));
            // Where an argument chooses, the question is who chooses the argument.
            let result = declared.results.first().map(|result| r.ty(function.unit, &result.ty));
            if texts.len() > 1
                && (result.as_ref().is_some_and(is_client) || is_client(&r.type_of(at)))
                && let Some(label) = by_guard().filter(|label| !names_param(unit, declared, &label.label))
            {
                return Some(label);
            }
            let given = (0..declared.params.len()).filter_map(|n| Some(r.argument(at, *function, n)?.0));
            if let Some(label) = given.collect::<Vec<At>>().into_iter().find_map(|given| self.given(given, depth)) {
                return Some(label);
            }
            if let [only] = values.as_slice()
                && let Some(label) = self.chooser(At { unit: function.unit, expr: *only }, depth + 1)
            {
                return Some(label);
            }
        }
        None
    }

    /// An argument that is one text, or one object, or another.
    fn given(&mut self, at: At, depth: usize) -> Option<Chosen> {
        if let ExprKind::Choice { then, .. } = self.r.index.kind(at)
            && matches!(self.r.index.kind(At { unit: at.unit, expr: *then }), ExprKind::Number(_) | ExprKind::Truth(_))
        {
            return None;
        }
        self.chooser(at, depth + 1)
    }

    /// A field whose every value in production code is chosen.
    fn of_field(&mut self, owner: &Name, field: &str, depth: usize) -> Option<Chosen> {
        let values = self.r.values_of_field(owner, field);
        self.every(values, depth)
    }

    fn every(&mut self, values: Vec<At>, depth: usize) -> Option<Chosen> {
        let mut chosen = None;
        for value in values {
            chosen = Some(self.chooser(value, depth + 1)?);
        }
        chosen
    }
}

/// Whether a label is the name of a parameter of the function.
fn names_param(unit: &Unit, function: &Function, label: &str) -> bool {
    function.params.iter().any(|param| unit.var(*param).name == label)
}

/// Whether an expression is an object of the SDK, whose parts share its client.
fn sdk_object(r: &Resolver<'_>, at: At) -> bool {
    match r.type_of(at) {
        Ty::Foreign(full) | Ty::Named(full) => r.index.catalogue.types.contains_key(&*full),
        _ => false,
    }
}

/// The innermost condition around a block that is no error check, and not about the values themselves.
fn guard_label(r: &Resolver<'_>, unit: u32, block: BlockId, values: &BTreeSet<&str>) -> Option<Chosen> {
    let mut at = Some(block);
    while let Some(id) = at {
        let block = r.index.unit(unit).blocks.get(id.at())?;
        if let Guard::When { condition, .. } = &block.guard
            && !values.contains(r.index.unit(unit).text_of(*condition).trim_start_matches(['!', '(']))
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
        // What is asked of an error chooses no client.
        ExprKind::Call { args, .. } if args.iter().any(|arg| is_error(r, here(*arg))) => None,
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

/// Whether an expression is the error that a handler was given, or a part of it.
fn is_error(r: &Resolver<'_>, mut at: At) -> bool {
    let unit = r.index.unit(at.unit);
    while let ExprKind::Member { base, .. } | ExprKind::Same(base) = unit.expr(at.expr).kind {
        at.expr = base;
    }
    let ExprKind::Var(var) = unit.expr(at.expr).kind else { return false };
    let is_given = |block: &Block| matches!(&block.guard, Guard::Handler { error, .. } if *error == Some(var));
    unit.var(var).name == "err" || unit.blocks.iter().any(is_given)
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
fn branches<'d, 'a: 'd>(
    r: &Resolver<'a>,
    clients: &mut Known,
    mut others: impl Iterator<Item = &'d SiteDraft<'a>>,
    draft: &SiteDraft<'a>,
) -> Option<Chosen> {
    if !draft.site.kind.starts() {
        return None;
    }
    let guards = whens(r, draft);
    others.find_map(|other| {
        if other.call.at == draft.call.at || other.site.kind != draft.site.kind {
            return None;
        }
        let opposite = whens(r, other);
        let (condition, _) =
            guards.iter().find(|(condition, holds)| opposite.iter().any(|(c, h)| c == condition && h != holds))?;
        let mut clients_of = |draft: &SiteDraft<'a>| clients.of(r, draft, &Frames::default());
        clients_of(draft)
            .differ(&clients_of(other))
            .then(|| label(r, At { unit: draft.call.at.unit, expr: *condition }, 0))?
    })
}

/// The conditions around a site.
fn whens(r: &Resolver<'_>, draft: &SiteDraft<'_>) -> Vec<(ExprId, bool)> {
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
