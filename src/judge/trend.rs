//! What changed since a former scorecard: findings gone and come, answers that are others now.
//!
//! A finding that is no longer seen counts as fixed only where its rule has a whole answer today.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::scorecard::{Certainty, Check, Finding, Gate, Outcome, Scorecard, Status, Verdict};

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

impl Change {
    fn new(finding: &Finding, note: Option<String>) -> Self {
        Self {
            rule: finding.rule.clone(),
            message: finding.message.clone(),
            fingerprint: finding.fingerprint.clone(),
            note,
        }
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
            (true, true) => trend.accepted.push(Change::new(finding, None)),
            (true, false) => trend.remaining += 1,
            (false, true) => {}
            (false, false) => {
                let note =
                    unanswered(before.get(finding.rule.as_str()).copied(), "then", "there was no such rule then");
                trend.appeared.push(Change::new(finding, note));
            }
        }
    }
    for finding in proven(then).filter(|f| f.waiver.is_none() && !seen.contains(f.fingerprint.as_str())) {
        match unanswered(today.get(finding.rule.as_str()).copied(), "now", "there is no such rule now") {
            None => trend.fixed.push(Change::new(finding, None)),
            note => trend.lost.push(Change::new(finding, note)),
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
        _ if !check.complete => Some(why("seen in part only")),
        Outcome::Pass | Outcome::Fail | Outcome::Waived => None,
    }
}
