//! What the Prometheus of each side told, against the limits of Temporal Cloud and the signals of a dual run.

use serde_json::{Value, json};

use super::limits::{self, Limits};
use super::{Context, FactPath, FactView, words};
use crate::compare::{self, live};
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::cluster::metrics::{NamespaceMetrics, Peak};
use crate::facts::{Known, Why};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "metrics.actions_near_limit",
        "moved namespaces whose busiest minutes need more than half of the actions the target allows",
    ), /* fields: verdict (over | unclear), source_namespace, target_namespace, peak, limit, metric, known_for, units (to provision; 0: more than can be) */
    FactPath::untyped(
        "metrics.visibility_over_limit",
        "moved namespaces that make more visibility calls a second than Temporal Cloud takes",
    ), /* fields: source_namespace, target_namespace, peak, limit, metric, known_for */
    FactPath::untyped("metrics.unmeasured", "signals of a dual run that the Prometheus of a side does not have"), /* fields: side, namespace, signals, url */
    FactPath::untyped(
        "metrics.without_baseline",
        "moved namespaces of which the Prometheus of the source holds less than a day",
    ), /* fields: source_namespace, hours, url */
    FactPath::untyped(
        "metrics.cloud_not_scraped",
        "target namespaces of which the Prometheus of the target has no metric of Temporal Cloud itself",
    ), /* fields: target_namespace, url */
];

/// What must be measured where; no self-hosted server counts its open workflows, their starts stand in for them.
const SOURCE_SIGNALS: [&str; 4] = ["starts", "failures", "schedule-to-start", "poll-errors"];
const TARGET_SIGNALS: [&str; 4] = ["open-workflows", "failures", "schedule-to-start", "poll-errors"];

/// A peak of fewer hours says how high it was, and not how high it can be.
const ENOUGH_HOURS: u64 = 24;

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let limits = limits::limits();
    let limited = |list: &dyn Fn(&Mapped<'_>, &Limits) -> Known<Vec<Value>>| {
        limits.clone().and_then(|limits| per_mapping(context, &|mapped| list(mapped, limits)))
    };
    view.put_untyped("metrics.actions_near_limit", limited(&actions));
    view.put_untyped("metrics.visibility_over_limit", limited(&visibility));
    view.put_untyped("metrics.unmeasured", per_mapping(context, &unmeasured));
    view.put_untyped("metrics.without_baseline", per_mapping(context, &without_baseline));
    view.put_untyped("metrics.cloud_not_scraped", per_mapping(context, &cloud_not_scraped));
}

/// One namespace that moves.
struct Mapped<'a> {
    source: Known<&'a ClusterSnapshot>,
    target: Known<&'a ClusterSnapshot>,
    from: &'a str,
    to: &'a str,
}

fn per_mapping(context: &Context<'_>, list: &dyn Fn(&Mapped<'_>) -> Known<Vec<Value>>) -> Known<Vec<Value>> {
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

fn object(mapped: &Mapped<'_>, cluster: &ClusterSnapshot, peak: &Peak, rate: f64, limit: f64, verdict: &str) -> Value {
    let metric = peak.metric.as_deref().unwrap_or_default();
    json!({
        "verdict": verdict, "source_namespace": mapped.from, "target_namespace": mapped.to,
        "peak": figure(rate), "limit": figure(limit), "metric": metric,
        "known_for": words::count(peak.hours, "hour"),
        "loci": [live(cluster, Some(mapped.from), format!("metric {metric}"), "Prometheus")],
    })
}

fn figure(rate: f64) -> String {
    if rate >= 10.0 || rate.fract() < 0.05 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

/// Twice the peak must fit: during the move both clusters are driven by the same load, and limits follow use slowly.
fn actions(mapped: &Mapped<'_>, limits: &Limits) -> Known<Vec<Value>> {
    peak(mapped, "actions").map(|(cluster, peak, rate)| {
        let cloud = mapped.target.value().and_then(|target| target.cloud.value());
        let settings = cloud.and_then(|cloud| cloud.namespace(mapped.to)).and_then(|n| n.settings.value());
        let told = settings.and_then(|settings| settings.actions_per_second).map(f64::from);
        let limit = told.unwrap_or_else(|| f64::from(limits.actions_per_second));
        if 2.0 * rate <= limit {
            return vec![];
        }
        // Every namespace has the least limit; whether this one has more is for the account to say.
        let verdict = if told.is_some() { "over" } else { "unclear" };
        let mut object = object(mapped, cluster, peak, rate, limit, verdict);
        let fits = |units: &&u32| f64::from(**units) * f64::from(limits.actions_per_resource_unit) >= 2.0 * rate;
        object["units"] = limits.resource_units.iter().find(fits).copied().unwrap_or(0).into();
        vec![object]
    })
}

fn visibility(mapped: &Mapped<'_>, limits: &Limits) -> Known<Vec<Value>> {
    peak(mapped, "visibility").map(|(cluster, peak, rate)| {
        let limit = f64::from(limits.visibility_calls_per_second);
        if rate <= limit { vec![] } else { vec![object(mapped, cluster, peak, rate, limit, "over")] }
    })
}

fn url(cluster: &ClusterSnapshot) -> &str {
    cluster.metrics.value().map_or("", |metrics| metrics.url.as_str())
}

/// What is normal must be known before anything changes.
fn without_baseline(mapped: &Mapped<'_>) -> Known<Vec<Value>> {
    measured(&mapped.source, mapped.from).and_then(|(cluster, namespace)| {
        namespace.peaks.as_ref().map(|peaks| {
            let hours = peaks.iter().map(|peak| peak.hours).max().unwrap_or(0);
            if hours >= ENOUGH_HOURS {
                return vec![];
            }
            vec![json!({"source_namespace": mapped.from, "hours": words::count(hours, "hour"), "url": url(cluster),
                        "loci": [live(cluster, Some(mapped.from), "metrics", "Prometheus")]})]
        })
    })
}

fn cloud_not_scraped(mapped: &Mapped<'_>) -> Known<Vec<Value>> {
    measured(&mapped.target, mapped.to).and_then(|(cluster, namespace)| {
        namespace.signals.as_ref().map(|signals| {
            if signals.iter().flat_map(|s| &s.readings).any(|reading| reading.family == "cloud") {
                return vec![];
            }
            vec![json!({"target_namespace": mapped.to, "url": url(cluster),
                        "loci": [live(cluster, Some(mapped.to), "metrics", "Prometheus")]})]
        })
    })
}

fn unmeasured(mapped: &Mapped<'_>) -> Known<Vec<Value>> {
    let of = |cluster: &Known<&ClusterSnapshot>, name: &str, wanted: [&str; 4]| {
        measured(cluster, name).and_then(|(cluster, namespace)| {
            namespace.signals.as_ref().map(|signals| {
                let missing = signals.iter().filter(|s| wanted.contains(&s.id.as_str()) && s.readings.is_empty());
                let missing: Vec<String> = missing.map(|s| s.title.clone()).collect();
                if missing.is_empty() {
                    return vec![];
                }
                let url = url(cluster);
                vec![json!({"side": cluster.side, "namespace": name, "signals": words::list(&missing, 6), "url": url,
                            "loci": [live(cluster, Some(name), "metrics", "Prometheus")]})]
            })
        })
    };
    Known::concat([of(&mapped.source, mapped.from, SOURCE_SIGNALS), of(&mapped.target, mapped.to, TARGET_SIGNALS)])
}
