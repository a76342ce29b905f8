//! The way to a cluster, step by step: what was seen at each, and at the first that fails, why and what to do.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tonic::transport::{Channel, Endpoint};

use super::hello::{HELLO_TIMEOUT, Hello};
use super::tls::{self, Tls};
use super::trouble::Trouble;
use crate::facts::certificate::{Certificate, CertificateFile, CertificateRole};
use crate::facts::cluster::{Credential, LadderStep};
use crate::facts::{Known, Why};
use crate::probe::certificates;
use crate::probe::connection::{Connection, Pem};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The steps taken so far, and the channel when the transport stands.
pub(super) struct Ladder {
    pub(super) steps: Vec<LadderStep>,
    pub(super) endpoint_chain: Known<Vec<Certificate>>,
    pub(super) certificate_files: Vec<CertificateFile>,
    pub(super) channel: Option<Channel>,
}

impl Ladder {
    /// Why nothing further is known: the failed step.
    pub(super) fn why(&self) -> Option<Why> {
        let failed = self.steps.iter().find(|step| !step.ok)?;
        let reason = format!("the connection failed at step {}: {}", failed.step, failed.detail);
        Some(Why { reason, remedy: failed.remedy.clone() })
    }

    /// Add a step that began at `since`.
    pub(super) fn step(&mut self, name: &str, since: Instant, outcome: Result<String, Trouble>) -> bool {
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (ok, detail, remedy) = match outcome {
            Ok(detail) => (true, detail, None),
            Err((detail, remedy)) => (false, detail, Some(remedy)),
        };
        self.steps.push(LadderStep { step: name.to_owned(), ok, detail, remedy, ms });
        ok
    }
}

/// Read the certificate files, resolve, dial, shake hands, and open a channel that speaks HTTP/2.
///
/// Takes the steps `configuration`, `dns`, `tcp`, `tls`, and, when no HTTP/2 server answers, the failed `grpc`.
pub(super) async fn climb(connection: &Connection) -> Ladder {
    let mut ladder = Ladder {
        steps: Vec::new(),
        endpoint_chain: Known::unknown("the TLS handshake was not reached"),
        certificate_files: certificate_files(connection),
        channel: None,
    };
    let since = Instant::now();
    let tls = match connection.tls.as_ref().map(|settings| tls::prepare(connection, settings)).transpose() {
        Ok(tls) => tls.map(Arc::new),
        Err(trouble) => {
            ladder.step("configuration", since, Err(trouble));
            return ladder;
        }
    };
    ladder.step("configuration", since, Ok(configured(connection)));

    let since = Instant::now();
    let addresses = resolve(connection).await;
    let words = addresses.as_ref().map(|list| list.iter().map(|a| a.ip().to_string()).collect::<Vec<_>>().join(", "));
    if !ladder.step("dns", since, words.map_err(Clone::clone)) {
        return ladder;
    }

    let since = Instant::now();
    let tcp = dial_tcp(connection).await;
    let words =
        tcp.as_ref().map(|s| s.peer_addr().map_or_else(|_| "connected".into(), |a| format!("connected to {a}")));
    if !ladder.step("tcp", since, words.map_err(Clone::clone)) {
        return ladder;
    }
    let Ok(tcp) = tcp else { return ladder };

    let since = Instant::now();
    let met = meet(connection, tls.as_deref(), tcp).await;
    ladder.endpoint_chain = match &tls {
        None => Known::Known(Vec::new()),
        Some(tls) => match tls.seen.chain() {
            Some(chain) => parsed(&chain),
            None => Known::unknown("the endpoint showed no certificate"),
        },
    };
    let hello = match met {
        Ok((words, hello)) => {
            ladder.step("tls", since, Ok(words));
            hello
        }
        Err(trouble) => {
            ladder.step("tls", since, Err(trouble));
            return ladder;
        }
    };
    if let Some(trouble) = hello.trouble(connection) {
        ladder.step("grpc", since, Err(trouble));
        return ladder;
    }
    let since = Instant::now();
    match open(connection, tls).await {
        Ok(channel) => ladder.channel = Some(channel),
        Err(trouble) => {
            ladder.step("grpc", since, Err(trouble));
        }
    }
    ladder
}

fn configured(connection: &Connection) -> String {
    let credential = match connection.credential {
        Credential::None => "no credential",
        Credential::Mtls => "client certificate",
        Credential::ApiKey => "API key",
    };
    let transport = match &connection.tls {
        None => "plaintext".to_owned(),
        Some(tls) if tls.skip_verification => "TLS without host verification".to_owned(),
        Some(_) => format!("TLS to {}", connection.server_name()),
    };
    format!("{}, {transport}, {credential}", connection.address)
}

fn certificate_files(connection: &Connection) -> Vec<CertificateFile> {
    let Some(tls) = &connection.tls else { return Vec::new() };
    let mut files = Vec::new();
    let unread = |pem: &Pem, role, problem: String| {
        let mut file = certificates::chain_from(pem.place(), b"", role);
        file.problem = Some(problem);
        file
    };
    if let (Some(certificate), Some(key)) = (&tls.client_certificate, &tls.client_key) {
        files.push(match (certificate.read(), key.read()) {
            (Ok(c), Ok(k)) => certificates::client_pair_from(certificate.place(), &c, key.place(), &k),
            (Ok(c), Err(e)) => {
                let mut file = certificates::chain_from(certificate.place(), &c, CertificateRole::Client);
                file.problem = Some(e);
                file
            }
            (Err(e), _) => unread(certificate, CertificateRole::Client, e),
        });
    }
    if let Some(authority) = &tls.authority {
        files.push(match authority.read() {
            Ok(bytes) => certificates::chain_from(authority.place(), &bytes, CertificateRole::Authority),
            Err(e) => unread(authority, CertificateRole::Authority, e),
        });
    }
    files
}

fn parsed(chain: &[rustls::pki_types::CertificateDer<'_>]) -> Known<Vec<Certificate>> {
    let parsed: Result<Vec<_>, _> = chain.iter().map(|der| certificates::parse(der)).collect();
    match parsed {
        Ok(chain) => Known::Known(chain),
        Err(e) => Known::unknown(format!("the endpoint's certificate is malformed: {e}")),
    }
}

async fn resolve(connection: &Connection) -> Result<Vec<SocketAddr>, Trouble> {
    let host = &connection.host;
    let remedy =
        || format!("check the host name of the {} and the DNS of this machine (VPN, private zone)", connection.side);
    match timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((host.as_str(), connection.port))).await {
        Ok(Ok(found)) => {
            let mut list: Vec<SocketAddr> = found.collect();
            list.sort();
            list.dedup();
            if list.is_empty() { Err((format!("`{host}` has no address"), remedy())) } else { Ok(list) }
        }
        Ok(Err(e)) => Err((format!("`{host}` cannot be resolved: {e}"), remedy())),
        Err(_) => Err((format!("`{host}` was not resolved within {} s", CONNECT_TIMEOUT.as_secs()), remedy())),
    }
}

async fn dial_tcp(connection: &Connection) -> Result<TcpStream, Trouble> {
    let address = &connection.address;
    match timeout(CONNECT_TIMEOUT, TcpStream::connect((connection.host.as_str(), connection.port))).await {
        Ok(Ok(stream)) => {
            let _ = stream.set_nodelay(true); // only a matter of speed
            Ok(stream)
        }
        Ok(Err(e)) if e.kind() == io::ErrorKind::ConnectionRefused => Err((
            format!("nothing listens at {address} (connection refused)"),
            "check the port (the frontend's gRPC port is 7233 by default), and that the server is running".into(),
        )),
        Ok(Err(e)) => Err((
            format!("{address} cannot be reached: {e}"),
            "check routes, firewall and VPN between this machine and the cluster".into(),
        )),
        Err(_) => Err((
            format!("{address} did not answer within {} s", CONNECT_TIMEOUT.as_secs()),
            "a firewall may drop the packets; run the probe from the network of the workers".into(),
        )),
    }
}

/// Shake hands and see what kind of server answers. Nothing but the greeting of HTTP/2 is sent.
async fn meet(connection: &Connection, tls: Option<&Tls>, tcp: TcpStream) -> Result<(String, Hello), Trouble> {
    let Some(tls) = tls else {
        let hello = Hello::of(tcp).await;
        if !matches!(hello, Hello::Http2 | Hello::Http1(_)) && speaks_tls(connection).await {
            return Err((
                "the server speaks TLS, but the connection is set to plaintext".into(),
                format!("give --{0}-tls, or --{0}-tls-ca-path when the server's CA is a private one", connection.side),
            ));
        }
        return Ok(("not used: plaintext".into(), hello));
    };
    let handshake = timeout(CONNECT_TIMEOUT, tls.connector.connect(tls.name.clone(), tcp)).await;
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(e)) => return Err(handshake_trouble(connection, tls, &e).await),
        Err(_) => return Err(handshake_trouble(connection, tls, &io::ErrorKind::TimedOut.into()).await),
    };
    let words = {
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        };
        let asked = if tls.seen.asked_for_certificate() { ", client certificate asked for" } else { "" };
        format!("{version}{asked}")
    };
    // In TLS 1.3 the server judges the client's certificate after the handshake; its refusal comes with the
    // first bytes.
    match Hello::of(stream).await {
        Hello::Broken(e) if tls::inside(&e).is_some() => Err(handshake_trouble(connection, tls, &e).await),
        Hello::Closed | Hello::Broken(_) if tls.seen.asked_for_certificate() => Err((
            "the server asked for a client certificate and closed the connection".into(),
            format!(
                "give --{0}-tls-cert-path and --{0}-tls-key-path a certificate signed by a CA the server accepts",
                connection.side
            ),
        )),
        hello => Ok((words, hello)),
    }
}

async fn handshake_trouble(connection: &Connection, tls: &Tls, error: &io::Error) -> Trouble {
    let asked = tls.seen.asked_for_certificate();
    if let Some(e @ (rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_))) = tls::inside(error) {
        return tls::explain(e, connection, asked);
    }
    // Not TLS at all?
    if let Ok(tcp) = dial_tcp(connection).await {
        match Hello::of(tcp).await {
            Hello::Http2 => {
                return (
                    "the server speaks plaintext, but the connection is set to TLS".into(),
                    format!(
                        "remove the TLS options and the API key of the {0}, or give --{0}-tls=false",
                        connection.side
                    ),
                );
            }
            hello @ Hello::Http1(_) => {
                if let Some(trouble) = hello.trouble(connection) {
                    return trouble;
                }
            }
            _ => {}
        }
    }
    match tls::inside(error) {
        Some(e) => tls::explain(e, connection, asked),
        None if error.kind() == io::ErrorKind::TimedOut => (
            format!("the TLS handshake was not answered within {} s", CONNECT_TIMEOUT.as_secs()),
            "check that the port serves TLS".into(),
        ),
        None => (
            format!("the server closed the connection during the TLS handshake ({error})"),
            format!(
                "check the server name (--{0}-tls-server-name), the client certificate and the connectivity rules of the {0}",
                connection.side
            ),
        ),
    }
}

/// Whether a TLS handshake gets anywhere; nothing is trusted or sent.
async fn speaks_tls(connection: &Connection) -> bool {
    let settings = crate::probe::connection::TlsSettings { skip_verification: true, ..Default::default() };
    let (Ok(tls), Ok(tcp)) = (tls::prepare(connection, &settings), dial_tcp(connection).await) else { return false };
    match timeout(HELLO_TIMEOUT, tls.connector.connect(tls.name.clone(), tcp)).await {
        Ok(Ok(_)) => true,
        Ok(Err(e)) => matches!(tls::inside(&e), Some(rustls::Error::AlertReceived(_))),
        Err(_) => false,
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn dial(connection: &Connection, tls: Option<&Tls>) -> io::Result<Box<dyn Stream>> {
    let tcp = dial_tcp(connection).await.map_err(|(words, _)| io::Error::other(words))?;
    let Some(tls) = tls else { return Ok(Box::new(tcp)) };
    Ok(Box::new(timeout(CONNECT_TIMEOUT, tls.connector.connect(tls.name.clone(), tcp)).await??))
}

/// A channel that dials anew when the server closes the connection (frontends do every few minutes).
async fn open(connection: &Connection, tls: Option<Arc<Tls>>) -> Result<Channel, Trouble> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let authority = match (&connection.authority, &connection.tls) {
        (Some(authority), _) => authority.clone(),
        (None, Some(tls)) if tls.server_name.is_some() => format!("{}:{}", connection.server_name(), connection.port),
        _ => connection.address.clone(),
    };
    let origin: Uri = format!("{scheme}://{authority}").parse().map_err(|_| {
        (format!("`{authority}` cannot be used as authority"), format!("check --{}-client-authority", connection.side))
    })?;
    let user_agent = concat!("temporal-preflight/", env!("CARGO_PKG_VERSION"));
    let endpoint = Endpoint::from(origin.clone()).origin(origin).user_agent(user_agent);
    let endpoint =
        endpoint.map_err(|e| (format!("the channel cannot be set up: {e}"), "report this as a fault".into()))?;
    let shared = Arc::new(connection.clone());
    let connector = tower::service_fn(move |_: Uri| {
        let (connection, tls) = (Arc::clone(&shared), tls.clone());
        async move { dial(&connection, tls.as_deref()).await.map(TokioIo::new) }
    });
    endpoint.connect_with_connector(connector).await.map_err(|e| {
        let mut words = e.to_string();
        let mut cause = std::error::Error::source(&e);
        while let Some(inner) = cause {
            words = inner.to_string();
            cause = inner.source();
        }
        (format!("the HTTP/2 connection failed: {words}"), "probe again; if it lasts, look at the server's log".into())
    })
}
