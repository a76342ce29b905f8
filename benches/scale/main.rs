//! What a probe costs beside paging through everything with the official CLI: calls, bytes and seconds.
//!
//! A command of its own, because filling the servers takes minutes:
//!
//! ```text
//! cargo bench --bench scale                      1,000, 10,000 and 100,000 open and closed executions
//! cargo bench --bench scale -- 5000 20000        other sizes
//! ```
//!
//! Both clients talk to the same dev server through the same recording proxy, one after the other. The visibility
//! store is filled directly (`seed.py`), so executions have no history: what is measured is the reading of visibility.
//! The last column is the time at the five visibility calls a second that a probe allows itself by default.

#![allow(clippy::print_stdout, clippy::print_stderr)] // its result is what it prints

#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::recorder::Recorder;
use temporal_preflight::config::ConnectionSettings;
use temporal_preflight::devserver::DevServer;
use temporal_preflight::devserver::isolated;
use temporal_preflight::facts::cluster::ClusterSnapshot;
use temporal_preflight::facts::{Known, Side};
use temporal_preflight::probe::{self, ProbeOptions};

const NAMESPACE: &str = "payments-prod";
const TYPES: usize = 40;
/// What a probe of the source is allowed by default.
const POLITE: f64 = 5.0;

struct Cost {
    calls: u64,
    /// Of these, calls the server counts as visibility.
    visibility: u64,
    bytes: u64,
    took: Duration,
}

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if given.is_empty() { vec![1_000, 10_000, 100_000] } else { given };
    let Ok(cli) = support::ensure_temporal() else { return };
    println!(
        "{TYPES} workflow types, open and closed executions each; `temporal workflow list --limit 0` pages all.\n"
    );
    println!("{:>10}  {:<8} {:>7} {:>13} {:>9}   at {POLITE}/s", "executions", "client", "calls", "bytes", "seconds");
    for size in sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("temporal.db");
        let server = filled(&cli, &database, size);
        let paged = paging(&cli, &server, size);
        let (probed, snapshot) = probing(&server);
        check(&snapshot, size as u64);
        row(size, "CLI", &paged);
        row(size, "probe", &probed);
        println!(
            "{:>10}  {:<8} {:>6.1}× {:>12.1}× {:>8.1}×\n",
            "",
            "fewer",
            paged.calls as f64 / probed.calls as f64,
            paged.bytes as f64 / probed.bytes as f64,
            paged.took.as_secs_f64() / probed.took.as_secs_f64()
        );
        if size == 100_000 || std::env::var_os("PREFLIGHT_RPCS").is_some() {
            for (method, count) in &snapshot.rpcs {
                println!("            {:<40} {:>5}", method.rsplit('/').next().unwrap_or(method), count.calls);
            }
        }
    }
}

fn row(size: usize, client: &str, cost: &Cost) {
    let seconds = cost.took.as_secs_f64();
    let polite = (cost.visibility as f64 / POLITE).max(seconds);
    println!("{size:>10}  {client:<8} {:>7} {:>13} {seconds:>9.2}   {polite:.0} s", cost.calls, cost.bytes);
}

/// A dev server whose visibility holds `size` open and `size` closed executions.
fn filled(cli: &Path, database: &Path, size: usize) -> DevServer {
    let flags = ["--db-filename", database.to_str().expect("a path")];
    let server = DevServer::start_with(cli, &[NAMESPACE], &flags).expect("a dev server");
    let start = ["workflow", "start", "--namespace", NAMESPACE, "--workflow-id", "template", "--type", "Workflow00"];
    server.cli(&[&start[..], &["--task-queue", "queue-0"]].concat()).expect("started");
    wait_for(&server, "Total: 1");
    drop(server);
    let done = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/scale/seed.py"))
        .arg(database)
        .args([NAMESPACE, &(size - 1).to_string(), &size.to_string(), &TYPES.to_string()])
        .status()
        .expect("python3 runs");
    assert!(done.success(), "the store was not filled");
    let server = DevServer::start_with(cli, &[NAMESPACE], &flags).expect("a dev server");
    wait_for(&server, &format!("Total: {}", size * 2));
    server
}

fn wait_for(server: &DevServer, expected: &str) {
    for _ in 0..100 {
        if server.cli(&["workflow", "count", "--namespace", NAMESPACE]).expect("a count").contains(expected) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("never counted {expected}");
}

fn paging(cli: &Path, server: &DevServer, size: usize) -> Cost {
    let recorder = Recorder::before(server.address());
    let begun = Instant::now();
    let output = isolated(cli)
        .args(["workflow", "list", "--namespace", NAMESPACE, "--limit", "0", "-o", "jsonl"])
        .args(["--address", &recorder.address.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("the CLI runs");
    let took = begun.elapsed();
    assert!(output.status.success(), "the CLI gave up: {}", output.status);
    let lines = output.stdout.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
    assert_eq!(lines, size * 2, "the CLI listed everything");
    cost(&recorder, took)
}

fn cost(recorder: &Recorder, took: Duration) -> Cost {
    let calls = recorder.calls();
    let visibility = |path: &&String| {
        ["/ListWorkflowExecutions", "/CountWorkflowExecutions", "/ListSchedules", "/DescribeTaskQueue"]
            .iter()
            .any(|method| path.ends_with(method))
    };
    let visibility = calls.keys().filter(visibility).map(|path| calls[path]).sum();
    Cost { calls: calls.values().sum(), visibility, bytes: recorder.bytes(), took }
}

fn probing(server: &DevServer) -> (Cost, ClusterSnapshot) {
    let recorder = Recorder::before(server.address());
    let settings = ConnectionSettings { address: Some(recorder.address.to_string()), ..Default::default() };
    let connection = probe::profile::resolve(Side::Source, settings, &|_| None).expect("usable settings");
    let options = ProbeOptions {
        namespaces: vec![NAMESPACE.to_owned()],
        task_queues: Vec::new(),
        later_queues: None,
        open_elsewhere: Default::default(),
        starts_since: None,
        list_open: 0,
        at: support::now(),
        rps: 1000.0,
        deadline: Duration::from_secs(600),
        connect_only: false,
        progress: None,
        cloud_ops: Known::unknown("not asked"),
        metrics: Known::unknown("not asked"),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let begun = Instant::now();
    let snapshot = runtime.block_on(probe::probe(Side::Source, &connection, &options));
    let took = begun.elapsed();
    (cost(&recorder, took), snapshot)
}

/// The figures are worth something only when the answers are right.
fn check(snapshot: &ClusterSnapshot, size: u64) {
    let found = &snapshot.namespaces[0];
    assert_eq!((&found.open, &found.closed), (&Known::Known(size), &Known::Known(size)));
    let Known::Known(types) = &found.workflow_types else { panic!("{:?}", found.workflow_types.why()) };
    assert_eq!(types.len(), TYPES);
    assert_eq!(types.iter().map(|t| t.open + t.closed).sum::<u64>(), size * 2);
    assert!(types.iter().all(|t| (t.open == 0) == t.oldest_open.is_none() && (t.closed == 0) == t.durations.is_none()));
}
