//! Outcomes → decision: waivers, gates, checklist, verdict.
//!
//! Pure: the same checks and facts give the same scorecard, in whatever order the checks come.

pub mod baseline;
pub mod builtin;
pub mod checklist;
mod cohorts;
pub mod gates;
mod ignores;
pub mod permits;
mod sides;
mod summary;
pub mod trend;
pub mod waivers;

use std::collections::BTreeSet;

pub use baseline::BaselineFacts;
pub use builtin::SettingChange;

use crate::facts::code::CodeFacts;
use crate::facts::plan::Cohort;
use crate::facts::{Facts, Locus};
use crate::scorecard::{Check, Gate, SCORECARD_SCHEMA, Scorecard, Waiver};

/// What a judgement is made from, beside the checks.
#[derive(Debug, Clone, Copy)]
pub struct JudgeInput<'a> {
    /// The facts the checks were evaluated over.
    pub facts: &'a Facts,
    /// The gate the exit code answers.
    pub gate: Gate,
    /// What people accepted.
    pub waivers: &'a [Waiver],
    /// Ids of the rules that cannot be waived (`Catalogue::unwaivable`).
    pub unwaivable: &'a BTreeSet<String>,
    /// What was there before the change, when a change is judged.
    pub former: Option<&'a BaselineFacts>,
    /// What a change edits of the configuration it would be judged by; none when that was not looked at.
    pub setting_changes: Option<&'a [SettingChange]>,
    /// The cohort of the plan that is asked about; none for all of them.
    pub cohort: Option<&'a Cohort>,
}

impl<'a> JudgeInput<'a> {
    /// A judgement of the whole: no change is looked at, and no cohort alone.
    pub fn new(facts: &'a Facts, gate: Gate, waivers: &'a [Waiver], unwaivable: &'a BTreeSet<String>) -> Self {
        Self { facts, gate, waivers, unwaivable, former: None, setting_changes: None, cohort: None }
    }
}

/// Judge the checks at every gate.
pub fn judge(mut checks: Vec<Check>, input: JudgeInput<'_>) -> Scorecard {
    let facts = input.facts;
    checks.sort_by(|a, b| (&a.area, &a.rule).cmp(&(&b.area, &b.rule)));
    let comments = ignores::read(facts.code.value());
    let accepted = [input.waivers, &comments.waivers].concat();
    let waivers = waivers::apply(&mut checks, &accepted, input.unwaivable, facts.at);
    let attestations = facts.attestations.value().cloned().unwrap_or_default();
    checks.extend(builtin::checks(
        &accepted,
        &waivers,
        &comments.flawed,
        &attestations,
        &checks,
        input.setting_changes,
    ));
    if let Some(code) = facts.code.value() {
        name_owners(&mut checks, code);
    }
    checks.sort_by(|a, b| (a.severity, &a.area, &a.rule).cmp(&(b.severity, &b.area, &b.rule)));
    let baseline = input.former.map(|former| baseline::compare(&checks, facts.code.value(), former));
    let cohorts = cohorts::results(facts, input.gate, &checks);
    if let Some(cohort) = input.cohort {
        checks = cohorts::only(facts, cohort, &checks);
    }
    let gates = gates::all(&checks, baseline.as_ref());
    let decisive = gates::at(&checks, input.gate, baseline.as_ref());
    let rehearsal = permits::rehearsal(&facts.plan, &checks);
    let permitted = permits::permits(input.gate, &facts.plan, input.cohort.map(|cohort| cohort.name.as_str()));
    let summary = summary::sentence(&decisive, &checks, baseline.as_ref(), &permitted, rehearsal.as_ref());
    gates::settle_due(&mut checks, input.gate);
    Scorecard {
        schema: SCORECARD_SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        at: facts.at,
        plan: facts.plan.clone(),
        gate: input.gate,
        verdict: decisive.verdict,
        summary,
        permits: permitted,
        rehearsal,
        cohort: input.cohort.map(|cohort| cohort.name.clone()),
        cohorts,
        gates,
        checklist: checklist::items(&checks),
        failure_modes: checklist::failure_modes(&checks),
        inventory: sides::inventory(facts),
        sides: sides::summaries(facts),
        attestations,
        waivers,
        checks,
        baseline,
        trend: None,
    }
}

/// Whose the first file is that a finding is found in.
fn name_owners(checks: &mut [Check], code: &CodeFacts) {
    for finding in checks.iter_mut().flat_map(|check| &mut check.findings) {
        finding.owner = finding.evidence.iter().find_map(|place| match place {
            Locus::Source { path, .. } | Locus::File { path, .. } => code.owners.get(path).cloned(),
            Locus::Live { .. } | Locus::Attested { .. } => None,
        });
    }
}
