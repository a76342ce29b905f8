//! From facts to a scorecard, to reports, to the exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::ci;
use super::output::{self, Report};
use crate::config::{self, ATTESTATIONS_FILE};
use crate::facts::Facts;
use crate::judge::scorecard::{Gate, Scorecard};
use crate::judge::{self, Former, JudgeInput, Waiver};
use crate::render::{self, Format, RenderOptions};
use crate::rules;
use crate::ui::Problem;

const RULES: &str = "Rules and reports";

/// Flags of every command that judges a migration.
#[derive(Debug, Clone, Args)]
pub struct VerdictFlags {
    /// The gate whose verdict becomes the exit code [default: `gate` of the file, else route]
    #[arg(long, value_enum, value_name = "GATE")]
    pub gate: Option<GateName>,
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
    /// Where a browser finds the source files, such as https://github.com/you/repo/blob/main
    #[arg(long, value_name = "URL", help_heading = RULES)]
    pub repo_url: Option<String>,
    /// Folder with templates that replace those of the reports
    #[arg(long, value_name = "DIR", help_heading = RULES)]
    pub template_dir: Option<PathBuf>,
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
    let card = judged(facts, gate, waivers, flags)?;
    hand_over(&card, &flags.reports)
}

/// Evaluate the rules and judge.
pub fn judged(
    facts: &Facts,
    gate: Option<Gate>,
    waivers: Option<&PathBuf>,
    flags: &VerdictFlags,
) -> Result<Scorecard, super::Failure> {
    let gate = flags.gate.map(Gate::from).or(gate).unwrap_or(Gate::Route);
    Ok(Bench::new(&flags.reports, waivers)?.card(facts, gate, None))
}

/// What a judgement needs beside the facts: the rules of the run, and what people accepted.
pub struct Bench {
    catalogue: rules::Catalogue,
    waivers: Vec<Waiver>,
}

impl Bench {
    /// Load the rule packs and the waivers.
    pub fn new(flags: &ReportFlags, waivers: Option<&PathBuf>) -> Result<Self, super::Failure> {
        let catalogue = rules::load(&flags.rules)?;
        let waivers = waivers.map(|path| config::waivers::load(path)).transpose()?.unwrap_or_default();
        Ok(Self { catalogue, waivers })
    }

    /// Ask the rules of one gate only. Waivers of the others have nothing to cover in such a run.
    pub fn only(mut self, gate: Gate) -> Self {
        let (kept, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.catalogue.rules).into_iter().partition(|rule| rule.gates.contains(&gate));
        self.waivers.retain(|waiver| !others.iter().any(|rule| rule.id == waiver.rule));
        self.catalogue.rules = kept;
        self
    }

    /// Evaluate the rules and judge, what a change adds when there is something to compare with.
    pub fn card(&self, facts: &Facts, gate: Gate, former: Option<&Former>) -> Scorecard {
        let context = rules::Context {
            at: facts.at,
            strategy: facts.plan.strategy,
            attestations: &facts.attestations,
            attestations_path: ATTESTATIONS_FILE,
        };
        let checks = rules::evaluate(&self.catalogue, &rules::view::build(facts), &context);
        let unwaivable = self.catalogue.unwaivable();
        judge::judge(checks, JudgeInput { facts, gate, waivers: &self.waivers, unwaivable: &unwaivable, former })
    }
}

/// Print, write the reports, and answer with the gate's exit code.
pub fn hand_over(card: &Scorecard, flags: &ReportFlags) -> super::Done {
    let mut options = render_options(flags);
    (options.code_folder, options.file_folder) = ci::folders(card);
    output::reports(card, &flags.report, &options)?;
    if flags.output == Format::Text {
        // On a long page the place of the reports is named at its end.
        options.written = flags.report.iter().map(|r| r.path().display().to_string()).collect();
    } else {
        output::wrote(&flags.report);
    }
    if flags.output == Format::Github {
        ci::summary(card, &options)?;
    }
    print(card, flags.output, &options)?;
    Ok(ExitCode::from(card.verdict.exit_code()))
}

/// Print the scorecard in one format.
pub fn print(card: &Scorecard, format: Format, options: &RenderOptions) -> Result<(), Problem> {
    let bytes = render::render(card, format, options)?;
    output::result(&String::from_utf8_lossy(&bytes))
}

/// How the reports of this run are rendered.
pub fn render_options(flags: &ReportFlags) -> RenderOptions {
    RenderOptions {
        repo_url: flags.repo_url.clone(),
        template_dir: flags.template_dir.clone(),
        ..output::on_terminal()
    }
}
