//! Several roots → one document.

use std::collections::BTreeMap;
use std::path::Path;

use crate::facts::Known;
use crate::facts::code::*;

/// Merge scan documents. With more than one, paths get the root in front, so that places stay apart.
pub fn merge(mut parts: Vec<CodeFacts>) -> CodeFacts {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only;
    }
    let mut merged = CodeFacts {
        schema: CODE_SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        repository: Repository {
            root: parts.iter().map(|p| p.repository.root.as_str()).collect::<Vec<_>>().join(", "),
            commit: None,
        },
        sites: vec![],
        wrappers: vec![],
        factories: vec![],
        workflow_types: vec![],
        search_attributes: vec![],
        hazards: vec![],
        features: vec![],
        links: Known::Known(vec![]),
        sdks: vec![],
        ignores: vec![],
        owners: BTreeMap::new(),
        coverage: Coverage::default(),
    };
    for mut part in parts {
        let root = part.repository.root.clone();
        let prefix = |path: &mut String| *path = below(&root, path);
        each_path(&mut part, prefix);
        merged.sites.append(&mut part.sites);
        merged.wrappers.append(&mut part.wrappers);
        merged.factories.append(&mut part.factories);
        merged.workflow_types.append(&mut part.workflow_types);
        merged.search_attributes.append(&mut part.search_attributes);
        merged.hazards.append(&mut part.hazards);
        merged.features.append(&mut part.features);
        merged.links = Known::concat([merged.links, part.links]);
        merged.sdks.append(&mut part.sdks);
        merged.ignores.append(&mut part.ignores);
        merged.owners.extend(part.owners.into_iter().map(|(path, owners)| (below(&root, &path), owners)));
        let (to, from) = (&mut merged.coverage, part.coverage);
        to.files_seen += from.files_seen;
        to.files_of_known_languages += from.files_of_known_languages;
        to.files_parsed += from.files_parsed;
        to.steps += from.steps;
        to.files_with_syntax_errors.extend(from.files_with_syntax_errors);
        to.unread_digests.extend(from.unread_digests.into_iter().map(|(path, digest)| (below(&root, &path), digest)));
        to.skipped.extend(from.skipped);
        to.beyond.extend(from.beyond);
        to.broken_apart.extend(from.broken_apart);
        for (language, files) in from.languages {
            *to.languages.entry(language).or_default() += files;
        }
        for (language, files) in from.not_analysed {
            to.not_analysed.entry(language).or_default().extend(files);
        }
        for (reason, count) in from.dropped {
            *to.dropped.entry(reason).or_default() += count;
        }
        to.candidates_dropped.extend(from.candidates_dropped);
    }
    sort(&mut merged);
    merged.judge_standings();
    merged
}

/// The path a file below a root has in the document of this many roots.
pub fn merged_path(root: &Path, path: &str, roots: usize) -> String {
    if roots == 1 { path.to_owned() } else { below(&root.display().to_string(), path) }
}

/// A path with its root in front, `/` as separator on every system.
fn below(root: &str, path: &str) -> String {
    match root.replace(std::path::MAIN_SEPARATOR, "/").trim_end_matches('/') {
        "." => path.to_owned(),
        root => format!("{root}/{path}"),
    }
}

/// Change every path of a document.
pub(super) fn each_path(facts: &mut CodeFacts, change: impl Fn(&mut String)) {
    for site in &mut facts.sites {
        change(&mut site.path);
        site.client.origins.iter_mut().for_each(|o| change(&mut o.path));
        site.client.outside.iter_mut().for_each(|o| change(&mut o.path));
        site.entries.iter_mut().for_each(|e| change(&mut e.path));
    }
    for wrapper in &mut facts.wrappers {
        change(&mut wrapper.path);
        for call in &mut wrapper.calls {
            change(&mut call.path);
            call.entries.iter_mut().for_each(|e| change(&mut e.path));
        }
    }
    facts.factories.iter_mut().for_each(|f| change(&mut f.path));
    facts.workflow_types.iter_mut().for_each(|w| change(&mut w.path));
    facts.search_attributes.iter_mut().for_each(|s| change(&mut s.path));
    facts.hazards.iter_mut().for_each(|h| change(&mut h.path));
    facts.features.iter_mut().for_each(|f| change(&mut f.path));
    if let Some(links) = facts.links.value_mut() {
        links.iter_mut().for_each(|l| change(&mut l.path));
    }
    facts.ignores.iter_mut().for_each(|i| change(&mut i.path));
    for sdk in &mut facts.sdks {
        change(&mut sdk.path);
        sdk.resolved.iter_mut().for_each(|r| change(&mut r.path));
    }
    let coverage = &mut facts.coverage;
    coverage.files_with_syntax_errors.iter_mut().for_each(&change);
    coverage.broken_apart.iter_mut().for_each(&change);
    coverage.beyond.iter_mut().for_each(|b| change(&mut b.path));
    coverage.skipped.iter_mut().for_each(|s| change(&mut s.path));
    coverage.candidates_dropped.iter_mut().for_each(|d| change(&mut d.path));
    coverage.not_analysed.values_mut().flatten().for_each(&change);
}

/// One order for one content, whatever the threads did.
pub(super) fn sort(facts: &mut CodeFacts) {
    facts
        .sites
        .sort_by(|a, b| a.path.cmp(&b.path).then_with(|| (a.line, a.column, a.kind).cmp(&(b.line, b.column, b.kind))));
    facts.wrappers.sort_by(|a, b| {
        a.path.cmp(&b.path).then_with(|| (a.line, a.kind).cmp(&(b.line, b.kind))).then_with(|| a.site.cmp(&b.site))
    });
    facts.workflow_types.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| (a.line, &a.name).cmp(&(b.line, &b.name))));
    facts.search_attributes.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| (a.line, &a.name).cmp(&(b.line, &b.name))));
    facts.hazards.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| (a.line, &a.id).cmp(&(b.line, &b.id))));
    facts.features.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| (a.line, &a.feature).cmp(&(b.line, &b.feature))));
    if let Some(links) = facts.links.value_mut() {
        links.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| (a.line, &a.kind).cmp(&(b.line, &b.kind))));
    }
    facts.sdks.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| a.line.cmp(&b.line)));
    facts.ignores.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| a.line.cmp(&b.line)));
    facts.coverage.files_with_syntax_errors.sort();
    facts.coverage.broken_apart.sort();
    facts.coverage.beyond.sort_by(|a, b| (&a.path, a.line, &a.seen).cmp(&(&b.path, b.line, &b.seen)));
    facts.coverage.candidates_dropped.sort();
    facts.coverage.skipped.sort();
    facts.coverage.skipped.dedup();
    facts.coverage.not_analysed.values_mut().for_each(|files| files.sort());
}
