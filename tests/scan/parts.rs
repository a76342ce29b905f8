//! Folders side by side: apart when they share no code, together as soon as one shows a sign of the other.

use std::collections::BTreeSet;

use temporal_preflight::facts::code::{CodeFacts, Kind};

use crate::tree::Tree;

/// What is entered through nothing and called by nobody leaves the wrapper without callers.
fn callers(facts: &CodeFacts) -> BTreeSet<&str> {
    facts.wrappers.iter().flat_map(|w| &w.calls).map(|call| call.path.as_str()).collect()
}

const GO_LIB: &str = "package flow\n\nimport \"go.temporal.io/sdk/client\"\n\ntype Flow struct{ c client.Client }\n\n\
    func New() *Flow {\n\tc, _ := client.Dial(client.Options{})\n\treturn &Flow{c: c}\n}\n\n\
    func (f *Flow) Launch(name string) {\n\tf.c.ExecuteWorkflow(nil, client.StartWorkflowOptions{}, name)\n}\n";

fn go_caller(import: &str) -> String {
    format!("package main\n\nimport \"{import}\"\n\nfunc main() {{\n\tflow.New().Launch(\"Invoice\")\n}}\n")
}

/// Two checkouts with the same module-relative names, and none names the other.
#[test]
fn checkouts_that_share_no_code_are_analysed_apart() {
    let other = "package main\n\ntype rocket struct{}\n\nfunc (r rocket) Launch(pad string) {}\n\n\
        type pad interface{ Launch(name string) }\n\nfunc fire(p pad) { p.Launch(\"now\") }\n";
    let files: Vec<(&str, &[u8])> = vec![
        ("billing/go.mod", b"module example.com/billing\n\nrequire go.temporal.io/sdk v1.35.0\n"),
        ("billing/flow/flow.go", GO_LIB.as_bytes()),
        ("space/go.mod", b"module example.com/space\n"),
        ("space/main.go", other.as_bytes()),
    ];
    let facts = Tree::new(&files).scan();
    assert_eq!(callers(&facts), BTreeSet::new());
    assert_eq!(facts.coverage.files_parsed, 1, "nothing of the other checkout is read");
    // One repository: whoever calls a method of this name may mean the wrapper.
    let mut one = files.clone();
    one.push((".gitignore", b"dist/\n"));
    assert_eq!(Tree::new(&one).scan().coverage.files_parsed, 2);
}

#[test]
fn a_go_module_that_requires_another_is_of_its_part() {
    for mention in ["require example.com/lib v0.0.0\n", "replace example.com/elsewhere => ../lib\n"] {
        let manifest = format!("module example.com/app\n\n{mention}");
        let facts = Tree::new(&[
            ("lib/go.mod", b"module example.com/lib\n\nrequire go.temporal.io/sdk v1.35.0\n"),
            ("lib/flow/flow.go", GO_LIB.as_bytes()),
            ("app/go.mod", manifest.as_bytes()),
            ("app/main.go", go_caller("example.com/lib/flow").as_bytes()),
        ])
        .scan();
        assert_eq!(callers(&facts), BTreeSet::from(["app/main.go"]), "{mention}");
    }
}

/// A workspace reaches modules that no manifest requires; the import itself is the sign.
#[test]
fn a_go_import_alone_is_a_sign() {
    let facts = Tree::new(&[
        ("lib/go.mod", b"module example.com/lib\n\nrequire go.temporal.io/sdk v1.35.0\n"),
        ("lib/flow/flow.go", GO_LIB.as_bytes()),
        ("app/go.mod", b"module example.com/app\n"),
        ("app/main.go", go_caller("example.com/lib/flow").as_bytes()),
    ])
    .scan();
    assert_eq!(callers(&facts), BTreeSet::from(["app/main.go"]));
}

const PY_LIB: &str = "from temporalio.client import Client\n\n\nasync def launch_flow(name: str) -> None:\n    \
    client = await Client.connect(\"localhost:7233\")\n    await client.start_workflow(name, id=name, task_queue=\"q\")\n";

#[test]
fn a_python_package_is_found_from_every_folder_that_can_be_on_the_path() {
    for (library, import) in [
        ("common/flow.py", "from common.flow import launch_flow"),
        ("common/flow.py", "from common import flow; launch_flow = flow.launch_flow"),
        ("common/flow.py", "from common import (\n    # the starters\n    flow,\n)\nlaunch_flow = flow.launch_flow"),
        ("shared/src/acme/flow.py", "from acme.flow import launch_flow"),
        ("shared/packages/acme/acme/flow.py", "from acme.flow import launch_flow"),
    ] {
        let text = format!("{import}\n\n\nasync def nightly() -> None:\n    await launch_flow(\"Invoice\")\n");
        let mut files = vec![(library, PY_LIB.as_bytes()), ("jobs/nightly.py", text.as_bytes())];
        assert_eq!(callers(&Tree::new(&files).scan()), BTreeSet::from(["jobs/nightly.py"]), "{library}: {import}");
        let package = format!("{}/__init__.py", library.rsplit_once('/').unwrap().0);
        files.push((&package, b""));
        assert_eq!(callers(&Tree::new(&files).scan()), BTreeSet::from(["jobs/nightly.py"]), "{package}: {import}");
    }
}

#[test]
fn a_script_package_is_found_by_its_name_and_by_its_path() {
    let library = "import { Client } from '@temporalio/client';\n\nexport async function launchFlow(name: string) {\n  \
        const client = new Client();\n  await client.workflow.start(name, { taskQueue: 'q', workflowId: name, args: [] });\n}\n";
    for import in ["@acme/flow", "../../flow/src/index", "../flow/src/index.js"] {
        let caller = format!("import {{ launchFlow }} from '{import}';\n\nawait launchFlow('Invoice');\n");
        let path = if import.starts_with("../../") { "jobs/src/nightly.ts" } else { "jobs/nightly.ts" };
        let facts = Tree::new(&[
            ("flow/package.json", br#"{"name": "@acme/flow", "main": "src/index.ts"}"#),
            ("flow/src/index.ts", library.as_bytes()),
            ("jobs/package.json", br#"{"name": "jobs"}"#),
            (path, caller.as_bytes()),
        ])
        .scan();
        assert_eq!(callers(&facts), BTreeSet::from([path]), "{import}");
    }
}

#[test]
fn a_crate_is_found_by_the_path_of_its_dependents() {
    let library = "pub async fn launch_flow(client: &temporalio_client::Client, name: &str) {\n    \
        let _ = client.start_workflow(name, (), temporalio_client::WorkflowStartOptions::new(\"q\", name).build()).await;\n}\n";
    let facts = Tree::new(&[
        ("flow/Cargo.toml", b"[package]\nname = \"acme-flow\"\n\n[dependencies]\ntemporalio-client = \"1\"\n"),
        ("flow/src/lib.rs", library.as_bytes()),
        ("jobs/Cargo.toml", b"[package]\nname = \"jobs\"\n\n[dependencies]\nacme-flow = { path = \"../flow\" }\n"),
        (
            "jobs/src/main.rs",
            b"#[tokio::main]\nasync fn main() {\n    acme_flow::launch_flow(&connect().await, \"Invoice\").await;\n}\n",
        ),
    ])
    .scan();
    assert_eq!(callers(&facts), BTreeSet::from(["jobs/src/main.rs"]));
}

/// A script, a setting or a version of the same name is no dependency, and neither is the folder of a name everybody uses.
#[test]
fn what_only_has_the_name_of_another_package_is_no_dependency() {
    let library = "import { Client } from '@temporalio/client';\n\nexport async function launchFlow(name: string) {\n  \
        const client = new Client();\n  await client.workflow.start(name, { taskQueue: 'q', workflowId: name, args: [] });\n}\n";
    let caller = "import { launchFlow } from 'flow';\n\nawait launchFlow('Invoice');\n";
    for (manifest, joined) in [
        (r#"{"name": "jobs", "scripts": {"flow": "node flow.js"}}"#, false),
        (r#"{"name": "jobs", "config": {"flow": "1"}, "flow": true}"#, false),
        (r#"{"name": "jobs", "dependencies": {"flow": "^1.0.0"}}"#, true),
        (r#"{"name": "jobs", "peerDependencies": {"flow": "*"}}"#, true),
    ] {
        let facts = Tree::new(&[
            ("flow/package.json", br#"{"name": "flow", "main": "src/index.ts"}"#),
            ("flow/src/index.ts", library.as_bytes()),
            ("jobs/package.json", manifest.as_bytes()),
            ("jobs/nightly.ts", caller.as_bytes()),
        ])
        .scan();
        let expected = if joined { BTreeSet::from(["jobs/nightly.ts"]) } else { BTreeSet::new() };
        assert_eq!(callers(&facts), expected, "{manifest}");
    }
}

/// Two projects have a module of the same plain name; only a manifest says that one uses the other.
#[test]
fn two_python_projects_are_joined_by_what_their_manifests_say() {
    let caller =
        "from common.flow import launch_flow\n\n\nasync def nightly() -> None:\n    await launch_flow(\"Invoice\")\n";
    for (dependency, joined) in [("httpx", false), ("acme-common", true), ("shared", true)] {
        let manifest = format!("[project]\nname = \"jobs\"\ndependencies = [\"{dependency}\"]\n");
        let facts = Tree::new(&[
            ("shared/pyproject.toml", b"[project]\nname = \"acme_common\"\ndependencies = [\"temporalio\"]\n"),
            ("shared/common/flow.py", PY_LIB.as_bytes()),
            ("jobs/pyproject.toml", manifest.as_bytes()),
            ("jobs/nightly.py", caller.as_bytes()),
        ])
        .scan();
        let expected = if joined { BTreeSet::from(["jobs/nightly.py"]) } else { BTreeSet::new() };
        assert_eq!(callers(&facts), expected, "{dependency}");
    }
}

/// A service on its way from one engine to the other uses both, with the engine checked out beside it.
#[test]
fn the_repository_of_another_engine_is_not_read_for_its_users() {
    let engine = "package flow\n\ntype Flow struct{ c *Service }\n\ntype Service struct{}\n\n\
        func (s *Service) ExecuteWorkflow(name string) {}\n\nfunc New() *Flow { return &Flow{} }\n\n\
        func (f *Flow) Launch(name string) { f.c.ExecuteWorkflow(name) }\n";
    let app = "package main\n\nimport (\n\t\"go.temporal.io/sdk/client\"\n\n\t\"github.com/uber/cadence/flow\"\n)\n\n\
        func main() {\n\tc, _ := client.Dial(client.Options{})\n\tc.ExecuteWorkflow(nil, client.StartWorkflowOptions{}, \"Invoice\")\n\t\
        flow.New().Launch(\"Old\")\n}\n";
    let facts = Tree::new(&[
        ("cadence/go.mod", b"module github.com/uber/cadence\n"),
        ("cadence/flow/flow.go", engine.as_bytes()),
        (
            "app/go.mod",
            b"module example.com/app\n\nrequire (\n\tgo.temporal.io/sdk v1.35.0\n\tgithub.com/uber/cadence v1.2.0\n)\n",
        ),
        ("app/main.go", app.as_bytes()),
    ])
    .scan();
    let starts: Vec<(&str, u32)> =
        facts.sites.iter().filter(|s| s.kind == Kind::Start).map(|s| (s.path.as_str(), s.line)).collect();
    assert_eq!(starts, [("app/main.go", 11)]);
    assert_eq!(facts.coverage.files_parsed, 1, "nothing of the other engine is read");
}
