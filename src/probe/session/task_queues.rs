//! Task queues: who polls them and what waits in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use temporalio_protos::temporal::api::enums::v1::{TaskQueueKind, TaskQueueType};
use temporalio_protos::temporal::api::taskqueue::v1 as taskqueue;
use temporalio_protos::temporal::api::workflowservice::v1::{DescribeTaskQueueRequest, DescribeTaskQueueResponse};
use tonic::Code;

use super::ProbeOptions;
use super::executions::{Field, Visibility};
use super::failure::Failure;
use super::query;
use super::{time, workers};
use crate::facts::cluster::{Poller, Schedule, TaskQueue, Worker};
use crate::facts::{Known, Why};

/// The queues of executions (closed ones too: their tasks may be left), of schedules, of workers that tell, and those
/// asked for, sorted by name. `nexus`: the server has Nexus.
pub(super) async fn read(
    visibility: &Visibility<'_>,
    schedules: &Known<Vec<Schedule>>,
    workers: &Known<Vec<Worker>>,
    nexus: bool,
    options: &ProbeOptions,
) -> Known<Vec<TaskQueue>> {
    let used = visibility.distinct(Field::TaskQueue, visibility.phases.open).await;
    let left = visibility.distinct(Field::TaskQueue, visibility.phases.closed).await;
    let mut whys: Vec<Why> = [&used, &left].into_iter().filter_map(Known::why).cloned().collect();
    if let Some(why) = schedules.why() {
        whys.push(Why {
            reason: format!("queues of schedules are missing: {}", why.reason),
            remedy: why.remedy.clone(),
        });
    }
    let mut names: BTreeSet<&str> = used.value().into_iter().flatten().map(String::as_str).collect();
    names.extend(left.value().into_iter().flatten().map(String::as_str));
    names.extend(workers.value().into_iter().flatten().map(|worker| worker.task_queue.as_str()));
    names.extend(schedules.value().into_iter().flatten().map(|s| s.action.task_queue.as_str()));
    names.extend(options.task_queues.iter().map(String::as_str));
    let later = match &options.later_queues {
        None => Arc::default(),
        Some(later) => match tokio::time::timeout(visibility.client().left(), later.clone()).await {
            Ok(names) => names,
            Err(_) => {
                whys.push(Why::new("queues of the code are missing: it was still being read when the time was over"));
                Arc::default()
            }
        },
    };
    names.extend(later.iter().map(String::as_str));
    names.remove("");

    let mut queues = Vec::new();
    for (index, name) in names.iter().enumerate() {
        options.say(&format!("{}: task queue {} of {}", visibility.namespace, index + 1, names.len()));
        match describe(visibility, &used, name, nexus).await {
            Ok(queue) => queues.push(queue),
            Err(failure) => {
                let why = failure.why();
                whys.push(Why { reason: format!("task queue {name}: {}", why.reason), remedy: why.remedy });
                if failure.is_final() || matches!(failure.code, Code::PermissionDenied | Code::Unimplemented) {
                    break;
                }
            }
        }
    }
    let Some(why) = Why::all(&whys) else { return Known::Known(queues) };
    if queues.is_empty() { Known::Unknown(why) } else { Known::Partial { value: queues, why } }
}

async fn describe(
    visibility: &Visibility<'_>,
    used: &Known<Vec<String>>,
    name: &str,
    nexus: bool,
) -> Result<TaskQueue, Failure> {
    let open_executions = if used.value().is_some_and(|used| used.iter().any(|u| u == name)) {
        let is = query::equals(Field::TaskQueue.name(), name);
        Some(visibility.count(&query::all([visibility.phases.open, &is])).await?)
    } else {
        used.is_known().then_some(0)
    };
    let workflow = ask(visibility, name, TaskQueueType::Workflow).await?;
    let activity = ask(visibility, name, TaskQueueType::Activity).await?;
    // A worker serves Nexus tasks beside others: a queue nobody polls has no Nexus worker either.
    let polled = !workflow.pollers.is_empty() || !activity.pollers.is_empty();
    let nexus_pollers =
        if polled && nexus { Some(pollers(ask(visibility, name, TaskQueueType::Nexus).await?.pollers)) } else { None };
    Ok(TaskQueue {
        name: name.to_owned(),
        open_executions,
        workflow_backlog: backlog(&workflow),
        activity_backlog: backlog(&activity),
        workflow_backlog_seconds: backlog_age(&workflow),
        activity_backlog_seconds: backlog_age(&activity),
        workflow_tasks_an_hour: tasks_an_hour(&workflow),
        activity_tasks_an_hour: tasks_an_hour(&activity),
        current_version: current_version(&workflow),
        workflow_pollers: pollers(workflow.pollers),
        activity_pollers: pollers(activity.pollers),
        nexus_pollers,
    })
}

#[allow(deprecated)] // servers before 1.28 report the backlog only in the old form
async fn ask(
    visibility: &Visibility<'_>,
    name: &str,
    kind: TaskQueueType,
) -> Result<DescribeTaskQueueResponse, Failure> {
    let request = DescribeTaskQueueRequest {
        namespace: visibility.namespace.to_owned(),
        task_queue: Some(taskqueue::TaskQueue {
            name: name.to_owned(),
            kind: TaskQueueKind::Normal as i32,
            normal_name: String::new(),
        }),
        task_queue_type: kind as i32,
        report_stats: true,
        include_task_queue_status: true,
        ..Default::default()
    };
    visibility.client().describe_task_queue(visibility.namespace, request).await
}

#[allow(deprecated)] // see `ask`
fn backlog(answer: &DescribeTaskQueueResponse) -> Option<i64> {
    match (&answer.stats, &answer.task_queue_status) {
        (Some(stats), _) => Some(stats.approximate_backlog_count),
        (None, Some(status)) => Some(status.backlog_count_hint),
        (None, None) => None,
    }
}

/// Tasks that came in the last half minute, as if they went on for an hour; rounded up, so that one is not none.
fn tasks_an_hour(answer: &DescribeTaskQueueResponse) -> Option<u64> {
    let rate = answer.stats.as_ref()?.tasks_add_rate;
    (rate.is_finite() && rate >= 0.0).then(|| (f64::from(rate) * 3_600.0).ceil() as u64)
}

/// Nothing waits, or the server does not tell: neither has an age.
fn backlog_age(answer: &DescribeTaskQueueResponse) -> Option<u64> {
    let stats = answer.stats.as_ref().filter(|stats| stats.approximate_backlog_count > 0)?;
    time::seconds(stats.approximate_backlog_age.as_ref())
}

#[allow(deprecated)] // servers before 1.28 name the version as `deployment.build`
fn current_version(answer: &DescribeTaskQueueResponse) -> Option<String> {
    let info = answer.versioning_info.as_ref()?;
    match workers::named(info.current_deployment_version.clone()) {
        (Some(deployment), Some(build)) => Some(format!("{deployment}/{build}")),
        // An old server writes `__unversioned__` for none.
        _ if info.current_version.is_empty() || info.current_version.starts_with("__") => None,
        _ => Some(info.current_version.replacen('.', "/", 1)),
    }
}

/// One entry an identity and version, with its last poll: a worker polls every partition of a queue.
fn pollers(told: Vec<taskqueue::PollerInfo>) -> Vec<Poller> {
    let mut last: BTreeMap<(String, Version), Option<jiff::Timestamp>> = BTreeMap::new();
    for poller in told {
        let seen = time::timestamp(poller.last_access_time.as_ref());
        let version = version(&poller);
        let entry = last.entry((poller.identity, version)).or_default();
        *entry = (*entry).max(seen);
    }
    let poller = |((identity, version), last_access): ((String, Version), _)| {
        let Version { deployment, build_id, by_build_id } = version;
        Poller { identity, last_access, deployment, build_id, by_build_id }
    };
    last.into_iter().map(poller).collect()
}

/// What a worker polls with.
#[derive(PartialEq, Eq, PartialOrd, Ord, Default)]
struct Version {
    deployment: Option<String>,
    build_id: Option<String>,
    by_build_id: bool,
}

#[allow(deprecated)] // workers of older SDKs tell their build id in the old form
fn version(poller: &taskqueue::PollerInfo) -> Version {
    let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    match (&poller.deployment_options, &poller.worker_version_capabilities) {
        (Some(options), _) => {
            Version { deployment: set(&options.deployment_name), build_id: set(&options.build_id), by_build_id: false }
        }
        (None, Some(old)) => Version {
            deployment: set(&old.deployment_series_name),
            build_id: set(&old.build_id),
            by_build_id: old.use_versioning && old.deployment_series_name.is_empty(),
        },
        (None, None) => Version::default(),
    }
}
