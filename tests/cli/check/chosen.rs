//! Which files of a change are looked at: what git tracks, wherever it stands and whatever ignore files say, and what
//! HEAD has and the work tree lacks.

use std::path::Path;

use crate::check::git::Repo;
use crate::check::{FACTORY, card, expect, forgotten};

const CALLER: &str = "package main\n\nimport (\n\t\"example.com/pay/worker\"\n\n\t\"go.temporal.io/sdk/client\"\n)\n\n\
    func main() {\n\tc, _ := worker.NewTemporalClient()\n\
    \tc.ExecuteWorkflow(nil, client.StartWorkflowOptions{TaskQueue: \"pay\"}, \"Pay\")\n}\n";

/// A service that is in order on `main`, and a branch.
fn service() -> Repo {
    let repo = Repo::new();
    fill(&repo);
    repo.commit("before");
    repo.branch("change");
    repo
}

fn fill(repo: &Repo) {
    repo.write("go.mod", "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n");
    repo.write("worker/connection.go", FACTORY);
    repo.write("cmd/api/main.go", CALLER);
    repo.write("preflight.yaml", "version: 1\ncode: {factories: [\"worker/connection.go:NewTemporalClient\"]}\n");
}

/// Commit everything, ignored files too.
fn commit_all(repo: &Repo) {
    repo.git(&["add", "--all", "--force"]);
    repo.git(&["commit", "--quiet", "-m", "the change"]);
}

#[track_caller]
fn fails(repo: &Repo, place: &str) {
    expect(repo, &["--baseline-ref", "main"], 1, &["NO-GO", place]);
}

#[track_caller]
fn undecided(repo: &Repo, says: &[&str]) {
    expect(repo, &["--baseline-ref", "main"], 3, &[&["UNDECIDED"], says].concat());
}

const PYTHON: &str = "import asyncio\n\nfrom temporalio.client import Client\n\n\nasync def main():\n    \
    client = await Client.connect(\"10.0.1.50:7233\")\n    \
    await client.start_workflow(\"Nightly\", id=\"n\", task_queue=\"pay\")\n\n\nasyncio.run(main())\n";

#[test]
fn what_git_tracks_is_read_whatever_ignore_files_say() {
    for (file, line) in [
        (".gitignore", "jobs/"),
        (".gitignore", "*.go"),
        (".gitignore", "*"),
        (".ignore", "jobs/"),
        (".ignore", "*"),
        (".git/info/exclude", "jobs/"),
        ("jobs/.gitignore", "*"),
    ] {
        let repo = service();
        repo.write(file, &format!("{line}\n"));
        repo.write("jobs/evil.go", &forgotten("Evil"));
        commit_all(&repo);
        fails(&repo, "jobs/evil.go");
    }
}

/// The most frequent accident: the name of the program is the name of its folder.
#[test]
fn a_program_whose_folder_has_the_name_of_an_ignored_binary_is_read() {
    let repo = service();
    repo.write(".gitignore", "starter\nworker\n");
    repo.write("cmd/starter/main.go", &forgotten("Evil"));
    commit_all(&repo);
    fails(&repo, "cmd/starter/main.go");
}

#[test]
fn hidden_folders_are_read() {
    for path in [".github/scripts/s.py", ".buildkite/s.py", ".jobs/s.py", "tools/.internal/s.py"] {
        let repo = service();
        repo.write(path, PYTHON);
        repo.commit("a script");
        fails(&repo, path);
        // It need not be committed.
        let repo = service();
        repo.write(path, PYTHON);
        fails(&repo, path);
    }
}

#[test]
fn ignore_files_above_the_repository_and_of_the_user_do_not_count() {
    let repo = service();
    for name in [".gitignore", ".ignore"] {
        std::fs::write(repo.path().join("..").join(name), "jobs/\n*.go\n*\n").unwrap();
    }
    repo.write("jobs/evil.go", &forgotten("Evil"));
    fails(&repo, "jobs/evil.go");
}

#[test]
fn what_is_not_tracked_and_ignored_is_not_of_the_change() {
    let repo = service();
    repo.write(".gitignore", "dist/\n*.gen.go\n!keep.gen.go\n");
    repo.write("dist/evil.go", &forgotten("Evil"));
    repo.write("jobs/evil.gen.go", &forgotten("Evil"));
    expect(&repo, &["--baseline-ref", "main"], 0, &["it adds no finding"]);
    repo.write("jobs/keep.gen.go", &forgotten("Keep"));
    fails(&repo, "jobs/keep.gen.go");
}

/// A folder of caches beside the code is no code of the team, as long as git does not track it.
#[test]
fn environments_and_caches_are_left_out_and_said() {
    let repo = service();
    repo.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    repo.write(".venv/lib/python3.12/site-packages/temporalio/job.py", PYTHON);
    let card = card(&repo, &["--baseline-ref", "main"]);
    assert_eq!(card["verdict"], "go", "{}", card["summary"]);
    let skipped = card["inventory"]["code"]["known"]["coverage"]["skipped"].to_string();
    assert!(skipped.contains(".venv"), "{skipped}");
    repo.git(&["add", "--force", ".venv"]);
    fails(&repo, ".venv/lib");
}

#[test]
fn a_root_that_was_named_is_read_even_when_it_is_ignored() {
    let repo = service();
    repo.write(".gitignore", "build/\n*.tmp.go\n");
    repo.write("build/gen/go.mod", "module example.com/gen\n\nrequire go.temporal.io/sdk v1.37.0\n");
    repo.write("build/gen/evil.go", &forgotten("Evil"));
    let output = crate::check::preflight(&repo.path()).args(["scan", "build/gen", "-o", "json"]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("\"path\": \"evil.go\""),
        "{}",
        crate::check::said(&output)
    );
    let output =
        crate::check::preflight(&repo.path()).args(["scan", "build/gen/evil.go", "-o", "json"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"start\""), "{}", crate::check::said(&output));
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_said_and_stays_open() {
    let repo = service();
    repo.write("jobs/evil.go", &forgotten("Evil"));
    repo.write("jobs/more/x.go", "package more\n");
    repo.commit("a job");
    repo.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/jobs/"]);
    assert!(!repo.path().join("jobs").exists());
    undecided(&repo, &["jobs", "starter-outside-factory"]);
    let card = card(&repo, &["--baseline-ref", "main"]);
    let skipped = card["inventory"]["code"]["known"]["coverage"]["skipped"].to_string();
    assert!(
        skipped.contains("\"jobs\"") && skipped.contains("sparse checkout") && skipped.contains("2 files"),
        "{skipped}"
    );
}

/// Neither side of the comparison has it, so a change beside it is decided.
#[test]
fn what_was_left_out_before_and_is_not_touched_decides_nothing() {
    let repo = Repo::new();
    fill(&repo);
    repo.write("jobs/old.go", &forgotten("Old"));
    repo.commit("before");
    repo.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/jobs/"]);
    repo.branch("change");
    repo.write("notes.py", "print(1)\n");
    repo.commit("beside it");
    let card = card(&repo, &["--baseline-ref", "main"]);
    assert_eq!(card["verdict"], "go", "{}", card["summary"]);
    assert_eq!(card["baseline"]["fixed"].as_array().map_or(0, Vec::len), 0, "nothing is mended by not looking");
    repo.git(&["sparse-checkout", "disable"]);
    repo.write("jobs/old.go", &forgotten("New"));
    repo.commit("the job");
    repo.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/jobs/"]);
    undecided(&repo, &["jobs"]);
}

#[test]
fn a_submodule_that_is_not_checked_out_is_said_and_stays_open() {
    let library = service();
    let repo = service();
    let from = format!("file://{}", library.path().display());
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "lib"]);
    repo.commit("a library");
    repo.git(&["submodule", "--quiet", "deinit", "--force", "lib"]);
    undecided(&repo, &["lib", "submodule"]);
    let clone = repo.shallow_clone("change");
    expect(&clone, &[], 3, &["UNDECIDED", "lib"]);
}

/// A deletion that is staged is what the next commit is; one that is not may be an accident of the checkout.
#[test]
fn a_file_that_is_gone_is_said_until_its_deletion_is_staged() {
    let repo = Repo::new();
    fill(&repo);
    repo.write("jobs/old.go", &forgotten("Old"));
    repo.commit("before");
    repo.branch("change");
    std::fs::remove_dir_all(repo.path().join("jobs")).unwrap();
    undecided(&repo, &["jobs", "not staged"]);
    repo.git(&["add", "--all"]);
    expect(&repo, &["--baseline-ref", "main"], 0, &["mends 2"]);
}

#[test]
fn a_link_to_a_folder_is_followed_to_where_it_leads_or_named() {
    let repo = service();
    repo.write(".hid/evil.go", &forgotten("Evil"));
    std::os::unix::fs::symlink(".hid", repo.path().join("jobs")).unwrap();
    repo.commit("a link");
    fails(&repo, ".hid/evil.go");
    let repo = service();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("evil.go"), forgotten("Evil")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), repo.path().join("jobs")).unwrap();
    repo.commit("a link out of the tree");
    undecided(&repo, &["jobs"]);
}

#[test]
fn ignore_files_that_never_end_are_not_waited_for() {
    for name in [".gitignore", ".ignore", "jobs/.gitignore"] {
        for device in [true, false] {
            let repo = service();
            repo.write("jobs/evil.go", &forgotten("Evil"));
            let path = repo.path().join(name);
            if device {
                std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
            } else {
                assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
            }
            fails(&repo, "jobs/evil.go");
        }
    }
    // A folder in which `.git` is a pipe is no repository.
    let folder = tempfile::tempdir().unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.path().join(".git")).status().unwrap().success());
    scans(folder.path());
}

#[track_caller]
fn scans(folder: &Path) {
    std::fs::write(folder.join("evil.go"), forgotten("Evil")).unwrap();
    let output = crate::check::preflight(folder).args(["scan", "."]).output().unwrap();
    assert!(output.status.success(), "{}", crate::check::said(&output));
}

/// In a folder that is no repository nobody knows what is tracked: everything is read.
#[test]
fn without_a_repository_everything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".gitignore"), "jobs/\n").unwrap();
    std::fs::create_dir(folder.path().join("jobs")).unwrap();
    std::fs::write(folder.path().join("go.mod"), "module example.com/pay\n\nrequire go.temporal.io/sdk v1.37.0\n")
        .unwrap();
    std::fs::write(folder.path().join("jobs/evil.go"), forgotten("Evil")).unwrap();
    let output = crate::check::preflight(folder.path()).args(["check", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", crate::check::said(&output));
}

/// The change hides nothing by an exclude: files that name Temporal are said.
#[test]
fn what_the_configuration_leaves_out_is_said_when_it_names_temporal() {
    let repo = service();
    repo.write("jobs/evil.go", &forgotten("Evil"));
    repo.write("jobs/plain.go", "package jobs\n");
    repo.commit("a job");
    let card = card(&repo, &["--exclude", "jobs/**"]);
    assert_eq!(card["verdict"], "go-with-conditions", "{}", card["summary"]);
    let skipped = card["inventory"]["code"]["known"]["coverage"]["skipped"].to_string();
    assert!(skipped.contains("jobs/evil.go") && !skipped.contains("plain.go"), "{skipped}");
}
