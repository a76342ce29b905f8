//! The one document every renderer reads.
//!
//! A scorecard is complete in itself: rendering it needs no rule pack, no clock and no cluster.

pub mod builtin;
pub mod change;
mod check;
pub mod checklist;
pub mod fingerprint;
mod gate;
#[cfg(test)]
pub mod testing;
mod trend;
mod waiver;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use check::{
    Asked, AttestationState, Certainty, Check, Finding, Outcome, RemedyStep, Severity, WaiverRef, WaiverUse,
};
pub use gate::{ChecklistItem, CohortResult, FailureMode, Gate, GateResult, Status, Verdict};
pub use trend::{Change, Trend};
pub use waiver::{Lines, Waiver};

use crate::facts::attestation::Attestation;
use crate::facts::certificate::CertificateFile;
use crate::facts::cluster::{ClusterKind, ClusterSnapshot, LadderStep, RpcCount};
use crate::facts::code::CodeFacts;
use crate::facts::plan::Plan;
use crate::facts::{Known, Side};

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
    /// What passing the gate permits, in words.
    #[serde(default)]
    pub permits: String,
    /// Set when the target stands in for Temporal Cloud: what was not asked for that reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
    /// All gates in order.
    pub gates: Vec<GateResult>,
    /// Set when the document answers for one cohort only: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// The gate for each cohort; empty for a pull request, and for replications.
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

/// What a judgement leaves out because its target only stands in for Temporal Cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rehearsal {
    /// Ids of the rules about Temporal Cloud, which were not asked.
    pub not_asked: Vec<String>,
    /// How many of them are blockers.
    pub blockers: usize,
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
