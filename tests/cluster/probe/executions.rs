//! What executions tell beside their number, on a real server; and that asking only reads.

use std::collections::{BTreeMap, BTreeSet};

use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::{Beginning, ExecutionFacts};
use temporal_preflight::probe;

use super::support;
use super::support::recorder::Recorder;
use super::support::tasks::{self, Answer};
use super::{at, namespace, options, run};

const NAMESPACE: &str = "payments-prod";
const FLAGS: [&str; 4] = [
    "--dynamic-config-value",
    "frontend.WorkflowPauseEnabled=true",
    "--dynamic-config-value",
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1",
];

/// One execution of every kind the probe tells apart.
fn seed(server: &DevServer) {
    let cli = |args: &[&str]| server.cli(&[args, &["--namespace", NAMESPACE]].concat()).expect("the CLI seeds");
    let start = |id: &str, workflow_type: &str, queue: &str, more: &[&str]| {
        let start = ["workflow", "start", "--workflow-id", id, "--type", workflow_type, "--task-queue", queue];
        cli(&[&start[..], more].concat());
    };
    cli(&["operator", "search-attribute", "create", "--name", "Merchants", "--type", "KeywordList"]);
    let with_list = ["--search-attribute", r#"Merchants=["secret-one","secret-two"]"#];
    let contents = ["--input", "\"secret-input\"", "--memo", "note=\"secret-memo\""];
    start("order-1", "Order", "orders", &[&with_list[..], &contents].concat());
    start("order-2", "Order", "orders", &[]);
    cli(&["workflow", "pause", "--workflow-id", "order-2"]);
    start("nightly", "Cleanup", "orders", &["--cron", "0 3 * * *"]);
    start("later", "Reminder", "orders", &["--start-delay", "1h"]);
    start("ends", "Quick", "orders", &["--execution-timeout", "2s"]);
    start("loop", "Entity", "loop", &[]);
    start("parent", "Parent", "parent", &[]);
    start("broken", "Broken", "broken", &[]);
    start("again", "Again", "again", &[]);
    let schedule = ["schedule", "create", "--schedule-id", "hourly", "--workflow-id", "scheduled", "--paused"];
    cli(&[&schedule[..], &["--type", "Settle", "--task-queue", "orders", "--interval", "1h"]].concat());
    cli(&["schedule", "trigger", "--schedule-id", "hourly"]);

    let address = server.address();
    tasks::answer(address, NAMESPACE, "loop", Answer::Continue);
    tasks::answer(address, NAMESPACE, "parent", Answer::Child("Child", "child-1"));
    tasks::answer(address, NAMESPACE, "again", Answer::Nothing);
    for _ in 0..2 {
        tasks::answer(address, NAMESPACE, "broken", Answer::Fail);
    }
    // The first event of a reset run is as old as the run it was copied from.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    cli(&["workflow", "reset", "--workflow-id", "again", "--type", "LastWorkflowTask", "--reason", "test"]);
}

fn count(server: &DevServer, query: &str) -> String {
    server.cli(&["workflow", "count", "--namespace", NAMESPACE, "--query", query]).expect("a count")
}

/// Visibility is written a moment after the execution.
fn wait_for(server: &DevServer, query: &str, expected: u32) {
    let expected = format!("Total: {expected}");
    for _ in 0..100 {
        if count(server, query).contains(&expected) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{query}: {}, not {expected}", count(server, query));
}

#[test]
fn every_kind_of_execution_is_told_apart_and_nothing_but_reads_is_on_the_wire() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start_with(&cli, &[NAMESPACE], &FLAGS).expect("a dev server");
    seed(&server);
    wait_for(&server, "CloseTime IS NULL", 10);
    wait_for(&server, "ExecutionStatus = 'Paused'", 1);
    wait_for(&server, "TemporalReportedProblems IS NOT NULL AND WorkflowType = 'Broken'", 1);
    wait_for(&server, "CloseTime IS NOT NULL", 3);

    let recorder = Recorder::before(server.address());
    let mut asked = options(&[NAMESPACE]);
    asked.list_open = 5;
    let snapshot = run(at(&recorder.address.to_string()), &asked);
    let found = namespace(&snapshot, NAMESPACE);
    check(&found.executions);

    let types = found.workflow_types.value().expect("known");
    let order = types.iter().find(|t| t.name == "Order").expect("a type");
    assert_eq!((order.open, order.paused, order.durations), (2, Some(1), None));
    let entity = types.iter().find(|t| t.name == "Entity").expect("a type");
    assert_eq!((entity.open, entity.closed, entity.continued, entity.longest_closed.as_ref()), (1, 1, Some(1), None));
    let chain = found.executions.samples.value().expect("known").iter().find(|s| s.execution.workflow_id == "loop");
    let (chain, run) = chain.map(|s| (s.chain_started, s.execution.start_time)).expect("looked at");
    assert!(chain.is_some_and(|began| began < run), "the first run tells when the chain began: {chain:?}, {run}");
    let quick = types.iter().find(|t| t.name == "Quick").expect("a type").durations.expect("it closed");
    assert!((1..=5).contains(&quick.max), "it was given two seconds: {quick:?}");
    assert_eq!((quick.p50, quick.p90, quick.p99), (quick.max, quick.max, quick.max), "there is only one");
    assert!(snapshot.is_whole(), "{found:#?}");

    // The promise, as the server sees it: what was called is what the snapshot says, and all of it reads.
    let on_the_wire = recorder.calls();
    let told: BTreeMap<String, u64> = snapshot.rpcs.iter().map(|(p, count)| (format!("/{p}"), count.calls)).collect();
    assert_eq!(on_the_wire, told);
    let reads: BTreeSet<&str> = probe::reads().collect();
    for path in on_the_wire.keys() {
        assert!(reads.contains(path.as_str()), "{path} is not on the list");
        let method = path.rsplit('/').next().expect("a method");
        assert!(["Get", "List", "Describe", "Count"].iter().any(|verb| method.starts_with(verb)), "{method}");
    }
    for looked_at in ["/DescribeWorkflowExecution", "/GetWorkflowExecutionHistory", "/ListWorkflowExecutions"] {
        assert!(on_the_wire.keys().any(|path| path.ends_with(looked_at)), "{looked_at}");
    }

    let json = serde_json::to_string(&snapshot).expect("JSON");
    assert!(!json.contains("secret-"), "contents stay where they are");
}

fn check(facts: &ExecutionFacts) {
    let statuses = facts.statuses.value().expect("known");
    assert_eq!(statuses.get("Paused"), Some(&1));
    assert_eq!(statuses.get("Running"), Some(&9));
    let ages = facts.open_ages.value().expect("known");
    assert_eq!(ages.iter().map(|a| (a.from_seconds, a.to_seconds, a.open)).collect::<Vec<_>>(), [(0, None, 10)]);

    let Known::Known(recent) = &facts.recent else { panic!("{:#?}", facts.recent) };
    assert_eq!(recent.by_schedules, 1);
    let told: Vec<(&str, u64, Vec<Beginning>)> = recent
        .types
        .iter()
        .map(|t| (t.workflow_type.as_str(), t.runs, t.starters.iter().map(|s| s.how).collect()))
        .collect();
    assert_eq!(
        told,
        [
            ("Again", 2, vec![Beginning::Reset, Beginning::Started]),
            ("Broken", 1, vec![Beginning::Started]),
            ("Cleanup", 1, vec![Beginning::Started]),
            ("Entity", 2, vec![Beginning::Continued, Beginning::Started]),
            ("Order", 2, vec![Beginning::Started]),
            ("Parent", 1, vec![Beginning::Started]),
            ("Quick", 1, vec![Beginning::Started]),
            ("Reminder", 1, vec![Beginning::Started]),
        ],
        "no child, nothing of schedules"
    );
    let order = &recent.types[4].starters[0];
    assert!(order.identity.starts_with("temporal-cli:"), "{}", order.identity);
    assert_eq!((order.seen, order.newest.workflow_id.as_str()), (2, "order-2"));
    let sizes: Vec<u64> = recent.types.iter().map(|t| t.largest_input).collect();
    assert!(sizes[4] > 14 && sizes[4] < 200 && sizes[5] == 0, "only orders have an input: {sizes:?}");

    let Known::Known(rest) = &facts.rest else { panic!("{:#?}", facts.rest) };
    assert!(rest.closed >= 3 && rest.last_closed.is_some_and(|last| last > rest.since), "{rest:?}");
    assert_eq!((rest.batch_jobs, rest.activities, rest.nexus_operations), (0, Some(0), None));
    let Known::Known(ids) = &facts.open_ids else { panic!("{:#?}", facts.open_ids) };
    assert_eq!((ids.open, ids.executions.len()), (10, 10));
    assert!(ids.executions.iter().any(|e| e.workflow_id == "child-1" && e.workflow_type == "Child"));

    let Known::Known(cron) = &facts.cron else { panic!("{:#?}", facts.cron) };
    let [nightly] = cron.as_slice() else { panic!("a start delay is no cron: {cron:#?}") };
    assert_eq!((nightly.workflow_id.as_str(), nightly.cron.as_str()), ("nightly", "0 3 * * *"));
    assert!(nightly.next.is_some_and(|next| next.to_string().contains("T03:00:0")), "{:?}", nightly.next);

    let Known::Known(scheduled) = &facts.scheduled else { panic!("{:#?}", facts.scheduled) };
    assert_eq!((scheduled.open, scheduled.closed), (1, 0));
    assert_eq!(scheduled.by_schedule, BTreeMap::from([("hourly".to_owned(), 1)]));

    let Known::Known(stuck) = &facts.stuck else { panic!("{:#?}", facts.stuck) };
    // To the server, a reset is a failed workflow task too.
    assert_eq!(stuck.count, stuck.examples.len() as u64);
    let broken = stuck.examples.iter().find(|s| s.execution.workflow_id == "broken").expect("the broken one");
    assert!(broken.problems.iter().any(|p| p.contains("WorkflowTaskFailed")), "{stuck:#?}");

    let Known::Known(samples) = &facts.samples else { panic!("{:#?}", facts.samples) };
    let of = |id: &str| samples.iter().find(|s| s.execution.workflow_id == id).expect(id);
    let order = of("order-1");
    assert_eq!(order.search_attributes["Merchants"].values, Some(2));
    assert!(order.search_attributes["Merchants"].bytes > 20 && order.memo_bytes > 10, "{order:#?}");
    assert_eq!(of("parent").pending_children, 1);
    assert!(of("parent").history_length >= 5 && of("parent").history_bytes > 100, "{:#?}", of("parent"));
    assert!(of("broken").workflow_task_attempt >= 2, "{:#?}", of("broken"));

    let Some(Known::Known(listed)) = &facts.listed else { panic!("{:#?}", facts.listed) };
    assert_eq!(listed.len(), 5, "as many as were asked for");
    assert_eq!(listed[0].execution.workflow_id, "order-1");
    assert!(listed[1].paused && !listed[0].paused);
    assert!(listed.is_sorted_by_key(|row| row.execution.start_time));
}
