//! What changed since a former report, ready to be laid out.

use serde::Serialize;

use super::mark::{Mark, MarkView, anchor};
use crate::render::text::{minute, plural};
use crate::scorecard::Scorecard;
use crate::scorecard::{Change, Trend};

/// Changes of one kind that are listed; the JSON report has all.
const LISTED: usize = 50;

/// The section.
#[derive(Debug, Serialize)]
pub(crate) struct TrendView {
    /// One sentence.
    pub summary: String,
    pub since: String,
    pub groups: Vec<Group>,
}

/// Findings that changed in one way.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    pub title: &'static str,
    pub mark: MarkView,
    pub total: usize,
    pub changes: Vec<ChangeView>,
    pub more: usize,
}

/// One finding.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeView {
    pub message: String,
    pub rule: String,
    pub anchor: String,
    /// False when the rule is no longer in the report.
    pub known: bool,
    pub note: Option<String>,
}

/// Prepare the section, when a former report was given.
pub(super) fn view(card: &Scorecard) -> Option<TrendView> {
    let trend = card.trend.as_ref()?;
    let group = |title, mark: Mark, word, changes: &[Change]| Group {
        title,
        mark: MarkView::new(mark, word),
        total: changes.len(),
        changes: changes.iter().take(LISTED).map(|c| change(card, c)).collect(),
        more: changes.len().saturating_sub(LISTED),
    };
    let (unasked, new) = apart(trend);
    let groups = [
        group("Found since then", Mark::Failed, "new", &new),
        group("Found now; the former report could not tell", Mark::Attention, "first seen", &unasked),
        group("Fixed", Mark::Ok, "fixed", &trend.fixed),
        group("Accepted by a waiver", Mark::Waived, "accepted", &trend.accepted),
        group("No longer seen, and not known to be fixed", Mark::Unknown, "not seen", &trend.lost),
    ];
    Some(TrendView {
        summary: summary(card, trend),
        since: minute(trend.since),
        groups: groups.into_iter().filter(|g| g.total > 0).collect(),
    })
}

fn change(card: &Scorecard, change: &Change) -> ChangeView {
    ChangeView {
        message: change.message.clone(),
        rule: change.rule.clone(),
        anchor: anchor(&change.rule),
        known: card.checks.iter().any(|c| c.rule == change.rule),
        note: change.note.clone(),
    }
}

/// Findings the former report could not have, and those that are new.
fn apart(trend: &Trend) -> (Vec<Change>, Vec<Change>) {
    trend.appeared.iter().cloned().partition(|change| change.note.is_some())
}

/// `The verdict was NO-GO and is GO: 3 findings fixed, 1 new, 2 remain.`
fn summary(card: &Scorecard, trend: &Trend) -> String {
    let verdict = match trend.gates.get(&card.gate) {
        Some(before) if *before == card.verdict => format!("The verdict at {} is still {}", card.gate, before.label()),
        Some(before) => {
            format!("The verdict at {} was {} and is {}", card.gate, before.label(), card.verdict.label())
        }
        None => format!("The former report has no verdict at {}", card.gate),
    };
    let mut parts = vec![format!("{} fixed", plural(trend.fixed.len(), "finding"))];
    let (unasked, new) = apart(trend);
    parts.push(format!("{} new", new.len()));
    if !unasked.is_empty() {
        parts.push(format!("{} first seen now", unasked.len()));
    }
    if !trend.accepted.is_empty() {
        parts.push(format!("{} accepted by a waiver", trend.accepted.len()));
    }
    if !trend.lost.is_empty() {
        parts.push(format!("{} no longer seen, but not known to be fixed", trend.lost.len()));
    }
    parts.push(format!("{} as before", trend.remaining));
    format!("{verdict}: {}.", parts.join(", "))
}
