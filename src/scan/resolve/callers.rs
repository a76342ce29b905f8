//! Which calls reach a function.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use rustc_hash::FxHashMap as HashMap;

use super::budget::Cut;
use super::calls::DEFAULT;
use super::{Resolver, Ty};
use crate::scan::index::{At, FnAt, Holder, Holders, VarAt, join, package_part};
use crate::scan::prefilter::Reach;
use crate::scan::program::*;

/// Steps the search for the callers of one function may take.
const STEPS: usize = 20_000;

/// Under how many other names a function is looked for.
const OTHER_NAMES: usize = 100;

/// How many types one may inherit from, and how far up.
const ANCESTORS: usize = 64;
const GENERATIONS: usize = 6;

/// What the calls and references of a name reach.
#[derive(Default)]
pub(super) struct Targets {
    /// Function → calls that reach it.
    called: HashMap<FnAt, Vec<At>>,
    /// Function → arguments that are it.
    handed: HashMap<FnAt, Vec<At>>,
    /// Calls of which it was not seen to the end what they reach.
    open: Vec<(At, Cut)>,
    /// Arguments of which it was not seen to the end what they are.
    open_handed: Vec<(At, Cut)>,
}

impl<'a> Resolver<'a> {
    /// Calls that reach a function of the tree.
    pub fn callers(&self, function: FnAt) -> Rc<Vec<At>> {
        self.ask_for_callers(function);
        let known = self.callers.borrow().get(&function).cloned();
        if let Some((known, cut)) = known {
            self.budget.rests_on(cut);
            return known;
        }
        if !self.budget.may_nest() {
            self.budget.end_early();
            return Rc::default();
        }
        self.callers.borrow_mut().insert(function, Default::default());
        let (found, cut) = self.budget.once(STEPS, || Rc::new(self.find_callers(function)));
        self.callers.borrow_mut().insert(function, (found.clone(), cut));
        self.budget.rests_on(cut);
        found
    }

    /// Ask for the files that may call a function.
    fn ask_for_callers(&self, function: FnAt) {
        let declared = self.index.function(function);
        let package = &self.index.unit(function.unit).package;
        match &declared.owner {
            _ if declared.name.is_empty() => {}
            None => self.index.want(package, &declared.name, Reach::Importers),
            // An object is made by naming its type.
            Some(owner) if declared.name == CONSTRUCTOR => self.index.want(package, owner, Reach::Importers),
            Some(owner) => {
                // Who calls test code is test code that knows it.
                let reach = if self.in_production(function.unit) { Reach::Anywhere } else { Reach::Importers };
                self.index.want(package, &declared.name, reach);
                self.ask_for_users_of_bases(&join(package, owner), &declared.name);
            }
        }
    }

    /// A method is also called by those who only know what its type inherits from.
    fn ask_for_users_of_bases(&self, owner: &str, method: &str) {
        for base in self.ancestors(owner) {
            if let Ty::Named(base) = base {
                self.index.want(package_part(&base), method, Reach::Importers);
            }
        }
    }

    /// The types a class of the tree inherits from, near ones first.
    pub(super) fn ancestors(&self, class: &str) -> Vec<Ty> {
        let mut found: Vec<Ty> = vec![];
        let mut todo: VecDeque<(String, usize)> = [(class.to_owned(), 0)].into();
        let mut seen: BTreeSet<String> = [class.to_owned()].into();
        while let Some((class, depth)) = todo.pop_front() {
            let Some((unit, TypeDecl { kind: TypeKind::Record { fields, bases, .. }, made_by_call: true, .. })) =
                self.index.type_decl(&class)
            else {
                continue;
            };
            let embedded = fields.iter().filter(|f| f.embedded).map(|f| &f.ty);
            for base in bases.iter().chain(embedded) {
                let base = self.ty(unit, base);
                if found.len() >= ANCESTORS || depth >= GENERATIONS {
                    return found;
                }
                if let Ty::Named(full) = &base {
                    if !seen.insert(full.to_string()) {
                        continue;
                    }
                    todo.push_back((full.to_string(), depth + 1));
                }
                found.push(base);
            }
        }
        found
    }

    fn find_callers(&self, at: FnAt) -> Vec<At> {
        let function = self.index.function(at);
        if function.name.is_empty() {
            return self.lambda_callers(at);
        }
        let mut names = vec![function.name.as_str()];
        if let Some(owner) = function.owner.as_deref().filter(|_| function.name == CONSTRUCTOR) {
            names.extend([owner, DEFAULT]);
            names.extend(self.index.derived_names(owner));
        }
        let mut found: Vec<At> = vec![];
        for name in names {
            match self.targets(name) {
                Some(targets) => {
                    found.extend(targets.called.get(&at).into_iter().flatten());
                    let may_be = targets.open.iter().find(|(call, _)| self.may_call(*call, at));
                    self.budget.rests_on(may_be.and_then(|(_, cut)| *cut));
                }
                // They are being worked out: this function was met on the way.
                None => {
                    let calls = self.index.calls_named(name).take_while(|_| self.budget.take());
                    found.extend(calls.filter(|call| self.callees(*call).contains(&at)));
                }
            }
        }
        let handed = match self.targets(&function.name) {
            Some(targets) => {
                let counts = |value: &At| self.in_production(value.unit) || !self.in_production(at.unit);
                let may_be = targets.open_handed.iter().find(|(value, _)| counts(value));
                self.budget.rests_on(may_be.and_then(|(_, cut)| *cut));
                targets.handed.get(&at).cloned().unwrap_or_default()
            }
            None => self.handed(&function.name).filter(|value| self.functions_in(*value).contains(&at)).collect(),
        };
        found.extend(handed.into_iter().flat_map(|value| self.calls_of_argument(value)));
        for call in self.calls_by_other_names(at) {
            if !found.contains(&call) {
                found.push(call);
            }
        }
        found
    }

    /// Calls of a function through what holds it: `run = engine.Run` and `run(…)`, `pick()(…)`.
    fn calls_by_other_names(&self, at: FnAt) -> Vec<At> {
        let holders = self.holders.get_or_init(|| Holders::new(self.index));
        let name = self.index.function(at).name.as_str();
        let mut names: BTreeSet<Holder<'a>> = BTreeSet::new();
        let mut todo: Vec<Holder<'a>> = vec![];
        for (value, holder) in holders.of(name).iter().copied().take_while(|_| self.budget.take()) {
            if !self.functions_in(value).contains(&at) {
                continue;
            }
            if let Holder::Shared(other) = holder {
                self.index.want(&self.index.unit(value.unit).package, other, Reach::Importers);
            }
            todo.push(holder);
        }
        for (unit, other) in holders.renamed(name).iter().copied().take_while(|_| self.budget.take()) {
            self.index.want(&self.index.unit(unit).package, other, Reach::Importers);
            todo.push(Holder::Shared(other));
        }
        while let Some(holder) = todo.pop() {
            if names.len() >= OTHER_NAMES {
                self.budget.end_early();
                break;
            }
            if names.insert(holder) {
                todo.extend(holders.behind(holder));
            }
        }
        let mut found = vec![];
        for holder in names {
            let calls: Vec<At> = match holder {
                // Calls by the function's own name are known.
                Holder::Local(other) | Holder::Shared(other) if other == name => continue,
                Holder::Local(other) | Holder::Shared(other) => self.index.calls_named(other).collect(),
                Holder::Returned(function) => holders.called_results(function).to_vec(),
            };
            let calls = calls.into_iter().take_while(|_| self.budget.take());
            found.extend(calls.filter(|call| self.callees(*call).contains(&at)));
        }
        found
    }

    /// Whether a call may be one of a function, by what it gives and where it stands.
    fn may_call(&self, call: At, at: FnAt) -> bool {
        let function = self.index.function(at);
        let given = self.call(call).map_or(0, |(_, args)| args.len()) + self.named_count(call);
        let counts = self.in_production(call.unit) || !self.in_production(at.unit);
        // Some may be left out; those that are too many fit only where any number does.
        counts && (given <= function.params.len() || function.rest.is_some())
    }

    /// Where a name is an argument of a call.
    fn handed(&self, name: &str) -> impl Iterator<Item = At> {
        let references = self.index.references_named(name).filter(|(_, reference)| reference.argument_of.is_some());
        references.map(|(unit, reference)| At { unit, expr: reference.expr })
    }

    /// What the calls and references of a name reach, worked out once for all functions of that name.
    fn targets(&self, name: &str) -> Option<Rc<Targets>> {
        let known = self.targets.borrow().get(name).cloned();
        if let Some(known) = known {
            let (targets, cut) = known?;
            self.budget.rests_on(cut);
            return Some(targets);
        }
        self.targets.borrow_mut().insert(name.to_owned(), None);
        let (targets, cut) = self.budget.once(usize::MAX, || {
            let mut targets = Targets::default();
            for call in self.index.calls_named(name).take_while(|_| self.budget.take()) {
                let (callees, cut) = self.budget.apart(|| self.callees(call));
                for function in callees.iter() {
                    targets.called.entry(*function).or_default().push(call);
                }
                if cut.is_some() {
                    targets.open.push((call, cut));
                }
            }
            for value in self.handed(name).take_while(|_| self.budget.take()) {
                let (functions, cut) = self.budget.apart(|| self.functions_in(value));
                for function in functions.iter() {
                    targets.handed.entry(*function).or_default().push(value);
                }
                if cut.is_some() {
                    targets.open_handed.push((value, cut));
                }
            }
            Rc::new(targets)
        });
        self.targets.borrow_mut().insert(name.to_owned(), Some((targets.clone(), cut)));
        self.budget.rests_on(cut);
        Some(targets)
    }

    /// Calls of the parameter as which a value is given to a function of the tree.
    pub fn calls_of_argument(&self, value: At) -> Vec<At> {
        let Some((call, position)) = self.index.argument_of(value) else { return vec![] };
        self.callees(call).iter().flat_map(|callee| self.calls_of_param(*callee, position)).collect()
    }

    /// Calls of a lambda: through the variable it is bound to, or through the parameter it is given as.
    fn lambda_callers(&self, at: FnAt) -> Vec<At> {
        let Some(lambda) = self.index.lambda_at(at) else { return vec![] };
        let mut found = vec![];
        for var in self.index.kept_in(lambda) {
            found.extend_from_slice(self.index.calls_of_var(*var));
            for argument in self.index.given_as(*var).iter().take_while(|_| self.budget.take()) {
                found.extend(self.calls_of_argument(*argument));
            }
        }
        found.extend(self.index.called_in_place(lambda));
        found.extend(self.literal_callers(at));
        found.extend(self.calls_of_argument(lambda));
        found
    }

    /// Calls of a function's parameter inside that function.
    fn calls_of_param(&self, function: FnAt, position: usize) -> Vec<At> {
        let Some(param) = self.index.function(function).params.get(position) else { return vec![] };
        self.index.calls_of_var(VarAt { unit: function.unit, var: *param }).to_vec()
    }
}
