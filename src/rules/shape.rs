//! The shapes of facts: what a rule, its placeholders and its tests may say of them.
//!
//! They are read from the JSON schemas that the types of [`super::view`] generate, once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::SchemaGenerator;
use serde_json::{Map, Value};

use super::view;

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Nothing is known of it.
    Any,
    /// There is none of it: the element of an empty list.
    Never,
    /// No value.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Number,
    /// A string; one of these words when there are some.
    Text(Vec<String>),
    /// A list.
    List(Box<Shape>),
    /// An object with these fields.
    Object(BTreeMap<String, Field>),
    /// An object whose keys are data.
    Map(Box<Shape>),
    /// The shape, or no value.
    Maybe(Box<Shape>),
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What it may be.
    pub shape: Shape,
    /// What it says, in words; empty when its name says all.
    pub meaning: String,
}

/// The shapes of all facts, by path.
static SHAPES: LazyLock<BTreeMap<&'static str, Shape>> = LazyLock::new(|| {
    let mut generator = SchemaGenerator::default();
    let schemas: Vec<_> = view::fact_paths().map(|fact| (fact.path, (fact.schema)(&mut generator))).collect();
    let definitions = generator.take_definitions(true);
    schemas.into_iter().map(|(path, schema)| (path, shape(schema.as_value(), &definitions, 0))).collect()
});

/// The shape of a fact; none when there is no such fact.
pub fn of(path: &str) -> Option<&'static Shape> {
    SHAPES.get(path)
}

/// The shape of a type that is no fact.
pub fn of_type<T: schemars::JsonSchema>() -> Shape {
    let mut generator = SchemaGenerator::default();
    let schema = generator.subschema_for::<T>();
    shape(schema.as_value(), &generator.take_definitions(true), 0)
}

/// The paths of all facts.
pub fn paths() -> impl Iterator<Item = &'static str> {
    SHAPES.keys().copied()
}

/// Whether a fact begins with this path and a dot.
pub fn is_prefix(path: &str) -> bool {
    SHAPES.keys().any(|fact| fact.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// How deep schemas refer to each other.
const DEPTH: usize = 12;

fn shape(schema: &Value, definitions: &Map<String, Value>, depth: usize) -> Shape {
    let Some(object) = schema.as_object().filter(|_| depth < DEPTH) else { return Shape::Any };
    let inner = |schema: &Value| shape(schema, definitions, depth + 1);
    if let Some(name) = object.get("$ref").and_then(Value::as_str) {
        let definition = name.rsplit('/').next().and_then(|name| definitions.get(name));
        return definition.map_or(Shape::Any, inner);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(options) = object.get(key).and_then(Value::as_array) {
            return options.iter().map(inner).reduce(either).unwrap_or(Shape::Any);
        }
    }
    if let Some(word) = object.get("const") {
        return word.as_str().map_or(Shape::Any, |word| Shape::Text(vec![word.to_owned()]));
    }
    if let Some(words) = object.get("enum").and_then(Value::as_array) {
        let text = Shape::Text(words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        return if words.contains(&Value::Null) { either(text, Shape::Null) } else { text };
    }
    let of_type = |name: &str| match name {
        "null" => Shape::Null,
        "boolean" => Shape::Bool,
        "integer" => Shape::Int,
        "number" => Shape::Number,
        "string" => Shape::Text(vec![]),
        "array" => Shape::List(Box::new(object.get("items").map_or(Shape::Any, inner))),
        "object" => record(object, &inner),
        _ => Shape::Any,
    };
    match object.get("type") {
        Some(Value::String(name)) => of_type(name),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(of_type).reduce(either).unwrap_or(Shape::Any)
        }
        _ => Shape::Any,
    }
}

fn record(object: &Map<String, Value>, inner: &dyn Fn(&Value) -> Shape) -> Shape {
    let Some(properties) = object.get("properties").and_then(Value::as_object) else {
        return match object.get("additionalProperties") {
            Some(values @ Value::Object(_)) => Shape::Map(Box::new(inner(values))),
            _ => Shape::Any,
        };
    };
    let required: Vec<&str> =
        object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let field = |(name, schema): (&String, &Value)| {
        let meaning = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut shape = inner(schema);
        // What has a default is there, and what has none and is not required may be missing.
        if !required.contains(&name.as_str()) && schema.get("default").is_none() {
            shape = either(shape, Shape::Null);
        }
        (name.clone(), Field { shape, meaning })
    };
    Shape::Object(properties.iter().map(field).collect())
}

/// What a value is that is one of two things.
pub fn either(a: Shape, b: Shape) -> Shape {
    match (a, b) {
        (a, b) if a == b => a,
        (Shape::Never, other) | (other, Shape::Never) => other,
        (Shape::Any, _) | (_, Shape::Any) => Shape::Any,
        (Shape::Null, Shape::Maybe(b)) | (Shape::Maybe(b), Shape::Null) => Shape::Maybe(b),
        (Shape::Null, other) | (other, Shape::Null) => Shape::Maybe(Box::new(other)),
        (Shape::Maybe(a), Shape::Maybe(b)) => maybe(either(*a, *b)),
        (Shape::Maybe(a), b) | (b, Shape::Maybe(a)) => maybe(either(*a, b)),
        (Shape::Int, Shape::Number) | (Shape::Number, Shape::Int) => Shape::Number,
        // A string that may be anything may be one of the words, too.
        (Shape::Text(a), Shape::Text(b)) if a.is_empty() || b.is_empty() => Shape::Text(vec![]),
        (Shape::Text(mut a), Shape::Text(b)) => {
            a.extend(b.into_iter().filter(|word| !a.contains(word)).collect::<Vec<_>>());
            Shape::Text(a)
        }
        (Shape::List(a), Shape::List(b)) => Shape::List(Box::new(either(*a, *b))),
        (Shape::Object(a), Shape::Object(b)) => Shape::Object(union(a, b)),
        _ => Shape::Any,
    }
}

fn maybe(shape: Shape) -> Shape {
    match shape {
        Shape::Any | Shape::Null | Shape::Maybe(_) => shape,
        Shape::Never => Shape::Null,
        other => Shape::Maybe(Box::new(other)),
    }
}

/// The fields of both objects; what only one of them has may be missing.
fn union(a: BTreeMap<String, Field>, mut b: BTreeMap<String, Field>) -> BTreeMap<String, Field> {
    let mut fields = BTreeMap::new();
    for (name, field) in a {
        let shape = match b.remove(&name) {
            Some(other) => either(field.shape, other.shape),
            None => maybe(field.shape),
        };
        fields.insert(name, Field { shape, meaning: field.meaning });
    }
    fields.extend(b.into_iter().map(|(name, field)| (name, Field { shape: maybe(field.shape), ..field })));
    fields
}

impl Shape {
    /// The shape a value has when there is one.
    pub fn present(&self) -> &Self {
        match self {
            Self::Maybe(shape) => shape.present(),
            other => other,
        }
    }

    /// In words: `a list of objects`, `one of: factory, outside`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Any => "anything".into(),
            Self::Never => "nothing".into(),
            Self::Null => "null".into(),
            Self::Bool => "true or false".into(),
            Self::Int => "a whole number".into(),
            Self::Number => "a number".into(),
            Self::Text(words) if words.is_empty() => "a string".into(),
            Self::Text(words) if words.len() == 1 => format!("the string '{}'", words.join("")),
            Self::Text(words) => format!("one of: {}", words.join(", ")),
            Self::List(of) => match of.present() {
                Self::Any | Self::Never => "a list".into(),
                Self::Object(_) => "a list of objects".into(),
                Self::Text(_) => "a list of strings".into(),
                Self::Int | Self::Number => "a list of numbers".into(),
                other => format!("a list, each {}", other.in_words()),
            },
            Self::Object(_) | Self::Map(_) => "an object".into(),
            Self::Maybe(shape) => format!("{}, or null", shape.in_words()),
        }
    }

    /// The fields of an object, or of the objects of a list.
    pub fn fields(&self) -> Option<&BTreeMap<String, Field>> {
        match self.present() {
            Self::Object(fields) => Some(fields),
            Self::List(of) => of.fields(),
            _ => None,
        }
    }

    /// Whether a value has this shape; else where it has not, and why.
    ///
    /// # Errors
    /// The dotted path inside the value, and what is wrong there.
    pub fn accepts(&self, value: &Value) -> Result<(), (String, String)> {
        let wrong = || Err((String::new(), format!("{value} is not {}", self.in_words())));
        match (self, value) {
            (Self::Any, _) | (Self::Maybe(_) | Self::Null, Value::Null) | (Self::Bool, Value::Bool(_)) => Ok(()),
            (Self::Maybe(shape), value) => shape.accepts(value),
            (Self::Int, Value::Number(n)) if n.is_i64() || n.is_u64() => Ok(()),
            (Self::Number, Value::Number(_)) => Ok(()),
            (Self::Text(words), Value::String(word)) => {
                if words.is_empty() || words.contains(word) {
                    return Ok(());
                }
                Err((String::new(), format!("`{word}` is not one of: {}", words.join(", "))))
            }
            (Self::List(of), Value::Array(items)) => items.iter().enumerate().try_for_each(|(n, item)| {
                of.accepts(item).map_err(|(path, why)| (prefixed(&n.to_string(), &path), why))
            }),
            (Self::Map(of), Value::Object(entries)) => entries
                .iter()
                .try_for_each(|(key, value)| of.accepts(value).map_err(|(path, why)| (prefixed(key, &path), why))),
            (Self::Object(fields), Value::Object(entries)) => entries.iter().try_for_each(|(key, value)| {
                let Some(field) = fields.get(key) else {
                    return Err((key.clone(), unknown_field(key, fields)));
                };
                field.shape.accepts(value).map_err(|(path, why)| (prefixed(key, &path), why))
            }),
            _ => wrong(),
        }
    }
}

fn prefixed(first: &str, rest: &str) -> String {
    if rest.is_empty() { first.to_owned() } else { format!("{first}.{rest}") }
}

/// What to say of a field that an object does not have.
pub fn unknown_field(name: &str, fields: &BTreeMap<String, Field>) -> String {
    let known = fields.keys().map(String::as_str);
    match nearest(name, known.clone()) {
        Some(near) => format!("there is no field `{name}`; did you mean `{near}`?"),
        None => format!("there is no field `{name}`; there are: {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// The name that was most likely meant.
pub fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    /// Of 0 to 1: how alike two names must be.
    const ALIKE: f64 = 0.8;
    names
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
