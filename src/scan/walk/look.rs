//! One file of the walk: what it is by its name, and what its bytes say.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use ignore::DirEntry;

use super::{Entry, Seen, Within};
use crate::facts::code::{Scope, Skip};
use crate::scan::lang::{self, FrontEnd};
use crate::scan::tree::{self, Kind};
use crate::scan::{ScanOptions, ignores, infra, keys, scope, text};

/// How much of a file of an unknown kind is read to tell whether it is text.
const HEAD: usize = 8 << 10;

/// Looks at files.
pub(super) struct Look<'a> {
    /// The root without symbolic links in it.
    root: PathBuf,
    options: &'a ScanOptions,
    markers: &'a AhoCorasick,
}

/// What a name says.
struct Named {
    front: Option<&'static dyn FrontEnd>,
    manifest: Option<&'static dyn FrontEnd>,
    language: Option<&'static str>,
    key_file: bool,
}

impl Named {
    fn of(name: &str) -> Option<Self> {
        let named = Self {
            front: lang::for_path(name),
            manifest: lang::FRONT_ENDS.iter().copied().find(|f| f.is_manifest(name)),
            language: lang::language_of(name),
            key_file: tree::is_key_file(name),
        };
        (named.is_known() || tree::kind_of(name) == Kind::Text).then_some(named)
    }

    /// Whether the name alone says that the file is read.
    fn is_known(&self) -> bool {
        self.front.is_some() || self.manifest.is_some() || self.language.is_some() || self.key_file
    }
}

impl<'a> Look<'a> {
    pub(super) fn new(root: &Path, options: &'a ScanOptions, markers: &'a AhoCorasick) -> Self {
        Self { root: root.canonicalize().unwrap_or_else(|_| root.to_owned()), options, markers }
    }

    /// Look at one file. What counts wherever it stands goes into `within`.
    pub(super) fn at(&self, path: &str, entry: &DirEntry, within: &mut Within) -> Option<Seen> {
        let kind = entry.file_type()?;
        let name = path.rsplit('/').next().unwrap_or(path);
        if kind.is_symlink() {
            return Some(self.link(path, name, entry));
        }
        let Some(named) = Named::of(name) else { return Some(Seen::Uninteresting) };
        let skip = |reason: String| Some(Seen::Skip(Skip { path: path.to_owned(), reason }));
        if !kind.is_file() {
            return if named.is_known() { skip("not a regular file".into()) } else { Some(Seen::Uninteresting) };
        }
        let size = match entry.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) => return skip(format!("unreadable: {error}")),
        };
        if !named.is_known() {
            match is_text(entry.path()) {
                Ok(true) => {}
                Ok(false) => return Some(Seen::Uninteresting),
                Err(error) => return skip(format!("unreadable: {error}")),
            }
        }
        if size > self.options.max_file_bytes {
            let matters = named.is_known() || may_hold(entry.path());
            return if matters {
                skip(format!("too large ({} MB)", size.div_ceil(1_000_000)))
            } else {
                Some(Seen::Uninteresting)
            };
        }
        match text::read(entry.path()) {
            Ok(bytes) => Some(self.bytes(path, name, entry.path(), &named, &bytes, within)),
            Err(error) => skip(format!("unreadable: {error}")),
        }
    }

    fn bytes(&self, path: &str, name: &str, full: &Path, named: &Named, bytes: &[u8], within: &mut Within) -> Seen {
        let front = named.front;
        if front.is_some() || named.language.is_some() {
            within.private_keys.extend(keys::in_source(path, bytes, front));
        }
        let readable = if named.key_file { None } else { infra::readable(name, bytes) };
        let kind = readable.as_deref().map_or(Scope::Main, |text| scope::classify(path, text, front));
        if let Some(text) = &readable {
            within.beyond.extend(infra::look(path, text, kind));
        }
        if let Some(front) = front {
            within.ignores.extend(ignores::find(path, bytes, front));
            let marked = self.markers.is_match(bytes);
            let file = Entry { path: path.to_owned(), full: full.to_owned(), front, marked };
            return match named.manifest {
                Some(_) if marked => Seen::Script(file, String::from_utf8_lossy(bytes).into_owned()),
                _ => Seen::Entry(file),
            };
        }
        if let Some(front) = named.manifest {
            return Seen::Manifest(front, path.to_owned(), String::from_utf8_lossy(bytes).into_owned());
        }
        if named.key_file {
            within.private_keys.extend(keys::in_key_file(path, bytes));
            return Seen::Uninteresting;
        }
        let Some(language) = named.language else { return Seen::Uninteresting };
        let used = readable.is_some_and(|text| infra::uses_sdk(language, &text));
        if used && !kind.is_production() {
            let reason = format!("test code of {language}, which this version does not analyse");
            return Seen::Skip(Skip { path: path.to_owned(), reason });
        }
        Seen::Other { language, path: used.then(|| path.to_owned()) }
    }

    /// A symbolic link is not followed: what it leads to is looked at where it is, unless that is out of the tree.
    fn link(&self, path: &str, name: &str, entry: &DirEntry) -> Seen {
        let named = Named::of(name);
        let target = entry.path().canonicalize().ok();
        let outside = target.as_ref().is_some_and(|target| !target.starts_with(&self.root));
        let folder = target.as_ref().is_some_and(|target| target.is_dir());
        let reason = match (&named, outside) {
            (_, true) if folder => "leads out of the tree: a symbolic link to a folder, not followed",
            (Some(_), true) if target.is_some_and(|t| t.is_file()) => {
                "leads out of the tree: a symbolic link, not followed"
            }
            (Some(named), _) if named.is_known() => "symbolic link, not followed",
            _ => return Seen::Uninteresting,
        };
        Seen::Skip(Skip { path: path.to_owned(), reason: reason.to_owned() })
    }
}

/// Whether a file begins like text.
fn is_text(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::with_capacity(HEAD);
    std::fs::File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    let wide = matches!(head.get(..2), Some([0xFF, 0xFE] | [0xFE, 0xFF]));
    Ok(wide || !head.contains(&0))
}

/// Whether a large file may hold anything of interest, read in pieces.
fn may_hold(path: &Path) -> bool {
    const PIECE: usize = 1 << 20;
    let Ok(mut file) = std::fs::File::open(path) else { return true };
    let mut piece = vec![0; PIECE];
    let mut kept = 0;
    loop {
        let Some(room) = piece.get_mut(kept..) else { return true };
        let Ok(read) = file.read(room) else { return true };
        let end = kept + read;
        if piece.get(..end).is_some_and(infra::may_hold) {
            return true;
        }
        if read == 0 {
            return false;
        }
        // A word may stand across two pieces.
        kept = end.min(64);
        piece.copy_within(end - kept..end, 0);
    }
}
