//! A cluster that contradicts itself: what it says of it is unknown, never a number and never nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use temporal_preflight::facts::cluster::NamespaceSnapshot;
use temporal_preflight::facts::{Known, Why};
use temporalio_protos::temporal::api::common::v1::{Payload, WorkflowExecution, WorkflowType};
use temporalio_protos::temporal::api::deployment::v1::RoutingConfig;
use temporalio_protos::temporal::api::schedule::v1::ScheduleListEntry;
use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_protos::temporal::api::workflowservice::v1::count_workflow_executions_response::AggregationGroup;
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, DescribeScheduleResponse,
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse, ListNamespacesResponse, ListSchedulesResponse,
    ListWorkerDeploymentsResponse, ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse,
    list_worker_deployments_response::WorkerDeploymentSummary,
};
use tonic::Code;

use super::fake::{Fake, Reply, asked, message, status};
use super::partial::{address, described, empty};
use super::{calls, namespace, options, run, support};

/// A server with one execution that is open since an hour and waits for its first work, and one schedule.
fn honest(method: &str, body: &[u8]) -> Reply {
    let matches = |query: &str| {
        let none = ["IS NOT NULL", "StartTime", "CloseTime >", "TemporalNamespaceDivision", "NOT IN", "!="];
        query.contains("RunId") || !none.iter().any(|q| query.contains(q))
    };
    let now = support::now().as_second();
    let at = |seconds: i64| Some(prost_wkt_types::Timestamp { seconds, nanos: 0 });
    let info = WorkflowExecutionInfo {
        execution: Some(WorkflowExecution { workflow_id: "nightly".into(), run_id: "r".into() }),
        r#type: Some(WorkflowType { name: "Cleanup".into() }),
        start_time: at(now - 3_600),
        execution_time: at(now + 3_600),
        status: 1,
        task_queue: "orders".into(),
        history_length: 2,
        history_size_bytes: 100,
        ..WorkflowExecutionInfo::default()
    };
    match method {
        "CountWorkflowExecutions" => {
            let query = asked::<CountWorkflowExecutionsRequest>(body).query;
            let count = i64::from(matches(&query));
            let group_values = vec![Payload { data: b"\"Running\"".to_vec(), ..Payload::default() }];
            let groups = vec![AggregationGroup { group_values, count }];
            let groups = if query.contains("GROUP BY") { groups } else { vec![] };
            message(&CountWorkflowExecutionsResponse { count, groups })
        }
        "ListWorkflowExecutions" => {
            let query = asked::<ListWorkflowExecutionsRequest>(body).query;
            let executions = if matches(&query) { vec![info] } else { vec![] };
            message(&ListWorkflowExecutionsResponse { executions, next_page_token: vec![] })
        }
        "DescribeWorkflowExecution" => {
            assert_eq!(asked::<DescribeWorkflowExecutionRequest>(body).namespace, "payments");
            message(&DescribeWorkflowExecutionResponse { workflow_execution_info: Some(info), ..Default::default() })
        }
        "ListSchedules" => message(&ListSchedulesResponse {
            schedules: vec![ScheduleListEntry { schedule_id: "hourly".into(), ..Default::default() }],
            next_page_token: vec![],
        }),
        other => empty(other),
    }
}

/// What the probe knows of a server that is honest but for this.
fn seen(lie: impl Fn(&str, &[u8]) -> Option<Reply> + Send + Sync + 'static) -> NamespaceSnapshot {
    let server = Fake::start(move |method, body| lie(method, body).unwrap_or_else(|| honest(method, body)));
    let snapshot = run(address(&server), &options(&["payments"]));
    namespace(&snapshot, "payments").clone()
}

fn reason<T>(known: &Known<T>) -> String {
    known.why().map_or_else(String::new, |Why { reason, remedy }| {
        assert!(remedy.is_some(), "{reason}");
        reason.clone()
    })
}

#[test]
fn a_schedule_that_is_listed_and_not_found_is_hidden_and_not_deleted() {
    let hidden = seen(|method, _| (method == "DescribeSchedule").then(|| status(Code::NotFound, "not found")));
    assert!(matches!(hidden.schedules, Known::Unknown(_)));
    assert!(reason(&hidden.schedules).contains("it answered NotFound for 1 listed schedules, such as hourly"));

    // Deleted between the list and the question, it is gone from the second list.
    let lists = Arc::new(AtomicUsize::new(0));
    let deleted = seen(move |method, _| match method {
        "DescribeSchedule" => Some(status(Code::NotFound, "not found")),
        "ListSchedules" if lists.fetch_add(1, Ordering::SeqCst) > 0 => Some(message(&ListSchedulesResponse::default())),
        _ => None,
    });
    assert_eq!(deleted.schedules, Known::Known(vec![]));
    let hollow =
        seen(|method, _| (method == "DescribeSchedule").then(|| message(&DescribeScheduleResponse::default())));
    assert!(reason(&hollow.schedules).contains("it describes no schedule"));
}

#[test]
fn a_count_of_nothing_beside_rows_and_a_negative_one_are_no_counts() {
    for (count, said) in [(0, "it counted 0 executions beside one that is listed"), (-5, "it counted -5")] {
        let wrong = seen(move |method, _| {
            let answer = CountWorkflowExecutionsResponse { count, groups: vec![] };
            (method == "CountWorkflowExecutions").then(|| message(&answer))
        });
        assert!(reason(&wrong.open).contains(said), "{:?}", wrong.open);
        assert!(!wrong.workflow_types.is_known() && !wrong.task_queues.is_known());
    }
}

#[test]
fn a_list_of_nothing_beside_counts_is_no_list() {
    let wrong = seen(|method, _| {
        (method == "ListWorkflowExecutions").then(|| message(&ListWorkflowExecutionsResponse::default()))
    });
    assert_eq!(wrong.open, Known::Known(1));
    for reason in [reason(&wrong.workflow_types), reason(&wrong.oldest_open), reason(&wrong.executions.cron)] {
        assert!(reason.contains("it lists no execution, and some are counted"), "{reason}");
    }
}

#[test]
fn namespaces_are_listed_with_the_one_that_was_described() {
    for names in [vec![], vec!["temporal-system", "other"]] {
        let told = ListNamespacesResponse {
            namespaces: names.iter().map(|name| described(name)).collect(),
            next_page_token: vec![],
        };
        let server = Fake::start(move |method, body| match method {
            "ListNamespaces" => message(&told),
            _ => honest(method, body),
        });
        let snapshot = run(address(&server), &options(&["payments"]));
        let said = reason(&snapshot.namespace_names);
        assert!(said.contains("not a single namespace") || said.contains("does not list payments"), "{said}");
    }
}

#[test]
fn a_server_without_attributes_of_its_own_is_not_believed() {
    let wrong = seen(|method, _| (method == "ListSearchAttributes").then(|| Reply::Message(vec![])));
    assert!(reason(&wrong.search_attributes).contains("not even the attributes of the server itself"));
}

#[test]
fn an_execution_that_is_listed_has_a_history_and_a_description() {
    let not_found = || status(Code::NotFound, "not found");
    let hidden = seen(move |method, _| (method == "GetWorkflowExecutionHistory").then(not_found));
    assert!(reason(&hidden.executions.cron).contains("it answered NotFound for nightly, which is listed"));
    let hollow = seen(|method, _| (method == "GetWorkflowExecutionHistory").then(|| Reply::Message(vec![])));
    assert!(reason(&hollow.executions.cron).contains("the history does not begin with the start"));

    let hidden = seen(move |method, _| (method == "DescribeWorkflowExecution").then(not_found));
    assert!(reason(&hidden.executions.samples).contains("it answered NotFound for nightly, which is listed"));
    let hollow = seen(|method, _| (method == "DescribeWorkflowExecution").then(|| Reply::Message(vec![])));
    assert!(reason(&hollow.executions.samples).contains("it describes no execution"));
}

#[test]
fn a_worker_deployment_that_is_listed_is_described() {
    let wrong = seen(|method, _| match method {
        "ListWorkerDeployments" => Some(message(&ListWorkerDeploymentsResponse {
            worker_deployments: vec![WorkerDeploymentSummary {
                name: "orders-app".into(),
                routing_config: Some(RoutingConfig::default()),
                ..Default::default()
            }],
            next_page_token: vec![],
        })),
        "DescribeWorkerDeployment" => Some(Reply::Message(vec![])),
        _ => None,
    });
    assert!(reason(&wrong.deployments).contains("it describes no worker deployment"), "{:?}", wrong.deployments);
}

#[test]
fn a_page_that_comes_again_ends_the_list_and_what_is_known_of_it() {
    let again = |more: Vec<u8>| ListSchedulesResponse {
        schedules: vec![ScheduleListEntry { schedule_id: "hourly".into(), ..Default::default() }],
        next_page_token: more,
    };
    let server = Fake::start(move |method, body| match method {
        "ListSchedules" => message(&again(b"again".to_vec())),
        _ => honest(method, body),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    let found = namespace(&snapshot, "payments");
    assert!(reason(&found.schedules).contains("the list does not come to an end"));
    assert!(calls(&snapshot, "/ListSchedules") < 6, "{:?}", snapshot.rpcs);
}
