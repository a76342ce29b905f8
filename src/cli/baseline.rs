//! `--baseline` and `--baseline-ref`: the code as it was before a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::trees::Trees;
use super::{output, progress};
use crate::facts::code::{CodeFacts, Factory, Skip};
use crate::judge::BaselineFacts;
use crate::scan::tree::Members;
use crate::scan::{self, ScanOptions, factories, git, walk};
use crate::scorecard::SCORECARD_SCHEMA;
use crate::scorecard::Scorecard;
use crate::ui::Problem;

const HEADING: &str = "Compare with what was there before";

/// What a change is compared with.
#[derive(Debug, Clone, Default, Args)]
pub struct BaselineFlags {
    /// Count only what the change adds to this revision: a branch, tag or commit such as origin/main.
    /// Compared is the work tree with the merge base of the revision and HEAD, as a pull request does; it is
    /// read from git's objects, no checkout is touched. A shallow clone needs `fetch-depth: 0` or
    /// `git fetch --deepen`
    #[arg(long, value_name = "REF", conflicts_with = "baseline", help_heading = HEADING)]
    pub baseline_ref: Option<String>,
    /// Count only what is not in this former report (-o json) or scan document of the same roots
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub baseline: Option<PathBuf>,
}

/// The code before a change.
pub struct Before {
    /// What it is, in words.
    source: String,
    /// The commit, when it is one.
    commit: Option<String>,
    /// What was found in it.
    pub code: CodeFacts,
    /// Former path → path now.
    renamed: BTreeMap<String, String>,
    /// Files the change edits; none when that is not known.
    edited: Option<BTreeSet<String>>,
}

impl Before {
    /// With the scorecard of the former code: what the judge compares with.
    pub fn judged(self, card: Scorecard) -> BaselineFacts {
        let unread = self.code.coverage.unread().into_iter().map(str::to_owned).collect();
        BaselineFacts {
            source: self.source,
            commit: self.commit,
            checks: card.checks,
            unread,
            renamed: self.renamed,
            edited: self.edited,
            digests: self.code.coverage.unread_digests,
        }
    }

    /// Judge the new code by the factories there were.
    pub fn hand_on_factories(&self, now: &mut CodeFacts) {
        factories::keep(now, &self.factories(), |path| {
            self.renamed.get(path).cloned().unwrap_or_else(|| path.to_owned())
        });
    }

    fn factories(&self) -> Vec<Factory> {
        self.code.factories.iter().filter(|f| f.found).cloned().collect()
    }
}

/// The code now and before.
pub struct Both {
    /// The work tree.
    pub now: CodeFacts,
    /// What it is compared with.
    pub before: Option<Before>,
}

/// Scan the trees as they are and as they were. `folder` is where a revision may be laid out.
pub fn scan_both(
    trees: &Trees,
    flags: &BaselineFlags,
    folder: Option<&Path>,
    stop: &AtomicBool,
) -> Result<Both, Problem> {
    // First what can be refused without a scan.
    let starts = match &flags.baseline_ref {
        Some(reference) => trees.roots.iter().map(|root| start(root, reference)).collect::<Result<Vec<_>, _>>()?,
        None => vec![],
    };
    let stored = flags.baseline.as_deref().map(read).transpose()?;
    let now = trees.roots.iter().map(|root| scan::scan(root, &trees.options)).collect::<Result<Vec<_>, _>>()?;
    let before = match (stored, folder, &flags.baseline_ref) {
        (Some(stored), ..) => Some(stored),
        (None, Some(folder), Some(reference)) => Some(revision(trees, reference, &starts, &now, folder, stop)?),
        _ => None,
    };
    let mut now = scan::merge(now);
    if let Some(before) = &before {
        before.hand_on_factories(&mut now);
    }
    Ok(Both { now, before })
}

/// Where the change of one root began.
struct Start {
    repository: git::Repository,
    commit: String,
    changes: git::Changes,
}

fn start(root: &Path, reference: &str) -> Result<Start, Problem> {
    if !root.is_dir() {
        return Err(Problem::usage(format!("the source tree {} is not a folder", root.display()))
            .help("--baseline-ref compares folders of a git repository"));
    }
    let repository = git::Repository::around(root)?;
    let commit = repository.merge_base(reference)?;
    let members = Members::of(root, false);
    let changes = repository.changes(&commit, |path| members.file(path).counts())?;
    Ok(Start { repository, commit, changes })
}

/// Scan every root as it was when the change began.
fn revision(
    trees: &Trees,
    reference: &str,
    starts: &[Start],
    now: &[CodeFacts],
    folder: &Path,
    stop: &AtomicBool,
) -> Result<Before, Problem> {
    let mut parts = vec![];
    let (mut renamed, mut edited) = (BTreeMap::new(), BTreeSet::new());
    for (i, ((root, start), now)) in trees.roots.iter().zip(starts).zip(now).enumerate() {
        let name = |path: &str| scan::merged_path(root, path, trees.roots.len());
        renamed.extend(start.changes.renamed.iter().map(|(old, new)| (name(old), name(new))));
        edited.extend(start.changes.edited.iter().map(|path| name(path)));
        let lacking: Vec<&Skip> = now.coverage.skipped.iter().filter(|skip| skip.is_lacking()).collect();
        // Who edits a file of a folder that the work tree lacks edits what nobody has looked at.
        let inside = |folder: &str, path: &String| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let folders = lacking.iter().filter(|skip| start.changes.edited.iter().any(|path| inside(&skip.path, path)));
        edited.extend(folders.map(|skip| name(&skip.path)));
        // A folder is a submodule that stands at another commit.
        let matters = |path: &String| {
            walk::wants(path.rsplit('/').next().unwrap_or(path)) || path.ends_with("ignore") || root.join(path).is_dir()
        };
        if !start.changes.touched.iter().any(matters) {
            // Nothing a scan reads was changed: before is now.
            parts.push(now.clone());
            continue;
        }
        progress::step(&format!(
            "{reference}: reading the files of {} from git",
            start.commit.get(..10).unwrap_or_default()
        ));
        let into = folder.join(i.to_string());
        let paths: Vec<&str> = lacking.iter().map(|skip| skip.path.as_str()).collect();
        let layout = git::Layout { into: &into, lacking: &paths, stop };
        let left_out = git::lay_out(&start.repository, &start.commit, &layout)?;
        let tree = into.join(start.repository.prefix());
        scan::like_a_repository(root, &tree)?;
        let mut code = scan::scan(&tree, &ScanOptions { laid_out: true, ..trees.options.clone() })?;
        code.coverage.skipped.extend(lacking.into_iter().filter(|skip| left_out.contains(&skip.path)).cloned());
        code.repository.root.clone_from(&now.repository.root);
        code.repository.commit = Some(start.commit.clone());
        parts.push(code);
    }
    let commit = starts.first().map(|s| s.commit.clone());
    let short = commit.as_deref().and_then(|c| c.get(..10)).unwrap_or_default();
    Ok(Before {
        source: format!("{reference} at {short}"),
        commit,
        code: scan::merge(parts),
        renamed,
        edited: Some(edited),
    })
}

/// A former report or a scan document.
fn read(path: &Path) -> Result<Before, Problem> {
    let shown = output::shown(path);
    let bytes = std::fs::read(path)
        .map_err(|e| Problem::usage(format!("the baseline {shown} cannot be read")).note(e.to_string()))?;
    let schema = |bytes: &[u8]| {
        let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        Some(value.get("schema")?.as_str()?.to_owned())
    };
    let code = match schema(&bytes).as_deref() {
        Some(SCORECARD_SCHEMA) => {
            let card: Scorecard = serde_json::from_slice(&bytes).map_err(|e| {
                Problem::usage(format!("the baseline {shown} is no complete scorecard")).note(e.to_string())
            })?;
            card.inventory.code.value().cloned().ok_or_else(|| {
                Problem::usage(format!("the baseline {shown} holds no scan"))
                    .help("make one with `temporal-preflight check -o json`")
            })?
        }
        _ => scan::document::read(path).map_err(|problem| {
            problem.note("a baseline is a former report (`-o json`) or a scan document (`scan -o json`)")
        })?,
    };
    let commit = code.repository.commit.clone();
    Ok(Before { source: shown, commit, code, renamed: BTreeMap::new(), edited: None })
}
