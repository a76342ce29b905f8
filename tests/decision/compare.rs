//! Two snapshots and a namespace map become changes; what was not probed never becomes "no change".

use crate::facts;

use facts::{attribute, cluster, mapped, namespace, queue, schedule};
use temporal_preflight::compare::{AttributeKind, Comparison, ConfigKind, QueueKind, ScheduleKind, TypeKind, compare};
use temporal_preflight::facts::cluster::{ClusterSnapshot, NamespaceSnapshot};
use temporal_preflight::facts::{Known, Locus, Side};

fn compared(source: NamespaceSnapshot, target: NamespaceSnapshot) -> Comparison {
    let (source, target) = (cluster(Side::Source, vec![source]), cluster(Side::Target, vec![target]));
    compare(&Known::Known(source), &Known::Known(target), &mapped())
}

fn values<T: Clone>(known: &Known<Vec<T>>) -> Vec<T> {
    assert!(known.is_known(), "{:?}", known.why());
    known.value().cloned().unwrap_or_default()
}

#[test]
fn equal_namespaces_have_no_changes() {
    let changes = compared(namespace("payments-prod"), namespace("payments-prod.a1b2c"));
    assert_eq!(values(&changes.search_attributes), vec![]);
    assert_eq!(values(&changes.schedules), vec![]);
    assert_eq!(values(&changes.namespaces), vec![]);
    assert_eq!(values(&changes.task_queues), vec![]);
    assert!(values(&changes.workflow_types).iter().all(|c| c.change == TypeKind::OnBoth));
}

#[test]
fn search_attributes_are_missing_retyped_or_new() {
    let (mut source, mut target) = (namespace("payments-prod"), namespace("payments-prod.a1b2c"));
    source.search_attributes = Known::Known(vec![
        attribute("MerchantId", "Keyword"),
        attribute("Amount", "Double"),
        attribute("Region", "Keyword"),
    ]);
    target.search_attributes = Known::Known(vec![
        attribute("MerchantId", "Text"),
        attribute("amount", "Double"),
        attribute("Region", "Keyword"),
    ]);
    let changes = values(&compared(source, target).search_attributes);
    let seen: Vec<_> = changes.iter().map(|c| (c.name.as_str(), c.change)).collect();
    assert_eq!(
        seen,
        [
            ("Amount", AttributeKind::Missing),
            ("MerchantId", AttributeKind::TypeChanged),
            ("amount", AttributeKind::OnlyOnTarget),
        ]
    );
    assert_eq!(changes[0].other_case, "amount");
    assert_eq!((changes[1].source_type.as_str(), changes[1].target_type.as_str()), ("Keyword", "Text"));
    assert_eq!(changes[1].pair.target_namespace, "payments-prod.a1b2c");
    assert!(
        matches!(&changes[1].loci[..], [Locus::Live { side: Side::Source, .. }, Locus::Live { side: Side::Target, rpc, .. }] if rpc == "ListSearchAttributes")
    );
}

#[test]
fn schedules_are_missing_active_twice_or_different() {
    let (mut source, mut target) = (namespace("payments-prod"), namespace("payments-prod.a1b2c"));
    let mut later = schedule("hourly", false);
    later.policies.catchup_seconds = 60;
    later.spec.time_zone = "UTC".into();
    source.schedules =
        Known::Known(vec![schedule("nightly", false), schedule("hourly", false), schedule("weekly", true)]);
    target.schedules = Known::Known(vec![later, schedule("weekly", true), schedule("extra", true)]);
    let changes = values(&compared(source, target).schedules);
    let seen: Vec<_> = changes.iter().map(|c| (c.id.as_str(), c.change)).collect();
    assert_eq!(
        seen,
        [
            ("extra", ScheduleKind::OnlyOnTarget),
            ("hourly", ScheduleKind::BothUnpaused),
            ("hourly", ScheduleKind::Differs),
            ("nightly", ScheduleKind::MissingOnTarget),
        ]
    );
    let [difference] = &changes[2].differences[..] else { panic!("one difference: {:?}", changes[2].differences) };
    assert_eq!(difference.field, "policies.catchup_window");
    assert_eq!((difference.source.as_str(), difference.target.as_str()), ("31536000s", "60s"));
}

#[test]
fn the_order_of_calendars_and_the_paused_state_are_no_differences() {
    let (mut source, mut target) = (namespace("payments-prod"), namespace("payments-prod.a1b2c"));
    let (mut a, mut b) = (schedule("nightly", false), schedule("nightly", true));
    a.spec.calendars = vec!["0 0 2 * * * *".into(), "0 0 14 * * * *".into()];
    b.spec.calendars = vec!["0 0 14 * * * *".into(), "0 0 2 * * * *".into()];
    a.spec.time_zone = String::new();
    b.spec.time_zone = "UTC".into();
    b.notes = "runs on the source until routing".into();
    b.search_attributes.insert("TemporalSchedulePaused".into(), "00ff".into());
    source.schedules = Known::Known(vec![a]);
    target.schedules = Known::Known(vec![b]);
    assert_eq!(values(&compared(source, target).schedules), vec![]);
}

#[test]
fn configuration_changes_name_the_setting() {
    let (source, mut target) = (namespace("payments-prod"), namespace("payments-prod.a1b2c"));
    if let Known::Known(config) = &mut target.config {
        config.retention_seconds = 86_400;
        config.history_archival = true;
    }
    let kinds: Vec<_> = values(&compared(source, target).namespaces).iter().map(|c| c.change).collect();
    assert_eq!(kinds, [ConfigKind::Retention, ConfigKind::HistoryArchival]);
}

#[test]
fn a_queue_with_work_needs_pollers_on_the_target() {
    let (mut source, mut target) = (namespace("payments-prod"), namespace("payments-prod.a1b2c"));
    source.schedules = Known::Known(vec![schedule("nightly", false)]);
    target.schedules = Known::Known(vec![schedule("nightly", true)]);
    source.task_queues =
        Known::Known(vec![queue("payments", 5, true), queue("onboarding", 3, false), queue("idle", 0, false)]);
    target.task_queues = Known::Known(vec![queue("payments", 0, false), queue("onboarding", 0, true)]);
    let seen: Vec<_> =
        values(&compared(source, target).task_queues).iter().map(|c| (c.name.clone(), c.change)).collect();
    assert_eq!(
        seen,
        [("payments".to_owned(), QueueKind::NoPollersOnTarget), ("settlement".to_owned(), QueueKind::NotAskedOnTarget),]
    );
}

#[test]
fn a_side_or_namespace_that_was_not_probed_is_unknown_with_its_reason() {
    let source = cluster(Side::Source, vec![namespace("payments-prod")]);
    let down: Known<ClusterSnapshot> = Known::unknown("the target is down");
    let changes = compare(&Known::Known(source.clone()), &down, &mapped());
    assert_eq!(changes.search_attributes.why().map(|w| w.reason.as_str()), Some("the target is down"));
    assert_eq!(changes.schedules.value(), None);

    let other = cluster(Side::Target, vec![namespace("billing.a1b2c")]);
    let changes = compare(&Known::Known(source), &Known::Known(other), &mapped());
    let why = changes.search_attributes.why().map(|w| w.reason.clone()).unwrap_or_default();
    assert!(why.contains("payments-prod.a1b2c of the target was not probed"), "{why}");
}

#[test]
fn one_unreadable_namespace_makes_the_whole_partial_and_keeps_the_findings() {
    let mut plan = mapped();
    let mut second = plan.namespaces[0].clone();
    (second.source, second.target) = ("billing".into(), Some("billing.a1b2c".into()));
    plan.namespaces.push(second);
    let mut hidden = namespace("billing");
    hidden.search_attributes = Known::unknown("PermissionDenied");
    let mut retyped = namespace("payments-prod.a1b2c");
    retyped.search_attributes = Known::Known(vec![attribute("MerchantId", "Text")]);
    let source = cluster(Side::Source, vec![namespace("payments-prod"), hidden]);
    let target = cluster(Side::Target, vec![retyped, namespace("billing.a1b2c")]);
    let changes = compare(&Known::Known(source), &Known::Known(target), &plan).search_attributes;
    let Known::Partial { value, why } = changes else { panic!("partial: {changes:?}") };
    assert_eq!(value.len(), 1);
    assert_eq!(why.reason, "search attributes of source namespace billing: PermissionDenied");
}

#[test]
fn without_a_namespace_map_nothing_is_equal() {
    let source = cluster(Side::Source, vec![namespace("payments-prod")]);
    let target = cluster(Side::Target, vec![namespace("payments-prod.a1b2c")]);
    let changes = compare(&Known::Known(source), &Known::Known(target), &Default::default());
    for known in [changes.search_attributes.is_known(), changes.schedules.is_known(), changes.task_queues.is_known()] {
        assert!(!known);
    }
}
