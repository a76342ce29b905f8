//! Facts as rules see them. The first law: a fact that is taken away makes an answer unknown, never a pass.

mod facts;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use facts::{attribute, client_certificate, code, execution, healthy, origin, queue, schedule, site, time};
use serde_json::Value;
use temporal_preflight::facts::cluster::{ClusterKind, ClusterSnapshot, Credential, NamespaceSnapshot};
use temporal_preflight::facts::code::*;
use temporal_preflight::facts::{Facts, Known};
use temporal_preflight::judge::scorecard::{Check, Gate, Outcome, Severity, Verdict};
use temporal_preflight::judge::{JudgeInput, judge};
use temporal_preflight::rules::view::{build, fact_paths};
use temporal_preflight::rules::{Catalogue, Context, Rule, evaluate, load};

fn list(facts: &Facts, path: &str) -> Vec<Value> {
    let view = build(facts);
    let known = view.get(path);
    let value = known.value().unwrap_or_else(|| panic!("{path} is unknown: {:?}", known.why()));
    value.as_array().unwrap_or_else(|| panic!("{path} is no list")).clone()
}

/// The rules of the binary, loaded once.
fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        let (catalogue, problems) = load::embedded();
        assert!(problems.is_empty(), "{problems:?}");
        catalogue
    });
    &CATALOGUE
}

fn checks(facts: &Facts) -> Vec<Check> {
    let context = Context {
        at: facts.at,
        strategy: facts.plan.strategy,
        attestations: &facts.attestations,
        attestations_path: "attestations.yaml",
    };
    evaluate(catalogue(), &build(facts), &context)
}

fn outcome(facts: &Facts, rule: &str) -> Outcome {
    let all = checks(facts);
    all.iter().find(|c| c.rule == rule).unwrap_or_else(|| panic!("no rule {rule}")).outcome
}

fn source(facts: &mut Facts) -> &mut ClusterSnapshot {
    match &mut facts.source {
        Known::Known(cluster) => cluster,
        other => panic!("{other:?}"),
    }
}

fn target(facts: &mut Facts) -> &mut ClusterSnapshot {
    match &mut facts.target {
        Known::Known(cluster) => cluster,
        other => panic!("{other:?}"),
    }
}

fn scanned(facts: &mut Facts) -> &mut CodeFacts {
    match &mut facts.code {
        Known::Known(code) => code,
        other => panic!("{other:?}"),
    }
}

fn with_sites(sites: Vec<Site>) -> Facts {
    Facts { code: Known::Known(code(sites)), ..healthy() }
}

#[test]
fn every_path_is_documented_and_every_documented_path_exists() {
    let view = build(&healthy());
    let present: BTreeSet<&str> = view.paths().collect();
    let documented: BTreeSet<&str> = fact_paths().map(|p| p.path).collect();
    assert_eq!(present, documented);
    assert_eq!(fact_paths().count(), documented.len(), "a path is documented twice");
    let catalogue = catalogue();
    let needed: BTreeSet<&str> = catalogue.rules.iter().flat_map(|r| r.needs.iter().map(String::as_str)).collect();
    let unknown: Vec<_> = needed.difference(&documented).collect();
    assert!(unknown.is_empty(), "rules need facts nobody computes: {unknown:?}");
}

#[test]
fn a_healthy_migration_passes_wherever_facts_decide() {
    let open: Vec<String> = checks(&healthy())
        .iter()
        .filter(|c| !matches!(c.outcome, Outcome::Pass | Outcome::NotApplicable))
        .filter(|c| !c.why.as_deref().unwrap_or_default().starts_with("nobody has answered yet"))
        .map(|c| format!("{}: {:?} {:?} {:?}", c.rule, c.outcome, c.why, c.findings))
        .collect();
    assert!(open.is_empty(), "\n{}", open.join("\n"));
}

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
    assert_eq!(open_at(&facts, Gate::Plan), Vec::<String>::new());
    assert!(!open_at(&facts, Gate::Provision).is_empty());
}

#[test]
fn every_checklist_item_and_failure_mode_has_a_blocker_and_every_gate_has_rules() {
    let catalogue = catalogue();
    let blockers = || catalogue.rules.iter().filter(|r| r.severity == Severity::Blocker);
    for item in 1..=10 {
        assert!(blockers().any(|r| r.item == Some(item)), "item {item}");
    }
    for mode in ["forgotten-starter", "certificate-expiry", "search-attribute-type-mismatch", "orphaned-signal"] {
        assert!(blockers().any(|r| r.failure_mode.as_deref() == Some(mode)), "{mode}");
    }
    for gate in Gate::ALL {
        assert!(blockers().any(|r| r.gates.contains(&gate)), "{gate}");
    }
}

/// A hazard no rule asks for would be found and never reported.
#[test]
fn every_hazard_of_the_sdk_catalogues_is_judged_by_a_rule() {
    let file = |rule: &Rule| std::fs::read_to_string(format!("rules/{}/{}.yaml", rule.area, rule.id)).expect("a rule");
    let files: String = catalogue().rules.iter().map(file).collect();
    let lists: String = files.lines().filter(|l| l.starts_with("each: ")).collect();
    let mut seen = 0;
    for entry in std::fs::read_dir("rules/sdk").expect("rules/sdk") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a catalogue");
        let hazards = text.split("\nhazards:").nth(1).unwrap_or_default();
        for line in hazards.lines().take_while(|l| l.is_empty() || l.starts_with(' ')) {
            let Some((_, rest)) = line.split_once("{id: ") else { continue };
            let id = rest.split(',').next().unwrap_or_default();
            assert!(lists.contains(&format!("'{id}'")), "no rule asks for hazard {id}");
            seen += 1;
        }
    }
    assert!(seen > 5, "the catalogues were read");
}

/// A rule that asks for a hazard nobody looks for would always pass.
#[test]
fn every_hazard_a_rule_asks_for_is_looked_for() {
    let sdk: String = std::fs::read_dir("rules/sdk")
        .expect("rules/sdk")
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a catalogue"))
        .collect();
    for rule in &catalogue().rules {
        let text = std::fs::read_to_string(format!("rules/{}/{}.yaml", rule.area, rule.id)).expect("a rule");
        let Some(each) = text.lines().find(|l| l.starts_with("each: ") && l.contains("code.hazards")) else { continue };
        for id in each.split('\'').skip(1).step_by(2) {
            assert!(sdk.contains(&format!("{{id: {id},")), "{}: nobody looks for {id}", rule.id);
        }
    }
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
    let source_parts: [(&str, Part, &[&str]); 7] = [
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

#[test]
fn starters_are_judged_by_where_their_client_was_built() {
    let starter = |client: ClientOrigin| Site { client, ..site(Kind::Start, "jobs/nightly.go", 40) };
    let verdict = |client| list(&with_sites(vec![starter(client)]), "code.starters")[0]["verdict"].clone();
    assert_eq!(verdict(origin(OriginStatus::Resolved, &[true, true])), "factory");
    assert_eq!(verdict(origin(OriginStatus::Resolved, &[true, false])), "outside");
    assert_eq!(verdict(origin(OriginStatus::Ambiguous, &[true])), "unclear");
    assert_eq!(verdict(origin(OriginStatus::Ambiguous, &[false])), "outside");
    // A factory that dials either cluster: several constructions, none of them missing.
    let several = Some("several_constructions: 2 places build this client".to_owned());
    let of = |factories| ClientOrigin { reason: several.clone(), ..origin(OriginStatus::Ambiguous, factories) };
    assert_eq!(verdict(of(&[true, true])), "factory");
    assert_eq!(verdict(of(&[true, false])), "outside");
    assert_eq!(verdict(origin(OriginStatus::Unresolved, &[])), "unclear");
    assert_eq!(verdict(origin(OriginStatus::Inherited, &[])), "unclear");
    assert_eq!(verdict(origin(OriginStatus::Resolved, &[])), "unclear");
    let one_per_cluster = ClientOrigin {
        reason: Some("several_constructions: 2 places build this client".into()),
        ..origin(OriginStatus::Ambiguous, &[true, true])
    };
    assert_eq!(verdict(one_per_cluster), "factory");
    let beside_the_worker = ClientOrigin {
        reason: Some("several_constructions: 1 places build this client".into()),
        ..origin(OriginStatus::Ambiguous, &[true])
    };
    assert_eq!(verdict(beside_the_worker), "unclear");

    let worker = Site { client: origin(OriginStatus::Resolved, &[true]), ..site(Kind::Worker, "worker/main.go", 9) };
    let inherited = with_sites(vec![worker, starter(origin(OriginStatus::Inherited, &[]))]);
    assert_eq!(list(&inherited, "code.starters")[0]["verdict"], "factory");
}

#[test]
fn only_production_code_is_judged() {
    let outside =
        Site { client: origin(OriginStatus::Resolved, &[false]), ..site(Kind::Start, "jobs/nightly_test.go", 40) };
    let worker = Site { client: origin(OriginStatus::Resolved, &[true]), ..site(Kind::Worker, "worker/main.go", 9) };
    for scope in [Scope::Test, Scope::Vendored, Scope::Docs] {
        let facts = with_sites(vec![worker.clone(), Site { scope, ..outside.clone() }]);
        assert_eq!(list(&facts, "code.starters"), Vec::<Value>::new());
        assert_eq!(outcome(&facts, "starter-outside-factory"), Outcome::Pass);
    }
    let generated = Site { scope: Scope::Generated, ..outside.clone() };
    assert_eq!(outcome(&with_sites(vec![generated]), "starter-outside-factory"), Outcome::Fail);
    assert_eq!(outcome(&with_sites(vec![outside]), "starter-outside-factory"), Outcome::Fail);
}

/// A tree in which nobody starts, signals or runs workflows is the wrong tree.
#[test]
fn code_without_temporal_is_no_evidence() {
    assert_eq!(outcome(&with_sites(vec![]), "starter-outside-factory"), Outcome::Unknown);
    assert_eq!(outcome(&with_sites(vec![]), "signal-without-fallback"), Outcome::Unknown);
}

#[test]
fn command_lines_and_raw_calls_start_workflows_too() {
    let mut cli = site(Kind::Cli, "ops/retry.sh", 3);
    (cli.api, cli.client) = ("temporal workflow start".into(), origin(OriginStatus::Unresolved, &[]));
    let mut list_only = site(Kind::Cli, "ops/list.sh", 3);
    list_only.api = "temporal workflow list".into();
    let facts = with_sites(vec![cli, list_only]);
    let starters = list(&facts, "code.starters");
    assert_eq!(starters.len(), 1);
    assert_eq!(starters[0]["verdict"], "unclear");
    assert_eq!(outcome(&facts, "starter-outside-factory"), Outcome::Unknown);
}

#[test]
fn callers_of_a_wrapper_are_shown_with_its_site() {
    let inside = site(Kind::Start, "internal/flow/start.go", 12);
    let mut facts = with_sites(vec![inside.clone()]);
    let caller = WrapperCall {
        path: "jobs/nightly.go".into(),
        line: 40,
        function: None,
        scope: Scope::Main,
        workflow_type: None,
    };
    scanned(&mut facts).wrappers = vec![Wrapper {
        path: inside.path.clone(),
        line: 10,
        name: "StartFlow".into(),
        kind: Kind::Start,
        site: inside.fingerprint.clone(),
        calls: vec![caller],
    }];
    let places: Vec<Value> = list(&facts, "code.starters")[0]["loci"].as_array().unwrap().clone();
    assert_eq!(places.iter().filter(|l| l["path"] == "jobs/nightly.go").count(), 1);
}

#[test]
fn messages_need_both_clusters() {
    let routed = |role, on| Routing { role, fallback_on: on, ..Default::default() };
    let single = site(Kind::Signal, "webhook/dispute.go", 31);
    assert_eq!(outcome(&with_sites(vec![single.clone()]), "signal-without-fallback"), Outcome::Fail);
    let wrapped = Site { wrapper: Some("Signaller.Send".into()), ..single.clone() };
    assert_eq!(outcome(&with_sites(vec![wrapped.clone()]), "signal-without-fallback"), Outcome::Unknown);
    let dialled_once = Site { client: origin(OriginStatus::Resolved, &[false]), ..wrapped };
    assert_eq!(outcome(&with_sites(vec![dialled_once]), "signal-without-fallback"), Outcome::Fail);
    let any = Site { routing: routed(RoutingRole::Fallback, Some(FallbackOn::AnyError)), ..single.clone() };
    assert_eq!(outcome(&with_sites(vec![any.clone()]), "signal-without-fallback"), Outcome::Pass);
    assert_eq!(outcome(&with_sites(vec![any]), "fallback-on-any-error"), Outcome::Fail);
    let unclear = Site { routing: routed(RoutingRole::Fallback, None), ..single };
    assert_eq!(outcome(&with_sites(vec![unclear]), "fallback-on-any-error"), Outcome::Unknown);
    let with_start =
        Site { routing: routed(RoutingRole::Primary, None), ..site(Kind::SignalWithStart, "cart/add.go", 52) };
    assert_eq!(outcome(&with_sites(vec![with_start]), "signal-with-start-naive"), Outcome::Fail);
}

#[test]
fn certificates_are_measured_against_the_end_of_the_window() {
    let expiring = |not_after: &str| {
        let mut facts = healthy();
        target(&mut facts).certificate_files = vec![client_certificate(not_after)];
        facts
    };
    // The window ends with 2026-12-28; 14 days later is the first instant of 2027-01-12.
    for (not_after, verdict, days) in [
        ("2026-11-01T00:00:00Z", "in-window", -58),
        ("2026-12-21T00:00:00Z", "in-window", -8),
        ("2027-01-11T23:59:59Z", "in-window", 13),
        ("2027-01-12T00:00:00Z", "soon-after", 14),
        ("2027-02-26T23:59:59Z", "soon-after", 59),
        ("2027-02-27T00:00:00Z", "fine", 60),
    ] {
        let facts = expiring(not_after);
        let found = &list(&facts, "certificates.expiry")[0];
        assert_eq!(
            (found["verdict"].as_str(), found["days_after_window"].as_i64()),
            (Some(verdict), Some(days)),
            "{not_after}"
        );
        let failed = if verdict == "in-window" { Outcome::Fail } else { Outcome::Pass };
        assert_eq!(outcome(&facts, "certificate-expires-in-window"), failed, "{not_after}");
    }
    let when = list(&expiring("2026-12-21T00:00:00Z"), "certificates.expiry")[0]["when"].clone();
    assert_eq!(when, "expires on 2026-12-21, 7 days before the window is over (2026-12-28)");
    let when = |at: &str| list(&expiring(at), "certificates.expiry")[0]["when"].clone();
    assert_eq!(when("2026-12-19T23:59:59Z"), "expires on 2026-12-19, 9 days before the window is over (2026-12-28)");
    assert_eq!(when("2026-12-28T12:00:00Z"), "expires on 2026-12-28, the last day of the window");
    assert_eq!(when("2026-12-29T00:00:00Z"), "expires on 2026-12-29, 1 day after the end of the window (2026-12-28)");
    assert_eq!(when("2026-11-01T00:00:00Z"), "expired on 2026-11-01");
}

#[test]
fn one_certificate_in_two_files_is_one_finding_with_two_places() {
    let mut facts = healthy();
    let copy = client_certificate("2028-01-01T00:00:00Z");
    facts.certificates = Known::Known(vec![temporal_preflight::facts::certificate::CertificateFile {
        path: "certs/copy.pem".into(),
        ..copy
    }]);
    let found = list(&facts, "certificates.expiry");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["loci"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_api_key_asks_a_person_instead_of_a_certificate() {
    let mut facts = healthy();
    let target = target(&mut facts);
    target.credential = Credential::ApiKey;
    target.certificate_files.clear();
    assert_eq!(outcome(&facts, "certificate-expires-in-window"), Outcome::NotApplicable);
    assert_eq!(outcome(&facts, "api-key-validity"), Outcome::Unknown);
}

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
fn excluded_namespaces_must_be_empty_when_they_were_probed() {
    let mut facts = healthy();
    let mut legacy = facts::namespace("legacy-batch");
    legacy.open = Known::Known(2);
    source(&mut facts).namespaces.push(legacy);
    assert_eq!(
        outcome(&facts, "open-executions-left"),
        Outcome::Pass,
        "not in the plan: namespace-unmapped reports it"
    );
    facts.plan.namespaces.push(temporal_preflight::facts::plan::NamespaceMapping {
        source: "legacy-batch".into(),
        target: None,
        exclude: Some("no workflow since 2024".into()),
        line: 6,
    });
    assert_eq!(outcome(&facts, "open-executions-left"), Outcome::Fail);
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
    let card = judge(checks(facts), JudgeInput { facts, gate: Gate::Route, waivers: &[], unwaivable: &none });
    card.gates.iter().map(|g| (g.gate, g.verdict)).collect()
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
    let mut refunds = facts::namespace("refunds");
    refunds.workflow_types = Known::Known(vec![]);
    refunds.task_queues = Known::Known(vec![]);
    let legacy = NamespaceSnapshot { name: "legacy".into(), ..refunds.clone() };
    source(&mut healthy).namespace_names =
        Known::Known(vec!["legacy".into(), "payments-prod".into(), "refunds".into()]);
    source(&mut healthy).namespaces.extend([refunds, legacy]);
    target(&mut healthy).namespaces.push(facts::namespace("refunds.a1b2c"));
    let asked: BTreeSet<&str> =
        catalogue().rules.iter().filter_map(|r| r.attested.as_ref()).map(|a| a.id.as_str()).collect();
    healthy.attestations = Known::Known(
        asked
            .iter()
            // Words that would stand in for evidence are left out: a gap must show.
            .filter(|id| {
                !["starters-reviewed", "signals-reviewed", "target-search-attributes", "payload-sizes"].contains(*id)
            })
            .map(|id| temporal_preflight::facts::attestation::Attestation {
                id: (*id).to_owned(),
                holds: true,
                by: "Ann".into(),
                date: "2026-11-20".parse().unwrap(),
                link: None,
                valid_until: "2027-01-31".parse().unwrap(),
                note: None,
                place: ("attestations.yaml".into(), 1),
            })
            .collect(),
    );
    let before = checks(&healthy);
    let open: Vec<_> = before.iter().filter(|c| !matches!(c.outcome, Outcome::Pass | Outcome::NotApplicable)).collect();
    assert!(open.is_empty(), "{open:#?}");
    let go = verdicts(&healthy);
    assert!(go.iter().all(|(_, v)| *v == Verdict::Go), "{go:?}");

    let whole = serde_json::to_value(&healthy).unwrap();
    let mut places = Vec::new();
    known_places(&whole, String::new(), &mut places);
    assert!(places.len() > 40, "{places:?}");
    // Beside what rules ask for: ages and counts of the target, all but the work and the schedules of what stays, the
    // endpoint of Temporal Cloud, and cluster ids of clusters of two kinds.
    let silent = |place: &str| {
        let field = place.rsplit('/').next().unwrap_or_default();
        let of_source = ["workflow_types", "open", "oldest_open", "longest_closed"].contains(&field);
        (place.starts_with("/target/") && (of_source || field == "endpoint_chain"))
            || (place.starts_with("/source/known/namespaces/2/") && !["open", "schedules"].contains(&field))
            || ["closed", "system"].contains(&field)
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
                assert_ne!(is.outcome, Outcome::Fail, "{place}: {}: nothing is wrong", is.rule);
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

fn mapping(source: &str, target: Option<&str>) -> temporal_preflight::facts::plan::NamespaceMapping {
    temporal_preflight::facts::plan::NamespaceMapping {
        source: source.into(),
        target: target.map(str::to_owned),
        exclude: target.is_none().then(|| "no workflow since 2024".into()),
        line: 6,
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
    assert_open(&facts, "not probed", &["open-executions-left", "schedules-left-active"]);
    let gone = NamespaceSnapshot {
        exists: Some(false),
        open: Known::unknown("NotFound"),
        schedules: Known::unknown("NotFound"),
        ..facts::namespace("legacy-batch")
    };
    source(&mut facts).namespaces.push(gone);
    assert_eq!(outcome(&facts, "open-executions-left"), Outcome::Pass, "what does not exist is empty");
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
fn raw_calls_and_command_lines_send_messages_too() {
    for (kind, api, expected) in [
        (Kind::RawGrpc, "workflowservice.WorkflowServiceClient.SignalWorkflowExecution", Outcome::Fail),
        (Kind::RawGrpc, "workflowservice.WorkflowServiceClient.DescribeWorkflowExecution", Outcome::Pass),
        (Kind::Cli, "temporal workflow terminate", Outcome::Fail),
        (Kind::Cli, "temporal workflow list", Outcome::Pass),
        (Kind::Cli, "temporal workflow signal-with-start", Outcome::Pass),
    ] {
        let one = Site { api: api.into(), ..site(kind, "ops/stop.sh", 3) };
        assert_eq!(outcome(&with_sites(vec![one]), "signal-without-fallback"), expected, "{api}");
    }
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
    assert!(check.why.as_deref().is_some_and(|w| w.contains("NotFound")));
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

#[test]
fn a_type_whose_executions_were_not_seen_does_not_fit_the_window() {
    let mut facts = healthy();
    let Known::Known(types) = &mut source(&mut facts).namespaces[0].workflow_types else { panic!("known") };
    types[0].oldest_open = None;
    assert_eq!(outcome(&facts, "window-too-short"), Outcome::Unknown);
}
