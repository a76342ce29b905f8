//! Verdicts that were once wrong, each with the one that is right: `fixtures/verdicts.yaml`, told as edits of the example
//! company at the end of its move. And the company that has done everything: GO, without conditions, at each gate.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use temporal_preflight::facts::{Facts, Known};
use temporal_preflight::judge::{JudgeInput, judge};
use temporal_preflight::rules::view::build;
use temporal_preflight::rules::{Context, evaluate};
use temporal_preflight::scorecard::{Gate, Outcome, Scorecard, Status, Verdict};

use super::document::Edit;
use super::{CATALOGUE, MENDED, MUTATIONS, read};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Its name in the review it comes from.
    case: String,
    /// What happened.
    name: String,
    /// From the company at the end of its move.
    #[serde(default)]
    facts: Vec<Edit>,
    /// The cohort that is asked about.
    #[serde(default)]
    cohort: Option<String>,
    /// Gate → verdict.
    verdicts: BTreeMap<Gate, Verdict>,
    /// Rule → outcome at the first of these gates.
    #[serde(default)]
    outcomes: BTreeMap<String, Outcome>,
    /// Items of the checklist that must not be failed or unknown at the first of these gates.
    #[serde(default)]
    calm: BTreeSet<u8>,
    /// A part of the summary at the first of these gates.
    #[serde(default)]
    says: Option<String>,
}

fn scorecard(document: &Value, gate: Gate, cohort: Option<&str>) -> Scorecard {
    let mut facts: Facts = serde_json::from_value(document.clone()).expect("facts");
    if let Known::Known(code) | Known::Partial { value: code, .. } = &mut facts.code {
        code.judge_standings();
    }
    let context = Context {
        at: facts.at,
        strategy: facts.plan.main_strategy(),
        attestations: &facts.attestations,
        attestations_path: "attestations.yaml",
    };
    let checks = evaluate(&CATALOGUE, &build(&facts), &context);
    let cohort = cohort.map(|name| facts.plan.cohorts.iter().find(|c| c.name == name).expect("a cohort"));
    let unwaivable = CATALOGUE.unwaivable();
    judge(checks, JudgeInput { cohort, ..JudgeInput::new(&facts, gate, &[], &unwaivable) })
}

fn edited(edits: &[Edit]) -> Value {
    let mut document = MENDED.clone();
    edits.iter().for_each(|edit| edit.apply(&mut document));
    document
}

/// What decided, for a reader of a failed test.
fn because(card: &Scorecard) -> String {
    let gate = card.gates.iter().find(|gate| gate.gate == card.gate).expect("the gate");
    let rules = [&gate.blocked_by, &gate.undecided, &gate.conditions];
    let of = |rule: &String| {
        let check = card.checks.iter().find(|check| check.rule == *rule).expect("a check");
        let found: Vec<&str> = check.findings.iter().map(|finding| finding.message.as_str()).collect();
        format!("  {rule}: {:?} {:?} {found:?}", check.outcome, check.why)
    };
    rules.into_iter().flatten().map(of).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_case_of_the_reviews_has_the_verdict_it_should_have() {
    let cases: Vec<Case> = read("fixtures/verdicts.yaml".as_ref());
    let mut wrong = vec![];
    for case in &cases {
        let document = edited(&case.facts);
        let who = format!("{} ({})", case.case, case.name);
        for (at, (gate, verdict)) in case.verdicts.iter().enumerate() {
            let card = scorecard(&document, *gate, case.cohort.as_deref());
            if card.verdict != *verdict {
                wrong.push(format!("{who} at {gate}: {:?}, not {verdict:?}\n{}", card.verdict, because(&card)));
            }
            if at > 0 {
                continue;
            }
            for (rule, outcome) in &case.outcomes {
                let came = card.checks.iter().find(|check| check.rule == *rule).map(|check| check.outcome);
                if came != Some(*outcome) {
                    wrong.push(format!("{who}: {rule} {came:?}, not {outcome:?}"));
                }
            }
            for item in card.checklist.iter().filter(|item| case.calm.contains(&item.number)) {
                if matches!(item.status, Status::Failed | Status::Unknown | Status::Attention) {
                    wrong.push(format!("{who}: item {} {:?}: {}", item.number, item.status, item.evidence));
                }
            }
            if let Some(says) = case.says.as_ref().filter(|says| !card.summary.contains(says.as_str())) {
                wrong.push(format!("{who}: {says:?} is not in {:?}", card.summary));
            }
        }
    }
    assert!(cases.len() >= 12, "{} cases", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The company at each phase: what it has done by then, as edits of the end of its move.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phase {
    gate: Gate,
    facts: Vec<Edit>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Customer {
    name: String,
    #[serde(default)]
    facts: Vec<Edit>,
    /// As the company given in the row of this blocker; it is ready for every gate at once.
    #[serde(default)]
    given_of: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Healthy {
    phases: Vec<Phase>,
    customers: Vec<Customer>,
}

/// The edits that lead from the end of the move to a phase of it.
pub fn phase(gate: Gate) -> Vec<Edit> {
    let healthy: Healthy = read("fixtures/healthy.yaml".as_ref());
    healthy.phases.into_iter().find(|phase| phase.gate == gate).expect("every gate").facts
}

#[test]
fn whoever_has_done_everything_reaches_go_at_each_gate() {
    let healthy: Healthy = read("fixtures/healthy.yaml".as_ref());
    let gates: Vec<Gate> = healthy.phases.iter().map(|phase| phase.gate).collect();
    assert_eq!(gates, Gate::ALL);
    let mut wrong = vec![];
    for customer in &healthy.customers {
        for phase in &healthy.phases {
            let mut document = MENDED.clone();
            match &customer.given_of {
                Some(rule) => {
                    document = MUTATIONS.iter().find(|row| row.rule == *rule).expect("a row").mended();
                    customer.facts.iter().for_each(|edit| edit.apply(&mut document));
                }
                None => customer.facts.iter().chain(&phase.facts).for_each(|edit| edit.apply(&mut document)),
            }
            let card = scorecard(&document, phase.gate, None);
            if card.verdict != Verdict::Go {
                wrong.push(format!("{} at {}: {:?}\n{}", customer.name, phase.gate, card.verdict, because(&card)));
            }
            let red = card.checks.iter().filter(|c| matches!(c.outcome, Outcome::Fail | Outcome::Unknown));
            let red: Vec<&str> = red.filter(|c| !c.gates.contains(&phase.gate)).map(|c| c.rule.as_str()).collect();
            if !red.is_empty() {
                wrong.push(format!("{} at {}: not asked, and red all the same: {red:?}", customer.name, phase.gate));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
