//! How far the clock of the cluster and the clock of this machine are apart.
//!
//! The API tells no time. Proxies in front of a frontend, that of Temporal Cloud among them, put a `date` header on
//! every answer; a last poll in the future proves a difference as well.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::facts::cluster::NamespaceSnapshot;
use crate::facts::{Known, Why};

/// Differences up to this many seconds are the resolution of the header and the way of the answer.
const NOISE: i64 = 2;

/// The clock of this machine during the probe: an instant and the time it stood for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    pub(super) at: Timestamp,
    pub(super) since: Instant,
}

impl Local {
    fn when(&self, instant: Instant) -> Timestamp {
        let passed = instant.saturating_duration_since(self.since);
        jiff::SignedDuration::try_from(passed).ok().and_then(|d| self.at.checked_add(d).ok()).unwrap_or(self.at)
    }
}

/// Seconds the cluster is ahead (negative: behind), from the last `date` header and when it came, else from polls.
pub(super) fn ahead(local: Local, date: Option<(String, Instant)>, namespaces: &[NamespaceSnapshot]) -> Known<i64> {
    let header = date.and_then(|(text, came)| {
        let told = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
        Some(told.as_second() - local.when(came).as_second())
    });
    if let Some(ahead) = header {
        return Known::Known(if ahead.abs() <= NOISE { 0 } else { ahead });
    }
    let untold = Why::with_remedy(
        "the cluster's answers carry no date",
        "compare the clocks of this machine and of the cluster's hosts (`chronyc tracking`, `timedatectl`)",
    );
    let queues = namespaces.iter().filter_map(|n| n.task_queues.value()).flatten();
    let polls = queues.flat_map(|q| q.workflow_pollers.iter().chain(&q.activity_pollers));
    let last = polls.filter_map(|poller| poller.last_access).max();
    let future = last.map(|poll| poll.as_second() - local.when(Instant::now()).as_second());
    match future.filter(|seconds| *seconds > NOISE) {
        // At least that much: the poll itself was some time ago.
        Some(value) => Known::Partial { value, why: untold },
        None => Known::Unknown(untold),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Local {
        Local { at: "2026-11-21T09:00:00Z".parse().unwrap(), since: Instant::now() }
    }

    #[test]
    fn the_date_header_tells_the_difference() {
        let local = local();
        let told = |text: &str| ahead(local, Some((text.to_owned(), local.since)), &[]);
        assert_eq!(told("Sat, 21 Nov 2026 09:10:00 GMT"), Known::Known(600));
        assert_eq!(told("Sat, 21 Nov 2026 08:59:00 GMT"), Known::Known(-60));
        assert_eq!(told("Sat, 21 Nov 2026 09:00:01 GMT"), Known::Known(0), "within the resolution");
        assert!(matches!(told("yesterday"), Known::Unknown(_)));
        assert!(matches!(ahead(local, None, &[]), Known::Unknown(_)));
    }
}
