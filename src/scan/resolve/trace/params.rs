//! Parameters: what callers give, and what containers inject.

use super::*;
use crate::scan::catalogue::Part;
use crate::scan::index::{VarAt, join};

impl<'a> Search<'_, 'a> {
    pub(super) fn param(&mut self, function: FnAt, position: usize, name: &str, path: Path) {
        let declared = self.r.index.function(function);
        let variadic = declared.rest == Some(position);
        if path.params.lead_back(function, position, &path.parts) {
            return;
        }
        let params = path.params.push(function, position, &path.parts);
        let path = Path { params, ..path };
        if let Some((call, below)) = path.frames.of(function) {
            self.bind(call, function, position, variadic, Path { frames: below, ..path });
            return;
        }
        self.r.by_callers.borrow_mut().insert(function);
        let callers = self.r.callers(function);
        let mut any = false;
        for call in callers.iter() {
            if !self.counts(call.unit) {
                continue;
            }
            any = true;
            let steps = path.steps.then(|| {
                format!("parameter {name} of {} given at {}", self.r.index.display(function), self.r.index.place(*call))
            });
            let next = Path { frames: Frames::default(), steps, ..path.clone() };
            self.bind(*call, function, position, variadic, next);
        }
        if any {
            return;
        }
        if let Some((base, part)) = self.r.callback_source(function, position) {
            let parts = match part {
                Part::Element => path.parts.push(Step::Element),
                Part::Inner if matches!(self.r.type_of(base), Ty::List(_) | Ty::Map(_)) => {
                    path.parts.push(Step::Element)
                }
                _ => path.parts.clone(),
            };
            return self.go(base, Path { parts, ..path });
        }
        if self.injected(function, position, &path) {
            return;
        }
        if self.provided(function, position, &path) {
            return;
        }
        if let Some(param) = declared.params.get(position) {
            let at = VarAt { unit: function.unit, var: *param };
            if self.by_token(at, &path) {
                return;
            }
            if let Ty::Named(ty) = self.r.var_type(at) {
                if self.configured(&ty, &path) || self.installed(&ty, &path) {
                    return;
                }
                // A container makes the object: what it holds is known by its type.
                if self.r.index.type_decl(&ty).is_some_and(|(_, decl)| decl.made_by_call) {
                    match path.parts.first() {
                        None => return self.instance(&ty, path),
                        Some((Step::Field(field), rest)) => {
                            let (field, rest) = (field.clone(), rest.clone());
                            return self.field(&ty, &field, Path { parts: rest, ..path });
                        }
                        _ => {}
                    }
                }
            }
        }
        let display = self.r.index.display(function);
        if !callers.is_empty() {
            self.open("only_tests_call", format!("parameter {name} of {display}, which only tests call"), &path);
        } else if self.is_value(function) {
            self.open("function_value", format!("parameter {name} of {display}, which is handed on as a value"), &path);
        } else {
            let text = format!("parameter {name} of {display}, which nothing in this tree calls");
            self.open("param_of_uncalled_function", text, &path);
        }
    }

    pub(super) fn bind(&mut self, call: At, function: FnAt, position: usize, variadic: bool, path: Path) {
        let declared = self.r.index.function(function);
        if declared.keywords == Some(position) {
            // One of the named arguments, as an entry of the map they are gathered in.
            let Some((Step::Field(name), rest)) = path.parts.first() else { return };
            let Some((argument, steps)) = self.r.named_argument(call, name) else { return };
            let parts = rest.clone().into(&steps);
            return self.go(argument, Path { parts, ..path });
        }
        if variadic {
            let Some((_, args)) = self.r.call(call) else { return };
            let rest: Vec<ExprId> = args.iter().skip(position).copied().collect();
            let spread = matches!(self.r.index.kind(call), ExprKind::Call { spread: true, .. });
            let parts = match path.parts.first() {
                Some((Step::Element, inner)) if !spread => inner.clone(),
                _ => path.parts.clone(),
            };
            for expr in rest {
                self.go(At { unit: call.unit, expr }, Path { parts: parts.clone(), ..path.clone() });
            }
            return;
        }
        match self.r.argument(call, function, position) {
            Some((argument, steps)) => {
                let parts = path.parts.clone().into(&steps);
                self.go(argument, Path { parts, ..path });
            }
            None => {
                // `f(g())` where g has several results.
                let Some((_, args)) = self.r.call(call) else { return };
                if let [only] = args
                    && !self.r.index.names_arguments()
                {
                    let parts = path.parts.push(Step::Result(position));
                    self.go(At { unit: call.unit, expr: *only }, Path { parts, ..path });
                }
            }
        }
    }

    /// A parameter whose declared type says what a container makes its values from.
    fn provided(&mut self, function: FnAt, position: usize, path: &Path) -> bool {
        let index = self.r.index;
        let unit = index.unit(function.unit);
        let Some(param) = index.function(function).params.get(position).map(|p| unit.var(*p)) else { return false };
        let TypeExpr::Named { qualifier, name } = &param.ty else { return false };
        let full = index.full_name(function.unit, qualifier.as_deref(), name);
        let Some((unit, decl)) = index.type_decl(&full) else { return !param.sources.is_empty() };
        let Some(provider) = decl.provider else { return !param.sources.is_empty() };
        let steps = path.steps.then(|| format!("parameter {} injected as {name}", param.name));
        self.go(At { unit, expr: provider }, Path { frames: Frames::default(), steps, ..path.clone() });
        true
    }

    /// The calls that configure every object of an SDK type that a container hands out.
    pub(super) fn configured(&mut self, ty: &Name, path: &Path) -> bool {
        let index = self.r.index;
        let Some((_, declared)) = index.catalogue.sdk_type(ty) else { return false };
        let mut any = false;
        for full in &declared.configured_by {
            let name = full.rsplit('.').next().unwrap_or(full);
            let calls: Vec<At> = index.calls_named(name).take_while(|_| self.r.budget.take()).collect();
            for call in calls {
                let Some(api) = self.r.api_of(call).filter(|api| api.full() == *full) else { continue };
                if !self.counts(call.unit) {
                    continue;
                }
                any = true;
                let steps = path.steps.then(|| format!("configured by {}()", api.display()));
                self.end(TraceEnd::Sdk(call, api), &Path { steps, ..path.clone() });
            }
        }
        any
    }

    /// The values of a type that were handed to a container: `server.manage(client)`.
    fn installed(&mut self, ty: &Name, path: &Path) -> bool {
        let index = self.r.index;
        let mut any = false;
        for method in &index.catalogue.installers {
            for call in index.calls_named(method).take_while(|_| self.r.budget.take()).collect::<Vec<_>>() {
                let Some((_, [value])) = self.r.call(call) else { continue };
                let value = At { unit: call.unit, expr: *value };
                if !self.counts(call.unit) || !matches!(self.r.type_of(value), Ty::Named(found) if found == *ty) {
                    continue;
                }
                any = true;
                let steps = path.steps.then(|| format!("handed to {method}() at {}", index.place(call)));
                self.go(value, Path { frames: Frames::default(), steps, ..path.clone() });
            }
        }
        any
    }

    /// A parameter that a container fills by token: `@Inject(TOKEN)` and `{ provide: TOKEN, useFactory: … }`.
    fn by_token(&mut self, param: VarAt, path: &Path) -> bool {
        let index = self.r.index;
        let Some(tokens) = &index.catalogue.tokens_of_containers else { return false };
        let wanted = index.annotations(param).iter().find_map(|call| {
            let (callee, args) = self.r.call(*call)?;
            let name = index.last_name(index.unit(callee.unit), callee.expr)?;
            tokens.annotation.iter().any(|a| a == name).then_some(At { unit: call.unit, expr: *args.first()? })
        });
        let Some(wanted) = wanted.map(|at| self.token(at)) else { return false };
        let mut any = false;
        for (literal, parts) in self.r.literals_with(&tokens.token).iter().copied() {
            if !self.r.budget.take() {
                break;
            }
            if !self.counts(literal.unit) {
                continue;
            }
            let part = |name: &str| {
                let part = parts.iter().find(|p| matches!(&p.key, Some(Key::Name(key)) if key == name))?;
                Some(At { unit: literal.unit, expr: part.value })
            };
            if part(&tokens.token).map(|at| self.token(at)) != Some(wanted.clone()) {
                continue;
            }
            let steps = path.steps.then(|| format!("provided for {wanted}"));
            let path = Path { frames: Frames::default(), steps, ..path.clone() };
            for value in tokens.values.iter().filter_map(|name| part(name)) {
                any = true;
                self.go(value, path.clone());
            }
            for factory in tokens.factories.iter().filter_map(|name| part(name)) {
                for function in self.functions_along(factory, &path) {
                    any = true;
                    self.returns(function, 0, path.clone());
                }
            }
        }
        any
    }

    /// A token as an identity: its text, or the name it has.
    fn token(&self, at: At) -> String {
        match self.r.fold(at).text() {
            Some(text) => text.to_owned(),
            None => {
                let text = self.r.index.unit(at.unit).text_of(at.expr);
                text.rsplit('.').next().unwrap_or(text).to_owned()
            }
        }
    }

    /// A function nobody calls but a container does: its parameters are filled by type.
    pub(super) fn injected(&mut self, function: FnAt, position: usize, path: &Path) -> bool {
        let declared = self.r.index.function(function);
        if !self.given_to_container(function) {
            return false;
        }
        let Some(param) = declared.params.get(position) else { return false };
        let wanted = self.r.var_type(VarAt { unit: function.unit, var: *param });
        if wanted == Ty::Unknown || wanted == Ty::Plain {
            return false;
        }
        let all = self.r.provided.get_or_init(|| self.all_provided());
        let fits = |(at, ty): &&(FnAt, Ty)| *ty == wanted && *at != function && self.counts(at.unit);
        let providers: Vec<FnAt> = all.iter().filter(fits).map(|(at, _)| *at).collect();
        for provider in &providers {
            let steps = path.steps.then(|| format!("injected by type from {}", self.r.index.display(*provider)));
            let path = Path { frames: Frames::default(), steps, ..path.clone() };
            self.returns(*provider, 0, path);
        }
        if providers.is_empty() {
            let function = self.r.index.display(function);
            self.open(
                "di_no_provider",
                format!("a container fills {function}, and nothing in this tree provides it"),
                path,
            );
        }
        true
    }

    /// Functions that a container calls, with the type they provide.
    fn all_provided(&self) -> Vec<(FnAt, Ty)> {
        let mut all = vec![];
        for (n, unit) in self.r.index.units.iter().enumerate() {
            for (i, candidate) in unit.functions.iter().enumerate() {
                let at = FnAt { unit: n as u32, func: FuncId(i as u32) };
                let Some(first) = candidate.results.first().filter(|_| candidate.owner.is_none()) else { continue };
                let ty = self.r.ty(n as u32, &first.ty);
                if !matches!(ty, Ty::Unknown | Ty::Plain) && self.given_to_container(at) {
                    all.push((at, ty));
                }
            }
        }
        all
    }

    /// Whether a function is an argument of a call to a dependency-injection package, at any depth.
    pub(super) fn given_to_container(&self, function: FnAt) -> bool {
        let index = self.r.index;
        let is_container = |call: At| {
            let mut call = Some(call);
            while let Some(at) = call {
                let Some((callee, _)) = self.r.call(at) else { return false };
                if let Some(name) = self.r.outside_name(callee)
                    && index.catalogue.injection.iter().any(|p| name.starts_with(p.as_str()))
                {
                    return true;
                }
                call = index.argument_of(at).map(|(outer, _)| outer);
            }
            false
        };
        if let Some(lambda) = index.lambda_at(function) {
            return index.argument_of(lambda).is_some_and(|(call, _)| is_container(call));
        }
        let declared = index.function(function);
        let full = join(&index.unit(function.unit).package, &declared.name);
        index.references_named(&declared.name).any(|(unit, reference)| {
            let Some(call) = reference.argument_of else { return false };
            self.names_function(At { unit, expr: reference.expr }, &full) && is_container(At { unit, expr: call })
        })
    }

    pub(super) fn names_function(&self, at: At, full: &str) -> bool {
        let index = self.r.index;
        match index.kind(at) {
            ExprKind::Free(name) => index.free_name(at.unit, name) == full,
            ExprKind::Member { base, name } => {
                index.package_at(At { unit: at.unit, expr: *base }).is_some_and(|package| join(&package, name) == full)
            }
            _ => false,
        }
    }

    /// Whether a function is used as a value at all.
    pub(super) fn is_value(&self, function: FnAt) -> bool {
        let declared = self.r.index.function(function);
        declared.name.is_empty() || self.r.index.references_named(&declared.name).next().is_some()
    }
}
