//! How far the ten items and the four failure modes are answered.

use crate::scorecard::checklist::{FAILURE_MODES, ITEMS};
use crate::scorecard::{Certainty, Check, ChecklistItem, FailureMode, Gate, Outcome, Severity, Status};

/// The ten items, in order.
pub fn items(checks: &[Check]) -> Vec<ChecklistItem> {
    (1..=10u8)
        .zip(ITEMS)
        .map(|(number, title)| {
            let Answer { status, evidence, rules } = answer(checks, |c| c.item == Some(number));
            ChecklistItem { number, title: title.to_owned(), status, evidence, rules }
        })
        .collect()
}

/// The four failure modes, in order.
pub fn failure_modes(checks: &[Check]) -> Vec<FailureMode> {
    FAILURE_MODES
        .iter()
        .map(|(id, title)| {
            let Answer { status, evidence, rules } = answer(checks, |c| c.failure_mode.as_deref() == Some(*id));
            FailureMode { id: (*id).to_owned(), title: (*title).to_owned(), status, evidence, rules }
        })
        .collect()
}

struct Answer {
    status: Status,
    evidence: String,
    rules: Vec<String>,
}

fn answer(checks: &[Check], belongs: impl Fn(&Check) -> bool) -> Answer {
    let mut own: Vec<&Check> = checks.iter().filter(|c| belongs(c)).collect();
    own.sort_by(|a, b| (badness(b), a.severity, &a.rule).cmp(&(badness(a), b.severity, &b.rule)));
    let rules = own.iter().map(|c| c.rule.clone()).collect();
    let Some(worst) = own.first() else {
        return Answer { status: Status::Unknown, evidence: "no rule of this run looks at it".into(), rules };
    };
    let status = status(worst);
    let same = own.iter().filter(|c| self::status(c) == status);
    let evidence = match status {
        Status::Ok => {
            let bases = distinct(same.clone().filter_map(|c| c.why.clone()));
            match (bases.is_empty(), same.count()) {
                (false, _) => bases.join("; "),
                (true, 1) => worst.title.clone(),
                (true, n) => format!("{n} rules passed"),
            }
        }
        Status::NotDue => match own.iter().flat_map(|c| &c.gates).filter(|g| **g != Gate::Pr).min() {
            Some(first) => format!("not due before the gate {first}"),
            None => "not due".into(),
        },
        Status::NotApplicable => match distinct(same.filter_map(|c| c.why.clone())) {
            reasons if reasons.is_empty() => "no rule applies".into(),
            reasons => reasons.join("; "),
        },
        _ => {
            let all: usize = same.clone().map(|c| points(c)).sum();
            match distinct(same.map(|c| headline(c))).len() {
                // Several rules often lack the same evidence.
                1 if !worst.findings.iter().any(|f| counts(worst, f)) => headline(worst),
                _ if all > 1 => format!("{} (and {} more)", headline(worst), all - 1),
                _ => headline(worst),
            }
        }
    };
    Answer { status, evidence, rules }
}

/// Each text once, in order of appearance.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all = Vec::new();
    for text in texts {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

fn status(check: &Check) -> Status {
    match (check.outcome, check.severity) {
        (Outcome::Pass, _) => Status::Ok,
        (Outcome::Fail, Severity::Blocker) => Status::Failed,
        (Outcome::Fail | Outcome::Waived, _) => Status::Attention,
        (Outcome::Unknown, _) => Status::Unknown,
        (Outcome::NotApplicable, _) => Status::NotApplicable,
        (Outcome::NotDue, _) => Status::NotDue,
    }
}

fn badness(check: &Check) -> u8 {
    match status(check) {
        Status::Failed => 5,
        Status::Unknown => 4,
        Status::Attention => 3,
        Status::Ok => 2,
        Status::NotDue => 1,
        Status::NotApplicable => 0,
    }
}

/// How many things a check has to say: its open findings, or one.
fn points(check: &Check) -> usize {
    check.findings.iter().filter(|f| counts(check, f)).count().max(1)
}

/// A failed check speaks of what is proven, an unknown one of what is doubtful.
fn counts(check: &Check, finding: &crate::scorecard::Finding) -> bool {
    match check.outcome {
        Outcome::Fail => finding.certainty == Certainty::Fail && finding.waiver.is_none(),
        Outcome::Unknown => finding.certainty == Certainty::Unknown && finding.waiver.is_none(),
        _ => true,
    }
}

/// The first thing a check has to say.
fn headline(check: &Check) -> String {
    let first = check.findings.iter().find(|f| counts(check, f));
    match (check.outcome, first) {
        (Outcome::Waived, Some(finding)) => match &finding.waiver {
            Some(w) => format!("{}, accepted by {} until {}: {}", finding.message, w.owner, w.until, w.reason),
            None => finding.message.clone(),
        },
        (_, Some(finding)) => finding.message.clone(),
        (Outcome::Unknown, None) => {
            format!("unknown, because {}", check.why.as_deref().unwrap_or("evidence is missing"))
        }
        (_, None) => check.why.clone().unwrap_or_else(|| check.title.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::testing::{check, finding};

    fn item3(checks: &[Check]) -> (Status, String) {
        let item = items(checks).swap_remove(2);
        assert_eq!(item.number, 3);
        (item.status, item.evidence)
    }

    #[test]
    fn the_worst_outcome_decides() {
        use Outcome::*;
        use Severity::*;
        for (states, expected) in [
            (vec![(Blocker, Fail), (Blocker, Unknown), (Major, Fail), (Minor, Pass)], Status::Failed),
            (vec![(Major, Fail), (Minor, Unknown), (Minor, Pass)], Status::Unknown),
            (vec![(Major, Fail), (Blocker, Pass)], Status::Attention),
            (vec![(Blocker, Waived), (Blocker, Pass)], Status::Attention),
            (vec![(Blocker, Pass), (Blocker, NotApplicable)], Status::Ok),
            (vec![(Blocker, NotApplicable)], Status::NotApplicable),
            (vec![], Status::Unknown),
        ] {
            let checks: Vec<Check> =
                states.iter().enumerate().map(|(i, (s, o))| check(&format!("r{i}"), *s, *o)).collect();
            assert_eq!(item3(&checks).0, expected, "{states:?}");
            assert_eq!(failure_modes(&checks)[0].status, expected, "{states:?}");
        }
    }

    #[test]
    fn the_evidence_is_one_line_with_names() {
        let mut failed = check("forgotten-starter", Severity::Blocker, Outcome::Fail);
        failed.findings.push(finding("forgotten-starter", "admin/tool.go", 7));
        assert_eq!(item3(&[failed]).1, "something is wrong in jobs/nightly.go (and 1 more)");
        let unknown = check("a", Severity::Blocker, Outcome::Unknown);
        assert_eq!(item3(std::slice::from_ref(&unknown)).1, "unknown, because the target was not probed");
        let other = Check { why: Some("no scan".into()), ..check("b", Severity::Blocker, Outcome::Unknown) };
        assert_eq!(item3(&[unknown.clone(), other]).1, "unknown, because the target was not probed (and 1 more)");
        let same = check("c", Severity::Blocker, Outcome::Unknown);
        assert_eq!(item3(&[unknown, same]).1, "unknown, because the target was not probed", "one reason is said once");
        let absent =
            |rule, why: &str| Check { why: Some(why.into()), ..check(rule, Severity::Blocker, Outcome::NotApplicable) };
        assert_eq!(item3(&[absent("a", "no TLS"), absent("b", "no API key")]).1, "no TLS; no API key");
        let mut passed = check("a", Severity::Blocker, Outcome::Pass);
        passed.why = Some("14 starters, 1 factory".into());
        assert_eq!(item3(&[passed]).1, "14 starters, 1 factory");
        assert_eq!(item3(&[]).1, "no rule of this run looks at it");
    }
}
