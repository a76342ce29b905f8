//! What every room needs to speak to a person.

pub mod atomic;
pub mod problem;

pub use problem::{Place, Problem};
