//! The languages: one file each, grammar only.

mod broken;
pub mod builder;
mod go;
mod python;
mod rust;
mod typescript;

use std::collections::BTreeSet;

use super::program::{Function, Unit};
use crate::facts::code::Scope;

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

/// A text that shows that code of another folder is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DependencyHint {
    /// The name of what is used; a folder that holds something of this name means its own.
    pub name: String,
    /// The text; names at its ends are whole names.
    pub text: String,
    /// Where it must stand.
    pub place: SignPlace,
    /// When there are any: one of these names follows before the statement ends.
    pub then: BTreeSet<String>,
}

/// Where a text must stand to show that something is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignPlace {
    /// Anywhere in a source file or manifest.
    Anywhere,
    /// At the beginning of a line.
    LineStart,
    /// In a manifest.
    Manifest,
}

impl DependencyHint {
    /// A text in a manifest.
    pub fn in_manifest(name: &str, text: String) -> Self {
        Self { place: SignPlace::Manifest, ..Self::anywhere(name, text) }
    }

    /// A text anywhere in a file.
    pub fn anywhere(name: &str, text: String) -> Self {
        Self { name: name.to_owned(), text, place: SignPlace::Anywhere, then: BTreeSet::new() }
    }
}

/// A name under which files of the tree may be imported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias {
    /// Only files below this folder use it; empty for all.
    pub scope: String,
    /// The name; `*` stands for any rest.
    pub pattern: String,
    /// Paths without ending that are tried in turn; `*` is the rest.
    pub targets: Vec<String>,
}

/// What the manifests of a tree say.
#[derive(Debug, Default)]
pub struct Project {
    /// Package roots, longest folder first.
    pub modules: Vec<Module>,
    /// What files belong to: folders or modules, by the language's idea of a package.
    pub folders: BTreeSet<String>,
    /// Names for files, nearest manifest first.
    pub aliases: Vec<Alias>,
    /// Source files without their ending.
    pub files: BTreeSet<String>,
    /// The SDK's own packages: the catalogue knows them, even where the tree holds them.
    pub sdk: BTreeSet<String>,
}

impl Project {
    /// Whether there is such a folder or module, or one below it.
    pub fn holds(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.folders.contains(path)
            || self.folders.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below))
    }
}

/// What a builtin function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builtin {
    /// Hands on its first argument, with the others as further elements.
    Append,
    /// Makes a zero value of the type it is given.
    Zero,
    /// Makes an empty container of the type it is given.
    Empty,
    /// Gives nothing that is of interest.
    Nothing,
}

/// How one language is lowered.
pub trait FrontEnd: Sync {
    /// Name in facts and catalogue (`go`).
    fn language(&self) -> &'static str;
    /// File extensions without dot.
    fn extensions(&self) -> &'static [&'static str];
    /// File names of manifests.
    fn manifests(&self) -> &'static [&'static str];
    /// Whether a file is a manifest, by its name.
    fn is_manifest(&self, name: &str) -> bool {
        self.manifests().contains(&name)
    }
    /// The package root a manifest declares.
    fn module(&self, _path: &str, _text: &str) -> Option<Module> {
        None
    }
    /// Texts that show, in a source file or manifest elsewhere, that code below a top-level folder may be used
    /// there. `modules` are the package roots its manifests declare.
    fn signs_of(&self, folder: &str, files: &[&str], modules: &[Module]) -> Vec<DependencyHint>;
    /// Whether a manifest in which a name was seen declares that it depends on it.
    fn depends_on(&self, _path: &str, _text: &str, _name: &str) -> bool {
        true
    }
    /// Whether an import alone shows nothing between two projects: names of files are no names of projects, and only a
    /// manifest says what is meant.
    fn imports_by_file_name(&self) -> bool {
        false
    }
    /// Names a manifest gives to files of the tree.
    fn aliases(&self, _path: &str, _text: &str) -> Vec<Alias> {
        vec![]
    }
    /// Whether a file may declare names of a package of the tree.
    fn declares(&self, package: &str, path: &str, project: &Project) -> bool {
        self.folder_of(package, project).as_deref() == Some(self.home(path))
    }
    /// Texts one of which stands in a file that imports a package.
    fn mentions(&self, package: &str, _project: &Project) -> Vec<String> {
        vec![format!("\"{package}\"")]
    }
    /// Text of a file that hands on names of others without naming them.
    fn hands_on(&self) -> Option<&'static str> {
        None
    }
    /// The folder a package is in, when the tree holds it.
    fn folder_of(&self, package: &str, project: &Project) -> Option<String>;
    /// What a file belongs to, as `folder_of` says it: its folder, or itself where every file is a package.
    fn home<'p>(&self, path: &'p str) -> &'p str {
        path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
    /// Whether a file that holds these bytes may import a package, by the texts that show it.
    fn may_import(&self, bytes: &[u8], _package: &str, mentions: &[String]) -> bool {
        let head = bytes.get(..bytes.len().min(16_000)).unwrap_or(bytes);
        mentions.iter().any(|text| text.len() > 2 && memchr::memmem::find(head, text.as_bytes()).is_some())
    }
    /// Whether methods may be declared apart from their type, in other files of its package.
    fn methods_apart(&self) -> bool {
        false
    }
    /// Whether a line that begins like this goes on with the name of a method of a type: `func (s *Store) `.
    fn declares_method(&self, _line: &[u8], _owner: &str) -> bool {
        true
    }
    /// Whether a field and a method of a type may have the same name.
    fn fields_apart(&self) -> bool {
        false
    }
    /// Whether a file is code of the SDK itself, which starts nothing on anybody's behalf.
    fn is_sdk_itself(&self, _path: &str, _project: &Project) -> bool {
        false
    }
    /// Whether packages are members of the packages around them.
    fn nests(&self) -> bool {
        false
    }
    /// Whether arguments may be given by name or left out, and maps are written with names as keys.
    fn names_arguments(&self) -> bool {
        false
    }
    /// Whether a method name is too plain to tell which method is meant when the receiver's type is unknown.
    fn is_plain(&self, _name: &str) -> bool {
        false
    }
    /// Whether code elsewhere may call a function: it is exported where the language has that, and no private helper.
    fn offers(&self, unit: &Unit, function: &Function) -> bool;
    /// What a function that every file knows without declaring or importing it does with its arguments.
    fn builtin(&self, _name: &str) -> Option<Builtin> {
        None
    }
    /// Types that every file knows and that have no members of interest.
    fn plain_types(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether a file is test code by the language's own convention.
    fn is_test(&self, path: &str) -> bool;
    /// Lower one file; `Err` says why it could not be parsed.
    fn lower(&self, file: SourceFile<'_>) -> Result<Unit, String>;
    /// Lower one file that may hold several packages, or code of several kinds.
    fn lower_all(&self, file: SourceFile<'_>) -> Result<Vec<Unit>, String> {
        self.lower(file).map(|unit| vec![unit])
    }
}

/// Every language this version analyses.
pub static FRONT_ENDS: [&dyn FrontEnd; 4] = [&go::Go, &python::Python, &rust::Rust, &typescript::TypeScript];

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
        "java" => "java",
        "kt" | "kts" => "kotlin",
        "scala" | "sc" => "scala",
        "groovy" => "groovy",
        "cs" | "razor" | "cshtml" => "csharp",
        "fs" | "fsx" => "fsharp",
        "vb" => "visual basic",
        "rb" | "rake" | "ru" => "ruby",
        "php" => "php",
        "swift" => "swift",
        "clj" | "cljs" | "cljc" => "clojure",
        "ex" | "exs" => "elixir",
        "erl" | "hrl" => "erlang",
        "hs" => "haskell",
        "dart" => "dart",
        "lua" => "lua",
        "pl" | "pm" => "perl",
        "r" | "R" => "r",
        "jl" => "julia",
        "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" => "c++",
        "m" | "mm" => "objective-c",
        "zig" => "zig",
        "nim" => "nim",
        "ml" | "mli" => "ocaml",
        "cr" => "crystal",
        "astro" => "astro",
        "ipynb" | "qmd" | "Rmd" => "notebook",
        "sh" | "bash" | "zsh" | "ksh" | "fish" => "shell",
        _ => return None,
    })
}
