//! Parts of a tree that share no code: checkouts of several repositories side by side in one folder.
//!
//! Names mean something only where code can reach them, so each part is analysed by itself: `run` in one
//! repository does not lead into another, and memory is needed for one part at a time. Two folders belong
//! together as soon as one shows a sign of the other: its module or package name, its path, an import.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::catalogue::Catalogue;
use super::lang::{DependencyHint, FrontEnd, Module, SignPlace};
use super::text;
use super::walk::Walked;

/// A root that holds one of these is one repository, whatever its folders say of each other.
const ONE_REPOSITORY: [&str; 20] = [
    ".git",
    ".hg",
    ".svn",
    ".github",
    ".gitlab-ci.yml",
    ".gitignore",
    ".editorconfig",
    ".circleci",
    "go.work",
    "pnpm-workspace.yaml",
    "WORKSPACE",
    "MODULE.bazel",
    "pants.toml",
    "Makefile",
    "Justfile",
    "justfile",
    "Taskfile.yml",
    "Jenkinsfile",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// Whether something at the root says that the tree is one repository, and no folder of checkouts.
pub fn is_one_repository(root: &Path) -> bool {
    ONE_REPOSITORY.iter().any(|name| root.join(name).symlink_metadata().is_ok())
}

/// Files and manifests of one language that may use each other, as places in [`Walked`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Part {
    /// Places in the entries.
    pub entries: Vec<usize>,
    /// Places in the manifests.
    pub manifests: Vec<usize>,
    /// Of repositories that use each other: how many of the entries each of them has, in their order.
    sizes: Vec<usize>,
}

impl Part {
    /// Path and text of the manifests.
    pub fn manifests<'w>(&self, walked: &'w Walked) -> impl Iterator<Item = (&'w str, &'w str)> {
        self.manifests
            .iter()
            .filter_map(|i| walked.manifests.get(*i))
            .map(|(_, path, text)| (path.as_str(), text.as_str()))
    }

    /// The entries of each repository.
    pub fn members(&self) -> Vec<&[usize]> {
        if self.sizes.len() < 2 {
            return vec![&self.entries];
        }
        let mut rest = self.entries.as_slice();
        let mut next = |size: usize| {
            let (own, others) = rest.split_at(size.min(rest.len()));
            rest = others;
            own
        };
        self.sizes.iter().map(|size| next(*size)).collect()
    }

    fn add(&mut self, other: Self) {
        self.sizes.push(other.entries.len());
        self.entries.extend(other.entries);
        self.manifests.extend(other.manifests);
    }
}

/// The parts of one language, those of the first folder first; one part when a file stands at the root.
pub fn split(root: &Path, front: &'static dyn FrontEnd, catalogue: &Catalogue, walked: &Walked) -> Vec<Part> {
    let mine = |other: &&'static dyn FrontEnd| other.language() == front.language();
    let mut folders: BTreeMap<&str, Part> = BTreeMap::new();
    for (i, entry) in walked.entries.iter().enumerate().filter(|(_, e)| mine(&e.front)) {
        folders.entry(top(&entry.path)).or_default().entries.push(i);
    }
    for (i, (_, path, _)) in walked.manifests.iter().enumerate().filter(|(_, (owner, ..))| mine(owner)) {
        folders.entry(top(path)).or_default().manifests.push(i);
    }
    let one = folders.len() < 2 || folders.contains_key("") || is_one_repository(root);
    if one {
        let mut whole = Part::default();
        for part in folders.into_values() {
            whole.entries.extend(part.entries);
            whole.manifests.extend(part.manifests);
        }
        whole.entries.sort_unstable();
        whole.manifests.sort_unstable();
        return vec![whole];
    }
    let names: Vec<&str> = folders.keys().copied().collect();
    let parts: Vec<Part> = folders.into_values().collect();
    let mut group: Vec<usize> = (0..parts.len()).collect();
    // Another engine has nothing of this one, however much its users have of both.
    let other: Vec<bool> = parts.iter().map(|part| is_other_engine(front, catalogue, walked, part)).collect();
    let together = |n: usize| other.get(n) == Some(&false);
    for (a, b) in uses(front, walked, &names, &parts).into_iter().filter(|(a, b)| together(*a) && together(*b)) {
        let (low, high) = (group[a].min(group[b]), group[a].max(group[b]));
        group.iter_mut().filter(|g| **g == high).for_each(|g| *g = low);
    }
    let mut joined: BTreeMap<usize, Part> = BTreeMap::new();
    for (part, group) in parts.into_iter().zip(group) {
        joined.entry(group).or_default().add(part);
    }
    joined.into_values().collect()
}

/// Whether a repository is itself an engine with calls of the same names.
pub fn is_other_engine(front: &dyn FrontEnd, catalogue: &Catalogue, walked: &Walked, part: &Part) -> bool {
    let marked = part.entries.iter().any(|i| walked.entries.get(*i).is_some_and(|entry| entry.marked));
    let mut modules = part.manifests(walked).filter_map(|(path, text)| front.module(path, text));
    !marked && modules.any(|module| catalogue.is_rival(&module.name))
}

/// The top-level folder of a path; empty for a file at the root.
fn top(path: &str) -> &str {
    path.split_once('/').map_or("", |(folder, _)| folder)
}

/// Pairs of parts of which the first shows a sign of the second.
fn uses(front: &dyn FrontEnd, walked: &Walked, names: &[&str], parts: &[Part]) -> BTreeSet<(usize, usize)> {
    let mut signs: BTreeMap<DependencyHint, BTreeSet<usize>> = BTreeMap::new();
    let mut holders: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (n, (folder, part)) in names.iter().zip(parts).enumerate() {
        let files: Vec<&str> =
            part.entries.iter().filter_map(|i| Some(walked.entries.get(*i)?.path.as_str())).collect();
        let modules: Vec<Module> = part.manifests(walked).filter_map(|(path, text)| front.module(path, text)).collect();
        let by_path = DependencyHint::anywhere(folder, format!("../{folder}"));
        for sign in front.signs_of(folder, &files, &modules).into_iter().chain([by_path]) {
            holders.entry(sign.name.clone()).or_default().insert(n);
            signs.entry(sign).or_default().insert(n);
        }
    }
    let known: Vec<(&DependencyHint, &BTreeSet<usize>)> = signs.iter().collect();
    let Ok(automaton) = AhoCorasick::new(signs.keys().map(|sign| &sign.text)) else {
        // Without a search nothing is known to be apart.
        return (1..parts.len()).map(|n| (0, n)).collect();
    };
    let seen_in = |n: usize, bytes: &[u8], manifest: Option<&str>| -> Vec<(usize, usize)> {
        let mut found = vec![];
        for hit in automaton.find_overlapping_iter(bytes) {
            let Some((sign, owners)) = known.get(hit.pattern().as_usize()) else { continue };
            let placed = match sign.place {
                SignPlace::Anywhere => true,
                SignPlace::LineStart => text::line_before(bytes, hit.start()).trim_ascii().is_empty(),
                SignPlace::Manifest => manifest.is_some(),
            };
            let declared = sign.place != SignPlace::Manifest
                || manifest.is_none_or(|path| front.depends_on(path, &String::from_utf8_lossy(bytes), &sign.name));
            let own = holders.get(&sign.name).is_some_and(|holders| holders.contains(&n));
            let follows = sign.then.is_empty() || names_one_of(&sign.then, bytes.get(hit.end()..).unwrap_or_default());
            if placed && declared && !own && follows && text::is_whole(bytes, hit.start(), hit.end()) {
                found.extend(owners.iter().map(|other| (n, *other)));
            }
        }
        found
    };
    let entries: Vec<(usize, &Path)> = parts
        .iter()
        .enumerate()
        .flat_map(|(n, part)| part.entries.iter().map(move |i| (n, *i)))
        .filter_map(|(n, i)| Some((n, walked.entries.get(i)?.full.as_path())))
        .collect();
    let mut pairs: BTreeSet<(usize, usize)> = entries
        .into_par_iter()
        .flat_map_iter(|(n, path)| text::read(path).map(|bytes| seen_in(n, &bytes, None)).unwrap_or_default())
        .collect();
    for (n, part) in parts.iter().enumerate() {
        pairs.extend(part.manifests(walked).flat_map(|(path, text)| seen_in(n, text.as_bytes(), Some(path))));
    }
    if front.imports_by_file_name() {
        let project = |n: usize| parts.get(n).is_some_and(|part| !part.manifests.is_empty());
        pairs.retain(|(user, used)| {
            !(project(*user) && project(*used))
                || parts.get(*user).zip(parts.get(*used)).zip(names.get(*used)).is_none_or(|((user, used), folder)| {
                    let mut known = project_names(used.manifests(walked));
                    known.insert((*folder).to_owned());
                    user.manifests(walked).any(|(_, text)| known.iter().any(|name| has_word(text, name)))
                })
        });
    }
    pairs
}

/// The names projects give themselves in their manifests.
fn project_names<'m>(manifests: impl Iterator<Item = (&'m str, &'m str)>) -> BTreeSet<String> {
    let lines = manifests.flat_map(|(_, text)| text.lines());
    let named = lines.filter_map(|line| line.trim().strip_prefix("name")?.trim_start().strip_prefix('='));
    named
        .filter_map(|value| value.trim().split(['"', '\'']).nth(1))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a text has a name as a whole word, written with dashes or underscores.
fn has_word(text: &str, name: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_'));
    let spellings = [name.to_owned(), name.replace('_', "-"), name.replace('-', "_")];
    spellings.iter().any(|name| {
        text.match_indices(name.as_str()).any(|(at, _)| {
            let (before, after) = (text.get(..at), text.get(at + name.len()..));
            edge(before.and_then(|t| t.chars().next_back())) && edge(after.and_then(|t| t.chars().next()))
        })
    })
}

/// Whether a list of names, on this line or in brackets, has one of these.
fn names_one_of(names: &BTreeSet<String>, rest: &[u8]) -> bool {
    let end = if rest.trim_ascii_start().starts_with(b"(") { b')' } else { b'\n' };
    let list = memchr::memchr(end, rest).and_then(|at| rest.get(..at)).unwrap_or(rest);
    let words = list.split(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80));
    words.filter_map(|word| std::str::from_utf8(word).ok()).any(|word| names.contains(word))
}
