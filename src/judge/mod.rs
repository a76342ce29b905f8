//! Outcomes → decision: waivers, gates, checklist, verdict.

pub mod scorecard;

pub use scorecard::Scorecard;
