//! Functions that object literals hold under a name: the methods of objects made without a class.

use rustc_hash::FxHashMap as HashMap;

use super::{Resolver, Ty, What};
use crate::scan::index::{At, FnAt, Name, join, package_part, strip};
use crate::scan::prefilter::Reach;
use crate::scan::program::*;

/// A function of an object literal.
#[derive(Debug, Clone, Copy)]
pub struct LiteralMethod<'a> {
    /// The name it is held under.
    pub name: &'a str,
    /// The literal.
    pub literal: At,
    /// The type the literal is declared to have.
    declared: Option<&'a TypeExpr>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Literals<'a> {
    methods: HashMap<FnAt, LiteralMethod<'a>>,
    by_name: HashMap<&'a str, Vec<FnAt>>,
}

impl<'a> Resolver<'a> {
    /// What a function is called in the object literal that holds it. Literals that are written as an argument for a
    /// library are options, not objects.
    pub fn literal_method(&self, function: FnAt) -> Option<LiteralMethod<'a>> {
        let method = self.literals().methods.get(&function).copied()?;
        match self.index.argument_of(method.literal) {
            Some((call, _)) if self.callees(call).is_empty() => None,
            _ => Some(method),
        }
    }

    /// Name of a function as people say it: `Type.method`, `createStarter.start`.
    pub fn display(&self, function: FnAt) -> String {
        match self.literals().methods.get(&function) {
            Some(method) => match self.index.unit(function.unit).name_around(Some(function.func)) {
                Some(outer) => format!("{outer}.{}", method.name),
                None => method.name.to_owned(),
            },
            None => self.index.display(function),
        }
    }

    /// Whether a function stands for a method that a type of the tree declares: its callers know only that type.
    pub fn implements(&self, function: FnAt) -> bool {
        let declared = self.index.function(function);
        let Some(owner) = &declared.owner else {
            return self.literal_method(function).is_some_and(|method| self.declared_type(&method).is_some());
        };
        let owner = join(&self.index.unit(function.unit).package, owner);
        let Some((unit, TypeDecl { kind: TypeKind::Record { fields, bases }, .. })) = self.index.type_decl(&owner)
        else {
            return false;
        };
        let embedded = fields.iter().filter(|field| field.embedded).map(|field| &field.ty);
        bases.iter().chain(embedded).any(|base| {
            let base = self.ty(unit, base);
            matches!(self.member(&base, &declared.name).what, What::Method(_) | What::Abstract { .. })
        })
    }

    /// The interface of the tree a literal is declared to be.
    fn declared_type(&self, method: &LiteralMethod<'a>) -> Option<Name> {
        match self.ty(method.literal.unit, method.declared?) {
            Ty::Named(full) if self.index.type_decl(&full).is_some() => Some(full),
            _ => None,
        }
    }

    /// Calls of a method of an object literal.
    pub(super) fn literal_callers(&self, function: FnAt) -> Vec<At> {
        let Some(method) = self.literal_method(function) else { return vec![] };
        self.index.want(&self.index.unit(function.unit).package, method.name, Reach::Importers);
        if let Some(interface) = self.declared_type(&method) {
            self.index.want(package_part(&interface), method.name, Reach::Importers);
        }
        self.index.calls_named(method.name).filter(|call| self.callees(*call).contains(&function)).collect()
    }

    /// Functions of object literals that an interface method may run: those of literals declared to be the interface,
    /// and those of undeclared ones that have all its methods when it has several.
    pub(super) fn literal_implementers(&self, interface: &Name, method: &str, methods: &[Method]) -> Vec<FnAt> {
        let literals = self.literals();
        let named = literals.by_name.get(method).into_iter().flatten();
        let fits = |function: &&FnAt| {
            let Some(method) = literals.methods.get(function) else { return false };
            match method.declared {
                Some(_) => self.declared_type(method).as_ref() == Some(interface),
                None => methods.len() > 1 && methods.iter().all(|m| self.has_key(method.literal, &m.name)),
            }
        };
        named.filter(fits).copied().collect()
    }

    fn has_key(&self, literal: At, name: &str) -> bool {
        match self.index.kind(literal) {
            ExprKind::Composite { parts, .. } => {
                parts.iter().any(|part| matches!(&part.key, Some(Key::Name(key)) if key == name))
            }
            _ => false,
        }
    }

    fn literals(&self) -> &Literals<'a> {
        self.literals.get_or_init(|| {
            let mut literals = Literals::default();
            for (n, unit) in self.index.units.iter().enumerate() {
                collect(n as u32, unit, &mut literals);
            }
            literals
        })
    }
}

fn collect<'a>(n: u32, unit: &'a Unit, literals: &mut Literals<'a>) {
    let declared = declared_types(unit);
    for (i, expr) in unit.exprs.iter().enumerate() {
        let ExprKind::Composite { ty: TypeExpr::Unknown, parts } = &expr.kind else { continue };
        let literal = At { unit: n, expr: ExprId(i as u32) };
        for part in parts {
            let (Some(Key::Name(name)), Some(func)) = (&part.key, function_value(unit, part.value)) else { continue };
            let function = FnAt { unit: n, func };
            let method = LiteralMethod { name, literal, declared: declared.get(&literal.expr).copied() };
            if literals.methods.insert(function, method).is_none() {
                literals.by_name.entry(name).or_default().push(function);
            }
        }
    }
}

/// The function written here, or held by the local variable that is named here.
fn function_value(unit: &Unit, value: ExprId) -> Option<FuncId> {
    match &unit.expr(strip(unit, value)).kind {
        ExprKind::Lambda(func) => Some(*func),
        ExprKind::Var(var) => match unit.var(*var).sources.as_slice() {
            [only] => match unit.expr(strip(unit, only.value)).kind {
                ExprKind::Lambda(func) => Some(func),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Literals whose type is written: what a function returns, what a variable is given, what is asserted.
fn declared_types<'a>(unit: &'a Unit) -> HashMap<ExprId, &'a TypeExpr> {
    let mut found: HashMap<ExprId, &'a TypeExpr> = HashMap::default();
    let mut note = |value: ExprId, ty: &'a TypeExpr| {
        if *ty != TypeExpr::Unknown {
            found.insert(strip(unit, value), ty);
        }
    };
    for function in &unit.functions {
        if let [result] = function.results.as_slice() {
            function.returns.iter().flat_map(|given| &given.values).for_each(|value| note(*value, &result.ty));
        }
    }
    for var in &unit.vars {
        var.sources.iter().filter(|s| s.take == Projection::Whole).for_each(|source| note(source.value, &var.ty));
    }
    for expr in &unit.exprs {
        if let ExprKind::Cast { ty, value } = &expr.kind {
            note(*value, ty);
        }
    }
    found
}
