//! The probe as a consultant meets it: real servers, and everything that can be wrong on the way to them.

mod support;

use std::time::Duration;

use temporal_preflight::config::ConnectionSettings;
use temporal_preflight::demo::DevServer;
use temporal_preflight::facts::Side;
use temporal_preflight::facts::cluster::ClusterSnapshot;
use temporal_preflight::probe::{self, Connection, ProbeOptions};

fn resolve(settings: ConnectionSettings) -> Connection {
    probe::profile::resolve(Side::Source, settings, &|_| None).expect("usable settings")
}

fn options(namespaces: &[&str]) -> ProbeOptions {
    ProbeOptions {
        namespaces: namespaces.iter().map(|&n| n.to_owned()).collect(),
        task_queues: Vec::new(),
        at: jiff::Timestamp::now(),
        rps: 200.0,
        deadline: Duration::from_secs(60),
        connect_only: false,
        progress: None,
    }
}

fn run(settings: ConnectionSettings, options: &ProbeOptions) -> ClusterSnapshot {
    let connection = resolve(settings);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(probe::probe(Side::Source, &connection, options))
}

fn at(address: &str) -> ConnectionSettings {
    ConnectionSettings { address: Some(address.to_owned()), ..Default::default() }
}

#[test]
fn first() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &["payments-prod"]).expect("a dev server");
    let snapshot = run(at(server.address()), &options(&[]));
    println!("{}", serde_json::to_string_pretty(&snapshot).unwrap());
}
