//! The probe as a consultant meets it: real servers, and everything that can be wrong on the way to them.

#![allow(clippy::disallowed_methods)] // a test has no clock of its own

mod support;

#[path = "probe/attributes.rs"]
mod attributes;
#[path = "probe/beside.rs"]
mod beside;
#[path = "probe/cloud_ops.rs"]
mod cloud_ops;
#[path = "probe/contradictions.rs"]
mod contradictions;
#[path = "probe/executions.rs"]
mod executions;
#[path = "probe/fake.rs"]
mod fake;
#[path = "probe/faults.rs"]
mod faults;
#[path = "probe/ladder.rs"]
mod ladder;
#[path = "probe/live.rs"]
mod live;
#[path = "probe/network.rs"]
mod network;
#[path = "probe/oldest.rs"]
mod oldest;
#[path = "probe/overdue.rs"]
mod overdue;
#[path = "probe/partial.rs"]
mod partial;
#[path = "probe/prometheus.rs"]
mod prometheus;

#[path = "probe/refused.rs"]
mod refused;
#[path = "probe/schedules.rs"]
mod schedules;
#[path = "probe/workers.rs"]
mod workers;

use std::time::Duration;

use temporal_preflight::config::ConnectionSettings;
use temporal_preflight::facts::cluster::{ClusterSnapshot, LadderStep, NamespaceSnapshot};
use temporal_preflight::facts::{Known, Side};
use temporal_preflight::probe::{self, ProbeOptions};

fn options(namespaces: &[&str]) -> ProbeOptions {
    ProbeOptions {
        namespaces: namespaces.iter().map(|&n| n.to_owned()).collect(),
        task_queues: Vec::new(),
        later_queues: None,
        open_elsewhere: Default::default(),
        starts_since: None,
        list_open: 0,
        at: jiff::Timestamp::now(),
        rps: 500.0,
        deadline: Duration::from_secs(60),
        connect_only: false,
        cloud_ops: Known::unknown("not asked"),
        metrics: Known::unknown("not asked"),
        progress: None,
    }
}

/// Probe the source with these settings.
fn run(settings: ConnectionSettings, options: &ProbeOptions) -> ClusterSnapshot {
    let connection = probe::profile::resolve(Side::Source, settings, &|_| None).expect("usable settings");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(probe::probe(Side::Source, &connection, options))
}

fn at(address: &str) -> ConnectionSettings {
    ConnectionSettings { address: Some(address.to_owned()), ..Default::default() }
}

/// The step the connection failed at; all before it were passed.
fn failed(snapshot: &ClusterSnapshot) -> &LadderStep {
    let (last, before) = snapshot.connection.split_last().expect("steps");
    assert!(before.iter().all(|step| step.ok) && !last.ok, "{:#?}", snapshot.connection);
    assert!(last.remedy.is_some(), "{last:#?}");
    last
}

fn namespace<'a>(snapshot: &'a ClusterSnapshot, name: &str) -> &'a NamespaceSnapshot {
    snapshot.namespaces.iter().find(|n| n.name == name).expect("the namespace")
}

fn calls(snapshot: &ClusterSnapshot, method: &str) -> u64 {
    snapshot.rpcs.iter().filter(|(name, _)| name.ends_with(method)).map(|(_, count)| count.calls).sum()
}
