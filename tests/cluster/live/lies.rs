//! A proxy that lies about one read of the source: whatever it says, no rule and no gate gets better than by the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use temporal_preflight::config::ConnectionSettings;
use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::cluster::ClusterSnapshot;
use temporal_preflight::facts::plan::{NamespaceMapping, Plan, Window};
use temporal_preflight::facts::{Facts, Known, Side};
use temporal_preflight::judge::{JudgeInput, judge};
use temporal_preflight::probe::{self, ProbeOptions};
use temporal_preflight::rules::view::build;
use temporal_preflight::rules::{Context, evaluate, load};
use temporal_preflight::scorecard::{Check, Gate, Outcome, Scorecard, Verdict};

use crate::support::mutator::{Lie, Mutator};
use crate::support::tasks::{self, Answer};
use crate::support::workers::Pollers;
use crate::support::{self, ensure_temporal};

const SOURCE: &str = "payments";
const TARGET: &str = "payments-new";

/// Reads that decide something × what may be said instead. The first ones are asked in every test run.
const SAMPLE: &[(&str, Lie)] = &[
    ("CountWorkflowExecutions", Lie::Zero),
    ("CountWorkflowExecutions", Lie::Negative),
    ("ListWorkflowExecutions", Lie::Empty),
    ("DescribeSchedule", Lie::NotFound),
    ("ListNamespaces", Lie::Empty),
    ("ListSearchAttributes", Lie::Empty),
    ("GetWorkflowExecutionHistory", Lie::NotFound),
    ("DescribeWorkflowExecution", Lie::NotFound),
    ("DescribeTaskQueue", Lie::Empty),
    ("ListSchedules", Lie::Empty),
];

const REST: &[(&str, Lie)] = &[
    ("CountWorkflowExecutions", Lie::Empty),
    ("CountWorkflowExecutions", Lie::NotFound),
    ("ListWorkflowExecutions", Lie::NotFound),
    ("ListWorkflowExecutions", Lie::SamePage),
    ("DescribeSchedule", Lie::Empty),
    ("ListSchedules", Lie::NotFound),
    ("ListSchedules", Lie::SamePage),
    ("ListScheduleMatchingTimes", Lie::Empty),
    ("ListScheduleMatchingTimes", Lie::NotFound),
    ("ListNamespaces", Lie::NotFound),
    ("ListNamespaces", Lie::SamePage),
    ("DescribeNamespace", Lie::Empty),
    ("DescribeNamespace", Lie::NotFound),
    ("ListSearchAttributes", Lie::NotFound),
    ("GetWorkflowExecutionHistory", Lie::Empty),
    ("DescribeWorkflowExecution", Lie::Empty),
    ("DescribeWorkflowExecution", Lie::Zero),
    ("DescribeWorkflowExecution", Lie::Negative),
    ("DescribeTaskQueue", Lie::NotFound),
    ("DescribeTaskQueue", Lie::Zero),
    ("DescribeTaskQueue", Lie::Negative),
    ("CountActivityExecutions", Lie::Zero),
    ("CountActivityExecutions", Lie::Negative),
    ("CountActivityExecutions", Lie::Empty),
    ("CountActivityExecutions", Lie::NotFound),
    ("ListWorkers", Lie::Empty),
    ("ListWorkers", Lie::NotFound),
    ("ListWorkers", Lie::SamePage),
    ("ListWorkerDeployments", Lie::NotFound),
    ("ListWorkerDeployments", Lie::SamePage),
    ("GetSystemInfo", Lie::Empty),
    ("GetClusterInfo", Lie::Empty),
    ("GetClusterInfo", Lie::NotFound),
];

/// A source in the middle of its life, so that most rules have something to say, and an empty target.
struct Stage {
    source: Mutator,
    target: ClusterSnapshot,
    _servers: [DevServer; 2],
    _workers: Pollers,
}

impl Stage {
    fn set(cli: &std::path::Path) -> Self {
        let flags = ["--dynamic-config-value", "frontend.WorkerHeartbeatsEnabled=true"];
        let source = DevServer::start_with(cli, &[SOURCE], &flags).expect("a dev server");
        let target = DevServer::start(cli, &[TARGET]).expect("a dev server");
        seed(&source);
        let workers = Pollers::start(source.address(), SOURCE, &["polled"]);
        let there = look(Side::Target, target.address(), TARGET);
        let mutator = Mutator::before(source.address());
        Self { source: mutator, target: there, _servers: [source, target], _workers: workers }
    }

    fn judged(&self) -> Scorecard {
        let source = look(Side::Source, &self.source.address.to_string(), SOURCE);
        let today = support::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let mapping = NamespaceMapping {
            source: SOURCE.into(),
            target: Some(TARGET.into()),
            line: 5,
            ..NamespaceMapping::default()
        };
        let stays = NamespaceMapping { source: "default".into(), line: 6, ..NamespaceMapping::default() };
        let facts = Facts {
            at: support::now(),
            plan: Plan {
                name: "payments".into(),
                window: Some(Window { start: today, end: today + jiff::Span::new().days(30) }),
                namespaces: vec![mapping, stays],
                ..Plan::default()
            },
            code: Known::unknown("no code here"),
            source: Known::Known(source),
            target: Known::Known(self.target.clone()),
            certificates: Known::Known(vec![]),
            attestations: Known::Known(vec![]),
        };
        let (catalogue, problems) = load::embedded();
        assert!(problems.is_empty(), "{problems:?}");
        let context = Context {
            at: facts.at,
            strategy: facts.plan.main_strategy(),
            attestations: &facts.attestations,
            attestations_path: "attestations.yaml",
        };
        let checks = evaluate(&catalogue, &build(&facts), &context);
        let card = judge(checks.clone(), JudgeInput::new(&facts, Gate::Route, &[], &BTreeSet::new()));
        // What later gates ask as well: their lies are compared, too.
        Scorecard { checks, ..card }
    }
}

fn seed(server: &DevServer) {
    let cli = |args: &[&str]| server.cli(&[args, &["--namespace", SOURCE]].concat()).expect("the CLI seeds");
    let start = |id: &str, workflow_type: &str, queue: &str, more: &[&str]| {
        let start = ["workflow", "start", "--workflow-id", id, "--type", workflow_type, "--task-queue", queue];
        cli(&[&start[..], more].concat());
    };
    cli(&["operator", "search-attribute", "create", "--name", "MerchantId", "--type", "Keyword"]);
    start("order-1", "Order", "unpolled", &["--search-attribute", "MerchantId=\"m-1\""]);
    start("order-2", "Order", "unpolled", &[]);
    start("nightly", "Cleanup", "unpolled", &["--cron", "0 3 * * *"]);
    start("entity", "Entity", "entities", &[]);
    start("done", "Refund", "polled", &[]);
    cli(&["workflow", "terminate", "--workflow-id", "done", "--reason", "test"]);
    let schedule = ["schedule", "create", "--schedule-id", "hourly", "--workflow-id", "settle"];
    cli(&[&schedule[..], &["--type", "Settle", "--task-queue", "unpolled", "--interval", "1h"]].concat());
    let rested = ["schedule", "create", "--schedule-id", "rested", "--workflow-id", "rest", "--paused"];
    cli(&[&rested[..], &["--type", "Settle", "--task-queue", "unpolled", "--interval", "1h"]].concat());
    let activity = ["activity", "start", "--activity-id", "a-1", "--type", "Charge", "--task-queue", "unpolled"];
    cli(&[&activity[..], &["--start-to-close-timeout", "1h"]].concat());
    tasks::answer(server.address(), SOURCE, "entities", Answer::Continue);
    // Visibility follows within moments.
    std::thread::sleep(Duration::from_secs(2));
}

fn look(side: Side, address: &str, namespace: &str) -> ClusterSnapshot {
    let settings = ConnectionSettings { address: Some(address.to_owned()), ..ConnectionSettings::default() };
    let connection = probe::profile::resolve(side, settings, &|_| None).expect("usable settings");
    let options = ProbeOptions {
        namespaces: vec![namespace.to_owned(), "default".to_owned()],
        task_queues: vec![],
        later_queues: None,
        open_elsewhere: BTreeMap::new(),
        starts_since: None,
        list_open: 0,
        at: support::now(),
        rps: 500.0,
        deadline: Duration::from_secs(60),
        connect_only: false,
        cloud_ops: Known::unknown("not asked"),
        metrics: Known::unknown("not asked"),
        progress: None,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(probe::probe(side, &connection, &options))
}

/// How far a gate is from open.
fn distance(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Go => 0,
        Verdict::GoWithConditions => 1,
        Verdict::Undecided => 2,
        Verdict::NoGo => 3,
    }
}

/// Rules that pass by the lie and did not by the truth, and gates that are nearer to open.
fn better(truth: &Scorecard, lie: &Scorecard) -> Vec<String> {
    let passes = |check: &&Check| check.outcome == Outcome::Pass;
    let before: BTreeMap<&str, &Check> = truth.checks.iter().map(|check| (check.rule.as_str(), check)).collect();
    let rules = lie.checks.iter().filter(passes).filter_map(|check| {
        let outcome = before[check.rule.as_str()].outcome;
        matches!(outcome, Outcome::Fail | Outcome::Unknown).then(|| format!("{}: {outcome:?} → Pass", check.rule))
    });
    let gates = truth.gates.iter().zip(&lie.gates).filter_map(|(was, is)| {
        // What contradicts itself is not known: a failure may become unknown, and nothing more.
        let nearer = distance(is.verdict) < distance(was.verdict) && distance(is.verdict) < 2;
        nearer.then(|| format!("gate {}: {:?} → {:?}", was.gate, was.verdict, is.verdict))
    });
    rules.chain(gates).collect()
}

/// Rules whose outcome is another one, as a line.
fn changes(truth: &Scorecard, lie: &Scorecard) -> String {
    let before: BTreeMap<&str, Outcome> = truth.checks.iter().map(|c| (c.rule.as_str(), c.outcome)).collect();
    let changed = lie.checks.iter().filter(|c| before[c.rule.as_str()] != c.outcome);
    let mut words: Vec<String> =
        changed.map(|c| format!("{} {:?}→{:?}", c.rule, before[c.rule.as_str()], c.outcome)).collect();
    if words.len() > 4 {
        let more = words.len() - 4;
        words.truncate(4);
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

#[expect(clippy::print_stdout, reason = "the rows are for a reader")]
fn play(rows: &[(&str, Lie)]) {
    let Ok(cli) = ensure_temporal() else { return };
    let stage = Stage::set(&cli);
    let truth = stage.judged();
    let failed = truth.checks.iter().filter(|check| check.outcome == Outcome::Fail).count();
    assert!(failed > 8, "there is something to hide: {failed}");
    let mut wrong = Vec::new();
    for (method, lie) in rows {
        stage.source.lie(method, *lie);
        let told = stage.judged();
        let found = better(&truth, &told);
        println!("{method:<30} {:<9} {:<4} {}", format!("{lie:?}"), found.len(), changes(&truth, &told));
        wrong.extend(found.into_iter().map(|what| format!("{method} × {lie:?}: {what}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_lie_about_one_read_never_makes_anything_better() {
    play(SAMPLE);
}

#[test]
#[ignore = "takes minutes; the sample above runs every time"]
fn no_lie_about_any_read_makes_anything_better() {
    play(&[SAMPLE, REST].concat());
}
