//! A described schedule in the form two clusters are compared in: defaults filled in, payloads hashed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest as _, Sha256};
use temporalio_protos::temporal::api::common::v1::{self as common, Payload, RetryPolicy};
use temporalio_protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_protos::temporal::api::schedule::v1::{self as proto, schedule_action::Action};
use temporalio_protos::temporal::api::workflow::v1::{
    NewWorkflowExecutionInfo, VersioningOverride, versioning_override,
};
use temporalio_protos::temporal::api::workflowservice::v1::DescribeScheduleResponse;

use super::calendar::{self, Cron};
use super::time;
use crate::facts::cluster::{Priority, Schedule, ScheduleAction, SchedulePolicies, ScheduleSpec};
use crate::probe::certificates::hex;

const DAY: u64 = 86_400;
/// The server announces at most ten coming times.
const NEXT_TIMES: usize = 10;
/// Set by the server itself on the executions behind a schedule.
const SERVER_ATTRIBUTES: &[&str] = &["TemporalNamespaceDivision", "TemporalSchedulePaused"];

/// The canonical form of one schedule; the error is a sentence.
pub(super) fn canonical(id: &str, answer: DescribeScheduleResponse, version: (u32, u32)) -> Result<Schedule, String> {
    let schedule = answer.schedule.unwrap_or_default();
    let info = answer.info.unwrap_or_default();
    let state = schedule.state.unwrap_or_default();
    let action = match schedule.action.unwrap_or_default().action {
        Some(Action::StartWorkflow(start)) => action(start),
        None => return Err("it starts no workflow".into()),
    };
    let mut recent: Vec<_> =
        info.recent_actions.iter().filter_map(|a| time::timestamp(a.schedule_time.as_ref())).collect();
    recent.sort();
    Ok(Schedule {
        id: id.to_owned(),
        spec: spec(&schedule.spec.unwrap_or_default())?,
        action,
        policies: policies(&schedule.policies.unwrap_or_default(), version),
        paused: state.paused,
        notes: state.notes,
        remaining_actions: state.limited_actions.then_some(state.remaining_actions),
        memo: hashes(answer.memo.map(|m| m.fields)),
        search_attributes: attribute_hashes(answer.search_attributes.map(|s| s.indexed_fields)),
        next_times: info.future_action_times.iter().filter_map(|t| time::timestamp(Some(t))).take(NEXT_TIMES).collect(),
        running: info.running_workflows.into_iter().map(|execution| execution.workflow_id).collect(),
        last_action: info.recent_actions.iter().filter_map(|a| time::timestamp(a.actual_time.as_ref())).max(),
        created: time::timestamp(info.create_time.as_ref()),
        actions: u64::try_from(info.action_count).unwrap_or(0),
        recent,
        ..Schedule::default()
    })
}

#[allow(deprecated)] // `exclude_calendar` is what old servers answer
fn spec(spec: &proto::ScheduleSpec) -> Result<ScheduleSpec, String> {
    let mut calendars: BTreeSet<String> = spec.structured_calendar.iter().map(calendar::structured).collect();
    let mut intervals: BTreeSet<(u64, u64)> = spec
        .interval
        .iter()
        .map(|i| (time::seconds(i.interval.as_ref()).unwrap_or(0).max(1), time::seconds(i.phase.as_ref()).unwrap_or(0)))
        .collect();
    for calendar in &spec.calendar {
        calendars.insert(calendar::expressions(calendar)?);
    }
    let mut time_zone = spec.timezone_name.clone();
    for text in &spec.cron_string {
        let (cron, zone) = calendar::cron(text)?;
        match cron {
            Cron::Calendar(calendar) => {
                calendars.insert(calendar);
            }
            Cron::Interval(every, phase) => {
                intervals.insert((every, phase));
            }
        }
        if let Some(zone) = zone {
            time_zone = zone;
        }
    }
    let mut excludes: BTreeSet<String> = spec.exclude_structured_calendar.iter().map(calendar::structured).collect();
    for calendar in &spec.exclude_calendar {
        excludes.insert(calendar::expressions(calendar)?);
    }
    let intervals: BTreeSet<(u64, u64)> = intervals.into_iter().map(|(every, phase)| (every, phase % every)).collect();
    Ok(ScheduleSpec {
        calendars: calendars.into_iter().collect(),
        intervals: intervals.into_iter().map(|(every, phase)| calendar::interval(every, phase)).collect(),
        excludes: excludes.into_iter().collect(),
        start: time::timestamp(spec.start_time.as_ref()),
        end: time::timestamp(spec.end_time.as_ref()),
        jitter_seconds: time::seconds_up(spec.jitter.as_ref()).unwrap_or(0),
        time_zone: if time_zone.is_empty() { "UTC".into() } else { time_zone },
        time_zone_data: (!spec.timezone_data.is_empty()).then(|| hex(&Sha256::digest(&spec.timezone_data))),
    })
}

/// Server defaults: overlap Skip; catch-up one year since 1.21, one minute before; never below ten seconds.
fn policies(policies: &proto::SchedulePolicies, version: (u32, u32)) -> SchedulePolicies {
    let default_catchup = if version >= (1, 21) || version == (0, 0) { 365 * DAY } else { 60 };
    SchedulePolicies {
        overlap: match ScheduleOverlapPolicy::try_from(policies.overlap_policy) {
            Ok(ScheduleOverlapPolicy::BufferOne) => "BufferOne",
            Ok(ScheduleOverlapPolicy::BufferAll) => "BufferAll",
            Ok(ScheduleOverlapPolicy::CancelOther) => "CancelOther",
            Ok(ScheduleOverlapPolicy::TerminateOther) => "TerminateOther",
            Ok(ScheduleOverlapPolicy::AllowAll) => "AllowAll",
            _ => "Skip",
        }
        .to_owned(),
        catchup_seconds: time::seconds(policies.catchup_window.as_ref()).map_or(default_catchup, |s| s.max(10)),
        pause_on_failure: policies.pause_on_failure,
        keep_original_workflow_id: policies.keep_original_workflow_id,
    }
}

fn action(start: NewWorkflowExecutionInfo) -> ScheduleAction {
    let inputs = start.input.unwrap_or_default().payloads;
    let header = hashes(start.header.map(|h| h.fields));
    let duration = |d: Option<prost_wkt_types::Duration>| time::seconds_up(d.as_ref()).filter(|&s| s > 0);
    let metadata = start.user_metadata.unwrap_or_default();
    let shown = [("summary", metadata.summary), ("details", metadata.details)];
    let shown: Vec<String> = shown.iter().filter_map(|(k, p)| Some(format!("{k}={}", hash(p.as_ref()?)))).collect();
    ScheduleAction {
        workflow_type: start.workflow_type.unwrap_or_default().name,
        workflow_id: start.workflow_id,
        task_queue: start.task_queue.unwrap_or_default().name,
        input_hash: if inputs.is_empty() { String::new() } else { digest(inputs.iter().map(hash)) },
        inputs: inputs.len(),
        timeouts: [
            duration(start.workflow_execution_timeout),
            duration(start.workflow_run_timeout),
            duration(start.workflow_task_timeout),
        ],
        retry_policy: start.retry_policy.as_ref().map(retry_policy),
        memo: hashes(start.memo.map(|m| m.fields)),
        search_attributes: attribute_hashes(start.search_attributes.map(|s| s.indexed_fields)),
        header_hash: if header.is_empty() {
            String::new()
        } else {
            digest(header.into_iter().map(|(key, value)| format!("{}:{key}={value}", key.len())))
        },
        user_metadata_hash: if shown.is_empty() { String::new() } else { digest(shown.into_iter()) },
        versioning_override: start.versioning_override.as_ref().and_then(versioning_override),
        priority: start.priority.and_then(priority),
    }
}

#[allow(deprecated)] // servers before 1.30 answer with the old fields
fn versioning_override(given: &VersioningOverride) -> Option<String> {
    use versioning_override::Override;
    match &given.r#override {
        Some(Override::Pinned(pinned)) => {
            let version = pinned.version.clone().unwrap_or_default();
            Some(format!("{}/{}", version.deployment_name, version.build_id))
        }
        Some(Override::AutoUpgrade(_)) => Some("auto-upgrade".to_owned()),
        Some(Override::OneTime(_)) => Some("another version for one task".to_owned()),
        None if !given.pinned_version.is_empty() => Some(given.pinned_version.replacen('.', "/", 1)),
        None => match (given.behavior, &given.deployment) {
            (1, Some(old)) => Some(format!("{}/{}", old.series_name, old.build_id)),
            (2, _) => Some("auto-upgrade".to_owned()),
            _ => None,
        },
    }
}

fn priority(given: common::Priority) -> Option<Priority> {
    let priority = Priority {
        key: given.priority_key,
        fairness_key: given.fairness_key,
        // A weight of less than a thousandth is none.
        fairness_weight_millis: (f64::from(given.fairness_weight) * 1000.0).round() as u64,
    };
    (priority != Priority::default()).then_some(priority)
}

/// Unset parts are shown with the defaults every server uses.
fn retry_policy(policy: &RetryPolicy) -> String {
    let initial = time::millis(policy.initial_interval.as_ref()).filter(|&ms| ms > 0).unwrap_or(1000);
    let coefficient = if policy.backoff_coefficient == 0.0 { 2.0 } else { policy.backoff_coefficient };
    let maximum = time::millis(policy.maximum_interval.as_ref()).filter(|&ms| ms > 0);
    let maximum = maximum.unwrap_or(initial.saturating_mul(100));
    let (initial, maximum) = (initial as f64 / 1000.0, maximum as f64 / 1000.0);
    let attempts = match policy.maximum_attempts {
        0 => "unlimited attempts".to_owned(),
        n => format!("{n} attempts"),
    };
    let mut line = format!("first after {initial} s, times {coefficient}, at most {maximum} s, {attempts}");
    let mut fatal = policy.non_retryable_error_types.clone();
    fatal.sort();
    if !fatal.is_empty() {
        line.push_str(&format!(", never for {}", fatal.join(", ")));
    }
    line
}

fn hashes(fields: Option<HashMap<String, Payload>>) -> BTreeMap<String, String> {
    fields.into_iter().flatten().map(|(key, payload)| (key, hash(&payload))).collect()
}

/// The type a server notes beside the value of a search attribute is left out: types are compared on their own.
fn attribute_hashes(fields: Option<HashMap<String, Payload>>) -> BTreeMap<String, String> {
    fields
        .into_iter()
        .flatten()
        .filter(|(key, _)| !SERVER_ATTRIBUTES.contains(&key.as_str()))
        .map(|(key, mut payload)| {
            payload.metadata.remove("type");
            (key, hash(&payload))
        })
        .collect()
}

/// SHA-256 of a payload with its metadata; every part is preceded by its length, so parts cannot run together.
fn hash(payload: &Payload) -> String {
    let mut state = Sha256::new();
    let mut part = |bytes: &[u8]| {
        state.update((bytes.len() as u64).to_be_bytes());
        state.update(bytes);
    };
    let sorted: BTreeMap<&String, &Vec<u8>> = payload.metadata.iter().collect();
    for (key, value) in sorted {
        part(key.as_bytes());
        part(value);
    }
    part(&payload.data);
    hex(&state.finalize())
}

fn digest(parts: impl Iterator<Item = String>) -> String {
    let mut state = Sha256::new();
    parts.for_each(|part| state.update(part));
    hex(&state.finalize())
}

#[cfg(test)]
mod tests {
    use temporalio_protos::temporal::api::common::v1::{Memo, Payloads, SearchAttributes, WorkflowType};

    use super::*;

    fn seconds(seconds: i64) -> Option<prost_wkt_types::Duration> {
        Some(prost_wkt_types::Duration { seconds, nanos: 0 })
    }

    fn payload(encoding: &str, data: &[u8]) -> Payload {
        Payload {
            metadata: HashMap::from([("encoding".to_owned(), encoding.as_bytes().to_vec())]),
            data: data.to_vec(),
            ..Default::default()
        }
    }

    #[test]
    fn policies_are_defaulted_as_the_server_of_that_version_does() {
        let unset = proto::SchedulePolicies::default();
        for (version, catchup) in
            [((1, 17), 60), ((1, 20), 60), ((1, 21), 365 * DAY), ((1, 32), 365 * DAY), ((0, 0), 365 * DAY)]
        {
            let found = policies(&unset, version);
            assert_eq!((found.overlap.as_str(), found.catchup_seconds), ("Skip", catchup), "{version:?}");
        }
        let short = proto::SchedulePolicies {
            catchup_window: seconds(3),
            overlap_policy: ScheduleOverlapPolicy::TerminateOther as i32,
            ..Default::default()
        };
        let found = policies(&short, (1, 32));
        assert_eq!((found.overlap.as_str(), found.catchup_seconds), ("TerminateOther", 10));
    }

    #[test]
    fn every_way_to_write_a_spec_has_one_form() {
        let by_cron = proto::ScheduleSpec {
            cron_string: vec![
                "CRON_TZ=Europe/Berlin 0 2 * * mon-fri".into(),
                "CRON_TZ=Europe/Berlin @every 1h/61m".into(),
            ],
            ..Default::default()
        };
        let by_calendar = proto::ScheduleSpec {
            calendar: vec![proto::CalendarSpec { hour: "2".into(), day_of_week: "1-5".into(), ..Default::default() }],
            interval: vec![
                proto::IntervalSpec { interval: seconds(3600), phase: seconds(60) },
                proto::IntervalSpec { interval: seconds(3600), phase: seconds(3660) },
            ],
            timezone_name: "Europe/Berlin".into(),
            ..Default::default()
        };
        let (cron, calendar) = (spec(&by_cron).unwrap(), spec(&by_calendar).unwrap());
        assert_eq!(cron, calendar);
        assert_eq!(cron.calendars, ["0 0 2 * * * 1,2,3,4,5"]);
        assert_eq!(cron.intervals, ["3600+60"]);
        assert_eq!(spec(&proto::ScheduleSpec::default()).unwrap().time_zone, "UTC");
        let broken = proto::ScheduleSpec { cron_string: vec!["soon".into()], ..Default::default() };
        assert!(spec(&broken).unwrap_err().contains("`soon`"));
    }

    #[test]
    fn inputs_are_compared_by_hash_and_never_kept() {
        let start = |input: Vec<Payload>| NewWorkflowExecutionInfo {
            workflow_type: Some(WorkflowType { name: "Settle".into() }),
            input: Some(Payloads { payloads: input }),
            ..Default::default()
        };
        let a = action(start(vec![payload("json/plain", b"\"secret\"")]));
        assert_eq!(a, action(start(vec![payload("json/plain", b"\"secret\"")])));
        assert_ne!(a.input_hash, action(start(vec![payload("binary/encrypted", b"\"secret\"")])).input_hash);
        assert_ne!(a.input_hash, action(start(vec![payload("json/plain", b"\"other\"")])).input_hash);
        assert_eq!((a.inputs, action(start(vec![])).input_hash.as_str()), (1, ""));
        assert!(!serde_json::to_string(&a).unwrap().contains("secret"));
    }

    #[test]
    fn a_whole_schedule_keeps_what_matters() {
        let mut attribute = payload("json/plain", b"\"m-1\"");
        attribute.metadata.insert("type".into(), b"Keyword".to_vec());
        let answer = DescribeScheduleResponse {
            schedule: Some(proto::Schedule {
                action: Some(proto::ScheduleAction {
                    action: Some(Action::StartWorkflow(NewWorkflowExecutionInfo {
                        retry_policy: Some(RetryPolicy { maximum_attempts: 3, ..Default::default() }),
                        workflow_run_timeout: seconds(90),
                        ..Default::default()
                    })),
                }),
                state: Some(proto::ScheduleState {
                    notes: "moved by operations".into(),
                    paused: true,
                    limited_actions: true,
                    remaining_actions: 0,
                }),
                ..Default::default()
            }),
            memo: Some(Memo { fields: HashMap::from([("owner".into(), payload("json/plain", b"1"))]) }),
            search_attributes: Some(SearchAttributes {
                indexed_fields: HashMap::from([
                    ("MerchantId".into(), attribute),
                    ("TemporalNamespaceDivision".into(), payload("json/plain", b"\"TemporalScheduler\"")),
                ]),
            }),
            ..Default::default()
        };
        let schedule = canonical("nightly", answer, (1, 32)).unwrap();
        assert!(schedule.paused);
        assert_eq!(schedule.remaining_actions, Some(0));
        assert_eq!(schedule.action.timeouts, [None, Some(90), None]);
        assert_eq!(
            schedule.action.retry_policy.as_deref(),
            Some("first after 1 s, times 2, at most 100 s, 3 attempts")
        );
        assert_eq!(schedule.search_attributes.keys().collect::<Vec<_>>(), ["MerchantId"]);
        assert_eq!(schedule.search_attributes["MerchantId"], hash(&payload("json/plain", b"\"m-1\"")));
        assert_eq!(schedule.memo.len(), 1);
        assert!(canonical("empty", DescribeScheduleResponse::default(), (1, 32)).is_err());
    }
}
