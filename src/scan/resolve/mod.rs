//! Following values backward: what type is this, what functions does this call reach, which values can
//! this expression have, where was this client built.
//!
//! Everything is memoised and bounded; a bound that is hit becomes a reason, not a silence.

mod arguments;
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

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap as HashMap;

pub use constants::Folded;
pub use members::{Member, What};
pub use trace::{Ask, End, Found};
pub use types::Ty;

use super::catalogue::ApiRef;
use super::index::{At, FnAt, Index, Name};
use crate::facts::code::{ClientOrigin, Scope};

/// Several functions, shared between memory and callers.
type Functions = Rc<Vec<FnAt>>;

/// Follows values through the index.
pub struct Resolver<'a> {
    /// The tables.
    pub index: &'a Index<'a>,
    types: RefCell<HashMap<At, Ty>>,
    callees: RefCell<HashMap<At, Functions>>,
    callers: RefCell<HashMap<FnAt, Rc<Vec<At>>>>,
    implementers: RefCell<HashMap<(Name, String), Functions>>,
    origins: RefCell<HashMap<(At, bool), ClientOrigin>>,
    literals: OnceCell<literals::Literals<'a>>,
}

impl<'a> Resolver<'a> {
    /// A resolver with empty memory.
    pub fn new(index: &'a Index<'a>) -> Self {
        Self {
            index,
            types: Default::default(),
            callees: Default::default(),
            callers: Default::default(),
            implementers: Default::default(),
            origins: Default::default(),
            literals: Default::default(),
        }
    }

    /// Whether the file counts when only production code matters.
    fn in_production(&self, unit: u32) -> bool {
        !matches!(self.index.unit(unit).scope, Scope::Test)
    }
}

/// An SDK call met while tracing.
pub type SdkCall<'a> = (At, ApiRef<'a>);
