//! The rules engine: load, evaluate; a broken rule is an outcome, not a crash.
//!
//! [`load()`] reads packs and refuses what is inconsistent ([`parse`]); [`evaluate()`] turns facts into checks;
//! [`selftest`] runs the tests every rule carries.

pub mod attest;
pub mod broken;
pub mod catalogue;
pub mod context;
pub mod evaluate;
pub mod examples;
pub mod explain;
pub mod expr;
pub mod fact;
pub mod facts;
pub mod load;
pub mod message;
pub mod model;
pub mod parse;
pub mod scaffold;
pub mod schema;
pub mod selftest;
pub mod shape;
pub mod shell;
pub mod view;

pub use catalogue::Catalogue;
pub use context::Context;
pub use evaluate::evaluate;
pub use explain::{explain, explain_builtin};
pub use load::load;
pub use model::Rule;
