//! Closures and async blocks: functions without a name.

use syn::{Expr, ExprAsync, ExprClosure};

use super::Lowering;
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// A closure; `given` is what its first parameter is called with, where the method it is handed to tells.
    pub(super) fn closure(&mut self, inner: &ExprClosure, given: Option<ExprId>) -> ExprId {
        let start = inner.or1_token.span.byte_range().start;
        let line = self.line(inner.or1_token.span);
        let id = self.b.open_function("", line, start..start);
        let results = self.results(&inner.output);
        self.b.with(id, |f| {
            f.asynchronous = inner.asyncness.is_some();
            f.results = results.into_iter().map(|ty| ResultDecl { ty, var: None }).collect();
        });
        for (position, input) in inner.inputs.iter().enumerate() {
            let ty = match input {
                syn::Pat::Type(typed) => self.ty(&typed.ty),
                _ => TypeExpr::Unknown,
            };
            self.parameter(id, position, input, ty);
        }
        if let Some(value) = given
            && let Some(var) = self.b.unit.function(id).params.first().copied()
        {
            self.b.give(var, value, Projection::Whole);
        }
        if let Some(value) = self.tail(&inner.body) {
            self.returns(id, value);
        }
        self.end_of(id)
    }

    /// An async block is a function called on the spot.
    pub(super) fn async_block(&mut self, inner: &ExprAsync) -> ExprId {
        let start = inner.async_token.span.byte_range().start;
        let line = self.line(inner.async_token.span);
        let id = self.b.open_function("", line, start..start);
        self.b.with(id, |f| f.asynchronous = true);
        if let Some(value) = self.body(&inner.block) {
            self.returns(id, value);
        }
        let lambda = self.end_of(id);
        let end = inner.block.brace_token.span.close().byte_range().end;
        self.add(ExprKind::Call { callee: lambda, args: vec![], named: vec![], spread: false }, start..end)
    }

    fn end_of(&mut self, id: FuncId) -> ExprId {
        self.b.close_function();
        let start = self.b.unit.function(id).start as usize;
        let end = self.b.unit.exprs.iter().skip(1).next_back().map_or(start, |e| (e.end as usize).max(start));
        self.b.with(id, |f| f.end = end as u32);
        self.add(ExprKind::Lambda(id), start..end)
    }

    /// What an expression yields when it is called with `given`: of a closure what it returns.
    pub(super) fn yielded(&mut self, function: &Expr, given: Option<ExprId>) -> ExprId {
        let callee = match function {
            Expr::Closure(closure) => self.closure(closure, given),
            other => self.value(other),
        };
        let range = self.range(callee);
        self.add(ExprKind::Call { callee, args: vec![], named: vec![], spread: false }, range)
    }
}
