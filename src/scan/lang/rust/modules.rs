//! Modules: which file is which, what `use` brings in, what a path names.
//!
//! A module of the tree is told by the path of its file, `./api/src/orders` for `api/src/orders.rs` and
//! `api/src/orders/mod.rs`; one of another crate by the path it is written with, `temporalio_client/schedules`.

use proc_macro2::Span;
use syn::{Path, UseTree};

use super::super::Project;
use super::Lowering;
use crate::scan::program::*;

/// Files that are the module their folder is named after.
const ROOTS: [&str; 3] = ["mod", "lib", "main"];

/// The module of a file.
pub(super) fn id_of(path: &str) -> &str {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    match stem.rsplit_once('/') {
        Some((folder, name)) if ROOTS.contains(&name) => folder,
        None if ROOTS.contains(&stem) => "",
        _ => stem,
    }
}

/// Whether a crate is one of the SDK's own.
pub(super) fn is_sdk(name: &str, project: &Project) -> bool {
    project.sdk.contains(name)
}

fn holds(id: &str, project: &Project) -> bool {
    let root = |name: &str| {
        let file = if id.is_empty() { (*name).to_owned() } else { format!("{id}/{name}") };
        project.files.contains(&file)
    };
    project.files.contains(id) || ROOTS.iter().any(|name| root(name))
}

/// The module of the file that holds a module: itself, or the one it is written in.
pub(super) fn file_of<'p>(package: &'p str, project: &Project) -> Option<&'p str> {
    let mut id = package.strip_prefix("./")?;
    loop {
        if holds(id, project) {
            return Some(id);
        }
        id = match id.rsplit_once('/') {
            Some((outer, _)) => outer,
            None if !id.is_empty() => "",
            None => return None,
        };
    }
}

/// Texts one of which stands in a file that names the module: its own name, or that of its crate.
pub(super) fn mentions(package: &str, project: &Project) -> Vec<String> {
    let id = package.strip_prefix("./").unwrap_or(package);
    let name = id.rsplit('/').next().unwrap_or(id);
    let mut texts = vec![format!("{name}::"), format!("{name};"), format!("{name},"), "super::".to_owned()];
    for module in &project.modules {
        if crate_root(&module.folder, project) == id || id.starts_with(&format!("{}/", module.folder)) {
            texts.push(format!("{}::", module.name));
        }
    }
    if matches!(name, "src" | "") {
        texts.push("crate::".to_owned());
    }
    texts
}

/// The root module of the crate in a folder.
fn crate_root(folder: &str, project: &Project) -> String {
    let source = if folder.is_empty() { "src".to_owned() } else { format!("{folder}/src") };
    if holds(&source, project) { source } else { folder.to_owned() }
}

/// What stands before the last names of a path.
pub(super) struct Named {
    /// Alias of the module, when the path leads through one.
    pub module: Option<String>,
    /// Types and names after it.
    pub rest: Vec<(String, Span)>,
}

impl<'t> Lowering<'t> {
    /// The root module of the crate this file belongs to.
    fn root(&self) -> String {
        let mut folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        loop {
            let root = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if ["lib", "main"].iter().any(|name| self.source.project.files.contains(&root(name))) {
                return format!("./{folder}");
            }
            match folder.rsplit_once('/') {
                Some((outer, _)) => folder = outer,
                None if !folder.is_empty() => folder = "",
                None => break,
            }
        }
        // Examples and tests are crates of a file each; their modules are the files beside.
        format!("./{}", self.path.rsplit_once('/').map_or("", |(folder, _)| folder))
    }

    /// The module a declared one is: below this one, or beside a file that is the root of its crate.
    pub(super) fn child(&self, name: &str, path: Option<String>) -> String {
        let project = self.source.project;
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(path) = path {
            let file = if folder.is_empty() { path } else { format!("{folder}/{path}") };
            return format!("./{}", id_of(&plain(&file)));
        }
        let below = inside(&self.id, name);
        let beside = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let known = |id: &str| holds(id.strip_prefix("./").unwrap_or(id), project);
        if !known(&below) && known(&beside) { format!("./{beside}") } else { below }
    }

    /// The module segments of a path name, first to last.
    fn module_of(&self, segments: &[String]) -> String {
        let mut at = 0;
        let mut id = match segments.first().map(String::as_str) {
            Some("crate" | "$crate") => self.root(),
            Some("self") => self.id.clone(),
            Some("super") => outer(&self.id),
            Some(first) => match (self.children.get(first), self.uses.get(first)) {
                (Some(child), _) => child.clone(),
                (None, Some(full)) if full.first().is_some_and(|f| f != first) || full.len() > 1 => {
                    return self.module_of_full(full, segments.get(1..).unwrap_or_default());
                }
                _ => self.crate_named(first),
            },
            None => return self.id.clone(),
        };
        while let Some(segment) = segments.get(at + 1) {
            at += 1;
            match segment.as_str() {
                "super" => id = outer(&id),
                "self" => {}
                name => id = inside(&id, name),
            }
        }
        id
    }

    fn module_of_full(&self, full: &[String], rest: &[String]) -> String {
        // What `use` says is a full path: its first segment is no name of this module.
        let mut all: Vec<String> = full.to_vec();
        all.extend(rest.iter().cloned());
        let first = all.first().cloned().unwrap_or_default();
        let head = match first.as_str() {
            "crate" | "self" | "super" | "$crate" => return self.module_of(&all),
            _ if self.children.contains_key(&first) => return self.module_of(&all),
            name => self.crate_named(name),
        };
        all.get(1..).unwrap_or_default().iter().fold(head, |id, segment| inside(&id, segment))
    }

    /// A crate by name: of the workspace, or another one.
    fn crate_named(&self, name: &str) -> String {
        match self.source.project.modules.iter().find(|m| m.name == name) {
            Some(module) if !is_sdk(name, self.source.project) => {
                let root = crate_root(&module.folder, self.source.project);
                format!("./{root}")
            }
            _ => name.to_owned(),
        }
    }

    /// Register what a `use` brings in.
    pub(super) fn import(&mut self, tree: &UseTree, prefix: &mut Vec<String>, depth: usize) {
        if depth > 60 {
            self.b.unit.too_deep = true;
            return;
        }
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix, depth + 1);
                prefix.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix, depth + 1);
                }
            }
            UseTree::Glob(_) => {
                let module = self.module_of_path(prefix);
                if module != self.id {
                    self.b.unit.hands_on.push(module);
                }
            }
            UseTree::Name(name) => self.import_name(&name.ident.to_string(), None, prefix),
            UseTree::Rename(rename) => {
                self.import_name(&rename.ident.to_string(), Some(rename.rename.to_string()), prefix);
            }
        }
    }

    /// The module of a full prefix; an enum whose variants are brought in counts as one.
    fn module_of_path(&self, prefix: &[String]) -> String {
        match prefix.first() {
            Some(first) if self.uses.contains_key(first) || self.children.contains_key(first) => self.module_of(prefix),
            _ => self.module_of_full(prefix, &[]),
        }
    }

    fn import_name(&mut self, name: &str, alias: Option<String>, prefix: &[String]) {
        if name == "self" {
            let Some(last) = prefix.last().cloned() else { return };
            let outer = prefix.get(..prefix.len() - 1).unwrap_or_default().to_vec();
            return self.import_name(&last, alias.or(Some(last.clone())), &outer);
        }
        let alias = alias.unwrap_or_else(|| name.to_owned());
        if alias == "_" {
            return;
        }
        let path = self.module_of_path(prefix);
        let full: Vec<String> = prefix.iter().cloned().chain([name.to_owned()]).collect();
        if prefix.is_empty() {
            // `use tokio as rt;`
            if alias != name {
                self.uses.insert(alias, full);
            }
            return;
        }
        self.uses.insert(alias.clone(), full);
        let module = inside(&path, name);
        let import = match holds(module.strip_prefix("./").unwrap_or("?"), self.source.project) {
            true => Import { alias: Some(alias), path: module, member: None },
            false => Import { alias: Some(alias), path, member: Some(name.to_owned()) },
        };
        if !self.b.unit.imports.iter().any(|i| i.alias == import.alias) {
            self.b.unit.imports.push(import);
        }
    }

    /// Split a path into the module it leads through and the names after it.
    pub(super) fn named(&mut self, path: &Path) -> Named {
        let mut segments: Vec<(String, Span)> =
            path.segments.iter().map(|s| (s.ident.to_string(), s.ident.span())).collect();
        let lower =
            |name: &str| name == "crate" || name.starts_with(|c: char| c.is_lowercase() || c == '_' || c == '$');
        let modules =
            segments.iter().take(segments.len().saturating_sub(1)).take_while(|(name, _)| lower(name)).count();
        if modules == 0 {
            return Named { module: None, rest: segments };
        }
        let rest = segments.split_off(modules);
        let names: Vec<String> = segments.into_iter().map(|(name, _)| name).collect();
        let id = if path.leading_colon.is_some() { self.module_of_full(&names, &[]) } else { self.module_of(&names) };
        if id == self.id {
            return Named { module: None, rest };
        }
        Named { module: Some(self.module_alias(&id)), rest }
    }

    /// The alias under which the index knows a module in this unit.
    fn module_alias(&mut self, id: &str) -> String {
        let alias = format!("{id}::");
        if self.aliases.insert(alias.clone()) {
            self.b.unit.imports.push(Import { alias: Some(alias.clone()), path: id.to_owned(), member: None });
        }
        alias
    }

    /// A path used as a value or callee.
    pub(super) fn path(&mut self, path: &Path) -> ExprId {
        let range = range_of(path);
        if let Some(ident) = path.get_ident() {
            let name = ident.to_string();
            if let Some(var) = self.b.lookup(&name) {
                return self.add(ExprKind::Var(var), range);
            }
            return self.add(ExprKind::Free(name), range);
        }
        let named = self.named(path);
        let mut names = named.rest.into_iter();
        let mut at = match named.module {
            Some(module) => {
                let start = range.start;
                self.add(ExprKind::Free(module), start..start)
            }
            None => {
                let Some((first, span)) = names.next() else { return self.add(ExprKind::Opaque, range) };
                let place = span.byte_range();
                match (first.as_str(), self.selves.last()) {
                    ("Self", Some(ty)) => {
                        let ty = ty.clone();
                        self.add(ExprKind::Type(ty), place)
                    }
                    _ => match self.generics.iter().rev().find(|(name, _)| *name == first) {
                        Some((_, bound)) => {
                            let ty = bound.clone();
                            self.add(ExprKind::Type(ty), place)
                        }
                        None => match self.b.lookup(&first) {
                            Some(var) => self.add(ExprKind::Var(var), place),
                            None => self.add(ExprKind::Free(first), place),
                        },
                    },
                }
            }
        };
        let start = range.start;
        for (name, span) in names {
            let place = span.byte_range();
            let member = self.add(ExprKind::Member { base: at, name }, place);
            self.b.unit.exprs[member.at()].start = start as u32;
            at = member;
        }
        at
    }
}

/// Where a path is written, without its generic arguments.
pub(super) fn range_of(path: &Path) -> super::Range {
    let at = |segment: Option<&syn::PathSegment>| segment.map_or(0..0, |s| s.ident.span().byte_range());
    at(path.segments.first()).start..at(path.segments.last()).end
}

/// The module around one.
fn outer(id: &str) -> String {
    match id.rsplit_once('/') {
        Some((".", _)) | None => "./".to_owned(),
        Some((outer, _)) => outer.to_owned(),
    }
}

/// A module inside another.
pub(super) fn inside(id: &str, name: &str) -> String {
    if id.ends_with('/') { format!("{id}{name}") } else { format!("{id}/{name}") }
}

/// A path without `.` and `..`.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = vec![];
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a manifest says that its crate depends on another, under its own name or another one.
pub(super) fn depends_on(text: &str, name: &str) -> bool {
    let Ok(manifest) = text.parse::<toml::Table>() else { return true };
    let plain = |name: &str| name.replace('-', "_");
    let wanted = plain(name);
    let mut todo = vec![&manifest];
    while let Some(table) = todo.pop() {
        for (key, value) in table {
            let Some(inner) = value.as_table() else { continue };
            if key.ends_with("dependencies") {
                let renamed = |v: &toml::Value| {
                    v.get("package").and_then(toml::Value::as_str).is_some_and(|p| plain(p) == wanted)
                };
                if inner.iter().any(|(crate_name, v)| plain(crate_name) == wanted || renamed(v)) {
                    return true;
                }
            } else if matches!(key.as_str(), "workspace" | "target")
                || table.contains_key("target")
                || key.starts_with("cfg(")
            {
                todo.push(inner);
            }
        }
    }
    false
}
