//! What the control plane tells of the account, how far away and how long names are: each spoiled on its own.

use temporal_preflight::facts::cluster::cloud::{CloudNamespace, CloudNexusEndpoint, CloudOps};
use temporal_preflight::facts::code::FeatureUse;

use super::*;

const NAMESPACE: &str = "payments-prod.a1b2c";

/// The healthy migration, with an account changed.
fn with(change: impl FnOnce(&mut CloudOps)) -> Facts {
    let mut facts = healthy();
    let Known::Known(mut cloud) = facts::account(&[NAMESPACE.into()]) else { panic!("known") };
    change(&mut cloud);
    target(&mut facts).cloud = Known::Known(cloud);
    facts
}

fn settings(cloud: &mut CloudOps) -> &mut temporal_preflight::facts::cluster::cloud::CloudNamespaceSettings {
    match &mut cloud.namespaces[0] {
        CloudNamespace { settings: Known::Known(settings), .. } => settings,
        other => panic!("{other:?}"),
    }
}

fn feature(feature: &str, what: &str, name: Option<&str>) -> FeatureUse {
    FeatureUse {
        feature: feature.into(),
        what: what.into(),
        name: name.map(str::to_owned),
        path: "workflows/pay.go".into(),
        line: 31,
        scope: Scope::Main,
    }
}

fn message(facts: &Facts, rule: &str) -> String {
    let checks = checks(facts);
    let check = checks.iter().find(|c| c.rule == rule).expect("the rule");
    assert_eq!(check.outcome, Outcome::Fail, "{rule}: {:?}", check.why);
    check.findings[0].message.clone()
}

#[test]
fn a_namespace_anybody_can_delete_is_told() {
    assert_eq!(outcome(&with(|_| ()), "delete-protection"), Outcome::Pass);
    let said = message(&with(|cloud| settings(cloud).delete_protection = false), "delete-protection");
    assert_eq!(said, "payments-prod.a1b2c can be deleted by one call of anybody with the permission");
    assert_eq!(outcome(&healthy(), "delete-protection"), Outcome::Unknown, "the Cloud Ops API was not asked");
    let gone = with(|cloud| cloud.namespaces[0].exists = Some(false));
    assert_eq!(outcome(&gone, "delete-protection"), Outcome::Pass, "what is missing is told by another rule");
    let other = with(|cloud| cloud.namespaces[0].name = "other.a1b2c".into());
    assert_eq!(outcome(&other, "delete-protection"), Outcome::Unknown);
}

#[test]
fn namespaces_that_are_missing_need_room_and_those_that_are_there_have_it() {
    let names = |n: usize| (0..n).map(|i| format!("ns-{i}.a1b2c")).collect::<Vec<_>>();
    let quota = |there: Vec<String>| outcome(&with(|c| c.namespace_names = Known::Known(there)), "namespace-quota");
    assert_eq!(quota(names(9)), Outcome::Pass, "the tenth fits");
    assert_eq!(quota(names(10)), Outcome::Fail);
    assert_eq!(quota([names(40), vec![NAMESPACE.into()]].concat()), Outcome::Pass, "nothing is missing");
    let said = message(&with(|c| c.namespace_names = Known::Known(names(10))), "namespace-quota");
    assert_eq!(
        said,
        "the account has 10 namespaces, and the plan needs 1 more (`payments-prod.a1b2c`); an account begins with room for 10"
    );
}

#[test]
fn a_key_of_the_workers_that_opens_the_whole_account_is_told() {
    let role = |role: Option<&str>, permission: &str| {
        with(|cloud| {
            let Known::Known(accounts) = &mut cloud.service_accounts else { panic!("known") };
            accounts[0].account_role = role.map(str::to_owned);
            let Known::Known(assigned) = &mut cloud.namespaces[0].service_accounts else { panic!("known") };
            assigned[0].permission = permission.to_owned();
        })
    };
    let rule = "service-account-permissions";
    assert_eq!(outcome(&role(None, "write"), rule), Outcome::Pass);
    assert_eq!(outcome(&role(Some("read"), "write"), rule), Outcome::Pass);
    assert_eq!(
        message(&role(Some("admin"), "write"), rule),
        "payments-prod.a1b2c: workers has the account role `admin`, which reaches far beyond the namespace"
    );
    assert!(message(&role(None, "admin"), rule).contains("workers may administer it"));
    let mut keys_only = role(None, "read");
    assert_eq!(outcome(&keys_only, rule), Outcome::NotApplicable, "client certificates are taken, too");
    let Known::Known(cloud) = &mut target(&mut keys_only).cloud else { panic!("known") };
    settings(cloud).mtls = false;
    assert!(message(&keys_only, rule).contains("no service account may write to it"));
    let unread = with(|cloud| cloud.service_accounts = Known::unknown("PermissionDenied"));
    assert_eq!(outcome(&unread, rule), Outcome::Unknown);
}

#[test]
fn whoever_encodes_payloads_wants_to_read_them_in_a_browser() {
    let codec = |server: Option<&str>, encoded: bool| {
        let mut facts = with(|cloud| settings(cloud).codec_server = server.map(str::to_owned));
        if encoded {
            scanned(&mut facts).features.push(feature("data-converter", "payload codec", None));
        }
        facts
    };
    assert_eq!(outcome(&codec(None, false), "codec-server"), Outcome::NotApplicable);
    assert_eq!(outcome(&codec(Some("https://codec.example"), true), "codec-server"), Outcome::Pass);
    assert!(message(&codec(None, true), "codec-server").contains("(the code encodes payloads at workflows/pay.go:31)"));
    assert!(message(&codec(Some("http://codec.example"), true), "codec-server").contains("it is not HTTPS"));
    // What is decided about plain text concerns those who send it.
    assert_eq!(outcome(&codec(None, true), "encryption-decided"), Outcome::NotApplicable);
    assert_eq!(outcome(&codec(None, false), "encryption-decided"), Outcome::Unknown);
}

#[test]
fn a_nexus_endpoint_the_code_calls_must_exist_and_admit_the_caller() {
    let endpoint = |callers: &[&str]| CloudNexusEndpoint {
        name: "billing".into(),
        namespace: "billing.a1b2c".into(),
        task_queue: "billing".into(),
        callers: callers.iter().map(|c| (*c).to_owned()).collect(),
    };
    let calls = |name: Option<&str>, there: Vec<CloudNexusEndpoint>| {
        let mut facts = with(|cloud| cloud.nexus_endpoints = Known::Known(there));
        scanned(&mut facts).features.push(feature("nexus", "endpoint", name));
        facts
    };
    let rule = "nexus-endpoint-missing";
    assert_eq!(outcome(&calls(Some("billing"), vec![endpoint(&[NAMESPACE])]), rule), Outcome::Pass);
    assert!(message(&calls(Some("billing"), vec![]), rule).contains("called at workflows/pay.go:31, does not exist"));
    assert!(message(&calls(Some("billing"), vec![endpoint(&["x.a1b2c"])]), rule).contains("admits none"));
    assert_eq!(outcome(&calls(None, vec![]), rule), Outcome::Unknown, "a name made at run time");
    let mut unasked = healthy();
    assert_eq!(outcome(&unasked, rule), Outcome::NotApplicable, "nothing is called");
    scanned(&mut unasked).features.push(feature("nexus", "endpoint", Some("billing")));
    assert_eq!(outcome(&unasked, rule), Outcome::Unknown);
}

#[test]
fn a_target_far_away_and_a_clock_apart_are_told() {
    let trip = |source_ms: u64, target_ms: u64| {
        let mut facts = healthy();
        source(&mut facts).connection[0].ms = source_ms;
        target(&mut facts).connection[0].ms = target_ms;
        facts
    };
    assert_eq!(outcome(&trip(2, 100), "round-trip-time"), Outcome::Pass);
    assert_eq!(outcome(&trip(200, 180), "round-trip-time"), Outcome::Pass, "nearer than before");
    assert!(message(&trip(2, 180), "round-trip-time").contains("to the target takes 180 ms, one to the source 2 ms"));
    let mut blind = healthy();
    target(&mut blind).connection.clear();
    assert_eq!(outcome(&blind, "round-trip-time"), Outcome::Unknown);
    for (ahead, expected) in [(60, Outcome::Pass), (-60, Outcome::Pass), (61, Outcome::Fail), (-90, Outcome::Fail)] {
        let mut facts = healthy();
        source(&mut facts).clock_ahead_seconds = Known::Known(ahead);
        assert_eq!(outcome(&facts, "clock-skew"), expected, "{ahead}");
    }
    let mut facts = healthy();
    source(&mut facts).clock_ahead_seconds = Known::Known(-90);
    assert_eq!(message(&facts, "clock-skew"), "the clock of the source is 90 seconds behind that of laptop-7");
}

#[test]
fn names_and_values_that_are_too_long_are_told() {
    let mut facts = healthy();
    let Known::Known(queues) = &mut source(&mut facts).namespaces[0].task_queues else { panic!("known") };
    // 1,000 bytes are 500 letters like this one.
    queues[0].name = "ä".repeat(501);
    assert!(message(&facts, "name-too-long").contains("has 1002 bytes, and Temporal Cloud takes 1000"));
    for (value_type, bytes, expected) in [
        ("Text", 2048, Outcome::Pass),
        ("Text", 2049, Outcome::Fail),
        ("Keyword", 257, Outcome::Pass),
        ("Keyword", 258, Outcome::Unknown),
    ] {
        let mut facts = healthy();
        let namespace = &mut source(&mut facts).namespaces[0];
        namespace.search_attributes = Known::Known(vec![attribute("Trace", value_type)]);
        namespace.attribute_use = Known::Known(vec![temporal_preflight::facts::cluster::AttributeUse {
            name: "Trace".into(),
            executions: 5,
            sampled: 5,
            largest_bytes: bytes,
            ..Default::default()
        }]);
        assert_eq!(outcome(&facts, "search-attribute-value-size"), expected, "{value_type} {bytes}");
    }
    for (name, is) in [
        ("OrderId", true),
        ("order_id", true),
        ("TraceUUID", true),
        ("merchant-key", true),
        ("ORDERID", false),
        ("Valid", false),
        ("Keyboard", false),
        ("Comment", false),
    ] {
        let mut facts = healthy();
        source(&mut facts).namespaces[0].search_attributes = Known::Known(vec![attribute(name, "Text")]);
        let expected = if is { Outcome::Fail } else { Outcome::Pass };
        assert_eq!(outcome(&facts, "text-as-identifier"), expected, "{name}");
    }
}

#[test]
fn limits_nobody_has_looked_at_for_half_a_year_are_told() {
    let mut facts = healthy();
    assert_eq!(outcome(&facts, "limits-old"), Outcome::Pass);
    facts.at = time("2027-05-20T00:00:00Z");
    assert_eq!(outcome(&facts, "limits-old"), Outcome::Pass, "180 days");
    facts.at = time("2027-05-21T00:00:00Z");
    assert_eq!(
        message(&facts, "limits-old"),
        "the limits in rules/cloud/limits.yaml were checked on 2026-11-21, 181 days ago"
    );
}

#[test]
fn routing_begins_with_the_first_cohort_or_the_window() {
    let begins = |change: &dyn Fn(&mut Facts)| {
        let mut facts = healthy();
        change(&mut facts);
        build(&facts).get("plan.routing_begins").value().map(|day| day.as_str().unwrap().to_owned())
    };
    assert_eq!(begins(&|_| ()).as_deref(), Some("2026-12-01"));
    assert_eq!(begins(&|f| f.plan.window = None).as_deref(), Some("2026-11-21"));
    assert_eq!(begins(&|f| f.at = time("2026-12-10T00:00:00Z")).as_deref(), Some("2026-12-10"));
    let cohort = |day: &str| temporal_preflight::facts::plan::Cohort {
        name: day.into(),
        routed: Some(time(&format!("{day}T08:00:00Z"))),
        ..Default::default()
    };
    let routed = begins(&|f| f.plan.cohorts = vec![cohort("2026-12-09"), cohort("2026-12-05")]);
    assert_eq!(routed.as_deref(), Some("2026-12-05"));
}
