//! `waivers.yaml`: which finding is accepted, why, by whom, until when.

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::facts::Locus;
use crate::scorecard::Waiver;
use crate::ui::{Problem, yaml};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    #[serde(default)]
    fingerprint: Option<Spanned<String>>,
    #[serde(default, rename = "where")]
    pattern: Option<String>,
    reason: Spanned<String>,
    owner: Spanned<String>,
    until: jiff::civil::Date,
}

/// Read the file. A missing file, an unknown key, an empty reason or owner, or a fingerprint of less than 8 digits is
/// a usage problem with a place.
pub fn load(path: &Path) -> Result<Vec<Waiver>, Problem> {
    parse(path, &super::read(path, "waivers")?)
}

/// The same for the text of the file at `path`.
pub fn parse(path: &Path, text: &str) -> Result<Vec<Waiver>, Problem> {
    let name = path.display().to_string();
    let entries: Option<Vec<Spanned<Entry>>> = yaml::parse(&name, text)?;
    let mut waivers = Vec::new();
    for entry in entries.unwrap_or_default() {
        let line = yaml::line(&entry.referenced);
        let e = entry.value;
        for (field, value) in [("reason", &e.reason), ("owner", &e.owner)] {
            if value.value.trim().is_empty() {
                return Err(Problem::usage(format!("the waiver of `{}` has no {field}", e.rule))
                    .at(yaml::place(&name, text, &value.referenced, "this is empty"))
                    .help("a waiver is a person's decision: say who made it and why"));
            }
        }
        if let Some(fingerprint) = e.fingerprint.as_ref().filter(|f| f.value.len() < 8) {
            return Err(Problem::usage("a fingerprint is given with at least 8 digits")
                .at(yaml::place(&name, text, &fingerprint.referenced, "this could mean several findings"))
                .help("copy it from the JSON report"));
        }
        waivers.push(Waiver {
            rule: e.rule,
            fingerprint: e.fingerprint.map(|f| f.value),
            pattern: e.pattern,
            reason: e.reason.value,
            owner: e.owner.value,
            until: e.until,
            place: Locus::File { path: name.clone(), line },
            lines: None,
        });
    }
    Ok(waivers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Waiver>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waivers.yaml");
        std::fs::write(&path, text).unwrap();
        load(&path).map_err(|p| p.to_string())
    }

    #[test]
    fn a_waiver_has_an_owner_a_reason_and_an_end() {
        let text = "- rule: hard-coded-address\n  where: tools/admin/\n  reason: routed in OPS-812\n  owner: Ann\n  until: 2026-12-31\n";
        let waivers = read(text).unwrap();
        assert_eq!(waivers[0].owner, "Ann");
        assert_eq!(waivers[0].pattern.as_deref(), Some("tools/admin/"));
        assert!(matches!(&waivers[0].place, Locus::File { line: 1, .. }));
        for (wrong, says) in [
            (text.replace("owner: Ann\n", "owner: \"\"\n"), "no owner"),
            (text.replace("  until: 2026-12-31\n", ""), "until"),
            (text.replace("where: tools/admin/", "fingerprint: abc"), "8 digits"),
            (text.replace("where", "wehre"), "wehre"),
        ] {
            let said = read(&wrong).unwrap_err();
            assert!(said.contains(says) && said.contains("waivers.yaml:"), "{said}");
        }
    }
}
