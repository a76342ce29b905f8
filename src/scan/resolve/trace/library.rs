//! Calls of other packages that hand a value on: once-functions, boxes, contexts.

use super::*;
use crate::scan::catalogue::{CallbackResult, ClientAt, ContextStore};
use crate::scan::index::{join, name_part};

impl<'a> Search<'_, 'a> {
    pub(super) fn external_call(&mut self, at: At, callee: At, args: &'a [ExprId], result: usize, path: Path) {
        let here = |expr: ExprId| At { unit: at.unit, expr };
        if self.built(callee, args, &path) {
            return;
        }
        // An object of a class of another package holds what it is given by name.
        if let Some((Step::Field(field), rest)) = path.parts.first()
            && self.r.outside_name(callee).is_some_and(|name| name_part(&name).starts_with(char::is_uppercase))
            && let Some((argument, steps)) = self.r.named_argument(at, field)
        {
            let parts = rest.clone().into(&steps);
            return self.go(argument, Path { parts, ..path });
        }
        if let Some(name) = self.r.outside_name(callee)
            && let Some(argument) = self.r.index.catalogue.flows.get(&name).and_then(|n| args.get(*n))
        {
            return self.handed_on(here(*argument), result, path);
        }
        if self.r.outside_name(callee).is_some_and(|name| self.r.index.catalogue.gather_functions.contains(&name)) {
            return self.gathered(at, args, result, &path);
        }
        if let Some(name) = self.r.outside_name(callee)
            && let Some(argument) = self.r.index.catalogue.providers.get(&name)
        {
            // Without an argument the container calls the declared type; that is what its own fields say.
            let Some(argument) = args.get(*argument) else { return };
            return self.yielded(at, here(*argument), result, path);
        }
        // Calling what such a function handed out: `once := sync.OnceValue(f); once()`.
        if matches!(self.r.index.kind(callee), ExprKind::Call { .. } | ExprKind::Var(_)) {
            let functions = self.functions_along(callee, &path);
            if !functions.is_empty() {
                for function in functions {
                    if path.frames.contains(function, at) {
                        continue;
                    }
                    let frames = path.frames.push(function, at);
                    self.returns(function, result, Path { frames, ..path.clone() });
                }
                return;
            }
        }
        if result == 0 && self.boxed(at, callee, args, &path) {
            return;
        }
        if let Some((base, result, functions)) = self.r.callback_result(callee, args) {
            let parts = |element: bool| match path.parts.first() {
                _ if !element => Some(path.parts.clone()),
                Some((Step::Element, rest)) => Some(rest.clone()),
                _ => None,
            };
            let holds = matches!(self.r.type_of(base), Ty::List(_) | Ty::Map(_));
            let result = match result {
                CallbackResult::Inner if holds => CallbackResult::Element,
                CallbackResult::Inner => CallbackResult::Receiver,
                result => result,
            };
            match result {
                CallbackResult::Receiver => return self.go(base, path),
                CallbackResult::Element => {
                    let parts = path.parts.push(Step::Element);
                    return self.go(base, Path { parts, ..path });
                }
                CallbackResult::Function | CallbackResult::List if !functions.is_empty() => {
                    let Some(parts) = parts(result == CallbackResult::List) else { return };
                    for function in functions.iter().copied() {
                        if !path.frames.contains(function, at) {
                            self.returns(function, 0, Path { parts: parts.clone(), ..path.clone() });
                        }
                    }
                    return;
                }
                _ => {}
            }
        }
        // The client of a handle is that of the object it was taken from, known or not.
        if self.ask.clients
            && let ExprKind::Member { base, name } = self.r.index.kind(callee)
            && self.r.index.package_at(here(*base)).is_none()
            && let Some(api) = self.r.shaped(callee).filter(|api| api.client() == Some(ClientAt::Receiver))
        {
            let steps = path.steps.then(|| format!("{}()", api.name));
            return self.go_member_base(here(*base), name, Path { parts: Parts::default(), steps, ..path });
        }
        if self.ask.clients && self.made_for_library(at, callee, args, &path) {
            return;
        }
        // A library function that is given a client most likely hands it on.
        if self.ask.clients {
            let client = args.iter().copied().find(|arg| match self.r.type_of(here(*arg)) {
                Ty::Named(ty) => self.r.is_client_type(&ty),
                _ => false,
            });
            if let Some(client) = client {
                return self.go(here(client), path);
            }
        }
        if result == 0 {
            self.end(TraceEnd::External(at), &path);
        }
    }

    /// A method that sets a field of an object and hands the object on.
    fn built(&mut self, callee: At, args: &'a [ExprId], path: &Path) -> bool {
        let ExprKind::Member { base, name } = self.r.index.kind(callee) else { return false };
        let base = At { unit: callee.unit, expr: *base };
        if !matches!(self.r.member(&self.r.type_of(base), name).what, What::Builder(_)) {
            return false;
        }
        let set = |field: &str| {
            let name = name.strip_prefix("maybe_").or_else(|| name.strip_prefix("with_")).unwrap_or(name);
            name == field
        };
        match (path.parts.first(), args.first()) {
            (Some((Step::Field(field), rest)), Some(value)) if set(field) => {
                let parts = rest.clone();
                self.go(At { unit: callee.unit, expr: *value }, Path { parts, ..path.clone() });
            }
            _ => self.go(base, path.clone()),
        }
        true
    }

    /// What a container gets by calling an argument: a function, or a type.
    fn yielded(&mut self, at: At, argument: At, result: usize, path: Path) {
        if let Ty::Meta(ty) = self.r.type_of(argument)
            && let Ty::Named(ty) = &*ty
        {
            return match path.parts.first() {
                Some((Step::Field(field), rest)) => {
                    let (field, rest) = (field.clone(), rest.clone());
                    self.field(ty, &field, Path { parts: rest, ..path })
                }
                _ => self.instance(ty, path),
            };
        }
        for function in self.functions_along(argument, &path) {
            if !path.frames.contains(function, at) {
                let steps = path.steps.then(|| format!("provided by {}", self.r.index.display(function)));
                self.returns(function, result, Path { steps, frames: Frames::default(), ..path.clone() });
            }
        }
    }

    /// A library function that is given functions which make a client (`cache`, `once`, `retry`) hands out what
    /// they make; so does calling what such a function returned.
    fn made_for_library(&mut self, at: At, callee: At, args: &'a [ExprId], path: &Path) -> bool {
        if path.depth > 40 {
            return false;
        }
        // What is found only counts when it ends in a client, so it is searched apart, with steps of this search.
        let mut inner = self.apart(400);
        let makes = |found: &Found<'a>| match &found.end {
            TraceEnd::Sdk(_, api) => api.api.result.as_deref().is_some_and(|ty| self.r.index.catalogue.is_client(ty)),
            _ => false,
        };
        // What comes last is what comes out of a chain of steps.
        for expr in args.iter().rev() {
            if inner.found.iter().any(makes) {
                break;
            }
            let argument = At { unit: at.unit, expr: *expr };
            match self.r.index.kind(argument) {
                ExprKind::Lambda(func) => {
                    let function = FnAt { unit: at.unit, func: *func };
                    inner.returns(function, 0, Path { depth: path.depth + 1, ..path.clone() });
                }
                ExprKind::Call { .. } => inner.go(argument, path.clone()),
                ExprKind::Composite { parts, .. } => {
                    for part in parts {
                        if let ExprKind::Lambda(func) = self.r.index.kind(At { unit: at.unit, expr: part.value }) {
                            let function = FnAt { unit: at.unit, func: *func };
                            inner.returns(function, 0, Path { depth: path.depth + 1, ..path.clone() });
                        }
                    }
                }
                _ => {}
            }
        }
        let callee_value = match self.r.index.kind(callee) {
            ExprKind::Var(_) => true,
            ExprKind::Member { base, .. } => {
                let base = At { unit: callee.unit, expr: *base };
                match self.r.index.package_at(base) {
                    Some(package) => self.r.index.is_local(&package),
                    None => matches!(self.r.index.kind(base), ExprKind::Call { .. }),
                }
            }
            _ => false,
        };
        if callee_value && !inner.found.iter().any(makes) {
            let value = match self.r.index.kind(callee) {
                ExprKind::Member { base, .. }
                    if self.r.index.package_at(At { unit: callee.unit, expr: *base }).is_none() =>
                {
                    At { unit: callee.unit, expr: *base }
                }
                _ => callee,
            };
            inner.go(value, path.clone());
        }
        let made: Vec<Found<'a>> = self.done(inner).into_iter().filter(makes).collect();
        let any = !made.is_empty();
        self.found.extend(made);
        any
    }

    /// An argument that a library function hands on: the value, or what calling it yields.
    /// Part of a list of all arguments. Where one of them is spread, a place is that of no argument for sure.
    fn gathered(&mut self, at: At, args: &'a [ExprId], result: usize, path: &Path) {
        let ExprKind::Call { spread, .. } = self.r.index.kind(at) else { return };
        let (any, parts) = match path.parts.first() {
            Some((Step::Element, rest)) => (true, rest.clone()),
            _ => (*spread, path.parts.clone()),
        };
        for (_, value) in args.iter().enumerate().filter(|(n, _)| any || *n == result) {
            let value = At { unit: at.unit, expr: *value };
            let before = self.found.len();
            self.go(value, Path { parts: parts.clone(), ..path.clone() });
            if *spread {
                // Which one is spread the call does not say: a list is, and its parts are what counts.
                let own = self.found.split_off(before);
                self.found.extend(own.into_iter().filter(|one| !matches!(one.end, TraceEnd::Value(_))));
                self.go(value, Path { parts: parts.push(Step::Element), ..path.clone() });
            }
        }
    }

    pub(super) fn handed_on(&mut self, argument: At, result: usize, path: Path) {
        let parts = if result > 0 { path.parts.push(Step::Result(result)) } else { path.parts.clone() };
        self.go(argument, Path { parts, ..path });
    }

    /// Containers of the library: what one method stored, another hands out; values along a context.
    pub(super) fn boxed(&mut self, at: At, callee: At, args: &'a [ExprId], path: &Path) -> bool {
        let index = self.r.index;
        let ExprKind::Member { base, name } = index.kind(callee) else { return false };
        let base = At { unit: at.unit, expr: *base };
        if let [key] = args
            && self.context_value(base, name, At { unit: at.unit, expr: *key }, path)
        {
            return true;
        }
        let ty = match self.r.type_of(base) {
            Ty::Foreign(ty) => ty,
            Ty::Map(_) => "map".into(),
            _ => return false,
        };
        let Some(container) = index.catalogue.containers.get(&*ty) else { return false };
        if container.load != *name {
            return false;
        }
        let Some(slot) = self.slot_of(base) else { return false };
        let mut any = false;
        for call in index.calls_named(&container.store).take_while(|_| self.r.budget.take()).collect::<Vec<_>>() {
            let Some((callee, given)) = self.r.call(call) else { continue };
            let ExprKind::Member { base, .. } = index.kind(callee) else { continue };
            if self.slot_of(At { unit: call.unit, expr: *base }).as_ref() != Some(&slot) || !self.counts(call.unit) {
                continue;
            }
            let Some(value) = given.last() else { continue };
            any = true;
            let marks = self.mark(path, args.first().map(|key| Mark::Under(At { unit: at.unit, expr: *key })));
            let path = Path { frames: Frames::default(), marks, ..path.clone() };
            self.go(At { unit: call.unit, expr: *value }, path);
        }
        any
    }

    /// Every value put into a context under a key; whether there is one.
    fn context_value(&mut self, base: At, get: &str, key: At, path: &Path) -> bool {
        let index = self.r.index;
        // A key is told by its last name, wherever it is declared.
        let last = |at: At| index.unit(at.unit).text_of(at.expr).rsplit('.').next().unwrap_or_default();
        let is_of = |at: At, store: &ContextStore| match self.r.type_of(at) {
            Ty::Foreign(ty) => store.of.iter().any(|of| **of == *ty),
            _ => false,
        };
        let mut values = vec![];
        for store in index.catalogue.context_stores.iter().filter(|store| store.get.iter().any(|name| name == get)) {
            if !store.of.is_empty() && !is_of(base, store) {
                continue;
            }
            for call in index.calls_named(name_part(&store.put)).take_while(|_| self.r.budget.take()) {
                let Some((callee, [.., other, value])) = self.r.call(call) else { continue };
                let puts = match index.kind(callee) {
                    ExprKind::Member { base, .. } if !store.of.is_empty() => {
                        is_of(At { unit: call.unit, expr: *base }, store)
                    }
                    _ => self.r.outside_name(callee).as_deref() == Some(store.put.as_str()),
                };
                if puts && self.counts(call.unit) && last(At { unit: call.unit, expr: *other }) == last(key) {
                    values.push(At { unit: call.unit, expr: *value });
                }
            }
        }
        for value in &values {
            let steps = path.steps.then(|| format!("context value {}", last(key)));
            self.go(*value, Path { frames: Frames::default(), steps, ..path.clone() });
        }
        !values.is_empty()
    }

    /// The variable or field an expression names, as an identity.
    pub(super) fn slot_of(&self, at: At) -> Option<String> {
        let index = self.r.index;
        match index.kind(at) {
            ExprKind::Var(var) => Some(format!("{}#{}", at.unit, var.0)),
            ExprKind::Free(name) => Some(index.free_name(at.unit, name)),
            ExprKind::Same(inner) => self.slot_of(At { unit: at.unit, expr: *inner }),
            ExprKind::Member { base, name } => {
                let base = At { unit: at.unit, expr: *base };
                if let Some(package) = index.package_at(base) {
                    return Some(join(&package, name));
                }
                match self.r.member(&self.r.type_of(base), name).what {
                    What::Field { owner, .. } => Some(format!("{owner}::{name}")),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
