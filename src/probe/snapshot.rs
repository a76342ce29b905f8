//! Snapshots as files: probe inside the customer's network, judge elsewhere.

use std::path::Path;

use serde_json::Value;

use crate::facts::cluster::{ClusterSnapshot, SNAPSHOT_SCHEMA};
use crate::ui::{Place, Problem, atomic};

/// Write a snapshot; the file appears whole or not at all.
///
/// # Errors
/// The folder does not exist or cannot be written.
pub fn write(path: &Path, snapshot: &ClusterSnapshot) -> Result<(), Problem> {
    let mut json = serde_json::to_vec_pretty(snapshot)
        .map_err(|e| Problem::tool("the snapshot cannot be written as JSON").note(e.to_string()))?;
    json.push(b'\n');
    atomic::write(path, &json)
}

/// Read a snapshot back.
///
/// # Errors
/// Usage problems that say what the file is instead: unreadable, not JSON, another document, a snapshot of
/// another version of the tool.
pub fn read(path: &Path) -> Result<ClusterSnapshot, Problem> {
    let shown = path.display();
    let again = "write one with `temporal-preflight probe`";
    if path.is_dir() {
        return Err(Problem::usage(format!("{shown} is a folder, not a cluster snapshot")).help("name the file"));
    }
    let bytes = std::fs::read(path)
        .map_err(|e| Problem::usage(format!("cannot read the snapshot {shown}")).note(e.to_string()).help(again))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| {
        Problem::usage(format!("{shown} is not a cluster snapshot: it is not JSON"))
            .at(Place { path: shown.to_string(), source: String::new(), span: 0..0, label: e.to_string() })
            .help(again)
    })?;
    let family = SNAPSHOT_SCHEMA.rsplit_once('/').map_or(SNAPSHOT_SCHEMA, |(family, _)| family);
    match value.get("schema").and_then(Value::as_str) {
        Some(SNAPSHOT_SCHEMA) => {}
        Some(schema) if schema.rsplit_once('/').is_some_and(|(other, _)| other == family) => {
            let tool = value.get("tool_version").and_then(Value::as_str).unwrap_or("of unknown version");
            return Err(Problem::usage(format!("{shown} is a snapshot in another format ({schema})"))
                .note(format!("it was written by temporal-preflight {tool}; this is {}", env!("CARGO_PKG_VERSION")))
                .help(format!(
                    "probe again with this version, which writes {SNAPSHOT_SCHEMA}, or judge with that one"
                )));
        }
        Some(schema) => {
            let hint = if schema.contains("/code-facts/") {
                "this is the outcome of a scan; give it as scan file"
            } else if schema.contains("/scorecard/") {
                "this is a report; snapshots are what reports are made from"
            } else {
                again
            };
            return Err(Problem::usage(format!("{shown} is not a cluster snapshot but {schema}")).help(hint));
        }
        None => return Err(Problem::usage(format!("{shown} is JSON, but not a cluster snapshot")).help(again)),
    }
    serde_json::from_value(value)
        .map(ClusterSnapshot::settled)
        .map_err(|e| Problem::usage(format!("the snapshot {shown} is damaged")).note(e.to_string()).help("probe again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Known, Side};

    fn snapshot() -> ClusterSnapshot {
        ClusterSnapshot {
            schema: SNAPSHOT_SCHEMA.into(),
            tool_version: "0.1.0".into(),
            side: Side::Source,
            address: "127.0.0.1:7233".into(),
            taken_at: "2026-11-21T00:00:00Z".parse().unwrap(),
            cli_flags: "--address 127.0.0.1:7233".into(),
            kind: crate::facts::cluster::ClusterKind::SelfHosted,
            connection: vec![],
            endpoint_chain: Known::Known(vec![]),
            certificate_files: vec![],
            credential: crate::facts::cluster::Credential::None,
            api_key_expires: Known::default(),
            api_key_id: None,
            clock_ahead_seconds: Known::default(),
            cloud: Known::default(),
            metrics: Known::unknown("no Prometheus is configured"),
            system: Known::unknown("not asked"),
            namespace_names: Known::Known(vec!["default".into()]),
            namespaces: vec![crate::facts::cluster::NamespaceSnapshot::unknown(
                "default",
                &crate::facts::Why::new("down"),
            )],
            probed_from: "laptop-7".into(),
            vantages: vec![],
            earlier: vec![],
            redacted_with: None,
            rpcs: Default::default(),
            elapsed_ms: 12,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("source.json");
        write(&path, &snapshot()).unwrap();
        assert_eq!(read(&path).unwrap(), snapshot());
        assert_eq!(write(&folder.path().join("no/such/folder.json"), &snapshot()).unwrap_err().code, 4);
    }

    #[test]
    fn another_kind_of_file_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.json");
        let v2 = format!(r#"{{"schema": "{}", "tool_version": "9.0.0"}}"#, SNAPSHOT_SCHEMA.replace("/v1", "/v2"));
        for (text, title, help) in [
            (v2.as_str(), "another format (temporal-preflight/cluster-snapshot/v2)", "probe again with this version"),
            (r#"{"schema": "temporal-preflight/code-facts/v1"}"#, "not a cluster snapshot but", "outcome of a scan"),
            (r#"{"schema": "temporal-preflight/cluster-snapshot/v1"}"#, "is damaged", "probe again"),
            (r#"{"hello": 1}"#, "is JSON, but not", "temporal-preflight probe"),
            ("[1, 2", "it is not JSON", "temporal-preflight probe"),
            ("", "it is not JSON", "temporal-preflight probe"),
        ] {
            std::fs::write(&path, text).unwrap();
            let problem = read(&path).unwrap_err();
            assert_eq!(problem.code, 2);
            assert!(problem.title.contains(title), "{text}: {problem}");
            assert!(problem.help.iter().any(|h| h.contains(help)), "{text}: {problem}");
        }
        assert!(read(folder.path()).unwrap_err().title.contains("is a folder"));
        assert!(read(&folder.path().join("none.json")).unwrap_err().title.contains("cannot read"));
    }
}
