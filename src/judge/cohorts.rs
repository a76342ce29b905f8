//! The route gate for each cohort: what stands in the way of its workflow types, and what stands in everybody's.

use super::gates;
use super::scorecard::{Certainty, Check, CohortResult, Finding, Gate, Outcome};
use crate::compare::cohorts::propose;
use crate::facts::Facts;
use crate::facts::plan::{Cohort, Strategy};

/// The cohorts of the plan, or those proposed for it; none for a migration by replication, which moves all at once.
pub(super) fn results(facts: &Facts, gate: Gate, checks: &[Check]) -> Vec<CohortResult> {
    let plan = &facts.plan;
    // A change of the code is judged for itself.
    if gate == Gate::Pr || !plan.strategies().contains(&Strategy::Manual) {
        return Vec::new();
    }
    if !plan.cohorts.is_empty() {
        return plan.cohorts.iter().map(|cohort| result(cohort, checks, None)).collect();
    }
    let proposals = propose(facts.code.value(), facts.source.value(), plan);
    proposals.iter().map(|p| result(&p.cohort, checks, Some(p.why.clone()))).collect()
}

fn result(cohort: &Cohort, checks: &[Check], why: Option<String>) -> CohortResult {
    let own: Vec<Check> =
        checks.iter().filter(|c| c.gates.contains(&Gate::Route)).map(|check| of_cohort(check, cohort)).collect();
    CohortResult {
        name: cohort.name.clone(),
        risk: cohort.risk.clone(),
        workflow_types: cohort.workflow_types.clone(),
        validation: cohort.validation.clone(),
        rollback: cohort.rollback.clone(),
        routed: cohort.routed,
        proposed: why,
        route: gates::at(&own, Gate::Route, None),
    }
}

/// A finding that names workflow types concerns their cohorts; one that names none concerns all.
fn concerns(finding: &Finding, cohort: &Cohort) -> bool {
    finding.workflow_types.is_empty() || finding.workflow_types.iter().any(|t| cohort.workflow_types.contains(t))
}

/// A check as it stands when only what concerns the cohort is looked at.
fn of_cohort(check: &Check, cohort: &Cohort) -> Check {
    let mut own = check.clone();
    own.findings.retain(|finding| concerns(finding, cohort));
    if own.findings.len() == check.findings.len() {
        return own;
    }
    let failed =
        |waived: bool| own.findings.iter().any(|f| f.certainty == Certainty::Fail && f.waiver.is_some() == waived);
    own.outcome = match check.outcome {
        Outcome::Pass | Outcome::NotApplicable => check.outcome,
        _ if failed(false) => Outcome::Fail,
        // What was not seen may concern the cohort; so may what nobody could decide.
        _ if !check.complete || own.findings.iter().any(|f| f.certainty == Certainty::Unknown) => Outcome::Unknown,
        _ if failed(true) => Outcome::Waived,
        _ => Outcome::Pass,
    };
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::scorecard::{Severity, Verdict};
    use crate::judge::testing::{check, finding};

    fn cohort(types: &[&str]) -> Cohort {
        Cohort { workflow_types: types.iter().map(|t| (*t).to_owned()).collect(), ..Cohort::default() }
    }

    fn about(types: &[&str], certainty: Certainty) -> Finding {
        let workflow_types = types.iter().map(|t| (*t).to_owned()).collect();
        Finding { workflow_types, certainty, ..finding("a", "x.go", 1) }
    }

    fn verdict(check: &Check, types: &[&str]) -> Verdict {
        result(&cohort(types), std::slice::from_ref(check), None).route.verdict
    }

    #[test]
    fn a_finding_of_another_cohort_does_not_stop_this_one() {
        let mut failed = check("a", Severity::Blocker, Outcome::Fail);
        failed.findings = vec![about(&["Payment"], Certainty::Fail)];
        assert_eq!(verdict(&failed, &["Payment"]), Verdict::NoGo);
        assert_eq!(verdict(&failed, &["Refund"]), Verdict::Go);
        failed.complete = false;
        assert_eq!(verdict(&failed, &["Refund"]), Verdict::Undecided, "the rest was not seen");
    }

    #[test]
    fn what_names_no_type_stops_every_cohort() {
        let mut failed = check("a", Severity::Blocker, Outcome::Fail);
        failed.findings.push(about(&["Payment"], Certainty::Fail));
        assert_eq!(verdict(&failed, &["Refund"]), Verdict::NoGo);
        let unknown = check("a", Severity::Blocker, Outcome::Unknown);
        assert_eq!(verdict(&unknown, &["Refund"]), Verdict::Undecided);
    }

    #[test]
    fn a_doubt_about_the_cohort_leaves_it_undecided() {
        let mut both = check("a", Severity::Blocker, Outcome::Fail);
        both.findings = vec![about(&["Payment"], Certainty::Fail), about(&["Refund"], Certainty::Unknown)];
        assert_eq!(verdict(&both, &["Payment"]), Verdict::NoGo);
        assert_eq!(verdict(&both, &["Refund"]), Verdict::Undecided);
        assert_eq!(verdict(&both, &["Ledger"]), Verdict::Go);
    }
}
