//! The command line: one file per command, arguments → plan; the rooms do the work.

#[cfg(feature = "cluster")]
mod audit;
mod baseline;
mod check;
mod ci;
mod clock;
mod completions;
mod connection;
#[cfg(feature = "cluster")]
mod demo;
#[cfg(feature = "cluster")]
mod doctor;
mod explain;
mod extension;
mod former;
mod gather;
mod init;
mod interrupt;
mod judged_by;
mod migration;
mod output;
#[cfg(feature = "cluster")]
mod probe;
#[cfg(feature = "cluster")]
mod probing;
mod progress;
mod render;
mod rules;
mod scan;
mod score;
mod trees;
mod verdict;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::ui::Problem;

/// May we move from a self-hosted Temporal cluster to Temporal Cloud, and what still stands in the way?
///
/// Reads the code (every place that starts or signals workflows), both clusters (search attributes, schedules,
/// certificates, open executions) and what people attest, and answers with a go / no-go scorecard in which every
/// line can be checked. Nothing is ever changed: not the clusters, not the scanned tree.
#[derive(Debug, Parser)]
#[command(name = "temporal-preflight", version, max_term_width = 110, disable_help_flag = true)]
#[command(after_help = "\
Start here:
  temporal-preflight demo          the whole way on a bundled example company
  temporal-preflight scan .        where does this code start and signal workflows?
  temporal-preflight check         does this change add a forgotten starter? for pull requests
  temporal-preflight init          write preflight.yaml for your own migration
  temporal-preflight audit         everything preflight.yaml describes → scorecard

Exit codes: 0 go (conditions included) · 1 no-go · 2 usage, configuration or rule pack invalid ·
            3 undecided, evidence is missing · 4 the tool failed · 130 interrupted")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to colour; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", display_order = 900)]
    color: output::Color,
    #[command(flatten)]
    verbosity: progress::Verbosity,
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort, display_order = 901)]
    help: Option<bool>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Scan(scan::Args),
    Check(check::Args),
    #[cfg(feature = "cluster")]
    Probe(probe::Args),
    // By far the most flags.
    #[cfg(feature = "cluster")]
    Audit(Box<audit::Args>),
    Score(score::Args),
    Render(render::Args),
    Explain(explain::Args),
    Rules(rules::Args),
    #[cfg(feature = "cluster")]
    Doctor(doctor::Args),
    #[cfg(feature = "cluster")]
    Demo(demo::Args),
    Completions(completions::Args),
    Man(completions::ManArgs),
}

/// The command line with one form of help: a line per flag, under a paragraph that says what the command is for.
fn command_line() -> clap::Command {
    const TEMPLATE: &str = "{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";
    fn explained(command: clap::Command) -> clap::Command {
        let text = command.get_long_about().or(command.get_about()).cloned().unwrap_or_default();
        command.before_help(text).help_template(TEMPLATE).mut_subcommands(explained)
    }
    explained(Cli::command())
}

/// `help COMMAND` is `COMMAND --help`: one form of help, however it is asked for.
fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words = extension::in_order(given.collect());
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// Parse the arguments, run the command, print the problem if there is one.
pub fn main() -> ExitCode {
    let parsed = command_line()
        .try_get_matches_from(arguments(std::env::args_os()))
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    cli.color.apply();
    cli.verbosity.apply();
    let done = match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Scan(args) => scan::run(&args),
        Command::Check(args) => check::run(&args),
        #[cfg(feature = "cluster")]
        Command::Probe(args) => probe::run(&args),
        #[cfg(feature = "cluster")]
        Command::Audit(args) => audit::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Rules(args) => rules::run(&args),
        #[cfg(feature = "cluster")]
        Command::Doctor(args) => doctor::run(&args),
        #[cfg(feature = "cluster")]
        Command::Demo(args) => demo::run(&args),
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::Man(args) => completions::man(&args, Cli::command()),
    };
    progress::clear();
    match done {
        Ok(code) => code,
        Err(Failure(problems)) => output::problems(&problems).unwrap_or(ExitCode::from(4)),
    }
}

/// Why a command ended without a result; a rule pack can have several problems at once.
#[derive(Debug)]
struct Failure(Vec<Problem>);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

/// How a command ends.
type Done = Result<ExitCode, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command_line().debug_assert();
    }
}
