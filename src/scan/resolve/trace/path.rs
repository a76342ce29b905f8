//! The way a search came: parts asked for, calls gone into, steps for the reader.

use crate::scan::catalogue::SlotStep;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

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

    pub(super) fn hash(&self, state: &mut impl Hasher) {
        let mut at = self;
        while let Some((part, rest)) = at.first() {
            part.hash(state);
            at = rest;
        }
    }
}

/// The calls a path went into, innermost first: parameters are answered by the very call.
#[derive(Clone, Default)]
pub(super) struct Frames(pub(super) Option<Rc<(FnAt, At, Frames)>>);

impl Frames {
    pub(super) fn push(&self, function: FnAt, call: At) -> Frames {
        Frames(Some(Rc::new((function, call, self.clone()))))
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

#[derive(Clone, Default)]
pub(super) struct Path {
    pub(super) parts: Parts,
    pub(super) frames: Frames,
    pub(super) steps: Steps,
    pub(super) depth: usize,
}
