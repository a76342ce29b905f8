//! Open work that is no workflow execution, and how long nothing has been open at all.

use temporalio_protos::temporal::api::workflowservice::v1::{
    CountActivityExecutionsRequest, CountNexusOperationExecutionsRequest, ListActivityExecutionsRequest,
    ListNexusOperationExecutionsRequest,
};
use tonic::Code;

use super::super::failure::Failure;
use super::super::query;
use super::super::time;
use super::{Visibility, seen};
use crate::facts::cluster::{BesideWork, NamespaceConfig, Rest};
use crate::facts::{Known, Why};

/// Batch jobs are executions of the server's own division.
const BATCHES: &str = "TemporalNamespaceDivision = 'TemporalBatcher'";
const RUNNING: &str = "ExecutionStatus = 'Running'";
/// Closings are counted this far back: a source is held for so long before it counts as drained.
const HOLD: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);

/// What a namespace says that it offers beside workflows; nothing where it does not say.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::probe) struct Offered {
    activities: bool,
    nexus_operations: bool,
}

impl Offered {
    /// By what `DescribeNamespace` told.
    pub(in crate::probe) fn by(config: Option<&NamespaceConfig>) -> Self {
        let has = |name: &str| config.is_some_and(|config| config.capabilities.iter().any(|c| c == name));
        Self { activities: has("standalone_activities"), nexus_operations: has("standalone_nexus_operation") }
    }
}

pub(super) async fn read(visibility: &Visibility<'_>, offered: Offered) -> Known<BesideWork> {
    let mut found = BesideWork::default();
    let mut whys: Vec<Why> = Vec::new();
    match visibility.count(&query::all([BATCHES, RUNNING])).await {
        Ok(count) => found.batch_jobs = count,
        Err(failure) => return Known::Unknown(failure.why()),
    }
    found.activities = none_without(visibility.activities(RUNNING).await, offered.activities, &mut whys);
    found.nexus_operations = none_without(visibility.operations(RUNNING).await, offered.nexus_operations, &mut whys);
    seen(found, &whys)
}

/// Where there is no such thing, or it is switched off, nothing of it is open. Where the namespace offers it, a refusal
/// is a refusal.
fn none_without(counted: Result<u64, Failure>, offered: bool, whys: &mut Vec<Why>) -> Option<u64> {
    let absent = [Code::Unimplemented, Code::FailedPrecondition, Code::InvalidArgument];
    match counted {
        Ok(count) => Some(count),
        Err(failure) if !offered && absent.contains(&failure.code) => None,
        Err(failure) => {
            whys.push(failure.why());
            None
        }
    }
}

/// What closed in the last 48 hours, and when the last execution did.
pub(super) async fn rest(visibility: &Visibility<'_>, offered: Offered) -> Known<Rest> {
    let at = visibility.options.at;
    let since = at.checked_sub(HOLD).unwrap_or(at);
    let lately = format!("CloseTime > '{since:.6}'");
    let workflows = async {
        let closed = visibility.count(&lately).await?;
        let last = last_closed(visibility).await?;
        let batches = format!("{BATCHES} AND ({lately} OR {RUNNING})");
        Ok::<_, Failure>((closed, last, visibility.count(&batches).await?))
    };
    let (closed, last_closed, batch_jobs) = match workflows.await {
        Ok(found) => found,
        Err(failure) => return Known::Unknown(visibility.lacking(&failure, "CloseTime", (1, 20))),
    };
    let mut whys = Vec::new();
    let activities = none_without(visibility.activities(&lately).await, offered.activities, &mut whys);
    let nexus_operations = none_without(visibility.operations(&lately).await, offered.nexus_operations, &mut whys);
    seen(Rest { since, closed, last_closed, batch_jobs, activities, nexus_operations }, &whys)
}

/// When the last execution closed. Lists are ordered by close time, the latest first; that nothing closed later is
/// asked, because no server promises the order.
async fn last_closed(visibility: &Visibility<'_>) -> Result<Option<jiff::Timestamp>, Failure> {
    const TRIES: usize = 20;
    const ROWS: i32 = 100;
    let mut query = visibility.phases.closed.to_owned();
    let mut last = None;
    for _ in 0..TRIES {
        let rows = visibility.rows(&query, ROWS).await?;
        let latest = rows.iter().filter_map(|row| time::timestamp(row.close_time.as_ref())).max();
        let Some(latest) = latest.filter(|latest| last.is_none_or(|last| *latest > last)) else { return Ok(last) };
        last = Some(latest);
        query = format!("CloseTime > '{latest:.9}'");
    }
    Err(visibility.contradiction("ListWorkflowExecutions", "executions close faster than they can be listed"))
}

impl Visibility<'_> {
    /// How many standalone activities match; that there are none is believed when a list shows none.
    async fn activities(&self, query: &str) -> Result<u64, Failure> {
        let (namespace, client) = (self.namespace, self.client());
        let request = CountActivityExecutionsRequest { namespace: namespace.to_owned(), query: query.to_owned() };
        let count = client.count_activity_executions(namespace, request).await?.count;
        if count > 0 {
            return Ok(count.unsigned_abs());
        }
        let request = ListActivityExecutionsRequest {
            namespace: namespace.to_owned(),
            page_size: 1,
            query: query.to_owned(),
            ..Default::default()
        };
        let rows = client.list_activity_executions(namespace, request).await?.executions;
        self.none(rows.len(), "CountActivityExecutions", "standalone activities")
    }

    /// How many standalone Nexus operations match; that there are none is believed when a list shows none.
    async fn operations(&self, query: &str) -> Result<u64, Failure> {
        let (namespace, client) = (self.namespace, self.client());
        let request = CountNexusOperationExecutionsRequest { namespace: namespace.to_owned(), query: query.to_owned() };
        let count = client.count_nexus_operation_executions(namespace, request).await?.count;
        if count > 0 {
            return Ok(count.unsigned_abs());
        }
        let request = ListNexusOperationExecutionsRequest {
            namespace: namespace.to_owned(),
            page_size: 1,
            query: query.to_owned(),
            ..Default::default()
        };
        let rows = client.list_nexus_operation_executions(namespace, request).await?.operations;
        self.none(rows.len(), "CountNexusOperationExecutions", "Nexus operations")
    }

    fn none(&self, rows: usize, rpc: &'static str, what: &str) -> Result<u64, Failure> {
        match rows {
            0 => Ok(0),
            _ => Err(self.contradiction(rpc, &format!("it counted 0 {what} beside one that is listed"))),
        }
    }
}
