//! What an evaluation knows beside the facts.

use crate::facts::Known;
use crate::facts::attestation::Attestation;
use crate::facts::plan::Strategy;

/// What an evaluation knows beside the facts.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The instant to evaluate for; attestations are valid or not at this moment (UTC days).
    pub at: jiff::Timestamp,
    /// How the move is made.
    pub strategy: Strategy,
    /// What people vouch for.
    pub attestations: &'a Known<Vec<Attestation>>,
    /// The file in which an attestation would be added, for remedies.
    pub attestations_path: &'a str,
}
