//! Faults on the way: the probe ends in time, says what it knows and why the rest is unknown.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
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

/// What happens to the bytes of one connection.
#[derive(Clone, Copy)]
enum Mischief {
    /// The server's side ends after so many bytes.
    Truncate(usize),
    /// The connection is cut off after it has carried so many chunks from the server.
    ResetAfter(usize),
}

/// A middle box on loopback that hands bytes on until its mischief strikes; returns its address and how many
/// connections it saw.
fn through(upstream: SocketAddr, mischief: Mischief) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            count.fetch_add(1, Ordering::SeqCst);
            let Ok(server) = TcpStream::connect(upstream) else { return };
            let (mut from, mut to) = (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
            });
            std::thread::spawn(move || hand_back(server, client, mischief));
        }
    });
    (address, seen)
}

fn hand_back(mut server: TcpStream, mut client: TcpStream, mischief: Mischief) {
    let (mut bytes, mut chunks, mut buffer) = (0, 0, [0; 4096]);
    while let Ok(n @ 1..) = server.read(&mut buffer) {
        let allowed = match mischief {
            Mischief::Truncate(limit) => n.min(limit.saturating_sub(bytes)),
            Mischief::ResetAfter(limit) if chunks >= limit => 0,
            Mischief::ResetAfter(_) => n,
        };
        if client.write_all(&buffer[..allowed]).is_err() || allowed < n {
            break;
        }
        (bytes, chunks) = (bytes + n, chunks + 1);
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
    let _ = server.shutdown(std::net::Shutdown::Both);
}

#[test]
fn tls_that_breaks_off_in_the_handshake() {
    let guarded = Guarded::start(valid(), &["localhost"]);
    let client = guarded.ca.client("worker", valid());
    for bytes in [0, 3, 100, 600] {
        let (middle, _) = through(guarded.address(), Mischief::Truncate(bytes));
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
    let server = Fake::start(empty);
    // Often enough for a call now and then: everything is learned, over many connections.
    let (middle, seen) = through(server.address, Mischief::ResetAfter(6));
    let snapshot = run(at(&middle.to_string()), &options(&["payments"]));
    assert!(snapshot.connection.iter().all(|step| step.ok), "{:#?}", snapshot.connection);
    assert!(seen.load(Ordering::SeqCst) > 3, "the connection was opened anew");
    assert_eq!(namespace(&snapshot, "payments").open, Known::Known(0));
    assert!(snapshot.rpcs.values().any(|count| count.errors > 0), "the failed tries are counted");
    // Never long enough for an answer: nothing is learned, and nothing is made up.
    let (middle, _) = through(server.address, Mischief::ResetAfter(1));
    let begin = Instant::now();
    let short = ProbeOptions { deadline: Duration::from_secs(20), ..options(&["payments"]) };
    let snapshot = run(at(&middle.to_string()), &short);
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
