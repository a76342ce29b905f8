//! What lock files fix. They can be large, so only the parts that name the package are parsed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::manifests::{self, line};

/// Forms of lock files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `package-lock.json`, all versions of it.
    Npm,
    /// `yarn.lock`, classic and berry.
    Yarn,
    /// `pnpm-lock.yaml`.
    Pnpm,
    /// `bun.lock`.
    Bun,
    /// `[[package]]` tables with `name` and `version`.
    Toml,
    /// `Pipfile.lock`.
    Pipfile,
    /// Requirement lines with exact versions.
    Pins,
    /// `replace` lines for every module of a workspace.
    GoWork,
}

/// What is looked for.
pub(super) struct Wanted<'w> {
    /// Package name.
    pub package: &'w str,
    /// Range of the manifest, as written.
    pub range: &'w str,
    /// Folder of the manifest, seen from the folder of the lock file.
    pub importer: &'w str,
}

/// The versions of a package that a lock file fixes, with their lines.
pub(super) fn versions(form: Form, text: &str, wanted: &Wanted<'_>) -> Vec<(String, u32)> {
    if !text.contains(wanted.package) {
        return vec![];
    }
    match form {
        Form::Npm => npm(text, wanted),
        Form::Yarn => yarn(text, wanted),
        Form::Pnpm => pnpm(text, wanted),
        Form::Bun => bun(text, wanted),
        Form::Toml => toml_packages(text, wanted.package),
        Form::Pipfile => pipfile(text, wanted.package),
        Form::Pins => {
            let pins = manifests::lines(text, wanted.package).into_iter();
            pins.filter_map(|pin| Some((pin.exact()?, pin.line))).collect()
        }
        Form::GoWork => go_work(text, wanted.package),
    }
}

/// The JSON values that stand behind a key, wherever it is, with their lines.
fn behind_key<'t>(text: &'t str, key: &str) -> impl Iterator<Item = (Value, u32)> + use<'t> {
    let quoted = format!("\"{key}\"");
    let length = quoted.len();
    let places: Vec<usize> = text.match_indices(&quoted).map(|(at, _)| at).collect();
    places.into_iter().filter_map(move |at| {
        let rest = text.get(at + length..)?.trim_start().strip_prefix(':')?;
        let value = serde_json::Deserializer::from_str(rest).into_iter::<Value>().next()?.ok()?;
        Some((value, line(text, at)))
    })
}

fn version_in(value: &Value) -> Option<String> {
    value.get("version").and_then(Value::as_str).map(str::to_owned)
}

/// The package of the importer's own `node_modules`, or of one above; the first form of the file nests instead.
fn npm(text: &str, wanted: &Wanted<'_>) -> Vec<(String, u32)> {
    let mut importer = wanted.importer;
    loop {
        let folder = if importer.is_empty() { String::new() } else { format!("{importer}/") };
        let key = format!("{folder}node_modules/{}", wanted.package);
        if let Some((value, line)) = behind_key(text, &key).next() {
            return version_in(&value).map(|version| (version, line)).into_iter().collect();
        }
        if importer.is_empty() {
            break;
        }
        importer = importer.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    let nested = behind_key(text, wanted.package).filter_map(|(value, line)| Some((version_in(&value)?, line)));
    distinct(nested.collect())
}

fn distinct(mut versions: Vec<(String, u32)>) -> Vec<(String, u32)> {
    versions.sort();
    versions.dedup_by(|a, b| a.0 == b.0);
    versions
}

/// Entries begin with a line of `name@range` and hold `version "1.0"` or `version: 1.0`.
fn yarn(text: &str, wanted: &Wanted<'_>) -> Vec<(String, u32)> {
    let (mut all, mut asked) = (vec![], vec![]);
    let mut lines = text.lines().enumerate();
    while let Some((_, header)) = lines.next() {
        if header.starts_with([' ', '#']) || !header.contains(wanted.package) {
            continue;
        }
        let mut ranges = header
            .trim_end_matches(':')
            .split(',')
            .filter_map(|part| part.trim().trim_matches('"').strip_prefix(wanted.package)?.strip_prefix('@'))
            .map(|range| range.strip_prefix("npm:").unwrap_or(range))
            .peekable();
        if ranges.peek().is_none() {
            continue;
        }
        let is_asked = ranges.any(|range| range == wanted.range);
        let entry = lines.by_ref().take_while(|(_, line)| line.starts_with(' '));
        let version = entry
            .filter_map(|(number, line)| {
                let version = line.trim().strip_prefix("version")?.trim_start_matches([':', ' ']).trim_matches('"');
                Some((version.to_owned(), number as u32 + 1))
            })
            .next();
        if is_asked {
            asked.extend(version.clone());
        }
        all.extend(version);
    }
    distinct(if asked.is_empty() { all } else { asked })
}

/// One project of a `pnpm-lock.yaml`, or the whole file when there is only one.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Importer {
    dependencies: BTreeMap<String, Pinned>,
    dev_dependencies: BTreeMap<String, Pinned>,
    optional_dependencies: BTreeMap<String, Pinned>,
}

/// Older files hold the version, newer ones the range too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pinned {
    Version(String),
    Both { version: String },
}

fn pnpm(text: &str, wanted: &Wanted<'_>) -> Vec<(String, u32)> {
    // What every package of the tree depends on follows behind, and makes the file large.
    let end = ["\npackages:", "\nsnapshots:"].iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let head = text.get(..end).unwrap_or(text);
    let name = if wanted.importer.is_empty() { "." } else { wanted.importer };
    // Of a workspace only the project's own entry is parsed: there may be hundreds of others.
    let project = match (head.find("\nimporters:"), name) {
        (Some(importers), _) => entry_below(head, importers, name),
        (None, ".") => Some(0..head.len()),
        (None, _) => None,
    };
    let Some(project) = project else { return vec![] };
    let Ok(importer) = serde_saphyr::from_str::<Importer>(head.get(project.clone()).unwrap_or_default()) else {
        return vec![];
    };
    let groups = [importer.dependencies, importer.dev_dependencies, importer.optional_dependencies];
    let Some(pinned) = groups.into_iter().find_map(|mut group| group.remove(wanted.package)) else { return vec![] };
    let (Pinned::Version(version) | Pinned::Both { version }) = pinned;
    // `1.4.0(peer@1)`, `1.4.0_peer@1`
    let version = version.split(['(', '_']).next().unwrap_or_default().to_owned();
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return vec![];
    }
    // Older files list the ranges under the same names first.
    let rest = head.get(project.clone()).unwrap_or_default();
    let mut names = rest.match_indices(wanted.package).map(|(at, _)| at);
    let named = names.find(|at| {
        let entry = rest.get(*at..).unwrap_or_default().lines().take(3);
        entry
            .map(|l| l.rsplit(' ').next().unwrap_or_default())
            .any(|l| l.trim_matches(['\'', '"']).starts_with(&version))
    });
    vec![(version, line(head, project.start + named.unwrap_or(0)))]
}

/// What stands below an entry of the given name that is itself two spaces below another.
fn entry_below(text: &str, from: usize, name: &str) -> Option<std::ops::Range<usize>> {
    let below = text.get(from..)?;
    let at = ["", "'", "\""].iter().find_map(|quote| below.find(&format!("\n  {quote}{name}{quote}:")))?;
    let start = from + at + 1 + text.get(from + at + 1..)?.find('\n')? + 1;
    let lines = text.get(start..)?.split_inclusive('\n');
    let inside = lines.take_while(|line| line.trim().is_empty() || line.starts_with("    "));
    Some(start..start + inside.map(str::len).sum::<usize>())
}

/// `"name": ["name@1.0", …]`; a project's own version has the project's name in front.
fn bun(text: &str, wanted: &Wanted<'_>) -> Vec<(String, u32)> {
    let own = format!("{}/{}", wanted.importer.rsplit('/').next().unwrap_or_default(), wanted.package);
    let entries = |key: &str| {
        behind_key(text, key)
            .filter_map(|(value, line)| {
                let (_, version) = value.as_array()?.first()?.as_str()?.rsplit_once('@')?;
                version.starts_with(|c: char| c.is_ascii_digit()).then(|| (version.to_owned(), line))
            })
            .collect::<Vec<_>>()
    };
    let found = entries(&own);
    if found.is_empty() { entries(wanted.package) } else { found }
}

/// A `[[package]]` table is parsed on its own, so the size of the rest does not matter.
fn toml_packages(text: &str, package: &str) -> Vec<(String, u32)> {
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: Option<String>,
    }
    let mut found = vec![];
    for (at, _) in text.match_indices(&format!("\nname = \"{package}\"")) {
        let start = text.get(..at).and_then(|before| before.rfind("\n[[")).map_or(0, |n| n + 1);
        let header = text.get(start..).and_then(|t| t.find('\n')).map_or(at, |n| start + n);
        // Its own sub-tables end the table as well.
        let end = text.get(header + 1..).and_then(|rest| rest.find("\n[")).map_or(text.len(), |n| header + 1 + n);
        let Some(Ok(entry)) = text.get(header..end).map(toml::from_str::<Package>) else { continue };
        if let Some(version) = entry.version.filter(|_| entry.name == package) {
            found.push((version, line(text, at + 1)));
        }
    }
    distinct(found)
}

fn pipfile(text: &str, package: &str) -> Vec<(String, u32)> {
    let entries = behind_key(text, package)
        .filter_map(|(value, line)| Some((version_in(&value)?.trim_start_matches('=').to_owned(), line)));
    distinct(entries.collect())
}

fn go_work(text: &str, package: &str) -> Vec<(String, u32)> {
    let replaced = text.lines().enumerate().filter_map(|(number, line)| {
        let line = line.split("//").next()?.trim().trim_start_matches("replace").trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        let (old, version) = manifests::replacement(&words)?;
        (old == package).then_some((version, number as u32 + 1))
    });
    replaced.collect()
}
