//! The commit a tree stands at, read from its git folder without running git.

use std::path::{Path, PathBuf};

/// The id of HEAD, when the tree is inside a git repository.
pub fn head(root: &Path) -> Option<String> {
    let root = root.canonicalize().ok()?;
    let folder = root.ancestors().find_map(git_folder)?;
    let head = std::fs::read_to_string(folder.join("HEAD")).ok()?;
    let head = head.trim();
    let Some(reference) = head.strip_prefix("ref: ") else { return commit_id(head) };
    let common = common(folder);
    if let Ok(id) = std::fs::read_to_string(common.join(reference)) {
        return commit_id(id.trim());
    }
    let packed = std::fs::read_to_string(common.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| {
        let (id, name) = line.split_once(' ')?;
        if name == reference { commit_id(id) } else { None }
    })
}

/// The git folder of the work tree that begins at a folder, when one begins there.
pub fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    let metadata = git.metadata().ok()?;
    if metadata.is_dir() {
        return git.join("HEAD").symlink_metadata().is_ok().then_some(git);
    }
    // A pipe of this name would be waited for without end.
    if !metadata.is_file() || metadata.len() > 1 << 16 {
        return None;
    }
    let text = std::fs::read_to_string(&git).ok()?;
    Some(folder.join(text.trim().strip_prefix("gitdir: ")?))
}

/// The folder that all work trees of a repository share, of the work tree that begins at a folder.
pub fn common_folder(top: &Path) -> Option<PathBuf> {
    git_folder(top).map(common)
}

/// Work trees keep their references in the main repository.
fn common(folder: PathBuf) -> PathBuf {
    match std::fs::read_to_string(folder.join("commondir")) {
        Ok(path) => folder.join(path.trim()),
        Err(_) => folder,
    }
}

fn commit_id(text: &str) -> Option<String> {
    (text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_owned())
}
