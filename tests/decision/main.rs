//! From facts to a verdict: views, comparison, rules, judgement; and the rules of the house.

mod compare;
#[path = "../facts/mod.rs"]
mod facts;
mod flipped;
mod house;
mod judge;
mod mutations;
mod rules;
#[path = "../support/mod.rs"]
mod support;
mod view;
