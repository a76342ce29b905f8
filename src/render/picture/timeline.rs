//! The dual-run window against certificates and the longest executions.

use jiff::Timestamp;
use serde::Serialize;

use super::{WIDTH, round};
use crate::judge::Scorecard;
use crate::render::text::{day, duration, shorten, shorten_path};
use crate::render::view::Mark;
use crate::render::view::certificates::{certificate_files, endpoints};

const LEFT: f64 = 290.0;
const RIGHT: f64 = WIDTH - 8.0;
const TOP: f64 = 58.0;
const STEP: f64 = 40.0;
const DAY: i64 = 86_400;
/// Days a certificate must outlive the window (checklist item 5).
const MARGIN_DAYS: i64 = 60;
/// Bars of one kind; the tables list all.
const BARS: usize = 8;

/// Bars on a calendar.
#[derive(Debug, Serialize)]
pub(crate) struct Timeline {
    pub width: f64,
    pub height: f64,
    pub ticks: Vec<Tick>,
    /// The window, as a band behind everything.
    pub band: Option<Band>,
    pub markers: Vec<Marker>,
    pub bars: Vec<Bar>,
    pub summary: String,
}

/// A month.
#[derive(Debug, Serialize)]
pub(crate) struct Tick {
    pub x: f64,
    pub label: String,
}

/// The window.
#[derive(Debug, Serialize)]
pub(crate) struct Band {
    pub x: f64,
    pub w: f64,
    pub label: String,
}

/// A day that matters.
#[derive(Debug, Serialize)]
pub(crate) struct Marker {
    pub x: f64,
    pub label: String,
    pub class: &'static str,
    pub anchor: &'static str,
    pub text_x: f64,
}

/// One certificate or execution.
#[derive(Debug, Serialize)]
pub(crate) struct Bar {
    pub y: f64,
    pub x: f64,
    pub w: f64,
    pub class: &'static str,
    pub glyph: &'static str,
    pub label: String,
    pub sub: String,
    pub end: String,
    pub end_x: f64,
    pub end_anchor: &'static str,
}

/// A bar before it is placed.
struct Span {
    certificate: bool,
    label: String,
    sub: String,
    from: i64,
    to: i64,
    end: String,
    mark: Mark,
}

/// Draw, when there is a window or a certificate.
pub(super) fn draw(card: &Scorecard) -> Option<Timeline> {
    let window = card.plan.window.and_then(|w| {
        let start = midnight(w.start)?;
        Some((start, midnight(w.end)? + DAY))
    });
    let mut spans = certificates(card, window);
    spans.extend(executions(card, window));
    if window.is_none() && spans.is_empty() {
        return None;
    }
    let now = card.at.as_second();
    let first = window.map_or(now, |(start, _)| start.min(now));
    let last = window.map_or(now + 90 * DAY, |(_, end)| end.max(now));
    let (from, to) = (first - 21 * DAY, last + (MARGIN_DAYS + 30) * DAY);
    let x = |t: i64| {
        let share = (t.clamp(from, to) - from) as f64 / (to - from) as f64;
        round(LEFT + share * (RIGHT - LEFT))
    };

    let mut markers = vec![marker(x(now), "today", "now")];
    if let Some((_, end)) = window {
        markers.push(marker(x(end + MARGIN_DAYS * DAY), "60 days after", "margin"));
    }
    let summary = summary(&spans, window.is_some());
    let bars: Vec<Bar> = spans
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let (x1, x2) = (x(s.from), x(s.to).max(x(s.from) + 3.0));
            let inside = x2 > RIGHT - 150.0;
            Bar {
                y: TOP + 26.0 + i as f64 * STEP,
                x: x1,
                w: round(x2 - x1),
                class: s.mark.class(),
                glyph: s.mark.glyph(),
                label: shorten(&s.label, 38),
                sub: shorten(&s.sub, 42),
                end: if s.to > to { format!("{} ▸", s.end) } else { s.end.clone() },
                end_x: if inside { x2 - 6.0 } else { x2 + 6.0 },
                end_anchor: if inside { "end" } else { "start" },
            }
        })
        .collect();
    Some(Timeline {
        width: WIDTH,
        height: TOP + 26.0 + bars.len() as f64 * STEP + 8.0,
        ticks: ticks(from, to).into_iter().map(|(t, label)| Tick { x: x(t), label }).collect(),
        band: window.zip(card.plan.window).map(|((start, end), w)| Band {
            x: x(start),
            w: round(x(end) - x(start)),
            label: format!("dual run {} to {}", w.start, w.end),
        }),
        markers,
        bars,
        summary,
    })
}

/// What the bars say, in a sentence.
fn summary(spans: &[Span], window: bool) -> String {
    let bad =
        |certificate: bool| spans.iter().filter(|s| s.certificate == certificate && s.mark == Mark::Failed).count();
    if !window {
        return "No window is planned, so nothing can be measured against it.".to_owned();
    }
    let certificates = match bad(true) {
        0 if !spans.iter().any(|s| s.certificate) => "No certificate was seen".to_owned(),
        0 => "No certificate seen ends before the window does".to_owned(),
        n => format!("{} before the window does", plural_verb(n, "certificate ends", "certificates end")),
    };
    let runs = match bad(false) {
        0 if spans.iter().all(|s| s.certificate) => "no execution was seen".to_owned(),
        0 => "no known execution would outlast it".to_owned(),
        n => format!("{} outlast it", plural_verb(n, "execution would", "executions would")),
    };
    format!("{certificates}; {runs}.")
}

fn plural_verb(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

fn marker(x: f64, label: &str, class: &'static str) -> Marker {
    let near_end = x > RIGHT - 110.0;
    Marker {
        x,
        label: label.to_owned(),
        class,
        anchor: if near_end { "end" } else { "start" },
        text_x: if near_end { x - 4.0 } else { x + 4.0 },
    }
}

fn midnight(date: jiff::civil::Date) -> Option<i64> {
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Leaf and authority certificates of both connections.
fn certificates(card: &Scorecard, window: Option<(i64, i64)>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    // Of an endpoint's chain only the leaf: the others are the business of its operator.
    let endpoints = endpoints(card).filter(|(_, c)| !c.is_ca);
    let files = certificate_files(card)
        .into_iter()
        .flat_map(|(side, f)| f.chain.iter().map(move |c| (format!("{side} · {}", shorten_path(&f.path, 30)), c)));
    for (sub, c) in endpoints.chain(files) {
        let to = c.not_after.as_second();
        let mark = match window {
            _ if c.not_after < card.at => Mark::Failed,
            None => Mark::None,
            Some((_, end)) if to < end => Mark::Failed,
            Some((_, end)) if to < end + MARGIN_DAYS * DAY => Mark::Attention,
            Some(_) => Mark::Ok,
        };
        spans.push(Span {
            certificate: true,
            label: common_name(&c.subject),
            sub,
            from: c.not_before.as_second(),
            to,
            end: day(c.not_after),
            mark,
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
                certificate: false,
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
                certificate: false,
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

/// The first of each month, thinned to at most a dozen.
fn ticks(from: i64, to: i64) -> Vec<(i64, String)> {
    let Ok(start) = Timestamp::from_second(from) else { return Vec::new() };
    let mut date = start.to_zoned(jiff::tz::TimeZone::UTC).date().first_of_month();
    let mut all = Vec::new();
    while let Ok(next) = date.checked_add(jiff::Span::new().months(1)) {
        date = next;
        match midnight(date) {
            Some(t) if t <= to && all.len() < 600 => {
                all.push((
                    t,
                    if date.month() == 1 || all.is_empty() { date.strftime("%b %Y") } else { date.strftime("%b") }
                        .to_string(),
                ));
            }
            _ => break,
        }
    }
    let every = all.len().div_ceil(12).max(1);
    all.into_iter().step_by(every).collect()
}
