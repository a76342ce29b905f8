//! Connection factories: the functions through which clients should be built.

mod handing;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::index::{At, FnAt};
use super::program::FuncId;
use super::resolve::Resolver;
use super::sites::SiteDraft;
use crate::facts::code::*;
use handing::Handing;

/// Name of the function a program begins with, in every language analysed: nothing else can obtain a client from it, so
/// it is never proposed as a factory. Whoever wants it to be one says so in the configuration.
const ENTRY_POINT: &str = "main";

/// A function of the tree, as the configuration may name it.
pub struct Place {
    path: String,
    line: u32,
    name: String,
    owner: Option<String>,
    /// Of what builds clients: how others come by them.
    handing: Option<Handing>,
    language: &'static str,
    /// The folder of the manifest around it.
    module: String,
    /// Nothing outside of its folder can call it, because its package is a program.
    of_program: bool,
}

/// All named functions, and what those of production code that build clients do with them.
pub fn functions(r: &Resolver<'_>, drafts: &[SiteDraft<'_>]) -> Vec<Place> {
    let mut connects: HashMap<FnAt, Vec<At>> = HashMap::new();
    for draft in drafts.iter().filter(|d| d.site.kind == Kind::Connect && d.site.scope == Scope::Main) {
        let unit = r.index.unit(draft.call.at.unit);
        if let Some(func) = unit.named_around(draft.call.function) {
            connects.entry(FnAt { unit: draft.call.at.unit, func }).or_default().push(draft.call.at);
        }
    }
    let mut places = vec![];
    for (n, unit) in r.index.units.iter().enumerate() {
        let modules = r.index.project.modules.iter();
        let inside = |folder: &str| folder.is_empty() || below(&unit.path, folder);
        let module = modules.map(|m| m.folder.as_str()).find(|folder| inside(folder)).unwrap_or_default();
        for (i, function) in unit.functions.iter().enumerate() {
            if function.parent.is_some() {
                continue;
            }
            let at = FnAt { unit: n as u32, func: FuncId(i as u32) };
            let Some(name) = unit.name_around(Some(at.func)) else { continue };
            places.push(Place {
                path: unit.path.clone(),
                line: function.line,
                name: name.to_owned(),
                owner: function.owner.clone(),
                handing: connects.get(&at).and_then(|calls| handing::of(r, at, calls)),
                language: r.index.front.language(),
                module: module.to_owned(),
                of_program: unit.package_name == ENTRY_POINT,
            });
        }
    }
    places
}

fn below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Take the configured factories, or propose them, and mark the origins inside them.
pub fn apply(facts: &mut CodeFacts, configured: &[String], places: &[Place]) {
    facts.factories = if configured.is_empty() {
        propose(facts, places)
    } else {
        configured.iter().map(|text| named(text, places)).collect()
    };
    let outside: Vec<String> =
        facts.factories.iter().filter(|f| f.path.is_empty()).map(|f| f.function.clone()).collect();
    for site in &mut facts.sites {
        built_outside(site, &outside);
    }
    mark(facts);
    for factory in facts.factories.iter_mut().filter(|f| f.path.is_empty()) {
        factory.found = facts.sites.iter().flat_map(|s| &s.client.origins).any(|o| holds(factory, o));
    }
}

/// A client that is handed out by named functions of other packages was built by them.
fn built_outside(site: &mut Site, factories: &[String]) {
    let client = &mut site.client;
    if client.outside.is_empty() || !client.outside.iter().all(|call| factories.contains(&call.name)) {
        return;
    }
    client.origins.extend(client.outside.iter().map(|call| Origin {
        path: call.path.clone(),
        line: call.line,
        column: call.column,
        function: Some(call.name.clone()),
        factory: true,
        through: vec![],
    }));
    client.origins.sort();
    (client.status, client.reason) = match client.origins.len() {
        1 => (OriginStatus::Resolved, None),
        n => (OriginStatus::Ambiguous, Some(format!("{SEVERAL_CONSTRUCTIONS}: {n} places build this client"))),
    };
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

/// Mark the origins inside the factories, count who uses each, and tell how every site stands to them.
fn mark(facts: &mut CodeFacts) {
    let inside = |origin: &Origin| facts.factories.iter().any(|f| holds(f, origin));
    // Several clients may stand on the connection of one factory: what routes that connection routes them.
    let upon_factories: BTreeSet<(String, u32, u32)> = facts
        .sites
        .iter()
        .filter(|site| !site.built_on.is_empty() && site.built_on.iter().all(inside))
        .map(|site| (site.path.clone(), site.line, site.column))
        .collect();
    for site in &mut facts.sites {
        for origin in &mut site.client.origins {
            origin.factory =
                facts.factories.iter().any(|f| holds(f, origin)) || upon_factories.contains(&origin.place());
        }
    }
    for factory in &mut facts.factories {
        factory.sites =
            facts.sites.iter().filter(|s| feeds(s) && s.client.origins.iter().any(|o| holds(factory, o))).count();
    }
    facts.judge_standings();
}

/// A configured factory: `path:function` or `path:Type.Method`, or the full name of a function outside of the tree.
fn named(text: &str, places: &[Place]) -> Factory {
    let (path, function) = text.rsplit_once(':').unwrap_or(("", text));
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

/// Whether a site counts when factories are weighed: production code that uses a client. A worker uses a connection.
fn feeds(site: &Site) -> bool {
    site.scope == Scope::Main && !matches!(site.kind, Kind::Connect | Kind::Worker)
}

fn holds(factory: &Factory, origin: &Origin) -> bool {
    if factory.path.is_empty() {
        return origin.function.as_ref() == Some(&factory.function);
    }
    let method = factory.function.rsplit('.').next().unwrap_or(&factory.function);
    let here = origin.path == factory.path && origin.function.as_deref() == Some(method);
    here || origin.through.contains(&format!("{}:{method}", factory.path))
}

/// Sites that can use the same factories: of one language, below one manifest.
type Reach<'p> = (&'p str, &'p str);

/// The functions that hand out clients to others, for each language and each module by itself: the one that feeds most of
/// its sites, and those that feed half of them.
fn propose(facts: &CodeFacts, places: &[Place]) -> Vec<Factory> {
    let mut groups: BTreeMap<Reach<'_>, Vec<&Site>> = BTreeMap::new();
    for place in places.iter().filter(|p| p.handing.is_some()) {
        groups.entry((place.language, &place.module)).or_default();
    }
    for site in facts.sites.iter().filter(|s| feeds(s) && !s.client.origins.is_empty()) {
        groups.entry(reach(site, places)).or_default().push(site);
    }
    let mut chosen: Vec<Factory> = vec![];
    for (reach, sites) in &groups {
        for place in elect(*reach, sites, places) {
            if !chosen.iter().any(|f| f.path == place.path && f.line == place.line) {
                chosen.push(Factory {
                    path: place.path.clone(),
                    line: place.line,
                    function: place.name.clone(),
                    configured: false,
                    found: true,
                    sites: 0,
                });
            }
        }
    }
    chosen.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    chosen
}

/// The group of a site.
fn reach<'p>(site: &'p Site, places: &'p [Place]) -> Reach<'p> {
    let language = family(&site.language);
    let mine = places.iter().filter(|p| p.language == language).map(|p| p.module.as_str());
    let around = mine.filter(|module| module.is_empty() || below(&site.path, module));
    (language, around.max_by_key(|module| module.len()).unwrap_or_default())
}

/// Languages that call each other.
fn family(language: &str) -> &str {
    if language == "javascript" { "typescript" } else { language }
}

/// The factories of a group.
fn elect<'p>((language, module): Reach<'_>, sites: &[&Site], places: &'p [Place]) -> Vec<&'p Place> {
    let mut ranked: Vec<(&Place, usize)> = vec![];
    for place in places.iter().filter(|p| p.language == language) {
        let Some(handing) = place.handing else { continue };
        let fed = |site: &&&Site| site.client.origins.iter().any(|o| builds(place, o));
        let here = sites.iter().filter(fed).filter(|site| handing.reaches(&place.path, site)).count();
        let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let everywhere = sites.iter().all(|site| folder(&site.path) == folder(&place.path));
        if here == 0 && (place.module != module || handing == Handing::Kept) || place.of_program && !everywhere {
            continue;
        }
        ranked.push((place, here));
    }
    // What others cannot be meant to use comes last, and only where there is nothing else.
    if ranked.iter().any(|(place, _)| !is_script(&place.path)) {
        ranked.retain(|(place, _)| !is_script(&place.path));
    }
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| (&a.0.path, a.0.line).cmp(&(&b.0.path, b.0.line))));
    let half = sites.len().div_ceil(2).max(2);
    let (first, second) = (ranked.first().map_or(0, |r| r.1), ranked.get(1).map(|r| r.1));
    let leads = second.is_none_or(|second| first > second);
    let wins = |(i, (_, fed)): &(usize, (&Place, usize))| *fed >= half || *i == 0 && leads;
    ranked.into_iter().enumerate().filter(wins).map(|(_, (place, _))| place).collect()
}

fn builds(place: &Place, origin: &Origin) -> bool {
    origin.path == place.path && origin.function.as_deref() == Some(place.name.as_str())
}

/// Folders of programs that people run by hand.
fn is_script(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|f| matches!(f, "scripts" | "script" | "tools" | "bin" | "hack" | "examples"))
}
