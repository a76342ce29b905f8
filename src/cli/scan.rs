//! `scan`: the inventory of a source tree.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use super::migration::MigrationArgs;
use super::trees::TreeFlags;
use super::{gather, output};
use crate::render;
use crate::ui::atomic;

/// Find every place that starts or signals workflows, and where its client was built
///
/// Needs no configuration and no cluster. The factory through which clients should be built is taken from
/// preflight.yaml or --factory; without either it is proposed from what the code does.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    trees: TreeFlags,
    /// What to print; json is the scan document, the input of `score --code`
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    /// Write the scan document to a file, whatever is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    migration: MigrationArgs,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Output {
    /// For reading on a terminal
    #[default]
    Text,
    /// The scan document, input of `score --code`
    Json,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    let migration = args.migration.load(None)?;
    let code = gather::code(&args.trees.of(&migration))?;
    if let Some(path) = &args.out {
        atomic::write(path, output::json(&code)?.as_bytes())?;
        output::say(&format!("wrote {}", output::file_uri(path)));
    }
    match args.output {
        Output::Json if args.out.is_some() => {}
        Output::Json => output::result(&output::json(&code)?)?,
        Output::Text => output::result(&render::scan_text(&code, &output::on_terminal()))?,
    }
    Ok(ExitCode::SUCCESS)
}
