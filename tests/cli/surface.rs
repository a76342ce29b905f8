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
fn a_broken_rule_of_a_pack_is_told_and_the_others_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.go"), "package main\n").unwrap();
    let pack = folder.path().join("pack/plan");
    std::fs::create_dir_all(&pack).unwrap();
    std::fs::write(pack.join("x.yaml"), "id: x\ntitle: a rule\narea: plan\nseverity: blokker\n").unwrap();
    let output = preflight(folder.path(), &["audit", "--rules", "pack", "-o", "json"]);
    assert_eq!(output.status.code(), Some(2), "a verdict without the rule is not the one that was asked for");
    assert!(stderr(&output).contains("x.yaml:4:11") && stderr(&output).contains("blokker"), "{}", stderr(&output));
    let card: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = card["checks"].as_array().unwrap();
    assert!(checks.len() > 50, "the others are judged");
    let broken = checks.iter().find(|c| c["rule"] == "x").unwrap();
    assert_eq!((&broken["outcome"], &broken["title"]), (&"unknown".into(), &"a rule".into()));
}

#[test]
fn a_rule_of_ones_own_is_written_tested_and_judged_by() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.go"), "package main\n").unwrap();
    let run = |args: &[&str]| preflight(folder.path(), args);
    let new = run(&["rules", "new", "queue-names", "pack"]);
    assert_eq!(String::from_utf8_lossy(&new.stdout), "pack/house/queue-names.yaml\npack/house/queue-names.md\n");
    assert_eq!(run(&["rules", "new", "queue-names", "pack"]).status.code(), Some(2), "never overwritten");
    let test = run(&["rules", "test", "pack"]);
    assert_eq!(String::from_utf8_lossy(&test.stdout), "3 tests of 1 rule: 3 ok\n");
    let judged = run(&["audit", "--rules", "pack", "-o", "json"]);
    assert!(String::from_utf8_lossy(&judged.stdout).contains("\"rule\": \"queue-names\""));
    let path = folder.path().join("pack/house/queue-names.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    for (part, by, word) in [
        ("startsWith('Test')", "startsWith('Never')", "missing queue-names · a test that became production"),
        ("startsWith('Test')", "startsWith('')", "noisy   queue-names · a test that became production"),
        ("expect: pass", "unknown", "wrong   queue-names · nothing"),
    ] {
        assert!(text.contains(part), "{part}");
        let broken = match by.starts_with("unknown") {
            true => text.replace("    facts: {source.workflow_types: []}\n    expect: pass\n", "    expect: pass\n"),
            false => text.replace(part, by),
        };
        std::fs::write(&path, broken).unwrap();
        let test = run(&["rules", "test", "pack"]);
        let printed = String::from_utf8_lossy(&test.stdout);
        assert!(test.status.code() == Some(1) && printed.starts_with(word), "{printed}");
    }
    let facts = run(&["rules", "facts", "-o", "json"]);
    let facts: serde_json::Value = serde_json::from_slice(&facts.stdout).unwrap();
    assert!(facts.as_array().unwrap().iter().any(|f| f["path"] == "source.workflow_types"));
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

#[test]
fn help_is_short_however_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["init", "scan", "probe", "audit", "score", "render", "explain", "rules", "doctor", "demo"] {
        let long = stdout(&preflight(folder.path(), &[command, "--help"]));
        assert!(long.lines().count() <= 85, "`{command} --help` is a wall of {} lines", long.lines().count());
        assert!(long.contains("Usage: temporal-preflight"), "{long}");
        assert_eq!(long, stdout(&preflight(folder.path(), &[command, "-h"])), "{command}");
        assert_eq!(long, stdout(&preflight(folder.path(), &["help", command])), "{command}");
    }
    let audit = stdout(&preflight(folder.path(), &["audit", "--help"]));
    let place = |text: &str| audit.find(text).unwrap_or_else(|| panic!("no {text} in\n{audit}"));
    assert!(place("--gate") < place("--rules") && place("--rules") < place("--source-address"), "{audit}");
    assert!(audit.contains("--target-…"), "the flags of the target are not mentioned\n{audit}");
}

#[test]
fn a_report_format_that_does_not_exist_names_those_that_do() {
    expect(&[], &["audit", "--report", "pdf=x.pdf"], 2, &["pdf", "html=FILE", "markdown"]);
    expect(&[], &["audit", "--report", "report.html"], 2, &["html=FILE"]);
    expect(&[], &["probe", "--source-rps", "0"], 2, &["greater than 0"]);
}

#[test]
fn what_several_checks_lack_is_said_once() {
    let output = expect(&[("main.go", "package main\n")], &["audit"], 3, &[]);
    let text = stdout(&output);
    let undecided = text.split("\nNot decided").nth(1).unwrap().split("\nConditions").next().unwrap();
    // Checks that a word of a person could answer, too, name each their own.
    let said = undecided.matches("--source-profile or --source-address\n").count();
    assert_eq!(said, 1, "{undecided}");
    for rule in ["same-cluster", "source-reachable", "schedule-active-on-both"] {
        assert_eq!(undecided.matches(rule).count(), 1, "{rule}\n{undecided}");
    }
}

#[test]
fn a_waiver_that_waives_nothing_is_named() {
    expect(
        &[
            ("main.go", "package main\n"),
            ("preflight.yaml", "version: 1\nwaivers: waivers.yaml\n"),
            ("waivers.yaml", "- rule: no-such-rule\n  reason: a slip\n  owner: Ann\n  until: 2099-01-01\n"),
        ],
        &["audit"],
        3,
        &["The waiver of `no-such-rule` (waivers.yaml:1) waives nothing: unused."],
    );
}

#[test]
fn reports_are_named_once() {
    let files = [("main.go", "package main\n")];
    let output = expect(&files, &["audit", "--report", "html=r.html"], 3, &[]);
    assert!(stdout(&output).contains("Report: r.html") && !stderr(&output).contains("r.html"), "{}", stderr(&output));
    let output = expect(&files, &["audit", "--report", "html=r.html", "-o", "json"], 3, &[]);
    assert!(stderr(&output).contains("r.html") && !stdout(&output).contains("r.html"));
}

/// A listener that takes connections and never says a word.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_a_message_and_leaves_no_file() {
    use std::os::unix::process::CommandExt as _;
    let (listener, address) = silent();
    for args in [
        &["probe", "--source-address", &address, "--out", "snapshots"][..],
        &["probe", "--source-address", "127.0.0.1:1", "--target-address", &address, "--out", "snapshots"],
        &["audit", "--source-address", &address, "--report", "html=report.html"],
        &["doctor", "--source-address", &address],
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.go"), "package main\n").unwrap();
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("temporal-preflight"))
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .args(args)
            .process_group(0)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // It waits for an answer now, and for Ctrl-C.
        let _connection = listener.accept().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
        let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(interrupted.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{args:?}\n{}", stderr(&output));
        assert!(stderr(&output).contains("interrupted") && stderr(&output).contains("nothing was written"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{args:?} left a file behind");
    }
}

#[test]
fn redacting_one_side_needs_a_key_that_is_kept() {
    let probe = ["probe", "--side", "source", "--source-address", "127.0.0.1:1", "--redact"];
    expect(&[], &probe, 2, &["needs a key in TEMPORAL_PREFLIGHT_REDACT_KEY"]);
}

#[test]
fn a_cloud_ops_key_that_is_not_set_is_a_usage_error_with_the_variable() {
    let plan = "version: 1\ntarget: {address: \"127.0.0.1:1\", cloud_ops: {api_key_env: NO_SUCH_KEY}}\n";
    expect(&[("preflight.yaml", plan)], &["probe", "--side", "target"], 2, &["from NO_SUCH_KEY, which is not set"]);
}

#[test]
fn a_cluster_that_cannot_be_reached_is_told_once() {
    let output = expect(&[], &["probe", "--source-address", "127.0.0.1:1"], 3, &["✗ tcp", "Nothing more is known"]);
    assert_eq!(stdout(&output).matches("nothing listens").count(), 1, "{}", stdout(&output));
}

/// What `init` makes of a `temporal.toml`.
#[track_caller]
fn init_with(profiles: &str, says: &[&str], reads: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(tree.join("main.go"), "package main\n").unwrap();
    std::fs::write(folder.path().join("temporal.toml"), profiles).unwrap();
    let toml = folder.path().join("temporal.toml").display().to_string();
    let output = preflight(&tree, &["init", "--config-file", &toml]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(tree.join("preflight.yaml")).unwrap();
    for line in says {
        assert!(text.lines().any(|l| l == *line), "no line {line:?} in\n{text}");
    }
    // The score of nothing reads the file without dialling anybody.
    let empty = r#"{"schema": "none"}"#;
    std::fs::write(tree.join("none.json"), empty).unwrap();
    let read = preflight(&tree, &["score", "--code", "none.json"]);
    assert!(stderr(&read).contains("none.json"), "preflight.yaml is not read: {}", stderr(&read));
    let told = stdout(&output);
    for line in reads {
        assert!(told.contains(line), "{told}");
    }
}

#[test]
fn init_takes_the_profiles_when_there_is_no_doubt_and_lists_them_when_there_is() {
    let onprem = "[profile.onprem]\naddress = \"127.0.0.1:1\"\n";
    let cloud = "[profile.\"my cloud\"]\naddress = \"pay.a1b2c.tmprl.cloud:7233\"\nnamespace = \"pay.a1b2c\"\napi_key = \"secret\"\n";
    init_with(
        &format!("{onprem}{cloud}"),
        &["source: {profile: onprem}", "target: {profile: \"my cloud\"}", "  - {source: default, target: pay.a1b2c}"],
        &[],
    );
    init_with(
        &format!("{onprem}[profile.staging]\naddress = \"127.0.0.1:2\"\n"),
        &["# Profiles of temporal.toml: onprem, staging", "namespaces: []"],
        &["profiles of temporal.toml: onprem, staging"],
    );
}

#[test]
fn init_writes_into_the_folder_it_is_given_and_anew_with_force() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("app")).unwrap();
    let first = preflight(folder.path(), &["init", "app"]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    std::fs::write(folder.path().join("app/preflight.yaml"), "version: 9\n").unwrap();
    let again = preflight(folder.path(), &["init", "app", "--force"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(std::fs::read_to_string(folder.path().join("app/preflight.yaml")).unwrap().contains("version: 1"));
    assert_eq!(preflight(folder.path(), &["audit", "-f", "app"]).status.code(), Some(3));
}
