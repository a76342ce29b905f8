//! States as sign, word and class: never colour alone.

use serde::Serialize;

use crate::scorecard::{Outcome, Severity, Status, Verdict};

/// The six looks a state can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Ok,
    Failed,
    Unknown,
    Attention,
    Waived,
    None,
}

impl Mark {
    /// One character, distinct without colour.
    pub fn glyph(self) -> &'static str {
        match self {
            Mark::Ok => "✓",
            Mark::Failed => "✗",
            Mark::Unknown => "?",
            Mark::Attention => "!",
            Mark::Waived => "~",
            Mark::None => "–",
        }
    }

    /// The style class.
    pub fn class(self) -> &'static str {
        match self {
            Mark::Ok => "ok",
            Mark::Failed => "fail",
            Mark::Unknown => "unknown",
            Mark::Attention => "attention",
            Mark::Waived => "waived",
            Mark::None => "none",
        }
    }
}

/// A mark with its word.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MarkView {
    pub class: &'static str,
    pub glyph: &'static str,
    pub word: &'static str,
    #[serde(skip)]
    pub mark: Mark,
}

impl MarkView {
    /// A mark that says `word`.
    pub fn new(mark: Mark, word: &'static str) -> Self {
        Self { class: mark.class(), glyph: mark.glyph(), word, mark }
    }
}

impl From<Mark> for MarkView {
    fn from(mark: Mark) -> Self {
        Self::new(
            mark,
            match mark {
                Mark::Ok => "passed",
                Mark::Failed => "failed",
                Mark::Unknown => "unknown",
                Mark::Attention => "attention",
                Mark::Waived => "waived",
                Mark::None => "not applicable",
            },
        )
    }
}

impl From<Status> for MarkView {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::new(Mark::Ok, "done"),
            Status::Attention => Self::new(Mark::Attention, "attention"),
            Status::Unknown => Self::new(Mark::Unknown, "unknown"),
            Status::Failed => Self::new(Mark::Failed, "failed"),
            Status::NotApplicable => Self::new(Mark::None, "not applicable"),
            Status::NotDue => Self::new(Mark::None, "not due"),
        }
    }
}

impl From<Verdict> for MarkView {
    fn from(verdict: Verdict) -> Self {
        let mark = match verdict {
            Verdict::Go => Mark::Ok,
            Verdict::GoWithConditions => Mark::Attention,
            Verdict::Undecided => Mark::Unknown,
            Verdict::NoGo => Mark::Failed,
        };
        Self::new(mark, verdict.label())
    }
}

impl From<(Outcome, Severity)> for MarkView {
    fn from((outcome, severity): (Outcome, Severity)) -> Self {
        match (outcome, severity) {
            (Outcome::Fail, Severity::Blocker) => Self::new(Mark::Failed, "failed"),
            (Outcome::Fail, _) => Self::new(Mark::Attention, "failed"),
            (Outcome::Pass, _) => Mark::Ok.into(),
            (Outcome::Unknown, _) => Mark::Unknown.into(),
            (Outcome::Waived, _) => Mark::Waived.into(),
            (Outcome::NotApplicable, _) => Mark::None.into(),
            (Outcome::NotDue, _) => Self::new(Mark::None, "not due"),
        }
    }
}

/// The anchor of a rule in the HTML report: letters, digits and `-` only.
pub(crate) fn anchor(rule: &str) -> String {
    let safe: String = rule.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    format!("check-{safe}")
}
