//! Faults on the way: the probe ends in time, says what it knows and why the rest is unknown.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use temporal_preflight::config::ConnectionSettings;
use temporal_preflight::facts::Known;
use temporal_preflight::probe::ProbeOptions;
use temporalio_protos::temporal::api::namespace::v1::NamespaceInfo;
use temporalio_protos::temporal::api::workflowservice::v1::{DescribeNamespaceResponse, GetSystemInfoResponse};

use super::fake::{Fake, Reply, message};
use super::ladder::{Guarded, valid};
use super::{at, failed, namespace, options, run};

/// An empty server of version 1.32.
fn empty(method: &str, _: &[u8]) -> Reply {
    match method {
        "GetSystemInfo" => message(&GetSystemInfoResponse { server_version: "1.32.0".into(), capabilities: None }),
        "DescribeNamespace" => message(&DescribeNamespaceResponse {
            namespace_info: Some(NamespaceInfo { name: "payments".into(), ..Default::default() }),
            ..Default::default()
        }),
        _ => Reply::Message(Vec::new()),
    }
}

/// A middle box on loopback that hands on what the server says, but no more than so many bytes of a connection.
fn truncating(upstream: SocketAddr, limit: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let Ok(server) = TcpStream::connect(upstream) else { return };
            let (mut from, mut to) = (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
            });
            std::thread::spawn(move || {
                let (mut some, mut client) = (server.take(limit as u64), client);
                let _ = std::io::copy(&mut some, &mut client);
                let _ = client.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    address
}

#[test]
fn tls_that_breaks_off_in_the_handshake() {
    let guarded = Guarded::start(valid(), &["localhost"]);
    let client = guarded.ca.client("worker", valid());
    for bytes in [0, 3, 100, 600] {
        let middle = truncating(guarded.address(), bytes);
        let settings = ConnectionSettings {
            address: Some(format!("localhost:{}", middle.port())),
            ..guarded.settings(Some(&client))
        };
        let begin = Instant::now();
        let snapshot = run(settings, &options(&["payments"]));
        let step = failed(&snapshot);
        assert_eq!(step.step, "tls", "after {bytes} bytes: {step:?}");
        assert!(step.remedy.is_some());
        assert!(matches!(namespace(&snapshot, "payments").open, Known::Unknown(_)));
        assert!(snapshot.rpcs.is_empty());
        assert!(begin.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn garbage_after_a_greeting_that_looked_right() {
    // The greeting of HTTP/2 (an empty SETTINGS frame), then nonsense.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut heard = [0; 1024];
                let _ = stream.read(&mut heard);
                let _ = stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
                let _ = stream.read(&mut heard);
                let _ = stream.write_all(&[0xde; 512]);
            });
        }
    });
    let snapshot = run(at(&address.to_string()), &options(&["payments"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "grpc", "{step:?}");
    assert!(matches!(namespace(&snapshot, "payments").schedules, Known::Unknown(_)));
    assert!(matches!(snapshot.system, Known::Unknown(_)));
}

#[test]
fn a_message_that_is_no_message() {
    let server = Fake::start(|method, body| match method {
        "CountWorkflowExecutions" | "ListSchedules" => Reply::Message(vec![0xff; 40]),
        other => empty(other, body),
    });
    let snapshot = run(at(&server.address.to_string()), &options(&["payments"]));
    assert!(snapshot.connection.iter().all(|step| step.ok), "{:#?}", snapshot.connection);
    let namespace = namespace(&snapshot, "payments");
    assert!(namespace.config.is_known());
    assert!(matches!(namespace.open, Known::Unknown(_)), "{:?}", namespace.open);
    assert!(matches!(namespace.schedules, Known::Unknown(_)), "{:?}", namespace.schedules);
    assert!(!snapshot.is_whole());
}

#[test]
fn connections_that_are_reset_again_and_again() {
    // Every seventh call ends the connection for all that are under way: each is asked again on a new one.
    let asked = AtomicUsize::new(0);
    let server = Fake::start(move |method, body| match asked.fetch_add(1, Ordering::SeqCst) % 7 {
        6 => Reply::Reset,
        _ => empty(method, body),
    });
    let snapshot = run(at(&server.address.to_string()), &options(&["payments", "refunds", "orders"]));
    assert!(snapshot.connection.iter().all(|step| step.ok), "{:#?}", snapshot.connection);
    for name in ["payments", "refunds", "orders"] {
        assert_eq!(namespace(&snapshot, name).open, Known::Known(0));
    }
    assert!(snapshot.rpcs.values().any(|count| count.errors > 0), "the failed tries are counted");
    // Never long enough for an answer: nothing is learned, and nothing is made up.
    let server = Fake::start(|_, _| Reply::Reset);
    let begin = Instant::now();
    let short = ProbeOptions { deadline: Duration::from_secs(20), ..options(&["payments"]) };
    let snapshot = run(at(&server.address.to_string()), &short);
    assert_eq!(failed(&snapshot).step, "grpc");
    assert!(matches!(namespace(&snapshot, "payments").open, Known::Unknown(_)));
    assert!(begin.elapsed() < Duration::from_secs(40));
}

#[test]
fn a_clock_that_is_wrong_is_told() {
    let ahead = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC) + jiff::SignedDuration::from_mins(10);
    let date = jiff::fmt::rfc2822::to_string(&ahead).expect("a date");
    let server = Fake::with_date(&date, empty);
    let snapshot = run(at(&server.address.to_string()), &options(&["payments"]));
    let told = *snapshot.clock_ahead_seconds.value().expect("a date header");
    assert!((595..=605).contains(&told), "{told}");
    let text = temporal_preflight::render::snapshot_text(&snapshot, &Default::default());
    assert!(text.contains("s ahead of this machine's"), "{text}");
    let server = Fake::start(empty);
    let snapshot = run(at(&server.address.to_string()), &options(&["payments"]));
    let why = snapshot.clock_ahead_seconds.why().expect("no date, no knowledge");
    assert!(why.reason.contains("carry no date") && why.remedy.is_some());
}
