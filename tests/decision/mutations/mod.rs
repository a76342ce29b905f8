//! Every blocker alone closes its gates, and only those: the example company, mended and drained, except for one problem.
//!
//! The problems are data, `fixtures/mutations/<area>.yaml`; a blocker without one fails the first test. What each row says is
//! explained at [`Mutation`].

mod company;
mod document;
mod languages;
mod properties;
use crate::support;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use company::Company;
use document::Edit;
use serde::Deserialize;
use serde_json::Value;
use temporal_preflight::facts::{Facts, Known};
use temporal_preflight::judge::{JudgeInput, judge};
use temporal_preflight::rules::view::build;
use temporal_preflight::rules::{Catalogue, Context, evaluate, load};
use temporal_preflight::scorecard::{Gate, Outcome, Scorecard, Severity, Verdict};

/// One problem, and what it takes to see it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    /// The blocker that must find it.
    rule: String,
    /// What happened, for the reader.
    name: String,
    /// The company is another one, and as ready as before (see [`document`]).
    #[serde(default)]
    given: Vec<Edit>,
    /// Blockers the company given has by itself, because it is in an earlier phase.
    #[serde(default)]
    early: BTreeSet<String>,
    /// Files of the tree: `as it was` before it was mended, `gone`, or a text.
    #[serde(default)]
    tree: BTreeMap<String, String>,
    /// What is wrong in the facts.
    #[serde(default)]
    facts: Vec<Edit>,
    /// Other blockers the same problem is one for.
    #[serde(default)]
    also: BTreeSet<String>,
    /// Other blockers have no answer any more, because of the same problem.
    #[serde(default)]
    blinds: bool,
    /// Facts without any one of which the rule has no answer. Empty: see `always`.
    #[serde(default)]
    without: Vec<String>,
    /// Why the rule has an answer whatever is taken away.
    #[serde(default)]
    always: Option<String>,
}

fn read<T: serde::de::DeserializeOwned>(path: &std::path::Path) -> T {
    let text = std::fs::read_to_string(path).expect("a fixture");
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// All rows, in the order of the files.
static MUTATIONS: LazyLock<Vec<Mutation>> = LazyLock::new(|| {
    let folder = std::fs::read_dir("fixtures/mutations").expect("fixtures/mutations");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files.iter().filter(|path| !path.ends_with("base.yaml")).flat_map(|path| read::<Vec<Mutation>>(path)).collect()
});

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| load::embedded().0);

/// The facts of the mended company.
static MENDED: LazyLock<Value> = LazyLock::new(|| drained(Company::new().facts()));

fn drained(mut facts: Value) -> Value {
    // From the recording to the company at the end of its move.
    let edits: Vec<Edit> = read("fixtures/mutations/base.yaml".as_ref());
    edits.iter().for_each(|edit| edit.apply(&mut facts));
    facts
}

/// A judgement at each gate, in order of time.
struct Judged(Vec<Scorecard>);

fn judged(document: Value, who: &str) -> Judged {
    let mut facts: Facts = serde_json::from_value(document).unwrap_or_else(|e| panic!("{who}: {e}"));
    if let Known::Known(code) | Known::Partial { value: code, .. } = &mut facts.code {
        code.judge_standings();
    }
    let context = Context {
        at: facts.at,
        strategy: facts.plan.main_strategy(),
        attestations: &facts.attestations,
        attestations_path: "attestations.yaml",
    };
    let checks = evaluate(&CATALOGUE, &build(&facts), &context);
    let at = |gate| judge(checks.clone(), JudgeInput::new(&facts, gate, &[], &BTreeSet::new()));
    Judged(Gate::ALL.map(at).into())
}

impl Mutation {
    /// The company before it has this problem.
    fn mended(&self) -> Value {
        let mut facts = MENDED.clone();
        self.given.iter().for_each(|edit| edit.apply(&mut facts));
        facts
    }

    /// The company with this problem.
    fn broken(&self) -> Value {
        let mut facts = if self.tree.is_empty() {
            MENDED.clone()
        } else {
            let company = Company::new();
            self.tree.iter().for_each(|(path, text)| company.write(path, text));
            drained(company.facts())
        };
        self.given.iter().chain(&self.facts).for_each(|edit| edit.apply(&mut facts));
        facts
    }
}

/// Blockers with an outcome at a gate that asks them, and why.
fn blockers(judged: &Judged, outcome: Outcome) -> BTreeMap<&str, String> {
    let all = judged.0.iter().flat_map(|card| &card.checks);
    let all = all.filter(|c| c.severity == Severity::Blocker && c.outcome == outcome);
    all.map(|c| {
        (c.rule.as_str(), format!("{:?} {:?}", c.why, c.findings.iter().map(|f| &f.message).collect::<Vec<_>>()))
    })
    .collect()
}

fn gates(judged: &Judged, verdict: Verdict) -> BTreeSet<Gate> {
    judged.0.iter().filter(|card| card.verdict == verdict).map(|card| card.gate).collect()
}

/// The gates at which any of these rules counts.
fn gates_of<'a>(rules: impl IntoIterator<Item = &'a str>) -> BTreeSet<Gate> {
    let rules: BTreeSet<&str> = rules.into_iter().collect();
    CATALOGUE.rules.iter().filter(|r| rules.contains(r.id.as_str())).flat_map(|r| r.gates.iter().copied()).collect()
}

#[test]
fn every_blocker_has_a_problem_that_only_evidence_shows() {
    let covered: BTreeSet<&str> = MUTATIONS.iter().map(|m| m.rule.as_str()).collect();
    let all: BTreeSet<&str> =
        CATALOGUE.rules.iter().filter(|r| r.severity == Severity::Blocker).map(|r| r.id.as_str()).collect();
    let missing: Vec<_> = all.difference(&covered).collect();
    assert!(missing.is_empty(), "no row in fixtures/mutations for {missing:?}");
    let other: Vec<_> = covered.difference(&all).collect();
    assert!(other.is_empty(), "no blockers: {other:?}");
    for row in MUTATIONS.iter() {
        assert_ne!(row.without.is_empty(), row.always.is_none(), "{}: `without` or `always`", row.name);
    }
}

#[test]
fn mended_and_drained_every_gate_is_open() {
    open(&judged(MENDED.clone(), "the company"), "the mended company", &BTreeSet::new());
    for row in MUTATIONS.iter().filter(|row| !row.given.is_empty()) {
        open(&judged(row.mended(), &row.name), &format!("{}: given", row.name), &row.early);
    }
}

fn open(judged: &Judged, who: &str, early: &BTreeSet<String>) {
    let failed = blockers(judged, Outcome::Fail);
    assert!(failed.keys().all(|rule| early.contains(*rule)), "{who}: {failed:#?}");
    assert_eq!(blockers(judged, Outcome::Unknown), BTreeMap::new(), "{who}");
    let later = gates_of(early.iter().map(String::as_str));
    let closed = judged.0.iter().filter(|card| matches!(card.verdict, Verdict::NoGo | Verdict::Undecided));
    let closed: Vec<&str> =
        closed.filter(|card| !later.contains(&card.gate)).map(|card| card.summary.as_str()).collect();
    assert!(closed.is_empty(), "{who}:\n{}", closed.join("\n"));
}

#[test]
fn one_problem_closes_the_gates_of_its_rule_and_no_other() {
    let mut wrong = Vec::new();
    for row in MUTATIONS.iter() {
        let card = judged(row.broken(), &row.name);
        let failed = blockers(&card, Outcome::Fail);
        let expected: BTreeSet<&str> =
            row.also.iter().chain(&row.early).map(String::as_str).chain([row.rule.as_str()]).collect();
        if failed.keys().copied().collect::<BTreeSet<_>>() != expected {
            wrong.push(format!("{} ({}): failed {failed:#?}", row.rule, row.name));
            continue;
        }
        let undecided = blockers(&card, Outcome::Unknown);
        if undecided.is_empty() == row.blinds {
            wrong.push(format!("{} ({}): leaves open {undecided:#?}", row.rule, row.name));
        }
        let (closed, named) = (gates(&card, Verdict::NoGo), gates_of(expected));
        if closed != named {
            wrong.push(format!("{} ({}): NO-GO at {closed:?}, and not at {named:?}", row.rule, row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_the_evidence_the_same_gates_are_undecided() {
    let mut wrong = Vec::new();
    for row in MUTATIONS.iter() {
        for path in &row.without {
            let mut facts = row.mended();
            match path.strip_prefix("attestations/") {
                Some(id) => {
                    let words = facts["attestations"]["known"].as_array_mut().expect("attestations");
                    let before = words.len();
                    words.retain(|word| word["id"] != id);
                    assert!(words.len() < before, "{}: nobody said {id}", row.rule);
                }
                None => document::take_away(&mut facts, path),
            }
            let card = judged(facts, &row.name);
            let mut failed = blockers(&card, Outcome::Fail);
            failed.retain(|rule, _| !row.early.contains(*rule));
            let undecided = blockers(&card, Outcome::Unknown);
            if !failed.is_empty() || !undecided.contains_key(row.rule.as_str()) {
                wrong.push(format!("{} without {path}: failed {failed:#?}, open {:?}", row.rule, undecided.keys()));
                continue;
            }
            let mut open = gates_of([row.rule.as_str()]);
            let later = gates_of(row.early.iter().map(String::as_str));
            open.retain(|gate| !later.contains(gate));
            let closed = gates(&card, Verdict::Undecided);
            if !open.is_subset(&closed) {
                wrong.push(format!("{} without {path}: undecided only at {closed:?}", row.rule));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the rules' own tests cannot show: commands with parts that are computed from facts.
#[test]
fn the_commands_of_every_finding_are_understood_by_their_programs() {
    let Ok(reader) = support::commands::Reader::new() else { return };
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let estate = Company::as_it_was().facts();
    let cards = MUTATIONS.iter().map(|row| judged(row.broken(), &row.name)).chain([judged(estate, "the estate")]);
    for check in cards.flat_map(|judged| judged.0).flat_map(|card| card.checks) {
        for step in check.findings.iter().flat_map(|f| &f.remedy) {
            seen.extend(step.command.clone().map(|command| (command, check.rule.clone())));
        }
    }
    assert!(seen.len() > 20, "{} commands", seen.len());
    let refused =
        seen.iter().filter_map(|(command, rule)| Some(format!("{rule}: {command}\n    {}", reader.refusal(command)?)));
    let refused: Vec<String> = refused.collect();
    assert!(refused.is_empty(), "\n{}", refused.join("\n"));
}
