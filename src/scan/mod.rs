//! Source tree → [`CodeFacts`].
//!
//! Walk, prefilter, lower, classify, resolve, lift wrappers, judge routing. Parsing goes in rounds: what the
//! resolver asks for and does not find (callers of a wrapper, writers of a field) decides which files are
//! parsed next, so a large tree costs what its Temporal part costs.

mod analyse;
pub mod catalogue;
mod chains;
pub mod classify;
pub mod document;
pub mod entries;
pub mod factories;
pub mod fingerprint;
pub mod git;
pub mod hazards;
mod ignores;
pub mod index;
mod infra;
pub mod inventory;
pub mod keys;
pub mod lang;
mod merge;
mod owners;
mod partition;
pub mod prefilter;
pub mod program;
pub mod resolve;
mod revision;
pub mod routing;
pub mod scope;
mod sdks;
pub mod sites;
pub mod text;
mod traced;
pub mod tree;
pub mod walk;
pub mod wrappers;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::facts::Known;
use crate::facts::code::*;
use crate::ui::Problem;
use catalogue::Catalogue;
pub use merge::{merge, merged_path};
use sha2::{Digest as _, Sha256};
pub use traced::Traced;
use walk::Walked;

/// What to scan and how.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Connection factories, `path:function` each; none means: propose them from the facts.
    pub factories: Vec<String>,
    /// Leave out files that match one of these globs.
    pub exclude: Vec<String>,
    /// The tree was laid out from a commit: every file of it counts.
    pub laid_out: bool,
    /// Larger files are skipped and named.
    pub max_file_bytes: u64,
    /// Told, in a short line, what the scan is doing.
    pub progress: Progress,
    /// A place whose search is told.
    pub trace: Option<Traced>,
}

/// Told a short line.
type Told = Arc<dyn Fn(&str) + Send + Sync>;

/// Somebody who is told what the scan is doing, or nobody.
#[derive(Clone, Default)]
pub struct Progress(Option<Told>);

impl From<Told> for Progress {
    fn from(told: Told) -> Self {
        Self(Some(told))
    }
}

impl Progress {
    pub(crate) fn say(&self, line: impl FnOnce() -> String) {
        if let Some(told) = &self.0 {
            told(&line());
        }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(told)" } else { "Progress(nobody)" })
    }
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            factories: vec![],
            exclude: vec![],
            laid_out: false,
            max_file_bytes: 10_000_000,
            progress: Progress::default(),
            trace: None,
        }
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
    let catalogues = Catalogue::built_in()?;
    let forms = entries::Forms::built_in()?;
    let markers = analyse::automaton(catalogues.values().flat_map(|c| &c.markers))?;
    options.progress.say(|| format!("{}: finding files", root.display()));
    let walked = walk::walk(root, options, &markers)?;
    let no_forms = entries::Forms::default();
    let with_catalogue = lang::FRONT_ENDS.iter().filter_map(|front| Some((*front, catalogues.get(front.language())?)));
    let mut jobs: Vec<Job<'_>> = pool.install(|| {
        let parts = |front, catalogue| partition::split(root, front, catalogue, &walked).into_iter();
        with_catalogue
            .flat_map(|(front, catalogue)| parts(front, catalogue).map(move |part| Job { front, catalogue, part }))
            .collect()
    });
    // The largest first, so that none is left alone at the end.
    jobs.sort_by_key(|job| std::cmp::Reverse(job.part.entries.len()));
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
        links: Known::Known(vec![]),
        sdks: vec![],
        ignores: vec![],
        owners: BTreeMap::new(),
        coverage: Coverage::default(),
    };
    let mut places = vec![];
    for analysis in analyse_all(&pool, &jobs, |job| {
        options
            .progress
            .say(|| format!("{}: {} files of {}", root.display(), job.part.entries.len(), job.front.language()));
        let forms = forms.get(job.front.language()).unwrap_or(&no_forms);
        analyse::language(root, job.front, job.catalogue, forms, &walked, &job.part, options.trace.as_ref())
    }) {
        places.extend(analysis?.into_facts(&mut facts));
    }
    factories::apply(&mut facts, &options.factories, &places);
    let recorded = walked.recorded.clone();
    finish(walked, &mut facts);
    facts.coverage.unread_digests = digests(root, &facts.coverage);
    facts.coverage.unread_digests.extend(recorded);
    facts.owners = owners::of(root, &mut facts);
    Ok(facts)
}

/// Let a copy of `root` be taken for one repository where `root` is: a folder of checkouts is scanned otherwise.
///
/// # Errors
/// The copy cannot be written.
pub fn like_a_repository(root: &Path, copy: &Path) -> Result<(), Problem> {
    if !partition::is_one_repository(root) {
        return Ok(());
    }
    std::fs::create_dir_all(copy.join(".git"))
        .map_err(|e| Problem::tool("the baseline cannot be laid out").note(e.to_string()))
}

/// One language of one part of the tree.
struct Job<'a> {
    front: &'static dyn lang::FrontEnd,
    catalogue: &'a Catalogue,
    part: partition::Part,
}

/// How many jobs are in memory at once.
const AT_ONCE: usize = 4;

/// Do all jobs, a few at a time; each may use all threads of the pool.
fn analyse_all<'a, T: Send>(pool: &rayon::ThreadPool, jobs: &[Job<'a>], work: impl Fn(&Job<'a>) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..pool.current_num_threads().min(AT_ONCE) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = pool.install(|| work(job));
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Of the files that were not read, those that can at least be hashed.
fn digests(root: &Path, coverage: &Coverage) -> BTreeMap<String, String> {
    let digest = |path: &str| {
        let path = root.join(path);
        std::fs::symlink_metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
        // A file may be too large to be held.
        let mut file = BufReader::new(std::fs::File::open(path).ok()?);
        let mut state = Sha256::new();
        while let piece @ [_, ..] = file.fill_buf().ok()? {
            state.update(piece);
            let read = piece.len();
            file.consume(read);
        }
        Some(state.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    };
    coverage.unread().into_iter().filter_map(|path| Some((path.to_owned(), digest(path)?))).collect()
}

/// Sort everything and fill the coverage.
fn finish(walked: Walked, facts: &mut CodeFacts) {
    facts.hazards.extend(walked.private_keys);
    facts.ignores.extend(walked.ignores);
    let coverage = &mut facts.coverage;
    coverage.files_seen = walked.seen;
    coverage.languages = walked.languages;
    coverage.not_analysed = walked.not_analysed;
    coverage.beyond = walked.beyond;
    coverage.skipped.extend(walked.skipped);
    merge::sort(facts);
}
