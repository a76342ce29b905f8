//! The end of the source: when it counts as held empty. Pure.

pub mod hold;
