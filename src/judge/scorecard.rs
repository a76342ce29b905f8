//! The one document every renderer reads.
//!
//! A scorecard is complete in itself: rendering it needs no rule pack, no clock and no cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::trend::Trend;
use crate::facts::attestation::Attestation;
use crate::facts::certificate::CertificateFile;
use crate::facts::cluster::{ClusterKind, ClusterSnapshot, LadderStep, RpcCount};
use crate::facts::code::CodeFacts;
use crate::facts::plan::Plan;
use crate::facts::{Known, Locus, Side};

/// Version of the scorecard document.
pub const SCORECARD_SCHEMA: &str = "temporal-preflight/scorecard/v1";

/// The result of one judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Scorecard {
    /// [`SCORECARD_SCHEMA`].
    pub schema: String,
    /// Version of the tool.
    pub tool_version: String,
    /// The instant it was judged for.
    pub at: jiff::Timestamp,
    /// The plan it was judged against.
    pub plan: Plan,
    /// The gate the exit code answers.
    pub gate: Gate,
    /// The verdict at that gate.
    pub verdict: Verdict,
    /// One sentence: what the verdict means and why.
    pub summary: String,
    /// All gates in order.
    pub gates: Vec<GateResult>,
    /// The route gate for each cohort; empty in documents of versions that did not answer it, and for replications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cohorts: Vec<CohortResult>,
    /// The ten items every review asks for, in order.
    pub checklist: Vec<ChecklistItem>,
    /// The four failures that catch teams, in order.
    pub failure_modes: Vec<FailureMode>,
    /// Every rule with its outcome, blockers first, then by area and id.
    pub checks: Vec<Check>,
    /// What the facts contain, for the inventory part of a report.
    pub inventory: Inventory,
    /// How both clusters were reached.
    pub sides: Vec<SideSummary>,
    /// People's words that were available.
    pub attestations: Vec<Attestation>,
    /// Waivers with what became of them.
    pub waivers: Vec<WaiverUse>,
    /// What a change was compared with; none when the whole was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// What changed since a former scorecard, when one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

impl Scorecard {
    /// Whether a finding was there before the change.
    pub fn is_known(&self, finding: &Finding) -> bool {
        self.baseline.as_ref().is_some_and(|b| b.known.contains(&finding.fingerprint))
    }

    /// The document of a run that asked the rules of its gate only: without the gates it says nothing of, and with
    /// the items of the checklist it looked at.
    pub fn of_one_gate(mut self) -> Self {
        let gate = self.gate;
        self.gates.retain(|g| g.gate == gate);
        self.checklist.retain(|item| !item.rules.is_empty());
        self.failure_modes.retain(|mode| !mode.rules.is_empty());
        self
    }

    /// Whether the run asked one gate only, as `check` does: the document then says nothing of the others.
    pub fn is_one_gate(&self) -> bool {
        self.gates.len() == 1
    }
}

/// What was there before a change: it does not fail the gate `pr`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Baseline {
    /// What the change was compared with, in words: `main at 1a2b3c4`, `report.json`.
    pub source: String,
    /// The commit, when it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Fingerprints of the findings that were there before.
    #[serde(default)]
    pub known: BTreeSet<String>,
    /// Rules that lack no evidence they did not lack before.
    #[serde(default)]
    pub known_gaps: BTreeSet<String>,
    /// Findings that are gone.
    #[serde(default)]
    pub fixed: Vec<Finding>,
    /// What a reviewer should know of the comparison.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A phase of the migration at which the question "may we go on?" is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// A pull request: code only.
    Pr,
    /// The plan is complete.
    Plan,
    /// The target is provisioned.
    Provision,
    /// Workers run on both clusters.
    DualRun,
    /// New executions start on the target.
    Route,
    /// The source is empty.
    Drain,
    /// The source may be switched off.
    Decommission,
}

impl Gate {
    /// All gates, in order of time.
    pub const ALL: [Gate; 7] =
        [Gate::Pr, Gate::Plan, Gate::Provision, Gate::DualRun, Gate::Route, Gate::Drain, Gate::Decommission];

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Gate::Pr => "pr",
            Gate::Plan => "plan",
            Gate::Provision => "provision",
            Gate::DualRun => "dual-run",
            Gate::Route => "route",
            Gate::Drain => "drain",
            Gate::Decommission => "decommission",
        }
    }

    /// What passing the gate permits, in words.
    pub fn permits(self) -> &'static str {
        match self {
            Gate::Pr => "this change may be merged",
            Gate::Plan => "the plan is complete; provisioning may begin",
            Gate::Provision => "the target is ready; workers may be started there",
            Gate::DualRun => "workers may run on both clusters",
            Gate::Route => "new executions may start on the target",
            Gate::Drain => "the source may be declared drained",
            Gate::Decommission => "the source may be switched off",
        }
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The answer at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands in the way.
    Go,
    /// No blocker; majors failed or were waived.
    GoWithConditions,
    /// A blocker could not be evaluated.
    Undecided,
    /// A blocker failed.
    NoGo,
}

impl Verdict {
    /// As printed.
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Go => "GO",
            Verdict::GoWithConditions => "GO WITH CONDITIONS",
            Verdict::Undecided => "UNDECIDED",
            Verdict::NoGo => "NO-GO",
        }
    }

    /// Exit code of DESIGN §5.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Go | Verdict::GoWithConditions => 0,
            Verdict::NoGo => 1,
            Verdict::Undecided => 3,
        }
    }
}

/// Verdict of one gate and what decided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GateResult {
    /// Which gate.
    pub gate: Gate,
    /// Its verdict.
    pub verdict: Verdict,
    /// Ids of failed blockers.
    pub blocked_by: Vec<String>,
    /// Ids of blockers without an answer.
    pub undecided: Vec<String>,
    /// Ids of failed or waived majors, waived blockers, and unanswered majors.
    pub conditions: Vec<String>,
    /// How many rules of this gate passed.
    pub passed: usize,
    /// How many rules belong to this gate.
    pub total: usize,
}

/// The route gate, answered for the workflow types of one cohort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CohortResult {
    /// Its name.
    pub name: String,
    /// `low`, `medium`, `high`.
    pub risk: Option<String>,
    /// Workflow types that move together.
    pub workflow_types: Vec<String>,
    /// How long it is watched before the next one follows, as written (`3d`).
    pub validation: Option<String>,
    /// How its starts are turned back.
    pub rollback: Option<String>,
    /// Since when its starts are routed to the target.
    pub routed: Option<jiff::Timestamp>,
    /// Set when the plan has no cohorts and this one is proposed: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<String>,
    /// Verdict from the findings that concern its types, and those that concern all.
    pub route: GateResult,
}

/// Answer to a checklist item or failure mode, from the worst outcome of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Every rule of it passed.
    Ok,
    /// A major or minor failed, or something was waived.
    Attention,
    /// A rule has no answer.
    Unknown,
    /// A blocker failed.
    Failed,
    /// No rule applies.
    NotApplicable,
}

/// One of the ten items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChecklistItem {
    /// 1 … 10.
    pub number: u8,
    /// The item in words.
    pub title: String,
    /// Its state.
    pub status: Status,
    /// What the state rests on, in one line.
    pub evidence: String,
    /// Ids of the rules that answer it.
    pub rules: Vec<String>,
}

/// One of the four failure modes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FailureMode {
    /// `forgotten-starter`, `certificate-expiry`, `search-attribute-type-mismatch`, `orphaned-signal`.
    pub id: String,
    /// In words.
    pub title: String,
    /// Its state.
    pub status: Status,
    /// What the state rests on, in one line.
    pub evidence: String,
    /// Ids of the rules that watch for it.
    pub rules: Vec<String>,
}

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
    /// Fails, and every finding is waived.
    Waived,
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
    /// For unknown and not-applicable: why; for pass: what it rests on; for fail and waived: what of the
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
    pub word: WordState,
}

/// What an entry of `attestations.yaml` is worth to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WordState {
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

/// The facts a reader wants to see as tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Inventory {
    /// The scan.
    pub code: Known<CodeFacts>,
    /// The source cluster.
    pub source: Known<ClusterSnapshot>,
    /// The target cluster.
    pub target: Known<ClusterSnapshot>,
    /// Certificate files named by the configuration, beside those the connections use.
    #[serde(default = "no_certificates")]
    pub certificates: Known<Vec<CertificateFile>>,
}

/// Scorecards written before the inventory held certificates.
fn no_certificates() -> Known<Vec<CertificateFile>> {
    Known::unknown("the scorecard does not hold the certificates of the configuration")
}

/// How a cluster was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SideSummary {
    /// Which one.
    pub side: Side,
    /// Dialled address; `None` when no snapshot exists.
    pub address: Option<String>,
    /// Self-hosted or Cloud.
    pub kind: Option<ClusterKind>,
    /// Server version, when known.
    pub server_version: Option<String>,
    /// When the snapshot was taken.
    pub taken_at: Option<jiff::Timestamp>,
    /// The ladder.
    pub connection: Vec<LadderStep>,
    /// Which RPCs were called, and how often.
    pub rpcs: BTreeMap<String, RpcCount>,
    /// Why there is no snapshot.
    pub missing: Option<String>,
}
