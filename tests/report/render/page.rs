//! A strict reading of the HTML report: no browser's forgiveness.

use std::collections::BTreeSet;

/// A start tag.
#[derive(Debug, Clone)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

const VOID: [&str; 6] = ["meta", "input", "img", "br", "hr", "link"];

/// All start tags of a page; panics on a tag that is not closed in order, an attribute without quotes, or
/// a `<` in text.
pub fn parse(page: &str) -> Vec<Tag> {
    let (mut tags, mut open, mut rest) = (Vec::new(), Vec::<String>::new(), page);
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix("!doctype html>") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('/') {
            let end = after.find('>').unwrap();
            let name = &after[..end];
            assert_eq!(open.pop().as_deref(), Some(name), "closed in the wrong order near {}", near(after));
            rest = &after[end + 1..];
        } else {
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
            assert!(!name.is_empty(), "a bare < near {}", near(rest));
            rest = &rest[name.len()..];
            let (attributes, closed, after) = attributes(rest);
            rest = after;
            if matches!(name.as_str(), "style" | "script") {
                rest = &rest[rest.find(&format!("</{name}>")).unwrap()..];
            }
            if !closed && !VOID.contains(&name.as_str()) {
                open.push(name.clone());
            }
            tags.push(Tag { name, attributes });
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    tags
}

fn attributes(mut rest: &str) -> (Vec<(String, String)>, bool, &str) {
    let mut all = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return (all, true, after);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (all, false, after);
        }
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-:".contains(*c)).collect();
        assert!(!name.is_empty(), "not an attribute: {}", near(rest));
        rest = &rest[name.len()..];
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix("=\"") {
            let end = after.find('"').unwrap();
            value = after[..end].to_owned();
            rest = &after[end + 1..];
        }
        assert!(!value.contains('<'), "markup in {name}: {}", near(&value));
        all.push((name, value));
    }
}

fn near(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Names of attributes in use.
pub fn attribute_names(tags: &[Tag]) -> BTreeSet<String> {
    tags.iter().flat_map(|t| t.attributes.iter().map(|(n, _)| n.clone())).collect()
}

/// Ids; panics when one is used twice.
pub fn ids(tags: &[Tag]) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for id in tags.iter().filter_map(|t| t.attribute("id")) {
        assert!(ids.insert(id.to_owned()), "id {id} is used twice");
    }
    ids
}
