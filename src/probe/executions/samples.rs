//! A few open executions looked at closely: how large their histories are and how much they wait for.

use std::collections::BTreeMap;

use temporalio_protos::temporal::api::common::v1::{Payload, WorkflowExecution};
use temporalio_protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
};
use tonic::Code;

use super::super::time;
use super::{Visibility, each, seen};
use crate::facts::cluster::{AttributeShape, DescribedExecution, ExecutionSample, WorkflowType};
use crate::facts::{Known, Why};

/// Executions described in one namespace: one of each of so many types, those with most open executions first.
const SAMPLES: usize = 60;

/// The oldest open execution of each type; `missing` says which types may not be among them.
pub(super) async fn read(
    visibility: &Visibility<'_>,
    types: &[WorkflowType],
    missing: &[Why],
) -> Known<Vec<DescribedExecution>> {
    let mut open: Vec<&WorkflowType> = types.iter().filter(|t| t.oldest_open.is_some()).collect();
    open.sort_by_key(|t| std::cmp::Reverse(t.open));
    let mut whys: Vec<Why> = missing.to_vec();
    if open.len() > SAMPLES {
        whys.push(Why::new(format!("executions of {SAMPLES} workflow types were looked at, of {}", open.len())));
    }
    let chosen = open.into_iter().take(SAMPLES).filter_map(|t| t.oldest_open.as_ref());
    let described = each(chosen, |sample| async move {
        let request = DescribeWorkflowExecutionRequest {
            namespace: visibility.namespace.to_owned(),
            execution: Some(WorkflowExecution {
                workflow_id: sample.workflow_id.clone(),
                run_id: sample.run_id.clone(),
            }),
        };
        visibility.say(&format!("looking at {}", sample.workflow_id));
        let answer = visibility.client().describe_workflow_execution(visibility.namespace, request).await;
        answer.map(|answer| shape(sample, &answer))
    });
    let mut found = Vec::new();
    for answer in described.await {
        match answer {
            Ok(described) => found.push(described),
            // It closed and was deleted since it was listed.
            Err(failure) if failure.code == Code::NotFound => {}
            Err(failure) => whys.push(failure.why()),
        }
    }
    match Why::all(&whys) {
        Some(why) if found.is_empty() => Known::Unknown(why),
        _ => seen(found, &whys),
    }
}

/// Numbers and sizes; contents are left behind.
fn shape(sample: &ExecutionSample, answer: &DescribeWorkflowExecutionResponse) -> DescribedExecution {
    let info = answer.workflow_execution_info.clone().unwrap_or_default();
    let count = |n: usize| n as u64;
    let positive = |n: i64| u64::try_from(n).unwrap_or(0);
    let bytes = |payload: &Payload| count(prost::Message::encoded_len(payload));
    let attributes = info.search_attributes.iter().flat_map(|a| &a.indexed_fields);
    let search_attributes: BTreeMap<String, AttributeShape> = attributes
        .map(|(name, value)| (name.clone(), AttributeShape { bytes: count(value.data.len()), values: values(value) }))
        .collect();
    let extended = answer.workflow_extended_info.as_ref();
    let ends = extended.map(|e| [&e.run_expiration_time, &e.execution_expiration_time]);
    DescribedExecution {
        execution: sample.clone(),
        history_length: positive(info.history_length),
        history_bytes: positive(info.history_size_bytes),
        pending_activities: count(answer.pending_activities.len()),
        pending_children: count(answer.pending_children.len()),
        pending_nexus_operations: count(answer.pending_nexus_operations.len()),
        callbacks: count(answer.callbacks.len()),
        workflow_task_attempt: answer.pending_workflow_task.as_ref().map_or(0, |t| positive(t.attempt.into())),
        activity_attempt: answer.pending_activities.iter().map(|a| positive(a.attempt.into())).max().unwrap_or(0),
        memo_bytes: info.memo.iter().flat_map(|m| m.fields.values()).map(bytes).sum(),
        search_attributes,
        // An unset time is sent as the first instant there is.
        expires: ends
            .into_iter()
            .flatten()
            .filter_map(|t| time::timestamp(t.as_ref()))
            .filter(|t| t.as_second() > 0)
            .min(),
    }
}

/// How many values a search attribute has, when it is a list.
fn values(value: &Payload) -> Option<u64> {
    match serde_json::from_slice::<Vec<serde_json::Value>>(&value.data) {
        Ok(list) => Some(list.len() as u64),
        Err(_) => None,
    }
}
