//! The checks of the judge itself, by name: they are in the same name space as rules, and explained like them.

use super::Severity;

/// A check without a rule file.
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
    /// What to do about each of its findings.
    pub remedy: &'static str,
}

/// All of them. They belong to every gate and to the area `plan`.
///
/// An attestation that does not count any more is a minor: the rule it should answer has no answer then, and that
/// decides. One that is contradicted by facts decides nothing elsewhere, so it is a condition itself.
pub const ALL: [BuiltIn; 11] = [
    BuiltIn {
        id: "attestation-alike",
        title: "Attestations were given one by one",
        severity: Severity::Minor,
        explanation: include_str!("builtin/attestation-alike.md"),
        remedy: "Give each entry the day, the person and the link of its own evidence",
    },
    BuiltIn {
        id: "attestation-contradicted",
        title: "No attestation says the opposite of what the facts show",
        severity: Severity::Major,
        explanation: include_str!("builtin/attestation-contradicted.md"),
        remedy: "Ask whoever wrote it what they know that the facts do not show; then correct the entry or the evidence",
    },
    BuiltIn {
        id: "attestation-early",
        title: "No attestation is dated in the future",
        severity: Severity::Minor,
        explanation: include_str!("builtin/attestation-early.md"),
        remedy: "Correct the date; when it is about something planned, add the entry when it was done",
    },
    BuiltIn {
        id: "attestation-expired",
        title: "Every attestation still counts",
        severity: Severity::Minor,
        explanation: include_str!("builtin/attestation-expired.md"),
        remedy: "Ask again, and renew `date` and `valid_until`; or remove the entry when nobody vouches for it any more",
    },
    BuiltIn {
        id: "attestation-incomplete",
        title: "Every attestation that answers a blocker has a full name and a link",
        severity: Severity::Minor,
        explanation: include_str!("builtin/attestation-incomplete.md"),
        remedy: "Write the full name of the person under `by`, and the evidence (ticket, document, recording) under `link`",
    },
    BuiltIn {
        id: "attestation-unused",
        title: "Every attestation answers a question of a rule",
        severity: Severity::Minor,
        explanation: include_str!("builtin/attestation-unused.md"),
        remedy: "Correct the id, or remove the entry",
    },
    BuiltIn {
        id: "configuration-changed",
        title: "The change leaves alone what it is judged by",
        severity: Severity::Major,
        explanation: include_str!("builtin/configuration-changed.md"),
        remedy: "Let the owner of the migration look at the edit, and land it on its own: it counts from then on",
    },
    BuiltIn {
        id: "ignore-invalid",
        title: "Every ignore comment names a rule, a last day and a reason",
        severity: Severity::Major,
        explanation: include_str!("builtin/ignore-invalid.md"),
        remedy: "Write it as `preflight: ignore[rule-id] until=2026-12-31 -- reason`, or remove it and mend the finding",
    },
    BuiltIn {
        id: "waiver-expired",
        title: "No waiver has run out",
        severity: Severity::Major,
        explanation: include_str!("builtin/waiver-expired.md"),
        remedy: "Mend the finding and remove the entry, or agree on a new date with its owner",
    },
    BuiltIn {
        id: "waiver-refused",
        title: "Every waiver names a rule that can be waived",
        severity: Severity::Major,
        explanation: include_str!("builtin/waiver-refused.md"),
        remedy: "Mend the finding and remove the entry; this rule cannot be waived",
    },
    BuiltIn {
        id: "waiver-unused",
        title: "Every waiver covers a finding",
        severity: Severity::Minor,
        explanation: include_str!("builtin/waiver-unused.md"),
        remedy: "Remove the entry, or correct the rule, fingerprint or pattern it names",
    },
];

/// A built-in check by its id.
pub fn get(id: &str) -> Option<&'static BuiltIn> {
    ALL.iter().find(|b| b.id == id)
}
