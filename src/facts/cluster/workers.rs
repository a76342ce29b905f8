//! Task queues, and the workers behind them.

use serde::{Deserialize, Serialize};

/// A task queue with what polls it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Age of the oldest workflow task that waits, in seconds, where the server reports it (since 1.25).
    #[serde(default)]
    pub workflow_backlog_seconds: Option<u64>,
    /// Age of the oldest activity task that waits, in seconds, where the server reports it (since 1.25).
    #[serde(default)]
    pub activity_backlog_seconds: Option<u64>,
    /// Workflow tasks that came to it lately, as tasks an hour rounded up, where the server reports it (since 1.25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_tasks_an_hour: Option<u64>,
    /// Activity tasks that came to it lately, as tasks an hour rounded up, where the server reports it (since 1.25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_tasks_an_hour: Option<u64>,
    /// Nexus task pollers of the last five minutes; not asked where the server has no Nexus or nobody polls the queue.
    #[serde(default)]
    pub nexus_pollers: Option<Vec<Poller>>,
    /// The worker deployment version that takes the tasks of this queue, as `deployment/build`; none when they go to
    /// unversioned workers.
    #[serde(default)]
    pub current_version: Option<String>,
}

impl TaskQueue {
    /// How many tasks wait; none when the server does not tell, or tells what cannot be.
    pub fn backlog(&self) -> Option<u64> {
        let count = |told: Option<i64>| told.and_then(|n| u64::try_from(n).ok());
        Some(count(self.workflow_backlog)?.saturating_add(count(self.activity_backlog)?))
    }

    /// How many tasks came lately, as tasks an hour; none when the server does not tell.
    pub fn tasks_an_hour(&self) -> Option<u64> {
        Some(self.workflow_tasks_an_hour?.saturating_add(self.activity_tasks_an_hour?))
    }

    /// Workflow workers that were polling at `at`, the moment the snapshot was begun by the clock of the cluster.
    pub fn live_workflow_pollers(&self, at: jiff::Timestamp) -> usize {
        self.workflow_pollers.iter().filter(|p| p.is_live(at)).count()
    }

    /// Activity workers that were polling at `at`, the moment the snapshot was begun by the clock of the cluster.
    pub fn live_activity_pollers(&self, at: jiff::Timestamp) -> usize {
        self.activity_pollers.iter().filter(|p| p.is_live(at)).count()
    }
}

/// A worker process as a task queue sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Poller {
    /// Usually `pid@host@`.
    pub identity: String,
    /// Last poll.
    pub last_access: Option<jiff::Timestamp>,
    /// Worker deployment it belongs to, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// Build id it polls with, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// Tasks come to it by its build id alone: versioning by build-id sets or rules, from before worker deployments.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_build_id: bool,
}

/// A server forgets a poller five minutes after its last poll. A poll lasts at most a minute and the next one
/// follows at once, so a worker that has been silent for longer than this has gone.
const SILENT_SECONDS: i64 = 120;

impl Poller {
    /// Whether the worker was still polling at `at`, by the clock of the cluster. A server that does not tell the last poll is believed.
    pub fn is_live(&self, at: jiff::Timestamp) -> bool {
        self.last_access.is_none_or(|last| at.as_second() - last.as_second() <= SILENT_SECONDS)
    }
}

/// A worker as it describes itself in its heartbeats (`ListWorkers`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Worker {
    /// Usually `pid@host@`; several workers of one process share it.
    pub identity: String,
    /// Task queue it polls.
    pub task_queue: String,
    /// Such as `temporal-go`.
    pub sdk: String,
    /// Such as `1.38.0`.
    pub sdk_version: String,
    /// `Running`, `ShuttingDown`, `Shutdown`, or empty when it does not say.
    pub status: String,
    /// When it began.
    pub started: Option<jiff::Timestamp>,
    /// Worker deployment it belongs to, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// Build id, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
}

/// A worker deployment with the versions the server tracks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkerDeployment {
    /// Name, unique in the namespace.
    pub name: String,
    /// Build id that new executions go to; none when they go to unversioned workers.
    pub current: Option<String>,
    /// Build id that a part of the executions goes to.
    pub ramping: Option<String>,
    /// How large that part is, in percent.
    pub ramping_percent: u8,
    /// Every version, sorted by build id; empty when the deployment could not be described.
    pub versions: Vec<DeploymentVersion>,
}

/// One version of a worker deployment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeploymentVersion {
    /// Build id.
    pub build_id: String,
    /// `Current`, `Ramping`, `Draining` (open pinned executions still need it), `Drained`, `Inactive`, `Created`, or
    /// `Unspecified` from servers that do not tell.
    pub status: String,
}
