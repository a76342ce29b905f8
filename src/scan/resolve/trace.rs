//! The backward search: which values can an expression have?

mod calls;
mod library;
mod params;
mod path;
mod variables;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

pub use path::{Frames, Mark, Marks, Steps};
use path::{Parts, Path, Step};

use super::{Resolver, SEARCH_LIMIT, Ty, What};
use crate::scan::catalogue::{ApiRef, Slot, SlotStep};
use crate::scan::index::{At, FnAt, Name, VarAt};
use crate::scan::program::*;

/// How many expressions may be looked at for every step: most are found to be known.
const LOOKS: usize = 4;

/// How many parts of parts of a value may be asked for.
const PARTS: usize = 16;

/// How deep a path may be.
const MAX_DEPTH: usize = 60;

/// What a search is for.
#[derive(Debug, Clone, Copy)]
pub struct TraceQuery {
    /// Leave test code out.
    pub production: bool,
    /// Go on from objects that embed a client to that client.
    pub clients: bool,
    /// How many steps may be taken.
    pub steps: usize,
}

/// Where a path ends.
#[derive(Debug, Clone)]
pub enum TraceEnd<'a> {
    /// A literal, composite, lambda or operation.
    Value(At),
    /// A named function.
    Function(FnAt),
    /// An SDK call that is not looked through.
    Sdk(At, ApiRef<'a>),
    /// A call or member of another package.
    External(At),
    /// A setting, in words: `env TEMPORAL_HOST`.
    Setting(String),
    /// An object of a type of the tree, known by type only.
    Instance(Name),
    /// The path cannot be followed: reason code and place.
    Open(&'static str, String),
}

/// One end with the way to it.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The end.
    pub end: TraceEnd<'a>,
    /// The steps, last first.
    pub steps: Steps,
    /// What was looked for is a part of the end.
    pub within: bool,
    /// What tells it from other values made there; only where ways were asked for.
    pub marks: Marks,
    /// The calls it came out of, as far as they were followed without a detour through a field or parameter.
    pub frames: Frames,
}

struct Search<'r, 'a> {
    r: &'r Resolver<'a>,
    ask: TraceQuery,
    /// Steps it was given, and those that are left.
    given: usize,
    left: usize,
    /// Ways are told apart, not only ends.
    ways: bool,
    seen: HashSet<u64>,
    /// Callee and calls on the way → the functions it is, for this search and those apart from it.
    along: Rc<RefCell<HashMap<u64, Vec<FnAt>>>>,
    found: Vec<Found<'a>>,
}

impl<'a> Resolver<'a> {
    /// All values an expression can have.
    pub fn trace(&self, at: At, ask: TraceQuery) -> Vec<Found<'a>> {
        self.trace_slot(at, &[], ask)
    }

    /// All values of a part of an expression.
    pub fn trace_slot(&self, at: At, steps: &[SlotStep], ask: TraceQuery) -> Vec<Found<'a>> {
        let path = Path { parts: Parts::default().into(steps), ..Path::default() };
        self.search(ask, false, |search| search.go(at, path))
    }

    /// All clients behind an embedded or named field of a type of the tree.
    pub fn trace_field(&self, owner: &Name, field: &str, ask: TraceQuery) -> Vec<Found<'a>> {
        self.search(ask, false, |search| search.field(owner, field, Path::default()))
    }

    /// All values of an expression, or of a field of a type, reached by these calls, with what tells them apart.
    pub fn trace_ways(&self, at: At, field: Option<(&Name, &str)>, frames: &Frames, ask: TraceQuery) -> Vec<Found<'a>> {
        let path = Path { frames: frames.clone(), ..Path::default() };
        self.search(ask, true, |search| match field {
            Some((owner, field)) => search.field(owner, field, path),
            None => search.go(at, path),
        })
    }

    fn search(&self, ask: TraceQuery, ways: bool, begin: impl FnOnce(&mut Search<'_, 'a>)) -> Vec<Found<'a>> {
        let mut search = Search {
            r: self,
            ask,
            given: ask.steps,
            left: ask.steps,
            ways,
            along: Rc::default(),
            seen: HashSet::default(),
            found: vec![],
        };
        self.budget.ask(ask.steps * LOOKS, || begin(&mut search));
        search.found
    }

    /// The values of a slot of a call.
    pub fn trace_argument(&self, call: At, slot: &Slot, ask: TraceQuery) -> Option<Vec<Found<'a>>> {
        let (at, steps) = self.slot_argument(call, slot)?;
        Some(self.trace_slot(at, &steps, ask))
    }
}

impl<'a> Search<'_, 'a> {
    fn end(&mut self, end: TraceEnd<'a>, path: &Path) {
        self.r.write_down(|| {
            let said = match &end {
                TraceEnd::Sdk(at, api) => format!("ends in {} at {}", api.display(), self.r.index.place(*at)),
                TraceEnd::External(at) => format!("ends outside of this tree at {}", self.r.index.place(*at)),
                TraceEnd::Function(at) => format!("ends in the function {}", self.r.index.display(*at)),
                TraceEnd::Value(at) => format!("ends in a value at {}", self.r.index.place(*at)),
                TraceEnd::Setting(words) => format!("ends in {words}"),
                TraceEnd::Instance(name) => format!("ends in an object of type {name}"),
                TraceEnd::Open(reason, text) => format!("fails: {reason}: {text}"),
            };
            format!("{}=> {said}", "  ".repeat(path.depth))
        });
        let Path { steps, marks, frames, .. } = path.clone();
        self.found.push(Found { end, steps, within: path.parts.first().is_some(), marks, frames });
    }

    fn open(&mut self, reason: &'static str, text: String, path: &Path) {
        self.end(TraceEnd::Open(reason, text), path);
    }

    fn go(&mut self, at: At, path: Path) {
        // `node = node.next`: a part of a part of a part without end, and nothing is written so.
        if path.parts.len() > PARTS {
            return;
        }
        let key = path::key(at, Some(&path.parts), &path.frames, Some(&path.marks));
        self.r.budget.look_at(at.unit, self.r.index.unit(at.unit).expr(at.expr).line);
        let goes_on = self.r.budget.take();
        if goes_on && !self.seen.insert(key) {
            return;
        }
        if !goes_on || self.left == 0 || path.depth > MAX_DEPTH {
            return self.give_up(at, &path);
        }
        self.left -= 1;
        self.r.write_down(|| {
            let text: String =
                self.r.index.unit(at.unit).text_of(at.expr).split_whitespace().collect::<Vec<_>>().join(" ");
            let shown: String = text.chars().take(100).collect();
            let more = if shown.len() < text.len() { "…" } else { "" };
            format!("{}{}  {shown}{more}", "  ".repeat(path.depth), self.r.index.place(at))
        });
        let path = Path { depth: path.depth + 1, ..path };
        self.visit(at, path);
    }

    /// The search ends here, before its end: once is enough to know it.
    fn give_up(&mut self, at: At, path: &Path) {
        self.r.budget.end_early();
        if !self.found.iter().any(|found| matches!(found.end, TraceEnd::Open(SEARCH_LIMIT, _))) {
            let text =
                format!("the search was given up at {}, after as many steps as it may take", self.r.index.place(at));
            self.open(SEARCH_LIMIT, text, path);
        }
    }

    /// A search apart, with at most so many steps of this one.
    fn apart(&self, steps: usize) -> Self {
        let given = self.left.min(steps);
        Search {
            r: self.r,
            ask: self.ask,
            given,
            left: given,
            ways: self.ways,
            along: self.along.clone(),
            seen: HashSet::default(),
            found: vec![],
        }
    }

    /// Charge a search apart to this one.
    fn done(&mut self, inner: Self) -> Vec<Found<'a>> {
        self.left = self.left.saturating_sub(inner.given - inner.left);
        inner.found
    }

    fn visit(&mut self, at: At, path: Path) {
        let here = |expr: ExprId| At { unit: at.unit, expr };
        match self.r.index.kind(at) {
            ExprKind::Var(var) => self.var(VarAt { unit: at.unit, var: *var }, Some(at), path),
            ExprKind::Free(name) if self.r.index.import(at.unit, name).is_some() => {
                if path.parts.first().is_none() {
                    self.end(TraceEnd::External(at), &path);
                }
            }
            ExprKind::Free(name) => {
                let full = self.r.index.free_name(at.unit, name);
                self.package_member(&full, at, path);
            }
            ExprKind::Member { base, name } => self.member(at, here(*base), name, path),
            ExprKind::Call { callee, args, .. } => self.call(at, here(*callee), args, path),
            ExprKind::Composite { parts, .. } => self.composite(at, parts, path),
            // The `ok` of an assertion or a look-up.
            ExprKind::Cast { .. } | ExprKind::Element { .. } if matches!(path.parts.first(), Some((Step::Result(n), _)) if *n > 0) =>
                {}
            ExprKind::Same(inner) | ExprKind::Cast { value: inner, .. } => self.go(here(*inner), path),
            ExprKind::Element { base, index } => {
                let parts = path.parts.push(Step::Element);
                let marks = self.mark(&path, index.map(here).map(Mark::Under));
                self.go(here(*base), Path { parts, marks, ..path });
            }
            ExprKind::Choice { then, otherwise, .. } => {
                self.go(here(*then), path.clone());
                self.go(here(*otherwise), path);
            }
            // `given or default`
            ExprKind::Binary { op, left, right } if op == "||" => {
                self.go(here(*left), path.clone());
                self.go(here(*right), path);
            }
            ExprKind::Nothing | ExprKind::Opaque => {}
            ExprKind::Lambda(_)
            | ExprKind::Text(_)
            | ExprKind::Number(_)
            | ExprKind::Truth(_)
            | ExprKind::Not(_)
            | ExprKind::Binary { .. }
            | ExprKind::Type(_) => {
                if path.parts.first().is_none() || self.is_own_value(&path) {
                    self.end(TraceEnd::Value(at), &path);
                }
            }
        }
    }

    /// The value of a member of an enumeration is asked for: that is what the member is given.
    fn is_own_value(&self, path: &Path) -> bool {
        let values = &self.r.index.catalogue.enumeration_values;
        matches!(path.parts.first(), Some((Step::Field(name), rest)) if values.contains(name) && rest.first().is_none())
    }

    /// The marks of a path that goes on from what was taken from, or under, something.
    fn mark(&self, path: &Path, mark: Option<Mark>) -> Marks {
        match mark.filter(|_| self.ways) {
            Some(mark) => path.marks.push(mark),
            None => path.marks.clone(),
        }
    }

    /// The marks of a path that goes into a function by a call.
    fn mark_call(&self, path: &Path, function: FnAt, call: At) -> Marks {
        if self.ways {
            return path.marks.push(Mark::Call(function, call, path.frames.clone()));
        }
        path.marks.clone()
    }

    /// A value flows into something of which a part is asked for.
    fn source(&mut self, unit: u32, source: &Source, path: &Path) {
        let value = At { unit, expr: source.value };
        let parts = match source.take {
            Projection::Whole => path.parts.clone(),
            Projection::Result(n) => path.parts.push(Step::Result(n)),
            Projection::ElementOf => path.parts.push(Step::Element),
            Projection::IntoElement => match path.parts.first() {
                Some((Step::Element, rest)) => rest.clone(),
                _ => return,
            },
        };
        self.go(value, Path { parts, ..path.clone() });
    }

    fn counts(&self, unit: u32) -> bool {
        !self.ask.production || self.r.in_production(unit)
    }
}
