//! Look-up tables over the lowered units of one language.

mod build;
mod holders;
mod names;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::catalogue::Catalogue;
use super::lang::{Builtin, FrontEnd, Project};
use super::prefilter::{FileRequest, Reach};
use super::program::*;
pub use holders::{Holder, Holders};

/// An expression somewhere in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// The file.
    pub unit: u32,
    /// The expression.
    pub expr: ExprId,
}

/// A function somewhere in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FnAt {
    /// The file.
    pub unit: u32,
    /// The function.
    pub func: FuncId,
}

/// A variable somewhere in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarAt {
    /// The file.
    pub unit: u32,
    /// The variable.
    pub var: VarId,
}

/// Which files a search asks for when it meets names that are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestScope {
    /// Those that declare the name, and those that may use it.
    #[default]
    All,
    /// Those that use the name and import what declares it.
    Near,
    /// Those that declare the name: for constants, which add a name and no client.
    Declarations,
    /// None: what was read is enough.
    Nothing,
}

/// The tables.
pub struct Index<'a> {
    /// The files.
    pub units: &'a [Unit],
    /// SDK of the language.
    pub catalogue: &'a Catalogue,
    /// Packages of the tree.
    pub project: &'a Project,
    /// The language.
    pub front: &'static dyn FrontEnd,
    imports: Vec<HashMap<&'a str, &'a Import>>,
    /// Imported names under which a package holds another package: file and alias → that package.
    inner: HashMap<(u32, &'a str), String>,
    by_package: HashMap<&'a str, Vec<u32>>,
    packages: HashSet<String>,
    derived: HashMap<&'a str, Vec<&'a str>>,
    types: HashMap<String, (u32, usize)>,
    functions: HashMap<String, Vec<FnAt>>,
    methods: HashMap<String, HashMap<&'a str, FnAt>>,
    methods_by_name: HashMap<&'a str, Vec<FnAt>>,
    globals: HashMap<String, Vec<VarAt>>,
    global_writes: HashMap<String, Vec<(u32, usize)>>,
    field_writes: HashMap<&'a str, Vec<(u32, usize)>>,
    var_writes: HashMap<VarAt, Vec<(u32, usize)>>,
    composites: HashMap<String, Vec<At>>,
    calls_by_name: HashMap<&'a str, Vec<(u32, usize)>>,
    call_places: HashMap<At, CallPlace>,
    references: HashMap<&'a str, Vec<(u32, usize)>>,
    lambdas: HashMap<FnAt, At>,
    /// Members that are called, in languages where a field may have the name of a method.
    called: HashSet<At>,
    arguments: HashMap<At, (At, usize)>,
    named_arguments: HashMap<At, (At, &'a Part)>,
    handed_on: HashMap<&'a str, Vec<&'a str>>,
    keyed: HashMap<FnAt, (&'a str, At)>,
    annotations: HashMap<VarAt, Vec<At>>,
    /// Variable → calls of what it holds.
    called_vars: HashMap<VarAt, Vec<At>>,
    /// Variable → the places where it is an argument.
    given_vars: HashMap<VarAt, Vec<At>>,
    /// Expression → variables that are given it as a whole.
    kept: HashMap<At, Vec<VarAt>>,
    /// Expression → the call of a member of it.
    chained: HashMap<At, At>,
    /// Function literal → the call right behind it.
    in_place: HashMap<At, At>,
    /// Some packages hand on names of others.
    hands_on: bool,
    /// Which files are asked for.
    pub asks: std::cell::Cell<RequestScope>,
    /// Names the analysis asked for and did not find.
    pub wants: std::cell::RefCell<BTreeSet<FileRequest>>,
}

impl<'a> Index<'a> {
    /// The name a callee or reference ends in; behind an alias, the name that is imported.
    pub fn meant_name(&self, n: u32, unit: &'a Unit, expr: ExprId) -> Option<&'a str> {
        if let ExprKind::Free(alias) = &unit.expr(expr).kind {
            let import = self.imports.get(n as usize).and_then(|imports| imports.get(alias.as_str()));
            if let Some(Import { member: Some(member), .. }) = import {
                return Some(member);
            }
        }
        self.last_name(unit, expr)
    }

    /// The name a callee or reference ends in.
    pub fn last_name(&self, unit: &'a Unit, expr: ExprId) -> Option<&'a str> {
        match &unit.expr(expr).kind {
            ExprKind::Member { name, .. } | ExprKind::Free(name) => Some(name),
            ExprKind::Var(var) => Some(&unit.var(*var).name),
            ExprKind::Type(TypeExpr::Named { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// A file.
    pub fn unit(&self, n: u32) -> &'a Unit {
        &self.units[n as usize]
    }

    /// An expression's shape.
    pub fn kind(&self, at: At) -> &'a ExprKind {
        &self.unit(at.unit).expr(at.expr).kind
    }

    /// A function.
    pub fn function(&self, at: FnAt) -> &'a Function {
        self.unit(at.unit).function(at.func)
    }

    /// A variable.
    pub fn var(&self, at: VarAt) -> &'a Var {
        self.unit(at.unit).var(at.var)
    }

    /// The key under which a literal holds a lambda, and the literal.
    pub fn key_of(&self, lambda: FnAt) -> Option<(&'a str, At)> {
        self.keyed.get(&lambda).copied()
    }

    /// Calls written upon a variable.
    pub fn annotations(&self, var: VarAt) -> &[At] {
        self.annotations.get(&var).map_or(&[], Vec::as_slice)
    }

    /// All object literals that have a field of this name: every expression is looked at.
    pub fn literals_with(&self, field: &str) -> Vec<(At, &'a [Part])> {
        let mut found = vec![];
        for (n, unit) in self.units.iter().enumerate() {
            for (i, expr) in unit.exprs.iter().enumerate() {
                if let ExprKind::Composite { parts, .. } = &expr.kind
                    && parts.iter().any(|p| matches!(&p.key, Some(Key::Name(name)) if name == field))
                {
                    found.push((At { unit: n as u32, expr: ExprId(i as u32) }, parts.as_slice()));
                }
            }
        }
        found
    }

    /// Calls of what a variable holds.
    pub fn calls_of_var(&self, var: VarAt) -> &[At] {
        self.called_vars.get(&var).map_or(&[], Vec::as_slice)
    }

    /// The places where a variable is an argument of a call.
    pub fn given_as(&self, var: VarAt) -> &[At] {
        self.given_vars.get(&var).map_or(&[], Vec::as_slice)
    }

    /// The variables that are given the value of an expression.
    pub fn kept_in(&self, at: At) -> &[VarAt] {
        self.kept.get(&at).map_or(&[], Vec::as_slice)
    }

    /// The call of a member of an expression: the next link of a chain.
    pub fn chained(&self, base: At) -> Option<At> {
        self.chained.get(&base).copied()
    }

    /// The call of a function literal where it is written.
    pub fn called_in_place(&self, lambda: At) -> Option<At> {
        self.in_place.get(&lambda).copied()
    }

    /// How many expressions the files have.
    pub fn size(&self) -> usize {
        self.units.iter().map(|unit| unit.exprs.len()).sum()
    }

    /// A type declaration of the tree.
    pub fn type_decl(&self, full: &str) -> Option<(u32, &'a TypeDecl)> {
        let (unit, i) = *self.types.get(full)?;
        Some((unit, self.unit(unit).types.get(i)?))
    }

    /// Free functions of a full name (several under build constraints).
    pub fn functions(&self, full: &str) -> &[FnAt] {
        self.functions.get(full).map_or(&[], Vec::as_slice)
    }

    /// A method a type declares itself.
    pub fn own_method(&self, ty: &str, name: &str) -> Option<FnAt> {
        self.methods.get(ty)?.get(name).copied()
    }

    /// Whether a file is code of the SDK itself.
    pub fn is_sdk_itself(&self, unit: u32) -> bool {
        self.front.is_sdk_itself(&self.unit(unit).path, self.project)
    }

    /// Whether an expression can only mean a field: it is not called, and methods are never values of an object.
    pub fn is_field(&self, at: At) -> bool {
        self.front.fields_apart() && !self.called.contains(&at)
    }

    /// The methods a type declares itself.
    pub fn own_methods(&self, ty: &str) -> impl Iterator<Item = FnAt> + '_ {
        self.methods.get(ty).into_iter().flat_map(|methods| methods.values().copied())
    }

    /// The full name of the type a function is a method of.
    pub fn owner(&self, at: FnAt) -> Option<String> {
        Some(self.owner_in(at.unit, self.function(at).owner.as_deref()?))
    }

    /// The full name of a type that has methods in a file: of this package, or imported.
    fn owner_in(&self, unit: u32, owner: &str) -> String {
        let own = join(&self.unit(unit).package, owner);
        if self.types.contains_key(&own) {
            return own;
        }
        match self.imports.get(unit as usize).and_then(|imports| imports.get(owner)) {
            Some(Import { path, member: Some(member), .. }) => self.canonical(&join(path, member)),
            _ => own,
        }
    }

    /// All methods of a name.
    pub fn methods_named(&self, name: &str) -> &[FnAt] {
        self.methods_by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Package-level variables of a full name.
    pub fn globals(&self, full: &str) -> &[VarAt] {
        self.globals.get(full).map_or(&[], Vec::as_slice)
    }

    /// Assignments to a package-level variable from other files.
    pub fn global_writes(&self, full: &str) -> &[(u32, usize)] {
        self.global_writes.get(full).map_or(&[], Vec::as_slice)
    }

    /// Assignments to fields of a name.
    pub fn field_writes(&self, field: &str) -> &[(u32, usize)] {
        self.field_writes.get(field).map_or(&[], Vec::as_slice)
    }

    /// Assignments to fields of a variable.
    pub fn var_writes(&self, var: VarAt) -> &[(u32, usize)] {
        self.var_writes.get(&var).map_or(&[], Vec::as_slice)
    }

    /// Composite literals of a type.
    pub fn composites(&self, full: &str) -> &[At] {
        self.composites.get(full).map_or(&[], Vec::as_slice)
    }

    /// Calls whose callee ends in a name.
    pub fn calls_named(&self, name: &str) -> impl Iterator<Item = At> + '_ {
        self.calls_by_name.get(name).into_iter().flatten().filter_map(|(n, i)| {
            let call = self.unit(*n).calls.get(*i)?;
            Some(At { unit: *n, expr: call.expr })
        })
    }

    /// Where a call stands.
    pub fn call_place(&self, at: At) -> Option<CallPlace> {
        self.call_places.get(&at).copied()
    }

    /// Uses of a name as a value.
    pub fn references_named(&self, name: &str) -> impl Iterator<Item = (u32, Reference)> + '_ {
        self.references
            .get(name)
            .into_iter()
            .flatten()
            .filter_map(|(n, i)| Some((*n, *self.unit(*n).references.get(*i)?)))
    }

    /// The expression of a lambda.
    pub fn lambda_at(&self, at: FnAt) -> Option<At> {
        self.lambdas.get(&at).copied()
    }

    /// The call an expression is an argument of, and which.
    pub fn argument_of(&self, at: At) -> Option<(At, usize)> {
        self.arguments.get(&at).copied()
    }

    /// The call an expression is a named argument of, and the part it is.
    pub fn named_argument_of(&self, at: At) -> Option<(At, &'a Part)> {
        self.named_arguments.get(&at).copied()
    }

    /// What a free name of a file does as a builtin function: none when it is declared or imported there.
    pub fn builtin(&self, unit: u32, name: &str) -> Option<Builtin> {
        let builtin = self.front.builtin(name)?;
        let full = join(&self.unit(unit).package, name);
        let imported = self.imports.get(unit as usize).is_some_and(|imports| imports.contains_key(name));
        (!imported && !self.declares(&full)).then_some(builtin)
    }

    /// Whether a name is a builtin type without members of interest, where nothing of the tree is called so.
    pub fn is_plain_type(&self, unit: u32, name: &str) -> bool {
        self.front.plain_types().contains(&name) && !self.types.contains_key(&join(&self.unit(unit).package, name))
    }

    /// Whether a method name says too little to be bound by it alone.
    pub fn is_plain(&self, name: &str) -> bool {
        self.front.is_plain(name)
    }

    /// Whether arguments may be given by name or left out, and maps are written with names as keys.
    pub fn names_arguments(&self) -> bool {
        self.front.names_arguments()
    }

    /// Whether the tree holds the package.
    pub fn is_local(&self, package: &str) -> bool {
        self.front.folder_of(package, self.project).is_some()
    }

    /// Ask for files that hold a name.
    pub fn want(&self, package: &str, name: &str, reach: Reach) {
        if name.is_empty() || name == "_" {
            return;
        }
        let asks = self.asks.get();
        let declaration = reach == Reach::Declaration;
        match asks {
            RequestScope::Nothing => return,
            RequestScope::Near if declaration => return,
            RequestScope::Declarations if !declaration => return,
            _ => {}
        }
        let package = package.strip_suffix("_test").unwrap_or(package);
        let reach = match reach {
            Reach::Anywhere if asks != RequestScope::All => Reach::Importers,
            reach => reach,
        };
        let (name, package) = (name.to_owned(), package.to_owned());
        self.wants.borrow_mut().insert(FileRequest { name, package, reach, owner: None });
    }

    /// Ask for the file of a package that declares a method of a type apart from the type.
    pub fn want_method(&self, owner: &str, name: &str) {
        if self.front.methods_apart() && matches!(self.asks.get(), RequestScope::All | RequestScope::Declarations) {
            self.wants.borrow_mut().insert(FileRequest {
                name: name.to_owned(),
                package: package_part(owner).to_owned(),
                reach: Reach::Declaration,
                owner: Some(name_part(owner).to_owned()),
            });
        }
    }

    /// `path:line` for reasons and paths.
    pub fn place(&self, at: At) -> String {
        let unit = self.unit(at.unit);
        format!("{}:{}", unit.path, unit.expr(at.expr).line)
    }

    /// Name of a function with its type, `Type.Method`.
    pub fn display(&self, at: FnAt) -> String {
        let function = self.function(at);
        match &function.owner {
            Some(owner) => format!("{owner}.{}", function.name),
            None if function.name.is_empty() => "a function literal".to_owned(),
            None => function.name.clone(),
        }
    }
}

/// An interned full name.
pub type Name = Rc<str>;

/// `package.name`.
pub fn join(package: &str, name: &str) -> String {
    let mut full = String::with_capacity(package.len() + name.len() + 1);
    full.push_str(package);
    full.push('.');
    full.push_str(name);
    full
}

/// The package of a full name.
pub fn package_part(full: &str) -> &str {
    full.rsplit_once('.').map_or("", |(package, _)| package)
}

/// The last part of a full name.
pub fn name_part(full: &str) -> &str {
    full.rsplit_once('.').map_or(full, |(_, name)| name)
}

/// Look through address-of and conversions.
pub fn strip(unit: &Unit, mut expr: ExprId) -> ExprId {
    loop {
        match unit.expr(expr).kind {
            ExprKind::Same(inner) => expr = inner,
            ExprKind::Cast { value, .. } => expr = value,
            _ => return expr,
        }
    }
}
