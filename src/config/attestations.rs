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
    by: String,
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
    let name = path.display().to_string();
    let text = super::read(path, "attestations")?;
    let entries: Option<Vec<Spanned<Entry>>> = yaml::parse(&name, &text)?;
    let mut all: Vec<Attestation> = Vec::new();
    for entry in entries.unwrap_or_default() {
        let line = yaml::line(&entry.referenced);
        let e = entry.value;
        if let Some(first) = all.iter().find(|a| a.id == e.id) {
            return Err(Problem::usage(format!("{name} vouches for `{}` twice", e.id))
                .at(yaml::place(&name, &text, &entry.referenced, format!("first said on line {}", first.place.1)))
                .help("keep the entry that counts"));
        }
        if e.valid_until.value < e.date {
            return Err(Problem::usage(format!("the attestation `{}` ends before it begins", e.id)).at(yaml::place(
                &name,
                &text,
                &e.valid_until.referenced,
                format!("the word was given on {}", e.date),
            )));
        }
        all.push(Attestation {
            id: e.id,
            holds: e.holds,
            by: e.by,
            date: e.date,
            link: e.link,
            valid_until: e.valid_until.value,
            note: e.note,
            place: (name.clone(), line),
        });
    }
    Ok(all)
}
