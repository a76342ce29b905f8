//! `score`: a scorecard from stored scans and snapshots.

use std::path::PathBuf;

use super::gather;
use super::migration::MigrationArgs;
use super::verdict::{self, VerdictFlags};
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::{Known, Side, Why};
use crate::probe::snapshot;
use crate::scan;
use crate::ui::Problem;

/// Judge stored scan and snapshot files: the same scorecard, made elsewhere
///
/// `scan -o json` and `probe` run inside the customer's network; this command needs neither the code nor the
/// clusters. What was not given is unknown.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A scan document; several repositories merge
    #[arg(long, value_name = "FILE")]
    code: Vec<PathBuf>,
    /// Snapshot of the source cluster
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Snapshot of the target cluster
    #[arg(long, value_name = "FILE")]
    target: Option<PathBuf>,
    #[command(flatten)]
    migration: MigrationArgs,
    #[command(flatten)]
    verdict: VerdictFlags,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    if args.code.is_empty() && args.source.is_none() && args.target.is_none() {
        return Err(Problem::usage("there is nothing to judge").help("give --code, --source or --target").into());
    }
    let migration = args.migration.load(args.verdict.at.as_deref())?;
    let code = match args.code.as_slice() {
        [] => Known::Unknown(Why::with_remedy(
            "no scan was given",
            "make one with `temporal-preflight scan -o json` and give it with --code",
        )),
        files => Known::Known(scan::merge(files.iter().map(|f| scan::document::read(f)).collect::<Result<_, _>>()?)),
    };
    let source = stored(Side::Source, args.source.as_ref(), &migration)?;
    let target = stored(Side::Target, args.target.as_ref(), &migration)?;
    let facts = gather::facts(&migration, code, source, target)?;
    verdict::deliver(&facts, migration.preflight.gate, migration.preflight.waivers.as_ref(), &args.verdict)
}

fn stored(
    side: Side,
    path: Option<&PathBuf>,
    migration: &super::migration::Migration,
) -> Result<Known<ClusterSnapshot>, Problem> {
    let Some(path) = path else { return Ok(gather::left_out(side)) };
    let snapshot = snapshot::read(path)?;
    if snapshot.side != side {
        return Err(Problem::usage(format!("{} is a snapshot of the {} cluster", path.display(), snapshot.side))
            .note(format!("it was given as --{side}"))
            .help(format!("give it as --{}", snapshot.side)));
    }
    gather::warn_if_old(&snapshot, migration.at);
    Ok(Known::Known(snapshot))
}
