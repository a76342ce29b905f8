//! The languages: one file each, grammar only.

pub mod builder;
mod go;
mod python;

use std::collections::BTreeSet;

use super::program::Unit;
use crate::facts::code::{Scope, SdkVersion};

/// A file to lower.
pub struct SourceFile<'a> {
    /// Relative path.
    pub path: &'a str,
    /// Kind of code.
    pub scope: Scope,
    /// Its text; invalid UTF-8 already replaced, byte-order mark removed.
    pub text: String,
    /// The project it belongs to.
    pub project: &'a Project,
}

/// A manifest that names a package root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Module {
    /// Folder relative to the root; empty for the root.
    pub folder: String,
    /// Name under which its packages are imported.
    pub name: String,
}

/// What the manifests of a tree say.
#[derive(Debug, Default)]
pub struct Project {
    /// Package roots, longest folder first.
    pub modules: Vec<Module>,
    /// What files belong to: folders or modules, by the language's idea of a package.
    pub folders: BTreeSet<String>,
}

impl Project {
    /// Whether there is such a folder or module, or one below it.
    pub fn holds(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.folders.contains(path)
            || self.folders.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below))
    }
}

/// How one language is lowered.
pub trait FrontEnd: Sync {
    /// Name in facts and catalogue (`go`).
    fn language(&self) -> &'static str;
    /// File extensions without dot.
    fn extensions(&self) -> &'static [&'static str];
    /// File names of manifests.
    fn manifests(&self) -> &'static [&'static str];
    /// Read a manifest: the package root it declares, and its dependencies on packages that begin with `prefix`.
    fn manifest(&self, path: &str, text: &str, prefix: &str) -> (Option<Module>, Vec<SdkVersion>);
    /// The folder a package is in, when the tree holds it.
    fn folder_of(&self, package: &str, project: &Project) -> Option<String>;
    /// What a file belongs to, as `folder_of` says it: its folder, or itself where every file is a package.
    fn home<'p>(&self, path: &'p str) -> &'p str {
        path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
    /// Whether a file that holds these bytes may import a package: its path in quotes.
    fn may_import(&self, bytes: &[u8], package: &str) -> bool {
        let quoted = format!("\"{package}\"");
        let head = bytes.get(..bytes.len().min(16_000)).unwrap_or(bytes);
        !package.is_empty() && head.windows(quoted.len()).any(|w| w == quoted.as_bytes())
    }
    /// Whether packages are members of the packages around them, and hand on what they import.
    fn nests(&self) -> bool {
        false
    }
    /// Whether a method name is too plain to tell which method is meant when the receiver's type is unknown.
    fn is_plain(&self, _name: &str) -> bool {
        false
    }
    /// Whether a file is test code by the language's own convention.
    fn is_test(&self, path: &str) -> bool;
    /// Lower one file; `Err` says why it could not be parsed.
    fn lower(&self, file: SourceFile<'_>) -> Result<Unit, String>;
}

/// Every language this version analyses.
pub static FRONT_ENDS: [&dyn FrontEnd; 2] = [&go::Go, &python::Python];

/// The front end for a file name.
pub fn for_path(path: &str) -> Option<&'static dyn FrontEnd> {
    let extension = path.rsplit_once('.')?.1;
    FRONT_ENDS.iter().copied().find(|f| f.extensions().contains(&extension))
}

/// A language by file extension, analysed or not.
pub fn language_of(path: &str) -> Option<&'static str> {
    if let Some(front) = for_path(path) {
        return Some(front.language());
    }
    let name = path.rsplit('/').next()?;
    Some(match name.rsplit_once('.')?.1 {
        "ts" | "tsx" | "mts" | "cts" => "typescript",
        "js" | "jsx" | "mjs" | "cjs" => "javascript",
        "py" => "python",
        "java" => "java",
        "kt" | "kts" => "kotlin",
        "scala" => "scala",
        "groovy" => "groovy",
        "cs" => "csharp",
        "rb" => "ruby",
        "php" => "php",
        "rs" => "rust",
        "swift" => "swift",
        "clj" | "cljs" => "clojure",
        "sh" | "bash" => "shell",
        _ => return None,
    })
}
