//! The gate for each cohort: what stands in the way of its workflow types, and what stands in everybody's.

use std::collections::{BTreeMap, BTreeSet};

use super::gates;
use crate::compare::cohorts::{TypeFacts, propose, types};
use crate::facts::Facts;
use crate::facts::plan::{Cohort, Plan, Strategy};
use crate::scorecard::{Certainty, Check, CohortResult, Finding, Gate, Outcome};

/// The cohorts of the plan, or those proposed for it; none for a migration by replication, which moves all at once.
pub(super) fn results(facts: &Facts, gate: Gate, checks: &[Check]) -> Vec<CohortResult> {
    let plan = &facts.plan;
    // A change of the code is judged for itself.
    if gate == Gate::Pr || !plan.strategies().contains(&Strategy::Manual) {
        return Vec::new();
    }
    let seen = Seen::new(facts);
    if !plan.cohorts.is_empty() {
        return plan.cohorts.iter().map(|cohort| result(cohort, &seen, gate, checks, None)).collect();
    }
    let proposals = propose(facts.code.value(), facts.source.value(), plan);
    proposals.iter().map(|p| result(&p.cohort, &seen, gate, checks, Some(p.why.clone()))).collect()
}

/// The checks as they stand for one cohort.
pub(super) fn only(facts: &Facts, cohort: &Cohort, checks: &[Check]) -> Vec<Check> {
    let reach = Seen::new(facts).reach(cohort);
    checks.iter().map(|check| of_cohort(check, cohort, &reach)).collect()
}

fn result(cohort: &Cohort, seen: &Seen<'_>, gate: Gate, checks: &[Check], why: Option<String>) -> CohortResult {
    let reach = seen.reach(cohort);
    let asked = checks.iter().filter(|c| c.gates.contains(&gate));
    let own: Vec<Check> = asked.map(|check| of_cohort(check, cohort, &reach)).collect();
    CohortResult {
        name: cohort.name.clone(),
        risk: cohort.risk.clone(),
        workflow_types: cohort.workflow_types.clone(),
        validation: cohort.validation.clone(),
        rollback: cohort.rollback.clone(),
        routed: cohort.routed,
        proposed: why,
        result: gates::at(&own, gate, None),
    }
}

/// What is known of every workflow type.
struct Seen<'a> {
    types: BTreeMap<String, TypeFacts>,
    plan: &'a Plan,
}

/// Where the executions of a cohort run, as far as it was seen.
struct Reach {
    /// By their names on both sides; none when a type of the cohort was seen in no namespace.
    namespaces: Option<BTreeSet<String>>,
    /// None when the queues of a type of the cohort are not known.
    task_queues: Option<BTreeSet<String>>,
}

impl<'a> Seen<'a> {
    fn new(facts: &'a Facts) -> Self {
        Self { types: types(facts.code.value(), facts.source.value(), &facts.plan), plan: &facts.plan }
    }

    fn reach(&self, cohort: &Cohort) -> Reach {
        let all = |of: fn(&TypeFacts) -> &BTreeSet<String>| {
            let each = cohort.workflow_types.iter().map(|name| self.types.get(name).map(of).filter(|s| !s.is_empty()));
            let sets: Option<Vec<&BTreeSet<String>>> = each.collect();
            sets.map(|sets| sets.into_iter().flatten().cloned().collect::<BTreeSet<String>>())
        };
        let both_sides = |names: BTreeSet<String>| {
            let moved = self.plan.namespaces.iter().filter(|mapping| names.contains(&mapping.source));
            let targets: Vec<String> = moved.filter_map(|mapping| mapping.target.clone()).collect();
            names.into_iter().chain(targets).collect()
        };
        Reach { namespaces: all(|t| &t.namespaces).map(both_sides), task_queues: all(|t| &t.queues) }
    }
}

/// A finding that names workflow types concerns their cohorts; one about a queue or a namespace those that run there;
/// one that names none of these concerns all. Where it is not known where a cohort runs, everything concerns it.
fn concerns(finding: &Finding, cohort: &Cohort, reach: &Reach) -> bool {
    if !finding.workflow_types.is_empty() {
        return finding.workflow_types.iter().any(|t| cohort.workflow_types.contains(t));
    }
    let apart = |named: &[String], known: &Option<BTreeSet<String>>| {
        !named.is_empty() && known.as_ref().is_some_and(|known| named.iter().all(|name| !known.contains(name)))
    };
    !apart(&finding.task_queues, &reach.task_queues) && !apart(&finding.namespaces, &reach.namespaces)
}

/// A check as it stands when only what concerns the cohort is looked at.
fn of_cohort(check: &Check, cohort: &Cohort, reach: &Reach) -> Check {
    let mut own = check.clone();
    own.findings.retain(|finding| concerns(finding, cohort, reach));
    let others = check.findings.len() - own.findings.len();
    if others == 0 {
        return own;
    }
    let failed =
        |waived: bool| own.findings.iter().any(|f| f.certainty == Certainty::Fail && f.waiver.is_some() == waived);
    own.outcome = match check.outcome {
        Outcome::Pass | Outcome::NotApplicable | Outcome::NotDue => check.outcome,
        _ if failed(false) => Outcome::Fail,
        // What was not seen may concern the cohort, unless somebody accepted that.
        _ if !check.complete && check.accepted.is_none() => Outcome::Unknown,
        _ if own.findings.iter().any(|f| f.certainty == Certainty::Unknown && f.waiver.is_none()) => Outcome::Unknown,
        _ if failed(true) || !own.findings.is_empty() || !check.complete => Outcome::Waived,
        _ => Outcome::Pass,
    };
    if own.outcome == Outcome::Pass && check.outcome != Outcome::Pass {
        own.why = Some(match others {
            1 => "what it finds concerns another cohort".to_owned(),
            n => format!("the {n} things it finds concern other cohorts"),
        });
        own.why_remedy = None;
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::testing::{check, finding};
    use crate::scorecard::{Severity, Verdict};

    fn cohort(types: &[&str]) -> Cohort {
        Cohort { workflow_types: types.iter().map(|t| (*t).to_owned()).collect(), ..Cohort::default() }
    }

    fn about(types: &[&str], certainty: Certainty) -> Finding {
        let workflow_types = types.iter().map(|t| (*t).to_owned()).collect();
        Finding { workflow_types, certainty, ..finding("a", "x.go", 1) }
    }

    fn verdict(check: &Check, types: &[&str]) -> Verdict {
        let plan = Plan::default();
        let seen = Seen { types: BTreeMap::new(), plan: &plan };
        result(&cohort(types), &seen, Gate::Route, std::slice::from_ref(check), None).result.verdict
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

    #[test]
    fn a_queue_or_namespace_of_other_cohorts_does_not_stop_this_one() {
        let facts = |namespace: &str, queue: &str| TypeFacts {
            namespaces: [namespace.to_owned()].into(),
            queues: [queue.to_owned()].into(),
            ..TypeFacts::default()
        };
        let types =
            BTreeMap::from([("Payment".into(), facts("orders", "pay")), ("Mail".into(), facts("notify", "mail"))]);
        let plan = Plan::default();
        let seen = Seen { types, plan: &plan };
        let verdict = |finding: Finding, types: &[&str]| {
            let mut failed = check("a", Severity::Blocker, Outcome::Fail);
            failed.findings = vec![finding];
            result(&cohort(types), &seen, Gate::Route, &[failed], None).result.verdict
        };
        let of_queue = || Finding { task_queues: vec!["mail".into()], ..about(&[], Certainty::Fail) };
        let of_namespace = || Finding { namespaces: vec!["notify".into()], ..about(&[], Certainty::Fail) };
        for finding in [of_queue, of_namespace] {
            assert_eq!(verdict(finding(), &["Payment"]), Verdict::Go);
            assert_eq!(verdict(finding(), &["Mail"]), Verdict::NoGo);
            assert_eq!(verdict(finding(), &["Mail", "Payment"]), Verdict::NoGo);
            assert_eq!(verdict(finding(), &["Unseen"]), Verdict::NoGo, "nobody knows where it runs");
        }
    }
}
