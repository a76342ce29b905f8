//! Where a fact can be seen with one's own eyes.

use serde::{Deserialize, Serialize};

/// The two clusters of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The self-hosted cluster the team leaves.
    Source,
    /// The cluster the team moves to.
    Target,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Side::Source => "source",
            Side::Target => "target",
        })
    }
}

/// A place a person can open to check a statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Locus {
    /// A place in the scanned tree.
    Source {
        /// Relative to the repository root, `/` as separator.
        path: String,
        /// 1-based.
        line: u32,
        /// 1-based, in bytes.
        #[serde(default)]
        column: u32,
        /// The enclosing function, when there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        function: Option<String>,
        /// The trimmed line of code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snippet: Option<String>,
    },
    /// A line of a configuration file of the migration (`preflight.yaml`, `attestations.yaml` …) or a
    /// certificate file (then line 0).
    File {
        /// As the user wrote it.
        path: String,
        /// 1-based; 0 for the whole file.
        line: u32,
    },
    /// Something a live cluster answered.
    Live {
        /// Which cluster.
        side: Side,
        /// Its namespace, when the answer belongs to one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// Kind and name: `schedule nightly-settlement`, `search attribute MerchantId`.
        resource: String,
        /// The RPC that answered, such as `DescribeSchedule`.
        rpc: String,
        /// When it answered.
        time: jiff::Timestamp,
    },
    /// Something a person vouches for.
    Attested {
        /// Key of the attestation.
        id: String,
        /// Who.
        by: String,
        /// Ticket or document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
    },
}

impl std::fmt::Display for Locus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Locus::Source { path, line, .. } => write!(f, "{path}:{line}"),
            Locus::File { path, line: 0 } => f.write_str(path),
            Locus::File { path, line } => write!(f, "{path}:{line}"),
            Locus::Live { side, namespace: Some(ns), resource, .. } => write!(f, "{side} {ns}: {resource}"),
            Locus::Live { side, namespace: None, resource, .. } => write!(f, "{side}: {resource}"),
            Locus::Attested { id, by, .. } => write!(f, "attestation {id} by {by}"),
        }
    }
}
