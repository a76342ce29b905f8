//! Schedules of both sides, part by part.

use std::collections::{BTreeMap, BTreeSet};

use super::super::mark::Mark;
use super::super::table::{Cell, Table};
use super::{Pair, gaps, presence, sides, worst_first};
use crate::facts::cluster::{Schedule, ScheduleSpec};
use crate::render::text::{duration, plural, shorten};

/// Every schedule with what it does on each side; those that need attention first.
pub(super) fn table(pairs: &[Pair]) -> Table {
    let mut rows = Vec::new();
    for p in pairs.iter().filter(|p| p.target_name.is_some()) {
        let (source, target) = sides(p, |n| &n.schedules);
        let ids: BTreeSet<&str> = source.into_iter().chain(target).flatten().map(|s| s.id.as_str()).collect();
        for id in ids {
            let of = |side: Option<&'_ Vec<Schedule>>| side.and_then(|s| s.iter().find(|s| s.id == id).cloned());
            let (a, b) = (of(source), of(target));
            let state = presence(source.is_some(), target.is_some(), a.is_some(), b.is_some());
            let state = match (state, &a, &b) {
                (None, Some(a), Some(b)) => both(a, b),
                (state, ..) => state.unwrap_or_default(),
            };
            let differences = a.as_ref().zip(b.as_ref()).map(|(a, b)| differences(a, b)).unwrap_or_default();
            let of_source: Vec<_> = differences.iter().map(|(name, value, _)| (*name, value.as_str())).collect();
            let of_target: Vec<_> = differences.iter().map(|(name, _, value)| (*name, value.as_str())).collect();
            rows.push(vec![
                Cell::code(id).sub(p.label()),
                schedule(a.as_ref(), &of_source),
                schedule(b.as_ref(), &of_target),
                state,
            ]);
        }
    }
    Table::new("compare-schedules", "Schedules", &["Schedule", "On source", "On target", "State"], worst_first(rows))
        .gap(gaps(pairs, |n| &n.schedules))
        .empty("Neither side has schedules.")
}

fn both(a: &Schedule, b: &Schedule) -> Cell {
    let differences = differences(a, b);
    let cell = match (a.paused, b.paused, differences.is_empty()) {
        (false, false, _) => Cell::mark(Mark::Failed, "active on both"),
        (_, _, false) => Cell::mark(Mark::Attention, "differs"),
        (true, true, true) => Cell::mark(Mark::Attention, "paused on both"),
        (_, _, true) => Cell::mark(Mark::Ok, "same, one active"),
    };
    cell.sub(if differences.is_empty() { String::new() } else { format!("differs in: {}", names(&differences)) })
}

/// The parts in which two schedules differ, pausing apart: name, on source, on target.
fn differences(a: &Schedule, b: &Schedule) -> Vec<(&'static str, String, String)> {
    let (a, b) = (parts(a), parts(b));
    a.into_iter().zip(b).filter(|(a, b)| a.1 != b.1).map(|((name, a), (_, b))| (name, a, b)).collect()
}

/// Everything that makes a schedule what it is, in words; hashes stand for what is not kept.
fn parts(s: &Schedule) -> Vec<(&'static str, String)> {
    let (spec, action, policies) = (&s.spec, &s.action, &s.policies);
    let all = |texts: &[String]| texts.join("; ");
    let instant = |at: Option<jiff::Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    let seconds = |s: Option<u64>| s.map_or_else(|| "–".to_owned(), exact);
    let map = |map: &BTreeMap<String, String>| {
        map.iter().map(|(key, hash)| format!("{key} {hash}")).collect::<Vec<_>>().join(", ")
    };
    let [execution, run, task] = action.timeouts.map(seconds);
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    vec![
        ("calendar", all(&spec.calendars)),
        ("excluded", all(&spec.excludes)),
        ("interval", spec.intervals.iter().map(|i| interval(i, exact)).collect::<Vec<_>>().join("; ")),
        ("start", instant(spec.start)),
        ("end", instant(spec.end)),
        ("jitter", exact(spec.jitter_seconds)),
        ("time zone", zone(spec).to_owned()),
        ("time zone data", spec.time_zone_data.clone().unwrap_or_default()),
        ("workflow type", action.workflow_type.clone()),
        ("workflow id", action.workflow_id.clone()),
        ("task queue", action.task_queue.clone()),
        ("input", action.input_hash.clone()),
        ("timeouts", format!("execution {execution}, run {run}, task {task}")),
        ("retry policy", action.retry_policy.clone().unwrap_or_default()),
        ("memo", map(&action.memo)),
        ("memo of the schedule", map(&s.memo)),
        ("search attributes", map(&action.search_attributes)),
        ("search attributes of the schedule", map(&s.search_attributes)),
        ("headers", action.header_hash.clone()),
        ("summary", action.user_metadata_hash.clone()),
        ("versioning", action.versioning_override.clone().unwrap_or_default()),
        (
            "priority",
            action.priority.as_ref().map_or_else(String::new, |p| {
                format!("{} {} {}", p.key, p.fairness_key, p.fairness_weight_millis).trim().to_owned()
            }),
        ),
        ("overlap", policies.overlap.clone()),
        ("catch-up window", exact(policies.catchup_seconds)),
        ("pause on failure", yes(policies.pause_on_failure)),
        ("keeps the workflow id", yes(policies.keep_original_workflow_id)),
    ]
}

fn zone(spec: &ScheduleSpec) -> &str {
    if spec.time_zone.is_empty() { "UTC" } else { &spec.time_zone }
}

fn names(differences: &[(&'static str, String, String)]) -> String {
    differences.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

/// One side of a schedule: what it does, then a line for each part that differs.
fn schedule(schedule: Option<&Schedule>, differing: &[(&str, &str)]) -> Cell {
    let Some(s) = schedule else { return Cell::quiet("–") };
    let state = if s.paused { "paused" } else { "active" };
    let mut lines = vec![format!("{} on {}", shorten(&s.action.workflow_type, 60), shorten(&s.action.task_queue, 40))];
    lines.extend(differing.iter().map(|(name, value)| match *value {
        "" => format!("{name}: none"),
        value => format!("{name}: {}", shorten(value, 60)),
    }));
    Cell::text(format!("{state} · {}", when(s))).sub(lines.join("\n"))
}

/// When a schedule fires, in short.
pub(crate) fn when(s: &Schedule) -> String {
    let mut parts: Vec<String> = s.spec.intervals.iter().map(|i| interval(i, duration)).collect();
    parts.extend(s.spec.calendars.iter().map(|c| shorten(c, 40)));
    let zone = zone(&s.spec);
    match parts.as_slice() {
        [] => "never".to_owned(),
        [one] if s.spec.calendars.is_empty() => one.clone(),
        [one] => format!("{one} {}", shorten(zone, 30)),
        [one, rest @ ..] => format!("{one} {} and {}", shorten(zone, 30), plural(rest.len(), "more")),
    }
}

/// `3600+0` → `every 1 h`, in the words of `span`.
fn interval(canonical: &str, span: fn(u64) -> String) -> String {
    let (every, phase) = canonical.split_once('+').unwrap_or((canonical, "0"));
    let seconds = |text: &str| text.trim().trim_end_matches('s').parse::<u64>().ok();
    match (seconds(every), seconds(phase)) {
        (Some(every), Some(0)) => format!("every {}", span(every)),
        (Some(every), Some(phase)) => format!("every {} plus {}", span(every), span(phase)),
        _ => shorten(canonical, 40),
    }
}

/// [`duration`] where it says all, else the seconds: two values that differ never read alike.
fn exact(seconds: u64) -> String {
    let whole = seconds.is_multiple_of(86_400) || (seconds < 86_400 && seconds.is_multiple_of(60)) || seconds < 60;
    if whole { duration(seconds) } else { format!("{seconds} s") }
}
