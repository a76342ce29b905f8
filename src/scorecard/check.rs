//! Rules with their outcomes, findings, and what people accepted.

use serde::{Deserialize, Serialize};

use super::Gate;
use crate::facts::Locus;

/// How bad a failed rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Stops the gate.
    Blocker,
    /// A condition with an owner.
    Major,
    /// Worth knowing.
    Minor,
}

impl Severity {
    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Blocker => "blocker",
            Severity::Major => "major",
            Severity::Minor => "minor",
        }
    }
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Holds.
    Pass,
    /// Does not hold.
    Fail,
    /// Evidence is missing; `why` says which.
    Unknown,
    /// Does not concern this migration; `why` says so.
    NotApplicable,
    /// Fails or is unknown, and people accepted all of it.
    Waived,
    /// The gate that was asked comes before the first gate of the rule.
    NotDue,
}

/// One rule with its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Check {
    /// Rule id.
    pub rule: String,
    /// The statement that is true when the rule passes.
    pub title: String,
    /// Area (`starters`, `schedules` …).
    pub area: String,
    /// Checklist item it answers, if any.
    pub item: Option<u8>,
    /// Failure mode it watches for, if any.
    pub failure_mode: Option<String>,
    /// Severity when it fails.
    pub severity: Severity,
    /// Gates it belongs to.
    pub gates: Vec<Gate>,
    /// What became of it.
    pub outcome: Outcome,
    /// For unknown, not-applicable and not-due: why; for pass: what it rests on; for fail and waived: what of the
    /// evidence is missing, if anything.
    pub why: Option<String>,
    /// What would make it known.
    pub why_remedy: Option<String>,
    /// The attestation that can answer it, and what that is worth at the moment that is judged for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Asked>,
    /// Whether all of the evidence was seen. A rule that saw a part of it can fail, but waiving what was
    /// seen does not settle it.
    #[serde(default = "yes")]
    pub complete: bool,
    /// The waiver of the whole rule by which missing evidence was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<WaiverRef>,
    /// The rule concerns Temporal Cloud only, so that a rehearsal does not ask it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cloud_only: bool,
    /// The rule itself could not be read or evaluated, or not wholly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broken: bool,
    /// One per thing that is wrong (or undecided).
    pub findings: Vec<Finding>,
    /// The rule's explanation, Markdown.
    pub explanation: String,
    /// Where the facts of the rule come from (URLs, checklist).
    pub references: Vec<String>,
}

fn yes() -> bool {
    true
}

/// What a rule asks people, and how far their word goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Asked {
    /// Key in `attestations.yaml`.
    pub id: String,
    /// The state of the entry.
    pub word: AttestationState,
    /// Whether the outcome rests on the entry: no evidence, or not all of it, was there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decides: bool,
    /// The entry is about what the tool could not see or decide only: what it did see does not contradict it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen_only: bool,
}

/// What an entry of `attestations.yaml` is worth to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttestationState {
    /// Somebody vouches that it is so.
    Holds,
    /// Somebody vouches that it is not so.
    Denied,
    /// Its last day is over.
    Expired,
    /// It is dated in the future.
    Early,
    /// It is older than the rule accepts when routing begins.
    Stale,
    /// It lacks what an answer to a blocker needs: a full name, or a link.
    Incomplete,
    /// There is no entry.
    Absent,
    /// The file could not be read, or not all of it.
    Unreadable,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// Rule id.
    pub rule: String,
    /// One sentence with the real names in it.
    pub message: String,
    /// Places a person can open; never empty.
    pub evidence: Vec<Locus>,
    /// What to do, in order.
    pub remedy: Vec<RemedyStep>,
    /// Identity in words, such as `payments-prod/MerchantId`.
    #[serde(default)]
    pub key: String,
    /// Stable identity without line numbers.
    pub fingerprint: String,
    /// Workflow types it is about; empty when it concerns all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workflow_types: Vec<String>,
    /// Task queues it is about; empty when it concerns none in particular.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task_queues: Vec<String>,
    /// Namespaces it is about, by their names on the side they were seen on; empty when it concerns none in particular.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Who owns the file it is found in, as `CODEOWNERS` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `fail` for a proven problem, `unknown` for one that could not be decided.
    pub certainty: Certainty,
    /// Set when a waiver covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverRef>,
}

/// Whether a finding is a fact or a doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Seen.
    Fail,
    /// Could not be decided either way.
    Unknown,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RemedyStep {
    /// In words.
    pub text: String,
    /// A command line for a person to run, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// The waiver of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WaiverRef {
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub owner: String,
    /// Last day.
    pub until: jiff::civil::Date,
    /// Where it is written.
    pub place: Locus,
}

/// A waiver and whether it did anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WaiverUse {
    /// Rule it names.
    pub rule: String,
    /// The waiver.
    pub waiver: WaiverRef,
    /// `used`, `unused`, `expired`, `refused` (the rule cannot be waived), or `undecided` (the rule has no
    /// answer, so nobody can say whether the waiver is needed).
    pub state: String,
}
