//! What a server holds, as the official CLI tells it, for "nothing was changed".

use std::path::Path;

use temporal_preflight::devserver::isolated;

/// Everything an audit could have changed in these namespaces: search attributes, schedules in full, counts.
pub fn of(cli: &Path, address: &str, namespaces: &[&str]) -> Vec<String> {
    let ask = |arguments: &[&str]| {
        let output = isolated(cli).args(arguments).args(["--address", address]).output().expect("the CLI runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("text")
    };
    let mut state = vec![ask(&["operator", "namespace", "list", "-o", "json"])];
    for namespace in namespaces {
        let of = ["--namespace", namespace, "-o", "json"];
        state.push(ask(&[&["operator", "search-attribute", "list"], of.as_slice()].concat()));
        for query in ["", "ExecutionStatus = 'Running'"] {
            state.push(ask(&[&["workflow", "count", "--query", query], of.as_slice()].concat()));
        }
        let schedules = ask(&[&["schedule", "list"], of.as_slice()].concat());
        let schedules: serde_json::Value = serde_json::from_str(&schedules).expect("a list of schedules");
        for schedule in schedules.as_array().into_iter().flatten() {
            let id = schedule["scheduleId"].as_str().expect("an id");
            let described = ask(&[&["schedule", "describe", "--schedule-id", id], of.as_slice()].concat());
            let described: serde_json::Value = serde_json::from_str(&described).expect("a schedule");
            state.push(format!("{id}: {} {}", described["schedule"], described["info"]["actionCount"]));
        }
    }
    state
}
