//! When schedules fire, as the server itself works it out: the proof that two specs that read alike mean the same.

use jiff::{SignedDuration, Timestamp};
use temporalio_protos::temporal::api::workflowservice::v1::ListScheduleMatchingTimesRequest;
use tonic::Code;

use super::ProbeOptions;
use super::client::Client;
use super::failure::Failure;
use super::time;
use crate::facts::cluster::{MatchingTimes, Schedule};
use crate::facts::{Known, Why};

/// How far ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Every schedule costs one call, or two when it is paused. These many are asked, the first by id, so that both
/// sides are asked about the same ones.
const SCHEDULES: usize = 500;
/// More times are never answered at once (server: service/worker/scheduler).
const ANSWERED: usize = 1000;

/// Ask when each schedule fires next, and what a paused one has let pass.
pub(super) async fn read(client: &Client, namespace: &str, known: &mut Known<Vec<Schedule>>, options: &ProbeOptions) {
    let (Known::Known(schedules) | Known::Partial { value: schedules, .. }) = known else { return };
    let number = schedules.len().min(SCHEDULES);
    let ask = Ask { client, namespace };
    let mut stopped: Option<Why> = None;
    for (index, schedule) in schedules.iter_mut().enumerate() {
        if index >= SCHEDULES && stopped.is_none() {
            stopped = Some(Why::new(format!("only the first {SCHEDULES} schedules by id are asked for their times")));
        }
        if let Some(why) = &stopped {
            (schedule.times, schedule.skipped) = (Known::Unknown(why.clone()), Known::Unknown(why.clone()));
            continue;
        }
        options.say(&format!("{namespace}: times of schedule {} of {number}", index + 1));
        let until = options.at.saturating_add(AHEAD).unwrap_or(options.at);
        let answers = (ask.between(&schedule.id, options.at, until).await, ask.skipped(schedule, options.at).await);
        let since_when = schedule.created.is_some() || !schedule.recent.is_empty() || !schedule.paused;
        for failure in [answers.0.as_ref().err(), answers.1.as_ref().err()].into_iter().flatten() {
            // What one schedule is refused, all are.
            if failure.is_final() || matches!(failure.code, Code::PermissionDenied | Code::Unimplemented) {
                stopped = Some(failure.why());
            }
        }
        let known = |answer: Result<MatchingTimes, Failure>| match answer {
            Ok(times) => Known::Known(times),
            Err(failure) => Known::Unknown(failure.why()),
        };
        (schedule.times, schedule.skipped) = (known(answers.0), known(answers.1));
        if !since_when {
            schedule.skipped = Known::unknown("the server tells neither its last action nor when it was created");
        }
    }
}

struct Ask<'a> {
    client: &'a Client,
    namespace: &'a str,
}

impl Ask<'_> {
    async fn between(&self, id: &str, after: Timestamp, until: Timestamp) -> Result<MatchingTimes, Failure> {
        let request = ListScheduleMatchingTimesRequest {
            namespace: self.namespace.to_owned(),
            schedule_id: id.to_owned(),
            start_time: Some(time::proto(after)),
            end_time: Some(time::proto(until)),
        };
        let answer = self.client.list_schedule_matching_times(self.namespace, request).await?;
        let times: Vec<Timestamp> = answer.start_time.iter().filter_map(|t| time::timestamp(Some(t))).collect();
        // A full answer was cut off after its last time.
        let until = times.last().filter(|_| times.len() >= ANSWERED).copied().unwrap_or(until);
        Ok(MatchingTimes::new(after, until, &times))
    }

    /// What a paused schedule matched and let pass: everything after the last action that was taken for a time it
    /// matches. Other actions were triggered by hand and say nothing of the pause.
    async fn skipped(&self, schedule: &Schedule, at: Timestamp) -> Result<MatchingTimes, Failure> {
        let none = MatchingTimes::new(at, at, &[]);
        let just_before = |t: Timestamp| t.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(t);
        let since = schedule.recent.first().copied().map(just_before).or(schedule.created);
        let Some(since) = since.filter(|since| schedule.paused && *since < at) else { return Ok(none) };
        let matched = self.between(&schedule.id, since, at).await?;
        let taken = |time: Timestamp| schedule.recent.iter().any(|recent| schedule.is_about(*recent, time));
        let times: Vec<Timestamp> = matched.iter().collect();
        let last = times.iter().rposition(|time| taken(*time));
        let (after, passed) = match last.map(|n| times.split_at(n + 1)) {
            Some((before, passed)) => (before.last().copied().unwrap_or(since), passed),
            None => (since, times.as_slice()),
        };
        Ok(MatchingTimes::new(after, matched.until, passed))
    }
}
