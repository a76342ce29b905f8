//! When new executions begin to start on the target.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Context, Fact, FactPath, FactView};
use crate::facts::Known;

const ROUTING_BEGINS: Fact<String> = Fact::new(
    "plan.routing_begins",
    "the day from which new executions start on the target: that of the first routed cohort, else the first day of the \
     window that is not over yet, else today",
);

pub(super) const PATHS: &[FactPath] = &[ROUTING_BEGINS.entry()];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&ROUTING_BEGINS, Known::Known(begins(context).to_string()));
}

fn begins(context: &Context<'_>) -> Date {
    let day = |instant: jiff::Timestamp| instant.to_zoned(TimeZone::UTC).date();
    let plan = &context.facts.plan;
    let today = day(context.facts.at);
    match plan.cohorts.iter().filter_map(|cohort| cohort.routed).min() {
        Some(first) => day(first),
        None => plan.window.map_or(today, |window| window.start.max(today)),
    }
}
