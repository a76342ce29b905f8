//! Python modules and imports: which file an import means.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::{Lowering, children};
use crate::scan::lang::{DependencyHint, Project, SignPlace};
use crate::scan::program::Import;

/// Nesting of statements in which imports are looked for.
const IMPORT_DEPTH: usize = 40;

/// The module a file is: its path without the extension; a package's own file is the package.
pub(super) fn home(path: &str) -> &str {
    let stem = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyi")).unwrap_or(path);
    match stem.strip_suffix("__init__") {
        Some(folder) => folder.strip_suffix('/').unwrap_or(folder),
        None => stem,
    }
}

/// Whether an import line names the module, or takes names from the package around it, which may hand its own on.
pub(super) fn may_import(bytes: &[u8], package: &str) -> bool {
    let mut names = package.rsplit('/').map(str::as_bytes);
    let (own, around) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
    bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_start).any(|line| {
        let relative = line.starts_with(b"from .");
        if !line.starts_with(b"from ") && !line.starts_with(b"import ") {
            return false;
        }
        let words: Vec<&[u8]> = line.split(|b| !is_word(b)).filter(|w| !w.is_empty()).collect();
        let pair = |first: &[u8], second: &[u8]| words.windows(2).any(|w| w == [first, second]);
        // `from . import …`: the names are those of the folder.
        if relative && words.get(1).is_some_and(|w| *w == b"import") {
            return true;
        }
        // `from around import …` may hand on the module's names.
        pair(around, b"import")
            || pair(around, own)
            || words.get(1).is_some_and(|first| *first == own)
            || (relative && words.contains(&own))
    })
}

impl<'t> Lowering<'t> {
    /// Imports anywhere in the file: under conditions, in functions, in `with` blocks.
    pub(super) fn imports(&mut self, node: Node<'t>, depth: usize) {
        for child in children(node) {
            match child.kind() {
                "import_statement" => self.plain_import(child),
                "import_from_statement" => self.member_import(child),
                "expression_statement" | "return_statement" => {}
                _ if depth < IMPORT_DEPTH => self.imports(child, depth + 1),
                _ => {}
            }
        }
    }

    fn plain_import(&mut self, node: Node<'t>) {
        for item in children(node) {
            let (written, alias) = match item.kind() {
                "aliased_import" => {
                    let name = item.child_by_field_name("name").map(|n| self.slice(n));
                    (name.unwrap_or_default(), item.child_by_field_name("alias").map(|a| self.slice(a)))
                }
                _ => (self.slice(item), None),
            };
            let found = locate(written, self.path, self.project);
            let first = written.split('.').next().unwrap_or(written);
            let (alias, path) = match (alias, found) {
                (Some(alias), found) => (alias, found.unwrap_or_else(|| written.to_owned())),
                // `import a.b.c` binds `a`.
                (None, Some(found)) => {
                    let below = written.len() - first.len();
                    (first, found.get(..found.len().saturating_sub(below)).unwrap_or_default().to_owned())
                }
                (None, None) => (first, first.to_owned()),
            };
            self.add_import(alias, path, None);
        }
    }

    fn member_import(&mut self, node: Node<'t>) {
        let Some(module) = node.child_by_field_name("module_name") else { return };
        let written = self.slice(module);
        let from = match module.kind() {
            "relative_import" => relative(written, self.path),
            _ => locate(written, self.path, self.project),
        };
        let path = from.clone().unwrap_or_else(|| written.to_owned());
        let mut cursor = node.walk();
        let names: Vec<Node<'t>> = node.children_by_field_name("name", &mut cursor).collect();
        for item in names {
            let (name, alias) = match item.kind() {
                "aliased_import" => {
                    let name = item.child_by_field_name("name").map(|n| self.slice(n)).unwrap_or_default();
                    (name, item.child_by_field_name("alias").map_or(name, |a| self.slice(a)))
                }
                _ => (self.slice(item), self.slice(item)),
            };
            // A module of the package, or a name in it; when the package has a file of its own, that decides.
            let module = match &from {
                Some(from) if from.is_empty() => Some(name.to_owned()),
                Some(from) if self.project.folders.contains(from) => None,
                Some(from) => Some(format!("{from}/{name}")),
                None => locate(&format!("{written}.{name}"), self.path, self.project),
            };
            match module.filter(|m| self.project.folders.contains(m)) {
                Some(module) => self.add_import(alias, module, None),
                None => self.add_import(alias, path.clone(), Some(name.to_owned())),
            }
        }
        if children(node).iter().any(|n| n.kind() == "wildcard_import") {
            self.b.unit.hands_on.push(path.clone());
            self.b.unit.imports.push(Import { alias: Some(".".to_owned()), path, member: None });
        }
    }

    /// Names that a module loads when they are asked for (PEP 562), written as a table: `{"name": ".module"}`,
    /// `{"name": (".module", "its name there")}` or `{"module": ["name"]}`.
    pub(super) fn late_imports(&mut self, root: Node<'t>) {
        if !LATE.iter().any(|word| self.text.contains(word)) {
            return;
        }
        for table in children(root).into_iter().flat_map(tables) {
            for pair in children(table).into_iter().filter(|pair| pair.kind() == "pair") {
                let (Some(key), Some(value)) = (pair.child_by_field_name("key"), pair.child_by_field_name("value"))
                else {
                    continue;
                };
                let Some(key) = self.plain_text(key) else { continue };
                match value.kind() {
                    "string" => self.late_import(key, self.plain_text(value), key),
                    "tuple" => {
                        let parts: Vec<&'t str> =
                            children(value).into_iter().filter_map(|n| self.plain_text(n)).collect();
                        if let [module, name] = parts.as_slice() {
                            self.late_import(key, Some(module), name);
                        }
                    }
                    "list" | "set" => {
                        for name in children(value) {
                            let Some(name) = self.plain_text(name) else { continue };
                            self.late_import(name, Some(key), name);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// `alias` is `name` of a module of the tree, written with or without the dot of a relative one.
    fn late_import(&mut self, alias: &str, module: Option<&str>, name: &str) {
        let Some(module) = module else { return };
        let beside = || relative(&format!(".{module}"), self.path).filter(|path| self.project.folders.contains(path));
        let found = match module.starts_with('.') {
            true => relative(module, self.path),
            false => locate(module, self.path, self.project).or_else(beside),
        };
        let Some(path) = found.filter(|_| !self.imported.contains(alias)) else { return };
        self.add_import(alias, path, Some(name.to_owned()));
    }

    /// The text of a string without anything to work out in it.
    fn plain_text(&self, node: Node<'t>) -> Option<&'t str> {
        let parts = children(node);
        let contents: Vec<&Node<'t>> = parts.iter().filter(|part| part.kind() == "string_content").collect();
        match contents.as_slice() {
            [only] if node.kind() == "string" && parts.len() <= 3 => Some(self.slice(**only)),
            _ => None,
        }
    }

    fn add_import(&mut self, alias: &str, path: String, member: Option<String>) {
        self.imported.insert(alias.to_owned());
        self.b.unit.imports.push(Import { alias: Some(alias.to_owned()), path, member });
    }
}

/// Words of modules that load names when they are asked for.
const LATE: [&str; 4] = ["__getattr__", "LazyModule", "lazy.attach", "lazy_loader"];

/// The tables written in a statement of a module.
fn tables(statement: Node<'_>) -> Vec<Node<'_>> {
    let mut found = vec![];
    let mut todo = vec![(statement, 0)];
    while let Some((node, depth)) = todo.pop() {
        match node.kind() {
            "dictionary" => found.push(node),
            "expression_statement" | "assignment" | "call" | "argument_list" | "keyword_argument" if depth < 6 => {
                todo.extend(children(node).into_iter().map(|child| (child, depth + 1)));
            }
            _ => {}
        }
    }
    found
}

/// `..x.y` as seen from a file.
fn relative(written: &str, path: &str) -> Option<String> {
    let dots = written.bytes().take_while(|b| *b == b'.').count();
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for _ in 1..dots {
        folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
    }
    let rest = written.get(dots..).unwrap_or_default().replace('.', "/");
    Some(match (folder, rest.as_str()) {
        (folder, "") => folder.to_owned(),
        ("", rest) => rest.to_owned(),
        (folder, rest) => format!("{folder}/{rest}"),
    })
}

/// The module of the tree an absolute import means: below the nearest folder that can be a source root.
fn locate(written: &str, path: &str, project: &Project) -> Option<String> {
    let wanted = written.trim().replace('.', "/");
    if wanted.is_empty() {
        return None;
    }
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    loop {
        // A folder that is itself a package is no source root.
        if !project.folders.contains(folder) || folder.is_empty() {
            for root in [folder.to_owned(), below(folder, "src"), below(folder, "lib")] {
                let module = below(&root, &wanted);
                if project.folders.contains(&module) {
                    return Some(module);
                }
            }
        }
        if folder.is_empty() {
            break;
        }
        folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
    }
    // Another source root of the same tree, when only one can be meant.
    if !wanted.contains('/') {
        return None;
    }
    let ending = format!("/{wanted}");
    let mut fitting = project.folders.iter().filter(|f| f.ends_with(&ending));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
/// How deep below a top-level folder Python may be told to look for packages.
const ROOT_DEPTH: usize = 6;

/// Imports that reach code of a folder when it, or one in it that is no package, is on Python's path: those that
/// [`locate`] follows, which never takes a single bare name for a file elsewhere.
pub(super) fn signs_of(files: &[&str]) -> Vec<DependencyHint> {
    let packages: BTreeSet<&str> = files.iter().filter_map(|file| file.strip_suffix("/__init__.py")).collect();
    let mut whole: BTreeSet<&str> = BTreeSet::new();
    let mut held: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let path = file.rsplit_once('.').map_or(*file, |(path, _)| path);
        let names: Vec<&str> = path.split('/').collect();
        let mut at = 0;
        for (depth, pair) in names.windows(2).take(ROOT_DEPTH).enumerate() {
            let [name, child] = pair else { break };
            at += name.len() + usize::from(depth > 0);
            if path.get(..at).is_some_and(|folder| packages.contains(folder)) {
                whole.insert(name);
                break;
            }
            // A folder without a file of its own is imported by what it holds.
            held.entry(name).or_default().insert((*child).to_owned());
        }
    }
    let sign = |name: &str, text: String, then: BTreeSet<String>| DependencyHint {
        then,
        place: SignPlace::LineStart,
        ..DependencyHint::anywhere(name, text)
    };
    let mut signs = vec![];
    for name in whole {
        let texts = [format!("import {name}"), format!("from {name} import"), format!("from {name}.")];
        signs.extend(texts.map(|text| sign(name, text, BTreeSet::new())));
    }
    for (name, children) in held {
        for child in &children {
            let texts = [format!("import {name}.{child}"), format!("from {name}.{child}")];
            signs.extend(texts.map(|text| sign(name, text, BTreeSet::new())));
        }
        signs.push(sign(name, format!("from {name} import"), children));
    }
    signs
}
