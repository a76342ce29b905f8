//! Who starts or messages executions, through which wrapper, over which connection, to which cluster.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::code::{CodeFacts, OriginStatus, Site};
use crate::render::view::{Mark, code};
use crate::scorecard::Scorecard;

/// [`Mark`] with the order in which boxes stand, worst on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    Failed,
    Unknown,
    Neutral,
    Good,
}

impl Worth {
    pub fn mark(self) -> Mark {
        match self {
            Worth::Failed => Mark::Failed,
            Worth::Unknown => Mark::Unknown,
            Worth::Neutral => Mark::None,
            Worth::Good => Mark::Ok,
        }
    }
}

/// Something to become a box, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    /// First, so that the worst stands on top in every column.
    pub mark: Worth,
    pub title: String,
    pub sub: String,
    /// The file it stands in, for grouping; empty when it is no place in the code.
    pub path: String,
}

/// From left to right.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub starters: BTreeSet<Node>,
    pub wrappers: BTreeSet<Node>,
    pub origins: BTreeSet<Node>,
    pub ends: BTreeSet<Node>,
    /// Starter → wrapper.
    pub wrapped: BTreeSet<(Node, Node)>,
    /// Starter → origin, without a wrapper between them.
    pub direct: BTreeSet<(Node, Node)>,
    /// Wrapper → origin.
    pub built: BTreeSet<(Node, Node)>,
    /// Origin → cluster.
    pub leads: BTreeSet<(Node, Node)>,
    /// Functions with calls of the SDK, and how many of them use a connection from outside of every factory.
    pub places: usize,
    pub outside: usize,
}

/// A function with calls of the SDK in it.
struct Place<'a> {
    path: &'a str,
    function: Option<&'a str>,
    sites: Vec<&'a Site>,
    origins: BTreeSet<Node>,
    mark: Worth,
}

/// A starter before all that is known of it is: its kinds, its first line, the worst it leads to.
#[derive(Default)]
struct Starter {
    kinds: BTreeSet<String>,
    line: Option<u32>,
    mark: Option<Worth>,
    wrappers: BTreeSet<Node>,
    origins: BTreeSet<Node>,
}

impl Starter {
    fn add(&mut self, line: u32, mark: Worth, kinds: impl Iterator<Item = String>) {
        self.line = Some(self.line.map_or(line, |first| first.min(line)));
        self.mark = Some(self.mark.map_or(mark, |worst| worst.min(mark)));
        self.kinds.extend(kinds);
    }
}

/// Read the scan.
pub(super) fn read(card: &Scorecard, code: &CodeFacts) -> Graph {
    let places = places(code);
    let mut graph = Graph {
        places: places.len(),
        outside: places.iter().filter(|p| p.mark == Worth::Failed).count(),
        ..Graph::default()
    };
    let mut starters: BTreeMap<(&str, Option<&str>), Starter> = BTreeMap::new();
    for place in &places {
        let kinds = || place.sites.iter().map(|s| s.kind.name().replace('_', " "));
        let line = place.sites.iter().map(|s| s.line).min().unwrap_or(0);
        let callers = callers(code, place);
        if callers.is_empty() {
            let starter = starters.entry((place.path, place.function)).or_default();
            starter.add(line, place.mark, kinds());
            starter.origins.extend(place.origins.iter().cloned());
            continue;
        }
        let wrapper = node(place.function.unwrap_or(place.path), kinds(), place.path, line, place.mark);
        graph.built.extend(place.origins.iter().map(|o| (wrapper.clone(), o.clone())));
        for (path, function, line) in callers {
            let starter = starters.entry((path, function)).or_default();
            starter.add(line, place.mark, kinds());
            starter.wrappers.insert(wrapper.clone());
        }
        graph.wrappers.insert(wrapper);
    }
    for ((path, function), starter) in starters {
        let mark = starter.mark.unwrap_or(Worth::Unknown);
        let box_ = node(function.unwrap_or(path), starter.kinds.into_iter(), path, starter.line.unwrap_or(0), mark);
        graph.wrapped.extend(starter.wrappers.into_iter().map(|w| (box_.clone(), w)));
        graph.direct.extend(starter.origins.into_iter().map(|o| (box_.clone(), o)));
        graph.starters.insert(box_);
    }
    graph.origins = places.into_iter().flat_map(|p| p.origins).collect();
    for origin in &graph.origins {
        graph.leads.extend(destinations(card, code, origin).into_iter().map(|end| (origin.clone(), end)));
    }
    graph.ends = graph.leads.iter().map(|(_, end)| end.clone()).collect();
    graph
}

fn node(name: &str, kinds: impl Iterator<Item = String>, path: &str, line: u32, mark: Worth) -> Node {
    let kinds: Vec<String> = kinds.collect::<BTreeSet<_>>().into_iter().collect();
    Node {
        mark, title: format!("{name} · {}", kinds.join(", ")), sub: format!("{path}:{line}"), path: path.to_owned()
    }
}

/// Who calls a place that is a wrapper, in production code.
fn callers<'a>(code: &'a CodeFacts, place: &Place) -> Vec<(&'a str, Option<&'a str>, u32)> {
    let is_it = |name: &str| place.sites.iter().any(|s| s.wrapper.as_deref() == Some(name));
    code.wrappers
        .iter()
        .filter(|w| w.path == place.path && is_it(&w.name))
        .flat_map(|w| &w.calls)
        .filter(|c| c.scope.is_production())
        .map(|c| (c.path.as_str(), c.function.as_deref(), c.line))
        .collect()
}

/// Production places, one per function.
fn places(code: &CodeFacts) -> Vec<Place<'_>> {
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<&Site>> = BTreeMap::new();
    let wanted = |s: &&Site| s.scope.is_production() && (s.kind.starts() || s.kind.messages());
    for site in code.sites.iter().filter(wanted) {
        groups.entry((site.path.as_str(), site.function.as_deref())).or_default().push(site);
    }
    groups
        .into_iter()
        .map(|((path, function), sites)| {
            let origins: BTreeSet<Node> = sites.iter().flat_map(|s| origins_of(s)).collect();
            // A way that could not be followed to its end is not a good one, whatever the others are.
            let open = sites.iter().any(|s| matches!(code::origin(s).0, Mark::Unknown | Mark::Attention));
            let worst = origins.iter().map(|o| o.mark).chain(open.then_some(Worth::Unknown)).min();
            Place { path, function, sites, origins, mark: worst.unwrap_or(Worth::Unknown) }
        })
        .collect()
}

/// Where the client of a site is built, as boxes.
fn origins_of(site: &Site) -> Vec<Node> {
    if site.client.origins.is_empty() {
        let (title, sub, mark) = match site.client.status {
            OriginStatus::Inherited if site.standing.is_factory() => ("client of the worker", "inherited", Worth::Good),
            OriginStatus::Inherited => ("client of the worker", "inherited", Worth::Unknown),
            _ => ("not found", "the client could not be followed", Worth::Unknown),
        };
        return vec![Node { title: title.to_owned(), sub: sub.to_owned(), mark, path: String::new() }];
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
            path: o.path.clone(),
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
        s.is_connection() && (line == origin.sub || in_function)
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
    let node = |title: String, sub: String| Node { title, sub, mark: Worth::Neutral, path: String::new() };
    let Some(words) = words else {
        return node("not in the code".to_owned(), "the address is not set here".to_owned());
    };
    let side =
        card.sides.iter().find(|s| s.address.as_ref().is_some_and(|a| !a.is_empty() && words.contains(a.as_str())));
    match (side, words.split_once(' ')) {
        (Some(side), _) => node(format!("{} cluster", side.side), words.to_owned()),
        (None, Some(("env", name))) => node(name.to_owned(), "environment, at run time".to_owned()),
        (None, Some(("literal", address))) => node(address.to_owned(), "written in the code".to_owned()),
        _ => node(words.to_owned(), "address".to_owned()),
    }
}
