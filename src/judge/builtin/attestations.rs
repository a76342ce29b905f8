//! Attestations that answer nothing, or the opposite of what was seen.

use std::collections::BTreeSet;

use super::{BuiltIn, Entry, count};
use crate::facts::Locus;
use crate::facts::attestation::Attestation;
use crate::scorecard::builtin::get;
use crate::scorecard::{Asked, AttestationState, Certainty, Check, Finding, Outcome};

/// What is wrong with an entry, in words; nothing when it is as it should be.
type Says = fn(&Word<'_>) -> Option<String>;

/// Built-in check → what it says of an entry.
const SAYS: [(&str, Says); 6] = [
    ("attestation-alike", alike),
    ("attestation-contradicted", contradicted),
    ("attestation-early", early),
    ("attestation-expired", expired),
    ("attestation-incomplete", incomplete),
    ("attestation-unused", unused),
];

/// An entry of the file, and the rules that ask for it.
struct Word<'a> {
    entry: &'a Attestation,
    /// Those that do not concern this migration ask too.
    asking: Vec<(&'a Check, AttestationState)>,
    /// Every key that any rule asks for.
    keys: &'a BTreeSet<&'a str>,
    /// The whole file.
    file: &'a [Attestation],
    /// How many rules pass on the word of the same person.
    trusted: usize,
}

impl Word<'_> {
    /// Rules whose facts can say the opposite, with the state of the word.
    fn disputable(&self) -> impl Iterator<Item = (&'_ Check, AttestationState)> {
        let about_all = |check: &Check| check.attestation.as_ref().is_some_and(|asked| !asked.unseen_only);
        self.asking.iter().copied().filter(move |(check, _)| about_all(check))
    }

    fn any(&self, state: AttestationState) -> bool {
        self.asking.iter().any(|(_, s)| *s == state)
    }
}

pub(super) fn checks(entries: &[Attestation], rules: &[Check]) -> Vec<Check> {
    let keys: BTreeSet<&str> = rules.iter().filter_map(|c| Some(c.attestation.as_ref()?.id.as_str())).collect();
    let words: Vec<Word<'_>> = entries
        .iter()
        .map(|entry| {
            let asks = |check: &'_ Check| check.attestation.as_ref().filter(|a| a.id == entry.id).map(|a| a.word);
            let of_author =
                |asked: &Asked| asked.decides && entries.iter().any(|e| e.id == asked.id && e.by == entry.by);
            let trusts =
                |check: &&Check| check.outcome == Outcome::Pass && check.attestation.as_ref().is_some_and(of_author);
            Word {
                entry,
                asking: rules.iter().filter_map(|c| Some((c, asks(c)?))).collect(),
                keys: &keys,
                file: entries,
                trusted: rules.iter().filter(trusts).count(),
            }
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
    if word.any(AttestationState::Expired) {
        Some(format!("the word of {by} for `{id}` was valid until {valid_until}"))
    } else if word.any(AttestationState::Stale) {
        Some(format!("the word of {by} for `{id}` ({date}) is too old for the day on which routing begins"))
    } else {
        None
    }
}

/// How many entries of one day, person and link are named: one look seldom answers so many questions.
const ALIKE: usize = 5;

/// Told once, at the first of them.
fn alike(word: &Word<'_>) -> Option<String> {
    let Attestation { by, date, link, .. } = word.entry;
    let same: Vec<&Attestation> =
        word.file.iter().filter(|e| e.by == *by && e.date == *date && e.link == *link).collect();
    if same.len() < ALIKE || same.first().is_none_or(|first| first.id != word.entry.id) {
        return None;
    }
    let link = link.as_ref().map_or_else(|| "no link".to_owned(), |link| format!("the link {link}"));
    Some(format!("{} entries have one date, person and link: {by}, {date}, {link}", same.len()))
}

fn incomplete(word: &Word<'_>) -> Option<String> {
    let Attestation { id, by, .. } = word.entry;
    word.any(AttestationState::Incomplete).then(|| {
        format!("the word of {by} for `{id}` answers a blocker, and it lacks the full name of a person or a link")
    })
}

fn early(word: &Word<'_>) -> Option<String> {
    let Attestation { id, by, date, .. } = word.entry;
    word.any(AttestationState::Early)
        .then(|| format!("the word of {by} for `{id}` is dated {date}, which is still to come"))
}

/// The facts show the opposite of a word. That casts doubt on what else its author vouches for.
fn contradicted(word: &Word<'_>) -> Option<String> {
    let said = falsely_vouched(word).or_else(|| falsely_denied(word))?;
    let others = match word.trusted {
        0 => return Some(said),
        1 => "1 rule passes".to_owned(),
        n => format!("{n} rules pass"),
    };
    Some(format!("{said}; {others} on the word of {}, which needs a second look now", word.entry.by))
}

/// Somebody vouches that it is so, and evidence proves that it is not.
fn falsely_vouched(word: &Word<'_>) -> Option<String> {
    let Attestation { id, by, date, .. } = word.entry;
    let proven = |check: &&Check| {
        let seen = |finding: &Finding| {
            finding.certainty == Certainty::Fail
                && finding.evidence.iter().any(|place| !matches!(place, Locus::Attested { .. }))
        };
        check.findings.iter().any(seen)
    };
    let vouched =
        word.disputable().filter(|(_, state)| matches!(state, AttestationState::Holds | AttestationState::Incomplete));
    let failed: Vec<String> =
        vouched.map(|(check, _)| check).filter(proven).map(|check| format!("`{}`", check.rule)).collect();
    let verb = if failed.len() == 1 { "fails" } else { "fail" };
    (!failed.is_empty()).then(|| {
        format!("{by} vouches for `{id}` ({date}), but the facts show the opposite: {} {verb}", failed.join(", "))
    })
}

/// Somebody denies it, and all the evidence shows that it is so. A denial that a rule failed by was heard.
fn falsely_denied(word: &Word<'_>) -> Option<String> {
    let Attestation { id, by, date, .. } = word.entry;
    let heard = |check: &Check| matches!(check.outcome, Outcome::Fail | Outcome::Waived | Outcome::Unknown);
    if !word.any(AttestationState::Denied) || word.asking.iter().any(|(check, _)| heard(check)) {
        return None;
    }
    let passed = word.disputable().filter(|(check, _)| check.outcome == Outcome::Pass);
    let passed: Vec<String> = passed.map(|(check, _)| format!("`{}`", check.rule)).collect();
    (!passed.is_empty())
        .then(|| format!("{by} denies `{id}` ({date}), but the facts show the opposite: {} passed", passed.join(", ")))
}
