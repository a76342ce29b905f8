//! Blocks and statements, and what must hold for the statements after one that leaves.

use syn::{Block, Expr, Item, Stmt};

use super::Lowering;
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// The body of a function: every value it can end with is returned.
    pub(super) fn body(&mut self, block: &Block) -> Option<ExprId> {
        self.statements(&block.stmts, true)
    }

    /// A block as a value.
    pub(super) fn block(&mut self, block: &Block, tail: bool) -> Option<ExprId> {
        if self.b.depth >= MAX_DEPTH {
            self.b.unit.too_deep = true;
            return None;
        }
        self.b.depth += 1;
        self.b.open_scope();
        let value = self.statements(&block.stmts, tail);
        self.b.close_scope();
        self.b.depth -= 1;
        value
    }

    /// What a function returns: the parts of a tuple are several results.
    pub(super) fn returns(&mut self, function: FuncId, value: ExprId) {
        let values = match self.kind(value) {
            ExprKind::Composite { ty: TypeExpr::Unknown, parts }
                if parts.len() > 1
                    && matches!(parts.first(), Some(Part { key: Some(Key::Name(n)), .. }) if n == "0") =>
            {
                parts.iter().map(|part| part.value).collect()
            }
            _ => vec![value],
        };
        let block = self.b.block();
        self.b.with(function, |f| f.returns.push(Return { values, block }));
    }

    /// The statements of a block. In the tail of a function its last value is returned from where it stands.
    fn statements(&mut self, statements: &[Stmt], tail: bool) -> Option<ExprId> {
        for statement in statements {
            if let Stmt::Item(Item::Use(item)) = statement {
                self.import(&item.tree, &mut vec![], 0);
            }
        }
        let mut opened = 0;
        let mut value = None;
        for (i, statement) in statements.iter().enumerate() {
            let last = i + 1 == statements.len();
            let guards = match statement {
                Stmt::Expr(expr, None) if last => {
                    value = if tail { self.tail(expr) } else { Some(self.value(expr)) };
                    vec![]
                }
                Stmt::Macro(inner) if last && inner.semi_token.is_none() => {
                    value = Some(self.macro_value(&inner.mac));
                    vec![]
                }
                statement => self.statement(statement),
            };
            let line = self.b.unit.exprs.last().map_or(1, |e| e.line);
            for guard in guards {
                self.b.open_block(guard, line);
                opened += 1;
            }
        }
        if let Some(function) = self.b.function().filter(|_| tail)
            && let Some(value) = value.take()
        {
            self.returns(function, value);
        }
        for _ in 0..opened {
            self.b.close_block();
        }
        value
    }

    /// The last expression of a function: branches return where they stand.
    pub(super) fn tail(&mut self, expr: &Expr) -> Option<ExprId> {
        match expr {
            Expr::If(inner) => self.if_expression(inner, true).0,
            Expr::Match(inner) => self.match_expression(inner, true).0,
            Expr::Block(inner) => self.block(&inner.block, true),
            Expr::Unsafe(inner) => self.block(&inner.block, true),
            Expr::Paren(inner) => self.tail(&inner.expr),
            _ => Some(self.value(expr)),
        }
    }

    /// One statement, and what must hold for those after it.
    fn statement(&mut self, statement: &Stmt) -> Vec<Guard> {
        match statement {
            Stmt::Local(local) => self.local(local),
            Stmt::Item(item) => {
                self.inner_item(item);
                vec![]
            }
            Stmt::Macro(inner) => {
                self.macro_value(&inner.mac);
                vec![]
            }
            Stmt::Expr(Expr::If(inner), _) => self.if_expression(inner, false).1,
            Stmt::Expr(Expr::Match(inner), _) => self.match_expression(inner, false).1,
            Stmt::Expr(expr, _) => {
                self.value(expr);
                vec![]
            }
        }
    }

    /// An item inside a function.
    fn inner_item(&mut self, item: &Item) {
        match item {
            Item::Const(item) => {
                let (ty, line) = (self.ty(&item.ty), self.line(item.ident.span()));
                let value = self.value(&item.expr);
                let var = self.b.declare(&item.ident.to_string(), Role::Local, ty, line);
                self.b.give(var, value, Projection::Whole);
            }
            Item::Static(item) => {
                let (ty, line) = (self.ty(&item.ty), self.line(item.ident.span()));
                let value = self.value(&item.expr);
                let var = self.b.declare(&item.ident.to_string(), Role::Local, ty, line);
                self.b.give(var, value, Projection::Whole);
            }
            Item::Fn(item) => _ = self.function(&item.sig, Some(&item.block), None, vec![]),
            _ => {}
        }
    }

    fn local(&mut self, local: &syn::Local) -> Vec<Guard> {
        let Some(init) = &local.init else {
            self.bind_as(&local.pat, None, TypeExpr::Unknown, Projection::Whole, 0);
            return vec![];
        };
        let value = self.value(&init.expr);
        let mut after = vec![];
        if let Some((_, otherwise)) = &init.diverge {
            let guard = self.pattern_guard(&local.pat, value);
            self.b.open_block(super::conditions::negated(&guard), 1);
            self.value(otherwise);
            self.b.close_block();
            after.push(guard);
        }
        self.bind(&local.pat, value);
        after
    }
}
