//! Rust: every kind of call, every way to a client, and what only looks like one.

use crate::expectations::check;
use crate::tree::Tree;

#[test]
fn every_kind_and_the_inventory() {
    let facts = check("rust/kinds");
    let defined = |name: &str| facts.workflow_types.iter().any(|w| w.name == name && w.role == "defined");
    assert!(defined("OrderWorkflow") && defined("Refund"));
    let registered: Vec<(&str, Option<&str>)> = facts
        .workflow_types
        .iter()
        .filter(|w| w.role == "registered")
        .map(|w| (w.name.as_str(), w.task_queue.as_deref()))
        .collect();
    assert_eq!(registered, [("OrderWorkflow", Some("orders")), ("Refund", Some("orders"))]);
    let keys: Vec<(&str, Option<&str>)> =
        facts.search_attributes.iter().map(|s| (s.name.as_str(), s.value_type.as_deref())).collect();
    assert!(keys.contains(&("CustomerId", Some("Keyword"))) && keys.contains(&("Amount", Some("Double"))));
    let hazards: Vec<&str> = facts.hazards.iter().map(|h| h.id.as_str()).collect();
    for id in ["operator-service", "namespace-registration", "order-by", "hard-coded-address", "external-signal"] {
        assert!(hazards.contains(&id), "{id} is missing from {hazards:?}");
    }
    let sdk = facts.sdks.iter().find(|s| s.package == "temporalio-sdk").unwrap();
    assert_eq!((sdk.version.as_str(), sdk.line), ("1.1.1", 9));
    assert_eq!(facts.coverage.files_with_syntax_errors, Vec::<String>::new());
}

#[test]
fn one_factory_and_the_forgotten_starter() {
    let facts = check("rust/factory");
    let factory = facts.factories.first().expect("a factory is proposed");
    assert_eq!((factory.path.as_str(), factory.function.as_str()), ("src/connection.rs", "new_temporal_client"));
    assert!(facts.hazards.iter().any(|h| h.id == "hard-coded-address" && h.path == "src/jobs/nightly.rs"));
}

#[test]
fn clients_through_cells_locks_fields_getters_maps_and_patterns() {
    check("rust/provenance");
}

#[test]
fn handlers_get_their_client_from_the_state_of_the_server() {
    check("rust/injection");
}

#[test]
fn look_alikes_are_not_reported() {
    check("rust/lookalikes");
}

#[test]
fn wrappers_and_their_callers() {
    check("rust/wrappers");
}

#[test]
fn fallbacks_and_flags() {
    check("rust/routing");
}

#[test]
fn the_sdk_itself_starts_nothing_but_a_crate_named_like_it_does() {
    let code = b"use temporalio_client::Client;\npub async fn f(c: &Client) {\n    c.start_workflow(W::run, 1, o()).await;\n}\n";
    let manifest = |name: &str| format!("[package]\nname = \"{name}\"\n");
    let facts = Tree::new(&[
        ("sdk/Cargo.toml", manifest("temporalio-client").as_bytes()),
        ("sdk/src/lib.rs", code),
        ("sdk/examples/start.rs", code),
        ("helpers/Cargo.toml", manifest("temporalio-helpers").as_bytes()),
        ("helpers/src/lib.rs", code),
    ])
    .scan();
    let paths: Vec<&str> = facts.sites.iter().map(|s| s.path.as_str()).collect();
    assert_eq!(paths, ["helpers/src/lib.rs", "sdk/examples/start.rs"]);
    assert_eq!(facts.coverage.dropped.get("sdk-itself"), Some(&1));
}

#[test]
fn ways_in() {
    check("rust/entries");
}
