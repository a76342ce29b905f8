//! The way a search came: parts asked for, calls gone into, steps for the reader.

use crate::scan::catalogue::SlotStep;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use rustc_hash::{FxHashSet as HashSet, FxHasher};

use crate::scan::index::{At, FnAt};

/// The steps of a path, last first.
#[derive(Debug, Clone, Default)]
pub struct Steps(Option<Rc<(String, Steps)>>);

impl Steps {
    pub(super) fn then(&self, text: impl FnOnce() -> String) -> Steps {
        Steps(Some(Rc::new((text(), self.clone()))))
    }

    /// From the first step on.
    pub fn list(&self) -> Vec<String> {
        let (mut list, mut at) = (vec![], self);
        while let Some(node) = &at.0 {
            list.push(node.0.clone());
            at = &node.1;
        }
        list.reverse();
        list
    }
}

/// Which part of a value is asked for, outermost first.
#[derive(Clone, Default)]
pub(super) struct Parts(Option<Rc<(Step, Parts)>>);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Result(usize),
    Element,
    Field(String),
}

impl Parts {
    pub(super) fn push(&self, part: Step) -> Parts {
        Parts(Some(Rc::new((part, self.clone()))))
    }

    /// The steps of a slot before these parts.
    pub(super) fn into(self, steps: &[SlotStep]) -> Parts {
        steps.iter().rev().fold(self, |parts, step| {
            parts.push(match step {
                SlotStep::Field(name) => Step::Field(name.clone()),
                SlotStep::Element => Step::Element,
            })
        })
    }

    pub(super) fn first(&self) -> Option<(&Step, &Parts)> {
        self.0.as_deref().map(|(part, rest)| (part, rest))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        std::iter::successors(self.first(), |(_, rest)| rest.first()).count()
    }

    /// Whether these are other parts, and then a part of them.
    fn goes_beyond(&self, other: &Parts) -> bool {
        let (length, most) = (other.len(), self.len());
        if length >= most {
            return false;
        }
        let steps = |parts: &'_ Parts| -> Vec<Step> {
            std::iter::successors(parts.first(), |(_, rest)| rest.first()).map(|(step, _)| step.clone()).collect()
        };
        steps(self).ends_with(&steps(other))
    }

    pub(super) fn hash(&self, state: &mut impl Hasher) {
        let mut at = self;
        while let Some((part, rest)) = at.first() {
            part.hash(state);
            at = rest;
        }
    }
}

/// The calls a path went into, innermost first: parameters are answered by the very call.
#[derive(Debug, Clone, Default)]
pub struct Frames(pub(super) Option<Rc<(FnAt, At, Frames)>>);

impl Frames {
    /// One call further in.
    pub fn push(&self, function: FnAt, call: At) -> Frames {
        Frames(Some(Rc::new((function, call, self.clone()))))
    }

    /// These calls, reached by a call of a function further out.
    pub fn behind(&self, function: FnAt, call: At) -> Frames {
        match self.0.as_deref() {
            Some((inner, at, outer)) => Frames(Some(Rc::new((*inner, *at, outer.behind(function, call))))),
            None => Frames::default().push(function, call),
        }
    }

    /// The call by which `function` was entered, and the frames below it.
    pub(super) fn of(&self, function: FnAt) -> Option<(At, Frames)> {
        let mut at = self;
        while let Some(node) = at.0.as_deref() {
            if node.0 == function {
                return Some((node.1, node.2.clone()));
            }
            at = &node.2;
        }
        None
    }

    /// The functions that were entered, the innermost first.
    pub fn functions(&self) -> impl Iterator<Item = FnAt> {
        std::iter::successors(self.0.as_deref(), |node| node.2.0.as_deref()).map(|node| node.0)
    }

    /// Whether one of these functions was entered.
    pub fn enter(&self, functions: &HashSet<FnAt>) -> bool {
        self.functions().any(|function| functions.contains(&function))
    }

    pub(super) fn contains(&self, function: FnAt, call: At) -> bool {
        let mut at = self;
        while let Some(node) = at.0.as_deref() {
            if node.0 == function && node.1 == call {
                return true;
            }
            at = &node.2;
        }
        false
    }

    pub(super) fn hash(&self, state: &mut impl Hasher) {
        let mut at = self;
        while let Some(node) = at.0.as_deref() {
            (node.0, node.1).hash(state);
            at = &node.2;
        }
    }
}

/// What tells two values apart that are made in one place: the calls they came out of, and the objects, indexes and
/// keys they were taken from. The last one first.
#[derive(Debug, Clone, Default)]
pub struct Marks(Option<Rc<(Mark, Marks)>>);

/// One of them.
#[derive(Debug, Clone)]
pub enum Mark {
    /// It came out of a function by this call, itself reached by these calls.
    Call(FnAt, At, Frames),
    /// It is a field of this object.
    Of(At),
    /// It was taken from a collection under this index or key.
    Under(At),
}

impl Marks {
    pub(super) fn push(&self, mark: Mark) -> Marks {
        Marks(Some(Rc::new((mark, self.clone()))))
    }

    /// From the last to the first.
    pub fn iter(&self) -> impl Iterator<Item = &Mark> {
        std::iter::successors(self.0.as_deref(), |(_, rest)| rest.0.as_deref()).map(|(mark, _)| mark)
    }

    pub(super) fn hash(&self, state: &mut impl Hasher) {
        for mark in self.iter() {
            match mark {
                Mark::Call(function, call, _) => (function, call).hash(state),
                Mark::Of(at) => (0_u8, at).hash(state),
                Mark::Under(at) => (1_u8, at).hash(state),
            }
        }
    }
}

/// The key of a place on a way. A step that is mistaken for another one is a way that is lost in silence, so what is
/// hashed begins with something, and its parts are kept apart: `FxHasher` alone takes zeros for nothing.
pub(super) fn key(place: impl Hash, parts: Option<&Parts>, frames: &Frames, marks: Option<&Marks>) -> u64 {
    let mut state = FxHasher::default();
    u64::MAX.hash(&mut state);
    place.hash(&mut state);
    if let Some(parts) = parts {
        parts.hash(&mut state);
    }
    u8::MAX.hash(&mut state);
    frames.hash(&mut state);
    if let Some(marks) = marks {
        u8::MAX.hash(&mut state);
        marks.hash(&mut state);
    }
    state.finish()
}

#[derive(Clone, Default)]
pub(super) struct Path {
    pub(super) marks: Marks,
    pub(super) parts: Parts,
    pub(super) frames: Frames,
    pub(super) steps: Steps,
    pub(super) depth: usize,
    /// The parameters it came through.
    pub(super) params: Params,
}

/// How often a parameter may lead to a part of a part of itself.
const AGAIN: usize = 3;

/// Parameters, each with the part of it that was asked for; the last one first.
#[derive(Clone, Default)]
pub(super) struct Params(Option<Rc<(FnAt, usize, Parts, Params)>>);

impl Params {
    pub(super) fn push(&self, function: FnAt, position: usize, parts: &Parts) -> Params {
        Params(Some(Rc::new((function, position, parts.clone(), self.clone()))))
    }

    /// Whether a parameter was met several times before with a part of which this one is a part: `walk(node.left)` inside
    /// of `walk` asks for `left` of `left` of … of a node, without end. The first times it may lead to another value.
    pub(super) fn lead_back(&self, function: FnAt, position: usize, parts: &Parts) -> bool {
        let before = std::iter::successors(self.0.as_deref(), |node| node.3.0.as_deref());
        let grown = before.filter(|node| node.0 == function && node.1 == position && parts.goes_beyond(&node.2));
        grown.take(AGAIN).count() == AGAIN
    }
}
