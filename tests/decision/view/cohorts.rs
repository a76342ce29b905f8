//! Cohorts and strategies of the plan, against what code and source show.

use super::*;
use temporal_preflight::facts::plan::{Cohort, NamespaceMapping, Strategy};
use temporal_preflight::scorecard::Scorecard;

fn cohort(name: &str, types: &[&str]) -> Cohort {
    Cohort {
        name: name.into(),
        workflow_types: types.iter().map(|t| (*t).to_owned()).collect(),
        validation: Some("3d".into()),
        rollback: Some("flag off".into()),
        line: 12,
        ..Default::default()
    }
}

fn link(kind: &str, from: &[&str], to: Option<&str>, id: Option<&str>) -> WorkflowLink {
    WorkflowLink {
        kind: kind.into(),
        from: from.iter().map(|f| (*f).to_owned()).collect(),
        to: to.map(str::to_owned),
        workflow_id: id.map(str::to_owned),
        path: "workflows/saga.go".into(),
        line: 14,
        function: None,
        scope: Scope::Main,
        snippet: "workflow.ExecuteChildWorkflow(ctx, Refund)".into(),
    }
}

fn two_cohorts(links: Vec<WorkflowLink>) -> Facts {
    let mut facts = healthy();
    facts.plan.cohorts = vec![cohort("payments", &["PaymentSaga"]), cohort("refunds", &["Refund"])];
    scanned(&mut facts).links = Known::Known(links);
    facts
}

fn card(facts: &Facts) -> Scorecard {
    let none = BTreeSet::new();
    judge(checks(facts), JudgeInput::new(facts, Gate::Route, &[], &none))
}

#[test]
fn a_child_in_another_cohort_is_found_and_one_in_the_same_is_not() {
    let apart = two_cohorts(vec![link("child", &["PaymentSaga"], Some("Refund"), None)]);
    assert_eq!(outcome(&apart, "cohort-apart"), Outcome::Fail);
    assert_eq!(list(&apart, "plan.cohort_ties")[0]["workflow_types"], serde_json::json!(["PaymentSaga", "Refund"]));
    let mut together = apart.clone();
    together.plan.cohorts = vec![cohort("all", &["PaymentSaga", "Refund"])];
    assert_eq!(outcome(&together, "cohort-apart"), Outcome::Pass);
    let dynamic = two_cohorts(vec![link("child", &["PaymentSaga"], None, None)]);
    assert_eq!(outcome(&dynamic, "cohort-apart"), Outcome::Unknown);
    let mut old = apart;
    scanned(&mut old).links = serde_json::from_value::<CodeFacts>({
        let mut document = serde_json::to_value(scanned(&mut old)).unwrap();
        document.as_object_mut().unwrap().remove("links");
        document
    })
    .unwrap()
    .links;
    assert_eq!(outcome(&old, "cohort-apart"), Outcome::Unknown, "an older scan did not look");
}

#[test]
fn the_receiver_of_a_signal_is_known_by_the_form_of_its_id() {
    let mut facts = two_cohorts(vec![link("signal", &["PaymentSaga"], None, Some("refund-*"))]);
    assert_eq!(outcome(&facts, "cohort-apart"), Outcome::Pass, "signal-between-workflows tells of the place");
    let mut start = site(Kind::Start, "starter/refund.go", 20);
    (start.workflow_type, start.workflow_id) = (Some("Refund".into()), Some("refund-*".into()));
    scanned(&mut facts).sites.push(start);
    assert_eq!(outcome(&facts, "cohort-apart"), Outcome::Fail);
}

#[test]
fn types_started_under_one_id_belong_together() {
    let mut facts = two_cohorts(vec![]);
    for name in ["PaymentSaga", "Refund"] {
        let mut start = site(Kind::Start, &format!("starter/{name}.go"), 20);
        (start.workflow_type, start.workflow_id) = (Some(name.into()), Some("order-*".into()));
        scanned(&mut facts).sites.push(start);
    }
    assert_eq!(outcome(&facts, "cohort-apart"), Outcome::Fail);
}

#[test]
fn every_type_is_in_exactly_one_cohort() {
    let mut facts = healthy();
    facts.plan.cohorts = vec![cohort("payments", &["PaymentSaga"])];
    for rule in ["cohort-member-once", "cohort-member-missing", "cohort-member-unseen"] {
        assert_eq!(outcome(&facts, rule), Outcome::Pass, "{rule}");
    }
    facts.plan.cohorts = vec![cohort("a", &["PaymentSaga"]), cohort("b", &["PaymentSaga"])];
    assert_eq!(outcome(&facts, "cohort-member-once"), Outcome::Fail);
    facts.plan.cohorts = vec![cohort("a", &["PaymentSage"])];
    assert_eq!(outcome(&facts, "cohort-member-missing"), Outcome::Fail);
    assert_eq!(outcome(&facts, "cohort-member-unseen"), Outcome::Fail);
    facts.code = Known::unknown("no scan");
    assert_eq!(outcome(&facts, "cohort-member-unseen"), Outcome::Unknown, "it may be in the code");
    facts.source = Known::unknown("no probe");
    facts.plan.cohorts = vec![cohort("a", &["PaymentSaga", "PaymentSaga"])];
    assert_eq!(outcome(&facts, "cohort-member-once"), Outcome::Fail, "the plan alone shows it");
}

#[test]
fn one_worker_pool_for_two_cohorts_is_found() {
    let mut facts = two_cohorts(vec![]);
    assert_eq!(outcome(&facts, "cohort-queue-shared"), Outcome::Pass);
    let refund = WorkflowDefinition {
        name: "Refund".into(),
        path: "workflows/refund.go".into(),
        line: 8,
        role: "registered".into(),
        task_queue: Some("payments".into()),
        scope: Scope::Main,
    };
    scanned(&mut facts).workflow_types.push(refund);
    assert_eq!(outcome(&facts, "cohort-queue-shared"), Outcome::Fail);
}

#[test]
fn a_cohort_is_watched_to_the_end_before_the_next_one_follows() {
    let with = |first: Option<&str>, second: Option<&str>, period: Option<&str>| {
        let mut facts = two_cohorts(vec![]);
        facts.plan.cohorts[0].validation = period.map(str::to_owned);
        facts.plan.cohorts[0].routed = first.map(time);
        facts.plan.cohorts[1].routed = second.map(time);
        list(&facts, "plan.cohort_periods").len()
    };
    assert_eq!(with(None, None, Some("3d")), 0);
    assert_eq!(with(None, None, None), 1, "no period");
    assert_eq!(with(None, None, Some("5w")), 1, "longer than the window");
    assert_eq!(with(Some("2026-11-01T00:00:00Z"), Some("2026-11-02T00:00:00Z"), Some("3d")), 1, "cut short");
    assert_eq!(with(Some("2026-11-01T00:00:00Z"), Some("2026-11-05T00:00:00Z"), Some("3d")), 0);
    let at = healthy().at.to_string();
    assert_eq!(with(Some(&at), None, Some("3d")), 1, "the second one waits");
}

#[test]
fn the_route_gate_is_answered_for_each_cohort() {
    let mut facts = two_cohorts(vec![]);
    let mut slow = execution("Refund", 90 * 86_400);
    slow.task_queue = "refunds".into();
    let types = source(&mut facts).namespaces[0].workflow_types.value_mut().unwrap();
    let mut refund = types[0].clone();
    (refund.name, refund.longest_closed, refund.oldest_open, refund.open) = ("Refund".into(), Some(slow), None, 0);
    types.push(refund);
    let card = card(&facts);
    let cohort = |name: &str| card.cohorts.iter().find(|c| c.name == name).unwrap();
    assert!(cohort("refunds").result.blocked_by.contains(&"window-too-short".to_owned()));
    assert!(!cohort("payments").result.blocked_by.contains(&"window-too-short".to_owned()));
    assert!(card.cohorts.iter().all(|c| c.proposed.is_none() && c.validation.as_deref() == Some("3d")));
}

#[test]
fn without_cohorts_in_the_plan_some_are_proposed() {
    let mut facts = two_cohorts(vec![link("child", &["PaymentSaga"], Some("Refund"), None)]);
    facts.plan.cohorts.clear();
    let proposed = card(&facts).cohorts;
    assert_eq!(proposed.len(), 1, "parent and child stay together: {proposed:#?}");
    assert_eq!(proposed[0].workflow_types, ["PaymentSaga", "Refund"]);
    assert!(proposed[0].proposed.is_some());
    facts.plan.strategy = Strategy::Automated;
    assert!(card(&facts).cohorts.is_empty(), "a replication moves everything at once");
}

fn moves(source: &str, target: &str, strategy: Option<Strategy>) -> NamespaceMapping {
    NamespaceMapping { source: source.into(), target: Some(target.into()), strategy, line: 6, ..Default::default() }
}

#[test]
fn a_namespace_can_move_otherwise_than_the_plan() {
    let mut facts = healthy();
    assert_eq!(outcome(&facts, "automated-target-used"), Outcome::NotApplicable);
    facts.plan.namespaces[0].strategy = Some(Strategy::Automated);
    assert_eq!(outcome(&facts, "window-too-short"), Outcome::NotApplicable);
    assert_ne!(outcome(&facts, "automated-target-used"), Outcome::NotApplicable);
}

#[test]
fn each_strategy_is_judged_by_its_own_namespaces() {
    let mut facts = healthy();
    let mut refunds = facts::namespace("refunds");
    refunds.open = Known::Known(0);
    source(&mut facts).namespaces.push(refunds);
    target(&mut facts).namespaces.push(NamespaceSnapshot {
        open: Known::Known(0),
        closed: Known::Known(3),
        schedules: Known::Known(vec![]),
        ..facts::namespace("refunds.a1b2c")
    });
    facts.plan.namespaces.push(moves("refunds", "refunds.a1b2c", Some(Strategy::Automated)));
    let all = checks(&facts);
    let used = all.iter().find(|c| c.rule == "automated-target-used").unwrap();
    let keys: Vec<&str> = used.findings.iter().map(|f| f.key.as_str()).collect();
    assert_eq!(keys, ["refunds.a1b2c"], "the target of the dual run may hold executions");
    assert_eq!(outcome(&facts, "strategy-mixed"), Outcome::Pass, "two targets, one strategy each");
}

#[test]
fn two_strategies_on_one_target_are_refused() {
    let mut facts = healthy();
    source(&mut facts).namespaces.push(facts::namespace("legacy"));
    let target = facts.plan.namespaces[0].target.clone().unwrap();
    facts.plan.namespaces.push(moves("legacy", &target, Some(Strategy::Automated)));
    for rule in ["strategy-mixed", "target-collision", "target-shared"] {
        assert_eq!(outcome(&facts, rule), Outcome::Fail, "{rule}");
    }
    facts.plan.namespaces[1].strategy = None;
    assert_eq!(outcome(&facts, "strategy-mixed"), Outcome::Pass);
    let whats: BTreeSet<String> = list(&facts, "plan.merge_collisions")
        .iter()
        .map(|c| c["what"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(whats.contains("workflow type") && whats.contains("task queue"), "{whats:?}");
    facts.plan.namespaces[1].target = Some("legacy.a1b2c".into());
    assert_eq!(outcome(&facts, "target-collision"), Outcome::NotApplicable);
    assert_eq!(outcome(&facts, "target-shared"), Outcome::Pass);
}

#[test]
fn a_routed_cohort_of_a_replicated_namespace_is_a_conflict() {
    let mut facts = healthy();
    facts.plan.strategy = Strategy::Automated;
    facts.plan.cohorts = vec![Cohort { routed: Some(facts.at), ..cohort("payments", &["PaymentSaga"]) }];
    assert_eq!(outcome(&facts, "strategy-mixed"), Outcome::Fail);
    facts.source = Known::unknown("not probed");
    assert_eq!(outcome(&facts, "strategy-mixed"), Outcome::Unknown);
}
