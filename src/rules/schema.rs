//! The JSON Schema of rule files, for editors: keys, words, facts and the fields of their objects.

use serde_json::{Map, Value, json};

use super::{parse, view};

/// The schema as published; a test checks that it is current.
pub const PUBLISHED: &str = include_str!("../../rules/rule-v1.schema.json");

/// The schema that the types of this version have.
pub fn of_the_types() -> Value {
    let mut generator = schemars::SchemaGenerator::default();
    let facts: Map<String, Value> = view::fact_paths()
        .map(|fact| {
            let mut schema = (fact.schema)(&mut generator).to_value();
            if let Some(object) = schema.as_object_mut() {
                object.insert("description".to_owned(), fact.meaning.into());
            }
            (fact.path.to_owned(), schema)
        })
        .collect();
    let paths: Vec<&str> = facts.keys().map(String::as_str).collect();
    let paths = json!(paths);
    let mut definitions = generator.take_definitions(true);
    definitions.values_mut().for_each(partial);
    let mut schema = parse::schema().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("$id".to_owned(), "urn:temporal-preflight:rule:v1".into());
        root.insert("title".to_owned(), "Rule of temporal-preflight".into());
    }
    set(&mut schema, "/properties/needs/items", json!({"type": "string", "enum": paths}));
    let mut facts = json!({"type": "object", "properties": facts, "additionalProperties": false});
    partial(&mut facts);
    set(&mut schema, "/$defs/TestCase/properties/facts", facts);
    for key in ["unknown", "partial"] {
        let reasons =
            json!({"type": "object", "propertyNames": {"enum": paths}, "additionalProperties": {"type": "string"}});
        set(&mut schema, &format!("/$defs/TestCase/properties/{key}"), reasons);
    }
    if let Some(known) = schema.pointer_mut("/$defs").and_then(Value::as_object_mut) {
        for (name, definition) in definitions {
            known.entry(name).or_insert(definition);
        }
    }
    schema
}

/// Replace what stands at a pointer; its description stays.
fn set(schema: &mut Value, pointer: &str, mut new: Value) {
    let Some(place) = schema.pointer_mut(pointer) else { return };
    if let (Some(description), Some(object)) = (place.get("description").cloned(), new.as_object_mut()) {
        object.insert("description".to_owned(), description);
    }
    *place = new;
}

/// A test shows only what matters: no field is required, and none is allowed that does not exist.
fn partial(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.remove("required");
            if object.contains_key("properties") {
                object.insert("additionalProperties".to_owned(), false.into());
            }
            object.values_mut().for_each(partial);
        }
        Value::Array(items) => items.iter_mut().for_each(partial),
        _ => {}
    }
}
