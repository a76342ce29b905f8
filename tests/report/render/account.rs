//! What the Cloud Ops API and a Prometheus told stands in the report of a consultant.

use serde_json::json;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::ClusterSnapshot;
use temporal_preflight::render::Format;
use temporal_preflight::scorecard::Scorecard;

use super::{card, text};

/// The scorecard with an account and measurements of its target; names are hostile on purpose.
fn told() -> Scorecard {
    let mut card = card("no-go");
    let target = card.inventory.target.value().expect("a target");
    let mut value = serde_json::to_value(target).expect("JSON");
    let unknown = json!({"unknown": {"reason": "not asked"}});
    value["cloud"] = json!({"known": {
        "address": "saas-api.tmprl.cloud:443", "api_version": "v0.17.0", "connection": [], "identity": unknown,
        "namespace_names": unknown, "service_accounts": unknown, "connectivity_rules": unknown,
        "nexus_endpoints": unknown,
        "namespaces": [
            {"name": "payments-prod.a1b2c", "exists": true, "capacity": unknown, "service_accounts": unknown,
             "export_sinks": {"known": [{"name": "compliance", "enabled": true, "health": "ok", "last_export": null}]},
             "settings": {"known": {"state": "active", "active_region": "aws-eu-central-1", "regions": [],
                 "retention_days": 30, "mtls": true, "api_keys": false, "accepted_cas": null,
                 "certificate_filters": [{"common_name": "x"}], "search_attributes": [], "delete_protection": true,
                 "codec_server": null, "mtls_address": "", "api_key_address": "", "actions_per_second": 500,
                 "connectivity_rules": []}}},
            {"name": "refunds.a1b2c", "exists": null, "capacity": unknown, "service_accounts": unknown,
             "export_sinks": unknown, "settings": {"unknown": {"reason": "GetNamespace answered PermissionDenied"}}}
        ],
        "api_keys": {"partial": {"value": [
            {"id": "k1", "name": "<b>workers</b>", "owner_kind": "service-account", "owner_id": "sa-1",
             "expires": "2026-12-24T00:00:00Z", "disabled": false, "state": "active"}],
            "why": {"reason": "only its own"}}}
    }});
    value["metrics"] = json!({"known": {"url": "http://prometheus:9090", "namespaces": {"known": [
        {"name": "payments-prod.a1b2c",
         "signals": {"known": [{"id": "failures", "title": "failed workflows", "unit": "per second", "readings": []}]},
         "peaks": {"known": [{"id": "actions", "title": "actions", "metric": "action", "per_second": 61.25, "hours": 168}]}}
    ]}}});
    let snapshot: ClusterSnapshot = serde_json::from_value(value).expect("a snapshot");
    card.inventory.target = Known::Known(snapshot);
    card
}

#[test]
fn the_account_and_what_is_measured_are_in_the_inventory() {
    let card = told();
    for (format, said) in [
        (
            Format::Html,
            &["inventory-api-keys", "&lt;b&gt;workers", "service account", "only its own", "aws-eu-central-1"][..],
        ),
        (Format::Html, &["client certificates", "compliance (ok)", "GetNamespace answered PermissionDenied"]),
        (Format::Html, &["nothing measures it", "61.2 per second", "actions, peak of the last week"]),
    ] {
        let report = text(&card, format);
        for words in said {
            assert!(report.contains(words), "{words} is not in the {format} report");
        }
        assert!(!report.contains("<b>workers"), "a name became markup");
    }
}
