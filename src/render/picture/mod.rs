//! Pictures as geometry: positions, words and classes. The templates draw them as inline SVG.

mod ages;
mod map;
mod timeline;

use serde::Serialize;

use crate::judge::Scorecard;

/// The pictures a report can have; each needs facts that may be missing.
#[derive(Debug, Serialize)]
pub(super) struct Pictures {
    pub map: Option<map::Map>,
    pub timeline: Option<timeline::Timeline>,
    pub ages: Option<ages::Ages>,
}

/// Draw what the facts allow.
pub(super) fn all(card: &Scorecard) -> Pictures {
    Pictures { map: map::draw(card), timeline: timeline::draw(card), ages: ages::draw(card) }
}

/// Width of every picture in user units; heights follow from the content.
const WIDTH: f64 = 1000.0;

/// Coordinates with one decimal: enough for the eye, and short.
fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}
