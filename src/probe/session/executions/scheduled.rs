//! Executions that schedules started.

use std::collections::BTreeMap;

use super::super::query;
use super::{Field, Visibility, each, seen};
use crate::facts::cluster::ScheduledRuns;
use crate::facts::{Known, Why};

const BY_SCHEDULES: &str = "TemporalScheduledById IS NOT NULL";
/// Schedules whose open executions are counted one by one.
const SCHEDULES: usize = 200;

pub(super) async fn read(visibility: &Visibility<'_>) -> Known<ScheduledRuns> {
    let phase = |phase: &str| query::all([phase, BY_SCHEDULES]);
    let (open, closed) = (phase(visibility.phases.open), phase(visibility.phases.closed));
    let (open_count, closed_count) = match (visibility.count(&open).await, visibility.count(&closed).await) {
        (Ok(open), Ok(closed)) => (open, closed),
        (Err(failure), _) | (_, Err(failure)) => {
            return Known::Unknown(visibility.lacking(&failure, "TemporalScheduledById", (1, 17)));
        }
    };
    let mut found = ScheduledRuns { open: open_count, closed: closed_count, by_schedule: BTreeMap::new() };
    if open_count == 0 {
        return Known::Known(found);
    }
    let ids = visibility.distinct(Field::Schedule, &open).await;
    let mut whys: Vec<Why> = ids.why().cloned().into_iter().collect();
    let ids = ids.value().map(Vec::as_slice).unwrap_or_default();
    if ids.len() > SCHEDULES {
        whys.push(Why::new(format!("open executions of {SCHEDULES} schedules were counted, of {}", ids.len())));
    }
    let counted = each(ids.iter().take(SCHEDULES), |id| {
        let filter = query::all([visibility.phases.open, &query::equals(Field::Schedule.name(), id)]);
        async move { visibility.count(&filter).await }
    });
    for (id, counted) in ids.iter().zip(counted.await) {
        match counted {
            Ok(count) => drop(found.by_schedule.insert(id.clone(), count)),
            Err(failure) => whys.push(failure.why()),
        }
    }
    seen(found, &whys)
}
