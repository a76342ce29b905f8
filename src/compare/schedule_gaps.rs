//! What fell into the gap between pausing a schedule on the source and resuming it on the target.
//!
//! A server never makes up for time a schedule spent paused: what was due then is lost unless it is backfilled.

use jiff::Timestamp;
use serde::Serialize;

use super::{NamespacePair, Pair};
use crate::facts::cluster::Schedule;
use crate::facts::{Known, Locus};

/// Times a schedule was due at and neither cluster acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ScheduleGap {
    /// Where.
    #[serde(flatten)]
    pub pair: Pair,
    /// Schedule id.
    pub id: String,
    /// Whether the times are lost, or may have been backfilled without a trace.
    pub verdict: GapVerdict,
    /// Whether the schedule is still paused on the target, too.
    pub both_paused: bool,
    /// How many times; at least these many when the server was not asked about more.
    pub missed: usize,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// What both clusters answered.
    pub loci: Vec<Locus>,
}

/// What is known of the times in a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GapVerdict {
    /// No action of the target was taken for them.
    Lost,
    /// The target has acted more often than it remembers.
    Unclear,
}

/// The gaps of schedules that are paused on the source and exist on the target.
pub(super) fn gaps(halves: &NamespacePair<'_>) -> Known<Vec<ScheduleGap>> {
    let (source, target) = (&halves.source, &halves.target);
    let lists = source
        .known("schedules", &source.namespace.schedules)
        .zip(target.known("schedules", &target.namespace.schedules));
    lists.and_then(|(left, right)| {
        let paused = left.iter().filter(|s| s.paused);
        let pairs = paused.filter_map(|s| Some((s, right.iter().find(|t| t.id == s.id)?)));
        Known::concat(pairs.map(|(on_source, on_target)| {
            let what = format!("what schedule {} let pass while paused", on_source.id);
            source.known(&what, &on_source.skipped).map(|skipped| {
                let due: Vec<Timestamp> = skipped.iter().collect();
                let (verdict, missed) = missed(&due, on_target);
                let resource = format!("schedule {}", on_source.id);
                let gap = missed.first().zip(missed.last()).map(|(first, last)| ScheduleGap {
                    pair: halves.pair.clone(),
                    id: on_source.id.clone(),
                    verdict,
                    both_paused: on_target.paused,
                    missed: missed.len(),
                    first: *first,
                    last: *last,
                    loci: vec![
                        source.locus(resource.clone(), "ListScheduleMatchingTimes"),
                        target.locus(resource, "DescribeSchedule"),
                    ],
                });
                gap.into_iter().collect()
            })
        }))
    })
}

/// The due times for which the target took no action.
fn missed(due: &[Timestamp], target: &Schedule) -> (GapVerdict, Vec<Timestamp>) {
    let remembers_all = target.actions <= target.recent.len() as u64;
    let untaken = |t: &Timestamp| !target.recent.iter().any(|recent| target.is_about(*recent, *t));
    let open: Vec<Timestamp> = match target.recent.first() {
        // From its first action on, the target does what is due, or skips it by its overlap policy.
        Some(first) if !target.paused => due.iter().filter(|t| *t < first).copied().filter(untaken).collect(),
        _ => due.iter().copied().filter(untaken).collect(),
    };
    (if remembers_all { GapVerdict::Lost } else { GapVerdict::Unclear }, open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u8) -> Timestamp {
        format!("2026-12-01T{hour:02}:00:00Z").parse().unwrap()
    }

    fn target(paused: bool, actions: u64, recent: &[u8]) -> Schedule {
        Schedule { paused, actions, recent: recent.iter().map(|h| at(*h)).collect(), ..Schedule::default() }
    }

    #[test]
    fn what_was_due_before_the_target_began_is_lost_unless_backfilled() {
        let due = [at(1), at(2), at(3), at(4)];
        for (target, verdict, lost) in [
            (target(true, 0, &[]), GapVerdict::Lost, &due[..]),
            (target(false, 0, &[]), GapVerdict::Lost, &due[..]),
            (target(false, 2, &[3, 4]), GapVerdict::Lost, &due[..2]),
            (target(false, 4, &[1, 2, 3, 4]), GapVerdict::Lost, &[]),
            (target(true, 2, &[1, 2]), GapVerdict::Lost, &due[2..]),
            (target(false, 50, &[3, 4]), GapVerdict::Unclear, &due[..2]),
        ] {
            assert_eq!(missed(&due, &target), (verdict, lost.to_vec()), "{target:?}");
        }
    }
}
