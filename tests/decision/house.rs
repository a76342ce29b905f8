//! The house rules that a compiler does not check: data flows one way, and nothing is in the tree twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Room → rooms it may know. `cli` wires them together and may know all.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("facts", &[]),
    ("ui", &[]),
    ("scorecard", &["facts"]),
    ("scan", &["facts", "ui"]),
    ("probe", &["facts", "ui", "config"]),
    ("compare", &["facts"]),
    ("drain", &["facts"]),
    ("judge", &["facts", "scorecard", "compare"]),
    ("config", &["facts", "scorecard", "ui"]),
    ("rules", &["facts", "scorecard", "ui", "compare", "drain"]),
    ("render", &["facts", "scorecard", "ui"]),
    ("demo", &["facts", "ui", "devserver"]),
];

fn sources(folder: &str) -> Vec<(String, String)> {
    walkdir::WalkDir::new(Path::new("src").join(folder))
        .into_iter()
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "rs"))
        .map(|entry| {
            (entry.path().display().to_string(), std::fs::read_to_string(entry.path()).expect("a source file"))
        })
        .collect()
}

/// A file without its tests: they may borrow what they need. A module of tests ends where its line of closing braces
/// stands; what follows it counts.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", &line[..indent]);
        let item = lines.next().unwrap_or_default();
        if !item.trim_end().ends_with(';') && !item.trim_end().ends_with('}') {
            lines.by_ref().find(|line| *line == end);
        }
    }
    code
}

#[test]
fn what_follows_a_module_of_tests_counts() {
    let text = "a;\n#[cfg(test)]\nmod tests {\n    fn t() {\n    }\n}\nb;\n#[cfg(test)]\nmod far;\nc;\n";
    assert_eq!(without_tests(text), "a;\nb;\nc;\n");
}

#[test]
fn data_flows_one_way() {
    let mut wrong = Vec::new();
    for (room, may) in MAY_KNOW.iter().copied() {
        for (path, text) in sources(room) {
            let code = without_tests(&text);
            for (at, _) in code.match_indices("crate::") {
                let known: String = code[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_room = MAY_KNOW.iter().any(|(r, _)| *r == known) || known == "cli";
                let in_a_comment =
                    code[..at].rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with("//"));
                if is_room && known != room && !may.contains(&known.as_str()) && !in_a_comment {
                    wrong.push(format!("{path} knows {known}"));
                }
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Two versions of the runtime link into one binary with the same C symbols.
#[test]
fn there_is_one_tree_sitter() {
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock");
    assert_eq!(lock.matches("name = \"tree-sitter\"\n").count(), 1);
}

#[test]
fn every_rule_has_its_explanation_and_every_explanation_its_rule() {
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in walkdir::WalkDir::new("rules").min_depth(2).max_depth(2) {
        let path = entry.expect("an entry").into_path();
        if ["sdk", "cloud", "facts"].iter().any(|data| path.starts_with(format!("rules/{data}"))) {
            continue;
        }
        let extension = path.extension().expect("an extension").to_string_lossy().into_owned();
        kinds.entry(path.with_extension("").display().to_string()).or_default().insert(extension);
    }
    assert!(kinds.len() > 30);
    for (rule, found) in kinds {
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["md", "yaml"], "{rule}");
    }
}

/// The tool is read-only: it names no call that writes, outside of the layer that refuses them.
#[test]
fn no_code_names_a_call_that_writes_to_a_cluster() {
    let writes = [
        ".start_workflow_execution(",
        ".signal_workflow_execution(",
        ".create_schedule(",
        ".patch_schedule(",
        ".update_schedule(",
        ".delete_schedule(",
        ".register_namespace(",
        ".update_namespace(",
        ".add_search_attributes(",
        ".remove_search_attributes(",
        ".terminate_workflow_execution(",
        ".request_cancel_workflow_execution(",
    ];
    for (path, text) in sources("") {
        let code = without_tests(&text);
        for call in writes {
            assert!(!code.contains(call), "{path} calls {call}");
        }
    }
}

/// An image is built seldom: what its file copies must not go away in between.
#[test]
fn the_image_is_made_from_what_is_there() {
    let text = std::fs::read_to_string("templates/ci/Dockerfile").expect("a Dockerfile");
    let copies = text.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--from"));
    let sources: Vec<&str> = copies.flat_map(|line| line.split(' ').rev().skip(1)).collect();
    assert!(sources.contains(&"src"), "{sources:?}");
    let missing: Vec<_> = sources.into_iter().filter(|source| !Path::new(source).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The files that a file names in its code: paths that begin with `crate`, `super` or `self`, in `use` and elsewhere.
fn named_files(module: &str, code: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let here: Vec<&str> = module.split('/').collect();
    let mut found = BTreeSet::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let path: String = code[at..].chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c)).collect();
            let group = code[at + path.len()..].strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or("");
            let mut from: Vec<&str> = match start {
                "crate::" => vec![],
                "self::" => here.clone(),
                _ => here[..here.len() - 1].to_vec(),
            };
            let mut parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).skip(1).collect();
            while parts.first() == Some(&"super") {
                parts.remove(0);
                from.pop();
            }
            let names = group.split(',').map(|name| name.trim().split("::").next().unwrap_or_default());
            for name in names {
                let whole: Vec<&str> =
                    from.iter().chain(&parts).copied().chain([name]).filter(|part| !part.is_empty()).collect();
                let file = (1..=whole.len()).rev().map(|n| whole[..n].join("/")).find(|path| modules.contains(path));
                found.extend(file.filter(|file| file != module));
            }
        }
    }
    found
}

/// Two files that need each other are one file, or lack a third below both. A folder and its own files belong together.
#[test]
fn no_two_files_need_each_other() {
    let files: BTreeMap<String, String> = sources("")
        .into_iter()
        .map(|(path, text)| {
            let module = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
            let code: Vec<String> =
                without_tests(&text).lines().filter(|l| !l.trim_start().starts_with("//")).map(str::to_owned).collect();
            (module, code.join("\n"))
        })
        .collect();
    let modules: BTreeSet<String> = files.keys().cloned().collect();
    let needs: BTreeMap<&str, BTreeSet<String>> =
        files.iter().map(|(module, code)| (module.as_str(), named_files(module, code, &modules))).collect();
    let kin = |a: &str, b: &str| a.starts_with(&format!("{b}/")) || b.starts_with(&format!("{a}/"));
    let mut circles = Vec::new();
    for (file, others) in &needs {
        let mutual = others.iter().filter(|other| needs[other.as_str()].contains(*file) && !kin(file, other));
        circles.extend(mutual.filter(|other| *file < other.as_str()).map(|other| format!("{file} <-> {other}")));
    }
    assert!(needs.len() > 200 && needs["rules/evaluate"].contains("rules/attest"), "the files are found");
    assert!(circles.is_empty(), "{circles:#?}");
}
