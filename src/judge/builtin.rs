//! Checks of the judge itself: an entry of waivers or attestations that does nothing is a finding.
//!
//! They need no rule file, because they are about what people wrote and not about facts.

mod attestations;
mod settings;
mod waivers;

pub use settings::SettingChange;

use super::ignores::Flawed;
use crate::facts::Locus;
use crate::facts::attestation::Attestation;
use crate::scorecard::builtin::BuiltIn;
use crate::scorecard::{Certainty, Check, Finding, Gate, Outcome, RemedyStep, Waiver, WaiverUse, fingerprint};

/// The built-in checks of a run; none about waivers when nothing is waived, none about attestations when nobody
/// vouches for anything. `uses` stands in the order of `waivers`, `flawed` are comments nobody understands, `rules` are the checks of all rules.
pub(super) fn checks(
    waivers: &[Waiver],
    uses: &[WaiverUse],
    flawed: &[Flawed],
    attestations: &[Attestation],
    rules: &[Check],
    changes: Option<&[SettingChange]>,
) -> Vec<Check> {
    let mut all = Vec::new();
    if !attestations.is_empty() {
        all.extend(attestations::checks(attestations, rules));
    }
    if !waivers.is_empty() {
        all.extend(waivers::checks(waivers, uses, rules));
    }
    all.extend(waivers::comments(waivers, flawed));
    all.extend(changes.and_then(settings::check));
    all
}

/// What is wrong with one entry of a file.
struct Entry {
    key: String,
    message: String,
    evidence: Vec<Locus>,
}

impl BuiltIn {
    /// The check, from the entries it finds and what it passes on.
    fn check(&self, entries: Vec<Entry>, basis: String) -> Check {
        let mut findings = Vec::<Finding>::with_capacity(entries.len());
        for entry in entries {
            let ordinal = 1 + findings.iter().filter(|f| f.key == entry.key).count();
            findings.push(Finding {
                rule: self.id.to_owned(),
                message: entry.message,
                evidence: entry.evidence,
                remedy: vec![RemedyStep { text: self.remedy.to_owned(), command: None }],
                fingerprint: fingerprint::of(self.id, &entry.key, ordinal),
                key: entry.key,
                workflow_types: Vec::new(),
                task_queues: Vec::new(),
                namespaces: Vec::new(),
                certainty: Certainty::Fail,
                owner: None,
                waiver: None,
            });
        }
        let failed = !findings.is_empty();
        Check {
            rule: self.id.to_owned(),
            title: self.title.to_owned(),
            area: "plan".to_owned(),
            item: None,
            failure_mode: None,
            severity: self.severity,
            gates: Gate::ALL.to_vec(),
            outcome: if failed { Outcome::Fail } else { Outcome::Pass },
            why: (!failed).then_some(basis),
            why_remedy: None,
            attestation: None,
            accepted: None,
            cloud_only: false,
            complete: true,
            broken: false,
            findings,
            explanation: self.explanation.to_owned(),
            references: Vec::new(),
        }
    }
}

/// `1 waiver`, `2 waivers`.
fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
