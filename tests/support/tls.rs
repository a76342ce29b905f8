//! Certificates made on the spot, and a proxy that gives a plaintext server TLS with client certificates.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// First and last day of a certificate.
#[derive(Debug, Clone, Copy)]
pub struct Validity {
    /// `notBefore`, at midnight UTC.
    pub from: Date,
    /// `notAfter`, at midnight UTC.
    pub to: Date,
}

impl Validity {
    /// From a number of days relative to `today` to another.
    pub fn days(today: Date, from: i32, to: i32) -> Self {
        let day = |n: i32| today.checked_add(jiff::Span::new().days(n)).expect("a date in range");
        Self { from: day(from), to: day(to) }
    }
}

/// A certificate with its key, as PEM.
#[derive(Debug, Clone)]
pub struct Pem {
    /// `-----BEGIN CERTIFICATE-----`.
    pub certificate: String,
    /// `-----BEGIN PRIVATE KEY-----` (PKCS#8).
    pub key: String,
}

impl Pem {
    /// Write `<name>.pem` and `<name>.key` into a folder and return both paths.
    pub fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        std::fs::write(&certificate, &self.certificate).expect("write a certificate");
        std::fs::write(&key, &self.key).expect("write a key");
        (certificate, key)
    }
}

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, as PEM.
    pub certificate: String,
}

impl Authority {
    /// A self-signed CA.
    pub fn new(name: &str, validity: Validity) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, &[], validity);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key).expect("a CA certificate").pem();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// A server certificate for DNS names or IP addresses.
    pub fn server(&self, names: &[&str], validity: Validity) -> Pem {
        self.leaf(names.first().unwrap_or(&"server"), names, ExtendedKeyUsagePurpose::ServerAuth, validity)
    }

    /// A client certificate.
    pub fn client(&self, name: &str, validity: Validity) -> Pem {
        self.leaf(name, &[], ExtendedKeyUsagePurpose::ClientAuth, validity)
    }

    fn leaf(&self, name: &str, names: &[&str], usage: ExtendedKeyUsagePurpose, validity: Validity) -> Pem {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, names, validity);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Pem { certificate, key: key.serialize_pem() }
    }
}

fn params(name: &str, names: &[&str], validity: Validity) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("valid names");
    params.distinguished_name.push(DnType::CommonName, name);
    let at = |d: Date| rcgen::date_time_ymd(d.year().into(), d.month() as u8, d.day() as u8);
    (params.not_before, params.not_after) = (at(validity.from), at(validity.to));
    params
}

/// A TLS end point on loopback that demands a client certificate and hands the bytes on in the clear.
///
/// Dropping it closes the listener and every connection.
pub struct TlsProxy {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl TlsProxy {
    /// Listen with `server`, admit clients signed by `clients` (PEM of a CA), forward to `upstream` (`host:port`).
    pub fn start(server: &Pem, clients: &str, upstream: &str) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config(server, clients)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let upstream = upstream.to_owned();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, acceptor, upstream) => {}
                }
            });
        });
        Self { address, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, upstream: String) {
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
        tokio::spawn(async move {
            // A refused handshake ends here: the client has received the alert.
            let Ok(mut inside) = acceptor.accept(socket).await else { return };
            let Ok(mut outside) = TcpStream::connect(upstream).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
        });
    }
}

fn config(server: &Pem, clients: &str) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(clients.as_bytes()).expect("a CA")).expect("a usable CA");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let chain = vec![CertificateDer::from_pem_slice(server.certificate.as_bytes()).expect("a certificate")];
    let key = PrivatePkcs8KeyDer::from_pem_slice(server.key.as_bytes()).expect("a key");
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(chain, PrivateKeyDer::Pkcs8(key))
        .expect("a certificate that fits its key");
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}
