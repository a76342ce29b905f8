//! `if`, `match`, `let`: branches, and what must hold in them.
//!
//! A result that is an error counts as one that is not nothing: `r.is_err()`, `if let Err(e) = r` and the arm
//! `Err(e) =>` all become `r != nothing`.

use syn::{BinOp, Expr, ExprIf, ExprMatch, Pat};

use super::Lowering;
use super::leaving::{leaves, leaves_expr};
use crate::scan::program::*;

/// The opposite of a guard, as far as there is one.
pub(super) fn negated(guard: &Guard) -> Guard {
    match guard {
        Guard::When { condition, holds } => Guard::When { condition: *condition, holds: !holds },
        _ => Guard::None,
    }
}

/// What a pattern says of a result.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    /// It is an error, whichever.
    Error,
    /// It is an error of a kind.
    SomeError,
    /// It is no error.
    Success,
    /// Nothing: it matches all that is left.
    Rest,
    /// Something else.
    Other,
}

fn says(pattern: &Pat, depth: usize) -> Says {
    match pattern {
        Pat::Wild(_) => Says::Rest,
        Pat::Ident(ident) if ident.subpat.is_none() => {
            let name = ident.ident.to_string();
            match name.as_str() {
                "None" => Says::Error,
                name if name.starts_with(|c: char| c.is_uppercase()) => Says::Other,
                _ => Says::Rest,
            }
        }
        Pat::Reference(inner) if depth < 50 => says(&inner.pat, depth + 1),
        Pat::Paren(inner) if depth < 50 => says(&inner.pat, depth + 1),
        Pat::TupleStruct(inner) => {
            let name = inner.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
            match (name.as_str(), inner.elems.first()) {
                ("Ok" | "Some", _) => Says::Success,
                ("Err", Some(error)) if depth < 50 => match says(error, depth + 1) {
                    Says::Rest => Says::Error,
                    _ => Says::SomeError,
                },
                _ => Says::Other,
            }
        }
        Pat::Or(inner) if depth < 50 => {
            let all: Vec<Says> = inner.cases.iter().map(|case| says(case, depth + 1)).collect();
            match all.first() {
                Some(first) if all.iter().all(|s| s == first) => *first,
                _ => Says::Other,
            }
        }
        _ => Says::Other,
    }
}

/// The pattern of the error in `Err(…)`.
fn errors(pattern: &Pat) -> Vec<&Pat> {
    match pattern {
        Pat::TupleStruct(inner) if inner.path.segments.last().is_some_and(|s| s.ident == "Err") => {
            inner.elems.iter().collect()
        }
        Pat::Or(inner) => inner.cases.iter().flat_map(errors).collect(),
        Pat::Reference(inner) => errors(&inner.pat),
        Pat::Paren(inner) => errors(&inner.pat),
        _ => vec![],
    }
}

impl<'t> Lowering<'t> {
    /// `value != nothing`.
    pub(super) fn fails(&mut self, value: ExprId) -> ExprId {
        let range = self.range(value);
        let right = self.add(ExprKind::Nothing, range.clone());
        self.add(ExprKind::Binary { op: "!=".to_owned(), left: value, right }, range)
    }

    /// What must hold for a pattern to match a value.
    pub(super) fn pattern_guard(&mut self, pattern: &Pat, subject: ExprId) -> Guard {
        match says(pattern, 0) {
            Says::Rest => Guard::None,
            what @ (Says::Error | Says::Success) => {
                let condition = self.fails(subject);
                Guard::When { condition, holds: what == Says::Error }
            }
            Says::SomeError => {
                let values = errors(pattern).into_iter().flat_map(|p| self.pattern_values(p, 0)).collect();
                Guard::Case { subject: Some(subject), values, types: vec![] }
            }
            Says::Other => {
                let values = self.pattern_values(pattern, 0);
                Guard::Case { subject: Some(subject), values, types: vec![] }
            }
        }
    }

    /// The parts of a condition; names bound on the way stay in the open scope.
    fn condition(&mut self, expr: &Expr, guards: &mut Vec<Guard>, depth: usize) -> ExprId {
        match expr {
            Expr::Let(inner) => {
                let subject = self.value(&inner.expr);
                let guard = self.pattern_guard(&inner.pat, subject);
                guards.push(guard);
                self.bind(&inner.pat, subject);
                subject
            }
            Expr::Binary(inner) if matches!(inner.op, BinOp::And(_)) && depth < 100 && has_let(expr, 0) => {
                let first = self.condition(&inner.left, guards, depth + 1);
                self.condition(&inner.right, guards, depth + 1);
                first
            }
            Expr::Paren(inner) if depth < 100 => self.condition(&inner.expr, guards, depth + 1),
            _ => {
                let condition = self.value(expr);
                guards.push(Guard::When { condition, holds: true });
                condition
            }
        }
    }

    fn open(&mut self, guards: &[Guard], line: u32) {
        for guard in guards {
            self.b.open_block(guard.clone(), line);
        }
    }

    fn close(&mut self, guards: &[Guard]) {
        for _ in guards {
            self.b.close_block();
        }
    }

    /// `if`: its value, and what holds after it.
    pub(super) fn if_expression(&mut self, node: &ExprIf, tail: bool) -> (Option<ExprId>, Vec<Guard>) {
        if self.b.depth >= crate::scan::lang::builder::MAX_DEPTH {
            self.b.unit.too_deep = true;
            return (None, vec![]);
        }
        self.b.depth += 1;
        let line = self.line(node.if_token.span);
        let mut guards = vec![];
        self.b.open_scope();
        let condition = self.condition(&node.cond, &mut guards, 0);
        self.open(&guards, line);
        let then = self.block(&node.then_branch, tail);
        self.close(&guards);
        self.b.close_scope();
        let opposite = match guards.as_slice() {
            [only] => negated(only),
            _ => Guard::None,
        };
        let mut otherwise = None;
        let mut after = vec![];
        match &node.else_branch {
            Some((_, branch)) => {
                self.b.open_block(opposite.clone(), line);
                otherwise = match &**branch {
                    Expr::If(inner) => self.if_expression(inner, tail).0,
                    Expr::Block(inner) => self.block(&inner.block, tail),
                    other => Some(self.value(other)),
                };
                if tail && let (Some(function), Some(value)) = (self.b.function(), otherwise.take()) {
                    self.returns(function, value);
                }
                self.b.close_block();
                if leaves(&node.then_branch, 0) && !leaves_expr(branch, 0) {
                    after.push(opposite);
                } else if leaves_expr(branch, 0) && !leaves(&node.then_branch, 0) {
                    after.extend(guards);
                }
            }
            None if leaves(&node.then_branch, 0) => after.push(opposite),
            None => {}
        }
        let value = match (then, otherwise) {
            (Some(then), Some(otherwise)) => {
                let range = self.range(condition);
                Some(self.add(ExprKind::Choice { condition, then, otherwise }, range))
            }
            (one, None) | (None, one) => one,
        };
        self.b.depth -= 1;
        (value, after)
    }

    /// `match`: its value, and what holds after it.
    pub(super) fn match_expression(&mut self, node: &ExprMatch, tail: bool) -> (Option<ExprId>, Vec<Guard>) {
        let subject = self.value(&node.expr);
        let mut before: Vec<Guard> = vec![];
        let mut earlier: Vec<(Says, bool)> = vec![];
        let (mut values, mut staying) = (vec![], vec![]);
        for arm in &node.arms {
            let line = self.line(arm.fat_arrow_token.spans[0]);
            self.b.open_scope();
            let what = says(&arm.pat, 0);
            let mut guards = vec![match what {
                Says::Rest => self.rest(subject, &earlier),
                _ => self.pattern_guard(&arm.pat, subject),
            }];
            self.bind(&arm.pat, subject);
            // What earlier arms for the same took away.
            if matches!(what, Says::Error | Says::Rest) {
                guards.extend(before.iter().cloned());
            }
            let conditional = arm.guard.is_some();
            if let Some((_, condition)) = &arm.guard {
                let mut found = vec![];
                self.condition(condition, &mut found, 0);
                if matches!(what, Says::Error | Says::Rest)
                    && let [only] = found.as_slice()
                {
                    before.push(negated(only));
                }
                guards.extend(found);
            }
            earlier.push((what, conditional));
            self.open(&guards, line);
            let value = if tail { self.tail(&arm.body) } else { Some(self.value(&arm.body)) };
            let stays = !leaves_expr(&arm.body, 0);
            match (tail, self.b.function(), value) {
                (true, Some(function), Some(value)) => self.returns(function, value),
                (_, _, Some(value)) if stays => values.push(value),
                _ => {}
            }
            self.close(&guards);
            self.b.close_scope();
            if stays {
                staying.push(guards);
            }
        }
        let after = match (staying.len(), node.arms.len()) {
            (1, 2..) => staying.pop().unwrap_or_default(),
            _ => vec![],
        };
        let mut values = values.into_iter().rev();
        let mut value = values.next();
        for then in values {
            let range = self.range(subject);
            value = value.map(|otherwise| self.add(ExprKind::Choice { condition: subject, then, otherwise }, range));
        }
        (value, after)
    }

    /// What is left for the last arm of a `match` over a result.
    fn rest(&mut self, subject: ExprId, earlier: &[(Says, bool)]) -> Guard {
        let had = |what: Says| earlier.iter().any(|(says, conditional)| *says == what && !conditional);
        let holds = match (had(Says::Success), had(Says::Error)) {
            (true, false) => true,
            (false, true) => false,
            _ => return Guard::Case { subject: Some(subject), values: vec![], types: vec![] },
        };
        let condition = self.fails(subject);
        Guard::When { condition, holds }
    }
}

fn has_let(expr: &Expr, depth: usize) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(inner) if matches!(inner.op, BinOp::And(_)) && depth < 100 => {
            has_let(&inner.left, depth + 1) || has_let(&inner.right, depth + 1)
        }
        Expr::Paren(inner) if depth < 100 => has_let(&inner.expr, depth + 1),
        _ => false,
    }
}
