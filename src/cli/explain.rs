//! `explain`: what a rule checks, why, and what to do.

use std::path::PathBuf;
use std::process::ExitCode;

use super::output;
use crate::rules;
use crate::ui::Problem;

/// Explain a rule: what it checks, why it matters, what it cannot see, what to do
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the rule, as in a report
    #[arg(value_name = "RULE")]
    rule: String,
    /// Further rule pack; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    let catalogue = rules::load(&args.rules)?;
    if let Some(builtin) = crate::scorecard::builtin::get(&args.rule) {
        output::result(&rules::explain_builtin(builtin, output::color()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(broken) = catalogue.broken.iter().find(|b| b.id == args.rule) {
        return Err(broken.problems.clone().into());
    }
    let Some(rule) = catalogue.get(&args.rule) else {
        let similar = catalogue.similar(&args.rule);
        let mut problem = Problem::usage(format!("there is no rule `{}`", args.rule));
        if !similar.is_empty() {
            problem = problem.note(format!("near to it: {}", similar.join(", ")));
        }
        return Err(problem.help("`temporal-preflight rules` lists them all").into());
    };
    output::result(&rules::explain(rule, output::color()))?;
    Ok(ExitCode::SUCCESS)
}
