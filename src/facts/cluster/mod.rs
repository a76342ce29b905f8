//! What one cluster told, as plain data that can be written to a file and read elsewhere.
//!
//! A snapshot holds no payloads, no memo values and no credentials: inputs are hashed.

mod consistency;
mod executions;
mod namespaces;
mod schedules;
mod workers;

use std::collections::BTreeMap;

pub use executions::*;
use serde::{Deserialize, Serialize};

pub use namespaces::{AttributeUse, ClusterInfo, NamespaceConfig, SearchAttribute, SystemInfo};
pub use schedules::{MatchingTimes, Priority, Run, Schedule, ScheduleAction, SchedulePolicies, ScheduleSpec};
pub use workers::{DeploymentVersion, Poller, TaskQueue, Worker, WorkerDeployment};

use super::certificate::{Certificate, CertificateFile};
use super::{Known, Side, Why};

pub mod cloud;
pub mod metrics;

pub use cloud::CloudOps;
pub use metrics::Metrics;

/// Version of the snapshot document.
pub const SNAPSHOT_SCHEMA: &str = "temporal-preflight/cluster-snapshot/v1";

/// One cluster at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Of a snapshot made from several: how many executions were open in the older ones, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<OpenSample>,
    /// Ids and identities are tokens made with the key of this id; `None` when they are in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted_with: Option<String>,
    /// Full method name → how often it was called and how often it failed.
    pub rpcs: BTreeMap<String, RpcCount>,
    /// Wall time of the probe in milliseconds.
    pub elapsed_ms: u64,
}

impl ClusterSnapshot {
    /// When the newest of the looks it was made from began. Documents of older versions hold the oldest in
    /// [`Self::taken_at`].
    pub fn newest(&self) -> jiff::Timestamp {
        self.vantages.iter().map(|vantage| vantage.taken_at).max().unwrap_or(self.taken_at).max(self.taken_at)
    }

    /// The moment a server time can be compared with: the clock of the cluster, as the cluster itself told it. Nothing
    /// when it did not: the clock of the machine that probed may be wrong by any time.
    ///
    /// Without a date in the answers it is the last poll of a worker, which lies before the moment of the snapshot.
    pub fn server_time(&self) -> Option<jiff::Timestamp> {
        if let Known::Known(ahead) = &self.clock_ahead_seconds {
            return self.newest().checked_add(jiff::SignedDuration::from_secs(*ahead)).ok();
        }
        let queues = self.namespaces.iter().filter_map(|n| n.task_queues.value()).flatten();
        queues.flat_map(|q| q.workflow_pollers.iter().chain(&q.activity_pollers)).filter_map(|p| p.last_access).max()
    }

    /// When the probe began by the clock of the cluster, as far as the difference is known: the measure for times the
    /// server tells.
    pub fn taken_at_by_its_clock(&self) -> jiff::Timestamp {
        let ahead = self.clock_ahead_seconds.value().copied().unwrap_or(0);
        self.taken_at.checked_add(jiff::SignedDuration::from_secs(ahead)).unwrap_or(self.taken_at)
    }

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
    /// Ids of open executions that were looked at for one reason or another, each once.
    pub fn open_ids(&self) -> std::collections::BTreeSet<&str> {
        let types = self.workflow_types.value().into_iter().flatten().filter_map(|t| t.oldest_open.as_ref());
        let described = self.executions.samples.value().into_iter().flatten().map(|d| &d.execution);
        let listed = self.executions.listed.iter().filter_map(Known::value).flatten().map(|open| &open.execution);
        let samples = types.chain(described).chain(listed).map(|sample| sample.workflow_id.as_str());
        let cron = self.executions.cron.value().into_iter().flatten().map(|cron| cron.workflow_id.as_str());
        samples.chain(cron).collect()
    }

    /// A namespace nothing could be learned of.
    pub fn unknown(name: &str, why: &Why) -> Self {
        fn of<T>(why: &Why) -> Known<T> {
            Known::Unknown(why.clone())
        }
        Self {
            name: name.to_owned(),
            looked_at: None,
            exists: None,
            config: of(why),
            search_attributes: of(why),
            schedules: of(why),
            workflow_types: of(why),
            open: of(why),
            closed: of(why),
            oldest_open: of(why),
            longest_closed: of(why),
            task_queues: of(why),
            executions: ExecutionFacts::unknown(why),
            attribute_use: of(why),
            workers: of(why),
            deployments: of(why),
        }
    }

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
            && self.executions.is_whole()
            && self.deployments.is_known()
    }
}

/// What stands behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterKind {
    /// A server the team runs.
    SelfHosted,
    /// `*.tmprl.cloud` or `*.api.temporal.io`.
    Cloud,
}

/// Which credential a connection presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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

/// One look at a cluster, of several that were made into one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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

/// How many executions of a namespace were open at a moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OpenSample {
    /// Name as dialled.
    pub namespace: String,
    /// When the snapshot was begun.
    pub taken_at: jiff::Timestamp,
    /// Open executions (Running and Paused).
    pub open: u64,
    /// Tasks that waited then, by task queue, where some did.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub backlogs: BTreeMap<String, u64>,
    /// Task queues that were looked at.
    #[serde(default, skip_serializing_if = "std::collections::BTreeSet::is_empty")]
    pub queues: std::collections::BTreeSet<String>,
}

/// How often an RPC was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NamespaceSnapshot {
    /// Name as dialled.
    pub name: String,
    /// When it was looked at; of several looks made into one, the oldest that anything was taken from. `None` in
    /// documents that do not tell: the time of the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<jiff::Timestamp>,
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
    /// What else its executions tell.
    #[serde(default)]
    pub executions: ExecutionFacts,
    /// How much executions of the source use each custom search attribute, sorted by name; not asked of the target.
    #[serde(default)]
    pub attribute_use: Known<Vec<AttributeUse>>,
    /// Workers that send heartbeats, sorted by task queue and identity. Older SDKs send none.
    #[serde(default)]
    pub workers: Known<Vec<Worker>>,
    /// Worker deployments, sorted by name.
    #[serde(default)]
    pub deployments: Known<Vec<WorkerDeployment>>,
}

/// A workflow type as visibility knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// How many of the open ones are paused; `None` when the server does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<u64>,
    /// How long closed executions of the type ran; `None` when none closed, or it was not learned. Runs that continued
    /// as new are not among them: they are no ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durations: Option<Durations>,
    /// How many of the closed ones continued as new; `None` when it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continued: Option<u64>,
    /// How many of the closed ones were terminated; `None` when it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminated: Option<u64>,
    /// Open executions far older than the closed ones of the type ran; `None` when there are none, or nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<Overdue>,
}

impl WorkflowType {
    /// Closed executions that did not continue as new; a document that does not tell counts all.
    pub fn ended(&self) -> u64 {
        self.closed.saturating_sub(self.continued.unwrap_or(0))
    }

    /// Closed executions that ended by themselves: neither continued as new nor terminated by a person.
    pub fn ended_by_itself(&self) -> u64 {
        self.ended().saturating_sub(self.terminated.unwrap_or(0))
    }
}

/// Open executions of a type that are far older than the closed ones ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Overdue {
    /// The age from which on they count, in seconds.
    pub after_seconds: u64,
    /// How many there are.
    pub open: u64,
    /// Some of them.
    pub examples: Vec<ExecutionSample>,
    /// The oldest open execution of the type that is younger; none when all are that old.
    pub oldest_other: Option<ExecutionSample>,
}

/// One execution, named so that a person can look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
