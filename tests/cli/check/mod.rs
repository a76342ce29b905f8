//! `check` on real git repositories, with real branches: what a change adds fails, and nothing else.

mod chosen;
pub mod git;
mod ignores;
mod settings;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use git::Repo;
use serde_json::Value;

/// The tool in a folder, away from the user's own settings.
fn preflight(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("temporal-preflight").unwrap();
    for (name, _) in std::env::vars() {
        if name.starts_with("TEMPORAL_") || name.starts_with("GITHUB_") || name == "NO_COLOR" || name == "CI" {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).env("HOME", folder.join("no-home")).env("XDG_CONFIG_HOME", folder.join("no-home"));
    command
}

fn check(repo: &Repo, args: &[&str]) -> Output {
    preflight(&repo.path()).arg("check").args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The exit code and what is printed.
#[track_caller]
fn expect(repo: &Repo, args: &[&str], code: i32, says: &[&str]) -> String {
    let output = check(repo, args);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in says {
        assert!(flat.contains(part), "{args:?} should say {part:?}\n{text}");
    }
    text
}

fn card(repo: &Repo, args: &[&str]) -> Value {
    let output = check(repo, &[args, &["-o", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}\n{}", said(&output)))
}

/// Counts of findings: new, known, mended.
fn counts(card: &Value) -> (usize, usize, usize) {
    let known: Vec<&str> = card["baseline"]["known"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let all: Vec<&str> = card["checks"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|c| c["findings"].as_array().unwrap())
        .map(|f| f["fingerprint"].as_str().unwrap())
        .collect();
    let new = all.iter().filter(|f| !known.contains(f)).count();
    (new, all.len() - new, card["baseline"]["fixed"].as_array().unwrap().len())
}

const FACTORY: &str = r#"package worker

import (
	"os"

	"go.temporal.io/sdk/client"
)

// NewTemporalClient is the one place where a client is built.
func NewTemporalClient() (client.Client, error) {
	return client.Dial(client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS")})
}
"#;

const STARTER: &str = r#"package main

import (
	"context"

	"example.com/pay/worker"
	"go.temporal.io/sdk/client"
)

func main() {
	c, err := worker.NewTemporalClient()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	_, _ = c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{TaskQueue: "pay"}, "PaymentWorkflow", 1)
}
"#;

/// A job that dials on its own and starts a workflow.
fn forgotten(name: &str) -> String {
    format!(
        r#"package main

import (
	"context"
	"os"

	"go.temporal.io/sdk/client"
)

func main() {{
	c, err := client.Dial(client.Options{{HostPort: os.Getenv("TEMPORAL_ADDRESS")}})
	if err != nil {{
		panic(err)
	}}
	{name}(c)
}}

func {name}(c client.Client) {{
	_, _ = c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{{TaskQueue: "pay"}}, "{name}Workflow")
}}
"#
    )
}

/// A service with a factory, a starter that uses it, and one that was forgotten before.
fn service() -> Repo {
    let repo = Repo::new();
    repo.write("go.mod", "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n");
    repo.write("worker/connection.go", FACTORY);
    repo.write("cmd/api/main.go", STARTER);
    repo.write("jobs/nightly/main.go", &forgotten("Nightly"));
    repo.write(
        "preflight.yaml",
        "version: 1\nname: pay\ncode: {factories: [\"worker/connection.go:NewTemporalClient\"]}\n",
    );
    repo.commit("before");
    repo.branch("change");
    repo
}

#[test]
fn an_added_forgotten_starter_fails_the_change_and_is_named_with_its_way_to_a_client_and_the_fix() {
    let repo = service();
    repo.write("jobs/weekly/main.go", &forgotten("Weekly"));
    repo.commit("a weekly job");
    let text = expect(
        &repo,
        &["--baseline-ref", "main"],
        1,
        &[
            "NO-GO at the gate pr",
            "compared with main at",
            "jobs/weekly/main.go:19",
            "`Weekly` (jobs/weekly/main.go:19) starts `WeeklyWorkflow`",
            "client parameter c of Weekly given at jobs/weekly/main.go:15 → jobs/weekly/main.go:11 in `main`",
            "fix Let Weekly take its client from `NewTemporalClient` (worker/connection.go)",
            "2 findings were there before the change",
        ],
    );
    assert!(!text.contains("jobs/nightly"), "what stood before is not repeated\n{text}");
    // Not committed yet, it fails as well.
    repo.git(&["reset", "--quiet", "--mixed", "main"]);
    expect(&repo, &["--baseline-ref", "main"], 1, &["jobs/weekly/main.go:19"]);
}

#[test]
fn without_a_baseline_the_whole_tree_is_judged() {
    expect(&service(), &[], 1, &["NO-GO", "`Nightly` (jobs/nightly/main.go:19) starts `NightlyWorkflow`"]);
}

/// Words and waivers for rules about clusters have nothing to answer here, and are not reported as idle.
#[test]
fn what_people_say_of_clusters_is_left_to_the_audit() {
    let repo = service();
    let plan = std::fs::read_to_string(repo.path().join("preflight.yaml")).unwrap();
    repo.write("preflight.yaml", &(plan + "attestations: attestations.yaml\nwaivers: waivers.yaml\n"));
    let word = |id: &str| format!("- {{id: {id}, by: Ines Falk, date: 2026-11-01, valid_until: 2099-12-31}}\n");
    repo.write("attestations.yaml", &(word("rehearsal") + &word("rehersal")));
    let waiver = "- {rule: schedule-differs, reason: known, owner: Tomas, until: 2099-12-31}\n";
    repo.write("waivers.yaml", waiver);
    let text = expect(&repo, &[], 1, &["no rule asks for `rehersal`"]);
    assert!(!text.contains("`rehearsal`, for which") && !text.contains("schedule-differs"), "{text}");
}

#[test]
fn a_change_that_adds_nothing_passes_whatever_stood_before() {
    let repo = service();
    repo.write("README.md", "# Pay\n");
    repo.commit("a page");
    expect(&repo, &["--baseline-ref", "main"], 0, &["GO at the gate pr", "it adds no finding"]);
}

#[test]
fn moved_renamed_and_reformatted_code_is_not_new() {
    type Change = fn(&Repo);
    let changes: [(&str, Change); 6] = [
        ("lines above", |repo| {
            let text = repo.read("jobs/nightly/main.go");
            repo.write("jobs/nightly/main.go", &text.replace("func Nightly", "// One.\n// Two.\n\nfunc Nightly"));
        }),
        ("other lines for the arguments", |repo| {
            let text = repo.read("jobs/nightly/main.go");
            let split = text
                .replace("context.Background(), client.", "\n\t\tcontext.Background(),\n\t\tclient.")
                .replace("}, \"NightlyWorkflow\")", "},\n\t\t\"NightlyWorkflow\",\n\t)");
            assert_ne!(split, text);
            repo.write("jobs/nightly/main.go", &split);
        }),
        ("spaces for tabs", |repo| {
            let text = repo.read("jobs/nightly/main.go");
            repo.write("jobs/nightly/main.go", &text.replace('\t', "    "));
        }),
        ("another name for the file", |repo| {
            repo.git(&["mv", "jobs/nightly/main.go", "jobs/nightly/job.go"]);
        }),
        ("another folder, not added to the index", |repo| {
            let text = repo.read("jobs/nightly/main.go");
            std::fs::remove_dir_all(repo.path().join("jobs")).unwrap();
            repo.write("cron/night/main.go", &text);
        }),
        ("functions in another order", |repo| {
            let text = repo.read("jobs/nightly/main.go");
            let at = text.find("func main").unwrap();
            let (head, rest) = text.split_at(at);
            let (first, second) = rest.split_at(rest.find("func Nightly").unwrap());
            repo.write("jobs/nightly/main.go", &format!("{head}{second}\n{first}"));
        }),
    ];
    for (what, change) in changes {
        let repo = service();
        change(&repo);
        let card = card(&repo, &["--baseline-ref", "main"]);
        assert_eq!(counts(&card), (0, 2, 0), "{what}: {}", card["summary"]);
        assert_eq!(card["verdict"], "go", "{what}");
    }
}

#[test]
fn a_copy_of_a_forgotten_starter_is_new() {
    let repo = service();
    let text = repo.read("jobs/nightly/main.go");
    repo.write("jobs/copy/main.go", &text);
    repo.commit("a copy");
    let card = card(&repo, &["--baseline-ref", "main"]);
    assert_eq!(counts(&card), (2, 2, 0));
    assert_eq!(card["verdict"], "no-go");
}

#[test]
fn what_the_change_mends_is_told() {
    let repo = service();
    repo.write("jobs/nightly/main.go", &STARTER.replace("PaymentWorkflow", "NightlyWorkflow"));
    repo.commit("through the factory");
    let text =
        expect(&repo, &["--baseline-ref", "main"], 0, &["GO at the gate pr", "mends 2", "Mended by this change (2)"]);
    assert!(text.contains("`Nightly` (jobs/nightly/main.go:19) starts `NightlyWorkflow`"), "{text}");
}

#[test]
fn what_landed_on_main_after_the_branch_began_is_neither_new_nor_mended() {
    let repo = service();
    repo.write("notes.py", "print(1)\n");
    repo.commit("on the branch");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.write("jobs/nightly/main.go", &STARTER.replace("PaymentWorkflow", "NightlyWorkflow"));
    repo.commit("mended on main");
    repo.git(&["checkout", "--quiet", "change"]);
    let card = card(&repo, &["--baseline-ref", "main"]);
    assert_eq!(counts(&card), (0, 2, 0), "compared is the merge base");
}

#[test]
fn a_starter_taken_away_from_the_factory_is_new() {
    let repo = service();
    let text = repo
        .read("cmd/api/main.go")
        .replace("worker.NewTemporalClient()", "client.Dial(client.Options{HostPort: \"10.0.1.50:7233\"})");
    repo.write("cmd/api/main.go", &text);
    expect(&repo, &["--baseline-ref", "main"], 1, &["`main` (cmd/api/main.go:16) starts `PaymentWorkflow`"]);
}

#[test]
fn a_change_does_not_make_itself_the_factory() {
    let repo = Repo::new();
    repo.write("go.mod", "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n");
    repo.write("worker/connection.go", FACTORY);
    for name in ["one", "two"] {
        repo.write(&format!("cmd/{name}/main.go"), STARTER);
    }
    repo.commit("before");
    repo.branch("change");
    // Nothing is configured; after the change most starters use the second construction.
    let second = FACTORY.replace("package worker", "package jobs").replace("NewTemporalClient", "Dial");
    repo.write("jobs/dial.go", &second);
    for name in ["a", "b", "c"] {
        let text = STARTER.replace("pay/worker", "pay/jobs").replace("worker.NewTemporalClient", "jobs.Dial");
        repo.write(&format!("jobs/{name}/main.go"), &text);
    }
    repo.commit("three jobs");
    expect(&repo, &["--baseline-ref", "main"], 1, &["jobs/a/main.go:16", "`NewTemporalClient` (worker/connection.go)"]);
    // Another name for the factory is not the end of it.
    let repo2 = Repo::new();
    repo2.write("go.mod", "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n");
    repo2.write("worker/connection.go", FACTORY);
    for name in ["one", "two"] {
        repo2.write(&format!("cmd/{name}/main.go"), STARTER);
    }
    repo2.commit("before");
    repo2.branch("change");
    repo2.write("worker/connection.go", &FACTORY.replace("NewTemporalClient", "Connect"));
    for name in ["one", "two"] {
        repo2.write(&format!("cmd/{name}/main.go"), &STARTER.replace("NewTemporalClient", "Connect"));
    }
    expect(&repo2, &["--baseline-ref", "main"], 0, &["it adds no finding"]);
}

#[test]
fn a_former_report_and_a_former_scan_are_baselines() {
    let repo = service();
    let (report, scan) = (repo.path().join("../report.json"), repo.path().join("../scan.json"));
    let written = format!("json={}", report.display());
    expect(&repo, &["--report", &written], 1, &[]);
    preflight(&repo.path()).args(["scan", "--out"]).arg(&scan).assert().success();
    repo.write("jobs/weekly/main.go", &forgotten("Weekly"));
    for file in [&report, &scan] {
        let name = file.display().to_string();
        let text = expect(&repo, &["--baseline", &name], 1, &["jobs/weekly/main.go:19"]);
        assert!(!text.contains("jobs/nightly"), "{text}");
    }
    repo.write("notes.json", "{}");
    expect(&repo, &["--baseline", "notes.json"], 2, &["notes.json", "former report"]);
    expect(&repo, &["--baseline", "gone.json"], 2, &["gone.json"]);
}

#[test]
fn languages_that_are_not_analysed_are_said_and_only_new_ones_leave_it_undecided() {
    let java = "import io.temporal.client.WorkflowClient;\nclass A {}\n";
    let repo = Repo::new();
    repo.write("go.mod", "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n");
    repo.write("worker/connection.go", FACTORY);
    repo.write("cmd/api/main.go", STARTER);
    repo.write("preflight.yaml", "version: 1\ncode: {factories: [\"worker/connection.go:NewTemporalClient\"]}\n");
    repo.write("src/A.java", java);
    repo.commit("before");
    repo.branch("change");
    expect(&repo, &[], 3, &["UNDECIDED", "1 file of java name"]);
    // A stored scan tells by what the file held.
    let stored = repo.path().join("../before.json").display().to_string();
    preflight(&repo.path()).args(["scan", "--out", &stored]).assert().success();
    expect(&repo, &["--baseline", &stored], 0, &["GO at the gate", "1 file could not be read"]);
    repo.write("src/A.java", &format!("{java}// more\n"));
    expect(&repo, &["--baseline", &stored], 3, &["UNDECIDED", "the change edits 1 file that the scan cannot read"]);
    repo.write("src/A.java", java);
    repo.write("README.md", "# Pay\n");
    expect(
        &repo,
        &["--baseline-ref", "main"],
        0,
        &["GO at the gate", "1 file could not be read, or not wholly, before the change as after it"],
    );
    repo.write("src/A.java", &format!("{java}// more\n"));
    // A starter may have come into it.
    expect(
        &repo,
        &["--baseline-ref", "main"],
        3,
        &["UNDECIDED", "starter-outside-factory", "the change edits 1 file that the scan cannot read: `src/A.java`"],
    );
    repo.write("src/A.java", java);
    repo.write("src/B.java", java);
    expect(&repo, &["--baseline-ref", "main"], 3, &["UNDECIDED", "starter-outside-factory", "`src/B.java`"]);
    repo.git(&["mv", "src/A.java", "src/C.java"]);
    std::fs::remove_file(repo.path().join("src/B.java")).unwrap();
    expect(&repo, &["--baseline-ref", "main"], 0, &["GO at the gate"]);
}

#[test]
fn a_root_below_the_top_and_several_roots_are_compared_with_themselves() {
    let repo = Repo::new();
    for folder in ["one", "two"] {
        repo.write(
            &format!("{folder}/go.mod"),
            "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n",
        );
        repo.write(&format!("{folder}/worker/connection.go"), FACTORY);
        repo.write(&format!("{folder}/jobs/main.go"), &forgotten("Nightly"));
    }
    repo.commit("before");
    repo.branch("change");
    repo.write("one/weekly/main.go", &forgotten("Weekly"));
    repo.git(&["mv", "two/jobs", "two/tasks"]);
    repo.commit("weekly");
    let one = card(&repo, &["one", "--baseline-ref", "main"]);
    assert_eq!(counts(&one), (2, 2, 0), "{}", one["summary"]);
    let two = card(&repo, &["two", "--baseline-ref", "main"]);
    assert_eq!(counts(&two), (0, 2, 0), "{}", two["summary"]);
    let both = card(&repo, &["one", "two", "--baseline-ref", "main"]);
    assert_eq!(counts(&both), (2, 4, 0), "{}", both["summary"]);
}

#[test]
fn a_submodule_is_compared_with_the_commit_that_was_recorded() {
    let library = service();
    library.git(&["checkout", "--quiet", "main"]);
    let repo = Repo::new();
    let from = format!("file://{}", library.path().display());
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "lib"]);
    repo.commit("before");
    repo.branch("change");
    repo.write("notes.py", "print(1)\n");
    let same = card(&repo, &["--baseline-ref", "main"]);
    assert_eq!(counts(&same), (0, 2, 0), "{}", same["summary"]);
    // The library goes on, and the change takes its new commit.
    library.write("jobs/weekly/main.go", &forgotten("Weekly"));
    library.commit("weekly");
    std::fs::remove_file(repo.path().join("notes.py")).unwrap();
    repo.git(&["-C", "lib", "pull", "--quiet"]);
    let more = card(&repo, &["--baseline-ref", "main"]);
    assert_eq!(counts(&more), (2, 2, 0), "{}", more["summary"]);
}

#[test]
fn nothing_is_written_into_the_tree_and_no_folder_is_left_behind() {
    let repo = service();
    repo.write("jobs/weekly/main.go", &forgotten("Weekly"));
    let before = repo.listing();
    let temporary = tempfile::tempdir().unwrap();
    let output = preflight(&repo.path())
        .env("TMPDIR", temporary.path())
        .args(["check", "--baseline-ref", "main"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(repo.listing(), before);
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_revision_that_cannot_be_had_is_explained() {
    let repo = service();
    expect(&repo, &["--baseline-ref", "origin/main"], 2, &["no revision `origin/main`", "git fetch origin main"]);
    expect(&repo, &["--baseline-ref=--all"], 2, &["no name of a revision"]);
    expect(&repo, &["--baseline-ref", "main", "--baseline", "x.json"], 2, &["cannot be used with"]);
    repo.git(&["checkout", "--quiet", "--orphan", "island"]);
    repo.commit("alone");
    expect(&repo, &["--baseline-ref", "main"], 2, &["no commit in common"]);
    let outside = tempfile::tempdir().unwrap();
    let output = preflight(outside.path()).args(["check", "--baseline-ref", "main"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("git repository") && said(&output).contains("--baseline"), "{}", said(&output));
    let output = preflight(&repo.path()).env("PATH", "").args(["check", "--baseline-ref", "main"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("`git` program"), "{}", said(&output));
}

#[test]
fn a_shallow_clone_is_explained_with_its_remedy() {
    let repo = service();
    repo.write("a.txt", "1");
    repo.commit("one");
    let clone = repo.shallow_clone("change");
    expect(&clone, &["--baseline-ref", "origin/main"], 2, &["shallow clone", "fetch-depth: 0", "git fetch --deepen"]);
    clone.git(&["fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main"]);
    expect(&clone, &["--baseline-ref", "origin/main"], 2, &["no commit in common", "shallow clone", "fetch-depth: 0"]);
    clone.git(&["fetch", "--quiet", "--unshallow"]);
    expect(&clone, &["--baseline-ref", "origin/main"], 0, &["GO at the gate pr"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_folder_behind() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = service();
    repo.write("jobs/weekly/main.go", &forgotten("Weekly"));
    let temporary = tempfile::tempdir().unwrap();
    // A git that never answers what is in a file.
    let tools = tempfile::tempdir().unwrap();
    let slow = tools.path().join("git");
    let real = git::program();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *\"cat-file --batch\"*) : > '{}'; exec sleep 60;; esac\nexec '{}' \"$@\"\n",
        tools.path().join("reached").display(),
        real.display()
    );
    std::fs::write(&slow, script).unwrap();
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap());
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("temporal-preflight"));
    let mut child = command
        .current_dir(repo.path())
        .env("PATH", path)
        .env("TMPDIR", temporary.path())
        .args(["check", "--baseline-ref", "main"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..600 {
        if tools.path().join("reached").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1, "the folder is there while it runs");
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}
