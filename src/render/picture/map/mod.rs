//! Starters → wrappers → where their client is built → where it leads.

mod fold;
mod graph;

use std::collections::BTreeMap;

use serde::Serialize;

use self::fold::{Column, Folded, column};
use self::graph::{Graph, Node, Worth};
use super::{WIDTH, fit, round};
use crate::render::text::plural;
use crate::render::view::MarkView;
use crate::scorecard::Scorecard;

/// Boxes of a column; beyond them places are grouped by folder.
const STARTERS: usize = 14;
const WRAPPERS: usize = 10;
const ORIGINS: usize = 9;
const ENDS: usize = 9;
/// Places the page lists of what folded boxes hold.
const LISTED: usize = 1000;
const BOX_HEIGHT: f64 = 46.0;
/// A way past the wrappers.
const PASS_HEIGHT: f64 = 18.0;
const GAP: f64 = 10.0;
const TOP: f64 = 34.0;

/// Boxes in columns, and lines between them.
#[derive(Debug, Serialize)]
pub(crate) struct Map {
    pub width: f64,
    pub height: f64,
    pub columns: Vec<Heading>,
    pub boxes: Vec<Box>,
    pub lines: Vec<Line>,
    /// What the picture shows, for those who do not see it.
    pub summary: String,
    /// Said below.
    pub note: Option<String>,
    /// What the boxes hold that stand for several places.
    pub folded: Vec<Held>,
}

/// A column's heading.
#[derive(Debug, Serialize)]
pub(crate) struct Heading {
    pub x: f64,
    pub text: &'static str,
}

/// One box.
#[derive(Debug, Serialize)]
pub(crate) struct Box {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
    pub class: &'static str,
    pub glyph: &'static str,
    pub title: String,
    pub sub: String,
    /// Stands for several places.
    pub several: bool,
    /// Unshortened, for the pointer.
    pub full: String,
}

/// One line from box to box.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub d: String,
    pub class: &'static str,
    pub width: f64,
}

/// The places of one box.
#[derive(Debug, Serialize)]
pub(crate) struct Held {
    pub mark: MarkView,
    pub title: String,
    pub sub: String,
    pub places: Vec<String>,
    /// Not listed.
    pub more: usize,
}

/// A box, or a way past a column, at its place.
#[derive(Debug, Clone, Copy)]
struct Slot {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

/// Draw, when there is at least one starter or message in production code.
pub(super) fn draw(card: &Scorecard) -> Option<Map> {
    let graph = graph::read(card, card.inventory.code.value()?);
    if graph.places == 0 {
        return None;
    }
    let mut starters = column(&graph.starters, STARTERS, "place");
    let mut wrappers = column(&graph.wrappers, WRAPPERS, "wrapper");
    let mut origins = column(&graph.origins, ORIGINS, "connection");
    let mut ends = column(&graph.ends, ENDS, "address");
    // Each column in the order of the one beside it, so that few lines cross.
    wrappers.follow(&starters, graph.wrapped.iter().map(|(s, w)| (w, s)));
    starters.follow(&wrappers, graph.wrapped.iter().map(|(s, w)| (s, w)));
    origins.follow(&wrappers, graph.built.iter().map(|(w, o)| (o, w)));
    ends.follow(&origins, graph.leads.iter().map(|(o, e)| (e, o)));
    let passes = passes(&graph, &wrappers, &origins);
    let middle = !wrappers.boxes.is_empty();

    let xs: Vec<(f64, f64)> = if middle { across(4, 40.0) } else { across(3, 92.0) };
    let heights = |boxes: usize, passes: usize| vec![BOX_HEIGHT; boxes].into_iter().chain(vec![PASS_HEIGHT; passes]);
    let tall = |hs: &[f64]| hs.iter().sum::<f64>() + GAP * (hs.len().saturating_sub(1)) as f64;
    let columns: Vec<Vec<f64>> = [
        Some(heights(starters.boxes.len(), 0).collect()),
        middle.then(|| heights(wrappers.boxes.len(), passes.len()).collect()),
        Some(heights(origins.boxes.len(), 0).collect()),
        Some(heights(ends.boxes.len(), 0).collect()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let tallest = columns.iter().map(|hs| tall(hs)).fold(0.0, f64::max);
    let slots: Vec<Vec<Slot>> = columns
        .iter()
        .zip(&xs)
        .map(|(hs, &(x, w))| {
            let mut y = TOP + (tallest - tall(hs)) / 2.0;
            hs.iter()
                .map(|&h| {
                    let slot = Slot { x, y: round(y), w, h };
                    y += h + GAP;
                    slot
                })
                .collect()
        })
        .collect();
    let (first, last) = (slots.first()?, slots.last()?);
    let built = slots.get(slots.len().checked_sub(2)?)?;
    let between = if middle { slots.get(1)?.as_slice() } else { &[] };

    let mut lines = Lines::default();
    for (starter, wrapper) in &graph.wrapped {
        lines.add(pick(first, starters.of(starter)), pick(between, wrappers.of(wrapper)), starter.mark);
    }
    for (wrapper, origin) in &graph.built {
        lines.add(pick(between, wrappers.of(wrapper)), pick(built, origins.of(origin)), origin.mark);
    }
    for (starter, origin) in &graph.direct {
        let (from, to) = (pick(first, starters.of(starter)), pick(built, origins.of(origin)));
        match passes.iter().position(|p| Some(*p) == origins.of(origin)).filter(|_| middle) {
            Some(pass) => {
                let pass = pick(between, Some(wrappers.boxes.len() + pass));
                lines.add(from, pass, origin.mark);
                lines.add(pass, pass.map(Slot::end), origin.mark);
                lines.add(pass.map(Slot::end), to, origin.mark);
            }
            None => lines.add(from, to, origin.mark),
        }
    }
    for (origin, end) in &graph.leads {
        lines.add(pick(built, origins.of(origin)), pick(last, ends.of(end)), origin.mark);
    }
    let drawn: Vec<(&Column, &[Slot])> = if middle {
        vec![(&starters, first), (&wrappers, between), (&origins, built), (&ends, last)]
    } else {
        vec![(&starters, first), (&origins, built), (&ends, last)]
    };
    let boxes = drawn.iter().flat_map(|(c, slots)| c.boxes.iter().zip(*slots).map(|(b, s)| draw_box(b, *s))).collect();
    let folded = held(drawn.iter().flat_map(|(c, _)| &c.boxes));
    let headings = ["Starts and messages", "Through a wrapper", "Where the client is built", "Where it leads"];
    let headings = headings.into_iter().enumerate().filter(|(i, _)| middle || *i != 1).map(|(_, text)| text);
    Some(Map {
        width: WIDTH,
        height: round(TOP + tallest + 2.0),
        columns: headings.zip(&xs).map(|(text, &(x, _))| Heading { x, text }).collect(),
        boxes,
        lines: lines.drawn(),
        summary: format!(
            "{} of {} reach Temporal through a connection built outside a factory.",
            graph.outside,
            plural(graph.places, "place")
        ),
        note: (!folded.is_empty())
            .then(|| "Places are grouped by folder; those that need attention stand by themselves.".to_owned()),
        folded,
    })
}

impl Slot {
    /// The right end of a way past the wrappers.
    fn end(self) -> Self {
        Self { x: self.x + self.w, w: 0.0, ..self }
    }
}

fn pick(slots: &[Slot], index: Option<usize>) -> Option<Slot> {
    slots.get(index?).copied()
}

/// Left edge and width of `n` columns with `gap` between them.
fn across(n: usize, gap: f64) -> Vec<(f64, f64)> {
    let w = (WIDTH - 2.0 - gap * (n - 1) as f64) / n as f64;
    (0..n).map(|i| (round(1.0 + i as f64 * (w + gap)), round(w))).collect()
}

/// Boxes of origins that are reached without a wrapper: each gets one way past the column of wrappers.
fn passes(graph: &Graph, wrappers: &Column, origins: &Column) -> Vec<usize> {
    if wrappers.boxes.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<usize> = graph.direct.iter().filter_map(|(_, origin)| origins.of(origin)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Lines by their ends, so that many of one way become one thicker line.
#[derive(Default)]
struct Lines {
    all: BTreeMap<String, (Worth, usize)>,
}

impl Lines {
    fn add(&mut self, from: Option<Slot>, to: Option<Slot>, mark: Worth) {
        let (Some(from), Some(to)) = (from, to) else { return };
        let start = if from.w == 0.0 || from.h == PASS_HEIGHT && to.w == 0.0 { from.x } else { from.x + from.w };
        let (x1, y1, x2, y2) = (round(start), round(from.y + from.h / 2.0), to.x, round(to.y + to.h / 2.0));
        let bend = round((x2 - x1) / 2.0);
        let d = if y1 == y2 {
            format!("M{x1} {y1}H{x2}")
        } else {
            format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", round(x1 + bend), round(x2 - bend))
        };
        let line = self.all.entry(d).or_insert((mark, 0));
        *line = (line.0.min(mark), line.1 + 1);
    }

    /// The good ones first: the others lie over them.
    fn drawn(self) -> Vec<Line> {
        let mut all: Vec<_> = self.all.into_iter().collect();
        all.sort_by_key(|(_, (mark, _))| std::cmp::Reverse(*mark));
        all.into_iter()
            .map(|(d, (mark, n))| Line { d, class: mark.mark().class(), width: round(1.4 + (n as f64).ln().min(3.6)) })
            .collect()
    }
}

fn draw_box(folded: &Folded, slot: Slot) -> Box {
    let node: &Node = &folded.node;
    let mark = node.mark.mark();
    let room = slot.w - 22.0;
    Box {
        x: slot.x,
        y: slot.y,
        w: slot.w,
        h: slot.h,
        class: mark.class(),
        glyph: if node.mark == Worth::Neutral { "" } else { mark.glyph() },
        title: fit(&node.title, if node.mark == Worth::Neutral { room } else { room - 15.0 }, 13.0),
        sub: fit(&node.sub, room, 11.5),
        several: !folded.members.is_empty(),
        full: format!("{} · {}", node.title, node.sub),
    }
}

fn held<'a>(boxes: impl Iterator<Item = &'a Folded>) -> Vec<Held> {
    let mut left = LISTED;
    boxes
        .filter(|b| !b.members.is_empty())
        .map(|b| {
            let places: Vec<String> = b.members.iter().take(left).cloned().collect();
            left -= places.len();
            let (title, sub) = (b.node.title.clone(), b.node.sub.clone());
            let words = match b.node.mark {
                Worth::Failed => "not through a factory",
                Worth::Unknown => "not followed to the end",
                Worth::Neutral | Worth::Good => "through a factory",
            };
            Held {
                mark: MarkView::new(b.node.mark.mark(), words),
                title,
                sub,
                more: b.members.len() - places.len(),
                places,
            }
        })
        .collect()
}
