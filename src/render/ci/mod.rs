//! Documents for CI systems: what they have in common.
//!
//! Such a system shows a finding at a line of a file in the repository. What has no such line (a live cluster, a
//! person's word) is shown at the line of the configuration that names it.

pub mod github;
pub mod gitlab;
pub mod junit;
pub mod sarif;

use std::collections::BTreeSet;

use super::RenderOptions;
use super::text::{one_line, visible};
use crate::facts::{Locus, Side};
use crate::scorecard::Scorecard;
use crate::scorecard::change::of_change;
use crate::scorecard::fingerprint;
use crate::scorecard::{Certainty, Check, Finding, Gate, Outcome, Severity, WaiverRef};

/// The plan file where none was read: it is where connections are described.
const PLAN: &str = "preflight.yaml";

/// A line of a file in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Relative to the root of the repository, `/` as separator.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based; 0 when it is not known.
    pub column: u32,
    /// The trimmed line.
    pub snippet: Option<String>,
}

/// Something a CI system shows.
pub(super) struct Item<'c> {
    pub check: &'c Check,
    /// None for a check without an answer.
    pub finding: Option<&'c Finding>,
    pub message: String,
    pub fingerprint: String,
    pub anchor: Anchor,
    /// Further places.
    pub others: Vec<(Anchor, String)>,
    pub certainty: Certainty,
    pub waiver: Option<&'c WaiverRef>,
    /// It was there before the change.
    pub known: bool,
}

impl Item<'_> {
    /// The first thing to do, in words.
    pub fn fix(&self) -> Option<String> {
        let step = self.finding.and_then(|f| f.remedy.first());
        let text = step.map(|s| s.text.clone()).or_else(|| self.check.why_remedy.clone())?;
        Some(plain(&text)).filter(|t| !t.is_empty())
    }
}

/// Everything there is to show, blockers first; what failed before what is not decided.
pub(super) fn items<'c>(card: &'c Scorecard, options: &RenderOptions) -> Vec<Item<'c>> {
    let places = Places::new(card, options);
    let mut all: Vec<Item<'c>> = vec![];
    for check in
        card.checks.iter().filter(|c| !matches!(c.outcome, Outcome::Pass | Outcome::NotApplicable | Outcome::NotDue))
    {
        all.extend(check.findings.iter().map(|f| places.item(card, check, f)));
        if check.findings.is_empty() && answer(card, check) == Some(Outcome::Unknown) {
            all.push(places.gap(check));
        }
    }
    all.sort_by_key(|item| {
        (item.known, item.waiver.is_some(), item.check.severity, item.certainty == Certainty::Unknown)
    });
    all
}

/// What a check answers at the gate of the run; none when a change adds nothing to it.
pub(super) fn answer(card: &Scorecard, check: &Check) -> Option<Outcome> {
    match card.baseline.as_ref().filter(|_| card.gate == Gate::Pr) {
        Some(baseline) => of_change(check, baseline),
        None => Some(check.outcome),
    }
}

/// Text on one line, with hidden characters written out and without the marks of names.
pub(super) fn plain(text: &str) -> String {
    one_line(text).replace('`', "'")
}

/// Knows where files are in the repository.
struct Places<'c> {
    card: &'c Scorecard,
    code_folder: &'c str,
    file_folder: &'c str,
    /// Files of the scanned code that are named without a line of code.
    code_files: BTreeSet<&'c str>,
}

impl<'c> Places<'c> {
    fn new(card: &'c Scorecard, options: &'c RenderOptions) -> Self {
        let code = card.inventory.code.value();
        let coverage = code.map(|c| &c.coverage);
        let named = code.iter().flat_map(|c| c.factories.iter().map(|f| f.path.as_str()));
        let code_files = named.chain(coverage.into_iter().flat_map(|c| c.unread())).collect();
        Self { card, code_folder: &options.code_folder, file_folder: &options.file_folder, code_files }
    }

    fn item<'a>(&self, card: &Scorecard, check: &'a Check, finding: &'a Finding) -> Item<'a> {
        let mut places: Vec<(Anchor, String)> =
            finding.evidence.iter().filter_map(|l| Some((self.anchor(l)?, plain(&l.to_string())))).collect();
        // A place in the code says more than a line of the configuration.
        let first = finding.evidence.iter().position(|l| matches!(l, Locus::Source { .. }));
        let at = first.filter(|at| *at < places.len()).unwrap_or(0);
        let anchor = if places.is_empty() { self.plan("source") } else { places.remove(at).0 };
        places.retain(|(other, _)| *other != anchor);
        let doubt = if finding.certainty == Certainty::Unknown { "Not decided: " } else { "" };
        Item {
            check,
            finding: Some(finding),
            message: format!("{doubt}{}", plain(&finding.message)),
            fingerprint: plain(&finding.fingerprint),
            anchor,
            others: places,
            certainty: finding.certainty,
            waiver: finding.waiver.as_ref(),
            known: card.is_known(finding),
        }
    }

    /// A check without an answer, at the first file that could not be read, or at the configuration.
    fn gap<'a>(&self, check: &'a Check) -> Item<'a> {
        let reads_code = check.gates.contains(&Gate::Pr);
        let unread =
            self.card.inventory.code.value().and_then(|c| c.coverage.unread().first().map(|p| (*p).to_owned()));
        let file = unread.filter(|_| reads_code).and_then(|path| self.path(self.code_folder, &path));
        let why = check.why.as_deref().unwrap_or("the evidence is missing");
        Item {
            check,
            finding: None,
            message: plain(&format!("Not decided: {} (unknown, because {why})", check.title)),
            fingerprint: fingerprint::of(&check.rule, "unknown", 1),
            anchor: match file {
                Some(path) => Anchor { path, line: 1, column: 0, snippet: None },
                None => self.plan("code"),
            },
            others: vec![],
            certainty: Certainty::Unknown,
            waiver: None,
            known: false,
        }
    }

    /// The line of the plan that has a key, else its first.
    fn plan(&self, key: &str) -> Anchor {
        let place = self.card.plan.place.as_ref();
        let path = place.and_then(|p| self.path(self.file_folder, &p.path)).unwrap_or_else(|| PLAN.to_owned());
        let line = place.and_then(|p| p.lines.get(key).copied()).unwrap_or(1).max(1);
        Anchor { path, line, column: 0, snippet: None }
    }

    fn anchor(&self, locus: &Locus) -> Option<Anchor> {
        match locus {
            Locus::Source { path, line, column, snippet, .. } => Some(Anchor {
                path: self.path(self.code_folder, path)?,
                line: (*line).max(1),
                column: *column,
                snippet: snippet.clone(),
            }),
            Locus::File { path, line } => {
                let folder = if self.code_files.contains(path.as_str()) { self.code_folder } else { self.file_folder };
                Some(Anchor { path: self.path(folder, path)?, line: (*line).max(1), column: 0, snippet: None })
            }
            Locus::Live { side: Side::Source, .. } => Some(self.plan("source")),
            Locus::Live { side: Side::Target, .. } => Some(self.plan("target")),
            Locus::Attested { .. } => Some(self.plan("attestations")),
        }
    }

    /// A path from the root of the repository; none for what is not in it.
    fn path(&self, folder: &str, path: &str) -> Option<String> {
        let path = visible(&path.replace('\\', "/")).into_owned();
        let absolute = path.starts_with('/') || path.get(1..3) == Some(":/");
        if absolute {
            return None;
        }
        let mut parts: Vec<&str> = vec![];
        for part in folder.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        if parts.is_empty() { None } else { Some(parts.join("/")) }
    }
}

/// How loud a finding is.
pub(super) fn is_error(item: &Item<'_>) -> bool {
    item.check.severity == Severity::Blocker && item.certainty == Certainty::Fail
}
