//! A fact, or the reason why it is not one.

use serde::{Deserialize, Serialize};

/// Why something is not known, in words for the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Why {
    /// One sentence fragment that completes "unknown, because …".
    pub reason: String,
    /// What would make it known: a flag, a permission, a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Why {
    /// A reason without a known remedy.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: None }
    }

    /// A reason and what would make the fact known.
    pub fn with_remedy(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: Some(remedy.into()) }
    }

    /// Several reasons as one, each once, with the first remedy; nothing when there are none.
    pub fn all(whys: &[Self]) -> Option<Self> {
        let mut reasons: Vec<&str> = Vec::new();
        for why in whys {
            if !reasons.contains(&why.reason.as_str()) {
                reasons.push(&why.reason);
            }
        }
        let remedy = whys.iter().find_map(|why| why.remedy.clone());
        (!reasons.is_empty()).then(|| Self { reason: reasons.join("; "), remedy })
    }
}

/// A value that was learned wholly, in part, or not at all.
///
/// `Partial` keeps what was seen and says what is missing: a failure found in it is a failure, but the
/// absence of failures in it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// Learned wholly.
    Known(T),
    /// Learned in part; `why` names what is missing.
    Partial {
        /// What was seen.
        value: T,
        /// What is missing.
        why: Why,
    },
    /// Not learned.
    Unknown(Why),
}

/// What a document written by an older version does not hold, so that it is never taken for an answer.
impl<T> Default for Known<T> {
    fn default() -> Self {
        Self::Unknown(Why::with_remedy(
            "the document was written by a version that did not ask for this",
            "take the snapshot again with this version of `temporal-preflight probe`",
        ))
    }
}

impl<T> Known<T> {
    /// Shorthand for an unknown without remedy.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(Why::new(reason))
    }

    /// The value, whole or partial.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Known(value) | Self::Partial { value, .. } => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The value, whole or partial, to change.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(value) | Self::Partial { value, .. } => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// What is missing, if anything is.
    pub fn why(&self) -> Option<&Why> {
        match self {
            Self::Known(_) => None,
            Self::Partial { why, .. } | Self::Unknown(why) => Some(why),
        }
    }

    /// Whether nothing is missing.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// Apply `f` to the value and keep what is missing.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(value) => Known::Known(f(value)),
            Self::Partial { value, why } => Known::Partial { value: f(value), why },
            Self::Unknown(why) => Known::Unknown(why),
        }
    }

    /// Borrowing view.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Known(value) => Known::Known(value),
            Self::Partial { value, why } => Known::Partial { value, why: why.clone() },
            Self::Unknown(why) => Known::Unknown(why.clone()),
        }
    }

    /// Chain a computation that may itself lack evidence.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Known<U>) -> Known<U> {
        match self {
            Self::Known(value) => f(value),
            Self::Unknown(why) => Known::Unknown(why),
            Self::Partial { value, why } => match f(value) {
                Known::Known(value) => Known::Partial { value, why },
                other => other,
            },
        }
    }

    /// Both, with the reasons of both sides kept.
    pub fn zip<U>(self, other: Known<U>) -> Known<(T, U)> {
        self.and_then(|a| other.map(|b| (a, b)))
    }
}

impl<T> Known<Vec<T>> {
    /// Concatenate per-part answers: known only when every part is, partial when some are.
    pub fn concat(parts: impl IntoIterator<Item = Known<Vec<T>>>) -> Self {
        let (mut all, mut whys, mut any) = (Vec::new(), Vec::<Why>::new(), false);
        for part in parts {
            whys.extend(part.why().cloned());
            match part {
                Known::Known(value) | Known::Partial { value, .. } => {
                    any = true;
                    all.extend(value);
                }
                Known::Unknown(_) => {}
            }
        }
        let Some(why) = Why::all(&whys) else { return Known::Known(all) };
        if any { Known::Partial { value: all, why } } else { Known::Unknown(why) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_part_never_disappears() {
        let both = Known::concat([Known::Known(vec![1]), Known::unknown("forbidden")]);
        assert_eq!(both, Known::Partial { value: vec![1], why: Why::new("forbidden") });
        assert_eq!(Known::<Vec<u8>>::concat([Known::unknown("down")]), Known::unknown("down"));
        assert_eq!(Known::<Vec<u8>>::concat([]), Known::Known(vec![]));
    }

    #[test]
    fn chaining_keeps_the_first_gap() {
        let partial = Known::Partial { value: 1, why: Why::new("half") };
        assert_eq!(partial.zip(Known::Known(2)), Known::Partial { value: (1, 2), why: Why::new("half") });
    }
}
