//! What the analyser could not read, and what that does to every list made from code.

use serde_json::{Value, json};

use super::words;
use crate::facts::code::CodeFacts;
use crate::facts::{Known, Locus, Why};

/// A list from the whole tree, or from the part that could be analysed.
pub(super) fn whole<T>(code: &CodeFacts, value: T) -> Known<T> {
    match gap(code) {
        None => Known::Known(value),
        Some(why) => Known::Partial { value, why },
    }
}

/// What the analyser could not read although it names Temporal.
pub(super) fn gap(code: &CodeFacts) -> Option<Why> {
    let parts: Vec<String> = unread(code).into_iter().map(|(what, files)| sentence(&what, &files)).collect();
    if parts.is_empty() {
        // Somebody starts the workflows: a tree in which nobody does is the wrong tree, or not the only one.
        let nobody = code.sites.iter().all(|site| !site.scope.is_production());
        return nobody.then(|| {
            Why::with_remedy(
                "no production code that uses Temporal was found in the scanned trees",
                "check `code.roots`, and scan every repository that starts, signals or runs workflows",
            )
        });
    }
    Some(Why::with_remedy(parts.join("; "), "let a person read these files"))
}

fn sentence(what: &str, files: &[String]) -> String {
    let files: Vec<String> = files.iter().map(|f| format!("`{f}`")).collect();
    format!("{what}: {}", words::list(&files, 3))
}

fn unread(code: &CodeFacts) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for (language, files) in code.coverage.not_analysed.iter().filter(|(_, files)| !files.is_empty()) {
        let files_word = words::count(files.len() as u64, "file");
        all.push((
            format!("{files_word} of {language} name Temporal, which this version does not analyse"),
            files.clone(),
        ));
    }
    let broken = &code.coverage.files_with_syntax_errors;
    if !broken.is_empty() {
        let files_word = words::count(broken.len() as u64, "file");
        all.push((format!("{files_word} with syntax errors were analysed in part"), broken.clone()));
    }
    let forced: Vec<String> =
        code.coverage.skipped.iter().filter(|s| !s.on_purpose()).map(|s| s.path.clone()).collect();
    if !forced.is_empty() {
        let files_word = words::count(forced.len() as u64, "path");
        all.push((format!("{files_word} could not be read"), forced));
    }
    all
}

/// The same as objects for a rule.
pub(super) fn unanalysed(code: &CodeFacts) -> Vec<Value> {
    unread(code)
        .into_iter()
        .map(|(what, files)| {
            let loci: Vec<Locus> = files.iter().take(20).map(|f| Locus::File { path: f.clone(), line: 0 }).collect();
            let shown: Vec<String> = files.iter().map(|f| format!("`{f}`")).collect();
            json!({"what": what, "count": files.len(), "files": words::list(&shown, 5), "loci": loci})
        })
        .collect()
}
