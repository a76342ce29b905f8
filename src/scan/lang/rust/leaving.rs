//! Whether code ends by leaving for good: return, break, a macro that never comes back.

use syn::{Block, Expr, Stmt};

use super::macros;

/// Whether a block ends by leaving for good.
pub(super) fn leaves(block: &Block, depth: usize) -> bool {
    match block.stmts.last() {
        Some(Stmt::Expr(expr, _)) => leaves_expr(expr, depth + 1),
        Some(Stmt::Macro(inner)) => macros::never_returns(&inner.mac),
        _ => false,
    }
}

pub(super) fn leaves_expr(expr: &Expr, depth: usize) -> bool {
    if depth > 50 {
        return false;
    }
    match expr {
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => true,
        Expr::Block(inner) => leaves(&inner.block, depth),
        Expr::Paren(inner) => leaves_expr(&inner.expr, depth + 1),
        Expr::Macro(inner) => macros::never_returns(&inner.mac),
        Expr::If(inner) => {
            leaves(&inner.then_branch, depth)
                && inner.else_branch.as_ref().is_some_and(|(_, otherwise)| leaves_expr(otherwise, depth + 1))
        }
        Expr::Match(inner) => !inner.arms.is_empty() && inner.arms.iter().all(|arm| leaves_expr(&arm.body, depth + 1)),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let names: Vec<String> = path.path.segments.iter().map(|s| s.ident.to_string()).collect();
                names.ends_with(&["process".to_owned(), "exit".to_owned()])
            }
            _ => false,
        },
        _ => false,
    }
}
