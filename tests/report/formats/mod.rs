//! What CI systems read: every format on every kind of scorecard, against its schema and what the system asks beside it.

#[allow(dead_code)] // the tests of the page use more of them
use crate::cards;
mod github;
mod gitlab;
mod junit;
mod sarif;

use std::collections::BTreeSet;

use cards::all;
use pulldown_cmark::{Event, Parser};
use temporal_preflight::facts::Locus;
use temporal_preflight::judge::gates;
use temporal_preflight::render::{self, Format, RenderOptions};
use temporal_preflight::scorecard::Scorecard;
use temporal_preflight::scorecard::{Baseline, Gate, Outcome, Severity, WaiverRef};

fn options() -> RenderOptions {
    RenderOptions {
        repo_url: Some("https://github.com/meridian/payments".to_owned()),
        code_folder: "services/pay".to_owned(),
        file_folder: "ops".to_owned(),
        ..RenderOptions::default()
    }
}

fn text(card: &Scorecard, format: Format) -> String {
    String::from_utf8(render::render(card, format, &options()).unwrap_or_else(|e| panic!("{e}"))).unwrap()
}

/// The kinds of scorecard all renderers are tried on, and those that only a change has.
fn every() -> Vec<(&'static str, Scorecard)> {
    let mut all = all();
    all.push(("waived", waived()));
    all.push(("change", change()));
    all
}

/// The no-go scorecard with one finding accepted in a comment, and one in a file.
fn waived() -> Scorecard {
    let mut card = cards::card("no-go");
    let places = [
        Locus::Source { path: "jobs/nightly.go".into(), line: 7, column: 2, function: None, snippet: None },
        Locus::File { path: "waivers.yaml".into(), line: 3 },
    ];
    let findings = card.checks.iter_mut().filter(|c| c.outcome == Outcome::Fail).flat_map(|c| &mut c.findings);
    for (finding, place) in findings.zip(places) {
        let until = "2099-12-31".parse().unwrap();
        finding.waiver = Some(WaiverRef { reason: "routed in OPS-812".into(), owner: "Ann".into(), until, place });
    }
    card
}

/// The no-go scorecard as the answer to a change that added all but the first finding of each rule.
fn change() -> Scorecard {
    let mut card = cards::card("no-go");
    card.gate = Gate::Pr;
    for check in &mut card.checks {
        check.gates.push(Gate::Pr);
    }
    let known: BTreeSet<String> =
        card.checks.iter().filter_map(|c| c.findings.first()).map(|f| f.fingerprint.clone()).collect();
    let fixed = card.checks.iter().flat_map(|c| &c.findings).take(1).cloned().collect();
    card.baseline = Some(Baseline {
        source: "main at 1a2b3c4d5e".into(),
        commit: Some("1a2b3c4d5e".into()),
        known,
        known_gaps: card.checks.iter().map(|c| c.rule.clone()).collect(),
        fixed,
        notes: vec!["the change edits 1 file that the scan cannot read: `A.java`".into()],
    });
    card.gates = vec![gates::at(&card.checks, Gate::Pr, card.baseline.as_ref())];
    card.verdict = card.gates[0].verdict;
    card
}

/// Whether something of this check is open, however the gate takes it.
fn open(card: &Scorecard, severity: Severity) -> usize {
    let checks = card.checks.iter().filter(|c| c.outcome == Outcome::Fail && c.severity == severity);
    checks.flat_map(|c| &c.findings).filter(|f| f.waiver.is_none()).count()
}

/// Relative to the root of the repository, and inside of it.
#[track_caller]
fn is_inside(path: &str) {
    assert!(!path.is_empty() && !path.starts_with('/') && !path.contains("://") && !path.contains('\\'), "{path}");
    assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path}");
}

#[test]
fn the_same_scorecard_gives_the_same_bytes() {
    for (name, card) in every() {
        for format in [Format::Sarif, Format::Junit, Format::Github, Format::Gitlab] {
            assert_eq!(text(&card, format), text(&card, format), "{name} as {format}");
        }
    }
}

#[test]
fn places_begin_at_the_root_of_the_repository() {
    let card = cards::card("no-go");
    for format in [Format::Sarif, Format::Github, Format::Gitlab, Format::Junit] {
        let report = text(&card, format);
        assert!(report.contains("services/pay/"), "{format} names code from another folder\n{report}");
    }
}

#[test]
fn the_answer_to_a_change_is_about_the_change() {
    let card = change();
    for format in [Format::Text, Format::Markdown] {
        let report = text(&card, format);
        assert!(report.contains("main at 1a2b3c4d5e") && report.contains("A.java"), "{report}");
        let known = &card.baseline.as_ref().unwrap().known;
        let shown = card.checks.iter().filter(|c| c.outcome == Outcome::Fail).flat_map(|c| &c.findings);
        for finding in shown.filter(|f| !known.contains(&f.fingerprint) && f.waiver.is_none()) {
            let place = finding.evidence.first().unwrap().to_string();
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            assert!(squeezed(&report).contains(&squeezed(&place)), "{format} does not show {place}\n{report}");
        }
    }
}

#[test]
fn hidden_characters_show_and_commands_stay_text() {
    for name in ["hostile"] {
        let card = every().into_iter().find(|(n, _)| *n == name).unwrap().1;
        for format in [Format::Sarif, Format::Junit, Format::Github, Format::Gitlab] {
            let report = text(&card, format);
            let hidden = report.find(['\u{202e}', '\u{1b}']).map(|at| report[..at].chars().rev().take(200).collect());
            let hidden: String = hidden.unwrap_or_default();
            assert_eq!(hidden.chars().rev().collect::<String>(), "", "{format}");
        }
        let mut change = card.clone();
        change.gates.truncate(1);
        for format in [Format::Text, Format::Markdown] {
            let report = text(&change, format);
            assert!(!report.contains('\u{202e}') && !report.contains('\u{1b}'), "{format}");
            let markup = Parser::new(&report).filter_map(|event| match event {
                Event::Html(raw) | Event::InlineHtml(raw) if format == Format::Markdown => Some(raw.to_string()),
                _ => None,
            });
            for raw in markup {
                let own = ["<details><summary>", "</summary>", "</details>", "<sub>", "</sub>"];
                assert!(own.iter().any(|tag| raw.trim_start().starts_with(tag)), "{raw}");
            }
        }
    }
}
