//! Rust: files, modules of a file and manifests. Parsing is in `parse`, everything else in the files beside.

mod calls;
mod closures;
mod conditions;
mod expressions;
mod items;
mod leaving;
mod macros;
mod modules;
mod parse;
mod patterns;
mod statements;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use proc_macro2::Span;

use super::builder::Builder;
use super::{DependencyHint, FrontEnd, Module, Project, SourceFile};
use crate::facts::code::Scope;
use crate::scan::program::*;

/// The Rust front end.
pub struct Rust;

impl FrontEnd for Rust {
    fn language(&self) -> &'static str {
        "rust"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["rs"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["Cargo.toml"]
    }

    fn module(&self, path: &str, text: &str) -> Option<Module> {
        let manifest = text.parse::<toml::Table>().ok()?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let named = |table: &str| manifest.get(table)?.as_table()?.get("name")?.as_str();
        let name = named("lib").or_else(|| named("package"))?.replace('-', "_");
        Some(Module { folder, name })
    }

    /// Crates are depended upon by name.
    fn signs_of(&self, _folder: &str, _files: &[&str], modules: &[Module]) -> Vec<DependencyHint> {
        let mut signs = vec![];
        for Module { name, .. } in modules {
            for written in [name.clone(), name.replace('_', "-")] {
                let texts =
                    [format!("{written} ="), format!("{written}."), format!("{written}]"), format!("\"{written}\"")];
                signs.extend(texts.map(|text| DependencyHint::in_manifest(name, text)));
            }
        }
        signs
    }

    fn depends_on(&self, _path: &str, text: &str, name: &str) -> bool {
        modules::depends_on(text, name)
    }

    fn folder_of(&self, package: &str, project: &Project) -> Option<String> {
        modules::file_of(package, project).map(str::to_owned)
    }

    fn home<'p>(&self, path: &'p str) -> &'p str {
        modules::id_of(path)
    }

    fn mentions(&self, package: &str, project: &Project) -> Vec<String> {
        modules::mentions(package, project)
    }

    fn hands_on(&self) -> Option<&'static str> {
        Some("::*")
    }

    fn may_import(&self, bytes: &[u8], _package: &str, mentions: &[String]) -> bool {
        mentions.iter().any(|text| memchr::memmem::find(bytes, text.as_bytes()).is_some())
    }

    fn is_sdk_itself(&self, path: &str, project: &Project) -> bool {
        project.modules.iter().any(|module| {
            let source = if module.folder.is_empty() { "src/".to_owned() } else { format!("{}/src/", module.folder) };
            modules::is_sdk(&module.name, project) && path.starts_with(&source)
        })
    }

    fn fields_apart(&self) -> bool {
        true
    }

    fn is_plain(&self, name: &str) -> bool {
        // Types are almost always known; what is left are names every library has.
        !name.contains('_')
    }

    fn plain_types(&self) -> &'static [&'static str] {
        &["bool"]
    }

    fn is_test(&self, path: &str) -> bool {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.strip_suffix(".rs").unwrap_or(name);
        matches!(stem, "test" | "tests" | "test_utils" | "testing")
            || stem.ends_with("_test")
            || stem.ends_with("_tests")
            || stem.starts_with("test_")
            || folders.split('/').any(|f| f == "benches" || f.ends_with("_tests"))
    }

    fn offers(&self, unit: &Unit, function: &Function) -> bool {
        function.implements.is_some() || unit.line(function.line).trim_start().starts_with("pub")
    }

    fn lower(&self, file: SourceFile<'_>) -> Result<Unit, String> {
        self.lower_all(file)?.into_iter().next().ok_or_else(|| "holds no code".to_owned())
    }

    fn lower_all(&self, file: SourceFile<'_>) -> Result<Vec<Unit>, String> {
        let parsed = parse::parse(&file.text);
        // Places are kept per thread and for good, unless told otherwise.
        let result = parsed.map(|(items, broken, tests_only)| {
            let source = Source { lines: line_starts(&file.text), project: file.project };
            let scope = if tests_only { Scope::Test } else { file.scope };
            lower_file(&source, file.path, scope, &items, broken)
        });
        proc_macro2::extra::invalidate_current_thread_spans();
        let text: Arc<str> = file.text.into();
        let mut units = result?;
        for unit in &mut units {
            unit.text = text.clone();
            unit.broken.iter_mut().for_each(|span| span.end = span.end.min(text.len()));
        }
        Ok(units)
    }
}

/// What all modules of a file share.
struct Source<'t> {
    /// Byte offsets at which lines begin.
    lines: Vec<usize>,
    project: &'t Project,
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect()
}

/// A module whose items are to be lowered: of the file, or written inside it.
struct ModuleTask<'s> {
    id: String,
    scope: Scope,
    items: Vec<&'s syn::Item>,
}

/// Every module of a file becomes a unit; what is compiled for tests only becomes one of its own.
fn lower_file(source: &Source<'_>, path: &str, scope: Scope, items: &[syn::Item], broken: bool) -> Vec<Unit> {
    let mut units: Vec<Unit> = vec![];
    let id = format!("./{}", modules::id_of(path));
    let mut todo = vec![ModuleTask { id, scope, items: items.iter().collect() }];
    while let Some(task) = todo.pop() {
        let (tests, main): (Vec<&syn::Item>, Vec<&syn::Item>) =
            task.items.into_iter().partition(|item| task.scope != Scope::Test && items::is_test(item));
        let all: Vec<&syn::Item> = main.iter().chain(&tests).copied().collect();
        for (scope, items) in [(task.scope, main), (Scope::Test, tests)] {
            if items.is_empty() && !(units.is_empty() && scope != Scope::Test) {
                continue;
            }
            let unit = Unit {
                path: path.to_owned(),
                language: "rust",
                scope,
                package: task.id.clone(),
                package_name: task.id.clone(),
                broken: std::iter::once(0..usize::MAX).filter(|_| broken && units.is_empty()).collect(),
                ..Unit::default()
            };
            let mut lowering = Lowering {
                b: Builder::new(unit),
                source,
                path,
                id: task.id.clone(),
                uses: HashMap::new(),
                aliases: HashSet::new(),
                children: HashMap::new(),
                generics: vec![],
                selves: vec![],
                types: HashSet::new(),
                same: HashSet::new(),
                inner: vec![],
            };
            lowering.module(&items, &all);
            for (name, inner, test) in std::mem::take(&mut lowering.inner) {
                let scope = if test { Scope::Test } else { scope };
                todo.push(ModuleTask { id: modules::inside(&task.id, &name), scope, items: inner });
            }
            units.push(lowering.b.unit);
        }
    }
    units
}

/// Walks one module.
struct Lowering<'t> {
    b: Builder,
    source: &'t Source<'t>,
    path: &'t str,
    /// Identity of the module.
    id: String,
    /// Names brought in → full paths.
    uses: HashMap<String, Vec<String>>,
    /// Aliases under which modules are imported for the index.
    aliases: HashSet<String>,
    /// Modules declared here → identity.
    children: HashMap<String, String>,
    /// Type parameters in scope, and what they are bound by.
    generics: Vec<(String, TypeExpr)>,
    /// What `Self` is.
    selves: Vec<TypeExpr>,
    /// Types declared in the module.
    types: HashSet<String>,
    /// Type aliases declared in the module that are their argument.
    same: HashSet<String>,
    /// Modules written in this one: name, items, for tests only.
    inner: Vec<(String, Vec<&'t syn::Item>, bool)>,
}

/// Bytes in the text.
type Range = std::ops::Range<usize>;

impl Lowering<'_> {
    /// Add an expression at a range.
    fn add(&mut self, kind: ExprKind, range: Range) -> ExprId {
        let line = self.source.lines.partition_point(|start| *start <= range.start).max(1);
        let start = self.source.lines.get(line - 1).copied().unwrap_or(0);
        self.b.expr(kind, line as u32, (range.start.saturating_sub(start) + 1) as u32, range)
    }

    /// 1-based line of a token.
    fn line(&self, span: Span) -> u32 {
        let at = span.byte_range().start;
        self.source.lines.partition_point(|start| *start <= at).max(1) as u32
    }

    /// The place of an expression.
    fn range(&self, id: ExprId) -> Range {
        let expr = self.b.unit.expr(id);
        expr.start as usize..expr.end as usize
    }

    fn kind(&self, id: ExprId) -> &ExprKind {
        &self.b.unit.expr(id).kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(text: &str) -> Result<Vec<Unit>, String> {
        let project = Project::default();
        let (path, scope) = ("src/main.rs", Scope::Main);
        Rust.lower_all(SourceFile { path, scope, text: text.to_owned(), project: &project })
    }

    #[test]
    fn modules_and_tests_of_a_file_are_units_of_their_own() {
        let units =
            lower("mod a { pub fn f() {} }\n#[cfg(test)]\nmod tests { fn g() {} }\n#[test]\nfn h() {}").unwrap();
        let mut all: Vec<(&str, Scope)> = units.iter().map(|u| (u.package.as_str(), u.scope)).collect();
        all.sort();
        assert_eq!(
            all,
            [("./src", Scope::Main), ("./src", Scope::Test), ("./src/a", Scope::Main), ("./src/tests", Scope::Test)]
        );
    }

    #[test]
    fn nesting_that_no_parser_survives_is_an_answer_not_a_crash() {
        for (open, close) in [("(", ")"), ("[", "]"), ("{", "}")] {
            let text = format!("fn f() {{ let x = {}1{}; }}", open.repeat(100_000), close.repeat(100_000));
            assert!(lower(&text).unwrap_err().contains("nesting"), "{open}");
        }
        for unit in ["!", "&", "-", "*", "return ", "|x| ", "a.b().", "if a {} else ", "x = ", "1 + ", "A<", "&&"] {
            let text = format!("fn f() {{ let x = {}1; }}", unit.repeat(100_000));
            let _ = lower(&text);
            let text = format!("type X = {}u8;", unit.repeat(100_000));
            let _ = lower(&text);
        }
    }

    #[test]
    fn broken_items_do_not_hide_the_others() {
        let units = lower("fn f() { a.b( }\nfn g() {}").unwrap_err();
        assert!(units.contains("parsed"));
        let units = lower("fn f() { a. ; }\nfn g() {}").unwrap();
        assert!(!units[0].broken.is_empty() && units[0].functions.iter().any(|f| f.name == "g"));
    }
}
