//! Expressions.

use tree_sitter::Node;

use super::declarations::bare;
use super::{Binding, Lowering, children, has_token, line};
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// An expression at the place of a node.
    pub(super) fn place(&mut self, kind: ExprKind, node: Node<'_>) -> ExprId {
        let start = node.start_position();
        self.b.expr(kind, start.row as u32 + 1, start.column as u32 + 1, node.byte_range())
    }

    /// An expression used as a value: a member or free name here is a reference, not a callee.
    pub(super) fn value(&mut self, node: Node<'t>) -> ExprId {
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
    pub(super) fn expression(&mut self, node: Node<'t>) -> ExprId {
        if self.b.depth >= MAX_DEPTH {
            self.b.unit.too_deep = true;
            return self.place(ExprKind::Opaque, node);
        }
        self.b.depth += 1;
        let id = self.expression_inner(node);
        self.b.depth -= 1;
        id
    }

    /// What a name means here.
    pub(super) fn name(&mut self, name: &str, node: Node<'_>) -> ExprId {
        if let Some(var) = self.b.lookup(name) {
            return self.place(ExprKind::Var(var), node);
        }
        match self.bindings.get(name).cloned() {
            Some(Binding::Module(alias)) => self.place(ExprKind::Free(alias), node),
            Some(Binding::Name { alias, name }) => {
                let base = self.place(ExprKind::Free(alias), node);
                self.place(ExprKind::Member { base, name }, node)
            }
            None => self.place(ExprKind::Free(name.to_owned()), node),
        }
    }

    fn expression_inner(&mut self, node: Node<'t>) -> ExprId {
        match node.kind() {
            "identifier" | "shorthand_property_identifier" | "type_identifier" => {
                if self.slice(node) == "undefined" {
                    return self.place(ExprKind::Nothing, node);
                }
                self.name(self.slice(node), node)
            }
            "this" => self.name("this", node),
            "super" => match self.b.lookup("this") {
                Some(this) => self.place(ExprKind::Var(this), node),
                None => self.place(ExprKind::Opaque, node),
            },
            "member_expression" => self.member(node),
            "subscript_expression" => self.subscript(node),
            "call_expression" => self.call(node),
            "new_expression" => self.new_object(node),
            "string" => {
                let text = self.string(node);
                self.place(ExprKind::Text(text), node)
            }
            "template_string" => self.template(node),
            "number" => {
                let text = self.slice(node).to_owned();
                self.place(ExprKind::Number(text), node)
            }
            "true" => self.place(ExprKind::Truth(true), node),
            "false" => self.place(ExprKind::Truth(false), node),
            "null" | "undefined" => self.place(ExprKind::Nothing, node),
            "parenthesized_expression" | "sequence_expression" => {
                let mut last = None;
                for child in children(node) {
                    last = Some(self.expression(child));
                }
                last.unwrap_or_else(|| self.place(ExprKind::Opaque, node))
            }
            "await_expression"
            | "non_null_expression"
            | "satisfies_expression"
            | "instantiation_expression"
            | "spread_element"
            | "yield_expression" => match children(node).first() {
                Some(inner) => {
                    let inner = self.value(*inner);
                    // A module stays a module when it is waited for.
                    match self.b.unit.expr(inner).kind {
                        ExprKind::Free(_) => inner,
                        _ => self.place(ExprKind::Same(inner), node),
                    }
                }
                None => self.place(ExprKind::Opaque, node),
            },
            "as_expression" | "type_assertion" => self.cast(node),
            "unary_expression" => self.unary(node),
            "binary_expression" => self.binary(node),
            "ternary_expression" => {
                let part = |this: &mut Self, name: &str| node.child_by_field_name(name).map(|n| this.value(n));
                let condition = part(self, "condition");
                let then = part(self, "consequence");
                let otherwise = part(self, "alternative");
                match (condition, then, otherwise) {
                    (Some(condition), Some(then), Some(otherwise)) => {
                        self.place(ExprKind::Choice { condition, then, otherwise }, node)
                    }
                    _ => self.place(ExprKind::Opaque, node),
                }
            }
            "assignment_expression" => self.assignment(node),
            "augmented_assignment_expression" => {
                let operator = node.child_by_field_name("operator").map_or("", |o| self.slice(o));
                match operator {
                    "??=" | "||=" | "&&=" => self.assignment(node),
                    _ => self.opaque(node),
                }
            }
            "object" => self.object(node),
            "array" => {
                let parts = children(node).into_iter().map(|n| Part { key: None, value: self.value(n) }).collect();
                self.place(ExprKind::Composite { ty: TypeExpr::List(Box::default()), parts }, node)
            }
            "arrow_function" | "function_expression" | "generator_function" | "function" => self.lambda(node),
            "class" => {
                let name = format!("(class {}:{})", line(node), node.start_position().column);
                self.class(node, Some(&name));
                let own = node.child_by_field_name("name").map(|n| self.slice(n).to_owned()).unwrap_or(name);
                self.place(ExprKind::Type(TypeExpr::Named { qualifier: None, name: own }), node)
            }
            _ => self.opaque(node),
        }
    }

    /// Whatever has no meaning here: the calls inside are kept.
    fn opaque(&mut self, node: Node<'t>) -> ExprId {
        for child in children(node) {
            if child.kind() == "statement_block" {
                self.block_statements(child);
            } else if !child.kind().ends_with("type") && !matches!(child.kind(), "type_annotation" | "type_arguments") {
                self.value(child);
            }
        }
        self.place(ExprKind::Opaque, node)
    }

    fn member(&mut self, node: Node<'t>) -> ExprId {
        let (Some(object), Some(property)) = (node.child_by_field_name("object"), node.child_by_field_name("property"))
        else {
            return self.place(ExprKind::Opaque, node);
        };
        let name = self.slice(property).to_owned();
        // `process.env.X` looks X up.
        if self.is_environment(object) {
            return self.environment(object, name, property, node);
        }
        let base = match self.loaded(object) {
            Some(alias) => self.place(ExprKind::Free(alias), object),
            None => self.expression(object),
        };
        let at = property.start_position();
        self.b.expr(ExprKind::Member { base, name }, at.row as u32 + 1, at.column as u32 + 1, node.byte_range())
    }

    fn is_environment(&self, node: Node<'t>) -> bool {
        matches!(self.slice(node), "process.env" | "import.meta.env") && self.b.lookup("process").is_none()
    }

    fn environment(&mut self, object: Node<'t>, name: String, key: Node<'t>, node: Node<'t>) -> ExprId {
        let base = self.place(ExprKind::Free("process".to_owned()), object);
        let callee = self.place(ExprKind::Member { base, name: "env".to_owned() }, object);
        let key = self.place(ExprKind::Text(name), key);
        self.place(ExprKind::Call { callee, args: vec![key], named: vec![], spread: false }, node)
    }

    fn subscript(&mut self, node: Node<'t>) -> ExprId {
        let (Some(object), Some(index)) = (node.child_by_field_name("object"), node.child_by_field_name("index"))
        else {
            return self.opaque(node);
        };
        if index.kind() == "string" {
            let name = self.string(index);
            if self.is_environment(object) {
                return self.environment(object, name, index, node);
            }
            // `x['name']` is `x.name`.
            let base = self.expression(object);
            let at = index.start_position();
            let kind = ExprKind::Member { base, name };
            return self.b.expr(kind, at.row as u32 + 1, at.column as u32 + 1, node.byte_range());
        }
        let base = self.value(object);
        let index = self.value(index);
        self.place(ExprKind::Element { base, index: Some(index) }, node)
    }

    fn arguments(&mut self, node: Node<'t>) -> (Vec<ExprId>, bool) {
        let (mut args, mut spread) = (vec![], false);
        if let Some(list) = node.child_by_field_name("arguments") {
            if list.kind() == "template_string" {
                args.push(self.expression(list));
            } else {
                for argument in children(list) {
                    spread |= argument.kind() == "spread_element";
                    args.push(self.expression(argument));
                }
            }
        }
        (args, spread)
    }

    fn call(&mut self, node: Node<'t>) -> ExprId {
        if let Some(alias) = self.loaded(node) {
            return self.place(ExprKind::Free(alias), node);
        }
        let Some(function) = node.child_by_field_name("function") else { return self.opaque(node) };
        let function = self.called(function);
        if let Some(id) = self.rescued(function, node).or_else(|| self.bound(function, node)) {
            return id;
        }
        let callee = match (function.kind(), self.supers.last()) {
            // `super(…)` runs the constructor of what the class extends.
            ("super", Some(base)) => {
                let base = base.clone();
                self.place(ExprKind::Type(base), function)
            }
            _ => self.expression(bare(function)),
        };
        let (args, spread) = self.arguments(node);
        self.call_of(callee, args, spread, node)
    }

    /// `promise.catch(handler)`: the handler runs when what the promise stands for has failed.
    fn rescued(&mut self, function: Node<'t>, node: Node<'t>) -> Option<ExprId> {
        let property = function.child_by_field_name("property")?;
        if function.kind() != "member_expression" || self.slice(property) != "catch" {
            return None;
        }
        let tried = self.b.open_block(Guard::None, line(function));
        let callee = self.expression(bare(function));
        self.b.close_block();
        let handler = self.b.open_block(Guard::Handler { types: vec![], tried, error: None }, line(node));
        let (args, spread) = self.arguments(node);
        self.b.close_block();
        if let Some(ExprKind::Lambda(id)) = args.first().map(|first| &self.b.unit.expr(*first).kind) {
            let parameter = self.b.unit.function(*id).params.first().copied();
            if let Some(Guard::Handler { error, .. }) = self.b.unit.blocks.get_mut(handler.at()).map(|b| &mut b.guard) {
                *error = parameter;
            }
        }
        Some(self.call_of(callee, args, spread, node))
    }

    /// `object.method.bind(object)` is that method as a value.
    fn bound(&mut self, function: Node<'t>, node: Node<'t>) -> Option<ExprId> {
        let property = function.child_by_field_name("property").filter(|p| self.slice(*p) == "bind")?;
        let method = function.child_by_field_name("object").filter(|m| m.kind() == "member_expression")?;
        let owner = method.child_by_field_name("object")?;
        let given = children(node.child_by_field_name("arguments")?);
        if self.slice(*given.first()?) != self.slice(owner) || property.has_error() {
            return None;
        }
        let method = self.value(bare(method));
        Some(self.place(ExprKind::Same(method), node))
    }

    /// What is called: `await f<T>(x)` and `a ?? f<T>(x)` are read as calls of `await f` and of `a ?? f`.
    fn called(&mut self, mut node: Node<'t>) -> Node<'t> {
        loop {
            let parts = children(node);
            match (node.kind(), parts.as_slice()) {
                ("await_expression" | "unary_expression", [.., inner]) => node = *inner,
                ("binary_expression" | "ternary_expression", [rest @ .., last]) => {
                    for part in rest {
                        self.value(*part);
                    }
                    node = *last;
                }
                _ => return node,
            }
        }
    }

    fn call_of(&mut self, callee: ExprId, args: Vec<ExprId>, spread: bool, node: Node<'t>) -> ExprId {
        let arguments = args.clone();
        // `list.push(value)`, `set.add(value)`.
        if let ExprKind::Member { base, name } = &self.b.unit.expr(callee).kind
            && matches!(name.as_str(), "push" | "unshift" | "add")
        {
            let base = *base;
            for value in &args {
                self.assign(base, *value, Projection::IntoElement);
            }
        }
        let id = self.place(ExprKind::Call { callee, args, named: vec![], spread }, node);
        for argument in arguments {
            self.note_reference(argument, Some(id));
        }
        id
    }

    fn new_object(&mut self, node: Node<'t>) -> ExprId {
        let Some(constructor) = node.child_by_field_name("constructor") else { return self.opaque(node) };
        // `new Map<string, Client>()` is an empty map.
        let arguments = node.child_by_field_name("type_arguments").map(children).unwrap_or_default();
        if let (true, Some(value)) = (matches!(self.slice(constructor), "Map" | "WeakMap"), arguments.get(1)) {
            let ty = TypeExpr::Map(Box::new(self.ty(*value)));
            return self.place(ExprKind::Composite { ty, parts: vec![] }, node);
        }
        let callee = self.expression(bare(constructor));
        let (args, spread) = self.arguments(node);
        self.call_of(callee, args, spread, node)
    }

    /// The value of a string literal.
    pub(super) fn string(&self, node: Node<'_>) -> String {
        let text = self.slice(node);
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
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
                Some('\n') | None => {}
                Some(other) => out.push(other),
            }
        }
        out
    }

    /// A template: text, or texts and values joined.
    fn template(&mut self, node: Node<'t>) -> ExprId {
        let mut parts: Vec<ExprId> = vec![];
        let mut at = node.start_byte() + 1;
        let piece = |this: &mut Self, from: usize, to: usize, parts: &mut Vec<ExprId>| {
            let text = this.text.get(from..to).unwrap_or_default();
            if !text.is_empty() {
                parts.push(this.place(ExprKind::Text(text.to_owned()), node));
            }
        };
        for substitution in children(node).into_iter().filter(|c| c.kind() == "template_substitution") {
            piece(self, at, substitution.start_byte(), &mut parts);
            if let Some(inner) = children(substitution).first() {
                parts.push(self.value(*inner));
            }
            at = substitution.end_byte();
        }
        piece(self, at, node.end_byte().saturating_sub(1), &mut parts);
        let mut parts = parts.into_iter();
        let Some(mut whole) = parts.next() else { return self.place(ExprKind::Text(String::new()), node) };
        for right in parts {
            whole = self.place(ExprKind::Binary { op: "+".to_owned(), left: whole, right }, node);
        }
        whole
    }

    fn cast(&mut self, node: Node<'t>) -> ExprId {
        let parts = children(node);
        let (value, ty) = match (node.kind(), parts.as_slice()) {
            ("as_expression", [value, ty, ..]) => (Some(*value), Some(*ty)),
            ("type_assertion", [ty, value, ..]) => (Some(*value), Some(*ty)),
            (_, [value, ..]) => (Some(*value), None),
            _ => (None, None),
        };
        let Some(value) = value else { return self.place(ExprKind::Opaque, node) };
        let value = self.value(value);
        let ty = ty.map(|t| if t.kind() == "type_arguments" { children(t).first().copied().unwrap_or(t) } else { t });
        match ty.map(|t| self.ty(t)).unwrap_or_default() {
            // `as any` and `as const` say nothing.
            TypeExpr::Unknown => self.place(ExprKind::Same(value), node),
            ty => self.place(ExprKind::Cast { ty, value }, node),
        }
    }

    fn unary(&mut self, node: Node<'t>) -> ExprId {
        let negated = node.child_by_field_name("operator").is_some_and(|o| self.slice(o) == "!");
        let Some(argument) = node.child_by_field_name("argument") else { return self.opaque(node) };
        let inner = self.value(argument);
        self.place(if negated { ExprKind::Not(inner) } else { ExprKind::Opaque }, node)
    }

    fn binary(&mut self, node: Node<'t>) -> ExprId {
        let op = node.child_by_field_name("operator").map_or("", |o| self.slice(o)).to_owned();
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            return self.opaque(node);
        };
        let left = self.value(left);
        let right = self.value(right);
        let kind = match op.as_str() {
            "||" | "??" => ExprKind::Choice { condition: left, then: left, otherwise: right },
            _ => ExprKind::Binary { op, left, right },
        };
        self.place(kind, node)
    }

    fn assignment(&mut self, node: Node<'t>) -> ExprId {
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            return self.opaque(node);
        };
        let value = self.value(right);
        if matches!(left.kind(), "object_pattern" | "array_pattern") {
            self.give_parts(left, value);
        } else {
            let target = self.expression(left);
            self.assign(target, value, Projection::Whole);
        }
        self.place(ExprKind::Same(value), node)
    }

    fn object(&mut self, node: Node<'t>) -> ExprId {
        let mut parts = vec![];
        for part in children(node) {
            match part.kind() {
                "pair" => {
                    let (Some(key), Some(value)) = (part.child_by_field_name("key"), part.child_by_field_name("value"))
                    else {
                        continue;
                    };
                    let key = match key.kind() {
                        "property_identifier" | "number" => Key::Name(self.slice(key).to_owned()),
                        "string" => Key::Name(self.string(key)),
                        _ => Key::Value(self.value(key)),
                    };
                    let value = self.value(value);
                    parts.push(Part { key: Some(key), value });
                }
                "shorthand_property_identifier" => {
                    let value = self.value(part);
                    parts.push(Part { key: Some(Key::Name(self.slice(part).to_owned())), value });
                }
                "method_definition" => {
                    let name = part.child_by_field_name("name").map_or("", |n| self.slice(n)).to_owned();
                    let value = self.lambda(part);
                    parts.push(Part { key: Some(Key::Name(name)), value });
                }
                "spread_element" => {
                    if let Some(inner) = children(part).first() {
                        let value = self.value(*inner);
                        parts.push(Part { key: Some(Key::Spread), value });
                    }
                }
                _ => {
                    self.value(part);
                }
            }
        }
        self.place(ExprKind::Composite { ty: TypeExpr::Unknown, parts }, node)
    }

    pub(super) fn lambda(&mut self, node: Node<'t>) -> ExprId {
        let id = self.b.open_function("", line(node), node.byte_range());
        self.b.with(id, |f| f.getter = node.kind() == "method_definition" && has_token(node, "get"));
        self.function_body(id, node);
        self.b.close_function();
        self.place(ExprKind::Lambda(id), node)
    }
}
