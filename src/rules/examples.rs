//! One complete example per fact. The tests of a rule show only what matters; the rest comes from here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::ui::{Problem, yaml};

const PATH: &str = "rules/facts/examples.yaml";
/// The examples as they stand in the file, in YAML.
pub const TEXT: &str = include_str!("../../rules/facts/examples.yaml");

static EXAMPLES: LazyLock<Result<BTreeMap<String, Value>, Problem>> = LazyLock::new(|| yaml::parse(PATH, TEXT));

/// The examples by path: an object of the list, or the whole fact when it is no list.
///
/// # Errors
/// The embedded file is broken.
pub fn all() -> Result<&'static BTreeMap<String, Value>, &'static Problem> {
    EXAMPLES.as_ref()
}

/// A fact of a test, with what it leaves out taken from the example of the fact.
pub fn complete(path: &str, value: &Value) -> Value {
    let example = EXAMPLES.as_ref().ok().and_then(|all| all.get(path));
    match (example, value) {
        (Some(example), Value::Array(items)) if example.is_object() => {
            Value::Array(items.iter().map(|item| over(example, item)).collect())
        }
        (Some(example), value) => over(example, value),
        (None, value) => value.clone(),
    }
}

/// The fields of `value` over those of `example`, in objects within objects, too.
fn over(example: &Value, value: &Value) -> Value {
    let (Value::Object(example), Value::Object(fields)) = (example, value) else { return value.clone() };
    let mut whole = example.clone();
    for (name, field) in fields {
        let merged = example.get(name).map_or_else(|| field.clone(), |known| over(known, field));
        whole.insert(name.clone(), merged);
    }
    Value::Object(whole)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::shape::{self, Shape};

    #[test]
    fn a_test_shows_only_what_matters() {
        let example = json!({"name": "a", "in": {"x": 1, "y": 2}, "loci": [1]});
        assert_eq!(over(&example, &json!({"in": {"y": 3}})), json!({"name": "a", "in": {"x": 1, "y": 3}, "loci": [1]}));
        assert_eq!(over(&example, &json!({"loci": []})), json!({"name": "a", "in": {"x": 1, "y": 2}, "loci": []}));
    }

    #[test]
    fn every_fact_with_objects_has_a_complete_example_and_no_other_has_one() {
        let examples = all().unwrap_or_else(|e| panic!("{e}"));
        let mut wrong = Vec::new();
        for path in shape::paths() {
            let Some(shape) = shape::of(path) else { continue };
            let object = match shape.present() {
                Shape::List(of) => of.present(),
                other => other,
            };
            let Shape::Object(fields) = object else {
                if examples.contains_key(path) {
                    wrong.push(format!("{path}: {} needs no example", shape.in_words()));
                }
                continue;
            };
            let Some(example) = examples.get(path) else {
                wrong.push(format!("{path}: no example"));
                continue;
            };
            if let Err((at, why)) = object.accepts(example) {
                wrong.push(format!("{path}.{at}: {why}"));
            }
            wrong.extend(
                fields
                    .keys()
                    .filter(|name| example.get(name).is_none())
                    .map(|name| format!("{path}.{name} is not in the example")),
            );
        }
        wrong.extend(
            examples.keys().filter(|path| shape::of(path).is_none()).map(|path| format!("there is no fact {path}")),
        );
        assert!(wrong.is_empty(), "rules/facts/examples.yaml:\n{}", wrong.join("\n"));
    }
}
