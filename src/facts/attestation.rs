//! What no machine sees: a person's word, with a date and a link.

use serde::{Deserialize, Serialize};

/// One entry of `attestations.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Attestation {
    /// Key rules ask for, such as `rehearsal` or `persistence-snapshot-plan`.
    pub id: String,
    /// What is vouched for: `true` = yes it is so, `false` = it is known not to be so.
    pub holds: bool,
    /// Who vouches.
    pub by: String,
    /// When.
    pub date: jiff::civil::Date,
    /// Ticket, document, recording.
    #[serde(default)]
    pub link: Option<String>,
    /// Last day on which the word counts.
    pub valid_until: jiff::civil::Date,
    /// Free text for the report.
    #[serde(default)]
    pub note: Option<String>,
    /// File and 1-based line of the entry.
    pub place: (String, u32),
}
