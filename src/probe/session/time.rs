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

/// Seconds, a part of one counted as a whole, never negative.
pub(super) fn seconds_up(duration: Option<&ProtoDuration>) -> Option<u64> {
    duration.map(|d| u64::try_from(d.seconds).unwrap_or(0).saturating_add(u64::from(d.nanos > 0)))
}

/// Milliseconds, never negative.
pub(super) fn millis(duration: Option<&ProtoDuration>) -> Option<u64> {
    let part = |d: &ProtoDuration| u64::try_from(d.nanos / 1_000_000).unwrap_or(0);
    duration.map(|d| u64::try_from(d.seconds).unwrap_or(0).saturating_mul(1000).saturating_add(part(d)))
}

/// The same time for a request.
pub(super) fn proto(time: Timestamp) -> ProtoTimestamp {
    ProtoTimestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}
