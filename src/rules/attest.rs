//! What a person's word is worth at a given moment, and against facts.
//!
//! A word stands in for facts that are missing; it never speaks against facts that are there:
//!
//! | the facts of the rule | nobody said, or too early, too late, without name or link | somebody vouches | somebody denies |
//! | --- | --- | --- | --- |
//! | show something wrong | fail | fail | fail |
//! | show something that cannot be decided | unknown | unknown | **fail** |
//! | show nothing wrong, and a part of them is missing | unknown | pass | **fail** |
//! | are missing | unknown | pass | **fail** |
//! | are all there and show nothing wrong | pass | pass | pass, and `attestation-contradicted` fails |
//! | (the rule has none: only a person can tell) | unknown | pass | **fail** |
//!
//! A denial is knowledge, not a gap: whoever says "no, we never did" must not be told that nobody knows. Only where
//! every fact was seen and shows the opposite do the facts win, because they can be looked at again; then the entry is
//! a finding itself, so that one of the two is corrected.

use jiff::civil::Date;

use super::context::Context;
use super::model::Attested;
use crate::facts::attestation::Attestation;
use crate::facts::{Locus, Why};
use crate::scorecard::{AttestationState, Severity};

/// The answer `attestations.yaml` gives to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Somebody vouches that it is so.
    Holds(&'a Attestation),
    /// Somebody vouches that it is not so.
    Denied(&'a Attestation),
    /// The last day of the word is over.
    Expired(&'a Attestation),
    /// The word is dated in the future.
    Early(&'a Attestation),
    /// The word is older than the rule accepts on the day routing begins.
    Stale(&'a Attestation, Date),
    /// The word answers a blocker and lacks what that needs.
    Incomplete(&'a Attestation, &'static str),
    /// Nobody said anything.
    Absent,
    /// The attestations could not be read, or not all of them.
    Unreadable(Why),
}

impl Answer<'_> {
    /// Without the word itself.
    pub fn state(&self) -> AttestationState {
        match self {
            Answer::Holds(_) => AttestationState::Holds,
            Answer::Denied(_) => AttestationState::Denied,
            Answer::Expired(_) => AttestationState::Expired,
            Answer::Early(_) => AttestationState::Early,
            Answer::Stale(..) => AttestationState::Stale,
            Answer::Incomplete(..) => AttestationState::Incomplete,
            Answer::Absent => AttestationState::Absent,
            Answer::Unreadable(_) => AttestationState::Unreadable,
        }
    }
}

/// Find the word that counts at `context.at`. Of several, a valid one counts, the latest first; of one day, a
/// denial. `routing` is the day new executions begin to start on the target: the age of a word is measured there,
/// where the rule limits it, because a rehearsal of last spring says little about a cutover of next month. A word that
/// answers a blocker needs a full name and a link; a denial needs neither.
pub fn look_up<'a>(asked: &Attested, severity: Severity, context: &Context<'a>, routing: Option<Date>) -> Answer<'a> {
    let known = context.attestations;
    let today = context.at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let of_id = || known.value().into_iter().flatten().filter(|a| a.id == asked.id);
    let counts = |a: &&Attestation| a.date <= today && today <= a.valid_until;
    if let Some(word) = of_id().filter(counts).max_by_key(|a| (a.date, !a.holds)) {
        let routing = routing.unwrap_or(today);
        let stale = asked.fresh_days.is_some_and(|days| (routing - word.date).get_days() > i32::from(days));
        return match (word.holds, stale, lacking(word).filter(|_| severity == Severity::Blocker)) {
            (false, ..) => Answer::Denied(word),
            (true, true, _) => Answer::Stale(word, routing),
            (true, false, Some(what)) => Answer::Incomplete(word, what),
            (true, false, None) => Answer::Holds(word),
        };
    }
    if let Some(why) = known.why() {
        return Answer::Unreadable(why.clone());
    }
    match of_id().max_by_key(|a| a.valid_until) {
        Some(word) if word.date > today => Answer::Early(word),
        Some(word) => Answer::Expired(word),
        None => Answer::Absent,
    }
}

/// What a word lacks to answer a blocker.
fn lacking(word: &Attestation) -> Option<&'static str> {
    let named = is_full_name(&word.by);
    let linked = word.link.as_ref().is_some_and(|link| !link.trim().is_empty());
    match (named, linked) {
        (true, true) => None,
        (true, false) => Some("a link to the evidence"),
        (false, true) => Some("the full name of a person"),
        (false, false) => Some("the full name of a person and a link to the evidence"),
    }
}

/// Whether a text can be a person's full name: two words with letters, or one in a script that writes names without a
/// space.
fn is_full_name(text: &str) -> bool {
    let named = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() >= 1 && !word.contains('@');
    let unspaced = |word: &str| word.chars().filter(|c| c.is_alphabetic() && *c >= '\u{2e80}').count() >= 2;
    text.split_whitespace().filter(named).count() >= 2 || unspaced(text)
}

/// What a pass rests on.
pub fn vouched(word: &Attestation) -> String {
    let link = word.link.as_ref().map(|l| format!(" ({l})")).unwrap_or_default();
    format!("attested by {} on {}, valid until {}{link}", word.by, word.date, word.valid_until)
}

/// What is said about a denial.
pub fn denied(asked: &Attested, word: &Attestation) -> String {
    let note = word.note.as_ref().map(|n| format!(": {n}")).unwrap_or_default();
    format!("{} No, says {} ({}){note}", asked.question, word.by, word.date)
}

/// What is said where all facts were seen and a person says the opposite.
pub fn contradicts(word: &Attestation) -> String {
    let note = word.note.as_ref().map(|n| format!(": {n}")).unwrap_or_default();
    format!("the facts show it, although {} says no ({}){note}", word.by, word.date)
}

/// The places where a word can be read.
pub fn evidence(word: &Attestation) -> Vec<Locus> {
    let (path, line) = word.place.clone();
    let attested = Locus::Attested { id: word.id.clone(), by: word.by.clone(), link: word.link.clone() };
    vec![attested, Locus::File { path, line }]
}

/// Why a question is still open, and the entry that would answer it.
pub fn open(asked: &Attested, answer: &Answer<'_>, context: &Context<'_>) -> Why {
    let reason = match answer {
        Answer::Holds(word) => vouched(word),
        Answer::Denied(word) => denied(asked, word),
        Answer::Expired(word) => {
            format!("the word of {} ({}) was valid until {}", word.by, word.date, word.valid_until)
        }
        Answer::Early(word) => format!("the word of {} is dated {}, which is still to come", word.by, word.date),
        Answer::Stale(word, routing) => {
            let days = (*routing - word.date).get_days();
            let allowed = asked.fresh_days.unwrap_or_default();
            format!(
                "the word of {} ({}) will be {days} days old when routing begins ({routing}); {allowed} are allowed",
                word.by, word.date
            )
        }
        Answer::Incomplete(word, what) => {
            format!("the word of {} ({}) answers a blocker, and it lacks {what}", word.by, word.date)
        }
        Answer::Absent => format!("nobody has answered yet: {}", asked.question),
        Answer::Unreadable(why) => why.reason.clone(),
    };
    if let Answer::Unreadable(Why { remedy: Some(remedy), .. }) = answer {
        return Why::with_remedy(reason, remedy);
    }
    let today = context.at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let what = match answer {
        Answer::Absent => "add",
        Answer::Incomplete(..) => "complete",
        _ => "renew",
    };
    let entry = format!("- {{id: {}, by: FULL NAME, date: {today}, valid_until: DATE, link: URL}}", asked.id);
    let mut remedy = format!("{what} in {}: `{entry}`", context.attestations_path);
    if !matches!(answer, Answer::Absent) {
        // An absent answer has its question in the reason already.
        remedy.push_str(&format!(" ({})", asked.question));
    }
    Why::with_remedy(reason, remedy)
}
