//! Executions by counting, never by paging through them.
//!
//! Distinct values come from short lists that exclude what was seen; the oldest and the longest execution of every type
//! from the thin end of age or duration, which is found with counts. The number of calls follows the number of distinct
//! values, never the number of executions.
//!
//! ```text
//! visibility ─▶ distinct ─▶ counts by status ─▶ extremes ─▶ durations          one answer a type
//!           └─▶ starts · cron · scheduled · stuck · samples · listing          a few executions looked at closely
//! ```

mod beside;
mod cron;
mod distinct;
mod durations;
mod extremes;
mod first_event;
mod ids;
mod listing;
mod overdue;
mod samples;
mod scheduled;
mod starts;
mod stuck;
mod visibility;

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};

pub(super) use beside::Offered;
pub(super) use distinct::Field;
pub(super) use ids::also_open;
pub(super) use visibility::Visibility;

use super::failure::Failure;
use super::query;
use crate::facts::cluster::{AgeBucket, ExecutionFacts, ExecutionSample, WorkflowType};
use crate::facts::{Known, Why};
use extremes::Extreme;

/// So many calls are under way at once; the budget spaces them. It keeps a slow server from being waited for one answer
/// at a time.
const AT_ONCE: usize = 4;
/// Bounds of the ages open executions are counted by, in seconds: an hour, a day, a week, 30 and 90 days.
const AGES: [u64; 5] = [3_600, 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400];

/// What executions tell.
pub(super) struct Executions {
    pub(super) workflow_types: Known<Vec<WorkflowType>>,
    pub(super) open: Known<u64>,
    pub(super) closed: Known<u64>,
    pub(super) oldest_open: Known<Option<ExecutionSample>>,
    pub(super) longest_closed: Known<Option<ExecutionSample>>,
    pub(super) facts: ExecutionFacts,
}

/// Everything about the executions of one namespace; what can be missed best comes last.
pub(super) async fn read(visibility: &Visibility<'_>, offered: Offered) -> Executions {
    let closed = visibility.count(visibility.phases.closed).await;
    let (mut types, mut whys) = counted_types(visibility).await;
    let recent = starts::read(visibility).await;

    let ended = ended(visibility, &closed, &types).await;
    let oldest = visibility.extremes(Extreme::OldestOpen, &visibility.open, &counts(&types, |t| t.open)).await;
    let longest = visibility.extremes(Extreme::LongestClosed, &ended, &counts(&types, WorkflowType::ended)).await;
    for found in &mut types {
        found.oldest_open = oldest.of_types.get(&found.name).cloned();
        found.longest_closed = longest.of_types.get(&found.name).cloned();
    }
    whys.extend(oldest.whys.into_iter().chain(longest.whys));

    let scheduled = scheduled::read(visibility).await;
    let stuck = stuck::read(visibility).await;
    let open_ages = ages(visibility, &oldest.overall).await;
    let samples = samples::read(visibility, &types, &whys).await;
    let cron = cron::read(visibility).await;
    let durations = visibility.durations(&ended, &longest.overall, &mut types).await;
    overdue::read(visibility, &mut types, &mut whys).await;
    let listed = listing::read(visibility, &types).await;
    let beside = beside::read(visibility, offered).await;
    let rest = beside::rest(visibility, offered).await;
    let also_open = also_open(visibility).await;
    let open_ids = ids::open(visibility).await;

    let open = known(visibility.open.clone());
    // A namespace without any type found, and with a reason for it, has types nobody could name.
    let workflow_types = match Why::all(&whys) {
        None => Known::Known(types),
        Some(why) if types.is_empty() => Known::Unknown(why),
        Some(why) => Known::Partial { value: types, why },
    };
    Executions {
        workflow_types,
        open,
        closed: known(closed),
        oldest_open: oldest.overall,
        longest_closed: longest.overall,
        facts: ExecutionFacts {
            statuses: known(visibility.statuses.clone()),
            open_ages,
            durations,
            recent,
            cron,
            scheduled,
            stuck,
            samples,
            beside,
            also_open,
            open_ids,
            rest,
            listed,
        },
    }
}

/// How many closed executions ended: those that continued as new did not.
async fn ended(
    visibility: &Visibility<'_>,
    closed: &Result<u64, Failure>,
    types: &[WorkflowType],
) -> Result<u64, Failure> {
    let continued: u64 = types.iter().filter_map(|t| t.continued).sum();
    match closed {
        Ok(closed) if continued > 0 && *closed > 0 => visibility.count(visibility.ended()).await,
        known => known.clone(),
    }
}

fn counts(types: &[WorkflowType], of: impl Fn(&WorkflowType) -> u64) -> BTreeMap<String, u64> {
    types.iter().map(|t| (t.name.clone(), of(t))).filter(|(_, n)| *n > 0).collect()
}

/// Every workflow type with its counts, and what is missing.
async fn counted_types(visibility: &Visibility<'_>) -> (Vec<WorkflowType>, Vec<Why>) {
    let names = visibility.distinct(Field::WorkflowType, "").await;
    let mut whys: Vec<Why> = names.why().cloned().into_iter().collect();
    let names = names.value().map(Vec::as_slice).unwrap_or_default();
    let number = names.len();
    let counted = each(names.iter().enumerate(), |(index, name)| async move {
        visibility.say(&format!("counting workflow type {} of {number}", index + 1));
        (name, type_counts(visibility, name).await)
    });
    let mut types = Vec::new();
    for (name, counted) in counted.await {
        match counted {
            Ok(found) => types.push(found),
            Err(failure) => whys.push(of_type(name, &failure)),
        }
    }
    (types, whys)
}

async fn type_counts(visibility: &Visibility<'_>, name: &str) -> Result<WorkflowType, Failure> {
    let is = query::equals(Field::WorkflowType.name(), name);
    let mut found = WorkflowType { name: name.to_owned(), ..WorkflowType::default() };
    if visibility.statuses.is_ok() {
        let statuses = visibility.count_by_status(&is).await?;
        let open = |(status, _): &(&String, &u64)| visibility::OPEN_STATUSES.contains(&status.as_str());
        let of = |wanted: bool| statuses.iter().filter(|s| open(s) == wanted).map(|(_, n)| n).sum::<u64>();
        let status = |name: &str| Some(statuses.get(name).copied().unwrap_or(0));
        (found.open, found.closed, found.paused) = (of(true), of(false), status("Paused"));
        (found.continued, found.terminated) = (status("ContinuedAsNew"), status("Terminated"));
    } else {
        found.open = visibility.count(&query::all([visibility.phases.open, &is])).await?;
        found.closed = visibility.count(&query::all([visibility.phases.closed, &is])).await?;
        if found.closed > 0 {
            let of = async |status: &str| {
                visibility.count(&query::all([is.as_str(), &query::equals("ExecutionStatus", status)])).await
            };
            (found.continued, found.terminated) = (Some(of("ContinuedAsNew").await?), Some(of("Terminated").await?));
        } else {
            (found.continued, found.terminated) = (Some(0), Some(0));
        }
    }
    Ok(found)
}

/// Open executions by age: one count a bound, none for bounds that the oldest does not reach.
async fn ages(visibility: &Visibility<'_>, oldest: &Known<Option<ExecutionSample>>) -> Known<Vec<AgeBucket>> {
    let open = match &visibility.open {
        Ok(open) => *open,
        Err(failure) => return Known::Unknown(failure.why()),
    };
    let reached = |bound: u64| match oldest {
        Known::Known(Some(sample)) => bound <= sample.seconds,
        Known::Known(None) => false,
        _ => true,
    };
    let (mut buckets, mut older, mut from) = (Vec::new(), open, 0);
    for bound in AGES.into_iter().filter(|b| reached(*b)) {
        let Some(condition) = visibility.at_least(Extreme::OldestOpen, bound as f64) else { break };
        let next = match visibility.count(&query::all([visibility.phases.open, &condition])).await {
            Ok(next) => next.min(older),
            Err(failure) => return Known::Unknown(failure.why()),
        };
        buckets.push(AgeBucket { from_seconds: from, to_seconds: Some(bound), open: older - next });
        (older, from) = (next, bound);
        if next == 0 {
            break;
        }
    }
    if older > 0 || buckets.is_empty() {
        buckets.push(AgeBucket { from_seconds: from, to_seconds: None, open: older });
    }
    Known::Known(buckets)
}

/// Ask for each of several things, a few at once; the answers keep the order.
async fn each<I, A, F>(items: impl IntoIterator<Item = I>, ask: impl FnMut(I) -> F) -> Vec<A>
where
    F: Future<Output = A>,
{
    stream::iter(items).map(ask).buffered(AT_ONCE).collect().await
}

/// Why something of a type is missing. The end of the time concerns no type in particular.
fn of_type(name: &str, failure: &Failure) -> Why {
    let why = failure.why();
    if failure.is_final() {
        return why;
    }
    Why { reason: format!("workflow type {name}: {}", why.reason), remedy: why.remedy }
}

/// An answer, or the reason why there is none.
pub(super) fn known<T>(answer: Result<T, Failure>) -> Known<T> {
    match answer {
        Ok(value) => Known::Known(value),
        Err(failure) => Known::Unknown(failure.why()),
    }
}

/// A value with the reasons why it may lack something.
fn seen<T>(value: T, whys: &[Why]) -> Known<T> {
    match Why::all(whys) {
        None => Known::Known(value),
        Some(why) => Known::Partial { value, why },
    }
}
