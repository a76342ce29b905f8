//! Patterns: the variables they bind, and what must hold for them to match.

use syn::{Member, Pat};

use super::{Lowering, Range, modules, types};
use crate::scan::program::*;

/// The name a pattern gives to the whole value.
pub(super) fn name_of(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Ident(ident) => Some(ident.ident.to_string()),
        Pat::Type(inner) => name_of(&inner.pat),
        Pat::Reference(inner) => name_of(&inner.pat),
        Pat::Paren(inner) => name_of(&inner.pat),
        // `State(state): State<AppState>`.
        Pat::TupleStruct(inner) => {
            let last = inner.path.segments.last()?.ident.to_string();
            match inner.elems.first() {
                Some(only) if inner.elems.len() == 1 && holds(&last) => name_of(only),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether what stands inside is the value itself, for our purposes.
fn holds(name: &str) -> bool {
    matches!(name, "Ok" | "Some" | "Err") || types::is_same(name)
}

impl Lowering<'_> {
    /// 1-based line of a pattern.
    pub(super) fn pattern_line(&mut self, pattern: &Pat) -> u32 {
        match pattern {
            Pat::Ident(ident) => self.line(ident.ident.span()),
            Pat::TupleStruct(inner) => inner.path.segments.first().map_or(1, |s| self.line(s.ident.span())),
            Pat::Type(inner) => self.pattern_line(&inner.pat),
            _ => self.b.unit.blocks.get(self.b.block().at()).map_or(1, |b| b.line),
        }
    }

    /// Bind the names of a pattern to a value and its parts.
    pub(super) fn bind(&mut self, pattern: &Pat, value: ExprId) {
        self.bind_as(pattern, Some(value), TypeExpr::Unknown, Projection::Whole, 0);
    }

    pub(super) fn bind_as(
        &mut self,
        pattern: &Pat,
        value: Option<ExprId>,
        ty: TypeExpr,
        take: Projection,
        depth: usize,
    ) {
        if depth > 100 {
            self.b.unit.too_deep = true;
            return;
        }
        match pattern {
            Pat::Ident(ident) => {
                let line = self.line(ident.ident.span());
                let var = self.b.declare(&ident.ident.to_string(), Role::Local, ty, line);
                if let Some(value) = value {
                    self.b.give(var, value, take);
                }
                if let Some((_, inner)) = &ident.subpat {
                    self.bind_as(inner, value, TypeExpr::Unknown, take, depth + 1);
                }
            }
            Pat::Type(inner) => {
                let ty = self.ty(&inner.ty);
                self.bind_as(&inner.pat, value, ty, take, depth + 1);
            }
            Pat::Reference(inner) => self.bind_as(&inner.pat, value, ty, take, depth + 1),
            Pat::Paren(inner) => self.bind_as(&inner.pat, value, ty, take, depth + 1),
            Pat::Or(inner) => {
                for case in inner.cases.iter().take(1) {
                    self.bind_as(case, value, TypeExpr::Unknown, take, depth + 1);
                }
            }
            // Key and value, or number and element.
            Pat::Tuple(inner) if take == Projection::ElementOf && inner.elems.len() == 2 => {
                for (i, pattern) in inner.elems.iter().enumerate() {
                    let value = value.filter(|_| i == 1);
                    self.bind_as(pattern, value, TypeExpr::Unknown, take, depth + 1);
                }
            }
            Pat::Tuple(inner) => {
                for (i, pattern) in inner.elems.iter().enumerate() {
                    self.bind_part(pattern, value, i, depth);
                }
            }
            Pat::TupleStruct(inner) => {
                let last = inner.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
                if inner.elems.len() == 1 && holds(&last) {
                    for pattern in &inner.elems {
                        self.bind_as(pattern, value, TypeExpr::Unknown, take, depth + 1);
                    }
                    return;
                }
                for (i, pattern) in inner.elems.iter().enumerate() {
                    let part = value.map(|value| self.part(value, i.to_string()));
                    self.bind_as(pattern, part, TypeExpr::Unknown, Projection::Whole, depth + 1);
                }
            }
            Pat::Struct(inner) => {
                for field in &inner.fields {
                    let name = match &field.member {
                        Member::Named(name) => name.to_string(),
                        Member::Unnamed(index) => index.index.to_string(),
                    };
                    let part = value.map(|value| self.part(value, name));
                    self.bind_as(&field.pat, part, TypeExpr::Unknown, Projection::Whole, depth + 1);
                }
            }
            Pat::Slice(inner) => {
                for pattern in &inner.elems {
                    self.bind_as(pattern, value, TypeExpr::Unknown, Projection::ElementOf, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// A part of a tuple: of one written out, of what a call yields, or of any other value.
    fn bind_part(&mut self, pattern: &Pat, value: Option<ExprId>, i: usize, depth: usize) {
        let Some(value) = value else {
            return self.bind_as(pattern, None, TypeExpr::Unknown, Projection::Whole, depth + 1);
        };
        match self.kind(value) {
            ExprKind::Composite { parts, .. } => {
                let part = parts.get(i).map(|part| part.value);
                self.bind_as(pattern, part, TypeExpr::Unknown, Projection::Whole, depth + 1);
            }
            ExprKind::Call { .. } | ExprKind::Binary { .. } | ExprKind::Choice { .. } => {
                self.bind_as(pattern, Some(value), TypeExpr::Unknown, Projection::Result(i), depth + 1);
            }
            _ => {
                let part = self.part(value, i.to_string());
                self.bind_as(pattern, Some(part), TypeExpr::Unknown, Projection::Whole, depth + 1);
            }
        }
    }

    fn part(&mut self, base: ExprId, name: String) -> ExprId {
        let range: Range = self.range(base);
        self.add(ExprKind::Member { base, name }, range)
    }

    /// The alternatives of a pattern as values, when they are paths or literals.
    pub(super) fn pattern_values(&mut self, pattern: &Pat, depth: usize) -> Vec<ExprId> {
        if depth > 100 {
            return vec![];
        }
        match pattern {
            Pat::Path(path) => vec![self.path(&path.path)],
            Pat::TupleStruct(inner) => vec![self.path(&inner.path)],
            Pat::Struct(inner) => vec![self.path(&inner.path)],
            Pat::Lit(literal) => vec![self.literal(&literal.lit)],
            Pat::Ident(ident) if ident.subpat.is_none() && is_constant(&ident.ident.to_string()) => {
                let path = syn::Path::from(ident.ident.clone());
                let range = modules::range_of(&path);
                vec![self.add(ExprKind::Free(ident.ident.to_string()), range)]
            }
            Pat::Or(inner) => inner.cases.iter().flat_map(|case| self.pattern_values(case, depth + 1)).collect(),
            Pat::Paren(inner) => self.pattern_values(&inner.pat, depth + 1),
            Pat::Reference(inner) => self.pattern_values(&inner.pat, depth + 1),
            _ => vec![],
        }
    }
}

/// A name that cannot be a variable: a constant, a unit struct or a variant.
fn is_constant(name: &str) -> bool {
    name.starts_with(|c: char| c.is_uppercase())
}
