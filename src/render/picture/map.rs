//! Starters → where their client is built → where it leads.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{WIDTH, round};
use crate::facts::code::{CodeFacts, Kind, OriginStatus, Site};
use crate::judge::Scorecard;
use crate::render::text::{list, plural, shorten, shorten_path};
use crate::render::view::{Mark, code};

/// Places drawn one by one; the others become one box.
const PLACES: usize = 12;
const BOX_WIDTH: f64 = 272.0;
const BOX_HEIGHT: f64 = 46.0;
const STEP: f64 = 56.0;
const TOP: f64 = 34.0;

/// Boxes in three columns, and lines between them.
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
    /// Unshortened, for the pointer.
    pub full: String,
}

/// One line from box to box.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub d: String,
    pub class: &'static str,
}

/// Something to become a box.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    /// First, so that the worst stands on top in every column and lines seldom cross.
    mark: Worth,
    title: String,
    sub: String,
}

/// [`Mark`] with the order in which boxes stand, worst on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Failed,
    Unknown,
    Neutral,
    Good,
}

impl Worth {
    fn mark(self) -> Mark {
        match self {
            Worth::Failed => Mark::Failed,
            Worth::Unknown => Mark::Unknown,
            Worth::Neutral => Mark::None,
            Worth::Good => Mark::Ok,
        }
    }
}

/// One kind of place with everything it leads to.
struct Place {
    node: Node,
    origins: BTreeSet<Node>,
}

/// Draw, when there is at least one starter or message in production code.
pub(super) fn draw(card: &Scorecard) -> Option<Map> {
    let code = card.inventory.code.value()?;
    let mut places = places(code);
    if places.is_empty() {
        return None;
    }
    places.sort_by(|a, b| (a.node.mark, &a.node.sub).cmp(&(b.node.mark, &b.node.sub)));
    let outside = places.iter().filter(|p| p.node.mark == Worth::Failed).count();
    let total = places.len();
    fold(&mut places);

    let origins: Vec<Node> =
        places.iter().flat_map(|p| p.origins.iter().cloned()).collect::<BTreeSet<_>>().into_iter().collect();
    let leads: Vec<BTreeSet<Node>> = origins.iter().map(|o| destinations(card, code, o)).collect();
    let mut ends: Vec<Node> = Vec::new();
    for end in leads.iter().flatten() {
        if !ends.contains(end) {
            ends.push(end.clone());
        }
    }

    let tallest = places.len().max(origins.len()).max(ends.len());
    let height = TOP + tallest as f64 * STEP;
    let xs = [1.0, (WIDTH - BOX_WIDTH) / 2.0, WIDTH - BOX_WIDTH - 1.0];
    let y = |index: usize, of: usize| round(TOP + (tallest - of) as f64 * STEP / 2.0 + index as f64 * STEP);

    let mut boxes = Vec::new();
    let mut lines = Vec::new();
    let mut line = |from: (f64, f64), to: (f64, f64), class: &'static str| {
        let (x1, y1, x2, y2) = (from.0 + BOX_WIDTH, from.1 + BOX_HEIGHT / 2.0, to.0, to.1 + BOX_HEIGHT / 2.0);
        let bend = round((x2 - x1) / 2.0);
        lines.push(Line { d: format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend), class });
    };
    for (i, place) in places.iter().enumerate() {
        let at = (xs[0], y(i, places.len()));
        boxes.push(draw_box(&place.node, at));
        for (j, origin) in origins.iter().enumerate().filter(|(_, o)| place.origins.contains(o)) {
            line(at, (xs[1], y(j, origins.len())), origin.mark.mark().class());
        }
    }
    for (j, origin) in origins.iter().enumerate() {
        let at = (xs[1], y(j, origins.len()));
        boxes.push(draw_box(origin, at));
        for (k, _) in ends.iter().enumerate().filter(|(_, e)| leads.get(j).is_some_and(|l| l.contains(e))) {
            line(at, (xs[2], y(k, ends.len())), origin.mark.mark().class());
        }
    }
    boxes.extend(ends.iter().enumerate().map(|(k, end)| draw_box(end, (xs[2], y(k, ends.len())))));

    Some(Map {
        width: WIDTH,
        height: round(height),
        columns: vec![
            Heading { x: xs[0], text: "Starts and messages" },
            Heading { x: xs[1], text: "Where the client is built" },
            Heading { x: xs[2], text: "Where it leads" },
        ],
        boxes,
        lines,
        summary: format!(
            "{outside} of {} reach Temporal through a connection built outside a factory.",
            plural(total, "place")
        ),
        note: (total > PLACES).then(|| "The inventory lists every place.".to_owned()),
    })
}

fn draw_box(node: &Node, (x, y): (f64, f64)) -> Box {
    let mark = node.mark.mark();
    let chars = (BOX_WIDTH / 7.3) as usize;
    Box {
        x: round(x),
        y: round(y),
        w: BOX_WIDTH,
        h: BOX_HEIGHT,
        class: mark.class(),
        glyph: if node.mark == Worth::Neutral { "" } else { mark.glyph() },
        title: shorten(&node.title, chars - 3),
        sub: if node.sub.contains('/') { shorten_path(&node.sub, chars) } else { shorten(&node.sub, chars) },
        full: format!("{} · {}", node.title, node.sub),
    }
}

/// Production places, one per function.
fn places(code: &CodeFacts) -> Vec<Place> {
    let mut groups: Vec<(&str, Option<&str>, Vec<&Site>)> = Vec::new();
    let wanted = |s: &&Site| s.scope.is_production() && (s.kind.starts() || s.kind.messages());
    for site in code.sites.iter().filter(wanted) {
        let key = (site.path.as_str(), site.function.as_deref());
        match groups.iter_mut().find(|(p, f, _)| (*p, *f) == key) {
            Some((.., sites)) => sites.push(site),
            None => groups.push((key.0, key.1, vec![site])),
        }
    }
    groups
        .into_iter()
        .map(|(path, function, sites)| {
            let mut origins = BTreeSet::new();
            for site in &sites {
                origins.extend(origins_of(site));
            }
            let kinds: BTreeSet<String> = sites.iter().map(|s| s.kind.name().replace('_', " ")).collect();
            let kinds: Vec<String> = kinds.into_iter().collect();
            let line = sites.iter().map(|s| s.line).min().unwrap_or(0);
            // A way that could not be followed to its end is not a good one, whatever the others are.
            let open = sites.iter().any(|s| matches!(code::origin(s).0, Mark::Unknown | Mark::Attention));
            let worst = origins.iter().map(|o| o.mark).chain(open.then_some(Worth::Unknown)).min();
            let worst = worst.unwrap_or(Worth::Unknown);
            let name = function.unwrap_or(path);
            Place {
                node: Node { title: format!("{name} · {}", list(&kinds)), sub: format!("{path}:{line}"), mark: worst },
                origins,
            }
        })
        .collect()
}

/// Where the client of a site is built, as boxes.
fn origins_of(site: &Site) -> Vec<Node> {
    if site.client.origins.is_empty() {
        let (title, sub, mark) = match site.client.status {
            OriginStatus::Inherited => ("client of the worker", "inherited", Worth::Good),
            _ => ("not found", "the client could not be followed", Worth::Unknown),
        };
        return vec![Node { title: title.to_owned(), sub: sub.to_owned(), mark }];
    }
    site.client
        .origins
        .iter()
        .map(|o| Node {
            title: match (&o.function, o.factory) {
                (Some(f), true) => format!("{f} · factory"),
                (Some(f), false) => f.clone(),
                (None, true) => "factory".to_owned(),
                (None, false) => "own connection".to_owned(),
            },
            // A factory may build one client per cluster: one box all the same.
            sub: if o.factory { o.path.clone() } else { format!("{}:{}", o.path, o.line) },
            mark: if o.factory { Worth::Good } else { Worth::Failed },
        })
        .collect()
}

/// Where an origin's connections lead, as far as the code says.
fn destinations(card: &Scorecard, code: &CodeFacts, origin: &Node) -> BTreeSet<Node> {
    let mut ends = BTreeSet::new();
    let here = |s: &Site| {
        let line = format!("{}:{}", s.path, s.line);
        let in_function =
            s.path == origin.sub && s.function.as_ref().is_some_and(|f| origin.title == format!("{f} · factory"));
        s.kind == Kind::Connect && (line == origin.sub || in_function)
    };
    for site in code.sites.iter().filter(|s| here(s)) {
        match &site.address {
            // Several sources, the first that is set wins at run time.
            Some(words) => ends.extend(words.split(" | ").map(|w| end(card, Some(w)))),
            None => drop(ends.insert(end(card, None))),
        }
    }
    ends
}

fn end(card: &Scorecard, words: Option<&str>) -> Node {
    let node = |title: String, sub: String| Node { title, sub, mark: Worth::Neutral };
    let Some(words) = words else {
        return node("not in the code".to_owned(), "the address is not set here".to_owned());
    };
    let side =
        card.sides.iter().find(|s| s.address.as_ref().is_some_and(|a| !a.is_empty() && words.contains(a.as_str())));
    match (side, words.split_once(' ')) {
        (Some(side), _) => node(format!("{} cluster", side.side), words.to_owned()),
        (None, Some(("env", name))) => node(name.to_owned(), "environment, decided at run time".to_owned()),
        (None, Some(("literal", address))) => node(address.to_owned(), "written in the code".to_owned()),
        _ => node(words.to_owned(), "address".to_owned()),
    }
}

/// Beyond the limit, the least worrying places become one box.
fn fold(places: &mut Vec<Place>) {
    if places.len() <= PLACES {
        return;
    }
    let rest = places.split_off(PLACES - 1);
    let worst = rest.iter().map(|p| p.node.mark).min().unwrap_or(Worth::Neutral);
    places.push(Place {
        node: Node { title: plural(rest.len(), "more place"), sub: "see the inventory".to_owned(), mark: worst },
        origins: rest.into_iter().flat_map(|p| p.origins).collect(),
    });
    // Too many origins make a knot: the box of the rest then points at the first few only.
    if let Some(last) = places.last_mut() {
        last.origins = std::mem::take(&mut last.origins).into_iter().take(4).collect();
    }
}
