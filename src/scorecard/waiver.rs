//! What people accept, by whom, until when.

use crate::facts::Locus;

/// One entry of `waivers.yaml`, or one rule of a comment in the code.
///
/// With a fingerprint or a pattern it covers the findings of the rule that match all that is given; with
/// neither, the rule as a whole: every finding, and what could not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Rule id.
    pub rule: String,
    /// Fingerprint of a finding, or at least its first 8 digits.
    pub fingerprint: Option<String>,
    /// Path, `path:line`, function, resource, namespace or key of a finding; `*` stands for anything within a
    /// path segment, `**` for anything, and a pattern that ends in `/` for everything below.
    pub pattern: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub owner: String,
    /// Last day, UTC.
    pub until: jiff::civil::Date,
    /// Where it is written.
    pub place: Locus,
    /// For a comment: the lines of code it speaks of.
    pub lines: Option<Lines>,
}

/// Some lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Relative path.
    pub path: String,
    /// 1-based.
    pub first: u32,
    /// 1-based.
    pub last: u32,
}
