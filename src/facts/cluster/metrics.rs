//! What the Prometheus of one side told.

use serde::{Deserialize, Serialize};

use crate::facts::Known;

/// One Prometheus at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Metrics {
    /// Where it was asked, without credentials.
    pub url: String,
    /// Its version, when it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The probed namespaces; why there are none when it could not be asked.
    pub namespaces: Known<Vec<NamespaceMetrics>>,
}

impl Metrics {
    /// Whether everything that was asked was answered.
    pub fn is_whole(&self) -> bool {
        let whole = |n: &NamespaceMetrics| n.signals.is_known() && n.peaks.is_known();
        matches!(&self.namespaces, Known::Known(namespaces) if namespaces.iter().all(whole))
    }
}

/// What is measured of one namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NamespaceMetrics {
    /// Name as dialled.
    pub name: String,
    /// One per signal of `rules/cloud/metrics.yaml`, in its order.
    pub signals: Known<Vec<Signal>>,
    /// Highest rates of the last seven days.
    pub peaks: Known<Vec<Peak>>,
}

/// Something to watch while two clusters run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Signal {
    /// `open-workflows`, `starts`, `failures`, `schedule-to-start`, `poll-errors`, `pollers`.
    pub id: String,
    /// In words.
    pub title: String,
    /// Unit of the values.
    pub unit: String,
    /// One per family that emits it for this namespace; empty when nothing is measured.
    pub readings: Vec<Reading>,
}

/// One metric that carries a signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reading {
    /// `sdk`, `core`, `server` or `cloud`.
    pub family: String,
    /// Name of the metric.
    pub metric: String,
    /// Series of this namespace.
    pub series: u64,
    /// Value of the last five minutes; `None` when there were too few samples.
    pub value: Option<f64>,
}

/// The highest five minutes of the last seven days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Peak {
    /// `actions` or `visibility`.
    pub id: String,
    /// In words.
    pub title: String,
    /// Name of the metric; `None` when nothing measures it.
    pub metric: Option<String>,
    /// Per second; `None` when there were too few samples.
    pub per_second: Option<f64>,
    /// Hours of the last seven days (168) with samples.
    pub hours: u64,
}
