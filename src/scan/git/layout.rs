//! The files of a commit that a scan reads, laid out in a folder.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Component, Path};
use std::process::{ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Repository, git, no_git, run};
use crate::scan::walk;
use crate::ui::Problem;

/// One file of a commit.
struct Blob {
    id: String,
    path: String,
}

/// How a commit is laid out.
pub struct Layout<'a> {
    /// Where the files go, at their paths below the root of the repository.
    pub into: &'a Path,
    /// Paths below the folder that was asked for which the work tree lacks, so that neither side of a comparison has them.
    pub lacking: &'a [&'a str],
    /// Ends early, with what there is, when it is set.
    pub stop: &'a AtomicBool,
}

/// Write the files below the folder that was asked for which a scan reads. Returns what is lacking of the commit.
///
/// # Errors
/// Git cannot list or read the files, or the folder cannot be written.
pub fn lay_out(repository: &Repository, commit: &str, layout: &Layout<'_>) -> Result<BTreeSet<String>, Problem> {
    let root = layout.into.join(&repository.prefix);
    std::fs::create_dir_all(&root).map_err(|e| unwritable(&e))?;
    let mut left_out = BTreeSet::new();
    write_tree(repository, commit, layout, &mut left_out)?;
    Ok(left_out)
}

fn write_tree(
    repository: &Repository,
    commit: &str,
    layout: &Layout<'_>,
    left_out: &mut BTreeSet<String>,
) -> Result<(), Problem> {
    let Repository { top, prefix } = repository;
    let (into, stop) = (layout.into, layout.stop);
    let listed =
        run(top, ["ls-tree", "-r", "-z", "--full-tree", commit])?.or("git cannot list the files of the baseline")?;
    let mut blobs = vec![];
    for entry in listed.stdout.split('\0') {
        let Some((head, path)) = entry.split_once('\t') else { continue };
        let mut words = head.split(' ');
        let (Some(mode), Some(_), Some(id)) = (words.next(), words.next(), words.next()) else { continue };
        if !stays_inside(path) {
            continue;
        }
        let lacking = repository.below(path).and_then(|below| layout.lacking.iter().find(|gone| is_below(below, gone)));
        if let Some(lacking) = lacking {
            left_out.insert((*lacking).to_owned());
            continue;
        }
        match mode {
            // A submodule has a repository of its own; one that is not checked out is not scanned now either.
            "160000" if top.join(path).join(".git").exists() && within(path, prefix) => {
                let inner = Repository { top: top.join(path), prefix: String::new() };
                let inner_layout = Layout { into: &into.join(path), lacking: &[], stop };
                write_tree(&inner, id, &inner_layout, left_out)?;
            }
            "100644" | "100755" if relevant(path, prefix) => {
                blobs.push(Blob { id: id.to_owned(), path: path.to_owned() });
            }
            _ => {}
        }
    }
    write_blobs(top, blobs, into, stop)
}

/// What a scan of the folder reads.
fn relevant(path: &str, prefix: &str) -> bool {
    walk::wants(path.rsplit('/').next().unwrap_or(path)) && within(path, prefix)
}

/// Whether a path is the other one or lies below it.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn within(path: &str, prefix: &str) -> bool {
    prefix.is_empty() || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

/// A tree can hold any name; nothing is written outside of the folder.
fn stays_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn write_blobs(top: &Path, blobs: Vec<Blob>, into: &Path, stop: &AtomicBool) -> Result<(), Problem> {
    let mut child = git(top)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| no_git(&e))?;
    let (Some(mut asking), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(unreadable("git has no pipes"));
    };
    let ids: Vec<u8> = blobs.iter().flat_map(|b| [b.id.as_bytes(), b"\n"].concat()).collect();
    // Asked from a thread of its own: both pipes are short.
    let asker = std::thread::spawn(move || asking.write_all(&ids));
    let done = blobs.iter().take_while(|_| !stop.load(Ordering::Relaxed)).try_fold(
        BufReader::new(answers),
        |mut answers, blob| {
            write_blob(&mut answers, &into.join(&blob.path))?;
            Ok(answers)
        },
    );
    if done.is_err() || stop.load(Ordering::Relaxed) {
        let _ = child.kill();
    }
    let done = done.map(drop);
    // The pipes are closed now, so that neither can wait for the other.
    let _ = asker.join();
    let _ = child.wait();
    done
}

fn write_blob(answers: &mut BufReader<ChildStdout>, to: &Path) -> Result<(), Problem> {
    let mut head = String::new();
    answers.read_line(&mut head).map_err(|e| unreadable(&e.to_string()))?;
    let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
    let Some(size) = size else {
        let said = if head.is_empty() { "git ended before it had answered" } else { head.trim_end() };
        return Err(unreadable(said));
    };
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(|e| unwritable(&e))?;
    }
    let mut file = std::fs::File::create(to).map_err(|e| unwritable(&e))?;
    let copied = std::io::copy(&mut answers.by_ref().take(size), &mut file).map_err(|e| unwritable(&e))?;
    // A newline ends every answer.
    let mut newline = [0];
    let ended = answers.read_exact(&mut newline);
    if copied < size || ended.is_err() {
        return Err(unreadable("git ended within a file"));
    }
    Ok(())
}

fn unreadable(said: &str) -> Problem {
    Problem::tool("the files of the baseline cannot be read from git").note(said)
}

fn unwritable(error: &std::io::Error) -> Problem {
    Problem::tool("the files of the baseline cannot be put into a temporary folder")
        .note(error.to_string())
        .help("check the space and the rights of the folder for temporary files (TMPDIR)")
}
