//! `score`: a scorecard from stored scans and snapshots.

use std::path::PathBuf;

use super::gather;
use super::migration::{Migration, MigrationArgs};
use super::verdict::{self, VerdictFlags};
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::{Known, Side, Why};
use crate::probe::{merge, snapshot};
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
    /// Snapshot of the source cluster; several of the same cluster merge
    #[arg(long, value_name = "FILE")]
    source: Vec<PathBuf>,
    /// Snapshot of the target cluster; several of the same cluster merge
    #[arg(long, value_name = "FILE")]
    target: Vec<PathBuf>,
    #[command(flatten)]
    migration: MigrationArgs,
    #[command(flatten)]
    verdict: VerdictFlags,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    if args.code.is_empty() && args.source.is_empty() && args.target.is_empty() {
        return Err(Problem::usage("there is nothing to judge").help("give --code, --source or --target").into());
    }
    let migration = args.migration.load(args.verdict.reports.at.as_deref())?;
    let code = match args.code.as_slice() {
        [] => Known::Unknown(Why::with_remedy(
            "no scan was given",
            "make one with `temporal-preflight scan -o json` and give it with --code",
        )),
        files => Known::Known(scan::merge(files.iter().map(|f| scan::document::read(f)).collect::<Result<_, _>>()?)),
    };
    let source = stored(Side::Source, &args.source, &migration)?;
    let target = stored(Side::Target, &args.target, &migration)?;
    refuse_other_tokens(&source, &target)?;
    let facts = gather::facts(&migration, code, source, target)?;
    verdict::deliver(&facts, migration.preflight.gate, migration.preflight.waivers.as_ref(), &args.verdict)
}

/// One snapshot of all files of a side.
fn stored(side: Side, paths: &[PathBuf], migration: &Migration) -> Result<Known<ClusterSnapshot>, Problem> {
    if paths.is_empty() {
        return Ok(gather::left_out(side));
    }
    let mut snapshots = Vec::with_capacity(paths.len());
    for path in paths {
        let snapshot = snapshot::read(path)?;
        if snapshot.side != side {
            return Err(Problem::usage(format!("{} is a snapshot of the {} cluster", path.display(), snapshot.side))
                .note(format!("it was given as --{side}"))
                .help(format!("give it as --{}", snapshot.side)));
        }
        snapshots.push(snapshot);
    }
    let snapshot = merge::merge(snapshots)?;
    gather::warn_if_old(&snapshot, migration.at);
    Ok(Known::Known(snapshot))
}

/// Tokens of two keys never match: every schedule would be missing on the other side.
fn refuse_other_tokens(source: &Known<ClusterSnapshot>, target: &Known<ClusterSnapshot>) -> Result<(), Problem> {
    let (Some(source), Some(target)) = (source.value(), target.value()) else { return Ok(()) };
    if source.redacted_with == target.redacted_with {
        return Ok(());
    }
    Err(Problem::usage("the snapshots were not redacted with the same key: no id of one is found in the other")
        .help("take both again with `probe --redact` and the same TEMPORAL_PREFLIGHT_REDACT_KEY"))
}
