//! Names on the left: variables, and objects and arrays taken apart.

use tree_sitter::Node;

use super::{Lowering, children, line};
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// Declare every name of a pattern.
    pub(super) fn declare_pattern(&mut self, pattern: Node<'t>, role: Role, ty: TypeExpr) {
        match pattern.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => {
                self.b.declare(self.slice(pattern), role, ty, line(pattern));
            }
            "pair_pattern" | "assignment_pattern" | "object_assignment_pattern" => {
                let inner = pattern.child_by_field_name("value").filter(|_| pattern.kind() == "pair_pattern");
                if let Some(inner) = inner.or_else(|| pattern.child_by_field_name("left")) {
                    self.declare_pattern(inner, role, TypeExpr::Unknown);
                }
            }
            "object_pattern" | "array_pattern" | "rest_pattern" => {
                for part in children(pattern) {
                    self.declare_pattern(part, role, TypeExpr::Unknown);
                }
            }
            _ => {}
        }
    }

    /// Give the declared names of a pattern the value of a node.
    pub(super) fn give_pattern(&mut self, pattern: Node<'t>, value: Node<'t>) {
        if pattern.kind() == "array_pattern"
            && let Some(elements) = self.side_by_side(value)
        {
            let targets = children(pattern);
            for (i, element) in elements.into_iter().enumerate() {
                match targets.get(i) {
                    Some(target) => self.give_pattern(*target, element),
                    None => {
                        self.value(element);
                    }
                }
            }
            return;
        }
        let value = self.value(value);
        self.give_parts(pattern, value);
    }

    /// The elements of `[a, b]` and `await Promise.all([a, b])`.
    fn side_by_side(&self, value: Node<'t>) -> Option<Vec<Node<'t>>> {
        let mut value = super::declarations::bare(value);
        while value.kind() == "await_expression" {
            value = super::declarations::bare(children(value).first().copied()?);
        }
        match value.kind() {
            "array" => Some(children(value)).filter(|c| c.iter().all(|e| e.kind() != "spread_element")),
            "call_expression" => {
                let function = value.child_by_field_name("function")?;
                if !matches!(self.slice(function), "Promise.all" | "Promise.allSettled") {
                    return None;
                }
                let list = children(value.child_by_field_name("arguments")?).first().copied()?;
                (list.kind() == "array").then(|| children(list))
            }
            _ => None,
        }
    }

    /// Declare the names of a pattern and give them their parts of a value.
    pub(super) fn take_apart(&mut self, pattern: Node<'t>, value: ExprId, role: Role) {
        self.declare_pattern(pattern, role, TypeExpr::Unknown);
        self.give_parts(pattern, value);
    }

    pub(super) fn give_parts(&mut self, pattern: Node<'t>, value: ExprId) {
        match pattern.kind() {
            "identifier" => {
                if let Some(var) = self.b.lookup(self.slice(pattern)) {
                    self.b.give(var, value, Projection::Whole);
                }
            }
            "member_expression" | "subscript_expression" => {
                let target = self.expression(pattern);
                self.assign(target, value, Projection::Whole);
            }
            "assignment_pattern" => {
                let (left, right) = (pattern.child_by_field_name("left"), pattern.child_by_field_name("right"));
                if let Some(left) = left {
                    self.give_parts(left, value);
                    if let Some(right) = right {
                        let default = self.value(right);
                        self.give_parts(left, default);
                    }
                }
            }
            "object_pattern" => {
                for part in children(pattern) {
                    match part.kind() {
                        "shorthand_property_identifier_pattern" => self.give_member(part, self.slice(part), value),
                        "object_assignment_pattern" => {
                            let Some(left) = part.child_by_field_name("left") else { continue };
                            self.give_member(left, self.slice(left), value);
                            if let Some(right) = part.child_by_field_name("right")
                                && let Some(var) = self.b.lookup(self.slice(left))
                            {
                                let default = self.value(right);
                                self.b.give(var, default, Projection::Whole);
                            }
                        }
                        "pair_pattern" => {
                            let (Some(key), Some(target)) =
                                (part.child_by_field_name("key"), part.child_by_field_name("value"))
                            else {
                                continue;
                            };
                            let name = self.slice(key).trim_matches(['"', '\'']).to_owned();
                            let member = self.place(ExprKind::Member { base: value, name }, key);
                            self.b.reference(member, None);
                            self.give_parts(target, member);
                        }
                        "rest_pattern" => {
                            if let Some(inner) = children(part).first().copied() {
                                self.give_parts(inner, value);
                            }
                        }
                        _ => {}
                    }
                }
            }
            "array_pattern" => {
                for part in children(pattern) {
                    let element = self.place(ExprKind::Element { base: value, index: None }, part);
                    let part = if part.kind() == "rest_pattern" { children(part).first().copied() } else { Some(part) };
                    if let Some(part) = part {
                        self.give_parts(part, element);
                    }
                }
            }
            _ => {}
        }
    }

    fn give_member(&mut self, at: Node<'t>, name: &str, value: ExprId) {
        let Some(var) = self.b.lookup(name) else { return };
        let member = self.place(ExprKind::Member { base: value, name: name.to_owned() }, at);
        self.b.reference(member, None);
        self.b.give(var, member, Projection::Whole);
    }

    /// Give an assignable expression a value.
    pub(super) fn assign(&mut self, target: ExprId, value: ExprId, take: Projection) {
        match self.b.unit.expr(target).kind {
            ExprKind::Var(var) => self.b.give(var, value, take),
            ExprKind::Same(inner) | ExprKind::Cast { value: inner, .. } => self.assign(inner, value, take),
            ExprKind::Element { base, .. } => self.assign(base, value, Projection::IntoElement),
            // A variable of the environment is a call here.
            ExprKind::Member { .. } | ExprKind::Free(_) | ExprKind::Call { .. } => self.b.write(target, value, take),
            _ => {}
        }
    }
}
