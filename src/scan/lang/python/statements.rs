//! Python statements.

use tree_sitter::Node;

use super::{Lowering, children, line};
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// Statements one after the other. What follows `if c: … return` runs only when `c` does not hold, so it
    /// is put in a block of its own. The conditions under which the end is reached are handed back.
    pub(super) fn statements(&mut self, node: Node<'t>) -> Vec<Guard> {
        let mut opened = vec![];
        for child in children(node) {
            for guard in self.statement(child) {
                self.b.open_block(guard.clone(), line(child));
                opened.push(guard);
            }
        }
        for _ in &opened {
            self.b.close_block();
        }
        opened
    }

    /// One statement; handed back is what must be so for the next one to run: the condition of an `if` whose
    /// body leaves does not hold, the `try` that returns has failed.
    pub(super) fn statement(&mut self, node: Node<'t>) -> Vec<Guard> {
        if self.b.depth >= MAX_DEPTH {
            self.b.unit.too_deep = true;
            return vec![];
        }
        self.b.depth += 1;
        let left = self.statement_inner(node);
        self.b.depth -= 1;
        left
    }

    fn statement_inner(&mut self, node: Node<'t>) -> Vec<Guard> {
        match node.kind() {
            "expression_statement" => {
                for child in children(node) {
                    self.statement(child);
                }
            }
            "assignment" => {
                self.assignment(node);
            }
            "augmented_assignment" => {
                if let Some(right) = node.child_by_field_name("right") {
                    self.value(right);
                }
            }
            "function_definition" => self.function(node, vec![], false),
            "class_definition" => self.class(node, vec![]),
            "decorated_definition" => self.decorated(node, false),
            "return_statement" => self.return_statement(node),
            "if_statement" => return self.if_statement(node),
            "for_statement" => self.for_statement(node),
            "while_statement" => {
                let over = node.child_by_field_name("condition").map(|c| self.value(c));
                self.guarded(node.child_by_field_name("body"), Guard::Loop { over });
            }
            "with_statement" => self.with_statement(node),
            "try_statement" => return self.try_statement(node),
            "match_statement" => self.match_statement(node),
            "block" | "else_clause" | "finally_clause" | "module" => return self.statements(node),
            "global_statement" | "nonlocal_statement" => {
                let names: Vec<&'t str> = children(node).into_iter().map(|n| self.slice(n)).collect();
                if let Some(outer) = self.outer.last_mut() {
                    outer.extend(names);
                }
            }
            "import_statement"
            | "import_from_statement"
            | "future_import_statement"
            | "pass_statement"
            | "break_statement"
            | "continue_statement" => {}
            "type_alias_statement" => {
                if let [name, ty] = children(node).as_slice() {
                    self.type_alias(*name, *ty);
                }
            }
            _ => {
                self.value(node);
            }
        }
        vec![]
    }

    /// An assignment; chained ones give every target the same value.
    fn assignment(&mut self, node: Node<'t>) -> Option<ExprId> {
        let left = node.child_by_field_name("left")?;
        let ty = node.child_by_field_name("type");
        let right = node.child_by_field_name("right");
        let value = match right {
            Some(right) if right.kind() == "assignment" => self.assignment(right),
            Some(right) => {
                let holder = (self.b.function().is_none() && left.kind() == "identifier").then(|| self.slice(left));
                self.b.set_holder(holder);
                let value = self.value(right);
                self.b.set_holder(None);
                if holder.is_some() && matches!(right.kind(), "subscript" | "generic_type") {
                    self.type_alias(left, right);
                }
                Some(value)
            }
            None => None,
        };
        if let Some(ty) = ty
            && left.kind() == "identifier"
            && self.b.function().is_some()
            && self.b.declared_here(self.slice(left)).is_none()
            && !self.is_outer(self.slice(left))
        {
            let ty = self.ty(ty);
            self.b.declare(self.slice(left), Role::Local, ty, line(left));
        }
        if let Some(value) = value {
            self.assign(left, value, Projection::Whole);
        }
        value
    }

    /// `Alias = Annotated[T, Depends(f)]`: another name for a type, and what makes its values.
    fn type_alias(&mut self, name: Node<'t>, written: Node<'t>) {
        let provider = self.annotated(written).first().copied();
        let kind = match (provider, self.ty(written)) {
            (Some(_), ty) => TypeKind::Alias(ty),
            _ => return,
        };
        let name_text = self.slice(name).to_owned();
        self.b.unit.types.push(TypeDecl {
            name: name_text,
            kind,
            line: line(name),
            made_by_call: false,
            decorators: vec![],
            provider,
        });
    }

    fn is_outer(&self, name: &str) -> bool {
        self.outer.last().is_some_and(|outer| outer.contains(name))
    }

    /// Names that an assignment makes local to a function.
    pub(super) fn declare_locals(&mut self, target: Node<'t>) {
        match target.kind() {
            "identifier" => {
                let name = self.slice(target);
                if self.b.declared_here(name).is_none() {
                    self.b.declare(name, Role::Local, TypeExpr::Unknown, line(target));
                }
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern" => {
                for child in children(target) {
                    self.declare_locals(child);
                }
            }
            _ => {}
        }
    }

    /// Give a target a value.
    pub(super) fn assign(&mut self, target: Node<'t>, value: ExprId, take: Projection) {
        match target.kind() {
            "identifier" => {
                let name = self.slice(target);
                let in_function = self.b.function().is_some();
                let known = match self.b.declared_here(name) {
                    Some(var) => Some(var),
                    // Comprehensions open scopes of their own inside a function.
                    None if in_function && !self.is_outer(name) => {
                        let around = self.b.lookup(name);
                        around.filter(|var| self.b.unit.var(*var).function == self.b.function())
                    }
                    None => self.b.lookup(name),
                };
                let var = match known {
                    Some(var) => var,
                    None if in_function => self.b.declare(name, Role::Local, TypeExpr::Unknown, line(target)),
                    None => {
                        let target = self.add(ExprKind::Free(name.to_owned()), target);
                        return self.b.write(target, value, take);
                    }
                };
                self.b.give(var, value, take);
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" => self.unpack(target, value, take),
            "attribute" => {
                let target = self.expression(target);
                self.b.write(target, value, take);
            }
            "subscript" => {
                let target = self.expression(target);
                match self.b.unit.expr(target).kind {
                    ExprKind::Member { .. } => self.b.write(target, value, take),
                    ExprKind::Element { base, .. } => self.assign_element(base, value),
                    _ => {}
                }
            }
            _ => {
                for child in children(target) {
                    self.assign(child, value, take);
                }
            }
        }
    }

    pub(super) fn assign_element(&mut self, container: ExprId, value: ExprId) {
        match self.b.unit.expr(container).kind {
            ExprKind::Var(var) => self.b.give(var, value, Projection::IntoElement),
            ExprKind::Member { .. } | ExprKind::Free(_) => self.b.write(container, value, Projection::IntoElement),
            _ => {}
        }
    }

    /// `a, b = value`: element by element when the value is written out, else by position.
    fn unpack(&mut self, target: Node<'t>, value: ExprId, take: Projection) {
        let parts: Option<Vec<ExprId>> = match &self.b.unit.expr(value).kind {
            ExprKind::Composite { parts, .. } if take == Projection::Whole => {
                Some(parts.iter().map(|p| p.value).collect())
            }
            _ => None,
        };
        for (i, inner) in children(target).into_iter().enumerate() {
            match (&parts, take) {
                (Some(parts), _) => {
                    if let Some(part) = parts.get(i) {
                        self.assign(inner, *part, Projection::Whole);
                    }
                }
                (None, Projection::Whole) => self.assign(inner, value, Projection::Result(i)),
                _ => self.assign(inner, value, take),
            }
        }
    }

    fn return_statement(&mut self, node: Node<'t>) {
        let values = match children(node).first() {
            Some(list) if matches!(list.kind(), "expression_list" | "tuple") => {
                children(*list).into_iter().map(|n| self.value(n)).collect()
            }
            Some(only) => vec![self.value(*only)],
            None => vec![],
        };
        let block = self.b.block();
        if let Some(id) = self.b.function() {
            self.b.with(id, |f| f.returns.push(Return { values, block }));
        }
    }

    fn guarded(&mut self, body: Option<Node<'t>>, guard: Guard) -> Vec<Guard> {
        let Some(body) = body else { return vec![] };
        self.b.open_block(guard, line(body));
        let left = self.statement(body);
        self.b.close_block();
        left
    }

    fn if_statement(&mut self, node: Node<'t>) -> Vec<Guard> {
        let condition = node.child_by_field_name("condition").map(|c| self.value(c));
        let when = |condition: Option<ExprId>, holds| match condition {
            Some(condition) => Guard::When { condition, holds },
            None => Guard::None,
        };
        self.guarded(node.child_by_field_name("consequence"), when(condition, true));
        let (mut opened, mut last) = (0, condition);
        let mut cursor = node.walk();
        let alternatives: Vec<Node<'t>> = node.children_by_field_name("alternative", &mut cursor).collect();
        for alternative in &alternatives {
            self.b.open_block(when(last, false), line(*alternative));
            opened += 1;
            if alternative.kind() == "elif_clause" {
                last = alternative.child_by_field_name("condition").map(|c| self.value(c));
                self.guarded(alternative.child_by_field_name("consequence"), when(last, true));
            } else if let Some(body) = alternative.child_by_field_name("body") {
                self.statement(body);
            }
        }
        for _ in 0..opened {
            self.b.close_block();
        }
        let leaves = alternatives.is_empty() && node.child_by_field_name("consequence").is_some_and(leaves);
        if leaves && condition.is_some() { vec![when(condition, false)] } else { vec![] }
    }

    fn for_statement(&mut self, node: Node<'t>) {
        let over = node.child_by_field_name("right").map(|r| self.value(r));
        if let (Some(left), Some(over)) = (node.child_by_field_name("left"), over) {
            self.assign(left, over, Projection::ElementOf);
        }
        self.guarded(node.child_by_field_name("body"), Guard::Loop { over });
        if let Some(alternative) = node.child_by_field_name("alternative") {
            self.statement(alternative);
        }
    }

    /// `with value as name`: the name is the value, or what it hands out on entering.
    fn with_statement(&mut self, node: Node<'t>) {
        for clause in children(node) {
            if clause.kind() != "with_clause" {
                continue;
            }
            for item in children(clause) {
                let Some(value) = item.child_by_field_name("value") else { continue };
                self.with_item(value);
            }
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.statement(body);
        }
    }

    fn with_item(&mut self, value: Node<'t>) {
        if value.kind() != "as_pattern" {
            // `with (a() as x, b() as y):` may be read as one tuple.
            if value.kind() == "tuple" {
                for inner in children(value) {
                    self.with_item(inner);
                }
                return;
            }
            self.value(value);
            return;
        }
        let Some(source) = children(value).first().copied() else { return };
        let source = self.value(source);
        if let Some(alias) = value.child_by_field_name("alias") {
            for target in children(alias) {
                self.assign(target, source, Projection::Whole);
            }
        }
    }

    fn try_statement(&mut self, node: Node<'t>) -> Vec<Guard> {
        let mut tried = None;
        let mut body_leaves = false;
        let mut after = vec![];
        for child in children(node) {
            match (child.kind(), tried) {
                ("block", _) => {
                    tried = Some(self.b.open_block(Guard::None, line(child)));
                    self.statement(child);
                    self.b.close_block();
                    body_leaves = leaves(child);
                }
                ("except_clause" | "except_group_clause", Some(tried)) => after.push(self.handler(child, tried)),
                _ => {
                    self.statement(child);
                }
            }
        }
        // What follows a `try` that returns is reached through the handlers that do not leave; with several
        // of them no single one must have run.
        let mut through = after.into_iter().flatten();
        match (through.next(), through.next()) {
            (Some(only), None) if body_leaves => only,
            _ => vec![],
        }
    }

    /// An `except` clause; what must be so to get past it, when it does not leave.
    fn handler(&mut self, node: Node<'t>, tried: BlockId) -> Option<Vec<Guard>> {
        let mut types = vec![];
        let mut error = None;
        for child in children(node) {
            let caught = match child.kind() {
                "block" => continue,
                "as_pattern" => children(child).first().copied().unwrap_or(child),
                _ => child,
            };
            if let Some(alias) = child.child_by_field_name("alias") {
                for target in children(alias) {
                    self.declare_locals(target);
                    error = self.b.lookup(self.slice(target));
                }
            }
            let list = if caught.kind() == "tuple" { children(caught) } else { vec![caught] };
            types.extend(list.into_iter().map(|t| self.ty(t)));
        }
        let guard = Guard::Handler { types, tried, error };
        let body = children(node).into_iter().find(|n| n.kind() == "block");
        let left = self.guarded(body, guard.clone());
        let passes = body.is_some_and(|body| !leaves(body));
        passes.then(|| std::iter::once(guard).chain(left).collect())
    }

    fn match_statement(&mut self, node: Node<'t>) {
        let subject = node.child_by_field_name("subject").map(|s| self.value(s));
        let Some(body) = node.child_by_field_name("body") else { return };
        for case in children(body) {
            let guard = Guard::Case { subject, values: vec![], types: vec![] };
            self.guarded(case.child_by_field_name("consequence"), guard);
        }
    }
}

/// Whether the last statement of a block leaves it for good.
fn leaves(block: Node<'_>) -> bool {
    children(block).last().is_some_and(|last| {
        matches!(last.kind(), "return_statement" | "raise_statement" | "continue_statement" | "break_statement")
    })
}
