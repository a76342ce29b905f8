//! Folders that hold packages of others, or what a build has made.

use std::path::Path;

const PACKAGES: &str = "vendored packages";
const BUILT: &str = "build output";

/// Folders that package managers, build tools and caches make, by their names. What git tracks there was put there by
/// the team, and is read.
const MADE: [(&str, &str); 22] = [
    ("site-packages", PACKAGES),
    (".yarn", PACKAGES),
    (".pnpm-store", PACKAGES),
    (".terraform", PACKAGES),
    (".bundle", PACKAGES),
    (".eggs", PACKAGES),
    (".tox", PACKAGES),
    (".nox", PACKAGES),
    (".gradle", BUILT),
    (".next", BUILT),
    (".nuxt", BUILT),
    (".output", BUILT),
    (".svelte-kit", BUILT),
    (".turbo", BUILT),
    (".parcel-cache", BUILT),
    (".cache", BUILT),
    (".mypy_cache", BUILT),
    (".pytest_cache", BUILT),
    (".ruff_cache", BUILT),
    (".ipynb_checkpoints", BUILT),
    ("__pycache__", BUILT),
    (".direnv", BUILT),
];

/// Why a folder is not entered; `tracked` when git tracks something in it.
pub fn left_out(full: &Path, tracked: bool) -> Option<&'static str> {
    let name = full.file_name()?.to_str()?;
    let holds = |file: &str| full.join(file).is_file();
    match name {
        "node_modules" => return Some(PACKAGES),
        "vendor" if holds("modules.txt") || holds("autoload.php") => return Some(PACKAGES),
        _ if tracked => return None,
        "target" if holds("CACHEDIR.TAG") => return Some(BUILT),
        _ if holds("pyvenv.cfg") => return Some(PACKAGES),
        _ => {}
    }
    MADE.iter().find(|(made, _)| *made == name).map(|(_, why)| *why)
}

/// Whether a path lies in a folder that is left out for its name alone, wherever it is.
pub(super) fn by_name(path: &str) -> bool {
    path.split('/').any(|part| part == "node_modules")
}
