//! Expressions.

use syn::{BinOp, Expr, Lit, Member, UnOp};

use super::{Lowering, Range};
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// An expression used as a value: a member or free name here is a reference, not a callee.
    pub(super) fn value(&mut self, expr: &Expr) -> ExprId {
        let id = self.expression(expr);
        self.note_reference(id, None);
        id
    }

    pub(super) fn note_reference(&mut self, id: ExprId, argument_of: Option<ExprId>) {
        if matches!(self.kind(id), ExprKind::Member { .. } | ExprKind::Free(_)) {
            self.b.reference(id, argument_of);
        }
    }

    /// Something without meaning, in place of an expression.
    pub(super) fn opaque(&mut self) -> ExprId {
        self.add(ExprKind::Opaque, 0..0)
    }

    /// No value.
    pub(super) fn nothing(&mut self) -> ExprId {
        self.add(ExprKind::Nothing, 0..0)
    }

    /// Lower an expression.
    pub(super) fn expression(&mut self, expr: &Expr) -> ExprId {
        if self.b.depth >= MAX_DEPTH {
            self.b.unit.too_deep = true;
            return self.opaque();
        }
        self.b.depth += 1;
        let id = self.expression_inner(expr);
        self.b.depth -= 1;
        id
    }

    fn expression_inner(&mut self, expr: &Expr) -> ExprId {
        match expr {
            Expr::Path(path) => match (&path.qself, path.path.segments.last()) {
                // `<Type as Trait>::name`
                (Some(own), Some(last)) => {
                    let ty = self.ty(&own.ty);
                    let place = last.ident.span().byte_range();
                    let base = self.add(ExprKind::Type(ty), place.clone());
                    self.add(ExprKind::Member { base, name: last.ident.to_string() }, place)
                }
                _ => self.path(&path.path),
            },
            Expr::Lit(literal) => self.literal(&literal.lit),
            // A value, where it stands and what it will be: the same object for our purposes.
            Expr::Reference(inner) => self.expression(&inner.expr),
            Expr::RawAddr(inner) => self.expression(&inner.expr),
            Expr::Paren(inner) => self.expression(&inner.expr),
            Expr::Group(inner) => self.expression(&inner.expr),
            Expr::Await(inner) => self.expression(&inner.base),
            Expr::Try(inner) => self.expression(&inner.expr),
            Expr::Unary(inner) => {
                let value = self.value(&inner.expr);
                let range = self.range(value);
                match inner.op {
                    UnOp::Deref(_) => value,
                    UnOp::Not(_) => self.add(ExprKind::Not(value), range),
                    _ => self.add(ExprKind::Opaque, range),
                }
            }
            Expr::Binary(inner) => self.binary(inner),
            Expr::Assign(inner) => {
                let value = self.value(&inner.right);
                let target = self.expression(&inner.left);
                self.assign(target, value, Projection::Whole);
                self.nothing()
            }
            Expr::Call(call) => self.call(call),
            Expr::MethodCall(call) => self.method_call(call),
            Expr::Macro(inner) => self.macro_value(&inner.mac),
            Expr::Field(inner) => {
                let base = self.value(&inner.base);
                let (name, span) = match &inner.member {
                    Member::Named(name) => (name.to_string(), name.span()),
                    Member::Unnamed(index) => (index.index.to_string(), index.span),
                };
                self.member(base, name, span.byte_range())
            }
            Expr::Index(inner) => {
                let base = self.value(&inner.expr);
                let index = Some(self.value(&inner.index));
                let range = self.range(base).start..inner.bracket_token.span.close().byte_range().end;
                self.add(ExprKind::Element { base, index }, range)
            }
            Expr::Cast(inner) => self.expression(&inner.expr),
            Expr::Struct(inner) => self.structure_literal(inner),
            Expr::Tuple(inner) if inner.elems.is_empty() => {
                let range = inner.paren_token.span.join().byte_range();
                self.add(ExprKind::Nothing, range)
            }
            Expr::Tuple(inner) => {
                let range = inner.paren_token.span.join().byte_range();
                self.tuple(inner.elems.iter(), range)
            }
            Expr::Array(inner) => {
                let range = inner.bracket_token.span.join().byte_range();
                self.list(inner.elems.iter(), range)
            }
            Expr::Repeat(inner) => {
                let range = inner.bracket_token.span.join().byte_range();
                self.list(std::iter::once(&*inner.expr), range)
            }
            Expr::Closure(inner) => self.closure(inner, None),
            Expr::Async(inner) => self.async_block(inner),
            Expr::Block(inner) => self.block_value(&inner.block),
            Expr::Unsafe(inner) => self.block_value(&inner.block),
            Expr::Const(inner) => self.block_value(&inner.block),
            Expr::TryBlock(inner) => self.block_value(&inner.block),
            Expr::If(inner) => self.if_expression(inner, false).0.unwrap_or_else(|| self.nothing()),
            Expr::Match(inner) => self.match_expression(inner, false).0.unwrap_or_else(|| self.nothing()),
            Expr::ForLoop(inner) => self.for_loop(inner),
            Expr::While(inner) => self.while_loop(inner),
            Expr::Loop(inner) => {
                let line = self.line(inner.loop_token.span);
                self.b.open_block(Guard::Loop { over: None }, line);
                self.block(&inner.body, false);
                self.b.close_block();
                self.opaque()
            }
            Expr::Return(inner) => {
                let value = inner.expr.as_ref().and_then(|value| self.tail(value));
                if let (Some(value), Some(function)) = (value, self.b.function()) {
                    self.returns(function, value);
                }
                self.nothing()
            }
            Expr::Break(inner) => match &inner.expr {
                Some(value) => self.value(value),
                None => self.nothing(),
            },
            Expr::Let(inner) => {
                let value = self.value(&inner.expr);
                self.bind(&inner.pat, value);
                value
            }
            Expr::Range(inner) => {
                for side in [&inner.start, &inner.end].into_iter().flatten() {
                    self.value(side);
                }
                self.opaque()
            }
            Expr::Yield(inner) => match &inner.expr {
                Some(value) => self.value(value),
                None => self.nothing(),
            },
            Expr::Continue(_) => self.nothing(),
            _ => self.opaque(),
        }
    }

    /// `base.name`, at the name.
    pub(super) fn member(&mut self, base: ExprId, name: String, place: Range) -> ExprId {
        let start = self.range(base).start;
        let id = self.add(ExprKind::Member { base, name }, place);
        if let Some(expr) = self.b.unit.exprs.get_mut(id.at()) {
            expr.start = start as u32;
        }
        id
    }

    fn block_value(&mut self, block: &syn::Block) -> ExprId {
        self.block(block, false).unwrap_or_else(|| self.nothing())
    }

    pub(super) fn literal(&mut self, literal: &Lit) -> ExprId {
        let range = literal.span().byte_range();
        let kind = match literal {
            Lit::Str(text) => ExprKind::Text(text.value()),
            Lit::ByteStr(text) => ExprKind::Text(String::from_utf8_lossy(&text.value()).into_owned()),
            Lit::Bool(value) => ExprKind::Truth(value.value),
            Lit::Int(number) => ExprKind::Number(number.base10_digits().to_owned()),
            Lit::Float(number) => ExprKind::Number(number.base10_digits().to_owned()),
            Lit::Char(text) => ExprKind::Text(text.value().to_string()),
            _ => ExprKind::Opaque,
        };
        self.add(kind, range)
    }

    fn binary(&mut self, inner: &syn::ExprBinary) -> ExprId {
        let left = self.value(&inner.left);
        let right = self.value(&inner.right);
        let range = self.range(left).start..self.range(right).end;
        let op = match inner.op {
            BinOp::And(_) => "&&",
            BinOp::Or(_) => "||",
            BinOp::Eq(_) => "==",
            BinOp::Ne(_) => "!=",
            BinOp::Add(_) => "+",
            BinOp::Lt(_) => "<",
            BinOp::Le(_) => "<=",
            BinOp::Gt(_) => ">",
            BinOp::Ge(_) => ">=",
            _ => return self.add(ExprKind::Opaque, range),
        };
        self.add(ExprKind::Binary { op: op.to_owned(), left, right }, range)
    }

    /// Give a value to what an expression names; guards of locks and cells are what they guard.
    pub(super) fn assign(&mut self, target: ExprId, value: ExprId, take: Projection) {
        let mut target = target;
        let mut take = take;
        loop {
            match self.kind(target) {
                ExprKind::Call { callee, args, .. } if args.is_empty() => match self.kind(*callee) {
                    ExprKind::Member { base, .. } => target = *base,
                    _ => return,
                },
                ExprKind::Element { base, .. } => {
                    target = *base;
                    take = Projection::IntoElement;
                }
                ExprKind::Var(var) => {
                    let var = *var;
                    // What is put into a guard is put into what it guards.
                    let source = match self.b.unit.var(var).sources.as_slice() {
                        [only] if only.take == Projection::Whole => Some(only.value),
                        _ => None,
                    };
                    self.b.give(var, value, take);
                    match source.map(|source| (source, self.kind(source))) {
                        Some((source, ExprKind::Call { args, callee, .. })) if args.is_empty() => {
                            if !matches!(self.kind(*callee), ExprKind::Member { .. }) {
                                return;
                            }
                            target = source;
                        }
                        Some((source, ExprKind::Member { .. } | ExprKind::Free(_))) => target = source,
                        _ => return,
                    }
                }
                ExprKind::Member { .. } | ExprKind::Free(_) => return self.b.write(target, value, take),
                _ => return,
            }
        }
    }

    fn structure_literal(&mut self, inner: &syn::ExprStruct) -> ExprId {
        let ty = match inner.path.segments.len() {
            // `Type::Variant { … }` makes an object of the type.
            2.. if inner.path.segments.iter().rev().nth(1).is_some_and(|s| starts_upper(&s.ident.to_string())) => {
                let mut path = inner.path.clone();
                path.segments.pop();
                path.segments.pop_punct();
                self.path_type(&path, false)
            }
            _ => self.path_type(&inner.path, false),
        };
        let mut parts = vec![];
        for field in &inner.fields {
            let value = self.value(&field.expr);
            let name = match &field.member {
                Member::Named(name) => name.to_string(),
                Member::Unnamed(index) => index.index.to_string(),
            };
            parts.push(Part { key: Some(Key::Name(name)), value });
        }
        if let Some(rest) = &inner.rest {
            let value = self.value(rest);
            if !matches!(self.kind(value), ExprKind::Nothing) {
                parts.push(Part { key: Some(Key::Spread), value });
            }
        }
        let start = super::modules::range_of(&inner.path).start;
        let range = start..inner.brace_token.span.close().byte_range().end;
        self.add(ExprKind::Composite { ty, parts }, range)
    }

    /// A tuple: its parts are called by their numbers.
    pub(super) fn tuple<'e>(&mut self, elements: impl Iterator<Item = &'e Expr>, range: Range) -> ExprId {
        let mut parts = vec![];
        for (i, element) in elements.enumerate() {
            let value = self.value(element);
            parts.push(Part { key: Some(Key::Name(i.to_string())), value });
        }
        self.add(ExprKind::Composite { ty: TypeExpr::Unknown, parts }, range)
    }

    pub(super) fn list<'e>(&mut self, elements: impl Iterator<Item = &'e Expr>, range: Range) -> ExprId {
        let mut parts = vec![];
        for element in elements {
            // `[(key, value)]` may become a map.
            let value = self.value(element);
            parts.push(Part { key: None, value });
        }
        let ty = TypeExpr::List(Box::new(TypeExpr::Unknown));
        self.add(ExprKind::Composite { ty, parts }, range)
    }

    fn for_loop(&mut self, inner: &syn::ExprForLoop) -> ExprId {
        let line = self.line(inner.for_token.span);
        let over = self.value(&inner.expr);
        self.b.open_scope();
        self.b.open_block(Guard::Loop { over: Some(over) }, line);
        self.bind_as(&inner.pat, Some(over), TypeExpr::Unknown, Projection::ElementOf, 0);
        self.block(&inner.body, false);
        self.b.close_block();
        self.b.close_scope();
        self.nothing()
    }

    fn while_loop(&mut self, inner: &syn::ExprWhile) -> ExprId {
        let line = self.line(inner.while_token.span);
        self.b.open_scope();
        self.b.open_block(Guard::Loop { over: None }, line);
        self.value(&inner.cond);
        self.block(&inner.body, false);
        self.b.close_block();
        self.b.close_scope();
        self.nothing()
    }
}

fn starts_upper(name: &str) -> bool {
    name.starts_with(|c: char| c.is_uppercase())
}
