//! The distinct values of a field, found by excluding those already seen.

use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;

use super::super::query;
use super::Visibility;
use crate::facts::{Known, Why};

/// A namespace has fewer workflow types and task queues than this, or its types are made up at run time.
const DISTINCT: usize = 1000;
/// Executions in one list: mixed as they are, they show several values at once.
const PAGE: i32 = 25;

/// A field distinct values are asked of.
#[derive(Debug, Clone, Copy)]
pub(in crate::probe) enum Field {
    /// `WorkflowType`.
    WorkflowType,
    /// `TaskQueue`.
    TaskQueue,
    /// `TemporalScheduledById`, the schedule that started it.
    Schedule,
}

impl Field {
    /// As queries name it.
    pub(in crate::probe) fn name(self) -> &'static str {
        match self {
            Self::WorkflowType => "WorkflowType",
            Self::TaskQueue => "TaskQueue",
            Self::Schedule => "TemporalScheduledById",
        }
    }

    pub(super) fn of(self, row: &WorkflowExecutionInfo) -> String {
        match self {
            Self::WorkflowType => row.r#type.clone().unwrap_or_default().name,
            Self::TaskQueue => row.task_queue.clone(),
            Self::Schedule => {
                let fields = row.search_attributes.as_ref().map(|a| &a.indexed_fields);
                let value = fields.and_then(|f| f.get(self.name()));
                value.and_then(|v| serde_json::from_slice(&v.data).ok()).unwrap_or_default()
            }
        }
    }
}

impl Visibility<'_> {
    /// The distinct values of a field among executions that match, sorted; at most one call a value, fewer when the
    /// newest executions have several.
    ///
    /// A value the store does not exclude when asked to is left out and named in the reason, and what begins
    /// like it is passed over, so that the others are still found.
    pub(in crate::probe) async fn distinct(&self, field: Field, filter: &str) -> Known<Vec<String>> {
        self.distinct_with(field, filter, |_| {}).await
    }

    /// As [`Self::distinct`]; every execution that came by is shown, the newest of each value among them.
    pub(super) async fn distinct_with(
        &self,
        field: Field,
        filter: &str,
        mut show: impl FnMut(&WorkflowExecutionInfo),
    ) -> Known<Vec<String>> {
        let mut values: Vec<String> = Vec::new();
        let mut passed_over: Vec<String> = Vec::new();
        let mut whys: Vec<Why> = Vec::new();
        while values.len() < DISTINCT {
            let mut conditions = vec![filter.to_owned()];
            conditions.extend(query::none_of(field.name(), values.iter().map(String::as_str)));
            conditions.extend(passed_over.iter().map(|prefix| query::not_starting_with(field.name(), prefix)));
            let page = match self.page(&query::all(conditions.iter().map(String::as_str)), PAGE, Vec::new()).await {
                Ok(page) => page,
                Err(failure) => {
                    whys.push(failure.why());
                    break;
                }
            };
            let excluded = values.len();
            let mut odd = None;
            for row in &page.rows {
                let value = field.of(row);
                match values.iter().position(|known| *known == value) {
                    _ if value.is_empty() => odd = Some(value),
                    Some(at) if at < excluded => odd = Some(value),
                    Some(_) => show(row),
                    None => {
                        show(row);
                        values.push(value);
                    }
                }
            }
            let Some(value) = odd else {
                // What a store may not be able to match is excluded once, to see whether it comes back.
                let plain = values.iter().all(|value| query::matchable_prefix(value) == value);
                if page.rows.is_empty() || (page.last && plain) {
                    break;
                }
                continue;
            };
            let prefix = query::matchable_prefix(&value).to_owned();
            values.retain(|known| *known != value);
            whys.push(Why::new(format!(
                "the visibility store cannot be asked for {} `{}`: it was not counted, nor what begins alike",
                field.name(),
                value.escape_debug()
            )));
            if prefix.is_empty() || passed_over.contains(&prefix) {
                break;
            }
            passed_over.push(prefix);
        }
        if values.len() >= DISTINCT {
            whys.push(Why::new(format!("there are {DISTINCT} values of {} or more", field.name())));
        }
        values.sort();
        match Why::all(&whys) {
            None => Known::Known(values),
            Some(why) if values.is_empty() => Known::Unknown(why),
            Some(why) => Known::Partial { value: values, why },
        }
    }
}
