//! What git tracks: the entries of the index, and what the work tree holds of a file that has moved.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::{git, run};

/// One entry of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Path below the top of the work tree, `/` as separator.
    pub path: String,
    /// Object id of the content; of a submodule, its commit.
    pub id: String,
    /// What it is.
    pub kind: TrackedKind,
    /// A sparse checkout leaves it out of the work tree.
    pub sparse: bool,
}

/// What an entry of the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackedKind {
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// A repository of its own.
    Submodule,
}

/// All entries of the index of the repository whose work tree begins at `top`. Entries in a conflict are listed once.
///
/// # Errors
/// What git said, in one line: it is not installed, or it refuses to read the repository.
pub fn tracked(top: &Path) -> Result<Vec<Tracked>, String> {
    let listed = run(top, ["ls-files", "-z", "-t", "--stage", "--full-name"])
        .map_err(|problem| problem.notes.first().cloned().unwrap_or(problem.title))?;
    if !listed.ok {
        return Err(listed.said().lines().next().unwrap_or_default().to_owned());
    }
    let mut entries: Vec<Tracked> = listed.stdout.split('\0').filter_map(entry).collect();
    entries.dedup_by(|a, b| a.path == b.path);
    Ok(entries)
}

/// `H 100644 <id> 0<tab>path`.
fn entry(line: &str) -> Option<Tracked> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split(' ');
    let (tag, mode, id) = (words.next()?, words.next()?, words.next()?);
    let kind = match mode {
        "160000" => TrackedKind::Submodule,
        "120000" => TrackedKind::Link,
        _ => TrackedKind::File,
    };
    Some(Tracked { path: path.to_owned(), id: id.to_owned(), kind, sparse: tag.eq_ignore_ascii_case("s") })
}

/// Object ids that files of the work tree have as git would store them. Empty when git cannot tell.
pub fn ids_of<'p>(top: &Path, paths: impl Iterator<Item = &'p str>) -> HashSet<String> {
    let asked: String = paths.filter(|path| !path.contains('\n')).flat_map(|path| [path, "\n"]).collect();
    if asked.is_empty() {
        return HashSet::new();
    }
    let child = git(top)
        .args(["hash-object", "--stdin-paths"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return HashSet::new() };
    let Some(mut asking) = child.stdin.take() else { return HashSet::new() };
    // Asked from a thread of its own: both pipes are short.
    let asker = std::thread::spawn(move || asking.write_all(asked.as_bytes()));
    let output = child.wait_with_output();
    let _ = asker.join();
    output.map(|o| String::from_utf8_lossy(&o.stdout).lines().map(str::to_owned).collect()).unwrap_or_default()
}
