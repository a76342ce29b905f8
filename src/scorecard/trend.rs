//! What changed since a former scorecard.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Gate, Status, Verdict};

/// A scorecard against a former one of the same migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Trend {
    /// The instant the former one was judged for.
    pub since: jiff::Timestamp,
    /// Version of the tool that made it.
    pub tool_version: String,
    /// Its verdict at each gate both have.
    pub gates: BTreeMap<Gate, Verdict>,
    /// Its state of each checklist item both have.
    pub checklist: BTreeMap<u8, Status>,
    /// Findings that stand now and did not then.
    pub appeared: Vec<Change>,
    /// Findings that stood then and are known to be gone.
    pub fixed: Vec<Change>,
    /// Findings that stood then and are waived now.
    pub accepted: Vec<Change>,
    /// Findings that stood then and are not seen now, although nothing proves that they are gone.
    pub lost: Vec<Change>,
    /// Findings that stand now as they did then.
    pub remaining: usize,
}

/// One finding that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Change {
    /// Rule id.
    pub rule: String,
    /// The finding in words, as of the scorecard that has it.
    pub message: String,
    /// Its identity.
    pub fingerprint: String,
    /// What has to be known to read it rightly, such as that the rule had no answer on the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
