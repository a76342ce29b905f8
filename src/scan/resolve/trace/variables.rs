//! Variables, members, fields and literals.

use super::*;
use crate::scan::index::{VarAt, join, name_part, package_part, strip};
use crate::scan::prefilter::Reach;

/// Assignments of a variable that are looked at for one step.
const LOOKED_AT: usize = 16;

impl<'a> Search<'_, 'a> {
    /// A variable, as it is where it is used.
    pub(super) fn var(&mut self, at: VarAt, used: Option<At>, path: Path) {
        let var = self.r.index.var(at);
        // `options.HostPort = …` after the object was made.
        if let Some((Step::Field(field), rest)) = path.parts.first() {
            for (unit, i) in self.r.index.var_writes(at).to_vec() {
                let Some(write) = self.r.index.unit(unit).writes.get(i) else { continue };
                let ExprKind::Member { name, .. } = &self.r.index.unit(unit).expr(write.target).kind else { continue };
                if name == field {
                    self.source(unit, &write.source, &Path { parts: rest.clone(), ..path.clone() });
                }
            }
        }
        // To see which of many values get here, all of them are looked at.
        self.r.budget.take_many(var.sources.len() / LOOKED_AT);
        for source in self.r.index.unit(at.unit).reaching(at.var, used.map(|used| used.expr)) {
            self.source(at.unit, source, &path);
        }
        match var.role {
            Role::Param(position) => {
                let Some(func) = var.function else { return };
                self.param(FnAt { unit: at.unit, func }, position, &var.name, path);
            }
            Role::Receiver => self.receiver(at, path),
            Role::Global => {
                let full = join(&self.r.index.unit(at.unit).package, &var.name);
                let writes = self.r.index.global_writes(&full).to_vec();
                let any = !var.sources.is_empty() || !writes.is_empty();
                for (unit, i) in writes {
                    if !self.counts(unit) {
                        continue;
                    }
                    let Some(write) = self.r.index.unit(unit).writes.get(i) else { continue };
                    let steps =
                        path.steps.then(|| format!("variable {} set in {}", var.name, self.r.index.unit(unit).path));
                    self.source(unit, &write.source, &Path { steps, ..path.clone() });
                }
                let package = &self.r.index.unit(at.unit).package;
                if self.r.in_production(at.unit) {
                    self.r.index.want(package, &var.name, Reach::Importers);
                }
                if !any {
                    self.unassigned(at, path);
                }
            }
            Role::Local | Role::Result => {
                if var.sources.is_empty() {
                    self.unassigned(at, path);
                }
            }
        }
    }

    /// A variable that is never assigned: a zero value of a known type may still have fields.
    pub(super) fn unassigned(&mut self, at: VarAt, path: Path) {
        let var = self.r.index.var(at);
        if let Ty::Named(ty) = self.r.var_type(at)
            && self.r.index.type_decl(&ty).is_some()
        {
            match path.parts.first() {
                None => return self.instance(&ty, path),
                Some((Step::Field(field), rest)) => {
                    let (field, rest) = (field.clone(), rest.clone());
                    return self.field(&ty, &field, Path { parts: rest, ..path });
                }
                _ => {}
            }
        }
        let file = &self.r.index.unit(at.unit).path;
        self.open("never_assigned", format!("variable {} ({file}:{}) is never assigned", var.name, var.line), &path);
    }

    pub(super) fn receiver(&mut self, at: VarAt, path: Path) {
        let Ty::Named(ty) = self.r.var_type(at) else { return };
        match path.parts.first() {
            None => self.instance(&ty, path),
            Some((Step::Field(field), rest)) => {
                let (field, rest) = (field.clone(), rest.clone());
                self.field(&ty, &field, Path { parts: rest, ..path });
            }
            _ => {}
        }
    }

    /// An object of a type of the tree: when a client is looked for, it may embed one.
    pub(super) fn instance(&mut self, ty: &Name, path: Path) {
        if self.ask.clients
            && path.parts.first().is_none()
            && let Some(route) = self.r.embedded_client(ty)
            && let Some((owner, field)) = route.last()
        {
            return self.field(owner, field, path);
        }
        self.end(TraceEnd::Instance(ty.clone()), &path);
    }

    pub(super) fn package_member(&mut self, full: &str, at: At, path: Path) {
        let full = self.r.index.canonical(full);
        let (package, name) = (package_part(&full), name_part(&full));
        let functions = self.r.index.functions(&full);
        if let Some(function) = functions.first() {
            if path.parts.first().is_none() {
                self.end(TraceEnd::Function(*function), &path);
            }
            return;
        }
        let globals = self.r.index.globals(&full).to_vec();
        if !globals.is_empty() {
            for global in globals {
                if global.unit != at.unit && !self.counts(global.unit) {
                    continue;
                }
                let steps = path.steps.then(|| format!("variable {name}"));
                self.var(global, None, Path { steps, ..path.clone() });
            }
            return;
        }
        if self.r.index.type_decl(&full).is_some() {
            if path.parts.first().is_none() {
                self.end(TraceEnd::Value(at), &path);
            }
            return;
        }
        let plain = package.strip_suffix("_test").unwrap_or(package);
        if self.r.index.is_local(plain) {
            self.r.index.want(package, name, Reach::Declaration);
            self.open("not_declared", format!("{name} is not declared in this tree"), &path);
        } else if path.parts.first().is_none() {
            self.end(TraceEnd::External(at), &path);
        }
    }

    pub(super) fn member(&mut self, at: At, base: At, name: &str, path: Path) {
        if let Some(package) = self.r.index.package_at(base) {
            return self.package_member(&join(&package, name), at, path);
        }
        let ty = self.r.type_of(base);
        let member = self.r.member_at(at, &ty, name);
        match member.what {
            // Any object with such a field fits: what the value is tells more than where the field is declared.
            What::Field { owner, .. } if self.is_open(&owner) => {
                let parts = path.parts.push(Step::Field(name.to_owned()));
                self.go(base, Path { parts, ..path });
            }
            What::Field { owner, .. } => {
                let marks = self.mark(&path, Some(base).filter(|base| !self.is_own_object(*base)).map(Mark::Of));
                self.field(&owner, name, Path { marks, ..path })
            }
            What::Part(_) => self.go(base, path),
            What::Sdk(api) if api.api.attribute => {
                if self.ask.clients {
                    self.go(base, Path { parts: Parts::default(), ..path });
                } else if path.parts.first().is_none() {
                    self.end(TraceEnd::External(at), &path);
                }
            }
            What::Method(function) if self.r.index.function(function).getter => {
                let steps = path.steps.then(|| format!("returned by {}", self.r.index.display(function)));
                for function in self.r.overriding(function) {
                    if !path.frames.contains(function, at) {
                        let frames = path.frames.push(function, at);
                        self.returns(function, 0, Path { frames, steps: steps.clone(), ..path.clone() });
                    }
                }
            }
            What::Method(function) => {
                if path.parts.first().is_none() {
                    self.end(TraceEnd::Function(function), &path);
                }
            }
            What::Abstract { .. } | What::Sdk(_) | What::Builder(_) => {
                if path.parts.first().is_none() {
                    self.end(TraceEnd::External(at), &path);
                }
            }
            What::Foreign(_) | What::Unknown if self.shared(base, name, &path) => {}
            What::Foreign(_) | What::Unknown => {
                let parts = path.parts.push(Step::Field(name.to_owned()));
                self.go(base, Path { parts, ..path });
            }
        }
    }

    /// Whether an expression is the object a method is called on: `self`, `this`.
    fn is_own_object(&self, at: At) -> bool {
        let unit = self.r.index.unit(at.unit);
        matches!(unit.expr(strip(unit, at.expr)).kind, ExprKind::Var(var) if unit.var(var).role == Role::Receiver)
    }

    /// Every value ever left under a name in a shared object; whether there is one.
    fn shared(&mut self, base: At, name: &str, path: &Path) -> bool {
        let Some(object) = self.r.shared_object(base) else { return false };
        let writes: Vec<_> = self.r.shared_writes(object, name).filter(|(unit, _)| self.counts(*unit)).collect();
        for (unit, write) in &writes {
            let steps = path.steps.then(|| format!("{object}.{name} set in {}", self.r.index.unit(*unit).path));
            self.source(*unit, &write.source, &Path { steps, frames: Frames::default(), ..path.clone() });
        }
        if writes.is_empty() {
            self.r.index.want("", name, Reach::Anywhere);
            return false;
        }
        // It is found by its name: a client that the object itself leads to counts as well, where it leads is no doubt.
        let parts = path.parts.push(Step::Field(name.to_owned()));
        let found = self.found.len();
        self.go(base, Path { parts, ..path.clone() });
        let own = self.found.split_off(found);
        self.found.extend(own.into_iter().filter(|one| matches!(one.end, TraceEnd::Sdk(..))));
        true
    }

    fn is_open(&self, owner: &Name) -> bool {
        matches!(self.r.index.type_decl(owner), Some((_, TypeDecl { kind: TypeKind::Interface { .. }, .. })))
    }

    /// Every value ever given to a field of a type.
    pub(super) fn field(&mut self, owner: &Name, field: &str, path: Path) {
        // The object in which the field was set is not the one the path came from: frames end here.
        let place = (owner, field);
        if !self.seen.insert(path::key(place, Some(&path.parts), &Frames::default(), Some(&path.marks))) {
            return;
        }
        let index = self.r.index;
        let short = owner.rsplit(['.', '/']).next().unwrap_or(owner);
        let steps = path.steps.then(|| format!("field {short}.{field}"));
        let path = Path { steps, frames: Frames::default(), ..path };
        let position = match index.type_decl(owner) {
            Some((_, TypeDecl { kind: TypeKind::Record { fields, .. }, .. })) => {
                fields.iter().position(|f| f.name == field)
            }
            _ => None,
        };
        let (mut any, mut in_tests) = (false, false);
        for (call, argument, steps) in self.r.constructions(owner, field, position) {
            if !self.counts(call.unit) {
                in_tests = true;
                continue;
            }
            any = true;
            let parts = path.parts.clone().into(&steps);
            self.go(argument, Path { parts, ..path.clone() });
        }
        for literal in index.composites(owner).to_vec() {
            let ExprKind::Composite { parts, .. } = index.kind(literal) else { continue };
            let value = parts.iter().enumerate().find_map(|(i, part)| match &part.key {
                Some(Key::Name(name)) => (name == field).then_some(part.value),
                Some(Key::Value(_) | Key::Spread) => None,
                None => (position == Some(i)).then_some(part.value),
            });
            let Some(value) = value else { continue };
            if !self.counts(literal.unit) {
                in_tests = true;
                continue;
            }
            any = true;
            self.go(At { unit: literal.unit, expr: value }, path.clone());
        }
        let settings = if self.ask.clients { vec![] } else { self.r.settings_of_field(owner, field) };
        for words in &settings {
            any = true;
            if path.parts.first().is_none() {
                self.end(TraceEnd::Setting(words.clone()), &path);
            }
        }
        let writers = self.r.writers(field);
        for (unit, i) in writers.get(owner).into_iter().flatten().copied() {
            let Some(write) = index.unit(unit).writes.get(i) else { continue };
            // The setting says more than the default that stands in for it.
            if !settings.is_empty() && path.parts.first().is_none() && self.r.is_settings_default(unit, write) {
                continue;
            }
            if !self.counts(unit) {
                in_tests = true;
                continue;
            }
            any = true;
            self.source(unit, &write.source, &path);
        }
        any |= self.inner_writes(owner, field, &path);
        if index.type_decl(owner).is_none_or(|(unit, _)| self.r.in_production(unit)) {
            index.want(package_part(owner), field, Reach::Writers);
            index.want(package_part(owner), short, Reach::Importers);
        }
        if !any {
            if let Some((unit, TypeDecl { kind: TypeKind::Record { fields, .. }, .. })) = index.type_decl(owner)
                && let Some(declared) = fields.iter().find(|f| f.name == field)
                && let Ty::Named(ty) = self.r.ty(unit, &declared.ty)
                && self.configured(&ty, &path)
            {
                return;
            }
            let (reason, how) = if in_tests {
                ("only_tests_call", "only tests assign")
            } else {
                ("never_assigned", "nothing in this tree assigns")
            };
            self.open(reason, format!("field {short}.{field}, which {how}"), &path);
        }
    }

    /// `object.field.part = …`, when that part of the field is asked for; whether there was such an assignment.
    fn inner_writes(&mut self, owner: &Name, field: &str, path: &Path) -> bool {
        let index = self.r.index;
        let Some((Step::Field(part), rest)) = path.parts.first() else { return false };
        let (part, rest) = (part.clone(), rest.clone());
        let mut any = false;
        for (unit, i) in index.field_writes(&part).to_vec() {
            if !self.r.budget.take() {
                break;
            }
            let Some(write) = index.unit(unit).writes.get(i) else { continue };
            let ExprKind::Member { base, .. } = &index.unit(unit).expr(write.target).kind else { continue };
            let ExprKind::Member { base, name } = index.kind(At { unit, expr: strip(index.unit(unit), *base) }) else {
                continue;
            };
            if name != field || !self.counts(unit) {
                continue;
            }
            let ty = self.r.type_of(At { unit, expr: *base });
            if matches!(self.r.member(&ty, field).what, What::Field { owner: found, .. } if found == *owner) {
                any = true;
                self.source(unit, &write.source, &Path { parts: rest.clone(), ..path.clone() });
            }
        }
        any
    }

    pub(super) fn composite(&mut self, at: At, parts: &'a [Part], path: Path) {
        let index = self.r.index;
        match path.parts.first() {
            None => {
                if self.ask.clients
                    && let Ty::Named(ty) = self.r.type_of(at)
                    && index.type_decl(&ty).is_some()
                {
                    return self.instance(&ty, path);
                }
                self.end(TraceEnd::Value(at), &path);
            }
            Some((Step::Field(field), rest)) => {
                let (field, rest) = (field.clone(), rest.clone());
                let value = parts.iter().find(|p| matches!(&p.key, Some(Key::Name(name)) if *name == field));
                if let Some(part) = value {
                    return self.go(At { unit: at.unit, expr: part.value }, Path { parts: rest, ..path });
                }
                for part in parts.iter().filter(|p| matches!(p.key, Some(Key::Spread))) {
                    self.go(At { unit: at.unit, expr: part.value }, path.clone());
                }
            }
            Some((Step::Element, rest)) => {
                let rest = rest.clone();
                for part in parts {
                    self.go(At { unit: at.unit, expr: part.value }, Path { parts: rest.clone(), ..path.clone() });
                }
            }
            Some((Step::Result(0), rest)) => {
                let parts = rest.clone();
                self.go(at, Path { parts, ..path });
            }
            // `[a, b] = [x, ...y]`: a place is that of no part for sure.
            Some((Step::Result(_), rest)) => {
                let rest = rest.clone();
                for part in parts.iter().filter(|part| !matches!(part.key, Some(Key::Name(_)))) {
                    self.go(At { unit: at.unit, expr: part.value }, Path { parts: rest.clone(), ..path.clone() });
                }
            }
        }
    }
}
