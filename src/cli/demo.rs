//! `demo`: the whole way on the bundled example company.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::clock;
use super::gather;
use super::migration::MigrationArgs;
use super::output::{self, Look, Report};
use super::probing::{self, ProbeFlags};
use super::trees::TreeFlags;
use super::verdict::{self, ReportFlags, VerdictFlags};
use crate::config::ConnectionSettings;
use crate::demo;
use crate::devserver;
use crate::facts::{Facts, Known};
use crate::render::Format;
use crate::ui::Problem;

/// The whole way on a bundled example company: scan, two clusters, scorecard
///
/// A payments platform in Go wants to move. With the `temporal` CLI on PATH two real dev servers are started on
/// loopback, seeded, probed and stopped again; without it recorded snapshots are judged. It ends in NO-GO, because
/// problems were planted; the exit code is 0 when the demonstration worked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the reports and the example company's source tree
    #[arg(long, value_name = "DIR", default_value = "preflight-demo")]
    out: PathBuf,
    /// Judge the recorded snapshots even when the `temporal` CLI is there
    #[arg(long)]
    recorded: bool,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    std::fs::create_dir_all(&args.out)
        .map_err(|e| Problem::usage(format!("cannot create {}", args.out.display())).note(e.to_string()))?;
    let cli = if args.recorded { None } else { devserver::find_cli() };
    let tree = args.out.join("estate");
    let (mut facts, how) = match cli {
        Some(cli) => live(&cli, &tree)?,
        None => recorded(args.recorded, &tree)?,
    };
    if let Some(code) = facts.code.value_mut() {
        // The example company is part of no commit, whatever repository the demonstration is made in.
        code.repository.commit = None;
    }
    let flags = VerdictFlags {
        gate: None,
        cohort: None,
        previous: None,
        reports: ReportFlags {
            rules: vec![],
            report: [(Format::Html, "report.html"), (Format::Markdown, "report.md"), (Format::Json, "report.json")]
                .map(|(format, name)| Report::new(format, args.out.join(name)))
                .to_vec(),
            output: Format::Text,
            look: Look::default(),
            at: None,
            no_ignores: false,
        },
    };
    let card = verdict::judged(&facts, None, None, &flags)?;
    let options = flags.reports.look.options()?;
    output::print(&card, Format::Text, &options)?;
    output::say("");
    output::reports(&card, &flags.reports.report, &options)?;
    output::wrote(&flags.reports.report);
    output::say(&format!(
        "{how}\nThis was `audit` on the example company, whose source tree is in {}; on your own migration the exit code \
         would have been {}.",
        tree.display(),
        card.verdict.exit_code()
    ));
    Ok(ExitCode::SUCCESS)
}

fn live(cli: &Path, tree: &Path) -> Result<(Facts, String), Problem> {
    output::say(&format!("starting two Temporal dev servers on loopback with {} …", cli.display()));
    let estate = demo::prepare_live(cli, clock::now(), tree)?;
    let mut migration = MigrationArgs { file: Some(estate.preflight.clone()), ..MigrationArgs::default() }
        .load(Some(&estate.at.to_string()))?;
    let none = ConnectionSettings::default;
    let connections = migration.connections(none(), none())?;
    output::say("scanning the code and probing both clusters …");
    let flags = ProbeFlags {
        source_rps: Some(200.0),
        target_rps: Some(200.0),
        probe_timeout: 60,
        starts_since: None,
        list_open: 0,
    };
    let facts = probing::everything(&migration, TreeFlags::default().of(&migration), &connections, &flags)?;
    let how = "Both clusters were real dev servers, probed live; they are stopped now. No worker ran on them, so the \
               rules on workers fail beside what was planted.";
    Ok((facts, how.into()))
}

fn recorded(chosen: bool, tree: &Path) -> Result<(Facts, String), Problem> {
    let estate = demo::recorded(tree)?;
    let migration = MigrationArgs { file: Some(estate.preflight.clone()), ..MigrationArgs::default() }
        .load(Some(&estate.at.to_string()))?;
    let code = gather::code(&TreeFlags::default().of(&migration))?;
    let facts =
        gather::facts(&migration, Known::Known(code), Known::Known(estate.source), Known::Known(estate.target))?;
    let why = if chosen { "as asked" } else { "the `temporal` CLI was not found on PATH" };
    Ok((facts, format!("Both clusters were recorded snapshots ({why}), judged for {}.", estate.at)))
}
