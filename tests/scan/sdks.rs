//! SDK versions as the scan reports them: manifests with the lock files beside and above them.

use temporal_preflight::facts::code::SdkVersion;
use temporal_preflight::scan::{ScanOptions, scan};

/// `package path:line asked -> version from path:line` for every SDK of a tree.
fn sdks(files: &[(&str, &str)]) -> Vec<String> {
    let tree = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let facts = scan(tree.path(), &ScanOptions::default()).unwrap();
    facts.sdks.iter().map(line).collect()
}

fn line(sdk: &SdkVersion) -> String {
    let places: Vec<String> = sdk.resolved.iter().map(|r| format!("{}:{}", r.path, r.line)).collect();
    let from = if places.is_empty() { "range".to_owned() } else { places.join(" ") };
    format!("{} {}:{} = {} [{from}]", sdk.package, sdk.path, sdk.line, sdk.in_words())
}

#[test]
fn go_modules_fix_their_versions_and_may_replace_them() {
    let plain = "module a\n\nrequire go.temporal.io/sdk v1.30.0\n";
    let block = "module b\n\nrequire (\n\tgo.temporal.io/api v1.40.0 // indirect\n\tgo.temporal.io/sdk v1.20.0\n)\n\nreplace go.temporal.io/sdk v1.20.0 => go.temporal.io/sdk v1.26.1\n";
    let fork = "module c\n\nrequire go.temporal.io/sdk v1.20.0\n\nreplace (\n\tgo.temporal.io/sdk => ../sdk-go\n)\n";
    assert_eq!(
        sdks(&[("a/go.mod", plain), ("b/go.mod", block), ("c/go.mod", fork)]),
        [
            "go.temporal.io/sdk a/go.mod:3 = 1.30.0 [a/go.mod:3]",
            "go.temporal.io/api b/go.mod:4 = 1.40.0 [b/go.mod:4]",
            "go.temporal.io/sdk b/go.mod:8 = 1.26.1 [b/go.mod:8]",
            "go.temporal.io/sdk c/go.mod:6 = replaced by ../sdk-go [range]",
        ]
    );
}

const PACKAGE: &str = "{\n  \"name\": \"api\",\n  \"dependencies\": { \"@temporalio/client\": \"^1.8.0\" }\n}\n";

#[test]
fn without_a_lock_file_the_range_stands() {
    assert_eq!(
        sdks(&[("package.json", PACKAGE)]),
        ["@temporalio/client package.json:3 = at least 1.8.0 (^1.8.0) [range]"]
    );
}

#[test]
fn npm_locks_of_every_version() {
    let third = r#"{
  "lockfileVersion": 3,
  "packages": {
    "": { "dependencies": { "@temporalio/client": "^1.8.0" } },
    "node_modules/@temporalio/client": {
      "version": "1.11.2"
    },
    "apps/old/node_modules/@temporalio/client": {
      "version": "1.8.6"
    }
  }
}"#;
    let found = sdks(&[
        ("package-lock.json", third),
        ("package.json", PACKAGE),
        ("apps/old/package.json", PACKAGE),
        ("apps/new/package.json", PACKAGE),
    ]);
    assert_eq!(
        found,
        [
            "@temporalio/client apps/new/package.json:3 = 1.11.2 [package-lock.json:5]",
            "@temporalio/client apps/old/package.json:3 = 1.8.6 [package-lock.json:8]",
            "@temporalio/client package.json:3 = 1.11.2 [package-lock.json:5]",
        ]
    );
    let first = "{\n \"lockfileVersion\": 1,\n \"dependencies\": {\n  \"x\": { \"version\": \"1.0.0\", \"requires\": { \"@temporalio/client\": \"^1.0.0\" } },\n  \"@temporalio/client\": {\n   \"version\": \"1.9.3\"\n  }\n }\n}\n";
    assert_eq!(
        sdks(&[("package-lock.json", first), ("package.json", PACKAGE)]),
        ["@temporalio/client package.json:3 = 1.9.3 [package-lock.json:5]"]
    );
}

#[test]
fn yarn_locks_by_the_range_they_were_asked_for() {
    let classic = "# yarn lockfile v1\n\n\n\"@temporalio/client@^1.4.0\", \"@temporalio/client@~1.4.0\":\n  version \"1.4.4\"\n  resolved \"x\"\n\n\"@temporalio/client@^1.8.0\":\n  version \"1.12.0\"\n";
    assert_eq!(
        sdks(&[("yarn.lock", classic), ("package.json", PACKAGE)]),
        ["@temporalio/client package.json:3 = 1.12.0 [yarn.lock:9]"]
    );
    let berry = "__metadata:\n  version: 8\n\n\"@temporalio/client@npm:^1.8.0, @temporalio/client@npm:^1.9.0\":\n  version: 1.13.1\n  resolution: \"@temporalio/client@npm:1.13.1\"\n";
    assert_eq!(
        sdks(&[("yarn.lock", berry), ("packages/a/package.json", PACKAGE)]),
        ["@temporalio/client packages/a/package.json:3 = 1.13.1 [yarn.lock:5]"]
    );
    // Another range in force by `resolutions`, and two versions to choose from.
    let overridden = classic.replace("@^1.8.0", "@1.12.0");
    assert_eq!(
        sdks(&[("yarn.lock", &overridden), ("package.json", PACKAGE)]),
        ["@temporalio/client package.json:3 = 1.12.0 or 1.4.4 [yarn.lock:9 yarn.lock:5]"]
    );
}

#[test]
fn pnpm_locks_of_every_version() {
    let ninth = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    devDependencies:\n      typescript:\n        specifier: ^5\n        version: 5.4.0\n\n  apps/api:\n    dependencies:\n      '@temporalio/client':\n        specifier: ^1.8.0\n        version: 1.11.7(react@18.0.0)\n\npackages:\n\n  '@temporalio/client@1.11.7':\n    resolution: {integrity: x}\n";
    assert_eq!(
        sdks(&[("pnpm-lock.yaml", ninth), ("apps/api/package.json", PACKAGE)]),
        ["@temporalio/client apps/api/package.json:3 = 1.11.7 [pnpm-lock.yaml:13]"]
    );
    let sixth = "lockfileVersion: '6.0'\n\ndependencies:\n  '@temporalio/client':\n    specifier: ^1.8.0\n    version: 1.8.4\n\npackages:\n\n  /@temporalio/client@1.8.4:\n    dev: false\n";
    let fifth = "lockfileVersion: 5.4\n\nspecifiers:\n  '@temporalio/client': ^1.8.0\n\ndependencies:\n  '@temporalio/client': 1.8.2_peer@1.0.0\n\npackages:\n\n  /@temporalio/client/1.8.2_peer@1.0.0:\n    dev: false\n";
    assert_eq!(
        sdks(&[("pnpm-lock.yaml", sixth), ("package.json", PACKAGE)]),
        ["@temporalio/client package.json:3 = 1.8.4 [pnpm-lock.yaml:4]"]
    );
    assert_eq!(
        sdks(&[("pnpm-lock.yaml", fifth), ("package.json", PACKAGE)]),
        ["@temporalio/client package.json:3 = 1.8.2 [pnpm-lock.yaml:7]"]
    );
}

#[test]
fn bun_locks() {
    let lock = "{\n  \"lockfileVersion\": 1,\n  \"packages\": {\n    \"@temporalio/client\": [\"@temporalio/client@1.11.8\", \"\", { \"dependencies\": {} }, \"sha512-x\"],\n  }\n}\n";
    assert_eq!(
        sdks(&[("bun.lock", lock), ("package.json", PACKAGE)]),
        ["@temporalio/client package.json:3 = 1.11.8 [bun.lock:4]"]
    );
}

#[test]
fn python_manifests_without_lock_files() {
    let project = "[project]\nname = \"a\"\ndependencies = [\n  \"httpx\",\n  \"temporalio[opentelemetry]>=1.6,<2 ; python_version > '3.8'\",\n]\n";
    let poetry = "[tool.poetry.dependencies]\npython = \"^3.11\"\ntemporalio = { version = \"^1.5\", extras = [\"opentelemetry\"] }\n";
    let groups = "[project]\nname = \"temporalio\"\n\n[dependency-groups]\nworker = [\"temporalio==1.9.0\"]\n";
    let requirements = "# temporalio>=0.1\nhttpx\ntemporalio==1.7.1 \\\n    --hash=sha256:abc\ntemporalio-tools==9.9\n";
    let setup = "from setuptools import setup\n\nsetup(install_requires=['temporalio~=1.4.2'])\n";
    let config = "[options]\ninstall_requires =\n    temporalio>=1.3\n";
    assert_eq!(
        sdks(&[
            ("a/pyproject.toml", project),
            ("b/pyproject.toml", poetry),
            ("c/pyproject.toml", groups),
            ("d/requirements-worker.txt", requirements),
            ("e/setup.py", setup),
            ("f/setup.cfg", config),
            ("g/requirements.txt", "temporalio\n"),
            ("h/requirements.txt", "temporalio @ git+https://github.com/temporalio/sdk-python\n"),
        ]),
        [
            "temporalio a/pyproject.toml:5 = at least 1.6.0 (>=1.6,<2) [range]",
            "temporalio b/pyproject.toml:3 = at least 1.5.0 (^1.5) [range]",
            "temporalio c/pyproject.toml:5 = 1.9.0 [c/pyproject.toml:5]",
            "temporalio d/requirements-worker.txt:3 = 1.7.1 [d/requirements-worker.txt:3]",
            "temporalio e/setup.py:3 = at least 1.4.2 (~=1.4.2) [range]",
            "temporalio f/setup.cfg:3 = at least 1.3.0 (>=1.3) [range]",
            "temporalio g/requirements.txt:1 = any version [range]",
            "temporalio h/requirements.txt:1 = url [range]",
        ]
    );
}

#[test]
fn python_lock_files() {
    let project = "[project]\nname = \"a\"\ndependencies = [\"temporalio>=1.2\"]\n";
    let lock = "version = 1\n\n[[package]]\nname = \"temporalio-tools\"\nversion = \"9.9.9\"\n\n[[package]]\nname = \"temporalio\"\nversion = \"1.10.0\"\nsource = { registry = \"r\" }\ndependencies = [\n    { name = \"protobuf\" },\n]\n\n[package.optional-dependencies]\nx = []\n";
    let pipfile = "[packages]\ntemporalio = \"*\"\n";
    let pipfile_lock = "{\n  \"default\": {\n    \"temporalio\": {\n      \"version\": \"==1.5.1\"\n    }\n  }\n}\n";
    for file in ["uv.lock", "poetry.lock", "pdm.lock"] {
        assert_eq!(
            sdks(&[("pyproject.toml", project), (file, lock)]),
            [format!("temporalio pyproject.toml:3 = 1.10.0 [{file}:8]")]
        );
    }
    assert_eq!(
        sdks(&[("services/a/pyproject.toml", project), ("uv.lock", lock)]),
        ["temporalio services/a/pyproject.toml:3 = 1.10.0 [uv.lock:8]"]
    );
    // A lock of another project says nothing.
    assert_eq!(
        sdks(&[("services/a/pyproject.toml", project), ("poetry.lock", lock)]),
        ["temporalio services/a/pyproject.toml:3 = at least 1.2.0 (>=1.2) [range]"]
    );
    assert_eq!(
        sdks(&[("Pipfile", pipfile), ("Pipfile.lock", pipfile_lock)]),
        ["temporalio Pipfile:2 = 1.5.1 [Pipfile.lock:3]"]
    );
    assert_eq!(
        sdks(&[("requirements.txt", "temporalio\n"), ("constraints.txt", "temporalio==1.8.0\n")]),
        ["temporalio requirements.txt:1 = 1.8.0 [constraints.txt:1]"]
    );
}

#[test]
fn a_huge_lock_file_costs_one_search() {
    let filler = "[[package]]\nname = \"other\"\nversion = \"1.0.0\"\nfiles = [{ hash = \"sha256:0123456789\" }]\n\n";
    let huge = format!(
        "{}\n[[package]]\nname = \"temporalio\"\nversion = \"1.10.0\"\n",
        filler.repeat(50_000_000 / filler.len())
    );
    let started = std::time::Instant::now();
    let found = sdks(&[("pyproject.toml", "[project]\ndependencies = [\"temporalio\"]\n"), ("uv.lock", huge.as_str())]);
    assert!(found[0].starts_with("temporalio pyproject.toml:2 = 1.10.0 [uv.lock:"), "{found:?}");
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[test]
fn broken_manifests_and_locks_are_survived() {
    let lock = "{ \"packages\": { \"node_modules/@temporalio/client\": { \"version\": ";
    assert_eq!(
        sdks(&[
            ("package.json", PACKAGE),
            ("package-lock.json", lock),
            ("yarn.lock", "\"@temporalio/client@"),
            ("pnpm-lock.yaml", "importers: [@temporalio/client"),
            ("a/package.json", "{ \"dependencies\": {\"@temporalio/client\": 3 "),
            ("b/pyproject.toml", "[project\ntemporalio"),
            ("c/go.mod", "require (\n\tgo.temporal.io/sdk\n"),
        ]),
        ["@temporalio/client package.json:3 = at least 1.8.0 (^1.8.0) [range]"]
    );
}
