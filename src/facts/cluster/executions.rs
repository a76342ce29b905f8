//! What the executions of one namespace tell beside their number: how long they run, who starts them, what keeps
//! them from ending.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ExecutionSample;
use crate::facts::{Known, Why};

/// Everything that was asked about the executions of a namespace beside their types and counts.
///
/// Each part is known, known in part or unknown on its own: servers differ in what their visibility can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct ExecutionFacts {
    /// Executions by status as the server names it (`Running`, `Paused`, `Completed`, …); a status without
    /// executions is left out. One count grouped by status, which servers have since 1.22.
    pub statuses: Known<BTreeMap<String, u64>>,
    /// Open executions by age, youngest first, without gaps.
    pub open_ages: Known<Vec<AgeBucket>>,
    /// How long closed executions ran, all types together; none when none closed within retention. Known in part when
    /// the durations of some types are missing.
    pub durations: Known<Option<Durations>>,
    /// What was started lately, and by whom.
    pub recent: Known<RecentStarts>,
    /// Executions with a cron expression that are open.
    ///
    /// Found by their execution time, which lies after the start. One that is running at the moment is seen only
    /// when it is the oldest of its type or among the rows the probe looked at for another reason.
    pub cron: Known<Vec<CronWorkflow>>,
    /// Executions that schedules started.
    pub scheduled: Known<ScheduledRuns>,
    /// Executions that cannot go on.
    pub stuck: Known<Stuck>,
    /// A few open executions looked at closely: the oldest of each type.
    pub samples: Known<Vec<DescribedExecution>>,
    /// Open work that is no workflow execution.
    pub beside: Known<BesideWork>,
    /// Which of the ids that are open on the other side are open here, too.
    pub also_open: Known<AlsoOpen>,
    /// The ids of all open executions, where there are few enough of them.
    pub open_ids: Known<OpenIds>,
    /// What closed lately, and when the last one did.
    pub rest: Known<Rest>,
    /// The oldest open executions one by one, where a list was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<Known<Vec<OpenExecution>>>,
}

impl ExecutionFacts {
    /// The executions of a namespace nothing could be learned of.
    pub fn unknown(why: &Why) -> Self {
        fn of<T>(why: &Why) -> Known<T> {
            Known::Unknown(why.clone())
        }
        Self {
            statuses: of(why),
            open_ages: of(why),
            durations: of(why),
            recent: of(why),
            cron: of(why),
            scheduled: of(why),
            stuck: of(why),
            samples: of(why),
            beside: of(why),
            also_open: of(why),
            open_ids: of(why),
            rest: of(why),
            listed: None,
        }
    }
}

impl Durations {
    /// Executions open for longer than this are not like those that closed: ten times as long as nearly all of them,
    /// twice as long as the longest, and a week at least.
    pub fn overdue_after(&self) -> u64 {
        const WEEK: u64 = 7 * 86_400;
        self.p99.saturating_mul(10).max(self.max.saturating_mul(2)).max(WEEK)
    }
}

impl ExecutionFacts {
    /// Whether everything a server of any version can tell was told.
    pub fn is_whole(&self) -> bool {
        self.open_ages.is_known()
            && self.durations.is_known()
            && self.recent.is_known()
            && self.cron.is_known()
            && self.scheduled.is_known()
            && self.samples.is_known()
            && self.rest.is_known()
            && self.listed.as_ref().is_none_or(Known::is_known)
    }
}

/// Open executions within bounds of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AgeBucket {
    /// Age in seconds, this or more.
    pub from_seconds: u64,
    /// Age in seconds, less than this; without bound in the oldest bucket.
    pub to_seconds: Option<u64>,
    /// Open executions.
    pub open: u64,
}

/// How long closed executions ran, in seconds, each run for itself: continuing as new begins a run, and its time, anew.
///
/// Exact when there are at most a hundred. Else `p50`, `p90` and `p99` are never too short, and too long by a tenth, or by
/// six, three and 0.6 percent of the executions, at most; `max` is that of the execution that was found to run longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Durations {
    /// Half of them took no longer.
    pub p50: u64,
    /// Nine of ten took no longer.
    pub p90: u64,
    /// All but one in a hundred took no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

/// Executions started since an instant that are nobody's children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RecentStarts {
    /// The instant.
    pub since: Timestamp,
    /// Runs begun since by anything but a schedule: starts, and runs that continue an earlier one.
    pub roots: u64,
    /// Runs begun since by schedules.
    pub by_schedules: u64,
    /// The types of `roots`.
    pub types: Vec<StartedType>,
}

/// One workflow type among recent starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StartedType {
    /// Type name.
    pub workflow_type: String,
    /// Runs begun.
    pub runs: u64,
    /// Of these the newest were looked at: so many.
    pub looked_at: u64,
    /// The largest input among these, in bytes, metadata included; the contents are not read.
    pub largest_input: u64,
    /// Who began them, as the first event of their history tells; one entry an identity and way.
    pub starters: Vec<Starter>,
}

/// Who began executions, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Starter {
    /// Identity of the client, usually `pid@host@`.
    pub identity: String,
    /// What kind of beginning it was.
    pub how: Beginning,
    /// Executions seen with this identity and way.
    pub seen: u64,
    /// The newest of them.
    pub newest: ExecutionSample,
}

/// How a run came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Beginning {
    /// A client started it, or signalled with start.
    Started,
    /// An earlier run continued as new.
    Continued,
    /// The next run of a cron workflow.
    Cron,
    /// A retry of a failed run.
    Retried,
    /// Somebody reset an earlier run.
    Reset,
    /// A schedule started it.
    Scheduled,
    /// A parent started it.
    Child,
}

/// An open execution with a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CronWorkflow {
    /// Workflow id: every run of the chain has it.
    pub workflow_id: String,
    /// Run id of the open run.
    pub run_id: String,
    /// Type name.
    pub workflow_type: String,
    /// Task queue.
    pub task_queue: String,
    /// The expression, as given.
    pub cron: String,
    /// When the open run does, or did, its first work.
    pub next: Option<Timestamp>,
    /// Who started the run that was looked at.
    pub identity: String,
}

/// Executions started by schedules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScheduledRuns {
    /// Open ones.
    pub open: u64,
    /// Closed within retention.
    pub closed: u64,
    /// Schedule id → open executions it started.
    pub by_schedule: BTreeMap<String, u64>,
}

/// Open executions whose workflow tasks fail again and again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Stuck {
    /// How many the server reports problems of.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<StuckExecution>,
}

/// An open execution with the problems the server reports of it (`TemporalReportedProblems`, since server 1.30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StuckExecution {
    /// Which.
    pub execution: ExecutionSample,
    /// Category and cause, in the server's words.
    pub problems: Vec<String>,
}

/// One open execution as `DescribeWorkflowExecution` tells it: numbers and sizes, never contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DescribedExecution {
    /// Which.
    pub execution: ExecutionSample,
    /// Events in its history.
    pub history_length: u64,
    /// Size of its history in bytes; 0 where the server does not tell.
    pub history_bytes: u64,
    /// Activities scheduled and not closed.
    pub pending_activities: u64,
    /// Child executions started and not closed.
    pub pending_children: u64,
    /// Nexus operations scheduled and not closed.
    pub pending_nexus_operations: u64,
    /// Callbacks attached.
    pub callbacks: u64,
    /// Attempts of the pending workflow task; more than one means that it fails or times out.
    pub workflow_task_attempt: u64,
    /// The highest attempt among pending activities.
    pub activity_attempt: u64,
    /// Size of its memo in bytes.
    pub memo_bytes: u64,
    /// Search attribute → shape of its value.
    pub search_attributes: BTreeMap<String, AttributeShape>,
    /// When the server ends it because of a timeout, if it has one.
    pub expires: Option<Timestamp>,
    /// When the first run of its chain was started, as far as the id of that run tells (it does for starts by servers
    /// that make run ids of version 7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_started: Option<Timestamp>,
}

/// What the value of a search attribute looks like, without the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AttributeShape {
    /// Size of the encoded value in bytes.
    pub bytes: u64,
    /// Number of values when it is a list.
    pub values: Option<u64>,
}

/// One open execution on the list for the drain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OpenExecution {
    /// Which; its seconds are its age.
    pub execution: ExecutionSample,
    /// Paused: it does not end before somebody unpauses it.
    pub paused: bool,
    /// When it is expected to have closed, going by the closed executions of its type; none when it has been open
    /// for longer than any of them, or none closed.
    pub projected_end: Option<Timestamp>,
}

/// Open work of a namespace that does not count as an open workflow execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BesideWork {
    /// Batch jobs that run.
    pub batch_jobs: u64,
    /// Standalone activities that are not closed; none where the server has no such thing.
    pub activities: Option<u64>,
    /// Standalone Nexus operations that are not closed; none where the server has no such thing.
    pub nexus_operations: Option<u64>,
}

/// How long a namespace has been at rest, by times the server itself wrote.
///
/// Whatever was open at any time since an instant is open now or has closed since; so one look tells of the time before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rest {
    /// The instant since when closings were counted, by the clock of the machine that probed.
    pub since: Timestamp,
    /// Workflow executions that closed after it.
    pub closed: u64,
    /// When the last workflow execution closed; none when none did within retention.
    pub last_closed: Option<Timestamp>,
    /// Batch jobs that are open or closed after the instant.
    pub batch_jobs: u64,
    /// Standalone activities that closed after it; none where the server has no such thing.
    pub activities: Option<u64>,
    /// Standalone Nexus operations that closed after it; none where the server has no such thing.
    pub nexus_operations: Option<u64>,
}

/// The ids of open executions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OpenIds {
    /// How many executions were open.
    pub open: u64,
    /// All of them.
    pub executions: Vec<OpenId>,
}

impl OpenIds {
    /// Ids are listed, and asked of the other side, up to so many.
    pub const MOST: u64 = 1_000;
}

/// An open execution by its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OpenId {
    /// Workflow id.
    pub workflow_id: String,
    /// Type name.
    pub workflow_type: String,
}

/// Workflow ids of the other cluster, looked for in this one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlsoOpen {
    /// How many ids of open executions of the other side were asked for.
    pub asked: u64,
    /// How many executions were open on the other side then.
    pub of: u64,
    /// Those of them that are open here.
    pub open: Vec<ExecutionSample>,
}
