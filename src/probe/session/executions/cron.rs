//! Cron workflows: visibility has no field for the expression, but their work begins after their start.

use super::super::failure::Failure;
use super::{Visibility, each, seen};
use crate::facts::cluster::{CronWorkflow, ExecutionSample};
use crate::facts::{Known, Why};

/// Executions in one list.
const PAGE: i32 = 100;
/// A list that does not come to an end must not hold the probe.
const PAGES: usize = 5;
/// Candidates that are looked at; a start delay and a retry look the same until the first event is read.
const CANDIDATES: usize = 200;

/// Open executions with a cron expression, sorted by workflow id.
///
/// Candidates wait for their first work at the moment, or came by in other lists with a first work that lies after the
/// start.
pub(super) async fn read(visibility: &Visibility<'_>) -> Known<Vec<CronWorkflow>> {
    let at = visibility.options.at;
    let waiting = format!("{} AND ExecutionTime > '{at:.6}'", visibility.phases.open);
    let mut whys: Vec<Why> = Vec::new();
    // What waits comes to be among the delayed by being listed.
    if let Err(failure) = list(visibility, &waiting, &mut whys).await {
        return Known::Unknown(visibility.lacking(&failure, "ExecutionTime", (1, 11)));
    }
    let candidates: Vec<ExecutionSample> =
        visibility.delayed().values().filter_map(|row| visibility.open_sample(row)).collect();
    if candidates.len() > CANDIDATES {
        whys.push(Why::new(format!(
            "{} open executions began later than they were started; {CANDIDATES} were looked at",
            candidates.len()
        )));
    }
    let events = each(candidates.into_iter().take(CANDIDATES), |sample| async move {
        let event = visibility.first_event(&sample).await;
        (sample, event)
    });
    let mut found = Vec::new();
    for (sample, event) in events.await {
        match event {
            Ok(Some(event)) if !event.cron.is_empty() => found.push(CronWorkflow {
                workflow_id: sample.workflow_id,
                run_id: sample.run_id,
                workflow_type: sample.workflow_type,
                task_queue: sample.task_queue,
                cron: event.cron,
                next: event.first_work,
                identity: event.identity,
            }),
            Ok(_) => {}
            Err(failure) => whys.push(failure.why()),
        }
    }
    if found.is_empty() && !whys.is_empty() {
        return Known::Unknown(Why::all(&whys).unwrap_or_else(|| Why::new("cron workflows were not looked for")));
    }
    seen(found, &whys)
}

async fn list(visibility: &Visibility<'_>, query: &str, whys: &mut Vec<Why>) -> Result<(), Failure> {
    let (mut token, mut listed) = (Vec::new(), 0);
    for _ in 0..PAGES {
        let page = visibility.page(query, PAGE, token.clone()).await?;
        listed += page.rows.len();
        if page.last || page.rows.is_empty() {
            return Ok(());
        }
        if listed >= CANDIDATES {
            break;
        }
        token = page.token;
    }
    whys.push(Why::new(format!("{listed} open executions or more wait for their first work")));
    Ok(())
}
