//! What starts, signals or schedules without code this version analyses: command lines, HTTP calls, manifests, and
//! SDKs of other languages, in files of any kind.
//!
//! Files are looked at word by word, without a grammar: what is found is named and leaves the answer open, nothing is
//! concluded from it. A file that merely names the product is left alone.

mod commands;
mod comments;
mod forms;
mod paths;
mod sdks;
mod words;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::facts::code::{Beyond, Scope};
pub use sdks::uses_sdk;

/// A file in which none of these stands is not looked at any further.
static ANY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(["temporal", "tctl", "--task-queue", "--taskqueue", "/namespaces"])
        .ok()
});

/// Whether a file may hold anything of interest.
pub fn may_hold(bytes: &[u8]) -> bool {
    ANY.as_ref().is_none_or(|any| any.is_match(bytes))
}

/// The text of a file with its comments blanked; places stay as they are. None when nothing of interest can be in it.
pub fn readable(name: &str, bytes: &[u8]) -> Option<String> {
    may_hold(bytes).then(|| comments::blanked(&String::from_utf8_lossy(bytes), forms::comments_of(name)))
}

/// What starts, signals or schedules in a readable text, by line.
pub fn look(path: &str, text: &str, scope: Scope) -> Vec<Beyond> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let form = forms::form_of(name);
    let mut seen = commands::find(text, form);
    seen.extend(paths::find(text, form));
    seen.sort_by(|a, b| (a.line, &a.seen).cmp(&(b.line, &b.seen)));
    seen.dedup_by(|a, b| a.line == b.line && a.seen == b.seen);
    seen.into_iter()
        .map(|seen| Beyond {
            path: path.to_owned(),
            line: seen.line,
            by: seen.by,
            seen: seen.seen,
            starts: seen.starts,
            messages: seen.messages,
            scope,
        })
        .collect()
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    line: u32,
    by: crate::facts::code::BeyondBy,
    seen: String,
    starts: bool,
    messages: bool,
}

#[cfg(test)]
mod tests;
