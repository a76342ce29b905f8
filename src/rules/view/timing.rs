//! How far away the clusters are, and whether the clocks agree.

use serde_json::{Value, json};

use super::{Context, FactPath, FactView};
use crate::compare::live;
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::{Known, Why};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "target.far_away",
        "the target, when a round trip to it takes long and longer than one to the source",
    ), /* fields: target_ms, source_ms, from, region */
    FactPath::untyped(
        "cluster.clocks_apart",
        "clusters whose clock is more than a minute away from that of the machine that probed",
    ), /* fields: side, seconds, direction, from */
];

/// Each workflow task takes several round trips; from here on people feel it. A threshold of this tool: Temporal Cloud
/// promises nothing about the network of others.
const FAR_MS: u64 = 100;

/// Tokens, certificates and schedules are judged by the clock. A threshold of this tool.
const APART_SECONDS: u64 = 60;

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let trips = context.source.clone().zip(context.target.clone());
    view.put_untyped("target.far_away", trips.and_then(|(source, target)| far_away(context, source, target)));
    let clock = |side: &Known<&ClusterSnapshot>| side.clone().and_then(clock_apart);
    view.put_untyped("cluster.clocks_apart", Known::concat([clock(&context.source), clock(&context.target)]));
}

/// Connecting takes one round trip.
fn round_trip(cluster: &ClusterSnapshot) -> Known<u64> {
    match cluster.connection.iter().find(|step| step.step == "tcp" && step.ok) {
        Some(step) => Known::Known(step.ms),
        None => Known::Unknown(Why::with_remedy(
            format!("no connection to the {} was measured", cluster.side),
            "probe from a machine of the workers' network, without a proxy",
        )),
    }
}

fn far_away(context: &Context<'_>, source: &ClusterSnapshot, target: &ClusterSnapshot) -> Known<Vec<Value>> {
    round_trip(source).zip(round_trip(target)).map(|(source_ms, target_ms)| {
        if target_ms <= FAR_MS || target_ms <= source_ms {
            return vec![];
        }
        let cloud = target.cloud.value();
        let planned = context.facts.plan.namespaces.iter().filter_map(|m| m.target.as_deref());
        let settings = planned.filter_map(|name| cloud?.namespace(name)).find_map(|n| n.settings.value());
        let region = settings.map(|s| format!(" (active in {})", s.active_region)).unwrap_or_default();
        vec![json!({"target_ms": target_ms, "source_ms": source_ms, "from": machine(target), "region": region,
                    "loci": [live(target, None, format!("connection to {}", target.address), "tcp"),
                             live(source, None, format!("connection to {}", source.address), "tcp")]})]
    })
}

fn clock_apart(cluster: &ClusterSnapshot) -> Known<Vec<Value>> {
    cluster.clock_ahead_seconds.clone().map(|ahead| {
        if ahead.unsigned_abs() <= APART_SECONDS {
            return vec![];
        }
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        vec![json!({"side": cluster.side, "seconds": ahead.unsigned_abs(), "direction": direction,
                    "from": machine(cluster), "loci": [live(cluster, None, "clock", "GetSystemInfo")]})]
    })
}

fn machine(cluster: &ClusterSnapshot) -> &str {
    if cluster.probed_from.is_empty() { "the machine that probed" } else { &cluster.probed_from }
}
