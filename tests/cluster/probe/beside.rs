//! Open work beside workflows, and ids of the other cluster, on a real server.

use std::collections::BTreeMap;

use temporal_preflight::facts::cluster::BesideWork;
use temporal_preflight::probe::OpenElsewhere;

use super::*;
use temporal_preflight::devserver::DevServer;

#[test]
fn work_beside_workflows_is_counted_and_ids_of_the_source_are_looked_for() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &["payments"]).expect("a dev server");
    let of = ["--namespace", "payments", "--task-queue", "orders"];
    for id in ["payment-1", "payment-2", "o'brien"] {
        let start = ["workflow", "start", "--workflow-id", id, "--type", "Payment"];
        server.cli(&[&start[..], &of[..]].concat()).expect("started");
    }
    let activity = ["activity", "start", "--activity-id", "a-1", "--type", "Charge", "--start-to-close-timeout", "1h"];
    server.cli(&[&activity[..], &of[..]].concat()).expect("a standalone activity");
    let settings = || ConnectionSettings { address: Some(server.address().to_owned()), ..Default::default() };
    let ids = ["payment-1", "o'brien", "payment-7", "payment-1"].map(str::to_owned).to_vec();
    let open_elsewhere = BTreeMap::from([("payments".to_owned(), OpenElsewhere { ids, open: 90 })]);
    // Visibility follows after a moment.
    let seen = (0..20).find_map(|_| {
        let options = ProbeOptions { open_elsewhere: open_elsewhere.clone(), ..options(&["payments"]) };
        let taken = run(settings(), &options);
        let facts = taken.namespaces[0].executions.clone();
        let there = facts.also_open.value().is_some_and(|found| found.open.len() == 2)
            && facts.beside.value().is_some_and(|beside| beside.activities == Some(1));
        std::thread::sleep(Duration::from_millis(250));
        there.then_some(facts)
    });
    let seen = seen.expect("both are found");
    let beside = BesideWork { batch_jobs: 0, activities: Some(1), nexus_operations: None };
    assert_eq!(seen.beside, Known::Known(beside), "Nexus operations are switched off here: none is open");
    let also = seen.also_open.value().expect("asked");
    let mut found: Vec<&str> = also.open.iter().map(|sample| sample.workflow_id.as_str()).collect();
    found.sort_unstable();
    assert_eq!((also.asked, also.of, found), (3, 90, vec!["o'brien", "payment-1"]));
    let nobody_asked = run(settings(), &options(&["payments"]));
    assert!(matches!(nobody_asked.namespaces[0].executions.also_open, Known::Unknown(_)));
}
