//! What one cluster told, as plain data that can be written to a file and read elsewhere.
//!
//! A snapshot holds no payloads, no memo values and no credentials: inputs are hashed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::certificate::{Certificate, CertificateFile};
use super::{Known, Side};

pub mod cloud;
pub mod metrics;

pub use cloud::CloudOps;
pub use metrics::Metrics;

/// Version of the snapshot document.
pub const SNAPSHOT_SCHEMA: &str = "temporal-preflight/cluster-snapshot/v1";

/// One cluster at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterSnapshot {
    /// [`SNAPSHOT_SCHEMA`].
    pub schema: String,
    /// Version of the tool that wrote it.
    pub tool_version: String,
    /// Which role the cluster has in the migration.
    pub side: Side,
    /// `host:port` that was dialled.
    pub address: String,
    /// When the probe began.
    pub taken_at: jiff::Timestamp,
    /// Connection flags of the `temporal` CLI that reach this cluster (no secrets), for remedies:
    /// `--profile onprem` or `--address 127.0.0.1:7233`.
    pub cli_flags: String,
    /// Self-hosted or Temporal Cloud, by address and answers.
    pub kind: ClusterKind,
    /// The connection ladder, in order, up to the first failed step.
    pub connection: Vec<LadderStep>,
    /// The endpoint's chain as seen on the wire, leaf first. Known and empty for plaintext.
    pub endpoint_chain: Known<Vec<Certificate>>,
    /// Client certificate, key and CA files used by this connection.
    pub certificate_files: Vec<CertificateFile>,
    /// Which credential was presented.
    pub credential: Credential,
    /// When the presented API key ends, as far as the key itself tells (a JSON Web Token carries it).
    #[serde(default)]
    pub api_key_expires: Known<jiff::Timestamp>,
    /// Id of the presented API key, when the key carries one. It is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<String>,
    /// How far the clock of the cluster is ahead of the clock of the machine that probed, in seconds.
    #[serde(default)]
    pub clock_ahead_seconds: Known<i64>,
    /// `GetSystemInfo` and `GetClusterInfo`.
    pub system: Known<SystemInfo>,
    /// All namespaces of the cluster (`ListNamespaces`); Cloud does not answer this.
    pub namespace_names: Known<Vec<String>>,
    /// The probed namespaces.
    pub namespaces: Vec<NamespaceSnapshot>,
    /// What the Cloud Ops API told about this cluster.
    #[serde(default)]
    pub cloud: Known<CloudOps>,
    /// What the Prometheus of this side told.
    #[serde(default)]
    pub metrics: Known<Metrics>,
    /// Name of the machine that probed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub probed_from: String,
    /// Of a snapshot made from several: each of them, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vantages: Vec<Vantage>,
    /// Ids and identities are tokens made with the key of this id; `None` when they are in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted_with: Option<String>,
    /// Full method name → how often it was called and how often it failed.
    pub rpcs: BTreeMap<String, RpcCount>,
    /// Wall time of the probe in milliseconds.
    pub elapsed_ms: u64,
}

impl ClusterSnapshot {
    /// Whether everything that was asked was answered. The list of all namespaces does not count: Cloud never
    /// gives it.
    pub fn is_whole(&self) -> bool {
        self.connection.iter().all(|step| step.ok)
            && self.system.is_known()
            && self.cloud.value().is_none_or(CloudOps::is_whole)
            && self.metrics.value().is_none_or(Metrics::is_whole)
            && self.namespaces.iter().all(NamespaceSnapshot::is_whole)
    }
}

impl NamespaceSnapshot {
    /// Whether everything that was asked was answered.
    pub fn is_whole(&self) -> bool {
        self.config.is_known()
            && self.search_attributes.is_known()
            && self.schedules.is_known()
            && self.workflow_types.is_known()
            && self.open.is_known()
            && self.closed.is_known()
            && self.oldest_open.is_known()
            && self.longest_closed.is_known()
            && self.task_queues.is_known()
    }
}

/// What stands behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterKind {
    /// A server the team runs.
    SelfHosted,
    /// `*.tmprl.cloud` or `*.api.temporal.io`.
    Cloud,
}

/// Which credential a connection presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// Nothing.
    None,
    /// A client certificate.
    Mtls,
    /// An API key.
    ApiKey,
}

/// One step of reaching a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderStep {
    /// `configuration`, `dns`, `tcp`, `tls`, `grpc`, `auth`.
    pub step: String,
    /// Whether it was passed.
    pub ok: bool,
    /// What was seen: resolved addresses, protocol version, server version; or the failure in words.
    pub detail: String,
    /// What to do when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Milliseconds.
    pub ms: u64,
}

/// Server facts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SystemInfo {
    /// `1.32.0`.
    pub server_version: String,
    /// Names of the capabilities that are on (`supports_schedules` …).
    pub capabilities: Vec<String>,
    /// From `GetClusterInfo`; not answered by Cloud.
    pub cluster: Option<ClusterInfo>,
}

/// `GetClusterInfo` (source: workflowservice v1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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

/// One look at a cluster, of several that were made into one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vantage {
    /// Name of the machine.
    pub probed_from: String,
    /// `host:port` it dialled.
    pub address: String,
    /// When.
    pub taken_at: jiff::Timestamp,
    /// Version of the tool there.
    pub tool_version: String,
    /// Which credential was presented from there.
    pub credential: Credential,
    /// The connection ladder from there.
    pub connection: Vec<LadderStep>,
    /// Whether any namespace was asked for and answered.
    pub answered: bool,
}

/// How often an RPC was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RpcCount {
    /// Attempts that left the process.
    pub calls: u64,
    /// Of these, answered with an error.
    pub errors: u64,
    /// Of these, refused: PermissionDenied or Unauthenticated.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub denied: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One namespace of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamespaceSnapshot {
    /// Name as dialled.
    pub name: String,
    /// Whether the cluster has it: true when `DescribeNamespace` described it, false when it answered NotFound;
    /// `None` when the answer was another one (Temporal Cloud may say PermissionDenied for both).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// `DescribeNamespace`.
    pub config: Known<NamespaceConfig>,
    /// Custom search attributes.
    pub search_attributes: Known<Vec<SearchAttribute>>,
    /// All schedules, each by `DescribeSchedule`.
    pub schedules: Known<Vec<Schedule>>,
    /// Workflow types with open executions, or closed ones within retention.
    pub workflow_types: Known<Vec<WorkflowType>>,
    /// Open executions in all (Running and Paused).
    pub open: Known<u64>,
    /// Closed executions within retention.
    pub closed: Known<u64>,
    /// The execution open for the longest time.
    pub oldest_open: Known<Option<ExecutionSample>>,
    /// The closed execution that ran longest, within retention.
    pub longest_closed: Known<Option<ExecutionSample>>,
    /// Task queues seen on open executions and schedules, and those asked for by name.
    pub task_queues: Known<Vec<TaskQueue>>,
}

/// `DescribeNamespace`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// Names of namespace capabilities that are on.
    pub capabilities: Vec<String>,
}

/// A custom search attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SearchAttribute {
    /// Case-sensitive name.
    pub name: String,
    /// `Keyword`, `Text`, `Int`, `Double`, `Bool`, `Datetime`, `KeywordList`.
    #[serde(rename = "type")]
    pub value_type: String,
}

/// A workflow type as visibility knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowType {
    /// Type name.
    pub name: String,
    /// Open executions.
    pub open: u64,
    /// Closed executions within retention.
    pub closed: u64,
    /// Oldest open execution of the type.
    pub oldest_open: Option<ExecutionSample>,
    /// Longest closed execution of the type.
    pub longest_closed: Option<ExecutionSample>,
}

/// One execution, named so that a person can look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionSample {
    /// Workflow id.
    pub workflow_id: String,
    /// Run id.
    pub run_id: String,
    /// Type name.
    pub workflow_type: String,
    /// Task queue.
    pub task_queue: String,
    /// Start time.
    pub start_time: jiff::Timestamp,
    /// Age when open, duration when closed; seconds.
    pub seconds: u64,
}

/// A task queue with what polls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskQueue {
    /// Name.
    pub name: String,
    /// Open executions whose workflow task queue this is; `None` when not counted.
    pub open_executions: Option<u64>,
    /// Workflow task pollers of the last five minutes.
    pub workflow_pollers: Vec<Poller>,
    /// Activity task pollers of the last five minutes.
    pub activity_pollers: Vec<Poller>,
    /// Approximate workflow task backlog, where the server reports it.
    pub workflow_backlog: Option<i64>,
    /// Approximate activity task backlog, where the server reports it.
    pub activity_backlog: Option<i64>,
}

/// A worker process as a task queue sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poller {
    /// Usually `pid@host@`.
    pub identity: String,
    /// Last poll.
    pub last_access: Option<jiff::Timestamp>,
}

/// A schedule in canonical form (server: service/worker/scheduler/spec.go).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Schedule id.
    pub id: String,
    /// When it fires.
    pub spec: ScheduleSpec,
    /// What it starts.
    pub action: ScheduleAction,
    /// Overlap, catch-up and failure policies, after defaulting.
    pub policies: SchedulePolicies,
    /// Paused.
    pub paused: bool,
    /// Human notes of the state.
    pub notes: String,
    /// Actions left when limited.
    pub remaining_actions: Option<i64>,
    /// Keys of the schedule's memo with the SHA-256 of each payload.
    pub memo: BTreeMap<String, String>,
    /// Keys of the schedule's search attributes with the SHA-256 of each payload.
    pub search_attributes: BTreeMap<String, String>,
    /// The next times the server announces (at most 10).
    pub next_times: Vec<jiff::Timestamp>,
    /// Executions it started that are still running.
    pub running: Vec<String>,
    /// When it last acted.
    pub last_action: Option<jiff::Timestamp>,
}

impl Schedule {
    /// Whether it can still start executions by itself after `at`: not paused, not over, and with actions left.
    pub fn acts_after(&self, at: jiff::Timestamp) -> bool {
        !self.paused && self.remaining_actions != Some(0) && self.spec.end.is_none_or(|end| end > at)
    }
}

/// The calendar part of a schedule, canonical: ranges expanded, duplicates removed, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScheduleSpec {
    /// Structured calendars, each rendered as `sec min hour dom month year dow` with expanded values.
    pub calendars: Vec<String>,
    /// Intervals as seconds `every+phase`.
    pub intervals: Vec<String>,
    /// Excluded calendars in the same form.
    pub excludes: Vec<String>,
    /// First instant.
    pub start: Option<jiff::Timestamp>,
    /// Last instant.
    pub end: Option<jiff::Timestamp>,
    /// Jitter in seconds.
    pub jitter_seconds: u64,
    /// Time zone name, `UTC` when empty.
    pub time_zone: String,
    /// SHA-256 of the time-zone data, when pinned.
    pub time_zone_data: Option<String>,
}

/// What a schedule starts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScheduleAction {
    /// Workflow type.
    pub workflow_type: String,
    /// Workflow id prefix.
    pub workflow_id: String,
    /// Task queue.
    pub task_queue: String,
    /// SHA-256 over the input payloads with their metadata; empty without input.
    pub input_hash: String,
    /// Number of input payloads.
    pub inputs: usize,
    /// Execution, run and task timeouts in seconds.
    pub timeouts: [Option<u64>; 3],
    /// Retry policy in one line, when set.
    pub retry_policy: Option<String>,
    /// Keys of the action's memo with the SHA-256 of each payload.
    pub memo: BTreeMap<String, String>,
    /// Keys of the action's search attributes with the SHA-256 of each payload.
    pub search_attributes: BTreeMap<String, String>,
    /// SHA-256 over the headers; empty without headers.
    pub header_hash: String,
}

/// Policies after defaulting (server defaults: Skip, one year since 1.21, else 60 s).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SchedulePolicies {
    /// `Skip`, `BufferOne`, `BufferAll`, `CancelOther`, `TerminateOther`, `AllowAll`.
    pub overlap: String,
    /// Catch-up window in seconds.
    pub catchup_seconds: u64,
    /// Pause on failure.
    pub pause_on_failure: bool,
    /// Keep the original workflow id (no time suffix).
    pub keep_original_workflow_id: bool,
}
