//! Facts as rules see them. The first law: a fact that is taken away makes an answer unknown, never a pass.

mod account;
mod clusters;
mod cohorts;
mod credentials;
mod evidence;
mod executions;
use crate::facts;
mod metrics;
mod offline;
mod samples;
mod times;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use facts::{attribute, client_certificate, code, execution, healthy, origin, queue, schedule, settled, site, time};
use serde_json::Value;
use temporal_preflight::facts::cluster::{ClusterKind, ClusterSnapshot, Credential, NamespaceSnapshot};
use temporal_preflight::facts::code::*;
use temporal_preflight::facts::plan::{SwitchOff, TargetKind};
use temporal_preflight::facts::{Facts, Known};
use temporal_preflight::judge::{JudgeInput, judge};
use temporal_preflight::rules::view::{build, fact_paths};
use temporal_preflight::rules::{Catalogue, Context, Rule, evaluate, load};
use temporal_preflight::scorecard::{Check, Gate, Outcome, Severity, Verdict};

fn list(facts: &Facts, path: &str) -> Vec<Value> {
    let view = build(&settled(facts));
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
        strategy: facts.plan.main_strategy(),
        attestations: &facts.attestations,
        attestations_path: "attestations.yaml",
    };
    evaluate(catalogue(), &build(&settled(facts)), &context)
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

/// It asks for the removal of what rules on signals ask for, at the last gate.
const WANTS_THE_END: &str = "routing-code-left";

#[test]
fn a_healthy_migration_passes_wherever_facts_decide() {
    let mut facts = healthy();
    target(&mut facts).cloud = facts::account(&["payments-prod.a1b2c".into()]);
    let day = |text: &str| Some(text.parse().unwrap());
    facts.plan.switch_off =
        Some(SwitchOff { workers_stopped: day("2026-10-01"), archived: day("2026-11-01"), ..SwitchOff::default() });
    let open: Vec<String> = checks(&facts)
        .iter()
        .filter(|c| c.rule != WANTS_THE_END)
        .filter(|c| !matches!(c.outcome, Outcome::Pass | Outcome::NotApplicable))
        .filter(|c| !c.why.as_deref().unwrap_or_default().starts_with("nobody has answered yet"))
        // Deleted, and stopped, when everything else is over.
        .filter(|c| !["schedules-not-deleted", "source-still-polled"].contains(&c.rule.as_str()))
        .map(|c| format!("{}: {:?} {:?} {:?}", c.rule, c.outcome, c.why, c.findings))
        .collect();
    assert!(open.is_empty(), "\n{}", open.join("\n"));
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

/// The text of every `rules/sdk/<language>.yaml`.
fn sdk_catalogues() -> impl Iterator<Item = String> {
    let files = std::fs::read_dir("rules/sdk").expect("rules/sdk").map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .map(|path| std::fs::read_to_string(path).expect("a catalogue"))
}

/// A hazard no rule asks for would be found and never reported.
#[test]
fn every_hazard_of_the_sdk_catalogues_is_judged_by_a_rule() {
    let file = |rule: &Rule| std::fs::read_to_string(format!("rules/{}/{}.yaml", rule.area, rule.id)).expect("a rule");
    let files: String = catalogue().rules.iter().map(file).collect();
    let lists: String = files.lines().filter(|l| l.starts_with("each: ")).collect();
    let mut seen = 0;
    for text in sdk_catalogues() {
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
    let sdk: String = sdk_catalogues().collect();
    for rule in &catalogue().rules {
        let text = std::fs::read_to_string(format!("rules/{}/{}.yaml", rule.area, rule.id)).expect("a rule");
        let Some(each) = text.lines().find(|l| l.starts_with("each: ") && l.contains("code.hazards")) else { continue };
        for id in each.split('\'').skip(1).step_by(2) {
            // Keys are looked for in every source file, whatever its language.
            let anywhere = id == temporal_preflight::scan::keys::HAZARD;
            assert!(anywhere || sdk.contains(&format!("{{id: {id},")), "{}: nobody looks for {id}", rule.id);
        }
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
        assert_eq!(outcome(&facts, "starter-outside-factory"), Outcome::NotApplicable);
    }
    let generated = Site { scope: Scope::Generated, ..outside.clone() };
    assert_eq!(outcome(&with_sites(vec![generated]), "starter-outside-factory"), Outcome::Fail);
    assert_eq!(outcome(&with_sites(vec![outside]), "starter-outside-factory"), Outcome::Fail);
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
    let inside = Site { wrapper: Some("StartFlow".into()), ..site(Kind::Start, "internal/flow/start.go", 12) };
    let mut facts = with_sites(vec![inside.clone()]);
    let caller = WrapperCall {
        path: "jobs/nightly.go".into(),
        line: 40,
        function: None,
        scope: Scope::Main,
        workflow_type: None,
        entries: vec![],
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
    let open =
        Routing { open: Some("it stands in a function whose callers were not all seen".into()), ..Routing::default() };
    let not_all_seen = Site { routing: open, ..wrapped.clone() };
    assert_eq!(outcome(&with_sites(vec![not_all_seen]), "signal-without-fallback"), Outcome::Unknown);
    assert_eq!(outcome(&with_sites(vec![wrapped.clone()]), "signal-without-fallback"), Outcome::Fail);
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
    // After a plain message that was answered with NotFound nothing runs there; whether that was the source is open.
    let after = |on| {
        let message = Site { line: 50, ..site(Kind::Signal, "cart/add.go", 50) };
        let routing = Routing { partner_line: Some(50), ..routed(RoutingRole::Fallback, Some(on)) };
        let second = Site { routing, ..site(Kind::SignalWithStart, "cart/add.go", 52) };
        outcome(&with_sites(vec![message, second]), "signal-with-start-naive")
    };
    assert_eq!(after(FallbackOn::NotFound), Outcome::Unknown);
    assert_eq!(after(FallbackOn::AnyError), Outcome::Fail);
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
fn raw_calls_and_command_lines_send_messages_too() {
    for (kind, api, expected) in [
        (Kind::RawGrpc, "workflowservice.WorkflowServiceClient.SignalWorkflowExecution", Outcome::Fail),
        (Kind::RawGrpc, "workflowservice.WorkflowServiceClient.DescribeWorkflowExecution", Outcome::NotApplicable),
        (Kind::Cli, "temporal workflow terminate", Outcome::Fail),
        (Kind::Cli, "temporal workflow list", Outcome::NotApplicable),
        (Kind::Cli, "temporal workflow signal-with-start", Outcome::NotApplicable),
    ] {
        let one = Site { api: api.into(), ..site(kind, "ops/stop.sh", 3) };
        assert_eq!(outcome(&with_sites(vec![one]), "signal-without-fallback"), expected, "{api}");
    }
}
