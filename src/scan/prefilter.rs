//! Which files are worth parsing: byte needles first, then names the analysis asks for.
//!
//! Parsing is a hundred times slower than searching, so a file is parsed only when it names the SDK, calls
//! something that looks like it, or holds a name the resolver wants: callers of a wrapper, writers of a
//! field, the declaration of a type.

use std::collections::{BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;

use super::lang::Project;
use super::text;
use super::walk::Entry;

/// A name the resolver asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRequest {
    /// The identifier.
    pub name: String,
    /// The package that declares it.
    pub package: String,
    /// Where it may stand.
    pub reach: Reach,
    /// Of a method that is declared apart from its type: the type.
    pub owner: Option<String>,
}

/// Which files may hold what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Files of the package itself: its declaration is asked for.
    Declaration,
    /// Files that import the package and give the name a value: writers of a field.
    Writers,
    /// Files that import the package.
    Importers,
    /// A file that does not import the package may use it too: methods of values handed around.
    Anywhere,
}

/// A name found in more files than this, without the import of its package, is too common to follow.
const COMMON: usize = 60;

/// Files to parse at once: those with markers, and those with API tokens.
pub fn seeds(entries: &[Entry], candidates: &[usize], tokens: &AhoCorasick) -> Vec<usize> {
    candidates
        .par_iter()
        .copied()
        .filter(|i| {
            let Some(entry) = entries.get(*i) else { return false };
            entry.marked || text::read(&entry.full).is_ok_and(|bytes| tokens.is_match(&bytes))
        })
        .collect()
}

/// Those of `chosen` in which none of the words stands.
pub fn without(entries: &[Entry], chosen: &[usize], words: &AhoCorasick) -> Vec<usize> {
    let free = |i: &usize| {
        let bytes = entries.get(*i).and_then(|entry| text::read(&entry.full).ok());
        bytes.is_some_and(|bytes| !words.is_match(&bytes))
    };
    chosen.par_iter().copied().filter(free).collect()
}

/// Files among `candidates` in which a wanted name occurs and may mean what is wanted.
pub fn select(entries: &[Entry], candidates: &[usize], wants: &BTreeSet<FileRequest>, project: &Project) -> Vec<usize> {
    let mut packages: HashMap<&str, Vec<String>> = HashMap::new();
    if let Some(front) = candidates.first().and_then(|i| entries.get(*i)).map(|e| e.front) {
        for want in wants {
            packages.entry(&want.package).or_insert_with(|| front.mentions(&want.package, project));
        }
    }
    let mut by_name: HashMap<&str, Vec<&FileRequest>> = HashMap::new();
    for want in wants {
        by_name.entry(want.name.as_str()).or_default().push(want);
    }
    let names: Vec<&str> = by_name.keys().copied().collect();
    if names.is_empty() {
        return vec![];
    }
    let Ok(automaton) = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&names) else { return vec![] };
    // Per file: the wants met, and whether their package is in reach.
    let hits: Vec<(usize, Vec<(&FileRequest, bool)>)> = candidates
        .par_iter()
        .filter_map(|i| {
            let entry = entries.get(*i)?;
            let bytes = text::read(&entry.full).ok()?;
            let mut met: Vec<(&FileRequest, bool)> = vec![];
            let mut seen = vec![false; names.len()];
            let mut imported: HashMap<&str, bool> = HashMap::new();
            for hit in automaton.find_overlapping_iter(&bytes) {
                let pattern = hit.pattern().as_usize();
                let (Some(wants), Some(seen)) =
                    (names.get(pattern).and_then(|n| by_name.get(n)), seen.get_mut(pattern))
                else {
                    continue;
                };
                if !text::is_whole(&bytes, hit.start(), hit.end()) {
                    continue;
                }
                let written = is_given_a_value(&bytes, hit.end());
                for want in wants {
                    // What only some of its places in a file tell is looked for in all of them.
                    let skip = match (&want.owner, want.reach) {
                        (None, Reach::Writers) => !written || met.iter().any(|(known, _)| known == want),
                        (None, _) => *seen,
                        (Some(_), _) => met.iter().any(|(known, _)| known == want),
                    };
                    if skip {
                        continue;
                    }
                    let apart =
                        |owner: &String| entry.front.declares_method(text::line_before(&bytes, hit.start()), owner);
                    if want.owner.as_ref().is_some_and(|owner| !apart(owner)) {
                        continue;
                    }
                    let inside = entry.front.declares(&want.package, &entry.path, project);
                    let reach = inside
                        || want.reach != Reach::Declaration
                            && *imported.entry(want.package.as_str()).or_insert_with(|| {
                                let mentions = packages.get(want.package.as_str()).map_or(&[][..], Vec::as_slice);
                                entry.front.may_import(&bytes, &want.package, mentions)
                            });
                    if reach || want.reach == Reach::Anywhere {
                        met.push((want, reach));
                    }
                }
                *seen = true;
            }
            // A file that hands on the names of others does not name them.
            if met.is_empty()
                && let Some(text) = entry.front.hands_on()
                && contains(&bytes, text)
            {
                let declares = |want: &&FileRequest| entry.front.declares(&want.package, &entry.path, project);
                met.extend(wants.iter().find(declares).map(|want| (want, true)));
            }
            (!met.is_empty()).then_some((*i, met))
        })
        .collect();
    let mut loose: HashMap<&FileRequest, usize> = HashMap::new();
    for (want, reach) in hits.iter().flat_map(|(_, met)| met) {
        if !reach {
            *loose.entry(want).or_default() += 1;
        }
    }
    hits.iter()
        .filter(|(_, met)| met.iter().any(|(want, reach)| *reach || loose.get(want).is_some_and(|n| *n <= COMMON)))
        .map(|(i, _)| *i)
        .collect()
}

/// Whether what follows a name gives it a value, as far as one can see: `name = …`, `name: …`, `{ name, … }`.
fn is_given_a_value(bytes: &[u8], end: usize) -> bool {
    let rest = bytes.get(end..).unwrap_or_default().trim_ascii_start();
    match rest {
        [b'=', b'=', ..] => false,
        [b'=' | b':' | b',' | b'}', ..] => true,
        // `name ??= …`, `name ||= …`
        [b'?', b'?', b'=', ..] | [b'|', b'|', b'=', ..] => true,
        _ => false,
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}
