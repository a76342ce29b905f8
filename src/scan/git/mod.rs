//! Another revision of a tree, read from git's objects: no checkout is touched and nothing is written into the tree.
//!
//! The `git` program is asked, because it knows every kind of repository people have (packs, alternates, partial
//! clones, work trees, new hash functions), takes nothing to build, and answers for a whole tree in two calls
//! (`ls-tree`, `cat-file --batch`).

mod index;
mod layout;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::ui::Problem;
pub use index::{Tracked, TrackedKind, ids_of, tracked};
pub use layout::{Layout, lay_out};

/// The repository around a folder.
#[derive(Debug)]
pub struct Repository {
    /// The root of the work tree.
    top: PathBuf,
    /// The folder that was asked for, below the root, with `/`; empty for the root.
    prefix: String,
}

/// What a change does to files, by paths relative to the folder that was asked for.
#[derive(Debug, Default)]
pub struct Changes {
    /// Former path → path now.
    pub renamed: BTreeMap<String, String>,
    /// Files that were changed, added or are not tracked, by their names now, and files that are gone.
    pub touched: BTreeSet<String>,
    /// Those of them that may have another content than before: a file that only has another name has not.
    pub edited: BTreeSet<String>,
}

impl Repository {
    /// The repository around a folder.
    ///
    /// # Errors
    /// There is no `git`, no repository, or git refuses to read it.
    pub fn around(folder: &Path) -> Result<Self, Problem> {
        let shown = folder.display();
        let output = run(folder, ["rev-parse", "--show-toplevel", "--show-prefix"])?;
        if !output.ok {
            let problem =
                Problem::usage(format!("{shown} cannot be read as part of a git repository")).note(output.said());
            return Err(match output.stderr.contains("dubious ownership") {
                true => {
                    problem.help("git does not trust a repository of another user: see `safe.directory` in its manual")
                }
                false => problem.help("give --baseline with a former report instead of --baseline-ref"),
            });
        }
        let mut lines = output.stdout.lines();
        let top = PathBuf::from(lines.next().unwrap_or_default());
        let prefix = lines.next().unwrap_or_default().trim_end_matches('/').to_owned();
        Ok(Self { top, prefix })
    }

    /// The folder that was asked for, below the root of the work tree.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The commit at which the change began: the merge base of a revision and HEAD.
    ///
    /// # Errors
    /// The revision is not in this clone, or shares no history with HEAD; in a shallow clone the remedy is named.
    pub fn merge_base(&self, reference: &str) -> Result<String, Problem> {
        let shallow = self.is_shallow();
        let missing = |title: String, said: String| {
            let problem = Problem::usage(title).note(said);
            match shallow {
                false => problem.help(format!("fetch it first, such as `git fetch origin {}`", branch(reference))),
                true => problem
                    .note("this is a shallow clone: a part of the history was not fetched")
                    .help("in GitHub Actions: give `fetch-depth: 0` to actions/checkout; in GitLab: `GIT_DEPTH: 0`")
                    .help(format!("or fetch more here: `git fetch --deepen=200 origin {}`", branch(reference))),
            }
        };
        if reference.is_empty() || reference.starts_with('-') {
            return Err(Problem::usage(format!("`{reference}` is no name of a revision"))
                .help("give a branch, tag or commit, such as origin/main"));
        }
        let commit = format!("{reference}^{{commit}}");
        let found = run(&self.top, ["rev-parse", "--verify", "--quiet", &commit])?;
        if !found.ok {
            let title = format!("there is no revision `{reference}` in this clone");
            return Err(missing(title, "--baseline-ref takes a branch, tag or commit".to_owned()));
        }
        let base = run(&self.top, ["merge-base", found.line(), "HEAD"])?;
        if !base.ok || base.line().is_empty() {
            let title = format!("`{reference}` and HEAD have no commit in common");
            return Err(missing(title, "the change is what HEAD adds since their merge base".to_owned()));
        }
        Ok(base.line().to_owned())
    }

    /// Whether a part of the history was not fetched.
    fn is_shallow(&self) -> bool {
        run(&self.top, ["rev-parse", "--is-shallow-repository"]).is_ok_and(|o| o.line() == "true")
    }

    /// What lies between a commit and the work tree, with what is not committed yet. `counts` tells whether a file that
    /// is not tracked, below the folder that was asked for, is of the tree.
    ///
    /// # Errors
    /// Git cannot compare them.
    pub fn changes(&self, commit: &str, counts: impl Fn(&str) -> bool) -> Result<Changes, Problem> {
        let diff = [
            "diff",
            "--name-status",
            "-z",
            "-M50%",
            "-l5000",
            "--no-ext-diff",
            "--ignore-submodules=none",
            commit,
            "--",
        ];
        let output = run(&self.top, diff)?.or("git cannot compare the work tree with the baseline")?;
        let mut changes = Changes::default();
        let mut fields = output.stdout.split('\0');
        while let Some(status) = fields.next().filter(|s| !s.is_empty()) {
            let Some(path) = fields.next() else { break };
            let new = if status.starts_with(['R', 'C']) { fields.next() } else { None };
            if let Some(new) = new.filter(|_| status.starts_with('R'))
                && let (Some(old), Some(new)) = (self.below(path), self.below(new))
            {
                changes.renamed.insert(old.to_owned(), new.to_owned());
            }
            let names = [Some(path), new].into_iter().flatten().filter_map(|p| self.below(p)).map(str::to_owned);
            let names: Vec<String> = names.collect();
            if status != "R100" {
                changes.edited.extend(names.iter().cloned());
            }
            changes.touched.extend(names);
        }
        // Git would wait without end for an ignore file that is a pipe, and it knows those of the user too.
        let others = run(&self.top, ["ls-files", "--others", "--exclude=node_modules/", "-z"])?
            .or("git cannot list files that are not tracked")?;
        for path in others.stdout.split('\0').filter(|p| !p.is_empty()).filter_map(|p| self.below(p)) {
            if !counts(path) {
                continue;
            }
            changes.edited.insert(path.to_owned());
            changes.touched.insert(path.to_owned());
        }
        Ok(changes)
    }

    /// What a file of the folder that was asked for held at a commit; none when it was not there.
    ///
    /// # Errors
    /// The commit has the file, and git cannot read it.
    pub fn file_at(&self, commit: &str, name: &str) -> Result<Option<Vec<u8>>, Problem> {
        let path = if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) };
        let object = format!("{commit}:{path}");
        if !run(&self.top, ["cat-file", "-e", &object])?.ok {
            return Ok(None);
        }
        let output = git(&self.top).args(["cat-file", "blob", &object]).stdin(Stdio::null()).output();
        let output = output.map_err(|e| no_git(&e))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Problem::tool(format!("git cannot read {path} of the baseline")).note(said));
        }
        Ok(Some(output.stdout))
    }

    /// Whether git ignores a file of the folder that was asked for: it is not tracked, and an ignore file names it.
    ///
    /// # Errors
    /// `git` cannot be started.
    pub fn ignores(&self, name: &str) -> Result<bool, Problem> {
        let folder = self.top.join(&self.prefix);
        Ok(run(&folder, ["check-ignore", "--quiet", "--", name])?.ok)
    }

    /// A path relative to the folder that was asked for; none when it is elsewhere.
    fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.prefix.is_empty() {
            return Some(path);
        }
        path.strip_prefix(self.prefix.as_str())?.strip_prefix('/')
    }
}

/// The branch of `origin/main`, for advice.
fn branch(reference: &str) -> &str {
    reference.strip_prefix("origin/").unwrap_or(reference)
}

/// What git answered.
struct Answer {
    ok: bool,
    stdout: String,
    stderr: String,
}

impl Answer {
    fn line(&self) -> &str {
        self.stdout.lines().next().unwrap_or_default()
    }

    fn said(&self) -> String {
        let said = self.stderr.trim();
        if said.is_empty() { "git gave no reason".to_owned() } else { said.to_owned() }
    }

    fn or(self, title: &str) -> Result<Self, Problem> {
        if self.ok { Ok(self) } else { Err(Problem::tool(title).note(self.said())) }
    }
}

fn run<S: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = S>) -> Result<Answer, Problem> {
    let output = git(folder).args(args).stdin(Stdio::null()).output().map_err(|e| no_git(&e))?;
    Ok(Answer {
        ok: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// A call of git in a folder that reads only: no lock is taken, no index refreshed, no hook of the file system asked.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]);
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
    // A hook that calls this tool has them set, and they name another folder's repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command
}

fn no_git(error: &std::io::Error) -> Problem {
    Problem::usage("the `git` program cannot be started, and the baseline is read with it")
        .note(error.to_string())
        .help("install git, or give --baseline with a former report instead of --baseline-ref")
}
