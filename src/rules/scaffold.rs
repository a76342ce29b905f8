//! The beginning of a rule of one's own.

use std::path::{Path, PathBuf};

use super::{Catalogue, load};
use crate::scorecard::builtin;
use crate::ui::{Problem, atomic};

const YAML: &str = include_str!("../../templates/rule.yaml");
const MARKDOWN: &str = include_str!("../../templates/rule.md");

/// The two files of a new rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `<area>/<id>.yaml`
    pub yaml: PathBuf,
    /// `<area>/<id>.md`
    pub markdown: PathBuf,
    /// Whether it began as a copy of the rule of this id, which it replaces.
    pub copied: bool,
}

/// Write a rule that loads and passes its own tests into the pack at `folder`. The id of a rule of `catalogue` begins as
/// a copy of it, in its area; every other one as an example that explains itself.
///
/// # Errors
/// A name that is none, the id of a check of the tool itself, a file that is there already, a folder that cannot be
/// written.
pub fn write(folder: &Path, area: &str, id: &str, catalogue: &Catalogue) -> Result<Written, Problem> {
    for (what, name) in [("id", id), ("area", area)] {
        if !is_name(name) {
            return Err(Problem::usage(format!("`{name}` cannot be the {what} of a rule"))
                .help("use lower-case letters, digits and hyphens, such as queue-names"));
        }
    }
    if builtin::get(id).is_some() {
        return Err(Problem::usage(format!("`{id}` belongs to a check of the tool itself")).help("choose another id"));
    }
    let known = catalogue.get(id).and_then(|rule| Some((rule.area.as_str(), load::source(rule)?)));
    let (area, yaml, markdown) = match known {
        Some((area, (yaml, markdown))) => (area, yaml.to_owned(), markdown),
        None => (
            area,
            YAML.replace("id: ID", &format!("id: {id}")).replace("AREA", area).replace("ID.md", &format!("{id}.md")),
            MARKDOWN,
        ),
    };
    let place = folder.join(area);
    let written = Written {
        yaml: place.join(format!("{id}.yaml")),
        markdown: place.join(format!("{id}.md")),
        copied: known.is_some(),
    };
    for path in [&written.yaml, &written.markdown] {
        if path.exists() {
            return Err(Problem::usage(format!("{} is there already", path.display()))
                .note("nothing was written")
                .help("choose another id, or edit the file"));
        }
    }
    std::fs::create_dir_all(&place)
        .map_err(|e| Problem::tool(format!("cannot create {}", place.display())).note(e.to_string()))?;
    atomic::write(&written.yaml, yaml.as_bytes())?;
    atomic::write(&written.markdown, markdown.as_bytes())?;
    Ok(written)
}

fn is_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-') && text.chars().all(legal)
}
