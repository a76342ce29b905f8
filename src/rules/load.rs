//! Rule packs: the one in the binary, and folders the user names.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::broken::Broken;
use super::catalogue::Catalogue;
use super::model::Rule;
use super::parse::{RuleText, parse};
use crate::ui::{Problem, yaml};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Folders of the embedded pack that hold other data.
const OTHER_DATA: [&str; 3] = ["sdk", "cloud", "facts"];

/// The rules of the binary, and those of the folders in `packs`, which add to them or replace a rule of the
/// same id; later folders win. A rule that cannot be read is among `broken`, and the others are there.
///
/// # Errors
/// A pack that is not there, cannot be read as a whole, or holds no rule: whoever named it meant another one.
pub fn load(packs: &[impl AsRef<Path>]) -> Result<Catalogue, Vec<Problem>> {
    let mut catalogue = bundled();
    let mut problems = Vec::new();
    for pack in packs {
        match read(pack.as_ref()) {
            Ok(rules) => catalogue.extend(rules),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(catalogue) } else { Err(problems) }
}

/// The rules of the binary, and what is wrong with the others.
pub fn embedded() -> (Catalogue, Vec<Problem>) {
    let catalogue = bundled();
    let problems = catalogue.problems();
    (catalogue, problems)
}

fn bundled() -> Catalogue {
    let mut pack = Pack::default();
    collect_embedded(&EMBEDDED, &mut pack);
    pack.parse("rules")
}

/// Something no rule asks for, because nothing shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotAsked {
    /// What one would like to know.
    pub asked: String,
    /// Why nothing shows it.
    pub why: String,
    /// What comes nearest, in Markdown.
    pub instead: String,
}

/// `rules/cloud/not-asked.yaml`.
///
/// # Errors
/// The embedded file is broken.
pub fn not_asked() -> Result<Vec<NotAsked>, Problem> {
    const PATH: &str = "cloud/not-asked.yaml";
    let text = EMBEDDED.get_file(PATH).and_then(|file| file.contents_utf8()).unwrap_or_default();
    yaml::parse(&format!("rules/{PATH}"), text)
}

/// The two files of a rule of the binary: YAML and Markdown.
pub fn source(rule: &Rule) -> Option<(&'static str, &'static str)> {
    let text = |extension: &str| {
        EMBEDDED.get_file(format!("{}/{}.{extension}", rule.area, rule.id)).and_then(|file| file.contents_utf8())
    };
    Some((text("yaml")?, text("md")?))
}

/// The rules of one folder that can be read, and what is wrong with the others.
pub fn folder(path: &Path) -> (Catalogue, Vec<Problem>) {
    match read(path) {
        Ok(catalogue) => {
            let problems = catalogue.problems();
            (catalogue, problems)
        }
        Err(problem) => (Catalogue::default(), vec![problem]),
    }
}

fn read(path: &Path) -> Result<Catalogue, Problem> {
    let name = path.display().to_string();
    if !path.is_dir() {
        let what = if path.exists() { "is not a folder" } else { "does not exist" };
        let problem = Problem::usage(format!("the rule pack {name} {what}"));
        return Err(problem.help("a rule pack is a folder of `<area>/<id>.yaml` files; `rules new` makes one"));
    }
    let mut pack = Pack::default();
    let hidden = |e: &walkdir::DirEntry| e.depth() > 0 && e.file_name().to_string_lossy().starts_with('.');
    for entry in walkdir::WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|e| !hidden(e)) {
        let entry = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry,
            Err(e) => {
                return Err(Problem::usage(format!("the rule pack {name} cannot be read")).note(e.to_string()));
            }
        };
        let relative = entry.path().strip_prefix(path).unwrap_or(entry.path());
        pack.add(relative, || std::fs::read(entry.path()).map_err(|e| e.to_string()));
    }
    let rules = pack.parse(&name);
    if rules.rules.is_empty() && rules.broken.is_empty() {
        let problem = Problem::usage(format!("there is no rule in {name}"));
        return Err(problem.help("a rule pack is a folder of `<area>/<id>.yaml` files; `rules new` makes one"));
    }
    Ok(rules)
}

fn collect_embedded(dir: &Dir<'static>, pack: &mut Pack) {
    for file in dir.files() {
        pack.add(file.path(), || Ok(file.contents().to_vec()));
    }
    for dir in dir.dirs() {
        collect_embedded(dir, pack);
    }
}

/// Files of a pack by `area/id`, before they are parsed.
#[derive(Default)]
struct Pack {
    yaml: BTreeMap<String, String>,
    markdown: BTreeMap<String, String>,
    broken: Vec<Broken>,
}

impl Pack {
    /// Sort a file in; `relative` is its path within the pack.
    fn add(&mut self, relative: &Path, read: impl FnOnce() -> Result<Vec<u8>, String>) {
        let parts: Vec<String> = relative.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        let extension = relative.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        let shown = parts.join("/");
        if parts.first().is_some_and(|first| parts.len() > 1 && OTHER_DATA.contains(&first.as_str())) {
            return;
        }
        let area = if parts.len() > 1 { parts.first().map_or("", String::as_str) } else { "" };
        let name = relative.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let refuse = |problem: Problem| Broken::file(&name, area, &shown, problem);
        let is_rule = match extension.as_str() {
            "yaml" => true,
            "md" if parts.len() == 2 => false,
            "yml" => {
                let problem = Problem::usage(format!("{shown}: rules end in `.yaml`")).help("rename the file");
                return self.broken.push(refuse(problem));
            }
            _ => return,
        };
        let [_, _] = parts.as_slice() else {
            let problem = Problem::usage(format!("{shown} is not in the folder of an area"));
            return self.broken.push(refuse(problem.help("a rule lives in `<area>/<id>.yaml`")));
        };
        let text = read().and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".into()));
        let stem = shown.strip_suffix(&format!(".{extension}")).unwrap_or(&shown).to_owned();
        match text {
            Ok(text) if is_rule => drop(self.yaml.insert(stem, text)),
            Ok(text) => drop(self.markdown.insert(stem, text)),
            Err(e) => self.broken.push(refuse(Problem::usage(format!("{shown} cannot be read")).note(e))),
        }
    }

    fn parse(self, root: &str) -> Catalogue {
        let mut catalogue = Catalogue { rules: Vec::new(), broken: self.broken };
        for (stem, yaml) in &self.yaml {
            let (area, id) = stem.split_once('/').unwrap_or(("", stem));
            let path = format!("{}/{stem}.yaml", root.trim_end_matches('/'));
            let markdown = self.markdown.get(stem).map(String::as_str);
            let text = RuleText { path: &path, area, id, yaml, markdown };
            match parse(&text) {
                Ok(rule) => match catalogue.get(id) {
                    Some(first) => {
                        let problem = Problem::usage(format!("the rule `{id}` is defined twice"))
                            .note(format!("in {} and in {path}", first.origin))
                            .help("give one of them another id");
                        // The id alone belongs to the other one.
                        let text = RuleText { id: stem, ..text };
                        catalogue.broken.push(Broken::new(&text, vec![problem]));
                    }
                    None => catalogue.rules.push(rule),
                },
                Err(problems) => catalogue.broken.push(Broken::new(&text, problems)),
            }
        }
        catalogue
    }
}
