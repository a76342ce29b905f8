//! The visibility of one namespace: counts, counts by status, short lists.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use temporalio_protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest,
};
use tonic::Code;

use super::super::ProbeOptions;
use super::super::client::Client;
use super::super::failure::Failure;
use super::super::query::{self, Phases};
use super::super::time;
use super::extremes::Extreme;
use crate::facts::Why;
use crate::facts::cluster::ExecutionSample;

/// Statuses of open executions; all others are closed.
pub(super) const OPEN_STATUSES: [&str; 2] = ["Running", "Paused"];

/// Visibility of one namespace.
pub(in crate::probe) struct Visibility<'a> {
    client: &'a Client,
    pub(in crate::probe) namespace: &'a str,
    pub(in crate::probe) phases: Phases,
    pub(super) options: &'a ProbeOptions,
    version: (u32, u32),
    /// Open executions in all, counted while finding out how to tell them apart.
    pub(in crate::probe) open: Result<u64, Failure>,
    /// All executions by status; an error when this server does not group.
    pub(super) statuses: Result<BTreeMap<String, u64>, Failure>,
    /// Open executions that came by and do, or did, their first work later than they were started.
    delayed: Mutex<BTreeMap<String, WorkflowExecutionInfo>>,
}

/// One page of executions.
pub(super) struct Page {
    pub(super) rows: Vec<WorkflowExecutionInfo>,
    /// Nothing else matches.
    pub(super) last: bool,
    pub(super) token: Vec<u8>,
}

impl<'a> Visibility<'a> {
    /// Find out how this server tells open from closed, and whether it groups counts.
    pub(in crate::probe) async fn new(
        client: &'a Client,
        namespace: &'a str,
        version: (u32, u32),
        options: &'a ProbeOptions,
    ) -> Self {
        let mut visibility = Self {
            client,
            namespace,
            phases: Phases::BY_CLOSE_TIME,
            options,
            version,
            open: Ok(0),
            statuses: Ok(BTreeMap::new()),
            delayed: Mutex::default(),
        };
        visibility.open = visibility.count(visibility.phases.open).await;
        if visibility.open.as_ref().is_err_and(|failure| failure.code == Code::InvalidArgument) {
            visibility.phases = Phases::by_status(version);
            visibility.open = visibility.count(visibility.phases.open).await;
        }
        visibility.statuses = visibility.count_by_status("").await;
        visibility
    }

    /// How many executions match. Executions of the server's own (schedules, batches) are not among them unless
    /// a query names their division.
    ///
    /// That there are none is believed when a list of the same shows none.
    pub(in crate::probe) async fn count(&self, query: &str) -> Result<u64, Failure> {
        let told = self.counted(query).await?;
        if told > 0 || self.listed(query, 1, Vec::new()).await?.rows.is_empty() {
            return Ok(told);
        }
        // Started between count and list, or the count is wrong.
        match self.counted(query).await? {
            0 => {
                Err(self.contradiction("CountWorkflowExecutions", "it counted 0 executions beside one that is listed"))
            }
            told => Ok(told),
        }
    }

    /// One count, as it was told.
    async fn counted(&self, query: &str) -> Result<u64, Failure> {
        let request = CountWorkflowExecutionsRequest { namespace: self.namespace.to_owned(), query: query.to_owned() };
        let answer = self.client.count_workflow_executions(self.namespace, request).await?;
        Ok(u64::try_from(answer.count).unwrap_or(0))
    }

    /// Two answers that cannot both be meant.
    pub(super) fn contradiction(&self, rpc: &'static str, message: &str) -> Failure {
        Failure::contradiction(rpc, self.namespace, message)
    }

    /// A read by name was answered with `NotFound`: nothing when what it names is not listed any more, else why the
    /// answer cannot be meant.
    pub(super) async fn gone(&self, failure: Failure, execution: &ExecutionSample) -> Result<(), Failure> {
        let ids = [("WorkflowId", &execution.workflow_id), ("RunId", &execution.run_id)];
        let these = ids.map(|(field, id)| query::equals(field, id));
        let rows = self.rows(&query::all(these.iter().map(String::as_str)), 1).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let message = format!("it answered NotFound for {}, which is listed", execution.workflow_id);
        Err(self.contradiction(failure.rpc, &message))
    }

    /// How many executions match, by status (servers since 1.22).
    pub(super) async fn count_by_status(&self, filter: &str) -> Result<BTreeMap<String, u64>, Failure> {
        const GROUP: &str = "GROUP BY ExecutionStatus";
        let query = if filter.is_empty() { GROUP.to_owned() } else { format!("{filter} {GROUP}") };
        let request = CountWorkflowExecutionsRequest { namespace: self.namespace.to_owned(), query };
        let answer = self.client.count_workflow_executions(self.namespace, request).await?;
        if answer.count == 0 && answer.groups.is_empty() && !self.listed(filter, 1, Vec::new()).await?.rows.is_empty() {
            let message = "it counted no execution of any status beside one that is listed";
            return Err(self.contradiction("CountWorkflowExecutions", message));
        }
        let refused = |message: String| Failure {
            rpc: "CountWorkflowExecutions",
            namespace: self.namespace.to_owned(),
            code: Code::Unimplemented,
            message,
            contradicted: false,
        };
        if answer.groups.is_empty() && answer.count > 0 {
            return Err(refused("the server counted without grouping by status".into()));
        }
        let mut statuses = BTreeMap::new();
        for group in answer.groups {
            let value = group.group_values.first().map(|payload| payload.data.as_slice()).unwrap_or_default();
            let Ok(status) = serde_json::from_slice::<String>(value) else {
                return Err(refused("the server grouped by a status that cannot be read".into()));
            };
            *statuses.entry(status).or_default() += u64::try_from(group.count).unwrap_or(0);
        }
        Ok(statuses)
    }

    /// Matches closed executions that did not continue as new.
    pub(super) fn ended(&self) -> &'static str {
        // Where none does, the simpler question is asked.
        let known = self.statuses.as_ref().ok().map(|statuses| statuses.get("ContinuedAsNew").copied().unwrap_or(0));
        if known == Some(0) { self.phases.closed } else { self.phases.ended }
    }

    /// One page of executions that match. That there are none is believed when a count of the same shows none.
    pub(super) async fn page(&self, query: &str, size: i32, token: Vec<u8>) -> Result<Page, Failure> {
        let first = token.is_empty();
        let page = self.listed(query, size, token).await?;
        if !first || !page.rows.is_empty() || self.counted(query).await? == 0 {
            return Ok(page);
        }
        // Started between list and count, or the list is wrong.
        let again = self.listed(query, size, Vec::new()).await?;
        match again.rows.is_empty() && self.counted(query).await? > 0 {
            true => Err(self.contradiction("ListWorkflowExecutions", "it lists no execution, and some are counted")),
            false => Ok(again),
        }
    }

    /// One page, as it was told.
    async fn listed(&self, query: &str, size: i32, token: Vec<u8>) -> Result<Page, Failure> {
        let request = ListWorkflowExecutionsRequest {
            namespace: self.namespace.to_owned(),
            page_size: size,
            next_page_token: token,
            query: query.to_owned(),
        };
        let mut answer = self.client.list_workflow_executions(self.namespace, request).await?;
        for row in &mut answer.executions {
            // Contents are no concern of the probe; not kept, they cannot get anywhere.
            row.memo = None;
            self.note_delayed(row);
        }
        let token = answer.next_page_token;
        Ok(Page { last: token.is_empty(), rows: answer.executions, token })
    }

    /// Executions that match, newest first, so many at most.
    pub(super) async fn rows(&self, query: &str, size: i32) -> Result<Vec<WorkflowExecutionInfo>, Failure> {
        Ok(self.page(query, size, Vec::new()).await?.rows)
    }

    fn note_delayed(&self, row: &WorkflowExecutionInfo) {
        let start = time::timestamp(row.start_time.as_ref());
        let first_work = time::timestamp(row.execution_time.as_ref());
        let open = row.close_time.is_none() && is_open(row);
        if let (true, Some(id)) = (open && start < first_work, &row.execution) {
            let mut delayed = self.delayed.lock().unwrap_or_else(PoisonError::into_inner);
            delayed.insert(id.workflow_id.clone(), row.clone());
        }
    }

    /// Open executions that came by in any list and do, or did, their first work later than they were started.
    pub(super) fn delayed(&self) -> BTreeMap<String, WorkflowExecutionInfo> {
        self.delayed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A row as a sample: with its age when it is open, else with its duration.
    pub(super) fn sample(&self, row: &WorkflowExecutionInfo, extreme: Extreme) -> Option<ExecutionSample> {
        let start_time = time::timestamp(row.start_time.as_ref())?;
        let until = match extreme {
            Extreme::OldestOpen => self.options.at,
            Extreme::LongestClosed => time::timestamp(row.close_time.as_ref())?,
        };
        let execution = row.execution.clone().unwrap_or_default();
        Some(ExecutionSample {
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            workflow_type: row.r#type.clone().unwrap_or_default().name,
            task_queue: row.task_queue.clone(),
            start_time,
            seconds: u64::try_from(until.duration_since(start_time).as_secs()).unwrap_or(0),
        })
    }

    /// An open execution as a sample.
    pub(super) fn open_sample(&self, row: &WorkflowExecutionInfo) -> Option<ExecutionSample> {
        self.sample(row, Extreme::OldestOpen)
    }

    /// For other facts of the same namespace.
    pub(in crate::probe) fn client(&self) -> &Client {
        self.client
    }

    pub(super) fn say(&self, line: &str) {
        self.options.say(&format!("{}: {line}", self.namespace));
    }

    /// Why a query was refused, when it names an attribute that servers know since a version.
    pub(super) fn lacking(&self, failure: &Failure, attribute: &str, since: (u32, u32)) -> Why {
        let why = failure.why();
        if failure.code != Code::InvalidArgument {
            return why;
        }
        let (major, minor) = since;
        let old = self.version != (0, 0) && self.version < since;
        let store = "advanced visibility (Elasticsearch, MySQL 8, PostgreSQL 12 or SQLite)";
        let remedy = if old {
            format!("server {major}.{minor} and later with {store} know `{attribute}`; upgrade, or find out by hand")
        } else {
            format!("`{attribute}` needs {store}; where the cluster has it, look at the server's log")
        };
        Why::with_remedy(why.reason, remedy)
    }
}

/// Whether the status of a row is one of an open execution.
pub(super) fn is_open(row: &WorkflowExecutionInfo) -> bool {
    use WorkflowExecutionStatus::{Paused, Running, Unspecified};
    matches!(WorkflowExecutionStatus::try_from(row.status), Ok(Running | Paused | Unspecified))
}

/// Whether a row is paused.
pub(super) fn is_paused(row: &WorkflowExecutionInfo) -> bool {
    row.status == WorkflowExecutionStatus::Paused as i32
}
