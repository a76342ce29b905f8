//! JUnit as its readers understand it.

use roxmltree::{Document, Node};
use temporal_preflight::render::Format;
use temporal_preflight::scorecard::Scorecard;
use temporal_preflight::scorecard::{Outcome, Severity, Verdict};

use super::{change, every, is_inside, text};
use crate::cards;

type Names = &'static [&'static str];
type Row = (&'static str, Names, Names, Names);

/// What may stand where: element → attributes it must have, attributes it may have, elements it may hold.
const SCHEMA: [Row; 7] = [
    ("testsuites", &["tests", "failures", "errors", "skipped"], &["name", "time"], &["testsuite"]),
    ("testsuite", &["name", "tests", "failures", "errors", "skipped", "timestamp", "time"], &[], &["testcase"]),
    ("testcase", &["name", "classname", "time"], &["file", "line"], &["failure", "error", "skipped", "system-out"]),
    ("failure", &["message", "type"], &[], &[]),
    ("error", &["message", "type"], &[], &[]),
    ("skipped", &["message"], &[], &[]),
    ("system-out", &[], &[], &[]),
];

fn check(node: Node<'_, '_>) {
    let name = node.tag_name().name();
    let (_, must, may, holds) = SCHEMA.iter().find(|row| row.0 == name).unwrap_or_else(|| panic!("<{name}>"));
    for attribute in *must {
        assert!(node.attribute(*attribute).is_some(), "<{name}> has no {attribute}");
    }
    for attribute in node.attributes() {
        assert!(must.contains(&attribute.name()) || may.contains(&attribute.name()), "<{name} {}>", attribute.name());
    }
    for child in node.children().filter(Node::is_element) {
        assert!(holds.contains(&child.tag_name().name()), "<{}> in <{name}>", child.tag_name().name());
        check(child);
    }
}

fn number(node: Node<'_, '_>, name: &str) -> usize {
    node.attribute(name).unwrap().parse().unwrap()
}

fn count(node: Node<'_, '_>, name: &str) -> usize {
    node.descendants().filter(|n| n.has_tag_name(name)).count()
}

#[test]
fn every_document_is_well_formed_and_its_counts_are_right() {
    for (name, card) in every() {
        let report = text(&card, Format::Junit);
        let document = Document::parse(&report).unwrap_or_else(|e| panic!("{name}: {e}\n{report}"));
        let root = document.root_element();
        check(root);
        for suite in root.children().filter(Node::is_element).chain([root]) {
            for (attribute, element) in
                [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
            {
                assert_eq!(number(suite, attribute), count(suite, element), "{name}: {attribute}");
            }
        }
        for case in root.descendants().filter(|n| n.has_tag_name("testcase")) {
            let path = case.attribute("file").filter(|_| name != "hostile");
            path.inspect(|p| is_inside(p));
            assert!(case.attribute("line").is_none_or(|line| line.parse::<u32>().unwrap() >= 1), "{name}");
        }
    }
}

/// Failures and errors, as a reader counts them.
fn red(card: &Scorecard) -> (usize, usize) {
    let report = text(card, Format::Junit);
    let document = Document::parse(&report).unwrap();
    (number(document.root_element(), "failures"), number(document.root_element(), "errors"))
}

#[test]
fn red_is_what_stops_the_gate_and_nothing_else() {
    for (name, card) in every() {
        let (failures, errors) = red(&card);
        let gate = card.gates.iter().find(|g| g.gate == card.gate);
        let (blocked, undecided) = gate.map_or((0, 0), |g| (g.blocked_by.len(), g.undecided.len()));
        if name == "change" {
            continue;
        }
        let of = |outcome: Outcome| {
            let mine = card.checks.iter().filter(|c| c.gates.contains(&card.gate));
            mine.filter(|c| c.severity == Severity::Blocker && c.outcome == outcome).count()
        };
        assert_eq!((failures, errors), (of(Outcome::Fail), of(Outcome::Unknown)), "{name}: {blocked} {undecided}");
        if matches!(card.verdict, Verdict::Go | Verdict::GoWithConditions) {
            assert_eq!((failures, errors), (0, 0), "{name}");
        }
    }
}

#[test]
fn what_was_there_before_a_change_is_not_red() {
    let whole = red(&cards::card("no-go")).0;
    let mut card = change();
    let all: Vec<String> = card.checks.iter().flat_map(|c| &c.findings).map(|f| f.fingerprint.clone()).collect();
    card.baseline.as_mut().unwrap().known = all.into_iter().collect();
    assert!(whole > 0);
    assert_eq!(red(&card), (0, 0));
}
