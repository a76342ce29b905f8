//! Whether a path counts. In a repository: what git tracks, and what is not tracked and no ignore file of the repository
//! names. In a folder that is no repository: everything.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::ignored::Ignored;
use crate::scan::git::{self, Tracked, TrackedKind};
use crate::scan::revision;

/// Whether a path counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is tracked.
    Tracked,
    /// It is not tracked, or there is no repository, and it counts.
    Loose,
    /// It is not tracked, as far as git told, and an ignore file names it.
    Ignored,
}

impl Standing {
    /// Whether it is of the tree.
    pub fn counts(self) -> bool {
        self != Self::Ignored
    }
}

/// One repository of the tree.
pub(super) struct Repository {
    /// The top of its work tree.
    pub(super) top: PathBuf,
    /// Where the tree begins below the top; empty for a repository inside of the tree.
    prefix: String,
    /// Where the repository begins below the root of the tree; empty for the one around the root.
    at: String,
    /// Path below the root of the tree → what git tracks there. None when git did not tell.
    pub(super) tracked: Option<BTreeMap<String, Tracked>>,
    /// Folders below the root of the tree that hold something tracked.
    folders: HashSet<String>,
    ignored: Ignored,
}

impl Repository {
    fn read(top: &Path, prefix: &str, at: &str) -> (Self, Option<String>) {
        let (listed, why) = match git::tracked(top) {
            Ok(listed) => (Some(listed), None),
            Err(why) => (None, Some(why)),
        };
        let below = |path: &str| -> Option<String> {
            let rest = if prefix.is_empty() { path } else { path.strip_prefix(prefix)?.strip_prefix('/')? };
            Some(if at.is_empty() { rest.to_owned() } else { format!("{at}/{rest}") })
        };
        let tracked: Option<BTreeMap<String, Tracked>> =
            listed.map(|all| all.into_iter().filter_map(|entry| Some((below(&entry.path)?, entry))).collect());
        let mut folders = HashSet::new();
        for path in tracked.iter().flat_map(BTreeMap::keys) {
            let mut folder = path.as_str();
            while let Some((parent, _)) = folder.rsplit_once('/') {
                if !folders.insert(parent.to_owned()) {
                    break;
                }
                folder = parent;
            }
        }
        let info = revision::common_folder(top).map(|folder| folder.join("info/exclude"));
        let ignored = Ignored::new(top, info, prefix);
        (Self { top: top.to_owned(), prefix: prefix.to_owned(), at: at.to_owned(), tracked, folders, ignored }, why)
    }

    /// A path below the root of the tree as one below the top of the repository.
    pub(super) fn inside(&self, path: &str) -> String {
        let rest = if self.at.is_empty() { path } else { path.get(self.at.len() + 1..).unwrap_or_default() };
        if self.prefix.is_empty() { rest.to_owned() } else { format!("{}/{rest}", self.prefix) }
    }

    fn holds(&self, path: &str) -> bool {
        self.at.is_empty() || path.strip_prefix(self.at.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    fn standing(&self, path: &str, folder: bool) -> Standing {
        let tracked = match &self.tracked {
            Some(_) if folder && self.folders.contains(path) => true,
            Some(tracked) => tracked.contains_key(path),
            None => false,
        };
        if tracked {
            return Standing::Tracked;
        }
        if self.ignored.names(&self.inside(path), folder) { Standing::Ignored } else { Standing::Loose }
    }
}

/// The repositories of a tree.
pub struct Members {
    /// The one around the root first, then those inside of the tree.
    repositories: RwLock<Vec<Arc<Repository>>>,
    /// Repository git did not tell about → what it said.
    untold: Mutex<Vec<(String, String)>>,
    /// Files that count and are not tracked.
    loose: Mutex<Vec<String>>,
}

impl Members {
    /// Those of the tree below `root`. A root that is a file counts, and so does `everything` of a tree that was laid
    /// out from a commit.
    pub fn of(root: &Path, everything: bool) -> Self {
        let members = Self { repositories: RwLock::default(), untold: Mutex::default(), loose: Mutex::default() };
        if everything || !root.is_dir() {
            return members;
        }
        let Ok(root) = root.canonicalize() else { return members };
        if let Some(top) = root.ancestors().find(|folder| revision::git_folder(folder).is_some()) {
            let prefix = root.strip_prefix(top).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
            members.add(top, &prefix, "");
        }
        members
    }

    fn add(&self, top: &Path, prefix: &str, at: &str) {
        let (repository, why) = Repository::read(top, prefix, at);
        if let Some(why) = why {
            // What only looks like a repository is none.
            if why.contains("not a git repository") {
                return;
            }
            lock(&self.untold).push((at.to_owned(), why));
        }
        self.repositories.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(repository));
    }

    pub(super) fn all(&self) -> Vec<Arc<Repository>> {
        self.repositories.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The innermost repository around a path.
    fn owner(&self, path: &str) -> Option<Arc<Repository>> {
        let all = self.repositories.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|r| r.holds(path)).max_by_key(|r| r.at.len()).cloned()
    }

    /// Whether a folder is entered. One that is a repository of its own is asked about its own files from then on.
    pub fn folder(&self, path: &str, full: &Path) -> Standing {
        let standing = self.owner(path).map_or(Standing::Loose, |owner| owner.standing(path, true));
        if standing.counts() && revision::git_folder(full).is_some() {
            let top = full.canonicalize().unwrap_or_else(|_| full.to_owned());
            self.add(&top, "", path);
        }
        standing
    }

    /// Whether a file is of the tree.
    pub fn file(&self, path: &str) -> Standing {
        let Some(owner) = self.owner(path) else { return Standing::Loose };
        let standing = owner.standing(path, false);
        if standing == Standing::Loose {
            lock(&self.loose).push(path.to_owned());
        }
        standing
    }

    /// Repositories git did not tell about, by their folders, and what it said.
    pub fn untold(&self) -> Vec<(String, String)> {
        lock(&self.untold).clone()
    }

    pub(super) fn loose(&self) -> Vec<String> {
        lock(&self.loose).clone()
    }
}

/// Whether a repository of its own stands where the index has a submodule.
pub(super) fn is_checked_out(entry: &Tracked, full: &Path) -> bool {
    entry.kind != TrackedKind::Submodule || revision::git_folder(full).is_some()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
