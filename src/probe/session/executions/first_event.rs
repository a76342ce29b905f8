//! The first event of an execution: who began it, how, and with which cron expression.

use temporalio_protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_protos::temporal::api::enums::v1::ContinueAsNewInitiator;
use temporalio_protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;
use tonic::Code;

use super::super::failure::Failure;
use super::super::history_start::{HistoryStart, first};
use super::super::time;
use super::Visibility;
use crate::facts::cluster::{Beginning, ExecutionSample};

/// How an execution began.
pub(super) struct FirstEvent {
    pub(super) identity: String,
    pub(super) how: Beginning,
    pub(super) cron: String,
    pub(super) input_bytes: u64,
    /// When the first work was to be done.
    pub(super) first_work: Option<jiff::Timestamp>,
}

impl Visibility<'_> {
    /// Read the first event of an execution that was listed. Nothing when it is gone since.
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
            Err(failure) if failure.code == Code::NotFound => self.gone(failure, execution).await.map(|()| None),
            Err(failure) => Err(failure),
        }
    }
}

fn understand(answer: HistoryStart, execution: &ExecutionSample) -> Option<FirstEvent> {
    let event = first(answer)?;
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
        input_bytes: started.input.map_or(0, |size| size.0),
        first_work: begun.zip(backoff).and_then(|(begun, backoff)| begun.checked_add(backoff).ok()),
    })
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use temporalio_protos::temporal::api::common::v1::{DataBlob, Payload, Payloads, SearchAttributes};
    use temporalio_protos::temporal::api::history::v1::history_event::Attributes;
    use temporalio_protos::temporal::api::history::v1::{
        History as FullHistory, HistoryEvent, WorkflowExecutionStartedEventAttributes as Full,
    };
    use temporalio_protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryResponse;

    use prost_wkt_types::{Duration, Timestamp};

    use super::*;

    const START: i64 = 1_000_000;

    fn history(started: Full) -> FullHistory {
        let event_time = Some(Timestamp { seconds: START, nanos: 0 });
        let attributes = Some(Attributes::WorkflowExecutionStartedEventAttributes(started));
        FullHistory { events: vec![HistoryEvent { event_id: 1, event_time, attributes, ..Default::default() }] }
    }

    fn understood(answer: &GetWorkflowExecutionHistoryResponse, run_started: i64) -> FirstEvent {
        let answer = HistoryStart::decode(answer.encode_to_vec().as_slice()).unwrap();
        let execution = ExecutionSample {
            workflow_id: "w".into(),
            run_id: "r".into(),
            workflow_type: "T".into(),
            task_queue: "q".into(),
            start_time: jiff::Timestamp::from_second(run_started).unwrap(),
            seconds: 0,
        };
        understand(answer, &execution).unwrap()
    }

    fn plain(started: Full) -> FirstEvent {
        let answer = GetWorkflowExecutionHistoryResponse { history: Some(history(started)), ..Default::default() };
        understood(&answer, START)
    }

    #[test]
    fn the_way_an_execution_began_is_in_its_first_event() {
        let full = Full { identity: "1@host@".into(), ..Full::default() };
        assert_eq!(plain(full.clone()).how, Beginning::Started);
        assert_eq!(plain(full.clone()).identity, "1@host@");
        let continued = Full { continued_execution_run_id: "before".into(), ..full.clone() };
        assert_eq!(plain(continued.clone()).how, Beginning::Continued);
        for (initiator, how) in [
            (ContinueAsNewInitiator::CronSchedule, Beginning::Cron),
            (ContinueAsNewInitiator::Retry, Beginning::Retried),
        ] {
            assert_eq!(plain(Full { initiator: initiator.into(), ..continued.clone() }).how, how);
        }
        // Servers say so of the first run of a cron workflow as well, which a client started.
        let cron = Full {
            initiator: ContinueAsNewInitiator::CronSchedule.into(),
            cron_schedule: "@daily".into(),
            first_workflow_task_backoff: Some(Duration { seconds: 60, nanos: 0 }),
            ..full.clone()
        };
        let found = plain(cron);
        assert_eq!((found.how, found.cron.as_str()), (Beginning::Started, "@daily"));
        assert_eq!(found.first_work.map(|t| t.as_second()), Some(START + 60));
        let child = Full { parent_workflow_execution: Some(WorkflowExecution::default()), ..full.clone() };
        assert_eq!(plain(child).how, Beginning::Child);
        let by = [("TemporalScheduledById".to_owned(), Payload::default())].into();
        let scheduled = Full { search_attributes: Some(SearchAttributes { indexed_fields: by }), ..full.clone() };
        assert_eq!(plain(scheduled).how, Beginning::Scheduled);
        let answer = GetWorkflowExecutionHistoryResponse { history: Some(history(full)), ..Default::default() };
        assert_eq!(understood(&answer, START + 90).how, Beginning::Reset, "the event is older than the run");
    }

    #[test]
    fn contents_are_measured_and_skipped() {
        let input =
            Some(Payloads { payloads: vec![Payload { data: b"secret-content".to_vec(), ..Payload::default() }; 3] });
        let size = input.as_ref().map(|i| i.encoded_len() as u64);
        let found = plain(Full { input: input.clone(), ..Full::default() });
        assert_eq!(Some(found.input_bytes), size);
        let answer = GetWorkflowExecutionHistoryResponse {
            history: Some(history(Full { input, ..Full::default() })),
            ..Default::default()
        };
        let kept = HistoryStart::decode(answer.encode_to_vec().as_slice()).unwrap();
        assert!(!format!("{kept:?}").contains(&format!("{:?}", b"secret-content")), "{kept:?}");
    }

    #[test]
    fn events_that_are_sent_encoded_are_understood() {
        let blob = DataBlob {
            data: history(Full { identity: "1@host@".into(), ..Full::default() }).encode_to_vec(),
            ..Default::default()
        };
        let answer = GetWorkflowExecutionHistoryResponse { raw_history: vec![blob], ..Default::default() };
        assert_eq!(understood(&answer, START).identity, "1@host@");
    }
}
