//! One id open on both clusters, of more than a thousand on the source: it is looked up from the smaller side.

use temporal_preflight::devserver::DevServer;
use temporal_preflight::probe::snapshot;
use temporalio_protos::temporal::api::common::v1::WorkflowType;
use temporalio_protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_protos::temporal::api::workflowservice::v1::StartWorkflowExecutionRequest;
use temporalio_protos::temporal::api::workflowservice::v1::workflow_service_client::WorkflowServiceClient;

use crate::support;

/// One more than are listed.
const MANY: usize = 1_001;

fn start(address: &str, namespace: &str, ids: Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = WorkflowServiceClient::connect(format!("http://{address}")).await.expect("a connection");
        let mut set = tokio::task::JoinSet::new();
        for id in ids {
            let mut client = client.clone();
            let request = StartWorkflowExecutionRequest {
                namespace: namespace.into(),
                request_id: id.clone(),
                workflow_id: id,
                workflow_type: Some(WorkflowType { name: "Order".into() }),
                task_queue: Some(TaskQueue { name: "orders".into(), ..Default::default() }),
                ..Default::default()
            };
            set.spawn(async move {
                while let Err(status) = client.start_workflow_execution(request.clone()).await {
                    assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            });
            if set.len() >= 32 {
                set.join_next().await.expect("one of them").expect("started");
            }
        }
        set.join_all().await;
    });
}

#[test]
fn an_id_that_is_open_on_both_is_found_whatever_the_size_of_the_source() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let source = DevServer::start(&cli, &["orders"]).expect("a dev server");
    let target = DevServer::start(&cli, &["orders-new"]).expect("a dev server");
    start(source.address(), "orders", (0..MANY).map(|n| format!("order-{n}")).collect());
    start(target.address(), "orders-new", vec!["order-500".into(), "of-the-target".into()]);
    // Visibility follows within moments.
    std::thread::sleep(std::time::Duration::from_secs(2));

    let folder = tempfile::tempdir().expect("a folder");
    let plan = format!(
        "version: 1\nsource: {{address: \"{}\"}}\ntarget: {{address: \"{}\"}}\nnamespaces:\n  - {{source: orders, target: orders-new}}\n",
        source.address(),
        target.address()
    );
    std::fs::write(folder.path().join("preflight.yaml"), plan).expect("the plan");
    let out = folder.path().join("snapshots");
    let mut command = assert_cmd::Command::cargo_bin("temporal-preflight").expect("the binary");
    command.current_dir(folder.path()).env("HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
    let flags = ["probe", "-o", "json", "--source-rps", "500", "--target-rps", "500", "--out"];
    let output = command.args(flags).arg(&out).output().expect("it runs");
    assert!(out.join("source.json").is_file(), "{}", String::from_utf8_lossy(&output.stderr));

    let seen = snapshot::read(&out.join("source.json")).expect("a snapshot");
    let here = &seen.namespaces[0].executions;
    assert!(here.open_ids.value().is_none(), "more than are listed");
    let also = here.also_open.value().expect("the source was asked for the ids of the target");
    let found: Vec<&str> = also.open.iter().map(|sample| sample.workflow_id.as_str()).collect();
    assert_eq!((also.asked, also.of, found), (2, 2, vec!["order-500"]));
}
