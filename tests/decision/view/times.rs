//! What runs, for how long, and what is left: types that never end, orphans, the hold, tasks, workers, empty inventories.

use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::*;
use temporal_preflight::facts::{Facts, plan::WayOut};
use temporal_preflight::scorecard::Outcome;

use super::facts::{NOW, at_rest, described, execution, healthy, queue, schedule, time};
use super::{checks, outcome, source, target};

const DAY: u64 = 86_400;

/// The only type of the source.
fn only_type(facts: &mut Facts) -> &mut WorkflowType {
    match &mut source(facts).namespaces[0].workflow_types {
        Known::Known(types) => &mut types[0],
        other => panic!("{other:?}"),
    }
}

fn messages(facts: &Facts, rule: &str) -> Vec<String> {
    let all = checks(facts);
    let check = all.iter().find(|c| c.rule == rule).unwrap_or_else(|| panic!("no rule {rule}"));
    check.findings.iter().map(|f| f.message.clone()).collect()
}

fn why(facts: &Facts, rule: &str) -> String {
    let all = checks(facts);
    all.iter().find(|c| c.rule == rule).and_then(|c| c.why.clone()).unwrap_or_default()
}

/// An entity: so many closed runs, of which these continued as new and these were terminated.
fn entity(closed: u64, continued: Option<u64>, terminated: Option<u64>) -> Facts {
    let mut facts = healthy();
    let t = only_type(&mut facts);
    (t.open, t.closed, t.continued, t.terminated) = (3, closed, continued, terminated);
    if continued == Some(closed) {
        (t.durations, t.longest_closed) = (None, None);
    }
    source(&mut facts).namespaces[0].executions.samples = Known::Known(vec![DescribedExecution {
        chain_started: Some(time("2026-11-20T09:00:00Z")),
        ..described("PaymentSaga", 40)
    }]);
    facts
}

#[test]
fn a_type_that_only_continues_as_new_never_ends() {
    let never = entity(76, Some(76), Some(0));
    assert_eq!(outcome(&never, "type-never-ends"), Outcome::Fail);
    assert_eq!(outcome(&never, "longest-running-known"), Outcome::Fail, "no run that continued is an end");
    assert_eq!(outcome(&never, "drain-beyond-window"), Outcome::Unknown);
    let said = messages(&never, "type-never-ends");
    assert!(said[0].contains("76 of 76 closed runs continued as new"), "{said:?}");
    assert_eq!(outcome(&entity(78, Some(76), Some(2)), "type-never-ends"), Outcome::Fail, "people ended two");
    assert_eq!(outcome(&entity(78, Some(76), Some(0)), "type-never-ends"), Outcome::Pass, "two came to an end");
    assert_eq!(outcome(&entity(78, None, None), "type-never-ends"), Outcome::Unknown, "an older snapshot");
    let mut planned = entity(76, Some(76), Some(0));
    planned.plan.ways_out.push(WayOut { workflow_type: "PaymentSaga".into(), how: "a signal".into(), line: 30 });
    assert_eq!(outcome(&planned, "type-never-ends"), Outcome::Pass);
    assert_eq!(outcome(&planned, "longest-running-known"), Outcome::Pass);
}

#[test]
fn a_chain_is_as_old_as_its_first_run() {
    let begun = |at: Option<&str>| {
        let mut facts = entity(78, Some(76), Some(0));
        let samples = &mut source(&mut facts).namespaces[0].executions.samples;
        samples.value_mut().expect("known")[0].chain_started = at.map(time);
        facts
    };
    assert_eq!(outcome(&begun(Some("2026-11-20T09:00:00Z")), "window-too-short"), Outcome::Pass);
    let old = begun(Some("2025-01-01T00:00:00Z"));
    assert_eq!(outcome(&old, "window-too-short"), Outcome::Fail);
    assert!(
        messages(&old, "window-too-short")[0].contains("as a chain of runs"),
        "{:?}",
        messages(&old, "window-too-short")
    );
    assert_eq!(outcome(&begun(None), "window-too-short"), Outcome::Unknown, "the first run is not known");
}

/// Of a type whose executions take minutes, so many are overdue, of so many that are open; the oldest for 700 days.
fn overdue(open: u64, old: u64) -> Facts {
    let mut facts = healthy();
    let t = only_type(&mut facts);
    let stuck = ExecutionSample {
        workflow_id: "fx-stuck".into(),
        run_id: "5a5a".into(),
        ..execution("PaymentSaga", 700 * DAY)
    };
    t.open = open;
    t.oldest_open = Some(stuck.clone());
    t.overdue = Some(Overdue {
        after_seconds: 7 * DAY,
        open: old,
        examples: vec![stuck.clone()],
        oldest_other: (open > old).then(|| execution("PaymentSaga", 3_600)),
    });
    source(&mut facts).namespaces[0].oldest_open = Known::Known(Some(stuck));
    facts
}

#[test]
fn one_stuck_execution_is_an_orphan_and_no_window_of_two_years() {
    let one = overdue(400, 1);
    assert_eq!(outcome(&one, "window-too-short"), Outcome::Pass);
    assert_eq!(outcome(&one, "orphaned-execution"), Outcome::Fail);
    let said = messages(&one, "orphaned-execution");
    assert!(said[0].contains("`fx-stuck`") && said[0].contains("700 days"), "{said:?}");
    let alone = overdue(1, 1);
    assert_eq!(
        (outcome(&alone, "window-too-short"), outcome(&alone, "orphaned-execution")),
        (Outcome::Pass, Outcome::Fail)
    );

    // Many are how the type is.
    let many = overdue(400, 200);
    assert_eq!(outcome(&many, "window-too-short"), Outcome::Fail);
    assert_eq!(outcome(&many, "orphaned-execution"), Outcome::Pass);

    // A snapshot that does not tell how many there are.
    let mut untold = overdue(400, 1);
    only_type(&mut untold).overdue = None;
    assert_eq!(outcome(&untold, "window-too-short"), Outcome::Fail);
    assert_eq!(outcome(&untold, "orphaned-execution"), Outcome::Unknown);
}

#[test]
fn an_execution_whose_tasks_fail_is_left_behind_when_it_is_older_than_its_like() {
    let failing = |seconds: u64| {
        let mut facts = healthy();
        let execution =
            ExecutionSample { workflow_id: "broken".into(), run_id: "b".into(), ..execution("PaymentSaga", seconds) };
        let problems = vec!["category=WorkflowTaskFailed".to_owned()];
        source(&mut facts).namespaces[0].executions.stuck =
            Known::Known(Stuck { count: 1, examples: vec![StuckExecution { execution, problems }] });
        outcome(&facts, "orphaned-execution")
    };
    assert_eq!(failing(3_600), Outcome::Pass, "its deployment may be under way");
    assert_eq!(failing(3 * DAY), Outcome::Fail);
}

/// The look, with this retention and the last execution closed so many hours ago.
fn held(hours: i64, retention_hours: u64, change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = healthy();
    let n = &mut source(&mut facts).namespaces[0];
    n.config.value_mut().expect("known").retention_seconds = retention_hours * 3_600;
    let last = time(NOW) - jiff::SignedDuration::from_hours(hours);
    n.executions.rest = Known::Known(Rest { last_closed: Some(last), ..at_rest() });
    change(&mut facts);
    facts
}

#[test]
fn the_hold_is_decided_from_one_look() {
    let after = |hours, retention| outcome(&held(hours, retention, |_| ()), "held-empty");
    assert_eq!((after(47, 720), after(49, 720), after(49, 24)), (Outcome::Fail, Outcome::Pass, Outcome::Unknown));
    assert_eq!(after(-5, 720), Outcome::Unknown, "the clock of the cluster is behind what it wrote");
    let asleep = held(49, 720, |facts| {
        source(facts).namespaces[0].schedules = Known::Known(vec![schedule("nightly-settlement", false)]);
    });
    assert_eq!(outcome(&asleep, "held-empty"), Outcome::Fail, "a schedule starts the next one");
    // The clock: told by the cluster, or by a worker that has just polled; else nobody can say.
    let clock = |polled: bool| {
        let facts = held(49, 720, |facts| {
            source(facts).clock_ahead_seconds = Known::unknown("the answers carry no date");
            let mut queue = queue("payments", 0, polled);
            queue.workflow_pollers.iter_mut().for_each(|p| p.last_access = Some(time("2026-11-21T08:59:30Z")));
            source(facts).namespaces[0].task_queues = Known::Known(vec![queue]);
        });
        outcome(&facts, "held-empty")
    };
    assert_eq!((clock(true), clock(false)), (Outcome::Pass, Outcome::Unknown));
    let older = held(49, 720, |facts| source(facts).namespaces[0].executions.rest = Known::default());
    assert_eq!(outcome(&older, "held-empty"), Outcome::Unknown, "a snapshot of an older version");
}

#[test]
fn tasks_that_appear_count_and_those_that_linger_are_told() {
    let waiting = |open: u64, tasks: i64, an_hour: Option<u64>| {
        let mut facts = healthy();
        let n = &mut source(&mut facts).namespaces[0];
        n.open = Known::Known(open);
        let mut lonely = queue("lonely", 0, false);
        (lonely.workflow_backlog, lonely.workflow_tasks_an_hour) = (Some(tasks), an_hour);
        n.task_queues = Known::Known(vec![queue("payments", open, false), lonely]);
        facts
    };
    let stale = waiting(0, 3, Some(0));
    assert_eq!(outcome(&stale, "backlog-left"), Outcome::Pass);
    let said = why(&stale, "backlog-left");
    assert!(said.contains("2 task queues asked") && said.contains("3 stale tasks in `lonely`"), "{said}");
    assert_eq!(outcome(&waiting(0, 0, Some(40)), "backlog-left"), Outcome::Fail, "tasks come");
    assert_eq!(outcome(&waiting(0, 3, None), "backlog-left"), Outcome::Unknown, "the server tells no rate");
    assert_eq!(outcome(&waiting(2, 3, Some(0)), "backlog-left"), Outcome::Fail, "open work may need them");
    assert_eq!(outcome(&waiting(2, 0, Some(0)), "backlog-left"), Outcome::Unknown, "an idle queue says 0");

    let mut grown = waiting(0, 3, None);
    let before = |tasks: u64, minutes: i64| OpenSample {
        namespace: "payments-prod".into(),
        taken_at: time(NOW) - jiff::SignedDuration::from_mins(minutes),
        open: 0,
        backlogs: [("lonely".to_owned(), tasks)].into(),
        queues: ["lonely".to_owned()].into(),
    };
    source(&mut grown).earlier = vec![before(1, 20)];
    assert_eq!(outcome(&grown, "backlog-left"), Outcome::Fail, "two more than twenty minutes ago");
    source(&mut grown).earlier = vec![before(3, 20)];
    assert_eq!(outcome(&grown, "backlog-left"), Outcome::Pass, "as many as before");
    source(&mut grown).earlier = vec![before(3, 5)];
    assert_eq!(outcome(&grown, "backlog-left"), Outcome::Unknown, "too short a time");

    let mut nowhere = waiting(0, 0, Some(0));
    source(&mut nowhere).namespaces[0].task_queues = Known::Known(vec![]);
    for rule in ["backlog-left", "source-still-polled"] {
        assert_eq!(outcome(&nowhere, rule), Outcome::Unknown, "{rule}: no queue was looked at");
    }
    let mut of_code = waiting(0, 0, Some(0));
    source(&mut of_code).namespaces[0].task_queues = Known::Known(vec![queue("lonely", 0, false)]);
    assert!(why(&of_code, "backlog-left").contains("`payments`"), "the code names another one");
}

#[test]
fn workers_that_still_poll_keep_the_source_alive() {
    let mut facts = healthy();
    let said = messages(&facts, "source-still-polled");
    assert!(said[0].contains("`1@payments-worker-7@` still polls activity tasks and workflow tasks"), "{said:?}");
    let queues = source(&mut facts).namespaces[0].task_queues.value_mut().expect("known");
    for queue in queues {
        queue.activity_pollers.clear();
        queue.workflow_pollers.iter_mut().for_each(|p| p.last_access = Some(time("2026-11-21T08:55:00Z")));
    }
    assert_eq!(outcome(&facts, "source-still-polled"), Outcome::Pass, "silent for five minutes");
}

#[test]
fn an_inventory_of_nothing_is_no_inventory() {
    let emptied = |schedules: bool| {
        let mut facts = healthy();
        let n = &mut source(&mut facts).namespaces[0];
        n.workflow_types = Known::Known(vec![]);
        (n.oldest_open, n.longest_closed) = (Known::Known(None), Known::Known(None));
        n.search_attributes = Known::Known(vec![]);
        if !schedules {
            n.schedules = Known::Known(vec![]);
        }
        facts
    };
    let nothing = emptied(false);
    for rule in ["source-inventory", "window-too-short", "type-never-ends"] {
        assert_eq!(outcome(&nothing, rule), Outcome::Unknown, "{rule}");
    }
    let mut beside_code = emptied(true);
    assert_eq!(outcome(&beside_code, "source-inventory"), Outcome::Unknown, "the code defines a type");
    assert!(why(&beside_code, "source-inventory").contains("the code defines 1 workflow type"));
    beside_code.code.value_mut().expect("known").workflow_types.clear();
    assert_eq!(outcome(&beside_code, "source-inventory"), Outcome::Pass);
}

#[test]
fn a_missing_target_namespace_hides_nothing_of_the_source() {
    let mut facts = healthy();
    target(&mut facts).namespaces[0] =
        NamespaceSnapshot { name: "payments-prod.a1b2c".into(), exists: Some(false), ..NamespaceSnapshot::default() };
    source(&mut facts).namespaces[0].open = Known::Known(5);
    source(&mut facts).namespaces[0].task_queues = Known::Known(vec![queue("notify", 5, false)]);
    assert_eq!(outcome(&facts, "worker-missing-on-source"), Outcome::Fail);
    let waits: Vec<String> =
        ["search-attribute-missing", "schedule-missing-on-target", "worker-missing-on-target", "retention"]
            .iter()
            .map(|rule| why(&facts, rule))
            .collect();
    assert!(waits.iter().all(|why| why.contains("the target has no namespace payments-prod.a1b2c")), "{waits:#?}");
    let all = checks(&facts);
    let hints = all.iter().filter_map(|c| c.why.as_deref()).filter(|why| why.contains("spelling"));
    assert_eq!(hints.count(), 0, "one cause, and no hint that leads elsewhere");
}

#[test]
fn ids_are_compared_whole_where_one_side_has_few() {
    let ids = |names: &[&str]| OpenIds {
        open: names.len() as u64,
        executions: names
            .iter()
            .map(|id| OpenId { workflow_id: (*id).to_owned(), workflow_type: "PaymentSaga".into() })
            .collect(),
    };
    let with = |here: Option<&[&str]>, there: Option<&[&str]>, asked: Option<AlsoOpen>| {
        let mut facts = healthy();
        for (side, names) in [(source as fn(&mut Facts) -> &mut ClusterSnapshot, here), (target, there)] {
            let n = &mut side(&mut facts).namespaces[0];
            n.open = Known::Known(names.map_or(5_000, |names| names.len() as u64));
            n.executions.open_ids = names.map_or(Known::unknown("5000 executions are open"), |n| Known::Known(ids(n)));
            n.executions.also_open = Known::unknown("not looked for");
            n.workflow_types = Known::Known(vec![]);
            n.executions.samples = Known::Known(vec![]);
        }
        if let Some(asked) = asked {
            source(&mut facts).namespaces[0].executions.also_open = Known::Known(asked);
        }
        facts
    };
    let outcome = |facts: Facts| outcome(&facts, "same-id-open-on-both");
    assert_eq!(outcome(with(Some(&["a", "order-3"]), Some(&["order-3"]), None)), Outcome::Fail);
    assert_eq!(outcome(with(Some(&["a", "b"]), Some(&["order-3"]), None)), Outcome::Pass);
    // The source has too many to list; it was asked for the only one of the target.
    let found = AlsoOpen { asked: 1, of: 1, open: vec![execution("order", 60)] };
    assert_eq!(outcome(with(None, Some(&["order-1"]), Some(found))), Outcome::Fail);
    let none = AlsoOpen { asked: 1, of: 1, open: vec![] };
    assert_eq!(outcome(with(None, Some(&["order-1"]), Some(none))), Outcome::Pass);
    // Both have too many.
    let both = with(None, None, None);
    assert!(why(&both, "same-id-open-on-both").contains("5000 executions are open in payments-prod and 5000 in"));
    assert_eq!(outcome(both), Outcome::Unknown);
}
