//! Go statements.

use tree_sitter::Node;

use super::{Lowering, children, line, names, specs};
use crate::scan::program::*;

impl Lowering<'_> {
    /// The statements of a block, in a scope of their own.
    pub(super) fn block_statements(&mut self, node: Node<'_>) {
        self.b.open_scope();
        self.statements(node);
        self.b.close_scope();
    }

    /// Statements one after the other. What follows `if c { … return }` runs only when `c` does not hold,
    /// so it is put in a block of its own.
    pub(super) fn statements(&mut self, node: Node<'_>) {
        let mut opened = 0;
        for child in children(node) {
            if child.kind() == "statement_list" {
                self.statements(child);
                continue;
            }
            let condition = self.statement(child);
            if let Some(condition) = condition {
                self.b.open_block(Guard::When { condition, holds: false }, line(child));
                opened += 1;
            }
        }
        for _ in 0..opened {
            self.b.close_block();
        }
    }

    /// One statement; the condition of an `if` without `else` whose body leaves is handed back.
    fn statement(&mut self, node: Node<'_>) -> Option<ExprId> {
        if self.b.depth >= super::super::builder::MAX_DEPTH {
            self.b.unit.too_deep = true;
            return None;
        }
        self.b.depth += 1;
        let left = self.statement_inner(node);
        self.b.depth -= 1;
        left
    }

    fn statement_inner(&mut self, node: Node<'_>) -> Option<ExprId> {
        match node.kind() {
            "short_var_declaration" => self.short_variables(node),
            "assignment_statement" => self.assignment(node),
            "var_declaration" | "const_declaration" => self.local_declaration(node),
            "type_declaration" => self.type_declaration(node),
            "return_statement" => {
                let values = match children(node).first() {
                    Some(list) => self.expression_list(*list),
                    None => vec![],
                };
                let block = self.b.block();
                if let Some(id) = self.b.function() {
                    self.b.with(id, |f| f.returns.push(Return { values, block }));
                }
            }
            "if_statement" => return self.if_statement(node),
            "for_statement" => self.for_statement(node),
            "expression_switch_statement" => self.switch(node),
            "type_switch_statement" => self.type_switch(node),
            "select_statement" => self.select(node),
            "send_statement" => self.send(node),
            "block" => self.block_statements(node),
            "labeled_statement" => {
                for child in children(node) {
                    if child.kind() != "label_name" {
                        self.statement(child);
                    }
                }
            }
            "go_statement" | "defer_statement" | "expression_statement" => {
                for child in children(node) {
                    self.value(child);
                }
            }
            "break_statement"
            | "continue_statement"
            | "goto_statement"
            | "fallthrough_statement"
            | "empty_statement" => {}
            _ => {
                // Expressions in statement position, and whatever could not be read.
                self.value(node);
            }
        }
        None
    }

    fn short_variables(&mut self, node: Node<'_>) {
        let values = node.child_by_field_name("right").map(|r| self.expression_list(r)).unwrap_or_default();
        let Some(left) = node.child_by_field_name("left") else { return };
        let targets = children(left);
        for (i, target) in targets.iter().enumerate() {
            let name = self.slice(*target);
            if name == "_" || target.kind() != "identifier" {
                continue;
            }
            // `a, err := …` re-uses what this very scope already declares.
            let var = match self.b.declared_here(name) {
                Some(var) => var,
                None => self.b.declare(name, Role::Local, TypeExpr::Unknown, line(*target)),
            };
            if let Some((value, take)) = self.pair(&values, targets.len(), i) {
                self.b.give(var, value, take);
            }
        }
    }

    fn assignment(&mut self, node: Node<'_>) {
        let values = node.child_by_field_name("right").map(|r| self.expression_list(r)).unwrap_or_default();
        let Some(left) = node.child_by_field_name("left") else { return };
        let compound = node.child_by_field_name("operator").is_some_and(|o| self.slice(o) != "=");
        let targets = children(left);
        for (i, target) in targets.iter().enumerate() {
            if self.slice(*target) == "_" {
                continue;
            }
            let target = self.expression(*target);
            if compound {
                continue;
            }
            if let Some((value, take)) = self.pair(&values, targets.len(), i) {
                self.assign(target, value, take);
            }
        }
    }

    /// Give an assignable expression a value.
    fn assign(&mut self, target: ExprId, value: ExprId, take: Projection) {
        match self.b.unit.expr(target).kind {
            ExprKind::Var(var) => self.b.give(var, value, take),
            ExprKind::Same(inner) => self.assign(inner, value, take),
            ExprKind::Element { base, .. } => self.assign(base, value, Projection::IntoElement),
            ExprKind::Member { .. } | ExprKind::Free(_) => self.b.write(target, value, take),
            _ => {}
        }
    }

    fn local_declaration(&mut self, node: Node<'_>) {
        for spec in specs(node) {
            let ty = spec.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
            let values = spec.child_by_field_name("value").map(|v| self.expression_list(v)).unwrap_or_default();
            let names = names(spec);
            for (i, name) in names.iter().enumerate() {
                let var = self.b.declare(self.slice(*name), Role::Local, ty.clone(), line(*name));
                if let Some((value, take)) = self.pair(&values, names.len(), i) {
                    self.b.give(var, value, take);
                }
            }
        }
    }

    fn if_statement(&mut self, node: Node<'_>) -> Option<ExprId> {
        self.b.open_scope();
        if let Some(initializer) = node.child_by_field_name("initializer") {
            self.statement(initializer);
        }
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
            if body.kind() == "if_statement" {
                self.statement(body);
            } else {
                self.block_statements(body);
            }
            self.b.close_block();
        }
        self.b.close_scope();
        if alternative.is_none() && consequence.is_some_and(|body| self.leaves(body)) { condition } else { None }
    }

    /// Whether the last statement of a block leaves it for good.
    fn leaves(&self, block: Node<'_>) -> bool {
        let mut last = block;
        while let Some(child) = children(last).last().copied() {
            match child.kind() {
                "statement_list" => last = child,
                "return_statement" | "continue_statement" | "break_statement" | "goto_statement" => return true,
                "expression_statement" => {
                    let text = self.slice(child);
                    return text.starts_with("panic(") || text.contains(".Fatal") || text.starts_with("os.Exit(");
                }
                _ => return false,
            }
        }
        false
    }

    fn for_statement(&mut self, node: Node<'_>) {
        self.b.open_scope();
        let mut over = None;
        for child in children(node) {
            match child.kind() {
                "for_clause" => {
                    if let Some(initializer) = child.child_by_field_name("initializer") {
                        self.statement(initializer);
                    }
                    if let Some(condition) = child.child_by_field_name("condition") {
                        self.value(condition);
                    }
                    if let Some(update) = child.child_by_field_name("update") {
                        self.statement(update);
                    }
                }
                "range_clause" => over = self.range(child),
                "block" => {}
                _ => {
                    self.value(child);
                }
            }
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.b.open_block(Guard::Loop { over }, line(body));
            self.block_statements(body);
            self.b.close_block();
        }
        self.b.close_scope();
    }

    fn range(&mut self, node: Node<'_>) -> Option<ExprId> {
        let over = self.value(node.child_by_field_name("right")?);
        if let Some(left) = node.child_by_field_name("left") {
            let targets = children(left);
            let count = targets.len();
            let declares = {
                let mut cursor = node.walk();
                node.children(&mut cursor).any(|c| c.kind() == ":=")
            };
            for (i, target) in targets.into_iter().enumerate() {
                // The key of a map or the index of a list is no element; a lone name may range over a channel.
                let is_element = i + 1 == count;
                if self.slice(target) == "_" {
                    continue;
                }
                if declares {
                    let var = self.b.declare(self.slice(target), Role::Local, TypeExpr::Unknown, line(target));
                    if is_element {
                        self.b.give(var, over, Projection::ElementOf);
                    }
                } else {
                    let target = self.expression(target);
                    if is_element {
                        self.assign(target, over, Projection::ElementOf);
                    }
                }
            }
        }
        Some(over)
    }

    fn switch(&mut self, node: Node<'_>) {
        self.b.open_scope();
        if let Some(initializer) = node.child_by_field_name("initializer") {
            self.statement(initializer);
        }
        let subject = node.child_by_field_name("value").map(|v| self.value(v));
        for case in children(node) {
            let values = match case.kind() {
                "expression_case" => {
                    case.child_by_field_name("value").map(|v| self.expression_list(v)).unwrap_or_default()
                }
                "default_case" => vec![],
                _ => continue,
            };
            // `switch { case cond: }` is a chain of ifs.
            let guard = match (subject, values.as_slice()) {
                (None, [condition]) => Guard::When { condition: *condition, holds: true },
                _ => Guard::Case { subject, values, types: vec![] },
            };
            self.case_body(case, guard);
        }
        self.b.close_scope();
    }

    fn case_body(&mut self, case: Node<'_>, guard: Guard) {
        self.b.open_block(guard, line(case));
        self.b.open_scope();
        for child in children(case) {
            if child.kind() == "statement_list" {
                self.statements(child);
            }
        }
        self.b.close_scope();
        self.b.close_block();
    }

    fn type_switch(&mut self, node: Node<'_>) {
        self.b.open_scope();
        if let Some(initializer) = node.child_by_field_name("initializer") {
            self.statement(initializer);
        }
        let subject = node.child_by_field_name("value").map(|v| self.value(v));
        let alias = node.child_by_field_name("alias").and_then(|a| children(a).first().copied());
        for case in children(node) {
            if !matches!(case.kind(), "type_case" | "default_case") {
                continue;
            }
            let types: Vec<TypeExpr> = {
                let mut cursor = case.walk();
                let nodes: Vec<Node<'_>> =
                    case.children_by_field_name("type", &mut cursor).filter(Node::is_named).collect();
                nodes.into_iter().map(|t| self.ty(t)).collect()
            };
            self.b.open_scope();
            if let (Some(alias), Some(subject)) = (alias, subject) {
                let ty = if types.len() == 1 { types.first().cloned().unwrap_or_default() } else { TypeExpr::Unknown };
                let var = self.b.declare(self.slice(alias), Role::Local, ty, line(alias));
                self.b.give(var, subject, Projection::Whole);
            }
            self.case_body(case, Guard::Case { subject, values: vec![], types });
            self.b.close_scope();
        }
        self.b.close_scope();
    }

    fn select(&mut self, node: Node<'_>) {
        for case in children(node) {
            self.b.open_scope();
            if let Some(communication) = case.child_by_field_name("communication") {
                if communication.kind() == "receive_statement" {
                    self.receive(communication);
                } else {
                    self.statement(communication);
                }
            }
            self.case_body(case, Guard::None);
            self.b.close_scope();
        }
    }

    fn receive(&mut self, node: Node<'_>) {
        let Some(right) = node.child_by_field_name("right") else { return };
        let value = self.value(right);
        let Some(left) = node.child_by_field_name("left") else { return };
        let Some(target) = children(left).first().copied() else { return };
        let name = self.slice(target);
        if target.kind() == "identifier" && name != "_" {
            let var = self.b.declare(name, Role::Local, TypeExpr::Unknown, line(target));
            self.b.give(var, value, Projection::Whole);
        }
    }

    fn send(&mut self, node: Node<'_>) {
        let channel = node.child_by_field_name("channel").map(|c| self.expression(c));
        let value = node.child_by_field_name("value").map(|v| self.value(v));
        if let (Some(channel), Some(value)) = (channel, value) {
            self.assign(channel, value, Projection::IntoElement);
        }
    }
}
