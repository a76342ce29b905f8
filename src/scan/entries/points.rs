//! Which functions are entered from outside.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::forms::{Form, Forms, matched};
use super::library::{callee_of, of_callee, type_named};
use super::names::{Place, name};
use crate::facts::code::{Entry, EntryKind};
use crate::scan::index::{At, FnAt, Name, strip};
use crate::scan::program::*;
use crate::scan::resolve::{Resolver, Ty, What};

/// Nesting of arguments in which a handler is looked for: `wrap(auth(h.create))`.
const NESTING: usize = 4;

/// Handlers and what enters them, without the way from there.
pub(super) type Points = HashMap<FnAt, Vec<Entry>>;

/// The functions that matter, and what they are called.
struct Wanted<'r, 'a> {
    r: &'r Resolver<'a>,
    functions: &'r BTreeSet<FnAt>,
    names: BTreeSet<&'a str>,
    found: Points,
}

/// Finds handlers among functions.
pub(super) struct Finder<'r, 'a> {
    r: &'r Resolver<'a>,
    forms: &'r Forms,
    /// Calls by which frameworks may be given handlers.
    calls: Vec<(At, &'r Form)>,
}

impl<'r, 'a> Finder<'r, 'a> {
    /// With all calls that a form names.
    pub fn new(r: &'r Resolver<'a>, forms: &'r Forms) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&'r Form>> = BTreeMap::new();
        let mut patterns: Vec<&'r Form> = vec![];
        for form in &forms.entries {
            for call in &form.calls {
                if call.contains('*') || call.contains("::") {
                    patterns.push(form)
                } else {
                    by_name.entry(call).or_default().push(form)
                }
            }
        }
        let mut calls: Vec<(At, &'r Form)> = vec![];
        for (name, forms) in by_name {
            let named: Vec<At> = r.index.calls_named(name).collect();
            calls.extend(forms.iter().flat_map(|form| named.iter().map(move |call| (*call, *form))));
        }
        for (n, unit) in r.index.units.iter().enumerate().filter(|_| !patterns.is_empty()) {
            for call in &unit.calls {
                let at = At { unit: n as u32, expr: call.expr };
                let Some((callee, _)) = r.call(at) else { continue };
                let fits =
                    |form: &&&'r Form| form.calls.iter().any(|c| star_of(r, c, callee.unit, callee.expr).is_some());
                calls.extend(patterns.iter().filter(fits).map(|form| (at, *form)));
            }
        }
        Self { r, forms, calls }
    }

    /// Which of these functions are handlers.
    pub fn find(&self, functions: &BTreeSet<FnAt>) -> Points {
        let r = self.r;
        let names = functions.iter().map(|f| r.index.function(*f).name.as_str()).filter(|n| !n.is_empty()).collect();
        let mut wanted = Wanted { r, functions, names, found: Points::new() };
        for form in &self.forms.entries {
            wanted.by_name(form);
            wanted.by_decorator(form);
            wanted.by_field(form);
        }
        for (call, form) in &self.calls {
            wanted.by_call(*call, form);
        }
        for entries in wanted.found.values_mut() {
            entries.sort();
            entries.dedup();
        }
        wanted.found
    }
}

impl<'a> Wanted<'_, 'a> {
    fn note(&mut self, form: &Form, said: Option<At>, star: &str, function: FnAt) {
        let place = Place { form, said, star: star.to_owned(), function };
        let unit = self.r.index.unit(function.unit);
        self.found.entry(function).or_default().push(Entry {
            kind: form.kind,
            name: name(self.r, &place),
            path: unit.path.clone(),
            line: unit.function(function.func).line,
            via: vec![],
        });
    }

    /// Functions that are handlers by what they are called and where they stand.
    fn by_name(&mut self, form: &Form) {
        if form.functions.is_empty() && form.owners.is_empty() {
            return;
        }
        let r = self.r;
        let fits = |at: &&FnAt| {
            let (unit, function) = (r.index.unit(at.unit), r.index.function(**at));
            let named =
                if function.name.is_empty() { function.holder.as_deref() } else { Some(function.name.as_str()) };
            let Some(named) = named.filter(|_| function.parent.is_none()) else { return false };
            let is_default = || unit.exports.iter().any(|(out, own)| out == "default" && own == named);
            let listed = form.functions.iter().any(|f| f == named || (f == "default" && is_default()));
            let of_owner = match &function.owner {
                Some(owner) => form.owners.iter().any(|o| o == owner || o == "*"),
                None => form.owners.is_empty(),
            };
            let params = || {
                let names = function.params.iter().map(|p| unit.var(*p).name.trim_start_matches('_'));
                form.params.len() <= function.params.len() && form.params.iter().zip(names).all(|(want, is)| want == is)
            };
            (listed || form.functions.is_empty())
                && of_owner
                && form.package.as_ref().is_none_or(|package| unit.package_name == *package)
                && form.under.as_ref().is_none_or(|under| is_under(&unit.path, under))
                && form.stem.as_ref().is_none_or(|stem| file_stem(&unit.path) == stem)
                && params()
        };
        let found: Vec<FnAt> = self.functions.iter().filter(fits).copied().collect();
        found.into_iter().for_each(|function| self.note(form, None, "", function));
    }

    /// Functions with a decorator of a framework, or of a class with one.
    fn by_decorator(&mut self, form: &Form) {
        if form.decorators.is_empty() {
            return;
        }
        let r = self.r;
        for function in self.functions {
            let (unit, declared) = (r.index.unit(function.unit), r.index.function(*function));
            let decorators: &[ExprId] = if form.methods.is_empty() {
                &declared.decorators
            } else if form.methods.contains(&declared.name) {
                let owner = unit.types.iter().find(|t| Some(&t.name) == declared.owner.as_ref());
                owner.map_or(&[], |owner| owner.decorators.as_slice())
            } else {
                &[]
            };
            for decorator in decorators {
                let said = At { unit: function.unit, expr: strip(unit, *decorator) };
                if self.is_said(form, &form.decorators, said).is_some() {
                    self.note(form, Some(said), "", *function);
                }
            }
        }
    }

    /// What the star of a form stands for when a call or decorator is of the form.
    fn is_said(&self, form: &Form, names: &[String], said: At) -> Option<&'a str> {
        let r = self.r;
        let callee = callee_of(r, said);
        let unit = r.index.unit(callee.unit);
        let expr = strip(unit, callee.expr);
        let star = names.iter().find_map(|pattern| star_of(r, pattern, callee.unit, expr))?;
        if form.from.is_empty() {
            return Some(star);
        }
        match of_callee(r, At { unit: callee.unit, expr: strip(unit, callee.expr) }) {
            Some(library) => form.is_from(&library).then_some(star),
            None => {
                let begins = form.telling.as_deref()?;
                let (_, args) = r.call(said)?;
                let text = r.fold(At { unit: said.unit, expr: *args.first()? });
                text.text().is_some_and(|text| text.starts_with(begins)).then_some(star)
            }
        }
    }

    /// Functions in the fields of an object literal.
    fn by_field(&mut self, form: &Form) {
        let Some(ty) = &form.object_of else { return };
        for literal in self.r.index.composites(ty).to_vec() {
            let ExprKind::Composite { parts, .. } = self.r.index.kind(literal) else { continue };
            for part in parts {
                if !matches!(&part.key, Some(Key::Name(name)) if form.fields.contains(name)) {
                    continue;
                }
                let value = At { unit: literal.unit, expr: part.value };
                self.handlers(value, 0).into_iter().for_each(|function| self.note(form, Some(literal), "", function));
            }
        }
    }

    /// Functions that are handed to a call of a framework, or objects that have them as methods.
    fn by_call(&mut self, call: At, form: &Form) {
        let handlers = self.given_by(call, form);
        if handlers.is_empty() {
            return;
        }
        if let Some(star) = self.is_said(form, &form.calls, call) {
            for function in handlers {
                // The server of a service is given an object that has other methods, too.
                let of = self.r.index.function(function).implements.as_deref();
                if form.object.is_none() || of.is_none_or(|of| star.is_empty() || of == star) {
                    self.note(form, Some(call), star, function);
                }
            }
        }
    }

    /// The handlers a call is given.
    fn given_by(&self, call: At, form: &Form) -> Vec<FnAt> {
        let r = self.r;
        if form.inside {
            return self.around(call);
        }
        if let Some(slot) = &form.object {
            let Some((object, _)) = r.slot_argument(call, slot) else { return vec![] };
            return type_named(r, object).map(|ty| self.methods_of(&ty, form)).unwrap_or_default();
        }
        let Some(slot) = &form.handler else { return vec![] };
        let mut found = vec![];
        if let Some((argument, steps)) = r.slot_argument(call, slot) {
            found.extend(match steps.first() {
                None => self.handlers(argument, 0),
                Some(crate::scan::catalogue::SlotStep::Field(field)) => self.field_handlers(argument, field),
                Some(_) => vec![],
            });
        }
        if let (true, Some(first), Some((_, args))) = (form.rest, slot.argument, r.call(call)) {
            let later = args.iter().skip(first + 1).map(|expr| At { unit: call.unit, expr: *expr });
            found.extend(later.flat_map(|argument| self.handlers(argument, 0)));
        }
        found
    }

    /// The functions a call stands in that matter.
    fn around(&self, call: At) -> Vec<FnAt> {
        let mut next = self.r.index.call_place(call).and_then(|place| place.function);
        let mut found = vec![];
        while let Some(func) = next {
            let at = FnAt { unit: call.unit, func };
            if self.functions.contains(&at) {
                found.push(at);
            }
            next = self.r.index.function(at).parent;
        }
        found
    }

    /// Methods of a type that others can call.
    fn methods_of(&self, ty: &Name, form: &Form) -> Vec<FnAt> {
        let r = self.r;
        let open = |function: &Function| {
            !function.name.starts_with('_')
                && function.name != CONSTRUCTOR
                && (r.index.names_arguments()
                    || function.implements.is_some()
                    || function.name.starts_with(char::is_uppercase))
        };
        let fits = |at: &&FnAt| {
            let function = r.index.function(**at);
            let named = if form.methods.is_empty() { open(function) } else { form.methods.contains(&function.name) };
            function.owner.is_some()
                && named
                && match r.member(&Ty::Named(ty.clone()), &function.name).what {
                    What::Method(method) => method == **at,
                    What::Abstract { owner, .. } => r.implementers(&owner, &function.name).contains(at),
                    _ => false,
                }
        };
        self.functions.iter().filter(fits).copied().collect()
    }

    fn field_handlers(&self, argument: At, field: &str) -> Vec<FnAt> {
        match self.r.index.kind(argument) {
            ExprKind::Composite { parts, .. } => {
                let meant = parts.iter().filter(|p| matches!(&p.key, Some(Key::Name(name)) if name == field));
                meant.flat_map(|part| self.handlers(At { unit: argument.unit, expr: part.value }, 0)).collect()
            }
            _ => vec![],
        }
    }

    /// The functions that matter among the values of an argument, looked for in what wraps them.
    fn handlers(&self, at: At, depth: usize) -> Vec<FnAt> {
        let (r, here) = (self.r, |expr: ExprId| At { unit: at.unit, expr });
        if depth > NESTING {
            return vec![];
        }
        let mine = |found: Vec<FnAt>| -> Vec<FnAt> {
            found.into_iter().filter(|function| self.functions.contains(function)).collect()
        };
        match r.index.kind(at) {
            ExprKind::Lambda(func) => mine(vec![FnAt { unit: at.unit, func: *func }]),
            ExprKind::Same(inner) | ExprKind::Cast { value: inner, .. } => self.handlers(here(*inner), depth),
            ExprKind::Free(_) if r.index.package_at(at).is_some() => self.of_package(at),
            ExprKind::Free(name) | ExprKind::Member { name, .. } => {
                let meant = r.index.meant_name(at.unit, r.index.unit(at.unit), at.expr).unwrap_or(name);
                if self.names.contains(meant) { mine(r.reached(at)) } else { vec![] }
            }
            ExprKind::Var(_) => mine(r.functions_in(at).to_vec()),
            ExprKind::Composite { parts, .. } => {
                parts.iter().flat_map(|part| self.handlers(here(part.value), depth + 1)).collect()
            }
            ExprKind::Call { callee, args, .. } => {
                let mut found = match r.index.kind(here(*callee)) {
                    ExprKind::Member { base, name } if name == "bind" => self.handlers(here(*base), depth + 1),
                    // What makes the handler stands for it.
                    ExprKind::Free(name) | ExprKind::Member { name, .. } if self.names.contains(name.as_str()) => {
                        mine(r.callees(at).to_vec())
                    }
                    _ => vec![],
                };
                found.extend(args.iter().flat_map(|arg| self.handlers(here(*arg), depth + 1)));
                found
            }
            _ => vec![],
        }
    }

    /// All functions of a module that is handed over as a whole.
    fn of_package(&self, at: At) -> Vec<FnAt> {
        let Some(package) = self.r.index.package_at(at) else { return vec![] };
        let inside = |f: &&FnAt| {
            let function = self.r.index.function(**f);
            function.owner.is_none() && !function.name.is_empty() && self.r.index.unit(f.unit).package == *package
        };
        self.functions.iter().filter(inside).copied().collect()
    }
}

/// What the star of a pattern stands for in a callee; `Type::name` means the last two names.
fn star_of<'a>(r: &Resolver<'a>, pattern: &str, n: u32, callee: ExprId) -> Option<&'a str> {
    let unit = r.index.unit(n);
    let Some((owner, name)) = pattern.split_once("::") else {
        return matched(pattern, r.index.meant_name(n, unit, callee)?);
    };
    match &unit.expr(callee).kind {
        ExprKind::Member { base, name: last } if last == name => matched(owner, r.index.meant_name(n, unit, *base)?),
        _ => None,
    }
}

/// Code that runs when its file is started.
pub(super) fn script(path: &str, line: u32) -> Entry {
    Entry { kind: EntryKind::Cli, name: path.to_owned(), path: path.to_owned(), line, via: vec![] }
}

fn is_under(path: &str, folder: &str) -> bool {
    path.starts_with(&format!("{folder}/")) || path.contains(&format!("/{folder}/"))
}

fn file_stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split_once('.').map_or(file, |(stem, _)| stem)
}
