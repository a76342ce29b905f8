//! `check`: the gate of a pull request.

use super::baseline::{self, BaselineFlags};
use super::interrupt;
use super::judged_by::Judge;
use super::migration::MigrationArgs;
use super::progress;
use super::trees::TreeFlags;
use super::verdict::{ReportFlags, RuleRun};
use crate::facts::{Facts, Known};
use crate::scorecard::Gate;
use crate::ui::Problem;

/// May this change be merged? Scan, the rules that code can answer, and what the change adds
///
/// Needs no cluster and no configuration. With --baseline-ref or --baseline only what the change adds counts: what was
/// there before is counted and not repeated, and what the change mends is told. Moved and reformatted code is not new.
/// Without either the whole tree is judged. Factories, waivers and attestations of preflight.yaml are used when it is
/// there; with --baseline-ref those of the code before the change, and what the change edits of them is told. Exit code 1: the change adds a blocker; 3: it adds something that could not be decided.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    trees: TreeFlags,
    #[command(flatten)]
    baseline: BaselineFlags,
    #[command(flatten)]
    migration: MigrationArgs,
    #[command(flatten)]
    reports: ReportFlags,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    let mut migration = args.migration.load(args.reports.at.as_deref())?;
    let judge = match &args.baseline.baseline_ref {
        Some(reference) => Judge::before(&migration, &args.migration.path(), reference)?,
        None => Judge::now(&migration)?,
    };
    migration.preflight = judge.preflight;
    if let Some(kind) = args.migration.target_kind {
        migration.preflight.plan.target_kind = kind.into();
    }
    let attestations = judge.attestations;
    let run = RuleRun::with(&args.reports, judge.waivers)?.only(Gate::Pr);
    let trees = args.trees.of(&migration);
    let flags = args.baseline.clone();
    // Held here, so that it is removed when the run ends in whatever way.
    let folder = match flags.baseline_ref {
        Some(_) => Some(tempfile::Builder::new().prefix("temporal-preflight-").tempdir().map_err(|e| {
            Problem::tool("a temporary folder cannot be made").note(e.to_string()).help("check TMPDIR")
        })?),
        None => None,
    };
    let place = folder.as_ref().map(|f| f.path().to_owned());
    let both = interrupt::interruptible(move |stop| baseline::scan_both(&trees, &flags, place.as_deref(), stop))?;
    drop(folder);
    progress::step("asking the rules");
    let facts = |code| Facts {
        at: migration.at,
        plan: migration.preflight.plan.clone(),
        code: Known::Known(code),
        source: Known::unknown("`check` reads the code only"),
        target: Known::unknown("`check` reads the code only"),
        certificates: Known::unknown("`check` reads the code only"),
        attestations: attestations.clone(),
    };
    let former = match both.before {
        Some(before) => {
            let card = run.card(&facts(before.code.clone()), Gate::Pr, None, None);
            Some(before.judged(card))
        }
        None => None,
    };
    let run = run.telling(judge.changes);
    let card = run.card(&facts(both.now), Gate::Pr, former.as_ref(), None);
    run.hand_over(&card.of_one_gate(), &args.reports)
}
