//! Workers as they describe themselves, and the deployments they are versions of.

use temporalio_protos::temporal::api::deployment::v1::{WorkerDeploymentVersion, worker_deployment_info};
use temporalio_protos::temporal::api::enums::v1::{WorkerDeploymentVersionStatus, WorkerStatus};
use temporalio_protos::temporal::api::worker::v1::{WorkerHeartbeat, WorkerListInfo};
use temporalio_protos::temporal::api::workflowservice::v1::{
    DescribeWorkerDeploymentRequest, ListWorkerDeploymentsRequest, ListWorkersRequest,
    list_worker_deployments_response::WorkerDeploymentSummary,
};
use tonic::Code;

use super::ProbeOptions;
use super::client::Client;
use super::failure::Failure;
use super::time;
use crate::facts::cluster::{DeploymentVersion, NamespaceConfig, Worker, WorkerDeployment};
use crate::facts::{Known, Why};

const PAGE: i32 = 200;
/// Bounds a list that does not come to an end; Temporal Cloud allows 20,000 pollers of a kind.
const PAGES: usize = 100;

/// Every worker that sends heartbeats, sorted by task queue and identity.
///
/// Heartbeats are younger than workers: a namespace that does not take them has workers all the same, and so has one
/// whose SDKs do not send them. The list is known only as what it is, workers that told.
pub(super) async fn workers(client: &Client, namespace: &str, config: Option<&NamespaceConfig>) -> Known<Vec<Worker>> {
    if config.is_some_and(|c| !c.capabilities.iter().any(|c| c == "worker_heartbeats")) {
        return Known::Unknown(Why::with_remedy(
            format!("namespace {namespace} takes no heartbeats of workers (servers before 1.30, or switched off)"),
            "the pollers of each task queue are known all the same; take SDK versions from the lock files of the workers",
        ));
    }
    let mut workers = Vec::new();
    let mut token = Vec::new();
    for _ in 0..PAGES {
        let request = ListWorkersRequest {
            namespace: namespace.to_owned(),
            page_size: PAGE,
            next_page_token: token.clone(),
            ..Default::default()
        };
        let answer = match client.list_workers(namespace, request).await {
            Ok(answer) => answer,
            Err(failure) => return partly(sorted(workers), failure.why()),
        };
        // Servers before 1.31 fill only the older list.
        #[allow(deprecated)]
        if answer.workers.is_empty() {
            workers.extend(answer.workers_info.into_iter().filter_map(|w| w.worker_heartbeat).map(from_heartbeat));
        } else {
            workers.extend(answer.workers.into_iter().map(from_list));
        }
        token = answer.next_page_token;
        if token.is_empty() {
            return Known::Known(sorted(workers));
        }
    }
    partly(sorted(workers), Why::new("ListWorkers did not come to an end"))
}

fn sorted(mut workers: Vec<Worker>) -> Vec<Worker> {
    workers.sort_by(|a, b| (&a.task_queue, &a.identity).cmp(&(&b.task_queue, &b.identity)));
    workers
}

fn partly<T>(value: Vec<T>, why: Why) -> Known<Vec<T>> {
    if value.is_empty() { Known::Unknown(why) } else { Known::Partial { value, why } }
}

fn from_list(info: WorkerListInfo) -> Worker {
    let (deployment, build_id) = named(info.deployment_version);
    Worker {
        identity: info.worker_identity,
        task_queue: info.task_queue,
        sdk: info.sdk_name,
        sdk_version: info.sdk_version,
        status: status(info.status),
        started: time::timestamp(info.start_time.as_ref()),
        deployment,
        build_id,
    }
}

fn from_heartbeat(beat: WorkerHeartbeat) -> Worker {
    let (deployment, build_id) = named(beat.deployment_version);
    Worker {
        identity: beat.worker_identity,
        task_queue: beat.task_queue,
        sdk: beat.sdk_name,
        sdk_version: beat.sdk_version,
        status: status(beat.status),
        started: time::timestamp(beat.start_time.as_ref()),
        deployment,
        build_id,
    }
}

fn status(value: i32) -> String {
    match WorkerStatus::try_from(value) {
        Ok(WorkerStatus::Running) => "Running",
        Ok(WorkerStatus::ShuttingDown) => "ShuttingDown",
        Ok(WorkerStatus::Shutdown) => "Shutdown",
        _ => "",
    }
    .to_owned()
}

/// Deployment and build id, where they are set.
pub(super) fn named(version: Option<WorkerDeploymentVersion>) -> (Option<String>, Option<String>) {
    let set = |text: String| (!text.is_empty()).then_some(text);
    version.map_or((None, None), |v| (set(v.deployment_name), set(v.build_id)))
}

/// Every worker deployment with its versions, sorted by name.
pub(super) async fn deployments(
    client: &Client,
    namespace: &str,
    version: (u32, u32),
    options: &ProbeOptions,
) -> Known<Vec<WorkerDeployment>> {
    let mut listed: Vec<WorkerDeploymentSummary> = Vec::new();
    let mut whys: Vec<Why> = Vec::new();
    let mut token = Vec::new();
    for page in 0..PAGES {
        let request = ListWorkerDeploymentsRequest {
            namespace: namespace.to_owned(),
            page_size: PAGE,
            next_page_token: token.clone(),
        };
        let answer = match client.list_worker_deployments(namespace, request).await {
            Ok(answer) => answer,
            // There were no worker deployments before 1.27.
            Err(failure) if failure.code == Code::Unimplemented && ((1, 0)..(1, 27)).contains(&version) => {
                return Known::Known(Vec::new());
            }
            Err(failure) => {
                whys.push(failure.why());
                break;
            }
        };
        listed.extend(answer.worker_deployments);
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
        if page + 1 == PAGES {
            whys.push(Why::new("ListWorkerDeployments did not come to an end"));
            break;
        }
    }
    let mut deployments = Vec::new();
    let number = listed.len();
    for (index, summary) in listed.into_iter().enumerate() {
        options.say(&format!("{namespace}: worker deployment {} of {number}", index + 1));
        let mut deployment = from_summary(summary);
        match versions(client, namespace, &deployment.name).await {
            Ok(versions) => deployment.versions = versions,
            Err(failure) => {
                let why = failure.why();
                let reason = format!("versions of worker deployment {}: {}", deployment.name, why.reason);
                whys.push(Why { reason, remedy: why.remedy });
            }
        }
        deployments.push(deployment);
    }
    deployments.sort_by(|a, b| a.name.cmp(&b.name));
    match Why::all(&whys) {
        None => Known::Known(deployments),
        Some(why) => partly(deployments, why),
    }
}

#[allow(deprecated)] // servers before 1.28 name versions as `deployment.build`
fn from_summary(summary: WorkerDeploymentSummary) -> WorkerDeployment {
    let routing = summary.routing_config.unwrap_or_default();
    let build = |version: Option<WorkerDeploymentVersion>, old: &str| {
        named(version).1.or_else(|| old.strip_prefix(&summary.name)?.strip_prefix('.').map(str::to_owned))
    };
    let percent = routing.ramping_version_percentage;
    WorkerDeployment {
        current: build(routing.current_deployment_version, &routing.current_version),
        ramping: build(routing.ramping_deployment_version, &routing.ramping_version),
        // A ramp below one percent is a ramp.
        ramping_percent: if percent > 0.0 { percent.clamp(1.0, 100.0) as u8 } else { 0 },
        versions: Vec::new(),
        name: summary.name,
    }
}

async fn versions(client: &Client, namespace: &str, name: &str) -> Result<Vec<DeploymentVersion>, Failure> {
    let request = DescribeWorkerDeploymentRequest { namespace: namespace.to_owned(), deployment_name: name.to_owned() };
    let answer = client.describe_worker_deployment(namespace, request).await?;
    let summaries = answer.worker_deployment_info.unwrap_or_default().version_summaries;
    let mut versions: Vec<DeploymentVersion> = summaries.into_iter().map(|s| from_version(name, s)).collect();
    versions.sort();
    Ok(versions)
}

#[allow(deprecated)] // see `from_summary`
fn from_version(
    deployment: &str,
    summary: worker_deployment_info::WorkerDeploymentVersionSummary,
) -> DeploymentVersion {
    let old = summary.version.strip_prefix(deployment).and_then(|rest| rest.strip_prefix('.'));
    DeploymentVersion {
        build_id: named(summary.deployment_version).1.unwrap_or_else(|| old.unwrap_or_default().to_owned()),
        status: match WorkerDeploymentVersionStatus::try_from(summary.status) {
            Ok(WorkerDeploymentVersionStatus::Current) => "Current",
            Ok(WorkerDeploymentVersionStatus::Ramping) => "Ramping",
            Ok(WorkerDeploymentVersionStatus::Draining) => "Draining",
            Ok(WorkerDeploymentVersionStatus::Drained) => "Drained",
            Ok(WorkerDeploymentVersionStatus::Inactive) => "Inactive",
            Ok(WorkerDeploymentVersionStatus::Created) => "Created",
            _ => "Unspecified",
        }
        .to_owned(),
    }
}
