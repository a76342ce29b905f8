//! Rule packs: the one in the binary, and folders the user names.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::catalogue::Catalogue;
use super::parse::{RuleText, parse};
use crate::ui::Problem;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Folders of the embedded pack that hold other data.
const OTHER_DATA: [&str; 2] = ["sdk", "cloud"];

/// The rules of the binary, and those of the folders in `packs`, which add to them or replace a rule of the
/// same id; later folders win.
///
/// # Errors
/// Every problem of every pack, so that one broken rule never hides another. Nothing is judged by half a catalogue.
pub fn load(packs: &[impl AsRef<Path>]) -> Result<Catalogue, Vec<Problem>> {
    let (mut catalogue, mut problems) = embedded();
    for pack in packs {
        let (rules, more) = folder(pack.as_ref());
        problems.extend(more);
        catalogue.extend(rules);
    }
    if problems.is_empty() { Ok(catalogue) } else { Err(problems) }
}

/// The rules of the binary, and what is wrong with the others.
pub fn embedded() -> (Catalogue, Vec<Problem>) {
    let mut pack = Pack::default();
    collect_embedded(&EMBEDDED, &mut pack);
    pack.parse("rules")
}

/// The rules of one folder that can be read, and what is wrong with the others.
pub fn folder(path: &Path) -> (Catalogue, Vec<Problem>) {
    let name = path.display().to_string();
    if !path.is_dir() {
        let what = if path.exists() { "is not a folder" } else { "does not exist" };
        let problem = Problem::usage(format!("the rule pack {name} {what}"));
        return (Catalogue::default(), vec![problem.help("a rule pack is a folder of `<area>/<id>.yaml` files")]);
    }
    let mut pack = Pack::default();
    let hidden = |e: &walkdir::DirEntry| e.depth() > 0 && e.file_name().to_string_lossy().starts_with('.');
    for entry in walkdir::WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|e| !hidden(e)) {
        let entry = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry,
            Err(e) => {
                pack.problems.push(Problem::usage(format!("the rule pack {name} cannot be read")).note(e.to_string()));
                continue;
            }
        };
        let relative = entry.path().strip_prefix(path).unwrap_or(entry.path());
        pack.add(relative, || std::fs::read(entry.path()).map_err(|e| e.to_string()));
    }
    let (rules, mut problems) = pack.parse(&name);
    if rules.rules.is_empty() && problems.is_empty() {
        let problem = Problem::usage(format!("there is no rule in {name}"));
        problems.push(problem.help("a rule pack is a folder of `<area>/<id>.yaml` files"));
    }
    (rules, problems)
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
    problems: Vec<Problem>,
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
        let is_rule = match extension.as_str() {
            "yaml" => true,
            "md" if parts.len() == 2 => false,
            "yml" => {
                self.problems.push(Problem::usage(format!("{shown}: rules end in `.yaml`")).help("rename the file"));
                return;
            }
            _ => return,
        };
        let [_, _] = parts.as_slice() else {
            let problem = Problem::usage(format!("{shown} is not in the folder of an area"));
            self.problems.push(problem.help("a rule lives in `<area>/<id>.yaml`"));
            return;
        };
        let text = read().and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".into()));
        let stem = shown.strip_suffix(&format!(".{extension}")).unwrap_or(&shown).to_owned();
        match text {
            Ok(text) if is_rule => drop(self.yaml.insert(stem, text)),
            Ok(text) => drop(self.markdown.insert(stem, text)),
            Err(e) => self.problems.push(Problem::usage(format!("{shown} cannot be read")).note(e)),
        }
    }

    fn parse(self, root: &str) -> (Catalogue, Vec<Problem>) {
        let mut catalogue = Catalogue::default();
        let mut problems = self.problems;
        for (stem, yaml) in &self.yaml {
            let (area, id) = stem.split_once('/').unwrap_or(("", stem));
            let path = format!("{}/{stem}.yaml", root.trim_end_matches('/'));
            let markdown = self.markdown.get(stem).map(String::as_str);
            match parse(&RuleText { path: &path, area, id, yaml, markdown }) {
                Ok(rule) => match catalogue.get(id) {
                    Some(first) => {
                        let problem = Problem::usage(format!("the rule `{id}` is defined twice"));
                        problems.push(problem.note(format!("in {} and in {path}", first.origin)));
                    }
                    None => catalogue.rules.push(rule),
                },
                Err(more) => problems.extend(more),
            }
        }
        (catalogue, problems)
    }
}
