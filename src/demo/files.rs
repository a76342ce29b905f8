//! Files in the folder of the demonstration.

use std::path::Path;

use crate::ui::Problem;

/// Replace a text file by what `change` makes of it.
pub(super) fn edit(path: &Path, change: impl FnOnce(&str) -> Result<String, Problem>) -> Result<(), Problem> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Problem::tool(format!("cannot read {}", path.display())).note(e.to_string()))?;
    std::fs::write(path, change(&text)?).map_err(|e| cannot_write(path, &e))
}

/// What is wrong when a file or folder cannot be written.
pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> Problem {
    Problem::tool(format!("cannot write {}", path.display()))
        .note(error.to_string())
        .help("give a folder that can be written: --out DIR")
}
