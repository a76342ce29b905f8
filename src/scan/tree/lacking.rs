//! What git tracks and the work tree lacks: a sparse checkout, a submodule that is not checked out, a file that is gone
//! although nobody told git so. Nobody has looked at it, so it is named.
//!
//! A deletion that is staged is part of the change, and so is a move: its content stands at another place.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::kinds::wants;
use super::members::{Members, Repository, is_checked_out};
use super::vendored;
use crate::facts::code::Skip;
use crate::scan::git::{self, Tracked, TrackedKind};

/// Something that is lacking, and the SHA-256 of what git has recorded for it.
pub struct Lacking {
    /// The highest folder that is gone, or the file.
    pub skip: Skip,
    /// Tells whether something else is recorded later.
    pub digest: String,
}

/// Why something is lacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Sparse,
    Submodule,
    Deleted,
}

/// Everything that is lacking below `root`. `chosen` tells whether a path is one the user left in.
pub fn lacking(root: &Path, members: &Members, chosen: impl Fn(&str) -> bool) -> Vec<Lacking> {
    let mut found: BTreeMap<(String, Why), Vec<Tracked>> = BTreeMap::new();
    for repository in members.all() {
        let Some(tracked) = &repository.tracked else { continue };
        let mut there = Folders { root, known: BTreeMap::new() };
        let mut gone: Vec<(String, Why, &Tracked)> = vec![];
        for (path, entry) in tracked.iter().filter(|(path, _)| chosen(path) && !vendored::by_name(path)) {
            let name = path.rsplit('/').next().unwrap_or(path);
            let why = match entry.kind {
                TrackedKind::Submodule if is_checked_out(entry, &root.join(path)) => continue,
                TrackedKind::Submodule => Why::Submodule,
                TrackedKind::File | TrackedKind::Link if !wants(name) || there.holds(path) => continue,
                TrackedKind::File | TrackedKind::Link if entry.sparse => Why::Sparse,
                TrackedKind::File => Why::Deleted,
                // A link that is gone leads to nothing that was code of its own.
                TrackedKind::Link => continue,
            };
            let at = if why == Why::Submodule { path.clone() } else { there.highest_missing(path) };
            gone.push((at, why, entry));
        }
        let moved = moved(&repository, members, gone.iter().any(|(_, why, _)| *why == Why::Deleted), &mut there);
        gone.retain(|(_, why, entry)| *why != Why::Deleted || !moved.contains(&entry.id));
        for (at, why, entry) in gone {
            found.entry((at, why)).or_default().push(entry.clone());
        }
    }
    found.into_iter().map(|((path, why), entries)| named(path, why, &entries)).collect()
}

fn named(path: String, why: Why, entries: &[Tracked]) -> Lacking {
    let count = match entries {
        [only] if only.path.ends_with(&path) => String::new(),
        many => format!(" ({} files)", many.len()),
    };
    let reason = match why {
        Why::Sparse => format!("{}{count}: a sparse checkout leaves it out", Skip::LACKING),
        Why::Submodule => format!("{}: the submodule is not checked out", Skip::LACKING),
        Why::Deleted => format!("{}{count}: it was deleted, and the deletion is not staged", Skip::LACKING),
    };
    let mut state = Sha256::new();
    for entry in entries {
        state.update(format!("{} {}\n", entry.id, entry.path));
    }
    let digest = state.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Lacking { skip: Skip { path, reason }, digest }
}

/// Contents that stand somewhere in the work tree, when it is worth asking.
fn moved(repository: &Repository, members: &Members, asked: bool, there: &mut Folders<'_>) -> HashSet<String> {
    if !asked {
        return HashSet::new();
    }
    let loose: Vec<String> = members.loose().iter().map(|path| repository.inside(path)).collect();
    let mut ids = git::ids_of(&repository.top, loose.iter().map(String::as_str));
    let tracked = repository.tracked.iter().flatten();
    ids.extend(tracked.filter(|(path, _)| there.holds(path)).map(|(_, entry)| entry.id.clone()));
    ids
}

/// Which paths are there.
struct Folders<'r> {
    root: &'r Path,
    known: BTreeMap<String, bool>,
}

impl Folders<'_> {
    fn holds(&mut self, path: &str) -> bool {
        if let Some((parent, _)) = path.rsplit_once('/')
            && !self.folder(parent)
        {
            return false;
        }
        self.root.join(path).symlink_metadata().is_ok()
    }

    fn folder(&mut self, path: &str) -> bool {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let there = self.root.join(path).is_dir();
        self.known.insert(path.to_owned(), there);
        there
    }

    fn highest_missing(&mut self, path: &str) -> String {
        let ends = path.match_indices('/').map(|(at, _)| at);
        let missing = ends.filter_map(|end| path.get(..end)).find(|folder| !self.folder(folder));
        missing.unwrap_or(path).to_owned()
    }
}
