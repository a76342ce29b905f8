//! Connection factories: the functions through which clients should be built.

use std::collections::BTreeMap;

use super::program::FuncId;
use super::resolve::Resolver;
use crate::facts::code::*;

/// Name of the function a program begins with, in every language analysed: nothing else can obtain a client from it, so
/// it is never proposed as a factory. Whoever wants it to be one says so in the configuration.
const ENTRY_POINT: &str = "main";

/// A function of the tree, as the configuration may name it.
pub struct Place {
    path: String,
    line: u32,
    name: String,
    owner: Option<String>,
}

/// All named functions.
pub fn functions(r: &Resolver<'_>) -> Vec<Place> {
    let mut places = vec![];
    for unit in r.index.units {
        for (i, function) in unit.functions.iter().enumerate() {
            if function.parent.is_some() {
                continue;
            }
            let Some(name) = unit.name_around(Some(FuncId(i as u32))) else { continue };
            places.push(Place {
                path: unit.path.clone(),
                line: function.line,
                name: name.to_owned(),
                owner: function.owner.clone(),
            });
        }
    }
    places
}

/// Take the configured factories, or propose them, and mark the origins inside them.
pub fn apply(facts: &mut CodeFacts, configured: &[String], places: &[Place]) {
    facts.factories = if configured.is_empty() {
        propose(facts, places)
    } else {
        configured.iter().map(|text| named(text, places)).collect()
    };
    mark(facts);
}

/// Judge a change by the factories there were before it, as far as they still build clients: what a change adds does
/// not make itself the factory. Where one of them is gone, those proposed now count as well, because it may only have
/// another name. Configured factories stand as they are.
pub fn keep(facts: &mut CodeFacts, before: &[Factory], now: impl Fn(&str) -> String) {
    if facts.factories.iter().chain(before).any(|f| f.configured) || before.is_empty() {
        return;
    }
    let before = before.iter().map(|f| Factory { path: now(&f.path), ..f.clone() });
    let builds = |f: &Factory| facts.sites.iter().flat_map(|s| &s.client.origins).any(|o| holds(f, o));
    let (kept, gone): (Vec<Factory>, Vec<Factory>) = before.partition(builds);
    let same = |a: &Factory, b: &Factory| a.path == b.path && a.function == b.function;
    let proposed = std::mem::take(&mut facts.factories);
    // The line it has now, when it is proposed now as well.
    let mut all: Vec<Factory> =
        kept.iter().map(|f| proposed.iter().find(|p| same(p, f)).unwrap_or(f).clone()).collect();
    if !gone.is_empty() {
        all.extend(proposed.into_iter().filter(|p| !kept.iter().any(|f| same(f, p))));
    }
    facts.factories = all;
    mark(facts);
}

/// Mark the origins inside the factories, and count who uses each.
fn mark(facts: &mut CodeFacts) {
    for site in &mut facts.sites {
        for origin in &mut site.client.origins {
            origin.factory = facts.factories.iter().any(|f| holds(f, origin));
        }
    }
    for factory in &mut facts.factories {
        factory.sites =
            facts.sites.iter().filter(|s| feeds(s) && s.client.origins.iter().any(|o| holds(factory, o))).count();
    }
}

/// A configured factory, `path:function` or `path:Type.Method`.
fn named(text: &str, places: &[Place]) -> Factory {
    let (path, function) = text.rsplit_once(':').unwrap_or((text, ""));
    let path = path.trim_start_matches("./");
    let method = function.rsplit('.').next().unwrap_or(function);
    let owner = function.rsplit_once('.').map(|(owner, _)| owner);
    let place =
        places.iter().find(|p| p.path == path && p.name == method && (owner.is_none() || owner == p.owner.as_deref()));
    Factory {
        path: path.to_owned(),
        line: place.map_or(0, |p| p.line),
        function: function.to_owned(),
        configured: true,
        found: place.is_some(),
        sites: 0,
    }
}

/// Whether a site counts when factories are weighed: production code that uses a client.
fn feeds(site: &Site) -> bool {
    site.scope == Scope::Main && site.kind != Kind::Connect
}

fn holds(factory: &Factory, origin: &Origin) -> bool {
    let method = factory.function.rsplit('.').next().unwrap_or(&factory.function);
    origin.path == factory.path && origin.function.as_deref() == Some(method)
}

/// The functions that build the clients of most production sites.
fn propose(facts: &CodeFacts, places: &[Place]) -> Vec<Factory> {
    let production: Vec<&Site> = facts.sites.iter().filter(|s| feeds(s) && !s.client.origins.is_empty()).collect();
    let mut fed: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for site in &production {
        let builders = site.client.origins.iter().filter_map(|o| Some((o.path.as_str(), o.function.as_deref()?)));
        let mut builders: Vec<(&str, &str)> = builders.filter(|(_, function)| *function != ENTRY_POINT).collect();
        builders.sort_unstable();
        builders.dedup();
        for builder in builders {
            *fed.entry(builder).or_default() += 1;
        }
    }
    let most = production.len().div_ceil(2).max(2);
    let mut ranked: Vec<_> = fed.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let second = ranked.get(1).map_or(0, |r| r.1);
    let chosen = ranked.iter().enumerate().filter(|(i, (_, n))| *n >= most || (*i == 0 && *n >= 2 && *n > second));
    chosen
        .map(|(_, ((path, function), sites))| Factory {
            path: (*path).to_owned(),
            line: places.iter().find(|p| p.path == *path && p.name == *function).map_or(0, |p| p.line),
            function: (*function).to_owned(),
            configured: false,
            found: true,
            sites: *sites,
        })
        .collect()
}
