//! The verdict as a sentence.

use crate::scorecard::{Baseline, Certainty, Check, Finding, Gate, GateResult, Outcome, Rehearsal, Severity, Verdict};

/// What the verdict means and why, for a reader who reads nothing else.
pub(super) fn sentence(
    gate: &GateResult,
    checks: &[Check],
    baseline: Option<&Baseline>,
    permits: &str,
    rehearsal: Option<&Rehearsal>,
) -> String {
    match baseline.filter(|_| gate.gate == Gate::Pr) {
        Some(baseline) => of_change(gate, checks, baseline),
        None => of_all(gate, checks, permits) + &rehearsal.map(of_rehearsal).unwrap_or_default(),
    }
}

/// What a reader of a rehearsal must not take it for.
fn of_rehearsal(rehearsal: &Rehearsal) -> String {
    format!(
        " This is a rehearsal, and no answer for Temporal Cloud: {} about it ({}) were not asked.",
        plural(rehearsal.not_asked.len(), "rule"),
        plural(rehearsal.blockers, "blocker")
    )
}

/// The same for a change: what it adds, and what it mends.
fn of_change(gate: &GateResult, checks: &[Check], baseline: &Baseline) -> String {
    let head = format!("{} for {}", gate.verdict.label(), gate.gate);
    let new = |ids: &[String], counts: fn(&Finding) -> bool| {
        let mine = checks.iter().filter(|c| ids.contains(&c.rule)).flat_map(|c| &c.findings);
        mine.filter(|f| counts(f) && !baseline.known.contains(&f.fingerprint)).count()
    };
    let failed = |f: &Finding| f.certainty == Certainty::Fail && f.waiver.is_none();
    let doubtful = |f: &Finding| f.certainty == Certainty::Unknown && f.waiver.is_none();
    let mut text = match gate.verdict {
        Verdict::NoGo => {
            let n = new(&gate.blocked_by, failed);
            format!("{head}: the change adds {} of {}", plural(n, "finding"), list(&gate.blocked_by))
        }
        Verdict::Undecided => {
            let n = new(&gate.undecided, doubtful);
            let what = match n {
                0 => "what could not be read".to_owned(),
                n => plural(n, "place"),
            };
            format!("{head}: the change adds {what} that {} cannot decide", list(&gate.undecided))
        }
        Verdict::GoWithConditions => {
            format!("{head}: {}, but it adds to {}", gate.gate.permits(), list(&gate.conditions))
        }
        Verdict::Go => format!("{head}: {}; it adds no finding", gate.gate.permits()),
    };
    match baseline.fixed.len() {
        0 => {}
        n => text.push_str(&format!(", and mends {n}")),
    }
    text + "."
}

fn of_all(gate: &GateResult, checks: &[Check], permits: &str) -> String {
    let head = format!("{} for {}", gate.verdict.label(), gate.gate);
    let own = || checks.iter().filter(|c| c.gates.contains(&gate.gate));
    let ids = |severity: Severity, outcome: Outcome| {
        own().filter(|c| c.severity == severity && c.outcome == outcome).map(|c| c.rule.as_str()).collect::<Vec<_>>()
    };
    match gate.verdict {
        Verdict::NoGo => {
            let findings = own()
                .filter(|c| gate.blocked_by.contains(&c.rule))
                .flat_map(|c| &c.findings)
                .filter(|f| f.certainty == Certainty::Fail && f.waiver.is_none())
                .count();
            let count = plural(gate.blocked_by.len(), "blocker");
            let mut text =
                format!("{head}: {count} failed with {} ({})", plural(findings, "finding"), list(&gate.blocked_by));
            if !gate.undecided.is_empty() {
                text.push_str(&format!(
                    "; {} more could not be decided ({})",
                    gate.undecided.len(),
                    list(&gate.undecided)
                ));
            }
            if !gate.conditions.is_empty() {
                text.push_str(&format!("; {} beside them", plural(gate.conditions.len(), "condition")));
            }
            text + "."
        }
        Verdict::Undecided if gate.undecided.is_empty() => format!("{head}: no rule of this run belongs to this gate."),
        Verdict::Undecided => {
            let what = match gate.undecided.as_slice() {
                [one] => one.clone(),
                many => format!("{} could not be decided ({})", many.len(), list(many)),
            };
            let verb = if gate.undecided.len() == 1 { " could not be decided" } else { "" };
            format!("{head}: no blocker failed, but {what}{verb}{}.", reason(gate, checks))
        }
        Verdict::GoWithConditions => {
            let failed = ids(Severity::Major, Outcome::Fail).len();
            let unanswered = ids(Severity::Major, Outcome::Unknown).len();
            let waived = gate.conditions.len() - failed - unanswered;
            let parts: Vec<String> = [(failed, "failed"), (waived, "waived"), (unanswered, "unanswered")]
                .into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, word)| format!("{n} {word}"))
                .collect();
            format!(
                "{head}: {}, on {}, each with an owner and a date: {} ({}).",
                permits,
                plural(gate.conditions.len(), "condition"),
                parts.join(", "),
                list(&gate.conditions)
            )
        }
        Verdict::Go => {
            let absent = own().filter(|c| c.outcome == Outcome::NotApplicable).count();
            let open = gate.total - gate.passed - absent;
            let mut text = format!("{head}: {permits} ({} of {} passed", gate.passed, plural(gate.total, "rule"));
            if gate.attested > 0 {
                text.push_str(&format!(", {} of them on somebody's word", gate.attested));
            }
            if absent > 0 {
                text.push_str(&format!(", {absent} not applicable"));
            }
            if open > 0 {
                text.push_str(&format!(", {open} minor open"));
            }
            text + ")."
        }
    }
}

/// The reason most of the undecided share.
fn reason(gate: &GateResult, checks: &[Check]) -> String {
    let reasons: Vec<&str> =
        checks.iter().filter(|c| gate.undecided.contains(&c.rule)).filter_map(|c| c.why.as_deref()).collect();
    let count = |reason: &str| reasons.iter().filter(|r| **r == reason).count();
    // The first of the most frequent, so that the sentence is the same in every run.
    let best = reasons.iter().copied().rev().max_by_key(|r| count(r));
    match best {
        Some(reason) if count(reason) == gate.undecided.len() => format!(", because {reason}"),
        Some(reason) => format!(", {} because {reason}", count(reason)),
        None => String::new(),
    }
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// Up to four names in full; of more, three and a number.
fn list(ids: &[String]) -> String {
    match ids {
        [a, b, c, _, _, ..] => format!("{a}, {b}, {c} and {} more", ids.len() - 3),
        ids => ids.join(", "),
    }
}
