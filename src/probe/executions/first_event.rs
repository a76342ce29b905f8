//! The first event of an execution: who began it, how, and with which cron expression.

use prost_wkt_types::{Duration, Timestamp};
use temporalio_protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_protos::temporal::api::enums::v1::ContinueAsNewInitiator;
use temporalio_protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;
use tonic::Code;

use super::super::client::Failure;
use super::super::time;
use super::Visibility;
use crate::facts::cluster::{Beginning, ExecutionSample};

/// `GetWorkflowExecutionHistoryResponse` with nothing but what is wanted: the input, the memo and the headers of an
/// execution are skipped while they are read, and never kept.
#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::probe) struct HistoryStart {
    #[prost(message, optional, tag = "1")]
    history: Option<History>,
    /// Servers may be set up to send events encoded; these are `History` too.
    #[prost(message, repeated, tag = "2")]
    raw_history: Vec<Blob>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct History {
    #[prost(message, repeated, tag = "1")]
    events: Vec<Event>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Blob {
    #[prost(bytes = "bytes", tag = "2")]
    data: prost::bytes::Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(message, optional, tag = "2")]
    event_time: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    started: Option<Started>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Started {
    #[prost(message, optional, tag = "3")]
    parent: Option<WorkflowExecution>,
    #[prost(string, tag = "10")]
    continued_run_id: String,
    #[prost(enumeration = "ContinueAsNewInitiator", tag = "11")]
    initiator: i32,
    #[prost(string, tag = "15")]
    identity: String,
    #[prost(string, tag = "20")]
    cron_schedule: String,
    #[prost(message, optional, tag = "21")]
    backoff: Option<Duration>,
    #[prost(message, optional, tag = "23")]
    search_attributes: Option<Names>,
}

/// Names of search attributes without their values.
#[derive(Clone, PartialEq, prost::Message)]
struct Names {
    #[prost(message, repeated, tag = "1")]
    fields: Vec<Name>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Name {
    #[prost(string, tag = "1")]
    name: String,
}

/// How an execution began.
pub(super) struct FirstEvent {
    pub(super) identity: String,
    pub(super) how: Beginning,
    pub(super) cron: String,
    /// When the first work was to be done.
    pub(super) first_work: Option<jiff::Timestamp>,
}

impl Visibility<'_> {
    /// Read the first event of an execution. Nothing when the execution is gone, or its history holds no start.
    pub(super) async fn first_event(&self, execution: &ExecutionSample) -> Result<Option<FirstEvent>, Failure> {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace.to_owned(),
            execution: Some(WorkflowExecution {
                workflow_id: execution.workflow_id.clone(),
                run_id: execution.run_id.clone(),
            }),
            maximum_page_size: 1,
            skip_archival: true,
            ..GetWorkflowExecutionHistoryRequest::default()
        };
        match self.client().history_start(self.namespace, request).await {
            Ok(answer) => Ok(understand(answer, execution)),
            Err(failure) if failure.code == Code::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

fn understand(answer: HistoryStart, execution: &ExecutionSample) -> Option<FirstEvent> {
    let decode = |blob: Blob| prost::Message::decode(blob.data).ok();
    let raw = answer.raw_history.into_iter().filter_map(decode).flat_map(|h: History| h.events);
    let event = answer.history.into_iter().flat_map(|h| h.events).chain(raw).next()?;
    let started = event.started?;
    let scheduled = started.search_attributes.iter().flat_map(|a| &a.fields).any(|f| f.name == "TemporalScheduledById");
    let begun = time::timestamp(event.event_time.as_ref());
    let how = if started.parent.is_some() {
        Beginning::Child
    } else if !started.continued_run_id.is_empty() {
        match ContinueAsNewInitiator::try_from(started.initiator) {
            Ok(ContinueAsNewInitiator::CronSchedule) => Beginning::Cron,
            Ok(ContinueAsNewInitiator::Retry) => Beginning::Retried,
            _ => Beginning::Continued,
        }
    } else if begun.is_some_and(|begun| execution.start_time.duration_since(begun).as_secs() >= 1) {
        // The events of a reset run were copied: the first is older than the run.
        Beginning::Reset
    } else if scheduled {
        Beginning::Scheduled
    } else {
        Beginning::Started
    };
    let backoff = started.backoff.and_then(|b| jiff::SignedDuration::try_from_secs_f64(b.seconds as f64).ok());
    Some(FirstEvent {
        identity: started.identity,
        how,
        cron: started.cron_schedule,
        first_work: begun.zip(backoff).and_then(|(begun, backoff)| begun.checked_add(backoff).ok()),
    })
}
