//! What a side is asked because of the other one, or of the code.

use std::sync::Arc;

use super::budget::Budget;
use super::client::Client;
use super::read_only::{Ledger, ReadOnly};
use super::{ProbeOptions, connect, executions, headers, query};
use crate::facts::cluster::{ClusterSnapshot, OpenIds};
use crate::probe::connection::Connection;

/// Task queues that are not known yet: the code that names them is still being read.
pub type LaterQueues = futures_util::future::Shared<futures_util::future::BoxFuture<'static, Arc<[String]>>>;

/// Open executions of the other cluster.
#[derive(Debug, Clone, Default)]
pub struct OpenElsewhere {
    /// Their ids.
    pub ids: Vec<String>,
    /// How many executions are open there.
    pub open: u64,
}

impl OpenElsewhere {
    /// These, too.
    pub fn extend(&mut self, ids: &OpenIds) {
        self.open += ids.open;
        self.ids.extend(ids.executions.iter().map(|execution| execution.workflow_id.clone()));
    }
}

/// Look once more at a cluster, for nothing but ids that turned out to be open on the other side.
pub async fn look_for_ids(connection: &Connection, options: &ProbeOptions, snapshot: &mut ClusterSnapshot) {
    let ledger = Arc::new(Ledger::default());
    let Some(channel) = connect::climb(connection).await.channel else { return };
    let budget = Arc::new(Budget::new(options.rps, options.deadline));
    let transport = ReadOnly::new(channel, headers(connection), Arc::clone(&budget), Arc::clone(&ledger));
    let client = Client::new(transport, budget);
    let version = query::version(snapshot.system.value().map_or("", |s| s.server_version.as_str()));
    for namespace in &mut snapshot.namespaces {
        if options.open_elsewhere.contains_key(&namespace.name) {
            options.say(&format!("{}: ids of the other side in {}", connection.side, namespace.name));
            let name = namespace.name.clone();
            let visibility = executions::Visibility::new(&client, &name, version, options).await;
            namespace.executions.also_open = executions::also_open(&visibility).await;
        }
    }
    for (name, count) in ledger.counts() {
        let all = snapshot.rpcs.entry(name).or_default();
        all.calls += count.calls;
        all.errors += count.errors;
        all.denied += count.denied;
    }
}
