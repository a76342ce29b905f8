//! Identity of a site across edits elsewhere in the file: no line numbers.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// Gives fingerprints, numbering equal sites in order of appearance.
#[derive(Default)]
pub struct Fingerprints {
    seen: HashMap<String, u32>,
}

impl Fingerprints {
    /// The fingerprint of the next site with this path, kind, function and text.
    pub fn next(&mut self, path: &str, kind: &str, function: Option<&str>, snippet: &str) -> String {
        let text: String = snippet.split_whitespace().collect::<Vec<_>>().join(" ");
        let key = format!("{path}\n{kind}\n{}\n{text}", function.unwrap_or_default());
        let ordinal = self.seen.entry(key.clone()).or_default();
        *ordinal += 1;
        let digest = Sha256::digest(format!("{key}\n{ordinal}").as_bytes());
        digest.iter().take(16).map(|b| format!("{b:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sites_are_told_apart_and_spaces_do_not_matter() {
        let mut f = Fingerprints::default();
        let first = f.next("a.go", "start", Some("Run"), "c.ExecuteWorkflow(ctx,  o, w)");
        let second = f.next("a.go", "start", Some("Run"), "c.ExecuteWorkflow(ctx, o, w)");
        assert_ne!(first, second);
        let again = Fingerprints::default().next("a.go", "start", Some("Run"), "c.ExecuteWorkflow(ctx, o,\tw)");
        assert_eq!(first, again);
        assert_ne!(first, Fingerprints::default().next("b.go", "start", Some("Run"), "c.ExecuteWorkflow(ctx, o, w)"));
    }
}
