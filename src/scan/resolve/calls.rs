//! Which functions a call reaches.

use std::borrow::Cow;
use std::rc::Rc;

use super::trace::{TraceEnd, TraceQuery};
use super::{Functions, Resolver, Ty, What};
use crate::scan::catalogue::ApiRef;
use crate::scan::index::{At, FnAt, Name, join, name_part};
use crate::scan::program::*;

/// The name under which a file hands out what it names for no one.
pub(super) const DEFAULT: &str = "default";

/// Methods bound by name alone, when the receiver's type is unknown, are followed up to this many.
const BY_NAME: usize = 3;

/// Steps the search for what one call reaches may take, and that for the functions one value is.
const CALLEES: usize = 12_000;
const VALUES: usize = 1500;

impl<'a> Resolver<'a> {
    /// Callee and arguments of a call.
    pub fn call(&self, at: At) -> Option<(At, &'a [ExprId])> {
        match self.index.kind(at) {
            ExprKind::Call { callee, args, .. } => Some((At { unit: at.unit, expr: *callee }, args)),
            _ => None,
        }
    }

    /// The SDK function or method a call names, as far as imports and types tell.
    pub fn api_of(&self, call: At) -> Option<ApiRef<'a>> {
        let (callee, _) = self.call(call)?;
        self.api_named(callee)
    }

    /// The SDK function or method an expression names.
    pub fn api_named(&self, at: At) -> Option<ApiRef<'a>> {
        match self.index.kind(at) {
            ExprKind::Member { base, name } => {
                let base = At { unit: at.unit, expr: *base };
                if let Some(package) = self.index.package_at(base) {
                    return self.function_of_sdk(&join(&package, name));
                }
                match self.member(&self.type_of(base), name).what {
                    What::Sdk(api) => Some(api),
                    _ => None,
                }
            }
            // A variable of the package, in the file that declares it.
            ExprKind::Var(_) => self.function_of_sdk(&self.written_name(at)?),
            ExprKind::Free(name) => {
                if let Some(api) = self.function_of_sdk(&self.index.free_name(at.unit, name)) {
                    return Some(api);
                }
                let package = self.index.import(at.unit, ".")?;
                self.index.catalogue.function(&self.index.canonical(&join(&package, name)))
            }
            _ => None,
        }
    }

    /// Whether an expression names a type: handing a type on makes no object of it.
    pub fn names_type(&self, at: At) -> bool {
        matches!(self.type_of(at), Ty::Meta(_))
    }

    /// The full name of the function of another package a callee names.
    pub fn outside_name(&self, callee: At) -> Option<String> {
        let (base, name) = match self.index.kind(callee) {
            ExprKind::Member { base, name } => (base, name),
            ExprKind::Free(name) => return self.index.import(callee.unit, name).map(Cow::into_owned),
            _ => return None,
        };
        let package = self.index.package_at(At { unit: callee.unit, expr: *base })?;
        if self.index.is_local(&package) {
            None
        } else {
            Some(self.index.catalogue.current_name(&join(&package, name)))
        }
    }

    /// The function or type of another package whose call gives a value.
    pub fn outside_owner(&self, call: At) -> Option<String> {
        let (callee, _) = self.call(call)?;
        if let Some(name) = self.outside_name(callee) {
            return Some(name);
        }
        let ExprKind::Member { base, name } = self.index.kind(callee) else { return None };
        match self.member(&self.type_of(At { unit: callee.unit, expr: *base }), name).what {
            What::Foreign(full) if full.contains('.') => Some(full.to_string()),
            _ => None,
        }
    }

    /// Functions of the tree a call may reach.
    pub fn callees(&self, call: At) -> Functions {
        let known = self.callees.borrow().get(&call).cloned();
        if let Some((known, cut)) = known {
            self.budget.rests_on(cut);
            return known;
        }
        let Some((callee, args)) = self.call(call) else { return Rc::default() };
        if !self.budget.may_nest() {
            self.budget.end_early();
            return Rc::default();
        }
        self.callees.borrow_mut().insert(call, Default::default());
        let arity = args.len() + self.named_count(call);
        let (found, cut) = self.budget.once(CALLEES, || Rc::new(self.callees_of(callee, arity)));
        self.callees.borrow_mut().insert(call, (found.clone(), cut));
        self.budget.rests_on(cut);
        found
    }

    /// Functions of the tree that would run if this were called, whatever it were given.
    pub fn reached(&self, callee: At) -> Vec<FnAt> {
        self.callees_of(callee, usize::MAX)
    }

    fn callees_of(&self, callee: At, arity: usize) -> Vec<FnAt> {
        // Calling a type makes an object of it.
        if let Some(constructor) = self.constructor(callee) {
            return vec![constructor];
        }
        if let ExprKind::Free(_) | ExprKind::Member { .. } = self.index.kind(callee)
            && let Ty::Meta(_) = self.type_of(callee)
        {
            return vec![];
        }
        match self.index.kind(callee) {
            ExprKind::Free(name) => {
                let own = self.index.functions(&self.index.free_name(callee.unit, name));
                if !own.is_empty() {
                    return self.visible(callee.unit, own);
                }
                if let Some(dotted) = self.index.import(callee.unit, ".") {
                    let brought = self.index.functions(&self.index.canonical(&join(&dotted, name)));
                    if !brought.is_empty() {
                        return brought.to_vec();
                    }
                }
                self.functions_in(callee).to_vec()
            }
            ExprKind::Member { base, name } => {
                let base = At { unit: callee.unit, expr: *base };
                if let Some(package) = self.index.package_at(base) {
                    let functions = self.index.functions(&self.index.canonical(&join(&package, name)));
                    if functions.is_empty() {
                        return self.functions_in(callee).to_vec();
                    }
                    return functions.to_vec();
                }
                let ty = self.type_of(base);
                match self.member(&ty, name).what {
                    What::Method(at) => self.overrides(at),
                    What::Abstract { owner, .. } => self.implementers(&owner, name).to_vec(),
                    What::Field { .. } => self.functions_in(callee).to_vec(),
                    What::Unknown if ty == Ty::Unknown => {
                        let held = self.functions_in(callee);
                        if !held.is_empty() || self.index.is_plain(name) {
                            return held.to_vec();
                        }
                        self.fitting(name, arity).to_vec()
                    }
                    _ => vec![],
                }
            }
            ExprKind::Lambda(func) => vec![FnAt { unit: callee.unit, func: *func }],
            ExprKind::Var(_) | ExprKind::Element { .. } | ExprKind::Call { .. } | ExprKind::Same(_) => {
                self.functions_in(callee).to_vec()
            }
            _ => vec![],
        }
    }

    /// Methods of a name that so many arguments fit, when there are few enough of them to be bound by name alone.
    fn fitting(&self, name: &str, arity: usize) -> Functions {
        let key = (name.to_owned(), arity);
        if let Some(known) = self.fitting.borrow().get(&key) {
            return known.clone();
        }
        let fits = |at: &FnAt| {
            let function = self.index.function(*at);
            function.params.len() == arity
                || function.rest.is_some()
                || (self.index.names_arguments() && function.params.len() > arity)
        };
        let mut fitting: Vec<FnAt> =
            self.index.methods_named(name).iter().copied().filter(fits).take(BY_NAME + 1).collect();
        if fitting.len() > BY_NAME {
            fitting.clear();
        }
        let fitting = Rc::new(fitting);
        self.fitting.borrow_mut().insert(key, fitting.clone());
        fitting
    }

    /// A method, and when it has nothing to return, those that take its place in derived types.
    pub fn overriding(&self, at: FnAt) -> Vec<FnAt> {
        self.overrides(at)
    }

    fn overrides(&self, at: FnAt) -> Vec<FnAt> {
        let method = self.index.function(at);
        let mut all = vec![at];
        if !method.returns.is_empty() || method.name == CONSTRUCTOR {
            return all;
        }
        let Some(owner) = &method.owner else { return all };
        let derived = self.index.derived_names(owner);
        all.extend(self.index.methods_named(&method.name).iter().copied().filter(|other| {
            *other != at && self.index.function(*other).owner.as_deref().is_some_and(|o| derived.contains(&o))
        }));
        all
    }

    /// What runs when a type is called to make an object.
    fn constructor(&self, callee: At) -> Option<FnAt> {
        let made = self.made_type(callee)?;
        match self.member(&Ty::Named(made), CONSTRUCTOR).what {
            What::Method(at) => Some(at),
            _ => None,
        }
    }

    /// The type of the tree of which calling this makes an object.
    pub fn made_type(&self, callee: At) -> Option<Name> {
        let Ty::Meta(ty) = self.type_of(callee) else { return None };
        let Ty::Named(full) = &*ty else { return None };
        let (_, decl) = self.index.type_decl(full)?;
        decl.made_by_call.then(|| full.clone())
    }

    /// Functions an expression has as values.
    pub fn functions_in(&self, at: At) -> Functions {
        let known = self.values.borrow().get(&at).cloned();
        if let Some((known, cut)) = known {
            self.budget.rests_on(cut);
            return known;
        }
        if !self.budget.may_nest() {
            self.budget.end_early();
            return Rc::default();
        }
        self.values.borrow_mut().insert(at, Default::default());
        let ask = TraceQuery { production: false, clients: false, steps: VALUES };
        let (found, cut) = self.budget.once(4 * VALUES, || {
            let ends = self.trace(at, ask);
            let mut functions: Vec<FnAt> = ends.iter().filter_map(|found| self.function_value(&found.end)).collect();
            functions.sort();
            functions.dedup();
            Rc::new(functions)
        });
        self.values.borrow_mut().insert(at, (found.clone(), cut));
        self.budget.rests_on(cut);
        found
    }

    /// The function an end is.
    pub fn function_value(&self, end: &TraceEnd<'a>) -> Option<FnAt> {
        match end {
            TraceEnd::Function(at) => Some(*at),
            TraceEnd::Value(at) => match self.index.kind(*at) {
                ExprKind::Lambda(func) => Some(FnAt { unit: at.unit, func: *func }),
                _ => None,
            },
            _ => None,
        }
    }

    /// Functions of one name in a package differ by build constraints or stand in separate commands of one
    /// folder; those of the same file come first.
    fn visible(&self, unit: u32, functions: &[FnAt]) -> Vec<FnAt> {
        let same: Vec<FnAt> = functions.iter().copied().filter(|f| f.unit == unit).collect();
        if same.is_empty() { functions.to_vec() } else { same }
    }

    /// Methods of the tree that an interface method may run.
    pub fn implementers(&self, interface: &Name, method: &str) -> Functions {
        let key = (interface.clone(), method.to_owned());
        if let Some(known) = self.implementers.borrow().get(&key) {
            return known.clone();
        }
        let mut found = vec![];
        if let Some((home, TypeDecl { kind: TypeKind::Interface { methods, .. }, .. })) =
            self.index.type_decl(interface)
        {
            for candidate in self.index.methods_named(method) {
                let Some(owner) = self.index.owner(*candidate) else { continue };
                let whole = methods
                    .iter()
                    .all(|m| self.index.own_method(&owner, &m.name).is_some() || self.promotes(&owner, &m.name));
                let asked = methods.iter().find(|m| m.name == method);
                if whole && asked.is_none_or(|asked| self.takes_the_same(home, asked, *candidate)) {
                    found.push(*candidate);
                }
            }
            // Where types say whose children they are, those that only look alike are none.
            let children = self.index.derived_names(name_part(interface));
            let is_child = |at: &FnAt| self.index.function(*at).owner.as_deref().is_some_and(|o| children.contains(&o));
            if found.iter().any(is_child) {
                found.retain(is_child);
            }
            found.extend(self.literal_implementers(interface, method, methods));
        }
        let found = Rc::new(found);
        self.implementers.borrow_mut().insert(key, found.clone());
        found
    }

    /// Whether a function takes what an interface method is declared to take, where arguments go by place and the
    /// types must be the same.
    fn takes_the_same(&self, home: u32, asked: &Method, candidate: FnAt) -> bool {
        if self.index.names_arguments() {
            return true;
        }
        let (unit, params) = (self.index.unit(candidate.unit), &self.index.function(candidate).params);
        params.len() == asked.params.len()
            && params.iter().zip(&asked.params).all(|(param, asked)| {
                match (self.ty(candidate.unit, &unit.var(*param).ty), self.ty(home, asked)) {
                    (Ty::Named(one) | Ty::Foreign(one), Ty::Named(other) | Ty::Foreign(other)) => one == other,
                    _ => true,
                }
            })
    }

    fn promotes(&self, owner: &str, method: &str) -> bool {
        let member = self.member(&Ty::Named(owner.into()), method);
        !member.path.is_empty() && matches!(member.what, What::Method(_) | What::Abstract { .. } | What::Sdk(_))
    }
}
