//! Python expressions.

use tree_sitter::Node;

use super::{Lowering, children, line};
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    pub(super) fn add(&mut self, kind: ExprKind, node: Node<'_>) -> ExprId {
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
            return self.add(ExprKind::Opaque, node);
        }
        self.b.depth += 1;
        let id = self.expression_inner(node);
        self.b.depth -= 1;
        id
    }

    fn expression_inner(&mut self, node: Node<'t>) -> ExprId {
        match node.kind() {
            "identifier" => self.name(node),
            "attribute" => self.attribute(node),
            "call" => self.call(node),
            "string" => self.string(node),
            "concatenated_string" => self.join(children(node), node),
            "integer" | "float" => {
                let text = self.slice(node).to_owned();
                self.add(ExprKind::Number(text), node)
            }
            "true" => self.add(ExprKind::Truth(true), node),
            "false" => self.add(ExprKind::Truth(false), node),
            "none" => self.add(ExprKind::Nothing, node),
            "await" | "parenthesized_expression" | "list_splat" | "dictionary_splat" | "type" => {
                match children(node).first() {
                    Some(inner) => {
                        let inner = self.value(*inner);
                        self.add(ExprKind::Same(inner), node)
                    }
                    None => self.add(ExprKind::Opaque, node),
                }
            }
            "yield" => self.give_out(node),
            "conditional_expression" => match children(node).as_slice() {
                [then, condition, otherwise] => {
                    let condition = self.value(*condition);
                    let then = self.value(*then);
                    let otherwise = self.value(*otherwise);
                    self.add(ExprKind::Choice { condition, then, otherwise }, node)
                }
                _ => self.inner_only(node),
            },
            "boolean_operator" => match (self.part(node, "left"), self.part(node, "right")) {
                (Some(left), Some(right)) => {
                    let or = node.child_by_field_name("operator").is_some_and(|o| o.kind() == "or");
                    let op = if or { "||" } else { "&&" }.to_owned();
                    self.add(ExprKind::Binary { op, left, right }, node)
                }
                _ => self.inner_only(node),
            },
            "binary_operator" => match (self.part(node, "left"), self.part(node, "right")) {
                (Some(left), Some(right)) => {
                    let op = node.child_by_field_name("operator").map_or("", |o| self.slice(o)).to_owned();
                    self.add(ExprKind::Binary { op, left, right }, node)
                }
                _ => self.inner_only(node),
            },
            "comparison_operator" => match children(node).as_slice() {
                [left, right] => {
                    let (left, right) = (self.value(*left), self.value(*right));
                    let op = node.child(1).map_or("", |o| self.slice(o));
                    let op = match op {
                        "is" => "==",
                        "is not" => "!=",
                        op => op,
                    };
                    self.add(ExprKind::Binary { op: op.to_owned(), left, right }, node)
                }
                _ => self.inner_only(node),
            },
            "not_operator" => match self.part(node, "argument") {
                Some(inner) => self.add(ExprKind::Not(inner), node),
                None => self.inner_only(node),
            },
            "named_expression" => {
                let value = self.part(node, "value");
                if let (Some(target), Some(value)) = (node.child_by_field_name("name"), value) {
                    self.assign(target, value, Projection::Whole);
                    return self.add(ExprKind::Same(value), node);
                }
                self.inner_only(node)
            }
            "subscript" => self.subscript(node),
            "list" | "set" | "tuple" | "expression_list" => {
                let parts = children(node).into_iter().map(|n| Part { key: None, value: self.value(n) }).collect();
                self.add(ExprKind::Composite { ty: TypeExpr::Unknown, parts }, node)
            }
            "dictionary" => self.dictionary(node),
            "list_comprehension" | "set_comprehension" | "generator_expression" | "dictionary_comprehension" => {
                self.comprehension(node)
            }
            "lambda" => self.lambda(node),
            _ => self.inner_only(node),
        }
    }

    /// Whatever has no meaning here: keep the calls inside.
    fn inner_only(&mut self, node: Node<'t>) -> ExprId {
        for child in children(node) {
            self.value(child);
        }
        self.add(ExprKind::Opaque, node)
    }

    fn part(&mut self, node: Node<'t>, name: &str) -> Option<ExprId> {
        let child = node.child_by_field_name(name)?;
        Some(self.value(child))
    }

    fn name(&mut self, node: Node<'t>) -> ExprId {
        let name = self.slice(node);
        let kind = match self.b.lookup(name) {
            Some(var) => ExprKind::Var(var),
            None => match self.classes.last() {
                Some(class) if class.meta.as_deref() == Some(name) => ExprKind::Free(class.name.clone()),
                _ => ExprKind::Free(name.to_owned()),
            },
        };
        self.add(kind, node)
    }

    fn attribute(&mut self, node: Node<'t>) -> ExprId {
        let (Some(object), Some(attribute)) =
            (node.child_by_field_name("object"), node.child_by_field_name("attribute"))
        else {
            return self.inner_only(node);
        };
        let base = self.expression(object);
        let name = match self.slice(attribute) {
            "__init__" => CONSTRUCTOR,
            name => name,
        };
        let at = attribute.start_position();
        let kind = ExprKind::Member { base, name: name.to_owned() };
        self.b.expr(kind, at.row as u32 + 1, at.column as u32 + 1, node.byte_range())
    }

    fn call(&mut self, node: Node<'t>) -> ExprId {
        let Some(function) = node.child_by_field_name("function") else { return self.inner_only(node) };
        if let Some(parent) = self.parent_object(node, function) {
            return parent;
        }
        // `f[T](x)`: the function is what is indexed.
        let callee = match function.kind() {
            "subscript" => match function.child_by_field_name("value") {
                Some(inner) => self.expression(inner),
                None => self.expression(function),
            },
            _ => self.expression(function),
        };
        let (mut args, mut named, mut spread) = (vec![], vec![], false);
        let list = node.child_by_field_name("arguments");
        let given = match list {
            Some(list) if list.kind() == "argument_list" => children(list),
            Some(single) => vec![single],
            None => vec![],
        };
        for argument in given {
            match argument.kind() {
                "keyword_argument" => {
                    let name = argument.child_by_field_name("name").map(|n| self.slice(n).to_owned());
                    let Some(value) = argument.child_by_field_name("value") else { continue };
                    let value = self.expression(value);
                    named.push(Part { key: name.map(Key::Name), value });
                }
                "dictionary_splat" => {
                    let value = self.expression(argument);
                    named.push(Part { key: Some(Key::Spread), value });
                }
                _ => {
                    spread |= argument.kind() == "list_splat";
                    args.push(self.expression(argument));
                }
            }
        }
        // `getattr(client, "start_workflow")` is the member, or what stands in for it when there is none.
        if let (ExprKind::Free(function), [object, name, rest @ ..]) = (&self.b.unit.expr(callee).kind, args.as_slice())
            && function == "getattr"
            && let ExprKind::Text(name) = &self.b.unit.expr(*name).kind
        {
            let kind = ExprKind::Member { base: *object, name: name.clone() };
            let member = self.add(kind, node);
            return match rest.first() {
                Some(default) if !matches!(self.b.unit.expr(*default).kind, ExprKind::Nothing) => {
                    self.add(ExprKind::Binary { op: "||".into(), left: member, right: *default }, node)
                }
                _ => member,
            };
        }
        let values: Vec<ExprId> = args.iter().copied().chain(named.iter().map(|part| part.value)).collect();
        self.fills(callee, &args, &named);
        let id = self.add(ExprKind::Call { callee, args, named, spread }, node);
        for value in values {
            self.note_reference(value, Some(id));
        }
        id
    }

    /// `super()`: the object itself, as one of its class's base.
    fn parent_object(&mut self, node: Node<'t>, function: Node<'t>) -> Option<ExprId> {
        if function.kind() != "identifier" || self.slice(function) != "super" {
            return None;
        }
        let class = self.classes.last()?;
        let ty = class.bases.first().cloned().unwrap_or_default();
        let (receiver, meta) = (class.receiver, class.meta.is_some());
        match receiver {
            Some(receiver) => {
                let value = self.add(ExprKind::Var(receiver), node);
                Some(self.add(ExprKind::Cast { ty, value }, node))
            }
            None if meta => Some(self.add(ExprKind::Type(ty), node)),
            None => None,
        }
    }

    /// `map.setdefault("key", value)` and `map.update(key=value)` put entries into a map, `list.append(value)` elements
    /// into a list.
    fn fills(&mut self, callee: ExprId, args: &[ExprId], named: &[Part]) {
        let ExprKind::Member { base, name } = &self.b.unit.expr(callee).kind else { return };
        let (base, name) = (*base, name.clone());
        let mut entries: Vec<(String, ExprId)> = vec![];
        match (name.as_str(), args) {
            ("append" | "appendleft" | "add" | "put_nowait", [value]) | ("insert", [_, value]) => {
                self.assign_element(base, *value);
            }
            ("setdefault", [key, value]) => {
                if let ExprKind::Text(key) = &self.b.unit.expr(*key).kind {
                    entries.push((key.clone(), *value));
                }
            }
            ("update", args) => {
                let given = args.first().and_then(|first| match &self.b.unit.expr(*first).kind {
                    ExprKind::Composite { parts, .. } => Some(parts.as_slice()),
                    _ => None,
                });
                for part in given.unwrap_or_default().iter().chain(named) {
                    if let Some(Key::Name(key)) = &part.key {
                        entries.push((key.clone(), part.value));
                    }
                }
            }
            _ => {}
        }
        let (row, column, range) = {
            let expr = self.b.unit.expr(base);
            (expr.line, expr.column, expr.start as usize..expr.end as usize)
        };
        for (name, value) in entries {
            let target = self.b.expr(ExprKind::Member { base, name }, row, column, range.clone());
            self.b.write(target, value, Projection::Whole);
        }
    }

    fn string(&mut self, node: Node<'t>) -> ExprId {
        let parts = children(node);
        if parts.iter().any(|p| p.kind() == "interpolation") {
            let parts = parts.into_iter().filter(|p| matches!(p.kind(), "string_content" | "interpolation")).collect();
            return self.join(parts, node);
        }
        let mut text = String::new();
        let raw = self.slice(node).chars().take_while(|c| *c != '"' && *c != '\'').any(|c| matches!(c, 'r' | 'R'));
        for part in parts.iter().filter(|p| p.kind() == "string_content") {
            let content = self.slice(*part);
            if raw { text.push_str(content) } else { text.push_str(&unescape(content)) }
        }
        self.add(ExprKind::Text(text), node)
    }

    /// Texts one after the other.
    fn join(&mut self, parts: Vec<Node<'t>>, node: Node<'t>) -> ExprId {
        let mut whole: Option<ExprId> = None;
        for part in parts {
            let next = match part.kind() {
                "string_content" => {
                    let text = unescape(self.slice(part));
                    self.add(ExprKind::Text(text), part)
                }
                "interpolation" => match part.child_by_field_name("expression") {
                    Some(inner) => self.value(inner),
                    None => self.inner_only(part),
                },
                _ => self.value(part),
            };
            whole = Some(match whole {
                Some(left) => self.add(ExprKind::Binary { op: "+".to_owned(), left, right: next }, node),
                None => next,
            });
        }
        match whole {
            Some(whole) => whole,
            None => self.add(ExprKind::Text(String::new()), node),
        }
    }

    /// `map["key"]` is an entry by name, everything else an element.
    fn subscript(&mut self, node: Node<'t>) -> ExprId {
        let Some(value) = node.child_by_field_name("value") else { return self.inner_only(node) };
        let base = self.value(value);
        let Some(index) = node.child_by_field_name("subscript") else {
            return self.add(ExprKind::Element { base, index: None }, node);
        };
        let index = self.value(index);
        let kind = match &self.b.unit.expr(index).kind {
            ExprKind::Text(name) => ExprKind::Member { base, name: name.clone() },
            _ => ExprKind::Element { base, index: Some(index) },
        };
        self.add(kind, node)
    }

    fn dictionary(&mut self, node: Node<'t>) -> ExprId {
        let mut parts = vec![];
        for entry in children(node) {
            if entry.kind() != "pair" {
                let value = self.value(entry);
                parts.push(Part { key: None, value });
                continue;
            }
            let key = self.part(entry, "key");
            let Some(value) = self.part(entry, "value") else { continue };
            let key = key.map(|key| match &self.b.unit.expr(key).kind {
                ExprKind::Text(name) => Key::Name(name.clone()),
                _ => Key::Value(key),
            });
            parts.push(Part { key, value });
        }
        self.add(ExprKind::Composite { ty: TypeExpr::Unknown, parts }, node)
    }

    fn comprehension(&mut self, node: Node<'t>) -> ExprId {
        self.b.open_scope();
        for clause in children(node) {
            match clause.kind() {
                "for_in_clause" => {
                    let over = self.part(clause, "right");
                    if let (Some(left), Some(over)) = (clause.child_by_field_name("left"), over) {
                        self.declare_locals(left);
                        self.assign(left, over, Projection::ElementOf);
                    }
                }
                "if_clause" => {
                    self.inner_only(clause);
                }
                _ => {}
            }
        }
        let mut parts = vec![];
        if let Some(body) = node.child_by_field_name("body") {
            if body.kind() == "pair" {
                self.part(body, "key");
                if let Some(value) = self.part(body, "value") {
                    parts.push(Part { key: None, value });
                }
            } else {
                let value = self.value(body);
                parts.push(Part { key: None, value });
            }
        }
        self.b.close_scope();
        self.add(ExprKind::Composite { ty: TypeExpr::Unknown, parts }, node)
    }

    fn lambda(&mut self, node: Node<'t>) -> ExprId {
        let id = self.b.open_function("", line(node), node.byte_range());
        let parameters = node.child_by_field_name("parameters").map(children).unwrap_or_default();
        self.parameters(id, parameters);
        if let Some(body) = node.child_by_field_name("body") {
            let value = self.value(body);
            let block = self.b.block();
            self.b.with(id, |f| f.returns.push(Return { values: vec![value], block }));
        }
        self.b.close_function();
        self.add(ExprKind::Lambda(id), node)
    }

    /// What a generator yields is what its callers get.
    fn give_out(&mut self, node: Node<'t>) -> ExprId {
        let Some(inner) = children(node).first().copied() else { return self.add(ExprKind::Opaque, node) };
        let value = self.value(inner);
        let block = self.b.block();
        if let Some(id) = self.b.function() {
            self.b.with(id, |f| f.returns.push(Return { values: vec![value], block }));
        }
        self.add(ExprKind::Opaque, node)
    }
}

/// The value of what stands between the quotes.
fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let (mut out, mut chars) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (c, false) => out.push(c),
            _ => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('\n') => {}
                Some(c @ ('"' | '\\' | '\'')) => out.push(c),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
        }
    }
    out
}
