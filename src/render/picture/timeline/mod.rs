//! The dual-run window against cohorts, the longest executions, certificates and keys.

mod spans;

use jiff::Timestamp;
use serde::Serialize;

use self::spans::{Of, Span};
use super::{WIDTH, round};
use crate::render::text::shorten;
use crate::render::view::Mark;
use crate::scorecard::Scorecard;

const LEFT: f64 = 290.0;
const RIGHT: f64 = WIDTH - 8.0;
const TOP: f64 = 58.0;
const STEP: f64 = 40.0;
const DAY: i64 = 86_400;
/// Days a certificate must outlive the window (checklist item 5).
const MARGIN_DAYS: i64 = 60;

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

/// One cohort, execution, certificate or key.
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
    /// The first of its kind: set apart from the kind before.
    pub rule: Option<f64>,
}

/// Draw, when there is a window or a certificate.
pub(super) fn draw(card: &Scorecard) -> Option<Timeline> {
    let window = card.plan.window.and_then(|w| {
        let start = midnight(w.start)?;
        Some((start, midnight(w.end)? + DAY))
    });
    let spans = spans::all(card, window);
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
                glyph: if s.mark == Mark::None { "" } else { s.mark.glyph() },
                label: shorten(&s.label, 38),
                sub: shorten(&s.sub, 42),
                end: if s.to > to { format!("{} ▸", s.end) } else { s.end.clone() },
                end_x: if inside { x2 - 6.0 } else { x2 + 6.0 },
                end_anchor: if inside { "end" } else { "start" },
                rule: (i > 0 && spans.get(i - 1).is_some_and(|before| before.of != s.of))
                    .then_some(TOP + 14.0 + i as f64 * STEP),
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
    let of = |kind: Of| spans.iter().filter(move |s| s.of == kind);
    let bad = |kind: Of| of(kind).filter(|s| s.mark == Mark::Failed).count();
    if !window {
        return "No window is planned, so nothing can be measured against it.".to_owned();
    }
    let certificates = match bad(Of::Certificate) {
        0 if of(Of::Certificate).count() == 0 => "No certificate was seen".to_owned(),
        0 => "No certificate seen ends before the window does".to_owned(),
        n => format!("{} before the window does", plural_verb(n, "certificate ends", "certificates end")),
    };
    let keys = match bad(Of::Key) {
        0 => String::new(),
        n => format!("; {} before it does", plural_verb(n, "API key ends", "API keys end")),
    };
    let runs = match bad(Of::Execution) {
        0 if of(Of::Execution).count() == 0 => "no execution was seen".to_owned(),
        0 => "no known execution would outlast it".to_owned(),
        n => format!("{} outlast it", plural_verb(n, "execution would", "executions would")),
    };
    format!("{certificates}{keys}; {runs}.")
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
