//! Members: what a name means on a type, through embedded fields and bases.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Resolver, Ty};
use crate::scan::catalogue::{ApiRef, SlotStep};
use crate::scan::index::{At, FnAt, Name, join, strip};
use crate::scan::program::*;

/// Stands for the package of values that are of no type with methods of interest.
pub const PLAIN_VALUE: &str = "plain value";

/// How many types one question about a member may look at.
const TYPES: usize = 60;

/// Type of the tree → assignments to a field of it: file and assignment.
pub(super) type Writers = BTreeMap<Name, Vec<(u32, usize)>>;

/// Object literals that have a field, with their parts.
pub(super) type WithField<'a> = Vec<(At, &'a [Part])>;

/// What a name means on a type, and through which embedded fields it is reached.
#[derive(Clone)]
pub struct Member<'a> {
    /// Embedded fields on the way: owner and field.
    pub path: Vec<(Name, String)>,
    /// What it is.
    pub what: What<'a>,
}

/// What a member is.
#[derive(Clone)]
pub enum What<'a> {
    /// A field of a type of the tree.
    Field {
        /// The type that declares it.
        owner: Name,
        /// Its type.
        ty: Ty,
    },
    /// A method of a type of the tree.
    Method(FnAt),
    /// A method of an interface of the tree.
    Abstract {
        /// The interface.
        owner: Name,
        /// Where it is declared.
        unit: u32,
        /// The method.
        method: &'a Method,
    },
    /// A method of the SDK.
    Sdk(ApiRef<'a>),
    /// An object of the SDK that shares the client of its owner.
    Part(Name),
    /// A method that sets a field of an object of the SDK and hands the object on.
    Builder(Name),
    /// A member of a type of another package, or an SDK method that does not talk to the cluster.
    Foreign(Name),
    /// Not known.
    Unknown,
}

impl<'a> Resolver<'a> {
    /// What the member at `at` is on a type: where both may have the name, a field unless it is called.
    pub fn member_at(&self, at: At, ty: &Ty, name: &str) -> Member<'a> {
        if let Ty::Named(full) = ty
            && self.index.is_field(at)
            && let Some((unit, TypeDecl { kind: TypeKind::Record { fields, .. }, .. })) = self.index.type_decl(full)
            && let Some(field) = fields.iter().find(|f| f.name == name)
        {
            let what = What::Field { owner: full.clone(), ty: self.ty(unit, &field.ty) };
            return Member { path: vec![], what };
        }
        self.member(ty, name)
    }

    /// What `name` is on a type.
    pub fn member(&self, ty: &Ty, name: &str) -> Member<'a> {
        match ty {
            Ty::Named(full) => self.named_member(full, name),
            Ty::Foreign(full) => Member { path: vec![], what: What::Foreign(full.clone()) },
            Ty::Meta(inner) => {
                let Ty::Named(full) = &**inner else { return self.member(inner, name) };
                if let Some(api) = self.index.catalogue.function(&join(full, name)) {
                    return Member { path: vec![], what: What::Sdk(api) };
                }
                self.member(inner, name)
            }
            Ty::Plain | Ty::List(_) | Ty::Map(_) | Ty::Function(_) => {
                Member { path: vec![], what: What::Foreign(PLAIN_VALUE.into()) }
            }
            _ => Member { path: vec![], what: What::Unknown },
        }
    }

    /// A member of a named type; each is looked for once.
    fn named_member(&self, full: &Name, name: &str) -> Member<'a> {
        if let Some(known) = self.members.borrow().get(full).and_then(|members| members.get(name)) {
            return known.clone();
        }
        let unknown = Member { path: vec![], what: What::Unknown };
        let found = self.member_of(full, name, &mut vec![]).unwrap_or(unknown);
        self.members.borrow_mut().entry(full.clone()).or_default().insert(name.to_owned(), found.clone());
        found
    }

    /// `seen` are the types looked at for this question: no type answers it twice.
    fn member_of(&self, full: &Name, name: &str, seen: &mut Vec<Name>) -> Option<Member<'a>> {
        if seen.contains(full) {
            return None;
        }
        if seen.len() >= TYPES {
            if let Some((unit, decl)) = self.index.type_decl(full) {
                self.budget.note(unit, decl.line);
            }
            return None;
        }
        seen.push(full.clone());
        let direct = |what| Some(Member { path: vec![], what });
        if self.index.catalogue.types.contains_key(&**full) {
            return match self.index.catalogue.method(full, name) {
                Some(api) => direct(What::Sdk(api)),
                None if self.index.catalogue.part(full, name).is_some() => {
                    direct(What::Part(self.index.catalogue.part(full, name).unwrap_or_default().into()))
                }
                None => direct(match self.index.own_method(full, name) {
                    // The tree has given the type a method of its own.
                    Some(method) => What::Method(method),
                    None if self.index.catalogue.sdk_type(full).is_some_and(|(_, ty)| ty.builder) => {
                        What::Builder(full.clone())
                    }
                    None => What::Foreign(full.clone()),
                }),
            };
        }
        if let Some(method) = self.index.own_method(full, name) {
            return direct(What::Method(method));
        }
        let (unit, decl) = self.index.type_decl(full)?;
        match &decl.kind {
            TypeKind::Record { fields, bases } => {
                let own = self.member_of_record(full, unit, fields, bases, name, seen);
                if bases.is_empty() {
                    own
                } else {
                    own.filter(|m| !matches!(m.what, What::Unknown)).or_else(|| self.inherited(unit, bases, name, seen))
                }
            }
            TypeKind::Interface { methods, bases, fields } => {
                if let Some(field) = fields.iter().find(|f| f.name == name) {
                    return direct(What::Field { owner: full.clone(), ty: self.ty(unit, &field.ty) });
                }
                if let Some(method) = methods.iter().find(|m| m.name == name) {
                    return direct(What::Abstract { owner: full.clone(), unit, method });
                }
                bases.iter().find_map(|base| match self.ty(unit, base) {
                    Ty::Named(base) => self.member_of(&base, name, seen),
                    _ => None,
                })
            }
            TypeKind::Defined(target) | TypeKind::Alias(target) => match self.ty(unit, target) {
                Ty::Named(target) => self.member_of(&target, name, seen),
                Ty::Foreign(target) => direct(What::Foreign(target)),
                _ => {
                    // A method declared in a file that was not read yet.
                    self.index.want_method(full, name);
                    direct(What::Unknown)
                }
            },
        }
    }

    fn member_of_record(
        &self,
        full: &Name,
        unit: u32,
        fields: &'a [Field],
        bases: &'a [TypeExpr],
        name: &str,
        seen: &mut Vec<Name>,
    ) -> Option<Member<'a>> {
        if let Some(field) = fields.iter().find(|f| f.name == name) {
            let ty = match self.ty(unit, &field.ty) {
                Ty::Unknown => self.written_type(full, name),
                ty => ty,
            };
            return Some(Member { path: vec![], what: What::Field { owner: full.clone(), ty } });
        }
        let mut foreign = None;
        for field in fields.iter().filter(|f| f.embedded) {
            let found = match self.ty(unit, &field.ty) {
                Ty::Named(embedded) => self.member_of(&embedded, name, seen),
                Ty::Foreign(embedded) => {
                    foreign.get_or_insert(embedded);
                    None
                }
                _ => None,
            };
            let Some(mut member) = found else { continue };
            if matches!(member.what, What::Foreign(_) | What::Unknown) {
                continue;
            }
            member.path.insert(0, (full.clone(), field.name.clone()));
            return Some(member);
        }
        if !bases.is_empty() {
            return None;
        }
        // The methods of a type may stand in files that were not read yet.
        self.index.want_method(full, name);
        match foreign {
            Some(foreign) => Some(Member { path: vec![], what: What::Foreign(foreign) }),
            None => Some(Member { path: vec![], what: What::Unknown }),
        }
    }

    /// A member a type has from the types it inherits from.
    fn inherited(&self, unit: u32, bases: &'a [TypeExpr], name: &str, seen: &mut Vec<Name>) -> Option<Member<'a>> {
        let (mut foreign, mut open) = (None, false);
        for base in bases {
            match self.ty(unit, base) {
                Ty::Named(base) => match self.member_of(&base, name, seen) {
                    Some(Member { what: What::Unknown, .. }) | None => {}
                    Some(Member { what: What::Foreign(full), .. }) => foreign = foreign.or(Some(full)),
                    found => return found,
                },
                Ty::Foreign(base) => foreign = foreign.or(Some(base)),
                _ => open = true,
            }
        }
        let what = match foreign.filter(|_| !open) {
            Some(foreign) => What::Foreign(foreign),
            None => What::Unknown,
        };
        Some(Member { path: vec![], what })
    }

    /// Assignments to fields of this name of types of the tree, by the type that has the field; worked out once for
    /// all types that have one of the name.
    pub(super) fn writers(&self, field: &str) -> Rc<Writers> {
        let known = self.writers.borrow().get(field).cloned();
        if let Some(known) = known {
            return known.unwrap_or_default();
        }
        self.writers.borrow_mut().insert(field.to_owned(), None);
        let mut writers = Writers::default();
        for (n, i) in self.index.field_writes(field) {
            let unit = self.index.unit(*n);
            let Some(write) = unit.writes.get(*i) else { continue };
            let ExprKind::Member { base, .. } = unit.expr(write.target).kind else { continue };
            if let What::Field { owner, .. } = self.member(&self.type_of(At { unit: *n, expr: base }), field).what {
                writers.entry(owner).or_default().push((*n, *i));
            }
        }
        let writers = Rc::new(writers);
        self.writers.borrow_mut().insert(field.to_owned(), Some(writers.clone()));
        writers
    }

    /// All object literals that have a field of this name.
    pub(super) fn literals_with(&self, field: &str) -> Rc<WithField<'a>> {
        if let Some(known) = self.with_field.borrow().get(field) {
            return known.clone();
        }
        let found = Rc::new(self.index.literals_with(field));
        self.with_field.borrow_mut().insert(field.to_owned(), found.clone());
        found
    }

    /// The values that production code gives to a field of a type, where its objects are made or later.
    pub fn values_of_field(&self, owner: &Name, field: &str) -> Vec<At> {
        let position = match self.index.type_decl(owner) {
            Some((_, TypeDecl { kind: TypeKind::Record { fields, .. }, .. })) => {
                fields.iter().position(|f| f.name == field)
            }
            _ => None,
        };
        let mut values: Vec<At> =
            self.constructions(owner, field, position).into_iter().map(|(_, value, _)| value).collect();
        for literal in self.index.composites(owner) {
            let ExprKind::Composite { parts, .. } = self.index.kind(*literal) else { continue };
            let is = |(n, part): &(usize, &Part)| match &part.key {
                Some(Key::Name(name)) => name == field,
                Some(_) => false,
                None => position == Some(*n),
            };
            let part = parts.iter().enumerate().find(is);
            values.extend(part.map(|(_, part)| At { unit: literal.unit, expr: part.value }));
        }
        for (unit, i) in self.writers(field).get(owner).into_iter().flatten() {
            let write = self.index.unit(*unit).writes.get(*i).filter(|write| write.source.take == Projection::Whole);
            values.extend(write.map(|write| At { unit: *unit, expr: write.source.value }));
        }
        values.retain(|at| {
            let nothing = matches!(self.index.kind(*at), ExprKind::Nothing);
            self.in_production(at.unit) && !nothing
        });
        values
    }

    /// The value written for a part of a literal.
    pub fn part_of(&self, at: At, steps: &[SlotStep]) -> Option<At> {
        let mut at = At { expr: strip(self.index.unit(at.unit), at.expr), ..at };
        for step in steps {
            if let ExprKind::Var(var) = self.index.kind(at) {
                let [only] = self.index.unit(at.unit).reaching(*var, Some(at.expr))[..] else { return None };
                at.expr = strip(self.index.unit(at.unit), only.value);
            }
            let (ExprKind::Composite { parts, .. }, SlotStep::Field(field)) = (self.index.kind(at), step) else {
                return None;
            };
            let part = parts.iter().find(|part| matches!(&part.key, Some(Key::Name(name)) if name == field))?;
            at.expr = strip(self.index.unit(at.unit), part.value);
        }
        Some(at)
    }
}
