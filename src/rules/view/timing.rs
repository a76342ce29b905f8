//! How far away the clusters are, and whether the clocks agree.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Fact, FactPath, FactView};
use crate::compare::live;
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::{Known, Locus, Side, Why};

const FAR_AWAY: Fact<Vec<FarAway>> =
    Fact::new("target.far_away", "the target, when a round trip to it takes long and longer than one to the source");
const CLOCKS_APART: Fact<Vec<ClockApart>> = Fact::new(
    "cluster.clocks_apart",
    "clusters whose clock is more than a minute away from that of the machine that probed",
);

pub(super) const PATHS: &[FactPath] = &[FAR_AWAY.entry(), CLOCKS_APART.entry()];

/// A target to which a round trip takes long.
#[derive(Serialize, JsonSchema)]
struct FarAway {
    /// Milliseconds of a round trip to the target: the time of a TCP connect.
    target_ms: u64,
    /// Milliseconds of a round trip to the source.
    source_ms: u64,
    /// The machine that probed.
    from: String,
    /// Region of the target, in brackets; empty when it is not told.
    region: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A cluster whose clock is away from that of the machine that probed.
#[derive(Serialize, JsonSchema)]
struct ClockApart {
    /// The side.
    side: Side,
    /// How many seconds.
    seconds: u64,
    /// `ahead of` or `behind`.
    direction: &'static str,
    /// The machine that probed.
    from: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Each workflow task takes several round trips; from here on people feel it. A threshold of this tool: Temporal Cloud
/// promises nothing about the network of others.
const FAR_MS: u64 = 100;

/// Tokens, certificates and schedules are judged by the clock. A threshold of this tool.
const APART_SECONDS: u64 = 60;

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let trips = context.source.clone().zip(context.target.clone());
    view.put(&FAR_AWAY, trips.and_then(|(source, target)| far_away(context, source, target)));
    let clock = |side: &Known<&ClusterSnapshot>| side.clone().and_then(clock_apart);
    view.put(&CLOCKS_APART, Known::concat([clock(&context.source), clock(&context.target)]));
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

fn far_away(context: &Context<'_>, source: &ClusterSnapshot, target: &ClusterSnapshot) -> Known<Vec<FarAway>> {
    round_trip(source).zip(round_trip(target)).map(|(source_ms, target_ms)| {
        if target_ms <= FAR_MS || target_ms <= source_ms {
            return vec![];
        }
        let cloud = target.cloud.value();
        let planned = context.facts.plan.namespaces.iter().filter_map(|m| m.target.as_deref());
        let settings = planned.filter_map(|name| cloud?.namespace(name)).find_map(|n| n.settings.value());
        let region = settings.map(|s| format!(" (active in {})", s.active_region)).unwrap_or_default();
        vec![FarAway {
            from: machine(target),
            loci: vec![
                live(target, None, format!("connection to {}", target.address), "tcp"),
                live(source, None, format!("connection to {}", source.address), "tcp"),
            ],
            target_ms,
            source_ms,
            region,
        }]
    })
}

fn clock_apart(cluster: &ClusterSnapshot) -> Known<Vec<ClockApart>> {
    cluster.clock_ahead_seconds.clone().map(|ahead| {
        if ahead.unsigned_abs() <= APART_SECONDS {
            return vec![];
        }
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        vec![ClockApart {
            side: cluster.side,
            seconds: ahead.unsigned_abs(),
            from: machine(cluster),
            loci: vec![live(cluster, None, "clock", "GetSystemInfo")],
            direction,
        }]
    })
}

fn machine(cluster: &ClusterSnapshot) -> String {
    let named = !cluster.probed_from.is_empty();
    if named { cluster.probed_from.clone() } else { "the machine that probed".to_owned() }
}
