//! Odd files are survived, read as far as they can be, and named in the coverage.

use crate::tree::{HEAD, START, Tree, starts};

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
fn odd_rust_is_survived_and_named() {
    let text = "use temporalio_client::Client;\nasync fn f(c: &Client) {\n    c.start_workflow(W, 1, o()).await;\n}\n";
    let depth = 100_000;
    let deep = format!("{text}fn g() {{ let x = {}1{}; }}\n", "(".repeat(depth), ")".repeat(depth));
    let unary = format!("{text}fn g() {{ let x = {}1; }}\n", "!".repeat(depth));
    let chain = format!("{text}fn g() {{ x{}; }}\n", ".b()".repeat(1_000));
    let long = format!("{text}static X: [u8; 1] = [{}];\n", "1,".repeat(500_000));
    let broken = format!("{text}fn g() {{ let x = = ; }}\n");
    let crlf = text.replace('\n', "\r\n");
    let bom = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    let shell = format!("#!/usr/bin/env cargo\n{text}");
    let invalid = [text.as_bytes(), b"// \xff\xfe\n"].concat();
    let facts = Tree::new(&[
        ("deep.rs", deep.as_bytes()),
        ("unary.rs", unary.as_bytes()),
        ("chain.rs", chain.as_bytes()),
        ("long.rs", long.as_bytes()),
        ("broken.rs", broken.as_bytes()),
        ("crlf.rs", crlf.as_bytes()),
        ("bom.rs", &bom),
        ("shell.rs", shell.as_bytes()),
        ("invalid.rs", &invalid),
        ("unclosed.rs", b"use temporalio_client::Client; fn f() { ((("),
        ("lone.rs", b"use temporalio_client::Client;\r/// a\rb\nfn f() {}"),
    ])
    .scan();
    assert_eq!(starts(&facts), 7, "{:?} {:?}", facts.sites, facts.coverage);
    assert_eq!(facts.coverage.files_with_syntax_errors, ["broken.rs"]);
    for path in ["deep.rs", "unary.rs", "chain.rs", "invalid.rs", "unclosed.rs"] {
        assert!(facts.coverage.skipped.iter().any(|s| s.path == path), "{path}: {:?}", facts.coverage.skipped);
    }
}
