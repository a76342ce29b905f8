//! The exit code of every command, as a table: 0 go · 1 no-go · 2 usage or configuration · 3 undecided · 4 the tool failed.

use std::path::Path;

use assert_cmd::Command;

const GO_MOD: &str = "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n";
const DIALS: &str = r#"package main

import (
	"context"

	"go.temporal.io/sdk/client"
)

func main() {
	c, _ := client.Dial(client.Options{})
	_, _ = c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{}, "PayWorkflow")
}
"#;
/// The construction is the factory: the file says so.
const FACTORY: &str = "version: 1\ncode: {factories: [\"main.go:main\"]}\n";
const BROKEN: &str = "version: 2\n";

/// What is in the folder.
type Files = &'static [(&'static str, &'static str)];

const EMPTY: Files = &[];
const FORGOTTEN: Files = &[("go.mod", GO_MOD), ("main.go", DIALS)];
const MENDED: Files = &[("go.mod", GO_MOD), ("main.go", DIALS), ("preflight.yaml", FACTORY)];
const INVALID: Files = &[("preflight.yaml", BROKEN)];

fn run(folder: &Path, args: &str) -> (i32, String) {
    let mut command = Command::cargo_bin("temporal-preflight").unwrap();
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TEMPORAL_") || name.starts_with("GITHUB_")) {
        command.env_remove(name);
    }
    let home = folder.join("no-home");
    command.current_dir(folder).env("HOME", &home).env("XDG_CONFIG_HOME", &home).args(args.split_whitespace());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), said)
}

fn folder(files: Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[track_caller]
fn table(rows: &[(&str, Files, i32)]) {
    for (args, files, code) in rows {
        let folder = folder(files);
        let (came, said) = run(folder.path(), args);
        assert_eq!(came, *code, "{args}\n{}", said.chars().take(1500).collect::<String>());
    }
}

#[test]
fn commands_that_answer() {
    table(&[
        ("check", MENDED, 0),
        ("check", FORGOTTEN, 1),
        ("check --factory main.go:main", FORGOTTEN, 0),
        ("check", EMPTY, 3),
        ("check", INVALID, 2),
        ("check no/such/tree", EMPTY, 2),
        ("check --baseline-ref main", FORGOTTEN, 2),
        ("check --baseline gone.json", FORGOTTEN, 2),
        ("check --gate route", FORGOTTEN, 2),
        ("check --report json=no/such/folder/x.json", FORGOTTEN, 4),
        ("check --report pdf=x.pdf", FORGOTTEN, 2),
        ("audit --gate pr", MENDED, 0),
        ("audit --gate pr", FORGOTTEN, 1),
        ("audit", MENDED, 3),
        ("audit", INVALID, 2),
        ("audit --source-address 127.0.0.1:1 --target-address localhost:1", FORGOTTEN, 1),
        ("score", EMPTY, 2),
        ("score --code gone.json", EMPTY, 2),
    ]);
}

#[test]
fn commands_that_look() {
    table(&[
        ("scan", FORGOTTEN, 0),
        ("scan", EMPTY, 0),
        ("scan no/such/tree", EMPTY, 2),
        ("scan --out no/such/folder/x.json", FORGOTTEN, 4),
        ("init", FORGOTTEN, 0),
        ("init", MENDED, 2),
        ("probe", EMPTY, 2),
        ("probe", INVALID, 2),
        ("doctor", INVALID, 2),
        ("render gone.json", EMPTY, 2),
        ("explain starter-outside-factory", EMPTY, 0),
        ("explain no-such-rule", EMPTY, 2),
        ("rules", EMPTY, 0),
        ("rules test no/such/folder", EMPTY, 2),
        ("demo --recorded", EMPTY, 0),
        ("completions bash", EMPTY, 0),
        ("completions tcsh", EMPTY, 2),
        ("man", EMPTY, 0),
        ("man --out pages", EMPTY, 0),
    ]);
}

#[test]
fn every_command_has_a_help_and_refuses_what_it_does_not_know() {
    let folder = folder(EMPTY);
    let (_, help) = run(folder.path(), "--help");
    let commands: Vec<&str> = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        // Further in stands the rest of what a command is for.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() >= 13 && commands.contains(&"check") && commands.contains(&"man"), "{commands:?}");
    for command in commands.into_iter().filter(|c| *c != "help") {
        assert_eq!(run(folder.path(), &format!("{command} --help")).0, 0, "{command}");
        let (code, said) = run(folder.path(), &format!("{command} --no-such-flag"));
        assert!(code == 2 && said.contains("--no-such-flag"), "{command}: {code} {said}");
    }
    assert_eq!(run(folder.path(), "no-such-command").0, 2);
}

#[test]
fn the_format_never_changes_the_exit_code() {
    for (files, code) in [(MENDED, 0), (FORGOTTEN, 1), (EMPTY, 3)] {
        let folder = folder(files);
        for format in ["text", "markdown", "html", "json", "csv", "sarif", "junit", "github", "gitlab"] {
            assert_eq!(run(folder.path(), &format!("check -o {format}")).0, code, "{format}");
        }
        let all = "check -q --report sarif=a.sarif --report junit=a.xml --report github=a.txt --report gitlab=a.json";
        let (came, _) = run(folder.path(), all);
        assert_eq!(came, code);
        for name in ["a.sarif", "a.xml", "a.txt", "a.json"] {
            assert!(folder.path().join(name).is_file(), "{name}");
        }
    }
}

#[test]
fn quiet_says_nothing_but_the_result_and_verbose_says_every_step() {
    let folder = folder(FORGOTTEN);
    let stderr = |args: &str| {
        let mut command = Command::cargo_bin("temporal-preflight").unwrap();
        let output = command.current_dir(folder.path()).args(args.split_whitespace()).output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(stderr("check"), "", "nobody watches: no progress");
    assert!(stderr("check -o json --report text=a.txt").contains("wrote file://"));
    assert_eq!(stderr("check --quiet -o json --report text=a.txt"), "");
    assert!(stderr("check --quiet no/such/tree").contains("no/such/tree"), "errors are always said");
    let steps = stderr("--verbose check");
    assert!(steps.contains(" s  .: finding files") && steps.contains("asking the rules"), "{steps}");
    assert!(stderr("check -q -v").contains("cannot be used with"));
}

#[test]
fn the_summary_of_a_github_job_is_added_to_what_is_there() {
    let folder = folder(FORGOTTEN);
    let summary = folder.path().join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let mut command = Command::cargo_bin("temporal-preflight").unwrap();
    command.current_dir(folder.path()).env("GITHUB_STEP_SUMMARY", &summary).args(["check", "-o", "github"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("::error file=main.go,line=11,"));
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("before\n") && text.contains("NO-GO"), "{text}");
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    let folder = folder(EMPTY);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script) = run(folder.path(), &format!("completions {shell}"));
        assert!(code == 0 && script.contains("baseline-ref"), "{shell}");
    }
    let (_, page) = run(folder.path(), "man");
    assert!(page.contains(".TH temporal-preflight 1") && page.contains("check"), "{page}");
    run(folder.path(), "man --out pages");
    let page = std::fs::read_to_string(folder.path().join("pages/temporal-preflight-check.1")).unwrap();
    assert!(page.contains("baseline"), "{page}");
}
