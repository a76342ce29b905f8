//! A real server, seeded through the official CLI: the snapshot says what was seeded.

use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::{ClusterKind, Schedule};
use temporal_preflight::probe::snapshot;

use super::support::{self, state, workers::Pollers};
use super::{at, calls, namespace, options, run};

const NAMESPACE: &str = "payments-prod";
/// A name with everything that could end a literal of the query language early.
const ODD_TYPE: &str = "it's odd ) OR ''--%_`";

fn seed(server: &DevServer) {
    let cli = |args: &[&str]| server.cli(&[args, &["--namespace", NAMESPACE]].concat()).expect("the CLI seeds");
    for (name, value_type) in [("MerchantId", "Keyword"), ("Amount", "Double"), ("Tags", "KeywordList")] {
        cli(&["operator", "search-attribute", "create", "--name", name, "--type", value_type]);
    }
    for (id, workflow_type, queue) in [
        ("order-1", "Order", "orders"),
        ("order-2", "Order", "orders"),
        ("refund-1", "Refund", "refunds"),
        ("odd-1", ODD_TYPE, "odd 'queue' 1"),
        ("gone-1", "Archive", "orders"),
        ("gone-2", "Archive", "orders"),
    ] {
        cli(&["workflow", "start", "--workflow-id", id, "--type", workflow_type, "--task-queue", queue]);
    }
    cli(&["workflow", "terminate", "--workflow-id", "gone-2", "--reason", "test"]);
    cli(&[
        "schedule",
        "create",
        "--schedule-id",
        "nightly",
        "--type",
        "Settle",
        "--task-queue",
        "settlement",
        "--workflow-id",
        "settle",
        "--cron",
        "0 2 * * mon-fri",
        "--time-zone",
        "Europe/Berlin",
        "--paused",
        "--notes",
        "moves in December",
        "--overlap-policy",
        "BufferOne",
        "--catchup-window",
        "1h",
        "--input",
        "\"secret-input\"",
        "--schedule-memo",
        "owner=\"secret-owner\"",
        "--run-timeout",
        "90s",
    ]);
    cli(&[
        "schedule",
        "create",
        "--schedule-id",
        "often",
        "--type",
        "Poll",
        "--task-queue",
        "orders",
        "--workflow-id",
        "poll",
        "--interval",
        "6h/5h",
        "--calendar",
        r#"{"hour":"3","dayOfWeek":"0-3/2"}"#,
        "--remaining-actions",
        "7",
        "--jitter",
        "30s",
        "--paused",
    ]);
    // It was open longer than gone-2, which was ended at once.
    std::thread::sleep(std::time::Duration::from_secs(2));
    cli(&["workflow", "terminate", "--workflow-id", "gone-1", "--reason", "test"]);
}

/// Visibility is written a moment after the execution.
fn wait_for(server: &DevServer, query: &str, expected: &str) {
    for _ in 0..100 {
        let count = server.cli(&["workflow", "count", "--namespace", NAMESPACE, "--query", query]).expect("a count");
        if count.contains(expected) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{query} never counted {expected}");
}

#[test]
fn a_seeded_server_is_told_as_it_is_and_left_as_it_was() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[NAMESPACE]).expect("a dev server");
    seed(&server);
    wait_for(&server, "ExecutionStatus = 'Running'", "Total: 4");
    wait_for(&server, "ExecutionStatus = 'Terminated'", "Total: 2");
    let _workers = Pollers::start(server.address(), NAMESPACE, &["orders", "from-the-code"]);
    std::thread::sleep(std::time::Duration::from_millis(500));
    let before = state::of(&cli, server.address(), &[NAMESPACE]);

    let mut asked = options(&[]);
    asked.task_queues = vec!["from-the-code".into()];
    let snapshot = run(at(server.address()), &asked);
    assert_eq!(state::of(&cli, server.address(), &[NAMESPACE]), before, "a probe changes nothing");

    assert!(snapshot.connection.iter().all(|step| step.ok), "{:#?}", snapshot.connection);
    assert_eq!(snapshot.kind, ClusterKind::SelfHosted);
    assert_eq!(snapshot.namespace_names, Known::Known(vec!["default".into(), NAMESPACE.into()]));
    let system = snapshot.system.value().expect("known");
    assert!(system.server_version.starts_with("1."), "{}", system.server_version);
    assert!(system.capabilities.iter().any(|c| c == "supports_schedules"));
    assert_eq!(system.cluster.as_ref().expect("told").visibility_store, "sqlite");

    let found = namespace(&snapshot, NAMESPACE);
    assert_eq!(found.config.value().expect("known").retention_seconds, 86_400);
    let attributes: Vec<_> = found.search_attributes.value().expect("known").iter().collect();
    let attributes: Vec<_> = attributes.iter().map(|a| (a.name.as_str(), a.value_type.as_str())).collect();
    assert_eq!(attributes, [("Amount", "Double"), ("MerchantId", "Keyword"), ("Tags", "KeywordList")]);

    assert_eq!((found.open.clone(), found.closed.clone()), (Known::Known(4), Known::Known(2)));
    let Known::Known(types) = &found.workflow_types else { panic!("{:?}", found.workflow_types) };
    let told: Vec<_> = types.iter().map(|t| (t.name.as_str(), t.open, t.closed)).collect();
    assert_eq!(told, [("Archive", 0, 2), ("Order", 2, 0), ("Refund", 1, 0), (ODD_TYPE, 1, 0)]);
    let order = &types[1];
    assert_eq!(order.oldest_open.as_ref().expect("open").workflow_id, "order-1");
    assert_eq!(order.longest_closed, None);
    let oldest = found.oldest_open.value().cloned().flatten().expect("open executions");
    assert_eq!((oldest.workflow_id.as_str(), oldest.task_queue.as_str()), ("order-1", "orders"));
    let longest = found.longest_closed.value().cloned().flatten().expect("closed");
    assert_eq!(longest.workflow_id, "gone-1");
    assert!((2..60).contains(&longest.seconds), "{} s", longest.seconds);
    assert_eq!(types[0].longest_closed.as_ref(), Some(&longest));

    let Known::Known(queues) = &found.task_queues else { panic!("{:?}", found.task_queues) };
    let told: Vec<_> = queues
        .iter()
        .map(|q| (q.name.as_str(), q.open_executions, !q.workflow_pollers.is_empty(), !q.activity_pollers.is_empty()))
        .collect();
    assert_eq!(
        told,
        [
            ("from-the-code", Some(0), true, true),
            ("odd 'queue' 1", Some(1), false, false),
            ("orders", Some(2), true, true),
            ("refunds", Some(1), false, false),
            ("settlement", Some(0), false, false),
        ]
    );
    assert_eq!(queues[3].workflow_backlog, Some(1), "nobody took the first task of refund-1");
    assert!(queues[2].workflow_pollers[0].last_access.is_some());

    let Known::Known(schedules) = &found.schedules else { panic!("{:?}", found.schedules) };
    check_schedules(schedules);
    let json = serde_json::to_string(&snapshot).expect("JSON");
    assert!(!json.contains("secret-"), "payloads are hashed, not kept");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("source.json");
    snapshot::write(&path, &snapshot).expect("written");
    assert_eq!(snapshot::read(&path).expect("read back"), snapshot);
}

fn check_schedules(schedules: &[Schedule]) {
    let [nightly, often] = schedules else { panic!("{schedules:#?}") };
    assert_eq!((nightly.id.as_str(), nightly.paused, nightly.notes.as_str()), ("nightly", true, "moves in December"));
    assert_eq!(nightly.spec.calendars, ["0 0 2 * * * 1,2,3,4,5"]);
    assert_eq!(nightly.spec.time_zone, "Europe/Berlin");
    assert_eq!((nightly.policies.overlap.as_str(), nightly.policies.catchup_seconds), ("BufferOne", 3600));
    assert_eq!(nightly.action.workflow_type, "Settle");
    assert_eq!((nightly.action.inputs, nightly.action.input_hash.len()), (1, 64));
    assert_eq!(nightly.action.timeouts[1], Some(90));
    assert_eq!(nightly.memo.keys().collect::<Vec<_>>(), ["owner"]);
    assert_eq!(nightly.remaining_actions, None);

    assert_eq!(often.spec.intervals, ["21600+18000"]);
    assert_eq!(often.spec.calendars, ["0 0 3 * * * 0,2"]);
    assert_eq!((often.spec.jitter_seconds, often.spec.time_zone.as_str()), (30, "UTC"));
    assert_eq!((often.policies.overlap.as_str(), often.policies.catchup_seconds), ("Skip", 365 * 86_400));
    assert_eq!(often.remaining_actions, Some(7));
    assert!(!often.next_times.is_empty());
}

/// SQLite and PostgreSQL cannot match such a name; the probe says so instead of counting it as nothing.
#[test]
fn a_type_the_store_cannot_match_hides_no_other() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[NAMESPACE]).expect("a dev server");
    for workflow_type in ["Order", r"App\Billing\Invoice", "Refund"] {
        let start = ["workflow", "start", "--namespace", NAMESPACE, "--type", workflow_type, "--task-queue", "q"];
        server.cli(&start).expect("started");
    }
    wait_for(&server, "ExecutionStatus = 'Running'", "Total: 3");
    let snapshot = run(at(server.address()), &options(&[NAMESPACE]));
    let Known::Partial { value, why } = &namespace(&snapshot, NAMESPACE).workflow_types else { panic!("partial") };
    assert_eq!(value.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["Order", "Refund"]);
    assert!(why.reason.contains(r"App\\Billing\\Invoice"), "{why:?}");
    assert_eq!(namespace(&snapshot, NAMESPACE).open, Known::Known(3));
}

/// The number of calls follows the number of types, not of executions.
#[test]
fn more_executions_do_not_cost_more_calls() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[NAMESPACE]).expect("a dev server");
    let start = |from: usize, to: usize| {
        for n in from..to {
            let (id, workflow_type) = (format!("w-{n}"), format!("Type{}", n % 2));
            let start = ["workflow", "start", "--namespace", NAMESPACE, "--workflow-id", &id, "--type", &workflow_type];
            server.cli(&[&start[..], &["--task-queue", "orders"]].concat()).expect("started");
        }
        wait_for(&server, "ExecutionStatus = 'Running'", &format!("Total: {to}"));
    };
    start(0, 24);
    let few = run(at(server.address()), &options(&[NAMESPACE]));
    start(24, 80);
    let many = run(at(server.address()), &options(&[NAMESPACE]));
    assert_eq!(namespace(&many, NAMESPACE).open, Known::Known(80));
    let oldest = namespace(&many, NAMESPACE).oldest_open.value().cloned().flatten().expect("open");
    assert_eq!(oldest.workflow_id, "w-0");
    let total = |snapshot: &_| calls(snapshot, "Executions");
    assert!(total(&many) * 3 < total(&few) * 4, "{} and {} calls", total(&few), total(&many));
}
