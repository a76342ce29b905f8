//! The report to hand over: one file, readable without network and without scripts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{RenderOptions, Theme, templates, view::Report};
use crate::scorecard::Scorecard;
use crate::ui::Problem;

/// The report, and the one script that may run in it.
#[derive(Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    report: Report,
    script: String,
    /// `sha256-…` for the content security policy: whatever a name in the report contains, no other script runs.
    script_hash: String,
    theme: Option<&'a Theme>,
}

/// Render the HTML report.
pub(super) fn render(card: &Scorecard, options: &RenderOptions) -> Result<String, Problem> {
    let folder = options.template_dir.as_deref();
    let script = templates::text("report.js", folder)?;
    let script_hash = format!("sha256-{}", STANDARD.encode(Sha256::digest(script.as_bytes())));
    let page = Page { report: Report::new(card, options), script, script_hash, theme: options.theme.as_ref() };
    templates::render("report.html", &page, folder)
}
