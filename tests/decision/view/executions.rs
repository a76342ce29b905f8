//! What executions tell beside their number, as rules judge it.

use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::{
    Beginning, CronWorkflow, ExecutionSample, RecentStarts, StartedType, Starter,
};
use temporal_preflight::facts::plan::Cohort;
use temporal_preflight::scorecard::Outcome;

use super::facts::{described, execution, healthy, time};
use super::{checks, list, outcome, source};

fn recent(types: Vec<StartedType>) -> Known<RecentStarts> {
    let roots = types.iter().map(|t| t.runs).sum();
    Known::Known(RecentStarts { since: time("2026-11-20T09:00:00Z"), roots, by_schedules: 24, types })
}

fn began(workflow_type: &str, runs: u64, looked_at: u64, how: &[(&str, Beginning)]) -> StartedType {
    let starter = |(identity, how): &(&str, Beginning)| Starter {
        identity: (*identity).to_owned(),
        how: *how,
        seen: 1,
        newest: ExecutionSample { start_time: time("2026-11-21T02:00:00Z"), ..execution(workflow_type, 60) },
    };
    StartedType {
        workflow_type: workflow_type.into(),
        runs,
        looked_at,
        largest_input: 120,
        starters: how.iter().map(starter).collect(),
    }
}

#[test]
fn whoever_still_starts_on_the_source_is_named() {
    let mut facts = healthy();
    source(&mut facts).namespaces[0].executions.recent =
        recent(vec![began("Reconciliation", 3, 3, &[("4711@batch-2@", Beginning::Started)])]);
    assert_eq!(outcome(&facts, "still-started-on-source"), Outcome::Fail);
    let check = checks(&facts).into_iter().find(|c| c.rule == "still-started-on-source").expect("a rule");
    let said = &check.findings[0].message;
    assert!(said.contains("`4711@batch-2@` still starts `Reconciliation`") && said.contains("3 runs"), "{said}");
}

#[test]
fn runs_that_go_on_by_themselves_are_no_starters() {
    let by_itself = [Beginning::Continued, Beginning::Cron, Beginning::Retried, Beginning::Reset, Beginning::Child];
    for how in by_itself {
        let mut facts = healthy();
        source(&mut facts).namespaces[0].executions.recent = recent(vec![began("Entity", 1, 1, &[("1@worker@", how)])]);
        assert_eq!(outcome(&facts, "still-started-on-source"), Outcome::Pass, "{how:?}");
        // Three of forty prove nothing about the others.
        source(&mut facts).namespaces[0].executions.recent =
            recent(vec![began("Entity", 40, 3, &[("1@worker@", how)])]);
        assert_eq!(outcome(&facts, "still-started-on-source"), Outcome::Unknown, "{how:?}");
    }
    let mut facts = healthy();
    source(&mut facts).namespaces[0].executions.recent = recent(vec![began("Gone", 2, 0, &[])]);
    assert_eq!(outcome(&facts, "still-started-on-source"), Outcome::Unknown, "their histories are gone");
}

#[test]
fn an_open_cron_workflow_is_found_without_its_code() {
    let mut facts = healthy();
    source(&mut facts).namespaces[0].executions.cron = Known::Known(vec![CronWorkflow {
        workflow_id: "nightly".into(),
        run_id: "r".into(),
        workflow_type: "Cleanup".into(),
        task_queue: "payments".into(),
        cron: "0 3 * * *".into(),
        next: Some(time("2026-11-22T03:00:00Z")),
        identity: "1@ops@".into(),
    }]);
    assert_eq!(outcome(&facts, "cron-workflow-open"), Outcome::Fail);
    assert_eq!(list(&facts, "source.cron_workflows")[0]["next"], "2026-11-22 03:00 UTC");
}

#[test]
fn an_execution_near_a_limit_says_which() {
    for (events, bytes, activities, expected) in [
        (40_000, 1_000, 3, None),
        (41_000, 1_000, 3, Some("41000 events of 51200 allowed")),
        (100, 45 << 20, 3, Some("45 MiB of 50 allowed")),
        (100, 1_000, 501, Some("501 activities wait, of 2000 allowed and 500 advised")),
    ] {
        let mut facts = healthy();
        let mut sample = described("PaymentSaga", events);
        (sample.history_bytes, sample.pending_activities) = (bytes, activities);
        source(&mut facts).namespaces[0].executions.samples = Known::Known(vec![sample]);
        let found = list(&facts, "source.executions_near_limits");
        let problem = found.first().map(|f| f["problem"].as_str().expect("a text").to_owned());
        assert_eq!(problem.is_some(), expected.is_some(), "{problem:?}");
        assert!(problem.zip(expected).is_none_or(|(said, words)| said.contains(words)));
        let outcome = outcome(&facts, "execution-near-limit");
        assert_eq!(outcome, if expected.is_some() { Outcome::Fail } else { Outcome::Pass });
    }
}

#[test]
fn after_routing_a_start_of_the_cohort_is_a_forgotten_starter() {
    let with = |routed: Option<&str>, started: &str, runs: u64| {
        let mut facts = healthy();
        facts.plan.cohorts = vec![Cohort {
            name: "back-office".into(),
            workflow_types: vec!["Reconciliation".into()],
            routed: routed.map(time),
            line: 9,
            ..Default::default()
        }];
        let mut began = began("Reconciliation", runs, 1, &[("4711@batch-2@", Beginning::Started)]);
        began.starters[0].newest.start_time = time(started);
        source(&mut facts).namespaces[0].executions.recent = recent(vec![began]);
        outcome(&facts, "started-after-routing")
    };
    let routed = Some("2026-11-20T12:00:00Z");
    assert_eq!(with(None, "2026-11-20T13:00:00Z", 1), Outcome::NotApplicable);
    assert_eq!(with(routed, "2026-11-20T13:00:00Z", 1), Outcome::Fail);
    assert_eq!(with(routed, "2026-11-20T11:00:00Z", 1), Outcome::Pass, "before it was routed");
    assert_eq!(with(routed, "2026-11-20T11:00:00Z", 40), Outcome::Pass, "the others are older still");
    assert_eq!(with(Some("2026-11-20T08:00:00Z"), "2026-11-20T11:00:00Z", 1), Outcome::Fail);
    let too_early = with(Some("2026-11-19T08:00:00Z"), "2026-11-20T08:00:00Z", 1);
    assert_eq!(too_early, Outcome::Unknown, "the snapshot does not go back to the routing");
}
