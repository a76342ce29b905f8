//! What both clusters told, as rules see it.

use temporal_preflight::facts::cluster::{AttributeUse, MatchingTimes, NamespaceConfig};

use super::facts::NOW;
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
    // An address that is none of Temporal Cloud's names excuses nothing; the plan does.
    target(&mut facts).kind = ClusterKind::SelfHosted;
    assert_eq!(outcome(&facts, "search-attribute-count"), Outcome::Fail);
    assert_eq!(outcome(&facts, "target-kind"), Outcome::Unknown);
    facts.plan.target_kind = TargetKind::Rehearsal;
    assert_eq!(outcome(&facts, "search-attribute-count"), Outcome::NotApplicable);
    assert_eq!(outcome(&facts, "target-kind"), Outcome::Pass);
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

/// Which attributes the target lacks, as the rule says.
fn missing_attributes(facts: &Facts) -> Vec<String> {
    let found = list(facts, "diff.search_attributes");
    let missing = found.iter().filter(|c| c["change"] == "missing");
    missing.filter_map(|c| c["name"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_search_attribute_that_nothing_uses_is_not_demanded_of_the_target() {
    let mut facts = healthy();
    let of = |facts: &mut Facts, executions: u64| {
        let namespace = &mut source(facts).namespaces[0];
        namespace.search_attributes =
            Known::Known(vec![attribute("MerchantId", "Keyword"), attribute("Of another\u{7f}team", "Text")]);
        let used = |name: &str, executions| AttributeUse { name: name.into(), executions, ..Default::default() };
        namespace.attribute_use = Known::Known(vec![used("MerchantId", 4), used("Of another\u{7f}team", executions)]);
    };
    of(&mut facts, 0);
    assert_eq!(missing_attributes(&facts), Vec::<String>::new());
    assert_eq!(outcome(&facts, "search-attribute-name"), Outcome::Pass, "nor is its name in the way");
    assert_eq!(list(&facts, "source.search_attributes_unused").len(), 1);

    let demanded = vec!["Of another\u{7f}team".to_owned()];
    let mut used = facts.clone();
    of(&mut used, 1);
    assert_eq!(missing_attributes(&used), demanded, "an execution uses it");
    assert_eq!(outcome(&used, "search-attribute-name"), Outcome::Fail);

    let mut uncounted = facts.clone();
    source(&mut uncounted).namespaces[0].attribute_use = Known::unknown("PermissionDenied");
    assert_eq!(missing_attributes(&uncounted), demanded, "nobody knows");

    let mut scheduled = facts.clone();
    let mut nightly = schedule("nightly-settlement", true);
    nightly.action.search_attributes.insert(demanded[0].clone(), "00ff".into());
    source(&mut scheduled).namespaces[0].schedules = Known::Known(vec![nightly]);
    assert_eq!(missing_attributes(&scheduled), demanded, "a schedule will use it");

    let mut unread = facts.clone();
    unread.code = Known::unknown("no scan");
    let found = missing_attributes(&unread);
    assert_eq!(found, demanded, "code nobody has read may use it");

    if let Known::Known(code) = &mut facts.code {
        code.search_attributes[0].name = String::new();
    }
    assert_eq!(missing_attributes(&facts), demanded, "the code makes names up");
}

#[test]
fn a_pause_of_the_move_loses_times_and_a_long_rest_does_not() {
    let paused_since = |first: &str| {
        let mut facts = healthy();
        let mut rested = schedule("nightly-settlement", true);
        let times: Vec<_> = [first].map(time).to_vec();
        rested.skipped = Known::Known(MatchingTimes::new(time("2026-01-01T00:00:00Z"), time(NOW), &times));
        source(&mut facts).namespaces[0].schedules = Known::Known(vec![rested]);
        facts
    };
    assert_eq!(outcome(&paused_since("2026-11-20T02:00:00Z"), "schedule-gap"), Outcome::Fail);
    let lost = list(&paused_since("2026-11-20T02:00:00Z"), "diff.schedule_gaps");
    assert_eq!(lost[0]["backfill_from"], "2026-11-20T01:59:59Z");
    assert_eq!(outcome(&paused_since("2026-03-01T02:00:00Z"), "schedule-gap"), Outcome::Pass);
}

#[test]
fn a_worker_that_has_gone_silent_is_no_worker() {
    let mut facts = healthy();
    let polled = |facts: &mut Facts, last: &str| {
        let mut queues = vec![queue("payments", 0, true), queue("settlement", 0, true)];
        queues[0].workflow_pollers[0].last_access = Some(time(last));
        target(facts).namespaces[0].task_queues = Known::Known(queues);
    };
    polled(&mut facts, "2026-11-21T08:59:00Z");
    assert_eq!(outcome(&facts, "worker-missing-on-target"), Outcome::Pass);
    polled(&mut facts, "2026-11-21T08:56:00Z");
    assert_eq!(outcome(&facts, "worker-missing-on-target"), Outcome::Fail);
    // A clock that goes four minutes slow makes every poll look old.
    target(&mut facts).clock_ahead_seconds = Known::Known(-240);
    assert_eq!(outcome(&facts, "worker-missing-on-target"), Outcome::Pass);
    target(&mut facts).clock_ahead_seconds = Known::Known(0);
    let found = list(&facts, "diff.task_queues");
    let work = found[0]["work"].as_str().unwrap();
    assert!(work.ends_with("; the last poll was that of 1@payments-worker-7@ at 2026-11-21 08:56 UTC"), "{work}");
}

#[test]
fn what_the_target_says_of_its_limits_comes_before_the_documentation() {
    let mut facts = healthy();
    let limit = |known: &mut Known<NamespaceConfig>, payloads, memos| {
        let Known::Known(config) = known else { panic!("known") };
        (config.blob_size_limit_error, config.memo_size_limit_error) = (Some(payloads), Some(memos));
    };
    limit(&mut source(&mut facts).namespaces[0].config, 4 << 20, 2 << 20);
    limit(&mut target(&mut facts).namespaces[0].config, 4 << 20, 1 << 20);
    let found = list(&facts, "source.size_limits");
    let told: Vec<_> = found.iter().map(|f| (f["what"].as_str().unwrap(), f["limit"].as_str().unwrap())).collect();
    assert_eq!(told, [("memos", "1.0 MiB")]);
}

#[test]
fn an_automated_migration_needs_an_eligible_source_and_an_untouched_target() {
    let mut facts = healthy();
    assert_eq!(outcome(&facts, "automated-eligible"), Outcome::NotApplicable);
    facts.plan.strategy = temporal_preflight::facts::plan::Strategy::Automated;
    let Known::Known(system) = &mut source(&mut facts).system else { panic!("known") };
    let cluster = system.cluster.as_mut().expect("told");
    (cluster.history_shards, cluster.name) = (500, "larkspur".into());
    (cluster.initial_failover_version, cluster.failover_version_increment) = (1, 10);
    assert_eq!(outcome(&facts, "automated-eligible"), Outcome::Fail);
    let Known::Known(system) = &mut source(&mut facts).system else { panic!("known") };
    system.cluster.as_mut().expect("told").history_shards = 512;
    assert_eq!(outcome(&facts, "automated-eligible"), Outcome::Pass);
    // Executions of the kinds of the source may be replicas, and those of other kinds cannot.
    assert_eq!(outcome(&facts, "automated-target-used"), Outcome::Unknown);
    let mut tried = facts.clone();
    let Known::Known(types) = &mut target(&mut tried).namespaces[0].workflow_types else { panic!("known") };
    types[0].name = "HelloWorkflow".into();
    assert_eq!(outcome(&tried, "automated-target-used"), Outcome::Fail);
    let untouched = &mut target(&mut facts).namespaces[0];
    (untouched.open, untouched.closed, untouched.schedules) = (Known::Known(0), Known::Known(0), Known::Known(vec![]));
    assert_eq!(outcome(&facts, "automated-target-used"), Outcome::Pass);
}
