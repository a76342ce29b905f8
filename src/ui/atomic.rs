//! Files appear whole or not at all.

use std::io::Write as _;
use std::path::Path;

use super::Problem;

/// Write beside the destination, then rename over it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let failed = |e: std::io::Error| {
        Problem::tool(format!("cannot write {}", path.display()))
            .note(e.to_string())
            .help(format!("check that {} exists and is writable", folder.display()))
    };
    let mut file = tempfile::Builder::new().prefix(".preflight-").tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(failed)?;
    }
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}
