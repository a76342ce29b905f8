//! Pictures as geometry: positions, words and classes. The templates draw them as inline SVG.

mod ages;
mod map;
mod timeline;

use serde::Serialize;

use crate::render::text::{shorten, shorten_path};
use crate::scorecard::Scorecard;

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

/// Set in the sans serif of the page, so wide is a text of this size, in user units: an estimate on the safe side.
fn text_width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | ';' | '|' | '/' | '\'' | ' ' | '(' | ')' | '-' => {
            0.38
        }
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' | '…' => 0.95,
        '_' => 0.5,
        c if c.is_ascii_uppercase() => 0.68,
        c if c.is_ascii() => 0.61,
        // Scripts of square characters are as wide as high.
        c => 0.6 * unicode_width::UnicodeWidthChar::width(c).unwrap_or(1).max(1) as f64,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// The text cut to fit `width`; of a path the end is kept, whole folders if possible: the file name matters most.
fn fit(text: &str, width: f64, size: f64) -> String {
    let is_path = text.contains('/') && !text.contains("://");
    if is_path && text_width(text, size) > width {
        let ends = text.match_indices('/').filter_map(|(at, _)| text.get(at..)).filter(|end| end.len() > 1);
        if let Some(end) = ends.map(|end| format!("…{end}")).find(|end| text_width(end, size) <= width) {
            return end;
        }
    }
    let cut = if is_path { shorten_path } else { shorten };
    let mut columns = text.chars().count().min(200);
    loop {
        let short = cut(text, columns);
        if columns <= 4 || text_width(&short, size) <= width {
            return short;
        }
        columns -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_its_box_and_keeps_what_identifies() {
        for text in
            ["TEMPORAL_ONPREM_ADDRESS", "services/payments/cmd/nightly/main.go:41", "支付服务支付服务支付服务支付服务"]
        {
            let short = fit(text, 150.0, 13.0);
            assert!(text_width(&short, 13.0) <= 150.0, "{short}");
        }
        assert_eq!(fit("services/payments/cmd/nightly/main.go:41", 170.0, 13.0), "…/nightly/main.go:41");
        assert_eq!(fit("short", 150.0, 13.0), "short");
    }
}
