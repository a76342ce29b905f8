//! What goes wrong on the way to a cluster is named with its step and a remedy, and the rest is unknown.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use temporal_preflight::config::ConnectionSettings;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::cluster::{ClusterSnapshot, Credential};

use super::support::tls::{Authority, Pem, TlsProxy, Validity};
use super::{at, failed, fake, options, run};

fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

pub fn valid() -> Validity {
    Validity::days(today(), -1, 90)
}

/// A listener that says one thing to everybody, without being a server.
fn says(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(8) {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut heard = [0; 512];
                let _ = stream.read(&mut heard);
                let _ = stream.write_all(answer);
            });
        }
    });
    address
}

/// A fake frontend behind TLS that demands a client certificate of `clients`.
pub struct Guarded {
    // Fields are dropped in order: the proxy before what is behind it.
    proxy: TlsProxy,
    _server: fake::Fake,
    folder: tempfile::TempDir,
    pub ca: Authority,
}

impl Guarded {
    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.proxy.address
    }

    pub fn start(server: Validity, names: &[&str]) -> Self {
        let upstream = fake::Fake::start(|method, _| match method {
            "GetSystemInfo" | "GetClusterInfo" | "ListNamespaces" => fake::Reply::Message(Vec::new()),
            _ => fake::status(tonic::Code::NotFound, "namespace not found"),
        });
        Self::before(upstream, server, names)
    }

    /// Put TLS before a server.
    pub fn before(upstream: fake::Fake, server: Validity, names: &[&str]) -> Self {
        let ca = Authority::new("Payments CA", Validity::days(today(), -400, 400));
        let proxy = TlsProxy::start(&ca.server(names, server), &ca.certificate, &upstream.address.to_string());
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), &ca.certificate).expect("write the CA");
        Self { proxy, _server: upstream, folder, ca }
    }

    /// Settings that trust the server, with this client certificate.
    pub fn settings(&self, client: Option<&Pem>) -> ConnectionSettings {
        let path = |p: std::path::PathBuf| Some(p.display().to_string());
        let pair = client.map(|c| c.write(self.folder.path(), "client"));
        let (tls_cert_path, tls_key_path) = pair.map_or((None, None), |(c, k)| (path(c), path(k)));
        ConnectionSettings {
            tls_ca_path: path(self.folder.path().join("ca.pem")),
            tls_cert_path,
            tls_key_path,
            ..at(&format!("localhost:{}", self.proxy.address.port()))
        }
    }
}

fn nothing_else_is_known(snapshot: &ClusterSnapshot) {
    assert!(matches!(snapshot.system, Known::Unknown(_)));
    let [namespace] = snapshot.namespaces.as_slice() else { panic!("the namespace asked for is there") };
    let why = namespace.schedules.why().expect("a reason");
    assert!(why.reason.contains("the connection failed at step"), "{why:?}");
    assert!(why.remedy.is_some());
    assert!(snapshot.rpcs.is_empty(), "nothing was asked: {:?}", snapshot.rpcs);
}

#[test]
fn a_port_nobody_listens_on() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let snapshot = run(at(&free.to_string()), &options(&["payments"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "tcp");
    assert!(step.detail.contains("nothing listens"), "{}", step.detail);
    nothing_else_is_known(&snapshot);
}

#[test]
fn a_name_that_does_not_resolve() {
    let snapshot = run(at("no-such-host.invalid:7233"), &options(&["payments"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "dns");
    assert!(step.detail.contains("`no-such-host.invalid` cannot be resolved"), "{}", step.detail);
    nothing_else_is_known(&snapshot);
}

#[test]
fn a_web_server_where_the_frontend_should_be() {
    let web = says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    let snapshot = run(at(&web), &options(&["payments"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "grpc");
    assert!(step.detail.contains("a web server answers") && step.detail.contains("400"), "{}", step.detail);
    assert!(step.remedy.as_deref().is_some_and(|r| r.contains("7233")));
    nothing_else_is_known(&snapshot);
    // The same over TLS settings.
    let snapshot = run(ConnectionSettings { tls: Some(true), ..at(&web) }, &options(&["payments"]));
    assert!(failed(&snapshot).detail.contains("a web server answers"), "{:?}", failed(&snapshot));
}

#[test]
fn something_that_speaks_neither() {
    let snapshot = run(at(&says(b"220 mail.example ESMTP ready\r\n")), &options(&["payments"]));
    assert_eq!(failed(&snapshot).step, "grpc");
    assert!(failed(&snapshot).detail.contains("neither gRPC nor HTTP"), "{}", failed(&snapshot).detail);
    let snapshot = run(at(&says(b"")), &options(&["payments"]));
    assert!(failed(&snapshot).detail.contains("closed the connection"), "{}", failed(&snapshot).detail);
}

#[test]
fn another_grpc_service() {
    let other = fake::Fake::start(|method, _| {
        fake::status(tonic::Code::Unimplemented, &format!("unknown service for {method}"))
    });
    let snapshot = run(at(&other.address.to_string()), &options(&["payments"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "grpc");
    assert!(step.detail.contains("not the Temporal API"), "{}", step.detail);
}

#[test]
fn tls_towards_a_plaintext_server() {
    let plain = fake::Fake::start(|_, _| fake::Reply::Message(Vec::new()));
    let settings = ConnectionSettings { tls: Some(true), ..at(&plain.address.to_string()) };
    let snapshot = run(settings, &options(&["payments"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "tls");
    assert!(step.detail.contains("speaks plaintext"), "{}", step.detail);
    nothing_else_is_known(&snapshot);
}

#[test]
fn plaintext_towards_a_tls_server() {
    let guarded = Guarded::start(valid(), &["localhost"]);
    let snapshot = run(at(&format!("localhost:{}", guarded.proxy.address.port())), &options(&["payments"]));
    let step = failed(&snapshot);
    assert_eq!(step.step, "tls");
    assert!(step.detail.contains("the server speaks TLS"), "{}", step.detail);
    assert!(step.remedy.as_deref().is_some_and(|r| r.contains("--source-tls")));
    nothing_else_is_known(&snapshot);
}

#[test]
fn the_right_client_certificate_passes_and_the_chain_is_kept() {
    let guarded = Guarded::start(valid(), &["localhost", "127.0.0.1"]);
    let client = guarded.ca.client("worker", valid());
    let snapshot = run(guarded.settings(Some(&client)), &options(&["payments"]));
    let steps: Vec<_> = snapshot.connection.iter().map(|s| (s.step.as_str(), s.ok)).collect();
    assert_eq!(
        steps,
        [("configuration", true), ("dns", true), ("tcp", true), ("tls", true), ("grpc", true), ("auth", false)],
        "{:#?}",
        snapshot.connection
    );
    assert_eq!(snapshot.credential, Credential::Mtls);
    let chain = snapshot.endpoint_chain.value().expect("a chain");
    assert_eq!(chain[0].names, ["localhost", "127.0.0.1"]);
    let [pair, ca] = snapshot.certificate_files.as_slice() else { panic!("{:#?}", snapshot.certificate_files) };
    assert_eq!(pair.key_matches, Some(true));
    assert!(pair.chain[0].subject.contains("CN=worker"));
    assert!(ca.chain[0].is_ca);
    let json = serde_json::to_string(&snapshot).expect("JSON");
    assert!(!json.contains("PRIVATE KEY") && !json.contains(client.key.lines().nth(1).expect("a line")));
}

#[test]
fn client_certificates_the_server_does_not_want() {
    let guarded = Guarded::start(valid(), &["localhost"]);
    let stranger = Authority::new("Another CA", valid());
    for (client, detail) in [
        (None, "client certificate"),
        (Some(guarded.ca.client("late", Validity::days(today(), -90, -1))), "it has expired"),
        (Some(stranger.client("stranger", valid())), "client certificate"),
    ] {
        let snapshot = run(guarded.settings(client.as_ref()), &options(&["payments"]));
        let step = failed(&snapshot);
        assert_eq!(step.step, "tls");
        assert!(step.detail.contains(detail), "{}", step.detail);
        assert!(snapshot.endpoint_chain.value().is_some_and(|chain| chain.len() == 1));
        nothing_else_is_known(&snapshot);
    }
}

#[test]
fn server_certificates_that_cannot_be_trusted_are_shown_all_the_same() {
    let expired = Guarded::start(Validity::days(today(), -90, -1), &["localhost"]);
    let other_name = Guarded::start(valid(), &["temporal.example"]);
    let fine = Guarded::start(valid(), &["localhost"]);
    let wrong_ca = fine.folder.path().join("ca.pem");
    std::fs::write(&wrong_ca, Authority::new("Another CA", valid()).certificate).expect("write the CA");
    for (guarded, detail, remedy) in [
        (&expired, "the server's certificate has expired", "renew"),
        (&other_name, "the server's certificate is not for `localhost`", "--source-tls-server-name"),
        (&fine, "not signed by a trusted CA", "--source-tls-ca-path"),
    ] {
        let client = guarded.ca.client("worker", valid());
        let snapshot = run(guarded.settings(Some(&client)), &options(&["payments"]));
        let step = failed(&snapshot);
        assert_eq!(step.step, "tls");
        assert!(step.detail.contains(detail), "{}", step.detail);
        assert!(step.remedy.as_deref().is_some_and(|r| r.contains(remedy)), "{:?}", step.remedy);
        assert_eq!(snapshot.endpoint_chain.value().map(Vec::len), Some(1), "the chain was recorded");
        nothing_else_is_known(&snapshot);
    }
    // The name can be given, and verification can be switched off.
    let client = other_name.ca.client("worker", valid());
    for settings in [
        ConnectionSettings { tls_server_name: Some("temporal.example".into()), ..other_name.settings(Some(&client)) },
        ConnectionSettings { tls_disable_host_verification: Some(true), ..other_name.settings(Some(&client)) },
    ] {
        let snapshot = run(settings, &options(&["payments"]));
        assert!(snapshot.connection.iter().any(|s| s.step == "grpc" && s.ok), "{:#?}", snapshot.connection);
    }
}

#[test]
fn certificate_files_that_cannot_be_used() {
    let guarded = Guarded::start(valid(), &["localhost"]);
    let client = guarded.ca.client("worker", valid());
    let other = guarded.ca.client("other", valid());
    let good = guarded.settings(Some(&client));
    let write = |name: &str, text: &str| {
        let path = guarded.folder.path().join(name);
        std::fs::write(&path, text).expect("write");
        Some(path.display().to_string())
    };
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (settings, detail) in [
        (
            ConnectionSettings { tls_key_path: Some("/nowhere/x.key".into()), ..good.clone() },
            "cannot read /nowhere/x.key",
        ),
        (ConnectionSettings { tls_key_path: write("other.key", &other.key), ..good.clone() }, "does not belong to"),
        (ConnectionSettings { tls_key_path: write("locked.key", locked), ..good.clone() }, "is encrypted"),
        (ConnectionSettings { tls_cert_path: write("empty.pem", ""), ..good.clone() }, "holds no certificate"),
        (ConnectionSettings { tls_ca_path: write("ca-text.pem", "hello"), ..good.clone() }, "no usable certificate"),
    ] {
        let snapshot = run(settings, &options(&["payments"]));
        let step = failed(&snapshot);
        assert_eq!(step.step, "configuration");
        assert!(step.detail.contains(detail), "{}", step.detail);
        nothing_else_is_known(&snapshot);
    }
}
