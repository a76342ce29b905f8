//! Versions of Temporal SDKs: what manifests ask for, and what the nearest lock file fixes.
//!
//! A new language gets its versions by one line in [`LOCKS`] and, when its manifest has a form of its own, one
//! reader in `manifests`.

mod locks;
mod manifests;
mod ranges;

use std::collections::HashMap;
use std::path::Path;

use locks::Form;
use manifests::Requirement;

use super::scope;
use crate::facts::code::{ResolvedVersion, SdkVersion};

/// Lock files: name, form, the manifest it belongs to, and whether it also serves the folders below.
const LOCKS: [(&str, Form, &str, bool); 13] = [
    ("package-lock.json", Form::Npm, "package.json", true),
    ("npm-shrinkwrap.json", Form::Npm, "package.json", true),
    ("yarn.lock", Form::Yarn, "package.json", true),
    ("pnpm-lock.yaml", Form::Pnpm, "package.json", true),
    ("bun.lock", Form::Bun, "package.json", true),
    ("uv.lock", Form::Toml, "pyproject.toml", true),
    ("poetry.lock", Form::Toml, "pyproject.toml", false),
    ("pdm.lock", Form::Toml, "pyproject.toml", false),
    ("pylock.toml", Form::Toml, "pyproject.toml", false),
    ("Pipfile.lock", Form::Pipfile, "Pipfile", false),
    ("constraints.txt", Form::Pins, "requirements.txt", false),
    ("Cargo.lock", Form::Toml, "Cargo.toml", true),
    ("go.work", Form::GoWork, "go.mod", true),
];

/// Larger lock files are not read: the range of the manifest stands.
const MAX_LOCK_BYTES: u64 = 200_000_000;

/// Whether a file of this name fixes versions.
pub fn is_lock(name: &str) -> bool {
    LOCKS.iter().any(|(lock, ..)| *lock == name)
}

/// Versions of packages that begin with `prefix`, from manifests (path and text) of one language below `root`.
pub fn find<'m>(
    root: &Path,
    language: &str,
    prefix: &str,
    manifests: impl Iterator<Item = (&'m str, &'m str)>,
) -> Vec<SdkVersion> {
    let mut read = Locks { root, texts: HashMap::new() };
    let mut found = vec![];
    for (path, text) in manifests {
        let name = path.rsplit('/').next().unwrap_or(path);
        for requirement in manifests::read(name, text, prefix) {
            let mut resolved = read.resolve(path, name, &requirement);
            resolved.extend(requirement.exact().filter(|_| resolved.is_empty()).map(|version| ResolvedVersion {
                version,
                path: path.to_owned(),
                line: requirement.line,
            }));
            let bounds = requirement.allowed.unwrap_or_default();
            let open = resolved.is_empty();
            found.push(SdkVersion {
                language: language.to_owned(),
                package: requirement.package,
                version: requirement.version,
                path: path.to_owned(),
                line: requirement.line,
                scope: scope::classify(path, "", None),
                at_least: bounds.least.filter(|_| open).map(|v| v.to_string()),
                below: bounds.below.filter(|_| open).map(|v| v.to_string()),
                resolved,
            });
        }
    }
    found
}

/// Lock files read so far.
struct Locks<'r> {
    root: &'r Path,
    texts: HashMap<String, Option<String>>,
}

impl Locks<'_> {
    /// The versions the nearest lock files fix for a requirement of a manifest.
    fn resolve(&mut self, manifest: &str, name: &str, requirement: &Requirement) -> Vec<ResolvedVersion> {
        let own = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut folder = own;
        loop {
            let mut found = vec![];
            for (file, form, serves, below) in LOCKS {
                if manifests::kind(name) != Some(serves) || (folder != own && !below) {
                    continue;
                }
                let path = if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
                let Some(text) = self.text(&path) else { continue };
                let importer = own.strip_prefix(folder).unwrap_or(own).trim_start_matches('/');
                let wanted = locks::Wanted { package: &requirement.package, range: &requirement.version, importer };
                let versions = locks::versions(form, text, &wanted);
                found.extend(versions.into_iter().map(|(version, line)| ResolvedVersion {
                    version,
                    path: path.clone(),
                    line,
                }));
            }
            if !found.is_empty() || folder.is_empty() {
                found.sort();
                found.dedup_by(|a, b| a.version == b.version);
                return found;
            }
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }

    fn text(&mut self, path: &str) -> Option<&str> {
        let full = self.root.join(path);
        let read = || {
            let metadata = std::fs::symlink_metadata(&full).ok()?;
            let bytes =
                (metadata.is_file() && metadata.len() <= MAX_LOCK_BYTES).then(|| std::fs::read(&full).ok())??;
            Some(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
        };
        self.texts.entry(path.to_owned()).or_insert_with(read).as_deref()
    }
}
