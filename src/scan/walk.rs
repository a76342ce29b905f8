//! Finding the files: parallel, honouring `.gitignore`, reading each file once.
//!
//! While a file is in memory its bytes are searched for the SDK's markers, so that trees without Temporal
//! cost one pass and no parsing, and for private keys, which count wherever they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use aho_corasick::AhoCorasick;
use ignore::overrides::OverrideBuilder;
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::lang::{self, FrontEnd};
use super::{ScanOptions, ignores, keys, sdks, text};
use crate::facts::code::{Hazard, InlineIgnore, Skip};
use crate::ui::Problem;

/// Markers searched for in files of languages without a front end.
const ANY_MARKER: [&str; 12] = [
    "go.temporal.io/",
    "@temporalio/",
    "temporalio",
    "io.temporal",
    "Temporalio",
    "Temporal\\Client",
    "Temporal\\Workflow",
    "temporal-sdk",
    "temporal workflow start",
    "temporal workflow signal",
    "temporal schedule create",
    "tctl workflow",
];

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
    /// Language → files that name Temporal.
    pub not_analysed: BTreeMap<String, Vec<String>>,
    /// Private keys, in key files and in source text.
    pub private_keys: Vec<Hazard>,
    /// Comments that accept findings.
    pub ignores: Vec<InlineIgnore>,
    /// Not looked at.
    pub skipped: Vec<Skip>,
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
}

/// Walk a tree. `markers` are those of the analysed languages.
pub fn walk(root: &Path, options: &ScanOptions, markers: &AhoCorasick) -> Result<Walked, Problem> {
    let mut overrides = OverrideBuilder::new(root);
    for (globs, prefix) in [(&options.include, ""), (&options.exclude, "!")] {
        for glob in globs {
            overrides.add(&format!("{prefix}{glob}")).map_err(|e| {
                Problem::usage(format!("the pattern `{glob}` cannot be used to choose files")).note(e.to_string())
            })?;
        }
    }
    let overrides = overrides
        .build()
        .map_err(|e| Problem::usage("the patterns that choose files cannot be used").note(e.to_string()))?;
    let any = AhoCorasick::new(ANY_MARKER).map_err(|e| Problem::tool("search automaton").note(e.to_string()))?;
    let (sender, receiver) = std::sync::mpsc::channel::<Vec<Seen>>();
    let vendored = Mutex::new(Vec::<Skip>::new());
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(8);
    let skipped_folders = |entry: &DirEntry| -> bool {
        if entry.depth() == 0 || !entry.file_type().is_some_and(|t| t.is_dir()) {
            return true;
        }
        let Some(reason) = vendored_folder(entry) else { return true };
        if let Ok(mut list) = vendored.lock() {
            list.push(Skip { path: relative(root, entry.path()), reason: reason.to_owned() });
        }
        false
    };
    let walker = WalkBuilder::new(root)
        .threads(threads)
        .require_git(false)
        .git_global(false)
        .overrides(overrides)
        .follow_links(false)
        .build_parallel();
    std::thread::scope(|scope| {
        // `filter_entry` wants a 'static closure, so vendored folders are turned away in the visitor.
        scope.spawn(|| {
            let sender = sender;
            walker.run(|| {
                let mut batch = Batch { sender: sender.clone(), seen: Vec::new() };
                let (skipped_folders, any) = (&skipped_folders, &any);
                Box::new(move |result| {
                    match result {
                        Ok(entry) => {
                            if !skipped_folders(&entry) {
                                return WalkState::Skip;
                            }
                            let mut within = Within::default();
                            if let Some(seen) = look(root, &entry, options, markers, any, &mut within) {
                                batch.push(seen);
                            }
                            if within != Within::default() {
                                batch.push(Seen::Within(within));
                            }
                        }
                        Err(error) => batch.push(Seen::Skip(walk_error(root, &error))),
                    }
                    WalkState::Continue
                })
            });
        });
    });
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
    walked.skipped.extend(vendored.into_inner().unwrap_or_default());
    walked.entries.sort_by(|a, b| a.path.cmp(&b.path));
    walked.manifests.sort_by(|a, b| a.1.cmp(&b.1));
    walked.not_analysed.values_mut().for_each(|files| files.sort());
    Ok(walked)
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

fn look(
    root: &Path,
    entry: &DirEntry,
    options: &ScanOptions,
    markers: &AhoCorasick,
    any: &AhoCorasick,
    within: &mut Within,
) -> Option<Seen> {
    let kind = entry.file_type()?;
    if kind.is_dir() {
        return None;
    }
    let path = relative(root, entry.path());
    let name = path.rsplit('/').next().unwrap_or(&path);
    let front = lang::for_path(name);
    let manifest = lang::FRONT_ENDS.iter().copied().find(|f| f.is_manifest(name));
    let language = lang::language_of(name);
    let key_file = is_key_file(name);
    if front.is_none() && manifest.is_none() && language.is_none() && !key_file {
        return Some(Seen::Uninteresting);
    }
    let skip = |reason: String| Some(Seen::Skip(Skip { path: path.clone(), reason }));
    if kind.is_symlink() {
        return skip("symbolic link, not followed".into());
    }
    if !kind.is_file() {
        return skip("not a regular file".into());
    }
    let size = match entry.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) => return skip(format!("unreadable: {error}")),
    };
    if size > options.max_file_bytes {
        return skip(format!("too large ({} MB)", size.div_ceil(1_000_000)));
    }
    let bytes = match text::read(entry.path()) {
        Ok(bytes) => bytes,
        Err(error) => return skip(format!("unreadable: {error}")),
    };
    if front.is_some() || language.is_some() {
        within.private_keys.extend(keys::in_source(&path, &bytes, front));
    }
    if let Some(front) = front {
        within.ignores.extend(ignores::find(&path, &bytes, front));
        let marked = markers.is_match(&bytes);
        let file = Entry { path, full: entry.path().to_owned(), front, marked };
        return Some(match manifest {
            Some(_) if marked => Seen::Script(file, String::from_utf8_lossy(&bytes).into_owned()),
            _ => Seen::Entry(file),
        });
    }
    if let Some(front) = manifest {
        return Some(Seen::Manifest(front, path, String::from_utf8_lossy(&bytes).into_owned()));
    }
    if key_file {
        within.private_keys.extend(keys::in_key_file(&path, &bytes));
        return Some(Seen::Uninteresting);
    }
    let language = language?;
    let path = any.is_match(&bytes).then_some(path);
    Some(Seen::Other { language, path })
}

fn is_key_file(name: &str) -> bool {
    matches!(name.rsplit_once('.'), Some((_, "pem" | "key" | "p8" | "pk8" | "crt" | "cer" | "cert")))
}

/// Whether a scan reads files of this name, or goes by their being there.
pub fn wants(name: &str) -> bool {
    lang::language_of(name).is_some()
        || lang::FRONT_ENDS.iter().any(|front| front.is_manifest(name))
        || is_key_file(name)
        || sdks::is_lock(name)
        // It tells a folder of vendored packages.
        || name == "modules.txt"
}

/// Why a folder is not entered.
fn vendored_folder(entry: &DirEntry) -> Option<&'static str> {
    match entry.file_name().to_str()? {
        "node_modules" => Some("vendored packages"),
        "vendor" if entry.path().join("modules.txt").is_file() || entry.path().join("autoload.php").is_file() => {
            Some("vendored packages")
        }
        "target" if entry.path().join("CACHEDIR.TAG").is_file() => Some("build output"),
        _ => None,
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
