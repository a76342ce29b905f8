//! The scan as its users see it.

mod behaviour;
mod clusters;
mod expectations;
mod factories;
mod field;
mod fixtures;
mod growth;
mod hostile;
mod inventory;
mod languages;
mod matrix;
mod owners;
mod parts;
mod renamed;
mod robustness;
mod rust;
mod sdks;
mod tree;
