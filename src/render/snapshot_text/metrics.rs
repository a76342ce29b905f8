//! What a Prometheus told, on a terminal.

use super::{OfSnapshot, Page};
use crate::facts::cluster::Metrics;
use crate::facts::cluster::metrics::{NamespaceMetrics, Signal};
use crate::render::text::plural;

impl Page<OfSnapshot> {
    pub(super) fn metrics(&mut self, metrics: &Metrics) {
        let version = metrics.version.as_ref().map_or(String::new(), |version| format!(" · Prometheus {version}"));
        self.heading(&format!("Metrics {}{version}", metrics.url));
        self.gap("metrics", &metrics.namespaces);
        for namespace in metrics.namespaces.value().into_iter().flatten() {
            let title = self.paint.bold(&namespace.name);
            self.line(&format!("  {title}"));
            self.measured(namespace);
        }
    }

    fn measured(&mut self, namespace: &NamespaceMetrics) {
        for signal in namespace.signals.value().into_iter().flatten() {
            let text = if signal.readings.is_empty() { "nothing measures it".to_owned() } else { readings(signal) };
            self.line(&format!("    {:<42} {text}", signal.title));
        }
        self.gap("signals", &namespace.signals);
        for peak in namespace.peaks.value().into_iter().flatten() {
            let text = match (&peak.metric, peak.per_second) {
                (None, _) => "nothing measures it".to_owned(),
                (Some(metric), None) => format!("too few samples of {metric}"),
                (Some(metric), Some(rate)) => {
                    let known = match usize::try_from(peak.hours).unwrap_or(usize::MAX) {
                        0 => "less than an hour".to_owned(),
                        hours => plural(hours, "hour"),
                    };
                    format!("{} per second ({metric}, {known} of the last week)", figure(rate))
                }
            };
            self.line(&format!("    {:<42} {text}", format!("{}, peak", peak.title)));
        }
        self.gap("peaks", &namespace.peaks);
    }
}

fn readings(signal: &Signal) -> String {
    let shown = signal.readings.iter().map(|reading| {
        let value = reading.value.map_or("too few samples".to_owned(), |value| {
            let unit = if signal.id == "pollers" { String::new() } else { format!(" {}", signal.unit) };
            format!("{}{unit}", figure(value))
        });
        format!("{value} ({})", reading.metric)
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Two digits after the point where they tell something.
fn figure(value: f64) -> String {
    if value.fract().abs() < 0.005 || value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
