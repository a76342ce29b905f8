//! Ids and identities made unreadable, the same on both sides, so that what belongs together still does.
//!
//! A token is the keyed hash (HMAC-SHA256) of the text it stands for: whoever has the key can find the token of an id
//! they know, and nobody without it can try ids out. Names that code and plan share with the clusters (namespaces,
//! workflow types, task queues, search attributes) stay, and so do certificates and addresses.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value};

use super::certificates::hex;
use crate::config::Secret;
use crate::facts::cluster::ClusterSnapshot;
use crate::ui::Problem;

/// Where texts stand that are replaced: the last names of the path to them, lists and `Known` left out.
const TEXTS: &[&[&str]] = &[
    &["workflow_id"],
    &["run_id"],
    &["list_in"],
    &["running"],
    &["identity"],
    &["schedules", "id"],
    &["notes"],
    &["input_hash"],
    &["header_hash"],
    &["user_metadata_hash"],
    &["memo", "*"],
    &["schedules", "search_attributes", "*"],
    &["action", "search_attributes", "*"],
    &["fairness_key"],
    &["probed_from"],
    &["api_key_id"],
    &["cloud", "identity", "id"],
    &["api_key", "id"],
    &["api_key", "name"],
    &["api_key", "owner_id"],
    &["api_keys", "id"],
    &["api_keys", "name"],
    &["api_keys", "owner_id"],
    &["service_accounts", "id"],
    &["service_accounts", "name"],
];

/// Objects whose keys are ids.
const KEYS: &[&[&str]] = &[&["by_schedule"]];

/// Sentences in which an id may be repeated.
const SENTENCES: &[&str] = &["reason", "remedy", "detail", "problem"];

/// Wrappers of `Known`, which are no part of a path.
const WRAPPERS: &[&str] = &["known", "partial", "value", "unknown"];

/// Replaces ids and identities in snapshots; one for both sides.
pub struct Redactor(hmac::Key);

impl Redactor {
    /// With a key the user keeps: the same key gives the same tokens in every run.
    ///
    /// # Errors
    /// A key that is too short to protect anything.
    pub fn new(key: &Secret) -> Result<Self, Problem> {
        const LEAST: usize = 16;
        if key.0.len() < LEAST {
            return Err(Problem::usage(format!("the key for --redact is shorter than {LEAST} characters"))
                .help("make one with `openssl rand -hex 32`, and use it for both sides"));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key.0.as_bytes())))
    }

    /// With a key nobody keeps: only snapshots of the same run fit together.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn for_one_run() -> Result<Self, Problem> {
        let mut key = [0; 32];
        let filled = SystemRandom::new().fill(&mut key);
        filled.map_err(|_| Problem::tool("the system gives no random numbers for --redact"))?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The same snapshot with tokens in place of ids and identities.
    ///
    /// # Errors
    /// The snapshot cannot be represented, which is a fault of the tool.
    pub fn apply(&self, snapshot: &ClusterSnapshot) -> Result<ClusterSnapshot, Problem> {
        let fault = |e: serde_json::Error| Problem::tool("the snapshot cannot be redacted").note(e.to_string());
        let mut value = serde_json::to_value(snapshot).map_err(fault)?;
        let mut tokens = BTreeMap::new();
        self.walk(&mut value, &mut Vec::new(), &mut tokens);
        // Longer ids first, so that no id is taken for the beginning of another.
        let (ids, put): (Vec<_>, Vec<_>) = tokens.into_iter().filter(|(id, _)| id.len() > 2).unzip();
        let found = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&ids);
        let found = found.map_err(|e| Problem::tool("the snapshot cannot be redacted").note(e.to_string()))?;
        sentences(&mut value, &found, &put);
        let mut redacted: ClusterSnapshot = serde_json::from_value(value).map_err(fault)?;
        redacted.redacted_with = Some(self.token("the id of the key"));
        Ok(redacted)
    }

    fn token(&self, text: &str) -> String {
        let tag = hmac::sign(&self.0, text.as_bytes());
        format!("redacted-{}", hex(tag.as_ref().get(..8).unwrap_or_default()))
    }

    fn walk(&self, value: &mut Value, path: &mut Vec<String>, tokens: &mut BTreeMap<String, String>) {
        match value {
            Value::String(text) if !text.is_empty() && ends_like(path, TEXTS) => {
                let token = self.token(text);
                tokens.insert(std::mem::replace(text, token.clone()), token);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, path, tokens)),
            Value::Object(fields) => {
                if ends_like(path, KEYS) {
                    let renamed: Map<String, Value> =
                        std::mem::take(fields).into_iter().map(|(key, value)| (self.token(&key), value)).collect();
                    *fields = renamed;
                }
                for (name, value) in fields {
                    let wrapper = WRAPPERS.contains(&name.as_str());
                    if !wrapper {
                        path.push(name.clone());
                    }
                    self.walk(value, path, tokens);
                    if !wrapper {
                        path.pop();
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a path ends with one of these; `*` is any one name.
fn ends_like(path: &[String], table: &[&[&str]]) -> bool {
    table.iter().any(|end| {
        path.len() >= end.len()
            && path.iter().rev().zip(end.iter().rev()).all(|(name, wanted)| *wanted == "*" || name == wanted)
    })
}

fn sentences(value: &mut Value, ids: &AhoCorasick, tokens: &[String]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| sentences(item, ids, tokens)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if SENTENCES.contains(&name.as_str()) => *text = ids.replace_all(text, tokens),
                    other => sentences(other, ids, tokens),
                }
            }
        }
        _ => {}
    }
}
