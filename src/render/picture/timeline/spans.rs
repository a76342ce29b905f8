//! What is drawn on the calendar, as spans of time.

use std::collections::BTreeSet;

use jiff::{SpanRelativeTo, Timestamp, Unit};

use super::{DAY, MARGIN_DAYS};
use crate::facts::Known;
use crate::render::text::{day, duration, plural, shorten_path};
use crate::render::view::Mark;
use crate::render::view::certificates::{certificate_files, endpoints};
use crate::scorecard::Scorecard;

/// Bars of one kind; the tables list all.
const BARS: usize = 8;

/// What a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Cohort,
    Execution,
    Certificate,
    Key,
}

/// A bar before it is placed; seconds since the epoch.
pub(super) struct Span {
    pub of: Of,
    pub label: String,
    pub sub: String,
    pub from: i64,
    pub to: i64,
    pub end: String,
    pub mark: Mark,
}

/// Everything worth a bar, kind after kind. `window` is its first second and the first one after it.
pub(super) fn all(card: &Scorecard, window: Option<(i64, i64)>) -> Vec<Span> {
    let mut spans = cohorts(card, window);
    spans.extend(executions(card, window));
    spans.extend(certificates(card, window));
    spans.extend(keys(card, window));
    spans
}

/// When each cohort moves, and how long it is watched afterwards. One that has not moved yet is drawn at the earliest
/// time it could: after the start of the window, and after the one before it was validated.
fn cohorts(card: &Scorecard, window: Option<(i64, i64)>) -> Vec<Span> {
    let Some((start, end)) = window else { return Vec::new() };
    let mut free = start.max(card.at.as_second());
    let mut spans = Vec::new();
    for cohort in &card.plan.cohorts {
        let watched = cohort.validation.as_deref().and_then(seconds);
        let from = cohort.routed.map_or(free, Timestamp::as_second);
        let to = from.saturating_add(watched.unwrap_or(DAY));
        free = free.max(to);
        let risk = cohort.risk.as_ref().map(|risk| format!(" · {risk} risk")).unwrap_or_default();
        spans.push(Span {
            of: Of::Cohort,
            label: format!("cohort {}", cohort.name),
            sub: format!("{}{risk}", plural(cohort.workflow_types.len(), "workflow type")),
            from,
            to,
            end: match (cohort.routed, &cohort.validation) {
                (Some(at), Some(watched)) => format!("routed {}, watched {watched}", day(at)),
                (Some(at), None) => format!("routed {}", day(at)),
                (None, Some(watched)) => format!("not routed yet; watched {watched}"),
                (None, None) => "not routed yet".to_owned(),
            },
            mark: match cohort.routed {
                _ if to > end => Mark::Failed,
                Some(_) if to <= card.at.as_second() => Mark::Ok,
                Some(_) => Mark::Waived,
                None => Mark::None,
            },
        });
    }
    spans.truncate(BARS);
    spans
}

/// `3d`, `36h` as seconds.
fn seconds(text: &str) -> Option<i64> {
    let span: jiff::Span = text.parse().ok()?;
    let total = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok()?;
    // A validation of centuries is a slip of the pen; it must not push the others off the calendar.
    (0.0..=1.0e9).contains(&total).then_some(total as i64)
}

/// How something that ends then stands against the window.
fn against(ends: Timestamp, card: &Scorecard, window: Option<(i64, i64)>) -> Mark {
    let to = ends.as_second();
    match window {
        _ if ends < card.at => Mark::Failed,
        None => Mark::None,
        Some((_, end)) if to < end => Mark::Failed,
        Some((_, end)) if to < end + MARGIN_DAYS * DAY => Mark::Attention,
        Some(_) => Mark::Ok,
    }
}

/// The API keys of both connections, and those of the account.
fn keys(card: &Scorecard, window: Option<(i64, i64)>) -> Vec<Span> {
    let mut found: Vec<(String, String, Timestamp)> = Vec::new();
    let sides = [&card.inventory.source, &card.inventory.target];
    for snapshot in sides.into_iter().filter_map(Known::value) {
        if let Some(ends) = snapshot.api_key_expires.value() {
            let id = snapshot.api_key_id.clone().unwrap_or_default();
            found.push((format!("{} connection", snapshot.side), id, *ends));
        }
        let of_account = snapshot.cloud.value().and_then(|cloud| cloud.api_keys.value());
        for key in of_account.into_iter().flatten().filter(|key| !key.disabled) {
            let same = |(_, id, _): &(String, String, Timestamp)| !id.is_empty() && *id == key.id;
            if let Some(ends) = key.expires.filter(|_| !found.iter().any(same)) {
                found.push((key.name.clone(), key.id.clone(), ends));
            }
        }
    }
    let mut spans: Vec<Span> = found
        .into_iter()
        .map(|(name, id, ends)| Span {
            of: Of::Key,
            label: format!("API key {name}"),
            sub: id,
            from: i64::MIN,
            to: ends.as_second(),
            end: day(ends),
            mark: against(ends, card, window),
        })
        .collect();
    spans.sort_by_key(|s| s.to);
    spans.truncate(BARS);
    spans
}

/// Leaf and authority certificates of both connections.
fn certificates(card: &Scorecard, window: Option<(i64, i64)>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    // Of an endpoint's chain only the leaf: the others are the business of its operator.
    let endpoints = endpoints(card).filter(|(_, c)| !c.is_ca);
    let files = certificate_files(card)
        .into_iter()
        .flat_map(|(side, f)| f.chain.iter().map(move |c| (format!("{side} · {}", shorten_path(&f.path, 30)), c)));
    let mut drawn: BTreeSet<&str> = BTreeSet::new();
    for (sub, c) in endpoints.chain(files).filter(|(_, c)| drawn.insert(&c.fingerprint)) {
        spans.push(Span {
            of: Of::Certificate,
            label: common_name(&c.subject),
            sub,
            from: c.not_before.as_second(),
            to: c.not_after.as_second(),
            end: day(c.not_after),
            mark: against(c.not_after, card, window),
        });
    }
    spans.sort_by_key(|s| s.to);
    spans.truncate(BARS);
    spans
}

/// `CN=api, O=x` → `api`.
fn common_name(subject: &str) -> String {
    subject
        .split(',')
        .find_map(|part| part.trim().strip_prefix("CN="))
        .map_or_else(|| subject.to_owned(), ToOwned::to_owned)
}

/// Per source namespace: the oldest open execution, and the longest closed one as if it began on the last
/// day before routing.
fn executions(card: &Scorecard, window: Option<(i64, i64)>) -> Vec<Span> {
    let Some(source) = card.inventory.source.value() else { return Vec::new() };
    let now = card.at.as_second();
    let mut spans = Vec::new();
    for ns in &source.namespaces {
        if let Some(Some(e)) = ns.oldest_open.value() {
            spans.push(Span {
                of: Of::Execution,
                label: format!("oldest open: {}", e.workflow_type),
                sub: format!("{} · {}", ns.name, e.workflow_id),
                from: e.start_time.as_second(),
                to: now,
                end: format!("open for {}", duration(age(e.start_time, card.at))),
                mark: Mark::None,
            });
        }
        if let (Some(Some(e)), Some((start, end))) = (ns.longest_closed.value(), window) {
            let to = start.saturating_add(i64::try_from(e.seconds).unwrap_or(i64::MAX));
            spans.push(Span {
                of: Of::Execution,
                label: format!("longest run: {}", e.workflow_type),
                sub: format!("{} · if started on day one", ns.name),
                from: start,
                to,
                end: duration(e.seconds),
                mark: if to > end { Mark::Failed } else { Mark::Ok },
            });
        }
    }
    spans.truncate(BARS);
    spans
}

fn age(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_second() - from.as_second()).unwrap_or(0)
}
