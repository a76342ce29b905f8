//! What the Prometheus of each side told, against the limits of Temporal Cloud and the signals of a dual run.

use schemars::JsonSchema;
use serde::Serialize;

use super::limits::{self, Limits};
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::{self, live};
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::cluster::metrics::{NamespaceMetrics, Peak};
use crate::facts::{Known, Locus, Side, Why};

const ACTIONS_NEAR_LIMIT: Fact<Vec<ActionsNearLimit>> = Fact::new(
    "metrics.actions_near_limit",
    "moved namespaces whose busiest minutes need more than half of the actions the target allows",
);
const VISIBILITY_OVER_LIMIT: Fact<Vec<PeakRate>> = Fact::new(
    "metrics.visibility_over_limit",
    "moved namespaces that make more visibility calls a second than Temporal Cloud takes",
);
const UNMEASURED: Fact<Vec<Unmeasured>> =
    Fact::new("metrics.unmeasured", "signals of a dual run that the Prometheus of a side does not have");
const WITHOUT_BASELINE: Fact<Vec<WithoutBaseline>> = Fact::new(
    "metrics.without_baseline",
    "moved namespaces of which the Prometheus of the source holds less than a day",
);
const CLOUD_NOT_SCRAPED: Fact<Vec<NotScraped>> = Fact::new(
    "metrics.cloud_not_scraped",
    "target namespaces of which the Prometheus of the target has no metric of Temporal Cloud itself",
);

pub(super) const PATHS: &[FactPath] = &[
    ACTIONS_NEAR_LIMIT.entry(),
    VISIBILITY_OVER_LIMIT.entry(),
    UNMEASURED.entry(),
    WITHOUT_BASELINE.entry(),
    CLOUD_NOT_SCRAPED.entry(),
];

/// A peak against a limit.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum RateVerdict {
    /// It needs more than the limit allows.
    Over,
    /// It needs more than the least limit; the account may have a higher one.
    Unclear,
}

/// The busiest minutes of a namespace of the source, against a limit of Temporal Cloud.
#[derive(Serialize, JsonSchema)]
struct PeakRate {
    /// The peak against the limit.
    verdict: RateVerdict,
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// Peak, per second, as Prometheus told.
    peak: String,
    /// Limit, per second.
    limit: String,
    /// The metric the peak was read from.
    metric: String,
    /// How much of the past the Prometheus holds.
    known_for: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A namespace whose busiest minutes need more than half of the actions the target allows.
#[derive(Serialize, JsonSchema)]
struct ActionsNearLimit {
    #[serde(flatten)]
    rate: PeakRate,
    /// Resource units to provision; 0 when no number of them is enough.
    units: u32,
}

/// Signals of a dual run that the Prometheus of a side does not have.
#[derive(Serialize, JsonSchema)]
struct Unmeasured {
    /// The side.
    side: Side,
    /// Namespace of that side.
    namespace: String,
    /// Names of the signals.
    signals: String,
    /// Address of the Prometheus.
    url: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A namespace of which the Prometheus of the source holds less than a day.
#[derive(Serialize, JsonSchema)]
struct WithoutBaseline {
    /// Namespace of the source.
    source_namespace: String,
    /// How many hours it holds: `3 hours`.
    hours: String,
    /// Address of the Prometheus.
    url: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A target namespace of which the Prometheus has no metric of Temporal Cloud itself.
#[derive(Serialize, JsonSchema)]
struct NotScraped {
    /// Namespace of the target.
    target_namespace: String,
    /// Address of the Prometheus.
    url: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// What must be measured where; no self-hosted server counts its open workflows, their starts stand in for them.
const SOURCE_SIGNALS: [&str; 4] = ["starts", "failures", "schedule-to-start", "poll-errors"];
const TARGET_SIGNALS: [&str; 4] = ["open-workflows", "failures", "schedule-to-start", "poll-errors"];

/// A peak of fewer hours says how high it was, and not how high it can be.
const ENOUGH_HOURS: u64 = 24;

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let limits = limits::limits();
    let actions = |limits: &'static Limits| per_mapping(context, &|mapped| actions(mapped, limits));
    let visibility = |limits: &'static Limits| per_mapping(context, &|mapped| visibility(mapped, limits));
    view.put(&ACTIONS_NEAR_LIMIT, limits.clone().and_then(actions));
    view.put(&VISIBILITY_OVER_LIMIT, limits.and_then(visibility));
    view.put(&UNMEASURED, per_mapping(context, &unmeasured));
    view.put(&WITHOUT_BASELINE, per_mapping(context, &without_baseline));
    view.put(&CLOUD_NOT_SCRAPED, per_mapping(context, &cloud_not_scraped));
}

/// One namespace that moves.
struct Mapped<'a> {
    source: Known<&'a ClusterSnapshot>,
    target: Known<&'a ClusterSnapshot>,
    from: &'a str,
    to: &'a str,
}

fn per_mapping<T>(context: &Context<'_>, list: &dyn Fn(&Mapped<'_>) -> Known<Vec<T>>) -> Known<Vec<T>> {
    compare::moved(&context.facts.plan).and_then(|moved| {
        Known::concat(moved.into_iter().map(|(mapping, to)| {
            let (source, target) = (context.source.clone(), context.target.clone());
            list(&Mapped { source, target, from: &mapping.source, to })
        }))
    })
}

/// What was measured of a namespace of a cluster.
fn measured<'a>(
    cluster: &Known<&'a ClusterSnapshot>,
    name: &str,
) -> Known<(&'a ClusterSnapshot, &'a NamespaceMetrics)> {
    cluster.clone().and_then(|cluster| {
        cluster.metrics.as_ref().and_then(|metrics| {
            metrics.namespaces.as_ref().and_then(|all| match all.iter().find(|n| n.name == name) {
                Some(namespace) => Known::Known((cluster, namespace)),
                None => Known::unknown(format!("the Prometheus of the {} was not asked about {name}", cluster.side)),
            })
        })
    })
}

fn peak<'a>(mapped: &Mapped<'a>, id: &str) -> Known<(&'a ClusterSnapshot, &'a Peak, f64)> {
    measured(&mapped.source, mapped.from).and_then(|(cluster, namespace)| {
        namespace.peaks.as_ref().and_then(|peaks| {
            let found = peaks.iter().find(|peak| peak.id == id);
            let Some((peak, rate)) = found.and_then(|peak| Some((peak, peak.per_second?))) else {
                return Known::Unknown(Why::with_remedy(
                    format!("the Prometheus of the source has too few samples of {id} of {}", mapped.from),
                    "let it scrape the metrics endpoint of every frontend of the source",
                ));
            };
            let value = (cluster, peak, rate);
            if peak.hours >= ENOUGH_HOURS {
                return Known::Known(value);
            }
            let hours = words::count(peak.hours, "hour");
            let why = Why::with_remedy(
                format!("only {hours} of {id} of {} are in the Prometheus of the source", mapped.from),
                "probe again when it has scraped a usual day",
            );
            Known::Partial { value, why }
        })
    })
}

fn peak_rate(
    mapped: &Mapped<'_>,
    cluster: &ClusterSnapshot,
    peak: &Peak,
    (rate, limit): (f64, f64),
    verdict: RateVerdict,
) -> PeakRate {
    let metric = peak.metric.as_deref().unwrap_or_default();
    PeakRate {
        source_namespace: mapped.from.to_owned(),
        target_namespace: mapped.to.to_owned(),
        peak: figure(rate),
        limit: figure(limit),
        known_for: words::count(peak.hours, "hour"),
        loci: vec![live(cluster, Some(mapped.from), format!("metric {metric}"), "Prometheus")],
        verdict,
        metric: metric.to_owned(),
    }
}

fn figure(rate: f64) -> String {
    if rate >= 10.0 || rate.fract() < 0.05 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

/// Twice the peak must fit: during the move both clusters are driven by the same load, and limits follow use slowly.
fn actions(mapped: &Mapped<'_>, limits: &Limits) -> Known<Vec<ActionsNearLimit>> {
    peak(mapped, "actions").map(|(cluster, peak, rate)| {
        let cloud = mapped.target.value().and_then(|target| target.cloud.value());
        let settings = cloud.and_then(|cloud| cloud.namespace(mapped.to)).and_then(|n| n.settings.value());
        let told = settings.and_then(|settings| settings.actions_per_second).map(f64::from);
        let limit = told.unwrap_or_else(|| f64::from(limits.actions_per_second));
        if 2.0 * rate <= limit {
            return vec![];
        }
        // Every namespace has the least limit; whether this one has more is for the account to say.
        let verdict = if told.is_some() { RateVerdict::Over } else { RateVerdict::Unclear };
        let fits = |units: &&u32| f64::from(**units) * f64::from(limits.actions_per_resource_unit) >= 2.0 * rate;
        let units = limits.resource_units.iter().find(fits).copied().unwrap_or(0);
        vec![ActionsNearLimit { rate: peak_rate(mapped, cluster, peak, (rate, limit), verdict), units }]
    })
}

fn visibility(mapped: &Mapped<'_>, limits: &Limits) -> Known<Vec<PeakRate>> {
    peak(mapped, "visibility").map(|(cluster, peak, rate)| {
        let limit = f64::from(limits.visibility_calls_per_second);
        if rate <= limit {
            return vec![];
        }
        vec![peak_rate(mapped, cluster, peak, (rate, limit), RateVerdict::Over)]
    })
}

fn url(cluster: &ClusterSnapshot) -> String {
    cluster.metrics.value().map(|metrics| metrics.url.clone()).unwrap_or_default()
}

/// What is normal must be known before anything changes.
fn without_baseline(mapped: &Mapped<'_>) -> Known<Vec<WithoutBaseline>> {
    measured(&mapped.source, mapped.from).and_then(|(cluster, namespace)| {
        namespace.peaks.as_ref().map(|peaks| {
            let hours = peaks.iter().map(|peak| peak.hours).max().unwrap_or(0);
            if hours >= ENOUGH_HOURS {
                return vec![];
            }
            vec![WithoutBaseline {
                source_namespace: mapped.from.to_owned(),
                hours: words::count(hours, "hour"),
                url: url(cluster),
                loci: vec![live(cluster, Some(mapped.from), "metrics", "Prometheus")],
            }]
        })
    })
}

fn cloud_not_scraped(mapped: &Mapped<'_>) -> Known<Vec<NotScraped>> {
    measured(&mapped.target, mapped.to).and_then(|(cluster, namespace)| {
        namespace.signals.as_ref().map(|signals| {
            if signals.iter().flat_map(|s| &s.readings).any(|reading| reading.family == "cloud") {
                return vec![];
            }
            vec![NotScraped {
                target_namespace: mapped.to.to_owned(),
                url: url(cluster),
                loci: vec![live(cluster, Some(mapped.to), "metrics", "Prometheus")],
            }]
        })
    })
}

fn unmeasured(mapped: &Mapped<'_>) -> Known<Vec<Unmeasured>> {
    let of = |cluster: &Known<&ClusterSnapshot>, name: &str, wanted: [&str; 4]| {
        measured(cluster, name).and_then(|(cluster, namespace)| {
            namespace.signals.as_ref().map(|signals| {
                let missing = signals.iter().filter(|s| wanted.contains(&s.id.as_str()) && s.readings.is_empty());
                let missing: Vec<String> = missing.map(|s| s.title.clone()).collect();
                if missing.is_empty() {
                    return vec![];
                }
                let url = url(cluster);
                vec![Unmeasured {
                    side: cluster.side,
                    namespace: name.to_owned(),
                    signals: words::list(&missing, 6),
                    loci: vec![live(cluster, Some(name), "metrics", "Prometheus")],
                    url,
                }]
            })
        })
    };
    Known::concat([of(&mapped.source, mapped.from, SOURCE_SIGNALS), of(&mapped.target, mapped.to, TARGET_SIGNALS)])
}
