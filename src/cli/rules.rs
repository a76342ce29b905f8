//! `rules`: the catalogue, and the tests of a rule pack.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table};

use super::output;
use crate::rules;

/// List the rules, or test a rule pack
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// Further rule pack; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the test cases written in the rules of a folder
    Test {
        /// The rule pack: <area>/<id>.yaml and .md
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Output {
    /// A table
    #[default]
    Text,
    /// Every rule with its metadata
    Json,
}

/// Run it. Exit code 1 when a test case of a rule does not hold.
pub fn run(args: &Args) -> super::Done {
    if let Some(Action::Test { folder }) = &args.action {
        return test(folder);
    }
    let catalogue = rules::load(&args.rules)?;
    match args.output {
        Output::Json => output::result(&output::json(&catalogue.listing())?)?,
        Output::Text => {
            let mut table = Table::new();
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(u16::try_from(output::width()).unwrap_or(100));
            table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
            table.set_header(["rule", "severity", "item", "gates", "holds when"]);
            for rule in &catalogue.rules {
                let gates: Vec<&str> = rule.gates.iter().map(|g| g.name()).collect();
                table.add_row([
                    rule.id.clone(),
                    rule.severity.name().to_owned(),
                    rule.item.map(|i| i.to_string()).unwrap_or_default(),
                    gates.join(" "),
                    rule.title.clone(),
                ]);
            }
            output::result(&format!(
                "{table}\n{} rules; `temporal-preflight explain RULE` tells more",
                catalogue.rules.len()
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn test(folder: &std::path::Path) -> super::Done {
    let (catalogue, problems) = rules::load::folder(folder);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let runs = rules::selftest::run(&catalogue);
    let bad = runs.iter().filter(|run| run.result != rules::selftest::Result::Ok).count();
    output::result(&rules::selftest::report(&runs))?;
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
