//! The scan as its users see it: small trees whose comments say what must be found, and what must not.
//!
//! `// expect: start type=T queue=q origin=path:function` (`#` in Python) stands on the line of the call;
//! `// expect: none` on a look-alike, `wrapper KIND NAME`, `call WRAPPER`, `unlifted` on a function that is no wrapper,
//! `nocall WRAPPER` on a call of something else. Sites without a comment are as wrong as comments without a site.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use temporal_preflight::facts::code::{CodeFacts, Entry, Kind, OriginStatus, Scope, Site};
use temporal_preflight::scan::{ScanOptions, merge, scan};

/// One comment.
#[derive(Debug)]
struct Expectation {
    path: String,
    line: u32,
    words: Vec<String>,
    values: BTreeMap<String, String>,
}

/// A fixture, by language and name.
fn fixture(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(case)
}

/// Endings of the files whose comments are read.
const SOURCES: [&str; 8] = ["go", "py", "ts", "tsx", "js", "mjs", "cjs", "vue"];

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

fn expectations(root: &Path) -> Vec<Expectation> {
    let (mut paths, mut found) = (vec![], vec![]);
    files(root, &mut paths);
    for path in paths {
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

fn said(site: &Site, key: &str) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    match key {
        "type" => text(&site.workflow_type),
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
        "flag" => text(&site.routing.flag),
        "entry" => entered(&site.entries),
        "via" => site.entries.first().map(|e| e.via.join(">")).unwrap_or_default(),
        "origin" => {
            let origins = &site.client.origins;
            let named = origins.iter().map(|o| format!("{}:{}", o.path, o.function.as_deref().unwrap_or("")));
            named.collect::<Vec<_>>().join(",")
        }
        other => panic!("the expectation key {other} is not known"),
    }
}

fn check(case: &str) -> CodeFacts {
    let root = fixture(case);
    let facts = scan(&root, &ScanOptions::default()).unwrap();
    let (mut wrong, mut expected) = (vec![], vec![]);
    for e in expectations(&root) {
        let place = format!("{}:{}", e.path, e.line);
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
                for (key, value) in &e.values {
                    let is = said(site, key);
                    if is != *value {
                        wrong.push(format!("{place}: {key} is `{is}`, expected `{value}`; {:?}", site.client));
                    }
                }
            }
            None => wrong.push(format!("{place}: an expectation without words")),
        }
    }
    for site in &facts.sites {
        if !expected.contains(&(site.path.clone(), site.line)) {
            wrong.push(format!("{}:{}: {} reported, but not expected", site.path, site.line, site.kind.name()));
        }
    }
    assert!(wrong.is_empty(), "{case}:\n{}", wrong.join("\n"));
    facts
}

#[test]
fn every_kind_through_one_factory_and_the_forgotten_starter() {
    let facts = check("go/factory");
    let factory = facts.factories.first().expect("a factory is proposed");
    assert_eq!((factory.path.as_str(), factory.function.as_str()), ("worker/connection.go", "NewTemporalClient"));
    assert!(!factory.configured && factory.found && factory.sites >= 10);
    let start =
        |function: &str| facts.sites.iter().find(|s| s.function.as_deref() == Some(function) && s.kind == Kind::Start);
    assert!(start("StartPayment").unwrap().client.origins[0].factory);
    assert!(!start("main").unwrap().client.origins[0].factory);
    assert!(facts.sdks.iter().any(|s| s.package == "go.temporal.io/sdk" && s.version == "v1.35.0" && s.line == 5));
    let saga = facts.workflow_types.iter().find(|w| w.name == "PaymentSaga" && w.role == "registered").unwrap();
    assert_eq!(saga.task_queue.as_deref(), Some("payments"));
    let merchant = facts.search_attributes.iter().find(|s| s.name == "MerchantId").unwrap();
    assert_eq!(merchant.value_type.as_deref(), Some("Keyword"));
    assert!(facts.hazards.iter().any(|h| h.id == "hard-coded-address" && h.path == "jobs/nightly.go"));
}

#[test]
fn a_configured_factory_decides_even_when_it_is_not_found() {
    let configured = |factory: &str| {
        let options = ScanOptions { factories: vec![factory.to_owned()], ..ScanOptions::default() };
        scan(&fixture("go/factory"), &options).unwrap()
    };
    let facts = configured("jobs/nightly.go:main");
    assert!(facts.factories[0].configured && facts.factories[0].found && facts.factories[0].line > 0);
    let inside = |s: &&Site| s.client.origins.iter().any(|o| o.factory);
    assert!(facts.sites.iter().filter(inside).all(|s| s.path == "jobs/nightly.go"));
    let facts = configured("worker/gone.go:Connect");
    assert!(!facts.factories[0].found && facts.factories[0].line == 0);
}

#[test]
fn clients_are_followed_to_their_construction() {
    check("go/provenance");
}

#[test]
fn containers_fill_parameters_by_type() {
    check("go/injection");
}

#[test]
fn look_alikes_are_dropped_and_counted() {
    let facts = check("go/lookalikes");
    for reason in ["cadence", "own-method", "interceptor", "test-environment", "mock"] {
        assert!(facts.coverage.dropped.contains_key(reason), "{reason}: {:?}", facts.coverage.dropped);
    }
}

#[test]
fn fallback_and_flags_are_recognised() {
    check("go/routing");
}

#[test]
fn wrappers_are_lifted_to_their_callers() {
    check("go/wrappers");
}

#[test]
fn python_every_kind_through_one_factory_and_the_forgotten_starter() {
    let facts = check("python/factory");
    assert!(facts.sdks.iter().any(|s| s.package == "temporalio" && s.version == ">=1.10.0" && s.line == 4));
    let registered = |name: &str| facts.workflow_types.iter().find(|w| w.name == name && w.role == "registered");
    assert_eq!(registered("payment-saga").unwrap().task_queue.as_deref(), Some("payments"));
    assert!(facts.workflow_types.iter().any(|w| w.name == "payment-saga" && w.role == "defined"));
    assert!(registered("Refund").is_some());
    let merchant = facts.search_attributes.iter().find(|s| s.name == "MerchantId").unwrap();
    assert_eq!(merchant.value_type.as_deref(), Some("Keyword"));
    for (id, path) in [
        ("hard-coded-address", "jobs/nightly.py"),
        ("operator-service", "payments/starter.py"),
        ("order-by", "payments/starter.py"),
        ("external-signal", "payments/workflows.py"),
    ] {
        assert!(facts.hazards.iter().any(|h| h.id == id && h.path == path), "{id}: {:?}", facts.hazards);
    }
    assert!(!facts.coverage.not_analysed.contains_key("python"));
}

#[test]
fn python_clients_are_followed_to_their_construction() {
    check("python/provenance");
}

#[test]
fn python_dependencies_of_a_web_framework_are_followed() {
    check("python/injection");
}

#[test]
fn python_look_alikes_are_dropped_and_counted() {
    let facts = check("python/lookalikes");
    for reason in ["own-method", "interceptor", "in-workflow"] {
        assert!(facts.coverage.dropped.contains_key(reason), "{reason}: {:?}", facts.coverage.dropped);
    }
}

#[test]
fn python_fallback_is_recognised() {
    check("python/routing");
}

#[test]
fn python_wrappers_are_lifted_to_their_callers() {
    check("python/wrappers");
}

#[test]
fn odd_python_is_survived_and_named() {
    let text = "from temporalio.client import Client\n\n\nasync def f(c: Client):\n    await c.start_workflow(\"W\", id=\"1\", task_queue=\"q\")\n";
    let depth = 100_000;
    let deep = format!("{text}x = {}1{}\n", "(".repeat(depth), ")".repeat(depth));
    let chain = format!("{text}x = a{}\n", ".b()".repeat(20_000));
    let long = format!("{text}x = [{}]\n", "1,".repeat(200_000));
    let broken = format!("{text}\ndef broken(:\n  if\n");
    let crlf = text.replace('\n', "\r\n");
    let invalid = [text.as_bytes(), b"# \xff\xfe\n"].concat();
    let blocks: String = (0..300).map(|i| format!("{}if x:\n", " ".repeat(i))).collect();
    let blocks = format!("{text}{blocks}{}pass\n", " ".repeat(300));
    let facts = Tree::new(&[
        ("deep.py", deep.as_bytes()),
        ("chain.py", chain.as_bytes()),
        ("long.py", long.as_bytes()),
        ("broken.py", broken.as_bytes()),
        ("crlf.py", crlf.as_bytes()),
        ("invalid.py", &invalid),
        ("blocks.py", blocks.as_bytes()),
    ])
    .scan();
    assert_eq!(starts(&facts), 7, "{:?}", facts.coverage);
    assert_eq!(facts.coverage.files_with_syntax_errors, ["broken.py"]);
    for path in ["deep.py", "chain.py", "invalid.py"] {
        assert!(facts.coverage.skipped.iter().any(|s| s.path == path), "{path}: {:?}", facts.coverage.skipped);
    }
}

#[test]
fn typescript_every_kind() {
    let facts = check("typescript/kinds");
    let defined: Vec<_> = facts.workflow_types.iter().map(|w| (w.name.as_str(), w.role.as_str(), w.line)).collect();
    // Functions only: no signals, no queries, nothing that the file keeps to itself.
    let lines = [("orderWorkflow", 8), ("shipWorkflow", 14), ("refundWorkflow", 16), ("closeBooks", 20)];
    assert_eq!(defined, lines.map(|(name, line)| (name, "defined", line)));
    assert!(facts.workflow_types.iter().all(|w| w.path == "src/workflows.ts" && w.task_queue.is_none()));
    assert!(facts.sdks.iter().any(|s| s.package == "@temporalio/client" && s.version == "^1.11.0"));
    assert!(facts.hazards.iter().any(|h| h.id == "hard-coded-address"));
}

#[test]
fn typescript_clients_are_followed_to_their_construction() {
    check("typescript/provenance");
}

#[test]
fn typescript_modules_are_found_by_every_name() {
    check("typescript/modules");
}

#[test]
fn typescript_containers_fill_constructors() {
    check("typescript/injection");
}

#[test]
fn ways_in_are_found() {
    check("go/entries");
}

#[test]
fn python_ways_in_are_found() {
    check("python/entries");
}

#[test]
fn typescript_ways_in_are_found() {
    check("typescript/entries");
}

#[test]
fn typescript_wrappers_are_lifted_to_their_callers() {
    check("typescript/wrappers");
}

#[test]
fn typescript_look_alikes_are_no_sites() {
    check("typescript/lookalikes");
}

#[test]
fn typescript_fallback_and_flags_are_recognised() {
    check("typescript/routing");
}

#[test]
fn javascript_without_types() {
    check("typescript/javascript");
}

#[test]
fn typescript_that_is_broken_or_too_deep_is_survived_and_named() {
    let head = "import { Client } from '@temporalio/client';\nconst c = new Client();\n";
    let start = "c.workflow.start('w', { workflowId: 'w', taskQueue: 'q' });\n";
    let deep = format!("{head}{start}const x = {}1{};\n", "(".repeat(100_000), ")".repeat(100_000));
    let blocks = format!("{head}{start}{}{}\n", "{".repeat(100_000), "}".repeat(100_000));
    let broken = format!("{head}let x = = 3;\n{start}");
    let facts =
        Tree::new(&[("deep.ts", deep.as_bytes()), ("blocks.js", blocks.as_bytes()), ("broken.tsx", broken.as_bytes())])
            .scan();
    assert_eq!(starts(&facts), 3, "{:?}", facts.coverage);
    assert_eq!(facts.coverage.files_with_syntax_errors, ["broken.tsx"]);
    for path in ["deep.ts", "blocks.js"] {
        assert!(facts.coverage.skipped.iter().any(|s| s.path == path), "{path}: {:?}", facts.coverage.skipped);
    }
}

/// A tree in a temporary folder.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, bytes) in files {
            let path = tree.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        tree
    }

    fn scan(&self) -> CodeFacts {
        scan(self.0.path(), &ScanOptions::default()).unwrap()
    }
}

const HEAD: &str = "package a\n\nimport \"go.temporal.io/sdk/client\"\n\n";
const START: &str = "func f(c client.Client) {\n\tc.ExecuteWorkflow(nil, client.StartWorkflowOptions{}, \"W\")\n}\n";

fn starts(facts: &CodeFacts) -> usize {
    facts.sites.iter().filter(|s| s.kind == Kind::Start).count()
}

#[test]
fn a_root_that_does_not_exist_is_a_usage_problem() {
    let problem = scan(Path::new("no/such/tree"), &ScanOptions::default()).unwrap_err();
    assert_eq!(problem.code, 2);
    assert!(problem.title.contains("no/such/tree"));
}

#[test]
fn odd_encodings_are_read() {
    let text = format!("{HEAD}{START}");
    let bom = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    let crlf = text.replace('\n', "\r\n");
    let invalid = [text.as_bytes(), b"// \xff\xfe\n"].concat();
    let tree = Tree::new(&[("bom/a.go", &bom), ("crlf/a.go", crlf.as_bytes()), ("invalid/a.go", &invalid)]);
    let facts = tree.scan();
    assert_eq!(starts(&facts), 3);
    assert!(facts.sites.iter().all(|s| s.line == 6 && s.column == 4), "{:?}", facts.sites);
    assert!(facts.coverage.skipped.iter().any(|s| s.path == "invalid/a.go" && s.reason.contains("UTF-8")));
}

#[test]
fn broken_syntax_still_gives_what_can_be_read() {
    let text = format!("{HEAD}func broken( {{ if }}\n\n{START}");
    let facts = Tree::new(&[("a.go", text.as_bytes())]).scan();
    assert_eq!(starts(&facts), 1);
    assert_eq!(facts.coverage.files_with_syntax_errors, ["a.go"]);
}

#[test]
fn deep_nesting_is_survived_and_named() {
    let depth = 100_000;
    let deep = format!("{HEAD}{START}var x = {}1{}\n", "(".repeat(depth), ")".repeat(depth));
    let blocks = format!("{HEAD}{START}func g() {}{}\n", "{".repeat(depth), "}".repeat(depth));
    let facts = Tree::new(&[("deep.go", deep.as_bytes()), ("blocks.go", blocks.as_bytes())]).scan();
    assert_eq!(starts(&facts), 2, "{:?}", facts.coverage);
    for path in ["deep.go", "blocks.go"] {
        assert!(facts.coverage.skipped.iter().any(|s| s.path == path), "{path}: {:?}", facts.coverage.skipped);
    }
}

#[test]
fn one_very_long_line_is_read_and_a_huge_file_is_named() {
    let long = format!("{HEAD}{START}var x = []int{{{}}}\n", "1,".repeat(200_000));
    let huge = vec![b'x'; 11_000_000];
    let facts = Tree::new(&[("long.go", long.as_bytes()), ("huge.go", &huge)]).scan();
    assert_eq!(starts(&facts), 1);
    let skip = facts.coverage.skipped.iter().find(|s| s.path == "huge.go").unwrap();
    assert_eq!(skip.reason, "too large (11 MB)");
}

#[cfg(unix)]
#[test]
fn links_and_folders_with_file_names_do_no_harm() {
    let text = format!("{HEAD}{START}");
    let tree = Tree::new(&[("a.go", text.as_bytes()), ("folder.go/b.go", text.as_bytes())]);
    std::os::unix::fs::symlink(tree.0.path(), tree.0.path().join("loop")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", tree.0.path().join("gone.go")).unwrap();
    let facts = tree.scan();
    assert_eq!(starts(&facts), 2);
    assert!(facts.coverage.skipped.iter().any(|s| s.path == "gone.go" && s.reason.contains("symbolic link")));
}

#[test]
fn trees_without_temporal_are_not_parsed_and_other_languages_are_named() {
    let facts = Tree::new(&[
        ("a.go", b"package a\nfunc f(c C) { c.ExecuteWorkflow(1, 2, 3) }\n"),
        ("w.rb", b"require 'temporalio'\n"),
        ("plain.rb", b"puts 1\n"),
    ])
    .scan();
    assert_eq!((facts.sites.len(), facts.coverage.files_parsed), (0, 0));
    assert_eq!(facts.coverage.languages["ruby"], 2);
    assert_eq!(facts.coverage.not_analysed["ruby"], ["w.rb"]);
}

#[test]
fn scope_is_reported_and_nothing_is_dropped_for_it() {
    let text = format!("{HEAD}{START}");
    let generated = format!("// Code generated by protoc. DO NOT EDIT.\n{text}");
    let tree = Tree::new(&[
        ("main.go", text.as_bytes()),
        ("main_test.go", text.as_bytes()),
        ("gen.go", generated.as_bytes()),
        ("third_party/x.go", text.as_bytes()),
    ]);
    let facts = tree.scan();
    let scope = |path: &str| facts.sites.iter().find(|s| s.path == path).map(|s| s.scope);
    assert_eq!(scope("main.go"), Some(Scope::Main));
    assert_eq!(scope("main_test.go"), Some(Scope::Test));
    assert_eq!(scope("gen.go"), Some(Scope::Generated));
    assert_eq!(scope("third_party/x.go"), Some(Scope::Vendored));
}

#[test]
fn keys_never_reach_the_document() {
    let text = format!("{HEAD}const key = \"-----BEGIN PRIVATE KEY-----s3cr3t\"\n{START}");
    let facts = Tree::new(&[("a.go", text.as_bytes()), ("tls.key", b"-----BEGIN PRIVATE KEY-----\ns3cr3t\n")]).scan();
    let keys: Vec<_> = facts.hazards.iter().filter(|h| h.id == "private-key").collect();
    assert_eq!(keys.len(), 2);
    assert!(!serde_json::to_string(&facts).unwrap().contains("s3cr3t"));
}

#[test]
fn several_roots_keep_their_places_apart() {
    let text = format!("{HEAD}{START}");
    let (one, two) = (Tree::new(&[("a.go", text.as_bytes())]), Tree::new(&[("a.go", text.as_bytes())]));
    let merged = merge(vec![one.scan(), two.scan()]);
    assert_eq!(starts(&merged), 2);
    assert_ne!(merged.sites[0].path, merged.sites[1].path);
    assert!(merged.sites.iter().all(|s| s.path.ends_with("/a.go")));
    let alone = merge(vec![one.scan()]);
    assert_eq!(alone.sites[0].path, "a.go");
    assert_eq!(alone.sites[0].client.status, OriginStatus::Unresolved);
}
