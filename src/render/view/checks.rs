//! Rules with their findings.

use serde::Serialize;

use super::links::Links;
use super::mark::{MarkView, anchor};
use crate::facts::Locus;
use crate::render::escape::is_web;
use crate::render::text::{list, minute, plural, words};
use crate::scorecard::Scorecard;
use crate::scorecard::{Certainty, Check, Finding, Outcome};

/// Findings shown in full where a rule is only summarised; the rule's own entry has all.
const SHOWN: usize = 3;
/// A rule with more findings than this is folded.
const UNFOLDED: usize = 12;
/// Findings of one rule that are told in full.
const QUOTED: usize = 50;
/// Places shown unfolded per finding.
const PLACES: usize = 5;

/// Checks of one area.
#[derive(Debug, Serialize)]
pub(crate) struct AreaView {
    pub id: String,
    pub title: String,
    pub tally: String,
    pub checks: Vec<CheckView>,
}

/// One rule.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CheckView {
    pub rule: String,
    pub anchor: String,
    pub title: String,
    pub mark: MarkView,
    pub outcome: &'static str,
    pub severity: &'static str,
    pub item: Option<u8>,
    pub gates: String,
    pub why: Option<String>,
    pub why_remedy: Option<String>,
    pub findings: Vec<FindingView>,
    /// The first finding that is told briefly.
    pub brief_from: Option<usize>,
    /// The first few findings, and how many more there are.
    pub shown: Vec<FindingView>,
    pub more: usize,
    /// What to do about each finding, when it is the same for all; theirs are empty then.
    pub steps: Vec<StepView>,
    pub tally: String,
    pub owners: String,
    pub explanation: String,
    pub references: Vec<Reference>,
    /// Shown unfolded.
    pub open: bool,
}

/// One finding.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FindingView {
    pub message: String,
    pub mark: Option<MarkView>,
    pub evidence: Vec<EvidenceView>,
    /// Beyond the first few, shown folded.
    pub more_evidence: Vec<EvidenceView>,
    pub steps: Vec<StepView>,
    /// Enough of the fingerprint to name the finding in a waiver.
    pub fingerprint: String,
    /// What makes it credible; nothing for what could not be decided.
    pub confidence: Option<&'static str>,
    /// Whose the file is.
    pub owner: Option<String>,
    pub waiver: Option<String>,
}

/// A place a person can open.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EvidenceView {
    pub place: String,
    pub href: Option<String>,
    /// A path, to be set in a fixed-width face.
    pub code: bool,
    pub detail: Option<String>,
    pub snippet: Option<String>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StepView {
    pub text: String,
    pub command: Option<String>,
}

/// Where a rule's facts come from.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reference {
    pub text: String,
    pub href: Option<String>,
}

impl CheckView {
    /// Prepare a check.
    pub fn new(check: &Check, links: &Links) -> Self {
        // What a change brings before what was there.
        let mut ordered: Vec<&Finding> = check.findings.iter().collect();
        ordered.sort_by_key(|f| links.was_there(&f.fingerprint));
        let mut findings: Vec<_> = ordered.into_iter().map(|f| finding(f, links)).collect();
        let steps = common(&mut findings);
        let brief_from = compact(&mut findings);
        let shown: Vec<_> = findings.iter().take(SHOWN).cloned().collect();
        let mut owners: Vec<String> = check
            .findings
            .iter()
            .filter_map(|f| f.waiver.as_ref())
            .map(|w| format!("{}, until {}", w.owner, w.until))
            .collect();
        owners.extend(check.findings.iter().filter(|f| f.waiver.is_none()).filter_map(|f| f.owner.clone()));
        owners.sort();
        owners.dedup();
        Self {
            rule: check.rule.clone(),
            anchor: anchor(&check.rule),
            title: check.title.clone(),
            mark: (check.outcome, check.severity).into(),
            outcome: match check.outcome {
                Outcome::Pass => "pass",
                Outcome::Fail => "fail",
                Outcome::Unknown => "unknown",
                Outcome::NotApplicable => "not-applicable",
                Outcome::Waived => "waived",
                Outcome::NotDue => "not-due",
            },
            severity: check.severity.name(),
            item: check.item,
            gates: check.gates.iter().map(|g| g.name()).collect::<Vec<_>>().join(", "),
            why: check.why.clone(),
            why_remedy: check.why_remedy.clone(),
            more: findings.len() - shown.len(),
            tally: if findings.is_empty() { String::new() } else { plural(findings.len(), "finding") },
            findings,
            brief_from,
            shown,
            steps,
            owners: list(&owners),
            explanation: check.explanation.clone(),
            references: check
                .references
                .iter()
                // The explanation of most rules ends with the same list.
                .filter(|text| !check.explanation.contains(text.as_str()))
                .map(|text| Reference { text: text.clone(), href: is_web(text).then(|| text.clone()) })
                .collect(),
            open: check.outcome == Outcome::Fail,
        }
    }
}

/// Checks that lack the same evidence, and what would supply it; said once for all of them.
#[derive(Debug, Serialize)]
pub(crate) struct GapView {
    /// Never empty.
    pub checks: Vec<CheckView>,
}

/// Put checks with the same reason and the same remedy together, in order of appearance.
pub(super) fn gaps(undecided: &[CheckView]) -> Vec<GapView> {
    let said = |c: &CheckView| c.findings.iter().map(|f| f.message.clone()).collect::<Vec<_>>();
    let mut gaps: Vec<GapView> = Vec::new();
    for check in undecided {
        let same = |a: &CheckView| {
            a.why == check.why && a.why_remedy == check.why_remedy && a.steps == check.steps && said(a) == said(check)
        };
        match gaps.iter_mut().find(|gap| gap.checks.first().is_some_and(same)) {
            Some(gap) => gap.checks.push(check.clone()),
            None => gaps.push(GapView { checks: vec![check.clone()] }),
        }
    }
    gaps
}

/// Take the remedy out of the findings when all have the same one: said once, it is read. In a long list
/// whose steps differ in their commands only, the words are said once and each finding keeps its commands.
fn common(findings: &mut [FindingView]) -> Vec<StepView> {
    let long = findings.len() > UNFOLDED;
    let [first, rest @ ..] = findings else { return Vec::new() };
    if rest.is_empty() {
        return Vec::new();
    }
    if rest.iter().all(|f| f.steps == first.steps) {
        rest.iter_mut().for_each(|f| f.steps.clear());
        return std::mem::take(&mut first.steps);
    }
    let words = |f: &FindingView| f.steps.iter().map(|s| s.text.clone()).collect::<Vec<_>>();
    let said = words(first);
    if !long || said.is_empty() || rest.iter().any(|f| words(f) != said) {
        return Vec::new();
    }
    for finding in findings.iter_mut() {
        finding.steps.retain(|s| s.command.is_some());
        finding.steps.iter_mut().for_each(|s| s.text.clear());
    }
    said.into_iter().map(|text| StepView { text, command: None }).collect()
}

/// From the [`QUOTED`]th on what tells findings apart: message, places, commands. The page stays small enough to be
/// sent around; lines of code, further links and the words of the remedy stand with the first ones and in the JSON report.
fn compact(findings: &mut [FindingView]) -> Option<usize> {
    for finding in findings.iter_mut().skip(QUOTED) {
        finding.confidence = finding.confidence.filter(|words| !words.starts_with("proven"));
        finding.steps.retain(|s| s.command.is_some());
        finding.steps.iter_mut().for_each(|s| s.text.clear());
        for (i, place) in finding.evidence.iter_mut().chain(&mut finding.more_evidence).enumerate() {
            place.snippet = None;
            if i > 0 {
                place.href = None;
                place.detail = None;
            }
        }
    }
    (findings.len() > QUOTED).then_some(QUOTED)
}

fn finding(finding: &Finding, links: &Links) -> FindingView {
    let mut places: Vec<_> = finding.evidence.iter().map(|l| evidence(l, links)).collect();
    let more_evidence = if places.len() > PLACES + 1 { places.split_off(PLACES) } else { Vec::new() };
    FindingView {
        message: finding.message.clone(),
        mark: match (&finding.waiver, finding.certainty) {
            (Some(_), _) => Some(super::Mark::Waived.into()),
            _ if links.was_there(&finding.fingerprint) => Some(MarkView::new(super::Mark::None, "was there before")),
            (None, Certainty::Unknown) => Some(MarkView::new(super::Mark::Unknown, "not decided")),
            (None, Certainty::Fail) => None,
        },
        evidence: places,
        more_evidence,
        steps: finding.remedy.iter().map(|s| StepView { text: s.text.clone(), command: s.command.clone() }).collect(),
        fingerprint: finding.fingerprint.chars().take(12).collect(),
        confidence: match finding.certainty {
            Certainty::Fail => finding.evidence.first().and_then(|place| links.confidence(place)),
            Certainty::Unknown => None,
        },
        owner: finding.owner.clone(),
        waiver: finding
            .waiver
            .as_ref()
            .map(|w| format!("Accepted by {} until {} ({}): {}", w.owner, w.until, w.place, w.reason)),
    }
}

fn evidence(locus: &Locus, links: &Links) -> EvidenceView {
    let (detail, snippet) = match locus {
        Locus::Source { function, snippet, .. } => (function.as_ref().map(|f| format!("in {f}")), snippet.clone()),
        Locus::File { .. } => (None, None),
        Locus::Live { rpc, time, .. } => (Some(format!("{rpc}, {}", minute(*time))), None),
        Locus::Attested { .. } => (None, None),
    };
    EvidenceView {
        place: locus.to_string(),
        href: links.locus(locus),
        code: matches!(locus, Locus::Source { .. } | Locus::File { .. }),
        detail,
        snippet,
    }
}

/// All checks by area, in the order of the scorecard. Those in `told` stand further up already and are folded.
pub(crate) fn areas(card: &Scorecard, links: &Links, told: &[String]) -> Vec<AreaView> {
    let mut names: Vec<&str> = Vec::new();
    for check in &card.checks {
        if !names.contains(&check.area.as_str()) {
            names.push(&check.area);
        }
    }
    names
        .into_iter()
        .map(|name| {
            let checks: Vec<&Check> = card.checks.iter().filter(|c| c.area == name).collect();
            AreaView {
                id: anchor(name).replacen("check-", "area-", 1),
                title: words(name),
                tally: tally(&checks),
                checks: checks
                    .into_iter()
                    .map(|c| {
                        let mut view = CheckView::new(c, links);
                        view.open &= !told.contains(&c.rule) && c.findings.len() <= UNFOLDED;
                        view
                    })
                    .collect(),
            }
        })
        .collect()
}

fn tally(checks: &[&Check]) -> String {
    [
        (Outcome::Fail, "failed"),
        (Outcome::Unknown, "unknown"),
        (Outcome::Waived, "waived"),
        (Outcome::Pass, "passed"),
        (Outcome::NotApplicable, "not applicable"),
        (Outcome::NotDue, "not due"),
    ]
    .into_iter()
    .filter_map(|(outcome, word)| {
        let n = checks.iter().filter(|c| c.outcome == outcome).count();
        (n > 0).then(|| format!("{n} {word}"))
    })
    .collect::<Vec<_>>()
    .join(" · ")
}
