//! `scan --trace PATH:LINE`: what was asked about the calls of a line, and what came of it, step by step.

use super::classify;
use super::resolve::Resolver;
use super::sites::SiteDraft;

/// A place whose search is told, and who is told.
#[derive(Debug, Clone)]
pub struct Traced {
    /// Relative path, as the scan prints it.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Told line by line.
    pub told: super::Progress,
}

/// The candidates of the line with what became of each, and for sites the search for the client. Nothing when this
/// part of the tree does not have the file.
pub fn lines(r: &Resolver<'_>, traced: &Traced, drafts: &[SiteDraft<'_>]) -> Vec<String> {
    let Some(n) = r.index.units.iter().position(|unit| unit.path == traced.path) else { return vec![] };
    let (n, unit) = (n as u32, r.index.unit(n as u32));
    let mut lines = vec![];
    let (candidates, _) = r.recorded(|| classify::candidates_of(r, n, traced.line));
    if candidates.is_empty() {
        lines.push("no call on this line has a name of the SDK".to_owned());
    }
    lines.extend(candidates);
    for draft in drafts.iter().filter(|d| d.call.at.unit == n && d.site.line == traced.line) {
        let site = &draft.site;
        lines.push(format!("site: {} by {} in {}", site.kind.name(), site.api, unit.path));
        let Some((at, method)) = r.client_place(draft.call.at, draft.call.api.client()) else {
            lines.push(
                "its client is no value of the code: it is made by the call, or is that of the worker".to_owned(),
            );
            continue;
        };
        lines.push(format!("client: `{}`", unit.text_of(at.expr)));
        let (_, steps) = r.recorded(|| r.client_ends(at, method.as_deref()));
        lines.extend(steps.into_iter().map(|step| format!("  {step}")));
        let status = format!("{:?}", site.client.status).to_lowercase();
        let reason = site.client.reason.as_ref().map_or_else(String::new, |reason| format!(", because of {reason}"));
        lines.push(format!("client: {status}{reason}"));
        for origin in &site.client.origins {
            lines.push(format!("  built at {}:{}", origin.path, origin.line));
        }
    }
    lines
}
