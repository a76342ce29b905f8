//! What is not known never helps anybody to a pass.

use super::*;

fn open_at(facts: &Facts, gate: Gate) -> Vec<String> {
    let open = |c: &&Check| c.gates.contains(&gate) && !matches!(c.outcome, Outcome::Pass | Outcome::NotApplicable);
    checks(facts).iter().filter(open).map(|c| format!("{}: {:?} {:?}", c.rule, c.outcome, c.why)).collect()
}

#[test]
fn a_pull_request_is_judged_from_code_alone() {
    let mut facts = healthy();
    facts.plan = Default::default();
    facts.source = Known::unknown("not part of a pull request");
    facts.target = Known::unknown("not part of a pull request");
    facts.certificates = Known::unknown("not part of a pull request");
    assert_eq!(open_at(&facts, Gate::Pr), Vec::<String>::new());
}

#[test]
fn a_plan_is_complete_before_there_is_a_target() {
    let mut facts = healthy();
    facts.target = Known::unknown("not provisioned yet");
    let mut open = open_at(&facts, Gate::Plan);
    open.retain(|check| !check.contains("nobody has answered yet"));
    assert_eq!(open, Vec::<String>::new());
    assert!(!open_at(&facts, Gate::Provision).is_empty());
}

/// What can be missing, and a rule that then has no answer.
#[test]
fn a_fact_that_is_taken_away_never_leaves_a_pass() {
    type Spoil = fn(&mut Facts);
    type Part = fn(&mut NamespaceSnapshot);
    let whole: [(&str, Spoil, &[&str]); 9] = [
        (
            "no scan",
            |f| f.code = Known::unknown("no scan"),
            &[
                "starter-outside-factory",
                "signal-without-fallback",
                "workflow-type-not-in-code",
                "client-outside-factory",
                "operator-service-in-code",
                "languages-not-analysed",
            ],
        ),
        (
            "no source",
            |f| f.source = Known::unknown("down"),
            &[
                "source-reachable",
                "namespace-unmapped",
                "window-too-short",
                "source-inventory",
                "open-executions-left",
                "schedules-left-active",
                "search-attribute-missing",
                "same-cluster",
            ],
        ),
        (
            "no target",
            |f| f.target = Known::unknown("down"),
            &[
                "target-reachable",
                "search-attribute-type",
                "schedule-active-on-both",
                "namespace-missing-on-target",
                "worker-missing-on-target",
                "certificate-expires-in-window",
                "api-key-validity",
                "same-cluster",
            ],
        ),
        (
            "no window",
            |f| f.plan.window = None,
            &["window-too-short", "certificate-expires-in-window", "certificate-expires-soon-after"],
        ),
        (
            "no namespace map",
            |f| f.plan.namespaces.clear(),
            &[
                "search-attribute-missing",
                "schedule-active-on-both",
                "window-too-short",
                "source-inventory",
                "open-executions-left",
                "namespace-missing-on-target",
            ],
        ),
        (
            "certificates unreadable",
            |f| f.certificates = Known::unknown("unreadable"),
            &["certificate-expires-in-window", "certificate-key-mismatch", "certificate-not-compliant"],
        ),
        ("no list of namespaces", |f| source(f).namespace_names = Known::unknown("denied"), &["namespace-unmapped"]),
        (
            "no client certificate seen",
            |f| target(f).certificate_files.clear(),
            &["certificate-expires-in-window", "certificate-key-mismatch"],
        ),
        (
            "python not analysed",
            |f| drop(scanned(f).coverage.not_analysed.insert("python".into(), vec!["ops/retry.py".into()])),
            &["starter-outside-factory", "signal-without-fallback", "order-by"],
        ),
    ];
    for (what, spoil, rules) in whole {
        let mut facts = healthy();
        spoil(&mut facts);
        assert_open(&facts, what, rules);
    }
    let source_parts: [(&str, Part, &[&str]); 10] = [
        (
            "search attributes",
            |n| n.search_attributes = Known::unknown("denied"),
            &[
                "search-attribute-missing",
                "search-attribute-count",
                "search-attribute-name",
                "search-attribute-unknown-in-code",
            ],
        ),
        (
            "schedules",
            |n| n.schedules = Known::unknown("denied"),
            &["schedule-missing-on-target", "schedule-active-on-both", "schedules-left-active", "source-inventory"],
        ),
        (
            "workflow types",
            |n| n.workflow_types = Known::unknown("denied"),
            &["window-too-short", "workflow-type-not-in-code", "longest-running-known"],
        ),
        ("oldest open", |n| n.oldest_open = Known::unknown("timed out"), &["window-too-short"]),
        ("longest closed", |n| n.longest_closed = Known::unknown("timed out"), &["window-too-short"]),
        ("open count", |n| n.open = Known::unknown("timed out"), &["open-executions-left"]),
        ("recent starts", |n| n.executions.recent = Known::unknown("old server"), &["still-started-on-source"]),
        ("cron workflows", |n| n.executions.cron = Known::unknown("timed out"), &["cron-workflow-open"]),
        ("samples", |n| n.executions.samples = Known::unknown("denied"), &["execution-near-limit"]),
        (
            "configuration",
            |n| n.config = Known::unknown("denied"),
            &["retention", "archival", "payload-limit-above-cloud"],
        ),
    ];
    for (what, spoil, rules) in source_parts {
        let mut facts = healthy();
        source(&mut facts).namespaces.iter_mut().for_each(spoil);
        assert_open(&facts, &format!("source {what}"), rules);
    }
    let target_parts: [(&str, Part, &[&str]); 4] = [
        (
            "search attributes",
            |n| n.search_attributes = Known::unknown("denied"),
            &["search-attribute-missing", "search-attribute-type"],
        ),
        (
            "schedules",
            |n| n.schedules = Known::unknown("denied"),
            &["schedule-missing-on-target", "schedule-active-on-both", "schedule-differs"],
        ),
        (
            "task queues",
            |n| n.task_queues = Known::unknown("denied"),
            &["worker-missing-on-target", "schedule-queue-without-pollers"],
        ),
        ("configuration", |n| n.config = Known::unknown("denied"), &["namespace-missing-on-target", "retention"]),
    ];
    for (what, spoil, rules) in target_parts {
        let mut facts = healthy();
        target(&mut facts).namespaces.iter_mut().for_each(spoil);
        assert_open(&facts, &format!("target {what}"), rules);
    }
}

fn assert_open(facts: &Facts, what: &str, rules: &[&str]) {
    let checks = checks(facts);
    for rule in rules {
        let check = checks.iter().find(|c| c.rule == *rule).unwrap_or_else(|| panic!("no rule {rule}"));
        assert_eq!(check.outcome, Outcome::Unknown, "{what}: {rule}: {:?}", check.why);
        assert!(check.why.as_deref().is_some_and(|w| !w.is_empty()), "{what}: {rule} says why");
    }
}

/// A tree in which nobody starts, signals or runs workflows is the wrong tree.
#[test]
fn code_without_temporal_is_no_evidence() {
    assert_eq!(outcome(&with_sites(vec![]), "starter-outside-factory"), Outcome::Unknown);
    assert_eq!(outcome(&with_sites(vec![]), "signal-without-fallback"), Outcome::Unknown);
}

#[test]
fn excluded_namespaces_must_be_empty_when_they_were_probed() {
    let mut facts = healthy();
    let mut legacy = facts::namespace("legacy-batch");
    legacy.open = Known::Known(2);
    source(&mut facts).namespaces.push(legacy);
    let in_use = "excluded-namespace-in-use";
    assert_eq!(outcome(&facts, in_use), Outcome::NotApplicable, "not in the plan: namespace-unmapped reports it");
    facts.plan.namespaces.push(temporal_preflight::facts::plan::NamespaceMapping {
        source: "legacy-batch".into(),
        target: None,
        exclude: Some("no workflow since 2024".into()),
        line: 6,
        ..Default::default()
    });
    assert_eq!(outcome(&facts, in_use), Outcome::Fail);
    assert_eq!(outcome(&facts, "open-executions-left"), Outcome::Pass, "the drain is about what moves");
    facts.plan.namespaces.last_mut().unwrap().stays = true;
    assert_eq!(outcome(&facts, in_use), Outcome::NotApplicable, "it stays in use on purpose");
}

/// Every place in the facts at which something is known, as a JSON pointer.
fn known_places(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if map.len() == 1 && map.contains_key("known") {
                all.push(at.clone());
            }
            for (key, inner) in map {
                known_places(inner, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                known_places(inner, format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
}

fn verdicts(facts: &Facts) -> Vec<(Gate, Verdict)> {
    let none = BTreeSet::new();
    let card = judge(checks(facts), JudgeInput::new(facts, Gate::Route, &[], &none));
    let cohorts = card.cohorts.iter().map(|c| (c.result.gate, c.result.verdict));
    card.gates.iter().map(|g| (g.gate, g.verdict)).chain(cohorts).collect()
}

/// Two namespaces that move, one that stays, certificates, words of people: whatever is known of them is taken away,
/// whole or in part. No gate may open, no check that did not pass may pass, and somebody must miss it.
#[test]
fn whatever_is_taken_away_no_verdict_gets_better() {
    let distance = |v: Verdict| match v {
        Verdict::Go => 0,
        Verdict::GoWithConditions => 1,
        Verdict::Undecided => 2,
        Verdict::NoGo => 3,
    };
    let mut healthy = healthy();
    healthy.plan.namespaces.push(mapping("refunds", Some("refunds.a1b2c")));
    healthy.plan.namespaces.push(mapping("legacy", None));
    healthy.plan.cohorts = vec![cohort("payments", &["PaymentSaga"])];
    // At the end of the move, nothing that could be resumed is left.
    source(&mut healthy).namespaces[0].schedules = Known::Known(vec![]);
    let mut refunds = facts::namespace("refunds");
    refunds.workflow_types = Known::Known(vec![]);
    refunds.task_queues = Known::Known(vec![queue("payments", 0, false)]);
    // The workers of the source were stopped.
    source(&mut healthy).namespaces[0].task_queues =
        Known::Known(vec![queue("payments", 0, false), queue("settlement", 0, false)]);
    let legacy = NamespaceSnapshot { name: "legacy".into(), ..refunds.clone() };
    source(&mut healthy).namespace_names =
        Known::Known(vec!["legacy".into(), "payments-prod".into(), "refunds".into()]);
    source(&mut healthy).namespaces.extend([refunds, legacy]);
    target(&mut healthy).namespaces.push(facts::namespace("refunds.a1b2c"));
    source(&mut healthy).metrics = facts::metrics(&["payments-prod", "refunds"]);
    target(&mut healthy).metrics = facts::metrics(&["payments-prod.a1b2c", "refunds.a1b2c"]);
    let asked: BTreeSet<&str> =
        catalogue().rules.iter().filter_map(|r| r.attested.as_ref()).map(|a| a.id.as_str()).collect();
    healthy.attestations = Known::Known(
        asked
            .iter()
            // Words that would stand in for evidence are left out: a gap must show.
            .filter(|id| {
                ![
                    "starters-reviewed",
                    "signals-reviewed",
                    "target-search-attributes",
                    "payload-sizes",
                    "peak-actions",
                    "visibility-rate",
                    "identities-explained",
                    "ids-open-once",
                    "same-worker-code",
                    "replay-tested",
                    "canary",
                    "drained-48-hours",
                    "no-other-work",
                    "no-backlog",
                    "source-workers-stopped",
                    "code-reviewed",
                    "renewal-automated",
                    "target-takes-starts",
                    "target-is-cloud",
                    "excluded-namespaces-idle",
                ]
                .contains(*id)
            })
            .map(|id| temporal_preflight::facts::attestation::Attestation {
                id: (*id).to_owned(),
                holds: true,
                by: "Ann Lee".into(),
                date: "2026-11-20".parse().unwrap(),
                link: Some("OPS-1".into()),
                valid_until: "2027-01-31".parse().unwrap(),
                note: None,
                place: ("attestations.yaml".into(), 1),
            })
            .collect(),
    );
    let before = checks(&healthy);
    let open: Vec<_> = before
        .iter()
        .filter(|c| !matches!(c.outcome, Outcome::Pass | Outcome::NotApplicable) && c.rule != WANTS_THE_END)
        .collect();
    assert!(open.is_empty(), "{open:#?}");
    let go = verdicts(&healthy);
    assert!(go.iter().all(|(_, v)| *v == Verdict::Go), "{go:?}");

    let whole = serde_json::to_value(&healthy).unwrap();
    let mut places = Vec::new();
    known_places(&whole, String::new(), &mut places);
    assert!(places.len() > 40, "{places:?}");
    // Beside what rules ask for: numbers a person reads, ages and counts of the target, all but the work and the
    // schedules of what stays, the endpoint of Temporal Cloud, clocks, what a dashboard shows, and cluster ids of
    // clusters of two kinds.
    let silent = |place: &str| {
        let field = place.rsplit('/').next().unwrap_or_default();
        if place.contains("/executions/") {
            let asked: &[&str] =
                if place.contains("/namespaces/2/") { &["recent"] } else { &["recent", "cron", "samples", "beside"] };
            return place.starts_with("/target/") || !asked.contains(&field);
        }
        let of_source =
            ["workflow_types", "open", "oldest_open", "longest_closed", "skipped", "attribute_use"].contains(&field);
        (place.starts_with("/target/") && (of_source || field == "endpoint_chain"))
            || (place.starts_with("/source/known/namespaces/2/") && !["open", "schedules"].contains(&field))
            || place.starts_with("/target/known/metrics")
            || ["closed", "system", "clock_ahead_seconds", "signals"].contains(&field)
    };
    for place in places {
        for part in [false, true] {
            let mut spoiled = whole.clone();
            let known = spoiled.pointer_mut(&place).unwrap();
            let why = serde_json::json!({"reason": "taken away"});
            *known = match part {
                true => serde_json::json!({"partial": {"value": known["known"], "why": why}}),
                false => serde_json::json!({"unknown": why}),
            };
            let spoiled: Facts = serde_json::from_value(spoiled).unwrap();
            let after = checks(&spoiled);
            let mut lost = 0;
            for (was, is) in before.iter().zip(&after) {
                assert_eq!(was.rule, is.rule);
                assert!(
                    is.outcome != Outcome::Fail || is.rule == WANTS_THE_END,
                    "{place}: {}: nothing is wrong",
                    is.rule
                );
                lost += usize::from(is.outcome == Outcome::Unknown);
            }
            for ((gate, was), (_, is)) in go.iter().zip(verdicts(&spoiled)) {
                assert!(distance(is) >= distance(*was), "{place} part={part}: {gate}: {was:?} → {is:?}");
            }
            assert!(
                lost > 0 || silent(&place) || (part && place == "/attestations"),
                "{place} part={part}: nobody misses it"
            );
        }
    }
}

fn cohort(name: &str, types: &[&str]) -> temporal_preflight::facts::plan::Cohort {
    temporal_preflight::facts::plan::Cohort {
        name: name.into(),
        workflow_types: types.iter().map(|t| (*t).to_owned()).collect(),
        validation: Some("3d".into()),
        rollback: Some("the flag payments-on-cloud, by the engineer on call".into()),
        line: 12,
        ..Default::default()
    }
}

fn mapping(source: &str, target: Option<&str>) -> temporal_preflight::facts::plan::NamespaceMapping {
    temporal_preflight::facts::plan::NamespaceMapping {
        source: source.into(),
        target: target.map(str::to_owned),
        exclude: target.is_none().then(|| "no workflow since 2024".into()),
        line: 6,
        ..Default::default()
    }
}

#[test]
fn a_plan_that_moves_nothing_proves_nothing() {
    let mut facts = healthy();
    facts.plan.namespaces = vec![mapping("payments-prod", None)];
    let rules = [
        "search-attribute-missing",
        "schedule-active-on-both",
        "worker-missing-on-target",
        "window-too-short",
        "namespace-missing-on-target",
        "source-inventory",
        "open-executions-left",
    ];
    assert_open(&facts, "all excluded", &rules);
}

#[test]
fn what_is_excluded_goes_down_with_the_cluster() {
    let mut facts = healthy();
    facts.plan.namespaces.push(mapping("legacy-batch", None));
    source(&mut facts).namespace_names = Known::Known(vec!["legacy-batch".into(), "payments-prod".into()]);
    assert_open(&facts, "not probed", &["excluded-namespace-in-use"]);
    let gone = NamespaceSnapshot {
        exists: Some(false),
        open: Known::unknown("NotFound"),
        schedules: Known::unknown("NotFound"),
        ..facts::namespace("legacy-batch")
    };
    source(&mut facts).namespaces.push(gone);
    assert_eq!(outcome(&facts, "excluded-namespace-in-use"), Outcome::NotApplicable, "what does not exist is empty");
}

#[test]
fn a_version_nobody_saw_is_not_new_enough() {
    let with = |sdks: &[(&str, &str, &str)]| {
        let mut facts = healthy();
        target(&mut facts).credential = Credential::ApiKey;
        scanned(&mut facts).sdks = sdks
            .iter()
            .map(|(language, package, version)| SdkVersion {
                language: (*language).into(),
                package: (*package).into(),
                version: (*version).into(),
                path: "go.mod".into(),
                line: 8,
                resolved: vec![ResolvedVersion { version: (*version).into(), path: "go.mod".into(), line: 8 }],
                ..SdkVersion::default()
            })
            .collect();
        outcome(&facts, "sdk-too-old")
    };
    let go = ("go", "go.temporal.io/sdk", "v1.30.0");
    assert_eq!(with(&[]), Outcome::Unknown);
    assert_eq!(with(&[("go", "go.temporal.io/api", "v1.30.0")]), Outcome::Unknown);
    assert_eq!(with(&[go]), Outcome::Pass);
    assert_eq!(with(&[("go", "go.temporal.io/sdk", "v1.20.0")]), Outcome::Fail);
    // Three languages have a package of this name.
    assert_eq!(with(&[go, ("ruby", "temporalio", "0.3.0")]), Outcome::Pass);
    assert_eq!(with(&[go, ("csharp", "Temporalio", "1.2.0")]), Outcome::Pass);
    assert_eq!(with(&[go, ("python", "temporalio", "1.2.0")]), Outcome::Fail);
}

#[test]
fn what_is_proven_stays_proven_beside_a_gap() {
    let mut facts = healthy();
    let missing = &mut source(&mut facts).namespaces[0];
    missing.exists = Some(false);
    missing.schedules = Known::unknown("NotFound");
    missing.workflow_types = Known::unknown("NotFound");
    let all = checks(&facts);
    let check = all.iter().find(|c| c.rule == "source-inventory").unwrap();
    assert_eq!((check.outcome, check.complete), (Outcome::Fail, false));
    assert!(check.why.as_deref().is_some_and(|w| w.contains("the source has no namespace payments-prod")));
}

#[test]
fn a_type_whose_executions_were_not_seen_does_not_fit_the_window() {
    let mut facts = healthy();
    let Known::Known(types) = &mut source(&mut facts).namespaces[0].workflow_types else { panic!("known") };
    types[0].oldest_open = None;
    assert_eq!(outcome(&facts, "window-too-short"), Outcome::Unknown);
}

#[test]
fn code_without_starters_is_not_all_of_the_code() {
    let worker = Site { client: origin(OriginStatus::Resolved, &[true]), ..site(Kind::Worker, "worker/main.go", 9) };
    let mut facts = with_sites(vec![worker]);
    assert_eq!(outcome(&facts, "starters-scanned"), Outcome::Fail);
    let mut unread = facts.clone();
    scanned(&mut unread).coverage.not_analysed.insert("python".into(), vec!["ops/retry.py".into()]);
    assert_eq!(outcome(&unread, "starters-scanned"), Outcome::Unknown);
    // Schedules start the only type there is.
    let mut nightly = schedule("nightly", true);
    nightly.action.workflow_type = "PaymentSaga".into();
    source(&mut facts).namespaces[0].schedules = Known::Known(vec![nightly]);
    assert_eq!(outcome(&facts, "starters-scanned"), Outcome::Pass);
    facts.source = Known::unknown("down");
    assert_eq!(outcome(&facts, "starters-scanned"), Outcome::Unknown);
    assert_eq!(outcome(&healthy(), "starters-scanned"), Outcome::Pass);
}

#[test]
fn an_old_snapshot_is_a_condition() {
    for (taken, expected) in [
        ("2026-11-21T08:00:00Z", Outcome::Pass),
        ("2026-11-14T09:00:00Z", Outcome::Pass),
        ("2026-11-14T08:59:59Z", Outcome::Fail),
        ("2026-12-01T00:00:00Z", Outcome::Pass),
    ] {
        let mut facts = healthy();
        source(&mut facts).taken_at = time(taken);
        assert_eq!(outcome(&facts, "snapshot-old"), expected, "{taken}");
    }
}
