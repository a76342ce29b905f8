//! Statements.

use tree_sitter::Node;

use super::declarations::declarators;
use super::{Lowering, children, line};
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// The statements of a block, in a scope of their own.
    pub(super) fn block_statements(&mut self, node: Node<'t>) -> Vec<Guard> {
        self.b.open_scope();
        let left = if node.kind() == "statement_block" { self.statements(node) } else { self.statement(node) };
        self.b.close_scope();
        left
    }

    /// Statements one after the other. What follows `if (c) { … return }` runs only when `c` does not hold,
    /// so it is put in a block of its own.
    /// The conditions under which its end is reached are handed back.
    pub(super) fn statements(&mut self, node: Node<'t>) -> Vec<Guard> {
        let all = children(node);
        // Functions are visible in the whole block.
        for child in &all {
            if matches!(child.kind(), "function_declaration" | "generator_function_declaration")
                && let Some(name) = child.child_by_field_name("name")
            {
                self.b.declare(self.slice(name), Role::Local, TypeExpr::Unknown, line(name));
            }
        }
        let mut opened = vec![];
        for child in all {
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
            "lexical_declaration" | "variable_declaration" => self.local_variables(node),
            "function_declaration" | "generator_function_declaration" => {
                let Some(name) = node.child_by_field_name("name") else { return vec![] };
                let value = self.lambda(node);
                let var = match self.b.declared_here(self.slice(name)) {
                    Some(var) => var,
                    None => self.b.declare(self.slice(name), Role::Local, TypeExpr::Unknown, line(name)),
                };
                self.b.give(var, value, Projection::Whole);
            }
            "class_declaration" | "abstract_class_declaration" => self.class(node, None),
            "interface_declaration" | "type_alias_declaration" => self.type_declaration(node),
            "return_statement" => {
                let values: Vec<ExprId> = children(node).into_iter().map(|n| self.value(n)).collect();
                let block = self.b.block();
                if let Some(id) = self.b.function() {
                    self.b.with(id, |f| f.returns.push(Return { values, block }));
                }
            }
            "if_statement" => return self.if_statement(node),
            "for_in_statement" => self.for_in(node),
            "for_statement" | "while_statement" | "do_statement" => self.looping(node),
            "switch_statement" => self.switch(node),
            "try_statement" => return self.try_statement(node),
            "statement_block" => {
                self.block_statements(node);
            }
            "labeled_statement" | "else_clause" => {
                for child in children(node) {
                    if child.kind() != "statement_identifier" {
                        self.statement(child);
                    }
                }
            }
            "expression_statement" | "throw_statement" => {
                for child in children(node) {
                    self.value(child);
                }
            }
            "break_statement" | "continue_statement" | "empty_statement" | "debugger_statement" | "comment" => {}
            _ => {
                // Expressions in statement position, and whatever could not be read.
                self.value(node);
            }
        }
        vec![]
    }

    fn local_variables(&mut self, node: Node<'t>) {
        for declarator in declarators(node) {
            let Some(name) = declarator.child_by_field_name("name") else { continue };
            let value = declarator.child_by_field_name("value");
            if let Some(value) = value
                && self.load(name, value)
            {
                continue;
            }
            let ty = self.annotation(declarator);
            // A function may call itself; any other value is evaluated before its name exists.
            let recursive = value.is_some_and(super::declarations::is_function);
            if recursive {
                self.declare_pattern(name, Role::Local, ty.clone());
            }
            match (value, name.kind()) {
                (Some(value), "array_pattern") => {
                    self.declare_pattern(name, Role::Local, ty);
                    self.give_pattern(name, value);
                }
                (Some(value), _) => {
                    let value = self.value(value);
                    if recursive {
                        if let Some(var) = self.b.lookup(self.slice(name)) {
                            self.b.give(var, value, Projection::Whole);
                        }
                    } else if name.kind() == "identifier" {
                        let var = self.b.declare(self.slice(name), Role::Local, ty, line(name));
                        self.b.give(var, value, Projection::Whole);
                    } else {
                        self.take_apart(name, value, Role::Local);
                    }
                }
                (None, _) => self.declare_pattern(name, Role::Local, ty),
            }
        }
    }

    fn if_statement(&mut self, node: Node<'t>) -> Vec<Guard> {
        let condition = node.child_by_field_name("condition").map(|c| self.value(c));
        let guard = |holds| match condition {
            Some(condition) => Guard::When { condition, holds },
            None => Guard::None,
        };
        let consequence = node.child_by_field_name("consequence");
        if let Some(body) = consequence {
            self.b.open_block(guard(true), line(body));
            self.block_statements(body);
            self.b.close_block();
        }
        let alternative = node.child_by_field_name("alternative");
        if let Some(body) = alternative {
            self.b.open_block(guard(false), line(body));
            for inner in children(body) {
                self.block_statements(inner);
            }
            self.b.close_block();
        }
        let leaves = alternative.is_none() && consequence.is_some_and(|body| self.leaves(body));
        if leaves && condition.is_some() { vec![guard(false)] } else { vec![] }
    }

    /// Whether the last statement leaves the block for good.
    fn leaves(&self, block: Node<'t>) -> bool {
        let last = if block.kind() == "statement_block" { children(block).last().copied() } else { Some(block) };
        last.is_some_and(|last| match last.kind() {
            "return_statement" | "throw_statement" | "continue_statement" | "break_statement" => true,
            "expression_statement" => self.slice(last).starts_with("process.exit("),
            _ => false,
        })
    }

    fn for_in(&mut self, node: Node<'t>) {
        self.b.open_scope();
        let over = node.child_by_field_name("right").map(|r| self.value(r));
        // `of` yields elements, `in` keys.
        let elements = node.child_by_field_name("operator").is_some_and(|o| self.slice(o) == "of");
        if let Some(left) = node.child_by_field_name("left") {
            if node.child_by_field_name("kind").is_some() {
                self.declare_pattern(left, Role::Local, TypeExpr::Unknown);
            }
            if let Some(over) = over.filter(|_| elements) {
                let element = self.place(ExprKind::Element { base: over, index: None }, left);
                self.take_apart_declared(left, element);
            }
        }
        self.body(node, Guard::Loop { over });
        self.b.close_scope();
    }

    fn take_apart_declared(&mut self, pattern: Node<'t>, value: ExprId) {
        if pattern.kind() == "identifier" {
            if let Some(var) = self.b.lookup(self.slice(pattern)) {
                self.b.give(var, value, Projection::Whole);
            }
            return;
        }
        self.take_apart(pattern, value, Role::Local);
    }

    fn body(&mut self, node: Node<'t>, guard: Guard) {
        if let Some(body) = node.child_by_field_name("body") {
            self.b.open_block(guard, line(body));
            self.block_statements(body);
            self.b.close_block();
        }
    }

    fn looping(&mut self, node: Node<'t>) {
        self.b.open_scope();
        for field in ["initializer", "condition", "increment"] {
            if let Some(part) = node.child_by_field_name(field) {
                self.statement(part);
            }
        }
        self.body(node, Guard::Loop { over: None });
        self.b.close_scope();
    }

    fn switch(&mut self, node: Node<'t>) {
        let subject = node.child_by_field_name("value").map(|v| self.value(v));
        let Some(body) = node.child_by_field_name("body") else { return };
        self.b.open_scope();
        for case in children(body) {
            let value = case.child_by_field_name("value");
            let values = value.map(|v| self.value(v)).into_iter().collect();
            self.b.open_block(Guard::Case { subject, values, types: vec![] }, line(case));
            for child in children(case) {
                if Some(child) != value {
                    self.statement(child);
                }
            }
            self.b.close_block();
        }
        self.b.close_scope();
    }

    fn try_statement(&mut self, node: Node<'t>) -> Vec<Guard> {
        let body = node.child_by_field_name("body");
        let tried = self.b.open_block(Guard::None, line(node));
        if let Some(body) = body {
            self.block_statements(body);
        }
        self.b.close_block();
        let mut after = vec![];
        if let Some(handler) = node.child_by_field_name("handler") {
            self.b.open_scope();
            let parameter = handler.child_by_field_name("parameter");
            if let Some(parameter) = parameter {
                self.declare_pattern(parameter, Role::Local, TypeExpr::Unknown);
            }
            let error = parameter.and_then(|p| self.b.lookup(self.slice(p)));
            let guard = Guard::Handler { types: vec![], tried, error };
            self.b.open_block(guard.clone(), line(handler));
            let handled = handler.child_by_field_name("body");
            let left = handled.map(|body| self.block_statements(body)).unwrap_or_default();
            self.b.close_block();
            self.b.close_scope();
            let falls_through = handled.is_some_and(|h| !self.leaves(h));
            if falls_through && body.is_some_and(|body| self.leaves(body)) {
                after.push(guard);
                after.extend(left);
            }
        }
        if let Some(last) = node.child_by_field_name("finalizer") {
            for child in children(last) {
                self.block_statements(child);
            }
        }
        after
    }
}
