//! `// expect: start type=T queue=q origin=path:function` (`#` in Python) stands on the line of the call;
//! `// expect: none` on a look-alike, `wrapper KIND NAME`, `call WRAPPER`, `unlifted` on a function that is no wrapper,
//! `nocall WRAPPER` on a call of something else; `link=child:Order>Refund` (`?` for what is open, `id:ledger` for an id)
//! beside any of them. Sites and links without a comment are as wrong as comments without a site or link.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use temporal_preflight::facts::code::{CodeFacts, Entry, Site, WorkflowLink};
use temporal_preflight::scan::{ScanOptions, scan};

#[derive(Debug)]
struct Expectation {
    path: String,
    line: u32,
    words: Vec<String>,
    values: BTreeMap<String, String>,
}

/// A fixture, by language and name.
pub fn fixture(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(case)
}

/// Endings of the files whose comments are read.
const SOURCES: [&str; 9] = ["go", "py", "rs", "ts", "tsx", "js", "mjs", "cjs", "vue"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| SOURCES.iter().any(|s| e == *s)) {
            found.push(path);
        }
    }
}

/// Every file below a folder whose comments are read, in order.
pub fn sources(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    files(root, &mut found);
    found.sort();
    found
}

fn expectations(root: &Path) -> Vec<Expectation> {
    let mut found = vec![];
    for path in sources(root) {
        let bytes = std::fs::read(&path).unwrap();
        for (i, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let comment = line.split_once("// expect: ").or_else(|| line.split_once("# expect: "));
            let Some((_, text)) = comment else { continue };
            let (mut words, mut values) = (vec![], BTreeMap::new());
            for token in tokens(text) {
                match token.split_once('=') {
                    Some((key, value)) => {
                        values.insert(key.to_owned(), value.trim_matches('"').to_owned());
                    }
                    None => words.push(token),
                }
            }
            let path = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.push(Expectation { path, line: i as u32 + 1, words, values });
        }
    }
    assert!(!found.is_empty(), "{} has no expectations", root.display());
    found
}

/// Words, with quoted values kept whole.
fn tokens(text: &str) -> Vec<String> {
    let (mut all, mut quoted) = (vec![String::new()], false);
    for c in text.trim().chars() {
        match c {
            '"' => {
                quoted = !quoted;
                all.last_mut().unwrap().push(c);
            }
            ' ' if !quoted => all.push(String::new()),
            c => all.last_mut().unwrap().push(c),
        }
    }
    all.retain(|t| !t.is_empty());
    all
}

fn kebab<T: serde::Serialize>(value: T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap_or_default().to_owned()
}

/// `http POST /orders, cli migrate`
fn entered(entries: &[Entry]) -> String {
    entries.iter().map(|e| format!("{} {}", kebab(e.kind), e.name)).collect::<Vec<_>>().join(", ")
}

/// `child:Order>Refund`, `signal:?>id:ledger`
fn linked(link: &WorkflowLink) -> String {
    let from = if link.from.is_empty() { "?".to_owned() } else { link.from.join("+") };
    let to = match (&link.to, &link.workflow_id) {
        (Some(to), _) => to.clone(),
        (None, Some(id)) => format!("id:{id}"),
        (None, None) => "?".to_owned(),
    };
    format!("{}:{from}>{to}", link.kind)
}

fn said(site: &Site, key: &str) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    match key {
        "type" => text(&site.workflow_type),
        "id" => text(&site.workflow_id),
        "queue" => text(&site.task_queue),
        "cron" => text(&site.cron),
        "message" => text(&site.message_name),
        "address" => text(&site.address),
        "namespace" => text(&site.namespace),
        "wrapper" => text(&site.wrapper),
        "scope" => kebab(site.scope),
        "confidence" => kebab(site.confidence),
        "status" => kebab(site.client.status),
        "role" => kebab(site.routing.role),
        "fallback" => site.routing.fallback_on.map(kebab).unwrap_or_default(),
        "queue_from" => text(&site.task_queue_from),
        "both" => site.routing.both_errors.map(|both| both.to_string()).unwrap_or_default(),
        "flag" => text(&site.routing.flag),
        "entry" => entered(&site.entries),
        "via" => site.entries.first().map(|e| e.via.join(">")).unwrap_or_default(),
        "provider" => text(&site.routing.flag_provider),
        "origin" => {
            let origins = &site.client.origins;
            let named = origins.iter().map(|o| format!("{}:{}", o.path, o.function.as_deref().unwrap_or("")));
            named.collect::<Vec<_>>().join(",")
        }
        other => panic!("the expectation key {other} is not known"),
    }
}

/// Scan a fixture and hold it against its comments, both ways.
pub fn check(case: &str) -> CodeFacts {
    let root = fixture(case);
    let facts = scan(&root, &ScanOptions::default()).unwrap();
    let (mut wrong, mut expected) = (vec![], vec![]);
    let links = facts.links.value().expect("links are looked for");
    let link_at = |path: &str, line: u32| links.iter().find(|l| l.path == path && l.line == line).map(linked);
    let mut linking = vec![];
    for e in expectations(&root) {
        let place = format!("{}:{}", e.path, e.line);
        if let Some(said) = e.values.get("link") {
            let found = link_at(&e.path, e.line).unwrap_or_default();
            if found != *said {
                wrong.push(format!("{place}: link is `{found}`, expected `{said}`"));
            }
            linking.push((e.path.clone(), e.line));
        }
        match e.words.first().map(String::as_str) {
            Some("none") => {
                if facts.sites.iter().any(|s| s.path == e.path && s.line == e.line) {
                    wrong.push(format!("{place}: reported, but is a look-alike"));
                }
            }
            Some("wrapper") => {
                let found = facts.wrappers.iter().any(|w| {
                    w.path == e.path && w.line == e.line && w.kind.name() == e.words[1] && w.name == e.words[2]
                });
                if !found {
                    wrong.push(format!("{place}: wrapper {} not found", e.words[2]));
                }
            }
            Some("unlifted") => {
                if let Some(w) = facts.wrappers.iter().find(|w| w.path == e.path && w.line == e.line) {
                    wrong.push(format!("{place}: {} is listed as a wrapper of {}", w.name, w.kind.name()));
                }
            }
            Some("nocall") => {
                let wrapper = facts.wrappers.iter().filter(|w| w.name == e.words[1]);
                if wrapper.flat_map(|w| &w.calls).any(|c| c.path == e.path && c.line == e.line) {
                    wrong.push(format!("{place}: listed as a call of {}", e.words[1]));
                }
            }
            Some("call") => {
                let wrapper = facts.wrappers.iter().filter(|w| w.name == e.words[1]);
                let call = wrapper.flat_map(|w| &w.calls).find(|c| c.path == e.path && c.line == e.line);
                if let (Some(c), Some(entry)) = (call, e.values.get("entry"))
                    && entered(&c.entries) != *entry
                {
                    wrong.push(format!("{place}: entered by {:?}, expected {entry}", c.entries));
                }
                match (call, e.values.get("type")) {
                    (None, _) => wrong.push(format!("{place}: call of {} not found", e.words[1])),
                    (Some(c), Some(ty)) if c.workflow_type.as_deref() != Some(ty) => {
                        wrong.push(format!("{place}: type {:?}, expected {ty}", c.workflow_type));
                    }
                    _ => {}
                }
            }
            Some(kind) => {
                expected.push((e.path.clone(), e.line));
                let site = facts.sites.iter().find(|s| s.path == e.path && s.line == e.line && s.kind.name() == kind);
                let Some(site) = site else {
                    wrong.push(format!("{place}: {kind} not found"));
                    continue;
                };
                for (key, value) in e.values.iter().filter(|(key, _)| *key != "link") {
                    let is = said(site, key);
                    if is != *value {
                        wrong.push(format!("{place}: {key} is `{is}`, expected `{value}`; {:?}", site.client));
                    }
                }
            }
            None => wrong.push(format!("{place}: an expectation without words")),
        }
    }
    for link in links.iter().filter(|l| !linking.contains(&(l.path.clone(), l.line))) {
        wrong.push(format!("{}:{}: link {} reported, but not expected", link.path, link.line, linked(link)));
    }
    for site in &facts.sites {
        if !expected.contains(&(site.path.clone(), site.line)) {
            wrong.push(format!("{}:{}: {} reported, but not expected", site.path, site.line, site.kind.name()));
        }
    }
    assert!(wrong.is_empty(), "{case}:\n{}", wrong.join("\n"));
    facts
}
