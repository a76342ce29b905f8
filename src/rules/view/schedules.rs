//! What a move does to schedules beyond their content: times lost between pausing and resuming, results not carried on.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::diff::with;
use super::{Context, FactPath, FactView, coverage, plan, words};
use crate::compare::{self, Half, ScheduleGap, half};
use crate::facts::cluster::Schedule;
use crate::facts::code::{FeatureUse, Kind, WorkflowDefinition};
use crate::facts::{Known, Locus};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "diff.schedule_gaps",
        "times schedules were due at after they were paused for the move, and neither cluster acted",
    ), /* fields: verdict (lost | unclear), id, missed, times, state, backfill_from, backfill_until, pair */
    FactPath::untyped(
        "source.schedules_carrying_results",
        "code that reads the result or failure of the previous run, with the scheduled types it belongs to",
    ), /* fields: verdict (scheduled | unclear), types, schedules, place, path, line, what */
];

/// Paths of [`put_moves`].
pub(super) const MOVES: &[FactPath] = &[
    FactPath::untyped(
        "diff.early_schedules",
        "schedules that are active on the target although the plan routes their workflow type to nowhere yet",
    ), /* fields: source_namespace, target_namespace, id, workflow_type, state, target_flags */
    FactPath::untyped(
        "diff.schedules_still_running",
        "schedules active on the target whose run of the source is still open",
    ), /* fields: source_namespace, target_namespace, id, workflow_type, open, source_flags */
    FactPath::untyped(
        "source.changing_crons",
        "cron expressions of code and source that mean something else as a schedule",
    ), /* fields: cron, problem, what, workflow_type */
];

/// What moving a schedule or a cron expression changes.
pub(super) fn put_moves(context: &Context<'_>, view: &mut FactView) {
    view.put_untyped("diff.early_schedules", on_both(context, &|s, t, a, b| early(context, s, t, a, b)));
    view.put_untyped(
        "diff.schedules_still_running",
        on_both(context, &|s, t, a, b| still_running(context, s, t, a, b)),
    );
    view.put_untyped("source.changing_crons", changing_crons(context));
}

/// A list over the schedules that both sides have.
fn on_both(
    context: &Context<'_>,
    object: &dyn Fn(&Half<'_>, &Half<'_>, &Schedule, &Schedule) -> Option<Value>,
) -> Known<Vec<Value>> {
    let clusters = context.source.clone().zip(context.target.clone()).zip(compare::moved(&context.facts.plan));
    clusters.and_then(|((source, target), moved)| {
        Known::concat(moved.into_iter().map(|(mapping, name)| {
            half(source, &mapping.source).zip(half(target, name)).and_then(|(source, target)| {
                let here = source.known("schedules", &source.namespace.schedules);
                let there = target.known("schedules", &target.namespace.schedules);
                here.zip(there).map(|(here, there)| {
                    let pairs = there.iter().filter_map(|t| Some((here.iter().find(|s| s.id == t.id)?, t)));
                    pairs.filter_map(|(s, t)| object(&source, &target, s, t)).collect()
                })
            })
        }))
    })
}

/// Paused on the source and active on the target: its actions run on the target now, whoever routes the rest.
fn early(context: &Context<'_>, source: &Half<'_>, target: &Half<'_>, s: &Schedule, t: &Schedule) -> Option<Value> {
    let name = &s.action.workflow_type;
    let cohorts = &context.facts.plan.cohorts;
    let mut of_type = cohorts.iter().filter(|c| c.workflow_types.contains(name));
    let routed = of_type.any(|c| c.routed.is_some_and(|at| at <= context.facts.at));
    if routed || s.acts_after(source.cluster.taken_at) || !t.acts_after(target.cluster.taken_at) {
        return None;
    }
    let state = if s.paused { "paused on the source" } else { "over on the source" };
    Some(json!({"source_namespace": source.namespace.name, "target_namespace": target.namespace.name, "id": s.id,
        "workflow_type": name, "state": state, "target_flags": context.target_flags(&target.namespace.name),
        "loci": [source.locus(format!("schedule {}", s.id), "DescribeSchedule"),
                 target.locus(format!("schedule {}", t.id), "DescribeSchedule")]}))
}

/// The overlap policy of the target does not see what the source still runs.
fn still_running(
    context: &Context<'_>,
    source: &Half<'_>,
    target: &Half<'_>,
    s: &Schedule,
    t: &Schedule,
) -> Option<Value> {
    let counted = source.namespace.executions.scheduled.value().and_then(|found| found.by_schedule.get(&s.id).copied());
    let open = counted.unwrap_or(s.running.len() as u64).max(s.running.len() as u64);
    if open == 0 || t.policies.overlap == "AllowAll" || !t.acts_after(target.cluster.taken_at) {
        return None;
    }
    Some(json!({"source_namespace": source.namespace.name, "target_namespace": target.namespace.name, "id": s.id,
        "workflow_type": s.action.workflow_type, "open": words::count(open, "run"),
        "source_flags": context.source_flags(&source.namespace.name),
        "loci": [source.locus(format!("schedule {}", s.id), "DescribeSchedule"),
                 target.locus(format!("schedule {}", t.id), "DescribeSchedule")]}))
}

/// What a cron expression of the old kind means, and a schedule does not.
fn cron_problem(cron: &str) -> Option<&'static str> {
    let cron = cron.trim();
    let cron = match cron.split_once(' ') {
        Some((zone, rest)) if zone.starts_with("CRON_TZ=") || zone.starts_with("TZ=") => rest.trim(),
        _ => cron,
    };
    if cron.starts_with("@every") {
        return Some(
            "`@every` counts from the previous run here, and from the beginning of 1970 in a schedule: the times shift",
        );
    }
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let restricted = |field: &&str| !field.starts_with('*') && !field.starts_with('?');
    let [_, _, day, _, weekday] = fields.as_slice() else { return None };
    (restricted(day) && restricted(weekday)).then_some(
        "day of month and day of week are alternatives here, and must both hold in a schedule: most times fall away",
    )
}

fn changing_crons(context: &Context<'_>) -> Known<Vec<Value>> {
    let of_code = context.code.clone().and_then(|code| {
        let sites = code.sites.iter().filter(|s| s.scope.is_production() && s.kind != Kind::ScheduleCreate);
        let found = sites.filter_map(|site| {
            let cron = site.cron.as_ref()?;
            let problem = cron_problem(cron)?;
            let place = Locus::Source {
                path: site.path.clone(),
                line: site.line,
                column: site.column,
                function: site.function.clone(),
                snippet: Some(site.snippet.clone()),
            };
            Some(json!({"cron": cron, "problem": problem, "workflow_type": site.workflow_type.as_deref().unwrap_or_default(),
                        "what": format!("{}:{}", site.path, site.line), "loci": [place]}))
        });
        coverage::whole_about(code, coverage::About::Starts, found.collect::<Vec<_>>())
    });
    let live = super::cluster::per_moved_namespace(context, &|half| {
        half.known("cron workflows", &half.namespace.executions.cron).map(|found| {
            let each = found.iter().filter_map(|c| {
                let problem = cron_problem(&c.cron)?;
                let resource = format!("workflow {} ({})", c.workflow_id, c.run_id);
                Some(json!({"cron": c.cron, "problem": problem, "workflow_type": c.workflow_type,
                            "what": format!("`{}` in {}", c.workflow_id, half.namespace.name),
                            "loci": [half.locus(resource, "GetWorkflowExecutionHistory")]}))
            });
            each.collect()
        })
    });
    Known::concat([of_code, live])
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let gaps = context.comparison.schedule_gaps.clone();
    view.put_untyped(
        "diff.schedule_gaps",
        gaps.map(|gaps| gaps.iter().filter(|g| of_the_move(context, g)).map(|g| gap(context, g)).collect::<Vec<_>>()),
    );
    view.put_untyped("source.schedules_carrying_results", carrying_results(context));
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

#[cfg(test)]
mod tests {
    use super::cron_problem;

    #[test]
    fn cron_expressions_that_mean_something_else_as_a_schedule() {
        for (cron, changes) in [
            ("0 2 1 * 1", true),
            ("CRON_TZ=Europe/Berlin 0 2 1,15 * MON", true),
            ("@every 6h", true),
            ("0 2 * * *", false),
            ("0 2 */2 * 1", false),
            ("@daily", false),
            ("(dynamic)", false),
        ] {
            assert_eq!(cron_problem(cron).is_some(), changes, "{cron}");
        }
    }
}
