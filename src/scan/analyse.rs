//! One language of a part of the tree: parsing in rounds, and everything its files say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::catalogue::Catalogue;
use super::index::Index;
use super::lang::{self, FrontEnd, Module, Project, SourceFile};
use super::parts::Part;
use super::prefilter::{self, Want};
use super::program::Unit;
use super::resolve::Resolver;
use super::traced::{self, Traced};
use super::walk::{Entry, Walked};
use super::{chains, classify, entries, factories, hazards, inventory, routing, scope, sdks, sites, text, wrappers};
use crate::facts::code::*;
use crate::ui::Problem;

/// Rounds of parsing after the first; each follows one more hop through code that never names Temporal.
const ROUNDS: usize = 8;

/// How many files may be read only to see ways in: where more would be needed, what was read anyway must do.
const MORE: usize = 50;

/// What was found in the files of one language.
#[derive(Default)]
pub struct Analysis {
    sites: Vec<Site>,
    wrappers: Vec<Wrapper>,
    factories: Vec<factories::Place>,
    workflow_types: Vec<WorkflowDefinition>,
    search_attributes: Vec<SearchAttributeUse>,
    hazards: Vec<Hazard>,
    features: Vec<FeatureUse>,
    links: Vec<WorkflowLink>,
    sdks: Vec<SdkVersion>,
    /// What this language adds to the coverage.
    coverage: Coverage,
}

impl Analysis {
    /// Add everything to the facts; functions that may be factories are handed back.
    pub fn into_facts(self, facts: &mut CodeFacts) -> Vec<factories::Place> {
        facts.sites.extend(self.sites);
        facts.wrappers.extend(self.wrappers);
        facts.workflow_types.extend(self.workflow_types);
        facts.search_attributes.extend(self.search_attributes);
        facts.hazards.extend(self.hazards);
        facts.features.extend(self.features);
        if let Some(links) = facts.links.value_mut() {
            links.extend(self.links);
        }
        facts.sdks.extend(self.sdks);
        let coverage = &mut facts.coverage;
        coverage.files_of_known_languages += self.coverage.files_of_known_languages;
        coverage.files_parsed += self.coverage.files_parsed;
        coverage.steps += self.coverage.steps;
        coverage.files_with_syntax_errors.extend(self.coverage.files_with_syntax_errors);
        coverage.broken_apart.extend(self.coverage.broken_apart);
        coverage.skipped.extend(self.coverage.skipped);
        for candidate in &self.coverage.candidates_dropped {
            *coverage.dropped.entry(candidate.reason.clone()).or_default() += 1;
        }
        coverage.candidates_dropped.extend(self.coverage.candidates_dropped);
        self.factories
    }
}

/// Parse in rounds until the resolver asks for nothing new, then write down what was found.
///
/// # Errors
/// Only a catalogue whose words cannot be searched for.
pub fn language(
    root: &Path,
    front: &'static dyn FrontEnd,
    catalogue: &Catalogue,
    forms: &entries::Forms,
    walked: &Walked,
    part: &Part,
    trace: Option<&Traced>,
) -> Result<Analysis, Problem> {
    let manifests: Vec<(&str, &str)> = part.manifests(walked).collect();
    let sdks = sdks::find(root, front.language(), &catalogue.dependency, manifests.iter().copied());
    let mine = &part.entries;
    let mut coverage = Coverage { files_of_known_languages: mine.len() as u64, ..Coverage::default() };
    let mut chosen = prefilter::seeds(&walked.entries, mine, &automaton(&catalogue.tokens)?);
    // Where no file names the SDK, a library around it may still be called; the same names in a file that uses another
    // engine are those of that engine.
    let marked = mine.iter().any(|i| walked.entries.get(*i).is_some_and(|entry| entry.marked));
    if !marked {
        let rivals: Vec<String> = catalogue.rivals().map(str::to_owned).collect();
        chosen = prefilter::without(&walked.entries, &chosen, &automaton(&rivals)?);
    }
    if chosen.is_empty() {
        return Ok(Analysis { sdks, coverage, ..Analysis::default() });
    }
    let paths = mine.iter().filter_map(|i| Some(walked.entries.get(*i)?.path.as_str()));
    let project = &project(front, catalogue, paths, &manifests);
    if !marked && project.modules.iter().any(|module| catalogue.is_rival(&module.name)) {
        // The other engine itself.
        return Ok(Analysis { sdks, coverage, ..Analysis::default() });
    }
    let mut parsed: BTreeSet<usize> = BTreeSet::new();
    let mut asked: BTreeSet<Want> = BTreeSet::new();
    let mut units: Vec<Unit> = vec![];
    let mut analysis = Analysis::default();
    let mut entered = false;
    let mut gaps = BTreeMap::new();
    let mut told: Vec<String> = vec![];
    for round in 0..=ROUNDS {
        let lowered: Vec<(usize, Result<Lowered, String>)> =
            chosen.par_iter().filter_map(|i| Some((*i, lower(walked.entries.get(*i)?, project)))).collect();
        for (i, result) in lowered {
            parsed.insert(i);
            let Some(entry) = walked.entries.get(i) else { continue };
            let reason = match result {
                Ok(Lowered { units: lowered, replaced }) => {
                    coverage.files_parsed += 1;
                    units.extend(lowered);
                    replaced.then(|| "in part: not valid UTF-8, read with replacement characters".to_owned())
                }
                Err(reason) => Some(reason),
            };
            coverage.skipped.extend(reason.map(|reason| Skip { path: entry.path.clone(), reason }));
        }
        units.sort_by(|a, b| a.path.cmp(&b.path));
        let index = Index::new(&units, catalogue, project, front);
        let resolver = Resolver::new(&index);
        let mut settled = settle(&resolver);
        chosen = ask(&index, &mut asked, walked, &candidates(mine, &parsed), project);
        if !chosen.is_empty() && round < ROUNDS {
            continue;
        }
        // What describes the calls is looked for when they are settled; ways in once, for they only add to it.
        entries::find(&resolver, forms, &mut settled.drafts, &mut settled.lifts);
        let more = ask(&index, &mut asked, walked, &candidates(mine, &parsed), project);
        told = trace.map(|trace| traced::lines(&resolver, trace, &settled.drafts)).unwrap_or_default();
        analysis = describe(&resolver, settled);
        gaps = resolver.budget.gaps();
        analysis.coverage.steps = resolver.budget.taken();
        chosen = ask(&index, &mut asked, walked, &candidates(mine, &parsed), project);
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
    if let Some(trace) = trace {
        told.into_iter().for_each(|line| trace.told.say(|| line));
    }
    let needles = Needles::new(catalogue, &asked)?;
    for unit in &units {
        if !unit.broken.is_empty() {
            let decides = unit.scope.is_production() && needles.touch(unit);
            let files = if decides { &mut coverage.files_with_syntax_errors } else { &mut coverage.broken_apart };
            files.push(unit.path.clone());
        }
        if unit.too_deep {
            let depth = lang::builder::MAX_DEPTH;
            let reason = if unit.scope.is_production() && needles.named_in(&unit.text) {
                format!("in part: nesting deeper than {depth} levels was not followed")
            } else {
                format!("{}: nesting deeper than {depth} levels was not followed", Skip::APART)
            };
            coverage.skipped.push(Skip { path: unit.path.clone(), reason });
        }
    }
    for (unit, (count, line)) in gaps {
        let Some(unit) = units.get(unit as usize).filter(|unit| unit.scope.is_production()) else { continue };
        let searches = if count == 1 { "a search was".to_owned() } else { format!("{count} searches were") };
        let reason =
            format!("in part: {searches} given up after as many steps as one may take, the first at line {line}");
        coverage.skipped.push(Skip { path: unit.path.clone(), reason });
    }
    let candidates_dropped = std::mem::take(&mut analysis.coverage.candidates_dropped);
    let steps = analysis.coverage.steps;
    Ok(Analysis { sdks, coverage: Coverage { candidates_dropped, steps, ..coverage }, ..analysis })
}

/// Words by which a broken part of a file has to do with Temporal: those of the SDK, and names of the tree the analysis
/// asked for.
struct Needles {
    automaton: AhoCorasick,
    /// Those of the SDK alone.
    of_sdk: AhoCorasick,
}

impl Needles {
    fn new(catalogue: &Catalogue, asked: &BTreeSet<Want>) -> Result<Self, Problem> {
        let words = catalogue.markers.iter().chain(&catalogue.tokens).map(String::as_str);
        let words = words
            .chain(asked.iter().map(|want| want.name.as_str()).filter(|name| name.len() > 3))
            .chain(["temporal", "workflow"]);
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(words)
            .map_err(|e| Problem::tool("the search automaton could not be built").note(e.to_string()))?;
        Ok(Self { automaton, of_sdk: self::automaton(catalogue.markers.iter().chain(&catalogue.tokens))? })
    }

    /// Whether the SDK, or a call of its names, stands anywhere in a text.
    fn named_in(&self, text: &str) -> bool {
        self.of_sdk.is_match(text)
    }

    fn touch(&self, unit: &Unit) -> bool {
        unit.broken.iter().any(|span| unit.text.get(span.clone()).is_none_or(|text| self.automaton.is_match(text)))
    }
}

/// Searches for any of these words.
pub fn automaton<'w>(words: impl IntoIterator<Item = &'w String>) -> Result<AhoCorasick, Problem> {
    AhoCorasick::new(words).map_err(|e| Problem::tool("the search automaton could not be built").note(e.to_string()))
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
    chains::join(r, &mut drafts);
    routing::judge(r, &mut drafts);
    let lifts = wrappers::lift(r, &mut drafts);
    Settled { classified, drafts, lifts }
}

/// Everything the lowered files say.
fn describe(r: &Resolver<'_>, settled: Settled<'_>) -> Analysis {
    let Settled { classified, drafts, lifts } = settled;
    let workflow_types = inventory::workflows(r, &classified);
    Analysis {
        factories: factories::functions(r, &drafts),
        links: inventory::links(r, &workflow_types),
        workflow_types,
        search_attributes: inventory::search_attributes(r, &classified),
        features: inventory::features(r),
        hazards: hazards::find(r, &classified, &drafts),
        wrappers: lifts.into_iter().map(|lift| lift.wrapper).collect(),
        sites: drafts.into_iter().map(|d| d.site).collect(),
        coverage: Coverage { candidates_dropped: classified.dropped, ..Coverage::default() },
        sdks: vec![],
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
    let mut units = entry.front.lower_all(SourceFile { path: &entry.path, scope, text, project })?;
    units.iter_mut().for_each(Unit::seal);
    Ok(Lowered { units, replaced })
}

/// What the manifests and the paths of one part say.
fn project<'p>(
    front: &'static dyn FrontEnd,
    catalogue: &Catalogue,
    paths: impl Iterator<Item = &'p str> + Clone,
    manifests: &[(&str, &str)],
) -> Project {
    let mut modules: Vec<Module> = manifests.iter().filter_map(|(path, text)| front.module(path, text)).collect();
    let mut aliases: Vec<lang::Alias> = manifests.iter().flat_map(|(path, text)| front.aliases(path, text)).collect();
    modules.sort_by(|a, b| b.folder.len().cmp(&a.folder.len()).then_with(|| a.cmp(b)));
    aliases.sort_by(|a, b| {
        let exact = |alias: &lang::Alias| !alias.pattern.contains('*');
        (b.scope.len(), exact(b), b.pattern.len())
            .cmp(&(a.scope.len(), exact(a), a.pattern.len()))
            .then_with(|| a.cmp(b))
    });
    let files = paths.clone().map(|path| path.rsplit_once('.').map_or(path, |(stem, _)| stem).to_owned()).collect();
    let folders = paths.map(|path| front.home(path).to_owned()).collect();
    Project { modules, folders, aliases, files, sdk: catalogue.own_packages() }
}
