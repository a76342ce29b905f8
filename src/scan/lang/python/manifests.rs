//! SDK versions in Python manifests and lock files.

use crate::facts::code::SdkVersion;

/// Versions of packages that begin with `prefix`: requirement lines, dependency strings and lock entries.
pub(super) fn versions(path: &str, text: &str, prefix: &str) -> Vec<SdkVersion> {
    let (mut found, mut locked) = (vec![], None);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let version = |package: &str, version: &str| SdkVersion {
            language: "python".into(),
            package: package.to_owned(),
            version: version.to_owned(),
            path: path.to_owned(),
            line: number as u32 + 1,
        };
        // Lock files: `name = "x"`, and its `version = "…"` on the next line.
        if let Some(name) = line.strip_prefix("name = ") {
            let name = name.trim_matches('"');
            locked = (name == prefix).then(|| name.to_owned());
            continue;
        }
        if let (Some(name), Some(number)) = (&locked, line.strip_prefix("version = ")) {
            found.push(version(name, number.trim_matches('"')));
            locked = None;
            continue;
        }
        let text = line.trim_start_matches(['"', '\'', '[', ' ']);
        let Some(rest) = text.strip_prefix(prefix) else { continue };
        let rest = match rest.strip_prefix('[') {
            Some(extras) => extras.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let rest = rest.trim_start();
        if !rest.starts_with(['=', '>', '<', '~', '^', '!']) {
            continue;
        }
        let end = rest.find(['"', '\'', ';', '#']).filter(|end| *end > 0);
        // `temporalio = "^1.5"` has its version in quotes.
        let quoted = rest.strip_prefix('=').map(str::trim_start).and_then(|r| r.strip_prefix('"'));
        let number = match quoted {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => end.and_then(|end| rest.get(..end)).unwrap_or(rest),
        };
        let number = number.trim().trim_end_matches(',');
        if number.chars().any(|c| c.is_ascii_digit()) {
            found.push(version(prefix, number));
        }
    }
    found
}
