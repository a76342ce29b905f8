//! What a server holds, as the official CLI tells it, for "nothing was changed".

use temporal_preflight::demo::DevServer;

/// Everything an audit could have changed in these namespaces: search attributes, schedules in full, counts.
pub fn of(server: &DevServer, namespaces: &[&str]) -> Vec<String> {
    let ask = |arguments: &[&str]| server.cli(arguments).expect("the CLI answers");
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
