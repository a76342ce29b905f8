//! Rules as a user meets them: the catalogue in the binary proves itself, a private pack is added to it, and a
//! broken rule is refused with its place.

use std::path::Path;

use temporal_preflight::facts::plan::{Plan, Strategy};
use temporal_preflight::facts::{Facts, Known, Locus};
use temporal_preflight::judge::{JudgeInput, judge};
use temporal_preflight::render::{self, Format, RenderOptions};
use temporal_preflight::rules::model::{Expect, Rule};
use temporal_preflight::rules::selftest::{self, Result};
use temporal_preflight::rules::view::FactView;
use temporal_preflight::rules::{Catalogue, Context, evaluate, explain, load, scaffold};
use temporal_preflight::scorecard::Waiver;
use temporal_preflight::scorecard::{Check, Gate, Outcome, Scorecard, Severity};

fn assert_green(catalogue: &Catalogue) {
    let failed: Vec<String> = selftest::run(catalogue)
        .into_iter()
        .filter(|t| t.result != Result::Ok)
        .map(|t| format!("{} · {}: {}: {}", t.rule, t.test, t.result.word(), t.detail))
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

fn rendered(problems: &[temporal_preflight::ui::Problem]) -> String {
    problems.iter().map(|p| format!("{p}\n")).collect()
}

#[test]
fn every_rule_of_the_binary_loads_and_proves_itself() {
    let (catalogue, problems) = load::embedded();
    assert!(problems.is_empty(), "\n{}", rendered(&problems));
    assert_green(&catalogue);
}

#[test]
fn a_private_pack_is_added_and_proves_itself() {
    let (pack, problems) = load::folder(Path::new("fixtures/rules/pack"));
    assert!(problems.is_empty(), "\n{}", rendered(&problems));
    assert_eq!(pack.rules.len(), 3);
    assert_green(&pack);
    let all = load(&["fixtures/rules/pack"]).unwrap();
    assert_eq!(all.rules.len(), load::embedded().0.rules.len() + 3);
    assert!(all.rules.is_sorted_by_key(|r| (&r.area, &r.id)));
}

/// A sound rule; the cases below break it in one place each.
const SOUND: &str = r#"id: sound
title: All is well
area: trial
severity: blocker
gates: [route]
needs: [source.long_names, plan.routing_begins]
each: source.long_names.filter(n, n.bytes > n.limit && n.start != plan.routing_begins)
key: "{{ start }}"
message: "{{ start }} is long"
remedy:
  - text: shorten {{ start }}
    when: it.bytes > 9
tests:
  - name: bad
    facts: {source.long_names: [{start: a, bytes: 12, limit: 10}], plan.routing_begins: today}
    expect: {fail: 1}
  - {name: good, facts: {source.long_names: [], plan.routing_begins: today}, expect: pass}
  - {name: nothing known, expect: unknown}
"#;

const EXPLAINED: &str = "## What it checks\n## Why it stops a migration\n\
    ## How it is detected, and what it cannot see\n## What to do\n## References\n";

/// Write a pack with one rule and load it.
fn pack_of(yaml: &str, markdown: Option<&str>) -> (Catalogue, String) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("trial")).unwrap();
    std::fs::write(dir.path().join("trial/sound.yaml"), yaml).unwrap();
    if let Some(markdown) = markdown {
        std::fs::write(dir.path().join("trial/sound.md"), markdown).unwrap();
    }
    let (catalogue, problems) = load::folder(dir.path());
    assert!(problems.iter().all(|p| p.code == 2));
    (catalogue, rendered(&problems).replace(&dir.path().display().to_string(), "PACK"))
}

#[test]
fn every_refusal_says_what_is_wrong_and_where() {
    let (sound, problems) = pack_of(SOUND, Some(EXPLAINED));
    assert_eq!((sound.rules.len(), problems.as_str()), (1, ""));
    assert_green(&sound);
    // (what is replaced, by what, what the message says, where the caret stands)
    let cases = [
        ("id: sound", "id: other", "the id of a rule is its file name", "1:5"),
        ("area: trial", "area: other", "the area of a rule is its folder", "3:7"),
        ("title: All is well", "title: ''", "a rule needs a title", "2:8"),
        ("gates: [route]", "gates: []", "counts at no gate", "5:8"),
        ("gates: [route]", "gates: [rout]", "unknown variant `rout`", "5:9"),
        ("severity: blocker", "severity: blocker\nitem: 11", "items 1 to 10", "5:7"),
        ("severity: blocker", "severity: blocker\nfailure_mode: x", "unknown failure mode", "5:15"),
        ("severity: blocker", "severity: blocker\nstrategies: []", "without strategy", "5:13"),
        ("severity: blocker", "severity: blocker\nsevere: true", "unknown field `severe`", "5:1"),
        ("title: All is well\n", "", "missing field `title`", "12:1"),
        ("severity: blocker", "severity: [", "is not valid", ":"),
        ("n.limit &&", "n.limit &", "does not compile", "7:53"),
        (
            "source.long_names.filter(",
            "source.long_names.filtr(",
            "there is no function `filtr`; did you mean `filter`?",
            "7:7",
        ),
        ("!= plan.routing_begins)", "!= plan.target_kind)", "`plan.target_kind` is not under `needs`", "7:67"),
        ("!= plan.routing_begins)", "!= now)", "`now` is not one of the facts", "7:67"),
        ("when: it.bytes", "when: that.bytes", "`that.bytes` is not one of the facts", "12:11"),
        ("\"{{ start }} is long\"", "\"{{ start is long\"", "`{{` without `}}`", "9:11"),
        ("shorten {{ start }}", "shorten {{ start | upper }}", "a placeholder is a dotted name", "11:19"),
        ("key: \"{{ start }}\"\n", "", "`each` needs `key`", "7:7"),
        ("message: \"{{ start }} is long\"\n", "", "`each` needs `message`", "7:7"),
        ("severity: blocker", "severity: blocker\ndoubt: source.long_names", "`doubt` needs `doubt_message`", "5:8"),
        ("severity: blocker", "severity: blocker\ndoubt_message: x", "`doubt_message` needs `doubt`", "5:16"),
        ("severity: blocker", "severity: blocker\nattested: x", "`attested` needs `question`", "5:11"),
        ("severity: blocker", "severity: blocker\nfresh_days: 9", "`fresh_days` needs `attested`", "5:13"),
        ("severity: blocker", "severity: blocker\nquestion: x", "`question` needs `attested`", "5:11"),
        (
            "severity: blocker",
            "severity: blocker\napplies: plan.routing_begins != 'x'",
            "`applies` needs `not_applicable`",
            "5:10",
        ),
        ("severity: blocker", "severity: blocker\nnot_applicable: x", "`not_applicable` needs `applies`", "5:17"),
        (
            "each: source.long_names.filter(n, n.bytes > n.limit && n.start != plan.routing_begins)\n",
            "",
            "neither `each` nor `attested`",
            "1:5",
        ),
        ("remedy:\n  - text: shorten {{ start }}\n    when: it.bytes > 9\n", "", "a blocker without `remedy`", "4:11"),
        ("expect: {fail: 1}", "expect: pass", "no failing test", "1:5"),
        ("expect: pass", "expect: not-applicable", "no passing test", "1:5"),
        ("expect: unknown", "expect: pass", "no unknown test", "1:5"),
        ("expect: {fail: 1}", "expect: {fail: 0}", "a failing test has findings", "14:5"),
        (
            "facts: {source.long_names: [], ",
            "facts: {source.long_name: [], ",
            "`source.long_name` is not in `needs`",
            "17:5",
        ),
        (
            "nothing known, ",
            "nothing known, partial: {plan.routing_begins: half}, ",
            "add `plan.routing_begins` to the `facts`",
            "18:5",
        ),
    ];
    for (part, by, says, at) in cases {
        assert!(SOUND.contains(part), "{part}");
        let (catalogue, problems) = pack_of(&SOUND.replacen(part, by, 1), Some(EXPLAINED));
        assert_eq!(catalogue.rules.len(), 0, "{by}");
        assert!(problems.contains(says), "{by}\n{problems}");
        let place = format!("PACK/trial/sound.yaml:{}", at.trim_start_matches(':'));
        assert!(problems.contains(&place), "{by}: not at {at}\n{problems}");
    }
}

#[test]
fn a_rule_is_explained_or_refused() {
    assert!(pack_of(SOUND, None).1.contains("PACK/trial/sound.md does not exist"));
    for heading in EXPLAINED.lines() {
        let (_, problems) = pack_of(SOUND, Some(&EXPLAINED.replace(heading, "## Something else")));
        assert!(problems.contains(&format!("`{heading}` is missing")), "{problems}");
    }
    let swapped = EXPLAINED.replace("What to do", "X").replace("References", "What to do").replace('X', "References");
    assert!(pack_of(SOUND, Some(&swapped)).1.contains("missing or out of order"));
    let fenced = format!("```\n{EXPLAINED}```\n");
    assert!(pack_of(SOUND, Some(&fenced)).1.contains("`## What it checks` is missing"));
}

#[test]
fn a_broken_rule_never_hides_another() {
    let dir = tempfile::tempdir().unwrap();
    for (area, id) in [("a", "one"), ("b", "two"), ("b", "three")] {
        std::fs::create_dir_all(dir.path().join(area)).unwrap();
        let yaml = SOUND.replace("id: sound", &format!("id: {id}")).replace("area: trial", &format!("area: {area}"));
        let yaml = if id == "three" {
            yaml
        } else {
            yaml.replace("n.limit &&", "n.limit &").replace("gates: [route]", "gates: []")
        };
        std::fs::write(dir.path().join(area).join(format!("{id}.yaml")), yaml).unwrap();
        std::fs::write(dir.path().join(area).join(format!("{id}.md")), EXPLAINED).unwrap();
    }
    std::fs::write(dir.path().join("stray.yaml"), "x").unwrap();
    std::fs::write(dir.path().join("b/old.yml"), "x").unwrap();
    let (catalogue, problems) = load::folder(dir.path());
    let titles: Vec<&str> = problems.iter().map(|p| p.title.rsplit('/').next().unwrap()).collect();
    assert_eq!(
        titles,
        [
            "old.yml: rules end in `.yaml`",
            "stray.yaml is not in the folder of an area",
            "one.yaml: a rule that counts at no gate decides nothing",
            "one.yaml: the expression does not compile",
            "two.yaml: a rule that counts at no gate decides nothing",
            "two.yaml: the expression does not compile",
        ]
    );
    assert_eq!(catalogue.rules.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["three"]);
    let all = load(&[dir.path()]).unwrap();
    assert!(all.get("three").is_some() && all.get("retention").is_some(), "the others run");
    let attestations = Known::Known(vec![]);
    let context = Context {
        at: selftest::AT,
        strategy: Strategy::Manual,
        attestations: &attestations,
        attestations_path: "attestations.yaml",
    };
    let checks = evaluate(&all, &FactView::default(), &context);
    for (id, gates, says) in [
        ("one", 7, "one.yaml: a rule that counts at no gate decides nothing (name at least one gate); "),
        ("two", 7, "the expression does not compile"),
        ("old", 7, "old.yml: rules end in `.yaml`"),
        ("stray", 7, "stray.yaml is not in the folder of an area"),
    ] {
        let check = checks.iter().find(|c| c.rule == id).unwrap();
        assert_eq!((check.outcome, check.severity, check.gates.len()), (Outcome::Unknown, Severity::Blocker, gates));
        let why = check.why.as_ref().unwrap();
        assert!(why.starts_with("the rule could not be read: ") && why.contains(says), "{why}");
    }
}

#[test]
fn what_can_be_told_of_a_broken_rule_is_told() {
    let (catalogue, _) =
        pack_of(&SOUND.replace("n.limit &&", "n.limit &").replace("blocker", "minor"), Some(EXPLAINED));
    let check = catalogue.broken[0].check();
    assert_eq!(
        (check.title.as_str(), check.severity, check.gates),
        ("All is well", Severity::Minor, vec![Gate::Route, Gate::Drain, Gate::Decommission])
    );
}

#[test]
fn a_broken_rule_replaces_its_namesake_too() {
    let (mut sound, _) = pack_of(SOUND, Some(EXPLAINED));
    let (broken, _) = pack_of(&SOUND.replace("n.limit &&", "n.limit &"), Some(EXPLAINED));
    sound.extend(broken);
    assert_eq!((sound.rules.len(), sound.broken.len()), (0, 1), "the replaced rule must not answer in its stead");
}

#[test]
fn a_new_rule_loads_and_proves_itself_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (catalogue, _) = load::embedded();
    let write = |area: &str, id: &str| scaffold::write(dir.path(), area, id, &catalogue);
    let written = write("house", "queue-names").unwrap();
    assert!(!written.copied && written.markdown.ends_with("house/queue-names.md"));
    let copy = write("house", "retention").unwrap();
    assert!(copy.copied && copy.yaml.ends_with("namespace/retention.yaml"), "a copy goes where its original is");
    let (pack, problems) = load::folder(dir.path());
    assert!(problems.is_empty(), "\n{}", rendered(&problems));
    assert_eq!(pack.rules.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["queue-names", "retention"]);
    assert_green(&pack);
    let before = std::fs::read_to_string(&written.yaml).unwrap() + "# mine\n";
    std::fs::write(&written.yaml, &before).unwrap();
    std::fs::remove_file(&written.markdown).unwrap();
    for (area, id, says) in [
        ("house", "queue-names", "queue-names.yaml is there already"),
        ("house", "Queue Names", "cannot be the id"),
        ("house", "../escape", "cannot be the id"),
        ("../x", "fine", "cannot be the area"),
        ("house", "waiver-unused", "belongs to a check of the tool itself"),
    ] {
        let problem = write(area, id).unwrap_err();
        assert!(problem.title.contains(says), "{problem}");
    }
    assert_eq!(std::fs::read_to_string(&written.yaml).unwrap(), before);
    assert!(!written.markdown.exists(), "half of a rule is not written either");
}

#[test]
fn a_pack_that_is_not_there_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    for (path, says) in [("missing", "does not exist"), ("file", "is not a folder"), ("", "there is no rule in")] {
        let problems = load(&[dir.path().join(path)]).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].title.contains(says), "{}", problems[0]);
    }
}

#[test]
fn a_rule_of_a_pack_replaces_its_namesake() {
    let (mut first, _) = pack_of(SOUND, Some(EXPLAINED));
    let (second, _) = pack_of(&SOUND.replace("All is well", "All is better"), Some(EXPLAINED));
    first.extend(second);
    assert_eq!(first.rules.iter().map(|r| r.title.as_str()).collect::<Vec<_>>(), ["All is better"]);
}

/// What authors of packs get wrong about facts: each is told when the pack is loaded, at its place.
#[test]
fn mistakes_about_facts_are_refused_with_their_line_and_what_was_meant() {
    // (what is replaced, by what, what the message says, where the caret stands)
    let cases = [
        // Facts and fields.
        ("needs: [source.long_names", "needs: [source.long_name", "did you mean `source.long_names`?", "6:9"),
        ("n.start != plan", "n.begin != plan", "there is no field `begin`; there are: bytes, limit", "7:56"),
        ("n.bytes > n.limit", "n.byte > n.limit", "there is no field `byte`; did you mean `bytes`?", "7:35"),
        ("when: it.bytes > 9", "when: it.size > 9", "there is no field `size`", "12:11"),
        // Types and operators.
        ("n.bytes > n.limit", "n.bytes > n.start", "cannot be compared with a string by order", "7:35"),
        ("n.bytes > n.limit", "n.bytes == '9'", "a whole number is never equal to", "7:35"),
        ("n.bytes > n.limit", "n.bytes", "is a whole number, not true or false", "7:35"),
        ("n.bytes > n.limit", "n.start.contains(9)", "`contains` takes a string, not a whole number", "7:35"),
        ("n.bytes > n.limit", "n.bytes == null", "it is never null", "7:35"),
        ("source.long_names.filter(n, n.bytes", "plan.routing_begins.filter(n, n.bytes", "not a list", "7:7"),
        (
            "each: source.long_names.filter(n, n.bytes > n.limit && n.start != plan.routing_begins)",
            "each: source.long_names.map(n, n.start + plan.routing_begins)",
            "it gives a list of strings",
            "7:7",
        ),
        (
            "gates: [route]",
            "gates: [route]\nbasis: size(source.long_names) + ' names'",
            "did you mean `string(…)`",
            "6:12",
        ),
        // Placeholders.
        (
            "\"{{ start }} is long\"",
            "\"{{ strat }} is long\"",
            "there is no field `strat`; did you mean `start`?",
            "9:11",
        ),
        ("shorten {{ start }}", "shorten {{ loci }}", "a list of objects cannot stand in a text", "11:19"),
        // Tests.
        ("start: a, bytes: 12", "strat: a, bytes: 12", "there is no field `strat`", "15:32"),
        ("bytes: 12", "bytes: many", "\"many\" is not a whole number", "15:32"),
        ("plan.routing_begins: today}\n    expect", "plan.routing_begins: 3}\n    expect", "3 is not a string", "15:"),
    ];
    for (part, by, says, at) in cases {
        assert!(SOUND.contains(part), "{part}");
        let (catalogue, problems) = pack_of(&SOUND.replacen(part, by, 1), Some(EXPLAINED));
        assert_eq!(catalogue.rules.len(), 0, "{by}");
        assert!(problems.contains(says), "{by}\n{problems}");
        assert!(problems.contains(&format!("PACK/trial/sound.yaml:{at}")), "{by}: not at {at}\n{problems}");
    }
    // Words of a field that has only some of them.
    let words = SOUND
        .replace("source.long_names", "code.starters")
        .replace("n.bytes > n.limit && n.start", "n.verdict == 'outsid' && n.reason");
    let (_, problems) = pack_of(&words, Some(EXPLAINED));
    assert!(problems.contains("it is never `outsid`; did you mean `outside`?"), "{problems}");
}

#[test]
fn a_failing_test_of_a_rule_says_how() {
    for (part, by, result, says) in [
        ("n.bytes > n.limit && n.start != plan.routing_begins", "true", None, ""),
        (
            "n.bytes > n.limit && n.start != plan.routing_begins",
            "false",
            Some(Result::Missing),
            "expected fail: 1, came pass",
        ),
        (
            "{source.long_names: [], plan",
            "{source.long_names: [{start: b, bytes: 99, limit: 10}], plan",
            Some(Result::Noisy),
            "expected pass, came fail: 1\n  b is long",
        ),
        (
            "expect: pass",
            "unknown: {plan.routing_begins: no plan}, expect: pass",
            Some(Result::Wrong),
            "expected pass, came unknown (no plan)",
        ),
        ("limit: 10}", "limit: 10, loci: []}", Some(Result::Wrong), "no `loci`"),
    ] {
        let mut yaml = SOUND.replacen(part, by, 1);
        if by.starts_with("unknown") {
            yaml.push_str(
                "  - {name: good as well, facts: {source.long_names: [], plan.routing_begins: x}, expect: pass}\n",
            );
        }
        let (catalogue, problems) = pack_of(&yaml, Some(EXPLAINED));
        assert_eq!(problems, "", "{by}");
        let runs = selftest::run(&catalogue);
        let bad = runs.iter().find(|r| r.result != Result::Ok);
        assert_eq!(bad.map(|r| r.result), result, "{by}: {runs:?}");
        assert!(bad.is_none_or(|r| r.detail.contains(says)), "{by}: {bad:?}");
    }
}

#[test]
fn rules_are_listed_by_area_and_found_by_a_misspelt_name() {
    let (pack, _) = load::folder(Path::new("fixtures/rules/pack"));
    let index = pack.index_markdown();
    assert!(index.starts_with("# Rules\n\n3 rules in 3 areas.\n\n## rehearsal\n"), "{index}");
    let row = "| [trial-rehearsal](rehearsal/trial-rehearsal.md) | The whole migration was rehearsed | major | route and later | 10 |";
    assert!(index.contains(row), "{index}");
    assert_eq!(pack.similar("trial-rehersal"), ["trial-rehearsal"]);
    assert_eq!(pack.similar("forgotten-starter"), ["trial-forgotten-starter"]);
    assert!(pack.similar("nothing-like-it").is_empty());
    let listing = serde_json::to_value(pack.listing()).unwrap();
    assert_eq!(listing[0]["attested"], "rehearsal");
    assert_eq!(pack.unwaivable().into_iter().collect::<Vec<_>>(), ["trial-search-attribute-type"]);
}

/// A finding of a rule, made by its own failing test.
fn failing(rule: &Rule) -> Check {
    let test = rule.tests.iter().find(|t| matches!(t.expect, Expect::Fail(_))).expect("a failing test");
    selftest::check(rule, test)
}

fn card_facts() -> Facts {
    Facts {
        at: selftest::AT,
        plan: Plan::default(),
        code: Known::unknown("no scan"),
        source: Known::unknown("no snapshot"),
        target: Known::unknown("no snapshot"),
        certificates: Known::Known(vec![]),
        attestations: Known::Known(vec![]),
    }
}

fn judged(check: &Check, waivers: &[Waiver], catalogue: &Catalogue) -> Scorecard {
    let facts = card_facts();
    let unwaivable = catalogue.unwaivable();
    let gate = *check.gates.last().expect("a gate");
    judge(vec![check.clone()], JudgeInput::new(&facts, gate, waivers, &unwaivable))
}

#[test]
fn a_waiver_that_names_the_finding_waives_it_or_is_refused_with_its_line() {
    let (catalogue, _) = load::embedded();
    for rule in &catalogue.rules {
        let check = failing(rule);
        // Every finding by the name a person would copy from a report: its key, then its fingerprint.
        for by_key in [true, false] {
            let waivers: Vec<Waiver> = (2..)
                .zip(&check.findings)
                .map(|(line, finding)| Waiver {
                    rule: rule.id.clone(),
                    fingerprint: (!by_key).then(|| finding.fingerprint.clone()),
                    pattern: by_key.then(|| finding.key.clone()),
                    reason: "agreed in OPS-9".into(),
                    owner: "operations".into(),
                    until: "2026-02-01".parse().unwrap(),
                    place: Locus::File { path: "waivers.yaml".into(), line },
                    lines: None,
                })
                .collect();
            let card = judged(&check, &waivers, &catalogue);
            let came = card.checks.iter().find(|c| c.rule == rule.id).unwrap();
            let refused = card.checks.iter().find(|c| c.rule == "waiver-refused").unwrap();
            if rule.waivable {
                assert!(came.findings.iter().all(|f| f.waiver.is_some()), "{}: {:?}", rule.id, came.findings);
                assert!(came.outcome == Outcome::Waived || !check.complete, "{}: {:?}", rule.id, came.outcome);
                assert_eq!(refused.outcome, Outcome::Pass, "{}", rule.id);
            } else {
                assert_eq!(came.outcome, Outcome::Fail, "{}", rule.id);
                let lines: Vec<String> = refused.findings.iter().map(|f| f.evidence[0].to_string()).collect();
                let wanted: Vec<String> =
                    (2..).take(waivers.len()).map(|line| format!("waivers.yaml:{line}")).collect();
                assert_eq!(lines, wanted, "{}", rule.id);
            }
        }
    }
    let never: Vec<&str> = catalogue.rules.iter().filter(|r| !r.waivable).map(|r| r.id.as_str()).collect();
    assert!(never.contains(&"schedule-active-on-both"), "{never:?}");
}

/// Words of a text, without markup.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_terminal_and_the_page_explain_a_rule_in_the_same_words() {
    let (catalogue, _) = load::embedded();
    let checks: Vec<Check> = catalogue.rules.iter().map(failing).collect();
    let facts = card_facts();
    let none = catalogue.unwaivable();
    let card = judge(checks, JudgeInput::new(&facts, Gate::Route, &[], &none));
    let page = render::render(&card, Format::Html, &RenderOptions::default()).unwrap();
    let page = String::from_utf8(page).unwrap();
    // Tags and entities become spaces, as punctuation does.
    let mut text = String::new();
    let mut inside = false;
    for c in page.replace("&#39;", "'").replace("&quot;", " ").replace("&lt;", " ").replace("&gt;", " ").chars() {
        inside = (inside || c == '<') && c != '>';
        text.push(if inside || c == '>' { ' ' } else { c });
    }
    let page = format!(" {} ", words(&text.replace("&amp;", "&")).join(" "));
    for rule in &catalogue.rules {
        let printed = explain(rule, false);
        // Up to the links: the page shows those once more in a list of its own.
        let body = rule.explanation.split("## References").next().unwrap();
        // The target of a link is a word in a terminal only.
        for paragraph in body.split("\n\n").filter(|p| !p.trim().is_empty() && !p.contains("](")) {
            let said = format!(" {} ", words(paragraph).join(" "));
            assert!(page.contains(&said), "{}: the page does not say {paragraph}", rule.id);
            let printed = format!(" {} ", words(&printed).join(" "));
            assert!(printed.contains(&said), "{}: `explain` does not say {paragraph}", rule.id);
        }
    }
}

/// Numbers of Temporal Cloud stand in `rules/cloud/limits.yaml`: what the rules say in words says the same.
#[test]
fn numbers_in_the_words_of_rules_are_those_of_the_file_of_limits() {
    let file: serde_json::Value =
        serde_saphyr::from_str(&std::fs::read_to_string("rules/cloud/limits.yaml").unwrap()).unwrap();
    let mut known: Vec<u64> = Vec::new();
    fn collect(value: &serde_json::Value, into: &mut Vec<u64>) {
        match value {
            serde_json::Value::Number(n) => into.extend(n.as_u64()),
            serde_json::Value::Array(all) => all.iter().for_each(|v| collect(v, into)),
            serde_json::Value::Object(all) => all.values().for_each(|v| collect(v, into)),
            _ => {}
        }
    }
    collect(&file, &mut known);
    known.extend(known.clone().iter().filter(|n| **n % 1_048_576 == 0).map(|n| n / 1_048_576));
    known.extend(known.clone().iter().filter(|n| **n % 1_024 == 0).map(|n| n / 1_024));
    const UNITS: [&str; 9] = [
        "MB",
        "MiB",
        "KB",
        "characters",
        "events",
        "certificates",
        "list and count calls",
        "visibility calls",
        "actions a second",
    ];
    let (catalogue, _) = load::embedded();
    let mut seen = 0;
    for rule in &catalogue.rules {
        let mut said = rule.explanation.clone() + " " + &rule.title;
        rule.attested.iter().for_each(|a| said.push_str(&format!(" {}", a.question)));
        let said = said.replace(',', "").replace('\n', " ");
        for unit in UNITS {
            for (at, _) in said.match_indices(&format!(" {unit}")) {
                let number: String = said[..at]
                    .chars()
                    .rev()
                    .take_while(char::is_ascii_digit)
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .collect();
                let Ok(number) = number.parse::<u64>() else { continue };
                seen += 1;
                assert!(known.contains(&number), "{}: `{number} {unit}` is not in rules/cloud/limits.yaml", rule.id);
            }
        }
    }
    assert!(seen > 2, "{seen} numbers");
    // And the code reads them from there.
    for entry in walkdir::WalkDir::new("src/rules").into_iter().flatten() {
        let Ok(code) = std::fs::read_to_string(entry.path()) else { continue };
        let code = code.split("#[cfg(test)]").next().unwrap().replace('_', "");
        for number in known.iter().filter(|n| **n > 1_000 && **n != 2_048) {
            let alone = |at: usize| {
                let after = code[at + number.to_string().len()..].chars().next();
                let before = code[..at].chars().next_back();
                !before.is_some_and(|c| c.is_ascii_digit()) && !after.is_some_and(|c| c.is_ascii_digit())
            };
            let found = code.match_indices(&number.to_string()).any(|(at, _)| alone(at));
            // 1,048,576 bytes are a MiB, and 5,242,880 no limit.
            assert!(!found || *number == 1_048_576, "{} names {number}", entry.path().display());
        }
    }
}

/// For people who write rules elsewhere: `RULE_PACK=dir cargo test --test decision private -- --ignored`.
#[test]
#[ignore = "needs RULE_PACK"]
fn a_private_pack_named_by_the_environment_proves_itself() {
    let path = std::env::var("RULE_PACK").unwrap();
    let (pack, problems) = load::folder(Path::new(&path));
    assert!(problems.is_empty(), "\n{}", rendered(&problems));
    assert_green(&pack);
}
