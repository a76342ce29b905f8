//! Attestations that answer nothing, or the opposite of what was seen.

use std::collections::BTreeSet;

use super::{BuiltIn, Entry, count, get};
use crate::facts::Locus;
use crate::facts::attestation::Attestation;
use crate::judge::scorecard::{Check, Outcome, WordState};

/// What is wrong with an entry, in words; nothing when it is as it should be.
type Says = fn(&Word<'_>) -> Option<String>;

/// Built-in check → what it says of an entry.
const SAYS: [(&str, Says); 4] = [
    ("attestation-contradicted", contradicted),
    ("attestation-early", early),
    ("attestation-expired", expired),
    ("attestation-unused", unused),
];

/// An entry of the file, and the rules that ask for it.
struct Word<'a> {
    entry: &'a Attestation,
    /// Those that do not concern this migration ask too.
    asking: Vec<(&'a Check, WordState)>,
    /// Every key that any rule asks for.
    keys: &'a BTreeSet<&'a str>,
}

impl Word<'_> {
    fn any(&self, state: WordState) -> bool {
        self.asking.iter().any(|(_, s)| *s == state)
    }
}

pub(super) fn checks(entries: &[Attestation], rules: &[Check]) -> Vec<Check> {
    let keys: BTreeSet<&str> = rules.iter().filter_map(|c| Some(c.attestation.as_ref()?.id.as_str())).collect();
    let words: Vec<Word<'_>> = entries
        .iter()
        .map(|entry| {
            let asks = |check: &'_ Check| check.attestation.as_ref().filter(|a| a.id == entry.id).map(|a| a.word);
            Word { entry, asking: rules.iter().filter_map(|c| Some((c, asks(c)?))).collect(), keys: &keys }
        })
        .collect();
    let one = |builtin: &BuiltIn, says: Says| {
        let entries = words.iter().filter_map(|word| {
            let (path, line) = word.entry.place.clone();
            Some(Entry { key: word.entry.id.clone(), message: says(word)?, evidence: vec![Locus::File { path, line }] })
        });
        builtin.check(entries.collect(), count(words.len(), "attestation"))
    };
    SAYS.iter().filter_map(|(id, says)| Some(one(get(id)?, *says))).collect()
}

fn unused(word: &Word<'_>) -> Option<String> {
    let Attestation { id, by, .. } = word.entry;
    word.asking.is_empty().then(|| {
        let keys: Vec<String> = word.keys.iter().map(|key| format!("`{key}`")).collect();
        format!("no rule asks for `{id}`, for which {by} vouches; the rules ask for {}", keys.join(", "))
    })
}

fn expired(word: &Word<'_>) -> Option<String> {
    let Attestation { id, by, date, valid_until, .. } = word.entry;
    if word.any(WordState::Expired) {
        Some(format!("the word of {by} for `{id}` was valid until {valid_until}"))
    } else if word.any(WordState::Stale) {
        Some(format!("the word of {by} for `{id}` ({date}) is too old for the day on which routing begins"))
    } else {
        None
    }
}

fn early(word: &Word<'_>) -> Option<String> {
    let Attestation { id, by, date, .. } = word.entry;
    word.any(WordState::Early).then(|| format!("the word of {by} for `{id}` is dated {date}, which is still to come"))
}

/// A denial that a rule failed by was heard.
fn contradicted(word: &Word<'_>) -> Option<String> {
    let Attestation { id, by, date, .. } = word.entry;
    let heard = |check: &Check| matches!(check.outcome, Outcome::Fail | Outcome::Waived | Outcome::Unknown);
    if !word.any(WordState::Denied) || word.asking.iter().any(|(check, _)| heard(check)) {
        return None;
    }
    let passed = word.asking.iter().filter(|(check, _)| check.outcome == Outcome::Pass);
    let passed: Vec<String> = passed.map(|(check, _)| format!("`{}`", check.rule)).collect();
    (!passed.is_empty())
        .then(|| format!("{by} denies `{id}` ({date}), but the facts show the opposite: {} passed", passed.join(", ")))
}
