//! What code contains besides calls: hazards, workflows, search attributes, versioning, converters, Nexus.
//!
//! `// fact: hazard order-by` (`#` in Python) stands on the line of the fact, several to a line if need be. A fact
//! without a comment is as wrong as a comment without a fact.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use temporal_preflight::facts::code::CodeFacts;
use temporal_preflight::scan::{ScanOptions, scan};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// Place and fact, as the comments say.
fn expected(root: &Path) -> BTreeSet<(String, u32, String)> {
    let (mut paths, mut found) = (vec![], BTreeSet::new());
    files(root, &mut paths);
    for path in paths {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let path = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        for (i, line) in text.lines().enumerate() {
            let comments = line.split("fact: ").skip(1).map(|c| c.trim_end_matches(['/', '#', ' ']));
            found.extend(comments.map(|c| (path.clone(), i as u32 + 1, c.to_owned())));
        }
    }
    assert!(!found.is_empty(), "{} has no expectations", root.display());
    found
}

/// Place and fact, as the scan says.
fn reported(facts: &CodeFacts) -> BTreeSet<(String, u32, String)> {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let mut found = BTreeSet::new();
    found.extend(facts.hazards.iter().map(|h| (h.path.clone(), h.line, format!("hazard {}", h.id))));
    found.extend(
        facts
            .workflow_types
            .iter()
            .map(|w| (w.path.clone(), w.line, format!("workflow {} {} {}", w.name, w.role, or(&w.task_queue)))),
    );
    found.extend(
        facts
            .search_attributes
            .iter()
            .map(|a| (a.path.clone(), a.line, format!("attribute {} {} {}", a.name, or(&a.value_type), a.role))),
    );
    found.extend(
        facts
            .features
            .iter()
            .map(|f| (f.path.clone(), f.line, format!("feature {} / {} / {}", f.feature, f.what, or(&f.name)))),
    );
    found
}

fn check(case: &str) -> CodeFacts {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(case);
    let facts = scan(&root, &ScanOptions::default()).unwrap();
    let (expected, reported) = (expected(&root), reported(&facts));
    let missing: Vec<_> = expected.difference(&reported).collect();
    let surplus: Vec<_> = reported.difference(&expected).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "{case}\nmissing: {missing:#?}\nnot expected: {surplus:#?}");
    facts
}

#[test]
fn workflows_attributes_and_features_of_go() {
    check("go/inventory");
}

#[test]
fn workflows_attributes_and_features_of_python() {
    check("python/inventory");
}

#[test]
fn workflows_attributes_and_features_of_typescript() {
    check("typescript/inventory");
}

#[test]
fn hazards_of_go() {
    check("go/hazards");
}

#[test]
fn hazards_of_python() {
    check("python/hazards");
}

#[test]
fn hazards_of_typescript() {
    check("typescript/hazards");
}
