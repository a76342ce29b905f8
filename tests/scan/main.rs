//! The scan as its users see it.

mod behaviour;
mod expectations;
mod factories;
mod fixtures;
mod languages;
mod matrix;
mod owners;
mod parts;
mod robustness;
mod rust;
mod tree;
