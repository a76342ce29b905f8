//! What reading code costs beside searching it: `scan` and `check` next to `rg -c` for the same words, in one run.
//!
//! ```text
//! cargo bench --bench scan                   trees made from the example company
//! cargo bench --bench scan -- ~/src/orders   trees of your own
//! ```
//!
//! Two shapes are made, each in two sizes, so that growth shows. A folder of checkouts, where repositories share no code;
//! and one repository of as many services, in which every name stands many times and could lead anywhere. Two files in
//! three have nothing to do with Temporal. Every figure is the middle of three runs with a warm cache.

#![allow(clippy::print_stdout, clippy::print_stderr)] // its result is what it prints

#[path = "../support/measured.rs"]
mod measured;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measured::Cost;
use walkdir::WalkDir;

const ESTATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/estate");
/// The module of the example company.
const MODULE: &str = "example.com/larkspur/payments";
const SIZES: [usize; 2] = [25, 100];
/// Files without Temporal for each one with it.
const OTHERS: usize = 2;
/// What the scan looks for in every file before it parses one.
const WORDS: [&str; 8] = [
    "go.temporal.io/",
    "@temporalio/",
    "temporalio",
    "temporal_client",
    "io.temporal",
    "nestjs-temporal",
    "temporal workflow start",
    "tctl workflow",
];

fn main() {
    let given: Vec<PathBuf> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).map(PathBuf::from).collect();
    println!("{:<34} {:>7}  {:<12} {:>8} {:>8} {:>9}", "tree", "files", "command", "wall s", "CPU s", "peak MiB");
    for tree in &given {
        compare(&tree.display().to_string(), tree);
    }
    if given.is_empty() {
        for size in SIZES {
            for (shape, fill) in [("checkouts", checkouts as fn(&Path, usize)), ("one repository", one_repository)] {
                let folder = tempfile::tempdir().expect("a folder");
                fill(folder.path(), size);
                compare(&format!("{size} services, {shape}"), folder.path());
            }
        }
    }
}

fn compare(name: &str, tree: &Path) {
    let files = WalkDir::new(tree).into_iter().flatten().filter(|e| e.file_type().is_file()).count();
    let ours = |command: &str| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_temporal-preflight"));
        // Without a file that describes a migration, whatever the tree holds.
        run.current_dir(tree).args([command, ".", "-o", "json"]);
        run
    };
    let mut rg = Command::new("rg");
    rg.arg("-c").args(WORDS.iter().flat_map(|word| ["-e", word])).arg(tree);
    let rows = [("rg -c", rg), ("scan", ours("scan")), ("check", ours("check"))];
    for (command, mut run) in rows {
        if command == "rg -c" && Command::new("rg").arg("--version").output().is_err() {
            println!("{name:<34} {files:>7}  rg is not installed: nothing to compare with");
            continue;
        }
        let cost = middle(|| measured::run(run.stdout(Stdio::null())));
        assert!(cost.exit.is_some_and(|code| [0, 1, 3].contains(&code)), "{command}: {cost:?}");
        let seconds = |d: std::time::Duration| format!("{:.2}", d.as_secs_f64());
        let cpu = cost.cpu.map_or("?".into(), seconds);
        let peak = cost.peak.map_or("?".into(), |kib| (kib / 1024).to_string());
        println!("{name:<34} {files:>7}  {command:<12} {:>8} {cpu:>8} {peak:>9}", seconds(cost.wall));
    }
}

fn middle(run: impl FnMut() -> Cost) -> Cost {
    let mut costs: Vec<Cost> = std::iter::repeat_with(run).take(3).collect();
    costs.sort_by_key(|cost| cost.wall);
    costs[1]
}

/// Repositories side by side, each a module of its own.
fn checkouts(folder: &Path, size: usize) {
    for n in 0..size {
        copy(&folder.join(format!("team-{n}")), &format!("example.com/team{n}/payments"));
    }
}

/// One module that holds everything.
fn one_repository(folder: &Path, size: usize) {
    let module = "example.com/everything";
    let manifest = std::fs::read_to_string(Path::new(ESTATE).join("go.mod")).expect("a module");
    std::fs::create_dir_all(folder.join(".git")).expect("a folder");
    std::fs::write(folder.join("go.mod"), manifest.replace(MODULE, module)).expect("a file");
    for n in 0..size {
        let service = format!("services/s{n}");
        copy(&folder.join(&service), &format!("{module}/{service}"));
        std::fs::remove_file(folder.join(&service).join("go.mod")).expect("it was copied");
    }
}

/// The Go code of the example company under another name, and code that has nothing to do with it.
fn copy(to: &Path, module: &str) {
    for entry in WalkDir::new(ESTATE).into_iter().flatten().filter(|e| e.file_type().is_file()) {
        let name = entry.file_name().to_string_lossy();
        if !name.ends_with(".go") && name != "go.mod" {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("text").replace(MODULE, module);
        let at = to.join(entry.path().strip_prefix(ESTATE).expect("below"));
        let folder = at.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&at, text).expect("a file");
        for n in 0..OTHERS {
            let stem = name.trim_end_matches(".go");
            std::fs::write(folder.join(format!("{stem}_store_{n}.go")), plain(&folder_name(folder), stem, n))
                .expect("a file");
        }
    }
}

fn folder_name(folder: &Path) -> String {
    folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().replace(['-', '.'], ""))
}

/// Ordinary code.
fn plain(package: &str, stem: &str, n: usize) -> String {
    let functions: String = (0..12)
        .map(|f| {
            format!(
                "\n// Load{f} reads a row.\nfunc (s *store{n}) Load{f}(ctx context.Context, id string) (string, error) {{\n\
                 \tif id == \"\" {{\n\t\treturn \"\", fmt.Errorf(\"no id for {stem} %d\", {f})\n\t}}\n\
                 \treturn s.rows[id], nil\n}}\n"
            )
        })
        .collect();
    format!(
        "package {package}\n\nimport (\n\t\"context\"\n\t\"fmt\"\n)\n\ntype store{n} struct{{ rows map[string]string }}\n{functions}"
    )
}
