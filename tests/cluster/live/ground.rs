//! The ground the live tests stand on: servers, proxy and certificates work with the official CLI.

use std::process::{Command, Stdio};

use temporal_preflight::config::preflight;
use temporal_preflight::demo::prepare_live;
use temporal_preflight::devserver::{DevServer, isolated};

use crate::support;
use crate::support::tls::{Authority, Pem, TlsProxy, Validity};

#[test]
fn the_official_cli_passes_the_proxy_only_with_the_right_certificate() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &["payments-prod"]).expect("a dev server");
    let today = support::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let valid = Validity::days(today, -1, 90);
    let (ours, foreign) = (Authority::new("Payments CA", valid), Authority::new("Another CA", valid));
    let proxy = TlsProxy::start(&ours.server(&["localhost", "127.0.0.1"], valid), &ours.certificate, server.address());

    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &ours.certificate).expect("write the CA");
    let count = |who: &str, client: &Pem| {
        let (certificate, key) = client.write(folder.path(), who);
        let output = isolated(&cli)
            .args(["workflow", "count", "--namespace", "payments-prod", "--command-timeout", "5s"])
            .args(["--address", &format!("localhost:{}", proxy.address.port()), "--tls-ca-path"])
            .arg(&ca)
            .arg("--tls-cert-path")
            .arg(certificate)
            .arg("--tls-key-path")
            .arg(key)
            .output()
            .expect("the CLI runs");
        output.status.success()
    };
    assert!(count("worker", &ours.client("worker", valid)), "a certificate of our CA is admitted");
    assert!(!count("stranger", &foreign.client("stranger", valid)), "a certificate of another CA is refused");
    let expired = Validity::days(today, -90, -1);
    assert!(!count("expired", &ours.client("expired", expired)), "an expired certificate is refused");
}

#[test]
fn the_demo_seeds_two_servers_as_its_plan_says() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let estate = prepare_live(&cli, support::now(), folder.path()).expect("the demo's servers");
    let ask = |address: &str, namespace: &str, arguments: &[&str]| {
        let output = isolated(&cli).args(arguments).args(["--address", address, "--namespace", namespace]).output();
        String::from_utf8(output.expect("the CLI runs").stdout).expect("text")
    };
    let plan = preflight::load(&estate.preflight).expect("the plan");
    assert_eq!(plan.source.address.as_ref(), Some(&estate.source_address));
    assert_eq!(plan.target.address.as_ref(), Some(&estate.target_address));
    let (source, target) =
        (plan.plan.namespaces[0].source.as_str(), plan.plan.namespaces[0].target.as_deref().unwrap());

    let attributes = ["operator", "search-attribute", "list"];
    let (on_source, on_target) =
        (ask(&estate.source_address, source, &attributes), ask(&estate.target_address, target, &attributes));
    let type_of = |list: &str, name: &str| {
        let line = list.lines().find(|l| l.split_whitespace().next() == Some(name))?;
        line.split_whitespace().nth(1).map(str::to_owned)
    };
    assert_eq!(type_of(&on_source, "MerchantId").as_deref(), Some("Keyword"));
    assert_eq!(type_of(&on_target, "MerchantId").as_deref(), Some("Text"));
    assert_eq!(type_of(&on_target, "RiskScore"), None);
    let open = ["workflow", "count", "--query", "ExecutionStatus = 'Running'"];
    // Visibility follows within moments.
    let counted = (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        ask(&estate.source_address, source, &open).contains("Total: 12")
    });
    assert!(counted, "twelve executions are open on the source");
    let nightly = ["schedule", "describe", "--schedule-id", "nightly-settlement", "-o", "json"];
    for (address, namespace) in [(&estate.source_address, source), (&estate.target_address, target)] {
        let described: serde_json::Value =
            serde_json::from_str(&ask(address, namespace, &nightly)).expect("a schedule");
        assert_ne!(described["schedule"]["state"]["paused"], true, "active on {address}");
    }
}

/// What a Ctrl-C or a crash of the demo must not leave behind.
#[test]
#[cfg(unix)]
fn a_server_does_not_outlive_the_process_that_started_it() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let mut child = Command::new(std::env::current_exe().expect("this test binary"))
        .args(["--exact", "live::ground::holds_a_server_until_killed", "--ignored", "--nocapture"])
        .env("TEMPORAL_CLI", cli)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test binary runs");
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("its output")));
    let address =
        lines.map_while(Result::ok).find_map(|line| line.split_once("serving at ").map(|(_, a)| a.to_owned()));
    let address = address.expect("the server's address");
    assert!(std::net::TcpStream::connect(&address).is_ok());
    child.kill().expect("kill the holder");
    child.wait().expect("the holder ends");
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::net::TcpStream::connect(&address).is_err()
    });
    assert!(gone, "the server at {address} still answers");
}

/// Not a test: the process that the test above kills.
#[test]
#[ignore = "helper of a_server_does_not_outlive_the_process_that_started_it"]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn holds_a_server_until_killed() {
    let Some(cli) = std::env::var_os("TEMPORAL_CLI") else { return };
    let server = DevServer::start(std::path::Path::new(&cli), &[]).expect("a dev server");
    println!("serving at {}", server.address());
    std::thread::sleep(std::time::Duration::from_secs(60));
}
