//! What a change adds to a check.

use super::{Baseline, Certainty, Check, Finding, Outcome};

/// What a check answers at the gate `pr`, where only what a change adds counts; none when it adds nothing.
pub fn of_change(check: &Check, baseline: &Baseline) -> Option<Outcome> {
    let new = |f: &&Finding| !baseline.known.contains(&f.fingerprint);
    let open = |certainty: Certainty| {
        check.findings.iter().filter(new).any(|f| f.waiver.is_none() && f.certainty == certainty)
    };
    // An outcome that rests on no finding is about the evidence as a whole.
    let gap = !check.complete || (check.findings.is_empty() && check.outcome == Outcome::Unknown);
    match check.outcome {
        // A word that stood before the change says nothing of what the change brings.
        Outcome::Pass if open(Certainty::Unknown) => Some(Outcome::Unknown),
        Outcome::Pass if !check.complete && !baseline.known_gaps.contains(&check.rule) => Some(Outcome::Unknown),
        Outcome::Pass | Outcome::NotApplicable | Outcome::NotDue => Some(check.outcome),
        Outcome::Fail if check.findings.is_empty() || open(Certainty::Fail) => Some(Outcome::Fail),
        _ if open(Certainty::Unknown) => Some(Outcome::Unknown),
        _ if gap && !baseline.known_gaps.contains(&check.rule) => Some(Outcome::Unknown),
        _ if check.findings.iter().filter(new).any(|f| f.waiver.is_some()) => Some(Outcome::Waived),
        _ => None,
    }
}
