//! Types as written, and their declarations.

use tree_sitter::Node;

use super::{Binding, Lowering, children, line};
use crate::scan::lang::builder::MAX_DEPTH;
use crate::scan::program::*;

/// Types that are their argument, for our purposes.
const SAME: [&str; 12] = [
    "Promise",
    "Awaited",
    "Readonly",
    "Partial",
    "Required",
    "NonNullable",
    "PromiseLike",
    "Pick",
    "Omit",
    "InstanceType",
    "Mocked",
    "DeepPartial",
];

impl<'t> Lowering<'t> {
    /// The declared type of a variable, parameter, field or result.
    pub(super) fn annotation(&mut self, node: Node<'t>) -> TypeExpr {
        node.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default()
    }

    pub(super) fn ty(&mut self, node: Node<'t>) -> TypeExpr {
        if self.b.depth >= MAX_DEPTH {
            self.b.unit.too_deep = true;
            return TypeExpr::Unknown;
        }
        self.b.depth += 1;
        let ty = self.ty_inner(node);
        self.b.depth -= 1;
        ty
    }

    fn ty_inner(&mut self, node: Node<'t>) -> TypeExpr {
        match node.kind() {
            "type_annotation" | "parenthesized_type" | "readonly_type" | "optional_type" | "rest_type"
            | "asserts_annotation" => children(node).first().map(|t| self.ty(*t)).unwrap_or_default(),
            "type_identifier" | "identifier" => {
                let name = self.slice(node);
                if self.generics.iter().any(|g| g == name) { TypeExpr::Unknown } else { self.named(name) }
            }
            "predefined_type" => match self.slice(node) {
                "string" | "number" | "boolean" | "symbol" => {
                    TypeExpr::Named { qualifier: None, name: "string".to_owned() }
                }
                _ => TypeExpr::Unknown,
            },
            "nested_type_identifier" => {
                let (Some(module), Some(name)) = (node.child_by_field_name("module"), node.child_by_field_name("name"))
                else {
                    return TypeExpr::Unknown;
                };
                match self.bindings.get(self.slice(module)) {
                    Some(Binding::Module(alias)) => {
                        TypeExpr::Named { qualifier: Some(alias.clone()), name: self.slice(name).to_owned() }
                    }
                    _ => TypeExpr::Unknown,
                }
            }
            "generic_type" => self.generic(node),
            "array_type" => TypeExpr::List(Box::new(children(node).first().map(|t| self.ty(*t)).unwrap_or_default())),
            // `Client | undefined`: whatever is named.
            "union_type" | "intersection_type" => {
                let mut plain = TypeExpr::Unknown;
                for part in children(node) {
                    match self.ty(part) {
                        TypeExpr::Unknown => {}
                        TypeExpr::Named { qualifier: None, name } if name == "string" => {
                            plain = TypeExpr::Named { qualifier: None, name };
                        }
                        ty => return ty,
                    }
                }
                if node.kind() == "union_type" && children(node).len() > 2 { TypeExpr::Unknown } else { plain }
            }
            "function_type" => {
                let result = node.child_by_field_name("return_type").map(|t| self.ty(t)).unwrap_or_default();
                TypeExpr::Function(vec![result])
            }
            "object_type" => {
                let name = format!("{{{}:{}}}", line(node), node.start_position().column);
                self.members(&name, node, vec![]);
                TypeExpr::Named { qualifier: None, name }
            }
            _ => TypeExpr::Unknown,
        }
    }

    fn generic(&mut self, node: Node<'t>) -> TypeExpr {
        let name = node.child_by_field_name("name").map_or("", |n| self.slice(n));
        let arguments = node.child_by_field_name("type_arguments").map(children).unwrap_or_default();
        let mut argument = |i: usize| arguments.get(i).map(|t| self.ty(*t)).unwrap_or_default();
        match name {
            name if SAME.contains(&name) => argument(0),
            "Array" | "ReadonlyArray" | "Set" | "AsyncIterable" | "Iterable" | "AsyncGenerator" | "Generator" => {
                TypeExpr::List(Box::new(argument(0)))
            }
            "Map" | "Record" | "WeakMap" | "ReadonlyMap" => TypeExpr::Map(Box::new(argument(1))),
            _ => node.child_by_field_name("name").map(|n| self.ty(n)).unwrap_or_default(),
        }
    }

    /// A named type: imported, or of this file.
    pub(super) fn named(&self, name: &str) -> TypeExpr {
        match self.bindings.get(name) {
            Some(Binding::Name { alias, name }) => {
                TypeExpr::Named { qualifier: Some(alias.clone()), name: name.clone() }
            }
            _ => TypeExpr::Named { qualifier: None, name: name.to_owned() },
        }
    }

    pub(super) fn add_generics(&mut self, node: Node<'t>) {
        let Some(list) = node.child_by_field_name("type_parameters") else { return };
        for parameter in children(list) {
            if let Some(name) = parameter.child_by_field_name("name") {
                self.generics.push(self.slice(name).to_owned());
            }
        }
    }

    pub(super) fn type_declaration(&mut self, node: Node<'t>) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let generics = self.generics.len();
        self.add_generics(node);
        let name = self.slice(name).to_owned();
        if node.kind() == "interface_declaration" {
            let mut bases = vec![];
            for clause in children(node).into_iter().filter(|c| c.kind() == "extends_type_clause") {
                bases.extend(children(clause).into_iter().map(|t| self.ty(t)));
            }
            if let Some(body) = node.child_by_field_name("body") {
                self.members(&name, body, bases);
            }
        } else if let Some(value) = node.child_by_field_name("value") {
            if value.kind() == "object_type" {
                self.members(&name, value, vec![]);
            } else {
                let target = self.ty(value);
                self.b.unit.types.push(TypeDecl {
                    name,
                    kind: TypeKind::Alias(target),
                    line: line(node),
                    made_by_call: false,
                    decorators: vec![],
                    provider: None,
                });
            }
        }
        self.generics.truncate(generics);
    }

    /// Members of an interface or object type.
    fn members(&mut self, name: &str, body: Node<'t>, bases: Vec<TypeExpr>) {
        let (mut methods, mut fields) = (vec![], vec![]);
        for member in children(body) {
            let Some(key) = member.child_by_field_name("name") else { continue };
            let key = self.slice(key).trim_matches(['"', '\'']).to_owned();
            match member.kind() {
                "method_signature" => methods.push(self.method_signature(key, member)),
                "property_signature" => {
                    let declared = member.child_by_field_name("type").and_then(|t| children(t).first().copied());
                    match declared {
                        Some(function) if function.kind() == "function_type" => {
                            methods.push(self.method_signature(key, function));
                        }
                        _ => {
                            let ty = self.annotation(member);
                            fields.push(Field { name: key, ty, embedded: false });
                        }
                    }
                }
                _ => {}
            }
        }
        self.b.unit.types.push(TypeDecl {
            name: name.to_owned(),
            kind: TypeKind::Interface { methods, bases, fields },
            line: line(body),
            made_by_call: false,
            decorators: vec![],
            provider: None,
        });
    }

    fn method_signature(&mut self, name: String, node: Node<'t>) -> Method {
        let mut params = vec![];
        for parameter in node.child_by_field_name("parameters").map(children).unwrap_or_default() {
            params.push(self.annotation(parameter));
        }
        let result = node.child_by_field_name("return_type").map(|t| self.ty(t)).unwrap_or_default();
        Method { name, params, results: vec![result] }
    }
}
