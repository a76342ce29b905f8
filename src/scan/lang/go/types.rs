//! Go types.

use tree_sitter::Node;

use super::{Lowering, children, line, names};
use crate::scan::program::*;

impl Lowering<'_> {
    /// Lower a type; pointers disappear, type parameters are unknown.
    pub(super) fn ty(&mut self, node: Node<'_>) -> TypeExpr {
        if self.b.depth >= super::super::builder::MAX_DEPTH {
            self.b.unit.too_deep = true;
            return TypeExpr::Unknown;
        }
        self.b.depth += 1;
        let ty = self.ty_inner(node);
        self.b.depth -= 1;
        ty
    }

    fn ty_inner(&mut self, node: Node<'_>) -> TypeExpr {
        match node.kind() {
            "type_identifier" | "identifier" => {
                let name = self.slice(node);
                if self.generics.iter().any(|g| g == name) {
                    return TypeExpr::Unknown;
                }
                TypeExpr::Named { qualifier: None, name: name.to_owned() }
            }
            "qualified_type" => {
                let (Some(package), Some(name)) =
                    (node.child_by_field_name("package"), node.child_by_field_name("name"))
                else {
                    return TypeExpr::Unknown;
                };
                TypeExpr::Named { qualifier: Some(self.slice(package).to_owned()), name: self.slice(name).to_owned() }
            }
            "generic_type" => match node.child_by_field_name("type") {
                // A generic box (atomic.Pointer[T], Option[T]) still has the type of the box.
                Some(inner) => self.ty(inner),
                None => TypeExpr::Unknown,
            },
            "pointer_type" | "parenthesized_type" => match children(node).first() {
                Some(inner) => self.ty(*inner),
                None => TypeExpr::Unknown,
            },
            "slice_type" | "array_type" | "implicit_length_array_type" => {
                let element = node.child_by_field_name("element").map(|e| self.ty(e)).unwrap_or_default();
                TypeExpr::List(Box::new(element))
            }
            "channel_type" => {
                let element = node.child_by_field_name("value").map(|e| self.ty(e)).unwrap_or_default();
                TypeExpr::List(Box::new(element))
            }
            "map_type" => {
                let value = node.child_by_field_name("value").map(|e| self.ty(e)).unwrap_or_default();
                TypeExpr::Map(Box::new(value))
            }
            "function_type" => {
                let results = node.child_by_field_name("result").map(|r| self.result_types(r)).unwrap_or_default();
                TypeExpr::Function(results)
            }
            "type_elem" => match children(node).as_slice() {
                [only] => self.ty(*only),
                _ => TypeExpr::Unknown,
            },
            _ => TypeExpr::Unknown,
        }
    }

    /// The types of a result clause.
    pub(super) fn result_types(&mut self, result: Node<'_>) -> Vec<TypeExpr> {
        if result.kind() != "parameter_list" {
            return vec![self.ty(result)];
        }
        self.parameter_types(result)
    }

    fn parameter_types(&mut self, list: Node<'_>) -> Vec<TypeExpr> {
        let mut types = vec![];
        for parameter in children(list) {
            let mut ty = parameter.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
            if parameter.kind() == "variadic_parameter_declaration" {
                ty = TypeExpr::List(Box::new(ty));
            }
            for _ in 0..names(parameter).len().max(1) {
                types.push(ty.clone());
            }
        }
        types
    }

    /// Type parameters of a declaration come into scope.
    pub(super) fn add_generics(&mut self, list: Node<'_>) {
        for parameter in children(list) {
            for name in names(parameter) {
                let name = self.slice(name).to_owned();
                self.generics.push(name);
            }
        }
    }

    /// Type parameters named in a receiver, `func (s Signal[T]) …`.
    pub(super) fn receiver_generics(&mut self, node: Node<'_>) {
        let mut node = node;
        while node.kind() == "pointer_type" || node.kind() == "parenthesized_type" {
            let Some(inner) = children(node).first().copied() else { return };
            node = inner;
        }
        if node.kind() != "generic_type" {
            return;
        }
        let Some(arguments) = node.child_by_field_name("type_arguments") else { return };
        for argument in children(arguments) {
            let name = self.slice(argument).to_owned();
            self.generics.push(name);
        }
    }

    /// `type X …`, at package level or in a function.
    pub(super) fn type_declaration(&mut self, node: Node<'_>) {
        for spec in children(node) {
            let (Some(name), Some(ty)) = (spec.child_by_field_name("name"), spec.child_by_field_name("type")) else {
                continue;
            };
            let generics = self.generics.len();
            if let Some(list) = spec.child_by_field_name("type_parameters") {
                self.add_generics(list);
            }
            let kind = match ty.kind() {
                "struct_type" => TypeKind::Record { fields: self.fields(ty), bases: vec![] },
                "interface_type" => self.interface(ty),
                _ if spec.kind() == "type_alias" => TypeKind::Alias(self.ty(ty)),
                _ => TypeKind::Defined(self.ty(ty)),
            };
            self.generics.truncate(generics);
            let name_text = self.slice(name).to_owned();
            self.b.unit.types.push(TypeDecl {
                name: name_text,
                kind,
                line: line(name),
                made_by_call: false,
                decorators: vec![],
                provider: None,
            });
        }
    }

    fn fields(&mut self, node: Node<'_>) -> Vec<Field> {
        let mut fields = vec![];
        for list in children(node) {
            for declaration in children(list) {
                if declaration.kind() != "field_declaration" {
                    continue;
                }
                let ty = declaration.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                let names = names(declaration);
                if names.is_empty() {
                    if let TypeExpr::Named { name, .. } = &ty {
                        fields.push(Field { name: name.clone(), ty, embedded: true });
                    }
                    continue;
                }
                for name in names {
                    fields.push(Field { name: self.slice(name).to_owned(), ty: ty.clone(), embedded: false });
                }
            }
        }
        fields
    }

    fn interface(&mut self, node: Node<'_>) -> TypeKind {
        let (mut methods, mut bases) = (vec![], vec![]);
        for element in children(node) {
            match element.kind() {
                "method_elem" => {
                    let Some(name) = element.child_by_field_name("name") else { continue };
                    let params =
                        element.child_by_field_name("parameters").map(|p| self.parameter_types(p)).unwrap_or_default();
                    let results =
                        element.child_by_field_name("result").map(|r| self.result_types(r)).unwrap_or_default();
                    methods.push(Method { name: self.slice(name).to_owned(), params, results });
                }
                "type_elem" => bases.push(self.ty(element)),
                _ => {}
            }
        }
        TypeKind::Interface { methods, bases, fields: vec![] }
    }
}
