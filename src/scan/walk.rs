//! Finding the files: parallel, those that git tracks or nobody ignores, reading each file once.
//!
//! While a file is in memory its bytes are searched for the SDK's markers, so that trees without Temporal
//! cost one pass and no parsing; for private keys, which count wherever they are; and for what starts or
//! signals without an SDK.

mod look;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::ScanOptions;
use super::lang::FrontEnd;
use super::tree::{self, Members, Standing};
use crate::facts::code::{Beyond, Hazard, InlineIgnore, Skip};
use crate::ui::Problem;
use look::Look;
pub use tree::wants;

/// A file of a language that is analysed.
pub struct Entry {
    /// Relative to the root, `/` as separator.
    pub path: String,
    /// Where it is.
    pub full: PathBuf,
    /// Its language.
    pub front: &'static dyn FrontEnd,
    /// The SDK's marker is in it.
    pub marked: bool,
}

/// What the walk saw.
#[derive(Default)]
pub struct Walked {
    /// Files of analysed languages, by path.
    pub entries: Vec<Entry>,
    /// Manifests: front end, path, text.
    pub manifests: Vec<(&'static dyn FrontEnd, String, String)>,
    /// Files seen.
    pub seen: u64,
    /// Language → files.
    pub languages: BTreeMap<String, u64>,
    /// Language → files that use an SDK.
    pub not_analysed: BTreeMap<String, Vec<String>>,
    /// What starts or signals without code that is analysed.
    pub beyond: Vec<Beyond>,
    /// Private keys, in key files and in source text.
    pub private_keys: Vec<Hazard>,
    /// Comments that accept findings.
    pub ignores: Vec<InlineIgnore>,
    /// Not looked at.
    pub skipped: Vec<Skip>,
    /// What git tracks and the work tree lacks → digest of what is recorded for it.
    pub recorded: BTreeMap<String, String>,
}

/// One thing seen by a walking thread.
enum Seen {
    Entry(Entry),
    /// A script that is a manifest as well, and its text.
    Script(Entry, String),
    Manifest(&'static dyn FrontEnd, String, String),
    Other {
        language: &'static str,
        path: Option<String>,
    },
    /// What else is in a file that is told of by itself.
    Within(Within),
    Skip(Skip),
    Uninteresting,
}

/// What a file holds that counts wherever it is.
#[derive(Default, PartialEq)]
struct Within {
    private_keys: Vec<Hazard>,
    ignores: Vec<InlineIgnore>,
    beyond: Vec<Beyond>,
}

/// Walk a tree. `markers` are those of the analysed languages.
pub fn walk(root: &Path, options: &ScanOptions, markers: &AhoCorasick) -> Result<Walked, Problem> {
    let members = Members::of(root, options.laid_out);
    let visitor = Visitor {
        root,
        members: &members,
        excluded: excluded(root, options)?,
        look: Look::new(root, options, markers),
    };
    let (sender, receiver) = std::sync::mpsc::channel::<Vec<Seen>>();
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(8);
    // What is ignored is decided here: the walker would follow rules of its own, and of folders above the tree.
    let walker = WalkBuilder::new(root).threads(threads).standard_filters(false).follow_links(false).build_parallel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let sender = sender;
            walker.run(|| {
                let mut batch = Batch { sender: sender.clone(), seen: Vec::new() };
                let visitor = &visitor;
                Box::new(move |result| match result {
                    Ok(entry) => visitor.visit(&entry, &mut batch),
                    Err(error) => {
                        batch.push(Seen::Skip(walk_error(root, &error)));
                        WalkState::Continue
                    }
                })
            });
        });
    });
    let mut walked = gather(receiver);
    for (at, why) in members.untold() {
        walked.skipped.push(Skip {
            path: if at.is_empty() { ".git".to_owned() } else { format!("{at}/.git") },
            reason: format!("unreadable: git did not tell which files it tracks: {why}"),
        });
    }
    for lacking in tree::lacking(root, &members, |path| !visitor.excludes(path, false)) {
        walked.recorded.insert(lacking.skip.path.clone(), lacking.digest);
        walked.skipped.push(lacking.skip);
    }
    walked.entries.sort_by(|a, b| a.path.cmp(&b.path));
    walked.manifests.sort_by(|a, b| a.1.cmp(&b.1));
    walked.not_analysed.values_mut().for_each(|files| files.sort());
    Ok(walked)
}

/// The globs of what is left out.
fn excluded(root: &Path, options: &ScanOptions) -> Result<Override, Problem> {
    let mut globs = OverrideBuilder::new(root);
    for glob in &options.exclude {
        globs.add(&format!("!{glob}")).map_err(|e| {
            Problem::usage(format!("the pattern `{glob}` cannot be used to choose files")).note(e.to_string())
        })?;
    }
    globs.build().map_err(|e| Problem::usage("the patterns that choose files cannot be used").note(e.to_string()))
}

/// Put together what the threads saw.
fn gather(receiver: std::sync::mpsc::Receiver<Vec<Seen>>) -> Walked {
    let mut walked = Walked::default();
    for seen in receiver.into_iter().flatten() {
        match seen {
            Seen::Skip(skip) => {
                walked.skipped.push(skip);
                continue;
            }
            Seen::Within(within) => {
                walked.private_keys.extend(within.private_keys);
                walked.ignores.extend(within.ignores);
                walked.beyond.extend(within.beyond);
                continue;
            }
            Seen::Entry(entry) => {
                *walked.languages.entry(entry.front.language().to_owned()).or_default() += 1;
                walked.entries.push(entry);
            }
            Seen::Script(entry, text) => {
                *walked.languages.entry(entry.front.language().to_owned()).or_default() += 1;
                walked.manifests.push((entry.front, entry.path.clone(), text));
                walked.entries.push(entry);
            }
            Seen::Manifest(front, path, text) => walked.manifests.push((front, path, text)),
            Seen::Other { language, path } => {
                *walked.languages.entry(language.to_owned()).or_default() += 1;
                if let Some(path) = path {
                    walked.not_analysed.entry(language.to_owned()).or_default().push(path);
                }
            }
            Seen::Uninteresting => {}
        }
        walked.seen += 1;
    }
    walked
}

/// Decides what is entered, and looks at what counts.
struct Visitor<'a> {
    root: &'a Path,
    members: &'a Members,
    excluded: Override,
    look: Look<'a>,
}

impl Visitor<'_> {
    fn visit(&self, entry: &DirEntry, batch: &mut Batch) -> WalkState {
        let path = relative(self.root, entry.path());
        let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        if folder && entry.depth() > 0 {
            return self.enter(&path, entry, batch);
        }
        if folder {
            return WalkState::Continue;
        }
        let standing = if entry.depth() == 0 { Standing::Tracked } else { self.members.file(&path) };
        if standing == Standing::Ignored || path == ".git" || path.ends_with("/.git") {
            return WalkState::Continue;
        }
        let mut within = Within::default();
        let seen = self.look.at(&path, entry, &mut within);
        if self.excludes(&path, false) {
            if names(seen.as_ref(), &within) {
                let reason = format!("{} by the configuration, and it names Temporal", Skip::EXCLUDED);
                batch.push(Seen::Skip(Skip { path, reason }));
            }
            return WalkState::Continue;
        }
        if let Some(seen) = seen {
            batch.push(seen);
        }
        if within != Within::default() {
            batch.push(Seen::Within(within));
        }
        WalkState::Continue
    }

    fn enter(&self, path: &str, entry: &DirEntry, batch: &mut Batch) -> WalkState {
        if matches!(entry.file_name().to_str(), Some(".git" | ".hg" | ".svn" | ".jj")) {
            return WalkState::Skip;
        }
        let standing = self.members.folder(path, entry.path());
        if standing == Standing::Ignored {
            return WalkState::Skip;
        }
        if let Some(reason) = tree::left_out(entry.path(), standing == Standing::Tracked) {
            if !self.excludes(path, true) && standing.counts() {
                batch.push(Seen::Skip(Skip { path: path.to_owned(), reason: reason.to_owned() }));
            }
            return WalkState::Skip;
        }
        WalkState::Continue
    }

    /// Whether the configuration leaves out a path, or a folder around it.
    fn excludes(&self, path: &str, folder: bool) -> bool {
        if self.excluded.is_empty() {
            return false;
        }
        let around = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        around.into_iter().any(|parent| self.excluded.matched(parent, true).is_ignore())
            || self.excluded.matched(path, folder).is_ignore()
    }
}

/// Whether what was seen in a file has to do with Temporal, or could not be seen.
fn names(seen: Option<&Seen>, within: &Within) -> bool {
    let by_itself = match seen {
        Some(Seen::Entry(entry) | Seen::Script(entry, _)) => entry.marked,
        Some(Seen::Other { path, .. }) => path.is_some(),
        Some(Seen::Skip(skip)) => !skip.on_purpose(),
        _ => false,
    };
    by_itself || !within.beyond.is_empty()
}

/// Sends what a thread saw in portions, the last one when the thread ends.
struct Batch {
    sender: std::sync::mpsc::Sender<Vec<Seen>>,
    seen: Vec<Seen>,
}

impl Batch {
    fn push(&mut self, seen: Seen) {
        self.seen.push(seen);
        if self.seen.len() >= 256 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        // The receiver outlives every thread, so sending cannot fail in a way that matters.
        let _ = self.sender.send(std::mem::take(&mut self.seen));
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.flush();
    }
}

fn walk_error(root: &Path, error: &ignore::Error) -> Skip {
    let mut error = error;
    let mut path = String::new();
    loop {
        match error {
            ignore::Error::WithPath { path: at, err } => {
                path = relative(root, at);
                error = err;
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error = err,
            ignore::Error::Loop { child, .. } => {
                return Skip { path: relative(root, child), reason: "symbolic link loop".into() };
            }
            other => return Skip { path, reason: format!("unreadable: {other}") },
        }
    }
}

/// A path below the root with `/` as separator.
fn relative(root: &Path, path: &Path) -> String {
    let rest = path.strip_prefix(root).unwrap_or(path);
    let rest = if rest.as_os_str().is_empty() { path.file_name().map(Path::new).unwrap_or(path) } else { rest };
    rest.to_string_lossy().replace('\\', "/")
}
