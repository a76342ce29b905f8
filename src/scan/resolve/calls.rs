//! Which functions a call reaches, and which calls reach a function.

use std::borrow::Cow;
use std::rc::Rc;

use super::trace::{Ask, End};
use super::{Resolver, Ty, What};
use crate::scan::catalogue::{ApiRef, Slot, SlotStep};
use crate::scan::index::{At, FnAt, Name, join, name_part, package_part};
use crate::scan::prefilter::Reach;
use crate::scan::program::*;

/// An argument, and the steps from it to the value that is meant.
pub type Argument = (At, Vec<SlotStep>);

/// The name under which a file hands out what it names for no one.
const DEFAULT: &str = "default";

/// Methods bound by name alone, when the receiver's type is unknown, are followed up to this many.
const BY_NAME: usize = 3;

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
    pub fn callees(&self, call: At) -> Rc<Vec<FnAt>> {
        if let Some(known) = self.callees.borrow().get(&call) {
            return known.clone();
        }
        self.callees.borrow_mut().insert(call, Rc::default());
        let found = match self.call(call) {
            Some((callee, args)) => Rc::new(self.callees_of(callee, args.len() + self.named_count(call))),
            None => Rc::default(),
        };
        self.callees.borrow_mut().insert(call, found.clone());
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
                self.functions_in(callee)
            }
            ExprKind::Member { base, name } => {
                let base = At { unit: callee.unit, expr: *base };
                if let Some(package) = self.index.package_at(base) {
                    let functions = self.index.functions(&self.index.canonical(&join(&package, name)));
                    if functions.is_empty() {
                        return self.functions_in(callee);
                    }
                    return functions.to_vec();
                }
                let ty = self.type_of(base);
                match self.member(&ty, name).what {
                    What::Method(at) => self.overrides(at),
                    What::Abstract { owner, .. } => self.implementers(&owner, name).to_vec(),
                    What::Field { .. } => self.functions_in(callee),
                    What::Unknown if ty == Ty::Unknown => {
                        let held = self.functions_in(callee);
                        if !held.is_empty() || self.index.is_plain(name) {
                            return held;
                        }
                        let named = self.index.methods_named(name);
                        let fitting: Vec<FnAt> = named
                            .iter()
                            .copied()
                            .filter(|at| {
                                let function = self.index.function(*at);
                                function.params.len() == arity
                                    || function.rest.is_some()
                                    || (self.index.names_arguments() && function.params.len() > arity)
                            })
                            .collect();
                        if fitting.len() <= BY_NAME { fitting } else { vec![] }
                    }
                    _ => vec![],
                }
            }
            ExprKind::Lambda(func) => vec![FnAt { unit: callee.unit, func: *func }],
            ExprKind::Var(_) | ExprKind::Element { .. } | ExprKind::Call { .. } | ExprKind::Same(_) => {
                self.functions_in(callee)
            }
            _ => vec![],
        }
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
    pub fn functions_in(&self, at: At) -> Vec<FnAt> {
        let mut functions: Vec<FnAt> = self
            .trace(at, Ask { production: false, clients: false, steps: 400 })
            .iter()
            .filter_map(|found| self.function_value(&found.end))
            .collect();
        functions.sort();
        functions.dedup();
        functions
    }

    /// The function an end is.
    pub fn function_value(&self, end: &End<'a>) -> Option<FnAt> {
        match end {
            End::Function(at) => Some(*at),
            End::Value(at) => match self.index.kind(*at) {
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
    pub fn implementers(&self, interface: &Name, method: &str) -> Rc<Vec<FnAt>> {
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

    /// Calls that reach a function of the tree.
    pub fn callers(&self, function: FnAt) -> Rc<Vec<At>> {
        self.ask_for_callers(function);
        if let Some(known) = self.callers.borrow().get(&function) {
            return known.clone();
        }
        self.callers.borrow_mut().insert(function, Rc::default());
        let found = Rc::new(self.find_callers(function));
        self.callers.borrow_mut().insert(function, found.clone());
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
                self.ask_for_users_of_bases(&join(package, owner), &declared.name, 0);
            }
        }
    }

    /// A method is also called by those who only know what its type inherits from.
    fn ask_for_users_of_bases(&self, owner: &str, method: &str, depth: usize) {
        if depth > 4 {
            return;
        }
        let Some((unit, TypeDecl { kind: TypeKind::Record { fields, bases, .. }, made_by_call: true, .. })) =
            self.index.type_decl(owner)
        else {
            return;
        };
        let embedded = fields.iter().filter(|f| f.embedded).map(|f| &f.ty);
        for base in bases.iter().chain(embedded) {
            if let Ty::Named(base) = self.ty(unit, base) {
                self.index.want(package_part(&base), method, Reach::Importers);
                self.ask_for_users_of_bases(&base, method, depth + 1);
            }
        }
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
        let calls = names.into_iter().flat_map(|name| self.index.calls_named(name));
        let mut found: Vec<At> = calls.filter(|call| self.callees(*call).contains(&at)).collect();
        for (unit, reference) in self.index.references_named(&function.name) {
            let value = At { unit, expr: reference.expr };
            if reference.argument_of.is_some() && self.functions_in(value).contains(&at) {
                found.extend(self.calls_of_argument(value));
            }
        }
        found
    }

    /// Calls of the parameter as which a value is given to a function of the tree.
    fn calls_of_argument(&self, value: At) -> Vec<At> {
        let Some((call, position)) = self.index.argument_of(value) else { return vec![] };
        self.callees(call).iter().flat_map(|callee| self.calls_of_param(*callee, position)).collect()
    }

    /// Calls of a lambda: through the variable it is bound to, or through the parameter it is given as.
    fn lambda_callers(&self, at: FnAt) -> Vec<At> {
        let Some(lambda) = self.index.lambda_at(at) else { return vec![] };
        let unit = self.index.unit(at.unit);
        let mut found = vec![];
        for call in &unit.calls {
            let ExprKind::Call { callee, args, .. } = &unit.expr(call.expr).kind else { continue };
            let bound = |expr: ExprId| match &unit.expr(expr).kind {
                ExprKind::Var(var) => unit.var(*var).sources.iter().any(|s| s.value == lambda.expr),
                _ => false,
            };
            if bound(*callee) || matches!(unit.expr(*callee).kind, ExprKind::Lambda(func) if func == at.func) {
                found.push(At { unit: at.unit, expr: call.expr });
            }
            for argument in args.iter().filter(|a| bound(**a)) {
                found.extend(self.calls_of_argument(At { unit: at.unit, expr: *argument }));
            }
        }
        found.extend(self.literal_callers(at));
        found.extend(self.calls_of_argument(lambda));
        found
    }

    /// Calls of a function's parameter inside that function.
    fn calls_of_param(&self, function: FnAt, position: usize) -> Vec<At> {
        let Some(param) = self.index.function(function).params.get(position) else { return vec![] };
        let unit = self.index.unit(function.unit);
        unit.calls
            .iter()
            .filter(|call| match &unit.expr(call.expr).kind {
                ExprKind::Call { callee, .. } => {
                    matches!(unit.expr(*callee).kind, ExprKind::Var(var) if var == *param)
                }
                _ => false,
            })
            .map(|call| At { unit: function.unit, expr: call.expr })
            .collect()
    }

    /// All arguments of a call, given by place or by name.
    pub fn arguments(&self, call: At) -> impl Iterator<Item = At> {
        let (args, named): (&'a [ExprId], &'a [Part]) = match self.index.kind(call) {
            ExprKind::Call { args, named, .. } => (args, named),
            _ => (&[], &[]),
        };
        let values = args.iter().copied().chain(named.iter().map(|part| part.value));
        values.map(move |expr| At { unit: call.unit, expr })
    }

    /// The argument a call gives to the n-th parameter of a function.
    pub fn argument(&self, call: At, function: FnAt, position: usize) -> Option<Argument> {
        let (callee, args) = self.call(call)?;
        let declared = self.index.function(function);
        // `Type.Method(object, …)`: the object comes first.
        let shift = usize::from(
            declared.owner.is_some()
                && !declared.of_type
                && matches!(self.index.kind(callee), ExprKind::Member { base, .. }
                    if matches!(self.type_of(At { unit: callee.unit, expr: *base }), Ty::Meta(_))),
        );
        let by_name_only = declared.named_from.is_some_and(|from| position >= from);
        if let Some(expr) = args.get(position + shift).filter(|_| !by_name_only) {
            return Some((At { unit: call.unit, expr: *expr }, vec![]));
        }
        let name = &self.index.unit(function.unit).var(*declared.params.get(position)?).name;
        self.named_argument(call, name)
    }

    /// Calls that make an object of a type without a constructor of its own, and what they give to a field.
    pub fn constructions(&self, owner: &Name, field: &str, position: Option<usize>) -> Vec<(At, At, Vec<SlotStep>)> {
        let plain = |ty: &Name| !matches!(self.member(&Ty::Named(ty.clone()), CONSTRUCTOR).what, What::Method(_));
        let Some((_, decl)) = self.index.type_decl(owner) else { return vec![] };
        if !self.index.names_arguments() || !decl.made_by_call || !plain(owner) {
            return vec![];
        }
        let mut names = vec![decl.name.as_str()];
        names.extend(self.index.derived_names(&decl.name));
        let mut found = vec![];
        for call in names.into_iter().flat_map(|name| self.index.calls_named(name)) {
            let Some((callee, args)) = self.call(call) else { continue };
            let Ty::Meta(ty) = self.type_of(callee) else { continue };
            let Ty::Named(made) = &*ty else { continue };
            if made != owner && !self.inherits(made, owner, 0) {
                continue;
            }
            let by_position = position.filter(|_| made == owner).and_then(|n| args.get(n));
            if let Some(expr) = by_position {
                found.push((call, At { unit: call.unit, expr: *expr }, vec![]));
            } else if let Some((at, steps)) = self.named_argument(call, field) {
                found.push((call, at, steps));
            }
        }
        found
    }

    /// Whether a type of the tree inherits from another.
    pub fn inherits(&self, ty: &Name, base: &Name, depth: usize) -> bool {
        let Some((unit, TypeDecl { kind: TypeKind::Record { bases, .. }, .. })) = self.index.type_decl(ty) else {
            return false;
        };
        depth < 6
            && bases
                .iter()
                .any(|b| matches!(self.ty(unit, b), Ty::Named(b) if b == *base || self.inherits(&b, base, depth + 1)))
    }

    fn named_count(&self, call: At) -> usize {
        match self.index.kind(call) {
            // Types given to a generic function are no arguments.
            ExprKind::Call { named, .. } => {
                named.iter().filter(|part| !matches!(&part.key, Some(Key::Name(name)) if name.starts_with('<'))).count()
            }
            _ => 0,
        }
    }

    /// An argument given by name, or the map it may stand in.
    pub fn named_argument(&self, call: At, name: &str) -> Option<Argument> {
        let ExprKind::Call { named, .. } = self.index.kind(call) else { return None };
        let here = |part: &Part| At { unit: call.unit, expr: part.value };
        let is = |part: &&Part| matches!(&part.key, Some(Key::Name(key)) if key == name);
        if let Some(part) = named.iter().find(is) {
            return Some((here(part), vec![]));
        }
        let spread = named.iter().find(|part| matches!(part.key, Some(Key::Spread)))?;
        Some((here(spread), vec![SlotStep::Field(name.to_owned())]))
    }

    /// The argument a slot means, and the steps from it to the value.
    pub fn slot_argument(&self, call: At, slot: &Slot) -> Option<Argument> {
        let (_, args) = self.call(call)?;
        if let Some(expr) = slot.argument.and_then(|n| args.get(n)) {
            return Some((At { unit: call.unit, expr: *expr }, slot.steps.clone()));
        }
        let keyword = slot.keyword.as_deref()?;
        if keyword == "self" {
            let (callee, _) = self.call(call)?;
            let ExprKind::Member { base, .. } = self.index.kind(callee) else { return None };
            return Some((At { unit: call.unit, expr: *base }, slot.steps.clone()));
        }
        let (at, mut steps) = self.named_argument(call, keyword)?;
        steps.extend(slot.steps.iter().cloned());
        Some((at, steps))
    }

    /// Whether an argument is there: written out, or an entry of a map that can be followed.
    pub fn has_argument(&self, call: At, slot: &Slot) -> bool {
        let ask = Ask { production: false, clients: false, steps: 300 };
        self.is_given(call, slot)
            || self
                .trace_argument(call, slot, ask)
                .is_some_and(|found| found.iter().any(|f| matches!(f.end, End::Value(_) | End::Function(_))))
    }

    /// Whether an argument is written out, not hidden in a map.
    pub fn is_given(&self, call: At, slot: &Slot) -> bool {
        let Some((_, args)) = self.call(call) else { return false };
        let ExprKind::Call { named, .. } = self.index.kind(call) else { return false };
        let is = |part: &Part| matches!(&part.key, Some(Key::Name(key)) if Some(key) == slot.keyword.as_ref());
        slot.argument.is_some_and(|n| n < args.len()) || named.iter().any(is)
    }
}
