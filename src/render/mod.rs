//! `&Scorecard` → bytes; pure: no clock, no environment.
//!
//! Every format is made from one view model (`view`) that holds finished sentences, places and
//! geometry, so that templates need loops and conditions only. A document that arrives here may hold any
//! string a cluster or a source tree can hold; nothing is trusted, everything is escaped on its way out.

mod change;
mod ci;
mod csv;
mod escape;
mod formats;
mod html;
mod markdown;
mod page;
mod paint;
mod picture;
mod scan_text;
mod schema;
mod snapshot_text;
mod templates;
mod terminal;
mod text;
mod theme;
mod view;

use std::path::PathBuf;

use crate::scorecard::Scorecard;
use crate::ui::Problem;

pub use formats::Format;
pub use scan_text::scan_text;
pub use schema::{PUBLISHED as SCHEMA, of_the_types as schema};
pub use snapshot_text::snapshot_text;
pub use theme::Theme;

/// How to render, apart from what.
#[derive(Debug, Clone)]
pub struct RenderOptions {
    /// Columns of the terminal; text is wrapped to it. Values below 40 count as 40.
    pub width: usize,
    /// Whether the text format may use colour.
    pub color: bool,
    /// Where the scanned repository can be read in a browser, such as `https://github.com/acme/payments`.
    /// Places in code become links when the commit is known. `{commit}`, `{path}` and `{line}` in it are
    /// filled in; without them GitHub's or GitLab's form is used.
    pub repo_url: Option<String>,
    /// Folder whose `report.html`, `components.html`, `report.css`, `report.js` or `summary.md` replace the
    /// built-in ones, each on its own.
    pub template_dir: Option<PathBuf>,
    /// Whose report it is.
    pub theme: Option<Theme>,
    /// Other reports of the same run, as the user named them; the text format says where they are.
    pub written: Vec<String>,
    /// Folder of the scanned code below the root of the repository, for documents whose paths begin there.
    pub code_folder: String,
    /// Folder of `preflight.yaml` and the files it names below the root of the repository, likewise; it is the
    /// folder the tool was started in, because such files are named as the user did.
    pub file_folder: String,
}

impl Default for RenderOptions {
    /// 80 columns, no colour, no links, built-in templates.
    fn default() -> Self {
        Self {
            width: 80,
            color: false,
            repo_url: None,
            template_dir: None,
            theme: None,
            written: Vec::new(),
            code_folder: String::new(),
            file_folder: String::new(),
        }
    }
}

/// Turn a scorecard into the bytes of one report. The same scorecard and options give the same bytes.
///
/// # Errors
/// A replaced template that cannot be read, parsed or rendered (exit code 2, with the engine's own
/// report of the place), or a scorecard that cannot be written as JSON (exit code 4).
pub fn render(card: &Scorecard, format: Format, options: &RenderOptions) -> Result<Vec<u8>, Problem> {
    format.write()(card, options)
}

fn json(card: &Scorecard) -> Result<Vec<u8>, Problem> {
    let mut bytes = serde_json::to_vec_pretty(card)
        .map_err(|e| Problem::tool("the scorecard could not be written as JSON").note(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}
