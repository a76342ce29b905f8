//! What a change is judged by: the configuration of the code before it. A change never writes its own judge.

use std::path::{Path, PathBuf};

use super::gather;
use super::migration::Migration;
use crate::config::{self, Preflight};
use crate::facts::attestation::Attestation;
use crate::facts::{Known, Locus};
use crate::judge::SettingChange;
use crate::scan::git::Repository;
use crate::scorecard::Waiver;
use crate::ui::Problem;

/// Configuration, waivers and attestations, as they are applied.
pub struct Judge {
    /// `preflight.yaml`, or its defaults.
    pub preflight: Preflight,
    /// The entries of the waivers file.
    pub waivers: Vec<Waiver>,
    /// The entries of the attestations file.
    pub attestations: Known<Vec<Attestation>>,
    /// What the change edits of them; none when nothing was compared.
    pub changes: Option<Vec<SettingChange>>,
}

impl Judge {
    /// What stands in the work tree.
    ///
    /// # Errors
    /// A file of it cannot be read.
    pub fn now(migration: &Migration) -> Result<Self, Problem> {
        let waivers = migration.preflight.waivers.as_deref().map(config::waivers::load).transpose()?;
        Ok(Self {
            preflight: migration.preflight.clone(),
            waivers: waivers.unwrap_or_default(),
            attestations: gather::attestations(migration)?,
            changes: None,
        })
    }

    /// What stood at the commit at which the change began, with what the change edits. A file that is not part of the
    /// repository, or that git ignores, is not part of the change and counts as it is.
    ///
    /// # Errors
    /// There is no such revision, or a file of it is broken.
    pub fn before(migration: &Migration, file: &Path, reference: &str) -> Result<Self, Problem> {
        let now = Self::now(migration)?;
        let Some(folder) = Folder::around(file, reference)? else { return Ok(now) };
        if file.exists() && folder.ignores(file)? {
            return Ok(now);
        }
        let preflight = match folder.text(file)? {
            Some(text) => config::preflight::parse(file, &text)?,
            None => Preflight { plan: plan_of(&migration.preflight), ..Preflight::default() },
        };
        let mut before =
            Self { waivers: vec![], attestations: Known::Known(vec![]), changes: None, preflight: preflight.clone() };
        if let Some(path) = &preflight.waivers
            && let Some(text) = text_before(path, reference)?
        {
            before.waivers = config::waivers::parse(path, &text)?;
        }
        if let Some(path) = &preflight.attestations
            && let Some(text) = text_before(path, reference)?
        {
            before.attestations = Known::Known(config::attestations::parse(path, &text)?);
        }
        before.changes = Some(compare(&before, &now, file));
        Ok(before)
    }
}

/// The title is no judgement.
fn plan_of(now: &Preflight) -> crate::facts::plan::Plan {
    crate::facts::plan::Plan { name: now.plan.name.clone(), ..Default::default() }
}

/// The folder of a file in a repository, and where the change of it began.
struct Folder {
    repository: Repository,
    commit: String,
}

impl Folder {
    /// None when the file is in no repository.
    fn around(file: &Path, reference: &str) -> Result<Option<Self>, Problem> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(repository) = Repository::around(folder) else { return Ok(None) };
        let commit = repository.merge_base(reference)?;
        Ok(Some(Self { repository, commit }))
    }

    fn ignores(&self, file: &Path) -> Result<bool, Problem> {
        self.repository.ignores(name_of(file))
    }

    fn text(&self, file: &Path) -> Result<Option<String>, Problem> {
        let Some(bytes) = self.repository.file_at(&self.commit, name_of(file))? else { return Ok(None) };
        let shown = format!("{} at {}", file.display(), self.commit.get(..10).unwrap_or(&self.commit));
        String::from_utf8(bytes).map(Some).map_err(|_| Problem::usage(format!("{shown} is not UTF-8 text")))
    }
}

fn name_of(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// What a file that the configuration names held before; what is not part of the change is read as it is.
fn text_before(file: &Path, reference: &str) -> Result<Option<String>, Problem> {
    let as_it_is = || std::fs::read_to_string(file).ok();
    match Folder::around(file, reference)? {
        Some(folder) if !(file.exists() && folder.ignores(file)?) => folder.text(file),
        _ => Ok(as_it_is()),
    }
}

/// What a change edits of the configuration it would be judged by.
fn compare(before: &Judge, now: &Judge, file: &Path) -> Vec<SettingChange> {
    let mut changes = vec![];
    let plan = |key: &str| {
        let line = now.preflight.plan.place.as_ref().and_then(|place| place.lines.get(key).copied()).unwrap_or(1);
        Locus::File { path: file.display().to_string(), line }
    };
    let shown = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let exclusions = |of: &Judge| of.preflight.plan.code_exclusions.iter().map(|e| e.glob.clone()).collect::<Vec<_>>();
    let lists = [
        ("code.factories", "code", before.preflight.plan.factories.clone(), now.preflight.plan.factories.clone()),
        ("code.roots", "code", shown(&before.preflight.roots), shown(&now.preflight.roots)),
        ("code.exclude", "code", exclusions(before), exclusions(now)),
    ];
    for (name, key, old, new) in lists {
        if let Some(said) = difference(&old, &new) {
            changes.push(SettingChange { key: name.to_owned(), what: format!("`{name}`: {said}"), place: plan(key) });
        }
    }
    let words = [
        ("strategy", "strategy", before.preflight.plan.strategy.name(), now.preflight.plan.strategy.name()),
        ("target.kind", "target", before.preflight.plan.target_kind.name(), now.preflight.plan.target_kind.name()),
    ];
    for (name, key, old, new) in words.into_iter().filter(|(_, _, old, new)| old != new) {
        let what = format!("`{name}`: {new} instead of {old}");
        changes.push(SettingChange { key: name.to_owned(), what, place: plan(key) });
    }
    changes.extend(entries(
        "waivers",
        before.waivers.iter().map(|waiver| (of_waiver(waiver), waiver.place.clone())).collect(),
        now.waivers.iter().map(|waiver| (of_waiver(waiver), waiver.place.clone())).collect(),
    ));
    let said = |judge: &Judge| -> Vec<(String, Locus)> {
        let words = judge.attestations.value().map(Vec::as_slice).unwrap_or_default();
        let place = |word: &Attestation| Locus::File { path: word.place.0.clone(), line: word.place.1 };
        words.iter().map(|word| (of_attestation(word), place(word))).collect()
    };
    changes.extend(entries("attestations", said(before), said(now)));
    changes
}

fn of_waiver(waiver: &Waiver) -> String {
    let what = waiver.fingerprint.as_ref().or(waiver.pattern.as_ref());
    let what = what.map(|what| format!(" ({what})")).unwrap_or_default();
    format!("`{}`{what} by {} until {}: {}", waiver.rule, waiver.owner, waiver.until, waiver.reason)
}

fn of_attestation(word: &Attestation) -> String {
    let holds = if word.holds { "" } else { " (denied)" };
    format!("`{}`{holds} by {} of {} until {}", word.id, word.by, word.date, word.valid_until)
}

/// Entries of a file that the change adds or takes away.
fn entries(name: &str, before: Vec<(String, Locus)>, now: Vec<(String, Locus)>) -> Vec<SettingChange> {
    let absent = |entry: &(String, Locus), list: &[(String, Locus)]| list.iter().all(|(text, _)| *text != entry.0);
    let change = |verb: &str, (text, place): &(String, Locus)| SettingChange {
        key: format!("{name}/{text}"),
        what: format!("{name}: {verb} {text}"),
        place: place.clone(),
    };
    let added = now.iter().filter(|entry| absent(entry, &before)).map(|entry| change("adds", entry));
    let gone = before.iter().filter(|entry| absent(entry, &now)).map(|entry| change("removes", entry));
    added.chain(gone).collect()
}

/// `adds …; removes …`; none when both hold the same.
fn difference(before: &[String], now: &[String]) -> Option<String> {
    let only = |list: &[String], other: &[String]| -> Vec<String> {
        list.iter().filter(|item| !other.contains(item)).map(|item| format!("`{item}`")).collect()
    };
    let parts: Vec<String> = [("adds", only(now, before)), ("removes", only(before, now))]
        .into_iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(verb, items)| format!("{verb} {}", items.join(", ")))
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
