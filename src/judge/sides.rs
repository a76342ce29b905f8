//! What the scorecard repeats from the facts, so that it is complete in itself.

use crate::facts::cluster::ClusterSnapshot;
use crate::facts::{Facts, Known, Side};
use crate::scorecard::{Inventory, SideSummary};

pub(super) fn inventory(facts: &Facts) -> Inventory {
    Inventory {
        code: facts.code.clone(),
        source: facts.source.clone(),
        target: facts.target.clone(),
        certificates: facts.certificates.clone(),
    }
}

pub(super) fn summaries(facts: &Facts) -> Vec<SideSummary> {
    vec![summary(Side::Source, &facts.source), summary(Side::Target, &facts.target)]
}

fn summary(side: Side, known: &Known<ClusterSnapshot>) -> SideSummary {
    let missing = known.why().map(|w| w.reason.clone());
    let Some(snapshot) = known.value() else {
        return SideSummary {
            side,
            address: None,
            kind: None,
            server_version: None,
            taken_at: None,
            connection: Vec::new(),
            rpcs: Default::default(),
            missing,
        };
    };
    SideSummary {
        side,
        address: Some(snapshot.address.clone()),
        kind: Some(snapshot.kind),
        server_version: snapshot.system.value().map(|s| s.server_version.clone()).filter(|v| !v.is_empty()),
        taken_at: Some(snapshot.newest()),
        connection: snapshot.connection.clone(),
        rpcs: snapshot.rpcs.clone(),
        missing,
    }
}
