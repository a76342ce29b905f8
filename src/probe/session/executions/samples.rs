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
        match visibility.client().describe_workflow_execution(visibility.namespace, request).await {
            Ok(answer) => Ok(Some(shape(sample, &answer))),
            // It closed and was deleted since it was listed, or it is hidden.
            Err(failure) if failure.code == Code::NotFound => visibility.gone(failure, sample).await.map(|()| None),
            Err(failure) => Err(failure),
        }
    });
    let mut found = Vec::new();
    for answer in described.await {
        match answer {
            Ok(described) => found.extend(described),
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
        chain_started: chain_started(sample, &info.first_run_id),
        expires: ends
            .into_iter()
            .flatten()
            .filter_map(|t| time::timestamp(t.as_ref()))
            .filter(|t| t.as_second() > 0)
            .min(),
    }
}

/// When the first run of a chain was started: servers make the run id of a start from the time (UUID version 7).
fn chain_started(run: &ExecutionSample, first_run_id: &str) -> Option<jiff::Timestamp> {
    if first_run_id == run.run_id {
        return Some(run.start_time);
    }
    let digits: String = first_run_id.chars().filter(char::is_ascii_hexdigit).collect();
    let version = digits.get(12..13)?;
    let millis = i64::from_str_radix(digits.get(..12)?, 16).ok()?;
    let started = jiff::Timestamp::from_millisecond(millis).ok()?;
    // The hint of another kind of id is none.
    (version == "7" && digits.len() == 32 && started <= run.start_time).then_some(started)
}

/// How many values a search attribute has, when it is a list.
fn values(value: &Payload) -> Option<u64> {
    match serde_json::from_slice::<Vec<serde_json::Value>>(&value.data) {
        Ok(list) => Some(list.len() as u64),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_chain_is_in_the_id_of_its_first_run() {
        let run = ExecutionSample {
            workflow_id: "entity".into(),
            run_id: "5b7e9c1a-30c5-4b3c-9c2e-0d6f4d5b8a11".into(),
            workflow_type: "Entity".into(),
            task_queue: "q".into(),
            start_time: "2026-11-21T09:00:00Z".parse().unwrap(),
            seconds: 60,
        };
        let started = |first: &str| chain_started(&run, first).map(|t| t.to_string());
        assert_eq!(started("019a2e26-4f20-7c11-8f00-000000000000").as_deref(), Some("2025-10-29T04:07:33.92Z"));
        assert_eq!(started("019a2e26-4f20-4c11-8f00-000000000000"), None, "signal-with-start makes ids at random");
        assert_eq!(started("01afffff-4f20-7c11-8f00-000000000000"), None, "later than the run itself");
        assert_eq!(started(&run.run_id).as_deref(), Some("2026-11-21T09:00:00Z"), "the first run is this one");
        assert_eq!(started(""), None, "an older server does not tell");
    }
}
