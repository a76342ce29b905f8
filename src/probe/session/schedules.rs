//! Schedules: listed by name, then each described, because a list entry is abridged.

use std::collections::BTreeSet;

use temporalio_protos::temporal::api::workflowservice::v1::{DescribeScheduleRequest, ListSchedulesRequest};
use tonic::Code;

use super::ProbeOptions;
use super::client::Client;
use super::executions::Visibility;
use super::failure::Failure;
use super::schedule_form;
use crate::facts::cluster::Schedule;
use crate::facts::{Known, Why};

const PAGE: i32 = 200;
/// Bounds a list that does not come to an end.
const PAGES: usize = 100;

/// Every schedule of a namespace in canonical form, sorted by id.
pub(super) async fn read(
    visibility: &Visibility<'_>,
    version: (u32, u32),
    options: &ProbeOptions,
) -> Known<Vec<Schedule>> {
    let (client, namespace) = (visibility.client(), visibility.namespace);
    let (ids, mut whys) = match list(client, namespace).await {
        Ok((ids, why)) => (ids, why.into_iter().collect::<Vec<_>>()),
        // Before 1.17 there were no schedules.
        Err(failure) if failure.code == Code::Unimplemented && ((1, 0)..(1, 17)).contains(&version) => {
            return Known::Known(Vec::new());
        }
        Err(failure) => return Known::Unknown(failure.why()),
    };
    if ids.is_empty() && whys.is_empty() {
        whys.extend(hidden(visibility).await);
    }
    let mut schedules = Vec::new();
    let mut absent: Vec<&String> = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        options.say(&format!("{namespace}: schedule {} of {}", index + 1, ids.len()));
        let request = DescribeScheduleRequest { namespace: namespace.to_owned(), schedule_id: id.clone() };
        match client.describe_schedule(namespace, request).await {
            Ok(answer) => match schedule_form::canonical(id, answer, version) {
                Ok(schedule) => schedules.push(schedule),
                Err(e) => whys.push(Why::new(format!("schedule {id} cannot be understood: {e}"))),
            },
            // Deleted since it was listed, or hidden.
            Err(failure) if failure.code == Code::NotFound => absent.push(id),
            Err(failure) => {
                let why = failure.why();
                whys.push(Why { reason: format!("schedule {id}: {}", why.reason), remedy: why.remedy });
                if failure.is_final() || failure.code == Code::PermissionDenied {
                    break;
                }
            }
        }
    }
    if !absent.is_empty() {
        whys.extend(still_listed(client, namespace, &absent).await);
    }
    let Some(why) = Why::all(&whys) else { return Known::Known(schedules) };
    if schedules.is_empty() { Known::Unknown(why) } else { Known::Partial { value: schedules, why } }
}

/// Why schedules that were not found are not gone: they are listed once more.
async fn still_listed(client: &Client, namespace: &str, absent: &[&String]) -> Option<Why> {
    let listed = match list(client, namespace).await {
        Ok((listed, _)) => listed,
        Err(failure) => return Some(failure.why()),
    };
    let hidden: Vec<&&String> = absent.iter().filter(|id| listed.contains(**id)).collect();
    let first = hidden.first()?;
    let message = format!("it answered NotFound for {} listed schedules, such as {first}", hidden.len());
    Some(Failure::contradiction("DescribeSchedule", namespace, message).why())
}

/// Why an empty list of schedules is not believed: behind every schedule stands an execution of the server's own.
async fn hidden(visibility: &Visibility<'_>) -> Option<Why> {
    const BEHIND: &str = "TemporalNamespaceDivision = 'TemporalScheduler' AND ExecutionStatus = 'Running'";
    match visibility.count(BEHIND).await {
        Ok(0) => None,
        Ok(count) => {
            let message = format!("it lists no schedule, and {count} are counted");
            Some(Failure::contradiction("ListSchedules", visibility.namespace, message).why())
        }
        // What cannot be asked like this proves nothing.
        Err(failure) if failure.code == Code::InvalidArgument => None,
        Err(failure) => Some(failure.why()),
    }
}

async fn list(client: &Client, namespace: &str) -> Result<(BTreeSet<String>, Option<Why>), Failure> {
    let mut ids = BTreeSet::new();
    let mut token = Vec::new();
    for _ in 0..PAGES {
        let request = ListSchedulesRequest {
            namespace: namespace.to_owned(),
            maximum_page_size: PAGE,
            next_page_token: token.clone(),
            query: String::new(),
        };
        let answer = match client.list_schedules(namespace, request).await {
            Ok(answer) => answer,
            Err(failure) if ids.is_empty() => return Err(failure),
            Err(failure) => return Ok((ids, Some(failure.why()))),
        };
        ids.extend(answer.schedules.into_iter().map(|entry| entry.schedule_id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let why = (!token.is_empty()).then(|| Why::new("ListSchedules did not come to an end"));
    Ok((ids, why))
}
