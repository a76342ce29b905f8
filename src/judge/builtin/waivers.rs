//! Waivers that waive nothing.

use super::{BuiltIn, Entry, count};
use crate::judge::ignores::Flawed;
use crate::scorecard::Waiver;
use crate::scorecard::builtin::get;
use crate::scorecard::{Check, WaiverUse};

/// Built-in check → the state of a waiver it looks for.
const STATES: [(&str, &str); 3] =
    [("waiver-expired", "expired"), ("waiver-refused", "refused"), ("waiver-unused", "unused")];

pub(super) fn checks(waivers: &[Waiver], uses: &[WaiverUse], rules: &[Check]) -> Vec<Check> {
    let one = |builtin: &BuiltIn, state: &str| {
        let found = waivers.iter().zip(uses).filter(|(_, used)| used.state == state);
        let entries = found.map(|(waiver, _)| Entry {
            key: [
                Some(waiver.rule.as_str()),
                waiver.fingerprint.as_deref(),
                waiver.pattern.as_deref(),
                waiver.lines.as_ref().map(|lines| lines.path.as_str()),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("/"),
            message: message(waiver, state, rules),
            evidence: vec![waiver.place.clone()],
        });
        builtin.check(entries.collect(), count(waivers.len(), "waiver"))
    };
    STATES.iter().filter_map(|(id, state)| Some(one(get(id)?, state))).collect()
}

/// Whether every comment that wants to accept something says what it must; nothing where there are no comments.
pub(super) fn comments(waivers: &[Waiver], flawed: &[Flawed]) -> Option<Check> {
    let all = waivers.iter().filter(|w| w.lines.is_some()).count() + flawed.len();
    let entries = flawed.iter().map(|comment| Entry {
        key: comment.key.clone(),
        message: format!("the comment accepts nothing: {}", comment.said),
        evidence: vec![comment.place.clone()],
    });
    let check = get("ignore-invalid")?.check(entries.collect(), count(all, "comment"));
    (all > 0).then_some(check)
}

fn message(waiver: &Waiver, state: &str, rules: &[Check]) -> String {
    let Waiver { rule, owner, until, reason, .. } = waiver;
    if waiver.lines.is_some() {
        return match state {
            "expired" => format!("the comment that ignores `{rule}` ended on {until} ({reason})"),
            "refused" => format!("a comment ignores `{rule}`, which cannot be waived ({reason})"),
            _ if rules.iter().all(|check| check.rule != *rule) => {
                format!("the comment ignores `{rule}`, and there is no rule of this name")
            }
            _ => format!("the comment ignores `{rule}`, which finds nothing in the code it stands at"),
        };
    }
    match state {
        "expired" => format!("the waiver of `{rule}` by {owner} ended on {until} ({reason})"),
        "refused" => format!("`{rule}` cannot be waived, but {owner} did ({reason})"),
        _ if rules.iter().all(|check| check.rule != *rule) => {
            format!("the waiver of `{rule}` by {owner} covers nothing: no rule of this run has this id")
        }
        _ => {
            let what = [("fingerprint", &waiver.fingerprint), ("pattern", &waiver.pattern)]
                .into_iter()
                .filter_map(|(word, value)| Some(format!(" with the {word} `{}`", value.as_ref()?)))
                .collect::<String>();
            format!("the waiver of `{rule}` by {owner} covers nothing: there is no finding of this rule{what}")
        }
    }
}
