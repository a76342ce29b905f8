//! The calls by which a function tries to reach an execution: its own, and those of the functions it calls.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::clients::{Clients, Known};
use super::evidence::Evidence;
use super::{between, related, tries_again};
use crate::facts::code::Scope;
use crate::scan::index::{At, FnAt};
use crate::scan::program::{BlockId, FuncId};
use crate::scan::resolve::{Frames, Resolver};
use crate::scan::sites::SiteDraft;

/// Through how many calls a try may go.
const CALLS: usize = 3;

/// How many tries of one function are compared with each other.
const COMPARED: usize = 64;

/// How many tries of one function have their clients looked for.
const LOOKED_FOR: usize = 24;

/// How many ways up from one call are looked at.
const ABOVE: usize = 200;

/// One try of a function.
#[derive(Clone)]
pub(super) struct Try {
    /// The call of the SDK that makes it.
    pub draft: usize,
    /// The call in this function.
    pub call: At,
    /// The block around that.
    pub block: BlockId,
    /// The calls from this function to the SDK.
    pub frames: Frames,
    /// The function and try that this one goes through, when it calls another function.
    through: Option<(FnAt, usize)>,
}

/// Two tries, one after the other, on different clients.
pub(super) struct Pair {
    pub first: Try,
    pub second: Try,
    /// What must have happened to the first one.
    pub evidence: Evidence,
}

/// All tries by function.
pub(super) struct Tries {
    by_function: BTreeMap<FnAt, Vec<Try>>,
    /// Tries that are half of a pair.
    paired: BTreeSet<(FnAt, usize)>,
    /// Functions that talk to several clients, and in which nothing shows when each is tried.
    unclear: BTreeSet<FnAt>,
    pub pairs: Vec<Pair>,
}

impl Tries {
    /// Look at every function from which a message is sent.
    pub fn of(r: &Resolver<'_>, drafts: &[SiteDraft<'_>]) -> Self {
        let mut by_function: BTreeMap<FnAt, Vec<Try>> = BTreeMap::new();
        let mut level: Vec<(FnAt, usize)> = vec![];
        for (draft, found) in drafts.iter().enumerate() {
            let (call, unit) = (&found.call, found.call.at.unit);
            let Some(func) = r.index.unit(unit).named_around(call.function) else { continue };
            if !tries_again(found.site.kind) || call.as_value {
                continue;
            }
            let own = Try { draft, call: call.at, block: call.block, frames: Frames::default(), through: None };
            add(&mut by_function, FnAt { unit, func }, own, &mut level);
        }
        for length in 0..CALLS {
            let mut next = vec![];
            for (function, n) in std::mem::take(&mut level) {
                let Some(inner) = by_function.get(&function).and_then(|tries| tries.get(n)).cloned() else { continue };
                let innermost = drafts.get(inner.draft).and_then(|draft| draft.call.function);
                let (entered, calls) = entered(r, function, innermost.filter(|_| length == 0));
                for call in calls.iter() {
                    let Some(place) = r.index.call_place(*call) else { continue };
                    let Some(func) = r.index.unit(call.unit).named_around(place.function) else { continue };
                    let outer = FnAt { unit: call.unit, func };
                    if outer == function || is_test(r, call.unit) != is_test(r, function.unit) {
                        continue;
                    }
                    let frames = inner.frames.behind(entered, *call);
                    let through = Some((function, n));
                    let outer_try = Try { draft: inner.draft, call: *call, block: place.block, frames, through };
                    add(&mut by_function, outer, outer_try, &mut next);
                }
            }
            level = next;
        }
        let mut tries = Self { by_function, paired: BTreeSet::new(), unclear: BTreeSet::new(), pairs: vec![] };
        tries.compare(r, drafts);
        tries
    }

    fn compare(&mut self, r: &Resolver<'_>, drafts: &[SiteDraft<'_>]) {
        let mut all = Known::default();
        for (function, tries) in &self.by_function {
            let mut known: BTreeMap<usize, Clients> = BTreeMap::new();
            let start = |one: &Try| r.index.unit(one.call.unit).expr(one.call.expr).start;
            for (i, first) in tries.iter().enumerate() {
                for (j, second) in tries.iter().enumerate() {
                    let (Some(a), Some(b)) = (drafts.get(first.draft), drafts.get(second.draft)) else { continue };
                    if start(first) >= start(second) || !related(a.site.kind, b.site.kind) {
                        continue;
                    }
                    let evidence = between(r, (first.call, first.block), second.block);
                    let by_helpers = first.through.is_some() || second.through.is_some();
                    if (evidence.is_none() && !by_helpers) || !has_room(&known, [i, j]) {
                        continue;
                    }
                    for (n, draft, one) in [(i, a, first), (j, b, second)] {
                        known.entry(n).or_insert_with(|| all.of(r, draft, &one.frames));
                    }
                    if !known.get(&i).zip(known.get(&j)).is_some_and(|(one, other)| one.differ(other)) {
                        continue;
                    }
                    match evidence {
                        Some(evidence) => {
                            self.paired.extend([(*function, i), (*function, j)]);
                            self.pairs.push(Pair { first: first.clone(), second: second.clone(), evidence });
                        }
                        None => {
                            self.unclear.insert(*function);
                        }
                    }
                }
            }
        }
    }

    /// Whether a call is half of a pair wherever it is made from.
    pub fn is_paired(&self, draft: usize) -> bool {
        let own = self.by_function.iter().find_map(|(function, tries)| {
            let n = tries.iter().position(|one| one.draft == draft && one.through.is_none())?;
            Some((*function, n))
        });
        own.is_some_and(|own| self.covered(own, &mut 0))
    }

    fn covered(&self, one: (FnAt, usize), looked: &mut usize) -> bool {
        *looked += 1;
        if self.paired.contains(&one) {
            return true;
        }
        let mut above = self.above(one).peekable();
        *looked < ABOVE && above.peek().is_some() && above.all(|outer| self.covered(outer, looked))
    }

    /// The tries that go through this one.
    fn above(&self, one: (FnAt, usize)) -> impl Iterator<Item = (FnAt, usize)> {
        self.by_function.iter().flat_map(move |(function, tries)| {
            let through = tries.iter().enumerate().filter(move |(_, outer)| outer.through == Some(one));
            through.map(|(n, _)| (*function, n))
        })
    }

    /// Whether a function that makes this call talks to several clients in a way that is not understood.
    pub fn is_unclear(&self, draft: usize) -> bool {
        self.unclear.iter().any(|function| {
            self.by_function.get(function).is_some_and(|tries| tries.iter().any(|one| one.draft == draft))
        })
    }
}

/// Whether the clients of these tries are known, or may still be looked for.
fn has_room(known: &BTreeMap<usize, Clients>, tries: [usize; 2]) -> bool {
    known.len() < LOOKED_FOR || tries.iter().all(|n| known.contains_key(n))
}

/// The function that is called to get to a try, and the calls: a function literal that is handed to others is run by
/// them, not by the function it is written in.
fn entered(r: &Resolver<'_>, function: FnAt, innermost: Option<FuncId>) -> (FnAt, Rc<Vec<At>>) {
    let mut inner = innermost;
    while let Some(func) = inner.filter(|func| *func != function.func) {
        let literal = FnAt { unit: function.unit, func };
        let calls = r.callers(literal);
        if !calls.is_empty() {
            return (literal, calls);
        }
        inner = r.index.function(literal).parent;
    }
    (function, r.callers(function))
}

fn add(all: &mut BTreeMap<FnAt, Vec<Try>>, function: FnAt, one: Try, level: &mut Vec<(FnAt, usize)>) {
    let tries = all.entry(function).or_default();
    let known = tries.iter().any(|other| other.draft == one.draft && other.call == one.call);
    if !known && tries.len() < COMPARED {
        level.push((function, tries.len()));
        tries.push(one);
    }
}

fn is_test(r: &Resolver<'_>, unit: u32) -> bool {
    r.index.unit(unit).scope == Scope::Test
}
