//! Executions by counting, never by paging through them.
//!
//! Distinct values come from one-row lists that exclude what was seen; the oldest and the longest execution from
//! bisecting age or duration with counts. The number of calls follows the number of distinct values.

use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest,
};
use tonic::Code;

use super::ProbeOptions;
use super::client::{Client, Failure};
use super::query::{self, Phases};
use super::time;
use crate::facts::cluster::{ExecutionSample, WorkflowType};
use crate::facts::{Known, Why};

/// A namespace has fewer workflow types and task queues than this, or its types are made up at run time.
const DISTINCT: usize = 1000;
/// Ages and durations between one second and twenty years are looked for.
const LONGEST_SECONDS: f64 = 20.0 * 365.0 * 86_400.0;
/// The bisection ends when the extreme is known to this ratio …
const RATIO: f64 = 1.05;
/// … and goes on this many steps when too many executions lie in between to list them,
const REFINEMENTS: u32 = 4;
/// which is this many: they are fetched in one list, and the extreme among them is exact.
const ROWS: i32 = 50;
/// So few executions are listed at once, without a bisection.
const FEW: u64 = 10;

/// Visibility of one namespace.
pub(super) struct Visibility<'a> {
    client: &'a Client,
    pub(super) namespace: &'a str,
    pub(super) phases: Phases,
    options: &'a ProbeOptions,
    /// Open executions in all, counted while finding out how to tell them apart.
    pub(super) open: Result<u64, Failure>,
}

/// What executions tell.
pub(super) struct Executions {
    pub(super) workflow_types: Known<Vec<WorkflowType>>,
    pub(super) open: Known<u64>,
    pub(super) closed: Known<u64>,
    pub(super) oldest_open: Known<Option<ExecutionSample>>,
    pub(super) longest_closed: Known<Option<ExecutionSample>>,
}

/// A field distinct values are asked of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// `WorkflowType`.
    WorkflowType,
    /// `TaskQueue`.
    TaskQueue,
}

impl Field {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WorkflowType => "WorkflowType",
            Self::TaskQueue => "TaskQueue",
        }
    }

    fn of(self, row: WorkflowExecutionInfo) -> String {
        match self {
            Self::WorkflowType => row.r#type.unwrap_or_default().name,
            Self::TaskQueue => row.task_queue,
        }
    }
}

/// What is bisected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extreme {
    OldestOpen,
    LongestClosed,
}

/// Everything about the executions of one namespace.
pub(super) async fn read(visibility: &Visibility<'_>) -> Executions {
    let closed = visibility.count(visibility.phases.closed).await;
    let oldest_open = visibility.extreme_of(&visibility.open, "", Extreme::OldestOpen, LONGEST_SECONDS).await;
    let longest_closed = visibility.extreme_of(&closed, "", Extreme::LongestClosed, LONGEST_SECONDS).await;
    let bound = |extreme: &Known<Option<ExecutionSample>>| match extreme {
        Known::Known(Some(sample)) => (sample.seconds as f64 * RATIO).max(1.0) + 1.0,
        _ => LONGEST_SECONDS,
    };
    let workflow_types = visibility.types(bound(&oldest_open), bound(&longest_closed)).await;
    // Among a whole namespace the extreme may be known to a ratio only; a type may have told it exactly.
    let types = || workflow_types.value().into_iter().flatten();
    Executions {
        oldest_open: oldest_open.map(|found| greatest(found, types().map(|t| &t.oldest_open))),
        longest_closed: longest_closed.map(|found| greatest(found, types().map(|t| &t.longest_closed))),
        open: known(visibility.open.clone()),
        closed: known(closed),
        workflow_types,
    }
}

/// The greatest of all; of equal ones, that which began first.
fn greatest<'a>(
    found: Option<ExecutionSample>,
    others: impl Iterator<Item = &'a Option<ExecutionSample>>,
) -> Option<ExecutionSample> {
    let others = others.flatten().cloned();
    found.into_iter().chain(others).max_by_key(|sample| (sample.seconds, std::cmp::Reverse(sample.start_time)))
}

impl<'a> Visibility<'a> {
    /// Find out how this server tells open from closed.
    pub(super) async fn new(
        client: &'a Client,
        namespace: &'a str,
        version: (u32, u32),
        options: &'a ProbeOptions,
    ) -> Self {
        let phases = Phases::BY_CLOSE_TIME;
        let mut visibility = Self { client, namespace, phases, options, open: Ok(0) };
        visibility.open = visibility.count(phases.open).await;
        if visibility.open.as_ref().is_err_and(|failure| failure.code == Code::InvalidArgument) {
            visibility.phases = Phases::by_status(version);
            visibility.open = visibility.count(visibility.phases.open).await;
        }
        visibility
    }

    /// How many executions match. Executions of the server's own (schedules, batches) are not among them unless
    /// a query names their division.
    pub(super) async fn count(&self, query: &str) -> Result<u64, Failure> {
        let request = CountWorkflowExecutionsRequest { namespace: self.namespace.to_owned(), query: query.to_owned() };
        let answer = self.client.count_workflow_executions(self.namespace, request).await?;
        Ok(u64::try_from(answer.count).unwrap_or(0))
    }

    async fn rows(&self, query: &str, page_size: i32) -> Result<Vec<WorkflowExecutionInfo>, Failure> {
        let request = ListWorkflowExecutionsRequest {
            namespace: self.namespace.to_owned(),
            page_size,
            next_page_token: Vec::new(),
            query: query.to_owned(),
        };
        Ok(self.client.list_workflow_executions(self.namespace, request).await?.executions)
    }

    /// The distinct values of a field among executions that match, sorted; one call a value.
    ///
    /// A value the store does not exclude when asked to is left out and named in the reason, and what begins
    /// like it is passed over, so that the others are still found.
    pub(super) async fn distinct(&self, field: Field, filter: &str) -> Known<Vec<String>> {
        let mut values: Vec<String> = Vec::new();
        let mut passed_over: Vec<String> = Vec::new();
        let mut whys: Vec<Why> = Vec::new();
        while values.len() < DISTINCT {
            let mut conditions = vec![filter.to_owned()];
            conditions.extend(query::none_of(field.name(), values.iter().map(String::as_str)));
            conditions.extend(passed_over.iter().map(|prefix| query::not_starting_with(field.name(), prefix)));
            let row = match self.rows(&query::all(conditions.iter().map(String::as_str)), 1).await {
                Ok(rows) => rows.into_iter().next(),
                Err(failure) => {
                    whys.push(failure.why());
                    break;
                }
            };
            let Some(row) = row else { break };
            let value = field.of(row);
            if !value.is_empty() && !values.contains(&value) {
                values.push(value);
                continue;
            }
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

    async fn types(&self, oldest: f64, longest: f64) -> Known<Vec<WorkflowType>> {
        let names = self.distinct(Field::WorkflowType, "").await;
        let mut whys: Vec<Why> = names.why().cloned().into_iter().collect();
        let Some(names) = names.value() else {
            return Known::Unknown(whys.pop().unwrap_or_else(|| Why::new("no workflow types were listed")));
        };
        let mut types = Vec::new();
        for (index, name) in names.iter().enumerate() {
            self.options.say(&format!("{}: counting workflow type {} of {}", self.namespace, index + 1, names.len()));
            match self.counts(name).await {
                Ok(found) => types.push(found),
                Err(failure) => {
                    whys.push(of_type(name, failure.why()));
                    if failure.is_final() {
                        break;
                    }
                }
            }
        }
        // Counts of all types first: when the time runs out, ages are what can be missed best.
        let number = types.len();
        for (index, found) in types.iter_mut().enumerate() {
            self.options.say(&format!("{}: ages of workflow type {} of {number}", self.namespace, index + 1));
            let is = query::equals(Field::WorkflowType.name(), &found.name);
            let open = self.extreme_of(&Ok(found.open), &is, Extreme::OldestOpen, oldest).await;
            let closed = self.extreme_of(&Ok(found.closed), &is, Extreme::LongestClosed, longest).await;
            whys.extend([&open, &closed].into_iter().filter_map(Known::why).map(|w| of_type(&found.name, w.clone())));
            found.oldest_open = open.value().cloned().flatten();
            found.longest_closed = closed.value().cloned().flatten();
        }
        match Why::all(&whys) {
            None => Known::Known(types),
            Some(why) => Known::Partial { value: types, why },
        }
    }

    async fn counts(&self, name: &str) -> Result<WorkflowType, Failure> {
        let is = query::equals(Field::WorkflowType.name(), name);
        let open = self.count(&query::all([self.phases.open, &is])).await?;
        let closed = self.count(&query::all([self.phases.closed, &is])).await?;
        Ok(WorkflowType { name: name.to_owned(), open, closed, oldest_open: None, longest_closed: None })
    }

    async fn extreme_of(
        &self,
        count: &Result<u64, Failure>,
        filter: &str,
        extreme: Extreme,
        ceiling: f64,
    ) -> Known<Option<ExecutionSample>> {
        match count {
            Ok(0) => Known::Known(None),
            Ok(count) => known(self.extreme(*count, filter, extreme, ceiling).await),
            Err(failure) => Known::Unknown(failure.why()),
        }
    }

    /// The oldest open or longest closed execution among those that match, of which there are `count`.
    ///
    /// Age and duration are those of one run: continuing as new begins a run, and its time, anew.
    /// Bisects on a logarithmic scale, so the number of steps depends on how long executions run and not on how
    /// many there are. Exact when at most [`ROWS`] executions are within 0.3 % of the extreme, else within that.
    async fn extreme(
        &self,
        count: u64,
        filter: &str,
        extreme: Extreme,
        ceiling: f64,
    ) -> Result<Option<ExecutionSample>, Failure> {
        let phase = match extreme {
            Extreme::OldestOpen => self.phases.open,
            Extreme::LongestClosed => self.phases.closed,
        };
        let all = query::all([phase, filter]);
        let narrow = if count > FEW { self.bisect(&all, extreme, ceiling).await? } else { None };
        let mut rows = self.rows(narrow.as_deref().unwrap_or(&all), ROWS).await?;
        if rows.is_empty() && narrow.is_some() {
            // They closed, or ran out of retention, between the count and the list.
            rows = self.rows(&all, ROWS).await?;
        }
        let samples: Vec<_> = rows.into_iter().map(|row| self.sample(row, extreme)).collect();
        Ok(greatest(None, samples.iter()))
    }

    /// A query that matches the extreme and little beside it; none when no execution reaches one second.
    async fn bisect(&self, all: &str, extreme: Extreme, ceiling: f64) -> Result<Option<String>, Failure> {
        let (mut low, mut high) = (1.0, ceiling);
        let mut found: Option<(String, u64)> = None;
        let mut refinements = 0;
        loop {
            if high / low <= RATIO {
                let listable = found.as_ref().is_none_or(|(_, n)| *n <= ROWS as u64);
                if listable || refinements == REFINEMENTS {
                    return Ok(found.map(|(query, _)| query));
                }
                refinements += 1;
            }
            let middle = f64::sqrt(low * high);
            let Some(longer) = self.at_least(extreme, middle) else { return Ok(found.map(|(query, _)| query)) };
            let query = query::all([all, &longer]);
            match self.count(&query).await? {
                0 => high = middle,
                n => (low, found) = (middle, Some((query, n))),
            }
        }
    }

    /// The condition that an execution is open or ran for at least so many seconds.
    fn at_least(&self, extreme: Extreme, seconds: f64) -> Option<String> {
        match extreme {
            Extreme::OldestOpen => {
                let age = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
                let start = self.options.at.checked_sub(age).ok()?;
                Some(format!("StartTime <= '{start:.6}'"))
            }
            Extreme::LongestClosed => Some(format!("ExecutionDuration >= '{seconds:.6}s'")),
        }
    }

    fn sample(&self, row: WorkflowExecutionInfo, extreme: Extreme) -> Option<ExecutionSample> {
        let start_time = time::timestamp(row.start_time.as_ref())?;
        let until = match extreme {
            Extreme::OldestOpen => self.options.at,
            Extreme::LongestClosed => time::timestamp(row.close_time.as_ref())?,
        };
        let execution = row.execution.unwrap_or_default();
        Some(ExecutionSample {
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            workflow_type: row.r#type.unwrap_or_default().name,
            task_queue: row.task_queue,
            start_time,
            seconds: u64::try_from(until.duration_since(start_time).as_secs()).unwrap_or(0),
        })
    }

    /// For other facts of the same namespace.
    pub(super) fn client(&self) -> &Client {
        self.client
    }
}

fn of_type(name: &str, why: Why) -> Why {
    Why { reason: format!("workflow type {name}: {}", why.reason), remedy: why.remedy }
}

/// An answer, or the reason why there is none.
pub(super) fn known<T>(answer: Result<T, Failure>) -> Known<T> {
    match answer {
        Ok(value) => Known::Known(value),
        Err(failure) => Known::Unknown(failure.why()),
    }
}
