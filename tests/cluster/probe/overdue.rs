//! A type whose executions take a minute, and one that has been open for two years.

use temporal_preflight::facts::Known;
use temporalio_protos::temporal::api::common::v1::{Payload, WorkflowExecution, WorkflowType};
use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_protos::temporal::api::workflowservice::v1::count_workflow_executions_response::AggregationGroup;
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
};

use super::fake::{Fake, asked, message};
use super::partial::{address, empty};
use super::{namespace, options, run, support};

const DAY: i64 = 86_400;

fn row(id: &str, start: i64, close: Option<i64>) -> WorkflowExecutionInfo {
    let at = |seconds: i64| prost_wkt_types::Timestamp { seconds, nanos: 0 };
    WorkflowExecutionInfo {
        execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: format!("run-{id}") }),
        r#type: Some(WorkflowType { name: "FxRates".into() }),
        start_time: Some(at(start)),
        execution_time: Some(at(start)),
        close_time: close.map(at),
        status: if close.is_some() { 2 } else { 1 },
        task_queue: "rates".into(),
        ..WorkflowExecutionInfo::default()
    }
}

/// The instant a condition of a query compares with.
fn instant(query: &str, condition: &str) -> Option<i64> {
    let (_, rest) = query.split_once(&format!("{condition} '"))?;
    Some(rest.split_once('\'')?.0.parse::<jiff::Timestamp>().expect("an instant").as_second())
}

/// As much of the query language as the probe asks.
fn matches(query: &str, row: &WorkflowExecutionInfo) -> bool {
    let start = row.start_time.as_ref().map_or(0, |t| t.seconds);
    let close = row.close_time.as_ref().map(|t| t.seconds);
    let never =
        ["NOT IN", "TemporalNamespaceDivision", "TemporalReportedProblems", "TemporalScheduledById IS NOT NULL"];
    let longer = query.split_once("ExecutionDuration >= '").and_then(|(_, q)| q.split_once('s')?.0.parse::<f64>().ok());
    let phase = (query.contains("CloseTime IS NULL") && close.is_some())
        || (query.contains("CloseTime IS NOT NULL") && close.is_none());
    if phase || never.iter().any(|part| query.contains(part)) {
        return false;
    }
    instant(query, "StartTime <=").is_none_or(|at| start <= at)
        && instant(query, "StartTime >").is_none_or(|at| start > at)
        && instant(query, "ExecutionTime >").is_none_or(|at| start > at)
        && instant(query, "CloseTime >").is_none_or(|at| close.is_some_and(|close| close > at))
        && longer.is_none_or(|seconds| close.is_some_and(|close| (close - start) as f64 >= seconds))
}

#[test]
fn an_execution_far_older_than_its_type_is_told_apart_from_the_others() {
    let now = support::now().as_second();
    let mut rows =
        vec![row("fx-stuck", now - 700 * DAY, None), row("fx-now", now - 60, None), row("fx-hour", now - 3_600, None)];
    rows.extend((1..=40).map(|n| row(&format!("fx-{n}"), now - n * 3_600, Some(now - n * 3_600 + 60))));
    let server = Fake::start(move |method, body| match method {
        "CountWorkflowExecutions" => {
            let query = asked::<CountWorkflowExecutionsRequest>(body).query;
            let found: Vec<_> = rows.iter().filter(|row| matches(&query, row)).collect();
            let group = |name: &str, status: i32| AggregationGroup {
                group_values: vec![Payload { data: format!("\"{name}\"").into_bytes(), ..Payload::default() }],
                count: found.iter().filter(|row| row.status == status).count() as i64,
            };
            let groups =
                if query.contains("GROUP BY") { vec![group("Running", 1), group("Completed", 2)] } else { vec![] };
            message(&CountWorkflowExecutionsResponse { count: found.len() as i64, groups })
        }
        "ListWorkflowExecutions" => {
            let asked = asked::<ListWorkflowExecutionsRequest>(body);
            let found = rows.iter().filter(|row| matches(&asked.query, row)).cloned();
            let executions = found.take(usize::try_from(asked.page_size).expect("a size")).collect();
            message(&ListWorkflowExecutionsResponse { executions, next_page_token: vec![] })
        }
        other => empty(other),
    });
    let snapshot = run(address(&server), &options(&["payments"]));
    let found = namespace(&snapshot, "payments");
    let types = found.workflow_types.value().expect("types");
    let [rates] = types.as_slice() else { panic!("{types:#?}") };
    assert_eq!((rates.open, rates.closed, rates.continued), (3, 40, Some(0)));
    let overdue = rates.overdue.as_ref().expect("one is");
    assert_eq!((overdue.open, overdue.after_seconds), (1, 7 * 86_400));
    let ids = |samples: &[temporal_preflight::facts::cluster::ExecutionSample]| {
        samples.iter().map(|s| s.workflow_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&overdue.examples), ["fx-stuck"]);
    assert_eq!(overdue.oldest_other.as_ref().map(|s| s.workflow_id.as_str()), Some("fx-hour"));
    let Known::Known(rest) = &found.executions.rest else { panic!("{:?}", found.executions.rest) };
    assert_eq!(rest.last_closed.map(|at| at.as_second()), Some(now - 3_600 + 60));
}
