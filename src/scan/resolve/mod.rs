//! Following values backward: what type is this, what functions does this call reach, which values can
//! this expression have, where was this client built.
//!
//! Everything is memoised and bounded; a bound that is hit becomes a reason, not a silence.

mod arguments;
mod budget;
mod callers;
mod calls;
mod constants;
mod literals;
mod members;
mod names;
mod origins;
mod settings;
mod shared;
mod trace;
mod types;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

pub use budget::{Budget, SEARCH_LIMIT};
pub use constants::Folded;
pub use members::{Member, PLAIN_VALUE, What};
pub use trace::{Found, Frames, Mark, Marks, TraceEnd, TraceQuery};
pub use types::Ty;

use super::catalogue::ApiRef;
use super::index::{At, FnAt, Holders, Index, Name};
use crate::facts::code::{ClientOrigin, Scope};

/// Several functions, shared between memory and callers.
type Functions = Rc<Vec<FnAt>>;

/// Something remembered, and whether working it out ended early.
type Kept<T> = (T, budget::Cut);

/// Members of types, by the type and the name.
type Members<'a> = HashMap<Name, HashMap<String, Member<'a>>>;

/// Follows values through the index.
pub struct Resolver<'a> {
    /// The tables.
    pub index: &'a Index<'a>,
    /// Steps that may be taken.
    pub budget: Budget,
    types: RefCell<HashMap<At, Ty>>,
    /// How many types are being worked out, one inside of the other.
    depth: Cell<usize>,
    members: RefCell<Members<'a>>,
    client_types: RefCell<HashMap<Name, bool>>,
    callees: RefCell<HashMap<At, Kept<Functions>>>,
    values: RefCell<HashMap<At, Kept<Functions>>>,
    callers: RefCell<HashMap<FnAt, Kept<Rc<Vec<At>>>>>,
    targets: RefCell<HashMap<String, Option<Kept<Rc<callers::Targets>>>>>,
    fitting: RefCell<HashMap<(String, usize), Functions>>,
    implementers: RefCell<HashMap<(Name, String), Functions>>,
    makers: RefCell<HashMap<String, Option<Rc<arguments::Makers>>>>,
    writers: RefCell<HashMap<String, Option<Rc<members::Writers>>>>,
    provided: OnceCell<Vec<(FnAt, Ty)>>,
    with_field: RefCell<HashMap<String, Rc<members::WithField<'a>>>>,
    /// Functions all of whose callers were asked what they give: an answer depends on the calls it was asked along only
    /// where they enter one of these.
    pub by_callers: RefCell<HashSet<FnAt>>,
    /// Steps of searches, written down while somebody asks for them.
    log: RefCell<Option<Vec<String>>>,
    origins: RefCell<HashMap<(At, bool), ClientOrigin>>,
    literals: OnceCell<literals::Literals<'a>>,
    holders: OnceCell<Holders<'a>>,
}

impl<'a> Resolver<'a> {
    /// A resolver with empty memory.
    pub fn new(index: &'a Index<'a>) -> Self {
        Self {
            index,
            budget: Budget::new(index.size()),
            types: Default::default(),
            depth: Default::default(),
            members: Default::default(),
            client_types: Default::default(),
            callees: Default::default(),
            values: Default::default(),
            callers: Default::default(),
            targets: Default::default(),
            fitting: Default::default(),
            implementers: Default::default(),
            makers: Default::default(),
            writers: Default::default(),
            provided: Default::default(),
            with_field: Default::default(),
            by_callers: Default::default(),
            log: Default::default(),
            origins: Default::default(),
            literals: Default::default(),
            holders: Default::default(),
        }
    }

    /// Do something, and write down every step of the searches it takes.
    pub fn recorded<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        let before = self.log.replace(Some(vec![]));
        let answer = work();
        (answer, self.log.replace(before).unwrap_or_default())
    }

    fn write_down(&self, step: impl FnOnce() -> String) {
        if let Some(log) = self.log.borrow_mut().as_mut() {
            log.push(step());
        }
    }

    /// The line of an expression.
    fn line(&self, at: At) -> u32 {
        self.index.unit(at.unit).expr(at.expr).line
    }

    /// Whether the file counts when only production code matters.
    pub fn in_production(&self, unit: u32) -> bool {
        !matches!(self.index.unit(unit).scope, Scope::Test)
    }
}

/// An SDK call met while tracing.
pub type SdkCall<'a> = (At, ApiRef<'a>);
