//! Namespace configuration: what the target keeps shorter, stores elsewhere, or limits more tightly.

use serde::Serialize;

use super::{NamespacePair, Pair};
use crate::facts::cluster::{ClusterSnapshot, NamespaceConfig};
use crate::facts::{Known, Locus};

/// A setting that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ConfigChange {
    /// Where.
    #[serde(flatten)]
    pub pair: Pair,
    /// Which setting.
    pub change: ConfigKind,
    /// On the source: seconds for retention, bytes for limits, 0 or 1 for archival.
    pub source: u64,
    /// On the target, in the same unit.
    pub target: u64,
    /// What both clusters answered.
    pub loci: Vec<Locus>,
}

/// Which setting of a namespace differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigKind {
    /// How long closed executions are kept.
    Retention,
    /// Archival of histories.
    HistoryArchival,
    /// Archival of visibility records.
    VisibilityArchival,
    /// Largest payload, both sides known (server 1.30 and newer).
    BlobSizeLimit,
    /// Largest memo, both sides known (server 1.30 and newer).
    MemoSizeLimit,
}

pub(super) fn changes(halves: &NamespacePair<'_>) -> Known<Vec<ConfigChange>> {
    let (source, target) = (&halves.source, &halves.target);
    let configs = source
        .known("the configuration", &source.namespace.config)
        .zip(target.known("the configuration", &target.namespace.config));
    configs.map(|(left, right)| {
        let loci = vec![
            source.locus(format!("namespace {}", source.namespace.name), "DescribeNamespace"),
            target.locus(format!("namespace {}", target.namespace.name), "DescribeNamespace"),
        ];
        settings(&left, &right)
            .into_iter()
            .filter(|(_, source, target)| source != target)
            .map(|(change, source, target)| ConfigChange {
                pair: halves.pair.clone(),
                change,
                source,
                target,
                loci: loci.clone(),
            })
            .collect()
    })
}

fn settings(a: &NamespaceConfig, b: &NamespaceConfig) -> Vec<(ConfigKind, u64, u64)> {
    let mut all = vec![
        (ConfigKind::Retention, a.retention_seconds, b.retention_seconds),
        (ConfigKind::HistoryArchival, a.history_archival.into(), b.history_archival.into()),
        (ConfigKind::VisibilityArchival, a.visibility_archival.into(), b.visibility_archival.into()),
    ];
    if let (Some(a), Some(b)) = (a.blob_size_limit_error, b.blob_size_limit_error) {
        all.push((ConfigKind::BlobSizeLimit, a, b));
    }
    if let (Some(a), Some(b)) = (a.memo_size_limit_error, b.memo_size_limit_error) {
        all.push((ConfigKind::MemoSizeLimit, a, b));
    }
    all
}

/// Whether a cluster has no namespace of this name; unknown when neither `DescribeNamespace` nor the list of
/// namespaces told.
///
/// A server answers `NotFound` for a namespace it does not have; Temporal Cloud may hide it behind
/// `PermissionDenied`, which stays unknown.
pub fn namespace_missing(cluster: &ClusterSnapshot, name: &str) -> Known<bool> {
    if let Some(namespace) = cluster.namespaces.iter().find(|n| n.name == name) {
        match (namespace.exists, &namespace.config) {
            (Some(exists), _) => return Known::Known(!exists),
            (None, Known::Known(_) | Known::Partial { .. }) => return Known::Known(false),
            (None, Known::Unknown(_)) => {}
        }
    }
    if let Known::Known(names) = &cluster.namespace_names {
        return Known::Known(!names.iter().any(|n| n == name));
    }
    super::half(cluster, name).and_then(|half| half.known("the configuration", &half.namespace.config).map(|_| false))
}
