//! From facts to a scorecard, to reports, to the exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output::{self, Report};
use crate::config::{self, ATTESTATIONS_FILE};
use crate::facts::Facts;
use crate::judge::scorecard::{Gate, Scorecard};
use crate::judge::{self, JudgeInput};
use crate::render::{self, Format, RenderOptions};
use crate::rules;
use crate::ui::Problem;

const RULES: &str = "Rules and reports";

/// Flags of every command that judges.
#[derive(Debug, Clone, Args)]
pub struct VerdictFlags {
    /// The gate whose verdict becomes the exit code [default: `gate` of the file, else route]
    #[arg(long, value_enum, value_name = "GATE")]
    pub gate: Option<GateName>,
    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Output,
    /// Write a report beside it: html=FILE, markdown=FILE, json=FILE or text=FILE; may be repeated
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

/// `--output`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    /// For reading on a terminal
    #[default]
    Text,
    /// The scorecard document
    Json,
    /// For a pull request or a wiki
    Markdown,
    /// The page
    Html,
}

impl Output {
    fn format(self) -> Format {
        match self {
            Output::Text => Format::Text,
            Output::Json => Format::Json,
            Output::Markdown => Format::Markdown,
            Output::Html => Format::Html,
        }
    }
}

/// Judge, print, write the reports, and answer with the gate's exit code; with 2 when a rule of a pack could not be
/// read, because a verdict without it is not the one that was asked for.
pub fn deliver(facts: &Facts, gate: Option<Gate>, waivers: Option<&PathBuf>, flags: &VerdictFlags) -> super::Done {
    let catalogue = rules::load(&flags.rules)?;
    let card = judged_by(&catalogue, facts, gate, waivers, flags)?;
    let mut options = render_options(flags);
    output::reports(&card, &flags.report, &options)?;
    if flags.output == Output::Text {
        // On a long page the place of the reports is named at its end.
        options.written = flags.report.iter().map(|r| r.path().display().to_string()).collect();
    } else {
        output::wrote(&flags.report);
    }
    print(&card, flags.output, &options)?;
    Ok(match output::problems(&catalogue.problems()) {
        Some(code) => code,
        None => ExitCode::from(card.verdict.exit_code()),
    })
}

/// Evaluate the rules of the flags and judge.
pub fn judged(
    facts: &Facts,
    gate: Option<Gate>,
    waivers: Option<&PathBuf>,
    flags: &VerdictFlags,
) -> Result<Scorecard, super::Failure> {
    judged_by(&rules::load(&flags.rules)?, facts, gate, waivers, flags)
}

fn judged_by(
    catalogue: &rules::Catalogue,
    facts: &Facts,
    gate: Option<Gate>,
    waivers: Option<&PathBuf>,
    flags: &VerdictFlags,
) -> Result<Scorecard, super::Failure> {
    let waivers = waivers.map(|path| config::waivers::load(path)).transpose()?.unwrap_or_default();
    let context = rules::Context {
        at: facts.at,
        strategy: facts.plan.strategy,
        attestations: &facts.attestations,
        attestations_path: ATTESTATIONS_FILE,
    };
    let checks = rules::evaluate(catalogue, &rules::view::build(facts), &context);
    let gate = flags.gate.map(Gate::from).or(gate).unwrap_or(Gate::Route);
    let unwaivable = catalogue.unwaivable();
    Ok(judge::judge(checks, JudgeInput { facts, gate, waivers: &waivers, unwaivable: &unwaivable }))
}

/// Print the scorecard in one format.
pub fn print(card: &Scorecard, format: Output, options: &RenderOptions) -> Result<(), Problem> {
    let bytes = render::render(card, format.format(), options)?;
    output::result(&String::from_utf8_lossy(&bytes))
}

/// How the reports of this run are rendered.
pub fn render_options(flags: &VerdictFlags) -> RenderOptions {
    RenderOptions {
        repo_url: flags.repo_url.clone(),
        template_dir: flags.template_dir.clone(),
        ..output::on_terminal()
    }
}
