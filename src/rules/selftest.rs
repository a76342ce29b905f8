//! Every rule proves itself with its own tests.

use serde::Serialize;
use serde_json::Value;

use super::Catalogue;
use super::context::Context;
use super::evaluate::{Evaluation, Evaluator};
use super::model::{Expect, Rule, TestCase, Word};
use super::view::FactView;
use crate::facts::attestation::Attestation;
use crate::facts::plan::Strategy;
use crate::facts::{Known, Why};
use crate::scorecard::{Certainty, Check, Outcome};

/// What a test showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Result {
    /// As expected.
    Ok,
    /// The rule found more than the test expects.
    Noisy,
    /// The rule found less than the test expects.
    Missing,
    /// The outcome is another one, or the rule is broken.
    Wrong,
}

impl Result {
    /// The word in the output.
    pub fn word(self) -> &'static str {
        match self {
            Result::Ok => "ok",
            Result::Noisy => "noisy",
            Result::Missing => "missing",
            Result::Wrong => "wrong",
        }
    }
}

/// One test of one rule after it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestRun {
    /// Rule id.
    pub rule: String,
    /// Name of the test.
    pub test: String,
    /// What it showed.
    pub result: Result,
    /// What was expected and what came; empty when ok.
    pub detail: String,
}

/// Run the tests of every rule, in the order of the catalogue.
pub fn run(catalogue: &Catalogue) -> Vec<TestRun> {
    catalogue.rules.iter().flat_map(|rule| rule.tests.iter().map(|test| run_one(rule, test))).collect()
}

/// What `rules test` prints: what is not ok, then how many tests there were.
pub fn report(runs: &[TestRun]) -> String {
    let mut text = String::new();
    for run in runs.iter().filter(|r| r.result != Result::Ok) {
        let detail = run.detail.replace('\n', "\n    ");
        text.push_str(&format!("{:<8}{} · {}\n    {detail}\n", run.result.word(), run.rule, run.test));
    }
    let rules: std::collections::BTreeSet<&str> = runs.iter().map(|r| r.rule.as_str()).collect();
    let counts: Vec<String> = [Result::Ok, Result::Noisy, Result::Missing, Result::Wrong]
        .into_iter()
        .map(|result| (result, runs.iter().filter(|r| r.result == result).count()))
        .filter(|(result, n)| *n > 0 || *result == Result::Ok)
        .map(|(result, n)| format!("{n} {}", result.word()))
        .collect();
    let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let (tests, rules) = (plural(runs.len(), "test"), plural(rules.len(), "rule"));
    text.push_str(&format!("{tests} of {rules}: {}\n", counts.join(", ")));
    text
}

/// The instant at which tests run; facts of tests hold no clock.
pub const AT: jiff::Timestamp = jiff::Timestamp::constant(1_767_225_600, 0);

/// What becomes of a rule over the facts of one of its tests.
pub fn check(rule: &Rule, test: &TestCase) -> Check {
    evaluation(rule, test).check
}

fn run_one(rule: &Rule, test: &TestCase) -> TestRun {
    let (result, detail) = compare(test.expect, &evaluation(rule, test));
    TestRun { rule: rule.id.clone(), test: test.name.clone(), result, detail }
}

fn evaluation(rule: &Rule, test: &TestCase) -> Evaluation {
    let attestations = Known::Known(words(rule, test.attestation));
    let default = rule.strategies.first().copied().unwrap_or_default();
    let strategy: Strategy = test.strategy.unwrap_or(default);
    let context = Context { at: AT, strategy, attestations: &attestations, attestations_path: "attestations.yaml" };
    let view = view(test);
    Evaluator::new(&view, &context).evaluate(rule)
}

fn view(test: &TestCase) -> FactView {
    let mut view = FactView::default();
    for (path, value) in &test.facts {
        let known: Known<Value> = match test.partial.get(path) {
            Some(reason) => Known::Partial { value: value.clone(), why: Why::new(reason) },
            None => Known::Known(value.clone()),
        };
        view.set(path, known);
    }
    for (path, reason) in &test.unknown {
        view.set(path, Known::unknown(reason));
    }
    view
}

fn words(rule: &Rule, word: Word) -> Vec<Attestation> {
    let Some(asked) = rule.attested.as_ref().filter(|_| word != Word::Absent) else { return Vec::new() };
    let date = jiff::civil::date(2025, 12, 15);
    vec![Attestation {
        id: asked.id.clone(),
        holds: word != Word::Denied,
        by: "Test Person".into(),
        date,
        link: Some("https://wiki.example.com/evidence".into()),
        valid_until: if word == Word::Expired { date } else { jiff::civil::date(2026, 12, 31) },
        note: None,
        place: ("attestations.yaml".into(), 1),
    }]
}

fn compare(expect: Expect, evaluation: &Evaluation) -> (Result, String) {
    let check = &evaluation.check;
    let count = |certainty| check.findings.iter().filter(|f| f.certainty == certainty).count();
    let (proven, doubts) = (count(Certainty::Fail), count(Certainty::Unknown));
    if !evaluation.broken.is_empty() {
        return (Result::Wrong, format!("the rule is broken: {}", evaluation.broken.join("; ")));
    }
    let result = match expect {
        Expect::Fail(n) => order(proven, n),
        Expect::Doubt(_) if proven > 0 => Result::Noisy,
        Expect::Doubt(n) => order(doubts, n),
        // A person answered the doubts.
        Expect::Pass if proven == 0 && check.attestation.as_ref().is_some_and(|asked| asked.decides) => Result::Ok,
        // What a person vouches for may hold doubts of the tool.
        Expect::Pass if check.attestation.as_ref().is_some_and(|asked| asked.decides) => Result::Ok,
        _ if proven + doubts > 0 => Result::Noisy,
        _ => Result::Ok,
    };
    let outcome = match expect {
        Expect::Fail(_) => Outcome::Fail,
        Expect::Doubt(_) | Expect::Unknown => Outcome::Unknown,
        Expect::Pass => Outcome::Pass,
        Expect::NotApplicable => Outcome::NotApplicable,
    };
    if result == Result::Ok && check.outcome == outcome {
        return (Result::Ok, String::new());
    }
    let came = match check.outcome {
        Outcome::Fail => format!("fail: {proven}"),
        Outcome::Unknown if doubts > 0 => format!("doubt: {doubts}"),
        Outcome::Unknown => "unknown".into(),
        Outcome::Pass => "pass".into(),
        Outcome::NotApplicable => "not-applicable".into(),
        Outcome::Waived => "waived".into(),
        Outcome::NotDue => "not-due".into(),
    };
    let wanted = match expect {
        Expect::Fail(n) => format!("fail: {n}"),
        Expect::Doubt(n) => format!("doubt: {n}"),
        Expect::Pass => "pass".into(),
        Expect::Unknown => "unknown".into(),
        Expect::NotApplicable => "not-applicable".into(),
    };
    let why = check.why.as_ref().map(|w| format!(" ({w})")).unwrap_or_default();
    let messages: String = check.findings.iter().map(|f| format!("\n  {}", f.message)).collect();
    let result = if result == Result::Ok { Result::Wrong } else { result };
    (result, format!("expected {wanted}, came {came}{why}{messages}"))
}

fn order(came: usize, wanted: usize) -> Result {
    match came.cmp(&wanted) {
        std::cmp::Ordering::Less => Result::Missing,
        std::cmp::Ordering::Equal => Result::Ok,
        std::cmp::Ordering::Greater => Result::Noisy,
    }
}
