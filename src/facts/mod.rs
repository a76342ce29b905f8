//! The vocabulary every other room speaks: plain serde types without I/O.
//!
//! Scan, probe and configuration produce these values; compare, rules and judge read them. The central
//! idea is [`Known`]: a fact that could not be learned carries the reason, and nothing downstream can
//! mistake it for an empty answer.

pub mod attestation;
pub mod certificate;
pub mod cluster;
pub mod code;
pub mod known;
pub mod locus;
pub mod plan;
pub mod version;

pub use known::{Known, Why};
pub use locus::{Locus, Side};

use serde::{Deserialize, Serialize};

/// Everything one judgement is made from.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Facts {
    /// The instant the judgement is made for (`--at`); the only clock rules ever see.
    pub at: jiff::Timestamp,
    /// What `preflight.yaml` says about the migration.
    pub plan: plan::Plan,
    /// The scanned source trees, merged; unknown when no scan was part of the run.
    pub code: Known<code::CodeFacts>,
    /// The self-hosted cluster the team leaves.
    pub source: Known<cluster::ClusterSnapshot>,
    /// The cluster the team moves to.
    pub target: Known<cluster::ClusterSnapshot>,
    /// Certificate and key files named by the configuration, beside those the connections use.
    pub certificates: Known<Vec<certificate::CertificateFile>>,
    /// What people vouch for; unknown when the file could not be read.
    pub attestations: Known<Vec<attestation::Attestation>>,
}
