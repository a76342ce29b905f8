//! The server, its namespaces and their search attributes.

use serde::{Deserialize, Serialize};

/// Server facts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemInfo {
    /// `1.32.0`.
    pub server_version: String,
    /// Names of the capabilities that are on (`supports_schedules` …).
    pub capabilities: Vec<String>,
    /// From `GetClusterInfo`; not answered by Cloud.
    pub cluster: Option<ClusterInfo>,
}

/// `GetClusterInfo` (source: workflowservice v1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClusterInfo {
    /// Cluster id (a UUID): equal on both sides means both addresses are the same cluster.
    pub id: String,
    /// Cluster name; the default is `active`.
    pub name: String,
    /// Number of history shards.
    pub history_shards: i32,
    /// Such as `postgres12`.
    pub persistence_store: String,
    /// Such as `elasticsearch`, comma-joined for dual visibility.
    pub visibility_store: String,
    /// Since server 1.29.
    pub initial_failover_version: i64,
    /// Since server 1.29.
    pub failover_version_increment: i64,
}

/// `DescribeNamespace`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NamespaceConfig {
    /// Namespace id (UUID).
    pub id: String,
    /// `Registered`, `Deprecated`, `Deleted`.
    pub state: String,
    /// Retention in whole seconds.
    pub retention_seconds: u64,
    /// History archival state is enabled.
    pub history_archival: bool,
    /// Visibility archival state is enabled.
    pub visibility_archival: bool,
    /// Global (replicated) namespace.
    pub global: bool,
    /// `limits.blob_size_limit_error` in bytes, since server 1.30.
    pub blob_size_limit_error: Option<u64>,
    /// `limits.memo_size_limit_error` in bytes, since server 1.30.
    pub memo_size_limit_error: Option<u64>,
    /// `limits.workflow_task_completion_size_limit_error` in bytes; not told when there is no such limit.
    #[serde(default)]
    pub completion_size_limit_error: Option<u64>,
    /// Names of namespace capabilities that are on.
    pub capabilities: Vec<String>,
    /// The cluster a replicated namespace is active in; empty on Cloud and where the server does not tell.
    #[serde(default)]
    pub active_cluster: String,
    /// All clusters the namespace is replicated to, the active one included.
    #[serde(default)]
    pub clusters: Vec<String>,
    /// Failover version of a global namespace; 0 for a local one.
    #[serde(default)]
    pub failover_version: i64,
}

/// A custom search attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SearchAttribute {
    /// Case-sensitive name.
    pub name: String,
    /// `Keyword`, `Text`, `Int`, `Double`, `Bool`, `Datetime`, `KeywordList`.
    #[serde(rename = "type")]
    pub value_type: String,
}

/// How much the executions of a namespace use one custom search attribute, found by counting and by looking at a
/// few executions; their values are measured and not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AttributeUse {
    /// Case-sensitive name.
    pub name: String,
    /// Executions that have a value for it: open ones, and closed ones within retention.
    pub executions: u64,
    /// Executions of which the value was looked at.
    pub sampled: u64,
    /// Of these, how many hold a list of several values, although the attribute takes one.
    pub lists: u64,
    /// An execution with such a list: its workflow id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_in: Option<String>,
    /// The largest value among those looked at, in bytes as sent.
    pub largest_bytes: u64,
}
