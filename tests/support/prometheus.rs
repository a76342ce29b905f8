//! A real Prometheus (the Debian package), and a page of metrics for it to scrape.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{Skip, target_folder};

/// The binary: on PATH, else unpacked from the package into cargo's target folder.
///
/// Fails the test when there is none and none can be had, unless `PREFLIGHT_OFFLINE=1` asks for the test to be
/// skipped; the name of the skipped test is then printed.
pub fn ensure_prometheus() -> Result<PathBuf, Skip> {
    let unpacked = target_folder().join("prometheus/usr/bin/prometheus");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("prometheus")).find(|file| file.is_file());
    if let Some(found) = on_path.or_else(|| unpacked.is_file().then(|| unpacked.clone())) {
        return Ok(found);
    }
    if std::env::var_os("PREFLIGHT_OFFLINE").is_some_and(|v| v == "1") {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("SKIPPED {test}: no prometheus, and PREFLIGHT_OFFLINE=1 forbids fetching it");
        return Err(Skip);
    }
    match unpack(&target_folder()) {
        Ok(()) if unpacked.is_file() => Ok(unpacked),
        other => panic!(
            "no prometheus for this test: {other:?}\n\
             Install it (`apt-get install prometheus`, or put `prometheus` 2.24 or newer on PATH),\n\
             or let `apt-get download prometheus` reach a package mirror,\n\
             or set PREFLIGHT_OFFLINE=1 to skip the tests that need it."
        ),
    }
}

fn unpack(target: &Path) -> Result<(), String> {
    let lock = std::fs::File::create(target.join("prometheus.lock")).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    let place = target.join("prometheus");
    if place.join("usr/bin/prometheus").is_file() {
        return Ok(());
    }
    let folder = tempfile::tempdir_in(target).map_err(|e| e.to_string())?;
    let run = |command: &mut Command| {
        let output = command.current_dir(folder.path()).output().map_err(|e| format!("{command:?}: {e}"))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
    };
    let download = |()| run(Command::new("apt-get").args(["download", "--quiet", "prometheus"]));
    // The lists of packages may never have been read on a new machine.
    download(()).or_else(|_| run(Command::new("apt-get").args(["update", "--quiet"])).and_then(download))?;
    let package = std::fs::read_dir(folder.path())
        .map_err(|e| e.to_string())?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "deb"))
        .ok_or("no package was downloaded")?;
    run(Command::new("dpkg").arg("-x").arg(package).arg("out"))?;
    std::fs::rename(folder.path().join("out"), place).map_err(|e| e.to_string())
}

/// A page of metrics in the text format; `{n}` in it is the number of times it was read.
pub struct Page {
    pub address: SocketAddr,
}

impl Page {
    pub fn start(text: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let reads = Arc::new(AtomicU64::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut heard = [0; 4096];
                let _ = stream.read(&mut heard);
                let body = text.replace("{n}", &reads.fetch_add(1, Ordering::SeqCst).to_string());
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            }
        });
        Self { address }
    }
}

/// Runs until it is dropped.
pub struct Prometheus {
    pub url: String,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Scrape these addresses every second.
    pub fn start(binary: &Path, targets: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let targets: Vec<String> = targets.iter().map(|target| format!("'{target}'")).collect();
        let config = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: temporal\n  static_configs: [{{targets: [{}]}}]\n",
            targets.join(", ")
        );
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config).expect("write the configuration");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let process = Command::new(binary)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        Self { url: format!("http://127.0.0.1:{port}"), process, _folder: folder }
    }

    /// Wait until a query gives a number.
    pub fn wait_for(&self, query: &str) {
        let begin = Instant::now();
        let address = self.url.trim_start_matches("http://");
        while begin.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(300));
            let Ok(mut stream) = std::net::TcpStream::connect(address) else { continue };
            let request = format!("GET /api/v1/query?query={query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let mut answer = String::new();
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read_to_string(&mut answer);
            if answer.contains("\"value\":[") {
                return;
            }
        }
        panic!("{query} had no value within a minute");
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
