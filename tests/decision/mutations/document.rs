//! Edits of a JSON document by paths a person can read.
//!
//! A path is a list of words between slashes. In an object a word is a key; in a list it is the name, id or file name of an
//! element, `*` for all of them, or `-` for a new one at the end. What is known, whole or in part, is entered without saying so.

use serde::Deserialize;
use serde_json::{Value, json};

/// One change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Where.
    at: String,
    /// The new value; a fact is known then, unless the value says otherwise.
    #[serde(default)]
    put: Option<Value>,
    /// Take the value of another path.
    #[serde(default)]
    copy: Option<String>,
    /// Remove the element or key.
    #[serde(default)]
    drop: bool,
}

impl Edit {
    /// Change the document.
    pub fn apply(&self, document: &mut Value) {
        let at = &self.at;
        let (folder, last) = at.rsplit_once('/').unwrap_or(("", at));
        let value = match (&self.put, &self.copy) {
            _ if self.drop => None,
            (Some(value), _) => Some(value.clone()),
            (None, Some(from)) => Some(enter(places(document, from).remove(0)).clone()),
            // `put: null`
            (None, None) => Some(Value::Null),
        };
        for place in places(document, folder) {
            match &value {
                Some(value) => put(place, last, value, at),
                None => remove(place, last, at),
            }
        }
    }
}

/// Take what is known at a path away.
pub fn take_away(document: &mut Value, path: &str) {
    for place in places(document, path) {
        assert!(is_evidence(place), "{path}: {place} is not a fact that can be unknown");
        *place = json!({"unknown": {"reason": "taken away by the test"}});
    }
}

fn put(place: &mut Value, last: &str, value: &Value, at: &str) {
    match enter(place) {
        Value::Array(list) if last == "-" => list.push(value.clone()),
        Value::Array(list) => {
            let mut found = elements(list, last).peekable();
            assert!(found.peek().is_some(), "{at}: no element {last}");
            found.for_each(|element| *element = value.clone());
        }
        Value::Object(map) => match map.get_mut(last) {
            Some(old) if is_evidence(old) && !is_evidence(value) => *old = json!({"known": value}),
            _ => drop(map.insert(last.to_owned(), value.clone())),
        },
        other => panic!("{at}: {other} has no parts"),
    }
}

fn remove(place: &mut Value, last: &str, at: &str) {
    let found = match enter(place) {
        Value::Array(list) => {
            let before = list.len();
            list.retain(|value| !is_named(value, last));
            list.len() < before
        }
        Value::Object(map) => map.remove(last).is_some(),
        _ => false,
    };
    assert!(found, "{at}: nothing to remove");
}

/// Every value a path leads to; at least one.
fn places<'a>(document: &'a mut Value, path: &str) -> Vec<&'a mut Value> {
    let words = path.split('/').filter(|word| !word.is_empty());
    words.fold(vec![document], |at, word| {
        let next: Vec<&mut Value> = at.into_iter().flat_map(|value| step(value, word)).collect();
        assert!(!next.is_empty(), "{path}: nothing at {word}");
        next
    })
}

fn step<'a>(at: &'a mut Value, word: &str) -> Vec<&'a mut Value> {
    match enter(at) {
        Value::Array(list) => elements(list, word).collect(),
        Value::Object(map) => map.get_mut(word).into_iter().collect(),
        _ => vec![],
    }
}

fn elements<'a>(list: &'a mut [Value], word: &str) -> impl Iterator<Item = &'a mut Value> {
    list.iter_mut().filter(move |value| word == "*" || is_named(value, word))
}

fn is_named(value: &Value, word: &str) -> bool {
    let is =
        |key: &&str| value.get(key).and_then(Value::as_str).is_some_and(|name| name.rsplit('/').next() == Some(word));
    ["name", "id", "path", "source"].iter().any(is)
}

/// The value inside `{known: …}` or `{partial: {value: …}}`.
fn enter(value: &mut Value) -> &mut Value {
    if value.get("known").is_some() {
        return enter(&mut value["known"]);
    }
    if value.pointer("/partial/value").is_some() {
        return enter(&mut value["partial"]["value"]);
    }
    value
}

fn is_evidence(value: &Value) -> bool {
    ["known", "partial", "unknown"].iter().any(|key| value.get(key).is_some())
}
