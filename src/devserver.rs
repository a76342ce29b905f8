//! A real Temporal server on loopback, for the demo and for tests.
//!
//! `temporal server start-dev` keeps everything in memory, so stopping the process leaves nothing behind.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ui::Problem;

/// Environment variable that names the `temporal` CLI to use.
pub const CLI_VARIABLE: &str = "TEMPORAL_CLI";

/// Where `tests/support` installs the CLI, relative to cargo's target folder.
pub const INSTALLED_CLI: &str =
    if cfg!(windows) { "temporal-cli/Scripts/temporal.exe" } else { "temporal-cli/bin/temporal" };

/// How long a server may take until all its namespaces answer.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long one command of the CLI may take; also how long one can outlive a server that was stopped under it.
const COMMAND_LIMIT: &str = "10s";

/// Free ports are chosen before the server binds them; somebody else may be faster.
const ATTEMPTS: usize = 3;

/// The `temporal` CLI: `TEMPORAL_CLI`, else the first on `PATH` that runs, else the one the tests installed into the
/// target folder.
///
/// Version managers (pyenv, asdf, mise) put programs on `PATH` that only pass a call on, and end with an error where the
/// tool is not installed: those are passed over.
pub fn find_cli() -> Option<PathBuf> {
    if let Some(named) = named_cli() {
        return Some(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    on_path(&path).or_else(|| {
        let exe = std::env::current_exe().ok()?;
        exe.ancestors().skip(1).take(3).map(|folder| folder.join(INSTALLED_CLI)).find(|file| is_executable(file))
    })
}

/// The CLI that `TEMPORAL_CLI` names.
pub fn named_cli() -> Option<PathBuf> {
    std::env::var_os(CLI_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from)
}

fn on_path(path: &OsStr) -> Option<PathBuf> {
    let name = if cfg!(windows) { "temporal.exe" } else { "temporal" };
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_executable(file) && runs(file))
}

/// Whether the program tells its version.
fn runs(file: &Path) -> bool {
    let told =
        isolated(file).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    told.is_ok_and(|status| status.success())
}

fn is_executable(file: &Path) -> bool {
    let Ok(meta) = file.metadata() else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        meta.is_file() && meta.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    meta.is_file()
}

/// A running dev server. It stops when the value is dropped, and also when this process ends in any other
/// way, such as Ctrl-C.
#[derive(Debug)]
pub struct DevServer {
    cli: PathBuf,
    address: String,
    process: Mutex<Child>,
    /// What the server wrote; told when it ended by itself.
    log: tempfile::NamedTempFile,
    /// Holds the read end of a pipe whose write end only this process has: when we are gone, it ends the server.
    watchdog: Option<Child>,
}

/// Held while a server starts.
static STARTING: Mutex<()> = Mutex::new(());

impl DevServer {
    /// Start a server with these namespaces (beside `default`, which always exists) and wait until each answers.
    ///
    /// Blocks for about two seconds.
    ///
    /// # Errors
    /// When the CLI cannot be run, or the server ends or stays silent.
    pub fn start(cli: &Path, namespaces: &[&str]) -> Result<Self, Problem> {
        Self::start_with(cli, namespaces, &[])
    }

    /// As [`DevServer::start`], with further flags of `temporal server start-dev`.
    ///
    /// # Errors
    /// As [`DevServer::start`].
    pub fn start_with(cli: &Path, namespaces: &[&str], flags: &[&str]) -> Result<Self, Problem> {
        // A server chooses ports for its inner services, too: two that start at once may choose the same ones.
        let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match Self::try_start(cli, namespaces, flags) {
                Ok(server) => return Ok(server),
                Err(problem) => last = Some(problem),
            }
        }
        Err(last.unwrap_or_else(|| Problem::tool("the dev server did not start")))
    }

    fn try_start(cli: &Path, namespaces: &[&str], flags: &[&str]) -> Result<Self, Problem> {
        let [port, http_port, metrics_port] = free_ports()?;
        let log = tempfile::NamedTempFile::new().map_err(no_log)?;
        let mut command = isolated(cli);
        command
            .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "never"])
            .args(["--port", &port.to_string()])
            .args(["--http-port", &http_port.to_string()])
            .args(["--metrics-port", &metrics_port.to_string()])
            .args(namespaces.iter().flat_map(|n| ["--namespace", n]))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(to(&log)?)
            .stderr(to(&log)?);
        own_process_group(&mut command);
        let process = command.spawn().map_err(|e| cannot_run(cli, &e))?;
        let watchdog = watchdog(process.id());
        let address = format!("127.0.0.1:{port}");
        let server = Self { cli: cli.to_owned(), address, process: Mutex::new(process), log, watchdog };
        server.wait_until_ready(namespaces)?;
        Ok(server)
    }

    /// `host:port` of the gRPC front end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Run a command of the `temporal` CLI against this server and return what it printed on stdout.
    ///
    /// # Errors
    /// When the CLI cannot be run or exits with another code than 0; the message holds what it said.
    pub fn cli(&self, args: &[&str]) -> Result<String, Problem> {
        let output = self.run(args)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let failed = format!("`temporal {}` failed on the dev server at {}", args.join(" "), self.address);
        let problem = Problem::tool(failed).note(said);
        Err(match self.ended() {
            Some(end) => problem.note(format!("the dev server has ended by itself: {end}")),
            None => problem,
        })
    }

    /// How the server ended by itself, with the last it wrote; none while it runs.
    fn ended(&self) -> Option<String> {
        /// The last lines of a log tell why.
        const LINES: usize = 20;
        let status = self.process.lock().unwrap_or_else(PoisonError::into_inner).try_wait().ok()??;
        let log = std::fs::read(self.log.path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        Some(format!("{status}\n{}", last.join("\n")).trim_end().to_owned())
    }

    fn run(&self, args: &[&str]) -> Result<Output, Problem> {
        isolated(&self.cli)
            .args(args)
            .args(["--address", &self.address, "--command-timeout", COMMAND_LIMIT])
            .stdin(Stdio::null())
            .output()
            .map_err(|e| cannot_run(&self.cli, &e))
    }

    fn wait_until_ready(&self, namespaces: &[&str]) -> Result<(), Problem> {
        let begun = Instant::now();
        let mut pending: Vec<&str> = if namespaces.is_empty() { vec!["default"] } else { namespaces.to_vec() };
        loop {
            if let Some(end) = self.ended() {
                let problem = Problem::tool("the dev server ended while starting");
                return Err(problem.note(end).help("try `temporal server start-dev` by hand"));
            }
            if std::net::TcpStream::connect(&self.address).is_ok() {
                // Listing open executions needs namespace and visibility: both are then ready.
                pending.retain(|namespace| {
                    let count = ["workflow", "count", "--namespace", namespace];
                    !self.run(&count).is_ok_and(|output| output.status.success())
                });
                if pending.is_empty() {
                    return Ok(());
                }
            }
            if begun.elapsed() > START_LIMIT {
                return Err(Problem::tool(format!(
                    "the dev server at {} did not answer within {} seconds",
                    self.address,
                    START_LIMIT.as_secs()
                ))
                .help("try `temporal server start-dev` by hand"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        // The watchdog first: it must not signal a process id that was given to somebody else.
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        for process in self.watchdog.iter_mut().chain([process]) {
            // An error here means that the process is gone already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The CLI without the user's own connection settings: nothing of theirs may reach, or be reached by, a demo.
pub fn isolated(cli: &Path) -> Command {
    let mut command = Command::new(cli);
    let foreign = std::env::vars_os().map(|(name, _)| name).filter(is_connection_setting);
    foreign.for_each(|name| {
        command.env_remove(name);
    });
    command.env("TEMPORAL_CONFIG_FILE", if cfg!(windows) { "NUL" } else { "/dev/null" });
    command
}

fn is_connection_setting(name: &OsString) -> bool {
    name.to_string_lossy().starts_with("TEMPORAL_")
}

/// A second handle of the log, for a stream of the server.
fn to(log: &tempfile::NamedTempFile) -> Result<File, Problem> {
    log.as_file().try_clone().map_err(no_log)
}

fn no_log(error: std::io::Error) -> Problem {
    Problem::tool("cannot write the log of the dev server").note(error.to_string())
}

fn cannot_run(cli: &Path, error: &std::io::Error) -> Problem {
    Problem::tool(format!("cannot run the temporal CLI at {}", cli.display()))
        .note(error.to_string())
        .help(format!("install it (https://docs.temporal.io/cli), or name it in {CLI_VARIABLE}"))
}

/// Ports nobody listens on at this moment, all different because all are held until the last is chosen.
fn free_ports<const N: usize>() -> Result<[u16; N], Problem> {
    let no_port = |e: std::io::Error| Problem::tool("no free port on the loopback interface").note(e.to_string());
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
        *port = listener.local_addr().map_err(no_port)?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// A group of its own keeps Ctrl-C for us: the server must outlive our last read and end with us.
fn own_process_group(command: &mut Command) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    #[cfg(not(unix))]
    let _ = command;
}

/// A shell that blocks on our pipe and ends the server when the pipe closes, however we ended.
/// Without a POSIX shell the server is stopped on drop only.
fn watchdog(server: u32) -> Option<Child> {
    if !cfg!(unix) {
        return None;
    }
    let mut command = Command::new("sh");
    command
        .args(["-c", "read -r _; kill -9 \"$1\"", "temporal-preflight-watchdog", &server.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    own_process_group(&mut command);
    command.spawn().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cli_that_cannot_run_is_named_with_a_way_out() {
        let said = DevServer::start(Path::new("/nowhere/temporal"), &[]).unwrap_err().to_string();
        assert!(said.contains("/nowhere/temporal") && said.contains(CLI_VARIABLE), "{said}");
    }

    #[test]
    #[cfg(unix)]
    fn a_program_that_is_not_the_cli_does_not_hang() {
        let said = DevServer::start(Path::new("/bin/false"), &[]).unwrap_err().to_string();
        assert!(said.contains("ended while starting"), "{said}");
    }

    /// A shim of a version manager whose tool is not installed.
    #[test]
    #[cfg(unix)]
    fn a_shim_that_cannot_run_is_passed_over() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, script: &str| {
            let place = folder.path().join(name);
            std::fs::create_dir(&place).unwrap();
            let file = place.join("temporal");
            std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
            place
        };
        let shim = put("shims", "echo 'pyenv: temporal: command not found' >&2; exit 127");
        let real = put("bin", "echo temporal version 1.9.1");
        let path = |folders: &[&PathBuf]| std::env::join_paths(folders).unwrap();
        assert_eq!(on_path(&path(&[&shim, &real])), Some(real.join("temporal")));
        assert_eq!(on_path(&path(&[&shim])), None);
    }

    #[test]
    fn ports_differ() {
        let [a, b, c] = free_ports().unwrap();
        assert!(a != b && b != c && a != c);
    }
}
