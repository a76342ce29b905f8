//! The facts as rules see them: named values, each known, known in part, or unknown.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::facts::{Known, Why};

/// Dotted fact path (`diff.search_attributes`) → value. A path that is absent was never computed; a rule
/// that needs it is unknown.
#[derive(Debug, Clone, Default)]
pub struct FactView {
    facts: BTreeMap<String, Known<Value>>,
}

impl FactView {
    /// Add a fact.
    pub fn set(&mut self, path: &str, value: Known<Value>) {
        self.facts.insert(path.to_owned(), value);
    }

    /// Add a serialisable fact.
    pub fn put<T: serde::Serialize>(&mut self, path: &str, value: Known<T>) {
        let json = value.and_then(|v| match serde_json::to_value(v) {
            Ok(v) => Known::Known(v),
            Err(e) => Known::unknown(format!("the fact {path} could not be represented: {e}")),
        });
        self.set(path, json);
    }

    /// Look a fact up.
    pub fn get(&self, path: &str) -> Known<&Value> {
        match self.facts.get(path) {
            Some(known) => known.as_ref(),
            None => Known::Unknown(Why::new(format!("the fact {path} was not part of this run"))),
        }
    }

    /// All paths present.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.facts.keys().map(String::as_str)
    }
}
