//! What judging a large estate costs: seconds and memory of `score` over stored scans and snapshots.
//!
//! A command of its own, because a figure of an unoptimised build says nothing:
//!
//! ```text
//! cargo bench --bench score                  10, 50 and 200 repositories with 5, 20 and 50 namespaces
//! cargo bench --bench score -- 200 50        other sizes: repositories, namespaces
//! ```
//!
//! Every repository has 240 places of production code that start, signal or connect, and 30 wrappers; every namespace
//! has 40 workflow types, 40 schedules, 15 task queues and 20 search attributes on both sides. One place in twenty has a client
//! of its own, and one schedule in ten differs: a real estate is neither spotless nor hopeless.

#![allow(clippy::print_stdout, clippy::print_stderr)] // its result is what it prints

#[path = "../../tests/facts/mod.rs"]
mod facts;
#[path = "../support/measured.rs"]
mod measured;

use std::path::Path;
use std::process::Command;

use measured::Cost;
use temporal_preflight::facts::cluster::{NamespaceSnapshot, WorkflowType};
use temporal_preflight::facts::code::{CodeFacts, Kind, OriginStatus, Site, Wrapper, WrapperCall};
use temporal_preflight::facts::{Known, Side};

const SITES: usize = 240;
const WRAPPERS: usize = 30;
const TYPES: usize = 40;
const SCHEDULES: usize = 40;
const QUEUES: usize = 15;
const ATTRIBUTES: usize = 20;

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = match given.as_slice() {
        [repositories, namespaces, ..] => vec![(*repositories, *namespaces)],
        _ => vec![(10, 5), (50, 20), (200, 50)],
    };
    println!(
        "{:>12} {:>10} {:>9}  {:<8} {:>8} {:>8} {:>9} {:>9}",
        "repositories", "namespaces", "input", "format", "wall s", "CPU s", "peak MiB", "output"
    );
    for (repositories, namespaces) in sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let input = write(folder.path(), repositories, namespaces);
        for format in ["json", "text", "html"] {
            let (cost, output) = score(folder.path(), repositories, format);
            println!(
                "{repositories:>12} {namespaces:>10} {:>6} MB  {format:<8} {:>8.2} {:>8.2} {:>9} {:>6.1} MB",
                input / 1_000_000,
                cost.wall.as_secs_f64(),
                cost.cpu.unwrap_or_default().as_secs_f64(),
                cost.peak.unwrap_or(0) / 1024,
                output as f64 / 1e6
            );
        }
    }
}

/// The stored documents, as `scan -o json` and `probe` write them; their bytes.
fn write(folder: &Path, repositories: usize, namespaces: usize) -> usize {
    let mut bytes = 0;
    let mut put = |name: String, text: String| {
        bytes += text.len();
        std::fs::write(folder.join(name), text).expect("a file");
    };
    for number in 0..repositories {
        put(format!("code-{number}.json"), serde_json::to_string(&repository(number)).expect("a scan"));
    }
    for side in [Side::Source, Side::Target] {
        let all = (0..namespaces).map(|number| namespace(side, number)).collect();
        put(format!("{side}.json"), serde_json::to_string(&facts::cluster(side, all)).expect("a snapshot"));
    }
    let mapped: String =
        (0..namespaces).map(|n| format!("  - {{source: team-{n}, target: team-{n}.a1b2c}}\n")).collect();
    let plan = format!("version: 1\nwindow: {{start: 2026-12-01, end: 2026-12-28}}\nnamespaces:\n{mapped}");
    put("preflight.yaml".into(), plan);
    bytes
}

fn repository(number: usize) -> CodeFacts {
    let kinds = [Kind::Start, Kind::Signal, Kind::Start, Kind::Query, Kind::Worker, Kind::Connect];
    let sites = (0..SITES).map(|n| {
        let path = format!("repository-{number}/services/service-{}/handler_{}.go", n % 12, n / 4);
        Site {
            workflow_type: Some(format!("Workflow{}", n % TYPES)),
            client: facts::origin(OriginStatus::Resolved, &[!n.is_multiple_of(20)]),
            ..facts::site(kinds[n % kinds.len()], &path, 20 + n as u32)
        }
    });
    let mut code = facts::code(sites.collect());
    for n in 0..WRAPPERS {
        code.sites[n * 6].wrapper = Some(format!("Start{n}"));
    }
    code.wrappers = (0..WRAPPERS)
        .map(|n| Wrapper {
            path: format!("repository-{number}/internal/flow/start_{n}.go"),
            line: 12,
            name: format!("Start{n}"),
            kind: Kind::Start,
            site: code.sites[n * 6].fingerprint.clone(),
            calls: (0..8)
                .map(|call| WrapperCall {
                    path: format!("repository-{number}/jobs/job_{call}.go"),
                    line: 40,
                    function: Some("main".into()),
                    scope: code.sites[0].scope,
                    workflow_type: None,
                    entries: vec![],
                })
                .collect(),
        })
        .collect();
    code
}

fn namespace(side: Side, number: usize) -> NamespaceSnapshot {
    let name = match side {
        Side::Source => format!("team-{number}"),
        Side::Target => format!("team-{number}.a1b2c"),
    };
    let workflow_type = |n: usize| {
        let name = format!("Workflow{n}");
        WorkflowType {
            open: 30,
            closed: 900,
            oldest_open: Some(facts::execution(&name, 86_400)),
            longest_closed: Some(facts::execution(&name, 7_200)),
            paused: Some(0),
            continued: Some(0),
            terminated: Some(0),
            name,
            ..WorkflowType::default()
        }
    };
    let schedule = |n: usize| {
        let mut schedule = facts::schedule(&format!("schedule-{n}"), side == Side::Target);
        if n.is_multiple_of(10) && side == Side::Target {
            schedule.policies.catchup_seconds += 60;
        }
        schedule
    };
    NamespaceSnapshot {
        workflow_types: Known::Known((0..TYPES).map(workflow_type).collect()),
        schedules: Known::Known((0..SCHEDULES).map(schedule).collect()),
        task_queues: Known::Known(
            (0..QUEUES).map(|n| facts::queue(&format!("queue-{n}"), 60, !n.is_multiple_of(9))).collect(),
        ),
        search_attributes: Known::Known(
            (0..ATTRIBUTES).map(|n| facts::attribute(&format!("Attribute{n}"), "Keyword")).collect(),
        ),
        ..facts::namespace(&name)
    }
}

/// The cost, and bytes printed.
fn score(folder: &Path, repositories: usize, format: &str) -> (Cost, u64) {
    let printed = std::fs::File::create(folder.join("printed")).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_temporal-preflight"));
    command.current_dir(folder).args(["score", "-f", "preflight.yaml", "--at", facts::NOW, "-o", format]);
    command.args(["--source", "source.json", "--target", "target.json"]);
    for number in 0..repositories {
        command.arg("--code").arg(format!("code-{number}.json"));
    }
    let cost = measured::run(command.stdout(printed));
    assert_eq!(cost.exit, Some(1), "the estate has blockers");
    let printed = std::fs::metadata(folder.join("printed")).expect("what was printed").len();
    (cost, printed)
}
