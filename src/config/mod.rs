//! What the user wrote: `preflight.yaml`, attestations, waivers. Unknown keys are refused, with a caret.

pub mod attestations;
pub mod connection;
pub mod preflight;
pub mod waivers;

use std::path::Path;

pub use connection::{CloudOpsSettings, ConnectionSettings, PrometheusSettings, Secret};
pub use preflight::Preflight;

use crate::ui::Problem;

/// The file a command looks for when none is named.
pub const DEFAULT_FILE: &str = "preflight.yaml";

/// The name `init` gives the file of attestations, and remedies mention.
pub const ATTESTATIONS_FILE: &str = "attestations.yaml";

/// Read a text file the user named; `what` completes "cannot read …".
pub(crate) fn read(path: &Path, what: &str) -> Result<String, Problem> {
    let bytes = std::fs::read(path).map_err(|e| {
        Problem::usage(format!("cannot read {what} from {}", path.display()))
            .note(e.to_string())
            .help("check the path; paths inside preflight.yaml are relative to the folder it is in")
    })?;
    String::from_utf8(bytes).map_err(|_| Problem::usage(format!("{} is not UTF-8 text", path.display())))
}

/// The name of a folder, for titles.
pub(crate) fn folder_name(folder: &Path) -> String {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder
        .canonicalize()
        .ok()
        .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "migration".into())
}
