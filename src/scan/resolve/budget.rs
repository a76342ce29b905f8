//! How many steps questions may take. Steps are counted, never timed: an answer does not depend on the machine.
//!
//! A question that is asked from outside has one budget, and every search inside of it is charged to that budget. What
//! is remembered for all questions (who calls a function, what a call reaches) has a small budget of its own, because
//! it is paid for once. A part of the tree has a budget for all of its questions. Whatever ends early is a gap.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Steps for all questions about a part of the tree, however small it is.
const PART: u64 = 20_000_000;

/// Steps that every expression of a part adds to them.
const PER_EXPRESSION: u64 = 400;

/// How many questions may be asked inside of each other: each takes room on the stack.
const NESTED: usize = 24;

/// Reason code of a way that was not followed to its end.
pub const SEARCH_LIMIT: &str = "search_limit";

/// Where a search ended early: the file and the line. None when everything was seen.
pub type Cut = Option<(u32, u32)>;

/// The steps that are left.
pub struct Budget {
    /// Of the running question.
    left: Cell<usize>,
    /// Of the part.
    part: Cell<u64>,
    /// Taken so far.
    taken: Cell<u64>,
    /// Questions that are open, one inside of the other.
    open: Cell<usize>,
    /// Where the running question, or something it rests on, ended early first.
    cut: Cell<Cut>,
    /// What is being looked at.
    at: Cell<(u32, u32)>,
    /// Files with questions that ended early: how many, and the first line.
    gaps: RefCell<BTreeMap<u32, (usize, u32)>>,
}

impl Budget {
    /// For a part with so many expressions.
    pub fn new(expressions: usize) -> Self {
        Self {
            left: Cell::new(0),
            part: Cell::new(PART + PER_EXPRESSION * expressions as u64),
            taken: Cell::new(0),
            open: Cell::new(0),
            cut: Cell::new(None),
            at: Cell::new((0, 0)),
            gaps: RefCell::default(),
        }
    }

    /// Take one step; `false` when there is none left.
    pub fn take(&self) -> bool {
        self.take_many(1)
    }

    /// Take several steps at once.
    pub fn take_many(&self, steps: usize) -> bool {
        let (left, part) = (self.left.get(), self.part.get());
        self.taken.set(self.taken.get() + steps as u64);
        self.left.set(left.saturating_sub(steps));
        self.part.set(part.saturating_sub(steps as u64));
        let enough = left >= steps && part >= steps as u64;
        if !enough {
            self.end_early();
        }
        enough
    }

    /// Say what is being looked at, for whoever has to know where a search ended.
    pub fn look_at(&self, unit: u32, line: u32) {
        self.at.set((unit, line));
    }

    /// Steps taken so far.
    pub fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Say that the running question ended early, or rests on something that did.
    pub fn end_early(&self) {
        self.rests_on(Some(self.at.get()));
    }

    /// Whether the running question ended early.
    pub fn is_cut(&self) -> bool {
        self.cut.get().is_some()
    }

    /// Where the running question ended early.
    pub fn cut(&self) -> Cut {
        self.cut.get()
    }

    /// Whether another question may be asked inside of the running ones.
    pub fn may_nest(&self) -> bool {
        self.open.get() < NESTED
    }

    /// Ask a question: one asked from outside has so many steps, one inside of another at most so many of its.
    pub fn ask<T>(&self, steps: usize, question: impl FnOnce() -> T) -> T {
        let outermost = self.open.get() == 0;
        let before = self.left.get();
        let own = if outermost { steps } else { steps.min(before) };
        if outermost {
            self.cut.set(None);
        }
        self.left.set(own);
        let answer = self.nested(question);
        let used = own - self.left.get().min(own);
        self.left.set(if outermost { 0 } else { before - used });
        answer
    }

    /// Work out something that is remembered, with steps of its own: the answer, and whether it ended early.
    pub fn once<T>(&self, steps: usize, work: impl FnOnce() -> T) -> (T, Cut) {
        let left = self.left.replace(steps);
        let answer = self.apart(|| self.nested(work));
        self.left.set(left);
        answer
    }

    /// Work out something on which the running question does not rest as a whole: the answer, and where it ended early.
    pub fn apart<T>(&self, work: impl FnOnce() -> T) -> (T, Cut) {
        let cut = self.cut.replace(None);
        let answer = work();
        (answer, self.cut.replace(cut))
    }

    /// Go one level deeper.
    pub fn nested<T>(&self, work: impl FnOnce() -> T) -> T {
        self.open.set(self.open.get() + 1);
        let answer = work();
        self.open.set(self.open.get() - 1);
        answer
    }

    /// Something remembered is used: the running question rests on it.
    pub fn rests_on(&self, cut: Cut) {
        self.cut.set(self.cut.get().or(cut));
    }

    /// Note what a reader must know: a question about this place ended early.
    pub fn note(&self, unit: u32, line: u32) {
        let mut gaps = self.gaps.borrow_mut();
        let (count, first) = gaps.entry(unit).or_insert((0, line));
        *count += 1;
        *first = line.min(*first);
    }

    /// Files with questions that ended early: how many, and the first line.
    pub fn gaps(&self) -> BTreeMap<u32, (usize, u32)> {
        self.gaps.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_inside_is_charged_to_the_question() {
        let budget = Budget::new(0);
        let spend = |steps: usize| (0..steps).filter(|_| budget.take()).count();
        let (inner, outer) = budget.ask(100, || {
            let inner: usize = (0..10).map(|_| budget.ask(30, || spend(1000))).sum();
            (inner, spend(1000))
        });
        assert_eq!((inner, outer), (100, 0));
        assert!(budget.is_cut());
    }

    #[test]
    fn what_is_remembered_does_not_shorten_the_question() {
        let budget = Budget::new(0);
        let spend = |steps: usize| (0..steps).filter(|_| budget.take()).count();
        budget.ask(100, || {
            budget.look_at(4, 2);
            assert_eq!(budget.once(50, || spend(80)), (50, Some((4, 2))));
            assert!(!budget.is_cut());
            assert_eq!(spend(100), 100);
        });
        assert!(budget.gaps().is_empty());
        budget.note(3, 7);
        assert_eq!(budget.gaps().get(&3), Some(&(1, 7)));
    }
}
