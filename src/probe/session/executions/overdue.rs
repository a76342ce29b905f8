//! Open executions far older than the closed ones of their type ran: orphans, when they are few.

use super::super::failure::Failure;
use super::super::query;
use super::extremes::Extreme;
use super::{Field, Visibility, of_type};
use crate::facts::Why;
use crate::facts::cluster::{ExecutionSample, Overdue, WorkflowType};

/// Executions named of each type.
const EXAMPLES: i32 = 10;
/// Types looked at closer: of a cluster with more of them something else is wrong.
const TYPES: usize = 50;
/// Counts to find the oldest of the others.
const STEPS: usize = 12;

/// Look at every type whose oldest open execution is overdue; a few calls for each.
pub(super) async fn read(visibility: &Visibility<'_>, types: &mut [WorkflowType], whys: &mut Vec<Why>) {
    let late = |t: &&mut WorkflowType| {
        let age = t.oldest_open.as_ref().map_or(0, |sample| sample.seconds);
        t.durations.is_some_and(|durations| age > durations.overdue_after())
    };
    for t in types.iter_mut().filter(late).take(TYPES) {
        visibility.say(&format!("executions of `{}` that do not end", t.name));
        match of(visibility, t).await {
            Ok(overdue) => t.overdue = overdue,
            Err(failure) => whys.push(of_type(&t.name, &failure)),
        }
    }
}

async fn of(visibility: &Visibility<'_>, t: &WorkflowType) -> Result<Option<Overdue>, Failure> {
    let Some(after_seconds) = t.durations.map(|durations| durations.overdue_after()) else { return Ok(None) };
    let Some(older) = visibility.at_least(Extreme::OldestOpen, after_seconds as f64) else { return Ok(None) };
    let is = query::equals(Field::WorkflowType.name(), &t.name);
    let these = query::all([visibility.phases.open, &is]);
    let old = query::all([these.as_str(), &older]);
    let open = visibility.count(&old).await?;
    let rows = visibility.rows(&old, EXAMPLES).await?;
    let mut examples: Vec<ExecutionSample> = rows.iter().filter_map(|row| visibility.open_sample(row)).collect();
    if let Some(oldest) = t.oldest_open.as_ref().filter(|oldest| !examples.contains(oldest)) {
        examples.push(oldest.clone());
    }
    examples.sort_by_key(|sample| sample.start_time);
    let oldest_other = match t.open.saturating_sub(open) {
        0 => None,
        others => oldest_other(visibility, &these, others, after_seconds).await?,
    };
    Ok((open > 0).then_some(Overdue { after_seconds, open, examples, oldest_other }))
}

/// The oldest open execution that is younger than the bound, or nearly: within an eighth of its age.
async fn oldest_other(
    visibility: &Visibility<'_>,
    these: &str,
    others: u64,
    bound: u64,
) -> Result<Option<ExecutionSample>, Failure> {
    let Some(older) = visibility.at_least(Extreme::OldestOpen, bound as f64) else { return Ok(None) };
    // The condition is `StartTime <= …`: its contrary keeps the younger ones.
    let young = query::all([these, &older.replace("<=", ">")]);
    let (mut low, mut high, mut filter) = (1.0, bound as f64, young.clone());
    if others > EXAMPLES as u64 {
        for _ in 0..STEPS {
            let middle = f64::sqrt(low * high);
            let Some(at_least) = visibility.at_least(Extreme::OldestOpen, middle) else { break };
            let narrower = query::all([young.as_str(), &at_least]);
            match visibility.count(&narrower).await? {
                0 => high = middle,
                n => {
                    (low, filter) = (middle, narrower);
                    if n <= EXAMPLES as u64 {
                        break;
                    }
                }
            }
        }
    }
    let rows = visibility.rows(&filter, EXAMPLES).await?;
    Ok(rows.iter().filter_map(|row| visibility.open_sample(row)).max_by_key(|sample| sample.seconds))
}
