//! Go: declarations, packages and manifests. Statements and expressions are in the files beside.

mod expressions;
mod parse;
mod statements;
mod types;

use tree_sitter::Node;

use super::builder::Builder;
use super::{Builtin, DependencyHint, FrontEnd, Module, Project, SourceFile};
use crate::scan::program::*;

/// The Go front end.
pub struct Go;

impl FrontEnd for Go {
    fn language(&self) -> &'static str {
        "go"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["go"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["go.mod"]
    }

    fn module(&self, path: &str, text: &str) -> Option<Module> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut names = text.lines().filter_map(|line| line.split("//").next()?.trim().strip_prefix("module "));
        names.next_back().map(|name| Module { folder, name: name.trim().trim_matches('"').to_owned() })
    }

    /// Modules are required by name; without a manifest, the folder's name stands in the paths of imports.
    fn signs_of(&self, folder: &str, _files: &[&str], modules: &[Module]) -> Vec<DependencyHint> {
        let mut signs = vec![];
        for Module { name, .. } in modules {
            let texts = [format!("\"{name}\""), format!("\"{name}/"), format!("{name} v"), format!("{name} =>")];
            signs.extend(texts.map(|text| DependencyHint::anywhere(name, text)));
        }
        if modules.is_empty() {
            let texts = ["/", "\""].iter().flat_map(|a| ["/", "\""].map(|b| format!("{a}{folder}{b}")));
            signs.extend(texts.map(|text| DependencyHint::anywhere(folder, text)));
        }
        signs
    }

    fn folder_of(&self, package: &str, project: &Project) -> Option<String> {
        for module in &project.modules {
            let Some(rest) = package.strip_prefix(module.name.as_str()) else { continue };
            let rest = match rest.strip_prefix('/') {
                Some(rest) => rest,
                None if rest.is_empty() => "",
                None => continue,
            };
            let folder = match (module.folder.as_str(), rest) {
                ("", rest) => rest.to_owned(),
                (folder, "") => folder.to_owned(),
                (folder, rest) => format!("{folder}/{rest}"),
            };
            if project.folders.contains(&folder) {
                return Some(folder);
            }
        }
        // Trees without a manifest (GOPATH layouts, extracted folders): the longest folder the path ends in.
        if project.modules.is_empty() {
            let mut rest = package;
            loop {
                if project.folders.contains(rest) {
                    return Some(rest.to_owned());
                }
                rest = rest.split_once('/')?.1;
            }
        }
        None
    }

    fn methods_apart(&self) -> bool {
        true
    }

    fn declares_method(&self, line: &[u8], owner: &str) -> bool {
        line.starts_with(b"func (") && memchr::memmem::find(line, owner.as_bytes()).is_some()
    }

    /// In a program everything is used by its own package only, exported or not.
    fn offers(&self, unit: &Unit, function: &Function) -> bool {
        unit.package_name == "main" || function.name.starts_with(char::is_uppercase)
    }

    fn builtin(&self, name: &str) -> Option<Builtin> {
        Some(match name {
            "append" => Builtin::Append,
            "new" => Builtin::Zero,
            "make" => Builtin::Empty,
            "panic" | "len" | "cap" | "recover" | "clear" | "close" | "copy" | "delete" | "min" | "max" | "print"
            | "println" | "complex" | "real" | "imag" => Builtin::Nothing,
            _ => return None,
        })
    }

    fn plain_types(&self) -> &'static [&'static str] {
        &[
            "string",
            "bool",
            "int",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "uintptr",
            "float32",
            "float64",
            "complex64",
            "complex128",
            "byte",
            "rune",
            "error",
            "comparable",
        ]
    }

    fn is_test(&self, path: &str) -> bool {
        path.ends_with("_test.go")
    }

    fn lower(&self, file: SourceFile<'_>) -> Result<Unit, String> {
        let tree = parse::parse(&file.text)?;
        let root = tree.root_node();
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut unit = Unit {
            path: file.path.to_owned(),
            language: "go",
            scope: file.scope,
            package: package_of(folder, file.project),
            broken: super::broken::spans(root, &file.text),
            ..Unit::default()
        };
        let text = file.text;
        let mut lowering = Lowering { b: Builder::new(std::mem::take(&mut unit)), text: &text, generics: vec![] };
        lowering.file(root);
        let mut unit = lowering.b.unit;
        unit.text = text.into();
        Ok(unit)
    }
}

/// The import path of a folder.
fn package_of(folder: &str, project: &Project) -> String {
    for module in &project.modules {
        let rest = match module.folder.as_str() {
            "" => folder,
            root => match folder.strip_prefix(root) {
                Some("") => "",
                Some(rest) if rest.starts_with('/') => &rest[1..],
                _ => continue,
            },
        };
        return if rest.is_empty() { module.name.clone() } else { format!("{}/{rest}", module.name) };
    }
    folder.to_owned()
}

/// Walks one file.
struct Lowering<'t> {
    b: Builder,
    text: &'t str,
    /// Type parameters in scope.
    generics: Vec<String>,
}

impl<'t> Lowering<'t> {
    fn slice(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn file(&mut self, root: Node<'_>) {
        let declarations = children(root);
        // Package-level names are visible before they are declared.
        for node in &declarations {
            match node.kind() {
                "package_clause" => {
                    if let Some(name) = node.named_child(0) {
                        let name = self.slice(name).to_owned();
                        if name.ends_with("_test") {
                            self.b.unit.package.push_str("_test");
                        }
                        self.b.unit.package_name = name;
                    }
                }
                "import_declaration" => self.imports(*node),
                "const_declaration" | "var_declaration" => self.declare_globals(*node),
                _ => {}
            }
        }
        for node in declarations {
            match node.kind() {
                "const_declaration" | "var_declaration" => self.global_values(node),
                "type_declaration" => self.type_declaration(node),
                "function_declaration" | "method_declaration" => self.function(node),
                _ => {}
            }
        }
    }

    fn imports(&mut self, node: Node<'_>) {
        for spec in descend(node, "import_spec", &["import_spec_list"]) {
            let Some(path) = spec.child_by_field_name("path") else { continue };
            let path = self.slice(path).trim_matches(['"', '`']).to_owned();
            let alias = spec.child_by_field_name("name").map(|n| self.slice(n).to_owned());
            self.b.unit.imports.push(Import { alias, path, member: None });
        }
    }

    fn declare_globals(&mut self, node: Node<'_>) {
        for spec in specs(node) {
            let ty = spec.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
            for name in names(spec) {
                let text = self.slice(name);
                if text != "_" {
                    self.b.declare(text, Role::Global, ty.clone(), line(name));
                }
            }
        }
    }

    fn global_values(&mut self, node: Node<'_>) {
        for spec in specs(node) {
            let names = names(spec);
            let holder = names.first().map(|n| self.slice(*n));
            self.b.set_holder(holder);
            let values = spec.child_by_field_name("value").map(|v| self.expression_list(v)).unwrap_or_default();
            self.b.set_holder(None);
            for (i, name) in names.iter().enumerate() {
                let Some(var) = self.b.lookup(self.slice(*name)) else { continue };
                if let Some((value, take)) = self.pair(&values, names.len(), i) {
                    self.b.give(var, value, take);
                }
            }
        }
    }

    /// Which value the `i`-th of `count` names receives.
    fn pair(&self, values: &[ExprId], count: usize, i: usize) -> Option<(ExprId, Projection)> {
        if values.len() == 1 && count > 1 {
            let value = *values.first()?;
            if matches!(self.b.unit.expr(value).kind, ExprKind::Call { .. }) {
                return Some((value, Projection::Result(i)));
            }
            // `v, ok := x.(T)`, `v, ok := m[k]`: the second is whether there was a first.
            return Some((value, if i == 0 { Projection::Whole } else { Projection::Result(i) }));
        }
        values.get(i).map(|v| (*v, Projection::Whole))
    }

    fn function(&mut self, node: Node<'_>) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let generics = self.generics.len();
        if let Some(list) = node.child_by_field_name("type_parameters") {
            self.add_generics(list);
        }
        let id = self.b.open_function(self.slice(name), line(name), node.byte_range());
        if let Some(list) = node.child_by_field_name("receiver")
            && let Some(parameter) = children(list).into_iter().find(|n| n.kind() == "parameter_declaration")
        {
            let ty = parameter.child_by_field_name("type");
            if let Some(ty) = ty {
                self.receiver_generics(ty);
            }
            let ty = ty.map(|t| self.ty(t)).unwrap_or_default();
            let owner = match &ty {
                TypeExpr::Named { name, .. } => Some(name.clone()),
                _ => None,
            };
            let receiver = parameter.child_by_field_name("name").map_or("", |n| self.slice(n)).to_owned();
            let var = self.b.declare(&receiver, Role::Receiver, ty, line(parameter));
            self.b.with(id, |f| {
                f.owner = owner;
                f.receiver = Some(var);
            });
        }
        self.signature(id, node);
        if let Some(body) = node.child_by_field_name("body") {
            self.statements(body);
        }
        self.b.close_function();
        self.generics.truncate(generics);
    }

    /// Parameters and results of a function or lambda.
    fn signature(&mut self, id: FuncId, node: Node<'_>) {
        if let Some(list) = node.child_by_field_name("parameters") {
            let mut index = 0;
            for parameter in children(list) {
                let variadic = parameter.kind() == "variadic_parameter_declaration";
                if !variadic && parameter.kind() != "parameter_declaration" {
                    continue;
                }
                let mut ty = parameter.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                if variadic {
                    ty = TypeExpr::List(Box::new(ty));
                }
                let mut names: Vec<&str> = names(parameter).into_iter().map(|n| self.slice(n)).collect();
                if names.is_empty() {
                    names.push("_");
                }
                for name in names {
                    let var = self.b.declare(name, Role::Param(index), ty.clone(), line(parameter));
                    self.b.with(id, |f| {
                        f.params.push(var);
                        if variadic {
                            f.rest = Some(index);
                        }
                    });
                    index += 1;
                }
            }
        }
        let Some(result) = node.child_by_field_name("result") else { return };
        if result.kind() != "parameter_list" {
            let ty = self.ty(result);
            self.b.with(id, |f| f.results.push(ResultDecl { ty, var: None }));
            return;
        }
        for parameter in children(result) {
            if parameter.kind() != "parameter_declaration" {
                continue;
            }
            let ty = parameter.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
            let names = names(parameter);
            if names.is_empty() {
                self.b.with(id, |f| f.results.push(ResultDecl { ty, var: None }));
                continue;
            }
            for name in names {
                let var = self.b.declare(self.slice(name), Role::Result, ty.clone(), line(name));
                let ty = ty.clone();
                self.b.with(id, |f| f.results.push(ResultDecl { ty, var: Some(var) }));
            }
        }
    }
}

/// 1-based line of a node.
fn line(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}

/// Named children without comments, in one pass (indexed access is quadratic on huge nodes).
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect()
}

/// Children of a kind, also inside the given list nodes.
fn descend<'t>(node: Node<'t>, kind: &str, lists: &[&str]) -> Vec<Node<'t>> {
    let mut found = vec![];
    for child in children(node) {
        if child.kind() == kind {
            found.push(child);
        } else if lists.contains(&child.kind()) {
            found.extend(descend(child, kind, lists));
        }
    }
    found
}

/// The specs of a const or var declaration.
fn specs(node: Node<'_>) -> Vec<Node<'_>> {
    let mut found = descend(node, "const_spec", &[]);
    found.extend(descend(node, "var_spec", &["var_spec_list"]));
    found
}

/// The declared names of a spec or parameter.
fn names(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children_by_field_name("name", &mut cursor).filter(|n| n.is_named()).collect()
}
