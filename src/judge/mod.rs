//! Outcomes → decision: waivers, gates, checklist, verdict.

pub mod fingerprint;
pub mod scorecard;

pub use scorecard::Scorecard;
