//! From a migration to [`Facts`]: the code, the certificates and what people attest; snapshots come from files or a probe.

use std::path::Path;

use jiff::Timestamp;

use super::migration::Migration;
use super::output;
use super::trees::Trees;
use crate::config;
use crate::facts::attestation::Attestation;
use crate::facts::certificate::CertificateFile;
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::code::CodeFacts;
use crate::facts::{Facts, Known, Side, Why};
use crate::probe;
use crate::scan;
use crate::ui::Problem;

/// Scan every root; several are merged.
pub fn code(trees: &Trees) -> Result<CodeFacts, Problem> {
    let facts = trees.roots.iter().map(|root| scan::scan(root, &trees.options)).collect::<Result<Vec<_>, _>>()?;
    Ok(scan::merge(facts))
}

/// Put the parts of a judgement together.
pub fn facts(
    migration: &Migration,
    code: Known<CodeFacts>,
    source: Known<ClusterSnapshot>,
    target: Known<ClusterSnapshot>,
) -> Result<Facts, Problem> {
    Ok(Facts {
        at: migration.at,
        plan: migration.preflight.plan.clone(),
        code,
        source,
        target,
        certificates: Known::Known(certificates(migration)),
        attestations: attestations(migration)?,
    })
}

fn certificates(migration: &Migration) -> Vec<CertificateFile> {
    let paths = &migration.preflight.certificates;
    let mut files: Vec<CertificateFile> =
        paths.iter().flat_map(|path| probe::certificates::read_path(&path.display().to_string())).collect();
    for file in &mut files {
        // As it stands in preflight.yaml: relative to the folder of that file.
        if let Ok(relative) = Path::new(&file.path).strip_prefix(&migration.folder) {
            file.path = relative.display().to_string();
        }
    }
    files
}

/// What people vouch for.
pub fn attestations(migration: &Migration) -> Result<Known<Vec<Attestation>>, Problem> {
    match &migration.preflight.attestations {
        Some(path) => Ok(Known::Known(config::attestations::load(path)?)),
        // Nobody said anything: an empty list, in which every asked-for word is missing.
        None => {
            let beside = migration.folder.join(config::ATTESTATIONS_FILE);
            if beside.is_file() {
                output::say(&format!(
                    "note: {} is not read, because no preflight.yaml names it: write `attestations: {}` there",
                    beside.display(),
                    config::ATTESTATIONS_FILE
                ));
            }
            Ok(Known::Known(Vec::new()))
        }
    }
}

/// A side that was left out on purpose.
pub fn left_out(side: Side) -> Known<ClusterSnapshot> {
    Known::Unknown(Why::with_remedy(
        format!("no snapshot of the {side} cluster was given"),
        format!("make one with `temporal-preflight probe --side {side}` and give it with --{side}"),
    ))
}

/// How old a stored snapshot may be before the reader is told.
pub fn warn_if_old(snapshot: &ClusterSnapshot, at: Timestamp) {
    let newest = snapshot.newest();
    let hours = at.duration_since(newest).as_hours();
    if hours > 24 {
        output::say(&format!(
            "note: the snapshot of the {} cluster is {} days old ({}); facts about open executions and schedules age quickly",
            snapshot.side,
            hours / 24,
            newest
        ));
    }
}
