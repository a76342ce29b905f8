//! The oldest server that can be had: what it does not offer is unknown with the reason, and the rest is known.

use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::{ClusterInfo, Schedule};

use super::attributes::{create, probed, start};
use super::namespace;
use super::support::{self, workers::Pollers};

const NAMESPACE: &str = "payments-prod";

#[test]
fn an_old_server_tells_what_it_can() {
    let Ok(cli) = support::ensure_oldest_temporal() else { return };
    let server = DevServer::start(&cli, &[NAMESPACE]).expect("a dev server");
    create(&server, &[("MerchantId", "Keyword")]);
    start(&server, &[("one", &[("MerchantId", r#""secret-2""#)]), ("two", &[])]);
    let nightly = ["schedule", "create", "--namespace", NAMESPACE, "--schedule-id", "nightly", "--type", "Settle"];
    let rest = ["--task-queue", "settlement", "--workflow-id", "settle", "--cron", "0 2 * * *", "--paused"];
    server.cli(&[&nightly[..], &rest].concat()).expect("a schedule");
    let _workers = Pollers::start(server.address(), NAMESPACE, &["orders"]);
    std::thread::sleep(std::time::Duration::from_secs(1));

    let snapshot = probed(&server, 2);
    assert!(snapshot.connection.iter().all(|step| step.ok), "{:#?}", snapshot.connection);
    let system = snapshot.system.value().expect("known");
    assert_eq!(system.server_version, "1.29.0");
    let cluster: &ClusterInfo = system.cluster.as_ref().expect("told");
    assert!(cluster.history_shards > 0 && cluster.failover_version_increment > 0, "{cluster:?}");

    let found = namespace(&snapshot, NAMESPACE);
    let config = found.config.value().expect("known");
    assert_eq!((config.blob_size_limit_error, config.memo_size_limit_error), (None, None), "told since 1.30");
    let why = found.workers.why().expect("a reason");
    assert!(why.reason.contains("takes no heartbeats"), "{why:?}");
    assert_eq!(found.deployments, Known::Known(vec![]));
    assert_eq!((found.open.clone(), found.closed.clone()), (Known::Known(2), Known::Known(0)));
    let Known::Known(used) = &found.attribute_use else { panic!("{:?}", found.attribute_use) };
    assert_eq!((used[0].executions, used[0].sampled, used[0].lists), (1, 1, 0));
    let Known::Known(schedules) = &found.schedules else { panic!("{:?}", found.schedules) };
    let [Schedule { times: Known::Known(times), skipped: Known::Known(skipped), .. }] = schedules.as_slice() else {
        panic!("{schedules:#?}")
    };
    assert_eq!((times.iter().count(), skipped.iter().count()), (14, 0));
    let Known::Known(queues) = &found.task_queues else { panic!("{:?}", found.task_queues) };
    // What the worker takes and does not answer comes back after a while: how much waits depends on the moment.
    let told: Vec<_> =
        queues.iter().map(|q| (q.name.as_str(), q.workflow_pollers.len(), q.workflow_backlog.is_some())).collect();
    assert_eq!(told, [("orders", 1, true), ("settlement", 0, true)]);
    assert!(!serde_json::to_string(&snapshot).expect("JSON").contains("secret"), "values are measured, not kept");
}
