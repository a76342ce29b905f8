//! A function is what its declaration says, whatever it is called: renamed to a builtin of any language, every fixture
//! has the same sites with the same origins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use temporal_preflight::facts::code::CodeFacts;
use temporal_preflight::scan::{ScanOptions, scan};

use crate::expectations::sources;

/// Builtins of the languages, none of them a keyword where it is used.
const WORDS: [&str; 40] = [
    "append",
    "new",
    "make",
    "len",
    "cap",
    "panic",
    "recover",
    "clear",
    "copy",
    "print",
    "println",
    "min",
    "max",
    "list",
    "dict",
    "set",
    "tuple",
    "open",
    "iter",
    "next",
    "object",
    "filter",
    "sum",
    "zip",
    "input",
    "hash",
    "id",
    "vars",
    "fetch",
    "require",
    "parseInt",
    "eval",
    "alert",
    "structuredClone",
    "drop",
    "vec",
    "format",
    "dbg",
    "todo",
    "write",
];

/// Words that are keywords, or names with another meaning, in a language.
const TAKEN: [(&str, &[&str]); 4] = [("go", &[]), ("python", &[]), ("typescript", &["new", "require"]), ("rust", &[])];

/// What a line begins with that declares a free function.
const BEGINNINGS: [(&str, &[&str]); 4] = [
    ("go", &["func "]),
    ("python", &["def ", "async def "]),
    ("typescript", &["function ", "async function ", "export function ", "export async function "]),
    ("rust", &["fn ", "async fn ", "pub fn ", "pub async fn "]),
];

fn word_at(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

fn of_language<'t, T>(table: &'t [(&str, T)], language: &str) -> &'t T {
    &table.iter().find(|(name, _)| *name == language).expect("a language").1
}

/// Free functions declared once, whose name means nothing else.
fn functions(language: &str, texts: &BTreeMap<String, String>) -> BTreeSet<String> {
    let beginnings = of_language(&BEGINNINGS, language);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for line in texts.values().flat_map(|text| text.lines()) {
        for rest in beginnings.iter().filter_map(|b| line.strip_prefix(b)) {
            let name = word_at(rest);
            if !name.is_empty() && rest[name.len()..].starts_with(['(', '<', '[']) {
                *found.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    let all: String = texts.values().map(String::as_str).collect::<Vec<_>>().join("\n");
    found.retain(|name, count| {
        let quoted = all.contains(&format!("\"{name}"))
            || all.contains(&format!("'{name}"))
            || all.contains(&format!("/{name}"));
        let special = name == "main"
            || name.starts_with("__")
            || name.to_lowercase().contains("notfound")
            || name.to_lowercase().contains("not_found");
        // Also a method, a field, a parameter or a key somewhere: a renaming by words would change that, too.
        let member = [format!(") {name}("), format!(" {name}:"), format!("self.{name}"), format!("this.{name}")];
        let indented = all.lines().any(|l| {
            l.starts_with([' ', '\t'])
                && beginnings.iter().any(|b| l.trim_start().strip_prefix(b).is_some_and(|r| word_at(r) == name))
        });
        // A member of something else: `client.cancel()`, `Connection::connect`, `worker.New`.
        let of: &[&str] = match language {
            "go" => &["client.", "worker.", "workflow.", "activity.", "envconfig.", "testsuite.", "mocks."],
            _ => &[".", "::"],
        };
        let of_another = of.iter().any(|of| all.contains(&format!("{of}{name}")));
        *count == 1 && !of_another && !quoted && !special && !indented && !member.iter().any(|m| all.contains(m))
    });
    found.into_keys().collect()
}

fn renamed(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let before = rest[..at].chars().next_back().or(out.chars().next_back());
        let after = rest[at + from.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        out.push_str(&rest[..at]);
        out.push_str(if part(before) || part(after) { from } else { to });
        rest = &rest[at + from.len()..];
    }
    out + rest
}

/// Sites with their origins, by place; names and columns change with the name.
fn what(facts: &CodeFacts) -> BTreeSet<String> {
    let site = |s: &temporal_preflight::facts::code::Site| {
        let origins: Vec<String> = s.client.origins.iter().map(|o| format!("{}:{}", o.path, o.line)).collect();
        format!("{}:{} {} {:?} {origins:?}", s.path, s.line, s.kind.name(), s.client.status)
    };
    facts.sites.iter().map(site).collect()
}

fn copy(from: &Path, to: &Path, change: impl Fn(&str) -> String + Copy) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target, change);
        } else {
            match std::fs::read_to_string(&path) {
                Ok(text) if sources(from).contains(&path) => std::fs::write(&target, change(&text)).unwrap(),
                _ => {
                    std::fs::copy(&path, &target).unwrap();
                }
            }
        }
    }
}

fn uses(texts: &BTreeMap<String, String>, word: &str) -> bool {
    texts.values().any(|text| renamed(text, word, "\u{1}").contains('\u{1}'))
}

fn check(language: &str, case: &Path, turn: &mut usize) -> Vec<String> {
    let texts: BTreeMap<String, String> = sources(case)
        .into_iter()
        .filter_map(|path| Some((path.display().to_string(), std::fs::read_to_string(&path).ok()?)))
        .collect();
    let taken = of_language(&TAKEN, language);
    let free: Vec<&str> = WORDS.into_iter().filter(|w| !taken.contains(w) && !uses(&texts, w)).collect();
    let before = what(&scan(case, &ScanOptions::default()).unwrap());
    let mut wrong = vec![];
    let all: Vec<String> = functions(language, &texts).into_iter().collect();
    // As many at once as there are words; those to come begin with another word.
    for some in all.chunks(free.len()) {
        let names: Vec<(&str, &str)> =
            some.iter().enumerate().map(|(n, f)| (f.as_str(), free[(*turn + n) % free.len()])).collect();
        *turn += some.len();
        let folder = tempfile::tempdir().unwrap();
        copy(case, folder.path(), |text| {
            names.iter().fold(text.to_owned(), |text, (from, to)| renamed(&text, from, to))
        });
        let after = what(&scan(folder.path(), &ScanOptions::default()).unwrap());
        if before != after {
            let lost: Vec<&String> = before.difference(&after).take(5).collect();
            let new: Vec<&String> = after.difference(&before).take(5).collect();
            wrong.push(format!("{}: {names:?}: {lost:?} became {new:?}", case.display()));
        }
    }
    wrong
}

#[test]
fn a_function_may_have_the_name_of_any_builtin() {
    let (mut wrong, mut turn) = (vec![], 0);
    for language in ["go", "python", "typescript", "rust"] {
        let cases = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(language)).unwrap();
        let mut cases: Vec<_> = cases.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        cases.sort();
        for case in cases {
            wrong.extend(check(language, &case, &mut turn));
        }
    }
    assert!(turn > WORDS.len(), "only {turn} functions were renamed");
    assert!(wrong.is_empty(), "{} of {turn}:\n{}", wrong.len(), wrong.join("\n"));
}
