//! Open work that is no workflow execution, and ids of the other cluster that are open here, too.

use std::collections::BTreeSet;

use temporalio_protos::temporal::api::workflowservice::v1::{
    CountActivityExecutionsRequest, CountNexusOperationExecutionsRequest,
};
use tonic::Code;

use super::super::client::Failure;
use super::super::query;
use super::{Visibility, each, seen};
use crate::facts::cluster::{AlsoOpen, BesideWork};
use crate::facts::{Known, Why};

/// Batch jobs are executions of the server's own division.
const BATCHES: &str = "TemporalNamespaceDivision = 'TemporalBatcher' AND ExecutionStatus = 'Running'";
const RUNNING: &str = "ExecutionStatus = 'Running'";
/// Ids in one question.
const TOGETHER: usize = 50;

pub(super) async fn read(visibility: &Visibility<'_>) -> Known<BesideWork> {
    let mut found = BesideWork::default();
    let mut whys: Vec<Why> = Vec::new();
    match visibility.count(BATCHES).await {
        Ok(count) => found.batch_jobs = count,
        Err(failure) => return Known::Unknown(failure.why()),
    }
    let (namespace, client) = (visibility.namespace, visibility.client());
    let request = CountActivityExecutionsRequest { namespace: namespace.to_owned(), query: RUNNING.to_owned() };
    let activities = client.count_activity_executions(namespace, request).await;
    let request = CountNexusOperationExecutionsRequest { namespace: namespace.to_owned(), query: RUNNING.to_owned() };
    let operations = client.count_nexus_operation_executions(namespace, request).await;
    let mut note = |counted: Result<i64, Failure>| match counted {
        Ok(count) => Some(u64::try_from(count).unwrap_or(0)),
        // Where there is no such thing, or it is switched off, nothing of it is open.
        Err(failure)
            if matches!(failure.code, Code::Unimplemented | Code::FailedPrecondition | Code::InvalidArgument) =>
        {
            None
        }
        Err(failure) => {
            whys.push(failure.why());
            None
        }
    };
    found.activities = note(activities.map(|answer| answer.count));
    found.nexus_operations = note(operations.map(|answer| answer.count));
    seen(found, &whys)
}

/// Which of the given ids are open here; the ids were those of a few open executions of the other cluster.
pub(super) async fn also_open(visibility: &Visibility<'_>) -> Known<AlsoOpen> {
    let Some(ids) = visibility.options.open_elsewhere.get(visibility.namespace) else {
        return Known::Unknown(Why::with_remedy(
            "ids of the source were not looked for here",
            "probe both sides in one run (`temporal-preflight probe` or `audit`): the ids of the source are asked of the target",
        ));
    };
    let distinct: Vec<&String> = ids.ids.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = AlsoOpen { asked: distinct.len() as u64, of: ids.open, open: Vec::new() };
    let asked = each(distinct.chunks(TOGETHER), |some| {
        let these = query::one_of("WorkflowId", some.iter().map(|id| id.as_str()));
        let filter = query::all([visibility.phases.open, &these]);
        async move { visibility.rows(&filter, TOGETHER as i32).await }
    });
    let mut whys = Vec::new();
    for rows in asked.await {
        match rows {
            Ok(rows) => found.open.extend(rows.iter().filter_map(|row| visibility.open_sample(row))),
            Err(failure) => whys.push(failure.why()),
        }
    }
    seen(found, &whys)
}
