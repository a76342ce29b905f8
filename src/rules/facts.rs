//! What rules can ask for, as documentation: `rules facts` prints it.

use serde::Serialize;

use super::shape::{self, Shape};
use super::view;

/// A fact, documented.
#[derive(Debug, Serialize)]
pub struct Documented {
    /// As rules name it.
    pub path: &'static str,
    /// What it holds.
    pub meaning: &'static str,
    /// What its value is: `a list of objects`.
    pub value: String,
    /// The fields of its objects; none when it has no objects.
    pub fields: Vec<DocumentedField>,
}

/// A field of the objects of a fact.
#[derive(Debug, Serialize)]
pub struct DocumentedField {
    /// As rules and placeholders name it.
    pub name: String,
    /// What it may be: `a string`, `one of: factory, outside, unclear`.
    pub value: String,
    /// What it says; empty when its name says all.
    pub meaning: String,
    /// The words of a field that has only some.
    #[serde(skip)]
    words: Vec<String>,
}

impl DocumentedField {
    /// The name, and its words in brackets.
    pub fn in_words(&self) -> String {
        match self.words.as_slice() {
            [] => self.name.clone(),
            words => format!("{} ({})", self.name, words.join(" | ")),
        }
    }
}

/// All facts, by path.
pub fn all() -> Vec<Documented> {
    let mut all: Vec<Documented> = view::fact_paths()
        .map(|fact| {
            let shape = shape::of(fact.path).unwrap_or(&Shape::Any);
            let fields = shape.fields().into_iter().flatten().map(|(name, field)| DocumentedField {
                name: name.clone(),
                value: field.shape.in_words(),
                meaning: field.meaning.clone(),
                words: match field.shape.present() {
                    Shape::Text(words) => words.clone(),
                    _ => vec![],
                },
            });
            Documented { path: fact.path, meaning: fact.meaning, value: shape.in_words(), fields: fields.collect() }
        })
        .collect();
    all.sort_by_key(|fact| fact.path);
    all
}
