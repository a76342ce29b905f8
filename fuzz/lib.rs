//! What the fuzz targets share.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex};

use temporal_preflight::facts::code::Scope;
use temporal_preflight::scan::lang::{self, Project, SourceFile};
use temporal_preflight::scan::{ScanOptions, scan};

/// The generators of the tests: code that leads back to itself in every way.
#[path = "../tests/scan/hostile.rs"]
mod hostile;

/// Steps that any of these trees may take: a scan that needs more for so little code explodes.
const MOST_STEPS: u64 = 20_000_000;

/// Larger inputs only find again, slowly, what smaller ones show.
const MOST_BYTES: usize = 1 << 16;

/// The stack a scan gives its threads.
const STACK: usize = 64 << 20;

/// What is given to the thread with the large stack, and where its answer is waited for.
type Worker = (Sender<(String, Vec<u8>)>, Receiver<()>);

/// One thread for all inputs: making one for each costs more than most inputs do.
static WORKER: LazyLock<Mutex<Worker>> = LazyLock::new(|| {
    let (give, inputs) = channel::<(String, Vec<u8>)>();
    let (done, wait) = channel();
    let work = move || {
        for (name, bytes) in inputs {
            lower_here(&name, &bytes);
            done.send(()).expect("the fuzzer waits");
        }
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
    Mutex::new((give, wait))
});

/// Lower one file, as a scan does it.
pub fn lower(name: &str, bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let worker = WORKER.lock().expect("no panic before");
    worker.0.send((name.to_owned(), bytes.to_vec())).expect("the thread runs");
    worker.1.recv().expect("no panic");
}

fn lower_here(name: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let front = lang::for_path(name).expect("a language for the name");
    let project = Project::default();
    // A file that cannot be parsed is an answer; a panic is not.
    let _ = front.lower(SourceFile { path: name, scope: Scope::Main, text, project: &project });
}

/// Scan a tree of files: `path`, a line end, the text, and a zero byte before the next one.
pub fn scan_tree(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for file in bytes.split(|b| *b == 0).take(8) {
        let end = file.iter().position(|b| *b == b'\n').unwrap_or(file.len());
        let (name, text) = file.split_at(end);
        let Some(name) = std::str::from_utf8(name).ok().filter(|name| is_path(name)) else { continue };
        let path = folder.path().join(name);
        if path.parent().is_some_and(|parent| std::fs::create_dir_all(parent).is_ok()) {
            // A file where another one has its folder is left out.
            let _ = std::fs::write(&path, text.get(1..).unwrap_or_default());
        }
    }
    let facts = scan(folder.path(), &ScanOptions::default()).expect("facts");
    for site in &facts.sites {
        assert!(Path::new(&site.path).is_relative() && site.line > 0, "{site:?}");
    }
}

/// Scan trees that are made to be expensive: each pair of bytes chooses a generator and a number of levels, and all
/// trees stand side by side in one. What a third byte says is left out of every text, so that the code is broken, too.
pub fn scan_hostile(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    for (n, chosen) in bytes.chunks_exact(3).take(3).enumerate() {
        let [which, levels, cut] = [usize::from(chosen[0]), usize::from(chosen[1]), usize::from(chosen[2])];
        let (_, make) = hostile::ALL[which % hostile::ALL.len()];
        for (path, text) in make(8 + levels % 57) {
            let path = folder.path().join(format!("t{n}")).join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            let text: Vec<&str> = text.lines().enumerate().filter(|(at, _)| cut == 0 || *at != cut).map(|(_, l)| l).collect();
            std::fs::write(path, text.join("\n")).expect("a file");
        }
    }
    let facts = scan(folder.path(), &ScanOptions::default()).expect("facts");
    assert!(facts.coverage.steps <= MOST_STEPS, "{} steps", facts.coverage.steps);
}

/// Only names below the folder, of letters that every file system knows.
fn is_path(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().any(|c| c != '.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    name.len() <= 80 && name.split('/').all(plain)
}
