//! The backward search: which values can an expression have?

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use super::{Resolver, Ty, What};
use crate::scan::catalogue::{ApiRef, ClientAt, Slot, SlotStep};
use crate::scan::index::{At, FnAt, Name, VarAt, join, package_part, strip};
use crate::scan::program::*;

/// How deep a path may be.
const MAX_DEPTH: usize = 60;

/// What a search is for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Leave test code out.
    pub production: bool,
    /// Go on from objects that embed a client to that client.
    pub clients: bool,
    /// How many steps may be taken.
    pub steps: usize,
}

/// Where a path ends.
#[derive(Debug, Clone)]
pub enum End<'a> {
    /// A literal, composite, lambda or operation.
    Value(At),
    /// A named function.
    Function(FnAt),
    /// An SDK call that is not looked through.
    Sdk(At, ApiRef<'a>),
    /// A call or member of another package.
    External(At),
    /// An object of a type of the tree, known by type only.
    Instance(Name),
    /// The path cannot be followed: reason code and place.
    Open(&'static str, String),
}

/// One end with the way to it.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The end.
    pub end: End<'a>,
    /// The steps, last first.
    pub steps: Steps,
}

/// The steps of a path, last first.
#[derive(Debug, Clone, Default)]
pub struct Steps(Option<Rc<(String, Steps)>>);

impl Steps {
    fn then(&self, text: impl FnOnce() -> String) -> Steps {
        Steps(Some(Rc::new((text(), self.clone()))))
    }

    /// From the first step on.
    pub fn list(&self) -> Vec<String> {
        let (mut list, mut at) = (vec![], self);
        while let Some(node) = &at.0 {
            list.push(node.0.clone());
            at = &node.1;
        }
        list.reverse();
        list
    }
}

/// Which part of a value is asked for, outermost first.
#[derive(Clone, Default)]
struct Parts(Option<Rc<(Part_, Parts)>>);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Part_ {
    Result(usize),
    Element,
    Field(String),
}

impl Parts {
    fn push(&self, part: Part_) -> Parts {
        Parts(Some(Rc::new((part, self.clone()))))
    }

    fn first(&self) -> Option<(&Part_, &Parts)> {
        self.0.as_deref().map(|(part, rest)| (part, rest))
    }

    fn hash(&self, state: &mut impl Hasher) {
        let mut at = self;
        while let Some((part, rest)) = at.first() {
            part.hash(state);
            at = rest;
        }
    }
}

/// The calls a path went into, innermost first: parameters are answered by the very call.
#[derive(Clone, Default)]
struct Frames(Option<Rc<(FnAt, At, Frames)>>);

impl Frames {
    fn push(&self, function: FnAt, call: At) -> Frames {
        Frames(Some(Rc::new((function, call, self.clone()))))
    }

    /// The call by which `function` was entered, and the frames below it.
    fn of(&self, function: FnAt) -> Option<(At, Frames)> {
        let mut at = self;
        while let Some(node) = at.0.as_deref() {
            if node.0 == function {
                return Some((node.1, node.2.clone()));
            }
            at = &node.2;
        }
        None
    }

    fn contains(&self, function: FnAt, call: At) -> bool {
        let mut at = self;
        while let Some(node) = at.0.as_deref() {
            if node.0 == function && node.1 == call {
                return true;
            }
            at = &node.2;
        }
        false
    }

    fn hash(&self, state: &mut impl Hasher) {
        let mut at = self;
        while let Some(node) = at.0.as_deref() {
            (node.0, node.1).hash(state);
            at = &node.2;
        }
    }
}

#[derive(Clone)]
struct Path {
    parts: Parts,
    frames: Frames,
    steps: Steps,
    depth: usize,
}

struct Search<'r, 'a> {
    r: &'r Resolver<'a>,
    ask: Ask,
    left: usize,
    seen: HashSet<u64>,
    found: Vec<Found<'a>>,
}

impl<'a> Resolver<'a> {
    /// All values an expression can have.
    pub fn trace(&self, at: At, ask: Ask) -> Vec<Found<'a>> {
        self.trace_slot(at, &[], ask)
    }

    /// All values of a part of an expression.
    pub fn trace_slot(&self, at: At, steps: &[SlotStep], ask: Ask) -> Vec<Found<'a>> {
        let mut parts = Parts::default();
        for step in steps.iter().rev() {
            parts = parts.push(match step {
                SlotStep::Field(name) => Part_::Field(name.clone()),
                SlotStep::Element => Part_::Element,
            });
        }
        let mut search = Search { r: self, ask, left: ask.steps, seen: HashSet::new(), found: vec![] };
        search.go(at, Path { parts, frames: Frames::default(), steps: Steps::default(), depth: 0 });
        search.found
    }

    /// All clients behind an embedded or named field of a type of the tree.
    pub fn trace_field(&self, owner: &Name, field: &str, ask: Ask) -> Vec<Found<'a>> {
        let mut search = Search { r: self, ask, left: ask.steps, seen: HashSet::new(), found: vec![] };
        let path = Path { parts: Parts::default(), frames: Frames::default(), steps: Steps::default(), depth: 0 };
        search.field(owner, field, path);
        search.found
    }

    /// The values of a slot of a call.
    pub fn trace_argument(&self, call: At, slot: &Slot, ask: Ask) -> Option<Vec<Found<'a>>> {
        let (_, args) = self.call(call)?;
        let expr = args.get(slot.argument)?;
        Some(self.trace_slot(At { unit: call.unit, expr: *expr }, &slot.steps, ask))
    }
}

impl<'a> Search<'_, 'a> {
    fn end(&mut self, end: End<'a>, path: &Path) {
        self.found.push(Found { end, steps: path.steps.clone() });
    }

    fn open(&mut self, reason: &'static str, text: String, path: &Path) {
        self.end(End::Open(reason, text), path);
    }

    fn go(&mut self, at: At, path: Path) {
        let mut hasher = DefaultHasher::new();
        at.hash(&mut hasher);
        path.parts.hash(&mut hasher);
        path.frames.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return;
        }
        if self.left == 0 || path.depth > MAX_DEPTH {
            self.open("depth_limit", format!("the search was given up at {}", self.r.index.place(at)), &path);
            return;
        }
        self.left -= 1;
        let path = Path { depth: path.depth + 1, ..path };
        self.visit(at, path);
    }

    fn visit(&mut self, at: At, path: Path) {
        let here = |expr: ExprId| At { unit: at.unit, expr };
        match self.r.index.kind(at) {
            ExprKind::Var(var) => self.var(VarAt { unit: at.unit, var: *var }, path),
            ExprKind::Free(name) => {
                let package = self.r.index.unit(at.unit).package.clone();
                self.package_member(&package, name, at, path);
            }
            ExprKind::Member { base, name } => self.member(at, here(*base), name, path),
            ExprKind::Call { callee, args, .. } => self.call(at, here(*callee), args, path),
            ExprKind::Composite { parts, .. } => self.composite(at, parts, path),
            // The `ok` of an assertion or a look-up.
            ExprKind::Cast { .. } | ExprKind::Element { .. } if matches!(path.parts.first(), Some((Part_::Result(n), _)) if *n > 0) =>
                {}
            ExprKind::Same(inner) | ExprKind::Cast { value: inner, .. } => self.go(here(*inner), path),
            ExprKind::Element { base, .. } => {
                let parts = path.parts.push(Part_::Element);
                self.go(here(*base), Path { parts, ..path });
            }
            ExprKind::Choice { then, otherwise, .. } => {
                self.go(here(*then), path.clone());
                self.go(here(*otherwise), path);
            }
            ExprKind::Nothing | ExprKind::Opaque => {}
            ExprKind::Lambda(_)
            | ExprKind::Text(_)
            | ExprKind::Number(_)
            | ExprKind::Truth(_)
            | ExprKind::Not(_)
            | ExprKind::Binary { .. }
            | ExprKind::Type(_) => {
                if path.parts.first().is_none() {
                    self.end(End::Value(at), &path);
                }
            }
        }
    }

    /// A value flows into something of which a part is asked for.
    fn source(&mut self, unit: u32, source: &Source, path: &Path) {
        let value = At { unit, expr: source.value };
        let parts = match source.take {
            Take::Whole => path.parts.clone(),
            Take::Result(n) => path.parts.push(Part_::Result(n)),
            Take::ElementOf => path.parts.push(Part_::Element),
            Take::IntoElement => match path.parts.first() {
                Some((Part_::Element, rest)) => rest.clone(),
                _ => return,
            },
        };
        self.go(value, Path { parts, ..path.clone() });
    }

    fn counts(&self, unit: u32) -> bool {
        !self.ask.production || self.r.in_production(unit)
    }

    fn var(&mut self, at: VarAt, path: Path) {
        let var = self.r.index.var(at);
        // `options.HostPort = …` after the object was made.
        if let Some((Part_::Field(field), rest)) = path.parts.first() {
            for (unit, i) in self.r.index.var_writes(at).to_vec() {
                let Some(write) = self.r.index.unit(unit).writes.get(i) else { continue };
                let ExprKind::Member { name, .. } = &self.r.index.unit(unit).expr(write.target).kind else { continue };
                if name == field {
                    self.source(unit, &write.source, &Path { parts: rest.clone(), ..path.clone() });
                }
            }
        }
        for source in &var.sources {
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
                self.r.index.want(package, &var.name, false, false);
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
    fn unassigned(&mut self, at: VarAt, path: Path) {
        let var = self.r.index.var(at);
        if let Ty::Named(ty) = self.r.var_type(at) {
            if self.r.index.type_decl(&ty).is_some() {
                match path.parts.first() {
                    None => return self.instance(&ty, path),
                    Some((Part_::Field(field), rest)) => {
                        let (field, rest) = (field.clone(), rest.clone());
                        return self.field(&ty, &field, Path { parts: rest, ..path });
                    }
                    _ => {}
                }
            }
        }
        let file = &self.r.index.unit(at.unit).path;
        self.open("never_assigned", format!("variable {} ({file}:{}) is never assigned", var.name, var.line), &path);
    }

    fn receiver(&mut self, at: VarAt, path: Path) {
        let Ty::Named(ty) = self.r.var_type(at) else { return };
        match path.parts.first() {
            None => self.instance(&ty, path),
            Some((Part_::Field(field), rest)) => {
                let (field, rest) = (field.clone(), rest.clone());
                self.field(&ty, &field, Path { parts: rest, ..path });
            }
            _ => {}
        }
    }

    /// An object of a type of the tree: when a client is looked for, it may embed one.
    fn instance(&mut self, ty: &Name, path: Path) {
        if self.ask.clients && path.parts.first().is_none() {
            if let Some(route) = self.r.embedded_client(ty, 0) {
                if let Some((owner, field)) = route.last() {
                    return self.field(owner, field, path);
                }
            }
        }
        self.end(End::Instance(ty.clone()), &path);
    }

    fn param(&mut self, function: FnAt, position: usize, name: &str, path: Path) {
        let declared = self.r.index.function(function);
        let variadic = declared.variadic && position + 1 == declared.params.len();
        if let Some((call, below)) = path.frames.of(function) {
            self.bind(call, function, position, variadic, Path { frames: below, ..path });
            return;
        }
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
        if self.injected(function, position, &path) {
            return;
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

    fn bind(&mut self, call: At, function: FnAt, position: usize, variadic: bool, path: Path) {
        if variadic {
            let Some((_, args)) = self.r.call(call) else { return };
            let rest: Vec<ExprId> = args.iter().skip(position).copied().collect();
            let spread = matches!(self.r.index.kind(call), ExprKind::Call { spread: true, .. });
            let parts = match path.parts.first() {
                Some((Part_::Element, inner)) if !spread => inner.clone(),
                _ => path.parts.clone(),
            };
            for expr in rest {
                self.go(At { unit: call.unit, expr }, Path { parts: parts.clone(), ..path.clone() });
            }
            return;
        }
        match self.r.argument(call, function, position) {
            Some(argument) => self.go(argument, path),
            None => {
                // `f(g())` where g has several results.
                let Some((_, args)) = self.r.call(call) else { return };
                if let [only] = args {
                    let parts = path.parts.push(Part_::Result(position));
                    self.go(At { unit: call.unit, expr: *only }, Path { parts, ..path });
                }
            }
        }
    }

    /// A function nobody calls but a container does: its parameters are filled by type.
    fn injected(&mut self, function: FnAt, position: usize, path: &Path) -> bool {
        let declared = self.r.index.function(function);
        if !self.given_to_container(function) {
            return false;
        }
        let Some(param) = declared.params.get(position) else { return false };
        let wanted = self.r.var_type(VarAt { unit: function.unit, var: *param });
        if wanted == Ty::Unknown || wanted == Ty::Plain {
            return false;
        }
        let mut providers = vec![];
        for (n, unit) in self.r.index.units.iter().enumerate() {
            if !self.counts(n as u32) {
                continue;
            }
            for (i, candidate) in unit.functions.iter().enumerate() {
                let at = FnAt { unit: n as u32, func: FuncId(i as u32) };
                let Some(first) = candidate.results.first() else { continue };
                if candidate.owner.is_none()
                    && self.r.ty(n as u32, &first.ty) == wanted
                    && at != function
                    && self.given_to_container(at)
                {
                    providers.push(at);
                }
            }
        }
        for provider in &providers {
            let steps = path.steps.then(|| format!("injected by type from {}", self.r.index.display(*provider)));
            let path = Path { frames: Frames::default(), steps, ..path.clone() };
            self.returns(*provider, 0, path);
        }
        if providers.is_empty() {
            self.open("di_no_provider", format!("{} is called by a container", self.r.index.display(function)), path);
        }
        true
    }

    /// Whether a function is an argument of a call to a dependency-injection package, at any depth.
    fn given_to_container(&self, function: FnAt) -> bool {
        let index = self.r.index;
        let is_container = |call: At| {
            let mut call = Some(call);
            while let Some(at) = call {
                let Some((callee, _)) = self.r.call(at) else { return false };
                if let Some(name) = self.r.outside_name(callee) {
                    if index.catalogue.injection.iter().any(|p| name.starts_with(p.as_str())) {
                        return true;
                    }
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

    fn names_function(&self, at: At, full: &str) -> bool {
        let index = self.r.index;
        match index.kind(at) {
            ExprKind::Free(name) => join(&index.unit(at.unit).package, name) == full,
            ExprKind::Member { base, name } => {
                index.package_at(At { unit: at.unit, expr: *base }).is_some_and(|package| join(package, name) == full)
            }
            _ => false,
        }
    }

    /// Whether a function is used as a value at all.
    fn is_value(&self, function: FnAt) -> bool {
        let declared = self.r.index.function(function);
        declared.name.is_empty() || self.r.index.references_named(&declared.name).next().is_some()
    }

    fn package_member(&mut self, package: &str, name: &str, at: At, path: Path) {
        let full = join(package, name);
        let functions = self.r.index.functions(&full);
        if let Some(function) = functions.first() {
            if path.parts.first().is_none() {
                self.end(End::Function(*function), &path);
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
                self.var(global, Path { steps, ..path.clone() });
            }
            return;
        }
        let plain = package.strip_suffix("_test").unwrap_or(package);
        if self.r.index.is_local(plain) {
            self.r.index.want(package, name, false, true);
            self.open("not_declared", format!("{name} is not declared in this tree"), &path);
        } else if path.parts.first().is_none() {
            self.end(End::External(at), &path);
        }
    }

    fn member(&mut self, at: At, base: At, name: &str, path: Path) {
        if let Some(package) = self.r.index.package_at(base) {
            let package = package.to_owned();
            return self.package_member(&package, name, at, path);
        }
        let ty = self.r.type_of(base);
        let member = self.r.member(&ty, name);
        match member.what {
            What::Field { owner, .. } => self.field(&owner, name, path),
            What::Method(function) => {
                if path.parts.first().is_none() {
                    self.end(End::Function(function), &path);
                }
            }
            What::Abstract { .. } | What::Sdk(_) => {
                if path.parts.first().is_none() {
                    self.end(End::External(at), &path);
                }
            }
            What::Foreign(_) | What::Unknown => {
                let parts = path.parts.push(Part_::Field(name.to_owned()));
                self.go(base, Path { parts, ..path });
            }
        }
    }

    /// Every value ever given to a field of a type.
    fn field(&mut self, owner: &Name, field: &str, path: Path) {
        let mut hasher = DefaultHasher::new();
        (owner, field).hash(&mut hasher);
        path.parts.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return;
        }
        let index = self.r.index;
        let short = owner.rsplit(['.', '/']).next().unwrap_or(owner);
        let steps = path.steps.then(|| format!("field {short}.{field}"));
        // The object in which the field was set is not the one the path came from: frames end here.
        let path = Path { steps, frames: Frames::default(), ..path };
        let position = match index.type_decl(owner) {
            Some((_, TypeDecl { kind: TypeKind::Record { fields }, .. })) => {
                fields.iter().position(|f| f.name == field)
            }
            _ => None,
        };
        let (mut any, mut in_tests) = (false, false);
        for literal in index.composites(owner).to_vec() {
            let ExprKind::Composite { parts, .. } = index.kind(literal) else { continue };
            let value = parts.iter().enumerate().find_map(|(i, part)| match &part.key {
                Some(Key::Name(name)) => (name == field).then_some(part.value),
                Some(Key::Value(_)) => None,
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
        for (unit, i) in index.field_writes(field).to_vec() {
            let Some(write) = index.unit(unit).writes.get(i) else { continue };
            let ExprKind::Member { base, .. } = &index.unit(unit).expr(write.target).kind else { continue };
            let base = At { unit, expr: strip(index.unit(unit), *base) };
            let ty = self.r.type_of(At {
                unit,
                expr: match &index.unit(unit).expr(write.target).kind {
                    ExprKind::Member { base, .. } => *base,
                    _ => base.expr,
                },
            });
            let matches = match self.r.member(&ty, field).what {
                What::Field { owner: found, .. } => found == *owner,
                _ => false,
            };
            if !matches {
                continue;
            }
            if !self.counts(unit) {
                in_tests = true;
                continue;
            }
            any = true;
            self.source(unit, &write.source, &path);
        }
        index.want(package_part(owner), field, false, false);
        index.want(package_part(owner), short, false, false);
        if !any {
            let (reason, how) = if in_tests {
                ("only_tests_call", "only tests assign")
            } else {
                ("never_assigned", "nothing in this tree assigns")
            };
            self.open(reason, format!("field {short}.{field}, which {how}"), &path);
        }
    }

    fn composite(&mut self, at: At, parts: &'a [Part], path: Path) {
        let index = self.r.index;
        match path.parts.first() {
            None => {
                if self.ask.clients {
                    if let Ty::Named(ty) = self.r.type_of(at) {
                        if index.type_decl(&ty).is_some() {
                            return self.instance(&ty, path);
                        }
                    }
                }
                self.end(End::Value(at), &path);
            }
            Some((Part_::Field(field), rest)) => {
                let (field, rest) = (field.clone(), rest.clone());
                let value = parts.iter().find(|p| matches!(&p.key, Some(Key::Name(name)) if *name == field));
                if let Some(part) = value {
                    self.go(At { unit: at.unit, expr: part.value }, Path { parts: rest, ..path });
                }
            }
            Some((Part_::Element, rest)) => {
                let rest = rest.clone();
                for part in parts {
                    self.go(At { unit: at.unit, expr: part.value }, Path { parts: rest.clone(), ..path.clone() });
                }
            }
            Some((Part_::Result(0), rest)) => {
                let parts = rest.clone();
                self.go(at, Path { parts, ..path });
            }
            Some((Part_::Result(_), _)) => {}
        }
    }

    fn call(&mut self, at: At, callee: At, args: &'a [ExprId], path: Path) {
        let here = |expr: ExprId| At { unit: at.unit, expr };
        let (result, rest) = match path.parts.first() {
            Some((Part_::Result(n), rest)) => (*n, rest.clone()),
            _ => (0, path.parts.clone()),
        };
        let path = Path { parts: rest, ..path };
        if let Some(api) = self.r.api_of(at) {
            return self.sdk_call(at, api, result, path);
        }
        if let ExprKind::Free(name) = self.r.index.kind(callee) {
            match (name.as_str(), args) {
                ("append", [first, rest @ ..]) => {
                    self.go(here(*first), path.clone());
                    if let Some((Part_::Element, inner)) = path.parts.first() {
                        let inner = inner.clone();
                        for value in rest {
                            // `append(a, b...)` hands on elements, `append(a, b)` the value itself.
                            self.go(here(*value), Path { parts: inner.clone(), ..path.clone() });
                        }
                    }
                    return;
                }
                ("new", [first]) => {
                    if let Ty::Meta(ty) = self.r.type_of(here(*first)) {
                        if let Ty::Named(ty) = &*ty {
                            match path.parts.first() {
                                None => return self.instance(ty, path),
                                Some((Part_::Field(field), rest)) => {
                                    let (field, rest) = (field.clone(), rest.clone());
                                    return self.field(ty, &field, Path { parts: rest, ..path });
                                }
                                _ => return,
                            }
                        }
                    }
                    return;
                }
                ("make" | "panic" | "len" | "cap" | "recover", _) => return,
                _ => {}
            }
        }
        // A conversion, `Type(value)`.
        if let (Ty::Meta(_), [only]) = (self.r.type_of(callee), args) {
            return self.go(here(*only), path);
        }
        let mut functions = self.r.callees(at).to_vec();
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
            let frames = path.frames.push(function, at);
            self.returns(function, result, Path { frames, steps, ..path.clone() });
        }
    }

    /// The functions a callee has as values, given the calls on the way.
    fn functions_along(&mut self, callee: At, path: &Path) -> Vec<FnAt> {
        let ask = Ask { clients: false, ..self.ask };
        let mut inner = Search { r: self.r, ask, left: self.left.min(300), seen: HashSet::new(), found: vec![] };
        inner.go(callee, Path { parts: Parts::default(), ..path.clone() });
        inner.found.iter().filter_map(|found| self.r.function_value(&found.end)).collect()
    }

    /// What a function returns as its n-th result.
    fn returns(&mut self, function: FnAt, result: usize, path: Path) {
        let declared = self.r.index.function(function);
        for given in &declared.returns {
            match given.values.as_slice() {
                [] => {
                    let Some(var) = declared.results.get(result).and_then(|r| r.var) else { continue };
                    self.var(VarAt { unit: function.unit, var }, path.clone());
                }
                [only] if declared.results.len() > 1 => {
                    let parts = path.parts.push(Part_::Result(result));
                    self.go(At { unit: function.unit, expr: *only }, Path { parts, ..path.clone() });
                }
                values => {
                    let Some(value) = values.get(result) else { continue };
                    self.go(At { unit: function.unit, expr: *value }, path.clone());
                }
            }
        }
    }

    fn sdk_call(&mut self, at: At, api: ApiRef<'a>, result: usize, path: Path) {
        if result > 0 {
            return;
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
                let Some((_, args)) = self.r.call(at) else { return };
                let Some(argument) = args.get(slot.argument) else { return };
                let mut parts = Parts::default();
                for step in slot.steps.iter().rev() {
                    parts = parts.push(match step {
                        SlotStep::Field(name) => Part_::Field(name.clone()),
                        SlotStep::Element => Part_::Element,
                    });
                }
                let steps = path.steps.then(|| format!("{}()", api.name));
                self.go(At { unit: at.unit, expr: *argument }, Path { parts, steps, ..path });
            }
            _ => self.end(End::Sdk(at, api), &path),
        }
    }

    /// The object a method is called on; when the method is promoted, the embedded field it belongs to.
    fn go_member_base(&mut self, base: At, method: &str, path: Path) {
        let member = self.r.member(&self.r.type_of(base), method);
        match member.path.last() {
            Some((owner, field)) => self.field(owner, field, path),
            None => self.go(base, path),
        }
    }

    fn external_call(&mut self, at: At, callee: At, args: &'a [ExprId], result: usize, path: Path) {
        let here = |expr: ExprId| At { unit: at.unit, expr };
        if let Some(name) = self.r.outside_name(callee) {
            if let Some(argument) = self.r.index.catalogue.flows.get(&name).and_then(|n| args.get(*n)) {
                return self.handed_on(here(*argument), result, path);
            }
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
        // A library function that is given a client most likely hands it on.
        if self.ask.clients {
            let client = args.iter().copied().find(|arg| match self.r.type_of(here(*arg)) {
                Ty::Named(ty) => self.r.is_client_type(&ty, 0),
                _ => false,
            });
            if let Some(client) = client {
                return self.go(here(client), path);
            }
        }
        if result == 0 {
            self.end(End::External(at), &path);
        }
    }

    /// An argument that a library function hands on: the value, or what calling it yields.
    fn handed_on(&mut self, argument: At, result: usize, path: Path) {
        let parts = if result > 0 { path.parts.push(Part_::Result(result)) } else { path.parts.clone() };
        self.go(argument, Path { parts, ..path });
    }

    /// Containers of the library: what one method stored, another hands out; values along a context.
    fn boxed(&mut self, at: At, callee: At, args: &'a [ExprId], path: &Path) -> bool {
        let index = self.r.index;
        let ExprKind::Member { base, name } = index.kind(callee) else { return false };
        let base = At { unit: at.unit, expr: *base };
        if let Some(store) = &index.catalogue.context_store {
            if *name == store.get && args.len() == 1 {
                return self.from_context(at, args, path);
            }
        }
        let Ty::Foreign(ty) = self.r.type_of(base) else { return false };
        let Some(container) = index.catalogue.boxes.get(&*ty) else { return false };
        if container.load != *name {
            return false;
        }
        let Some(slot) = self.slot_of(base) else { return false };
        let mut any = false;
        for call in index.calls_named(&container.store).collect::<Vec<_>>() {
            let Some((callee, given)) = self.r.call(call) else { continue };
            let ExprKind::Member { base, .. } = index.kind(callee) else { continue };
            if self.slot_of(At { unit: call.unit, expr: *base }).as_ref() != Some(&slot) || !self.counts(call.unit) {
                continue;
            }
            let Some(value) = given.last() else { continue };
            any = true;
            self.go(At { unit: call.unit, expr: *value }, Path { frames: Frames::default(), ..path.clone() });
        }
        any
    }

    fn from_context(&mut self, at: At, args: &'a [ExprId], path: &Path) -> bool {
        let index = self.r.index;
        let Some(store) = &index.catalogue.context_store else { return false };
        let Some(key) = args.first() else { return false };
        let key = index.unit(at.unit).text_of(*key).rsplit('.').next().unwrap_or_default().to_owned();
        let put = store.put.rsplit('.').next().unwrap_or(&store.put).to_owned();
        let mut any = false;
        for call in index.calls_named(&put).collect::<Vec<_>>() {
            let Some((callee, given)) = self.r.call(call) else { continue };
            if self.r.outside_name(callee).as_deref() != Some(store.put.as_str()) || !self.counts(call.unit) {
                continue;
            }
            let [_, other, value] = given else { continue };
            let other = index.unit(call.unit).text_of(*other);
            if other.rsplit('.').next() != Some(key.as_str()) {
                continue;
            }
            any = true;
            let steps = path.steps.then(|| format!("context value {key}"));
            let path = Path { frames: Frames::default(), steps, ..path.clone() };
            self.go(At { unit: call.unit, expr: *value }, path);
        }
        any
    }

    /// The variable or field an expression names, as an identity.
    fn slot_of(&self, at: At) -> Option<String> {
        let index = self.r.index;
        match index.kind(at) {
            ExprKind::Var(var) => Some(format!("{}#{}", at.unit, var.0)),
            ExprKind::Free(name) => Some(join(&index.unit(at.unit).package, name)),
            ExprKind::Same(inner) => self.slot_of(At { unit: at.unit, expr: *inner }),
            ExprKind::Member { base, name } => {
                let base = At { unit: at.unit, expr: *base };
                if let Some(package) = index.package_at(base) {
                    return Some(join(package, name));
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
