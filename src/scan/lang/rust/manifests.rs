//! `Cargo.toml`: the crate's name and its dependencies.

use toml::{Table, Value};

use super::super::Module;
use crate::facts::code::SdkVersion;

/// The crate a manifest declares, and its dependencies on crates of the SDK.
pub(super) fn read(path: &str, text: &str, prefix: &str) -> (Option<Module>, Vec<SdkVersion>) {
    let Ok(manifest) = text.parse::<Table>() else { return (None, vec![]) };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let named = |table: &str| manifest.get(table)?.as_table()?.get("name")?.as_str();
    // The SDK's own crates keep the name others import them by.
    let own = |name: &&str| !name.starts_with(prefix);
    let module = named("lib")
        .or_else(|| named("package"))
        .filter(own)
        .map(|name| Module { folder, name: name.replace('-', "_") });
    let mut found = vec![];
    tables(&manifest, 0, &mut |name, value| {
        let real = value.get("package").and_then(Value::as_str).unwrap_or(name);
        let git = value.get("git").and_then(Value::as_str);
        if !real.starts_with(prefix) && !git.is_some_and(|git| git.contains(&format!("{prefix}/sdk-"))) {
            return;
        }
        let Some(version) = version(value) else { return };
        found.push(SdkVersion {
            language: "rust".into(),
            package: real.to_owned(),
            version,
            path: path.to_owned(),
            line: line_of(text, name),
        });
    });
    (module, found)
}

/// Every entry of every table of dependencies.
fn tables(table: &Table, depth: usize, each: &mut impl FnMut(&str, &Value)) {
    for (name, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if matches!(name.as_str(), "dependencies" | "dev-dependencies" | "build-dependencies") {
            inner.iter().for_each(|(name, value)| each(name, value));
        } else if depth < 3 && matches!(name.as_str(), "workspace" | "target") || depth == 1 {
            tables(inner, depth + 1, each);
        }
    }
}

/// The version as written; a dependency on a repository is told by what it is fixed to.
fn version(dependency: &Value) -> Option<String> {
    let text = |key: &str| dependency.get(key).and_then(Value::as_str);
    if let Some(version) = dependency.as_str().or_else(|| text("version")) {
        return Some(version.to_owned());
    }
    text("git")?;
    let fixed = ["rev", "tag", "branch"].into_iter().find_map(text);
    Some(fixed.map_or("git".to_owned(), |fixed| format!("git {fixed}")))
}

/// 1-based line on which a dependency is named as a key.
fn line_of(text: &str, name: &str) -> u32 {
    let names = |line: &str| {
        let line = line.trim_start();
        let key = line.strip_prefix('"').unwrap_or(line);
        match key.strip_prefix(name) {
            Some(rest) => rest.trim_start_matches('"').trim_start().starts_with(['=', '.']),
            None => line.starts_with('[') && line.trim_end().ends_with(&format!(".{name}]")),
        }
    };
    text.lines().position(names).map_or(1, |at| at as u32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_every_table() {
        let text = "[package]\nname = \"order-api\"\n[dependencies]\ntemporalio-client = \"1.1\"\n\
            core = { package = \"temporal-sdk-core\", git = \"https://example.org/temporalio/sdk-core\", rev = \"abc\" }\n\
            [target.'cfg(unix)'.dependencies]\ntemporalio-sdk = { version = \"1.0\" }\n\
            [workspace.dependencies.temporalio-common]\nversion = \"0.9\"\n[dev-dependencies]\nserde = \"1\"\n";
        let (module, found) = read("api/Cargo.toml", text, "temporalio");
        assert_eq!(module, Some(Module { folder: "api".into(), name: "order_api".into() }));
        let mut all: Vec<(&str, &str, u32)> =
            found.iter().map(|s| (s.package.as_str(), s.version.as_str(), s.line)).collect();
        all.sort();
        assert_eq!(
            all,
            [
                ("temporal-sdk-core", "git abc", 5),
                ("temporalio-client", "1.1", 4),
                ("temporalio-common", "0.9", 8),
                ("temporalio-sdk", "1.0", 7)
            ]
        );
    }
}
