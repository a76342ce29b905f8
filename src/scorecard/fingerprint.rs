//! Identity of a finding that survives edits elsewhere in the file.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Identity of the `ordinal`-th (from 1) finding of a rule with this key: 32 hexadecimal digits of a SHA-256.
///
/// No line number goes in, so a finding keeps its fingerprint when code moves.
pub fn of(rule: &str, key: &str, ordinal: usize) -> String {
    let mut hash = Sha256::new();
    hash.update(rule.as_bytes());
    hash.update([0]);
    hash.update(key.as_bytes());
    if ordinal > 1 {
        hash.update([0]);
        hash.update(ordinal.to_string().as_bytes());
    }
    hash.finalize().iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn rule_key_and_ordinal_make_the_identity() {
        let first = of("forgotten-starter", "jobs/nightly.go/main", 1);
        assert_eq!(first.len(), 32);
        assert_eq!(first, of("forgotten-starter", "jobs/nightly.go/main", 1));
        for other in [
            of("forgotten-starter", "jobs/nightly.go/main", 2),
            of("other", "jobs/nightly.go/main", 1),
            of("forgotten-starterj", "obs/nightly.go/main", 1),
        ] {
            assert_ne!(first, other);
        }
    }
}
