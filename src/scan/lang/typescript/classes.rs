//! Classes: fields, methods, accessors, constructors.

use tree_sitter::Node;

use super::declarations::is_function;
use super::{Lowering, children, has_token, line};
use crate::scan::program::*;

impl<'t> Lowering<'t> {
    /// A class; one without a name gets that of the variable it is given to.
    pub(super) fn class(&mut self, node: Node<'t>, holder: Option<&str>) {
        let mut decorators = vec![];
        for decorator in children(node).into_iter().filter(|c| c.kind() == "decorator") {
            decorators.push(self.decorator(decorator));
        }
        let own = node.child_by_field_name("name").map(|n| self.slice(n));
        let Some(name) = own.or(holder).map(str::to_owned) else { return };
        let Some(body) = node.child_by_field_name("body") else { return };
        let generics = self.generics.len();
        self.add_generics(node);
        let base = self.base(node);
        let mut fields: Vec<Field> = vec![];
        if let Some(TypeExpr::Named { name, .. }) = &base {
            fields.push(Field { name: name.clone(), ty: base.clone().unwrap_or_default(), embedded: true });
        }
        let mut members = children(body);
        // A constructor comes first: it is what `new` runs, and field values are set on its behalf.
        members.sort_by_key(|m| !(m.kind() == "method_definition" && self.member_name(*m) == CONSTRUCTOR));
        let mut upon: Vec<ExprId> = vec![];
        for member in members {
            match member.kind() {
                "decorator" => upon.push(self.decorator(member)),
                "method_definition" => {
                    let method = self.method(&name, &base, member, &mut fields);
                    let upon = std::mem::take(&mut upon);
                    self.b.with(method, |f| f.decorators.extend(upon));
                }
                "public_field_definition" | "field_definition" => self.class_field(&name, member, &mut fields),
                "class_static_block" => {
                    if let Some(block) = member.child_by_field_name("body") {
                        self.block_statements(block);
                    }
                }
                _ => {}
            }
        }
        // Names assigned in methods of plain JavaScript are fields, too.
        let written: Vec<String> = self.written_fields(&name);
        for field in written {
            if !fields.iter().any(|f| f.name == field) {
                fields.push(Field { name: field, ty: TypeExpr::Unknown, embedded: false });
            }
        }
        self.b.unit.types.push(TypeDecl {
            name,
            kind: TypeKind::Record { fields, bases: vec![] },
            line: line(node),
            made_by_call: true,
            decorators,
            provider: None,
        });
        self.generics.truncate(generics);
    }

    /// Fields assigned through `this` in the methods lowered so far.
    fn written_fields(&self, class: &str) -> Vec<String> {
        let unit = &self.b.unit;
        let mut names = vec![];
        for write in &unit.writes {
            let ExprKind::Member { base, name } = &unit.expr(write.target).kind else { continue };
            let ExprKind::Var(var) = unit.expr(*base).kind else { continue };
            let var = unit.var(var);
            let own = var.role == Role::Receiver
                && matches!(&var.ty, TypeExpr::Named { qualifier: None, name } if name == class);
            if own && !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// What a class extends.
    fn base(&mut self, node: Node<'t>) -> Option<TypeExpr> {
        let heritage = children(node).into_iter().find(|c| c.kind() == "class_heritage")?;
        let clause = children(heritage).into_iter().find(|c| c.kind() != "implements_clause")?;
        let value = match clause.kind() {
            "extends_clause" => clause.child_by_field_name("value")?,
            _ => clause,
        };
        match value.kind() {
            "identifier" => Some(self.named(self.slice(value))),
            "member_expression" => {
                let (object, property) = (value.child_by_field_name("object")?, value.child_by_field_name("property")?);
                match self.bindings.get(self.slice(object)) {
                    Some(super::Binding::Module(alias)) => {
                        Some(TypeExpr::Named { qualifier: Some(alias.clone()), name: self.slice(property).to_owned() })
                    }
                    _ => None,
                }
            }
            _ => {
                self.value(value);
                self.shape(node, value)
            }
        }
    }

    /// `class Starter extends tag<Starter, Shape>()`: what a call makes has the last type the call is given.
    fn shape(&mut self, class: Node<'t>, mut call: Node<'t>) -> Option<TypeExpr> {
        let clause = call.parent()?;
        let arguments = loop {
            if let Some(arguments) = call.child_by_field_name("type_arguments") {
                break arguments;
            }
            match call.child_by_field_name("function") {
                Some(function) if call.kind() == "call_expression" => call = function,
                _ => break clause.child_by_field_name("type_arguments")?,
            }
        };
        let last = children(arguments).last().copied()?;
        let own = class.child_by_field_name("name").is_some_and(|name| self.slice(name) == self.slice(last));
        if own { None } else { Some(self.ty(last)) }
    }

    fn member_name(&self, node: Node<'t>) -> String {
        let name = node.child_by_field_name("name").or_else(|| node.child_by_field_name("property"));
        name.map_or("", |n| self.slice(n)).trim_matches(['"', '\'']).to_owned()
    }

    /// `this` of a class, as a variable.
    fn this(&mut self, class: &str, id: FuncId, at: u32) {
        let ty = TypeExpr::Named { qualifier: None, name: class.to_owned() };
        let var = self.b.declare("this", Role::Receiver, ty, at);
        self.b.with(id, |f| f.receiver = Some(var));
    }

    fn method(&mut self, class: &str, base: &Option<TypeExpr>, node: Node<'t>, fields: &mut Vec<Field>) -> FuncId {
        let name = self.member_name(node);
        let id = self.b.open_function(&name, line(node.child_by_field_name("name").unwrap_or(node)), node.byte_range());
        self.b.with(id, |f| {
            f.owner = Some(class.to_owned());
            f.getter = has_token(node, "get");
            f.of_type = name == CONSTRUCTOR || has_token(node, "static");
        });
        if !has_token(node, "static") {
            self.this(class, id, line(node));
        }
        if let Some(TypeExpr::Named { .. }) = base {
            self.supers.push(base.clone().unwrap_or_default());
        } else {
            self.supers.push(TypeExpr::Unknown);
        }
        if name == CONSTRUCTOR {
            self.parameter_fields(node, fields);
        }
        self.function_body(id, node);
        if name == CONSTRUCTOR {
            self.set_parameter_fields(id, node);
        }
        self.supers.pop();
        self.b.close_function();
        id
    }

    /// `constructor(private client: Client)` declares a field.
    fn parameter_fields(&mut self, node: Node<'t>, fields: &mut Vec<Field>) {
        for parameter in parameter_properties(node) {
            let Some(pattern) = parameter.child_by_field_name("pattern") else { continue };
            let ty = self.annotation(parameter);
            fields.push(Field { name: self.slice(pattern).to_owned(), ty, embedded: false });
        }
    }

    fn set_parameter_fields(&mut self, id: FuncId, node: Node<'t>) {
        for parameter in parameter_properties(node) {
            let Some(pattern) = parameter.child_by_field_name("pattern") else { continue };
            let name = self.slice(pattern).to_owned();
            let unit = &self.b.unit;
            let var = unit.function(id).params.iter().copied().find(|p| unit.var(*p).name == name);
            if let Some(var) = var {
                let value = self.place(ExprKind::Var(var), pattern);
                self.set_field(&name, value, pattern);
            }
        }
    }

    fn set_field(&mut self, name: &str, value: ExprId, at: Node<'t>) {
        let Some(this) = self.b.lookup("this") else { return };
        let base = self.place(ExprKind::Var(this), at);
        let target = self.place(ExprKind::Member { base, name: name.to_owned() }, at);
        self.b.write(target, value, Projection::Whole);
    }

    fn class_field(&mut self, class: &str, node: Node<'t>, fields: &mut Vec<Field>) {
        let name = self.member_name(node);
        let value = node.child_by_field_name("value");
        let at = line(node);
        let decorators: Vec<Node<'t>> = children(node).into_iter().filter(|c| c.kind() == "decorator").collect();
        if let Some(value) = value.filter(|v| is_function(*v)) {
            // `start = async () => { … }` is a method.
            let value = super::declarations::bare(value);
            let id = self.b.open_function(&name, at, value.byte_range());
            self.b.with(id, |f| {
                f.owner = Some(class.to_owned());
                f.of_type = has_token(node, "static");
            });
            if !has_token(node, "static") {
                self.this(class, id, at);
            }
            self.function_body(id, value);
            self.b.close_function();
            return;
        }
        let ty = self.annotation(node);
        fields.push(Field { name: name.clone(), ty, embedded: false });
        // The value is set while an object is made.
        let id = self.b.open_function(CONSTRUCTOR, at, node.byte_range());
        self.b.with(id, |f| {
            f.owner = Some(class.to_owned());
            f.of_type = true;
        });
        self.this(class, id, at);
        for decorator in decorators {
            self.decorator(decorator);
        }
        if let Some(value) = value {
            let value = self.value(value);
            if has_token(node, "static") {
                let base = self.name(class, node);
                let target = self.place(ExprKind::Member { base, name }, node);
                self.b.write(target, value, Projection::Whole);
            } else {
                self.set_field(&name, value, node);
            }
        }
        self.b.close_function();
    }
}

/// Parameters of a constructor that are fields at once.
fn parameter_properties(node: Node<'_>) -> Vec<Node<'_>> {
    let parameters = node.child_by_field_name("parameters").map(children).unwrap_or_default();
    let is_field = |p: &Node<'_>| {
        children(*p).iter().any(|c| matches!(c.kind(), "accessibility_modifier" | "override_modifier"))
            || has_token(*p, "readonly")
    };
    parameters.into_iter().filter(is_field).collect()
}
