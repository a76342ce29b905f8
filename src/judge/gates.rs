//! The verdict at each gate, from the outcomes of its rules.

use crate::scorecard::builtin;
use crate::scorecard::{Baseline, Certainty, Check, Gate, GateResult, Outcome, Severity, Verdict, change};

/// Mark what the gate does not ask: rules of later gates are not due yet, and rules of earlier ones that are over do not
/// apply any more. The verdicts of the other gates are taken before.
pub(super) fn settle_due(checks: &mut [Check], gate: Gate) {
    for check in checks.iter_mut().filter(|c| !c.gates.contains(&gate) && c.outcome != Outcome::NotApplicable) {
        let phases = || check.gates.iter().copied().filter(|g| *g != Gate::Pr);
        let today = today(check);
        let (outcome, why) = match (phases().min(), phases().max()) {
            (_, Some(last)) if last.is_before(gate) => {
                (Outcome::NotApplicable, format!("it is over: it was asked until the gate {last}"))
            }
            (Some(first), _) => (Outcome::NotDue, format!("it is asked from the gate {first} on; as of now {today}")),
            (None, _) => (Outcome::NotApplicable, "it is asked of a change of the code only".to_owned()),
        };
        check.outcome = outcome;
        check.why = Some(why);
        check.why_remedy = None;
    }
}

/// What a check that is not due would answer, in words.
fn today(check: &Check) -> String {
    let open = |certainty| check.findings.iter().filter(|f| f.certainty == certainty && f.waiver.is_none()).count();
    match (check.outcome, open(Certainty::Fail)) {
        (Outcome::Pass, _) => "it passes".to_owned(),
        (Outcome::Fail, 0 | 1) => "it fails".to_owned(),
        (Outcome::Fail, n) => format!("it fails in {n} places"),
        (Outcome::Waived, _) => "it is waived".to_owned(),
        _ => "it has no answer".to_owned(),
    }
}

/// All gates, in order of time.
pub fn all(checks: &[Check], baseline: Option<&Baseline>) -> Vec<GateResult> {
    Gate::ALL.map(|gate| at(checks, gate, baseline)).to_vec()
}

/// One gate. A blocker that failed decides before one that is unknown, and that before conditions. A gate to
/// which no rule belongs was not looked at, and is undecided. With a baseline, the gate `pr` counts only what the
/// change adds.
pub fn at(checks: &[Check], gate: Gate, baseline: Option<&Baseline>) -> GateResult {
    let mut result = GateResult {
        gate,
        verdict: Verdict::Go,
        blocked_by: Vec::new(),
        undecided: Vec::new(),
        conditions: Vec::new(),
        passed: 0,
        attested: 0,
        total: 0,
    };
    let mut looked = false;
    for check in checks.iter().filter(|c| c.gates.contains(&gate)) {
        result.total += 1;
        looked |= builtin::get(&check.rule).is_none();
        let outcome = match baseline.filter(|_| gate == Gate::Pr) {
            Some(baseline) => change::of_change(check, baseline),
            None => Some(check.outcome),
        };
        let Some(outcome) = outcome else { continue };
        let list = match (check.severity, outcome) {
            (_, Outcome::Pass) => {
                result.passed += 1;
                result.attested += usize::from(check.attestation.as_ref().is_some_and(|asked| asked.decides));
                continue;
            }
            (_, Outcome::NotApplicable | Outcome::NotDue) | (Severity::Minor, _) => continue,
            (Severity::Blocker, Outcome::Fail) => &mut result.blocked_by,
            (Severity::Blocker, Outcome::Unknown) => &mut result.undecided,
            (Severity::Blocker, Outcome::Waived) => &mut result.conditions,
            (Severity::Major, Outcome::Fail | Outcome::Unknown | Outcome::Waived) => &mut result.conditions,
        };
        list.push(check.rule.clone());
    }
    for list in [&mut result.blocked_by, &mut result.undecided, &mut result.conditions] {
        list.sort();
    }
    result.verdict = if !result.blocked_by.is_empty() {
        Verdict::NoGo
    } else if !result.undecided.is_empty() || !looked {
        Verdict::Undecided
    } else if !result.conditions.is_empty() {
        Verdict::GoWithConditions
    } else {
        Verdict::Go
    };
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::testing::check;

    const OUTCOMES: [Outcome; 5] =
        [Outcome::Pass, Outcome::Fail, Outcome::Unknown, Outcome::NotApplicable, Outcome::Waived];
    const SEVERITIES: [Severity; 3] = [Severity::Blocker, Severity::Major, Severity::Minor];

    fn verdict(states: &[(Severity, Outcome)]) -> Verdict {
        let checks: Vec<Check> =
            states.iter().enumerate().map(|(i, (s, o))| check(&format!("rule-{i}"), *s, *o)).collect();
        at(&checks, Gate::Route, None).verdict
    }

    /// How far a verdict is from GO.
    fn distance(verdict: Verdict) -> u8 {
        match verdict {
            Verdict::Go => 0,
            Verdict::GoWithConditions => 1,
            Verdict::Undecided => 2,
            Verdict::NoGo => 3,
        }
    }

    /// All combinations of three rules.
    fn combinations() -> Vec<[(Severity, Outcome); 3]> {
        let states: Vec<_> = SEVERITIES.iter().flat_map(|s| OUTCOMES.map(|o| (*s, o))).collect();
        let mut all = Vec::new();
        for a in &states {
            for b in &states {
                all.extend(states.iter().map(|c| [*a, *b, *c]));
            }
        }
        all
    }

    #[test]
    fn the_table_of_verdicts() {
        use Outcome::*;
        use Severity::*;
        for (states, expected) in [
            (vec![(Blocker, Pass)], Verdict::Go),
            (vec![(Blocker, NotApplicable)], Verdict::Go),
            (vec![(Blocker, Pass), (Minor, Fail), (Minor, Unknown), (Minor, Waived)], Verdict::Go),
            (vec![(Blocker, Pass), (Major, Fail)], Verdict::GoWithConditions),
            (vec![(Blocker, Pass), (Major, Waived)], Verdict::GoWithConditions),
            (vec![(Blocker, Pass), (Major, Unknown)], Verdict::GoWithConditions),
            (vec![(Blocker, Waived)], Verdict::GoWithConditions),
            (vec![(Blocker, Unknown), (Major, Fail)], Verdict::Undecided),
            (vec![(Blocker, Unknown), (Blocker, Fail)], Verdict::NoGo),
            (vec![], Verdict::Undecided),
        ] {
            assert_eq!(verdict(&states), expected, "{states:?}");
        }
    }

    #[test]
    fn one_more_unknown_never_brings_go_nearer() {
        for states in combinations() {
            let before = distance(verdict(&states));
            for severity in SEVERITIES {
                let mut more = states.to_vec();
                more.push((severity, Outcome::Unknown));
                assert!(distance(verdict(&more)) >= before, "{more:?}");
            }
        }
    }

    #[test]
    fn taking_evidence_away_never_opens_a_gate() {
        for states in combinations() {
            let before = verdict(&states);
            for i in 0..states.len() {
                let mut less = states;
                less[i].1 = Outcome::Unknown;
                let after = verdict(&less);
                let was = states[i].1;
                if was != Outcome::Fail {
                    assert!(distance(after) >= distance(before), "{states:?} → {less:?}");
                }
                assert!(distance(after) >= 2 || distance(before) < 2, "{states:?} → {less:?}");
            }
        }
    }

    #[test]
    fn the_order_of_rules_does_not_matter() {
        for states in combinations() {
            let checks: Vec<Check> =
                states.iter().enumerate().map(|(i, (s, o))| check(&format!("rule-{i}"), *s, *o)).collect();
            let mut reversed = checks.clone();
            reversed.reverse();
            assert_eq!(at(&checks, Gate::Route, None), at(&reversed, Gate::Route, None));
        }
    }

    #[test]
    fn a_rule_counts_at_its_gates_only() {
        let mut blocker = check("a", Severity::Blocker, Outcome::Fail);
        blocker.gates = vec![Gate::Drain];
        let gates = all(&[blocker, check("b", Severity::Minor, Outcome::Pass)], None);
        let verdicts: Vec<_> = gates.iter().map(|g| (g.gate.name(), g.verdict)).collect();
        assert!(verdicts.contains(&("route", Verdict::Go)) && verdicts.contains(&("drain", Verdict::NoGo)));
        assert!(verdicts.contains(&("pr", Verdict::Undecided)), "{verdicts:?}");
    }
}
