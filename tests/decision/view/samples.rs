//! What was only looked at in part: it can show a problem, and never that there is none.

use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::{AlsoOpen, ClusterSnapshot};
use temporal_preflight::scorecard::Outcome;

use super::facts::{execution, healthy};
use super::{outcome, scanned, source, target};

#[test]
fn ids_that_were_not_looked_for_may_be_open_on_both() {
    let with = |asked: u64, open: &[&str]| {
        let mut facts = healthy();
        let open = open.iter().map(|name| execution(name, 60)).collect();
        source(&mut facts).namespaces[0].open = Known::Known(400);
        target(&mut facts).namespaces[0].open = Known::Known(3);
        target(&mut facts).namespaces[0].workflow_types = Known::Known(vec![]);
        target(&mut facts).namespaces[0].executions.samples = Known::Known(vec![]);
        target(&mut facts).namespaces[0].executions.also_open = Known::Known(AlsoOpen { asked, of: 400, open });
        outcome(&facts, "same-id-open-on-both")
    };
    assert_eq!(with(400, &[]), Outcome::Pass);
    assert_eq!(with(100, &[]), Outcome::Unknown);
    assert_eq!(with(100, &["PaymentSaga"]), Outcome::Fail);
}

#[test]
fn a_worker_that_does_not_name_its_build_may_be_of_any() {
    let with = |source_build: Option<&str>, target_build: Option<&str>| {
        let mut facts = healthy();
        // The workers of the activities; those of the workflows say `4f2a` on both sides.
        let name = |cluster: &mut ClusterSnapshot, build: Option<&str>| {
            let Known::Known(queues) = &mut cluster.namespaces[0].task_queues else { panic!("queues are known") };
            queues[0].activity_pollers[0].build_id = build.map(str::to_owned);
            queues[0].activity_pollers[0].identity = "2@payments-activities-1@".into();
        };
        name(source(&mut facts), source_build);
        name(target(&mut facts), target_build);
        outcome(&facts, "worker-build-differs")
    };
    assert_eq!(with(Some("4f2a"), Some("4f2a")), Outcome::Pass);
    assert_eq!(with(Some("4f2a"), Some("39c1")), Outcome::Fail);
    assert_eq!(with(None, Some("4f2a")), Outcome::Unknown);
    assert_eq!(with(None, Some("39c1")), Outcome::Fail, "another build is another build");
}

#[test]
fn a_type_of_which_nothing_has_closed_may_take_any_time() {
    let mut facts = healthy();
    assert_eq!(outcome(&facts, "drain-beyond-window"), Outcome::Pass);
    let Known::Known(types) = &mut source(&mut facts).namespaces[0].workflow_types else { panic!("types are known") };
    (types[0].durations, types[0].longest_closed) = (None, None);
    assert_eq!(outcome(&facts, "drain-beyond-window"), Outcome::Unknown);
}

#[test]
fn a_test_of_histories_may_stand_in_a_file_that_was_not_read() {
    let mut facts = healthy();
    let code = scanned(&mut facts);
    code.features.clear();
    code.workflow_types[0].role = "defined".into();
    assert_eq!(outcome(&facts, "replay-test"), Outcome::Fail);
    let code = scanned(&mut facts);
    code.workflow_types.clear();
    assert_eq!(outcome(&facts, "replay-test"), Outcome::NotApplicable);
    scanned(&mut facts).coverage.not_analysed.insert("java".into(), vec!["Workflows.java".into()]);
    assert_eq!(outcome(&facts, "replay-test"), Outcome::Unknown);
}
