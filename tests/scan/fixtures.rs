//! One small tree for every hard case: its comments say what must be found, and what must not.

use temporal_preflight::facts::code::{Kind, Site};
use temporal_preflight::scan::{ScanOptions, scan};

use crate::expectations::{check, fixture};

#[test]
fn every_kind_through_one_factory_and_the_forgotten_starter() {
    let facts = check("go/factory");
    let factory = facts.factories.first().expect("a factory is proposed");
    assert_eq!((factory.path.as_str(), factory.function.as_str()), ("worker/connection.go", "NewTemporalClient"));
    assert!(!factory.configured && factory.found && factory.sites >= 10);
    let start =
        |function: &str| facts.sites.iter().find(|s| s.function.as_deref() == Some(function) && s.kind == Kind::Start);
    assert!(start("StartPayment").unwrap().client.origins[0].factory);
    assert!(!start("main").unwrap().client.origins[0].factory);
    assert!(facts.sdks.iter().any(|s| s.package == "go.temporal.io/sdk" && s.version == "v1.35.0" && s.line == 5));
    let saga = facts.workflow_types.iter().find(|w| w.name == "PaymentSaga" && w.role == "registered").unwrap();
    assert_eq!(saga.task_queue.as_deref(), Some("payments"));
    let merchant = facts.search_attributes.iter().find(|s| s.name == "MerchantId").unwrap();
    assert_eq!(merchant.value_type.as_deref(), Some("Keyword"));
    assert!(facts.hazards.iter().any(|h| h.id == "hard-coded-address" && h.path == "jobs/nightly.go"));
}

#[test]
fn a_configured_factory_decides_even_when_it_is_not_found() {
    let configured = |factory: &str| {
        let options = ScanOptions { factories: vec![factory.to_owned()], ..ScanOptions::default() };
        scan(&fixture("go/factory"), &options).unwrap()
    };
    let facts = configured("jobs/nightly.go:main");
    assert!(facts.factories[0].configured && facts.factories[0].found && facts.factories[0].line > 0);
    let inside = |s: &&Site| s.client.origins.iter().any(|o| o.factory);
    assert!(facts.sites.iter().filter(inside).all(|s| s.path == "jobs/nightly.go"));
    let facts = configured("worker/gone.go:Connect");
    assert!(!facts.factories[0].found && facts.factories[0].line == 0);
}

#[test]
fn clients_are_followed_to_their_construction() {
    check("go/provenance");
}

#[test]
fn containers_fill_parameters_by_type() {
    check("go/injection");
}

#[test]
fn look_alikes_are_dropped_and_counted() {
    let facts = check("go/lookalikes");
    for reason in ["cadence", "own-method", "interceptor", "test-environment", "mock"] {
        assert!(facts.coverage.dropped.contains_key(reason), "{reason}: {:?}", facts.coverage.dropped);
    }
}

#[test]
fn fallback_and_flags_are_recognised() {
    check("go/routing");
}

#[test]
fn wrappers_are_lifted_to_their_callers() {
    check("go/wrappers");
}

#[test]
fn python_every_kind_through_one_factory_and_the_forgotten_starter() {
    let facts = check("python/factory");
    assert!(facts.sdks.iter().any(|s| s.package == "temporalio" && s.version == ">=1.10.0" && s.line == 4));
    let registered = |name: &str| facts.workflow_types.iter().find(|w| w.name == name && w.role == "registered");
    assert_eq!(registered("payment-saga").unwrap().task_queue.as_deref(), Some("payments"));
    assert!(facts.workflow_types.iter().any(|w| w.name == "payment-saga" && w.role == "defined"));
    assert!(registered("Refund").is_some());
    let merchant = facts.search_attributes.iter().find(|s| s.name == "MerchantId").unwrap();
    assert_eq!(merchant.value_type.as_deref(), Some("Keyword"));
    for (id, path) in [
        ("hard-coded-address", "jobs/nightly.py"),
        ("operator-service", "payments/starter.py"),
        ("order-by", "payments/starter.py"),
        ("external-signal", "payments/workflows.py"),
    ] {
        assert!(facts.hazards.iter().any(|h| h.id == id && h.path == path), "{id}: {:?}", facts.hazards);
    }
    assert!(!facts.coverage.not_analysed.contains_key("python"));
}

#[test]
fn python_clients_are_followed_to_their_construction() {
    check("python/provenance");
}

#[test]
fn python_dependencies_of_a_web_framework_are_followed() {
    check("python/injection");
}

#[test]
fn python_look_alikes_are_dropped_and_counted() {
    let facts = check("python/lookalikes");
    for reason in ["own-method", "interceptor", "in-workflow"] {
        assert!(facts.coverage.dropped.contains_key(reason), "{reason}: {:?}", facts.coverage.dropped);
    }
}

#[test]
fn python_fallback_is_recognised() {
    check("python/routing");
}

#[test]
fn python_wrappers_are_lifted_to_their_callers() {
    check("python/wrappers");
}

#[test]
fn typescript_every_kind() {
    let facts = check("typescript/kinds");
    let of_role = |role: &'static str| facts.workflow_types.iter().filter(move |w| w.role == role);
    let defined: Vec<_> = of_role("defined").map(|w| (w.name.as_str(), w.role.as_str(), w.line)).collect();
    // Functions only: no signals, no queries, nothing that the file keeps to itself.
    let lines = [("orderWorkflow", 8), ("shipWorkflow", 14), ("refundWorkflow", 16), ("closeBooks", 20)];
    assert_eq!(defined, lines.map(|(name, line)| (name, "defined", line)));
    assert!(of_role("defined").all(|w| w.path == "src/workflows.ts" && w.task_queue.is_none()));
    // The worker registers whatever its workflow file hands out.
    assert_eq!(of_role("registered").count(), 4);
    assert!(of_role("registered").all(|w| w.path == "src/worker.ts" && w.task_queue.is_some()));
    assert!(facts.sdks.iter().any(|s| s.package == "@temporalio/client" && s.version == "^1.11.0"));
    assert!(facts.hazards.iter().any(|h| h.id == "hard-coded-address"));
}

#[test]
fn typescript_clients_are_followed_to_their_construction() {
    check("typescript/provenance");
}

#[test]
fn typescript_modules_are_found_by_every_name() {
    check("typescript/modules");
}

#[test]
fn ways_in_are_found() {
    check("go/entries");
}

#[test]
fn python_ways_in_are_found() {
    check("python/entries");
}

#[test]
fn typescript_ways_in_are_found() {
    check("typescript/entries");
}

#[test]
fn typescript_wrappers_are_lifted_to_their_callers() {
    check("typescript/wrappers");
}

#[test]
fn typescript_containers_fill_constructors() {
    check("typescript/injection");
}

#[test]
fn typescript_look_alikes_are_no_sites() {
    check("typescript/lookalikes");
}

#[test]
fn typescript_fallback_and_flags_are_recognised() {
    check("typescript/routing");
}

#[test]
fn javascript_without_types() {
    check("typescript/javascript");
}

#[test]
fn functions_and_handles_are_followed_through_what_holds_them() {
    for language in ["go", "python", "typescript"] {
        check(&format!("{language}/held"));
    }
}
