//! `attestations.yaml`: who vouches for what, since when, until when.

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::facts::attestation::Attestation;
use crate::ui::{Problem, yaml};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(default = "yes")]
    holds: bool,
    by: Spanned<String>,
    date: jiff::civil::Date,
    valid_until: Spanned<jiff::civil::Date>,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

fn yes() -> bool {
    true
}

/// Read the file. A missing file, an unknown key, a duplicate id or a validity that ends before it begins is a
/// usage problem with a place.
pub fn load(path: &Path) -> Result<Vec<Attestation>, Problem> {
    parse(path, &super::read(path, "attestations")?)
}

/// The same for the text of the file at `path`.
pub fn parse(path: &Path, text: &str) -> Result<Vec<Attestation>, Problem> {
    let name = path.display().to_string();
    let entries: Option<Vec<Spanned<Entry>>> = yaml::parse(&name, text)?;
    let mut all: Vec<Attestation> = Vec::new();
    for entry in entries.unwrap_or_default() {
        let line = yaml::line(&entry.referenced);
        let e = entry.value;
        if let Some(first) = all.iter().find(|a| a.id == e.id) {
            return Err(Problem::usage(format!("{name} vouches for `{}` twice", e.id))
                .at(yaml::place(&name, text, &entry.referenced, format!("first said on line {}", first.place.1)))
                .help("keep the entry that counts"));
        }
        if e.by.value.trim().is_empty() {
            return Err(Problem::usage(format!("nobody vouches for `{}`", e.id))
                .at(yaml::place(&name, text, &e.by.referenced, "this is empty"))
                .help("an attestation is a person's word: say whose"));
        }
        if e.valid_until.value < e.date {
            return Err(Problem::usage(format!("the attestation `{}` ends before it begins", e.id)).at(yaml::place(
                &name,
                text,
                &e.valid_until.referenced,
                format!("the word was given on {}", e.date),
            )));
        }
        all.push(Attestation {
            id: e.id,
            holds: e.holds,
            by: e.by.value,
            date: e.date,
            link: e.link,
            valid_until: e.valid_until.value,
            note: e.note,
            place: (name.clone(), line),
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_that_of_somebody_and_lasts_for_a_time() {
        let read = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("attestations.yaml");
            std::fs::write(&path, text).unwrap();
            load(&path).map_err(|p| p.to_string())
        };
        let text = "- {id: rehearsal, by: Ann, date: 2026-11-01, valid_until: 2026-12-31}\n";
        assert_eq!(read(text).unwrap()[0].by, "Ann");
        for (wrong, says) in [
            (text.replace("Ann", "' '"), "nobody vouches"),
            (text.replace("2026-12-31", "2026-10-31"), "ends before it begins"),
            (text.repeat(2), "twice"),
            (text.replace("by:", "from:"), "from"),
        ] {
            let said = read(&wrong).unwrap_err();
            assert!(said.contains(says) && said.contains("attestations.yaml:"), "{said}");
        }
    }
}
