//! Static types, as far as declarations tell them.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use super::{Functions, Resolver, What};
use crate::scan::catalogue::{ApiRef, CallbackResult, Part, SlotStep};
use crate::scan::index::{At, FnAt, Name, VarAt, join, name_part, package_part};
use crate::scan::lang::Builtin;
use crate::scan::prefilter::Reach;
use crate::scan::program::*;

/// A resolved type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    /// Nothing is known.
    Unknown,
    /// A type of the tree or of the SDK.
    Named(Name),
    /// A type of another package.
    Foreign(Name),
    /// A builtin without members that matter.
    Plain,
    /// List, array, channel.
    List(Rc<Ty>),
    /// Map, by its values.
    Map(Rc<Ty>),
    /// Function by its results.
    Function(Rc<Vec<Ty>>),
    /// Several results.
    Tuple(Rc<Vec<Ty>>),
    /// A type used as a value.
    Meta(Rc<Ty>),
}

/// How many parts a written type may have, with its aliases looked through.
const PARTS: usize = 300;

/// How many types may be worked out one inside of the other: each takes room on the stack.
const DEPTH: usize = 800;

/// How many embedded fields may lead to a client.
const EMBEDDED: usize = 8;

impl<'a> Resolver<'a> {
    /// Resolve a written type.
    pub fn ty(&self, unit: u32, ty: &TypeExpr) -> Ty {
        self.ty_at(unit, ty, 0, &Cell::new(PARTS))
    }

    /// `left` is how many parts the type may still have: aliases of aliases multiply.
    fn ty_at(&self, unit: u32, ty: &TypeExpr, depth: usize, left: &Cell<usize>) -> Ty {
        if depth > 8 || left.get() == 0 {
            return Ty::Unknown;
        }
        left.set(left.get() - 1);
        match ty {
            TypeExpr::Unknown => Ty::Unknown,
            TypeExpr::List(element) => Ty::List(Rc::new(self.ty_at(unit, element, depth + 1, left))),
            TypeExpr::Map(value) => Ty::Map(Rc::new(self.ty_at(unit, value, depth + 1, left))),
            TypeExpr::Function(results) => {
                Ty::Function(Rc::new(results.iter().map(|r| self.ty_at(unit, r, depth + 1, left)).collect()))
            }
            TypeExpr::Named { qualifier, name } => {
                if qualifier.is_none() {
                    if self.index.is_plain_type(unit, name) {
                        return Ty::Plain;
                    }
                    if name == "any" {
                        return Ty::Unknown;
                    }
                }
                let full = self.index.full_name(unit, qualifier.as_deref(), name);
                self.named(full, depth, left)
            }
        }
    }

    /// A type by full name, aliases looked through.
    fn named(&self, full: String, depth: usize, left: &Cell<usize>) -> Ty {
        if self.index.catalogue.types.contains_key(&full) {
            return Ty::Named(full.into());
        }
        if let Some((unit, decl)) = self.index.type_decl(&full) {
            if let TypeKind::Alias(target) = &decl.kind {
                return self.ty_at(unit, target, depth + 1, left);
            }
            return Ty::Named(full.into());
        }
        let package = package_part(&full);
        if self.index.is_local(package.strip_suffix("_test").unwrap_or(package)) {
            self.index.want(package, name_part(&full), Reach::Declaration);
            return Ty::Unknown;
        }
        Ty::Foreign(full.into())
    }

    /// The type of an expression.
    pub fn type_of(&self, at: At) -> Ty {
        if let Some(ty) = self.types.borrow().get(&at) {
            return ty.clone();
        }
        if self.depth.get() >= DEPTH {
            self.budget.note(at.unit, self.line(at));
            return Ty::Unknown;
        }
        self.types.borrow_mut().insert(at, Ty::Unknown);
        self.depth.set(self.depth.get() + 1);
        let ty = self.type_of_inner(at);
        self.depth.set(self.depth.get() - 1);
        self.types.borrow_mut().insert(at, ty.clone());
        ty
    }

    fn type_of_inner(&self, at: At) -> Ty {
        let here = |expr: ExprId| At { unit: at.unit, expr };
        match self.index.kind(at) {
            ExprKind::Var(var) => self.var_type(VarAt { unit: at.unit, var: *var }),
            // A package is no value.
            ExprKind::Free(name) if self.index.import(at.unit, name).is_some() => Ty::Unknown,
            ExprKind::Free(name) => self.package_member_type(&self.index.free_name(at.unit, name), at.unit),
            ExprKind::Member { base, name } => {
                if let Some(package) = self.index.package_at(here(*base)) {
                    return self.package_member_type(&join(&package, name), at.unit);
                }
                let ty = self.type_of(here(*base));
                match self.member_type(at, &ty, name) {
                    Ty::Unknown if !matches!(ty, Ty::Named(_)) => self.shared_type(here(*base), name),
                    ty => ty,
                }
            }
            ExprKind::Call { callee, args, .. } => {
                if let Some(ty) = self.builtin_type(at.unit, *callee, args) {
                    return ty;
                }
                if let Some(handed) = self.handed_on_type(at.unit, *callee, args) {
                    return handed;
                }
                match self.type_of(here(*callee)) {
                    Ty::Unknown => match self.callback_type(here(*callee), args) {
                        Ty::Unknown => self.telling_type(at, here(*callee)),
                        ty => ty,
                    },
                    Ty::Function(results) if results.len() == 1 => results.first().cloned().unwrap_or(Ty::Unknown),
                    Ty::Function(results) => Ty::Tuple(results),
                    Ty::Meta(ty) => (*ty).clone(),
                    _ => Ty::Unknown,
                }
            }
            // A list without a type has that of its first element whose type is known.
            ExprKind::Composite { ty, parts } if self.is_untyped_list(ty) => {
                let elements = parts.iter().filter(|part| part.key.is_none());
                let known = elements.map(|part| self.type_of(here(part.value))).find(|ty| *ty != Ty::Unknown);
                match known {
                    None if *ty == TypeExpr::Unknown => Ty::Unknown,
                    known => Ty::List(Rc::new(known.unwrap_or(Ty::Unknown))),
                }
            }
            ExprKind::Composite { ty, .. } | ExprKind::Cast { ty, .. } => self.ty(at.unit, ty),
            ExprKind::Lambda(func) => self.function_type(FnAt { unit: at.unit, func: *func }),
            ExprKind::Same(inner) => self.type_of(here(*inner)),
            ExprKind::Element { base, .. } => element(&self.type_of(here(*base))),
            ExprKind::Type(ty) => Ty::Meta(Rc::new(self.ty(at.unit, ty))),
            ExprKind::Choice { then, otherwise, .. } => match self.type_of(here(*then)) {
                Ty::Unknown => self.type_of(here(*otherwise)),
                ty => ty,
            },
            ExprKind::Binary { op, left, right } if op == "||" => match self.type_of(here(*left)) {
                Ty::Unknown => self.type_of(here(*right)),
                ty => ty,
            },
            ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Truth(_) => Ty::Plain,
            ExprKind::Binary { .. } | ExprKind::Not(_) | ExprKind::Nothing | ExprKind::Opaque => Ty::Unknown,
        }
    }

    /// What a builtin function of the language yields.
    fn builtin_type(&self, unit: u32, callee: ExprId, args: &[ExprId]) -> Option<Ty> {
        let here = |expr: ExprId| At { unit, expr };
        let ExprKind::Free(name) = self.index.kind(here(callee)) else { return None };
        let first = *args.first()?;
        match self.index.builtin(unit, name)? {
            Builtin::Append => Some(self.type_of(here(first))),
            Builtin::Zero | Builtin::Empty => match self.type_of(here(first)) {
                Ty::Meta(ty) => Some((*ty).clone()),
                _ => None,
            },
            Builtin::Nothing => None,
        }
    }

    /// The type of a value a library function hands on.
    fn handed_on_type(&self, unit: u32, callee: ExprId, args: &[ExprId]) -> Option<Ty> {
        let name = self.outside_name(At { unit, expr: callee })?;
        let argument = args.get(*self.index.catalogue.flows.get(&name)?)?;
        match self.type_of(At { unit, expr: *argument }) {
            Ty::Function(_) | Ty::Unknown => None,
            Ty::Meta(ty) => Some((*ty).clone()),
            ty => Some(ty),
        }
    }

    /// What a call yields when only its name is known: a type of another package that is called, or a method
    /// no other library has.
    fn telling_type(&self, call: At, callee: At) -> Ty {
        match self.index.kind(callee) {
            ExprKind::Free(name) if self.index.names_arguments() => match self.index.import(call.unit, name) {
                Some(full) if name.starts_with(char::is_uppercase) => Ty::Foreign(full.as_ref().into()),
                _ => Ty::Unknown,
            },
            ExprKind::Member { base, name } if self.type_of(At { unit: call.unit, expr: *base }) == Ty::Unknown => {
                let distinctive = || self.index.catalogue.distinctive(name).filter(|_| self.index.names_arguments());
                // `client.workflow.start(…)` on a client of unknown type.
                let api = distinctive().or_else(|| self.shaped(callee));
                match api.and_then(|api| api.api.result.as_deref()) {
                    Some(result) => Ty::Named(result.into()),
                    None => Ty::Unknown,
                }
            }
            _ => Ty::Unknown,
        }
    }

    /// The type of a variable: declared, or that of its first value with a known type.
    pub fn var_type(&self, at: VarAt) -> Ty {
        let var = self.index.var(at);
        let declared = self.ty(at.unit, &var.ty);
        if declared != Ty::Unknown {
            return declared;
        }
        let mut empty = Ty::Unknown;
        for source in &var.sources {
            let value = self.type_of(At { unit: at.unit, expr: source.value });
            let ty = match (source.take, value) {
                // What is put into it tells what an empty container is for.
                (Projection::Whole, ty @ (Ty::List(_) | Ty::Map(_))) if element(&ty) == Ty::Unknown => {
                    empty = ty;
                    Ty::Unknown
                }
                (Projection::IntoElement, ty) if ty != Ty::Unknown => Ty::List(Rc::new(ty)),
                (Projection::Whole | Projection::Result(0), ty @ (Ty::Named(_) | Ty::Foreign(_) | Ty::Plain)) => ty,
                (Projection::Whole, ty @ (Ty::List(_) | Ty::Map(_) | Ty::Function(_) | Ty::Meta(_))) => ty,
                (Projection::Whole, Ty::Tuple(results)) => results.first().cloned().unwrap_or(Ty::Unknown),
                (Projection::Result(i), Ty::Tuple(results)) => results.get(i).cloned().unwrap_or(Ty::Unknown),
                (Projection::ElementOf, ty) => element(&ty),
                _ => Ty::Unknown,
            };
            if ty != Ty::Unknown {
                return ty;
            }
        }
        if empty != Ty::Unknown {
            return empty;
        }
        match (var.role, var.function) {
            (Role::Param(position), Some(func)) => self.given_type(FnAt { unit: at.unit, func }, position),
            _ => Ty::Unknown,
        }
    }

    /// The type of a parameter of a function literal, as the call that is given the literal tells.
    fn given_type(&self, function: FnAt, position: usize) -> Ty {
        let catalogue = self.index.catalogue;
        if let Some((base, part)) = self.callback_source(function, position) {
            return match part {
                Part::Element => element(&self.type_of(base)),
                Part::Inner => inner(self.type_of(base)),
                _ => self.type_of(base),
            };
        }
        let Some(lambda) = self.index.lambda_at(function) else { return Ty::Unknown };
        let (value, field) = match self.index.key_of(function) {
            Some((key, literal)) => (literal, Some(key)),
            None => (lambda, None),
        };
        let Some((call, argument)) = self.index.argument_of(value) else { return Ty::Unknown };
        let Some(api) = self.api_of(call) else { return Ty::Unknown };
        let gift = api.api.gives.iter().find(|gift| {
            let path = match (gift.at.steps.as_slice(), field) {
                ([], None) => true,
                ([SlotStep::Field(name)], Some(field)) => name == field,
                _ => false,
            };
            gift.at.argument == Some(argument) && path && gift.param == position
        });
        gift.filter(|g| catalogue.types.contains_key(&g.ty)).map_or(Ty::Unknown, |g| Ty::Named(g.ty.as_str().into()))
    }

    /// What a library method hands to the function it is given: `promise.then(f)`, `list.map(f)`.
    pub fn callback_source(&self, function: FnAt, position: usize) -> Option<(At, Part)> {
        if position > 0 || self.index.catalogue.callbacks.is_empty() {
            return None;
        }
        let lambda = self.index.lambda_at(function)?;
        let (call, 0) = self.index.argument_of(lambda)? else { return None };
        let (callee, _) = self.call(call)?;
        let ExprKind::Member { base, name } = self.index.kind(callee) else { return None };
        let callback = self.index.catalogue.callbacks.get(name)?;
        if self.is_outside(At { unit: call.unit, expr: *base }) {
            return None;
        }
        (callback.gives != Part::Nothing).then_some((At { unit: call.unit, expr: *base }, callback.gives))
    }

    /// What a call of such a method yields, and the functions it is given.
    pub fn callback_result(&self, callee: At, args: &[ExprId]) -> Option<(At, CallbackResult, Functions)> {
        let ExprKind::Member { base, name } = self.index.kind(callee) else { return None };
        let callback = self.index.catalogue.callbacks.get(name)?;
        if self.is_outside(At { unit: callee.unit, expr: *base }) {
            return None;
        }
        let functions = match args.first() {
            Some(first) if matches!(callback.result, CallbackResult::Function | CallbackResult::List) => {
                self.functions_in(At { unit: callee.unit, expr: *first })
            }
            _ => Rc::default(),
        };
        Some((At { unit: callee.unit, expr: *base }, callback.result, functions))
    }

    /// A library itself, or something it exports: its functions are no methods of a value.
    fn is_outside(&self, at: At) -> bool {
        match self.index.kind(at) {
            ExprKind::Member { base, .. } => {
                self.index.package_at(At { unit: at.unit, expr: *base }).is_some_and(|p| !self.index.is_local(&p))
            }
            _ => self.index.package_at(at).is_some(),
        }
    }

    fn callback_type(&self, callee: At, args: &[ExprId]) -> Ty {
        let Some((base, result, functions)) = self.callback_result(callee, args) else { return Ty::Unknown };
        let returned = || match functions.first().map(|f| self.function_type(*f)) {
            Some(Ty::Function(results)) => results.first().cloned().unwrap_or(Ty::Unknown),
            _ => Ty::Unknown,
        };
        match result {
            CallbackResult::Receiver => self.type_of(base),
            CallbackResult::Element => element(&self.type_of(base)),
            CallbackResult::Function => returned(),
            CallbackResult::List => Ty::List(Rc::new(returned())),
            CallbackResult::Inner => inner(self.type_of(base)),
            CallbackResult::Nothing => Ty::Unknown,
        }
    }

    /// What calling a function yields.
    fn function_type(&self, at: FnAt) -> Ty {
        let function = self.index.function(at);
        if function.results.is_empty() && !function.returns.is_empty() {
            // Nothing declared: what the first return statement with a known type hands out.
            let values = function.returns.iter().filter_map(|given| given.values.first());
            let known = values
                .map(|value| self.type_of(At { unit: at.unit, expr: *value }))
                .find(|ty| !matches!(ty, Ty::Unknown | Ty::Plain));
            return Ty::Function(Rc::new(vec![known.unwrap_or(Ty::Unknown)]));
        }
        Ty::Function(Rc::new(function.results.iter().map(|r| self.ty(at.unit, &r.ty)).collect()))
    }

    fn package_member_type(&self, full: &str, unit: u32) -> Ty {
        let full = self.index.canonical(full);
        let (package, name) = (package_part(&full), name_part(&full));
        let package = &package.to_owned();
        let name = &name.to_owned();
        if let Some(function) = self.index.functions(&full).first() {
            return self.function_type(*function);
        }
        if let Some(global) = self.index.globals(&full).first() {
            return self.var_type(*global);
        }
        if self.index.type_decl(&full).is_some() || self.index.catalogue.types.contains_key(&full) {
            return Ty::Meta(Rc::new(self.named(full.clone(), 0, &Cell::new(PARTS))));
        }
        if let Some(api) = self.index.catalogue.function(&full) {
            return api_type(&api);
        }
        let own = *package == self.index.unit(unit).package;
        if own && self.index.is_plain_type(unit, name) {
            return Ty::Meta(Rc::new(Ty::Plain));
        }
        if self.index.is_local(package.strip_suffix("_test").unwrap_or(package)) {
            self.index.want(package, name, Reach::Declaration);
        }
        Ty::Unknown
    }

    fn member_type(&self, at: At, base: &Ty, name: &str) -> Ty {
        match self.member_at(at, base, name).what {
            What::Field { ty, .. } => ty,
            What::Part(ty) => Ty::Named(ty),
            What::Method(at) if self.index.function(at).getter => match self.function_type(at) {
                Ty::Function(results) => results.first().cloned().unwrap_or(Ty::Unknown),
                ty => ty,
            },
            What::Method(at) => self.function_type(at),
            What::Abstract { unit, method, .. } => {
                Ty::Function(Rc::new(method.results.iter().map(|r| self.ty(unit, r)).collect()))
            }
            What::Sdk(api) if api.api.attribute => match &api.api.result {
                Some(result) => Ty::Named(result.as_str().into()),
                None => Ty::Unknown,
            },
            What::Sdk(api) => api_type(&api),
            What::Builder(ty) => Ty::Function(Rc::new(vec![Ty::Named(ty)])),
            // What hangs on a look-alike is one, too: `interceptor.Next`.
            What::Foreign(full) if self.index.catalogue.lookalike(&full).is_some() => Ty::Foreign(full),
            What::Foreign(_) | What::Unknown => Ty::Unknown,
        }
    }

    /// The type of a field without a declared one: that of the first value its own type's methods give it.
    pub(super) fn written_type(&self, owner: &Name, field: &str) -> Ty {
        let Some((home, decl)) = self.index.type_decl(owner).filter(|(_, decl)| decl.made_by_call) else {
            return Ty::Unknown;
        };
        for (n, i) in self.index.field_writes(field) {
            let unit = self.index.unit(*n);
            let Some(write) = unit.writes.get(*i).filter(|w| *n == home && w.source.take == Projection::Whole) else {
                continue;
            };
            let ExprKind::Member { base, .. } = &unit.expr(write.target).kind else { continue };
            let ExprKind::Var(var) = unit.expr(*base).kind else { continue };
            let own = |ty: &TypeExpr| matches!(ty, TypeExpr::Named { qualifier: None, name } if *name == decl.name);
            if !own(&unit.var(var).ty) {
                continue;
            }
            match self.type_of(At { unit: *n, expr: write.source.value }) {
                Ty::Unknown | Ty::Plain => {}
                ty => return ty,
            }
        }
        Ty::Unknown
    }

    /// A list that is written without the type of its elements.
    fn is_untyped_list(&self, ty: &TypeExpr) -> bool {
        match ty {
            TypeExpr::List(element) => **element == TypeExpr::Unknown,
            TypeExpr::Unknown => self.index.names_arguments(),
            _ => false,
        }
    }

    /// The embedded fields through which a type of the tree is an SDK client, if it is one: the nearest way.
    pub fn embedded_client(&self, full: &Name) -> Option<Vec<(Name, String)>> {
        let mut todo: VecDeque<(Name, Vec<(Name, String)>)> = [(full.clone(), vec![])].into();
        let mut seen: BTreeSet<Name> = BTreeSet::new();
        while let Some((ty, way)) = todo.pop_front() {
            if way.len() > EMBEDDED || seen.len() > EMBEDDED * EMBEDDED || !seen.insert(ty.clone()) {
                continue;
            }
            let Some((unit, TypeDecl { kind: TypeKind::Record { fields, .. }, .. })) = self.index.type_decl(&ty) else {
                continue;
            };
            for field in fields.iter().filter(|f| f.embedded) {
                let Ty::Named(inner) = self.ty(unit, &field.ty) else { continue };
                let mut way = way.clone();
                way.push((ty.clone(), field.name.clone()));
                if self.is_client_type(&inner) {
                    return Some(way);
                }
                todo.push_back((inner, way));
            }
        }
        None
    }

    /// Whether a type is an SDK client, or an interface that includes one.
    pub fn is_client_type(&self, full: &Name) -> bool {
        if self.index.catalogue.is_client(full) {
            return true;
        }
        if let Some(known) = self.client_types.borrow().get(full) {
            return *known;
        }
        let mut todo: VecDeque<Name> = [full.clone()].into();
        let mut seen: BTreeSet<Name> = BTreeSet::new();
        let mut found = false;
        while let Some(ty) = todo.pop_front().filter(|_| !found) {
            if seen.len() > EMBEDDED * EMBEDDED || !seen.insert(ty.clone()) {
                continue;
            }
            let (unit, bases) = match self.index.type_decl(&ty) {
                Some((unit, TypeDecl { kind: TypeKind::Interface { bases, .. }, .. })) => (unit, bases.as_slice()),
                Some((unit, TypeDecl { kind: TypeKind::Defined(target), .. })) => (unit, std::slice::from_ref(target)),
                _ => continue,
            };
            for base in bases {
                let Ty::Named(base) = self.ty(unit, base) else { continue };
                found |= self.index.catalogue.is_client(&base);
                todo.push_back(base);
            }
        }
        self.client_types.borrow_mut().insert(full.clone(), found);
        found
    }
}

/// The element type of a container, or the type itself.
fn inner(ty: Ty) -> Ty {
    match ty {
        ty @ (Ty::List(_) | Ty::Map(_)) => element(&ty),
        ty => ty,
    }
}

/// The element type of a container.
fn element(ty: &Ty) -> Ty {
    match ty {
        Ty::List(inner) | Ty::Map(inner) => (**inner).clone(),
        _ => Ty::Unknown,
    }
}

/// What calling an SDK function yields; the second result is an error.
fn api_type(api: &ApiRef<'_>) -> Ty {
    match &api.api.result {
        Some(result) => Ty::Function(Rc::new(vec![Ty::Named(result.as_str().into())])),
        None => Ty::Unknown,
    }
}
