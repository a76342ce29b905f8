//! Schedules in canonical form: missing, different, active on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{NamespacePair, Pair};
use crate::facts::cluster::{MatchingTimes, Schedule};
use crate::facts::{Known, Locus};

/// A schedule that is not the same on both sides, or that fires on both.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ScheduleChange {
    /// Where.
    #[serde(flatten)]
    pub pair: Pair,
    /// What is the matter.
    pub change: ScheduleKind,
    /// Schedule id.
    pub id: String,
    /// The source's schedule.
    #[serde(skip)]
    pub source: Option<Schedule>,
    /// The target's schedule.
    #[serde(skip)]
    pub target: Option<Schedule>,
    /// For [`ScheduleKind::Differs`]: what differs.
    pub differences: Vec<FieldDifference>,
    /// What both clusters answered.
    pub loci: Vec<Locus>,
}

/// What is the matter with a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// On the source only.
    MissingOnTarget,
    /// On the target only.
    OnlyOnTarget,
    /// On both, and able to start executions on both: every action runs twice.
    BothUnpaused,
    /// On both, with different content.
    Differs,
}

/// One field of a schedule with both values, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FieldDifference {
    /// Such as `spec.calendars` or `policies.catchup_window`.
    pub field: String,
    /// Value on the source.
    pub source: String,
    /// Value on the target.
    pub target: String,
}

pub(super) fn changes(halves: &NamespacePair<'_>) -> Known<Vec<ScheduleChange>> {
    let (source, target) = (&halves.source, &halves.target);
    let lists = source
        .known("schedules", &source.namespace.schedules)
        .zip(target.known("schedules", &target.namespace.schedules));
    lists.map(|(left, right)| {
        let left: BTreeMap<_, _> = left.iter().map(|s| (s.id.as_str(), s)).collect();
        let right: BTreeMap<_, _> = right.iter().map(|s| (s.id.as_str(), s)).collect();
        let ids: BTreeSet<&str> = left.keys().chain(right.keys()).copied().collect();
        let mut all = Vec::new();
        for id in ids {
            let (on_source, on_target) = (left.get(id).copied(), right.get(id).copied());
            let resource = format!("schedule {id}");
            let rpc = |s: Option<&Schedule>| if s.is_some() { "DescribeSchedule" } else { "ListSchedules" };
            let mut push = |change, differences| {
                all.push(ScheduleChange {
                    pair: halves.pair.clone(),
                    change,
                    id: id.to_owned(),
                    source: on_source.cloned(),
                    target: on_target.cloned(),
                    differences,
                    loci: vec![
                        source.locus(resource.clone(), rpc(on_source)),
                        target.locus(resource.clone(), rpc(on_target)),
                    ],
                });
            };
            match (on_source, on_target) {
                (Some(_), None) => push(ScheduleKind::MissingOnTarget, vec![]),
                (None, Some(_)) => push(ScheduleKind::OnlyOnTarget, vec![]),
                (Some(a), Some(b)) => {
                    if a.acts_after(source.cluster.taken_at) && b.acts_after(target.cluster.taken_at) {
                        push(ScheduleKind::BothUnpaused, vec![]);
                    }
                    let differences = differences(a, b);
                    if !differences.is_empty() {
                        push(ScheduleKind::Differs, differences);
                    }
                }
                (None, None) => {}
            }
        }
        all
    })
}

/// Search attributes the server itself puts on a schedule.
const SERVER_SET: [&str; 2] = ["TemporalNamespaceDivision", "TemporalSchedulePaused"];

/// The paused state is not content: it differs on purpose during a move. Notes are compared only when neither
/// side was paused by hand, because pausing overwrites them.
fn differences(a: &Schedule, b: &Schedule) -> Vec<FieldDifference> {
    let mut all = Vec::new();
    let mut field = |field: &str, source: String, target: String| {
        if source != target {
            all.push(FieldDifference { field: field.to_owned(), source, target });
        }
    };
    let list = |values: &[String]| {
        let sorted: BTreeSet<&str> = values.iter().map(String::as_str).collect();
        if sorted.is_empty() { "none".to_owned() } else { sorted.into_iter().collect::<Vec<_>>().join("; ") }
    };
    let time = |t: &Option<Timestamp>| t.map_or("none".to_owned(), |t| t.to_string());
    let seconds = |s: Option<u64>| s.map_or("default".to_owned(), |s| format!("{s}s"));
    let hash = |h: &str| if h.is_empty() { "none".to_owned() } else { format!("sha256:{}", first(h, 12)) };
    let map = |m: &BTreeMap<String, String>| {
        let entries: Vec<String> = m
            .iter()
            .filter(|(k, _)| !SERVER_SET.contains(&k.as_str()))
            .map(|(k, v)| format!("{k}=sha256:{}", first(v, 12)))
            .collect();
        if entries.is_empty() { "none".to_owned() } else { entries.join(", ") }
    };
    let zone = |z: &str| if z.is_empty() { "UTC".to_owned() } else { z.to_owned() };

    field("spec.calendars", list(&a.spec.calendars), list(&b.spec.calendars));
    field("spec.intervals", list(&a.spec.intervals), list(&b.spec.intervals));
    field("spec.excludes", list(&a.spec.excludes), list(&b.spec.excludes));
    field("spec.start_time", time(&a.spec.start), time(&b.spec.start));
    field("spec.end_time", time(&a.spec.end), time(&b.spec.end));
    field("spec.jitter", format!("{}s", a.spec.jitter_seconds), format!("{}s", b.spec.jitter_seconds));
    field("spec.time_zone", zone(&a.spec.time_zone), zone(&b.spec.time_zone));
    let zone_data = |d: &Option<String>| hash(d.as_deref().unwrap_or_default());
    field("spec.time_zone_data", zone_data(&a.spec.time_zone_data), zone_data(&b.spec.time_zone_data));
    field("action.workflow_type", a.action.workflow_type.clone(), b.action.workflow_type.clone());
    field("action.workflow_id", a.action.workflow_id.clone(), b.action.workflow_id.clone());
    field("action.task_queue", a.action.task_queue.clone(), b.action.task_queue.clone());
    let input = |s: &Schedule| format!("{} payloads, {}", s.action.inputs, hash(&s.action.input_hash));
    field("action.input", input(a), input(b));
    for (name, source, target) in [
        ("action.execution_timeout", a.action.timeouts[0], b.action.timeouts[0]),
        ("action.run_timeout", a.action.timeouts[1], b.action.timeouts[1]),
        ("action.task_timeout", a.action.timeouts[2], b.action.timeouts[2]),
    ] {
        field(name, seconds(source), seconds(target));
    }
    let text = |t: &Option<String>| t.clone().unwrap_or_else(|| "none".to_owned());
    field("action.retry_policy", text(&a.action.retry_policy), text(&b.action.retry_policy));
    field("action.memo", map(&a.action.memo), map(&b.action.memo));
    field("action.search_attributes", map(&a.action.search_attributes), map(&b.action.search_attributes));
    field("action.header", hash(&a.action.header_hash), hash(&b.action.header_hash));
    field("action.user_metadata", hash(&a.action.user_metadata_hash), hash(&b.action.user_metadata_hash));
    field("action.versioning_override", text(&a.action.versioning_override), text(&b.action.versioning_override));
    field("action.priority", priority(a), priority(b));
    field("policies.overlap", a.policies.overlap.clone(), b.policies.overlap.clone());
    let catchup = |s: &Schedule| format!("{}s", s.policies.catchup_seconds);
    field("policies.catchup_window", catchup(a), catchup(b));
    let flag = |f: bool| f.to_string();
    field("policies.pause_on_failure", flag(a.policies.pause_on_failure), flag(b.policies.pause_on_failure));
    let keep = |s: &Schedule| s.policies.keep_original_workflow_id.to_string();
    field("policies.keep_original_workflow_id", keep(a), keep(b));
    let left = |r: Option<i64>| r.map_or("unlimited".to_owned(), |r| r.to_string());
    field("state.remaining_actions", left(a.remaining_actions), left(b.remaining_actions));
    if !a.paused && !b.paused {
        field("state.notes", a.notes.clone(), b.notes.clone());
    }
    field("memo", map(&a.memo), map(&b.memo));
    field("search_attributes", map(&a.search_attributes), map(&b.search_attributes));
    if let (Some(on_source), Some(on_target)) = (a.times.value(), b.times.value()) {
        let tolerance = Duration::from_secs(a.spec.jitter_seconds.max(b.spec.jitter_seconds));
        let (only_source, only_target) = only_on_one(on_source, on_target, tolerance);
        field("times", moments(&only_source), moments(&only_target));
    }
    all
}

fn priority(schedule: &Schedule) -> String {
    let Some(p) = &schedule.action.priority else { return "none".to_owned() };
    let weight = p.fairness_weight_millis as f64 / 1000.0;
    format!(
        "key {}, fairness {} of weight {weight}",
        p.key,
        if p.fairness_key.is_empty() { "none" } else { &p.fairness_key }
    )
}

/// The times of each side that the other lacks, among those that both servers were asked about. Every cluster adds
/// a jitter of its own, so times within it are the same.
fn only_on_one(a: &MatchingTimes, b: &MatchingTimes, jitter: Duration) -> (Vec<Timestamp>, Vec<Timestamp>) {
    let (after, until) = (a.after.max(b.after), a.until.min(b.until));
    // Near the ends, the counterpart of a time may have been moved beyond them.
    let near_end = |t: Timestamp| {
        t.duration_since(after) <= SignedDuration::ZERO
            || t.duration_since(after).unsigned_abs() <= jitter
            || until.duration_since(t).is_negative()
            || (!jitter.is_zero() && until.duration_since(t).unsigned_abs() <= jitter)
    };
    let lacks = |these: &MatchingTimes, those: &MatchingTimes| {
        let those: BTreeSet<Timestamp> = those.iter().collect();
        let same = |t: Timestamp| {
            let (Ok(from), Ok(to)) = (t.saturating_sub(jitter), t.saturating_add(jitter)) else { return false };
            those.range(from..=to).next().is_some()
        };
        these.iter().filter(|t| !near_end(*t) && !same(*t)).collect::<Vec<_>>()
    };
    (lacks(a, b), lacks(b, a))
}

/// The first of some times, for a person to check.
fn moments(times: &[Timestamp]) -> String {
    match times {
        [] => "none of its own".to_owned(),
        [one] => format!("{one} of its own"),
        [first, rest @ ..] => format!("{first} and {} more of its own", rest.len()),
    }
}

fn first(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(after: &str, until: &str, times: &[&str]) -> MatchingTimes {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        MatchingTimes::new(at(after), at(until), &times.iter().map(|t| at(t)).collect::<Vec<_>>())
    }

    #[test]
    fn only_times_both_servers_were_asked_about_are_compared() {
        let source =
            times("2026-12-01T00:00:00Z", "2026-12-03T00:00:00Z", &["2026-12-01T02:00:00Z", "2026-12-02T02:00:00Z"]);
        // Asked a day later.
        let target =
            times("2026-12-02T00:00:00Z", "2026-12-04T00:00:00Z", &["2026-12-02T02:00:00Z", "2026-12-03T02:00:00Z"]);
        assert_eq!(only_on_one(&source, &target, Duration::ZERO), (vec![], vec![]));
        let summer =
            times("2026-12-02T00:00:00Z", "2026-12-04T00:00:00Z", &["2026-12-02T03:00:00Z", "2026-12-03T03:00:00Z"]);
        let (here, there) = only_on_one(&source, &summer, Duration::ZERO);
        assert_eq!(
            (moments(&here), moments(&there)),
            ("2026-12-02T02:00:00Z of its own".to_owned(), "2026-12-02T03:00:00Z of its own".to_owned())
        );
        let later = times("2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z", &["2027-01-01T09:00:00Z"]);
        assert_eq!(only_on_one(&source, &later, Duration::ZERO), (vec![], vec![]));
    }

    #[test]
    fn every_cluster_has_its_own_jitter() {
        let (after, until) = ("2026-12-01T00:00:00Z", "2026-12-01T03:00:00Z");
        let source = times(after, until, &["2026-12-01T00:00:10Z", "2026-12-01T01:00:10Z", "2026-12-01T02:00:10Z"]);
        let target = times(after, until, &["2026-12-01T00:00:50Z", "2026-12-01T01:00:50Z", "2026-12-01T02:00:05Z"]);
        assert_eq!(only_on_one(&source, &target, Duration::from_secs(60)), (vec![], vec![]));
        assert_eq!(only_on_one(&source, &target, Duration::from_secs(20)).0.len(), 1);
    }
}
