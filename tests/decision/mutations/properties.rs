//! What holds for all facts: less evidence never opens a gate, one more problem never does, and a later gate asks again what
//! an earlier one asked.
//!
//! Facts are drawn from the tests of the rules, which hold examples of every path: known, known in part, or unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use temporal_preflight::facts::plan::{Plan, Strategy as Move};
use temporal_preflight::facts::{Facts, Known, Why};
use temporal_preflight::judge::{JudgeInput, judge};
use temporal_preflight::rules::model::Word;
use temporal_preflight::rules::view::FactView;
use temporal_preflight::rules::{Context, evaluate};
use temporal_preflight::scorecard::{Check, Gate, Outcome, Severity, Verdict};

use crate::mutations::CATALOGUE;

/// Every path that a rule reads, with the values that tests of rules give it.
static EXAMPLES: LazyLock<BTreeMap<&str, Vec<&Value>>> = LazyLock::new(|| {
    let mut all: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for rule in &CATALOGUE.rules {
        for need in &rule.needs {
            all.entry(need).or_default();
        }
        for (path, value) in rule.tests.iter().flat_map(|test| &test.facts) {
            let values = all.entry(path).or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    all
});

/// What is known of one path.
#[derive(Debug, Clone, Copy)]
enum State {
    Unknown,
    Partial(prop::sample::Index),
    Known(prop::sample::Index),
}

type Drawn = Vec<State>;

/// Mostly known facts: a migration of which little is known is undecided whatever is changed.
fn drawn() -> impl Strategy<Value = Drawn> {
    let state = prop_oneof![
        1 => Just(State::Unknown),
        1 => any::<prop::sample::Index>().prop_map(State::Partial),
        18 => any::<prop::sample::Index>().prop_map(State::Known),
    ];
    prop::collection::vec(state, EXAMPLES.len())
}

fn known(state: State, values: &[&Value]) -> Known<Value> {
    let why = || Why::new("the test did not look");
    match state {
        _ if values.is_empty() => Known::Unknown(why()),
        State::Unknown => Known::Unknown(why()),
        State::Partial(at) => Known::Partial { value: (*at.get(values)).clone(), why: why() },
        State::Known(at) => Known::Known((*at.get(values)).clone()),
    }
}

fn facts(drawn: &Drawn) -> BTreeMap<&'static str, Known<Value>> {
    EXAMPLES.iter().zip(drawn).map(|((path, values), state)| (*path, known(*state, values))).collect()
}

/// A migration that nothing speaks against: of every path the value with which the most rules pass.
static HEALTHY: LazyLock<BTreeMap<&str, Known<Value>>> = LazyLock::new(|| {
    let mut all: BTreeMap<&str, Known<Value>> = BTreeMap::new();
    for (path, values) in EXAMPLES.iter() {
        let passes = |value: &&&Value| {
            let tests = CATALOGUE.rules.iter().flat_map(|rule| &rule.tests);
            let calm = |expect: String| expect == "Pass" || expect == "NotApplicable";
            let of = tests.filter(|test| test.facts.get(*path) == Some(**value));
            let (good, bad): (Vec<_>, Vec<_>) = of.partition(|test| calm(format!("{:?}", test.expect)));
            good.len() as i64 - 10 * bad.len() as i64
        };
        if let Some(best) = values.iter().max_by_key(passes) {
            all.insert(path, Known::Known((*best).clone()));
        }
    }
    all
});

fn checks(facts: &BTreeMap<&'static str, Known<Value>>, strategy: Move) -> Vec<Check> {
    let mut view = FactView::default();
    for (path, value) in facts {
        view.set(path, value.clone());
    }
    let nobody = Known::Known(vec![]);
    let context = Context { at: moment(), strategy, attestations: &nobody, attestations_path: "attestations.yaml" };
    evaluate(&CATALOGUE, &view, &context)
}

fn moment() -> jiff::Timestamp {
    jiff::Timestamp::constant(1_767_225_600, 0)
}

fn verdicts(checks: Vec<Check>) -> BTreeMap<Gate, Verdict> {
    let facts = Facts {
        at: moment(),
        plan: Plan::default(),
        code: Known::unknown("drawn"),
        source: Known::unknown("drawn"),
        target: Known::unknown("drawn"),
        certificates: Known::Known(vec![]),
        attestations: Known::Known(vec![]),
    };
    let none = BTreeSet::new();
    let card = judge(checks, JudgeInput::new(&facts, Gate::Route, &[], &none));
    card.gates.into_iter().map(|gate| (gate.gate, gate.verdict)).collect()
}

/// How far a verdict is from GO, for those who read the exit code and for those who read on.
fn closed(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Go => 0,
        Verdict::GoWithConditions => 1,
        Verdict::Undecided | Verdict::NoGo => 2,
    }
}

#[track_caller]
fn never_greener(before: &BTreeMap<Gate, Verdict>, after: &BTreeMap<Gate, Verdict>, what: &str) {
    for (gate, was) in before {
        let is = after[gate];
        assert!(closed(is) >= closed(*was), "{what} took the gate {gate} from {was:?} to {is:?}");
    }
}

fn strategy() -> impl Strategy<Value = Move> {
    prop_oneof![3 => Just(Move::Manual), 1 => Just(Move::Automated)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn taking_a_fact_away_never_opens_a_gate(drawn in drawn(), path in any::<prop::sample::Index>(), strategy in strategy()) {
        let mut facts = facts(&drawn);
        let before = verdicts(checks(&facts, strategy));
        let path = *path.get(&EXAMPLES.keys().copied().collect::<Vec<_>>());
        facts.insert(path, Known::unknown("taken away"));
        never_greener(&before, &verdicts(checks(&facts, strategy)), path);
    }

    #[test]
    fn knowing_less_of_a_fact_never_opens_a_gate(drawn in drawn(), path in any::<prop::sample::Index>(), strategy in strategy()) {
        let mut facts = facts(&drawn);
        let before = verdicts(checks(&facts, strategy));
        let path = *path.get(&EXAMPLES.keys().copied().collect::<Vec<_>>());
        if let Some(Known::Known(value)) = facts.get(path).cloned() {
            facts.insert(path, Known::Partial { value, why: Why::new("the rest was not seen") });
        }
        never_greener(&before, &verdicts(checks(&facts, strategy)), path);
    }

    #[test]
    fn a_later_gate_is_never_greener_over_what_both_ask(drawn in drawn(), strategy in strategy()) {
        let all = checks(&facts(&drawn), strategy);
        let phases: Vec<Gate> = Gate::ALL.into_iter().filter(|gate| *gate != Gate::Pr).collect();
        for (at, earlier) in phases.iter().enumerate() {
            for later in &phases[at + 1..] {
                let both = all.iter().filter(|c| c.gates.contains(earlier) && c.gates.contains(later)).cloned();
                let verdicts = verdicts(both.collect());
                prop_assert_eq!(verdicts[earlier], verdicts[later], "{} and {}", earlier, later);
            }
        }
    }
}

/// What was there, and the failing things beside it.
fn more(before: Option<&Known<Value>>, value: &Value) -> Value {
    match (before.and_then(Known::value), value) {
        (Some(Value::Array(before)), Value::Array(failing)) => before.iter().chain(failing).cloned().collect(),
        _ => value.clone(),
    }
}

/// From a migration that nothing speaks against: for each rule, its own failing facts close what it can close.
#[test]
fn adding_a_failing_fact_never_opens_a_gate() {
    for rule in &CATALOGUE.rules {
        let strategy = rule.strategies[0];
        let healthy = verdicts(checks(&HEALTHY, strategy));
        for test in rule.tests.iter().filter(|test| format!("{:?}", test.expect).starts_with("Fail")) {
            // Where a word decides, the facts do not fail by themselves.
            let by_word = test.attestation != Word::Absent;
            if test.facts.is_empty() || by_word || test.strategy.is_some_and(|other| other != strategy) {
                continue;
            }
            let mut facts = HEALTHY.clone();
            for need in &rule.needs {
                if let Some(value) = test.facts.get(need) {
                    let path = *EXAMPLES.get_key_value(need.as_str()).expect("a path").0;
                    facts.insert(path, Known::Known(more(HEALTHY.get(path), value)));
                }
            }
            let fails = |all: &[Check]| all.iter().any(|c| c.rule == rule.id && c.outcome == Outcome::Fail);
            let mut all = checks(&facts, strategy);
            let added = fails(&all);
            if !added {
                // The rule looks for an empty list as well: its facts take the place of what was there.
                let own = rule.needs.iter().filter_map(|need| test.facts.get_key_value(need));
                facts.extend(own.map(|(path, value)| (path.as_str(), Known::Known(value.clone()))));
                all = checks(&facts, strategy);
            }
            assert!(fails(&all), "{}: {}", rule.id, test.name);
            let after = verdicts(all);
            if added {
                never_greener(&healthy, &after, &format!("{}: {}", rule.id, test.name));
            }
            for gate in &rule.gates {
                match rule.severity {
                    Severity::Blocker => assert_eq!(after[gate], Verdict::NoGo, "{} at {gate}", rule.id),
                    Severity::Major => assert_ne!(after[gate], Verdict::Go, "{} at {gate}", rule.id),
                    Severity::Minor => {}
                }
            }
        }
    }
}

/// Every phase from the first one on, until the question is over; a rule of a change is asked at a phase as well.
#[test]
fn the_gates_of_a_rule_have_no_holes() {
    for rule in &CATALOGUE.rules {
        let phases: Vec<Gate> = rule.gates.iter().copied().filter(|gate| *gate != Gate::Pr).collect();
        let from = Gate::ALL.iter().position(|gate| Some(gate) == phases.first());
        let from = from.unwrap_or_else(|| panic!("{} is asked at no phase", rule.id));
        assert_eq!(phases, Gate::ALL[from..from + phases.len()], "{}", rule.id);
    }
}
