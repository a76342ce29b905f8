//! The probe as a consultant meets it: real servers, and everything that can be wrong on the way to them.

#![allow(clippy::disallowed_methods)] // a test has no clock of its own

use crate::support;

mod attributes;
mod beside;
mod cloud_ops;
mod contradictions;
mod executions;
mod fake;
mod faults;
mod ladder;
mod live;
mod network;
mod oldest;
mod overdue;
mod partial;
mod prometheus;

mod refused;
mod schedules;
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
