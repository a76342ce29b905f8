//! The ignore files of one repository. Nothing above its work tree counts, and no setting of the user does.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Larger ignore files are not applied, so that more is read rather than less.
const LARGEST: u64 = 1 << 20;

/// Files of one folder that name what is ignored, the stronger one first.
const NAMES: [&str; 2] = [".ignore", ".gitignore"];

/// What the ignore files of a work tree say.
pub(super) struct Ignored {
    /// The top of the work tree.
    top: PathBuf,
    /// Paths above this folder below the top are never asked about, and their ignore files do not count; empty for none.
    floor: String,
    /// The patterns of the clone itself.
    of_clone: Option<Gitignore>,
    /// Folder → its patterns.
    folders: Mutex<HashMap<String, Arc<[Gitignore]>>>,
    /// Folder → whether it is ignored.
    known: Mutex<HashMap<String, bool>>,
}

impl Ignored {
    /// Those of the repository at `top`. `read` is the folder a user asked for: when the repository ignores it, only
    /// what is said inside of it counts.
    pub(super) fn new(top: &Path, info: Option<PathBuf>, read: &str) -> Self {
        let of_clone = info.and_then(|file| patterns(top, &file));
        let mut all = Self {
            top: top.to_owned(),
            floor: String::new(),
            of_clone,
            folders: Mutex::default(),
            known: Mutex::default(),
        };
        if !read.is_empty() && all.names(read, true) {
            all.floor = read.to_owned();
            all.of_clone = None;
            all.folders = Mutex::default();
            all.known = Mutex::default();
        }
        all
    }

    /// Whether a path below the top, or a folder around it, is ignored.
    pub(super) fn names(&self, path: &str, folder: bool) -> bool {
        if path.len() <= self.floor.len() {
            return false;
        }
        if folder && let Some(known) = lock(&self.known).get(path) {
            return *known;
        }
        let around = path.rsplit_once('/').is_some_and(|(parent, _)| self.names(parent, true));
        let answer = around || self.matched(path, folder);
        if folder {
            lock(&self.known).insert(path.to_owned(), answer);
        }
        answer
    }

    /// The nearest ignore file that says anything of a path decides.
    fn matched(&self, path: &str, folder: bool) -> bool {
        let mut parent = path;
        while !parent.is_empty() {
            parent = parent.rsplit_once('/').map_or("", |(parent, _)| parent);
            if parent.len() < self.floor.len() {
                return false;
            }
            let below = path.get(parent.len()..).unwrap_or_default().trim_start_matches('/');
            for patterns in self.of_folder(parent).iter() {
                match patterns.matched(below, folder) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
        }
        self.of_clone.as_ref().is_some_and(|patterns| patterns.matched(path, folder).is_ignore())
    }

    fn of_folder(&self, folder: &str) -> Arc<[Gitignore]> {
        if let Some(known) = lock(&self.folders).get(folder) {
            return known.clone();
        }
        let at = self.top.join(folder);
        let read: Arc<[Gitignore]> = NAMES.iter().filter_map(|name| patterns(&at, &at.join(name))).collect();
        lock(&self.folders).insert(folder.to_owned(), read.clone());
        read
    }
}

/// The patterns of a file, for paths below a folder. As for git, only a regular file is one.
fn patterns(folder: &Path, file: &Path) -> Option<Gitignore> {
    std::fs::symlink_metadata(file).ok().filter(|of| of.is_file() && of.len() <= LARGEST)?;
    let bytes = std::fs::read(file).ok()?;
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes));
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.lines() {
        // A line that is no pattern ignores nothing.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
