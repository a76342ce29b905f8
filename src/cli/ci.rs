//! What a CI system tells and wants: where the repository begins, and a summary of the job.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::output;
use crate::render::{self, Format, RenderOptions};
use crate::scorecard::Scorecard;
use crate::ui::Problem;

/// GitHub refuses a summary beyond 1 MiB; other steps may have written to theirs, so that each file is ours alone.
const SUMMARY: usize = 1 << 20;

/// Folder of the scanned code, and folder of preflight.yaml and its files, below the root of the repository.
pub fn folders(card: &Scorecard) -> (String, String) {
    let Ok(here) = Path::new(".").canonicalize() else { return Default::default() };
    let top = here.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&here).to_owned();
    let below = |folder: &Path| folder.strip_prefix(&top).map(output::shown).unwrap_or_default();
    let root = card.inventory.code.value().map(|code| code.repository.root.as_str()).unwrap_or_default();
    // Of several roots the paths begin with the root already; a root of another machine is taken as the top.
    let code = match Path::new(root).canonicalize() {
        Ok(root) => below(&root),
        Err(_) if root.contains(", ") => below(&here),
        Err(_) => String::new(),
    };
    (code, below(&here))
}

/// Add the report to the summary of a GitHub job, when the run is one.
///
/// # Errors
/// The summary cannot be rendered or written.
pub fn summary(card: &Scorecard, options: &RenderOptions) -> Result<(), Problem> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|p| !p.is_empty()).map(PathBuf::from) else {
        return Ok(());
    };
    let bytes = render::render(card, Format::Markdown, options)?;
    let there = path.metadata().map_or(0, |m| usize::try_from(m.len()).unwrap_or(usize::MAX));
    let text = shortened(&String::from_utf8_lossy(&bytes), SUMMARY.saturating_sub(there));
    let write = || std::fs::OpenOptions::new().create(true).append(true).open(&path)?.write_all(text.as_bytes());
    write().map_err(|e| {
        Problem::tool(format!("the job summary {} cannot be written", output::shown(&path))).note(e.to_string())
    })
}

/// At most `room` bytes: whole lines, and a last one that says what is missing.
fn shortened(text: &str, room: usize) -> String {
    const REST: &str = "\n\n… the rest did not fit: see the other reports of this run\n";
    if text.len() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if out.len() + line.len() + REST.len() > room {
            break;
        }
        out.push_str(line);
    }
    if out.len() + REST.len() <= room {
        out.push_str(REST);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_long_summary_ends_with_a_whole_line_and_a_word() {
        let text = "a line of text\n".repeat(100);
        assert_eq!(shortened(&text, text.len()), text);
        let short = shortened(&text, 300);
        assert!(short.len() <= 300 && short.ends_with("of this run\n") && short.starts_with("a line"), "{short}");
        assert_eq!(shortened(&text, 10), "");
    }
}
