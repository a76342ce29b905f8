//! `audit`: everything preflight.yaml describes → scorecard.

use super::connection::ConnectionFlags;
use super::migration::MigrationArgs;
use super::probing::{self, ProbeFlags};
use super::trees::TreeFlags;
use super::verdict::{self, VerdictFlags};

/// Scan the code, probe both clusters, judge: the whole scorecard
///
/// Reads preflight.yaml when it is there; without it the current folder is scanned and the clusters are those of
/// the --source-… and --target-… flags. What cannot be learned is reported as unknown, with the reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    trees: TreeFlags,
    #[command(flatten)]
    migration: MigrationArgs,
    #[command(flatten)]
    verdict: VerdictFlags,
    #[command(flatten)]
    probe: ProbeFlags,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    let mut migration = args.migration.load(args.verdict.reports.at.as_deref())?;
    let (source, target) = args.connection.settings()?;
    let connections = migration.connections(source, target)?;
    let facts = probing::everything(&migration, args.trees.of(&migration), &connections, &args.probe)?;
    verdict::deliver(&facts, migration.preflight.gate, migration.preflight.waivers.as_ref(), &args.verdict)
}
