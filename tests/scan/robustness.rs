//! Odd files are survived, read as far as they can be, and named in the coverage: the same in every language.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use temporal_preflight::facts::code::{CodeFacts, Kind};
use temporal_preflight::scan::{ScanOptions, scan};

use crate::languages::{Language, languages};
use crate::tree::{Tree, starts};

/// A scan of a few odd files is a matter of seconds, even unoptimised on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Deeper than any stack would take.
const DEPTH: usize = 100_000;

/// Terms of one expression.
const TERMS: usize = 50_000;

#[track_caller]
fn named(facts: &CodeFacts, path: &str, reason: &str) {
    let found = facts.coverage.skipped.iter().any(|s| s.path == path && s.reason.contains(reason));
    assert!(found, "{path} is not named with `{reason}`: {:?}", facts.coverage.skipped);
}

fn within(tree: &Tree) -> CodeFacts {
    let began = Instant::now();
    let facts = tree.scan();
    assert!(began.elapsed() < PATIENCE, "the scan took {:?}", began.elapsed());
    facts
}

/// In a file together with something odd the call is found, or the file is named.
///
/// Returns what was read whole, although it is odd.
fn survived(language: &Language, odd: &[(String, String)]) -> Vec<String> {
    let path = |n: usize| format!("odd{n}.{}", language.ending);
    let files: Vec<(String, String)> =
        odd.iter().enumerate().map(|(n, (_, text))| (path(n), format!("{}{text}", language.start))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    let facts = within(&Tree::new(&files));
    let mut whole = vec![];
    for (n, (what, _)) in odd.iter().enumerate() {
        let path = path(n);
        let reasons: Vec<_> = facts.coverage.skipped.iter().filter(|s| s.path == path).map(|s| &s.reason).collect();
        let found = facts.sites.iter().any(|s| s.path == path && s.kind == Kind::Start);
        assert!(found || reasons.iter().any(|r| !r.starts_with("in part")), "{} {what}: lost", language.name);
        let broken = [&facts.coverage.files_with_syntax_errors, &facts.coverage.broken_apart];
        if reasons.is_empty() && !broken.iter().any(|files| files.contains(&path)) {
            whole.push(what.clone());
        }
    }
    whole
}

#[test]
fn nesting_without_end() {
    for language in languages() {
        let nested = |(odd, open, inner, close): &(&str, &str, &str, &str)| {
            let indented = |i: usize| format!("{}{open}", " ".repeat(i));
            let open = match odd.starts_with("indented") {
                true => (0..2_000).map(indented).collect::<String>() + &" ".repeat(2_000),
                false => open.repeat(DEPTH),
            };
            ((*odd).to_owned(), language.value(&format!("{open}{inner}{}", close.repeat(DEPTH))))
        };
        let odd: Vec<(String, String)> = language.nests.iter().map(nested).collect();
        assert_eq!(survived(language, &odd), Vec::<String>::new(), "{}: not named in the coverage", language.name);
    }
}

#[test]
fn brackets_that_never_close() {
    for language in languages() {
        let endless = |open: &str| (open.to_owned(), language.value(&open.repeat(DEPTH + 1)));
        let odd = ["(", "[", "{", "f(", "<", "\"", "'", "`"].map(endless);
        assert_eq!(survived(language, &odd), Vec::<String>::new(), "{}: not named in the coverage", language.name);
    }
}

#[test]
fn chains_and_sums_without_end() {
    for language in languages() {
        let (first, further, end) = language.branches;
        let odd = [
            ("chain".to_owned(), language.value(&format!("a{}", ".b().c()".repeat(TERMS)))),
            ("sum".to_owned(), language.value(&vec!["\"a\""; TERMS].join(" + "))),
            ("branches".to_owned(), format!("{first}{}{end}", further.repeat(TERMS))),
        ];
        let whole = survived(language, &odd);
        assert!(whole.iter().all(|odd| odd == "branches"), "{}: {whole:?} not named in the coverage", language.name);
    }
}

#[test]
fn one_line_of_five_megabytes() {
    for language in languages() {
        let path = format!("bundle.{}", language.ending);
        let filler = language.line.replace("$", &"0123456789".repeat(8));
        let line = format!("{}{}\n", language.one_line, filler.repeat((5 << 20) / filler.len()));
        assert!(line.len() > 5_000_000 && line.lines().count() < 12);
        let facts = within(&Tree::new(&[(&path, line.as_bytes())]));
        let skipped = facts.coverage.skipped.iter().any(|s| s.path == path);
        assert!(starts(&facts) == 1 || skipped, "{}: {:?}", language.name, facts.coverage);
    }
}

#[test]
fn a_file_of_fifty_megabytes_is_named() {
    for language in languages() {
        let path = format!("huge.{}", language.ending);
        let mut bytes = language.start.as_bytes().to_vec();
        bytes.resize(50_000_000, b'\n');
        let facts =
            within(&Tree::new(&[(&path, &bytes), (&format!("a.{}", language.ending), language.start.as_bytes())]));
        assert_eq!(starts(&facts), 1, "{}", language.name);
        named(&facts, &path, "too large (50 MB)");
    }
}

#[test]
fn encodings() {
    for language in languages() {
        let text = language.start;
        let file = |name: &str| format!("{name}.{}", language.ending);
        let utf_16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        let tree = Tree::new(&[
            (&file("bom"), &[b"\xEF\xBB\xBF", text.as_bytes()].concat()),
            (&file("crlf"), text.replace('\n', "\r\n").as_bytes()),
            (&file("invalid"), &[text.as_bytes(), language.comment.as_bytes(), b" \xff\xfe\xc3\n"].concat()),
            (&file("little"), &utf_16(u16::to_le_bytes)),
            (&file("big"), &utf_16(u16::to_be_bytes)),
            (&file("empty"), b""),
        ]);
        let facts = within(&tree);
        assert_eq!(starts(&facts), 5, "{}: {:?}", language.name, facts.coverage);
        let places: BTreeSet<(u32, u32)> =
            facts.sites.iter().filter(|s| s.kind == Kind::Start).map(|s| (s.line, s.column)).collect();
        assert_eq!(places.len(), 1, "{}: {places:?}", language.name);
        named(&facts, &file("invalid"), "UTF-8");
    }
}

#[test]
fn bytes_that_are_no_text() {
    for language in languages() {
        // The same bytes in every run: a simple generator is random enough.
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut noise = language.start.as_bytes().to_vec();
        for _ in 0..5_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            noise.extend(state.to_le_bytes());
        }
        let zeros = [language.start.as_bytes(), &[0; 100_000]].concat();
        let few = [language.start.as_bytes(), language.comment.as_bytes(), &noise[200..220], b"\n"].concat();
        let path = |name: &str| format!("{name}.{}", language.ending);
        let facts = within(&Tree::new(&[(&path("noise"), &noise), (&path("zeros"), &zeros), (&path("few"), &few)]));
        named(&facts, &path("noise"), "not text");
        named(&facts, &path("zeros"), "not text");
        assert_eq!(starts(&facts), 1, "{}: {:?}", language.name, facts.coverage);
    }
}

#[test]
fn broken_syntax_still_gives_what_can_be_read() {
    for language in languages() {
        let path = format!("broken.{}", language.ending);
        let text = format!("{}{}", language.start, language.broken);
        let facts = Tree::new(&[(&path, text.as_bytes())]).scan();
        assert_eq!(starts(&facts), 1, "{}", language.name);
        // What cannot be read names nothing of Temporal: it is said, and decides only where brackets are in doubt.
        let coverage = &facts.coverage;
        let said: Vec<&String> = coverage.files_with_syntax_errors.iter().chain(&coverage.broken_apart).collect();
        assert_eq!(said, [&path]);
        // Where it touches a call, it decides.
        let touched = format!("{}{}", language.start, language.broken.replace("= =", "= temporal = ="));
        let facts = Tree::new(&[(&path, touched.as_bytes())]).scan();
        assert_eq!(facts.coverage.files_with_syntax_errors, [path], "{}", language.name);
    }
}

/// What stands in a tree beside regular files neither stops the scan nor makes it wait.
#[cfg(unix)]
#[test]
fn things_that_are_no_files() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    for language in languages() {
        let file = |name: &str| format!("{name}.{}", language.ending);
        let tree = Tree::new(&[
            (&file("a"), language.start.as_bytes()),
            (&format!("{}/{}", file("folder"), file("b")), language.start.as_bytes()),
        ]);
        let root = tree.0.path();
        symlink(root, root.join("loop")).unwrap();
        symlink(root.join(file("a")), root.join(file("link"))).unwrap();
        symlink("/nowhere/at/all", root.join(file("gone"))).unwrap();
        symlink("/dev/zero", root.join(file("endless"))).unwrap();
        let pipe = root.join(file("pipe"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success() && pipe.metadata().unwrap().file_type().is_fifo());
        let _socket = std::os::unix::net::UnixListener::bind(root.join(file("socket"))).unwrap();
        for manifest in ["go.mod", "package.json", "pyproject.toml", "Cargo.toml"] {
            assert!(std::process::Command::new("mkfifo").arg(root.join(manifest)).status().unwrap().success());
        }
        let facts = within(&tree);
        assert_eq!(starts(&facts), 2, "{}: {:?}", language.name, facts.coverage);
        for name in ["link", "gone", "endless"] {
            named(&facts, &file(name), "symbolic link");
        }
        for name in ["pipe", "socket"] {
            named(&facts, &file(name), "not a regular file");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    for language in languages() {
        let tree = Tree::new(&[]);
        let name = [b"caf\xe9\xff.", language.ending.as_bytes()].concat();
        std::fs::write(tree.0.path().join(OsStr::from_bytes(&name)), language.start).unwrap();
        let facts = tree.scan();
        assert_eq!(starts(&facts), 1, "{}", language.name);
        assert!(facts.sites[0].path.starts_with("caf\u{fffd}"), "{:?}", facts.sites[0].path);
    }
}

/// Permissions do not keep the superuser out, under whom containers run: there, nobody scans.
#[cfg(target_os = "linux")]
#[test]
fn files_that_cannot_be_read_are_named() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let file = |folder: &str, language: &Language| format!("{folder}/{}.{}", language.name, language.ending);
    let tree = Tree::new(&[]);
    let root = tree.0.path();
    let mode = |path: &Path, mode: u32| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    for folder in ["open", "shut", "closed"] {
        std::fs::create_dir(root.join(folder)).unwrap();
        for language in languages() {
            std::fs::write(root.join(file(folder, language)), language.start).unwrap();
        }
    }
    languages().for_each(|language| mode(&root.join(file("shut", language)), 0));
    mode(&root.join("closed"), 0);
    mode(root, 0o755);
    let program = tempfile::tempdir().unwrap();
    mode(program.path(), 0o755);
    let copy = program.path().join("temporal-preflight");
    std::fs::copy(env!("CARGO_BIN_EXE_temporal-preflight"), &copy).unwrap();
    let mut command = std::process::Command::new(copy);
    command.args(["scan", "-o", "json"]).arg(root).current_dir(root);
    if root.metadata().unwrap().uid() == 0 {
        command.uid(65534);
    }
    let output = command.output().unwrap();
    mode(&root.join("closed"), 0o700);
    let facts: CodeFacts = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(starts(&facts), languages().count());
    for language in languages() {
        named(&facts, &file("shut", language), "unreadable: Permission denied");
    }
    named(&facts, "closed", "unreadable: Permission denied");
}

/// Files come and go while a scan runs: what is gone is named or was never seen, and the rest is found.
#[test]
fn files_that_vanish_while_the_scan_runs() {
    for language in languages() {
        let file = |n: usize| format!("f{n}.{}", language.ending);
        let names: Vec<String> = (0..300).map(file).collect();
        let tree = Tree::new(&names.iter().map(|n| (n.as_str(), language.start.as_bytes())).collect::<Vec<_>>());
        let root = tree.0.path().to_owned();
        let remover = std::thread::spawn(move || {
            for n in (1..300).rev() {
                let _ = std::fs::remove_file(root.join(file(n)));
            }
        });
        let facts = scan(tree.0.path(), &ScanOptions::default()).unwrap();
        remover.join().unwrap();
        assert!(starts(&facts) >= 1, "{}", language.name);
        assert!(
            facts.coverage.skipped.iter().all(|s| s.reason.starts_with("unreadable")),
            "{:?}",
            facts.coverage.skipped
        );
    }
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
