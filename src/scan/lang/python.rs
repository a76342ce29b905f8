//! Python: files, modules and functions. Classes, statements, expressions and types are in the files beside.

mod classes;
mod depth;
mod expressions;
mod modules;
mod statements;
mod types;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, ParseState, Parser};

use super::builder::Builder;
use super::{DependencyHint, FrontEnd, Module, Project, SourceFile};
use crate::scan::program::*;

/// A file that takes longer to parse is given up.
const PARSE_LIMIT: Duration = Duration::from_secs(20);

/// The Python front end.
pub struct Python;

impl FrontEnd for Python {
    fn hands_on(&self) -> Option<&'static str> {
        Some("import *")
    }

    fn language(&self) -> &'static str {
        "python"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["py", "pyi"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["pyproject.toml", "setup.cfg", "setup.py", "Pipfile"]
    }

    fn is_manifest(&self, name: &str) -> bool {
        self.manifests().contains(&name) || (name.ends_with(".txt") && name.contains("requirements"))
    }

    fn signs_of(&self, _folder: &str, files: &[&str], _modules: &[Module]) -> Vec<DependencyHint> {
        modules::signs_of(files)
    }

    fn imports_by_file_name(&self) -> bool {
        true
    }

    fn folder_of(&self, package: &str, project: &Project) -> Option<String> {
        project.folders.contains(package).then(|| package.to_owned())
    }

    fn home<'p>(&self, path: &'p str) -> &'p str {
        modules::home(path)
    }

    fn nests(&self) -> bool {
        true
    }

    fn names_arguments(&self) -> bool {
        true
    }

    fn is_plain(&self, name: &str) -> bool {
        // Types are often not written; `create` and `update` belong to every library.
        !name.trim_start_matches('_').contains('_')
    }

    fn may_import(&self, bytes: &[u8], package: &str, _mentions: &[String]) -> bool {
        modules::may_import(bytes, package)
    }

    /// A file that runs itself is a script: its functions are its own, unless a name says otherwise.
    fn offers(&self, unit: &Unit, function: &Function) -> bool {
        !function.name.starts_with('_') && !unit.text.contains("__name__ ==")
    }

    fn plain_types(&self) -> &'static [&'static str] {
        &["int", "bool"]
    }

    fn is_test(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py"
    }

    fn lower(&self, file: SourceFile<'_>) -> Result<Unit, String> {
        if let Some(reason) = depth::too_deep(&file.text) {
            return Err(reason);
        }
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).map_err(|e| format!("grammar not usable: {e}"))?;
        let began = Instant::now();
        let mut progress = |_: &ParseState| {
            if began.elapsed() > PARSE_LIMIT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let bytes = file.text.as_bytes();
        let tree = parser
            .parse_with_options(
                &mut |at, _| bytes.get(at..).unwrap_or_default(),
                None,
                Some(ParseOptions::new().progress_callback(&mut progress)),
            )
            .ok_or_else(|| format!("parsing took longer than {} s", PARSE_LIMIT.as_secs()))?;
        let root = tree.root_node();
        let home = modules::home(file.path);
        let unit = Unit {
            path: file.path.to_owned(),
            language: "python",
            scope: file.scope,
            package: home.to_owned(),
            package_name: home.rsplit('/').next().unwrap_or(home).to_owned(),
            broken: super::broken::spans(root, &file.text),
            ..Unit::default()
        };
        let text = file.text;
        let mut lowering = Lowering {
            b: Builder::new(unit),
            text: &text,
            path: file.path,
            project: file.project,
            classes: vec![],
            outer: vec![],
            imported: HashSet::new(),
        };
        lowering.module(root);
        let mut unit = lowering.b.unit;
        unit.text = text.into();
        Ok(unit)
    }
}

/// A class whose body is being walked.
struct Class {
    name: String,
    bases: Vec<TypeExpr>,
    /// The variable methods call the object by.
    receiver: Option<VarId>,
    /// The name methods of the type call the type by.
    meta: Option<String>,
}

/// Walks one file.
struct Lowering<'t> {
    b: Builder,
    text: &'t str,
    path: &'t str,
    project: &'t Project,
    classes: Vec<Class>,
    /// Per open function: names declared `global` or `nonlocal`.
    outer: Vec<HashSet<&'t str>>,
    /// Names imports bring in.
    imported: HashSet<String>,
}

impl<'t> Lowering<'t> {
    fn slice(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn module(&mut self, root: Node<'t>) {
        self.imports(root, 0);
        self.late_imports(root);
        self.declare_globals(root, 0);
        self.statements(root);
    }

    /// Module-level names are visible in functions written before them.
    fn declare_globals(&mut self, node: Node<'t>, depth: usize) {
        for child in children(node) {
            match child.kind() {
                "function_definition" | "class_definition" | "decorated_definition" | "lambda" => {}
                "assignment" => {
                    let Some(left) = child.child_by_field_name("left") else { continue };
                    let ty = child.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                    self.declare_target(left, &ty);
                    if let Some(right) = child.child_by_field_name("right").filter(|r| r.kind() == "assignment") {
                        self.declare_globals_in(right);
                    }
                }
                "for_statement" | "named_expression" | "as_pattern_target" if depth < 50 => {
                    let target = child.child_by_field_name("left").or_else(|| child.child_by_field_name("name"));
                    self.declare_target(target.unwrap_or(child), &TypeExpr::Unknown);
                    self.declare_globals(child, depth + 1);
                }
                kind if depth < 50
                    && (kind.ends_with("_statement")
                        || kind.ends_with("_clause")
                        || kind.starts_with("with_")
                        || matches!(kind, "block" | "as_pattern")) =>
                {
                    self.declare_globals(child, depth + 1);
                }
                _ => {}
            }
        }
    }

    fn declare_globals_in(&mut self, assignment: Node<'t>) {
        if let Some(left) = assignment.child_by_field_name("left") {
            self.declare_target(left, &TypeExpr::Unknown);
        }
    }

    fn declare_target(&mut self, target: Node<'t>, ty: &TypeExpr) {
        match target.kind() {
            "identifier" => {
                let name = self.slice(target);
                if self.b.declared_here(name).is_none() && !self.imported.contains(name) {
                    self.b.declare(name, Role::Global, ty.clone(), line(target));
                }
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "as_pattern_target" | "tuple" => {
                for child in children(target) {
                    self.declare_target(child, &TypeExpr::Unknown);
                }
            }
            _ => {}
        }
    }

    fn decorated(&mut self, node: Node<'t>, method: bool) {
        let decorators = children(node)
            .into_iter()
            .filter(|n| n.kind() == "decorator")
            .filter_map(|d| children(d).first().copied())
            .map(|d| self.value(d))
            .collect();
        let Some(definition) = node.child_by_field_name("definition") else { return };
        match definition.kind() {
            "class_definition" => self.class(definition, decorators),
            _ => self.function(definition, decorators, method),
        }
    }

    /// A function: of the module, a method of the innermost class, or local to another function.
    fn function(&mut self, node: Node<'t>, decorators: Vec<ExprId>, method: bool) {
        let Some(name_node) = node.child_by_field_name("name") else { return };
        let written = self.slice(name_node);
        let local = !method && self.b.function().is_some();
        let holder = local.then(|| self.b.declare(written, Role::Local, TypeExpr::Unknown, line(name_node)));
        let name = match written {
            _ if local => "",
            "__init__" if method => CONSTRUCTOR,
            name => name,
        };
        let marks: Vec<String> = decorators
            .iter()
            .map(|d| self.text.get(self.range(*d)).unwrap_or_default())
            .map(|text| text.rsplit('.').next().unwrap_or(text).to_owned())
            .collect();
        let marked = |mark: &str| marks.iter().any(|m| m == mark);
        let id = self.b.open_function(name, line(name_node), node.byte_range());
        let (is_static, is_class) = (marked("staticmethod"), marked("classmethod") || written == "__new__");
        let getter = method && (marked("property") || marked("cached_property"));
        let owner = if method { self.classes.last().map(|c| c.name.clone()) } else { None };
        self.b.with(id, |f| {
            f.owner = owner.clone();
            f.of_type = is_static || is_class;
            f.getter = getter;
            f.decorators = decorators;
        });
        let parameters = node.child_by_field_name("parameters").map(children).unwrap_or_default();
        let skip = usize::from(method && !is_static);
        let before = self.classes.last().map(|c| (c.receiver, c.meta.clone()));
        if skip == 1
            && let Some(first) = parameters.first()
        {
            let name = self.slice(first.child_by_field_name("name").unwrap_or(*first)).to_owned();
            if is_class {
                if let Some(class) = self.classes.last_mut() {
                    class.meta = Some(name);
                }
            } else {
                let ty = TypeExpr::Named { qualifier: None, name: owner.unwrap_or_default() };
                let var = self.b.declare(&name, Role::Receiver, ty, line(*first));
                self.b.with(id, |f| f.receiver = Some(var));
                if let Some(class) = self.classes.last_mut() {
                    class.receiver = Some(var);
                }
            }
        }
        self.parameters(id, parameters.into_iter().skip(skip).collect());
        if let Some(result) = node.child_by_field_name("return_type") {
            let types = self.result_types(result);
            if types.iter().any(|ty| *ty != TypeExpr::Unknown) {
                self.b.with(id, |f| f.results.extend(types.into_iter().map(|ty| ResultDecl { ty, var: None })));
            }
        }
        self.outer.push(HashSet::new());
        if let Some(body) = node.child_by_field_name("body") {
            self.statements(body);
        }
        self.outer.pop();
        self.b.close_function();
        if let (Some(class), Some((receiver, meta))) = (self.classes.last_mut(), before) {
            (class.receiver, class.meta) = (receiver, meta);
        }
        if let Some(var) = holder {
            let value = self.add(ExprKind::Lambda(id), node);
            self.b.give(var, value, Projection::Whole);
        }
    }

    fn parameters(&mut self, id: FuncId, parameters: Vec<Node<'t>>) {
        let mut index = 0;
        for parameter in parameters {
            let inner = match parameter.kind() {
                "typed_parameter" => children(parameter).first().copied().unwrap_or(parameter),
                _ => parameter.child_by_field_name("name").unwrap_or(parameter),
            };
            let kind = inner.kind();
            if parameter.kind() == "keyword_separator" {
                self.b.with(id, |f| f.named_from = Some(index));
                continue;
            }
            if parameter.kind() == "positional_separator" {
                continue;
            }
            let name_node = match kind {
                "list_splat_pattern" | "dictionary_splat_pattern" => children(inner).first().copied().unwrap_or(inner),
                _ => inner,
            };
            let declared = parameter.child_by_field_name("type");
            let mut ty = declared.map(|t| self.ty(t)).unwrap_or_default();
            if kind == "list_splat_pattern" {
                ty = TypeExpr::List(Box::new(ty));
            } else if kind == "dictionary_splat_pattern" {
                ty = TypeExpr::Unknown;
            }
            let extras = declared.map(|t| self.annotated(t)).unwrap_or_default();
            let default = parameter.child_by_field_name("value").map(|v| self.value(v));
            let var = self.b.declare(self.slice(name_node), Role::Param(index), ty, line(name_node));
            for value in extras.into_iter().chain(default) {
                self.b.give(var, value, Projection::Whole);
            }
            self.b.with(id, |f| {
                f.params.push(var);
                match kind {
                    "list_splat_pattern" => {
                        f.rest = Some(index);
                        f.named_from = Some(index + 1);
                    }
                    "dictionary_splat_pattern" => f.keywords = Some(index),
                    _ => {}
                }
            });
            index += 1;
        }
    }

    fn range(&self, id: ExprId) -> std::ops::Range<usize> {
        let expr = self.b.unit.expr(id);
        expr.start as usize..expr.end as usize
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
