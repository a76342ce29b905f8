//! The start of a history, and nothing of its payloads: what an execution was given is skipped while it is read.

use prost::encoding::{DecodeContext, WireType, key_len, skip_field};
use prost_wkt_types::{Duration, Timestamp};
use temporalio_protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_protos::temporal::api::enums::v1::ContinueAsNewInitiator;

/// `GetWorkflowExecutionHistoryResponse` with nothing but what is wanted: the input, the memo and the headers of an
/// execution are skipped while they are read, and never kept.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HistoryStart {
    #[prost(message, optional, tag = "1")]
    pub(super) history: Option<History>,
    /// Servers may be set up to send events encoded; these are `History` too.
    #[prost(message, repeated, tag = "2")]
    pub(super) raw_history: Vec<Blob>,
}

impl HistoryStart {
    /// Whether the first event is the start of an execution.
    pub(super) fn holds_start(&self) -> bool {
        first(self.clone()).is_some_and(|event| event.started.is_some())
    }
}

/// The first event of an answer.
pub(super) fn first(answer: HistoryStart) -> Option<Event> {
    let decode = |blob: Blob| prost::Message::decode(blob.data).ok();
    let raw = answer.raw_history.into_iter().filter_map(decode).flat_map(|h: History| h.events);
    answer.history.into_iter().flat_map(|h| h.events).chain(raw).next()
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct History {
    #[prost(message, repeated, tag = "1")]
    pub(super) events: Vec<Event>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Blob {
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) data: prost::bytes::Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Event {
    #[prost(message, optional, tag = "2")]
    pub(super) event_time: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    pub(super) started: Option<Started>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Started {
    #[prost(message, optional, tag = "3")]
    pub(super) parent: Option<WorkflowExecution>,
    #[prost(message, optional, tag = "6")]
    pub(super) input: Option<Size>,
    #[prost(string, tag = "10")]
    pub(super) continued_run_id: String,
    #[prost(enumeration = "ContinueAsNewInitiator", tag = "11")]
    pub(super) initiator: i32,
    #[prost(string, tag = "15")]
    pub(super) identity: String,
    #[prost(string, tag = "20")]
    pub(super) cron_schedule: String,
    #[prost(message, optional, tag = "21")]
    pub(super) backoff: Option<Duration>,
    #[prost(message, optional, tag = "23")]
    pub(super) search_attributes: Option<Names>,
}

/// Names of search attributes without their values.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Names {
    #[prost(message, repeated, tag = "1")]
    pub(super) fields: Vec<Name>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Name {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

/// The size of a message whose contents are skipped while it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Size(pub(super) u64);

impl prost::Message for Size {
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl prost::bytes::Buf,
        ctx: DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        let before = buf.remaining();
        skip_field(wire_type, tag, buf, ctx)?;
        self.0 += (key_len(tag) + before - buf.remaining()) as u64;
        Ok(())
    }

    fn encode_raw(&self, _: &mut impl prost::bytes::BufMut) {}

    fn encoded_len(&self) -> usize {
        0
    }

    fn clear(&mut self) {
        self.0 = 0;
    }
}
