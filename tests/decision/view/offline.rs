//! Snapshots that travel: redacted on the way out, merged on arrival, and judged as if nothing had happened.

use temporal_preflight::config::Secret;
use temporal_preflight::facts::Side;
use temporal_preflight::facts::cluster::{LadderStep, NamespaceSnapshot, Poller, RpcCount};
use temporal_preflight::probe::merge::merge;
use temporal_preflight::probe::redact::Redactor;

use super::facts::{cluster, namespace, schedule, time};
use super::*;

const ID: &str = "nightly-settlement";
const PERSON: &str = "4711@ann-laptop@";

fn redactor(key: &str) -> Redactor {
    Redactor::new(&Secret(key.into())).expect("a usable key")
}

/// A migration with findings of several kinds about the same schedule.
fn troubled() -> Facts {
    let mut facts = healthy();
    let own = &mut source(&mut facts).namespaces[0];
    let mut running = schedule(ID, false);
    running.running = vec![format!("{ID}-2026-11-21T02:00:00Z")];
    running.memo.insert("owner".into(), "5f2c".into());
    own.schedules = Known::Known(vec![running, schedule("only-here", true)]);
    own.closed = Known::unknown(format!("DescribeSchedule of {ID} answered Internal"));
    let Known::Known(queues) = &mut own.task_queues else { panic!("known") };
    queues[0].workflow_pollers = vec![Poller { identity: PERSON.into(), ..queues[0].workflow_pollers[0].clone() }];
    target(&mut facts).namespaces[0].schedules = Known::Known(vec![schedule(ID, false)]);
    facts
}

fn outcomes(facts: &Facts) -> Vec<(String, Outcome, usize)> {
    checks(facts).into_iter().map(|c| (c.rule, c.outcome, c.findings.len())).collect()
}

#[test]
fn a_redacted_pair_is_judged_alike_and_names_nobody() {
    let mut facts = troubled();
    // Patterns of identities fit no tokens.
    facts.plan.identities.clear();
    let key = redactor("0123456789abcdef0123456789abcdef");
    let mut redacted = facts.clone();
    *source(&mut redacted) = key.apply(source(&mut redacted)).expect("redacted");
    *target(&mut redacted) = key.apply(target(&mut redacted)).expect("redacted");
    assert_eq!(outcomes(&redacted), outcomes(&facts));
    let named = Facts { plan: troubled().plan, ..redacted.clone() };
    assert_eq!(outcome(&named, "identity-unexplained"), Outcome::Unknown);
    assert_eq!(outcome(&redacted, "schedule-active-on-both"), Outcome::Fail, "the same id on both sides is the same");
    for side in [source(&mut redacted).clone(), target(&mut redacted).clone()] {
        let json = serde_json::to_string(&side).expect("JSON");
        for clear in [ID, "only-here", "ann-laptop", "5f2c", "payments-1", "6f1c", "laptop-7"] {
            assert!(!json.contains(clear), "{clear} in {json}");
        }
        // What code and plan are compared with stays.
        assert!(json.contains("PaymentSaga") && json.contains("payments-prod"), "{json}");
        assert!(side.redacted_with.is_some());
    }
    let why = source(&mut redacted).namespaces[0].closed.why().expect("a reason").reason.clone();
    assert!(why.starts_with("DescribeSchedule of redacted-"), "{why}");
}

#[test]
fn tokens_depend_on_the_key_and_on_nothing_else() {
    let mut facts = troubled();
    let plain = source(&mut facts).clone();
    let apply = |key: &str| redactor(key).apply(&plain).expect("redacted");
    let key = "0123456789abcdef";
    assert_eq!(apply(key), apply(key), "another run, the same tokens");
    assert_ne!(apply(key).redacted_with, apply("another key of mine").redacted_with);
    assert_ne!(apply(key).namespaces, apply("another key of mine").namespaces);
    assert!(Redactor::new(&Secret("short".into())).is_err());
    let (one, two) = (Redactor::for_one_run().expect("random"), Redactor::for_one_run().expect("random"));
    assert_ne!(one.apply(&plain).expect("redacted"), two.apply(&plain).expect("redacted"));
}

fn part(name: &str, at: &str, host: &str) -> ClusterSnapshot {
    let mut part = cluster(Side::Source, vec![namespace(name)]);
    (part.taken_at, part.probed_from) = (time(at), host.into());
    part.rpcs.insert("x/Count".into(), RpcCount { calls: 10, errors: 1, denied: 1 });
    part
}

#[test]
fn namespaces_of_several_files_come_together_each_with_its_age() {
    let merged = merge(vec![
        part("payments-prod", "2026-11-20T08:00:00Z", "host-a"),
        part("refunds", "2026-11-21T08:00:00Z", "host-b"),
    ])
    .expect("one cluster");
    let names: Vec<_> = merged.namespaces.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["refunds", "payments-prod"]);
    assert_eq!(merged.taken_at, time("2026-11-21T08:00:00Z"), "the newest look");
    let looked_at: Vec<_> = merged.namespaces.iter().map(|n| n.looked_at).collect();
    assert_eq!(looked_at, ["2026-11-21T08:00:00Z", "2026-11-20T08:00:00Z"].map(|at| Some(time(at))));
    assert_eq!(merged.rpcs["x/Count"], RpcCount { calls: 20, errors: 2, denied: 2 });
    let hosts: Vec<_> = merged.vantages.iter().map(|v| v.probed_from.as_str()).collect();
    assert_eq!(hosts, ["host-b", "host-a"]);
    // A merged snapshot can be merged again.
    let again = merge(vec![merged, part("ledger", "2026-11-19T08:00:00Z", "host-c")]).expect("one cluster");
    assert_eq!((again.namespaces.len(), again.vantages.len()), (3, 3));
}

#[test]
fn what_one_permission_hides_another_shows() {
    let mut newer = part("payments-prod", "2026-11-21T08:00:00Z", "host-a");
    newer.namespaces[0].schedules = Known::unknown("PermissionDenied");
    newer.namespaces[0].open = Known::Known(7);
    let mut older = part("payments-prod", "2026-11-20T08:00:00Z", "host-b");
    older.namespaces[0].schedules = Known::Known(vec![schedule(ID, true)]);
    older.namespaces[0].open = Known::Known(9);
    let [merged] = <[NamespaceSnapshot; 1]>::try_from(merge(vec![older, newer]).expect("one cluster").namespaces)
        .expect("one namespace");
    assert_eq!(merged.open, Known::Known(7), "the newer of two answers");
    assert_eq!(merged.schedules.value().map(Vec::len), Some(1), "the only answer");
}

#[test]
fn a_host_that_cannot_reach_the_cluster_is_not_covered_by_one_that_can() {
    let mut cut_off = part("payments-prod", "2026-11-21T08:00:00Z", "worker-pod-3");
    cut_off.connection = vec![LadderStep {
        step: "tcp".into(),
        ok: false,
        detail: "did not answer".into(),
        remedy: Some("open the firewall".into()),
        ms: 5_000,
    }];
    let mut facts = healthy();
    let fine = source(&mut facts).clone();
    *source(&mut facts) = merge(vec![fine, cut_off]).expect("one cluster");
    assert_eq!(outcome(&facts, "source-reachable"), Outcome::Fail);
    let failures = list(&facts, "source.connection_failures");
    assert_eq!(failures[0]["detail"], "did not answer, from worker-pod-3");
}

#[test]
fn two_clusters_are_never_made_one() {
    let one = part("payments-prod", "2026-11-21T08:00:00Z", "host-a");
    let mut other = part("refunds", "2026-11-21T08:00:00Z", "host-a");
    let Known::Known(system) = &mut other.system else { panic!("known") };
    system.cluster.as_mut().expect("a cluster").id = "c2".into();
    let refused = merge(vec![one.clone(), other.clone()]).expect_err("two clusters");
    assert!(refused.to_string().contains("not known to be the same cluster"), "{refused}");
    other.system = Known::unknown("down");
    merge(vec![one.clone(), other.clone()]).expect("the same address");
    other.address = "10.0.9.9:7233".into();
    assert!(merge(vec![one.clone(), other]).is_err(), "nothing says they are one");
    let redacted = redactor("0123456789abcdef").apply(&one).expect("redacted");
    assert!(merge(vec![one.clone(), redacted]).is_err(), "tokens and clear ids do not mix");
    let target = cluster(Side::Target, vec![namespace("payments-prod")]);
    assert!(merge(vec![one, target]).is_err());
}
