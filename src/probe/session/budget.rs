//! How fast and how long the probe may ask.
//!
//! A self-hosted frontend allows ten visibility calls a second per namespace by default, and the team's own
//! workers and UI share them; Temporal Cloud allows thirty. The probe paces itself well below.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Which allowance of the server a call uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// Count, list and task-queue calls: `frontend.namespaceRPS.visibility`.
    Visibility,
    /// Everything else: plain reads by name.
    General,
}

/// The allowed time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfTime;

/// The pace and the end of one probe.
#[derive(Debug)]
pub(super) struct Budget {
    visibility: Mutex<Lane>,
    general: Mutex<Lane>,
    end: Instant,
}

#[derive(Debug)]
struct Lane {
    interval: Duration,
    next: Instant,
}

/// Calls saved up while nothing was asked may be made at once, up to this much time's worth.
const BURST: Duration = Duration::from_secs(1);
/// Reads by name may be twice as fast as visibility calls, up to this many a second (Cloud allows ten schedule
/// calls a second).
const GENERAL_CEILING: f64 = 10.0;
/// However often the server complains, at least one call in this time is tried.
const SLOWEST: Duration = Duration::from_secs(5);

impl Budget {
    /// `rps` visibility calls a second, all over after `allowed`.
    pub(super) fn new(rps: f64, allowed: Duration) -> Self {
        let rps = if rps.is_finite() && rps > 0.0 { rps.clamp(0.1, 1000.0) } else { 5.0 };
        let now = Instant::now();
        let lane = |rps: f64| Mutex::new(Lane { interval: Duration::from_secs_f64(1.0 / rps), next: now });
        let general = (rps * 2.0).min(GENERAL_CEILING.max(rps));
        Self { visibility: lane(rps), general: lane(general), end: now + allowed }
    }

    /// Wait for a turn.
    pub(super) async fn admit(&self, cost: Cost) -> Result<(), OutOfTime> {
        let turn = {
            let mut lane = self.lane(cost);
            let now = Instant::now();
            let oldest = now.checked_sub(BURST).unwrap_or(now);
            let turn = lane.next.max(oldest);
            if turn.max(now) >= self.end {
                return Err(OutOfTime);
            }
            lane.next = turn + lane.interval;
            turn
        };
        tokio::time::sleep_until(turn).await;
        Ok(())
    }

    /// The server said it has had enough: go slower for the rest of the probe, and pause now.
    pub(super) fn slow_down(&self, cost: Cost, pause: Duration) {
        let mut lane = self.lane(cost);
        lane.interval = (lane.interval * 3 / 2).min(SLOWEST);
        lane.next = lane.next.max(Instant::now() + pause);
    }

    /// Time left.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn lane(&self, cost: Cost) -> MutexGuard<'_, Lane> {
        let lane = match cost {
            Cost::Visibility => &self.visibility,
            Cost::General => &self.general,
        };
        lane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pause that doubles with every attempt and never falls together with another client's.
pub(super) fn backoff(attempt: u32) -> Duration {
    use std::hash::{BuildHasher as _, Hasher as _};
    let base = Duration::from_millis(250) * 2u32.saturating_pow(attempt.min(6));
    // RandomState is seeded by the operating system; that is random enough for jitter.
    let noise = std::collections::hash_map::RandomState::new().build_hasher().finish() % 1000;
    base / 2 + base.mul_f64(noise as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paused() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn calls_are_spread_over_time() {
        paused().block_on(async {
            let budget = Budget::new(50.0, Duration::from_secs(60));
            let begin = Instant::now();
            for _ in 0..25 {
                budget.admit(Cost::Visibility).await.unwrap();
            }
            assert!(begin.elapsed() >= Duration::from_millis(470), "25 calls at 50 a second take about half a second");
            budget.admit(Cost::General).await.unwrap();
        });
    }

    #[test]
    fn the_end_is_the_end() {
        paused().block_on(async {
            let budget = Budget::new(5.0, Duration::ZERO);
            assert_eq!(budget.admit(Cost::General).await, Err(OutOfTime));
            let budget = Budget::new(1.0, Duration::from_millis(500));
            budget.admit(Cost::Visibility).await.unwrap();
            assert_eq!(budget.admit(Cost::Visibility).await, Err(OutOfTime), "the next turn is after the end");
        });
    }

    #[test]
    fn a_complaint_slows_the_lane_it_belongs_to() {
        let budget = Budget::new(10.0, Duration::from_secs(60));
        budget.slow_down(Cost::Visibility, Duration::ZERO);
        assert_eq!(budget.lane(Cost::Visibility).interval, Duration::from_millis(150));
        assert_eq!(budget.lane(Cost::General).interval, Duration::from_millis(100));
        for attempt in 0..20 {
            assert!(backoff(attempt) <= Duration::from_secs(24), "attempt {attempt}");
        }
    }
}
