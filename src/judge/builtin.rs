//! Checks of the judge itself: a waiver that does nothing any more is a finding.

use super::fingerprint;
use super::scorecard::{Certainty, Check, Finding, Gate, Outcome, RemedyStep, Severity, WaiverUse};
use super::waivers::Waiver;

/// A check that needs no rule file, because it is about waivers and not about facts.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// Id, in the same name space as rules.
    pub id: &'static str,
    /// The statement that is true when it passes.
    pub title: &'static str,
    /// Severity when it fails.
    pub severity: Severity,
    /// Markdown with the headings of a rule.
    pub explanation: &'static str,
    /// The state of a waiver it looks for.
    state: &'static str,
    remedy: &'static str,
}

/// All of them. They belong to every gate and to the area `plan`.
pub const ALL: [BuiltIn; 3] = [
    BuiltIn {
        id: "waiver-expired",
        title: "No waiver has run out",
        severity: Severity::Major,
        explanation: include_str!("builtin/waiver-expired.md"),
        state: "expired",
        remedy: "Mend the finding and remove the entry, or agree on a new date with its owner",
    },
    BuiltIn {
        id: "waiver-refused",
        title: "Every waiver names a rule that can be waived",
        severity: Severity::Major,
        explanation: include_str!("builtin/waiver-refused.md"),
        state: "refused",
        remedy: "Mend the finding and remove the entry; this rule cannot be waived",
    },
    BuiltIn {
        id: "waiver-unused",
        title: "Every waiver covers a finding",
        severity: Severity::Minor,
        explanation: include_str!("builtin/waiver-unused.md"),
        state: "unused",
        remedy: "Remove the entry, or correct the rule, fingerprint or pattern it names",
    },
];

/// A built-in check by its id.
pub fn get(id: &str) -> Option<&'static BuiltIn> {
    ALL.iter().find(|b| b.id == id)
}

/// The built-in checks of a run; none when nothing is waived. `uses` stands in the order of `waivers`.
pub(super) fn checks(waivers: &[Waiver], uses: &[WaiverUse]) -> Vec<Check> {
    if waivers.is_empty() {
        return Vec::new();
    }
    ALL.iter().map(|builtin| builtin.check(waivers, uses)).collect()
}

impl BuiltIn {
    fn check(&self, waivers: &[Waiver], uses: &[WaiverUse]) -> Check {
        let mut findings = Vec::<Finding>::new();
        for (waiver, _) in waivers.iter().zip(uses).filter(|(_, used)| used.state == self.state) {
            let key = [Some(waiver.rule.as_str()), waiver.fingerprint.as_deref(), waiver.pattern.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("/");
            let ordinal = 1 + findings.iter().filter(|f| f.key == key).count();
            findings.push(Finding {
                rule: self.id.to_owned(),
                message: self.message(waiver),
                evidence: vec![waiver.place.clone()],
                remedy: vec![RemedyStep { text: self.remedy.to_owned(), command: None }],
                fingerprint: fingerprint::of(self.id, &key, ordinal),
                key,
                workflow_types: Vec::new(),
                certainty: Certainty::Fail,
                waiver: None,
            });
        }
        let failed = !findings.is_empty();
        let basis = match waivers.len() {
            1 => "1 waiver".to_owned(),
            n => format!("{n} waivers"),
        };
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
            complete: true,
            findings,
            explanation: self.explanation.to_owned(),
            references: Vec::new(),
        }
    }

    fn message(&self, waiver: &Waiver) -> String {
        let Waiver { rule, owner, until, reason, .. } = waiver;
        match self.state {
            "expired" => format!("the waiver of `{rule}` by {owner} ended on {until} ({reason})"),
            "refused" => format!("`{rule}` cannot be waived, but {owner} did ({reason})"),
            _ => {
                let what = [("fingerprint", &waiver.fingerprint), ("pattern", &waiver.pattern)]
                    .into_iter()
                    .filter_map(|(word, value)| Some(format!(" with the {word} `{}`", value.as_ref()?)))
                    .collect::<String>();
                format!("the waiver of `{rule}` by {owner} covers nothing: there is no finding of this rule{what}")
            }
        }
    }
}
