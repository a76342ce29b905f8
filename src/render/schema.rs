//! The JSON Schema of reports. The published file is made from the types; a test checks that it is current.

use serde_json::Value;

use crate::scorecard::SCORECARD_SCHEMA;
use crate::scorecard::Scorecard;

/// The JSON Schema of the scorecard document, as published.
pub const PUBLISHED: &str = include_str!("../../templates/scorecard-v1.schema.json");

/// The JSON Schema the types of this version have.
pub fn of_the_types() -> Value {
    let mut schema = schemars::schema_for!(Scorecard).to_value();
    plain(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("$id".to_owned(), "urn:temporal-preflight:scorecard:v1".into());
        root.insert("title".to_owned(), "Scorecard of temporal-preflight".into());
    }
    if let Some(word) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        word.insert("const".to_owned(), SCORECARD_SCHEMA.into());
        word.insert("description".to_owned(), "Name and version of this format.".into());
    }
    schema
}

/// Descriptions are doc comments; their links lead nowhere outside of the code.
fn plain(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "description" => *text = text.replace("[`", "`").replace("`]", "`"),
                    other => plain(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}
