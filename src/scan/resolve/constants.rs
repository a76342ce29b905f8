//! Folding: names, queues, addresses as the words a reader understands.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet as HashSet;

use super::trace::{Found, Frames, TraceEnd, TraceQuery};
use super::{Resolver, Ty};
use crate::scan::catalogue::Slot;
use crate::scan::index::{At, FnAt, RequestScope, name_part};
use crate::scan::program::*;

/// Steps a folding search may take: constants are near.
const FOLD: TraceQuery = TraceQuery { production: true, clients: false, steps: 200 };

/// Steps one question about a constant may take, with everything it is put together from.
const STEPS: usize = 4000;

/// Steps a question about all texts of a value may take, and those that one part of it may take: what is not seen may
/// be what is looked for.
const TEXTS: usize = 40_000;
const TEXT: usize = 4000;

/// Through how many operations and calls the texts of a value are followed.
const MADE_OF: usize = 16;

/// The longest text that is put together.
const LONGEST: usize = 1 << 16;

/// What an expression folds to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folded {
    /// A text.
    Text(String),
    /// A function: its name is the workflow type.
    Function(String),
    /// A setting, in words: `env TEMPORAL_ADDRESS`.
    Setting(String),
    /// Several possibilities.
    Many(Vec<Folded>),
    /// Given, but not a constant.
    Dynamic,
}

impl Folded {
    /// The one text it is.
    pub fn text(&self) -> Option<&str> {
        match self {
            Folded::Text(text) | Folded::Function(text) => Some(text),
            _ => None,
        }
    }

    /// In words: `literal x`, `env X`.
    pub fn words(&self) -> String {
        match self {
            Folded::Text(text) => format!("literal {text}"),
            Folded::Function(name) => format!("result of {name}"),
            Folded::Setting(words) => words.clone(),
            Folded::Many(all) => all.iter().map(Folded::words).collect::<Vec<_>>().join(" | "),
            Folded::Dynamic => "unresolved".to_owned(),
        }
    }
}

impl<'a> Resolver<'a> {
    /// Fold a slot of a call; `None` when the argument or field is not given at all.
    pub fn fold_slot(&self, call: At, slot: &Slot) -> Option<Folded> {
        self.frugally(|| {
            let found = self.trace_argument(call, slot, self.fold_ask(call))?;
            if found.is_empty() { None } else { Some(self.fold_found(&found, 0)) }
        })
    }

    /// The constant texts the value of a slot is put together from: of `"a" + x` and `fmt.Sprintf("a %s", x)`, both
    /// are `a` and what `x` folds to.
    pub fn texts_in_slot(&self, call: At, slot: &Slot) -> Vec<String> {
        let ask = TraceQuery { steps: TEXT, ..self.fold_ask(call) };
        let (texts, cut) = self.near_by(TEXTS, || {
            let mut texts = vec![];
            let mut seen = HashSet::default();
            for found in self.trace_argument(call, slot, ask).unwrap_or_default() {
                self.texts_in(&found.end, (ask, 0), &mut seen, &mut texts);
            }
            (texts, self.budget.is_cut())
        });
        // What is looked for in texts that were not all seen may be in the others.
        if cut {
            self.budget.note(call.unit, self.line(call));
        }
        texts
    }

    /// The id in a slot: the constant, or what it begins with and a star (`payment-*` of `"payment-" + id`).
    pub fn id_form(&self, call: At, slot: &Slot) -> Option<String> {
        if let Some(Folded::Text(text)) = self.fold_slot(call, slot) {
            return Some(text).filter(|text| !text.is_empty());
        }
        let lead = self.frugally(|| match self.trace_argument(call, slot, self.fold_ask(call))?.as_slice() {
            [one] => self.lead(&one.end, 0),
            _ => None,
        })?;
        let fixed = lead.find(['%', '{', '$']).map_or(lead.as_str(), |end| &lead[..end]);
        (fixed.len() > 1).then(|| format!("{fixed}*"))
    }

    /// The text a value that is put together begins with. Only its beginning is followed, and only where it is one.
    fn lead(&self, end: &TraceEnd<'a>, depth: usize) -> Option<String> {
        let (TraceEnd::Value(at) | TraceEnd::External(at)) = end else { return None };
        let first = match self.index.kind(*at) {
            ExprKind::Text(text) => return Some(text.clone()),
            ExprKind::Binary { left, .. } => *left,
            ExprKind::Call { args, .. } => *args.first()?,
            _ => return None,
        };
        let at = At { unit: at.unit, expr: first };
        match self.trace(at, self.fold_ask(at)).as_slice() {
            [one] if depth < 8 => self.lead(&one.end, depth + 1),
            _ => None,
        }
    }

    /// `seen` are the values looked at for this question: helpers of helpers share what they are made from.
    fn texts_in(
        &self,
        end: &TraceEnd<'a>,
        (ask, depth): (TraceQuery, usize),
        seen: &mut HashSet<At>,
        texts: &mut Vec<String>,
    ) {
        let (TraceEnd::Value(at) | TraceEnd::External(at)) = end else { return };
        if !seen.insert(*at) {
            return;
        }
        let parts = match self.index.kind(*at) {
            ExprKind::Text(text) => return texts.push(text.clone()),
            ExprKind::Binary { left, right, .. } => vec![*left, *right],
            ExprKind::Call { args, .. } => args.clone(),
            _ => return,
        };
        if depth >= MADE_OF {
            return self.budget.end_early();
        }
        for part in parts {
            let at = At { unit: at.unit, expr: part };
            for found in self.trace(at, ask) {
                self.texts_in(&found.end, (ask, depth + 1), seen, texts);
            }
        }
    }

    /// Fold an expression.
    pub fn fold(&self, at: At) -> Folded {
        self.frugally(|| self.fold_at(at, 0))
    }

    /// Fold an expression of a function that was entered by these calls.
    pub fn fold_along(&self, at: At, frames: &Frames) -> Folded {
        self.frugally(|| {
            let found = self.trace_ways(at, None, frames, self.fold_ask(at));
            self.fold_found(&found, 0)
        })
    }

    /// Run a search that does not ask for further files.
    fn frugally<T>(&self, search: impl FnOnce() -> T) -> T {
        self.near_by(STEPS, search)
    }

    fn near_by<T>(&self, steps: usize, search: impl FnOnce() -> T) -> T {
        let before = self.index.asks.get();
        self.index.asks.set(match before {
            RequestScope::All | RequestScope::Declarations => RequestScope::Declarations,
            RequestScope::Near | RequestScope::Nothing => RequestScope::Nothing,
        });
        let result = self.budget.ask(steps, search);
        self.index.asks.set(before);
        result
    }

    fn fold_ask(&self, at: At) -> TraceQuery {
        TraceQuery { production: self.in_production(at.unit), ..FOLD }
    }

    fn fold_at(&self, at: At, depth: usize) -> Folded {
        let found = self.trace(at, self.fold_ask(at));
        self.fold_found(&found, depth)
    }

    fn fold_found(&self, found: &[Found<'a>], depth: usize) -> Folded {
        let mut all: Vec<Folded> = vec![];
        for one in found {
            if matches!(one.end, TraceEnd::Open("only_tests_call", _)) && found.len() > 1 {
                continue;
            }
            let folded = self.fold_end(&one.end, depth);
            if !all.contains(&folded) {
                all.push(folded);
            }
        }
        // An empty text beside something else is a zero value on the way.
        if all.len() > 1 {
            all.retain(|f| *f != Folded::Text(String::new()));
        }
        match all.len() {
            0 => Folded::Dynamic,
            1 => all.pop().unwrap_or(Folded::Dynamic),
            _ => Folded::Many(all),
        }
    }

    fn fold_end(&self, end: &TraceEnd<'a>, depth: usize) -> Folded {
        match end {
            TraceEnd::Function(at) => Folded::Function(self.workflow_name(*at)),
            TraceEnd::Value(at) => self.fold_value(*at, depth),
            TraceEnd::External(at) => self.setting(*at).unwrap_or_else(|| match self.index.kind(*at) {
                // A function of a package that is not in the tree: `pkg.Workflow`.
                ExprKind::Member { name, base } => match self.index.package_at(At { unit: at.unit, expr: *base }) {
                    // Where workflows are classes, the class is named and not its method.
                    Some(package) if !self.index.catalogue.definitions.is_empty() => {
                        Folded::Function(package.rsplit(['.', '/']).next().unwrap_or(name).to_owned())
                    }
                    Some(_) => Folded::Function(name.clone()),
                    None => Folded::Dynamic,
                },
                // A class of a package that is not in the tree, by its bare name.
                ExprKind::Free(name) if !self.index.catalogue.definitions.is_empty() => {
                    match self.index.import(at.unit, name) {
                        Some(full) => Folded::Function(name_part(&full).to_owned()),
                        None => Folded::Dynamic,
                    }
                }
                _ => Folded::Dynamic,
            }),
            TraceEnd::Sdk(_, api) => match &api.api.words {
                Some(words) => Folded::Setting(words.clone()),
                None => Folded::Dynamic,
            },
            TraceEnd::Setting(words) => Folded::Setting(words.clone()),
            TraceEnd::Instance(_) | TraceEnd::Open(..) => Folded::Dynamic,
        }
    }

    fn fold_value(&self, at: At, depth: usize) -> Folded {
        match self.index.kind(at) {
            ExprKind::Text(text) => Folded::Text(text.clone()),
            ExprKind::Number(text) => Folded::Text(text.clone()),
            ExprKind::Free(_) | ExprKind::Member { .. } => match self.type_of(at) {
                Ty::Meta(ty) => match &*ty {
                    Ty::Named(full) => {
                        Folded::Function(self.definition(full).unwrap_or_else(|| name_part(full).to_owned()))
                    }
                    _ => Folded::Dynamic,
                },
                _ => Folded::Dynamic,
            },
            ExprKind::Binary { op, left, right } if op == "+" && depth < 8 => {
                let left = self.fold_at(At { unit: at.unit, expr: *left }, depth + 1);
                let right = self.fold_at(At { unit: at.unit, expr: *right }, depth + 1);
                match (left, right) {
                    (Folded::Text(left), Folded::Text(right)) if left.len() + right.len() <= LONGEST => {
                        Folded::Text(left + &right)
                    }
                    _ => Folded::Dynamic,
                }
            }
            _ => Folded::Dynamic,
        }
    }

    /// The name a workflow is started by: that of its function, or what its class is defined as.
    fn workflow_name(&self, at: FnAt) -> String {
        let function = self.index.function(at);
        if self.index.catalogue.definitions.is_empty() {
            return function.name.clone();
        }
        match &function.owner {
            Some(owner) => {
                self.index.owner(at).and_then(|full| self.definition(&full)).unwrap_or_else(|| owner.clone())
            }
            None => function.name.clone(),
        }
    }

    /// The name under which a class is defined as a workflow, when a decorator says it is one.
    pub fn definition(&self, full: &str) -> Option<String> {
        let (unit, decl) = self.index.type_decl(full)?;
        decl.decorators.iter().find_map(|decorator| {
            let at = At { unit, expr: *decorator };
            let (callee, call) = match self.call(at) {
                Some((callee, _)) => (callee, Some(at)),
                None => (at, None),
            };
            let slot = self.index.catalogue.definitions.get(&self.outside_name(callee)?)?;
            let given = call.and_then(|call| self.fold_slot(call, slot)).or_else(|| self.named_by_method(full));
            Some(given.and_then(|f| f.text().map(str::to_owned)).unwrap_or_else(|| decl.name.clone()))
        })
    }

    /// The name an annotation of one of its methods gives to what a type defines.
    fn named_by_method(&self, full: &str) -> Option<Folded> {
        let slots = &self.index.catalogue.definition_methods;
        if slots.is_empty() {
            return None;
        }
        self.index.own_methods(full).find_map(|at| self.annotated_name(at, slots))
    }

    /// The name an annotation gives to the message a method handles.
    pub fn message_of(&self, at: FnAt) -> Folded {
        let given = self.annotated_name(at, &self.index.catalogue.message_methods);
        given.unwrap_or_else(|| Folded::Text(self.index.function(at).name.clone()))
    }

    fn annotated_name(&self, at: FnAt, slots: &BTreeMap<String, Slot>) -> Option<Folded> {
        self.index.function(at).decorators.iter().find_map(|decorator| {
            let call = At { unit: at.unit, expr: *decorator };
            let (callee, _) = self.call(call)?;
            let name = self.index.last_name(self.index.unit(callee.unit), callee.expr)?;
            self.fold_slot(call, slots.get(name)?)
        })
    }

    /// A call that reads a setting.
    fn setting(&self, at: At) -> Option<Folded> {
        if let ExprKind::Member { base, name } = self.index.kind(at) {
            // `os.environ["X"]`: an entry of a map of settings.
            let map = self.index.package_at(At { unit: at.unit, expr: *base })?;
            let setting = self.index.catalogue.configuration.get(&*map)?;
            return Some(Folded::Setting(format!("{} {name}", setting.words)));
        }
        let (callee, args) = self.call(at)?;
        let name = self.outside_name(callee)?;
        let setting = self.index.catalogue.configuration.get(&name)?;
        let key = args.get(setting.name)?;
        let key = self.fold_at(At { unit: at.unit, expr: *key }, 4);
        let key = match &key {
            Folded::Text(text) => text.as_str(),
            _ => "(dynamic)",
        };
        Some(Folded::Setting(format!("{} {key}", setting.words)))
    }

    /// The flag bound to a variable or field: `flags.StringVar(&x, "address", …)`.
    pub fn flag_of(&self, at: At) -> Option<String> {
        let text = self.index.unit(at.unit).text_of(at.expr);
        let name = name_part(text).to_owned();
        for binder in &self.index.catalogue.flag_binders {
            for call in self.index.calls_named(binder) {
                let Some((_, [target, flag, ..])) = self.call(call) else { continue };
                let target = self.index.unit(call.unit).text_of(*target);
                if name_part(target.trim_start_matches('&')) != name {
                    continue;
                }
                if let ExprKind::Text(flag) = self.index.kind(At { unit: call.unit, expr: *flag }) {
                    return Some(format!("flag --{flag}"));
                }
            }
        }
        None
    }
}
