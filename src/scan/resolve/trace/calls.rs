//! Calls: into functions of the tree, and through the SDK.

use super::*;
use crate::scan::catalogue::{ApiRef, ClientAt};
use crate::scan::index::{VarAt, package_part};
use crate::scan::lang::Builtin;
use crate::scan::prefilter::Reach;

/// Steps a search for the functions that a callee is may take of those that are left.
const ALONG: usize = 2000;

impl<'a> Search<'_, 'a> {
    pub(super) fn call(&mut self, at: At, callee: At, args: &'a [ExprId], path: Path) {
        let here = |expr: ExprId| At { unit: at.unit, expr };
        let (result, rest) = match path.parts.first() {
            Some((Step::Result(n), rest)) => (*n, rest.clone()),
            _ => (0, path.parts.clone()),
        };
        let path = Path { parts: rest, ..path };
        if let Some(api) = self.r.api_of(at) {
            return self.sdk_call(at, api, result, path);
        }
        if let ExprKind::Free(name) = self.r.index.kind(callee)
            && let Some(builtin) = self.r.index.builtin(callee.unit, name)
        {
            return self.builtin(at.unit, builtin, args, path);
        }
        if let Ty::Meta(ty) = self.r.type_of(callee) {
            if self.r.made_type(callee).is_some() || self.r.index.names_arguments() {
                return self.made(at, &ty, path);
            }
            // A conversion, `Type(value)`.
            if let [only] = args {
                return self.go(here(*only), path);
            }
        }
        self.ask_for_implementers(callee);
        let mut functions: Vec<FnAt> = self.r.callees(at).to_vec();
        // What a function value is may depend on the way we came (a callback parameter).
        if matches!(self.r.index.kind(callee), ExprKind::Var(_)) && path.frames.0.is_some() {
            functions = self.functions_along(callee, &path);
        }
        functions.retain(|f| self.counts(f.unit) || f.unit == at.unit);
        if functions.is_empty() {
            return self.external_call(at, callee, args, result, path);
        }
        for function in functions {
            if path.frames.contains(function, at) {
                continue;
            }
            let steps = path.steps.then(|| format!("returned by {}", self.r.index.display(function)));
            let (frames, marks) = (path.frames.push(function, at), self.mark_call(&path, function, at));
            self.returns(function, result, Path { frames, marks, steps, ..path.clone() });
        }
    }

    /// A call of a builtin function of the language.
    fn builtin(&mut self, unit: u32, builtin: Builtin, args: &'a [ExprId], path: Path) {
        let here = |expr: ExprId| At { unit, expr };
        let Some((first, rest)) = args.split_first() else { return };
        match builtin {
            Builtin::Append => {
                self.go(here(*first), path.clone());
                if let Some((Step::Element, inner)) = path.parts.first() {
                    let inner = inner.clone();
                    for value in rest {
                        // `append(a, b...)` hands on elements, `append(a, b)` the value itself.
                        self.go(here(*value), Path { parts: inner.clone(), ..path.clone() });
                    }
                }
            }
            Builtin::Zero => {
                if let Ty::Meta(ty) = self.r.type_of(here(*first))
                    && let Ty::Named(ty) = &*ty
                {
                    match path.parts.first() {
                        None => self.instance(ty, path),
                        Some((Step::Field(field), rest)) => {
                            let (field, rest) = (field.clone(), rest.clone());
                            self.field(ty, &field, Path { parts: rest, ..path });
                        }
                        _ => {}
                    }
                }
            }
            Builtin::Empty | Builtin::Nothing => {}
        }
    }

    /// A client that comes out of an interface method comes out of whatever implements it.
    fn ask_for_implementers(&self, callee: At) {
        let index = self.r.index;
        let ExprKind::Member { base, name } = index.kind(callee) else { return };
        let base = At { unit: callee.unit, expr: *base };
        if !self.ask.clients || index.package_at(base).is_some() {
            return;
        }
        if let What::Abstract { owner, .. } = self.r.member(&self.r.type_of(base), name).what {
            index.want(package_part(&owner), name, Reach::Anywhere);
        }
    }

    /// An object made by calling its type.
    fn made(&mut self, at: At, ty: &Ty, path: Path) {
        let Ty::Named(ty) = ty else { return self.end(TraceEnd::External(at), &path) };
        let Some((Step::Field(field), rest)) = path.parts.first() else { return self.instance(ty, path) };
        let (field, rest) = (field.clone(), rest.clone());
        // What this very call gives to the constructor that sets the field.
        for constructor in self.r.callees(at).iter().copied().filter(|f| !path.frames.contains(*f, at)) {
            let unit = self.r.index.unit(constructor.unit);
            let writes = unit.writes.iter().filter(|write| {
                let own = unit.function(constructor.func).receiver;
                write.function == Some(constructor.func)
                    && matches!(&unit.expr(write.target).kind, ExprKind::Member { base, name }
                        if *name == field && matches!(unit.expr(*base).kind, ExprKind::Var(var) if Some(var) == own))
            });
            let frames = path.frames.push(constructor, at);
            let mut any = false;
            for write in writes {
                any = true;
                let steps = path.steps.then(|| format!("field {}.{field}", crate::scan::index::name_part(ty)));
                let inner = Path { parts: rest.clone(), frames: frames.clone(), steps, ..path.clone() };
                self.source(constructor.unit, &write.source, &inner);
            }
            if any {
                return;
            }
        }
        self.field(ty, &field, Path { parts: rest, ..path });
    }

    /// The functions a callee has as values, given the calls on the way.
    pub(super) fn functions_along(&mut self, callee: At, path: &Path) -> Vec<FnAt> {
        let key = path::key(callee, None, &path.frames, None);
        if let Some(known) = self.along.borrow().get(&key) {
            return known.clone();
        }
        // What leads back here adds nothing.
        self.along.borrow_mut().insert(key, vec![]);
        let mut inner = self.apart(ALONG);
        inner.ask = TraceQuery { clients: false, ..self.ask };
        inner.go(callee, Path { parts: Parts::default(), marks: Marks::default(), ..path.clone() });
        let ends = self.done(inner);
        let functions: Vec<FnAt> = ends.iter().filter_map(|found| self.r.function_value(&found.end)).collect();
        self.along.borrow_mut().insert(key, functions.clone());
        functions
    }

    /// What a function returns as its n-th result.
    pub(super) fn returns(&mut self, function: FnAt, result: usize, path: Path) {
        let declared = self.r.index.function(function);
        for given in &declared.returns {
            match given.values.as_slice() {
                [] => {
                    let Some(var) = declared.results.get(result).and_then(|r| r.var) else { continue };
                    self.var(VarAt { unit: function.unit, var }, None, path.clone());
                }
                [only] if declared.results.len() > 1 => {
                    let parts = path.parts.push(Step::Result(result));
                    self.go(At { unit: function.unit, expr: *only }, Path { parts, ..path.clone() });
                }
                values => {
                    let Some(value) = values.get(result) else { continue };
                    self.go(At { unit: function.unit, expr: *value }, path.clone());
                }
            }
        }
    }

    pub(super) fn sdk_call(&mut self, at: At, api: ApiRef<'a>, result: usize, path: Path) {
        if result > 0 {
            // What settings are loaded into is told by where they are loaded from.
            if !self.ask.clients && api.api.words.is_some() {
                self.end(TraceEnd::Sdk(at, api), &path);
            }
            return;
        }
        if let Some((Step::Field(field), rest)) = path.parts.first()
            && !api.api.fields.is_empty()
        {
            let argument = api.api.fields.iter().position(|f| f == field);
            let Some((_, args)) = self.r.call(at) else { return };
            let Some(argument) = argument.and_then(|n| args.get(n)) else { return };
            let parts = rest.clone();
            return self.go(At { unit: at.unit, expr: *argument }, Path { parts, ..path });
        }
        // A method of a builder that does more than set a field hands the object on as well.
        let itself = api.api.result.as_deref() == Some(api.owner);
        if api.method && api.api.kind.is_none() && itself && self.is_builder(&api) {
            let Some((callee, _)) = self.r.call(at) else { return };
            let ExprKind::Member { base, .. } = self.r.index.kind(callee) else { return };
            return self.go(At { unit: at.unit, expr: *base }, path);
        }
        // A field of an object made by keywords.
        if let Some((Step::Field(field), rest)) = path.parts.first()
            && let Some((argument, steps)) = self.r.named_argument(at, field)
        {
            let parts = rest.clone().into(&steps);
            return self.go(argument, Path { parts, ..path });
        }
        // What the tree has put into an object of the SDK is not of the SDK.
        if api.client() == Some(ClientAt::Context)
            && let Some((Step::Field(field), rest)) = path.parts.first()
            && self.r.index.catalogue.method(api.api.result.as_deref().unwrap_or(api.owner), field).is_none()
        {
            let (field, rest) = (field.clone(), rest.clone());
            return self.put_into_sdk(&field, &Path { parts: rest, ..path });
        }
        let server = self.r.index.catalogue.sdk_type(api.owner).is_some_and(|(_, t)| t.role == "server");
        let wanted_as_is = !self.ask.clients && !server;
        match api.client() {
            Some(ClientAt::Receiver) if !wanted_as_is => {
                let Some((callee, _)) = self.r.call(at) else { return };
                let ExprKind::Member { base, .. } = self.r.index.kind(callee) else { return };
                let base = At { unit: at.unit, expr: *base };
                let steps = path.steps.then(|| format!("{}()", api.name));
                self.go_member_base(base, api.name, Path { parts: Parts::default(), steps, ..path });
            }
            Some(ClientAt::Slot(slot)) if !wanted_as_is => {
                let Some((argument, steps)) = self.r.slot_argument(at, &slot) else { return };
                let parts = Parts::default().into(&steps);
                let steps = path.steps.then(|| format!("{}()", api.name));
                self.go(argument, Path { parts, steps, ..path });
            }
            _ => self.end(TraceEnd::Sdk(at, api), &path),
        }
    }

    /// `(context as Own).orders = client`, wherever it is written.
    fn put_into_sdk(&mut self, field: &str, path: &Path) {
        let mut any = false;
        for (unit, i) in self.r.index.field_writes(field).to_vec() {
            let Some(write) = self.r.index.unit(unit).writes.get(i).filter(|_| self.counts(unit)) else { continue };
            any = true;
            let steps = path.steps.then(|| format!("{field} set in {}", self.r.index.unit(unit).path));
            self.source(unit, &write.source, &Path { steps, frames: Frames::default(), ..path.clone() });
        }
        if !any {
            self.open("never_seen_set", format!("nothing in this tree sets {field} of an object of the SDK"), path);
        }
    }

    fn is_builder(&self, api: &ApiRef<'_>) -> bool {
        self.r.index.catalogue.sdk_type(api.owner).is_some_and(|(_, ty)| ty.builder)
    }

    /// The object a method is called on; when the method is promoted, the embedded field it belongs to.
    pub(super) fn go_member_base(&mut self, base: At, method: &str, path: Path) {
        let member = self.r.member(&self.r.type_of(base), method);
        match member.path.last() {
            Some((owner, field)) => self.field(owner, field, path),
            None => self.go(base, path),
        }
    }
}
