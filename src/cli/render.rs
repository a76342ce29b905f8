//! `render`: an old JSON report in any other format.

use std::path::PathBuf;
use std::process::ExitCode;

use super::ci;
use super::former;
use super::output::{self, Look, Report};
use crate::judge::trend;
use crate::render::{self, Format};
use crate::ui::Problem;

/// Turn a JSON report into any other format: the bytes the run itself would have written
///
/// Neither code nor clusters nor rules are needed, and nothing is judged again. The exit code is 0 when the reports
/// were written, whatever the verdict in them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A report written with --report json=FILE; - reads standard input
    #[arg(value_name = "REPORT", required_unless_present = "schema")]
    from: Option<PathBuf>,
    /// Write a report, such as html=report.html; formats as for --output; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<Report>,
    /// What to print [default: text, unless --report is given]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    /// A former JSON report: show what changed since
    #[arg(long, value_name = "REPORT")]
    previous: Option<PathBuf>,
    /// Print the JSON Schema of reports
    #[arg(long, conflicts_with_all = ["from", "report", "output", "previous"])]
    schema: bool,
    #[command(flatten)]
    look: Look,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    let Some(from) = args.from.as_deref().filter(|_| !args.schema) else {
        output::result(render::SCHEMA)?;
        return Ok(ExitCode::SUCCESS);
    };
    if args.previous.as_deref().is_some_and(|previous| previous == from && from.as_os_str() == "-") {
        return Err(Problem::usage("standard input holds one report only")
            .help("give one of the two as a file")
            .into());
    }
    let mut card = former::read(from)?;
    if let Some(previous) = &args.previous {
        card.trend = Some(trend::since(&former::read(previous)?, &card));
    }
    let mut options = args.look.options()?;
    (options.code_folder, options.file_folder) = ci::folders(&card);
    output::reports(&card, &args.report, &options)?;
    output::wrote(&args.report);
    if let Some(format) = args.output.or(args.report.is_empty().then_some(Format::Text)) {
        output::print(&card, format, &options)?;
    }
    Ok(ExitCode::SUCCESS)
}
