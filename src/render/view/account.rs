//! What the Cloud Ops API and the Prometheus of each side told, as tables.

use super::mark::Mark;
use super::table::{Cell, Table};
use crate::facts::cluster::cloud::{CloudApiKey, CloudNamespace};
use crate::facts::cluster::metrics::Signal;
use crate::facts::cluster::{CloudOps, ClusterSnapshot};
use crate::render::text::{day, plural};
use crate::scorecard::Scorecard;

/// The tables that have something to show; none when neither was asked.
pub(super) fn tables(card: &Scorecard) -> Vec<Table> {
    let target = card.inventory.target.value();
    let mut tables = Vec::new();
    if let Some(cloud) = target.and_then(|target| target.cloud.value()) {
        tables.push(namespaces(cloud));
        tables.push(api_keys(card, cloud));
    }
    let sides = [card.inventory.source.value(), target];
    tables.push(signals(sides.into_iter().flatten()));
    tables
}

fn namespaces(cloud: &CloudOps) -> Table {
    let row = |namespace: &CloudNamespace| {
        let Some(settings) = namespace.settings.value() else {
            let why = namespace.settings.why().map(|why| why.reason.clone()).unwrap_or_default();
            let mut row = vec![Cell::code(&namespace.name), Cell::mark(Mark::Unknown, "unknown").sub(why)];
            row.extend((0..4).map(|_| Cell::quiet("–")));
            return row;
        };
        let accepts = match (settings.mtls, settings.api_keys) {
            (true, true) => "client certificates, API keys",
            (true, false) => "client certificates",
            (false, true) => "API keys",
            (false, false) => "nothing",
        };
        let used = namespace.capacity.value().and_then(|capacity| capacity.p99);
        let allowed = settings.actions_per_second.map_or_else(|| "–".to_owned(), |limit| limit.to_string());
        let sinks = namespace.export_sinks.value().map(Vec::as_slice).unwrap_or_default();
        let sinks: Vec<String> = sinks.iter().map(|sink| format!("{} ({})", sink.name, sink.health)).collect();
        vec![
            Cell::code(&namespace.name).sub(settings.active_region.as_str()),
            Cell::text(&settings.state),
            Cell::text(accepts).sub(match settings.certificate_filters.len() {
                0 => String::new(),
                n => plural(n, "certificate filter"),
            }),
            Cell::num(plural(usize::try_from(settings.retention_days).unwrap_or(0), "day")),
            Cell::num(allowed).sub(used.map_or_else(String::new, |p99| format!("99 % of the week below {p99:.0}"))),
            if sinks.is_empty() { Cell::quiet("–") } else { Cell::text(sinks.join(", ")) },
        ]
    };
    let head = ["Namespace", "State", "Accepts", "Retention", "Actions a second", "History export"];
    Table::new("inventory-cloud-namespaces", "Temporal Cloud", &head, cloud.namespaces.iter().map(row).collect())
        .note(format!("As the Cloud Ops API at {} told.", cloud.address))
}

fn api_keys(card: &Scorecard, cloud: &CloudOps) -> Table {
    let end = card.plan.window.map(|window| window.end);
    let row = |key: &CloudApiKey| {
        let state = match (key.expires, end) {
            _ if key.disabled => Cell::mark(Mark::Unknown, "disabled"),
            (None, _) => Cell::mark(Mark::Unknown, "end not told"),
            (Some(at), _) if at < card.at => Cell::mark(Mark::Unknown, "expired"),
            (Some(_), None) => Cell::mark(Mark::Unknown, "no window planned"),
            (Some(at), Some(end)) => {
                let last = at.to_zoned(jiff::tz::TimeZone::UTC).date();
                if last <= end {
                    Cell::mark(Mark::Failed, "ends inside the window")
                } else if last < end.saturating_add(jiff::Span::new().days(60)) {
                    Cell::mark(Mark::Attention, "ends within 60 days after it")
                } else {
                    Cell::mark(Mark::Ok, "outlives the window")
                }
            }
        };
        vec![
            Cell::text(&key.name).sub(key.id.as_str()),
            Cell::text(key.owner_kind.replace('-', " ")).sub(key.owner_id.as_str()),
            key.expires.map_or_else(|| Cell::quiet("–"), |at| Cell::num(day(at))),
            state,
        ]
    };
    let keys = cloud.api_keys.value().map(Vec::as_slice).unwrap_or_default();
    Table::new("inventory-api-keys", "API keys", &["Key", "Owner", "Until", "State"], keys.iter().map(row).collect())
        .gap(super::gap(&cloud.api_keys))
}

fn signals<'a>(clusters: impl Iterator<Item = &'a ClusterSnapshot>) -> Table {
    let mut rows = Vec::new();
    for cluster in clusters {
        let Some(metrics) = cluster.metrics.value() else { continue };
        for namespace in metrics.namespaces.value().into_iter().flatten() {
            let place = || Cell::code(&namespace.name).sub(format!("{}, {}", cluster.side, metrics.url));
            for signal in namespace.signals.value().into_iter().flatten() {
                rows.push(vec![place(), Cell::text(&signal.title), reading(signal)]);
            }
            for peak in namespace.peaks.value().into_iter().flatten() {
                let title = format!("{}, peak of the last week", peak.title);
                let cell = match (peak.per_second, &peak.metric) {
                    (Some(rate), Some(metric)) => Cell::num(format!("{rate:.1} per second")).sub(metric.as_str()),
                    _ => Cell::mark(Mark::Unknown, "not measured"),
                };
                rows.push(vec![place(), Cell::text(title), cell]);
            }
        }
    }
    Table::new("inventory-metrics", "Measured by Prometheus", &["Namespace", "Signal", "Now"], rows)
}

fn reading(signal: &Signal) -> Cell {
    let metrics: Vec<&str> = signal.readings.iter().map(|reading| reading.metric.as_str()).collect();
    match signal.readings.first() {
        None => Cell::mark(Mark::Attention, "nothing measures it"),
        Some(first) => match first.value {
            Some(value) => Cell::num(format!("{value:.2} {}", signal.unit)),
            None => Cell::mark(Mark::Unknown, "too few samples"),
        }
        .sub(metrics.join(", ")),
    }
}
