//! `render` and `--previous`, as typed.

use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;

fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("temporal-preflight").unwrap().args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn stored(name: &str) -> String {
    format!("{}/fixtures/scorecards/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A run writes all formats at once; `render` makes each of them from the JSON report alone.
#[test]
fn a_stored_report_becomes_every_format_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let estate = format!("{}/fixtures/snapshots", env!("CARGO_MANIFEST_DIR"));
    let formats = ["html", "markdown", "text", "csv", "json"];
    let reports = |prefix: &str| -> Vec<String> {
        formats.iter().map(|f| format!("--report={f}={}", path(&format!("{prefix}.{f}")))).collect()
    };
    let (source, target) = (format!("{estate}/estate-source.json"), format!("{estate}/estate-target.json"));
    let mut args = vec!["score", "--source", &source, "--target", &target, "--at", "2026-11-20T09:00:00Z"];
    let once = reports("once");
    args.extend(once.iter().map(String::as_str));
    let (code, _, errors) = run(&args);
    assert!(code == 1 || code == 3, "{code}: {errors}");

    let (json, again) = (path("once.json"), reports("again"));
    let mut args = vec!["render", &json];
    args.extend(again.iter().map(String::as_str));
    let (code, printed, errors) = run(&args);
    assert_eq!((code, printed.as_str()), (0, ""), "{errors}");
    for format in formats {
        let read = |prefix: &str| std::fs::read(path(&format!("{prefix}.{format}"))).unwrap();
        assert!(read("once") == read("again"), "{format} differs");
    }
}

#[test]
fn without_flags_a_stored_report_is_read_on_the_terminal() {
    let (code, printed, errors) = run(&["render", &stored("no-go")]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(printed.contains("NO-GO at the gate dual-run"), "{printed}");
    let (code, printed, _) = run(&["render", &stored("go"), "-o", "md"]);
    assert_eq!(code, 0);
    assert!(printed.starts_with("## ✓ GO"), "{printed}");
}

#[test]
fn what_is_not_a_report_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = write(folder.path(), "notes.txt", "see the wiki");
    let scan = write(folder.path(), "scan.json", r#"{"schema": "temporal-preflight/code-facts/v1"}"#);
    let newer = r#"{"schema": "temporal-preflight/scorecard/v9", "tool_version": "7.1"}"#;
    let newer = write(folder.path(), "newer.json", newer);
    let torn = write(folder.path(), "torn.json", r#"{"schema": "temporal-preflight/scorecard/v1"}"#);
    for (args, said) in [
        (vec!["render", "nowhere.json"], "cannot read the report nowhere.json"),
        (vec!["render", &text], "is not a JSON report"),
        (vec!["render", &scan], "temporal-preflight score"),
        (vec!["render", &newer], "temporal-preflight 7.1"),
        (vec!["render", &torn], "missing field"),
        (vec!["render"], "REPORT"),
        (vec!["render", &stored("go"), "--previous", &text], "is not a JSON report"),
    ] {
        let (code, printed, errors) = run(&args);
        assert_eq!((code, printed.as_str()), (2, ""), "{args:?}: {errors}");
        assert!(errors.contains(said), "{args:?}: {errors}");
    }
}

#[test]
fn the_schema_can_be_had_from_the_binary() {
    let (code, printed, _) = run(&["render", "--schema"]);
    assert_eq!(code, 0);
    assert_eq!(printed, std::fs::read_to_string("templates/scorecard-v1.schema.json").unwrap());
}
