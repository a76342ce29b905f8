//! A fact that rules may ask for: its path, what it means, and the type of what stands there.
//!
//! The types are the documentation: the fields of a list, their meaning and their words come from the Rust types in
//! [`super::view`], and so do the checks that a rule pack goes through when it is loaded ([`super::shape`]).

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

/// A path with the type of its value.
#[derive(Debug)]
pub struct Fact<T> {
    path: &'static str,
    meaning: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T: Serialize + JsonSchema> Fact<T> {
    /// A fact at a dotted path (`diff.search_attributes`), with what it holds in words.
    pub const fn new(path: &'static str, meaning: &'static str) -> Self {
        Self { path, meaning, value: PhantomData }
    }

    /// The dotted path.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The entry of the table of all facts.
    pub const fn entry(&self) -> FactPath {
        FactPath { path: self.path, meaning: self.meaning, schema: schema_of::<T> }
    }
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A documented fact path.
#[derive(Debug, Clone, Copy)]
pub struct FactPath {
    /// As rules name it.
    pub path: &'static str,
    /// What it holds.
    pub meaning: &'static str,
    /// The JSON schema of its value.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}
