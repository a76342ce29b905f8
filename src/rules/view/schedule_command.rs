//! The `temporal schedule create` or `update` command that rebuilds a schedule, and what it cannot carry.

use crate::facts::cluster::Schedule;

use crate::rules::shell::word as arg;

/// Arguments a printed command has at most.
const MOST_INPUTS: usize = 50;

/// Flags of `temporal schedule create` (CLI 1.2 and newer) for this schedule, without connection flags.
///
/// Inputs, memo values and search attribute values are not in a snapshot, only their hashes: they appear
/// as placeholders for a person to fill in.
pub fn flags(schedule: &Schedule, paused: bool) -> String {
    let mut all: Vec<String> = vec![format!("--schedule-id {}", arg(&schedule.id))];
    let mut flag = |name: &str, value: &str| all.push(format!("--{name} {}", arg(value)));
    let (spec, action, policies) = (&schedule.spec, &schedule.action, &schedule.policies);
    flag("type", &action.workflow_type);
    flag("task-queue", &action.task_queue);
    if !action.workflow_id.is_empty() {
        flag("workflow-id", &action.workflow_id);
    }
    for calendar in &spec.calendars {
        flag("calendar", &calendar_json(calendar));
    }
    for interval in &spec.intervals {
        flag("interval", &interval_text(interval));
    }
    if !spec.time_zone.is_empty() && spec.time_zone != "UTC" {
        flag("time-zone", &spec.time_zone);
    }
    if let Some(start) = spec.start {
        flag("start-time", &start.to_string());
    }
    if let Some(end) = spec.end {
        flag("end-time", &end.to_string());
    }
    if spec.jitter_seconds > 0 {
        flag("jitter", &format!("{}s", spec.jitter_seconds));
    }
    if !policies.overlap.is_empty() {
        flag("overlap-policy", &policies.overlap);
    }
    flag("catchup-window", &format!("{}s", policies.catchup_seconds));
    if let Some(n) = schedule.remaining_actions.filter(|n| *n > 0) {
        flag("remaining-actions", &n.to_string());
    }
    if !schedule.notes.is_empty() {
        flag("notes", &schedule.notes);
    }
    let [execution, run, task] = action.timeouts;
    for (name, seconds) in [("execution-timeout", execution), ("run-timeout", run)] {
        if let Some(seconds) = seconds {
            flag(name, &format!("{seconds}s"));
        }
    }
    if let Some(priority) = &action.priority {
        if priority.key != 0 {
            flag("priority-key", &priority.key.to_string());
        }
        if !priority.fairness_key.is_empty() {
            flag("fairness-key", &priority.fairness_key);
        }
        if priority.fairness_weight_millis > 0 {
            flag("fairness-weight", &(priority.fairness_weight_millis as f64 / 1000.0).to_string());
        }
    }
    // The CLI sets ten seconds unless told otherwise; zero leaves the server's default.
    flag("task-timeout", &format!("{}s", task.unwrap_or(0)));
    // The number is read from a file: a line with more arguments than this helps nobody.
    for n in 1..=action.inputs.min(MOST_INPUTS) {
        flag("input", &format!("<argument {n} as JSON>"));
    }
    let values = |name: &str, keys: Vec<&String>, all: &mut Vec<String>| {
        all.extend(keys.into_iter().map(|k| format!("--{name} {}", arg(&format!("{k}=<value as JSON>")))));
    };
    values("memo", action.memo.keys().collect(), &mut all);
    values("search-attribute", action.search_attributes.keys().collect(), &mut all);
    if policies.pause_on_failure {
        all.push("--pause-on-failure".to_owned());
    }
    if paused {
        all.push("--paused".to_owned());
    }
    all.join(" ")
}

/// Flags only `create` has: `update` lost them in CLI 1.6.1.
pub fn create_only_flags(schedule: &Schedule) -> String {
    let memo = schedule.memo.keys().map(|k| ("schedule-memo", k));
    let attributes = schedule.search_attributes.keys().map(|k| ("schedule-search-attribute", k));
    memo.chain(attributes)
        .filter(|(_, key)| !key.starts_with("Temporal"))
        .map(|(flag, key)| format!(" --{flag} {}", arg(&format!("{key}=<value as JSON>"))))
        .collect()
}

/// What a person has to fill in, because a snapshot holds hashes only.
pub fn to_fill_in(schedule: &Schedule) -> Vec<String> {
    let mut all = Vec::new();
    let mut some = |n: usize, what: &str| {
        if n > 0 {
            all.push(super::words::count(n as u64, what));
        }
    };
    some(schedule.action.inputs, "argument");
    some(schedule.action.memo.len() + schedule.memo.len(), "memo value");
    let server_set = schedule.search_attributes.keys().filter(|k| k.starts_with("Temporal")).count();
    let attributes = schedule.action.search_attributes.len() + schedule.search_attributes.len() - server_set;
    some(attributes, "search attribute value");
    all
}

/// What the CLI has no flag for; only an API client carries it over.
pub fn beyond_the_cli(schedule: &Schedule) -> Vec<String> {
    let mut all = Vec::new();
    let mut unless = |fine: bool, what: &str| {
        if !fine {
            all.push(what.to_owned());
        }
    };
    unless(schedule.spec.excludes.is_empty(), "excluded calendars");
    unless(schedule.spec.time_zone_data.is_none(), "pinned time-zone data");
    unless(schedule.action.retry_policy.is_none(), "the retry policy");
    unless(schedule.action.header_hash.is_empty(), "workflow headers");
    unless(schedule.action.user_metadata_hash.is_empty(), "summary and details (their hash only is known here)");
    unless(schedule.action.versioning_override.is_none(), "the versioning override");
    unless(!schedule.policies.keep_original_workflow_id, "keeping the original workflow id");
    unless(schedule.remaining_actions != Some(0), "no actions left (zero means unlimited to the CLI)");
    all
}

/// `0 0 2 * * * 1,2,3` → the JSON that `--calendar` takes, without fields at their default.
fn calendar_json(calendar: &str) -> String {
    const FIELDS: [(&str, &str); 7] = [
        ("second", "0"),
        ("minute", "0"),
        ("hour", "0"),
        ("dayOfMonth", "*"),
        ("month", "*"),
        ("year", "*"),
        ("dayOfWeek", "*"),
    ];
    let fields: Vec<String> = FIELDS
        .iter()
        .zip(calendar.split_whitespace())
        .map(|((name, default), value)| (*name, *default, ranges(name, value)))
        .filter(|(_, default, value)| value != default)
        .map(|(name, _, value)| format!("\"{name}\":\"{value}\""))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// `1,2,3,5` → `1-3,5`; every value of the field → `*`. Other notations pass through.
fn ranges(field: &str, values: &str) -> String {
    let Some(mut numbers) = values.split(',').map(|v| v.parse::<u32>().ok()).collect::<Option<Vec<_>>>() else {
        return values.to_owned();
    };
    numbers.sort_unstable();
    numbers.dedup();
    let full = match field {
        "second" | "minute" => 60,
        "hour" => 24,
        "dayOfMonth" => 31,
        "month" => 12,
        "dayOfWeek" => 7,
        _ => usize::MAX,
    };
    if numbers.len() >= full {
        return "*".to_owned();
    }
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for n in numbers {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == n => *end = n,
            _ => runs.push((n, n)),
        }
    }
    let text = |(a, b): &(u32, u32)| match b - a {
        0 => a.to_string(),
        1 => format!("{a},{b}"),
        _ => format!("{a}-{b}"),
    };
    runs.iter().map(text).collect::<Vec<_>>().join(",")
}

/// `21600+3600` → `21600s/3600s`.
fn interval_text(interval: &str) -> String {
    match interval.split_once('+') {
        Some((every, "0")) => format!("{every}s"),
        Some((every, phase)) => format!("{every}s/{phase}s"),
        None => format!("{interval}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendars_become_short_json() {
        assert_eq!(calendar_json("0 0 2 * * * *"), r#"{"hour":"2"}"#);
        let weekdays = "0 30 6,7,8,9 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31 \
                        1,2,3,4,5,6,7,8,9,10,11,12 * 1,2,3,4,5";
        assert_eq!(calendar_json(weekdays), r#"{"minute":"30","hour":"6-9","dayOfWeek":"1-5"}"#);
    }

    #[test]
    fn a_number_in_a_file_cannot_hold_the_run() {
        let text = r#"{"id":"a","spec":{"calendars":[],"intervals":[],"excludes":[],"start":null,"end":null,"jitter_seconds":0,
            "time_zone":"UTC","time_zone_data":null},"action":{"workflow_type":"W","workflow_id":"","task_queue":"q","input_hash":"",
            "inputs":4294967296,"timeouts":[null,null,null],"retry_policy":null,"memo":{},"search_attributes":{},"header_hash":""},
            "policies":{"overlap":"Skip","catchup_seconds":60,"pause_on_failure":false,"keep_original_workflow_id":false},"paused":true,
            "notes":"","remaining_actions":null,"memo":{},"search_attributes":{},"next_times":[],"running":[],"last_action":null}"#;
        let schedule: Schedule = serde_json::from_str(text).expect("a schedule");
        assert_eq!(flags(&schedule, true).matches("--input").count(), MOST_INPUTS);
    }

    #[test]
    fn intervals_become_durations() {
        assert_eq!(interval_text("21600+3600"), "21600s/3600s");
        assert_eq!(interval_text("60+0"), "60s");
    }
}
