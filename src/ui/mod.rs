//! What every room needs to speak to a person.

pub mod atomic;
pub mod problem;
pub mod yaml;

pub use problem::{Place, Problem};
