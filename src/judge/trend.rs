//! What changed since a former scorecard: findings gone and come, answers that are others now.
//!
//! A finding that is no longer seen counts as fixed only where its rule has a whole answer today.

use std::collections::{BTreeMap, BTreeSet};

use crate::scorecard::{Certainty, Change, Check, Finding, Outcome, Scorecard, Trend};

fn change(finding: &Finding, note: Option<String>) -> Change {
    Change {
        rule: finding.rule.clone(),
        message: finding.message.clone(),
        fingerprint: finding.fingerprint.clone(),
        note,
    }
}

/// Compare `now` with `then`. Doubts are no findings here: they come and go with what could be seen.
pub fn since(then: &Scorecard, now: &Scorecard) -> Trend {
    let (before, today) = (rules(then), rules(now));
    let stood: BTreeSet<&str> = proven(then).filter(|f| f.waiver.is_none()).map(|f| f.fingerprint.as_str()).collect();
    let mut trend = Trend {
        since: then.at,
        tool_version: then.tool_version.clone(),
        gates: then
            .gates
            .iter()
            .filter(|g| now.gates.iter().any(|n| n.gate == g.gate))
            .map(|g| (g.gate, g.verdict))
            .collect(),
        checklist: then
            .checklist
            .iter()
            .filter(|i| now.checklist.iter().any(|n| n.number == i.number))
            .map(|i| (i.number, i.status))
            .collect(),
        appeared: Vec::new(),
        fixed: Vec::new(),
        accepted: Vec::new(),
        lost: Vec::new(),
        remaining: 0,
    };
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for finding in proven(now) {
        seen.insert(&finding.fingerprint);
        match (stood.contains(finding.fingerprint.as_str()), finding.waiver.is_some()) {
            (true, true) => trend.accepted.push(change(finding, None)),
            (true, false) => trend.remaining += 1,
            (false, true) => {}
            (false, false) => {
                let note =
                    unanswered(before.get(finding.rule.as_str()).copied(), "then", "there was no such rule then");
                trend.appeared.push(change(finding, note));
            }
        }
    }
    for finding in proven(then).filter(|f| f.waiver.is_none() && !seen.contains(f.fingerprint.as_str())) {
        match unanswered(today.get(finding.rule.as_str()).copied(), "now", "there is no such rule now") {
            None => trend.fixed.push(change(finding, None)),
            note => trend.lost.push(change(finding, note)),
        }
    }
    trend
}

fn rules(card: &Scorecard) -> BTreeMap<&str, &Check> {
    card.checks.iter().map(|c| (c.rule.as_str(), c)).collect()
}

fn proven(card: &Scorecard) -> impl Iterator<Item = &Finding> {
    card.checks.iter().flat_map(|c| &c.findings).filter(|f| f.certainty == Certainty::Fail)
}

/// Why the absence of a finding on one side says nothing; `None` where it does.
fn unanswered(check: Option<&Check>, when: &str, absent: &str) -> Option<String> {
    let Some(check) = check else { return Some(absent.to_owned()) };
    let why = |word: &str| match &check.why {
        Some(why) => format!("{word} {when}: {}", why.trim_end_matches('.')),
        None => format!("{word} {when}"),
    };
    match check.outcome {
        Outcome::Unknown => Some(why("not known")),
        Outcome::NotApplicable => Some(why("not applicable")),
        Outcome::NotDue => Some(format!("not due {when}")),
        _ if !check.complete => Some(why("seen in part only")),
        Outcome::Pass | Outcome::Fail | Outcome::Waived => None,
    }
}
