//! The way in: through what the code is entered that gets to a site or to a call of a wrapper.
//!
//! From a site up the callers, breadth first, until functions are met that a framework calls: what makes a function a
//! handler is data, `rules/sdk/entries/<language>.yaml`. A site for which none is met has no way in that can be seen.

mod around;
mod forms;
mod library;
mod names;
mod points;
mod said;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

pub use forms::Forms;
use points::{Finder, Points, script};

use super::index::{At, FnAt, RequestScope};
use super::program::{FuncId, Unit};
use super::resolve::Resolver;
use super::sites::SiteDraft;
use super::wrappers::WrapperCandidate;
use crate::facts::code::{Entry, Kind, Scope};

/// How many calls a way may have.
const LENGTH: usize = 8;

/// How many calls up further files are asked for; beyond, only what was read anyway is looked at.
const ASKED: usize = 2;

/// How many functions are looked at in all.
const FUNCTIONS: usize = 4000;

/// How many entries a site is given.
const ENTRIES: usize = 4;

/// Callers of the functions that lead to sites.
#[derive(Default)]
struct Callers {
    of: HashMap<FnAt, Vec<FnAt>>,
    /// Functions that are called while a file is started: path and line of the call.
    started: BTreeMap<FnAt, (String, u32)>,
    known: BTreeSet<FnAt>,
}

/// Give every site of production code, and every call of a wrapper, its entries.
pub fn find(r: &Resolver<'_>, forms: &Forms, drafts: &mut [SiteDraft<'_>], lifts: &mut [WrapperCandidate]) {
    let wanted = |kind: Kind| {
        kind.starts()
            || kind.messages()
            || matches!(kind, Kind::AsyncComplete | Kind::ScheduleOp | Kind::NexusStart | Kind::RawGrpc)
    };
    let inside = |at: At| r.index.call_place(at).and_then(|place| place.function);
    let production = |unit: u32| r.index.unit(unit).scope.is_production();
    let mut starts: BTreeSet<FnAt> = BTreeSet::new();
    for draft in drafts.iter().filter(|d| wanted(d.site.kind) && d.site.scope.is_production()) {
        starts.extend(draft.call.function.map(|func| FnAt { unit: draft.call.at.unit, func }));
    }
    for lift in lifts.iter().filter(|lift| wanted(lift.wrapper.kind)) {
        let calls = lift.calls.iter().filter(|call| production(call.unit));
        starts.extend(calls.filter_map(|call| Some(FnAt { unit: call.unit, func: inside(*call)? })));
    }
    let (callers, points) = climb(r, forms, starts);
    r.index.asks.set(RequestScope::All);
    let mut known: HashMap<FnAt, Vec<Entry>> = HashMap::new();
    let mut entries = |unit: u32, function: Option<FuncId>, line: u32| match function {
        Some(func) => {
            let from = FnAt { unit, func };
            known.entry(from).or_insert_with(|| ways(r, &callers, &points, from)).clone()
        }
        None if forms.scripts => vec![script(&r.index.unit(unit).path, line)],
        None => vec![],
    };
    for draft in drafts.iter_mut().filter(|d| wanted(d.site.kind) && d.site.scope.is_production()) {
        draft.site.entries = entries(draft.call.at.unit, draft.call.function, draft.site.line);
    }
    for lift in lifts.iter_mut().filter(|lift| wanted(lift.wrapper.kind)) {
        for (call, shown) in lift.calls.iter().zip(&mut lift.wrapper.calls) {
            if production(call.unit) {
                shown.entries = entries(call.unit, inside(*call), shown.line);
            }
        }
    }
}

/// The functions from which the starts are reached, up to the handlers among them.
fn climb<'a>(r: &Resolver<'a>, forms: &Forms, starts: BTreeSet<FnAt>) -> (Callers, Points) {
    let finder = Finder::new(r, forms);
    let (mut callers, mut points) = (Callers::default(), Points::new());
    let mut level = starts;
    for length in 0..LENGTH {
        r.index.asks.set(if length < ASKED { RequestScope::Near } else { RequestScope::Nothing });
        if level.is_empty() || callers.known.len() + level.len() > FUNCTIONS {
            break;
        }
        callers.known.extend(&level);
        let here = finder.find(&level);
        let mut next = BTreeSet::new();
        // Nobody calls a handler but its framework.
        for function in level.into_iter().filter(|function| !here.contains_key(function)) {
            let above = callers_of(r, function, &mut callers.started);
            next.extend(above.iter().copied().filter(|caller| !callers.known.contains(caller)));
            callers.of.insert(function, above.into_iter().collect());
        }
        points.extend(here);
        level = next;
    }
    for (function, (path, line)) in &callers.started {
        points.entry(*function).or_insert_with(|| vec![script(path, *line)]);
    }
    (callers, points)
}

/// The functions that run a function.
fn callers_of(r: &Resolver<'_>, function: FnAt, started: &mut BTreeMap<FnAt, (String, u32)>) -> BTreeSet<FnAt> {
    let declared = r.index.function(function);
    let method = r.literal_method(function).is_some();
    // What is written inside a function runs when the function does; a method of the object it makes does not.
    let outer = declared.parent.filter(|_| !method).map(|func| FnAt { unit: function.unit, func });
    let mut found: BTreeSet<FnAt> = outer.into_iter().collect();
    if outer.is_some() {
        return found;
    }
    for call in r.callers(function).iter().filter(|call| r.index.unit(call.unit).scope != Scope::Test) {
        let Some(place) = r.index.call_place(*call) else { continue };
        match place.function {
            Some(func) => {
                found.insert(FnAt { unit: call.unit, func });
            }
            None => {
                let unit = r.index.unit(call.unit);
                started.entry(function).or_insert_with(|| (unit.path.clone(), unit.expr(call.expr).line));
            }
        }
    }
    found.remove(&function);
    found
}

/// The nearest handlers above a function, with the way from them.
fn ways(r: &Resolver<'_>, callers: &Callers, points: &Points, from: FnAt) -> Vec<Entry> {
    let mut below: HashMap<FnAt, FnAt> = HashMap::new();
    let mut todo: VecDeque<FnAt> = [from].into();
    let mut found: Vec<Entry> = vec![];
    let mut seen: BTreeSet<FnAt> = [from].into();
    while let Some(function) = todo.pop_front() {
        if let Some(entries) = points.get(&function) {
            let via = way(r, &below, function);
            found.extend(entries.iter().map(|entry| Entry { via: via.clone(), ..entry.clone() }));
            if found.len() >= ENTRIES {
                break;
            }
            continue;
        }
        for caller in callers.of.get(&function).into_iter().flatten() {
            if seen.insert(*caller) {
                below.insert(*caller, function);
                todo.push_back(*caller);
            }
        }
    }
    let mut names: BTreeSet<(crate::facts::code::EntryKind, String)> = BTreeSet::new();
    found.retain(|entry| names.insert((entry.kind, entry.name.clone())));
    found.truncate(ENTRIES);
    found
}

/// The functions from a handler down to where the search began; those without a name are left out.
fn way(r: &Resolver<'_>, below: &HashMap<FnAt, FnAt>, top: FnAt) -> Vec<String> {
    let mut via: Vec<String> = vec![];
    let mut next = Some(top);
    while let Some(function) = next {
        let named = !r.index.function(function).name.is_empty() || r.literal_method(function).is_some();
        if named {
            via.push(r.display(function));
        } else if via.is_empty() {
            via.extend(outer_name(r.index.unit(function.unit), function));
        }
        next = below.get(&function).copied();
    }
    via.dedup();
    via
}

fn outer_name(unit: &Unit, function: FnAt) -> Option<String> {
    unit.name_around(Some(function.func)).map(str::to_owned)
}
