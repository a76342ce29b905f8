//! Schedules of a real server: every part that differs between two clusters is told, and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use prost_wkt_types::{Duration as ProtoDuration, Timestamp as ProtoTimestamp};
use temporal_preflight::compare::{GapVerdict, ScheduleKind, compare};
use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::cluster::{ClusterSnapshot, NamespaceSnapshot, Schedule};
use temporal_preflight::facts::plan::{NamespaceMapping, Plan};
use temporal_preflight::facts::{Known, Side};
use temporalio_protos::temporal::api::common::v1::{
    Header, Memo, Payload, Payloads, Priority, RetryPolicy, SearchAttributes, WorkflowType,
};
use temporalio_protos::temporal::api::schedule::v1::{self as proto, schedule_action::Action};
use temporalio_protos::temporal::api::sdk::v1::UserMetadata;
use temporalio_protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_protos::temporal::api::workflow::v1::{
    NewWorkflowExecutionInfo, VersioningOverride, versioning_override::Override,
};
use temporalio_protos::temporal::api::workflowservice::v1::{
    CreateScheduleRequest, PatchScheduleRequest, workflow_service_client::WorkflowServiceClient,
};
use tonic::transport::Channel;

use super::support::{self};
use super::{at, namespace, options, run};

const SOURCE: &str = "payments-prod";
const TARGET: &str = "payments-next";

fn seconds(seconds: i64) -> Option<ProtoDuration> {
    Some(ProtoDuration { seconds, nanos: 0 })
}

fn payload(text: &str) -> Payload {
    Payload {
        metadata: HashMap::from([("encoding".to_owned(), b"json/plain".to_vec())]),
        data: format!("\"{text}\"").into_bytes(),
        ..Default::default()
    }
}

fn one(key: &str, text: &str) -> HashMap<String, Payload> {
    HashMap::from([(key.to_owned(), payload(text))])
}

/// A time zone of one offset, as a TZif file (RFC 9636).
fn zone(offset: i32) -> Vec<u8> {
    let mut data = b"TZif".to_vec();
    data.extend([0; 16]);
    for count in [0u32, 0, 0, 0, 1, 4] {
        data.extend(count.to_be_bytes());
    }
    data.extend(offset.to_be_bytes());
    data.extend([0, 0]);
    data.extend(b"XST\0");
    data
}

/// A request, without its namespace and id; nightly, on weekdays, in Berlin, paused.
fn nightly() -> CreateScheduleRequest {
    CreateScheduleRequest {
        schedule: Some(proto::Schedule {
            spec: Some(proto::ScheduleSpec {
                cron_string: vec!["0 2 * * mon-fri # nightly".into()],
                timezone_name: "Europe/Berlin".into(),
                ..Default::default()
            }),
            action: Some(proto::ScheduleAction {
                action: Some(Action::StartWorkflow(NewWorkflowExecutionInfo {
                    workflow_id: "settle".into(),
                    workflow_type: Some(WorkflowType { name: "Settle".into() }),
                    task_queue: Some(TaskQueue { name: "settlement".into(), ..Default::default() }),
                    ..Default::default()
                })),
            }),
            policies: Some(proto::SchedulePolicies::default()),
            state: Some(proto::ScheduleState { paused: true, ..Default::default() }),
        }),
        ..Default::default()
    }
}

fn spec(request: &mut CreateScheduleRequest) -> &mut proto::ScheduleSpec {
    request.schedule.as_mut().and_then(|s| s.spec.as_mut()).expect("a spec")
}

fn policies(request: &mut CreateScheduleRequest) -> &mut proto::SchedulePolicies {
    request.schedule.as_mut().and_then(|s| s.policies.as_mut()).expect("policies")
}

fn state(request: &mut CreateScheduleRequest) -> &mut proto::ScheduleState {
    request.schedule.as_mut().and_then(|s| s.state.as_mut()).expect("a state")
}

fn start(request: &mut CreateScheduleRequest) -> &mut NewWorkflowExecutionInfo {
    let action = request.schedule.as_mut().and_then(|s| s.action.as_mut()).and_then(|a| a.action.as_mut());
    let Some(Action::StartWorkflow(start)) = action else { panic!("an action") };
    start
}

type Change = fn(&mut CreateScheduleRequest);

/// What is done to the copy on the target, and the fields that must be told as different.
const CHANGES: &[(&str, Change, &[&str])] = &[
    (
        "other-words",
        |r| {
            let spec = spec(r);
            spec.cron_string.clear();
            spec.calendar =
                vec![proto::CalendarSpec { hour: "2".into(), day_of_week: "1-5".into(), ..Default::default() }];
        },
        &[],
    ),
    ("other-hour", |r| spec(r).cron_string = vec!["0 3 * * mon-fri".into()], &["spec.calendars", "times"]),
    ("other-zone", |r| spec(r).timezone_name = "Asia/Tokyo".into(), &["spec.time_zone", "times"]),
    // The same name, but another idea of what it means.
    ("other-zone-data", |r| spec(r).timezone_data = zone(5 * 3600), &["spec.time_zone_data", "times"]),
    (
        "excluded-day",
        |r| {
            spec(r).exclude_structured_calendar = vec![proto::StructuredCalendarSpec {
                second: vec![proto::Range { start: 0, end: 59, step: 1 }],
                minute: vec![proto::Range { start: 0, end: 59, step: 1 }],
                hour: vec![proto::Range { start: 0, end: 23, step: 1 }],
                day_of_month: vec![proto::Range { start: 1, end: 31, step: 1 }],
                month: vec![proto::Range { start: 1, end: 12, step: 1 }],
                day_of_week: vec![proto::Range { start: 3, end: 3, step: 1 }],
                ..Default::default()
            }];
        },
        &["spec.excludes", "times"],
    ),
    (
        "interval",
        |r| spec(r).interval = vec![proto::IntervalSpec { interval: seconds(86_400 * 3), phase: seconds(60) }],
        &["spec.intervals", "times"],
    ),
    ("ends", |r| spec(r).end_time = Some(ProtoTimestamp { seconds: 4_102_444_800, nanos: 0 }), &["spec.end_time"]),
    ("jitter", |r| spec(r).jitter = seconds(90), &["spec.jitter"]),
    (
        "default-policies",
        |r| {
            policies(r).overlap_policy = 1;
            policies(r).catchup_window = seconds(365 * 86_400);
        },
        &[],
    ),
    ("overlap", |r| policies(r).overlap_policy = 6, &["policies.overlap"]),
    ("catchup", |r| policies(r).catchup_window = seconds(60), &["policies.catchup_window"]),
    ("on-failure", |r| policies(r).pause_on_failure = true, &["policies.pause_on_failure"]),
    ("keeps-id", |r| policies(r).keep_original_workflow_id = true, &["policies.keep_original_workflow_id"]),
    (
        "remaining",
        |r| {
            state(r).limited_actions = true;
            state(r).remaining_actions = 7;
        },
        &["state.remaining_actions"],
    ),
    ("type", |r| start(r).workflow_type = Some(WorkflowType { name: "Settle2".into() }), &["action.workflow_type"]),
    ("workflow-id", |r| start(r).workflow_id = "settle2".into(), &["action.workflow_id"]),
    (
        "queue",
        |r| start(r).task_queue = Some(TaskQueue { name: "other".into(), ..Default::default() }),
        &["action.task_queue"],
    ),
    ("input", |r| start(r).input = Some(Payloads { payloads: vec![payload("secret")] }), &["action.input"]),
    ("run-timeout", |r| start(r).workflow_run_timeout = seconds(90), &["action.run_timeout"]),
    ("execution-timeout", |r| start(r).workflow_execution_timeout = seconds(91), &["action.execution_timeout"]),
    (
        "retries",
        |r| {
            start(r).retry_policy = Some(RetryPolicy {
                initial_interval: Some(ProtoDuration { seconds: 0, nanos: 500_000_000 }),
                backoff_coefficient: 2.0,
                maximum_attempts: 3,
                ..Default::default()
            })
        },
        &["action.retry_policy"],
    ),
    ("action-memo", |r| start(r).memo = Some(Memo { fields: one("owner", "secret") }), &["action.memo"]),
    (
        "action-attribute",
        |r| start(r).search_attributes = Some(SearchAttributes { indexed_fields: one("MerchantId", "m") }),
        &["action.search_attributes"],
    ),
    ("header", |r| start(r).header = Some(Header { fields: one("tenant", "secret") }), &["action.header"]),
    (
        "summary",
        |r| start(r).user_metadata = Some(UserMetadata { summary: Some(payload("secret")), details: None }),
        &["action.user_metadata"],
    ),
    (
        "priority",
        |r| start(r).priority = Some(Priority { priority_key: 2, ..Default::default() }),
        &["action.priority"],
    ),
    (
        "override",
        |r| {
            start(r).versioning_override =
                Some(VersioningOverride { r#override: Some(Override::AutoUpgrade(true)), ..Default::default() })
        },
        &["action.versioning_override"],
    ),
    ("memo", |r| r.memo = Some(Memo { fields: one("owner", "secret") }), &["memo"]),
    (
        "attribute",
        |r| r.search_attributes = Some(SearchAttributes { indexed_fields: one("MerchantId", "m") }),
        &["search_attributes"],
    ),
];

pub async fn client(server: &DevServer) -> WorkflowServiceClient<Channel> {
    WorkflowServiceClient::connect(format!("http://{}", server.address())).await.expect("a connection")
}

async fn create(client: &WorkflowServiceClient<Channel>, namespace: &str, id: &str, request: CreateScheduleRequest) {
    let request = CreateScheduleRequest {
        namespace: namespace.into(),
        schedule_id: id.into(),
        request_id: format!("{namespace}/{id}"),
        ..request
    };
    client.clone().create_schedule(request).await.unwrap_or_else(|e| panic!("{id}: {e}"));
}

pub fn plan() -> Plan {
    let mapping =
        NamespaceMapping { source: SOURCE.into(), target: Some(TARGET.into()), line: 1, ..Default::default() };
    Plan { namespaces: vec![mapping], ..Plan::default() }
}

/// One snapshot with both namespaces stands for both clusters.
pub fn sides(snapshot: ClusterSnapshot) -> (Known<ClusterSnapshot>, Known<ClusterSnapshot>) {
    let target = ClusterSnapshot { side: Side::Target, ..snapshot.clone() };
    (Known::Known(snapshot), Known::Known(target))
}

/// Probe both namespaces until each has this many schedules: lists are a moment behind.
fn probed(server: &DevServer, schedules: usize) -> ClusterSnapshot {
    let begun = Instant::now();
    loop {
        let snapshot = run(at(server.address()), &options(&[SOURCE, TARGET]));
        let seen = |n: &NamespaceSnapshot| n.schedules.value().map_or(0, Vec::len);
        if snapshot.namespaces.iter().all(|n| seen(n) == schedules) || begun.elapsed() > Duration::from_secs(20) {
            return snapshot;
        }
    }
}

fn schedules(namespace: &NamespaceSnapshot) -> &[Schedule] {
    let Known::Known(schedules) = &namespace.schedules else { panic!("{:?}", namespace.schedules) };
    schedules
}

#[test]
fn every_part_of_a_schedule_that_differs_is_told() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[SOURCE, TARGET]).expect("a dev server");
    for namespace in [SOURCE, TARGET] {
        let create = ["operator", "search-attribute", "create", "--name", "MerchantId", "--type", "Keyword"];
        server.cli(&[&create[..], &["--namespace", namespace]].concat()).expect("an attribute");
    }
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let client = client(&server).await;
        for (id, change, _) in CHANGES {
            create(&client, SOURCE, id, nightly()).await;
            let mut other = nightly();
            change(&mut other);
            create(&client, TARGET, id, other).await;
        }
    });

    let snapshot = probed(&server, CHANGES.len());
    assert!(!serde_json::to_string(&snapshot).expect("JSON").contains("secret"), "payloads are hashed, not kept");
    for schedule in schedules(namespace(&snapshot, SOURCE)) {
        let times = schedule.times.value().expect("told");
        assert_eq!(times.until.duration_since(times.after).as_hours(), 14 * 24);
        // One night more or less when the clocks change.
        assert!((9..=11).contains(&times.iter().count()), "weekdays of two weeks: {times:?}");
        assert_eq!(schedule.skipped.value().map(|s| s.iter().count()), Some(0), "nothing was due since it was created");
    }
    let (source, target) = sides(snapshot);
    let Known::Known(changes) = compare(&source, &target, &plan()).schedules else { panic!("known") };
    let told: BTreeMap<&str, Vec<&str>> = changes
        .iter()
        .filter(|c| c.change == ScheduleKind::Differs)
        .map(|c| (c.id.as_str(), c.differences.iter().map(|d| d.field.as_str()).collect()))
        .collect();
    let expected: BTreeMap<&str, Vec<&str>> = CHANGES
        .iter()
        .filter(|(.., fields)| !fields.is_empty())
        .map(|(id, _, fields)| (*id, fields.to_vec()))
        .collect();
    assert_eq!(told, expected);
    let zone = changes.iter().find(|c| c.id == "other-zone-data").expect("told");
    let times = zone.differences.iter().find(|d| d.field == "times").expect("times");
    assert!(times.source.contains(":00:00Z and ") && times.source.ends_with(" more of its own"), "{times:?}");
}

#[test]
fn what_was_due_between_pause_and_resume_is_told() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[SOURCE, TARGET]).expect("a dev server");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = runtime.block_on(client(&server));
    let mut often = nightly();
    spec(&mut often).cron_string.clear();
    spec(&mut often).interval = vec![proto::IntervalSpec { interval: seconds(2), phase: None }];
    policies(&mut often).overlap_policy = 6;
    state(&mut often).paused = false;
    runtime.block_on(create(&client, SOURCE, "often", often.clone()));
    state(&mut often).paused = true;
    runtime.block_on(create(&client, TARGET, "often", often));
    let of = |snapshot: &ClusterSnapshot, name: &str| schedules(namespace(snapshot, name))[0].clone();

    let begun = Instant::now();
    let acted = loop {
        let acted = of(&probed(&server, 1), SOURCE);
        if acted.actions >= 2 {
            break acted;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the schedule never acted");
        std::thread::sleep(Duration::from_millis(500));
    };
    assert_eq!(acted.recent.len() as u64, acted.actions);
    let pause = PatchScheduleRequest {
        namespace: SOURCE.into(),
        schedule_id: "often".into(),
        patch: Some(proto::SchedulePatch { pause: "moves".into(), ..Default::default() }),
        ..Default::default()
    };
    runtime.block_on(client.clone().patch_schedule(pause)).expect("paused");
    std::thread::sleep(Duration::from_secs(7));

    let snapshot = probed(&server, 1);
    let paused = of(&snapshot, SOURCE);
    let skipped: Vec<_> = paused.skipped.value().expect("told").iter().collect();
    assert!((2..=5).contains(&skipped.len()), "{skipped:?}");
    assert!(skipped.iter().all(|t| Some(t) > paused.recent.last()), "{skipped:?} {:?}", paused.recent);
    let (source, target) = sides(snapshot);
    let Known::Known(gaps) = compare(&source, &target, &plan()).schedule_gaps else { panic!("known") };
    let [gap] = gaps.as_slice() else { panic!("{gaps:?}") };
    assert_eq!((gap.verdict, gap.both_paused, gap.first), (GapVerdict::Lost, true, skipped[0]));
    assert!(gap.missed >= skipped.len().min(2), "{gap:?}");

    // Resumed on the target, and what was missed made up for, as the finding says.
    server
        .cli(&[
            "schedule",
            "toggle",
            "--namespace",
            TARGET,
            "--schedule-id",
            "often",
            "--unpause",
            "--reason",
            "cutover",
        ])
        .expect("resumed");
    let from = gap.first.saturating_sub(jiff::SignedDuration::from_secs(1)).expect("in range").to_string();
    let backfill =
        ["schedule", "backfill", "--namespace", TARGET, "--schedule-id", "often", "--overlap-policy", "BufferAll"];
    server
        .cli(&[&backfill[..], &["--start-time", &from, "--end-time", &gap.last.to_string()]].concat())
        .expect("backfilled");
    std::thread::sleep(Duration::from_secs(1));
    let (source, target) = sides(probed(&server, 1));
    let Known::Known(gaps) = compare(&source, &target, &plan()).schedule_gaps else { panic!("known") };
    assert!(gaps.is_empty() || gaps.iter().all(|g| g.first > gap.last), "{gaps:?}");
}

/// Measured on two cores: 278 s, 2,781 calls, 2.3 MB. Reads by name are paced at ten a second, and set the time.
/// A command of its own, because it takes several minutes:
/// `cargo test --test cluster two_thousand_schedules -- --ignored --nocapture`
#[test]
#[ignore = "takes several minutes"]
#[allow(clippy::print_stdout)]
fn two_thousand_schedules_are_read_at_the_default_pace() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[SOURCE]).expect("a dev server");
    let number = 2000;
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let client = client(&server).await;
        for n in 0..number {
            let mut request = nightly();
            // Active ones, none of which acts during the test.
            state(&mut request).paused = n % 2 == 0;
            spec(&mut request).cron_string = vec!["0 0 29 2 *".into()];
            create(&client, SOURCE, &format!("schedule-{n:04}"), request).await;
        }
    });
    let begun = Instant::now();
    let mut asked = options(&[SOURCE]);
    // As without --source-rps and --probe-timeout.
    (asked.rps, asked.deadline) = (5.0, Duration::from_secs(600));
    let snapshot = loop {
        asked.at = support::now();
        let snapshot = run(at(server.address()), &asked);
        if schedules(namespace(&snapshot, SOURCE)).len() == number || begun.elapsed() > Duration::from_secs(1000) {
            break snapshot;
        }
    };
    let found = schedules(namespace(&snapshot, SOURCE));
    let timed = found.iter().filter(|s| s.times.is_known()).count();
    let seconds = snapshot.elapsed_ms as f64 / 1000.0;
    let bytes = serde_json::to_vec(&snapshot).expect("JSON").len();
    println!("{} schedules, {timed} with their times, in {seconds:.0} s; {} kB", found.len(), bytes / 1000);
    for (name, count) in &snapshot.rpcs {
        println!("{name}: {} calls, {} errors", count.calls, count.errors);
    }
    assert_eq!(found.len(), number);
    assert!(timed > 0);
    let visibility = ["Count", "ListSchedules", "ListWorkflow", "DescribeTaskQueue", "ListWorkerDeployments"];
    let of = |visible: bool| -> u64 {
        let mine = |name: &str| visibility.iter().any(|v| name.contains(&format!("/{v}"))) == visible;
        snapshot.rpcs.iter().filter(|(name, _)| mine(name)).map(|(_, c)| c.calls).sum()
    };
    // A second's worth may be saved up.
    assert!(of(true) as f64 <= 5.0 * (seconds + 1.0) + 1.0, "{} visibility calls in {seconds} s", of(true));
    assert!(of(false) as f64 <= 10.0 * (seconds + 1.0) + 1.0, "{} other calls in {seconds} s", of(false));
}
