//! What manifests ask for: `go.mod`, `package.json`, `pyproject.toml`, `Pipfile`, `Cargo.toml`, requirement lines.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ranges::{self, Allowed, Bare};

/// A dependency as a manifest states it.
#[derive(Debug)]
pub(super) struct Requirement {
    /// Package name.
    pub package: String,
    /// Version or range as written; what it is instead when there is none.
    pub version: String,
    /// 1-based line.
    pub line: u32,
    /// What the range allows, when it is understood.
    pub allowed: Option<Allowed>,
}

impl Requirement {
    fn new(package: &str, version: &str, line: u32, bare: Bare) -> Self {
        let allowed = ranges::read(version, bare);
        let version = if version.is_empty() { "any version" } else { version };
        Self { package: package.to_owned(), version: version.to_owned(), line, allowed }
    }

    /// The version, when the manifest allows no other.
    pub(super) fn exact(&self) -> Option<String> {
        self.allowed.as_ref().filter(|a| a.exact)?.least.as_ref().map(ToString::to_string)
    }
}

/// The kind of manifest a file is by its name, as the table of lock files calls it.
pub(super) fn kind(name: &str) -> Option<&'static str> {
    Some(match name {
        "go.mod" => "go.mod",
        "package.json" => "package.json",
        "pyproject.toml" => "pyproject.toml",
        "Pipfile" => "Pipfile",
        "Cargo.toml" => "Cargo.toml",
        "setup.py" => "setup.py",
        "setup.cfg" => "setup.cfg",
        name if is_requirements(name) => "requirements.txt",
        _ => return None,
    })
}

/// `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`.
fn is_requirements(name: &str) -> bool {
    name.ends_with(".txt") && name.contains("requirements")
}

/// Requirements of packages that begin with `prefix`.
pub(super) fn read(name: &str, text: &str, prefix: &str) -> Vec<Requirement> {
    if !text.contains(prefix) {
        return vec![];
    }
    match kind(name) {
        Some("go.mod") => go(text, prefix),
        Some("package.json") => npm(text, prefix),
        Some("pyproject.toml" | "Pipfile") => toml(text, prefix, Bare::Exact),
        Some("Cargo.toml") => toml(text, prefix, Bare::Compatible),
        Some("setup.py") => quoted_lines(text, prefix),
        Some(_) => lines(text, prefix),
        None => vec![],
    }
}

/// A prefix that ends in a name is that name; one that ends in a separator is any name behind it.
fn wanted(package: &str, prefix: &str) -> bool {
    match prefix.ends_with(|c: char| !c.is_alphanumeric()) {
        true => package.starts_with(prefix),
        false => package.eq_ignore_ascii_case(prefix),
    }
}

fn go(text: &str, prefix: &str) -> Vec<Requirement> {
    let (mut found, mut replaced): (Vec<Requirement>, Vec<(String, String, u32)>) = (vec![], vec![]);
    let mut block = "";
    for (number, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().map(|w| w.trim_matches('"')).collect();
        let number = number as u32 + 1;
        let (directive, words) = match words.as_slice() {
            [directive, "("] => {
                block = directive;
                continue;
            }
            [")"] => {
                block = "";
                continue;
            }
            words if !block.is_empty() => (block, words),
            [directive, words @ ..] => (*directive, words),
            [] => continue,
        };
        match (directive, words) {
            ("require", [package, version, ..]) if wanted(package, prefix) => {
                found.push(Requirement::new(package, version, number, Bare::Exact));
            }
            ("replace", words) => replaced.extend(replacement(words).map(|(old, new)| (old, new, number))),
            _ => {}
        }
    }
    for (package, version, line) in replaced {
        for requirement in found.iter_mut().filter(|r| r.package == package) {
            *requirement = Requirement::new(&package, &version, line, Bare::Exact);
        }
    }
    found
}

/// `old [version] => new [version]`: the package, and its new version, or where it is taken from.
pub(super) fn replacement(words: &[&str]) -> Option<(String, String)> {
    let arrow = words.iter().position(|w| *w == "=>")?;
    let (old, new) = (words.first()?, words.get(arrow + 1)?);
    let version = words.get(arrow + 2).map_or_else(|| format!("replaced by {new}"), |v| (*v).to_owned());
    Some(((*old).to_owned(), version))
}

fn npm(text: &str, prefix: &str) -> Vec<Requirement> {
    let Ok(json) = serde_json::from_str::<Value>(text) else { return vec![] };
    let mut found = vec![];
    for group in ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] {
        for (name, version) in json.get(group).and_then(Value::as_object).into_iter().flatten() {
            let Some(version) = version.as_str().filter(|_| wanted(name, prefix)) else { continue };
            let quoted = format!("\"{name}\"");
            let line = text.lines().position(|l| l.contains(&quoted)).map_or(1, |n| n as u32 + 1);
            found.push(Requirement::new(name, version, line, Bare::Exact));
        }
    }
    found
}

fn toml(text: &str, prefix: &str, bare: Bare) -> Vec<Requirement> {
    let mut found = vec![];
    if let Ok(table) = DeTable::parse(text) {
        in_table(table.get_ref(), false, &Toml { text, prefix, bare }, &mut found);
    }
    found.sort_by_key(|r| r.line);
    found
}

struct Toml<'a> {
    text: &'a str,
    prefix: &'a str,
    bare: Bare,
}

/// Tables and lists of dependencies are called so, whichever tool they are for; `packages` in a `Pipfile`.
fn in_table(table: &DeTable<'_>, inside: bool, file: &Toml<'_>, found: &mut Vec<Requirement>) {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let inside = inside || name.contains("dependenc") || matches!(name, "packages" | "dev-packages");
        match value.get_ref() {
            DeValue::Table(inner) if inside => {
                let text = |field: &str| match inner.get(field).map(Spanned::get_ref) {
                    Some(DeValue::String(text)) => Some(text.as_ref()),
                    _ => None,
                };
                let package = text("package").unwrap_or(name);
                let version = text("version")
                    .or_else(|| ["git", "path", "file", "url"].into_iter().find(|field| text(field).is_some()));
                match version.filter(|_| wanted(package, file.prefix)) {
                    Some(version) => {
                        found.push(Requirement::new(package, version, line(file.text, value.span().start), file.bare));
                    }
                    None => in_table(inner, inside, file, found),
                }
            }
            DeValue::Table(inner) => in_table(inner, inside, file, found),
            DeValue::String(version) if inside && wanted(name, file.prefix) => {
                found.push(Requirement::new(name, version, line(file.text, value.span().start), file.bare));
            }
            DeValue::Array(all) if inside => {
                for item in all.iter() {
                    let DeValue::String(text) = item.get_ref() else { continue };
                    found.extend(requirement(text, file.prefix, line(file.text, item.span().start)));
                }
            }
            _ => {}
        }
    }
}

/// `temporalio[opentelemetry]>=1.6,<2 ; python_version > "3.8"`
fn requirement(text: &str, prefix: &str, line: u32) -> Option<Requirement> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !wanted(name, prefix) {
        return None;
    }
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    let end = rest.find([';', '#', '\\']).unwrap_or(rest.len());
    let version = rest.get(..end)?.split(" --").next()?.trim().trim_matches(['(', ')']).trim();
    match version.strip_prefix('@') {
        Some(_) => Some(Requirement::new(name, "url", line, Bare::Exact)),
        None if version.is_empty() || version.starts_with(['=', '<', '>', '~', '!', '^']) => {
            Some(Requirement::new(name, version, line, Bare::Exact))
        }
        None => None,
    }
}

/// One requirement a line, as in `requirements.txt` and in lists of `setup.cfg`.
pub(super) fn lines(text: &str, prefix: &str) -> Vec<Requirement> {
    let numbered = text.lines().enumerate();
    numbered.filter_map(|(number, line)| requirement(line, prefix, number as u32 + 1)).collect()
}

/// Requirements in string literals of a script, outside comments.
fn quoted_lines(text: &str, prefix: &str) -> Vec<Requirement> {
    let mut found = vec![];
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let literals = line.split(['"', '\'']).skip(1).step_by(2);
        found.extend(literals.filter_map(|literal| requirement(literal, prefix, number as u32 + 1)));
    }
    found
}

/// The 1-based line of a byte.
pub(super) fn line(text: &str, at: usize) -> u32 {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.iter().filter(|b| **b == b'\n').count() as u32 + 1
}
