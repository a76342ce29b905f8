//! GitLab's code quality report.

use serde::Serialize;

use super::{is_error, items, plain};
use crate::render::RenderOptions;
use crate::scorecard::Scorecard;
use crate::scorecard::{Certainty, Severity};
use crate::ui::Problem;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// What stands in the report of both branches GitLab itself tells from what is new, by the fingerprint.
pub(in crate::render) fn render(card: &Scorecard, options: &RenderOptions) -> Result<Vec<u8>, Problem> {
    let issues: Vec<Issue> = items(card, options)
        .into_iter()
        .filter(|item| item.waiver.is_none())
        .map(|item| Issue {
            description: match item.fix() {
                Some(fix) => format!("{}. {fix}", item.message.trim_end_matches('.')),
                None => item.message.clone(),
            },
            check_name: plain(&item.check.rule),
            severity: match (item.check.severity, item.certainty) {
                _ if is_error(&item) => "blocker",
                (Severity::Blocker, _) => "critical",
                (Severity::Major, Certainty::Fail) => "major",
                (Severity::Minor, Certainty::Fail) => "minor",
                (_, Certainty::Unknown) => "info",
            },
            fingerprint: item.fingerprint,
            location: Location { path: item.anchor.path, lines: Lines { begin: item.anchor.line } },
        })
        .collect();
    let mut bytes = serde_json::to_vec_pretty(&issues)
        .map_err(|e| Problem::tool("the code quality report could not be written").note(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}
