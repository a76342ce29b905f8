//! A cluster that breaks, crawls or raves while it is probed: the probe ends in time, keeps what it learned, and says
//! why the rest is unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::ExecutionFacts;
use temporalio_protos::temporal::api::common::v1::{Payload, WorkflowExecution, WorkflowType};
use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_protos::temporal::api::workflowservice::v1::count_workflow_executions_response::AggregationGroup;
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, GetSystemInfoResponse,
    ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse,
};
use tonic::Code;

use super::fake::{Fake, Reply, asked, message, status};
use super::partial::empty;
use super::support;
use super::{at, calls, namespace, options, run};

/// What none of the executions of [`busy`] is.
const NONE: [&str; 6] =
    ["IS NOT NULL", "StartTime <=", "StartTime >", "ExecutionTime >", "CloseTime >", "TemporalNamespaceDivision"];

/// A server of this version with many open executions of one type, all started an hour ago, and none closed.
fn busy(version: &'static str, method: &str, body: &[u8], started: i64) -> Reply {
    match method {
        "GetSystemInfo" => message(&GetSystemInfoResponse { server_version: version.into(), capabilities: None }),
        "CountWorkflowExecutions" => {
            let query = asked::<CountWorkflowExecutionsRequest>(body).query;
            let none = NONE.iter().any(|q| query.contains(q));
            let count = if none { 0 } else { 40 };
            let groups = match query.contains("GROUP BY") {
                false => vec![],
                true => vec![AggregationGroup {
                    group_values: vec![Payload { data: b"\"Running\"".to_vec(), ..Payload::default() }],
                    count,
                }],
            };
            message(&CountWorkflowExecutionsResponse { count, groups })
        }
        "ListWorkflowExecutions" => {
            let query = asked::<ListWorkflowExecutionsRequest>(body).query;
            let none = query.contains("NOT IN") || NONE.iter().any(|q| query.contains(q));
            let row = WorkflowExecutionInfo {
                execution: Some(WorkflowExecution { workflow_id: "order-1".into(), run_id: "r".into() }),
                r#type: Some(WorkflowType { name: "Order".into() }),
                start_time: Some(prost_wkt_types::Timestamp { seconds: started, nanos: 0 }),
                status: 1,
                task_queue: "orders".into(),
                ..WorkflowExecutionInfo::default()
            };
            let executions = if none { vec![] } else { vec![row; 40] };
            message(&ListWorkflowExecutionsResponse { executions, next_page_token: Vec::new() })
        }
        other => empty(other),
    }
}

fn an_hour_ago() -> i64 {
    support::now().as_second() - 3_600
}

/// Every part that is not known says why.
fn reasons(facts: &ExecutionFacts) -> Vec<String> {
    let ExecutionFacts {
        statuses,
        open_ages,
        durations,
        recent,
        cron,
        scheduled,
        stuck,
        samples,
        beside,
        also_open: _,
        open_ids,
        rest,
        listed: _,
    } = facts;
    let whys = [
        statuses.why(),
        open_ages.why(),
        durations.why(),
        recent.why(),
        cron.why(),
        scheduled.why(),
        stuck.why(),
        samples.why(),
        beside.why(),
        open_ids.why(),
        rest.why(),
    ];
    whys.into_iter().flatten().map(|why| why.reason.clone()).collect()
}

#[test]
fn a_server_killed_in_the_middle_leaves_what_was_learned() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &["payments"]).expect("a dev server");
    for n in 0..6 {
        let (id, name) = (format!("w-{n}"), format!("Type{n}"));
        let start = ["workflow", "start", "--namespace", "payments", "--workflow-id", &id, "--type", &name];
        server.cli(&[&start[..], &["--task-queue", "orders"]].concat()).expect("started");
    }
    let address = server.address().to_owned();
    let mut asked = options(&["payments"]);
    (asked.rps, asked.deadline) = (10.0, Duration::from_secs(30));
    // The probe says when it counts types; that is when the server dies.
    let counting = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&counting);
    asked.progress = Some(Arc::new(move |line: &str| {
        if line.contains("counting workflow type 3") {
            heard.store(true, Ordering::SeqCst);
        }
    }));
    let killer = std::thread::spawn(move || {
        while !counting.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(server);
    });
    let snapshot = run(at(&address), &asked);
    killer.join().expect("the server was stopped");
    let found = namespace(&snapshot, "payments");
    assert!(snapshot.elapsed_ms < 31_000, "{}", snapshot.elapsed_ms);
    assert_eq!(found.open, Known::Known(6), "counted before");
    assert!(!found.workflow_types.is_known() && !found.executions.is_whole() && !snapshot.is_whole());
    assert!(!found.task_queues.is_known());
    let why = found.workflow_types.why().expect("a reason");
    assert!(why.reason.contains("answered Un") && why.remedy.is_some(), "{why:?}");
    assert!(matches!(found.executions.recent, Known::Unknown(_)), "{:#?}", found.executions.recent);
}

#[test]
fn five_seconds_an_answer_end_in_time_and_waste_none() {
    let started = an_hour_ago();
    let server = Fake::start(move |method, body| match method {
        "CountWorkflowExecutions" | "ListWorkflowExecutions" => {
            Reply::Late(Duration::from_secs(5), Box::new(busy("1.32.0", method, body, started)))
        }
        _ => busy("1.32.0", method, body, started),
    });
    let mut asked = options(&["payments"]);
    asked.deadline = Duration::from_secs(12);
    let snapshot = run(at(&server.address.to_string()), &asked);
    assert!(snapshot.elapsed_ms < 13_500, "{}", snapshot.elapsed_ms);
    let found = namespace(&snapshot, "payments");
    assert_eq!(found.open, Known::Known(40));
    let reasons = reasons(&found.executions);
    assert!(!reasons.is_empty());
    for reason in reasons {
        assert!(reason.contains("the time allowed") || reason.contains("DeadlineExceeded"), "{reason}");
    }
}

#[test]
fn a_storm_of_complaints_slows_the_probe_down_and_does_not_stop_it() {
    let (asked_for, started) = (AtomicUsize::new(0), an_hour_ago());
    let server = Fake::start(move |method, body| match method {
        // Two of three visibility calls are refused, as when the team's own tools use the allowance.
        "CountWorkflowExecutions" | "ListWorkflowExecutions"
            if !asked_for.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) =>
        {
            status(Code::ResourceExhausted, "namespace rate limit exceeded")
        }
        _ => busy("1.32.0", method, body, started),
    });
    let mut asked = options(&["payments"]);
    asked.deadline = Duration::from_secs(20);
    let snapshot = run(at(&server.address.to_string()), &asked);
    assert!(snapshot.elapsed_ms < 21_000, "{}", snapshot.elapsed_ms);
    let found = namespace(&snapshot, "payments");
    assert_eq!(found.open, Known::Known(40), "asked again until it was answered");
    let count = snapshot.rpcs.iter().find(|(name, _)| name.ends_with("/CountWorkflowExecutions")).expect("counted").1;
    assert!(count.errors >= count.calls / 2, "{count:?}");
    // Complaints are answered with patience: far fewer calls than the 500 a second that were allowed.
    assert!(count.calls < 60, "{count:?}");
    for reason in reasons(&found.executions) {
        assert!(reason.contains("the time allowed") || reason.contains("ResourceExhausted"), "{reason}");
    }
}

#[test]
fn tokens_without_end_do_not_lead_the_probe_on() {
    let (token, started) = (AtomicU64::new(0), an_hour_ago());
    let server = Fake::start(move |method, body| match method {
        "ListWorkflowExecutions" => {
            let Reply::Message(answer) = busy("1.32.0", method, body, started) else { unreachable!() };
            let mut answer: ListWorkflowExecutionsResponse = asked(&answer);
            if answer.executions.is_empty() {
                answer.executions = vec![WorkflowExecutionInfo {
                    execution: Some(WorkflowExecution { workflow_id: "later".into(), run_id: "r".into() }),
                    r#type: Some(WorkflowType { name: "Later".into() }),
                    start_time: Some(prost_wkt_types::Timestamp { seconds: started, nanos: 0 }),
                    ..Default::default()
                }];
            }
            // Another token every time, so that none is recognised.
            answer.next_page_token = token.fetch_add(1, Ordering::SeqCst).to_be_bytes().to_vec();
            message(&answer)
        }
        _ => busy("1.32.0", method, body, started),
    });
    let mut asked = options(&["payments"]);
    (asked.deadline, asked.list_open) = (Duration::from_secs(20), 30);
    let snapshot = run(at(&server.address.to_string()), &asked);
    assert!(calls(&snapshot, "/ListWorkflowExecutions") < 150, "{:?}", snapshot.rpcs);
    let found = namespace(&snapshot, "payments");
    assert!(!found.executions.is_whole() && !found.workflow_types.is_known());
    let cron = found.executions.cron.why().expect("a reason");
    assert!(cron.reason.contains("or more wait for their first work"), "{cron:?}");
    assert!(found.executions.listed.as_ref().is_some_and(|listed| listed.why().is_some()));
}

#[test]
fn what_an_old_server_cannot_be_asked_is_unknown_with_the_version_that_can() {
    let started = an_hour_ago();
    let server = Fake::start(move |method, body| {
        let query = match method {
            "CountWorkflowExecutions" => asked::<CountWorkflowExecutionsRequest>(body).query,
            "ListWorkflowExecutions" => asked::<ListWorkflowExecutionsRequest>(body).query,
            _ => String::new(),
        };
        for unknown in ["TemporalReportedProblems", "ParentWorkflowId", "GROUP BY"] {
            if query.contains(unknown) {
                return status(Code::InvalidArgument, &format!("invalid query: unable to convert {unknown}"));
            }
        }
        busy("1.21.5", method, body, started)
    });
    let snapshot = run(at(&server.address.to_string()), &options(&["payments"]));
    let found = namespace(&snapshot, "payments");
    assert_eq!(found.workflow_types.value().map(|t| (t[0].open, t[0].paused)), Some((40, None)), "counted one by one");
    assert!(matches!(found.executions.statuses, Known::Unknown(_)));
    let stuck = found.executions.stuck.why().expect("a reason");
    assert!(stuck.remedy.as_deref().is_some_and(|r| r.contains("server 1.30")), "{stuck:?}");
    let Known::Partial { value, why } = &found.executions.recent else { panic!("{:#?}", found.executions.recent) };
    assert_eq!(value.roots, 0);
    assert!(why.remedy.as_deref().is_some_and(|r| r.contains("server 1.23")), "{why:?}");
}

/// Standard visibility, which servers before 1.24 may have, refuses every query but those by one field.
#[test]
fn standard_visibility_tells_nothing_and_what_it_needs() {
    let server = Fake::start(|method, body| match method {
        "CountWorkflowExecutions" | "ListWorkflowExecutions" => {
            status(Code::InvalidArgument, "operation not supported: standard visibility")
        }
        _ => busy("1.22.4", method, body, 0),
    });
    let snapshot = run(at(&server.address.to_string()), &options(&["payments"]));
    let found = namespace(&snapshot, "payments");
    assert!(matches!(found.open, Known::Unknown(_)) && matches!(found.workflow_types, Known::Unknown(_)));
    assert_eq!(reasons(&found.executions).len(), 11, "{:#?}", found.executions);
    for why in [found.open.why(), found.executions.recent.why()] {
        let why = why.expect("a reason");
        assert!(why.remedy.as_deref().is_some_and(|r| r.contains("advanced visibility")), "{why:?}");
    }
}

/// What none of the executions of [`drained`] is.
const GONE: [&str; 5] = ["CloseTime IS NULL", "CloseTime >", "StartTime", "ExecutionTime", "Temporal"];

/// Twelve types with many closed executions each, whose durations fall like a power.
fn drained(method: &str, body: &[u8]) -> Reply {
    const TYPES: i64 = 12;
    const EACH: f64 = 5_000.0;
    match method {
        "CountWorkflowExecutions" => {
            let query = asked::<CountWorkflowExecutionsRequest>(body).query;
            let of_one = query.contains("WorkflowType = ");
            let all = if of_one { EACH } else { EACH * TYPES as f64 };
            let none = GONE.iter().any(|q| query.contains(q));
            let least = query.split_once("ExecutionDuration >= '").and_then(|(_, q)| q.split_once('s'));
            let least = least.map_or(1.0, |(seconds, _)| seconds.parse::<f64>().expect("a number"));
            let count = if none || least > 5_000.0 { 0 } else { (all / least) as i64 };
            let group_values = vec![Payload { data: b"\"Completed\"".to_vec(), ..Payload::default() }];
            let groups = match query.contains("GROUP BY") {
                true => vec![AggregationGroup { group_values, count }],
                false => vec![],
            };
            message(&CountWorkflowExecutionsResponse { count, groups })
        }
        "ListWorkflowExecutions" => {
            let query = asked::<ListWorkflowExecutionsRequest>(body).query;
            let least = query.split_once("ExecutionDuration >= '").and_then(|(_, q)| q.split_once('s'));
            let long = least.is_some_and(|(seconds, _)| seconds.parse::<f64>().expect("a number") > EACH);
            let none = long || query.contains("NOT IN") || GONE.iter().any(|q| query.contains(q));
            let row = |n: i64| WorkflowExecutionInfo {
                execution: Some(WorkflowExecution { workflow_id: format!("w-{n}"), run_id: "r".into() }),
                r#type: Some(WorkflowType { name: format!("Type{n}") }),
                start_time: Some(prost_wkt_types::Timestamp { seconds: 1_000_000, nanos: 0 }),
                close_time: Some(prost_wkt_types::Timestamp { seconds: 1_004_900 + n, nanos: 0 }),
                status: 2,
                task_queue: "orders".into(),
                ..WorkflowExecutionInfo::default()
            };
            let executions = if none { vec![] } else { (0..TYPES).map(row).collect() };
            message(&ListWorkflowExecutionsResponse { executions, next_page_token: Vec::new() })
        }
        _ => busy("1.32.0", method, body, 0),
    }
}

#[test]
fn when_time_is_short_it_is_durations_that_are_left_out() {
    let server = Fake::start(drained);
    let mut asked = options(&["payments"]);
    (asked.rps, asked.deadline) = (20.0, Duration::from_secs(8));
    let snapshot = run(at(&server.address.to_string()), &asked);
    let found = namespace(&snapshot, "payments");
    let Known::Known(types) = &found.workflow_types else { panic!("{:?}", found.workflow_types.why()) };
    assert_eq!(types.len(), 12);
    assert!(types.iter().all(|t| t.closed == 5_000 && t.longest_closed.is_some()), "{types:#?}");
    let counted = types.iter().filter(|t| t.durations.is_some()).count();
    assert!((1..12).contains(&counted), "{counted}");
    let Known::Partial { value: Some(all), why } = &found.executions.durations else {
        panic!("{:#?}", found.executions.durations)
    };
    // One of `n` takes longer than `n` seconds: half of them 2, one in ten 10, one in a hundred 100.
    assert!((2..=3).contains(&all.p50) && (10..=16).contains(&all.p90) && (100..=260).contains(&all.p99), "{all:?}");
    assert!(why.reason.contains("the time did not allow more"), "{why:?}");
    assert!(found.task_queues.is_known(), "what comes after was asked");
    assert!(snapshot.elapsed_ms < 8_500, "{}", snapshot.elapsed_ms);
}
