//! One language of a part of the tree: parsing in rounds, and everything its files say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::catalogue::Catalogue;
use super::index::Index;
use super::lang::{self, FrontEnd, Module, Project, SourceFile};
use super::partition::{self, Part};
use super::prefilter::{self, FileRequest};
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
    let coverage = Coverage { files_of_known_languages: part.entries.len() as u64, ..Coverage::default() };
    let members = part.members();
    let seeds: Vec<Vec<usize>> =
        members.iter().map(|member| seeds(catalogue, walked, member)).collect::<Result<_, _>>()?;
    if seeds.iter().all(Vec::is_empty) {
        return Ok(Analysis { sdks, coverage, ..Analysis::default() });
    }
    let paths = part.entries.iter().filter_map(|i| Some(walked.entries.get(*i)?.path.as_str()));
    let project = &project(front, catalogue, paths, &manifests);
    if partition::is_other_engine(front, catalogue, walked, part) {
        return Ok(Analysis { sdks, coverage, ..Analysis::default() });
    }
    let with = With { front, catalogue, forms, walked, project, trace };
    let mut read = Read { coverage, ..Read::default() };
    let mut chosen = seeds.concat();
    if members.len() > 1 {
        // Rounds cost what they look at: each repository first for itself, then what leads from one into another.
        for (member, seeds) in members.iter().zip(seeds) {
            with.read_alone(member, seeds, &mut read);
        }
        chosen = vec![];
    }
    let analysis = with.analyse(&part.entries, chosen, &mut read);
    let needles = Needles::new(catalogue, &read.asked)?;
    read.tell_broken(&needles);
    let Read { mut coverage, .. } = read;
    let Analysis { coverage: Coverage { candidates_dropped, steps, skipped, .. }, .. } = analysis;
    coverage.skipped.extend(skipped);
    Ok(Analysis { sdks, coverage: Coverage { candidates_dropped, steps, ..coverage }, ..analysis })
}

/// Files of one repository that are read first: those that name the SDK, and those with words of its calls.
fn seeds(catalogue: &Catalogue, walked: &Walked, member: &[usize]) -> Result<Vec<usize>, Problem> {
    let chosen = prefilter::seeds(&walked.entries, member, &automaton(&catalogue.tokens)?);
    if member.iter().any(|i| walked.entries.get(*i).is_some_and(|entry| entry.marked)) {
        return Ok(chosen);
    }
    // Where no file names the SDK, a library around it may still be called; the same names in a file that uses another
    // engine are those of that engine.
    let rivals: Vec<String> = catalogue.rivals().map(str::to_owned).collect();
    Ok(prefilter::without(&walked.entries, &chosen, &automaton(&rivals)?))
}

/// What a part is read with.
struct With<'a> {
    front: &'static dyn FrontEnd,
    catalogue: &'a Catalogue,
    forms: &'a entries::Forms,
    walked: &'a Walked,
    project: &'a Project,
    trace: Option<&'a Traced>,
}

/// What was read of a part so far.
#[derive(Default)]
struct Read {
    /// Places of the files that were parsed, well or not.
    parsed: BTreeSet<usize>,
    /// Names that were looked for in all files.
    asked: BTreeSet<FileRequest>,
    /// By path.
    units: Vec<Unit>,
    coverage: Coverage,
}

impl With<'_> {
    /// Parse what the code of one repository asks for in its own files.
    fn read_alone(&self, member: &[usize], mut chosen: Vec<usize>, all: &mut Read) {
        let mut read = Read::default();
        for _ in 0..=ROUNDS {
            self.parse(&chosen, &mut read);
            let index = Index::new(&read.units, self.catalogue, self.project, self.front);
            settle(&Resolver::new(&index));
            chosen = self.ask(&index, &mut read.asked, &unread(member, &read.parsed));
            if chosen.is_empty() {
                break;
            }
        }
        all.parsed.extend(read.parsed);
        all.units.extend(read.units);
        all.coverage.files_parsed += read.coverage.files_parsed;
        all.coverage.skipped.extend(read.coverage.skipped);
    }

    /// Parse what is asked for, and describe what was found when nothing new is asked for.
    fn analyse(&self, mine: &[usize], mut chosen: Vec<usize>, read: &mut Read) -> Analysis {
        let mut analysis = Analysis::default();
        let mut told: Vec<String> = vec![];
        let mut entered = false;
        for round in 0..=ROUNDS {
            self.parse(&chosen, read);
            let unread = unread(mine, &read.parsed);
            let index = Index::new(&read.units, self.catalogue, self.project, self.front);
            let resolver = Resolver::new(&index);
            let mut settled = settle(&resolver);
            chosen = self.ask(&index, &mut read.asked, &unread);
            if !chosen.is_empty() && round < ROUNDS {
                continue;
            }
            // What describes the calls is looked for when they are settled; ways in once, for they only add to it.
            entries::find(&resolver, self.forms, &mut settled.drafts, &mut settled.lifts);
            let more = self.ask(&index, &mut read.asked, &unread);
            told = self.trace.map(|trace| traced::lines(&resolver, trace, &settled.drafts)).unwrap_or_default();
            analysis = describe(&resolver, settled);
            analysis.coverage.steps = resolver.budget.taken();
            analysis.coverage.skipped = given_up(&read.units, resolver.budget.gaps());
            chosen = self.ask(&index, &mut read.asked, &unread);
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
        if let Some(trace) = self.trace {
            told.into_iter().for_each(|line| trace.told.say(|| line));
        }
        analysis
    }

    fn parse(&self, chosen: &[usize], read: &mut Read) {
        let lowered: Vec<(&Entry, Result<Lowered, String>)> = chosen
            .par_iter()
            .filter_map(|i| self.walked.entries.get(*i))
            .map(|entry| (entry, lower(entry, self.project)))
            .collect();
        read.parsed.extend(chosen);
        for (entry, result) in lowered {
            let reason = match result {
                Ok(Lowered { units, replaced }) => {
                    read.coverage.files_parsed += 1;
                    read.units.extend(units);
                    replaced.then(|| "in part: not valid UTF-8, read with replacement characters".to_owned())
                }
                Err(reason) => Some(reason),
            };
            read.coverage.skipped.extend(reason.map(|reason| Skip { path: entry.path.clone(), reason }));
        }
        read.units.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Files in which names occur that the resolver did not find and did not ask for before.
    fn ask(&self, index: &Index<'_>, asked: &mut BTreeSet<FileRequest>, unread: &[usize]) -> Vec<usize> {
        let wants: BTreeSet<FileRequest> = index.wants.take().difference(asked).cloned().collect();
        let chosen = prefilter::select(&self.walked.entries, unread, &wants, self.project);
        asked.extend(wants);
        chosen
    }
}

impl Read {
    /// Name the files of which a piece could not be read.
    fn tell_broken(&mut self, needles: &Needles) {
        for unit in &self.units {
            if !unit.broken.is_empty() {
                let decides = unit.scope.is_production() && needles.touch(unit);
                let coverage = &mut self.coverage;
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
                self.coverage.skipped.push(Skip { path: unit.path.clone(), reason });
            }
        }
    }
}

/// Files in which searches ended at their bound: how many, and the line of the first.
fn given_up(units: &[Unit], gaps: BTreeMap<u32, (usize, u32)>) -> Vec<Skip> {
    let mut skips = vec![];
    for (unit, (count, line)) in gaps {
        let Some(unit) = units.get(unit as usize).filter(|unit| unit.scope.is_production()) else { continue };
        let searches = if count == 1 { "a search was".to_owned() } else { format!("{count} searches were") };
        let reason =
            format!("in part: {searches} given up after as many steps as one may take, the first at line {line}");
        skips.push(Skip { path: unit.path.clone(), reason });
    }
    skips
}

/// Words by which a broken part of a file has to do with Temporal: those of the SDK, and names of the tree the analysis
/// asked for.
struct Needles {
    automaton: AhoCorasick,
    /// Those of the SDK alone.
    of_sdk: AhoCorasick,
}

impl Needles {
    fn new(catalogue: &Catalogue, asked: &BTreeSet<FileRequest>) -> Result<Self, Problem> {
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

/// Those of `mine` that were not parsed yet.
fn unread(mine: &[usize], parsed: &BTreeSet<usize>) -> Vec<usize> {
    mine.iter().copied().filter(|i| !parsed.contains(i)).collect()
}

/// The calls, where their clients come from, and who hands them on: what decides which files are parsed.
struct Settled<'a> {
    classified: classify::Classified<'a>,
    drafts: Vec<sites::SiteDraft<'a>>,
    lifts: Vec<wrappers::WrapperCandidate>,
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
