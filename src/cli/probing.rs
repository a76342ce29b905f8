//! Ask both clusters while the code is scanned.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::clock;
use super::gather::{code, facts};
use super::interrupt::until_interrupted;
use super::migration::{Connections, Migration};
use super::progress;
use super::trees::Trees;
use crate::facts::cluster::{ClusterSnapshot, LadderStep};
use crate::facts::code::CodeFacts;
use crate::facts::plan::Plan;
use crate::facts::{Facts, Known, Side};
use crate::probe::{self, LaterQueues, OpenElsewhere, ProbeOptions};
use crate::ui::Problem;

/// How hard a probe may try.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Load on the clusters")]
pub struct ProbeFlags {
    /// Requests per second to the source [default: 5]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub source_rps: Option<f64>,
    /// Requests per second to the target [default: 10]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub target_rps: Option<f64>,
    /// Seconds after which the probe of a side stops with what it has
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub probe_timeout: u64,
    /// Who started executions since then [default: since routing, or 24 h]
    #[arg(long, value_name = "INSTANT", value_parser = clock::instant, help_heading = "What to look at")]
    pub starts_since: Option<Timestamp>,
    /// List the N oldest open executions with their projected end
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, help_heading = "What to look at")]
    pub list_open: usize,
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
        .ok_or_else(|| "give a number greater than 0, such as 5 or 0.5".to_owned())
}

/// Scan the code while the source is probed; then probe the target, which is asked about the task queues of both.
pub fn everything(
    migration: &Migration,
    trees: Trees,
    connections: &Connections,
    flags: &ProbeFlags,
) -> Result<Facts, Problem> {
    let (done, scanned) = tokio::sync::oneshot::channel();
    let (named, queues) = tokio::sync::oneshot::channel::<Vec<String>>();
    // Not a scoped thread: Ctrl-C need not wait for a long scan to end.
    std::thread::spawn(move || {
        let code = code(&trees);
        // Nobody listens any more when the probe was interrupted.
        let _ = named.send(code.as_ref().map(|code| queues_of_code(code).into_iter().collect()).unwrap_or_default());
        let _ = done.send(code);
    });
    let later = async { queues.await.unwrap_or_default().into() }.boxed().shared();
    let (code, source, target) = until_interrupted(async {
        let ask = ToAsk { later: Some(later), ..ToAsk::default() };
        let mut source = one(Side::Source, connections, migration, flags, ask).await;
        let code = scanned
            .await
            .map_err(|_| Problem::tool("the scan broke down").help("run `scan` alone and report the tree"))??;
        let mut ask = ToAsk { queues: queues_of_code(&code), ..ToAsk::default() };
        ask.note(&source, &migration.preflight.plan);
        let target = one(Side::Target, connections, migration, flags, ask).await;
        look_back(&mut source, &target, connections, migration, flags).await;
        Ok((code, source, target))
    })?;
    facts(migration, Known::Known(code), source, target)
}

/// Ask the source for the ids that are open on the target, where the source has too many open executions to list.
async fn look_back(
    source: &mut Known<ClusterSnapshot>,
    target: &Known<ClusterSnapshot>,
    connections: &Connections,
    migration: &Migration,
    flags: &ProbeFlags,
) {
    let (Some(there), Known::Known(connection)) = (target.value(), connections.side(Side::Source)) else { return };
    let Some(source) = source.value_mut() else { return };
    let mut ask = ToAsk::default();
    for mapping in &migration.preflight.plan.namespaces {
        let there = there.namespaces.iter().find(|n| Some(&n.name) == mapping.target.as_ref());
        let here = source.namespaces.iter().find(|n| n.name == mapping.source);
        let Some((here, ids)) = here.zip(there.and_then(|n| n.executions.open_ids.value())) else { continue };
        if !here.executions.open_ids.is_known() && here.open.value().is_some() {
            ask.open.entry(mapping.source.clone()).or_default().extend(ids);
        }
    }
    if !ask.open.is_empty() {
        let options = probe_options(Side::Source, connections, migration, flags, ask);
        probe::look_for_ids(connection, &options, source).await;
    }
}

/// The same in a run that probes and scans nothing.
pub fn look_back_at(
    source: &mut ClusterSnapshot,
    target: &ClusterSnapshot,
    connections: &Connections,
    migration: &Migration,
    flags: &ProbeFlags,
) -> Result<(), Problem> {
    let mut seen = Known::Known(source.clone());
    let target = Known::Known(target.clone());
    until_interrupted(async {
        look_back(&mut seen, &target, connections, migration, flags).await;
        Ok(())
    })?;
    if let Known::Known(seen) = seen {
        *source = seen;
    }
    Ok(())
}

/// Task queues that workers and starters of the code name.
fn queues_of_code(code: &CodeFacts) -> BTreeSet<String> {
    code.sites.iter().filter(|s| s.scope.is_production()).filter_map(|s| s.task_queue.clone()).collect()
}

/// What one side is asked because of the code, the command line and the other side.
#[derive(Debug, Clone, Default)]
pub struct ToAsk {
    /// Task queues.
    pub queues: BTreeSet<String>,
    /// Task queues that the scan will name.
    pub later: Option<LaterQueues>,
    /// By namespace: what is open on the other side.
    pub open: BTreeMap<String, OpenElsewhere>,
}

/// Ids of open executions the target is asked for, of each namespace, where there are too many to list them all.
const SAMPLE: usize = 500;

impl ToAsk {
    /// Ask the target for the task queues of the source, and for ids of executions that are open there.
    pub fn note(&mut self, seen: &Known<ClusterSnapshot>, plan: &Plan) {
        self.queues.extend(queues_of_cluster(seen));
        let Some(source) = seen.value().filter(|cluster| cluster.side == Side::Source) else { return };
        for mapping in &plan.namespaces {
            let namespace = source.namespaces.iter().find(|n| n.name == mapping.source);
            let Some((namespace, target)) = namespace.zip(mapping.target.as_ref()) else { continue };
            let Some(open) = namespace.open.value().copied() else { continue };
            let entry = self.open.entry(target.clone()).or_default();
            if let Some(ids) = namespace.executions.open_ids.value() {
                entry.extend(ids);
                continue;
            }
            entry.open += open;
            entry.ids.extend(namespace.open_ids().into_iter().take(SAMPLE).map(str::to_owned));
        }
    }
}

/// Task queues in use on a cluster: they must be polled on the other one too.
fn queues_of_cluster(snapshot: &Known<ClusterSnapshot>) -> BTreeSet<String> {
    let namespaces = snapshot.value().into_iter().flat_map(|s| &s.namespaces);
    namespaces.filter_map(|n| n.task_queues.value()).flatten().map(|q| q.name.clone()).collect()
}

/// Probe one side; Ctrl-C ends it.
pub fn cluster(
    side: Side,
    connections: &Connections,
    migration: &Migration,
    flags: &ProbeFlags,
    ask: ToAsk,
) -> Result<Known<ClusterSnapshot>, Problem> {
    until_interrupted(async { Ok(one(side, connections, migration, flags, ask).await) })
}

async fn one(
    side: Side,
    connections: &Connections,
    migration: &Migration,
    flags: &ProbeFlags,
    ask: ToAsk,
) -> Known<ClusterSnapshot> {
    let connection = match connections.side(side) {
        Known::Known(connection) | Known::Partial { value: connection, .. } => connection,
        Known::Unknown(why) => return Known::Unknown(why.clone()),
    };
    let options = probe_options(side, connections, migration, flags, ask);
    Known::Known(probe::probe(side, connection, &options).await)
}

fn probe_options(
    side: Side,
    connections: &Connections,
    migration: &Migration,
    flags: &ProbeFlags,
    ask: ToAsk,
) -> ProbeOptions {
    ProbeOptions {
        namespaces: migration.namespaces(side),
        task_queues: ask.queues.into_iter().collect(),
        later_queues: ask.later,
        open_elsewhere: ask.open,
        // A probe sees now, whatever instant is judged.
        at: clock::now(),
        rps: match side {
            Side::Source => flags.source_rps.unwrap_or(5.0),
            Side::Target => flags.target_rps.unwrap_or(10.0),
        },
        deadline: Duration::from_secs(flags.probe_timeout),
        starts_since: flags.starts_since.or_else(|| first_routed(side, migration)),
        list_open: flags.list_open,
        progress: progress::teller(),
        connect_only: false,
        metrics: migration.metrics(side).clone(),
        cloud_ops: match side {
            Side::Source => Known::unknown("only Temporal Cloud has a Cloud Ops API"),
            Side::Target => connections.cloud_ops.clone(),
        },
    }
}

/// When the first cohort was routed: from then on somebody may have been forgotten.
fn first_routed(side: Side, migration: &Migration) -> Option<Timestamp> {
    let routed = migration.preflight.plan.cohorts.iter().filter_map(|cohort| cohort.routed);
    routed.min().filter(|_| side == Side::Source)
}

/// The connection ladder of one side, and nothing more.
pub fn ladder(
    side: Side,
    connections: &Connections,
    migration: &Migration,
    flags: &ProbeFlags,
) -> Result<Vec<LadderStep>, Problem> {
    let Some(connection) = connections.side(side).value() else { return Ok(vec![]) };
    let options = ProbeOptions {
        connect_only: true,
        progress: None,
        ..probe_options(side, connections, migration, flags, ToAsk::default())
    };
    let taken = until_interrupted(async { Ok(probe::probe(side, connection, &options).await) })?;
    let account = taken.cloud.value().map(|cloud| cloud.connection.clone()).unwrap_or_default();
    let account = account.into_iter().map(|step| LadderStep { step: format!("ops {}", step.step), ..step });
    Ok(taken.connection.into_iter().chain(account).collect())
}
