//! Imports and exports: which file an import means, and which names a file hands out.

use tree_sitter::Node;

use super::manifests::join;
use super::{Binding, Lowering, children, has_token, line, without_extension};
use crate::scan::lang::Project;
use crate::scan::program::*;

/// Objects every program has without importing them: they are modules of their own.
pub(super) const AMBIENT: [&str; 11] =
    ["process", "Promise", "Object", "Array", "JSON", "Math", "console", "globalThis", "Reflect", "Number", "String"];

/// Text that shows that a file imports a package of the tree.
pub(super) fn mentions(package: &str, project: &Project) -> Vec<String> {
    let Some(path) = package.strip_prefix("./") else { return vec![] };
    let (folder, last) = path.rsplit_once('/').unwrap_or(("", path));
    let mut texts = vec![format!("/{last}")];
    if last == "index" {
        texts.push(format!("/{}'", folder.rsplit('/').next().unwrap_or(folder)));
        texts.push(format!("/{}\"", folder.rsplit('/').next().unwrap_or(folder)));
        texts.extend(["'.'", "'./'", "'..'", "'../'", "\".\"", "\"..\""].map(str::to_owned));
    }
    let owner =
        project.modules.iter().find(|m| path.strip_prefix(m.folder.as_str()).is_some_and(|r| r.starts_with('/')));
    if let Some(owner) = owner {
        texts.push(owner.name.clone());
    }
    texts
}

/// The file of the tree a specifier means, as a package; other modules keep their name.
fn resolve(specifier: &str, from: &str, project: &Project) -> String {
    let here = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    if specifier.starts_with('.') {
        let target = join(here, specifier);
        let found = file(&target, project).or_else(|| {
            // What is imported may be build output: its source stands in the tree.
            ["lib", "dist", "build", "out"].iter().find_map(|output| {
                let source = format!("/{target}").replacen(&format!("/{output}/"), "/src/", 1);
                file(source.trim_start_matches('/'), project)
            })
        });
        return found.unwrap_or(format!("./{target}"));
    }
    for alias in &project.aliases {
        let inside =
            alias.scope.is_empty() || from.strip_prefix(alias.scope.as_str()).is_some_and(|r| r.starts_with('/'));
        if !inside {
            continue;
        }
        let rest = match alias.pattern.split_once('*') {
            None if specifier == alias.pattern => "",
            None => continue,
            Some((before, after)) => match specifier.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
                Some(rest) => rest,
                None => continue,
            },
        };
        for target in &alias.targets {
            if let Some(found) = file(&target.replacen('*', rest, 1), project) {
                return found;
            }
        }
    }
    specifier.strip_prefix("node:").unwrap_or(specifier).to_owned()
}

/// The source file a path without ending means.
fn file(path: &str, project: &Project) -> Option<String> {
    let plain = without_extension(path);
    let index = join(path, "index");
    [path, plain, index.as_str()].iter().find(|c| project.files.contains(**c)).map(|found| format!("./{found}"))
}

impl<'t> Lowering<'t> {
    /// The alias under which a module is imported here.
    pub(super) fn module(&mut self, specifier: &str) -> String {
        let path = resolve(specifier, self.path, self.project);
        let alias = format!("import {path}");
        if !self.b.unit.imports.iter().any(|i| i.alias.as_deref() == Some(&alias)) {
            self.b.unit.imports.push(Import { alias: Some(alias.clone()), path, member: None });
        }
        alias
    }

    pub(super) fn bind(&mut self, local: &str, alias: &str, name: &str) {
        let binding = Binding::Name { alias: alias.to_owned(), name: name.to_owned() };
        self.bindings.insert(local.to_owned(), binding);
    }

    pub(super) fn bind_module(&mut self, local: &str, alias: &str) {
        self.bindings.insert(local.to_owned(), Binding::Module(alias.to_owned()));
    }

    pub(super) fn import(&mut self, node: Node<'_>) {
        let source = node.child_by_field_name("source");
        for child in children(node) {
            if child.kind() == "import_require_clause" {
                let (Some(name), Some(source)) =
                    (children(child).first().copied(), child.child_by_field_name("source"))
                else {
                    continue;
                };
                let alias = self.module(&self.string(source));
                self.bind_module(self.slice(name), &alias);
            }
        }
        let Some(source) = source else { return };
        let alias = self.module(&self.string(source));
        for clause in children(node).into_iter().filter(|c| c.kind() == "import_clause") {
            for part in children(clause) {
                match part.kind() {
                    "identifier" => self.bind(self.slice(part), &alias, "default"),
                    "namespace_import" => {
                        if let Some(name) = children(part).first() {
                            self.bind_module(self.slice(*name), &alias);
                        }
                    }
                    "named_imports" => {
                        for spec in children(part) {
                            let Some(name) = spec.child_by_field_name("name") else { continue };
                            let local = spec.child_by_field_name("alias").unwrap_or(name);
                            let name = self.slice(name).trim_matches(['"', '\'']).to_owned();
                            self.bind(self.slice(local), &alias, &name);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// `export … from`, `export { … }`, `export default …`; the declaration inside is lowered elsewhere.
    pub(super) fn export(&mut self, node: Node<'t>) {
        let source = node.child_by_field_name("source").map(|s| self.string(s));
        let alias = source.as_deref().map(|s| self.module(s));
        if let Some(alias) = &alias {
            let star = has_token(node, "*");
            if let Some(namespace) = children(node).into_iter().find(|c| c.kind() == "namespace_export") {
                if let Some(name) = children(namespace).first().copied() {
                    let value = self.place(ExprKind::Free(alias.clone()), name);
                    let var = self.b.declare(self.slice(name), Role::Global, TypeExpr::Unknown, line(name));
                    self.b.give(var, value, Projection::Whole);
                }
            } else if star {
                let path = alias.strip_prefix("import ").unwrap_or(alias).to_owned();
                self.b.unit.hands_on.push(path);
            }
        }
        for clause in children(node).into_iter().filter(|c| c.kind() == "export_clause") {
            for spec in children(clause) {
                let Some(name) = spec.child_by_field_name("name") else { continue };
                let exported = spec.child_by_field_name("alias").unwrap_or(name);
                let (own, exported) = (self.slice(name).to_owned(), self.slice(exported).to_owned());
                self.export_name(&own, &exported, alias.as_deref(), name);
            }
        }
        if !has_token(node, "default") {
            return;
        }
        if let Some(value) = node.child_by_field_name("value") {
            if value.kind() == "identifier" {
                let own = self.slice(value).to_owned();
                return self.export_name(&own, "default", None, value);
            }
            return self.global_value("default", value, TypeExpr::Unknown, line(node));
        }
        if let Some(name) = node.child_by_field_name("declaration").and_then(|d| d.child_by_field_name("name")) {
            let own = self.slice(name).to_owned();
            self.export_name(&own, "default", None, name);
        }
    }

    /// One exported name: a variable and a type that stand for what is meant.
    fn export_name(&mut self, own: &str, exported: &str, module: Option<&str>, at: Node<'_>) {
        let (value, ty) = match module {
            Some(alias) => {
                let base = self.place(ExprKind::Free(alias.to_owned()), at);
                let value = self.place(ExprKind::Member { base, name: own.to_owned() }, at);
                (value, TypeExpr::Named { qualifier: Some(alias.to_owned()), name: own.to_owned() })
            }
            None => {
                // No name: a default export is called what its importer calls it.
                if exported != "default" {
                    self.b.unit.exports.push((exported.to_owned(), own.to_owned()));
                }
                if own == exported && !self.bindings.contains_key(own) {
                    return;
                }
                (self.name(own, at), self.named(own))
            }
        };
        self.b.unit.types.push(TypeDecl {
            name: exported.to_owned(),
            kind: TypeKind::Alias(ty),
            line: line(at),
            made_by_call: false,
            decorators: vec![],
            provider: None,
        });
        // The name is no variable of the file itself: it only stands for one.
        let var = self.b.declare_outside(exported, line(at));
        self.b.give(var, value, Projection::Whole);
    }

    /// `module.exports = …`, `exports.x = …`; whether it was one.
    pub(super) fn common_js(&mut self, node: Node<'t>) -> bool {
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            return false;
        };
        let target = self.slice(left);
        if target == "module.exports" {
            if right.kind() != "object" {
                if right.kind() == "identifier" {
                    let own = self.slice(right).to_owned();
                    self.export_name(&own, "default", None, right);
                } else {
                    self.global_value("default", right, TypeExpr::Unknown, line(node));
                }
                return true;
            }
            for part in children(right) {
                match part.kind() {
                    "pair" => {
                        let (Some(key), Some(value)) =
                            (part.child_by_field_name("key"), part.child_by_field_name("value"))
                        else {
                            continue;
                        };
                        let name = self.slice(key).trim_matches(['"', '\'']).to_owned();
                        if value.kind() == "identifier" {
                            let own = self.slice(value).to_owned();
                            self.export_name(&own, &name, None, value);
                        } else {
                            self.global_value(&name, value, TypeExpr::Unknown, line(part));
                        }
                    }
                    "shorthand_property_identifier" => {
                        let own = self.slice(part).to_owned();
                        self.export_name(&own, &own, None, part);
                    }
                    "method_definition" => self.named_function(part),
                    _ => {
                        self.value(part);
                    }
                }
            }
            return true;
        }
        let name = target.strip_prefix("module.exports.").or_else(|| target.strip_prefix("exports."));
        let Some(name) = name.filter(|n| !n.contains(['.', '[', '('])) else { return false };
        if right.kind() == "identifier" {
            let own = self.slice(right).to_owned();
            self.export_name(&own, name, None, right);
        } else {
            self.global_value(name, right, TypeExpr::Unknown, line(node));
        }
        true
    }

    /// The module an expression loads: `require('x')`, `await import('x')`.
    pub(super) fn loaded(&mut self, mut node: Node<'_>) -> Option<String> {
        while matches!(
            node.kind(),
            "await_expression" | "parenthesized_expression" | "as_expression" | "non_null_expression"
        ) {
            node = children(node).first().copied()?;
        }
        match node.kind() {
            "call_expression" => {
                let function = node.child_by_field_name("function")?;
                let loads = function.kind() == "import"
                    || (self.slice(function) == "require" && self.b.lookup("require").is_none());
                if !loads {
                    return None;
                }
                let argument = children(node.child_by_field_name("arguments")?).first().copied()?;
                if argument.kind() != "string" {
                    return None;
                }
                let specifier = self.string(argument);
                Some(self.module(&specifier))
            }
            _ => None,
        }
    }
}
