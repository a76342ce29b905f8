//! What a move does to schedules beyond their content: times lost between pausing and resuming, results not carried on.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::diff::with;
use super::{Context, FactPath, FactView, coverage, plan, words};
use crate::compare::{self, ScheduleGap, half};
use crate::facts::code::{FeatureUse, WorkflowDefinition};
use crate::facts::{Known, Locus};

pub(super) const PATHS: &[FactPath] = &[
    FactPath {
        path: "diff.schedule_gaps",
        meaning: "times schedules were due at after they were paused for the move, and neither cluster acted",
        fields: "verdict (lost | unclear), id, missed, times, state, backfill_from, backfill_until, pair",
    },
    FactPath {
        path: "source.schedules_carrying_results",
        meaning: "code that reads the result or failure of the previous run, with the scheduled types it belongs to",
        fields: "verdict (scheduled | unclear), types, schedules, place, path, line, what",
    },
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let gaps = context.comparison.schedule_gaps.clone();
    view.put(
        "diff.schedule_gaps",
        gaps.map(|gaps| gaps.iter().filter(|g| of_the_move(context, g)).map(|g| gap(context, g)).collect::<Vec<_>>()),
    );
    view.put("source.schedules_carrying_results", carrying_results(context));
}

/// Without a window, or before it: a pause of the last two weeks is taken for one of the move.
const BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A schedule that was paused long before the window did not lose its times to the move.
fn of_the_move(context: &Context<'_>, gap: &ScheduleGap) -> bool {
    let lately = context.facts.at.saturating_sub(BEFORE).unwrap_or(Timestamp::MIN);
    let opens = context.facts.plan.window.and_then(|w| plan::midnight(w.start));
    gap.first >= opens.map_or(lately, |opens| opens.min(lately))
}

fn gap(context: &Context<'_>, gap: &ScheduleGap) -> Value {
    let times = match gap.missed {
        1 => gap.first.to_string(),
        n => format!("{n} times from {} to {}", gap.first, gap.last),
    };
    let state = if gap.both_paused { "is paused on both clusters" } else { "was resumed on the target" };
    // The range of a backfill excludes its beginning.
    let from = gap.first.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(gap.first);
    with(
        context,
        gap,
        json!({"times": times, "state": state, "backfill_from": from.to_string(), "backfill_until": gap.last.to_string()}),
    )
}

/// A result is carried from run to run by the schedule itself, and creating a schedule anew cannot set it.
fn carrying_results(context: &Context<'_>) -> Known<Vec<Value>> {
    let all = context.source.clone().zip(context.code.clone()).zip(compare::moved(&context.facts.plan));
    all.and_then(|((source, code), moved)| {
        let scheduled = Known::concat(moved.into_iter().map(|(m, _)| {
            half(source, &m.source).and_then(|half| {
                half.known("schedules", &half.namespace.schedules).map(|schedules| {
                    let locus = |id: &str| half.locus(format!("schedule {id}"), "DescribeSchedule");
                    schedules
                        .iter()
                        .map(|s| (s.action.workflow_type.clone(), s.id.clone(), locus(&s.id)))
                        .collect::<Vec<_>>()
                })
            })
        }));
        let uses = code.features.iter().filter(|f| f.feature == "last-result" && f.scope.is_production());
        let uses: Vec<&FeatureUse> = uses.collect();
        let found = scheduled.map(|scheduled| {
            uses.iter()
                .filter_map(|used| {
                    let types = types_around(&code.workflow_types, used);
                    let theirs: Vec<_> = scheduled
                        .iter()
                        .filter(|(name, ..)| types.is_empty() || types.contains(name.as_str()))
                        .collect();
                    (!theirs.is_empty()).then(|| carrying(used, &theirs, !types.is_empty()))
                })
                .collect()
        });
        // Code that was not read may carry results, too.
        match coverage::gap(code) {
            Some(why) => found.and_then(|value| Known::Partial { value, why }),
            None => found,
        }
    })
}

/// The workflow type whose definition comes last before the use; nothing when the file defines none.
fn types_around<'c>(definitions: &'c [WorkflowDefinition], used: &FeatureUse) -> BTreeSet<&'c str> {
    let here = definitions.iter().filter(|d| d.path == used.path && d.role == "defined");
    let before = here.clone().filter(|d| d.line <= used.line).max_by_key(|d| d.line);
    match before {
        Some(definition) => BTreeSet::from([definition.name.as_str()]),
        None => here.map(|d| d.name.as_str()).collect(),
    }
}

fn carrying(used: &FeatureUse, scheduled: &[&(String, String, Locus)], certain: bool) -> Value {
    let quoted = |names: BTreeSet<&String>| names.into_iter().map(|n| format!("`{n}`")).collect::<Vec<_>>();
    let types = quoted(scheduled.iter().map(|(name, ..)| name).collect());
    let ids = quoted(scheduled.iter().map(|(_, id, _)| id).collect());
    let place = Locus::Source { path: used.path.clone(), line: used.line, column: 0, function: None, snippet: None };
    let loci: Vec<Locus> =
        std::iter::once(place).chain(scheduled.iter().take(5).map(|(.., locus)| locus.clone())).collect();
    json!({"verdict": if certain { "scheduled" } else { "unclear" }, "what": used.what, "path": used.path, "line": used.line,
           "place": format!("{}:{}", used.path, used.line), "types": words::list(&types, 5),
           "schedules": words::list(&ids, 5), "loci": loci})
}
