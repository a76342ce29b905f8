//! Filling the tables.

use super::*;

impl<'a> Index<'a> {
    /// Build the tables.
    pub fn new(
        units: &'a [Unit],
        catalogue: &'a Catalogue,
        project: &'a Project,
        front: &'static dyn FrontEnd,
    ) -> Self {
        let mut index = Self {
            units,
            catalogue,
            project,
            front,
            imports: vec![],
            inner: HashMap::default(),
            by_package: HashMap::default(),
            packages: catalogue.packages(),
            derived: HashMap::default(),
            types: HashMap::default(),
            functions: HashMap::default(),
            methods: HashMap::default(),
            methods_by_name: HashMap::default(),
            globals: HashMap::default(),
            global_writes: HashMap::default(),
            field_writes: HashMap::default(),
            var_writes: HashMap::default(),
            composites: HashMap::default(),
            calls_by_name: HashMap::default(),
            call_places: HashMap::default(),
            references: HashMap::default(),
            lambdas: HashMap::default(),
            called: HashSet::default(),
            arguments: HashMap::default(),
            named_arguments: HashMap::default(),
            handed_on: HashMap::default(),
            keyed: HashMap::default(),
            annotations: HashMap::default(),
            called_vars: HashMap::default(),
            given_vars: HashMap::default(),
            kept: HashMap::default(),
            chained: HashMap::default(),
            in_place: HashMap::default(),
            hands_on: units.iter().any(|u| !u.hands_on.is_empty() || u.imports.iter().any(|i| i.member.is_some())),
            asks: Default::default(),
            wants: Default::default(),
        };
        let names: HashMap<&str, &str> = units.iter().map(|u| (u.package.as_str(), u.package_name.as_str())).collect();
        for unit in units {
            let mut imports = HashMap::default();
            for import in &unit.imports {
                let alias = match &import.alias {
                    Some(alias) => alias.as_str(),
                    None => names.get(import.path.as_str()).copied().unwrap_or_else(|| default_alias(&import.path)),
                };
                imports.insert(alias, import);
                if let Some(member) = import.member.as_deref().filter(|_| front.nests()) {
                    let inside = format!("{}/{member}", import.path);
                    if project.folders.contains(&inside) {
                        index.inner.insert((index.imports.len() as u32, alias), inside);
                    }
                }
            }
            index.imports.push(imports);
        }
        for (n, unit) in units.iter().enumerate() {
            index.by_package.entry(&unit.package).or_default().push(n as u32);
            index.declarations(n as u32, unit);
        }
        // Methods come after the types they belong to, which may stand in other files.
        for (n, unit) in units.iter().enumerate() {
            index.functions_of(n as u32, unit);
        }
        for (n, unit) in units.iter().enumerate() {
            index.uses(n as u32, unit);
        }
        index
    }

    fn declarations(&mut self, n: u32, unit: &'a Unit) {
        for package in &unit.hands_on {
            self.handed_on.entry(&unit.package).or_default().push(package);
        }
        for annotation in &unit.annotations {
            let call = At { unit: n, expr: annotation.call };
            self.annotations.entry(VarAt { unit: n, var: annotation.on }).or_default().push(call);
        }
        for (i, ty) in unit.types.iter().enumerate() {
            self.types.entry(join(&unit.package, &ty.name)).or_insert((n, i));
            if let TypeKind::Record { fields, .. } = &ty.kind {
                for base in fields.iter().filter(|f| f.embedded && ty.made_by_call) {
                    self.derived.entry(&base.name).or_default().push(&ty.name);
                }
            }
            if let TypeKind::Record { bases, .. } | TypeKind::Interface { bases, .. } = &ty.kind {
                for base in bases {
                    if let TypeExpr::Named { name, .. } = base {
                        self.derived.entry(name).or_default().push(&ty.name);
                    }
                }
            }
        }
        for var in &unit.globals {
            let name = join(&unit.package, &unit.var(*var).name);
            self.globals.entry(name).or_default().push(VarAt { unit: n, var: *var });
        }
        for call in &unit.calls {
            self.call_places.insert(At { unit: n, expr: call.expr }, *call);
        }
    }

    fn functions_of(&mut self, n: u32, unit: &'a Unit) {
        for (i, function) in unit.functions.iter().enumerate() {
            let at = FnAt { unit: n, func: FuncId(i as u32) };
            match &function.owner {
                Some(owner) => {
                    let owner = self.owner_in(n, owner);
                    self.methods.entry(owner).or_default().entry(&function.name).or_insert(at);
                    self.methods_by_name.entry(&function.name).or_default().push(at);
                }
                None if !function.name.is_empty() => {
                    self.functions.entry(join(&unit.package, &function.name)).or_default().push(at);
                }
                None => {}
            }
        }
    }

    /// Where the values of variables and chains of calls go on.
    fn flows(&mut self, n: u32, unit: &'a Unit, call: ExprId, callee: ExprId, args: &[ExprId]) {
        let here = |expr: ExprId| At { unit: n, expr };
        match &unit.expr(callee).kind {
            ExprKind::Var(var) => {
                self.called_vars.entry(VarAt { unit: n, var: *var }).or_default().push(here(call));
            }
            ExprKind::Member { base, .. } => {
                self.chained.entry(here(*base)).or_insert(here(call));
            }
            ExprKind::Lambda(_) => {
                self.in_place.insert(here(callee), here(call));
            }
            _ => {}
        }
        for argument in args {
            if let ExprKind::Var(var) = unit.expr(*argument).kind {
                self.given_vars.entry(VarAt { unit: n, var }).or_default().push(here(*argument));
            }
        }
    }

    fn uses(&mut self, n: u32, unit: &'a Unit) {
        for (i, call) in unit.calls.iter().enumerate() {
            let ExprKind::Call { callee, args, named, .. } = &unit.expr(call.expr).kind else { continue };
            self.flows(n, unit, call.expr, *callee, args);
            if self.front.fields_apart() {
                self.called.insert(At { unit: n, expr: *callee });
            }
            if let Some(name) = self.meant_name(n, unit, *callee) {
                self.calls_by_name.entry(name).or_default().push((n, i));
            }
            for (position, argument) in args.iter().enumerate() {
                self.arguments.insert(At { unit: n, expr: *argument }, (At { unit: n, expr: call.expr }, position));
            }
            for part in named {
                let call = At { unit: n, expr: call.expr };
                self.named_arguments.insert(At { unit: n, expr: part.value }, (call, part));
            }
        }
        for (i, reference) in unit.references.iter().enumerate() {
            if let Some(name) = self.meant_name(n, unit, reference.expr) {
                self.references.entry(name).or_default().push((n, i));
            }
        }
        for (i, expr) in unit.exprs.iter().enumerate() {
            let at = At { unit: n, expr: ExprId(i as u32) };
            match &expr.kind {
                ExprKind::Composite { ty: TypeExpr::Named { qualifier, name }, .. } => {
                    let full = self.full_name(n, qualifier.as_deref(), name);
                    self.composites.entry(full).or_default().push(at);
                }
                ExprKind::Composite { parts, .. } => {
                    for part in parts {
                        if let (Some(Key::Name(name)), ExprKind::Lambda(func)) =
                            (&part.key, &unit.expr(part.value).kind)
                        {
                            self.keyed.insert(FnAt { unit: n, func: *func }, (name, at));
                        }
                    }
                }
                ExprKind::Lambda(func) => {
                    self.lambdas.insert(FnAt { unit: n, func: *func }, at);
                }
                _ => {}
            }
        }
        for (i, var) in unit.vars.iter().enumerate() {
            let at = VarAt { unit: n, var: VarId(i as u32) };
            for source in var.sources.iter().filter(|source| source.take == Projection::Whole) {
                self.kept.entry(At { unit: n, expr: source.value }).or_default().push(at);
            }
        }
        for (i, write) in unit.writes.iter().enumerate() {
            match &unit.expr(write.target).kind {
                ExprKind::Free(name) => {
                    self.global_writes.entry(join(&unit.package, name)).or_default().push((n, i));
                }
                ExprKind::Member { base, name } => {
                    if let Some(package) = self.package_at(At { unit: n, expr: *base }) {
                        let full = join(&package, name);
                        self.global_writes.entry(full).or_default().push((n, i));
                        continue;
                    }
                    self.field_writes.entry(name).or_default().push((n, i));
                    if let ExprKind::Var(var) = unit.expr(strip(unit, *base)).kind {
                        self.var_writes.entry(VarAt { unit: n, var }).or_default().push((n, i));
                    }
                }
                _ => {}
            }
        }
    }
}

/// The name a package most likely has when it was not read: the last segment that is no version.
fn default_alias(path: &str) -> &str {
    let mut segments = path.rsplit('/');
    let last = segments.next().unwrap_or(path);
    let is_version = last.len() > 1 && last.starts_with('v') && last[1..].bytes().all(|b| b.is_ascii_digit());
    let name = if is_version { segments.next().unwrap_or(last) } else { last };
    let name = name.split(".v").next().unwrap_or(name);
    // `kafka-go`, `nats.go` and `go-redis` name the language, too.
    let name = name.strip_prefix("go-").unwrap_or(name);
    name.strip_suffix("-go").or_else(|| name.strip_suffix(".go")).unwrap_or(name)
}
