//! `probe`: a snapshot of one or both clusters.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use super::connection::ConnectionFlags;
use super::migration::{Connections, Migration, MigrationArgs};
use super::output;
use super::probing::{self, ProbeFlags, ToAsk};
use crate::config::Secret;
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::{Known, Side};
use crate::probe::redact::Redactor;
use crate::probe::snapshot;
use crate::render;
use crate::ui::Problem;

/// Read one or both clusters into snapshot files, without changing anything
///
/// Only RPCs that read leave the process; the snapshot says which were called and how often. A snapshot holds no
/// payloads and no credentials, and can be judged elsewhere with `score`. Exit code 3 when a cluster could not be
/// read, or only in part.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which cluster
    #[arg(long, value_enum, default_value_t, value_name = "SIDE")]
    side: Which,
    /// Ask who polls this task queue, also when no execution uses it yet; may be repeated
    #[arg(long, value_name = "NAME")]
    task_queue: Vec<String>,
    /// Replace ids and identities by tokens; with TEMPORAL_PREFLIGHT_REDACT_KEY set, the same ones in every run
    #[arg(long)]
    redact: bool,
    /// Folder for source.json and target.json [default: print only]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    #[command(flatten)]
    migration: MigrationArgs,
    #[command(flatten)]
    probe: ProbeFlags,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Which {
    /// The cluster the team leaves
    Source,
    /// The cluster the team moves to
    Target,
    /// Both, where both are configured
    #[default]
    Both,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Output {
    /// For reading on a terminal
    #[default]
    Text,
    /// One snapshot document, or an array of two
    Json,
}

/// Run it. Exit code 3 when a cluster could not be read, or only in part.
pub fn run(args: &Args) -> super::Done {
    let mut migration = args.migration.load(None)?;
    let wanted = match args.side {
        Which::Source => vec![Side::Source],
        Which::Target => vec![Side::Target],
        Which::Both => vec![Side::Source, Side::Target],
    };
    let connections = connections(args, &mut migration, &wanted)?;
    let redactor = args.redact.then(|| redactor(&wanted)).transpose()?;
    let mut ask = ToAsk { queues: args.task_queue.iter().cloned().collect(), ..ToAsk::default() };
    let mut snapshots: Vec<ClusterSnapshot> = vec![];
    for side in wanted.into_iter().filter(|side| connections.side(*side).is_known()) {
        let taken = probing::cluster(side, &connections, &migration, &args.probe, ask.clone())?;
        ask.note(&taken, &migration.preflight.plan);
        snapshots.extend(taken.value().cloned());
    }
    if let [source, target] = snapshots.as_mut_slice() {
        probing::look_back_at(source, target, &connections, &migration, &args.probe)?;
    }
    if let Some(redactor) = &redactor {
        snapshots = snapshots.iter().map(|taken| redactor.apply(taken)).collect::<Result<_, _>>()?;
    }
    hand_over(args, &snapshots)
}

/// The connections of the wanted sides.
///
/// # Errors
/// None of them is described.
fn connections(args: &Args, migration: &mut Migration, wanted: &[Side]) -> Result<Connections, Problem> {
    let (source, target) = args.connection.settings()?;
    // With one side asked for, a broken description of the other must not stand in the way.
    let not_asked = || Known::unknown("not asked for");
    let connections = match wanted {
        [Side::Source] => Connections {
            source: migration.connection(Side::Source, source)?,
            target: not_asked(),
            cloud_ops: Known::unknown("not asked for"),
        },
        [Side::Target] => {
            let target = migration.connection(Side::Target, target)?;
            Connections { source: not_asked(), cloud_ops: migration.cloud_ops(&target)?, target }
        }
        _ => migration.connections(source, target)?,
    };
    if wanted.iter().any(|side| connections.side(*side).is_known()) {
        return Ok(connections);
    }
    let problem = Problem::usage("there is no cluster to probe");
    Err(match wanted.first().and_then(|side| connections.side(*side).why()) {
        Some(why) => problem.note(why.reason.clone()).help(why.remedy.clone().unwrap_or_default()),
        None => problem,
    })
}

/// Write and print the snapshots.
fn hand_over(args: &Args, snapshots: &[ClusterSnapshot]) -> super::Done {
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)
            .map_err(|e| Problem::usage(format!("cannot create {}", folder.display())).note(e.to_string()))?;
        for taken in snapshots {
            let path = folder.join(format!("{}.json", taken.side));
            snapshot::write(&path, taken)?;
            output::say(&format!("wrote {}", output::file_uri(&path)));
        }
    }
    match args.output {
        Output::Json => match snapshots {
            [one] => output::result(&output::json(one)?)?,
            all => output::result(&output::json(&all)?)?,
        },
        Output::Text => {
            for taken in snapshots {
                output::result(&render::snapshot_text(taken, &output::on_terminal()))?;
            }
        }
    }
    let whole = snapshots.iter().all(ClusterSnapshot::is_whole);
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// The variable that holds the key of the tokens. No flag: a key on a command line is in the shell's history.
const REDACT_KEY: &str = "TEMPORAL_PREFLIGHT_REDACT_KEY";

fn redactor(wanted: &[Side]) -> Result<Redactor, Problem> {
    match std::env::var(REDACT_KEY) {
        Ok(key) => Redactor::new(&Secret(key)),
        Err(_) if wanted.len() > 1 => Redactor::for_one_run(),
        Err(_) => Err(Problem::usage(format!("--redact of one side needs a key in {REDACT_KEY}"))
            .note("without the same key on both sides, nothing of one is found in the other")
            .help(format!("export {REDACT_KEY}=$(openssl rand -hex 32), keep it, and use it for both sides"))),
    }
}
