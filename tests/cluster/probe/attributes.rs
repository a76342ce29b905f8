//! Which search attributes executions of a real server use, and lists where one value belongs.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::ClusterSnapshot;
use temporalio_protos::temporal::api::common::v1::{Payload, SearchAttributes, WorkflowType};
use temporalio_protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_protos::temporal::api::workflowservice::v1::StartWorkflowExecutionRequest;

use super::schedules::client;
use super::support;
use super::{at, namespace, options, run};

const NAMESPACE: &str = "payments-prod";

fn json(text: &str) -> Payload {
    Payload {
        metadata: HashMap::from([("encoding".to_owned(), b"json/plain".to_vec())]),
        data: text.as_bytes().to_vec(),
        ..Default::default()
    }
}

/// Start executions with these search attributes, each given as JSON.
pub fn start(server: &DevServer, executions: &[(&str, &[(&str, &str)])]) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut client = runtime.block_on(client(server));
    for (id, attributes) in executions {
        let fields = attributes.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect();
        let request = StartWorkflowExecutionRequest {
            namespace: NAMESPACE.into(),
            workflow_id: (*id).into(),
            request_id: (*id).into(),
            workflow_type: Some(WorkflowType { name: "Order".into() }),
            task_queue: Some(TaskQueue { name: "orders".into(), ..Default::default() }),
            search_attributes: Some(SearchAttributes { indexed_fields: fields }),
            ..Default::default()
        };
        runtime.block_on(client.start_workflow_execution(request)).unwrap_or_else(|e| panic!("{id}: {e}"));
    }
}

/// Create search attributes.
pub fn create(server: &DevServer, attributes: &[(&str, &str)]) {
    for (name, value_type) in attributes {
        let create = ["operator", "search-attribute", "create", "--namespace", NAMESPACE, "--name", name];
        server.cli(&[&create[..], &["--type", value_type]].concat()).expect("an attribute");
    }
}

/// Probe until visibility tells of so many open executions.
pub fn probed(server: &DevServer, open: u64) -> ClusterSnapshot {
    let begun = Instant::now();
    loop {
        let snapshot = run(at(server.address()), &options(&[NAMESPACE]));
        if namespace(&snapshot, NAMESPACE).open == Known::Known(open) || begun.elapsed() > Duration::from_secs(20) {
            return snapshot;
        }
    }
}

#[test]
fn used_attributes_and_others_are_told_apart() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &[NAMESPACE]).expect("a dev server");
    create(
        &server,
        &[("MerchantId", "Keyword"), ("Order", "Keyword"), ("Tags", "KeywordList"), ("CustomKeywordField", "Keyword")],
    );
    start(
        &server,
        &[
            ("one", &[("MerchantId", r#""secret-1""#), ("Tags", r#"["a","b"]"#)]),
            ("two", &[("MerchantId", r#""secret-22""#), ("Order", r#"["o-1"]"#)]),
            ("three", &[]),
        ],
    );
    let snapshot = probed(&server, 3);
    let Known::Known(used) = &namespace(&snapshot, NAMESPACE).attribute_use else { panic!("known") };
    let told: Vec<_> = used.iter().map(|u| (u.name.as_str(), u.executions, u.sampled, u.lists)).collect();
    assert_eq!(told, [("CustomKeywordField", 0, 0, 0), ("MerchantId", 2, 2, 0), ("Order", 1, 1, 0), ("Tags", 1, 1, 0)]);
    assert_eq!(used[1].largest_bytes, 11);
    assert!(!serde_json::to_string(&snapshot).expect("JSON").contains("secret"), "values are measured, not kept");
}
