//! What a move does to schedules beyond their content: times lost between pausing and resuming, results not carried on.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use schemars::JsonSchema;
use serde::Serialize;

use super::diff::Between;
use super::{Context, Fact, FactPath, FactView, coverage, plan, words};
use crate::compare::{self, NamespaceSide, ScheduleGap, half};
use crate::facts::cluster::Schedule;
use crate::facts::code::{FeatureUse, Kind, WorkflowDefinition};
use crate::facts::{Known, Locus};

const SCHEDULE_GAPS: Fact<Vec<LostTimes>> = Fact::new(
    "diff.schedule_gaps",
    "times schedules were due at after they were paused for the move, and neither cluster acted",
);
const SCHEDULES_CARRYING_RESULTS: Fact<Vec<CarriedResult>> = Fact::new(
    "source.schedules_carrying_results",
    "code that reads the result or failure of the previous run, with the scheduled types it belongs to",
);
const EARLY_SCHEDULES: Fact<Vec<EarlySchedule>> = Fact::new(
    "diff.early_schedules",
    "schedules that are active on the target although the plan routes their workflow type to nowhere yet",
);
const SCHEDULES_STILL_RUNNING: Fact<Vec<RunningSchedule>> =
    Fact::new("diff.schedules_still_running", "schedules active on the target whose run of the source is still open");
const CHANGING_CRONS: Fact<Vec<ChangingCron>> =
    Fact::new("source.changing_crons", "cron expressions of code and source that mean something else as a schedule");

pub(super) const PATHS: &[FactPath] = &[SCHEDULE_GAPS.entry(), SCHEDULES_CARRYING_RESULTS.entry()];

/// Paths of [`put_moves`].
pub(super) const MOVES: &[FactPath] =
    &[EARLY_SCHEDULES.entry(), SCHEDULES_STILL_RUNNING.entry(), CHANGING_CRONS.entry()];

/// Times a schedule was due at while it was paused for the move.
#[derive(Serialize, JsonSchema)]
struct LostTimes {
    #[serde(flatten)]
    between: Between<ScheduleGap>,
    /// The times, in words.
    times: String,
    /// What the schedule is now, as the end of a sentence.
    state: &'static str,
    /// Beginning of the backfill: a second before the first time, RFC 3339.
    backfill_from: String,
    /// End of the backfill: the last time, RFC 3339.
    backfill_until: String,
}

/// Code that reads the result or failure of the previous run.
#[derive(Serialize, JsonSchema)]
struct CarriedResult {
    /// Whether a schedule starts it.
    verdict: Carried,
    /// What it reads.
    what: String,
    /// Workflow types that schedules start, at most five, then how many more.
    types: String,
    /// Ids of these schedules, at most five, then how many more.
    schedules: String,
    /// Place: `flows/report.go:31`.
    place: String,
    /// File, relative to the root of the scan.
    path: String,
    /// Line, from 1.
    line: u32,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Whether what reads a previous result is scheduled.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Carried {
    /// A schedule starts its workflow type.
    Scheduled,
    /// The workflow type it belongs to is not known.
    Unclear,
}

/// A schedule that is active on the target although its workflow type is not routed there yet.
#[derive(Serialize, JsonSchema)]
struct EarlySchedule {
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// Schedule id.
    id: String,
    /// The workflow type it starts.
    workflow_type: String,
    /// What it is on the source, as the end of a sentence.
    state: &'static str,
    /// Flags of the `temporal` CLI that reach the namespace of the target.
    target_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A schedule of the target whose run of the source is still open.
#[derive(Serialize, JsonSchema)]
struct RunningSchedule {
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// Schedule id.
    id: String,
    /// The workflow type it starts.
    workflow_type: String,
    /// How many runs are open on the source.
    open: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A cron expression that means something else as a schedule.
#[derive(Serialize, JsonSchema)]
struct ChangingCron {
    /// The expression.
    cron: String,
    /// What it means, as a sentence.
    problem: &'static str,
    /// Where it stands: a line of code, or an execution.
    what: String,
    /// The workflow type it starts; empty when it is not a constant.
    workflow_type: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// What moving a schedule or a cron expression changes.
pub(super) fn put_moves(context: &Context<'_>, view: &mut FactView) {
    view.put(&EARLY_SCHEDULES, on_both(context, &|s, t, a, b| early(context, s, t, a, b)));
    view.put(&SCHEDULES_STILL_RUNNING, on_both(context, &|s, t, a, b| still_running(context, s, t, a, b)));
    view.put(&CHANGING_CRONS, changing_crons(context));
}

/// A list over the schedules that both sides have.
fn on_both<T>(
    context: &Context<'_>,
    object: &dyn Fn(&NamespaceSide<'_>, &NamespaceSide<'_>, &Schedule, &Schedule) -> Option<T>,
) -> Known<Vec<T>> {
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
fn early(
    context: &Context<'_>,
    source: &NamespaceSide<'_>,
    target: &NamespaceSide<'_>,
    s: &Schedule,
    t: &Schedule,
) -> Option<EarlySchedule> {
    let name = &s.action.workflow_type;
    let cohorts = &context.facts.plan.cohorts;
    let mut of_type = cohorts.iter().filter(|c| c.workflow_types.contains(name));
    let routed = of_type.any(|c| c.routed.is_some_and(|at| at <= context.facts.at));
    if routed || s.acts_after(source.cluster.taken_at) || !t.acts_after(target.cluster.taken_at) {
        return None;
    }
    let state = if s.paused { "paused on the source" } else { "over on the source" };
    Some(EarlySchedule {
        source_namespace: source.namespace.name.clone(),
        target_namespace: target.namespace.name.clone(),
        id: s.id.clone(),
        workflow_type: name.clone(),
        target_flags: context.target_flags(&target.namespace.name),
        loci: vec![
            source.locus(format!("schedule {}", s.id), "DescribeSchedule"),
            target.locus(format!("schedule {}", t.id), "DescribeSchedule"),
        ],
        state,
    })
}

/// The overlap policy of the target does not see what the source still runs.
fn still_running(
    context: &Context<'_>,
    source: &NamespaceSide<'_>,
    target: &NamespaceSide<'_>,
    s: &Schedule,
    t: &Schedule,
) -> Option<RunningSchedule> {
    let counted = source.namespace.executions.scheduled.value().and_then(|found| found.by_schedule.get(&s.id).copied());
    let open = counted.unwrap_or(s.running.len() as u64).max(s.running.len() as u64);
    if open == 0 || t.policies.overlap == "AllowAll" || !t.acts_after(target.cluster.taken_at) {
        return None;
    }
    Some(RunningSchedule {
        source_namespace: source.namespace.name.clone(),
        target_namespace: target.namespace.name.clone(),
        id: s.id.clone(),
        workflow_type: s.action.workflow_type.clone(),
        open: words::count(open, "run"),
        source_flags: context.source_flags(&source.namespace.name),
        loci: vec![
            source.locus(format!("schedule {}", s.id), "DescribeSchedule"),
            target.locus(format!("schedule {}", t.id), "DescribeSchedule"),
        ],
    })
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

fn changing_crons(context: &Context<'_>) -> Known<Vec<ChangingCron>> {
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
            Some(ChangingCron {
                cron: cron.clone(),
                workflow_type: site.workflow_type.clone().unwrap_or_default(),
                what: format!("{}:{}", site.path, site.line),
                loci: vec![place],
                problem,
            })
        });
        coverage::whole_about(code, coverage::About::Starts, found.collect::<Vec<_>>())
    });
    let live = super::namespaces::per_moved_namespace(context, &|half| {
        half.known("cron workflows", &half.namespace.executions.cron).map(|found| {
            let each = found.iter().filter_map(|c| {
                let problem = cron_problem(&c.cron)?;
                let resource = format!("workflow {} ({})", c.workflow_id, c.run_id);
                Some(ChangingCron {
                    cron: c.cron.clone(),
                    workflow_type: c.workflow_type.clone(),
                    what: format!("`{}` in {}", c.workflow_id, half.namespace.name),
                    loci: vec![half.locus(resource, "GetWorkflowExecutionHistory")],
                    problem,
                })
            });
            each.collect()
        })
    });
    Known::concat([of_code, live])
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let gaps = context.comparison.schedule_gaps.clone();
    view.put(
        &SCHEDULE_GAPS,
        gaps.map(|gaps| gaps.iter().filter(|g| of_the_move(context, g)).map(|g| gap(context, g)).collect::<Vec<_>>()),
    );
    view.put(&SCHEDULES_CARRYING_RESULTS, carrying_results(context));
}

/// Without a window, or before it: a pause of the last two weeks is taken for one of the move.
const BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A schedule that was paused long before the window did not lose its times to the move.
fn of_the_move(context: &Context<'_>, gap: &ScheduleGap) -> bool {
    let lately = context.facts.at.saturating_sub(BEFORE).unwrap_or(Timestamp::MIN);
    let opens = context.facts.plan.window.and_then(|w| plan::midnight(w.start));
    gap.first >= opens.map_or(lately, |opens| opens.min(lately))
}

fn gap(context: &Context<'_>, gap: &ScheduleGap) -> LostTimes {
    let times = match gap.missed {
        1 => gap.first.to_string(),
        n => format!("{n} times from {} to {}", gap.first, gap.last),
    };
    let state = if gap.both_paused { "is paused on both clusters" } else { "was resumed on the target" };
    // The range of a backfill excludes its beginning.
    let from = gap.first.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(gap.first);
    LostTimes {
        between: Between::new(context, &gap.pair, gap.clone()),
        times,
        state,
        backfill_from: from.to_string(),
        backfill_until: gap.last.to_string(),
    }
}

/// A result is carried from run to run by the schedule itself, and creating a schedule anew cannot set it.
fn carrying_results(context: &Context<'_>) -> Known<Vec<CarriedResult>> {
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

fn carrying(used: &FeatureUse, scheduled: &[&(String, String, Locus)], certain: bool) -> CarriedResult {
    let quoted = |names: BTreeSet<&String>| names.into_iter().map(|n| format!("`{n}`")).collect::<Vec<_>>();
    let types = quoted(scheduled.iter().map(|(name, ..)| name).collect());
    let ids = quoted(scheduled.iter().map(|(_, id, _)| id).collect());
    let place = Locus::Source { path: used.path.clone(), line: used.line, column: 0, function: None, snippet: None };
    let loci: Vec<Locus> =
        std::iter::once(place).chain(scheduled.iter().take(5).map(|(.., locus)| locus.clone())).collect();
    CarriedResult {
        verdict: if certain { Carried::Scheduled } else { Carried::Unclear },
        what: used.what.clone(),
        types: words::list(&types, 5),
        schedules: words::list(&ids, 5),
        place: format!("{}:{}", used.path, used.line),
        path: used.path.clone(),
        line: used.line,
        loci,
    }
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
