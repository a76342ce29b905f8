//! The view model: finished sentences, places, marks and tables. Templates and the terminal only lay it out.

mod account;
pub(super) mod checks;
mod cohorts;
mod compare;
mod coverage;
mod executions;
mod inventory;
mod links;
mod mark;
mod scope;
pub(super) mod table;
mod trend;

use serde::Serialize;

pub(super) use cohorts::CohortView;

pub(super) use checks::{AreaView, CheckView, FindingView, GapView, StepView};
/// Judging single sites, shared with the text of a scan.
pub(super) mod code {
    pub(in crate::render) use super::inventory::{entered_by, origin, routing, worry};
}

/// Certificates from wherever they were seen, shared with the picture of the window.
pub(super) mod certificates {
    pub(in crate::render) use super::inventory::{certificate_files, endpoints};
}

pub(super) use compare::when as schedule_when;
pub(super) use executions::began;
pub(super) use links::{Links, encode};
pub(super) use mark::{Mark, MarkView};
pub(super) use scope::sentences as scope_of;
use table::Table;

use super::RenderOptions;
use super::picture::{self, Pictures};
use super::text::{minute, plural};
use crate::facts::cluster::ClusterKind;
use crate::facts::{Known, plan::Strategy};
use crate::scorecard::Scorecard;
use crate::scorecard::{Baseline, GateResult, Outcome, Severity, SideSummary, Status, Verdict};

/// Everything a report shows.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub title: String,
    pub strategy: &'static str,
    pub window: Option<String>,
    pub at: String,
    pub tool_version: String,
    pub commit: Option<String>,
    pub sides: Vec<SideView>,
    pub verdict: VerdictView,
    /// What the answer leaves out and what it rests on, a sentence each.
    pub scope: Vec<String>,
    /// Failed blockers of the gate.
    pub blockers: Vec<CheckView>,
    /// Blockers of the gate without an answer.
    pub undecided: Vec<CheckView>,
    /// The same, those that lack the same evidence together.
    pub gaps: Vec<GapView>,
    /// A sentence per waiver that waives nothing.
    pub idle_waivers: Vec<String>,
    /// What a GO would depend on.
    pub conditions: Vec<CheckView>,
    /// Blockers that failed before a change already.
    pub standing: Vec<CheckView>,
    /// Every rule without an answer.
    pub unknowns: Vec<CheckView>,
    pub counts: Vec<Count>,
    /// What a change was compared with, in a sentence, and what a reviewer should know of it.
    pub compared: Vec<String>,
    /// Only one gate was asked; the document says nothing of the others.
    pub one_gate: bool,
    /// What changed since a former report.
    pub trend: Option<trend::TrendView>,
    pub checklist: Vec<ItemView>,
    pub failure_modes: Vec<ItemView>,
    pub gates: Vec<GateView>,
    /// The route gate for each cohort.
    pub cohorts: Vec<CohortView>,
    pub pictures: Pictures,
    pub comparisons: Vec<Table>,
    pub areas: Vec<AreaView>,
    pub inventory: Vec<Table>,
    pub coverage: Vec<Table>,
    pub attestations: Table,
    pub waivers: Table,
    pub total_checks: usize,
}

/// One side in the header.
#[derive(Debug, Serialize)]
pub(super) struct SideView {
    pub name: String,
    pub address: Option<String>,
    pub detail: String,
    pub missing: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(super) struct VerdictView {
    pub label: &'static str,
    pub mark: MarkView,
    pub gate: String,
    /// What the gate permits, or would permit.
    pub question: String,
    pub summary: String,
}

/// A number worth seeing at the top.
#[derive(Debug, Serialize)]
pub(super) struct Count {
    pub n: usize,
    pub label: &'static str,
    pub mark: MarkView,
}

/// A checklist item or failure mode.
#[derive(Debug, Serialize)]
pub(super) struct ItemView {
    pub number: Option<u8>,
    pub title: String,
    pub mark: MarkView,
    pub evidence: String,
    /// Its state in the former report, when that was another.
    pub before: Option<MarkView>,
    /// Every rule that answers it.
    pub rules: Vec<RuleLink>,
    /// Those of them that need attention.
    pub open: Vec<RuleLink>,
    /// How many of them passed, of those that apply.
    pub passed: usize,
    pub asked: usize,
}

/// A rule by name, with where it stands in the report.
#[derive(Debug, Serialize)]
pub(super) struct RuleLink {
    pub rule: String,
    pub anchor: String,
    /// False when the scorecard has no such rule; then there is nowhere to jump to.
    pub known: bool,
}

/// One gate.
#[derive(Debug, Serialize)]
pub(super) struct GateView {
    pub name: &'static str,
    pub permits: &'static str,
    pub label: &'static str,
    pub mark: MarkView,
    /// False for a gate after the one that was asked.
    pub due: bool,
    pub current: bool,
    pub passed: usize,
    pub total: usize,
    pub percent: usize,
    /// Blocked or undecided by, in this order.
    pub because: Vec<RuleLink>,
    pub conditions: usize,
    /// Its verdict in the former report, when that was another.
    pub before: Option<MarkView>,
}

impl Report {
    /// Prepare everything.
    pub fn new(card: &Scorecard, options: &RenderOptions) -> Self {
        let links = Links::new(card, options);
        let result = card.gates.iter().find(|g| g.gate == card.gate);
        let pick = |ids: &[String]| -> Vec<CheckView> {
            let mut picked: Vec<_> = card.checks.iter().filter(|c| ids.contains(&c.rule)).collect();
            picked.sort_by_key(|c| c.severity);
            picked.into_iter().map(|c| CheckView::new(c, &links)).collect()
        };
        let named = |f: fn(&GateResult) -> &[String]| result.map_or_else(Vec::new, |g| pick(f(g)));
        let blocked = result.map(|g| g.blocked_by.clone()).unwrap_or_default();
        let standing: Vec<_> = card
            .checks
            .iter()
            .filter(|c| c.outcome == Outcome::Fail && c.severity == Severity::Blocker && !blocked.contains(&c.rule))
            .map(|c| CheckView::new(c, &links))
            .collect();
        let unknowns =
            card.checks.iter().filter(|c| c.outcome == Outcome::Unknown).map(|c| CheckView::new(c, &links)).collect();
        Self {
            title: if card.plan.name.trim().is_empty() { "Migration".to_owned() } else { card.plan.name.clone() },
            strategy: match (card.plan.strategies().len(), card.plan.main_strategy()) {
                (2.., _) => "manual (dual run) and automated (replication)",
                (_, Strategy::Manual) => "manual (dual run)",
                (_, Strategy::Automated) => "automated (replication)",
            },
            window: card.plan.window.map(|w| format!("{} to {}", w.start, w.end)),
            at: minute(card.at),
            tool_version: card.tool_version.clone(),
            commit: card.inventory.code.value().and_then(|c| c.repository.commit.clone()),
            sides: card.sides.iter().map(side).collect(),
            verdict: verdict(card),
            scope: scope::sentences(card),
            blockers: named(|g| &g.blocked_by),
            idle_waivers: card
                .waivers
                .iter()
                .filter(|w| w.state != "used")
                .map(|w| match w.state.as_str() {
                    "refused" => format!(
                        "The waiver of `{}` ({}) is refused: the rule cannot be waived.",
                        w.rule, w.waiver.place
                    ),
                    state => format!("The waiver of `{}` ({}) waives nothing: {state}.", w.rule, w.waiver.place),
                })
                .collect(),
            gaps: checks::gaps(&named(|g| &g.undecided)),
            undecided: named(|g| &g.undecided),
            conditions: named(|g| &g.conditions),
            standing,
            unknowns,
            counts: counts(card),
            compared: card.baseline.as_ref().map(compared).unwrap_or_default(),
            one_gate: card.is_one_gate(),
            trend: trend::view(card),
            checklist: card
                .checklist
                .iter()
                .map(|i| {
                    let before = card.trend.as_ref().and_then(|t| t.checklist.get(&i.number).copied());
                    let before = before.filter(|before| *before != i.status).map(MarkView::from);
                    ItemView { number: Some(i.number), before, ..item(card, &i.title, i.status, &i.evidence, &i.rules) }
                })
                .collect(),
            failure_modes: card
                .failure_modes
                .iter()
                .map(|m| item(card, &m.title, m.status, &m.evidence, &m.rules))
                .collect(),
            gates: card.gates.iter().map(|g| gate(card, g)).collect(),
            cohorts: card.cohorts.iter().map(|c| CohortView::new(c, |rules| rule_links(card, rules))).collect(),
            pictures: picture::all(card),
            comparisons: if card.is_one_gate() { Vec::new() } else { compare::tables(card) },
            areas: checks::areas(card, &links, &blocked),
            inventory: inventory::tables(card, &links),
            coverage: coverage::tables(card, &links),
            attestations: coverage::attestations(card),
            waivers: coverage::waivers(card, &links),
            total_checks: card.checks.len(),
        }
    }
}

fn item(card: &Scorecard, title: &str, status: Status, evidence: &str, rules: &[String]) -> ItemView {
    let outcome = |rule: &String| card.checks.iter().find(|c| c.rule == *rule).map(|c| c.outcome);
    let open: Vec<String> = rules
        .iter()
        .filter(|rule| !matches!(outcome(rule), Some(Outcome::Pass | Outcome::NotApplicable | Outcome::NotDue)))
        .cloned()
        .collect();
    ItemView {
        number: None,
        title: title.to_owned(),
        mark: status.into(),
        evidence: evidence.to_owned(),
        before: None,
        passed: rules.iter().filter(|rule| outcome(rule) == Some(Outcome::Pass)).count(),
        asked: rules
            .iter()
            .filter(|rule| outcome(rule).is_some_and(|o| !matches!(o, Outcome::NotApplicable | Outcome::NotDue)))
            .count(),
        open: rule_links(card, &open),
        rules: rule_links(card, rules),
    }
}

/// Links to rules, in the order given.
fn rule_links(card: &Scorecard, rules: &[String]) -> Vec<RuleLink> {
    rules
        .iter()
        .map(|rule| RuleLink {
            rule: rule.clone(),
            anchor: mark::anchor(rule),
            known: card.checks.iter().any(|c| c.rule == *rule),
        })
        .collect()
}

fn side(side: &SideSummary) -> SideView {
    let mut detail = Vec::new();
    match side.kind {
        Some(ClusterKind::Cloud) => detail.push("Temporal Cloud".to_owned()),
        Some(ClusterKind::SelfHosted) => detail.push("self-hosted".to_owned()),
        None => {}
    }
    detail.extend(side.server_version.as_ref().map(|v| format!("server {v}")));
    detail.extend(side.taken_at.map(|t| format!("probed {}", minute(t))));
    SideView {
        name: side.side.to_string(),
        address: side.address.clone(),
        detail: detail.join(" · "),
        missing: side.missing.clone(),
    }
}

/// What a change is measured against.
fn compared(baseline: &Baseline) -> Vec<String> {
    let count = |n: usize, one: &str, many: &str| {
        let what = plural(n, "finding");
        if n == 1 { format!("{what} {one}") } else { format!("{what} {many}") }
    };
    let known = count(baseline.known.len(), "was there before and does", "were there before and do");
    let mut said = vec![format!("Compared with {}: {known} not count here.", baseline.source)];
    if !baseline.fixed.is_empty() {
        said.push(format!("{} gone.", count(baseline.fixed.len(), "is", "are")));
    }
    said.extend(baseline.notes.iter().map(|note| format!("{}.", capital(note).trim_end_matches('.'))));
    said
}

fn verdict(card: &Scorecard) -> VerdictView {
    let said = format!("{} for {}: ", card.verdict.label(), card.gate);
    VerdictView {
        label: card.verdict.label(),
        mark: card.verdict.into(),
        gate: card
            .cohort
            .as_ref()
            .map_or_else(|| card.gate.to_string(), |cohort| format!("{} of the cohort {cohort}", card.gate)),
        question: {
            let permits = if card.permits.is_empty() { card.gate.permits() } else { &card.permits };
            let answer = match card.verdict {
                Verdict::Go => "yes",
                Verdict::GoWithConditions => "yes, with conditions",
                Verdict::Undecided => "not decided",
                Verdict::NoGo => "not yet",
            };
            format!("{}: {answer}.", capital(permits))
        },
        // Verdict and gate stand above it in every format.
        summary: capital(card.summary.strip_prefix(&said).unwrap_or(&card.summary)),
    }
}

/// As a sentence begins.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn counts(card: &Scorecard) -> Vec<Count> {
    let n = |f: &dyn Fn(&crate::scorecard::Check) -> bool| card.checks.iter().filter(|c| f(c)).count();
    let failed = |s: Severity| n(&|c| c.outcome == Outcome::Fail && c.severity == s);
    let count = |n, one, many, mark: Mark| Count { n, label: if n == 1 { one } else { many }, mark: mark.into() };
    let outcome = |o: Outcome| n(&|c| c.outcome == o);
    let all = [
        count(failed(Severity::Blocker), "blocker failed", "blockers failed", Mark::Failed),
        count(outcome(Outcome::Unknown), "not known", "not known", Mark::Unknown),
        count(failed(Severity::Major), "major failed", "majors failed", Mark::Attention),
        count(failed(Severity::Minor), "minor failed", "minors failed", Mark::Attention),
        count(outcome(Outcome::Waived), "waived", "waived", Mark::Waived),
        count(outcome(Outcome::Pass), "passed", "passed", Mark::Ok),
        count(outcome(Outcome::NotApplicable), "not applicable", "not applicable", Mark::None),
        count(outcome(Outcome::NotDue), "not due", "not due", Mark::None),
    ];
    all.into_iter().filter(|c| c.n > 0).collect()
}

fn gate(card: &Scorecard, g: &GateResult) -> GateView {
    let later = card.gate.leaves_for_later(g.gate);
    let because: Vec<String> = g.blocked_by.iter().chain(&g.undecided).filter(|_| !later).cloned().collect();
    // What does not apply can neither pass nor stand in the way.
    let absent =
        card.checks.iter().filter(|c| c.gates.contains(&g.gate) && c.outcome == Outcome::NotApplicable).count();
    let total = g.total.saturating_sub(absent);
    GateView {
        name: g.gate.name(),
        permits: g.gate.permits(),
        label: if later { "not due" } else { g.verdict.label() },
        mark: if later { MarkView::new(Mark::None, "not due") } else { g.verdict.into() },
        due: !later,
        current: g.gate == card.gate,
        passed: g.passed,
        total,
        percent: (g.passed * 100).checked_div(total).unwrap_or(0),
        because: rule_links(card, &because),
        conditions: if later { 0 } else { g.conditions.len() },
        before: card
            .trend
            .as_ref()
            .and_then(|t| t.gates.get(&g.gate).copied())
            .filter(|before| !later && *before != g.verdict)
            .map(MarkView::from),
    }
}

/// `unknown, because …` for a fact that is missing, wholly or in part.
fn gap<T>(known: &Known<T>) -> Option<String> {
    let why = known.why()?;
    let start = if known.value().is_some() { "Seen in part only, because" } else { "Not known, because" };
    let reason = why.reason.trim_end_matches('.');
    Some(match &why.remedy {
        Some(remedy) => format!("{start} {reason}. To know it: {}.", remedy.trim_end_matches('.')),
        None => format!("{start} {reason}."),
    })
}
