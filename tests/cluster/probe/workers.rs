//! Workers of a real server: who polls what, as which version, and what waits for them.

use std::time::{Duration, Instant};

use temporal_preflight::compare::{DeploymentKind, QueueKind, compare};
use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::{ClusterSnapshot, DeploymentVersion, NamespaceSnapshot};
use temporalio_protos::temporal::api::common::v1::WorkerVersionCapabilities;
use temporalio_protos::temporal::api::deployment::v1::{WorkerDeploymentOptions, WorkerDeploymentVersion};
use temporalio_protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_protos::temporal::api::worker::v1::WorkerHeartbeat;
use temporalio_protos::temporal::api::workflowservice::v1::{
    PollNexusTaskQueueRequest, PollWorkflowTaskQueueRequest, RecordWorkerHeartbeatRequest,
    workflow_service_client::WorkflowServiceClient,
};
use tonic::transport::Channel;

use super::schedules::{client, plan, sides};
use super::support;
use super::{at, namespace, options, run};

const SOURCE: &str = "payments-prod";
const TARGET: &str = "payments-next";

fn queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue { name: name.into(), kind: 1, ..TaskQueue::default() })
}

fn versioned(build: &str) -> Option<WorkerDeploymentOptions> {
    Some(WorkerDeploymentOptions {
        deployment_name: "orders-app".into(),
        build_id: build.into(),
        worker_versioning_mode: 2,
    })
}

/// Polls until the runtime ends.
fn poll(runtime: &tokio::runtime::Runtime, client: &WorkflowServiceClient<Channel>, build: &str) {
    let (workflow, nexus) = (client.clone(), client.clone());
    let (options, identity) = (versioned(build), format!("1@orders-{build}@"));
    let request = PollWorkflowTaskQueueRequest {
        namespace: SOURCE.into(),
        task_queue: queue("orders"),
        identity: identity.clone(),
        deployment_options: options.clone(),
        ..Default::default()
    };
    let nexus_request = PollNexusTaskQueueRequest {
        namespace: SOURCE.into(),
        task_queue: queue("orders"),
        identity,
        deployment_options: options,
        ..Default::default()
    };
    let timed = |seconds| Duration::from_secs(seconds);
    runtime.spawn(async move {
        loop {
            let mut request = tonic::Request::new(request.clone());
            request.set_timeout(timed(60));
            if workflow.clone().poll_workflow_task_queue(request).await.is_err() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    });
    runtime.spawn(async move {
        loop {
            let mut request = tonic::Request::new(nexus_request.clone());
            request.set_timeout(timed(60));
            if nexus.clone().poll_nexus_task_queue(request).await.is_err() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    });
}

/// A server tells of pollers and versions a moment after they came.
fn probed(server: &DevServer, ready: impl Fn(&NamespaceSnapshot) -> bool) -> ClusterSnapshot {
    let begun = Instant::now();
    let mut asked = options(&[SOURCE, TARGET]);
    asked.task_queues = vec!["orders".into()];
    loop {
        asked.at = support::now();
        let snapshot = run(at(server.address()), &asked);
        if ready(namespace(&snapshot, SOURCE)) || begun.elapsed() > Duration::from_secs(30) {
            return snapshot;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// A worker of 2023 asks for tasks of its build id, and not of a deployment.
#[test]
fn a_worker_that_polls_by_build_id_alone_is_told_apart() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[SOURCE, TARGET]).expect("a dev server");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = runtime.block_on(client(&server));
    for (identity, use_versioning) in [("1@sets@", true), ("1@plain@", false)] {
        #[allow(deprecated)] // the form such workers have
        let request = PollWorkflowTaskQueueRequest {
            namespace: SOURCE.into(),
            task_queue: queue("orders"),
            identity: identity.into(),
            worker_version_capabilities: Some(WorkerVersionCapabilities {
                build_id: "1.4".into(),
                use_versioning,
                ..Default::default()
            }),
            ..Default::default()
        };
        let client = client.clone();
        runtime.spawn(async move {
            loop {
                let mut request = tonic::Request::new(request.clone());
                request.set_timeout(Duration::from_secs(60));
                if client.clone().poll_workflow_task_queue(request).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        });
    }
    let snapshot = probed(&server, |n| {
        n.task_queues.value().is_some_and(|queues| queues.iter().any(|q| q.workflow_pollers.len() == 2))
    });
    let queues = namespace(&snapshot, SOURCE).task_queues.value().expect("told");
    let told: Vec<_> = queues[0].workflow_pollers.iter().map(|p| (p.identity.as_str(), p.by_build_id)).collect();
    assert_eq!(told, [("1@plain@", false), ("1@sets@", true)]);
}

#[test]
fn workers_tell_their_versions_and_a_deployment_does_not_move() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[SOURCE, TARGET]).expect("a dev server");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = runtime.block_on(client(&server));
    poll(&runtime, &client, "1.4");
    poll(&runtime, &client, "1.5");
    let beat = RecordWorkerHeartbeatRequest {
        namespace: SOURCE.into(),
        identity: "1@orders-1.4@".into(),
        worker_heartbeat: vec![WorkerHeartbeat {
            worker_instance_key: "w-1".into(),
            worker_identity: "1@orders-1.4@".into(),
            task_queue: "orders".into(),
            deployment_version: Some(WorkerDeploymentVersion {
                deployment_name: "orders-app".into(),
                build_id: "1.4".into(),
            }),
            sdk_name: "temporal-go".into(),
            sdk_version: "1.38.0".into(),
            status: 1,
            ..Default::default()
        }],
        ..Default::default()
    };
    runtime.block_on(client.clone().record_worker_heartbeat(beat)).expect("a heartbeat");
    for waiting in ["refund-1", "refund-2"] {
        let start = ["workflow", "start", "--namespace", SOURCE, "--workflow-id", waiting, "--type", "Refund"];
        server.cli(&[&start[..], &["--task-queue", "refunds"]].concat()).expect("started");
    }
    let begun = Instant::now();
    let current = ["worker", "deployment", "set-current-version", "--namespace", SOURCE, "--yes"];
    let of = ["--deployment-name", "orders-app", "--build-id", "1.4"];
    while let Err(e) = server.cli(&[&current[..], &of].concat()) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{e:?}");
        std::thread::sleep(Duration::from_millis(500));
    }

    let snapshot = probed(&server, |n| {
        let queues = n.task_queues.value().into_iter().flatten();
        let polled: usize = queues.clone().map(|q| q.nexus_pollers.as_ref().map_or(0, Vec::len)).sum();
        let both = queues.clone().any(|q| q.workflow_pollers.len() == 2);
        let waiting = queues.clone().any(|q| q.name == "refunds" && q.workflow_backlog == Some(2));
        let routed = queues.clone().any(|q| q.current_version.is_some());
        let known = n.deployments.value().is_some_and(|d| d.iter().any(|d| d.versions.len() == 2));
        polled == 2 && both && waiting && routed && known
    });
    let found = namespace(&snapshot, SOURCE);
    let Known::Known(workers) = &found.workers else { panic!("{:?}", found.workers) };
    let told: Vec<_> = workers
        .iter()
        .map(|w| {
            (w.task_queue.as_str(), w.sdk.as_str(), w.sdk_version.as_str(), w.build_id.as_deref(), w.status.as_str())
        })
        .collect();
    assert_eq!(told, [("orders", "temporal-go", "1.38.0", Some("1.4"), "Running")]);
    let Known::Known(deployments) = &found.deployments else { panic!("{:?}", found.deployments) };
    let [orders] = deployments.as_slice() else { panic!("{deployments:?}") };
    assert_eq!(
        (orders.name.as_str(), orders.current.as_deref(), orders.ramping.as_deref()),
        ("orders-app", Some("1.4"), None)
    );
    let version = |build: &str, status: &str| DeploymentVersion { build_id: build.into(), status: status.into() };
    assert_eq!(orders.versions, [version("1.4", "Current"), version("1.5", "Inactive")]);

    let queues = found.task_queues.value().expect("told");
    let (on_orders, refunds) = (&queues[0], &queues[1]);
    assert_eq!(on_orders.current_version.as_deref(), Some("orders-app/1.4"));
    let polling: Vec<_> = on_orders
        .workflow_pollers
        .iter()
        .map(|p| (p.identity.as_str(), p.deployment.as_deref(), p.build_id.as_deref()))
        .collect();
    assert_eq!(
        polling,
        [("1@orders-1.4@", Some("orders-app"), Some("1.4")), ("1@orders-1.5@", Some("orders-app"), Some("1.5"))]
    );
    assert_eq!(on_orders.nexus_pollers.as_ref().map(Vec::len), Some(2));
    assert_eq!((refunds.name.as_str(), refunds.workflow_backlog), ("refunds", Some(2)));
    assert!(refunds.workflow_backlog_seconds.is_some_and(|age| age < 120), "{refunds:?}");
    assert_eq!(refunds.nexus_pollers, None, "nobody polls it at all");

    // An hour later nobody has polled again: the workers have gone, whatever the server still remembers.
    let mut later = snapshot.clone();
    later.taken_at = snapshot.taken_at + Duration::from_secs(3600);
    let (source, target) = sides(snapshot);
    let changes = compare(&source, &target, &plan());
    let Known::Known(found) = changes.deployments else { panic!("{:?}", changes.deployments) };
    let told: Vec<_> = found.iter().map(|c| (c.name.as_str(), c.build_id.as_str(), c.change)).collect();
    assert_eq!(told, [("orders-app", "1.4", DeploymentKind::MissingOnTarget)]);
    let kinds = |changes: &Known<Vec<temporal_preflight::compare::QueueChange>>| {
        let changes = changes.value().expect("told").iter();
        changes.map(|c| (c.name.clone(), c.change, c.gone.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(&changes.task_queues),
        [
            ("orders".to_owned(), QueueKind::NoPollersOnTarget, false),
            ("refunds".to_owned(), QueueKind::NotAskedOnTarget, false)
        ]
    );
    let (source, target) = sides(later);
    assert!(kinds(&compare(&source, &target, &plan()).task_queues).iter().all(|(name, ..)| name == "refunds"));
}
