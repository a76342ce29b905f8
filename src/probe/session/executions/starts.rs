//! What was started lately, and by whom: after routing, whoever still starts here was forgotten.

use std::collections::BTreeMap;

use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use tonic::Code;

use super::super::query;
use super::{Field, Visibility, each, of_type, seen};
use crate::facts::cluster::{ExecutionSample, RecentStarts, StartedType, Starter};
use crate::facts::{Known, Why};

/// The newest executions of a type whose first event is read.
const LOOKED_AT: usize = 3;
/// So many are listed all at once, which tells types, numbers and the newest in one call.
const FEW: u64 = 300;
/// First events read in one namespace.
const EVENTS: usize = 120;
/// Where nobody said since when: a day, in seconds.
const A_DAY: i64 = 86_400;

/// Root executions begun since the instant of the options, or in the last day.
pub(super) async fn read(visibility: &Visibility<'_>) -> Known<RecentStarts> {
    let at = visibility.options.at;
    let day = jiff::SignedDuration::from_secs(A_DAY);
    let since = visibility.options.starts_since.unwrap_or_else(|| at.checked_sub(day).unwrap_or(at));
    let begun = format!("StartTime > '{since:.6}'");
    let mut whys: Vec<Why> = Vec::new();

    let mut roots_only = "ParentWorkflowId IS NULL";
    let by_schedules = "TemporalScheduledById IS NOT NULL";
    let mut scheduled = visibility.count(&query::all([begun.as_str(), roots_only, by_schedules])).await;
    if let Err(failure) = &scheduled
        && failure.code == Code::InvalidArgument
    {
        // Before 1.23 nothing but its first event says whose child an execution is.
        whys.push(visibility.lacking(failure, "ParentWorkflowId", (1, 23)));
        roots_only = "";
        scheduled = visibility.count(&query::all([begun.as_str(), by_schedules])).await;
    }
    let by_schedules = match scheduled {
        Ok(count) => count,
        Err(failure) => return Known::Unknown(visibility.lacking(&failure, "TemporalScheduledById", (1, 17))),
    };
    let filter = query::all([begun.as_str(), roots_only, "TemporalScheduledById IS NULL"]);

    let roots = match visibility.count(&filter).await {
        Ok(roots) => roots,
        Err(failure) => return Known::Unknown(failure.why()),
    };
    let found = match roots {
        0 => Ok(Vec::new()),
        1..=FEW => listed(visibility, &filter).await,
        _ => counted(visibility, &filter, &mut whys).await,
    };
    let mut found = match found {
        Ok(found) => found,
        Err(why) => return Known::Unknown(why),
    };
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut types, mut allowance) = (Vec::new(), EVENTS);
    for Begun { name, runs, rows } in found {
        let newest = rows.iter().filter_map(|row| visibility.open_sample(row));
        let samples: Vec<_> = newest.take(LOOKED_AT.min(allowance)).collect();
        allowance = allowance.saturating_sub(samples.len());
        visibility.say(&format!("who started `{name}`"));
        types.push(started(visibility, &name, runs, samples, &mut whys).await);
    }
    seen(RecentStarts { since, roots, by_schedules, types }, &whys)
}

/// Runs of one type, with the newest of them.
struct Begun {
    name: String,
    runs: u64,
    rows: Vec<WorkflowExecutionInfo>,
}

/// Few enough to list them all.
async fn listed(visibility: &Visibility<'_>, filter: &str) -> Result<Vec<Begun>, Why> {
    let rows = visibility.rows(filter, FEW as i32).await.map_err(|failure| failure.why())?;
    let mut types: BTreeMap<String, Vec<WorkflowExecutionInfo>> = BTreeMap::new();
    for row in rows {
        types.entry(Field::WorkflowType.of(&row)).or_default().push(row);
    }
    Ok(types.into_iter().map(|(name, rows)| Begun { name, runs: rows.len() as u64, rows }).collect())
}

/// Too many to list: the types by exclusion, a count and a short list for each.
async fn counted(visibility: &Visibility<'_>, filter: &str, whys: &mut Vec<Why>) -> Result<Vec<Begun>, Why> {
    let mut newest: BTreeMap<String, Vec<WorkflowExecutionInfo>> = BTreeMap::new();
    let names = visibility
        .distinct_with(Field::WorkflowType, filter, |row| {
            let rows = newest.entry(Field::WorkflowType.of(row)).or_default();
            if rows.len() < LOOKED_AT {
                rows.push(row.clone());
            }
        })
        .await;
    whys.extend(names.why().cloned());
    let Some(names) = names.value() else {
        return Err(Why::all(whys).unwrap_or_else(|| Why::new("recent executions were not listed")));
    };
    let counted = each(names, |name| {
        let is = query::equals(Field::WorkflowType.name(), name);
        let (filter, rows) = (query::all([filter, &is]), newest.get(name).map_or(0, Vec::len));
        async move {
            let runs = visibility.count(&filter).await?;
            // The list all types were found in may have held fewer of this one than are to be looked at.
            let enough = rows >= LOOKED_AT || rows as u64 >= runs;
            let more = if enough { vec![] } else { visibility.rows(&filter, LOOKED_AT as i32).await? };
            Ok((runs, more))
        }
    });
    let mut found = Vec::new();
    for (name, counted) in names.iter().zip(counted.await) {
        match counted {
            Err(failure) => whys.push(of_type(name, &failure)),
            Ok((runs, more)) => {
                let rows = if more.is_empty() { newest.remove(name).unwrap_or_default() } else { more };
                found.push(Begun { name: name.clone(), runs, rows });
            }
        }
    }
    Ok(found)
}

async fn started(
    visibility: &Visibility<'_>,
    name: &str,
    runs: u64,
    samples: Vec<ExecutionSample>,
    whys: &mut Vec<Why>,
) -> StartedType {
    let mut found =
        StartedType { workflow_type: name.to_owned(), runs, looked_at: 0, largest_input: 0, starters: Vec::new() };
    let events = each(&samples, |sample| async move { (sample, visibility.first_event(sample).await) });
    for (sample, event) in events.await {
        let event = match event {
            Ok(Some(event)) => event,
            Ok(None) => continue,
            Err(failure) => {
                whys.push(failure.why());
                continue;
            }
        };
        found.looked_at += 1;
        found.largest_input = found.largest_input.max(event.input_bytes);
        let same = |s: &&mut Starter| s.identity == event.identity && s.how == event.how;
        match found.starters.iter_mut().find(same) {
            Some(starter) => {
                starter.seen += 1;
                if sample.start_time > starter.newest.start_time {
                    starter.newest = sample.clone();
                }
            }
            None => found.starters.push(Starter {
                identity: event.identity,
                how: event.how,
                seen: 1,
                newest: sample.clone(),
            }),
        }
    }
    found
}
