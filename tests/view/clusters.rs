//! What both clusters told, as rules see it.

use super::*;

#[test]
fn the_window_must_hold_the_longest_execution() {
    let mut facts = healthy();
    let long = execution("MerchantOnboarding", 34 * 86_400);
    source(&mut facts).namespaces[0].longest_closed = Known::Known(Some(long));
    let found = list(&facts, "plan.running_times");
    let long: Vec<_> = found.iter().filter(|t| t["fits"] == false).collect();
    assert_eq!(long.len(), 1);
    assert_eq!(long[0]["sample"], "`MerchantOnboarding-1` took 34 days");
    assert_eq!(long[0]["window"], "28 days");
    assert_eq!(outcome(&facts, "window-too-short"), Outcome::Fail);
}

#[test]
fn two_addresses_of_one_cluster_are_found() {
    let mut facts = healthy();
    {
        let target = target(&mut facts);
        target.kind = ClusterKind::SelfHosted;
        target.address = "temporal.internal:7233".into();
    }
    assert_eq!(outcome(&facts, "same-cluster"), Outcome::Unknown, "the target told no id");
    let system = source(&mut facts).system.clone();
    target(&mut facts).system = system;
    assert_eq!(outcome(&facts, "same-cluster"), Outcome::Fail);
    // One address, two clusters: told apart by the name that is dialled. Without ids, the address speaks.
    target(&mut facts).address = "10.0.1.50:7233".into();
    assert_eq!(outcome(&facts, "same-cluster"), Outcome::Fail);
    let Known::Known(system) = &mut target(&mut facts).system else { panic!("known") };
    system.cluster = Some(temporal_preflight::facts::cluster::ClusterInfo { id: "c2".into(), ..Default::default() });
    assert_eq!(outcome(&facts, "same-cluster"), Outcome::Pass);
    system_unknown(&mut facts);
    assert_eq!(outcome(&facts, "same-cluster"), Outcome::Fail);
}

fn system_unknown(facts: &mut Facts) {
    target(facts).system = Known::unknown("denied");
}

#[test]
fn limits_of_cloud_do_not_bind_a_rehearsal_on_a_second_cluster() {
    let mut facts = healthy();
    let texts: Vec<_> = (0..6).map(|n| attribute(&format!("Note{n}"), "Text")).collect();
    source(&mut facts).namespaces[0].search_attributes = Known::Known(texts);
    assert_eq!(outcome(&facts, "search-attribute-count"), Outcome::Fail);
    target(&mut facts).kind = ClusterKind::SelfHosted;
    assert_eq!(outcome(&facts, "search-attribute-count"), Outcome::NotApplicable);
}

#[test]
fn a_missing_schedule_comes_with_the_command_that_creates_it() {
    let mut facts = healthy();
    let mut lost = schedule("nightly's", false);
    lost.spec.intervals = vec!["21600+3600".into()];
    lost.action.inputs = 1;
    lost.action.input_hash = "aa".into();
    lost.action.retry_policy = Some("3 attempts".into());
    source(&mut facts).namespaces[0].schedules = Known::Known(vec![lost]);
    let checks = checks(&facts);
    let check = checks.iter().find(|c| c.rule == "schedule-missing-on-target").unwrap();
    assert_eq!(check.findings.len(), 1);
    let steps = &check.findings[0].remedy;
    let command = steps.iter().filter_map(|s| s.command.as_deref()).find(|c| c.contains("schedule create")).unwrap();
    assert_eq!(
        command,
        r#"temporal schedule create --profile cloud --namespace payments-prod.a1b2c --schedule-id 'nightly'\''s' --type NightlySettlement --task-queue settlement --workflow-id 'nightly'\''s' --calendar '{"hour":"2"}' --interval 21600s/3600s --overlap-policy Skip --catchup-window 31536000s --task-timeout 0s --input '<argument 1 as JSON>' --paused"#
    );
    assert!(steps.iter().any(|s| s.text.contains("no flag for the retry policy")));
    assert!(steps.iter().any(|s| s.text.contains("Fill in 1 argument")));
}

#[test]
fn a_namespace_the_target_does_not_have_is_a_finding_and_a_hidden_one_is_not() {
    let mut facts = healthy();
    target(&mut facts).namespaces[0].exists = None;
    target(&mut facts).namespaces[0].config = Known::unknown("DescribeNamespace answered NotFound");
    assert_eq!(outcome(&facts, "namespace-missing-on-target"), Outcome::Unknown, "words are no evidence");
    target(&mut facts).namespaces[0].exists = Some(false);
    assert_eq!(outcome(&facts, "namespace-missing-on-target"), Outcome::Fail);
    target(&mut facts).namespaces[0].exists = None;
    // The list of namespaces tells too, unless it leaves out what was described.
    target(&mut facts).namespace_names = Known::Known(vec![]);
    assert_eq!(outcome(&facts, "namespace-missing-on-target"), Outcome::Fail);
    let mut facts = healthy();
    target(&mut facts).namespace_names = Known::Known(vec![]);
    assert_eq!(outcome(&facts, "namespace-missing-on-target"), Outcome::Pass);
    for (state, expected) in [("Registered", Outcome::Pass), ("Deprecated", Outcome::Fail), ("Deleted", Outcome::Fail)]
    {
        let Known::Known(config) = &mut target(&mut facts).namespaces[0].config else { panic!("known") };
        config.state = state.into();
        assert_eq!(outcome(&facts, "namespace-missing-on-target"), expected, "{state}");
    }
}

#[test]
fn development_attributes_are_demanded_only_when_code_uses_them() {
    let mut facts = healthy();
    source(&mut facts).namespaces[0].search_attributes =
        Known::Known(vec![attribute("MerchantId", "Keyword"), attribute("CustomIntField", "Int")]);
    assert_eq!(outcome(&facts, "search-attribute-missing"), Outcome::Pass);
    scanned(&mut facts).search_attributes[0].name = "CustomIntField".into();
    assert_eq!(outcome(&facts, "search-attribute-missing"), Outcome::Fail);
    facts.code = Known::unknown("no scan");
    assert_eq!(outcome(&facts, "search-attribute-missing"), Outcome::Fail);
}

#[test]
fn workers_are_asked_for_where_work_is() {
    let mut facts = healthy();
    target(&mut facts).namespaces[0].task_queues =
        Known::Known(vec![queue("payments", 0, false), queue("settlement", 0, true)]);
    assert_eq!(outcome(&facts, "worker-missing-on-target"), Outcome::Fail);
    assert_eq!(outcome(&facts, "schedule-queue-without-pollers"), Outcome::Pass);
    target(&mut facts).namespaces[0].task_queues = Known::Known(vec![queue("payments", 0, true)]);
    assert_eq!(outcome(&facts, "schedule-queue-without-pollers"), Outcome::Unknown, "the target was not asked");
}

#[test]
fn a_window_that_is_over_is_reported() {
    let mut facts = healthy();
    facts.at = time("2027-01-05T00:00:00Z");
    assert_eq!(list(&facts, "plan.window_problems")[0]["problem"], "the dual-run window ended on 2026-12-28");
}

#[test]
fn each_queue_is_reported_once_and_in_a_sentence_that_is_true() {
    let queues = |open: u64, on_source: bool, scheduled: bool| {
        let mut facts = healthy();
        source(&mut facts).namespaces[0].schedules =
            Known::Known(if scheduled { vec![schedule("nightly", true)] } else { vec![] });
        target(&mut facts).namespaces[0].schedules = source(&mut facts).namespaces[0].schedules.clone();
        source(&mut facts).namespaces[0].task_queues = Known::Known(vec![queue("settlement", open, on_source)]);
        target(&mut facts).namespaces[0].task_queues = Known::Known(vec![queue("settlement", 0, false)]);
        let rules = ["schedule-queue-without-pollers", "worker-missing-on-source", "worker-missing-on-target"];
        let all: Vec<Check> = checks(&facts).into_iter().filter(|c| rules.contains(&c.rule.as_str())).collect();
        all.iter().flat_map(|c| &c.findings).map(|f| f.message.clone()).collect::<Vec<_>>()
    };
    let nobody = "no worker polls task queue `settlement` in payments-prod";
    for (open, on_source, scheduled, said) in [
        (0, false, false, vec![]),
        (0, true, false, vec![format!("{nobody}.a1b2c: workers on the source poll it")]),
        (0, true, true, vec![format!("{nobody}.a1b2c, on which 1 schedule of payments-prod starts workflows")]),
        (
            1,
            false,
            true,
            vec![
                format!("{nobody}: 1 open execution cannot drain"),
                format!(
                    "{nobody}.a1b2c: 1 open execution on the source uses it, and 1 schedule starts workflows on it"
                ),
            ],
        ),
        (2, true, false, vec![format!("{nobody}.a1b2c: 2 open executions on the source use it")]),
    ] {
        assert_eq!(queues(open, on_source, scheduled), said);
    }
}

#[test]
fn activities_need_workers_too() {
    let mut facts = healthy();
    let Known::Known(queues) = &mut target(&mut facts).namespaces[0].task_queues else { panic!("known") };
    queues[0].activity_pollers.clear();
    let all = checks(&facts);
    let check = all.iter().find(|c| c.rule == "worker-missing-on-target").unwrap();
    assert_eq!(check.outcome, Outcome::Fail);
    assert!(check.findings[0].message.starts_with("no activity worker polls task queue `payments`"));
    // A queue that only activities use.
    let mut facts = healthy();
    let mut files = queue("files", 0, true);
    files.workflow_pollers.clear();
    source(&mut facts).namespaces[0].task_queues = Known::Known(vec![files]);
    target(&mut facts).namespaces[0].task_queues = Known::Known(vec![queue("settlement", 0, true)]);
    assert_eq!(outcome(&facts, "worker-missing-on-target"), Outcome::Unknown, "the target was not asked");
    target(&mut facts).namespaces[0].task_queues =
        Known::Known(vec![queue("files", 0, false), queue("settlement", 0, true)]);
    assert_eq!(outcome(&facts, "worker-missing-on-target"), Outcome::Fail);
}

#[test]
fn a_schedule_that_can_no_longer_act_does_not_act_twice() {
    let both = |spoil: fn(&mut temporal_preflight::facts::cluster::Schedule)| {
        let mut facts = healthy();
        let mut one = schedule("nightly-settlement", false);
        target(&mut facts).namespaces[0].schedules = Known::Known(vec![one.clone()]);
        spoil(&mut one);
        source(&mut facts).namespaces[0].schedules = Known::Known(vec![one]);
        (outcome(&facts, "schedule-active-on-both"), outcome(&facts, "schedules-left-active"))
    };
    assert_eq!(both(|_| ()), (Outcome::Fail, Outcome::Fail));
    assert_eq!(both(|s| s.paused = true), (Outcome::Pass, Outcome::Pass));
    assert_eq!(both(|s| s.remaining_actions = Some(0)), (Outcome::Pass, Outcome::Pass));
    assert_eq!(both(|s| s.remaining_actions = Some(1)), (Outcome::Fail, Outcome::Fail));
    assert_eq!(both(|s| s.spec.end = Some(time("2026-11-20T00:00:00Z"))), (Outcome::Pass, Outcome::Pass));
    assert_eq!(both(|s| s.spec.end = Some(time("2026-11-22T00:00:00Z"))), (Outcome::Fail, Outcome::Fail));
}

#[test]
fn a_namespace_that_is_missing_does_not_make_the_cluster_unreachable() {
    let mut facts = healthy();
    let refused = temporal_preflight::facts::cluster::LadderStep {
        step: "auth".into(),
        ok: false,
        detail: "namespace payments-prod.a1b2c does not exist".into(),
        remedy: None,
        ms: 2,
    };
    target(&mut facts).connection.push(refused);
    target(&mut facts).namespaces[0].exists = Some(false);
    assert_eq!(outcome(&facts, "target-reachable"), Outcome::Pass);
    assert_eq!(outcome(&facts, "namespace-missing-on-target"), Outcome::Fail);
    target(&mut facts).namespaces[0].exists = None;
    assert_eq!(outcome(&facts, "target-reachable"), Outcome::Fail);
}
