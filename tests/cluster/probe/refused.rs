//! What one identity may not ask, what a server does not have, and answers of unusual size or shape.

use temporal_preflight::facts::Known;
use temporalio_protos::temporal::api::common::v1::{Memo, Payload, SearchAttributes, WorkflowExecution, WorkflowType};
use temporalio_protos::temporal::api::namespace::v1::{NamespaceInfo, namespace_info::Capabilities};
use temporalio_protos::temporal::api::operatorservice::v1::ListSearchAttributesResponse;
use temporalio_protos::temporal::api::schedule::v1::{self as schedule, ScheduleListEntry};
use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, DescribeNamespaceRequest,
    DescribeNamespaceResponse, DescribeScheduleResponse, GetSystemInfoResponse, ListNamespacesResponse,
    ListSchedulesResponse, ListWorkerDeploymentsResponse, ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse, list_worker_deployments_response::WorkerDeploymentSummary,
};
use tonic::Code;

use super::fake::{Fake, asked, message, status};
use super::partial::{address, empty};
use super::{calls, namespace, options, run};

/// SQL stores refuse lists where one value belongs; Elasticsearch has them.
#[test]
fn a_list_where_one_value_belongs_is_counted_and_not_kept() {
    let row = |id: &str, value: &str| WorkflowExecutionInfo {
        execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: "r".into() }),
        r#type: Some(WorkflowType { name: "Order".into() }),
        search_attributes: Some(SearchAttributes {
            indexed_fields: [
                ("MerchantId".to_owned(), Payload { data: value.as_bytes().to_vec(), ..Default::default() }),
                ("Tags".to_owned(), Payload { data: br#"["a","b"]"#.to_vec(), ..Default::default() }),
            ]
            .into(),
        }),
        ..Default::default()
    };
    let rows = vec![row("one", r#""secret-1""#), row("two", r#"["secret-2","secret-3"]"#), row("three", "not JSON")];
    let server = Fake::start(move |method, body| match method {
        "ListSearchAttributes" => message(&ListSearchAttributesResponse {
            custom_attributes: [("MerchantId".to_owned(), 2), ("Tags".to_owned(), 7), ("odd `name`".to_owned(), 2)]
                .into(),
            system_attributes: [("WorkflowType".to_owned(), 2)].into(),
            ..Default::default()
        }),
        "CountWorkflowExecutions" => {
            let query = asked::<CountWorkflowExecutionsRequest>(body).query;
            match query.as_str() {
                "`MerchantId` IS NOT NULL" | "`Tags` IS NOT NULL" => {
                    message(&CountWorkflowExecutionsResponse { count: 3, groups: vec![] })
                }
                "`odd name` IS NOT NULL" => status(Code::InvalidArgument, "invalid query: no such attribute"),
                _ => empty("CountWorkflowExecutions"),
            }
        }
        "ListWorkflowExecutions" if asked::<ListWorkflowExecutionsRequest>(body).query.contains("` IS NOT NULL") => {
            message(&ListWorkflowExecutionsResponse { executions: rows.clone(), next_page_token: b"more".to_vec() })
        }
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    let Known::Partial { value, why } = &namespace(&snapshot, "payments").attribute_use else { panic!("partial") };
    let told: Vec<_> = value.iter().map(|u| (u.name.as_str(), u.sampled, u.lists, u.list_in.as_deref())).collect();
    assert_eq!(told, [("MerchantId", 3, 1, Some("two")), ("Tags", 3, 0, None)]);
    assert!(why.reason.contains("use of search attribute odd `name`"), "{why:?}");
    assert!(!serde_json::to_string(&snapshot).expect("JSON").contains("secret"));
}

/// What one identity may not ask is unknown with the reason; everything else is known.
#[test]
fn every_newer_call_may_be_refused_or_missing() {
    let facts = |code: Code, version: &'static str| {
        let server = Fake::start(move |method, _| match method {
            "GetSystemInfo" => message(&GetSystemInfoResponse { server_version: version.into(), capabilities: None }),
            "DescribeNamespace" => message(&DescribeNamespaceResponse {
                namespace_info: Some(NamespaceInfo {
                    name: "payments".into(),
                    capabilities: Some(Capabilities { worker_heartbeats: true, ..Default::default() }),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            "ListSchedules" => message(&ListSchedulesResponse {
                schedules: (0..20)
                    .map(|n| ScheduleListEntry { schedule_id: format!("nightly-{n}"), ..Default::default() })
                    .collect(),
                next_page_token: vec![],
            }),
            "DescribeSchedule" => message(&described(0)),
            "ListWorkers" | "ListWorkerDeployments" | "ListScheduleMatchingTimes" => status(code, "no"),
            other => empty(other),
        });
        run(address(&server), &options(&["payments"]))
    };
    for code in [Code::PermissionDenied, Code::Unimplemented] {
        let snapshot = facts(code, "1.32.0");
        let found = namespace(&snapshot, "payments");
        for (call, why) in [
            ("ListWorkers", found.workers.why()),
            ("ListWorkerDeployments", found.deployments.why()),
            ("ListScheduleMatchingTimes", found.schedules.value().and_then(|s| s[1].times.why())),
            ("ListScheduleMatchingTimes", found.schedules.value().and_then(|s| s[1].skipped.why())),
        ] {
            let why = why.expect("a reason");
            assert!(why.reason.starts_with(&format!("{call} for payments answered {code:?}")), "{why:?}");
            assert!(why.remedy.is_some(), "{why:?}");
        }
        assert!(found.schedules.is_known() && found.open.is_known());
        // A connection that breaks on a busy machine is asked over once more.
        assert!(calls(&snapshot, "/ListScheduleMatchingTimes") < 5, "what one schedule is refused, all are");
    }
    let old = facts(Code::Unimplemented, "1.26.2");
    assert_eq!(namespace(&old, "payments").deployments, Known::Known(vec![]), "there were none before 1.27");
}

/// What a deployment is made of may be refused where the list is not: then nobody can say that nothing drains.
#[test]
fn a_worker_deployment_that_may_not_be_described_is_known_in_part() {
    for code in [Code::PermissionDenied, Code::Unimplemented, Code::NotFound] {
        let server = Fake::start(move |method, _| match method {
            "ListWorkerDeployments" => message(&ListWorkerDeploymentsResponse {
                worker_deployments: vec![WorkerDeploymentSummary { name: "orders-app".into(), ..Default::default() }],
                next_page_token: vec![],
            }),
            "DescribeWorkerDeployment" => status(code, "no"),
            other => empty(other),
        });
        let snapshot = run(address(&server), &options(&["payments"]));
        let Known::Partial { value, why } = &namespace(&snapshot, "payments").deployments else { panic!("partial") };
        assert_eq!((value[0].name.as_str(), value[0].versions.len()), ("orders-app", 0));
        let told = format!(
            "versions of worker deployment orders-app: DescribeWorkerDeployment for payments answered {code:?}"
        );
        assert!(why.reason.starts_with(&told), "{why:?}");
    }
}

/// A schedule with a memo of this many bytes.
fn described(memo: usize) -> DescribeScheduleResponse {
    DescribeScheduleResponse {
        schedule: Some(schedule::Schedule {
            action: Some(schedule::ScheduleAction {
                action: Some(schedule::schedule_action::Action::StartWorkflow(Default::default())),
            }),
            ..Default::default()
        }),
        memo: Some(Memo {
            fields: [("bulk".to_owned(), Payload { data: vec![b'x'; memo], ..Default::default() })].into(),
        }),
        ..Default::default()
    }
}

#[test]
fn messages_of_four_megabytes_are_read_and_not_kept() {
    let server = Fake::start(|method, _| match method {
        "ListSchedules" => message(&ListSchedulesResponse {
            schedules: vec![ScheduleListEntry { schedule_id: "nightly".into(), ..Default::default() }],
            next_page_token: vec![],
        }),
        "DescribeSchedule" => message(&described(5 << 20)),
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    let Known::Known(schedules) = &namespace(&snapshot, "payments").schedules else { panic!("{snapshot:#?}") };
    assert_eq!(schedules[0].memo.keys().collect::<Vec<_>>(), ["bulk"]);
    assert!(serde_json::to_vec(&snapshot).expect("JSON").len() < 20_000);
}

#[test]
fn forbidden_namespaces_do_not_hide_the_others() {
    let names = ["billing", "fraud", "orders", "payments"];
    let server = Fake::start(move |method, body| match method {
        "ListNamespaces" => message(&ListNamespacesResponse {
            namespaces: names
                .map(|name| DescribeNamespaceResponse {
                    namespace_info: Some(NamespaceInfo { name: name.into(), ..Default::default() }),
                    ..Default::default()
                })
                .to_vec(),
            next_page_token: vec![],
        }),
        "DescribeNamespace" => {
            let name = asked::<DescribeNamespaceRequest>(body).namespace;
            match name.as_str() {
                "fraud" | "payments" => status(Code::PermissionDenied, "Request unauthorized."),
                _ => empty("DescribeNamespace"),
            }
        }
        // The namespace is the first field of every one of these requests.
        "CountWorkflowExecutions" | "ListWorkflowExecutions" | "ListSchedules" | "ListSearchAttributes"
            if ["fraud", "payments"].iter().any(|name| String::from_utf8_lossy(body).contains(name)) =>
        {
            status(Code::PermissionDenied, "Request unauthorized.")
        }
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&[]));
    assert!(snapshot.connection.iter().all(|step| step.ok), "{:#?}", snapshot.connection);
    for name in names {
        let found = namespace(&snapshot, name);
        if ["billing", "orders"].contains(&name) {
            assert!(found.is_whole(), "{found:#?}");
            continue;
        }
        assert_eq!(found.exists, None);
        for why in [found.config.why(), found.search_attributes.why(), found.schedules.why(), found.open.why()] {
            let why = why.expect("a reason");
            assert!(why.reason.contains(name) && why.reason.contains("PermissionDenied"), "{why:?}");
        }
    }
    assert!(!snapshot.is_whole());
}
