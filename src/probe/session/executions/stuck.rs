//! Open executions whose workflow tasks fail again and again: they do not drain by waiting.

use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;

use super::super::query;
use super::Visibility;
use crate::facts::Known;
use crate::facts::cluster::{Stuck, StuckExecution};

/// Search attribute in which servers since 1.30 report such executions.
const PROBLEMS: &str = "TemporalReportedProblems";
const EXAMPLES: i32 = 20;

pub(super) async fn read(visibility: &Visibility<'_>) -> Known<Stuck> {
    let filter = query::all([visibility.phases.open, &format!("{PROBLEMS} IS NOT NULL")]);
    let count = match visibility.count(&filter).await {
        Ok(0) => return Known::Known(Stuck::default()),
        Ok(count) => count,
        Err(failure) => return Known::Unknown(visibility.lacking(&failure, PROBLEMS, (1, 30))),
    };
    match visibility.rows(&filter, EXAMPLES).await {
        Ok(rows) => {
            let example =
                |row| Some(StuckExecution { execution: visibility.open_sample(row)?, problems: problems(row) });
            Known::Known(Stuck { count, examples: rows.iter().filter_map(example).collect() })
        }
        Err(failure) => Known::Partial { value: Stuck { count, examples: Vec::new() }, why: failure.why() },
    }
}

/// The server's own words, such as `category=WorkflowTaskFailed`; no value of a user is among them.
fn problems(row: &WorkflowExecutionInfo) -> Vec<String> {
    let value = row.search_attributes.as_ref().and_then(|a| a.indexed_fields.get(PROBLEMS));
    let Some(value) = value else { return Vec::new() };
    serde_json::from_slice::<Vec<String>>(&value.data)
        .or_else(|_| serde_json::from_slice::<String>(&value.data).map(|one| vec![one]))
        .unwrap_or_default()
}
