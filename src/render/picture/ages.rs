//! Open executions on the source, by type: how many, and how old the oldest is.

use serde::Serialize;

use super::{WIDTH, round};
use crate::render::text::{duration, number, plural, shorten};
use crate::render::view::Mark;
use crate::scorecard::Scorecard;

const TYPES: usize = 12;
const TOP: f64 = 40.0;
const STEP: f64 = 36.0;
const BARS: (f64, f64) = (290.0, 580.0);
const DOTS: (f64, f64) = (670.0, 905.0);
/// The age axis is logarithmic: from one hour to one year.
const AXIS: [(f64, &str); 5] =
    [(3_600.0, "1 h"), (86_400.0, "1 d"), (604_800.0, "1 wk"), (2_592_000.0, "30 d"), (31_536_000.0, "1 y")];

/// Bars and dots.
#[derive(Debug, Serialize)]
pub(crate) struct Ages {
    pub width: f64,
    pub height: f64,
    pub bars_x: f64,
    pub dots_x: f64,
    pub dots_end: f64,
    pub axis: Vec<(f64, &'static str)>,
    pub rows: Vec<Row>,
    pub summary: String,
    /// What is not drawn.
    pub note: Option<String>,
}

/// One workflow type.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub y: f64,
    pub name: String,
    pub namespace: String,
    pub w: f64,
    pub count: String,
    pub count_x: f64,
    pub dot: Option<f64>,
    pub age: String,
    pub age_x: f64,
    pub class: &'static str,
}

/// Draw, when something is open on the source.
pub(super) fn draw(card: &Scorecard) -> Option<Ages> {
    let source = card.inventory.source.value()?;
    let mut types: Vec<_> = source
        .namespaces
        .iter()
        .flat_map(|ns| ns.workflow_types.value().into_iter().flatten().map(move |t| (ns, t)))
        .filter(|(_, t)| t.open > 0)
        .collect();
    types.sort_by_key(|(_, t)| std::cmp::Reverse(t.open));
    let most = types.first()?.1.open.max(1);
    let open: u64 = types.iter().map(|(_, t)| t.open).sum();
    let total = types.len();
    let rest: Vec<_> = if total > TYPES { types.split_off(TYPES) } else { Vec::new() };
    let window = card.plan.window.map(|w| (w.end - w.start).get_days()).filter(|d| *d > 0);
    let rows: Vec<Row> = types
        .iter()
        .enumerate()
        .map(|(i, (ns, t))| {
            let w = round((t.open as f64 / most as f64) * (BARS.1 - BARS.0)).max(2.0);
            let oldest = t.oldest_open.as_ref().map(|e| e.seconds);
            let dot = oldest.map(at);
            // Longer open than the whole window is long: it will not drain inside it by itself.
            let long = oldest.zip(window).is_some_and(|(s, days)| s > u64::from(days.unsigned_abs()) * 86_400);
            Row {
                y: TOP + 14.0 + i as f64 * STEP,
                name: shorten(&t.name, 38),
                namespace: shorten(&ns.name, 40),
                w,
                count: number(t.open),
                count_x: BARS.0 + w + 8.0,
                dot,
                age: oldest.map_or_else(|| "age unknown".to_owned(), duration),
                age_x: dot.map_or(DOTS.0, |x| x + 10.0),
                class: if long { Mark::Attention.class() } else { Mark::Ok.class() },
            }
        })
        .collect();
    let names = types.first().map(|(_, t)| t.name.clone()).unwrap_or_default();
    Some(Ages {
        width: WIDTH,
        height: TOP + 14.0 + rows.len() as f64 * STEP,
        bars_x: BARS.0,
        dots_x: DOTS.0,
        dots_end: DOTS.1,
        axis: AXIS.iter().map(|(s, label)| (scale(*s), *label)).collect(),
        rows,
        summary: format!(
            "{} open in {}; the largest group is {}.",
            number(open),
            plural(total, "workflow type"),
            shorten(&names, 60)
        ),
        note: (!rest.is_empty()).then(|| {
            let open: u64 = rest.iter().map(|(_, t)| t.open).sum();
            format!("And {} with {} open; the inventory lists them.", plural(rest.len(), "more type"), number(open))
        }),
    })
}

fn at(seconds: u64) -> f64 {
    scale(seconds as f64)
}

fn scale(seconds: f64) -> f64 {
    let (low, high) = (3_600.0_f64.ln(), 31_536_000.0_f64.ln());
    round(DOTS.0 + ((seconds.max(1.0).ln() - low) / (high - low)).clamp(0.0, 1.0) * (DOTS.1 - DOTS.0))
}
