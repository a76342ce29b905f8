//! From facts to a decision: what the algebra of outcomes promises, and what a reader of the scorecard sees.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use temporal_preflight::facts::attestation::Attestation;
use temporal_preflight::facts::plan::{Plan, Strategy};
use temporal_preflight::facts::{Facts, Known, Locus, Why};
use temporal_preflight::judge::{JudgeInput, judge};
use temporal_preflight::rules::parse::{RuleText, parse};
use temporal_preflight::rules::view::FactView;
use temporal_preflight::rules::{Catalogue, Context, evaluate};
use temporal_preflight::scorecard::Waiver;
use temporal_preflight::scorecard::{AttestationState, Certainty, Check, Gate, Outcome, Scorecard, Status, Verdict};

const EXPLAINED: &str = "## What it checks\n## Why it stops a migration\n\
    ## How it is detected, and what it cannot see\n## What to do\n## References\n";

const TESTS: &str = "tests:\n\
    - {name: a, facts: {}, expect: {fail: 1}}\n\
    - {name: b, facts: {}, expect: pass}\n\
    - {name: c, facts: {}, expect: unknown}\n";

/// A rule with the given id and severity that fails for every bad thing and doubts every odd one.
fn rule(id: &str, severity: &str, extra: &str) -> String {
    format!(
        "id: {id}\ntitle: No thing is bad\narea: trial\nseverity: {severity}\ngates: [route]\n\
         needs: [code.hazards, plan.routing_begins]\neach: code.hazards.filter(t, t.id == 'bad')\ndoubt: code.hazards.filter(t, t.id == 'odd')\n\
         key: '{{{{ detail }}}}'\nmessage: '{{{{ detail }}}} is bad after {{{{ plan.routing_begins }}}} days'\n\
         doubt_message: '{{{{ detail }}}} is odd'\nbasis: string(size(code.hazards)) + ' things'\n\
         remedy:\n  - {{text: mend it, command: 'mend --name {{{{ detail }}}}'}}\n{extra}{TESTS}"
    )
}

const ASKED: &str = "attested: looked\nquestion: Did somebody look?\n";

fn catalogue(rules: &[String]) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for yaml in rules {
        let id = yaml.lines().next().unwrap().trim_start_matches("id: ").to_owned();
        let text =
            RuleText { path: &format!("trial/{id}.yaml"), area: "trial", id: &id, yaml, markdown: Some(EXPLAINED) };
        let rule = parse(&text).unwrap_or_else(|p| panic!("{}", p[0]));
        catalogue.rules.push(rule);
    }
    catalogue
}

fn thing(name: &str, bad: bool, odd: bool) -> Value {
    let id = if bad {
        "bad"
    } else if odd {
        "odd"
    } else {
        "good"
    };
    json!({"detail": name, "id": id, "loci": [{"at": "source", "path": "a.go", "line": 7}]})
}

fn view(things: Known<Value>) -> FactView {
    let mut view = FactView::default();
    view.set("code.hazards", things);
    view.set("plan.routing_begins", Known::Known(json!("3")));
    view
}

fn at() -> jiff::Timestamp {
    "2026-11-21T23:30:00Z".parse().unwrap()
}

fn word(holds: bool, date: &str, until: &str) -> Attestation {
    Attestation {
        id: "looked".into(),
        holds,
        by: "Ada Brandt".into(),
        date: date.parse().unwrap(),
        link: Some("OPS-1".into()),
        valid_until: until.parse().unwrap(),
        note: None,
        place: ("attestations.yaml".into(), 4),
    }
}

fn run(yaml: &str, view: &FactView, attestations: &Known<Vec<Attestation>>) -> Check {
    let context =
        Context { at: at(), strategy: Strategy::Manual, attestations, attestations_path: "attestations.yaml" };
    evaluate(&catalogue(&[yaml.to_owned()]), view, &context).pop().unwrap()
}

fn partial(value: Value) -> Known<Value> {
    Known::Partial { value, why: Why::with_remedy("one folder is unreadable", "grant read access") }
}

#[test]
fn the_algebra_of_outcomes() {
    let nobody = Known::Known(vec![]);
    let holds = Known::Known(vec![word(true, "2026-11-01", "2026-11-21")]);
    let denied = Known::Known(vec![word(false, "2026-11-01", "2026-11-21")]);
    let bad = json!([thing("x", true, false)]);
    let odd = json!([thing("y", false, true)]);
    let both = json!([thing("x", true, false), thing("y", false, true)]);
    let good = json!([thing("z", false, false)]);
    use Outcome::*;
    for (things, words, outcome, proven, doubts) in [
        (Known::Known(bad.clone()), &nobody, Fail, 1, 0),
        (Known::Known(both.clone()), &nobody, Fail, 1, 1),
        (Known::Known(odd.clone()), &nobody, Unknown, 0, 1),
        (Known::Known(good.clone()), &nobody, Pass, 0, 0),
        (partial(bad.clone()), &nobody, Fail, 1, 0),
        (partial(odd.clone()), &nobody, Unknown, 0, 1),
        (partial(good.clone()), &nobody, Unknown, 0, 0),
        (Known::unknown("no scan"), &nobody, Unknown, 0, 0),
        // A word stands in for evidence that is missing, never against evidence that is there.
        (Known::unknown("no scan"), &holds, Pass, 0, 0),
        (partial(good.clone()), &holds, Pass, 0, 0),
        (Known::Known(bad), &holds, Fail, 1, 0),
        (Known::Known(odd.clone()), &holds, Pass, 0, 1),
        (partial(odd), &holds, Pass, 0, 1),
        // A denial is an answer; only facts that were all seen and show the opposite stand against it.
        (Known::unknown("no scan"), &denied, Fail, 1, 0),
        (partial(good.clone()), &denied, Fail, 1, 0),
        (Known::Known(json!([thing("y", false, true)])), &denied, Fail, 1, 1),
        (Known::Known(json!([thing("x", true, false)])), &denied, Fail, 1, 0),
        (Known::Known(good), &denied, Pass, 0, 0),
    ] {
        let check = run(&rule("r", "blocker", ASKED), &view(things.clone()), words);
        let count = |c| check.findings.iter().filter(|f| f.certainty == c).count();
        let came = (check.outcome, count(Certainty::Fail), count(Certainty::Unknown));
        assert_eq!(came, (outcome, proven, doubts), "{things:?} {words:?}");
        let said = check.findings.iter().any(|f| f.key == "looked");
        assert_eq!(check.why.is_some(), outcome != Fail || !things.is_known() || (said && doubts > 0), "{things:?}");
        assert_eq!(check.attestation.unwrap().id, "looked");
    }
}

#[test]
fn a_word_counts_from_its_date_to_its_last_day() {
    let only = "id: r\ntitle: Looked\narea: trial\nseverity: blocker\ngates: [route]\n".to_owned()
        + ASKED
        + "remedy: [{text: look}]\n"
        + TESTS;
    use Outcome::*;
    for (words, outcome, says) in [
        (
            vec![word(true, "2026-11-01", "2026-11-21")],
            Pass,
            "attested by Ada Brandt on 2026-11-01, valid until 2026-11-21 (OPS-1)",
        ),
        (vec![word(true, "2026-11-01", "2026-11-20")], Unknown, "was valid until 2026-11-20"),
        (vec![word(true, "2026-11-22", "2026-12-20")], Unknown, "still to come"),
        (vec![], Unknown, "nobody has answered yet: Did somebody look?"),
        (vec![word(false, "2026-11-01", "2026-11-21")], Fail, "Did somebody look? No, says Ada Brandt (2026-11-01)"),
        // The later word counts, and of one day the denial.
        (vec![word(false, "2026-11-02", "2026-12-01"), word(true, "2026-11-01", "2026-12-01")], Fail, "No, says"),
        (vec![word(false, "2026-11-01", "2026-12-01"), word(true, "2026-11-01", "2026-12-01")], Fail, "No, says"),
        (vec![word(false, "2026-11-01", "2026-12-01"), word(true, "2026-11-02", "2026-12-01")], Pass, "attested"),
    ] {
        let check = run(&only, &FactView::default(), &Known::Known(words.clone()));
        assert_eq!(check.outcome, outcome, "{words:?}");
        let said = check.findings.first().map(|f| f.message.clone()).or(check.why).unwrap();
        assert!(said.contains(says), "{said}");
        if outcome == Unknown {
            let remedy = check.why_remedy.unwrap();
            assert!(remedy.contains("attestations.yaml: `- {id: looked, by: FULL NAME, date: 2026-11-21"), "{remedy}");
        }
        for finding in &check.findings {
            assert!(finding.evidence.contains(&Locus::File { path: "attestations.yaml".into(), line: 4 }));
        }
    }
    let unreadable = Known::Unknown(Why::with_remedy("attestations.yaml is not readable", "check its permissions"));
    let check = run(&only, &FactView::default(), &unreadable);
    assert_eq!((check.outcome, check.why.as_deref()), (Unknown, Some("attestations.yaml is not readable")));
}

#[test]
fn a_word_that_answers_a_blocker_names_a_person_and_the_evidence() {
    let bare = |by: &str, link: Option<&str>| {
        Known::Known(vec![Attestation {
            by: by.into(),
            link: link.map(str::to_owned),
            ..word(true, "2026-11-01", "2026-11-21")
        }])
    };
    let link = Some("https://wiki.example.com/1");
    for (by, link, blocker) in [
        ("Ada Brandt", link, Outcome::Pass),
        ("Ada Brandt, data protection", link, Outcome::Pass),
        ("李小龙", link, Outcome::Pass),
        ("Ада Брандт", link, Outcome::Pass),
        ("Ada Brandt", None, Outcome::Unknown),
        ("Ada Brandt", Some(" "), Outcome::Unknown),
        ("x", link, Outcome::Unknown),
        ("ada@example.com", link, Outcome::Unknown),
        ("ops", None, Outcome::Unknown),
    ] {
        let words = bare(by, link);
        let of = |severity: &str| run(&rule("r", severity, ASKED), &view(Known::unknown("no scan")), &words);
        let check = of("blocker");
        assert_eq!(check.outcome, blocker, "{by} {link:?}");
        let asked = check.attestation.as_ref().unwrap();
        assert_eq!(asked.word == AttestationState::Incomplete, blocker == Outcome::Unknown, "{by} {link:?}");
        assert_eq!(asked.decides, blocker == Outcome::Pass);
        if blocker == Outcome::Unknown {
            assert!(check.why.unwrap().contains("answers a blocker, and it lacks"), "{by}");
        }
        assert_eq!(of("major").outcome, Outcome::Pass, "a major takes any word");
    }
    // A denial counts however short it is.
    let denied =
        Known::Known(vec![Attestation { by: "x".into(), link: None, ..word(false, "2026-11-01", "2026-11-21") }]);
    assert_eq!(run(&rule("r", "blocker", ASKED), &view(Known::unknown("no scan")), &denied).outcome, Outcome::Fail);
}

#[test]
fn a_word_over_a_sample_is_shown_as_that() {
    let holds = Known::Known(vec![word(true, "2026-11-01", "2026-11-21")]);
    let why = |things| run(&rule("r", "blocker", ASKED), &view(things), &holds).why.unwrap();
    let good = json!([thing("z", false, false)]);
    assert!(why(partial(good)).ends_with("; not measured, because one folder is unreadable"));
    assert!(why(Known::unknown("no scan")).ends_with("; not measured, because no scan"));
    let odd = json!([thing("y", false, true)]);
    assert!(why(Known::Known(odd)).ends_with("; not measured, because one thing could not be decided"));
}

#[test]
fn where_there_is_nothing_to_look_at_nothing_passes() {
    let none = Known::Known(vec![]);
    let over = "over: code.hazards\nnothing: the code names no thing\n";
    let check = |things| run(&rule("r", "blocker", over), &view(things), &none);
    let empty = check(Known::Known(json!([])));
    assert_eq!(empty.outcome, Outcome::NotApplicable);
    assert_eq!(empty.why.as_deref(), Some("nothing to do, because the code names no thing"));
    assert_eq!(check(Known::Known(json!([thing("z", false, false)]))).outcome, Outcome::Pass);
    assert_eq!(check(partial(json!([]))).outcome, Outcome::Unknown, "the rest was not seen");
}

#[test]
fn a_rule_that_does_not_concern_the_migration_says_why() {
    let extra = "applies: plan.routing_begins > '5'\nnot_applicable: it is too early\n";
    let none = Known::Known(vec![]);
    let early = run(&rule("r", "blocker", extra), &view(Known::Known(json!([thing("x", true, false)]))), &none);
    assert_eq!((early.outcome, early.why.as_deref()), (Outcome::NotApplicable, Some("it is too early")));
    let mut unsure = view(Known::Known(json!([])));
    unsure.set("plan.routing_begins", partial(json!("3")));
    assert_eq!(
        run(&rule("r", "blocker", extra), &unsure, &none).outcome,
        Outcome::Unknown,
        "half a fact excuses nothing"
    );
    let replicated = rule("r", "blocker", "strategies: [automated]\n");
    assert_eq!(run(&replicated, &view(Known::Known(json!([]))), &none).outcome, Outcome::NotApplicable);
}

#[test]
fn a_broken_rule_is_unknown_and_hides_no_finding() {
    let none = Known::Known(vec![]);
    let no_field = view(Known::Known(json!([{"name": "x"}])));
    let check = run(&rule("r", "blocker", ""), &no_field, &none);
    assert_eq!(check.outcome, Outcome::Unknown);
    assert!(check.why.unwrap().starts_with("the rule could not be evaluated: `each`: No such key: id"));
    // One object is a finding, the other has no place.
    let mut homeless = thing("y", true, false);
    homeless.as_object_mut().unwrap().remove("loci");
    let check = run(&rule("r", "blocker", ""), &view(Known::Known(json!([homeless, thing("x", true, false)]))), &none);
    assert_eq!((check.outcome, check.findings.len(), check.complete), (Outcome::Fail, 1, false));
    assert!(check.why.unwrap().contains("no `loci`"));
    // Without the optional name the finding is still one.
    let mut nameless = thing("y", true, false);
    nameless["detail"] = Value::Null;
    let check = run(&rule("r", "blocker", ""), &view(Known::Known(json!([nameless]))), &none);
    assert_eq!((check.outcome, check.findings[0].message.as_str()), (Outcome::Fail, "(unknown) is bad after 3 days"));
}

#[test]
fn fingerprints_survive_moved_lines_and_tell_twins_apart() {
    let none = Known::Known(vec![]);
    let prints = |things: Value| -> Vec<String> {
        let check = run(&rule("r", "blocker", ""), &view(Known::Known(things)), &none);
        check.findings.iter().map(|f| f.fingerprint.clone()).collect()
    };
    let before = prints(json!([thing("x", true, false), thing("x", true, false), thing("y", true, false)]));
    let mut moved = thing("x", true, false);
    moved["loci"][0]["line"] = json!(99);
    let after = prints(json!([moved, thing("x", true, false), thing("y", true, false)]));
    assert_eq!(before, after);
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(prints(json!([thing("y", true, false)])), before[2..], "a neighbour does not change it");
}

#[test]
fn a_hundred_rules_over_thousands_of_facts_take_no_time() {
    let rules: Vec<String> = (0..100).map(|i| rule(&format!("r{i:03}"), "minor", "")).collect();
    let catalogue = catalogue(&rules);
    let things: Vec<Value> = (0..2_000).map(|i| thing(&format!("t{i}"), i % 100 == 0, false)).collect();
    let view = view(Known::Known(Value::Array(things)));
    let attestations = Known::Known(vec![]);
    let context = Context {
        at: at(),
        strategy: Strategy::Manual,
        attestations: &attestations,
        attestations_path: "attestations.yaml",
    };
    let started = std::time::Instant::now();
    let checks = evaluate(&catalogue, &view, &context);
    let took = started.elapsed();
    assert_eq!(checks.iter().map(|c| c.findings.len()).sum::<usize>(), 2_000);
    // Unoptimised and on a busy machine; a quadratic step would take minutes.
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");
}

fn facts() -> Facts {
    Facts {
        at: at(),
        plan: Plan::default(),
        code: Known::unknown("no scan was part of this run"),
        source: Known::unknown("no snapshot of the source"),
        target: Known::unknown("no snapshot of the target"),
        certificates: Known::Known(vec![]),
        attestations: Known::Known(vec![]),
    }
}

fn checks(rules: &[(&str, &str)], things: Known<Value>) -> Vec<Check> {
    let rules: Vec<String> = rules.iter().map(|(id, severity)| rule(id, severity, "item: 3\n")).collect();
    let facts = facts();
    let context = Context {
        at: facts.at,
        strategy: Strategy::Manual,
        attestations: &facts.attestations,
        attestations_path: "attestations.yaml",
    };
    evaluate(&catalogue(&rules), &view(things), &context)
}

fn decide(checks: Vec<Check>, waivers: &[Waiver]) -> Scorecard {
    let (facts, unwaivable) = (facts(), BTreeSet::new());
    judge(checks, JudgeInput::new(&facts, Gate::Route, waivers, &unwaivable))
}

fn waiver(rule: &str, until: &str) -> Waiver {
    Waiver {
        rule: rule.into(),
        fingerprint: None,
        pattern: None,
        reason: "routed in OPS-812".into(),
        owner: "operations".into(),
        until: until.parse().unwrap(),
        place: Locus::File { path: "waivers.yaml".into(), line: 2 },
        lines: None,
    }
}

#[test]
fn the_verdict_is_a_sentence() {
    let bad = || Known::Known(json!([thing("x", true, false), thing("y", true, false)]));
    let good = || Known::Known(json!([thing("z", false, false)]));
    for (checks, waivers, verdict, sentence) in [
        (
            checks(&[("a", "blocker"), ("b", "blocker"), ("c", "major")], bad()),
            vec![],
            Verdict::NoGo,
            "NO-GO for route: 2 blockers failed with 4 findings (a, b); 1 condition beside them.",
        ),
        (
            [checks(&[("a", "blocker")], bad()), checks(&[("b", "blocker")], Known::unknown("no scan"))].concat(),
            vec![],
            Verdict::NoGo,
            "NO-GO for route: 1 blocker failed with 2 findings (a); 1 more could not be decided (b).",
        ),
        (
            checks(&[("a", "blocker"), ("b", "blocker")], Known::unknown("the target was not probed")),
            vec![],
            Verdict::Undecided,
            "UNDECIDED for route: no blocker failed, but 2 could not be decided (a, b), because the target was not probed.",
        ),
        (
            checks(&[("a", "blocker")], Known::unknown("the target was not probed")),
            vec![],
            Verdict::Undecided,
            "UNDECIDED for route: no blocker failed, but a could not be decided, because the target was not probed.",
        ),
        (
            [checks(&[("a", "blocker"), ("b", "major")], bad()), checks(&[("c", "major")], Known::unknown("no scan"))]
                .concat(),
            vec![waiver("a", "2026-12-31")],
            Verdict::GoWithConditions,
            "GO WITH CONDITIONS for route: new executions may start on the target, on 3 conditions, each with an owner \
             and a date: 1 failed, 1 waived, 1 unanswered (a, b, c).",
        ),
        (
            [checks(&[("a", "blocker")], good()), checks(&[("b", "minor")], bad())].concat(),
            vec![],
            Verdict::Go,
            "GO for route: new executions may start on the target (1 of 2 rules passed, 1 minor open).",
        ),
        (vec![], vec![], Verdict::Undecided, "UNDECIDED for route: no rule of this run belongs to this gate."),
    ] {
        let card = decide(checks, &waivers);
        assert_eq!((card.verdict, card.summary.as_str()), (verdict, sentence));
        let gate = card.gates.iter().find(|g| g.gate == Gate::Route).unwrap();
        assert_eq!(gate.verdict, card.verdict);
    }
}

#[test]
fn waivers_that_do_nothing_are_findings() {
    let all = checks(&[("a", "blocker"), ("b", "blocker")], Known::Known(json!([thing("x", true, false)])));
    let waivers = [waiver("a", "2026-12-31"), waiver("b", "2026-11-20"), waiver("gone", "2026-12-31")];
    let card = decide(all, &waivers);
    let states: Vec<_> = card.waivers.iter().map(|w| (w.rule.as_str(), w.state.as_str())).collect();
    assert_eq!(states, [("a", "used"), ("b", "expired"), ("gone", "unused")]);
    let outcome = |id: &str| card.checks.iter().find(|c| c.rule == id).unwrap();
    assert_eq!(outcome("a").outcome, Outcome::Waived);
    assert_eq!(outcome("a").findings[0].waiver.as_ref().unwrap().owner, "operations");
    assert_eq!(outcome("b").outcome, Outcome::Fail, "an expired waiver waives nothing");
    for (id, says) in [
        ("waiver-expired", "the waiver of `b` by operations ended on 2026-11-20 (routed in OPS-812)"),
        ("waiver-unused", "the waiver of `gone` by operations covers nothing: no rule of this run has this id"),
    ] {
        let check = outcome(id);
        assert_eq!(check.findings[0].message, says);
        assert_eq!(check.findings[0].evidence, [Locus::File { path: "waivers.yaml".into(), line: 2 }]);
        assert!(!check.findings[0].remedy.is_empty() && !check.explanation.is_empty());
    }
    assert_eq!(outcome("waiver-refused").outcome, Outcome::Pass);
    assert!(decide(vec![], &[]).checks.is_empty(), "without waivers nothing is said about waivers");
}

#[test]
fn entries_of_the_attestations_that_do_nothing_are_findings() {
    let entry = |id: &str, holds: bool, date: &str, until: &str, line: u32| Attestation {
        id: id.into(),
        place: ("attestations.yaml".into(), line),
        ..word(holds, date, until)
    };
    let asks = |id: &str, key: &str, extra: &str| {
        let extra = format!("attested: {key}\nquestion: Is it so?\n{extra}");
        rule(id, "blocker", &extra)
    };
    let attestations = Known::Known(vec![
        entry("fine", true, "2026-11-01", "2026-12-31", 2),
        entry("old", true, "2026-10-01", "2026-11-20", 7),
        entry("aged", true, "2026-10-01", "2026-12-31", 12),
        entry("tomorrow", true, "2026-11-22", "2026-12-31", 17),
        entry("mistypd", true, "2026-11-01", "2026-12-31", 22),
        entry("denied", false, "2026-11-01", "2026-12-31", 27),
    ]);
    let rules = [
        asks("a", "fine", ""),
        asks("b", "old", ""),
        asks("c", "aged", "fresh_days: 30\n"),
        asks("d", "tomorrow", ""),
        asks("e", "denied", ""),
        // It does not concern this migration, and asks all the same.
        asks("g", "mistyped", "strategies: [automated]\n"),
    ];
    let mut facts = facts();
    facts.attestations = attestations.clone();
    let context = Context {
        at: at(),
        strategy: Strategy::Manual,
        attestations: &attestations,
        attestations_path: "attestations.yaml",
    };
    let seen = view(Known::Known(json!([thing("z", false, false)])));
    let judged = |view: &FactView| {
        let none = BTreeSet::new();
        let checks = evaluate(&catalogue(&rules), view, &context);
        judge(checks, JudgeInput::new(&facts, Gate::Route, &[], &none))
    };
    let card = judged(&seen);
    for (id, severity, line, says) in [
        (
            "attestation-contradicted",
            "major",
            27,
            "Ada Brandt denies `denied` (2026-11-01), but the facts show the opposite: `e` passed",
        ),
        (
            "attestation-early",
            "minor",
            17,
            "the word of Ada Brandt for `tomorrow` is dated 2026-11-22, which is still to come",
        ),
        (
            "attestation-unused",
            "minor",
            22,
            "no rule asks for `mistypd`, for which Ada Brandt vouches; the rules ask for `aged`, `denied`",
        ),
    ] {
        let check = card.checks.iter().find(|c| c.rule == id).unwrap();
        assert_eq!((check.findings.len(), check.severity.name()), (1, severity), "{id}: {:?}", check.findings);
        let finding = &check.findings[0];
        assert!(finding.message.starts_with(says), "{}", finding.message);
        assert_eq!(finding.evidence, [Locus::File { path: "attestations.yaml".into(), line }]);
        assert!(!finding.remedy.is_empty() && !check.explanation.is_empty());
    }
    let expired = card.checks.iter().find(|c| c.rule == "attestation-expired").unwrap();
    let said: Vec<&str> = expired.findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "the word of Ada Brandt for `old` was valid until 2026-11-20",
            "the word of Ada Brandt for `aged` (2026-10-01) is too old for the day on which routing begins",
        ]
    );
    let contradicted = card.checks.iter().find(|c| c.rule == "e").unwrap();
    assert_eq!(contradicted.outcome, Outcome::Pass);
    assert!(
        contradicted.why.as_ref().unwrap().ends_with("the facts show it, although Ada Brandt says no (2026-11-01)")
    );
    // Where the facts are missing the denial is heard, and contradicts nothing.
    let card = judged(&view(Known::unknown("no scan")));
    let outcome = |id: &str| card.checks.iter().find(|c| c.rule == id).unwrap().outcome;
    assert_eq!((outcome("e"), outcome("attestation-contradicted")), (Outcome::Fail, Outcome::Pass));
    let nobody = decide(checks(&[("a", "minor")], Known::Known(json!([]))), &[]);
    assert!(nobody.checks.iter().all(|c| !c.rule.starts_with("attestation")), "without entries nothing is said");
}

#[test]
fn a_word_may_be_so_old_when_routing_begins() {
    let asks = rule("r", "blocker", "attested: looked\nquestion: Is it so?\nfresh_days: 30\n");
    let said = Known::Known(vec![word(true, "2026-11-01", "2026-12-31")]);
    for (begins, outcome) in
        [(None, Outcome::Pass), (Some("2026-12-01"), Outcome::Pass), (Some("2026-12-02"), Outcome::Unknown)]
    {
        let mut view = view(Known::unknown("no scan"));
        if let Some(day) = begins {
            view.set("plan.routing_begins", Known::Known(json!(day)));
        }
        let check = run(&asks, &view, &said);
        assert_eq!(check.outcome, outcome, "{begins:?}");
        if outcome == Outcome::Unknown {
            let why = check.why.unwrap();
            assert!(why.contains("will be 31 days old when routing begins (2026-12-02); 30 are allowed"), "{why}");
        }
    }
}

#[test]
fn the_scorecard_does_not_depend_on_the_order_of_checks() {
    let all = checks(
        &[("d", "minor"), ("a", "major"), ("c", "blocker"), ("b", "blocker")],
        Known::Known(json!([thing("x", true, false), thing("y", false, true)])),
    );
    let expected = decide(all.clone(), &[waiver("c", "2026-12-31")]);
    let ids: Vec<&str> = expected.checks.iter().map(|c| c.rule.as_str()).collect();
    assert_eq!(ids, ["b", "c", "waiver-expired", "waiver-refused", "a", "waiver-unused", "d"]);
    for shift in 0..all.len() {
        let mut rotated = all.clone();
        rotated.rotate_left(shift);
        assert_eq!(decide(rotated, &[waiver("c", "2026-12-31")]), expected);
    }
}

#[test]
fn the_scorecard_is_complete_and_can_be_read_back() {
    let all = checks(&[("a", "blocker")], Known::Known(json!([thing("x'; rm", true, false)])));
    let card = decide(all, &[]);
    assert_eq!((card.checklist.len(), card.failure_modes.len(), card.gates.len(), card.sides.len()), (10, 4, 7, 2));
    assert_eq!((card.checklist[2].status, card.checklist[2].rules.as_slice()), (Status::Failed, &["a".to_owned()][..]));
    assert_eq!(card.checklist[2].evidence, "x'; rm is bad after 3 days");
    assert_eq!(card.checklist[8].status, Status::Unknown, "an item nobody looks at is not fine");
    assert_eq!(card.sides[1].missing.as_deref(), Some("no snapshot of the target"));
    let step = &card.checks[0].findings[0].remedy[0];
    assert_eq!(step.command.as_deref(), Some(r"mend --name 'x'\''; rm'"));
    let text = serde_json::to_string(&card).unwrap();
    assert_eq!(serde_json::from_str::<Scorecard>(&text).unwrap(), card);
}

/// Whether a verdict lets the team go on.
fn opens(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Go | Verdict::GoWithConditions)
}

#[test]
fn taking_evidence_away_never_opens_a_gate() {
    let things = [
        json!([]),
        json!([thing("x", true, false)]),
        json!([thing("y", false, true)]),
        json!([thing("x", true, false), thing("y", false, true)]),
    ];
    let waivers = [
        vec![],
        vec![waiver("a", "2026-12-31")],
        vec![Waiver { pattern: Some("x".into()), ..waiver("a", "2026-12-31") }],
    ];
    let verdict = |known: Known<Value>, severity: &str, waivers: &[Waiver]| {
        decide(checks(&[("a", severity), ("other", "minor")], known), waivers).verdict
    };
    for severity in ["blocker", "major", "minor"] {
        for seen in &things {
            for waivers in &waivers {
                let whole = verdict(Known::Known(seen.clone()), severity, waivers);
                let part = verdict(partial(seen.clone()), severity, waivers);
                let nothing = verdict(Known::unknown("no scan"), severity, waivers);
                let case = format!("{severity} {seen} {waivers:?}: {whole:?} {part:?} {nothing:?}");
                assert!(opens(whole) || !opens(part), "{case}");
                assert!(opens(part) || !opens(nothing), "{case}");
                // Who waives the rule as a whole accepts what nobody has seen, and gets conditions.
                let accepted = waivers.iter().any(|waiver| waiver.pattern.is_none());
                if severity == "blocker" && accepted {
                    assert!(part != Verdict::Go && nothing != Verdict::Go, "{case}");
                } else if severity == "blocker" {
                    assert!(!opens(part) && !opens(nothing), "a blocker passes only when everything was seen: {case}");
                }
            }
        }
    }
}

#[test]
fn a_word_about_what_was_not_seen_is_neither_proven_nor_disproven_by_what_was() {
    let unread = "attested: looked\nabout: unseen\nquestion: Were the other files read?\n";
    let rules = [rule("a", "major", unread)];
    let judged = |holds: bool, things: Known<Value>| {
        let attestations = Known::Known(vec![word(holds, "2026-11-01", "2026-12-31")]);
        let mut facts = facts();
        facts.attestations = attestations.clone();
        let context = Context {
            at: at(),
            strategy: Strategy::Manual,
            attestations: &attestations,
            attestations_path: "attestations.yaml",
        };
        let checks = evaluate(&catalogue(&rules), &view(things), &context);
        let card = judge(checks, JudgeInput::new(&facts, Gate::Route, &[], &BTreeSet::new()));
        let outcome = |id: &str| card.checks.iter().find(|c| c.rule == id).unwrap().outcome;
        (outcome("a"), outcome("attestation-contradicted"))
    };
    let part = |things: Value| Known::Partial { value: things, why: Why::new("2 files were not analysed") };
    let (bad, odd, good) = (thing("b", true, false), thing("o", false, true), thing("g", false, false));
    for (holds, things, outcome) in [
        // What was read is wrong: the word is about the rest, and nobody is called a liar.
        (true, Known::Known(json!([bad])), Outcome::Fail),
        (true, part(json!([bad])), Outcome::Fail),
        (true, part(json!([good])), Outcome::Pass),
        (true, Known::Known(json!([odd])), Outcome::Pass),
        (false, part(json!([good])), Outcome::Fail),
        // All was read: there is nothing the denial is about.
        (false, Known::Known(json!([good])), Outcome::Pass),
    ] {
        assert_eq!(judged(holds, things.clone()), (outcome, Outcome::Pass), "{holds}, {things:?}");
    }
}
