//! Stored scan documents.

use std::path::Path;

use crate::facts::code::{CODE_SCHEMA, CodeFacts};
use crate::ui::Problem;

/// Read a document written by `scan -o json`.
///
/// # Errors
/// A file that cannot be read, is no scan document, or has another version: usage problems (exit code 2).
pub fn read(path: &Path) -> Result<CodeFacts, Problem> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|e| Problem::usage(format!("the scan file {shown} cannot be read")).note(e.to_string()))?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| {
        Problem::usage(format!("{shown} is no scan document"))
            .note(e.to_string())
            .help("write it with `temporal-preflight scan -o json`")
    })?;
    match value.get("schema").and_then(serde_json::Value::as_str) {
        Some(CODE_SCHEMA) => {}
        Some(other) => {
            return Err(Problem::usage(format!(
                "{shown} has the schema `{other}`, this version reads `{CODE_SCHEMA}`"
            ))
            .help("scan the tree again with this version"));
        }
        None => {
            return Err(Problem::usage(format!("{shown} is no scan document: it has no `schema`"))
                .help("write it with `temporal-preflight scan -o json`"));
        }
    }
    let mut facts: CodeFacts = serde_json::from_value(value)
        .map_err(|e| Problem::usage(format!("{shown} is no complete scan document")).note(e.to_string()))?;
    // Documents of earlier versions do not tell it.
    facts.judge_standings();
    Ok(facts)
}
