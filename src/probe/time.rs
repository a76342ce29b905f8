//! Protobuf times as plain ones.

use jiff::Timestamp;
use prost_wkt_types::{Duration as ProtoDuration, Timestamp as ProtoTimestamp};

/// A set and representable time.
pub(super) fn timestamp(time: Option<&ProtoTimestamp>) -> Option<Timestamp> {
    time.and_then(|t| Timestamp::new(t.seconds, t.nanos).ok())
}

/// Whole seconds, never negative.
pub(super) fn seconds(duration: Option<&ProtoDuration>) -> Option<u64> {
    duration.map(|d| u64::try_from(d.seconds).unwrap_or(0))
}
