//! What a requirement in a manifest allows: the bounds of `^1.5`, `>=1.2,<2`, `~=1.4`, `1.x || 2.x`.

use semver::{Prerelease, Version};

use crate::facts::version;

/// What a version without an operator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    /// This version, or any that begins with these numbers.
    Exact,
    /// This one or any compatible one.
    Compatible,
}

/// The versions a requirement allows, from `least` on, before `below`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    /// No version before this one.
    pub least: Option<Version>,
    /// Only versions before this one.
    pub below: Option<Version>,
    /// Only `least` itself.
    pub exact: bool,
}

/// Read a requirement; `None` when it is not understood, as with a path, a branch or a tag of the registry.
pub(super) fn read(text: &str, bare: Bare) -> Option<Allowed> {
    let text = text.trim();
    let text = ["workspace:", "npm:"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let mut alternatives = text.split('|').filter(|part| !part.trim().is_empty()).map(|part| all_of(part, bare));
    let mut allowed = alternatives.next()??;
    for other in alternatives {
        let other = other?;
        allowed.exact &= other == allowed;
        allowed.least = match (allowed.least, other.least) {
            (Some(a), Some(b)) => Some(a.min(b)),
            _ => None,
        };
        allowed.below = match (allowed.below, other.below) {
            (Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        };
    }
    Some(allowed)
}

/// Comparators that must all hold.
fn all_of(text: &str, bare: Bare) -> Option<Allowed> {
    if let Some((from, to)) = text.split_once(" - ") {
        return all_of(&format!(">={} <={}", from.trim(), to.trim()), bare);
    }
    let mut allowed = Allowed::default();
    let mut rest = text.trim_start_matches(SEPARATORS);
    while !rest.is_empty() {
        let (operator, after) = rest.split_at(rest.find(|c| !"<>=!~^".contains(c)).unwrap_or(rest.len()));
        let after = after.trim_start();
        let (number, after) = after.split_at(after.find(SEPARATORS).unwrap_or(after.len()));
        let one = comparator(operator, number, bare)?;
        allowed.exact |= one.exact;
        allowed.least = allowed.least.max(one.least);
        allowed.below = match (allowed.below, one.below) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        rest = after.trim_start_matches(SEPARATORS);
    }
    Some(allowed)
}

const SEPARATORS: [char; 3] = [' ', ',', '\t'];

fn comparator(operator: &str, number: &str, bare: Bare) -> Option<Allowed> {
    if matches!(number, "*" | "x" | "X") {
        return Some(Allowed::default());
    }
    let stem = number.trim_end_matches(['*', 'x', 'X', '.']);
    let (wildcard, first) = (stem.len() < number.len(), version::parse(stem)?);
    let given = stem.trim_start_matches(['v', '=']).split(['-', '+']).next()?.split('.').count();
    let from = |below: Version| Some(Allowed { least: Some(first.clone()), below: Some(below), exact: false });
    let next = |place: usize| match place {
        0 | 1 => Version::new(first.major.saturating_add(1), 0, 0),
        2 => Version::new(first.major, first.minor.saturating_add(1), 0),
        _ => Version::new(first.major, first.minor, first.patch.saturating_add(1)),
    };
    let compatible = || match (first.major, first.minor) {
        (0, 0) if given > 2 => next(3),
        (0, minor) if given > 1 && (minor > 0 || given == 2) => next(2),
        _ => next(1),
    };
    match (operator, bare) {
        ("", Bare::Compatible) if !wildcard => from(compatible()),
        ("" | "=" | "==" | "===", _) if wildcard || (given < 3 && operator.len() < 2) => from(next(given)),
        ("" | "=" | "==" | "===", _) => Some(Allowed { least: Some(first), below: None, exact: true }),
        (">=", _) => Some(Allowed { least: Some(first), ..Allowed::default() }),
        (">", _) => {
            let least = if first.pre.is_empty() { next(3) } else { Version { pre: Prerelease::EMPTY, ..first } };
            Some(Allowed { least: Some(least), ..Allowed::default() })
        }
        ("<", _) => Some(Allowed { below: Some(first), ..Allowed::default() }),
        ("<=", _) => Some(Allowed { below: Some(next(given)), ..Allowed::default() }),
        ("^", _) => from(compatible()),
        ("~", _) => from(next(given.min(2))),
        ("~=", _) => from(next(given.saturating_sub(1).max(1))),
        ("!=", _) => Some(Allowed::default()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_every_dialect() {
        let bounds = |text: &str, bare: Bare| {
            let allowed = read(text, bare)?;
            let show = |v: Option<Version>| v.map_or("-".to_owned(), |v| v.to_string());
            let (least, below) = (show(allowed.least), show(allowed.below));
            Some(if allowed.exact { format!("={least}") } else { format!("{least} {below}") })
        };
        for (text, bare, expected) in [
            ("^1.8.0", Bare::Exact, "1.8.0 2.0.0"),
            ("^0.4", Bare::Exact, "0.4.0 0.5.0"),
            ("^0.0.3", Bare::Exact, "0.0.3 0.0.4"),
            ("~1.8.2", Bare::Exact, "1.8.2 1.9.0"),
            ("~1", Bare::Exact, "1.0.0 2.0.0"),
            ("~=1.4", Bare::Exact, "1.4.0 2.0.0"),
            ("~=1.4.2", Bare::Exact, "1.4.2 1.5.0"),
            (">=1.2,<2", Bare::Exact, "1.2.0 2.0.0"),
            (">= 1.2.0 < 1.9.0", Bare::Exact, "1.2.0 1.9.0"),
            ("<=1.5", Bare::Exact, "- 1.6.0"),
            (">1.5.0", Bare::Exact, "1.5.1 -"),
            ("1.2.0 - 1.4.0", Bare::Exact, "1.2.0 1.4.1"),
            ("^1.0.0 || ^2.0.0", Bare::Exact, "1.0.0 3.0.0"),
            ("1.x", Bare::Exact, "1.0.0 2.0.0"),
            ("==1.5.*", Bare::Exact, "1.5.0 1.6.0"),
            ("==1.5", Bare::Exact, "=1.5.0"),
            ("===1.6.0", Bare::Exact, "=1.6.0"),
            ("1.11.2", Bare::Exact, "=1.11.2"),
            ("workspace:^1.2.3", Bare::Exact, "1.2.3 2.0.0"),
            ("0.4", Bare::Compatible, "0.4.0 0.5.0"),
            ("=0.4.1", Bare::Compatible, "=0.4.1"),
            ("*", Bare::Exact, "- -"),
            ("", Bare::Exact, "none"),
            ("latest", Bare::Exact, "none"),
            ("workspace:*", Bare::Exact, "- -"),
            ("git+ssh://x", Bare::Exact, "none"),
        ] {
            assert_eq!(bounds(text, bare).unwrap_or("none".to_owned()), expected, "{text}");
        }
    }
}
