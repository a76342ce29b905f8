//! What the analyser could not read, and what that does to every list made from code.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::words;
use crate::facts::code::{Beyond, BeyondBy, CodeFacts, Skip};
use crate::facts::plan::Plan;
use crate::facts::{Known, Locus, Why};

/// What a list is about: what starts without an SDK leaves the starters open, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Who begins executions and schedules.
    Starts,
    /// Who talks to executions.
    Messages,
    /// Who begins an execution by a message.
    Both,
    /// Any of them.
    Any,
    /// None of them.
    Other,
}

/// A list from the whole tree, or from the part that could be analysed.
pub(super) fn whole<T>(code: &CodeFacts, value: T) -> Known<T> {
    whole_about(code, About::Other, value)
}

/// The same of a list that command lines and the like add to.
pub(super) fn whole_about<T>(code: &CodeFacts, about: About, value: T) -> Known<T> {
    match gap_about(code, about) {
        None => Known::Known(value),
        Some(why) => Known::Partial { value, why },
    }
}

/// What the analyser could not read although it names Temporal.
pub(super) fn gap(code: &CodeFacts) -> Option<Why> {
    gap_about(code, About::Other)
}

/// The same, with what starts or signals without code that is analysed.
pub(super) fn gap_about(code: &CodeFacts, about: About) -> Option<Why> {
    let mut unread = unread(code);
    unread.extend(beyond(code, |b| match about {
        About::Starts => b.starts,
        About::Messages => b.messages,
        About::Both => b.starts && b.messages,
        About::Any => true,
        About::Other => false,
    }));
    let parts: Vec<String> = unread.iter().map(|(what, places)| sentence(what, places)).collect();
    if parts.is_empty() {
        // Somebody starts the workflows: a tree in which nobody does is the wrong tree, or not the only one.
        let nobody = code.sites.iter().all(|site| !site.scope.is_production());
        return nobody.then(|| {
            Why::with_remedy(
                "no production code that uses Temporal was found in the scanned trees",
                "check `code.roots`, and scan every repository that starts, signals or runs workflows",
            )
        });
    }
    Some(Why::with_remedy(parts.join("; "), remedy(code)))
}

/// What to do first: files that are not there cannot be read by a person either.
fn remedy(code: &CodeFacts) -> &'static str {
    let lacking = || code.coverage.skipped.iter().filter(|skip| skip.is_lacking());
    if lacking().any(|skip| skip.reason.contains("submodule")) {
        "check the submodules out (`git submodule update --init --recursive`) and scan again; let a person read the other files"
    } else if lacking().next().is_some() {
        "take the whole work tree (`git sparse-checkout disable`, `git checkout -- .`) and scan again; let a person read the other files"
    } else {
        "let a person read these files"
    }
}

/// A file, or a place in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    path: String,
    line: u32,
}

impl Place {
    fn words(&self) -> String {
        match self.line {
            0 => format!("`{}`", self.path),
            line => format!("`{}:{line}`", self.path),
        }
    }
}

fn sentence(what: &str, places: &[Place]) -> String {
    let places: Vec<String> = places.iter().map(Place::words).collect();
    format!("{what}: {}", words::list(&places, 3))
}

/// Things that were not read, in words, and where they are.
type Unread = Vec<(String, Vec<Place>)>;

fn unread(code: &CodeFacts) -> Unread {
    let files = |paths: &[String]| paths.iter().map(|path| Place { path: path.clone(), line: 0 }).collect::<Vec<_>>();
    let mut all = Vec::new();
    for (language, paths) in code.coverage.not_analysed.iter().filter(|(_, files)| !files.is_empty()) {
        let (files_word, name) = counted(paths.len(), "file", "names", "name");
        all.push((
            format!("{files_word} of {language} {name} Temporal, which this version does not analyse"),
            files(paths),
        ));
    }
    let broken = &code.coverage.files_with_syntax_errors;
    if !broken.is_empty() {
        let (files_word, was) = counted(broken.len(), "file", "was", "were");
        all.push((format!("{files_word} with syntax errors {was} analysed in part"), files(broken)));
    }
    let skipped = |wanted: &dyn Fn(&Skip) -> bool| -> Vec<String> {
        code.coverage.skipped.iter().filter(|s| !s.on_purpose() && wanted(s)).map(|s| s.path.clone()).collect()
    };
    let lacking = skipped(&Skip::is_lacking);
    if !lacking.is_empty() {
        let (paths_word, is) = counted(lacking.len(), "path", "is", "are");
        let why = code.coverage.skipped.iter().find(|s| s.is_lacking()).and_then(|s| s.reason.split_once(": "));
        let why = why.map_or("", |(_, why)| why);
        all.push((format!("{paths_word} that git tracks {is} not in the work tree ({why})"), files(&lacking)));
    }
    let cut = skipped(&|s| s.is_in_part());
    if !cut.is_empty() {
        let (paths_word, _) = counted(cut.len(), "file", "", "");
        all.push((format!("not everything in {paths_word} could be followed"), files(&cut)));
    }
    let forced = skipped(&|s| !s.is_lacking() && !s.is_in_part());
    if !forced.is_empty() {
        let paths_word = words::count(forced.len() as u64, "path");
        all.push((format!("{paths_word} could not be read"), files(&forced)));
    }
    all
}

/// What starts or signals without code that is analysed, by the way it goes.
fn beyond(code: &CodeFacts, wanted: impl Fn(&Beyond) -> bool) -> Unread {
    let ways: [(BeyondBy, &str); 4] = [
        (BeyondBy::Command, "by commands of the CLI"),
        (BeyondBy::Http, "through the HTTP API"),
        (BeyondBy::Grpc, "by raw calls of the service"),
        (BeyondBy::Manifest, "by manifests"),
    ];
    let mut all = Vec::new();
    for (way, how) in ways {
        let seen = code.coverage.beyond.iter().filter(|b| b.by == way && b.scope.is_production() && wanted(b));
        let places: Vec<Place> = seen.map(|b| Place { path: b.path.clone(), line: b.line }).collect();
        if !places.is_empty() {
            let files: BTreeSet<&str> = places.iter().map(|place| place.path.as_str()).collect();
            let (files_word, start) = counted(files.len(), "file", "starts or signals", "start or signal");
            all.push((format!("{files_word} {start} {how}, which this version does not follow"), places));
        }
    }
    all
}

/// What the configuration leaves out without a reason although it names Temporal.
fn excluded(code: &CodeFacts, plan: &Plan) -> Unread {
    let paths = code.coverage.skipped.iter().filter(|s| s.is_excluded() && plan.left_out(&s.path).is_none());
    let places: Vec<Place> = paths.map(|s| Place { path: s.path.clone(), line: 0 }).collect();
    if places.is_empty() {
        return vec![];
    }
    let (files_word, name) = counted(places.len(), "file", "names", "name");
    vec![(format!("{files_word} that the configuration leaves out without a reason {name} Temporal"), places)]
}

/// `1 file`, and the verb that goes with it.
fn counted<'v>(count: usize, noun: &str, one: &'v str, many: &'v str) -> (String, &'v str) {
    (words::count(count as u64, noun), if count == 1 { one } else { many })
}

/// How many places are named in one finding; the report holds all of them as evidence.
const NAMED: usize = 30;

/// Files that name Temporal and were not read, or not wholly.
#[derive(Serialize, JsonSchema)]
pub(super) struct Unanalysed {
    /// How many files of which kind, and why, as a sentence.
    what: String,
    /// How many files.
    count: usize,
    /// The first 30 of them.
    files: String,
    /// The first 30 of them.
    loci: Vec<Locus>,
}

/// The same as objects for a rule.
pub(super) fn unanalysed(code: &CodeFacts, plan: &Plan) -> Vec<Unanalysed> {
    let all = unread(code).into_iter().chain(beyond(code, |_| true)).chain(excluded(code, plan));
    all.map(|(what, mut places)| {
        places.sort();
        let locus = |place: &Place| Locus::File { path: place.path.clone(), line: place.line };
        let loci: Vec<Locus> = places.iter().take(NAMED).map(locus).collect();
        let shown: Vec<String> = places.iter().map(Place::words).collect();
        Unanalysed { what, count: places.len(), files: words::list(&shown, NAMED), loci }
    })
    .collect()
}
