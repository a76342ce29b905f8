//! Reports read back: what `--report json=FILE` wrote.

use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use crate::facts::Known;
use crate::scorecard::SCORECARD_SCHEMA;
use crate::scorecard::Scorecard;
use crate::ui::Problem;

/// Read a JSON report; `-` is standard input.
///
/// # Errors
/// Usage problems that say what the file is instead: unreadable, not JSON, another document, a report of another
/// format version.
pub fn read(path: &Path) -> Result<Scorecard, Problem> {
    let shown = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let again = "write one with `--report json=FILE` of `audit` or `score`";
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    }
    .map_err(|e| Problem::usage(format!("cannot read the report {shown}")).note(e.to_string()).help(again))?;
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|e| Problem::usage(format!("{shown} is not a JSON report")).note(e.to_string()).help(again))?;
    let family = SCORECARD_SCHEMA.rsplit_once('/').map_or(SCORECARD_SCHEMA, |(family, _)| family);
    match value.get("schema").and_then(Value::as_str) {
        Some(SCORECARD_SCHEMA) => {}
        Some(schema) if schema.rsplit_once('/').is_some_and(|(other, _)| other == family) => {
            let tool = value.get("tool_version").and_then(Value::as_str).unwrap_or("of unknown version");
            return Err(Problem::usage(format!("{shown} is a report in another format ({schema})"))
                .note(format!("it was written by temporal-preflight {tool}; this is {}", env!("CARGO_PKG_VERSION")))
                .help("read it with the version that wrote it, or judge again with this one"));
        }
        Some(schema) => {
            return Err(Problem::usage(format!("{shown} is not a report but {schema}"))
                .help("scans and snapshots become a report with `temporal-preflight score`"));
        }
        None => return Err(Problem::usage(format!("{shown} is JSON, but not a report")).help(again)),
    }
    let mut card: Scorecard = serde_json::from_value(value).map_err(|e| {
        Problem::usage(format!("{shown} is not a complete report")).note(e.to_string()).help(
            "`temporal-preflight render --schema` prints what a report looks like; judge again to write a whole one",
        )
    })?;
    // Reports of earlier versions do not tell it.
    if let Known::Known(code) | Known::Partial { value: code, .. } = &mut card.inventory.code {
        code.judge_standings();
    }
    Ok(card)
}
