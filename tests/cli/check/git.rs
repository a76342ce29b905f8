//! A git repository of a test.

#![allow(dead_code)] // each test binary uses its own part

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The repository, in a folder of its own; removed at the end.
pub struct Repo {
    folder: TempDir,
}

/// Where git is.
pub fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join("git")).find(|file| file.is_file()).expect("git on PATH")
}

impl Repo {
    /// An empty one with the branch `main`.
    pub fn new() -> Self {
        let repo = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(repo.path()).unwrap();
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    /// The root of the work tree.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// Run git in it.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        git(&self.path(), args)
    }

    /// Write a file.
    pub fn write(&self, path: &str, text: &str) {
        let full = self.path().join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
    }

    /// Read a file.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Commit everything.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    /// A new branch here.
    pub fn branch(&self, name: &str) {
        self.git(&["checkout", "--quiet", "-b", name]);
    }

    /// A clone of one branch with one commit of history, as CI makes it.
    pub fn shallow_clone(&self, branch: &str) -> Self {
        let clone = Self { folder: tempfile::tempdir().unwrap() };
        let from = format!("file://{}", self.path().display());
        git(clone.folder.path(), &["clone", "--quiet", "--depth=1", "--branch", branch, &from, "repo"]);
        clone
    }

    /// Every file with its size and time of change, the index of git among them.
    pub fn listing(&self) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
        let mut all: Vec<_> = walkdir::WalkDir::new(self.path())
            .into_iter()
            .map(|entry| {
                let entry = entry.unwrap();
                let metadata = entry.metadata().unwrap();
                (entry.into_path(), metadata.len(), metadata.modified().unwrap())
            })
            .collect();
        all.sort();
        all
    }
}

#[track_caller]
fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
