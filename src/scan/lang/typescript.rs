//! TypeScript and JavaScript: files, packages and manifests. Declarations, statements, expressions and
//! types are in the files beside.

mod classes;
mod declarations;
mod expressions;
mod manifests;
mod masks;
mod modules;
mod patterns;
mod statements;
mod types;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser};

use super::builder::Builder;
use super::{Alias, DependencyHint, FrontEnd, Module, Project, SourceFile};
use crate::scan::program::*;

/// A file that takes longer to parse is given up: the grammar has pathological inputs.
const PARSE_LIMIT: Duration = Duration::from_secs(20);

/// Endings of source files, without dot.
const EXTENSIONS: [&str; 10] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "vue", "svelte"];

/// The front end for TypeScript and JavaScript.
pub struct TypeScript;

impl FrontEnd for TypeScript {
    fn language(&self) -> &'static str {
        "typescript"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &EXTENSIONS
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["package.json", "tsconfig.json", "tsconfig.base.json", "jsconfig.json"]
    }

    fn module(&self, path: &str, text: &str) -> Option<Module> {
        manifests::package(path, text)
    }

    fn aliases(&self, path: &str, text: &str) -> Vec<Alias> {
        manifests::aliases(path, text)
    }

    fn depends_on(&self, path: &str, text: &str, name: &str) -> bool {
        manifests::depends_on(path, text, name)
    }

    /// Packages are depended upon and imported by name; other files by path. A name without a scope may be that of a
    /// folder, so that its import alone shows nothing.
    fn signs_of(&self, _folder: &str, _files: &[&str], modules: &[Module]) -> Vec<DependencyHint> {
        let mut signs = vec![];
        for Module { name, .. } in modules {
            signs.push(DependencyHint::in_manifest(name, format!("\"{name}\":")));
            for quote in ['"', '\'', '`'].iter().filter(|_| name.starts_with('@')) {
                for import in ["from ", "import ", "import(", "require("] {
                    let texts = [format!("{import}{quote}{name}{quote}"), format!("{import}{quote}{name}/")];
                    signs.extend(texts.map(|text| DependencyHint::anywhere(name, text)));
                }
            }
        }
        signs
    }

    fn folder_of(&self, package: &str, project: &Project) -> Option<String> {
        let file = package.strip_prefix("./")?;
        project.files.contains(file).then(|| file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())
    }

    fn declares(&self, package: &str, path: &str, _project: &Project) -> bool {
        package.strip_prefix("./") == Some(without_extension(path))
    }

    fn mentions(&self, package: &str, project: &Project) -> Vec<String> {
        modules::mentions(package, project)
    }

    fn hands_on(&self) -> Option<&'static str> {
        Some("export *")
    }

    /// Modules of ES name what they export; older ones assign it.
    fn offers(&self, unit: &Unit, function: &Function) -> bool {
        let name = if function.name.is_empty() { function.holder.as_deref() } else { Some(function.name.as_str()) };
        let name = function.owner.as_deref().or(name).unwrap_or_default();
        let exported = unit.exports.iter().any(|(_, own)| own == name);
        let written = ["class", "abstract class", "default class"]
            .iter()
            .any(|kind| unit.text.contains(&format!("export {kind} {name}")));
        exported || written || unit.text.contains("module.exports") || unit.text.contains(&format!("exports.{name}"))
    }

    fn plain_types(&self) -> &'static [&'static str] {
        &["string", "void"]
    }

    fn is_test(&self, path: &str) -> bool {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let marked = [".test.", ".spec.", ".e2e-spec.", ".e2e.", "-test.", "-spec.", ".stories."];
        marked.iter().any(|m| name.contains(m))
            || folders.split('/').any(|f| {
                matches!(f, "__tests__" | "__mocks__" | "__test__" | "mocha" | "cypress" | "playwright" | "specs")
            })
    }

    fn lower(&self, file: SourceFile<'_>) -> Result<Unit, String> {
        let extension = file.path.rsplit_once('.').map_or("", |(_, e)| e);
        // What stands around the scripts of a component becomes blanks: places stay right.
        let script = match extension {
            "vue" | "svelte" => Some(scripts_only(&file.text)),
            _ => None,
        };
        let text = script.as_deref().unwrap_or(&file.text);
        let mut tree = parse(grammar(extension), text)?;
        let unsure = tree.root_node().has_error() || masks::is_misread(text);
        let masked = unsure.then(|| masks::masked(text)).flatten();
        if let Some(masked) = &masked {
            tree = parse(grammar(extension), masked)?;
        }
        let text = masked.as_deref().unwrap_or(text);
        let jsx = matches!(extension, "tsx" | "jsx" | "js") && tree.root_node().has_error();
        let plain = jsx.then(|| masks::without_ampersands(text, tree.root_node()));
        let plain = plain.flatten();
        let text = match &plain {
            Some(plain) => {
                tree = parse(grammar(extension), plain)?;
                plain
            }
            None => text,
        };
        let root = tree.root_node();
        let package = format!("./{}", without_extension(file.path));
        let unit = Unit {
            path: file.path.to_owned(),
            language: if matches!(extension, "js" | "jsx" | "mjs" | "cjs") { "javascript" } else { "typescript" },
            scope: file.scope,
            package_name: package.clone(),
            package,
            broken: super::broken::spans(root, text),
            ..Unit::default()
        };
        let mut lowering = Lowering {
            b: Builder::new(unit),
            text,
            path: file.path,
            project: file.project,
            bindings: HashMap::new(),
            generics: vec![],
            supers: vec![],
        };
        lowering.file(root);
        let mut unit = lowering.b.unit;
        unit.text = file.text.into();
        Ok(unit)
    }
}

fn grammar(extension: &str) -> Language {
    match extension {
        "js" | "jsx" | "mjs" | "cjs" => tree_sitter_javascript::LANGUAGE.into(),
        "tsx" => tree_sitter_typescript::LANGUAGE_TSX.into(),
        _ => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    }
}

fn parse(grammar: Language, text: &str) -> Result<tree_sitter::Tree, String> {
    let mut parser = Parser::new();
    parser.set_language(&grammar).map_err(|e| format!("grammar not usable: {e}"))?;
    let began = Instant::now();
    let mut progress = |_: &ParseState| {
        if began.elapsed() > PARSE_LIMIT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let bytes = text.as_bytes();
    parser
        .parse_with_options(
            &mut |at, _| bytes.get(at..).unwrap_or_default(),
            None,
            Some(ParseOptions::new().progress_callback(&mut progress)),
        )
        .ok_or_else(|| format!("parsing took longer than {} s", PARSE_LIMIT.as_secs()))
}

/// A path without its source ending.
fn without_extension(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, extension)) if EXTENSIONS.contains(&extension) => stem,
        _ => path,
    }
}

/// The text with everything outside `<script>` blanked, byte for byte.
fn scripts_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let blank = |out: &mut String, part: &str| {
        out.extend(part.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
    };
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("<script")) {
        let Some(body) = text.get(at + open..).and_then(|rest| rest.find('>')).map(|i| at + open + i + 1) else {
            break;
        };
        let Some(end) = text.get(body..).and_then(|rest| rest.find("</script")).map(|i| body + i) else { break };
        blank(&mut out, text.get(at..body).unwrap_or_default());
        out.push_str(text.get(body..end).unwrap_or_default());
        at = end;
    }
    blank(&mut out, text.get(at..).unwrap_or_default());
    out
}

/// What an imported name means.
#[derive(Debug, Clone)]
enum Binding {
    /// A whole module.
    Module(String),
    /// A name of a module.
    Name {
        /// Alias under which the module is imported.
        alias: String,
        /// Its name there.
        name: String,
    },
}

/// Walks one file.
struct Lowering<'t> {
    b: Builder,
    text: &'t str,
    path: &'t str,
    project: &'t Project,
    /// Imported names.
    bindings: HashMap<String, Binding>,
    /// Type parameters in scope.
    generics: Vec<String>,
    /// What the classes around extend.
    supers: Vec<TypeExpr>,
}

impl<'t> Lowering<'t> {
    fn slice(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }
}

/// 1-based line of a node.
fn line(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}

/// Named children without comments, in one pass (indexed access is quadratic on huge nodes).
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| !n.is_extra()).collect()
}

/// Whether a node has a keyword among its direct children.
fn has_token(node: Node<'_>, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|n| n.kind() == token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_keep_their_place() {
        let text = "<template>ä</template>\n<script lang=\"ts\">\nlet a = 1;\n</script>\n<style>x</style>";
        let script = scripts_only(text);
        assert_eq!(script.len(), text.len());
        assert_eq!(script.find("let a"), text.find("let a"));
        assert!(!script.contains("template") && !script.contains("style"));
    }
}
