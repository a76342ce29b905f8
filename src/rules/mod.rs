//! The rules engine: load, evaluate; a broken rule is an outcome, not a crash.

pub mod view;
