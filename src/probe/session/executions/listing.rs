//! The oldest open executions one by one, for following the drain.

use std::collections::BTreeMap;

use super::super::failure::Failure;
use super::super::query;
use super::extremes::{Extreme, LONGEST_SECONDS};
use super::{Visibility, visibility};
use crate::facts::cluster::{Durations, ExecutionSample, OpenExecution, WorkflowType};
use crate::facts::{Known, Why};

/// Executions in one list.
const PAGE: i32 = 500;
/// However small its pages are, a server gives this many.
const ROWS_AT_LEAST: usize = 10;
/// Counts to find the age that as many executions reach as were asked for.
const STEPS: usize = 24;

/// As many of the oldest open executions as were asked for, oldest first; nothing when none were.
pub(super) async fn read(visibility: &Visibility<'_>, types: &[WorkflowType]) -> Option<Known<Vec<OpenExecution>>> {
    let wanted = visibility.options.list_open;
    if wanted == 0 {
        return None;
    }
    let open = match &visibility.open {
        Ok(open) => *open,
        Err(failure) => return Some(Known::Unknown(failure.why())),
    };
    visibility.say("listing open executions");
    let durations: BTreeMap<&str, Durations> =
        types.iter().filter_map(|t| Some((t.name.as_str(), t.durations?))).collect();
    let mut rows = Vec::new();
    let missing = list(visibility, open, wanted, &durations, &mut rows).await.err();
    rows.sort_by_key(|row| row.execution.start_time);
    rows.truncate(wanted);
    Some(match missing {
        None => Known::Known(rows),
        Some(why) if rows.is_empty() => Known::Unknown(why),
        Some(why) => Known::Partial { value: rows, why },
    })
}

async fn list(
    visibility: &Visibility<'_>,
    open: u64,
    wanted: usize,
    durations: &BTreeMap<&str, Durations>,
    found: &mut Vec<OpenExecution>,
) -> Result<(), Why> {
    let query = match open > wanted as u64 {
        true => oldest(visibility, wanted as u64).await.map_err(|failure| failure.why())?,
        false => visibility.phases.open.to_owned(),
    };
    // Executions that began at one moment come together, but not without end.
    let bound = wanted.saturating_mul(2).max(PAGE as usize);
    let mut token = Vec::new();
    for _ in 0..bound / ROWS_AT_LEAST + 1 {
        let page = visibility.page(&query, PAGE, token.clone()).await.map_err(|failure| failure.why())?;
        for row in &page.rows {
            if let Some(execution) = visibility.open_sample(row) {
                let projected_end = projected_end(&execution, durations.get(execution.workflow_type.as_str()));
                found.push(OpenExecution { execution, paused: visibility::is_paused(row), projected_end });
            }
        }
        if page.last {
            return Ok(());
        }
        if page.rows.is_empty() {
            break;
        }
        if found.len() >= bound {
            return Err(Why::with_remedy(
                format!("more than {wanted} executions began at about the same moment: older ones may be missing"),
                "ask for a longer list (--list-open)",
            ));
        }
        token = page.token;
    }
    Err(Why::new("the list of open executions did not come to an end"))
}

/// A query that matches the oldest executions: as many as are wanted, or a few more.
async fn oldest(visibility: &Visibility<'_>, wanted: u64) -> Result<String, Failure> {
    let (mut low, mut high) = (1.0, LONGEST_SECONDS);
    let mut query = visibility.phases.open.to_owned();
    for _ in 0..STEPS {
        let middle = f64::sqrt(low * high);
        let Some(older) = visibility.at_least(Extreme::OldestOpen, middle) else { break };
        let narrower = query::all([visibility.phases.open, &older]);
        let count = visibility.count(&narrower).await?;
        if count >= wanted {
            (low, query) = (middle, narrower);
            if count <= wanted + wanted / 4 {
                break;
            }
        } else {
            high = middle;
        }
    }
    Ok(query)
}

/// When an execution is expected to have closed: as nearly all of its type did, else as the slowest did.
fn projected_end(execution: &ExecutionSample, durations: Option<&Durations>) -> Option<jiff::Timestamp> {
    let Durations { p99, max, .. } = durations?;
    let takes = [*p99, *max].into_iter().find(|takes| *takes >= execution.seconds)?;
    let takes = jiff::SignedDuration::from_secs(i64::try_from(takes).ok()?);
    execution.start_time.checked_add(takes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_ends_like_those_before_it() {
        let start = jiff::Timestamp::from_second(1_000_000).unwrap();
        let durations = Durations { p50: 10, p90: 50, p99: 100, max: 400 };
        let of_age = |seconds: u64| ExecutionSample {
            workflow_id: "w".into(),
            run_id: "r".into(),
            workflow_type: "T".into(),
            task_queue: "q".into(),
            start_time: start,
            seconds,
        };
        let ends = |seconds| projected_end(&of_age(seconds), Some(&durations)).map(|t| t.as_second() - 1_000_000);
        assert_eq!((ends(5), ends(60)), (Some(100), Some(100)));
        assert_eq!(ends(101), Some(400));
        assert_eq!(ends(401), None, "older than any that closed");
        assert_eq!(projected_end(&of_age(5), None), None);
    }
}
