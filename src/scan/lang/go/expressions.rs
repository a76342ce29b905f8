//! Go expressions.

use tree_sitter::Node;

use super::{Lowering, children, line};
use crate::scan::program::*;

impl Lowering<'_> {
    fn add(&mut self, kind: ExprKind, node: Node<'_>) -> ExprId {
        let start = node.start_position();
        self.b.expr(kind, start.row as u32 + 1, start.column as u32 + 1, node.byte_range())
    }

    /// Every expression of an expression list.
    pub(super) fn expression_list(&mut self, node: Node<'_>) -> Vec<ExprId> {
        if node.kind() != "expression_list" {
            return vec![self.value(node)];
        }
        children(node).into_iter().map(|n| self.value(n)).collect()
    }

    /// An expression used as a value: a member or free name here is a reference, not a callee.
    pub(super) fn value(&mut self, node: Node<'_>) -> ExprId {
        let id = self.expression(node);
        self.note_reference(id, None);
        id
    }

    fn note_reference(&mut self, id: ExprId, argument_of: Option<ExprId>) {
        if matches!(self.b.unit.expr(id).kind, ExprKind::Member { .. } | ExprKind::Free(_)) {
            self.b.reference(id, argument_of);
        }
    }

    /// Lower an expression.
    pub(super) fn expression(&mut self, node: Node<'_>) -> ExprId {
        if self.b.depth >= super::super::builder::MAX_DEPTH {
            self.b.unit.too_deep = true;
            return self.add(ExprKind::Opaque, node);
        }
        self.b.depth += 1;
        let id = self.expression_inner(node);
        self.b.depth -= 1;
        id
    }

    fn expression_inner(&mut self, node: Node<'_>) -> ExprId {
        match node.kind() {
            "identifier" | "package_identifier" | "type_identifier" | "field_identifier" => {
                let name = self.slice(node);
                let kind = match self.b.lookup(name) {
                    Some(var) => ExprKind::Var(var),
                    None => ExprKind::Free(name.to_owned()),
                };
                self.add(kind, node)
            }
            "selector_expression" => self.selector(node),
            "call_expression" => self.call(node),
            "interpreted_string_literal" | "raw_string_literal" => {
                let text = unquote(self.slice(node));
                self.add(ExprKind::Text(text), node)
            }
            "int_literal" | "float_literal" | "rune_literal" | "imaginary_literal" => {
                let text = self.slice(node).to_owned();
                self.add(ExprKind::Number(text), node)
            }
            "true" => self.add(ExprKind::Truth(true), node),
            "false" => self.add(ExprKind::Truth(false), node),
            "nil" => self.add(ExprKind::Nothing, node),
            "parenthesized_expression" | "literal_element" | "variadic_argument" => match children(node).first() {
                Some(inner) if inner.kind() == "literal_value" => self.literal(TypeExpr::Unknown, *inner),
                Some(inner) => self.value(*inner),
                None => self.add(ExprKind::Opaque, node),
            },
            "unary_expression" => self.unary(node),
            "binary_expression" => {
                let op = node.child_by_field_name("operator").map_or("", |o| self.slice(o)).to_owned();
                let left = self.field(node, "left");
                let right = self.field(node, "right");
                match (left, right) {
                    (Some(left), Some(right)) => self.add(ExprKind::Binary { op, left, right }, node),
                    _ => self.add(ExprKind::Opaque, node),
                }
            }
            "index_expression" => {
                let base = self.field(node, "operand");
                let index = self.field(node, "index");
                match base {
                    Some(base) => self.add(ExprKind::Element { base, index }, node),
                    None => self.add(ExprKind::Opaque, node),
                }
            }
            "slice_expression" => match self.field(node, "operand") {
                Some(base) => self.add(ExprKind::Same(base), node),
                None => self.add(ExprKind::Opaque, node),
            },
            "type_assertion_expression" | "type_conversion_expression" => {
                let ty = node.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                match self.field(node, "operand") {
                    Some(value) => self.add(ExprKind::Cast { ty, value }, node),
                    None => self.add(ExprKind::Opaque, node),
                }
            }
            "composite_literal" => {
                let ty = node.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                match node.child_by_field_name("body") {
                    Some(body) => self.literal(ty, body),
                    None => self.add(ExprKind::Opaque, node),
                }
            }
            "func_literal" => self.lambda(node),
            "type_instantiation_expression" => match node.child_by_field_name("type") {
                Some(inner) => self.expression(inner),
                None => self.add(ExprKind::Opaque, node),
            },
            "qualified_type" | "generic_type" | "pointer_type" | "slice_type" | "array_type" | "map_type"
            | "channel_type" | "function_type" | "interface_type" | "struct_type" => {
                let ty = self.ty(node);
                self.add(ExprKind::Type(ty), node)
            }
            _ => {
                // Whatever the grammar grows or could not read: keep the calls inside.
                for child in children(node) {
                    self.value(child);
                }
                self.add(ExprKind::Opaque, node)
            }
        }
    }

    fn field(&mut self, node: Node<'_>, name: &str) -> Option<ExprId> {
        let child = node.child_by_field_name(name)?;
        Some(self.value(child))
    }

    fn selector(&mut self, node: Node<'_>) -> ExprId {
        let (Some(operand), Some(field)) = (node.child_by_field_name("operand"), node.child_by_field_name("field"))
        else {
            return self.add(ExprKind::Opaque, node);
        };
        let base = self.expression(operand);
        let name = self.slice(field).to_owned();
        let at = field.start_position();
        self.b.expr(ExprKind::Member { base, name }, at.row as u32 + 1, at.column as u32 + 1, node.byte_range())
    }

    fn unary(&mut self, node: Node<'_>) -> ExprId {
        let op = node.child_by_field_name("operator").map_or("", |o| self.slice(o));
        let Some(operand) = self.field(node, "operand") else { return self.add(ExprKind::Opaque, node) };
        let kind = match op {
            "&" | "*" => ExprKind::Same(operand),
            "!" => ExprKind::Not(operand),
            "<-" => ExprKind::Element { base: operand, index: None },
            _ => ExprKind::Opaque,
        };
        self.add(kind, node)
    }

    fn call(&mut self, node: Node<'_>) -> ExprId {
        let Some(function) = node.child_by_field_name("function") else { return self.add(ExprKind::Opaque, node) };
        let mut callee = self.expression(function);
        // `f[T](x)` is read as an index expression: the function is what is indexed.
        if function.kind() == "index_expression"
            && let ExprKind::Element { base, .. } = self.b.unit.expr(callee).kind
            && self.is_function_like(base)
        {
            callee = base;
        }
        let (mut args, mut spread) = (vec![], false);
        if let Some(list) = node.child_by_field_name("arguments") {
            for argument in children(list) {
                spread |= argument.kind() == "variadic_argument";
                args.push(self.expression(argument));
            }
        }
        let arguments = args.clone();
        let id = self.add(ExprKind::Call { callee, args, named: vec![], spread }, node);
        for argument in arguments {
            self.note_reference(argument, Some(id));
        }
        id
    }

    /// A name that may be a generic function rather than a container.
    fn is_function_like(&self, id: ExprId) -> bool {
        match &self.b.unit.expr(id).kind {
            ExprKind::Free(_) => true,
            ExprKind::Member { base, .. } => matches!(self.b.unit.expr(*base).kind, ExprKind::Free(_)),
            _ => false,
        }
    }

    /// The body of a composite literal; elements without a type have the element type of their container.
    fn literal(&mut self, ty: TypeExpr, body: Node<'_>) -> ExprId {
        if self.b.depth >= super::super::builder::MAX_DEPTH {
            self.b.unit.too_deep = true;
            return self.add(ExprKind::Opaque, body);
        }
        self.b.depth += 1;
        let inner = match &ty {
            TypeExpr::List(element) | TypeExpr::Map(element) => (**element).clone(),
            _ => TypeExpr::Unknown,
        };
        let record = matches!(ty, TypeExpr::Named { .. } | TypeExpr::Unknown);
        let mut parts = vec![];
        for element in children(body) {
            if element.kind() == "keyed_element" {
                let key = element.child_by_field_name("key").map(|k| self.key(k, record));
                let Some(value) = element.child_by_field_name("value") else { continue };
                let value = self.element(value, &inner);
                parts.push(Part { key, value });
            } else {
                let value = self.element(element, &inner);
                parts.push(Part { key: None, value });
            }
        }
        self.b.depth -= 1;
        self.add(ExprKind::Composite { ty, parts }, body)
    }

    fn key(&mut self, node: Node<'_>, record: bool) -> Key {
        let inner =
            if node.kind() == "literal_element" { children(node).first().copied().unwrap_or(node) } else { node };
        if record && inner.kind() == "identifier" {
            return Key::Name(self.slice(inner).to_owned());
        }
        Key::Value(self.value(node))
    }

    fn element(&mut self, node: Node<'_>, inner: &TypeExpr) -> ExprId {
        let content =
            if node.kind() == "literal_element" { children(node).first().copied().unwrap_or(node) } else { node };
        if content.kind() == "literal_value" {
            return self.literal(inner.clone(), content);
        }
        self.value(content)
    }

    fn lambda(&mut self, node: Node<'_>) -> ExprId {
        let id = self.b.open_function("", line(node), node.byte_range());
        self.signature(id, node);
        if let Some(body) = node.child_by_field_name("body") {
            self.statements(body);
        }
        self.b.close_function();
        self.add(ExprKind::Lambda(id), node)
    }
}

/// The value of a Go string literal.
fn unquote(text: &str) -> String {
    if let Some(raw) = text.strip_prefix('`') {
        return raw.strip_suffix('`').unwrap_or(raw).to_owned();
    }
    let inner = text.strip_prefix('"').unwrap_or(text);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    let (mut out, mut chars) = (String::with_capacity(inner.len()), inner.chars());
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(c @ ('"' | '\\' | '\'')) => out.push(c),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}
