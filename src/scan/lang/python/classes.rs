//! Classes, and the fields their objects have.

use tree_sitter::Node;

use super::{Class, Lowering, children, line};
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// A class: its fields are what its body annotates or assigns, and what its methods give the object.
    pub(super) fn class(&mut self, node: Node<'t>, decorators: Vec<ExprId>) {
        let (Some(name), Some(body)) = (node.child_by_field_name("name"), node.child_by_field_name("body")) else {
            return;
        };
        let name_text = self.slice(name).to_owned();
        let mut bases = vec![];
        if let Some(list) = node.child_by_field_name("superclasses") {
            for base in children(list).into_iter().filter(|n| n.kind() != "keyword_argument") {
                bases.push(self.ty(base));
            }
        }
        let is = |base: &TypeExpr, wanted: &str| matches!(base, TypeExpr::Named { name, .. } if name == wanted);
        let protocol = bases.iter().any(|b| is(b, "Protocol"));
        bases.retain(|b| !["Protocol", "ABC", "object", "Generic"].iter().any(|w| is(b, w)) && *b != TypeExpr::Unknown);
        let kind = if protocol {
            let methods = self.protocol_methods(body);
            TypeKind::Interface { methods, bases: bases.clone(), fields: vec![] }
        } else {
            TypeKind::Record { fields: self.fields(body), bases: bases.clone() }
        };
        self.b.unit.types.push(TypeDecl {
            name: name_text.clone(),
            kind,
            line: line(name),
            made_by_call: true,
            decorators,
            provider: None,
        });
        if protocol {
            return;
        }
        self.classes.push(Class { name: name_text, bases, receiver: None, meta: None });
        self.b.open_scope();
        for child in children(body) {
            match child.kind() {
                "function_definition" => self.function(child, vec![], true),
                "decorated_definition" => self.decorated(child, true),
                "class_definition" => self.class(child, vec![]),
                "expression_statement" => {
                    for inner in children(child) {
                        self.class_assignment(inner);
                    }
                }
                _ => {
                    self.statement(child);
                }
            }
        }
        self.b.close_scope();
        self.classes.pop();
    }

    /// `x: T = value` in a class body gives the field of every object a value.
    fn class_assignment(&mut self, node: Node<'t>) {
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            if node.kind() != "assignment" {
                self.value(node);
            }
            return;
        };
        let value = self.value(right);
        if left.kind() != "identifier" || node.kind() != "assignment" {
            return;
        }
        let Some(class) = self.classes.last().map(|c| c.name.clone()) else { return };
        let base = self.add(ExprKind::Free(class), left);
        let target = self.add(ExprKind::Member { base, name: self.slice(left).to_owned() }, left);
        self.b.write(target, value, Projection::Whole);
    }

    fn fields(&mut self, body: Node<'t>) -> Vec<Field> {
        let mut fields: Vec<Field> = vec![];
        for child in children(body) {
            if child.kind() != "expression_statement" {
                continue;
            }
            for assignment in children(child).into_iter().filter(|n| n.kind() == "assignment") {
                let Some(left) = assignment.child_by_field_name("left").filter(|l| l.kind() == "identifier") else {
                    continue;
                };
                let ty = assignment.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                add_field(&mut fields, self.slice(left), ty);
            }
        }
        for child in children(body) {
            let function = match child.kind() {
                "function_definition" => Some(child),
                "decorated_definition" => child.child_by_field_name("definition"),
                _ => None,
            };
            let Some(function) = function.filter(|f| f.kind() == "function_definition") else { continue };
            let first = function.child_by_field_name("parameters").and_then(|p| children(p).first().copied());
            let Some(receiver) = first.filter(|p| p.kind() == "identifier").map(|p| self.slice(p)) else { continue };
            if let Some(body) = function.child_by_field_name("body") {
                self.object_fields(body, receiver, &mut fields, 0);
            }
        }
        fields
    }

    /// Fields a method gives the object: `self.x = …`.
    fn object_fields(&mut self, node: Node<'t>, receiver: &str, fields: &mut Vec<Field>, depth: usize) {
        if depth > 60 {
            return;
        }
        for child in children(node) {
            if child.kind() == "assignment"
                && let Some(left) = child.child_by_field_name("left")
            {
                let ty = child.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                let targets = if left.kind() == "attribute" { vec![left] } else { children(left) };
                for target in targets.into_iter().filter(|t| t.kind() == "attribute") {
                    let object = target.child_by_field_name("object").map(|o| self.slice(o));
                    if let (Some(object), Some(name)) = (object, target.child_by_field_name("attribute"))
                        && object == receiver
                    {
                        add_field(fields, self.slice(name), ty.clone());
                    }
                }
            }
            self.object_fields(child, receiver, fields, depth + 1);
        }
    }

    fn protocol_methods(&mut self, body: Node<'t>) -> Vec<Method> {
        let mut methods = vec![];
        for child in children(body) {
            let function = match child.kind() {
                "decorated_definition" => child.child_by_field_name("definition"),
                _ => Some(child),
            };
            let Some(function) = function.filter(|f| f.kind() == "function_definition") else { continue };
            let Some(name) = function.child_by_field_name("name") else { continue };
            let parameters = function.child_by_field_name("parameters").map(children).unwrap_or_default();
            let params = parameters.into_iter().skip(1);
            let params =
                params.map(|p| p.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default()).collect();
            let results = function.child_by_field_name("return_type").map(|t| vec![self.ty(t)]).unwrap_or_default();
            methods.push(Method { name: self.slice(name).to_owned(), params, results });
        }
        methods
    }
}

fn add_field(fields: &mut Vec<Field>, name: &str, ty: TypeExpr) {
    match fields.iter_mut().find(|f| f.name == name) {
        Some(field) if field.ty == TypeExpr::Unknown => field.ty = ty,
        Some(_) => {}
        None => fields.push(Field { name: name.to_owned(), ty, embedded: false }),
    }
}
