//! The source trees of a run, and how they are scanned.

use std::path::PathBuf;

use super::migration::Migration;
use super::progress;
use crate::scan::{self, ScanOptions};

/// Which trees, and what about them.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TreeFlags {
    /// Source trees [default: code.roots of preflight.yaml, else the current folder]
    #[arg(value_name = "ROOT")]
    roots: Vec<PathBuf>,
    /// A connection factory, as path:function; may be repeated
    #[arg(long, value_name = "PATH:FUNCTION")]
    factory: Vec<String>,
    /// Leave out paths that match the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
}

/// What is scanned.
#[derive(Debug, Clone)]
pub struct Trees {
    /// One or more.
    pub roots: Vec<PathBuf>,
    /// For all of them.
    pub options: ScanOptions,
}

impl TreeFlags {
    /// The given trees, else those of the file, else the file's folder; factories and globs add to those of the file.
    pub fn of(&self, migration: &Migration) -> Trees {
        let plan = &migration.preflight.plan;
        let excluded = plan.code_exclusions.iter().map(|exclusion| &exclusion.glob);
        Trees {
            roots: migration.roots(&self.roots),
            options: ScanOptions {
                factories: plan.factories.iter().chain(&self.factory).cloned().collect(),
                exclude: excluded.chain(&self.exclude).cloned().collect(),
                progress: progress::teller().map(scan::Progress::from).unwrap_or_default(),
                ..ScanOptions::default()
            },
        }
    }
}
