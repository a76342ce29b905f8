//! The Cloud Ops API, played by a fake.
//!
//! There is no account of Temporal Cloud behind these tests. The fake speaks the official messages, demands the version
//! header as the documentation says the API does, and refuses every other key; what it answers was made up here.

use std::time::Duration;

use temporal_preflight::config::{CloudOpsSettings, ConnectionSettings, Secret};
use temporal_preflight::facts::cluster::ClusterSnapshot;
use temporal_preflight::facts::cluster::cloud::{CloudConnectivityRule, CloudOps};
use temporal_preflight::facts::{Known, Side};
use temporal_preflight::probe::{self, ProbeOptions};
use temporalio_protos::temporal::api::cloud::cloudservice::v1::*;
use temporalio_protos::temporal::api::cloud::connectivityrule::v1 as rule;
use temporalio_protos::temporal::api::cloud::identity::v1 as identity;
use temporalio_protos::temporal::api::cloud::namespace::v1 as ns;
use temporalio_protos::temporal::api::cloud::nexus::v1 as nexus;
use tonic::Code;

use super::fake::{Fake, Reply, asked, message, method, status};
use super::support::tls::{Authority, Validity};
use super::{at, calls, options};

const KEY: &str = "cloud-ops-s3cret";
const NAMESPACE: &str = "payments-prod.a1b2c";
const ACTIVE: i32 = 3;

fn seconds(text: &str) -> Option<prost_wkt_types::Timestamp> {
    let time: jiff::Timestamp = text.parse().expect("a time");
    Some(prost_wkt_types::Timestamp { seconds: time.as_second(), nanos: 0 })
}

fn ca() -> String {
    let day = |text: &str| text.parse().expect("a date");
    Authority::new("payments-ca", Validity { from: day("2026-01-01"), to: day("2027-06-01") }).certificate
}

fn namespace(ca: &str) -> ns::Namespace {
    ns::Namespace {
        namespace: NAMESPACE.into(),
        state: ACTIVE,
        active_region: "aws-eu-central-1".into(),
        spec: Some(ns::NamespaceSpec {
            name: "payments-prod".into(),
            retention_days: 30,
            mtls_auth: Some(ns::MtlsAuthSpec {
                enabled: true,
                accepted_client_ca: ca.as_bytes().to_vec(),
                certificate_filters: vec![ns::CertificateFilterSpec {
                    common_name: "payments-*".into(),
                    ..Default::default()
                }],
                ..Default::default()
            }),
            search_attributes: [("MerchantId".to_owned(), 2), ("Tags".to_owned(), 7)].into(),
            lifecycle: Some(ns::LifecycleSpec { enable_delete_protection: true }),
            codec_server: Some(ns::CodecServerSpec { endpoint: "https://codec.example".into(), ..Default::default() }),
            ..Default::default()
        }),
        endpoints: Some(ns::Endpoints {
            mtls_grpc_address: "payments-prod.a1b2c.tmprl.cloud:7233".into(),
            ..Default::default()
        }),
        limits: Some(ns::Limits { actions_per_second_limit: 500 }),
        connectivity_rules: vec![private_rule()],
        ..Default::default()
    }
}

fn private_rule() -> rule::ConnectivityRule {
    rule::ConnectivityRule {
        id: "rule-1".into(),
        state: ACTIVE,
        spec: Some(rule::ConnectivityRuleSpec {
            connection_type: Some(rule::connectivity_rule_spec::ConnectionType::PrivateRule(
                rule::PrivateConnectivityRule { region: "aws-eu-central-1".into(), ..Default::default() },
            )),
        }),
        ..Default::default()
    }
}

fn key(id: &str, expires: &str) -> identity::ApiKey {
    identity::ApiKey {
        id: id.into(),
        state: ACTIVE,
        spec: Some(identity::ApiKeySpec {
            display_name: format!("{id} of the workers"),
            owner_id: "sa-1".into(),
            owner_type: identity::OwnerType::ServiceAccount.into(),
            expiry_time: seconds(expires),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A service account with an account role.
fn auditor(role: identity::account_access::Role) -> GetCurrentIdentityResponse {
    let access = identity::Access {
        account_access: Some(identity::AccountAccess { role: role.into(), ..Default::default() }),
        ..Default::default()
    };
    let account = identity::ServiceAccount {
        id: "sa-audit".into(),
        spec: Some(identity::ServiceAccountSpec { name: "audit".into(), access: Some(access), ..Default::default() }),
        ..Default::default()
    };
    GetCurrentIdentityResponse {
        principal: Some(get_current_identity_response::Principal::ServiceAccount(account)),
        principal_api_key: Some(key("audit-key", "2027-01-01T00:00:00Z")),
    }
}

/// What the fake answers when nothing is wrong.
fn answer(method: &str, body: &[u8], ca: &str) -> Reply {
    match method {
        "GetCurrentIdentity" => message(&auditor(identity::account_access::Role::Admin)),
        "GetNamespace" => match asked::<GetNamespaceRequest>(body).namespace.as_str() {
            NAMESPACE => message(&GetNamespaceResponse { namespace: Some(namespace(ca)) }),
            other => status(Code::NotFound, &format!("namespace {other} not found")),
        },
        "GetNamespaces" => message(&GetNamespacesResponse { namespaces: vec![namespace(ca)], ..Default::default() }),
        "GetNamespaceCapacityInfo" => message(&GetNamespaceCapacityInfoResponse {
            capacity_info: Some(ns::NamespaceCapacityInfo {
                stats: Some(ns::namespace_capacity_info::Stats {
                    aps: Some(ns::namespace_capacity_info::stats::Summary { mean: 12.5, p90: 30.0, p99: 80.0 }),
                }),
                ..Default::default()
            }),
        }),
        "GetNamespaceExportSinks" => message(&GetNamespaceExportSinksResponse {
            sinks: vec![ns::ExportSink {
                name: "compliance".into(),
                spec: Some(ns::ExportSinkSpec { enabled: true, ..Default::default() }),
                health: ns::export_sink::Health::Ok.into(),
                latest_data_export_time: seconds("2026-11-20T23:00:00Z"),
                ..Default::default()
            }],
            ..Default::default()
        }),
        "GetServiceAccountNamespaceAssignments" => message(&GetServiceAccountNamespaceAssignmentsResponse {
            service_accounts: vec![identity::ServiceAccountNamespaceAssignment {
                id: "sa-1".into(),
                name: "workers".into(),
                namespace_access: Some(identity::NamespaceAccess {
                    permission: identity::namespace_access::Permission::Write.into(),
                    ..Default::default()
                }),
                ..Default::default()
            }],
            ..Default::default()
        }),
        "GetConnectivityRules" => {
            message(&GetConnectivityRulesResponse { connectivity_rules: vec![private_rule()], ..Default::default() })
        }
        // Two pages.
        "GetApiKeys" => match asked::<GetApiKeysRequest>(body).page_token.as_str() {
            "" => message(&GetApiKeysResponse {
                api_keys: vec![key("k1", "2026-12-24T00:00:00Z")],
                next_page_token: "2".into(),
            }),
            _ => {
                message(&GetApiKeysResponse { api_keys: vec![key("k2", "2028-01-01T00:00:00Z")], ..Default::default() })
            }
        },
        "GetServiceAccounts" => message(&GetServiceAccountsResponse {
            service_account: vec![identity::ServiceAccount {
                id: "sa-1".into(),
                state: ACTIVE,
                spec: Some(identity::ServiceAccountSpec { name: "workers".into(), ..Default::default() }),
                ..Default::default()
            }],
            ..Default::default()
        }),
        "GetNexusEndpoints" => message(&GetNexusEndpointsResponse {
            endpoints: vec![nexus::Endpoint {
                spec: Some(nexus::EndpointSpec {
                    name: "ledger".into(),
                    target_spec: Some(nexus::EndpointTargetSpec {
                        variant: Some(nexus::endpoint_target_spec::Variant::WorkerTargetSpec(
                            nexus::WorkerTargetSpec { namespace_id: NAMESPACE.into(), task_queue: "ledger".into() },
                        )),
                    }),
                    ..Default::default()
                }),
                ..Default::default()
            }],
            ..Default::default()
        }),
        other => status(Code::Unimplemented, &format!("unknown method {other}")),
    }
}

/// The fake: no answer without the version header, none without the key.
fn account(handler: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> Fake {
    Fake::with_head(move |head, body| {
        assert!(head.uri.path().starts_with("/temporal.api.cloud.cloudservice.v1.CloudService/"), "{}", head.uri);
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        if !header("temporal-cloud-api-version").is_some_and(|version| version.starts_with("v0.")) {
            return status(Code::InvalidArgument, "missing header temporal-cloud-api-version");
        }
        if header("authorization") != Some(&format!("Bearer {KEY}")) {
            return status(Code::Unauthenticated, "invalid api key");
        }
        handler(method(head), body)
    })
}

fn with_account(account: &Fake, key: &str, names: &[&str]) -> ProbeOptions {
    let settings = CloudOpsSettings {
        api_key: Some(Secret(key.into())),
        address: Some(account.address.to_string()),
        tls: Some(false),
        ..Default::default()
    };
    let cloud_ops = probe::settings::cloud_ops::resolve(&settings, &|_| None).expect("usable settings");
    ProbeOptions { cloud_ops, ..options(names) }
}

/// Probe the target: a data plane that answers `handler`, beside the account.
fn run(plane: ConnectionSettings, options: &ProbeOptions) -> ClusterSnapshot {
    let connection = probe::profile::resolve(Side::Target, plane, &|_| None).expect("usable settings");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(probe::probe(Side::Target, &connection, options))
}

fn told(snapshot: &ClusterSnapshot) -> &CloudOps {
    snapshot.cloud.value().expect("the Cloud Ops API was asked")
}

/// A data plane with nothing in it.
fn plane() -> Fake {
    Fake::start(|method, _| super::partial::empty(method))
}

#[test]
fn the_control_plane_tells_what_clients_are_not_told() {
    let (plane, ca) = (plane(), ca());
    let account = account(move |method, body| answer(method, body, &ca));
    let snapshot = run(at(&plane.address.to_string()), &with_account(&account, KEY, &[NAMESPACE]));
    let cloud = told(&snapshot);
    assert!(cloud.is_whole(), "{cloud:#?}");
    let identity = cloud.identity.value().expect("an identity");
    assert_eq!((identity.kind.as_str(), identity.account_role.as_deref()), ("service-account", Some("admin")));
    let namespace = cloud.namespace(NAMESPACE).expect("the namespace");
    let settings = namespace.settings.value().expect("settings");
    assert_eq!((settings.state.as_str(), settings.retention_days), ("active", 30));
    assert_eq!((settings.mtls, settings.api_keys, settings.delete_protection), (true, false, true));
    assert_eq!(settings.actions_per_second, Some(500));
    assert_eq!(settings.certificate_filters[0].common_name, "payments-*");
    assert_eq!(
        settings.connectivity_rules,
        [CloudConnectivityRule {
            id: "rule-1".into(),
            public: false,
            region: "aws-eu-central-1".into(),
            state: "active".into(),
        }]
    );
    let authority = &settings.accepted_cas.as_ref().expect("a CA").chain[0];
    assert!(authority.is_ca && authority.common_names == ["payments-ca"]);
    assert_eq!(authority.not_after.to_string(), "2027-06-01T00:00:00Z");
    assert_eq!(namespace.capacity.value().and_then(|c| c.p99), Some(80.0));
    let sink = &namespace.export_sinks.value().expect("sinks")[0];
    assert_eq!((sink.name.as_str(), sink.enabled, sink.health.as_str()), ("compliance", true, "ok"));
    assert_eq!(namespace.service_accounts.value().expect("assignments")[0].permission, "write");
    let keys: Vec<_> = cloud.api_keys.value().expect("keys").iter().map(|k| k.id.as_str()).collect();
    assert_eq!(keys, ["k1", "k2"], "both pages");
    assert_eq!(cloud.nexus_endpoints.value().expect("endpoints")[0].task_queue, "ledger");

    // The snapshot of the namespace has its search attributes with types now, and the account's namespaces.
    let attributes = snapshot.namespaces[0].search_attributes.clone();
    let attributes = attributes.value().filter(|_| snapshot.namespaces[0].search_attributes.is_known());
    let attributes: Vec<_> =
        attributes.expect("known").iter().map(|a| format!("{} {}", a.name, a.value_type)).collect();
    assert_eq!(attributes, ["MerchantId Keyword", "Tags KeywordList"]);
    assert!((2..4).contains(&calls(&snapshot, "CloudService/GetApiKeys")), "two pages, and a retry at most");
    assert!(snapshot.rpcs.keys().any(|rpc| rpc.ends_with("WorkflowService/DescribeNamespace")));
    let text = temporal_preflight::render::snapshot_text(&snapshot, &Default::default());
    for said in [
        "Cloud Ops API 127.0.0.1",
        "service account, admin",
        "k1 of the workers",
        "until 2026-12-24",
        "CA CN=payments-ca",
        "private aws-eu-central-1",
        "500 allowed",
        "compliance (on, ok)",
        "workers (write)",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    let json = serde_json::to_string(&snapshot).expect("JSON");
    assert!(!json.contains(KEY) && !json.contains("PRIVATE KEY"));
    let back: ClusterSnapshot = serde_json::from_str(&json).expect("a snapshot");
    assert_eq!(back, snapshot);
}

#[test]
fn it_answers_although_the_data_plane_cannot_be_reached() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let ca = ca();
    let account = account(move |method, body| answer(method, body, &ca));
    let options = with_account(&account, KEY, &[NAMESPACE, "paymets.a1b2c"]);
    let snapshot = run(at(&free.to_string()), &options);
    let [there, gone] = snapshot.namespaces.as_slice() else { panic!("{:#?}", snapshot.namespaces) };
    assert_eq!((there.exists, gone.exists), (None, None), "the data plane did not tell");
    let missing = |name: &str| temporal_preflight::compare::namespace_missing(&snapshot, name);
    assert_eq!((missing(NAMESPACE), missing("paymets.a1b2c")), (Known::Known(false), Known::Known(true)));
    let Known::Partial { value: config, why } = &there.config else { panic!("{:?}", there.config) };
    assert_eq!((config.state.as_str(), config.retention_seconds), ("Registered", 30 * 86_400));
    assert!(why.reason.contains("connection failed at step tcp"), "{why:?}");
    assert_eq!(there.search_attributes.value().map(Vec::len), Some(2));
    assert!(matches!(there.schedules, Known::Unknown(_)), "only the data plane knows schedules");
    let why = told(&snapshot).namespace("paymets.a1b2c").and_then(|n| n.settings.why().cloned()).expect("a reason");
    assert!(why.reason.contains("GetNamespace for paymets.a1b2c of the Cloud Ops API answered NotFound"), "{why:?}");
    assert!(why.remedy.is_some_and(|r| r.contains("payments.a1b2c")));
}

#[test]
fn a_key_that_is_refused_is_said_and_nothing_further_is_asked() {
    let (plane, ca) = (plane(), ca());
    let account = account(move |method, body| answer(method, body, &ca));
    let snapshot = run(at(&plane.address.to_string()), &with_account(&account, "an-0ld-key", &[NAMESPACE]));
    let cloud = told(&snapshot);
    let last = cloud.connection.last().expect("steps");
    assert_eq!((last.step.as_str(), last.ok), ("auth", false));
    assert!(last.remedy.as_deref().is_some_and(|r| r.contains("create a new API key")), "{last:?}");
    assert!(matches!(cloud.api_keys, Known::Unknown(_)) && !cloud.is_whole());
    assert_eq!(calls(&snapshot, "CloudService/GetNamespace"), 0);
    let refused = snapshot.rpcs.iter().find(|(rpc, _)| rpc.ends_with("GetCurrentIdentity")).expect("counted").1;
    assert_eq!((refused.calls, refused.errors, refused.denied), (1, 1, 1));
    assert!(!serde_json::to_string(&snapshot).expect("JSON").contains("an-0ld-key"));
}

#[test]
fn what_a_narrow_role_may_not_see_is_unknown_and_never_empty() {
    let (plane, ca) = (plane(), ca());
    let account = account(move |method, body| match method {
        "GetCurrentIdentity" => message(&auditor(identity::account_access::Role::Read)),
        "GetServiceAccounts" | "GetNamespaceCapacityInfo" => status(Code::PermissionDenied, "not allowed"),
        "GetNexusEndpoints" => status(Code::Unimplemented, "unknown method"),
        // A list that never ends.
        "GetConnectivityRules" => message(&GetConnectivityRulesResponse {
            connectivity_rules: vec![private_rule()],
            next_page_token: format!("{}x", asked::<GetConnectivityRulesRequest>(body).page_token),
        }),
        other => answer(other, body, &ca),
    });
    let options = ProbeOptions { deadline: Duration::from_secs(120), ..with_account(&account, KEY, &[NAMESPACE]) };
    let snapshot = run(at(&plane.address.to_string()), &options);
    let cloud = told(&snapshot);
    assert!(cloud.service_accounts.why().is_some_and(|why| why.reason.contains("PermissionDenied")));
    assert!(
        cloud.namespaces[0]
            .capacity
            .why()
            .is_some_and(|why| { why.remedy.as_deref().is_some_and(|remedy| remedy.contains("account role Read")) })
    );
    assert!(matches!(cloud.nexus_endpoints, Known::Unknown(_)));
    let Known::Partial { why, .. } = &cloud.connectivity_rules else { panic!("{:?}", cloud.connectivity_rules) };
    assert!(why.reason.contains("did not come to an end"), "{why:?}");
    assert!((50..60).contains(&calls(&snapshot, "GetConnectivityRules")), "fifty pages, and a few retries at most");
    let Known::Partial { why, .. } = &cloud.api_keys else { panic!("{:?}", cloud.api_keys) };
    assert!(why.reason.contains("only the API keys of its owner"), "{why:?}");
    assert!(cloud.namespaces[0].settings.is_known(), "what is allowed is known");
}

#[test]
fn a_server_that_is_not_there_is_no_reason_to_fail() {
    let (plane, free) = (plane(), Fake::start(|_, _| Reply::Silence));
    let options = with_account(&free, KEY, &[NAMESPACE]);
    let options = ProbeOptions { deadline: Duration::from_secs(2), ..options };
    drop(free);
    let snapshot = run(at(&plane.address.to_string()), &options);
    let last = told(&snapshot).connection.last().expect("steps").clone();
    assert_eq!((last.step.as_str(), last.ok), ("tcp", false));
    assert!(last.remedy.is_some_and(|remedy| remedy.contains("`cloud_ops`") && !remedy.contains("--target")));
    assert!(snapshot.connection.iter().all(|step| step.ok), "the data plane was asked all the same");
}
