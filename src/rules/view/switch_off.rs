//! The stages of switching off the source: workers stopped, front end kept for reading, archived, taken down.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Fact, FactPath, FactView, words};
use crate::facts::plan::SwitchOff;
use crate::facts::{Known, Locus, Why};

const SWITCH_OFF_PROBLEMS: Fact<Vec<SwitchOffProblem>> = Fact::new(
    "plan.switch_off_problems",
    "stages of switching off the source that are out of order, too short, or not reached yet",
);

pub(super) const PATHS: &[FactPath] = &[SWITCH_OFF_PROBLEMS.entry()];

/// A stage of switching off the source that cannot be as the plan says.
#[derive(Serialize, JsonSchema)]
struct SwitchOffProblem {
    /// Key of the stage in `switch_off` of preflight.yaml.
    stage: &'static str,
    /// What is wrong, as a sentence.
    problem: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// What was forgotten shows while the front end still answers (method, phase 5).
const READABLE_DAYS: i32 = 14;

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&SWITCH_OFF_PROBLEMS, problems(context));
}

fn problems(context: &Context<'_>) -> Known<Vec<SwitchOffProblem>> {
    let missing = |what: &str| {
        Known::Unknown(Why::with_remedy(
            format!("the plan does not say {what}"),
            "add `switch_off: {workers_stopped: DATE, frontend_until: DATE, archived: DATE, teardown: DATE}` to preflight.yaml",
        ))
    };
    let Some(stages) = &context.facts.plan.switch_off else {
        return missing("when the stages of switching off the source are reached");
    };
    let Some(stopped) = stages.workers_stopped else { return missing("when the workers of the source were stopped") };
    let today = context.facts.at.to_zoned(TimeZone::UTC).date();
    let found = in_order(stages, stopped).into_iter().chain(reached(stages, stopped, today));
    let object = |(stage, problem): (&'static str, String)| SwitchOffProblem {
        loci: vec![context.plan_locus(stages.line)],
        stage,
        problem,
    };
    let all: Vec<SwitchOffProblem> = found.map(object).collect();
    match stages.archived {
        Some(_) => Known::Known(all),
        None if all.is_empty() => missing("when histories and the snapshot of the persistence were archived"),
        None => Known::Known(all),
    }
}

/// Whole days from one date to another.
fn days(from: Date, to: Date) -> i32 {
    to.since(from).map_or(0, |span| span.get_days())
}

/// Each stage after the one before it, and the front end kept long enough.
fn in_order(stages: &SwitchOff, stopped: Date) -> Vec<(&'static str, String)> {
    let mut found = vec![];
    if let Some(until) = stages.frontend_until
        && days(stopped, until) < READABLE_DAYS
    {
        let kept = words::count(u64::try_from(days(stopped, until)).unwrap_or(0), "day");
        found.push((
            "frontend_until",
            format!("the front end is kept until {until}, {kept} after the workers stop ({stopped}); {READABLE_DAYS} are asked"),
        ));
    }
    let Some(teardown) = stages.teardown else { return found };
    let before = [
        ("workers_stopped", "the workers stop", Some(stopped)),
        ("frontend_until", "the front end is kept for reading", stages.frontend_until),
        ("archived", "histories are archived", stages.archived),
    ];
    for (stage, what, date) in before {
        if let Some(date) = date.filter(|date| teardown < *date) {
            found.push((stage, format!("servers and database are taken down on {teardown}, and {what} on {date}")));
        }
    }
    found
}

/// What is still to come on the day that is judged.
fn reached(stages: &SwitchOff, stopped: Date, today: Date) -> Vec<(&'static str, String)> {
    if stopped > today {
        return vec![("workers_stopped", format!("the workers of the source are stopped on {stopped} only"))];
    }
    let mut found = vec![];
    let kept = days(stopped, today);
    if kept < READABLE_DAYS {
        let kept = words::count(u64::try_from(kept).unwrap_or(0), "day");
        found.push((
            "frontend_until",
            format!(
                "the front end was kept for {kept} since the workers stopped ({stopped}); {READABLE_DAYS} are asked"
            ),
        ));
    }
    if let Some(archived) = stages.archived.filter(|archived| *archived > today) {
        found.push(("archived", format!("histories are archived on {archived} only")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn the_stages_come_in_their_order_and_last_long_enough() {
        let stages = |until: &str, archived: &str, teardown: &str| SwitchOff {
            workers_stopped: Some(date("2027-01-02")),
            frontend_until: Some(date(until)),
            archived: Some(date(archived)),
            teardown: Some(date(teardown)),
            line: 1,
        };
        let said = |stages: &SwitchOff, today: &str| -> Vec<&'static str> {
            let stopped = stages.workers_stopped.unwrap();
            let found = in_order(stages, stopped).into_iter().chain(reached(stages, stopped, date(today)));
            found.map(|(stage, _)| stage).collect()
        };
        let good = stages("2027-01-20", "2027-01-18", "2027-01-22");
        assert_eq!(said(&good, "2027-01-22"), Vec::<&str>::new());
        assert_eq!(said(&good, "2027-01-10"), ["frontend_until", "archived"]);
        assert_eq!(said(&good, "2027-01-01"), ["workers_stopped"]);
        assert_eq!(said(&stages("2027-01-05", "2027-01-18", "2027-01-22"), "2027-01-22"), ["frontend_until"]);
        assert_eq!(said(&stages("2027-01-20", "2027-01-25", "2027-01-22"), "2027-01-25"), ["archived"]);
        assert_eq!(said(&stages("2027-01-25", "2027-01-18", "2027-01-22"), "2027-01-25"), ["frontend_until"]);
    }
}
