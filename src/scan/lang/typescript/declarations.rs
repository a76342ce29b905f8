//! The top level of a file: what it declares and hands out.

use tree_sitter::Node;

use super::{Lowering, children, has_token, line};
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    pub(super) fn file(&mut self, root: Node<'t>) {
        let statements = children(root);
        // Imports and top-level names are visible before they are declared.
        for node in &statements {
            match node.kind() {
                "import_statement" => self.import(*node),
                "export_statement" => {
                    if let Some(declaration) = node.child_by_field_name("declaration") {
                        self.declare_top(declaration);
                    }
                }
                _ => self.declare_top(*node),
            }
        }
        for node in statements {
            self.top_statement(node);
        }
        self.ambient();
    }

    /// Objects every program has, unless the file has its own of that name.
    fn ambient(&mut self) {
        for name in super::modules::AMBIENT {
            if self.b.lookup(name).is_none() && !self.bindings.contains_key(name) {
                self.b.unit.imports.push(Import { alias: Some(name.to_owned()), path: name.to_owned(), member: None });
            }
        }
    }

    /// Variables of the top level; functions and classes are known by their names.
    fn declare_top(&mut self, node: Node<'t>) {
        match node.kind() {
            "lexical_declaration" | "variable_declaration" => {
                for declarator in declarators(node) {
                    let Some(name) = declarator.child_by_field_name("name") else { continue };
                    let value = declarator.child_by_field_name("value");
                    if let Some(value) = value
                        && self.load(name, value)
                    {
                        continue;
                    }
                    if name.kind() == "identifier" && value.is_some_and(|v| is_function(v)) {
                        continue;
                    }
                    let ty = self.annotation(declarator);
                    self.declare_pattern(name, Role::Global, ty);
                }
            }
            "ambient_declaration" => {
                for inner in children(node) {
                    self.declare_top(inner);
                }
            }
            "enum_declaration" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.b.declare(self.slice(name), Role::Global, TypeExpr::Unknown, line(name));
                }
            }
            _ => {}
        }
    }

    /// `const { Client } = require('x')`, `const x = await import('x')`: names of a module; whether it was one.
    pub(super) fn load(&mut self, name: Node<'t>, value: Node<'t>) -> bool {
        // `require('x').Client`, also `new (require('x').Client)`.
        if value.kind() == "member_expression"
            && name.kind() == "identifier"
            && let (Some(object), Some(property)) =
                (value.child_by_field_name("object"), value.child_by_field_name("property"))
            && let Some(alias) = self.loaded(object)
        {
            self.bind(self.slice(name), &alias, self.slice(property));
            return true;
        }
        let Some(alias) = self.loaded(value) else { return false };
        match name.kind() {
            "identifier" => self.bind_module(self.slice(name), &alias),
            "object_pattern" => {
                for part in children(name) {
                    match part.kind() {
                        "shorthand_property_identifier_pattern" => {
                            self.bind(self.slice(part), &alias, self.slice(part));
                        }
                        "pair_pattern" => {
                            let (Some(key), Some(local)) =
                                (part.child_by_field_name("key"), part.child_by_field_name("value"))
                            else {
                                continue;
                            };
                            self.bind(self.slice(local), &alias, self.slice(key));
                        }
                        _ => {}
                    }
                }
            }
            _ => return false,
        }
        true
    }

    fn top_statement(&mut self, node: Node<'t>) {
        match node.kind() {
            "import_statement" => {}
            "export_statement" => {
                let mut decorators = vec![];
                for child in children(node).into_iter().filter(|c| c.kind() == "decorator") {
                    decorators.push(self.decorator(child));
                }
                if let Some(declaration) = node.child_by_field_name("declaration") {
                    let known = self.b.unit.functions.len();
                    self.top_statement(declaration);
                    self.export_functions(known);
                    if let (true, Some(class)) = (!decorators.is_empty(), self.b.unit.types.last_mut()) {
                        class.decorators.append(&mut decorators);
                    }
                    if declaration.child_by_field_name("name").is_none() && has_token(node, "default") {
                        self.global_value("default", declaration, TypeExpr::Unknown, line(node));
                        return;
                    }
                }
                self.export(node);
            }
            "ambient_declaration" | "internal_module" | "module" => {
                for inner in children(node) {
                    if inner.kind() == "statement_block" {
                        for inner in children(inner) {
                            self.top_statement(inner);
                        }
                    } else {
                        self.top_statement(inner);
                    }
                }
            }
            "function_declaration" | "generator_function_declaration" | "function_signature" => {
                self.named_function(node);
            }
            "class_declaration" | "abstract_class_declaration" => {
                self.class(node, None);
            }
            "interface_declaration" | "type_alias_declaration" => self.type_declaration(node),
            "enum_declaration" => self.enumeration(node),
            "lexical_declaration" | "variable_declaration" => self.top_variables(node),
            "expression_statement" => {
                let inner = children(node).first().copied();
                match inner {
                    Some(inner) if inner.kind() == "assignment_expression" && self.common_js(inner) => {}
                    // `namespace x { … }` stands in an expression statement.
                    Some(inner) if inner.kind() == "internal_module" => self.top_statement(inner),
                    Some(inner) => {
                        self.value(inner);
                    }
                    None => {}
                }
            }
            _ => {
                self.statement(node);
            }
        }
    }

    /// The functions of an exported declaration are handed out by their names.
    fn export_functions(&mut self, known: usize) {
        let unit = &mut self.b.unit;
        let new = unit.functions.iter().skip(known);
        let named = new.filter(|f| f.parent.is_none() && f.owner.is_none() && !f.name.is_empty());
        unit.exports.extend(named.map(|f| (f.name.clone(), f.name.clone())));
    }

    fn top_variables(&mut self, node: Node<'t>) {
        for declarator in declarators(node) {
            let Some(name) = declarator.child_by_field_name("name") else { continue };
            let Some(value) = declarator.child_by_field_name("value") else { continue };
            if self.loaded(value).is_some()
                || (name.kind() == "identifier" && self.b.lookup(self.slice(name)).is_none())
            {
                if is_function(value) {
                    self.function_value(value, self.slice(name), line(name));
                }
                continue;
            }
            self.b.set_holder((name.kind() == "identifier").then(|| self.slice(name)));
            self.give_pattern(name, value);
            self.b.set_holder(None);
        }
    }

    /// A top-level name with a value: functions get its name, everything else is a variable.
    pub(super) fn global_value(&mut self, name: &str, value: Node<'t>, ty: TypeExpr, at: u32) {
        if is_function(value) {
            self.function_value(value, name, at);
            return;
        }
        if matches!(value.kind(), "class" | "class_declaration" | "abstract_class_declaration") {
            self.class(value, Some(name));
            return;
        }
        self.b.set_holder(Some(name));
        let id = self.value(value);
        self.b.set_holder(None);
        let var = self.b.declare_outside(name, at);
        self.b.unit.vars[var.at()].ty = ty;
        self.b.give(var, id, Projection::Whole);
    }

    fn enumeration(&mut self, node: Node<'t>) {
        let (Some(name), Some(body)) = (node.child_by_field_name("name"), node.child_by_field_name("body")) else {
            return;
        };
        let mut parts = vec![];
        for member in children(body) {
            let (key, value) = match member.kind() {
                "enum_assignment" => (member.child_by_field_name("name"), member.child_by_field_name("value")),
                _ => (Some(member), None),
            };
            let (Some(key), Some(value)) = (key, value) else { continue };
            let key = Key::Name(self.slice(key).trim_matches(['"', '\'']).to_owned());
            let value = self.value(value);
            parts.push(Part { key: Some(key), value });
        }
        let value = self.place(ExprKind::Composite { ty: TypeExpr::Unknown, parts }, body);
        if let Some(var) = self.b.lookup(self.slice(name)) {
            self.b.give(var, value, Projection::Whole);
        }
    }

    /// `function f(…) { … }` at the top level.
    pub(super) fn named_function(&mut self, node: Node<'t>) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let id = self.b.open_function(self.slice(name), line(name), node.byte_range());
        self.function_body(id, node);
        self.b.close_function();
    }

    /// A function as a value that has a name of its own.
    pub(super) fn function_value(&mut self, node: Node<'t>, name: &str, at: u32) -> FuncId {
        let node = bare(node);
        let id = self.b.open_function(name, at, node.byte_range());
        self.function_body(id, node);
        self.b.close_function();
        id
    }

    /// Parameters, result and statements of a function.
    pub(super) fn function_body(&mut self, id: FuncId, node: Node<'t>) {
        let generics = self.generics.len();
        self.add_generics(node);
        let promised = |result| self.slice(result).trim_start_matches([':', ' ']).starts_with("Promise<");
        let waited_for = has_token(node, "async") || node.child_by_field_name("return_type").is_some_and(promised);
        self.b.with(id, |f| f.asynchronous = waited_for);
        if let Some(single) = node.child_by_field_name("parameter") {
            let var = self.b.declare(self.slice(single), Role::Param(0), TypeExpr::Unknown, line(single));
            self.b.with(id, |f| f.params.push(var));
        }
        if let Some(list) = node.child_by_field_name("parameters") {
            self.parameters(id, list);
        }
        if let Some(result) = node.child_by_field_name("return_type") {
            let ty = self.ty(result);
            if ty != TypeExpr::Unknown {
                self.b.with(id, |f| f.results.push(ResultDecl { ty, var: None }));
            }
        }
        if let Some(body) = node.child_by_field_name("body") {
            if body.kind() == "statement_block" {
                self.statements(body);
            } else {
                let value = self.value(body);
                let block = self.b.block();
                self.b.with(id, |f| f.returns.push(Return { values: vec![value], block }));
            }
        }
        self.generics.truncate(generics);
    }

    fn parameters(&mut self, id: FuncId, list: Node<'t>) {
        let mut position = 0;
        for parameter in children(list) {
            let typed = matches!(parameter.kind(), "required_parameter" | "optional_parameter");
            let mut pattern = if typed { parameter.child_by_field_name("pattern") } else { Some(parameter) };
            let mut default = if typed { parameter.child_by_field_name("value") } else { None };
            if let Some(inner) = pattern.filter(|p| p.kind() == "assignment_pattern") {
                default = inner.child_by_field_name("right");
                pattern = inner.child_by_field_name("left");
            }
            let Some(mut pattern) = pattern else { continue };
            if pattern.kind() == "this" || matches!(parameter.kind(), "decorator") {
                continue;
            }
            let variadic = pattern.kind() == "rest_pattern";
            if variadic && let Some(inner) = children(pattern).first().copied() {
                pattern = inner;
            }
            let ty = if typed { self.annotation(parameter) } else { TypeExpr::Unknown };
            let name = if pattern.kind() == "identifier" { self.slice(pattern) } else { "" };
            let var = self.b.declare(name, Role::Param(position), ty, line(parameter));
            self.b.with(id, |f| {
                f.params.push(var);
                if variadic {
                    f.rest = Some(position);
                }
            });
            for decorator in children(parameter).into_iter().filter(|c| c.kind() == "decorator") {
                let call = self.decorator(decorator);
                self.b.unit.annotations.push(Annotation { on: var, call });
            }
            if let Some(default) = default {
                let value = self.value(default);
                self.b.give(var, value, Projection::Whole);
            }
            if pattern.kind() != "identifier" {
                let value = self.place(ExprKind::Var(var), pattern);
                self.take_apart(pattern, value, Role::Local);
            }
            position += 1;
        }
    }

    pub(super) fn decorator(&mut self, node: Node<'t>) -> ExprId {
        match children(node).first() {
            Some(inner) => self.value(*inner),
            None => self.place(ExprKind::Opaque, node),
        }
    }
}

/// The declarators of a `const`, `let` or `var`.
pub(super) fn declarators(node: Node<'_>) -> Vec<Node<'_>> {
    children(node).into_iter().filter(|c| c.kind() == "variable_declarator").collect()
}

/// Without parentheses and type assertions.
pub(super) fn bare(mut node: Node<'_>) -> Node<'_> {
    while matches!(node.kind(), "parenthesized_expression" | "as_expression" | "satisfies_expression") {
        match children(node).first() {
            Some(inner) => node = *inner,
            None => break,
        }
    }
    node
}

/// A function literal.
pub(super) fn is_function(node: Node<'_>) -> bool {
    matches!(bare(node).kind(), "arrow_function" | "function_expression" | "generator_function" | "function")
}
