//! Comments in the code that accept findings, as waivers.

use crate::facts::Locus;
use crate::facts::code::{CodeFacts, InlineIgnore};
use crate::scorecard::{Lines, Waiver};

/// What the comments of production code come to.
#[derive(Debug, Default)]
pub(super) struct Comments {
    /// One for each rule a comment names.
    pub waivers: Vec<Waiver>,
    /// Comments that lack something.
    pub flawed: Vec<Flawed>,
}

/// A comment that accepts nothing.
#[derive(Debug)]
pub(super) struct Flawed {
    /// Its identity: the path and the rules.
    pub key: String,
    /// What it lacks.
    pub said: String,
    /// Where it stands.
    pub place: Locus,
}

/// Read the comments of production code. Tests and documents have no findings to accept.
pub(super) fn read(code: Option<&CodeFacts>) -> Comments {
    let mut comments = Comments::default();
    for ignore in code.iter().flat_map(|c| &c.ignores).filter(|i| i.scope.is_production()) {
        let place =
            Locus::Source { path: ignore.path.clone(), line: ignore.line, column: 0, function: None, snippet: None };
        match accepted(ignore) {
            Ok((until, reason)) => comments.waivers.extend(ignore.rules.iter().map(|rule| Waiver {
                rule: rule.clone(),
                fingerprint: None,
                pattern: None,
                reason: reason.to_owned(),
                owner: ignore.owner.clone().unwrap_or_else(|| format!("a comment in {}", ignore.path)),
                until,
                place: place.clone(),
                lines: Some(Lines { path: ignore.path.clone(), first: ignore.first, last: ignore.last }),
            })),
            Err(said) => {
                let key = format!("{}/{}", ignore.path, ignore.rules.join(","));
                comments.flawed.push(Flawed { key, said, place });
            }
        }
    }
    comments
}

/// The last day and the reason, else what is missing.
fn accepted(ignore: &InlineIgnore) -> Result<(jiff::civil::Date, &str), String> {
    if let Some(flaw) = &ignore.flaw {
        return Err(flaw.clone());
    }
    if ignore.rules.is_empty() {
        return Err("it names no rule".to_owned());
    }
    let until = ignore.until.ok_or("it has no last day")?;
    let reason = ignore.reason.as_deref().ok_or("it has no reason")?;
    Ok((until, reason))
}
