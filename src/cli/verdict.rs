//! From facts to a scorecard, to reports, to the exit code.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::former;
use super::output::{self, Look, Report};
use crate::config::{self, ATTESTATIONS_FILE};
use crate::facts::attestation::Attestation;
use crate::facts::{Facts, Known};
use crate::judge::scorecard::{Gate, Scorecard};
use crate::judge::{self, Former, JudgeInput, Waiver, trend};
use crate::render::Format;
use crate::rules;

const RULES: &str = "Rules and reports";

/// Flags of every command that judges a migration.
#[derive(Debug, Clone, Args)]
pub struct VerdictFlags {
    /// The gate whose verdict becomes the exit code [default: `gate` of the file, else route]
    #[arg(long, value_enum, value_name = "GATE")]
    pub gate: Option<GateName>,
    /// A former JSON report: show what changed since
    #[arg(long, value_name = "REPORT", help_heading = RULES)]
    pub previous: Option<PathBuf>,
    #[command(flatten)]
    pub reports: ReportFlags,
}

/// Flags of every command that judges.
#[derive(Debug, Clone, Args)]
pub struct ReportFlags {
    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Format,
    /// Write a report beside it, such as html=report.html; formats as for --output; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<Report>,
    /// Judge as if it were then: a date or a timestamp [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Further rule pack: a folder of <area>/<id>.yaml and .md; may be repeated
    #[arg(long, value_name = "DIR", help_heading = RULES)]
    pub rules: Vec<PathBuf>,
    #[command(flatten)]
    pub look: Look,
}

/// `--gate`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GateName {
    /// A change of the code
    Pr,
    /// The plan is complete
    Plan,
    /// The target is ready
    Provision,
    /// Workers run on both clusters
    DualRun,
    /// New executions start on the target
    Route,
    /// The source is empty
    Drain,
    /// The source may be switched off
    Decommission,
}

impl From<GateName> for Gate {
    fn from(name: GateName) -> Gate {
        match name {
            GateName::Pr => Gate::Pr,
            GateName::Plan => Gate::Plan,
            GateName::Provision => Gate::Provision,
            GateName::DualRun => Gate::DualRun,
            GateName::Route => Gate::Route,
            GateName::Drain => Gate::Drain,
            GateName::Decommission => Gate::Decommission,
        }
    }
}

/// Judge, print, write the reports, and answer with the gate's exit code.
pub fn deliver(facts: &Facts, gate: Option<Gate>, waivers: Option<&PathBuf>, flags: &VerdictFlags) -> super::Done {
    // Before the work: a report that cannot be read should not cost a judgement.
    let previous = flags.previous.as_deref().map(former::read).transpose()?;
    let bench = Bench::new(&flags.reports, waivers)?;
    let mut card = bench.card(facts, chosen(flags, gate), None);
    card.trend = previous.map(|then| trend::since(&then, &card));
    bench.hand_over(&card, &flags.reports)
}

/// Evaluate the rules of the flags and judge.
pub fn judged(
    facts: &Facts,
    gate: Option<Gate>,
    waivers: Option<&PathBuf>,
    flags: &VerdictFlags,
) -> Result<Scorecard, super::Failure> {
    Ok(Bench::new(&flags.reports, waivers)?.card(facts, chosen(flags, gate), None))
}

/// The gate that decides: of the flag, else of the file, else the one at which new executions start on the target.
fn chosen(flags: &VerdictFlags, gate: Option<Gate>) -> Gate {
    flags.gate.map(Gate::from).or(gate).unwrap_or(Gate::Route)
}

/// What a judgement needs beside the facts: the rules of the run, and what people accepted.
pub struct Bench {
    catalogue: rules::Catalogue,
    waivers: Vec<Waiver>,
    /// What rules ask people that have no part in this run.
    left_out: BTreeSet<String>,
}

impl Bench {
    /// Load the rule packs and the waivers.
    pub fn new(flags: &ReportFlags, waivers: Option<&PathBuf>) -> Result<Self, super::Failure> {
        let catalogue = rules::load(&flags.rules)?;
        let waivers = waivers.map(|path| config::waivers::load(path)).transpose()?.unwrap_or_default();
        Ok(Self { catalogue, waivers, left_out: BTreeSet::new() })
    }

    /// Ask the rules of one gate only. Waivers and attestations of the others have nothing to cover in such a run.
    pub fn only(mut self, gate: Gate) -> Self {
        let (kept, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.catalogue.rules).into_iter().partition(|rule| rule.gates.contains(&gate));
        self.waivers.retain(|waiver| !others.iter().any(|rule| rule.id == waiver.rule));
        let asked = |rules: &[rules::Rule]| -> BTreeSet<String> {
            rules.iter().filter_map(|rule| Some(rule.attested.as_ref()?.id.clone())).collect()
        };
        self.left_out = &asked(&others) - &asked(&kept);
        self.catalogue.rules = kept;
        self
    }

    /// The words of people that any rule of this run may ask for.
    pub fn asked(&self, mut attestations: Known<Vec<Attestation>>) -> Known<Vec<Attestation>> {
        if let Known::Known(words) | Known::Partial { value: words, .. } = &mut attestations {
            words.retain(|word| !self.left_out.contains(&word.id));
        }
        attestations
    }

    /// Evaluate the rules and judge, what a change adds when there is something to compare with.
    pub fn card(&self, facts: &Facts, gate: Gate, former: Option<&Former>) -> Scorecard {
        let context = rules::Context {
            at: facts.at,
            strategy: facts.plan.main_strategy(),
            attestations: &facts.attestations,
            attestations_path: ATTESTATIONS_FILE,
        };
        let checks = rules::evaluate(&self.catalogue, &rules::view::build(facts), &context);
        let unwaivable = self.catalogue.unwaivable();
        judge::judge(checks, JudgeInput { facts, gate, waivers: &self.waivers, unwaivable: &unwaivable, former })
    }

    /// Print, write the reports, and answer with the gate's exit code; with 2 when a rule of a pack could not be read,
    /// because a verdict without it is not the one that was asked for.
    pub fn hand_over(&self, card: &Scorecard, flags: &ReportFlags) -> super::Done {
        let mut options = flags.look.options()?;
        output::reports(card, &flags.report, &options)?;
        if flags.output == Format::Text {
            // On a long page the place of the reports is named at its end.
            options.written = flags.report.iter().map(|r| r.path().display().to_string()).collect();
        } else {
            output::wrote(&flags.report);
        }
        output::print(card, flags.output, &options)?;
        let broken = output::problems(&self.catalogue.problems());
        Ok(broken.unwrap_or_else(|| ExitCode::from(card.verdict.exit_code())))
    }
}
