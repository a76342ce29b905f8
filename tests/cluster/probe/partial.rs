//! A cluster that answers only in part: what is refused is unknown with the reason, the rest is known.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use temporal_preflight::config::{ConnectionSettings, Secret};
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::ClusterKind;
use temporalio_protos::temporal::api::common::v1::WorkflowType;
use temporalio_protos::temporal::api::namespace::v1::{NamespaceConfig, NamespaceInfo};
use temporalio_protos::temporal::api::operatorservice::v1::ListSearchAttributesResponse;
use temporalio_protos::temporal::api::schedule::v1::ScheduleListEntry;
use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, DescribeNamespaceResponse,
    DescribeTaskQueueResponse, GetClusterInfoResponse, GetSystemInfoResponse, ListNamespacesResponse,
    ListSchedulesResponse, ListWorkflowExecutionsResponse,
};
use tonic::Code;

use super::fake::{Fake, Reply, asked, message, status};
use super::ladder::{Guarded, valid};
use super::{at, calls, failed, namespace, options, run};

/// An empty server of version 1.32 with one namespace.
pub fn empty(method: &str) -> Reply {
    match method {
        "GetSystemInfo" => message(&GetSystemInfoResponse { server_version: "1.32.0".into(), capabilities: None }),
        "GetClusterInfo" => message(&GetClusterInfoResponse { cluster_id: "c-1".into(), ..Default::default() }),
        "ListNamespaces" => message(&ListNamespacesResponse {
            namespaces: ["temporal-system", "payments"].map(described).to_vec(),
            next_page_token: vec![],
        }),
        "ListSearchAttributes" => message(&ListSearchAttributesResponse {
            system_attributes: [("WorkflowType".to_owned(), 2)].into(),
            ..Default::default()
        }),
        "DescribeTaskQueue" => {
            message(&DescribeTaskQueueResponse { stats: Some(Default::default()), ..Default::default() })
        }
        "DescribeNamespace" => message(&described("payments")),
        _ => Reply::Message(Vec::new()),
    }
}

/// A namespace of this name, as it is described and listed.
pub fn described(name: &str) -> DescribeNamespaceResponse {
    DescribeNamespaceResponse {
        namespace_info: Some(NamespaceInfo { name: name.into(), ..Default::default() }),
        ..Default::default()
    }
}

pub fn address(server: &Fake) -> ConnectionSettings {
    at(&server.address.to_string())
}

#[test]
fn a_refused_call_leaves_one_fact_unknown() {
    let server = Fake::start(|method, _| match method {
        "ListSearchAttributes" => status(Code::PermissionDenied, "Request unauthorized."),
        "ListSchedules" => status(Code::Unimplemented, "unknown method ListSchedules"),
        "GetClusterInfo" => status(Code::PermissionDenied, "Request unauthorized."),
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    assert!(snapshot.connection.iter().all(|step| step.ok), "{:#?}", snapshot.connection);
    let namespace = namespace(&snapshot, "payments");
    let why = namespace.search_attributes.why().expect("a reason");
    assert_eq!(why.reason, "ListSearchAttributes for payments answered PermissionDenied: Request unauthorized.");
    assert!(why.remedy.as_deref().is_some_and(|r| r.contains("read access to namespace payments")), "{why:?}");
    assert!(matches!(namespace.schedules, Known::Unknown(_)));
    assert!(
        namespace.schedules.why().and_then(|w| w.remedy.as_deref()).is_some_and(|r| r.contains("no ListSchedules"))
    );
    assert!(matches!(snapshot.system, Known::Partial { .. }), "the version is known, the cluster is not");
    assert_eq!(namespace.open, Known::Known(0));
    assert_eq!(namespace.workflow_types, Known::Known(vec![]));
    assert!(matches!(namespace.task_queues, Known::Unknown(_)), "the queues of schedules are missing");
    let refused = snapshot.rpcs.iter().find(|(name, _)| name.ends_with("/ListSearchAttributes")).expect("counted").1;
    assert_eq!((refused.calls, refused.errors), (1, 1));
}

#[test]
fn without_operator_service_the_aliases_of_the_namespace_tell_a_part() {
    let server = Fake::start(|method, _| match method {
        "ListSearchAttributes" => status(Code::PermissionDenied, "Request unauthorized."),
        "DescribeNamespace" => message(&DescribeNamespaceResponse {
            namespace_info: described("payments").namespace_info,
            config: Some(NamespaceConfig {
                custom_search_attribute_aliases: [("Keyword01".to_owned(), "MerchantId".to_owned())].into(),
                ..Default::default()
            }),
            ..Default::default()
        }),
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    let Known::Partial { value, why } = &namespace(&snapshot, "payments").search_attributes else { panic!("partial") };
    assert_eq!((value[0].name.as_str(), value[0].value_type.as_str()), ("MerchantId", "Keyword"));
    assert!(why.reason.contains("PermissionDenied"));
}

#[test]
fn a_namespace_that_does_not_exist_is_asked_once() {
    let server = Fake::start(|method, _| match method {
        "DescribeNamespace" => status(Code::NotFound, "Namespace paymets is not found."),
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["paymets"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "auth");
    assert!(step.detail.contains("namespace paymets does not exist"), "{}", step.detail);
    assert!(step.remedy.as_deref().is_some_and(|r| r.contains("spelling of paymets")));
    assert_eq!(calls(&snapshot, "/CountWorkflowExecutions") + calls(&snapshot, "/ListSchedules"), 0);
    assert!(namespace(&snapshot, "paymets").open.why().expect("a reason").reason.contains("NotFound"));
    assert!(snapshot.system.is_known(), "what was learned before stays known");
}

#[test]
fn a_credential_that_is_not_accepted_ends_the_probe() {
    let server = Fake::start(|_, _| status(Code::Unauthenticated, "invalid credentials"));
    let settings =
        ConnectionSettings { api_key: Some(Secret("sk-very-secret".into())), tls: Some(false), ..address(&server) };
    let snapshot = run(settings, &options(&["payments"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "auth");
    assert!(step.detail.contains("the credential was not accepted"), "{}", step.detail);
    assert_eq!(snapshot.rpcs.len(), 1, "{:?}", snapshot.rpcs);
    assert!(!serde_json::to_string(&snapshot).expect("JSON").contains("very-secret"));

    let server = Fake::start(|method, _| match method {
        "DescribeNamespace" => status(Code::PermissionDenied, "Request unauthorized."),
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    assert_eq!(failed(&snapshot).step, "auth");
    assert!(failed(&snapshot).remedy.as_deref().is_some_and(|r| r.contains("--source-api-key")));
    assert_eq!(namespace(&snapshot, "payments").open, Known::Known(0), "other reads may still be allowed");
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_slower() {
    let complaints = AtomicUsize::new(0);
    let server = Fake::start(move |method, _| match method {
        "CountWorkflowExecutions" if complaints.fetch_add(1, Ordering::SeqCst) < 2 => {
            status(Code::ResourceExhausted, "namespace rate limit exceeded")
        }
        "CountWorkflowExecutions" => message(&CountWorkflowExecutionsResponse { count: 0, groups: vec![] }),
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    assert_eq!(namespace(&snapshot, "payments").open, Known::Known(0));
    let count = snapshot.rpcs.iter().find(|(name, _)| name.ends_with("/CountWorkflowExecutions")).expect("counted").1;
    // Two complaints, and perhaps a call the ended connection swallowed; everything was counted in the end.
    assert!(count.errors >= 2 && count.calls > count.errors, "{count:?}");
    assert!(namespace(&snapshot, "payments").executions.is_whole(), "{:#?}", namespace(&snapshot, "payments"));

    let server = Fake::start(|method, _| match method {
        "CountWorkflowExecutions" => status(Code::ResourceExhausted, "namespace rate limit exceeded"),
        other => empty(other),
    });
    let mut hurried = options(&["payments"]);
    hurried.deadline = Duration::from_secs(3);
    let snapshot = run(address(&server), &hurried);
    let why = namespace(&snapshot, "payments").open.why().cloned().expect("a reason");
    assert!(why.reason.contains("ResourceExhausted"), "{why:?}");
    assert!(snapshot.elapsed_ms < 10_000, "{}", snapshot.elapsed_ms);
}

#[test]
fn a_call_without_an_answer_does_not_hold_the_probe() {
    let server = Fake::start(|method, _| match method {
        "ListSchedules" => Reply::Silence,
        other => empty(other),
    });
    let mut hurried = options(&["payments"]);
    hurried.deadline = Duration::from_secs(2);
    let snapshot = run(address(&server), &hurried);
    assert!(snapshot.elapsed_ms < 6000, "{}", snapshot.elapsed_ms);
    let found = namespace(&snapshot, "payments");
    let why = found.schedules.why().expect("a reason");
    assert!(why.reason.contains("ListSchedules for payments answered DeadlineExceeded"), "{why:?}");
    assert_eq!(found.workflow_types, Known::Known(vec![]), "asked at the same time");
    let silent = snapshot.rpcs.iter().find(|(name, _)| name.ends_with("/ListSchedules")).expect("counted").1;
    assert_eq!(silent.calls, silent.errors);
}

#[test]
fn the_deadline_ends_a_probe_with_what_was_learned() {
    let server = Fake::start(|method, _| empty(method));
    let mut slow = options(&["a", "b", "c", "d"]);
    (slow.rps, slow.deadline) = (1.0, Duration::from_millis(2500));
    let snapshot = run(address(&server), &slow);
    assert!(snapshot.elapsed_ms < 4000, "{}", snapshot.elapsed_ms);
    assert!(snapshot.system.is_known());
    let why = namespace(&snapshot, "d").open.why().cloned().expect("a reason");
    assert!(why.reason.contains("the time allowed for the probe is over"), "{why:?}");
    assert!(why.remedy.is_some());
}

#[test]
fn lists_that_do_not_end_are_cut_off() {
    let server = Fake::start(|method, _| match method {
        "ListSchedules" => message(&ListSchedulesResponse {
            schedules: vec![ScheduleListEntry { schedule_id: "nightly".into(), ..Default::default() }],
            next_page_token: b"again".to_vec(),
        }),
        "ListWorkflowExecutions" => message(&ListWorkflowExecutionsResponse {
            executions: vec![WorkflowExecutionInfo {
                r#type: Some(WorkflowType { name: "Order".into() }),
                task_queue: "orders".into(),
                ..Default::default()
            }],
            next_page_token: b"more".to_vec(),
        }),
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    // Twice, and perhaps a call that the ended connection swallowed.
    assert!((2..=3).contains(&calls(&snapshot, "/ListSchedules")), "{:?}", snapshot.rpcs);
    let namespace = namespace(&snapshot, "payments");
    let why = namespace.workflow_types.why().expect("a reason");
    assert!(why.reason.contains("cannot be asked for WorkflowType `Order`"), "{why:?}");
    assert!(calls(&snapshot, "/ListWorkflowExecutions") < 32, "{:?}", snapshot.rpcs);
    assert!(namespace.schedules.why().is_some_and(|w| w.reason.contains("the list does not come to an end")));
}

#[test]
fn a_store_without_is_null_is_asked_by_status() {
    let server = Fake::start(|method, body| match method {
        "GetSystemInfo" => message(&GetSystemInfoResponse { server_version: "1.22.4".into(), capabilities: None }),
        "CountWorkflowExecutions" => {
            let query = asked::<CountWorkflowExecutionsRequest>(body).query;
            if query.contains("NULL") {
                status(Code::InvalidArgument, "invalid query: operator 'IS NULL' not supported")
            } else {
                assert!(!query.contains("Paused"), "1.22 does not know the status: {query}");
                message(&CountWorkflowExecutionsResponse { count: 0, groups: vec![] })
            }
        }
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    assert_eq!(namespace(&snapshot, "payments").open, Known::Known(0));
    assert_eq!(namespace(&snapshot, "payments").closed, Known::Known(0));
}

#[test]
fn a_server_from_before_schedules_has_none() {
    for (version, schedules) in [("1.16.3", Some(0)), ("1.17.0", None)] {
        let server = Fake::start(move |method, _| match method {
            "GetSystemInfo" => message(&GetSystemInfoResponse { server_version: version.into(), capabilities: None }),
            "ListSchedules" => status(Code::Unimplemented, "unknown method ListSchedules"),
            other => empty(other),
        });
        let snapshot = run(address(&server), &options(&["payments"]));
        assert_eq!(namespace(&snapshot, "payments").schedules.value().map(Vec::len), schedules, "{version}");
    }
}

#[test]
fn cloud_is_not_asked_what_it_does_not_answer() {
    let cloud = Fake::start(|method, _| match method {
        "DescribeNamespace" => message(&DescribeNamespaceResponse {
            namespace_info: described("payments").namespace_info,
            config: Some(NamespaceConfig {
                custom_search_attribute_aliases: [("Text01".to_owned(), "MerchantId".to_owned())].into(),
                ..Default::default()
            }),
            ..Default::default()
        }),
        other => empty(other),
    });
    let name = "payments.a1b2c.tmprl.cloud";
    let guarded = Guarded::before(cloud, valid(), &[name]);
    let client = guarded.ca.client("worker", valid());
    // As over a private link: the address is a local one, only the server name is Cloud's.
    let settings = ConnectionSettings { tls_server_name: Some(name.into()), ..guarded.settings(Some(&client)) };
    let snapshot = run(settings, &options(&[]));
    assert_eq!(snapshot.kind, ClusterKind::Cloud);
    assert!(snapshot.connection.iter().all(|step| step.ok), "{:#?}", snapshot.connection);
    for unanswered in ["/ListNamespaces", "/GetClusterInfo", "/ListSearchAttributes"] {
        assert_eq!(calls(&snapshot, unanswered), 0, "{unanswered}");
    }
    assert!(matches!(snapshot.namespace_names, Known::Unknown(_)));
    let Known::Partial { value, why } = &namespace(&snapshot, "payments.a1b2c").search_attributes else {
        panic!("partial")
    };
    assert_eq!(value[0].value_type, "Text");
    assert!(why.remedy.as_deref().is_some_and(|r| r.contains("tcld namespace get")), "{why:?}");
}
