//! Bad input of every kind: what is said, where, and with which exit code.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

fn preflight(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("temporal-preflight").unwrap();
    for (name, _) in std::env::vars() {
        if name.starts_with("TEMPORAL_") || name == "NO_COLOR" {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).env("HOME", folder).env("XDG_CONFIG_HOME", folder).args(args).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn head(text: &str) -> String {
    text.chars().take(2000).collect()
}

/// `files` are written, `args` run; the exit code and every text must be there.
#[track_caller]
fn expect(files: &[(&str, &str)], args: &[&str], code: i32, says: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let output = preflight(folder.path(), args);
    let all = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{}", head(&all));
    for text in says {
        assert!(all.contains(text), "{args:?} should say {text:?}\n{}", head(&all));
    }
    output
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    expect(
        &[],
        &["--help"],
        0,
        &["init", "scan", "probe", "audit", "score", "explain", "rules", "doctor", "demo", "3 undecided"],
    );
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    expect(&[], &["scan", "--fastt"], 2, &["--fastt"]);
}

#[test]
fn a_tree_that_does_not_exist_is_a_usage_error() {
    expect(&[], &["scan", "no/such/tree"], 2, &["no/such/tree"]);
}

#[test]
fn a_mistake_in_preflight_yaml_is_shown_with_line_and_caret() {
    expect(
        &[("preflight.yaml", "version: 1\nwindow:\n  start: 2026-12-01\n  ende: 2026-12-28\n")],
        &["audit"],
        2,
        &["preflight.yaml:4:3", "ende", "^"],
    );
}

#[test]
fn a_named_file_that_is_missing_is_a_usage_error() {
    expect(&[], &["audit", "-f", "elsewhere.yaml"], 2, &["elsewhere.yaml"]);
    expect(&[("preflight.yaml", "version: 1\nattestations: a.yaml\n")], &["audit"], 2, &["a.yaml"]);
}

#[test]
fn a_window_that_ends_before_it_starts_is_refused() {
    expect(
        &[("preflight.yaml", "version: 1\nwindow: {start: 2026-12-28, end: 2026-12-01}\n")],
        &["audit"],
        2,
        &["ends before it starts"],
    );
}

#[test]
fn a_profile_that_does_not_exist_is_a_usage_error() {
    expect(&[], &["probe", "--side", "source", "--source-profile", "onprem"], 2, &["onprem"]);
}

#[test]
fn nothing_to_probe_says_what_to_give() {
    expect(&[], &["probe"], 2, &["no cluster to probe", "--source-address"]);
}

#[test]
fn one_cluster_given_twice_is_refused() {
    let same = ["audit", "--source-address", "127.0.0.1:1", "--target-address", "127.0.0.1:1"];
    expect(&[], &same, 2, &["same cluster"]);
}

#[test]
fn a_cluster_that_is_down_is_a_failed_blocker_with_side_step_and_remedy_and_the_rest_is_unknown() {
    // Port 1 on loopback: nobody listens there.
    let output = expect(
        &[("main.go", "package main\n")],
        &["audit", "--source-address", "127.0.0.1:1", "--target-address", "localhost:1", "-o", "json"],
        1,
        &["\"no-go\""],
    );
    let card: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let step = card["sides"][0]["connection"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(step["step"], "tcp", "{step}");
    assert_eq!(step["ok"], false);
    assert!(step["remedy"].is_string());
    let outcome = |rule: &str| {
        let checks = card["checks"].as_array().unwrap();
        checks.iter().find(|c| c["rule"] == rule).unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("target-reachable"), "fail");
    for rule in ["search-attribute-type", "schedule-active-on-both", "window-too-short"] {
        assert_eq!(outcome(rule), "unknown", "{rule}");
    }
}

#[test]
fn without_any_cluster_the_code_is_still_judged() {
    expect(
        &[("main.go", "package main\n")],
        &["audit"],
        3,
        &["UNDECIDED", "no connection to the source cluster is configured"],
    );
}

#[test]
fn a_snapshot_of_another_schema_version_is_refused() {
    let text = r#"{"schema": "temporal-preflight/cluster-snapshot/v9", "side": "source"}"#;
    expect(&[("s.json", text)], &["score", "--source", "s.json"], 2, &["s.json", "v9", "v1"]);
    expect(&[("s.json", "not json")], &["score", "--source", "s.json"], 2, &["s.json"]);
    expect(&[("s.json", "{}")], &["score", "--code", "s.json"], 2, &["s.json"]);
}

#[test]
fn a_rule_pack_with_an_error_is_refused_with_the_place() {
    expect(
        &[("pack/plan/x.yaml", "id: x\ntitle: a rule\narea: plan\nseverity: blokker\n"), ("pack/plan/x.md", "")],
        &["rules", "--rules", "pack"],
        2,
        &["x.yaml:4", "blokker"],
    );
}

#[test]
fn an_unknown_rule_is_a_usage_error() {
    expect(&[], &["explain", "no-such-rule"], 2, &["no-such-rule"]);
}

#[test]
fn a_report_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.go"), "package main\n").unwrap();
    let output = preflight(folder.path(), &["audit", "--report", "json=missing/folder/report.json"]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_key_on_the_command_line_never_comes_back() {
    let key = "sk-very-secret-key";
    let output = expect(
        &[("main.go", "package main\n")],
        &["audit", "--target-address", "127.0.0.1:1", "--target-api-key", key, "-o", "json"],
        1,
        &[],
    );
    assert!(!stdout(&output).contains(key) && !stderr(&output).contains(key));
}

#[test]
fn init_writes_what_audit_reads_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.go"), "package main\n").unwrap();
    let first = preflight(folder.path(), &["init"]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let second = preflight(folder.path(), &["init"]);
    assert_eq!(second.status.code(), Some(2), "{}", stderr(&second));
    let audit = preflight(folder.path(), &["audit"]);
    assert_eq!(audit.status.code(), Some(3), "{}", stderr(&audit));
}
