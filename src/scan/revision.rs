//! The commit a tree stands at, read from its git folder without running git.

use std::path::{Path, PathBuf};

/// The id of HEAD, when the tree is inside a git repository.
pub fn head(root: &Path) -> Option<String> {
    let root = root.canonicalize().ok()?;
    let folder = root.ancestors().find_map(git_folder)?;
    let head = std::fs::read_to_string(folder.join("HEAD")).ok()?;
    let head = head.trim();
    let Some(reference) = head.strip_prefix("ref: ") else { return commit_id(head) };
    // Work trees keep their references in the main repository.
    let common = match std::fs::read_to_string(folder.join("commondir")) {
        Ok(path) => folder.join(path.trim()),
        Err(_) => folder,
    };
    if let Ok(id) = std::fs::read_to_string(common.join(reference)) {
        return commit_id(id.trim());
    }
    let packed = std::fs::read_to_string(common.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| {
        let (id, name) = line.split_once(' ')?;
        if name == reference { commit_id(id) } else { None }
    })
}

fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = std::fs::read_to_string(&git).ok()?;
    Some(folder.join(text.trim().strip_prefix("gitdir: ")?))
}

fn commit_id(text: &str) -> Option<String> {
    (text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_owned())
}
