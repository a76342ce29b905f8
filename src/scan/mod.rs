//! Source tree → [`CodeFacts`].
//!
//! Walk, prefilter, lower, classify, resolve, lift wrappers, judge routing. Parsing goes in rounds: what the
//! resolver asks for and does not find (callers of a wrapper, writers of a field) decides which files are
//! parsed next, so a large tree costs what its Temporal part costs.

pub mod catalogue;
pub mod classify;
pub mod document;
pub mod entries;
pub mod factories;
pub mod fingerprint;
pub mod hazards;
pub mod index;
pub mod inventory;
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

use std::collections::BTreeSet;
use std::path::Path;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use crate::facts::code::*;
use crate::ui::Problem;
use catalogue::Catalogue;
use index::Index;
use lang::{FrontEnd, Module, Project, SourceFile};
pub use merge::merge;
use prefilter::Want;
use program::Unit;
use resolve::Resolver;
use walk::{Entry, Walked};

/// Rounds of parsing after the first; each follows one more hop through code that never names Temporal.
const ROUNDS: usize = 8;

/// How many files may be read only to see ways in: where more would be needed, what was read anyway must do.
const MORE: usize = 50;

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
    let automaton = |words: Vec<&str>| {
        AhoCorasick::new(words)
            .map_err(|e| Problem::tool("the search automaton could not be built").note(e.to_string()))
    };
    let markers = automaton(catalogues.values().flat_map(|c| &c.markers).map(String::as_str).collect())?;
    let mut walked = walk::walk(root, options, &markers)?;
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
    let mut places = vec![];
    for front in lang::FRONT_ENDS {
        let Some(catalogue) = catalogues.get(front.language()) else { continue };
        let project = project(front, catalogue, &walked);
        let manifests = walked.manifests.iter().filter(|(owner, ..)| owner.language() == front.language());
        let manifests = manifests.map(|(_, path, text)| (path.as_str(), text.as_str()));
        facts.sdks.extend(sdks::find(root, front.language(), &catalogue.dependency, manifests));
        let tokens = automaton(catalogue.tokens.iter().map(String::as_str).collect())?;
        let none = entries::Forms::default();
        let forms = forms.get(front.language()).unwrap_or(&none);
        places.extend(analyse_language(front, catalogue, forms, &project, &tokens, &mut walked, &mut facts));
    }
    hazards::private_key_files(&walked.private_keys, &mut facts.hazards);
    factories::apply(&mut facts, &options.factories, &places);
    finish(walked, &mut facts);
    Ok(facts)
}

/// What the manifests of one language say.
fn project(front: &'static dyn FrontEnd, catalogue: &Catalogue, walked: &Walked) -> Project {
    let mut modules: Vec<Module> = vec![];
    let mut aliases: Vec<lang::Alias> = vec![];
    for (owner, path, text) in &walked.manifests {
        if owner.language() != front.language() {
            continue;
        }
        modules.extend(front.module(path, text));
        aliases.extend(front.aliases(path, text));
    }
    modules.sort_by(|a, b| b.folder.len().cmp(&a.folder.len()).then_with(|| a.cmp(b)));
    aliases.sort_by(|a, b| {
        let exact = |alias: &lang::Alias| !alias.pattern.contains('*');
        (b.scope.len(), exact(b), b.pattern.len())
            .cmp(&(a.scope.len(), exact(a), a.pattern.len()))
            .then_with(|| a.cmp(b))
    });
    let files = walked
        .entries
        .iter()
        .filter(|e| e.front.language() == front.language())
        .map(|e| e.path.rsplit_once('.').map_or(e.path.as_str(), |(stem, _)| stem).to_owned())
        .collect();
    let folders = walked
        .entries
        .iter()
        .filter(|e| e.front.language() == front.language())
        .map(|e| front.home(&e.path).to_owned())
        .collect();
    Project { modules, folders, aliases, files, sdk: catalogue.dependency.clone() }
}

/// What was found in the files of one language.
#[derive(Default)]
struct Analysis {
    sites: Vec<Site>,
    wrappers: Vec<Wrapper>,
    factories: Vec<factories::Place>,
    workflow_types: Vec<WorkflowDefinition>,
    search_attributes: Vec<SearchAttributeUse>,
    hazards: Vec<Hazard>,
    features: Vec<FeatureUse>,
    dropped: std::collections::BTreeMap<String, u64>,
}

/// Parse in rounds until the resolver asks for nothing new, then write down what was found.
fn analyse_language(
    front: &'static dyn FrontEnd,
    catalogue: &Catalogue,
    forms: &entries::Forms,
    project: &Project,
    tokens: &AhoCorasick,
    walked: &mut Walked,
    facts: &mut CodeFacts,
) -> Vec<factories::Place> {
    let mine: Vec<usize> = (0..walked.entries.len())
        .filter(|i| walked.entries.get(*i).is_some_and(|e| e.front.language() == front.language()))
        .collect();
    facts.coverage.files_of_known_languages += mine.len() as u64;
    // A tree in which no file names the SDK cannot call it.
    if !mine.iter().any(|i| walked.entries.get(*i).is_some_and(|e| e.marked)) {
        return vec![];
    }
    let mut chosen = prefilter::seeds(&walked.entries, &mine, tokens);
    let mut parsed: BTreeSet<usize> = BTreeSet::new();
    let mut asked: BTreeSet<Want> = BTreeSet::new();
    let mut units: Vec<Unit> = vec![];
    let mut files = 0;
    let mut analysis = Analysis::default();
    let mut entered = false;
    for round in 0..=ROUNDS {
        let lowered: Vec<(usize, Result<Lowered, String>)> =
            chosen.par_iter().filter_map(|i| Some((*i, lower(walked.entries.get(*i)?, project)))).collect();
        for (i, result) in lowered {
            parsed.insert(i);
            let Some(entry) = walked.entries.get(i) else { continue };
            let reason = match result {
                Ok(Lowered { units: lowered, replaced }) => {
                    files += 1;
                    units.extend(lowered);
                    replaced.then(|| "in part: not valid UTF-8, read with replacement characters".to_owned())
                }
                Err(reason) => Some(reason),
            };
            walked.skipped.extend(reason.map(|reason| Skip { path: entry.path.clone(), reason }));
        }
        units.sort_by(|a, b| a.path.cmp(&b.path));
        let index = Index::new(&units, catalogue, project, front);
        let resolver = Resolver::new(&index);
        let mut settled = settle(&resolver);
        chosen = ask(&index, &mut asked, walked, &candidates(&mine, &parsed), project);
        if !chosen.is_empty() && round < ROUNDS {
            continue;
        }
        // What describes the calls is looked for when they are settled; ways in once, for they only add to it.
        entries::find(&resolver, forms, &mut settled.drafts, &mut settled.lifts);
        let more = ask(&index, &mut asked, walked, &candidates(&mine, &parsed), project);
        analysis = describe(&resolver, settled);
        chosen = ask(&index, &mut asked, walked, &candidates(&mine, &parsed), project);
        if !entered && more.len() <= MORE {
            chosen.extend(more);
            chosen.sort_unstable();
            chosen.dedup();
            entered = true;
        }
        if chosen.is_empty() {
            break;
        }
    }
    let coverage = &mut facts.coverage;
    coverage.files_parsed += files;
    for unit in &units {
        if unit.broken {
            coverage.files_with_syntax_errors.push(unit.path.clone());
        }
        if unit.too_deep {
            let reason = format!("in part: nesting deeper than {} levels was not followed", lang::builder::MAX_DEPTH);
            walked.skipped.push(Skip { path: unit.path.clone(), reason });
        }
    }
    for (reason, count) in analysis.dropped {
        *coverage.dropped.entry(reason).or_default() += count;
    }
    facts.sites.extend(analysis.sites);
    facts.wrappers.extend(analysis.wrappers);
    facts.workflow_types.extend(analysis.workflow_types);
    facts.search_attributes.extend(analysis.search_attributes);
    facts.hazards.extend(analysis.hazards);
    facts.features.extend(analysis.features);
    analysis.factories
}

/// Files in which names occur that the resolver did not find and did not ask for before.
fn ask(
    index: &Index<'_>,
    asked: &mut BTreeSet<Want>,
    walked: &Walked,
    candidates: &[usize],
    project: &Project,
) -> Vec<usize> {
    let wants: BTreeSet<Want> = index.wants.take().difference(asked).cloned().collect();
    let chosen = prefilter::select(&walked.entries, candidates, &wants, project);
    asked.extend(wants);
    chosen
}

/// Files not parsed yet.
fn candidates(mine: &[usize], parsed: &BTreeSet<usize>) -> Vec<usize> {
    mine.iter().copied().filter(|i| !parsed.contains(i)).collect()
}

/// The calls, where their clients come from, and who hands them on: what decides which files are parsed.
struct Settled<'a> {
    classified: classify::Classified<'a>,
    drafts: Vec<sites::Draft<'a>>,
    lifts: Vec<wrappers::Lift>,
}

fn settle<'a>(r: &Resolver<'a>) -> Settled<'a> {
    let classified = classify::classify(r);
    let mut drafts = sites::build(r, &classified);
    routing::judge(r, &mut drafts);
    let lifts = wrappers::lift(r, &mut drafts);
    Settled { classified, drafts, lifts }
}

/// Everything the lowered files say.
fn describe(r: &Resolver<'_>, settled: Settled<'_>) -> Analysis {
    let Settled { classified, drafts, lifts } = settled;
    Analysis {
        factories: factories::functions(r),
        workflow_types: inventory::workflows(r, &classified),
        search_attributes: inventory::search_attributes(r, &classified),
        features: inventory::features(r),
        hazards: hazards::find(r, &classified, &drafts),
        wrappers: lifts.into_iter().map(|lift| lift.wrapper).collect(),
        sites: drafts.into_iter().map(|d| d.site).collect(),
        dropped: classified.dropped,
    }
}

/// A parsed file.
struct Lowered {
    units: Vec<Unit>,
    /// Invalid bytes were replaced.
    replaced: bool,
}

fn lower(entry: &Entry, project: &Project) -> Result<Lowered, String> {
    let bytes = text::read(&entry.full).map_err(|e| format!("unreadable: {e}"))?;
    if !text::is_text(&bytes) {
        return Err("not text".to_owned());
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let text = String::from_utf8_lossy(bytes);
    let replaced = matches!(text, std::borrow::Cow::Owned(_));
    let text = text.into_owned();
    let scope = scope::classify(&entry.path, &text, Some(entry.front));
    let units = entry.front.lower_all(SourceFile { path: &entry.path, scope, text, project })?;
    Ok(Lowered { units, replaced })
}

/// Sort everything and fill the coverage.
fn finish(walked: Walked, facts: &mut CodeFacts) {
    let coverage = &mut facts.coverage;
    coverage.files_seen = walked.seen;
    coverage.languages = walked.languages;
    coverage.not_analysed = walked.not_analysed;
    coverage.skipped = walked.skipped;
    merge::sort(facts);
}
