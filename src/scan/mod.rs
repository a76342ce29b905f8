//! Source tree → [`CodeFacts`].
//!
//! Walk, prefilter, lower, classify, resolve, lift wrappers, judge routing. Parsing goes in rounds: what the
//! resolver asks for and does not find (callers of a wrapper, writers of a field) decides which files are
//! parsed next, so a large tree costs what its Temporal part costs.

mod analyse;
pub mod catalogue;
pub mod classify;
pub mod document;
pub mod entries;
pub mod factories;
pub mod fingerprint;
pub mod hazards;
pub mod index;
pub mod inventory;
pub mod keys;
pub mod lang;
mod merge;
pub mod prefilter;
pub mod program;
pub mod resolve;
mod revision;
pub mod routing;
pub mod scope;
mod sdks;
pub mod sites;
pub mod text;
pub mod walk;
pub mod wrappers;

use std::path::Path;

use rayon::prelude::*;

use crate::facts::code::*;
use crate::ui::Problem;
use catalogue::Catalogue;
pub use merge::merge;
use walk::Walked;

/// What to scan and how.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Connection factories, `path:function` each; none means: propose them from the facts.
    pub factories: Vec<String>,
    /// Only files that match one of these globs; empty for all.
    pub include: Vec<String>,
    /// Leave out files that match one of these globs.
    pub exclude: Vec<String>,
    /// Larger files are skipped and named.
    pub max_file_bytes: u64,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { factories: vec![], include: vec![], exclude: vec![], max_file_bytes: 10_000_000 }
    }
}

/// Scan one source tree.
///
/// # Errors
/// A root that does not exist and unusable globs are usage problems (exit code 2). Files that cannot be
/// read or parsed are no errors: they are named in the coverage.
pub fn scan(root: &Path, options: &ScanOptions) -> Result<CodeFacts, Problem> {
    if !root.exists() {
        return Err(Problem::usage(format!("the source tree {} does not exist", root.display()))
            .help("give the folder that holds the code, for example `.`"));
    }
    // Lowering and resolving recurse with the nesting of the code: generous stacks, and a bound in each.
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(64 << 20)
        .build()
        .map_err(|e| Problem::tool("threads for the scan could not be started").note(e.to_string()))?;
    pool.install(|| scan_in_pool(root, options))
}

fn scan_in_pool(root: &Path, options: &ScanOptions) -> Result<CodeFacts, Problem> {
    let catalogues = Catalogue::built_in()?;
    let forms = entries::Forms::built_in()?;
    let markers = analyse::automaton(catalogues.values().flat_map(|c| &c.markers))?;
    let walked = walk::walk(root, options, &markers)?;
    let mut facts = CodeFacts {
        schema: CODE_SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        repository: Repository { root: root.display().to_string(), commit: revision::head(root) },
        sites: vec![],
        wrappers: vec![],
        factories: vec![],
        workflow_types: vec![],
        search_attributes: vec![],
        hazards: vec![],
        features: vec![],
        sdks: vec![],
        coverage: Coverage::default(),
    };
    let languages: Vec<Result<analyse::Analysis, Problem>> = lang::FRONT_ENDS
        .par_iter()
        .filter_map(|front| Some((*front, catalogues.get(front.language())?)))
        .map(|(front, catalogue)| {
            let none = entries::Forms::default();
            analyse::language(root, front, catalogue, forms.get(front.language()).unwrap_or(&none), &walked)
        })
        .collect();
    let mut places = vec![];
    for analysis in languages {
        places.extend(analysis?.into_facts(&mut facts));
    }
    factories::apply(&mut facts, &options.factories, &places);
    finish(walked, &mut facts);
    Ok(facts)
}

/// Sort everything and fill the coverage.
fn finish(walked: Walked, facts: &mut CodeFacts) {
    facts.hazards.extend(walked.private_keys);
    let coverage = &mut facts.coverage;
    coverage.files_seen = walked.seen;
    coverage.languages = walked.languages;
    coverage.not_analysed = walked.not_analysed;
    coverage.skipped.extend(walked.skipped);
    merge::sort(facts);
}
