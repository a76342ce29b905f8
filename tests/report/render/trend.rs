//! What changed since a former report.

use temporal_preflight::judge::trend::since;
use temporal_preflight::render::Format;
use temporal_preflight::scorecard::Scorecard;
use temporal_preflight::scorecard::Trend;
use temporal_preflight::scorecard::{Check, Outcome, Verdict, WaiverRef};

use super::{card, hostile, text};

/// The check with the forgotten starters, which has two findings.
fn starters(card: &mut Scorecard) -> &mut Check {
    card.checks.iter_mut().find(|c| c.rule == "forgotten-starter").unwrap()
}

fn counts(trend: &Trend) -> [usize; 4] {
    [trend.appeared.len(), trend.fixed.len(), trend.accepted.len(), trend.lost.len()]
}

#[test]
fn a_report_against_itself_has_not_changed() {
    let now = card("no-go");
    let trend = since(&now, &now);
    assert_eq!(counts(&trend), [0, 0, 0, 0]);
    assert!(trend.remaining > 3);
}

#[test]
fn a_finding_is_fixed_only_where_its_rule_has_an_answer_today() {
    let then = card("no-go");
    let mut now = then.clone();
    starters(&mut now).findings.truncate(1);
    let trend = since(&then, &now);
    assert_eq!(counts(&trend), [0, 1, 0, 0], "{trend:#?}");

    // The rest of the evidence was not seen this time.
    starters(&mut now).complete = false;
    assert_eq!(counts(&since(&then, &now)), [0, 0, 0, 1]);

    // No scan at all.
    let check = starters(&mut now);
    (check.outcome, check.complete, check.why) = (Outcome::Unknown, true, Some("no scan was given.".to_owned()));
    check.findings.clear();
    let trend = since(&then, &now);
    assert_eq!(counts(&trend), [0, 0, 0, 2]);
    assert_eq!(trend.lost[0].note.as_deref(), Some("not known now: no scan was given"));

    // A rule pack that no longer has the rule.
    now.checks.retain(|c| c.rule != "forgotten-starter");
    assert_eq!(since(&then, &now).lost[0].note.as_deref(), Some("there is no such rule now"));
}

#[test]
fn what_is_waived_since_is_accepted_and_not_fixed() {
    let then = card("no-go");
    let mut now = then.clone();
    let finding = &mut starters(&mut now).findings[0];
    let place = finding.evidence[0].clone();
    let until = "2026-12-31".parse().unwrap();
    finding.waiver = Some(WaiverRef { reason: "retired soon".into(), owner: "Ines".into(), until, place });
    assert_eq!(counts(&since(&then, &now)), [0, 0, 1, 0]);
    // And when the waiver ends, it is back.
    assert_eq!(counts(&since(&now, &then)), [1, 0, 0, 0]);
}

#[test]
fn every_readable_report_tells_what_changed() {
    let then = card("no-go");
    let mut now = then.clone();
    starters(&mut now).findings.truncate(1);
    now.gates.iter_mut().find(|g| g.gate == now.gate).unwrap().verdict = Verdict::Undecided;
    now.verdict = Verdict::Undecided;
    now.trend = Some(since(&then, &now));
    for format in [Format::Html, Format::Markdown, Format::Text] {
        let report = text(&now, format);
        let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains("The verdict at dual-run was NO-GO and is UNDECIDED: 1 finding fixed, 0 new"),
            "{format}"
        );
        assert!(format == Format::Text || flat.contains("was NO-GO"), "{format}");
    }
    let json = text(&now, Format::Json);
    assert_eq!(serde_json::from_str::<Scorecard>(&json).unwrap(), now);
}

#[test]
fn names_of_a_former_report_cannot_break_out_either() {
    let mut then = hostile();
    then.checks.iter_mut().flat_map(|c| &mut c.findings).for_each(|f| f.fingerprint.push('x'));
    let mut now = card("go");
    now.trend = Some(since(&then, &now));
    assert!(!now.trend.as_ref().unwrap().lost.is_empty());
    super::page::parse(&text(&now, Format::Html));
    for format in [Format::Html, Format::Markdown, Format::Text] {
        let report = text(&now, format);
        assert!(!report.contains('\u{202e}') && !report.contains('\u{1b}'), "{format}");
    }
}
