//! A change that edits the configuration it would be judged by.

use super::Entry;
use crate::facts::Locus;
use crate::scorecard::builtin::get;
use crate::scorecard::{Check, Gate};

/// Something a change edits of its own configuration. It does not count for the change itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// Identity, without line numbers.
    pub key: String,
    /// What is edited, in words.
    pub what: String,
    /// Where it stands, now or before.
    pub place: Locus,
}

pub(super) fn check(changes: &[SettingChange]) -> Option<Check> {
    let entries = changes.iter().map(|change| Entry {
        key: change.key.clone(),
        message: format!("the change edits what it would be judged by, and was judged without that: {}", change.what),
        evidence: vec![change.place.clone()],
    });
    let mut check =
        get("configuration-changed")?.check(entries.collect(), "the change edits no configuration".to_owned());
    check.gates = vec![Gate::Pr];
    Some(check)
}
