//! Versions of packages, whatever registry they come from.

use semver::{BuildMetadata, Prerelease, Version};

/// Read a version: `1.26.0`, `v1.26.0`, `1.6`, `1.6.0rc1`, `1.29.1-beta.2`. Missing numbers are zero.
///
/// A post-release of Python counts as the release it follows: nothing here depends on the difference.
pub fn parse(text: &str) -> Option<Version> {
    let text = text.trim().trim_start_matches(['v', 'V']);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let mut parts = numbers.split('.').filter(|part| !part.is_empty()).map(str::parse::<u64>);
    let major = parts.next()?.ok()?;
    let minor = parts.next().transpose().ok()?.unwrap_or(0);
    let patch = parts.next().transpose().ok()?.unwrap_or(0);
    Some(Version { major, minor, patch, pre: pre_release(rest)?, build: BuildMetadata::EMPTY })
}

/// What follows the numbers: `-beta.2`, `rc1`, `.dev3`; nothing for `+build` and `.post1`.
fn pre_release(rest: &str) -> Option<Prerelease> {
    let rest = rest.split('+').next().unwrap_or_default();
    let rest = rest.trim_start_matches(['-', '.', '_']);
    if rest.is_empty() || rest.starts_with("post") {
        return Some(Prerelease::EMPTY);
    }
    Prerelease::new(rest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_every_registry_are_read() {
        let read = |text: &str| parse(text).map(|v| v.to_string());
        assert_eq!(read("v1.26.0").as_deref(), Some("1.26.0"));
        assert_eq!(read("1.10").as_deref(), Some("1.10.0"));
        assert_eq!(read("1.29.1-beta.2").as_deref(), Some("1.29.1-beta.2"));
        assert_eq!(read("1.6.0rc1").as_deref(), Some("1.6.0-rc1"));
        assert_eq!(read("1.6.0.post1").as_deref(), Some("1.6.0"));
        assert_eq!(read("v0.0.0-20240101120000-abcdef123456").as_deref(), Some("0.0.0-20240101120000-abcdef123456"));
        for text in ["workspace", "", "latest", "file:../x", "99999999999999999999.1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_pre_release_comes_before_its_release() {
        assert!(parse("1.6.0rc1") < parse("1.6.0"));
        assert!(parse("v1.26.1-0.20240101120000-abcdef123456") > parse("1.26.0"));
    }
}
