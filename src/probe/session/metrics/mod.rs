//! The Prometheus of one side, asked over its HTTP API: which of the signals of a dual run are measured, what they say
//! now, and how high the last week went.
//!
//! Which metric carries a signal is data: `rules/cloud/metrics.yaml`. The number of queries follows the number of
//! namespaces and signals, never the number of series.

mod http;

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::ProbeOptions;
use crate::facts::cluster::metrics::{Metrics, NamespaceMetrics, Peak, Reading, Signal};
use crate::facts::{Known, Why};
use crate::probe::settings::prometheus::Prometheus;

/// The documented names, as `rules/cloud/metrics.yaml` has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    signals: Vec<Asked>,
    peaks: Vec<Asked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    id: String,
    title: String,
    #[serde(default)]
    unit: String,
    candidates: Vec<Candidate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate {
    family: String,
    metric: String,
    #[serde(default)]
    label: Option<String>,
    query: String,
}

fn catalogue() -> Result<&'static Catalogue, Why> {
    static CATALOGUE: OnceLock<Result<Catalogue, String>> = OnceLock::new();
    let text = include_str!("../../../../rules/cloud/metrics.yaml");
    let read = CATALOGUE.get_or_init(|| serde_saphyr::from_str(text).map_err(|e| e.to_string()));
    read.as_ref().map_err(|e| Why::new(format!("rules/cloud/metrics.yaml could not be read: {e}")))
}

/// Ask about these namespaces. Never fails: what could not be learned says why.
pub(super) async fn read(prometheus: &Prometheus, namespaces: &[String], options: &ProbeOptions) -> Metrics {
    options.say(&format!("Prometheus: asking {}", prometheus.shown()));
    let end = Instant::now() + options.deadline.min(Duration::from_secs(300));
    let version = prometheus.ask("status/buildinfo", &[], end).await.ok();
    let version = version.and_then(|data| Some(data.get("version")?.as_str()?.to_owned()));
    let told = match catalogue() {
        Ok(catalogue) => all(prometheus, catalogue, namespaces, options, end).await,
        Err(why) => Known::Unknown(why),
    };
    Metrics { url: prometheus.shown(), version, namespaces: told }
}

async fn all(
    prometheus: &Prometheus,
    catalogue: &Catalogue,
    names: &[String],
    options: &ProbeOptions,
    end: Instant,
) -> Known<Vec<NamespaceMetrics>> {
    let there = match prometheus.metrics(catalogue, options, end).await {
        Ok(there) => there,
        Err(why) => return Known::Unknown(why),
    };
    let mut namespaces = Vec::with_capacity(names.len());
    for name in names {
        let mut signals = Vec::new();
        for asked in &catalogue.signals {
            signals.push(signal(prometheus, asked, &there, name, end).await);
        }
        let mut peaks = Vec::new();
        for asked in &catalogue.peaks {
            peaks.push(peak(prometheus, asked, &there, name, end).await);
        }
        namespaces.push(NamespaceMetrics { name: name.clone(), signals: gathered(signals), peaks: gathered(peaks) });
    }
    Known::Known(namespaces)
}

/// What was answered, known in part when a query failed.
fn gathered<T>(answers: Vec<Result<T, Why>>) -> Known<Vec<T>> {
    Known::concat(answers.into_iter().map(|answer| match answer {
        Ok(value) => Known::Known(vec![value]),
        Err(why) => Known::Unknown(why),
    }))
}

async fn signal(
    prometheus: &Prometheus,
    asked: &Asked,
    there: &BTreeSet<String>,
    namespace: &str,
    end: Instant,
) -> Result<Signal, Why> {
    let mut readings = Vec::new();
    for candidate in asked.candidates.iter().filter(|c| there.contains(&c.metric)) {
        for select in selectors(candidate, namespace) {
            let count = format!("count({}{{{select}}})", candidate.metric);
            let Some(series) = prometheus.number(&count, end).await?.filter(|series| *series > 0.0) else { continue };
            let value = prometheus.number(&candidate.query.replace("SELECT", &select), end).await?;
            readings.push(Reading {
                family: candidate.family.clone(),
                metric: candidate.metric.clone(),
                series: series as u64,
                value,
            });
            break;
        }
    }
    Ok(Signal { id: asked.id.clone(), title: asked.title.clone(), unit: asked.unit.clone(), readings })
}

async fn peak(
    prometheus: &Prometheus,
    asked: &Asked,
    there: &BTreeSet<String>,
    namespace: &str,
    end: Instant,
) -> Result<Peak, Why> {
    let mut peak = Peak { id: asked.id.clone(), title: asked.title.clone(), metric: None, per_second: None, hours: 0 };
    for candidate in asked.candidates.iter().filter(|c| there.contains(&c.metric)) {
        for select in selectors(candidate, namespace) {
            let count = format!("count({}{{{select}}})", candidate.metric);
            if prometheus.number(&count, end).await?.is_none() {
                continue;
            }
            let rate = candidate.query.replace("SELECT", &select);
            peak.metric = Some(candidate.metric.clone());
            // The steps of a subquery lie on round times: the last minutes are asked for apart.
            let week = prometheus.number(&format!("max_over_time(({rate})[7d:5m])"), end).await?;
            let now = prometheus.number(&rate, end).await?;
            peak.per_second = [week, now].into_iter().flatten().reduce(f64::max);
            let hours = prometheus.number(&format!("count_over_time(({rate})[7d:1h])"), end).await?;
            peak.hours = hours.unwrap_or(0.0) as u64;
            return Ok(peak);
        }
    }
    Ok(peak)
}

/// Matchers of a namespace, the likeliest first. Servers, and some exporters of SDKs, write a hyphen as underscore;
/// where a scrape already has a label `namespace` (Kubernetes), Prometheus moves the metric's own to
/// `exported_namespace`. A server has workers of its own in every namespace, which are left out.
fn selectors(candidate: &Candidate, namespace: &str) -> Vec<String> {
    if let Some(label) = &candidate.label {
        return vec![format!("{label}=\"{}\"", escaped(namespace))];
    }
    let plain: String = namespace.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let spelled: &[&str] = if plain == namespace { &[namespace] } else { &[namespace, &plain] };
    let theirs = if candidate.family == "server" { "" } else { ",task_queue!~\"temporal.sys.*\"" };
    ["namespace", "exported_namespace"]
        .iter()
        .flat_map(|label| spelled.iter().map(move |name| format!("{label}=\"{}\"{theirs}", escaped(name))))
        .collect()
}

/// Inside a double-quoted string of PromQL.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl Prometheus {
    /// Which of the catalogue's metrics exist at all; one call.
    async fn metrics(
        &self,
        catalogue: &Catalogue,
        options: &ProbeOptions,
        end: Instant,
    ) -> Result<BTreeSet<String>, Why> {
        let candidates = catalogue.signals.iter().chain(&catalogue.peaks).flat_map(|asked| &asked.candidates);
        let names: BTreeSet<&str> = candidates.map(|candidate| candidate.metric.as_str()).collect();
        let matcher = format!("{{__name__=~\"{}\"}}", names.into_iter().collect::<Vec<_>>().join("|"));
        let (now, week) = (options.at.as_second(), 7 * 86_400);
        let (from, to) = ((now - week).to_string(), (now + 60).to_string());
        let data =
            self.ask("label/__name__/values", &[("match[]", &matcher), ("start", &from), ("end", &to)], end).await?;
        let names = data.as_array().ok_or_else(|| Why::new("the Prometheus did not list metric names"))?;
        Ok(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The one number a query gives; `None` when it gives none, or one that is no number.
    async fn number(&self, query: &str, end: Instant) -> Result<Option<f64>, Why> {
        let data = self.ask("query", &[("query", query)], end).await?;
        let text = data.pointer("/result/0/value/1").and_then(Value::as_str);
        let value = text.and_then(|text| text.parse::<f64>().ok()).filter(|value| value.is_finite());
        // No rate is that precise, and a file of short numbers reads the same everywhere.
        Ok(value.map(|value| (value * 1e6).round() / 1e6))
    }

    /// The `data` of an answer.
    async fn ask(&self, path: &str, parameters: &[(&str, &str)], end: Instant) -> Result<Value, Why> {
        let over = || Why::with_remedy("the time allowed for the metrics is over", "allow more time (--probe-timeout)");
        let uri = self.uri(path, parameters)?;
        let bytes = timeout_at(end, http::get(&uri, &self.headers, self.authority.as_deref())).await;
        let bytes = bytes.map_err(|_| over())?.map_err(|why| Why {
            reason: format!("the Prometheus at {} cannot be asked: {}", self.shown(), why.reason),
            remedy: why.remedy,
        })?;
        let no = |what: String| {
            Why::with_remedy(
                format!("{} is no Prometheus: {what}", self.shown()),
                "give the address under which /api/v1/query answers",
            )
        };
        let mut answer: Value =
            serde_json::from_slice(&bytes).map_err(|_| no("it did not answer in JSON".to_owned()))?;
        if answer.get("status").and_then(Value::as_str) != Some("success") {
            let said = answer.get("error").and_then(Value::as_str).unwrap_or("it said nothing of success");
            return Err(no(said.chars().take(200).collect()));
        }
        Ok(answer.get_mut("data").map(Value::take).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sound() {
        let catalogue = catalogue().unwrap_or_else(|why| panic!("{}", why.reason));
        for asked in catalogue.signals.iter().chain(&catalogue.peaks) {
            for candidate in &asked.candidates {
                assert!(candidate.query.contains(&format!("{}{{SELECT", candidate.metric)), "{}", candidate.query);
                assert!(["sdk", "core", "server", "cloud"].contains(&candidate.family.as_str()));
            }
        }
    }

    #[test]
    fn a_namespace_is_found_however_it_is_spelled() {
        let candidate = |family: &str, label: Option<&str>| Candidate {
            family: family.into(),
            metric: "m".into(),
            label: label.map(str::to_owned),
            query: String::new(),
        };
        assert_eq!(
            selectors(&candidate("server", None), "payments-prod"),
            [
                "namespace=\"payments-prod\"",
                "namespace=\"payments_prod\"",
                "exported_namespace=\"payments-prod\"",
                "exported_namespace=\"payments_prod\""
            ]
        );
        assert_eq!(
            selectors(&candidate("sdk", None), "payments")[0],
            "namespace=\"payments\",task_queue!~\"temporal.sys.*\""
        );
        let cloud = candidate("cloud", Some("temporal_namespace"));
        assert_eq!(selectors(&cloud, "a\"b"), ["temporal_namespace=\"a\\\"b\""]);
    }
}
