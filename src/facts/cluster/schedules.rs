//! Schedules in the form two clusters are compared in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facts::Known;

/// A schedule in canonical form (server: service/worker/scheduler/spec.go).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Schedule {
    /// Schedule id.
    pub id: String,
    /// When it fires.
    pub spec: ScheduleSpec,
    /// What it starts.
    pub action: ScheduleAction,
    /// Overlap, catch-up and failure policies, after defaulting.
    pub policies: SchedulePolicies,
    /// Paused.
    pub paused: bool,
    /// Human notes of the state.
    pub notes: String,
    /// Actions left when limited.
    pub remaining_actions: Option<i64>,
    /// Keys of the schedule's memo with the SHA-256 of each payload.
    pub memo: BTreeMap<String, String>,
    /// Keys of the schedule's search attributes with the SHA-256 of each payload.
    pub search_attributes: BTreeMap<String, String>,
    /// The next times the server announces (at most 10).
    pub next_times: Vec<jiff::Timestamp>,
    /// Executions it started that are still running.
    pub running: Vec<String>,
    /// When it last acted.
    pub last_action: Option<jiff::Timestamp>,
    /// When it was created.
    #[serde(default)]
    pub created: Option<jiff::Timestamp>,
    /// Actions taken since it was created, triggers and backfills included.
    #[serde(default)]
    pub actions: u64,
    /// The times its latest actions were taken for (at most 10), oldest first.
    #[serde(default)]
    pub recent: Vec<jiff::Timestamp>,
    /// The times it matches in the 14 days after the snapshot, whether paused or not (`ListScheduleMatchingTimes`).
    #[serde(default)]
    pub times: Known<MatchingTimes>,
    /// Of a paused schedule: the times it matched since its last action, or since it was created, and let pass.
    /// Empty when it is not paused.
    #[serde(default)]
    pub skipped: Known<MatchingTimes>,
}

impl Schedule {
    /// Whether it can still start executions by itself after `at`: not paused, not over, and with actions left.
    pub fn acts_after(&self, at: jiff::Timestamp) -> bool {
        !self.paused && self.remaining_actions != Some(0) && self.spec.end.is_none_or(|end| end > at)
    }
}

impl Schedule {
    /// Whether two times are the same one to this schedule, whose jitter differs from cluster to cluster.
    pub fn is_about(&self, a: jiff::Timestamp, b: jiff::Timestamp) -> bool {
        let apart = a.duration_since(b).unsigned_abs();
        apart <= std::time::Duration::from_secs(self.spec.jitter_seconds)
    }
}

/// The calendar part of a schedule, canonical: ranges expanded, duplicates removed, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScheduleSpec {
    /// Structured calendars, each rendered as `sec min hour dom month year dow` with expanded values.
    pub calendars: Vec<String>,
    /// Intervals as seconds `every+phase`.
    pub intervals: Vec<String>,
    /// Excluded calendars in the same form.
    pub excludes: Vec<String>,
    /// First instant.
    pub start: Option<jiff::Timestamp>,
    /// Last instant.
    pub end: Option<jiff::Timestamp>,
    /// Jitter in seconds.
    pub jitter_seconds: u64,
    /// Time zone name, `UTC` when empty.
    pub time_zone: String,
    /// SHA-256 of the time-zone data, when pinned.
    pub time_zone_data: Option<String>,
}

/// What a schedule starts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScheduleAction {
    /// Workflow type.
    pub workflow_type: String,
    /// Workflow id prefix.
    pub workflow_id: String,
    /// Task queue.
    pub task_queue: String,
    /// SHA-256 over the input payloads with their metadata; empty without input.
    pub input_hash: String,
    /// Number of input payloads.
    pub inputs: usize,
    /// Execution, run and task timeouts in seconds.
    pub timeouts: [Option<u64>; 3],
    /// Retry policy in one line, when set.
    pub retry_policy: Option<String>,
    /// Keys of the action's memo with the SHA-256 of each payload.
    pub memo: BTreeMap<String, String>,
    /// Keys of the action's search attributes with the SHA-256 of each payload.
    pub search_attributes: BTreeMap<String, String>,
    /// SHA-256 over the headers; empty without headers.
    pub header_hash: String,
    /// SHA-256 over summary and details that user interfaces show; empty without.
    #[serde(default)]
    pub user_metadata_hash: String,
    /// `auto-upgrade`, or the version the executions are pinned to as `deployment/build`; none without an override.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioning_override: Option<String>,
    /// Priority and fairness of its tasks, when set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

/// Priority and fairness of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Priority {
    /// Smaller is sooner; 0 when not set.
    pub key: i32,
    /// Fairness key; empty when not set.
    pub fairness_key: String,
    /// Fairness weight in thousandths; 0 when not set.
    pub fairness_weight_millis: u64,
}

/// Times in order, kept as runs of equal distance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MatchingTimes {
    /// All times after this instant …
    pub after: jiff::Timestamp,
    /// … up to this one are here.
    pub until: jiff::Timestamp,
    /// The times.
    pub runs: Vec<Run>,
}

/// Times of equal distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Run {
    /// The first.
    pub first: jiff::Timestamp,
    /// Seconds from one to the next.
    pub every: u64,
    /// How many.
    pub count: u32,
}

/// A file may claim any number of times; no server answers with more than this.
const MOST_TIMES: usize = 1000;

impl MatchingTimes {
    /// Times in ascending order, complete between `after` and `until`.
    pub fn new(after: jiff::Timestamp, until: jiff::Timestamp, times: &[jiff::Timestamp]) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for &time in times {
            let joins = |run: &Run| {
                let last = run.nth(run.count - 1)?;
                let gap = time.duration_since(last);
                let every = u64::try_from(gap.as_secs()).ok().filter(|every| *every > 0 && gap.subsec_nanos() == 0)?;
                (run.count == 1 || run.every == every).then_some(every)
            };
            match runs.last_mut().and_then(|run| joins(run).map(|every| (run, every))) {
                Some((run, every)) => (run.every, run.count) = (every, run.count + 1),
                None => runs.push(Run { first: time, every: 0, count: 1 }),
            }
        }
        Self { after, until, runs }
    }

    /// Every time, in order.
    pub fn iter(&self) -> impl Iterator<Item = jiff::Timestamp> {
        self.runs.iter().flat_map(|run| (0..run.count).map_while(|n| run.nth(n))).take(MOST_TIMES)
    }
}

impl Run {
    fn nth(&self, n: u32) -> Option<jiff::Timestamp> {
        let seconds = i64::try_from(self.every.checked_mul(u64::from(n))?).ok()?;
        self.first.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
    }
}

/// Policies after defaulting (server defaults: Skip, one year since 1.21, else 60 s).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SchedulePolicies {
    /// `Skip`, `BufferOne`, `BufferAll`, `CancelOther`, `TerminateOther`, `AllowAll`.
    pub overlap: String,
    /// Catch-up window in seconds.
    pub catchup_seconds: u64,
    /// Pause on failure.
    pub pause_on_failure: bool,
    /// Keep the original workflow id (no time suffix).
    pub keep_original_workflow_id: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_kept_as_runs_and_come_back_whole() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a timestamp");
        let nightly: Vec<jiff::Timestamp> = (20..27)
            // The clocks go back in the night to the 25th.
            .map(|day| at(&format!("2026-10-{day}T0{}:00:00Z", if day < 25 { 0 } else { 1 })))
            .collect();
        let times = MatchingTimes::new(at("2026-10-19T12:00:00Z"), at("2026-10-26T12:00:00Z"), &nightly);
        assert_eq!(times.iter().collect::<Vec<_>>(), nightly);
        assert_eq!(times.runs.iter().map(|r| (r.every, r.count)).collect::<Vec<_>>(), [(86_400, 5), (86_400, 2)]);
        let jittered = [at("2026-10-20T00:00:00.25Z"), at("2026-10-20T00:01:00.5Z"), at("2026-10-20T00:02:00.5Z")];
        let times = MatchingTimes::new(jittered[0], jittered[2], &jittered);
        assert_eq!(times.iter().collect::<Vec<_>>(), jittered);
    }

    #[test]
    fn a_count_in_a_file_cannot_hold_the_run() {
        let first = jiff::Timestamp::MAX - jiff::SignedDuration::from_secs(1);
        let run = |first, every| Run { first, every, count: u32::MAX };
        for runs in [vec![run(jiff::Timestamp::UNIX_EPOCH, 0)], vec![run(first, u64::MAX)], vec![run(first, 1)]] {
            let times = MatchingTimes { runs, ..MatchingTimes::default() };
            assert!((1..=MOST_TIMES).contains(&times.iter().count()));
        }
    }
}
