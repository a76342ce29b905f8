//! TLS the probe can look into: the endpoint's chain is kept even when it is not trusted, and every refusal
//! is put into words.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::probe::connection::{Connection, TlsSettings};

/// TLS ready to dial with.
pub(super) struct Tls {
    pub(super) connector: tokio_rustls::TlsConnector,
    pub(super) name: ServerName<'static>,
    pub(super) seen: Arc<Seen>,
}

/// What the other end showed during handshakes.
#[derive(Debug, Default)]
pub(super) struct Seen {
    chain: Mutex<Option<Vec<CertificateDer<'static>>>>,
    asked_for_certificate: AtomicBool,
}

impl Seen {
    /// The chain of the last handshake, leaf first.
    pub(super) fn chain(&self) -> Option<Vec<CertificateDer<'static>>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server asked for a client certificate.
    pub(super) fn asked_for_certificate(&self) -> bool {
        self.asked_for_certificate.load(Ordering::Relaxed)
    }
}

/// Read the files and build the configuration; the error is a sentence and what to do.
pub(super) fn prepare(connection: &Connection, settings: &TlsSettings) -> Result<Tls, (String, String)> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let seen = Arc::new(Seen::default());
    let inner = if settings.skip_verification {
        None
    } else {
        let roots = Arc::new(roots(connection, settings)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        Some(
            verifier
                .map_err(|e| (format!("the trusted certificates cannot be used: {e}"), "check the CA file".into()))?,
        )
    };
    let verifier = Recording { inner, provider: Arc::clone(&provider), seen: Arc::clone(&seen) };
    let identity = Identity { key: client_key(settings, &provider)?, seen: Arc::clone(&seen) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| (format!("TLS cannot be set up: {e}"), "report this as a fault of the tool".into()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(identity));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from(connection.server_name().to_owned()).map_err(|_| {
        (
            format!("`{}` is neither a host name nor an IP address", connection.server_name()),
            format!("give --{}-tls-server-name the name in the server's certificate", connection.side),
        )
    })?;
    Ok(Tls { connector: Arc::new(config).into(), name, seen })
}

fn roots(connection: &Connection, settings: &TlsSettings) -> Result<RootCertStore, (String, String)> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = &settings.authority {
        let remedy = || {
            format!(
                "give --{}-tls-ca-path a PEM file with the CA that signed the server's certificate",
                connection.side
            )
        };
        let text = pem.read().map_err(|e| (e, remedy()))?;
        let found: Vec<_> = CertificateDer::pem_slice_iter(&text).flatten().collect();
        let (added, _) = roots.add_parsable_certificates(found);
        if added == 0 {
            return Err((format!("{} holds no usable certificate", pem.place()), remedy()));
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err((
                "this machine has no trusted root certificates".into(),
                format!("install the package ca-certificates, or give --{}-tls-ca-path", connection.side),
            ));
        }
    }
    Ok(roots)
}

fn client_key(
    settings: &TlsSettings,
    provider: &CryptoProvider,
) -> Result<Option<Arc<CertifiedKey>>, (String, String)> {
    let (Some(certificate), Some(key)) = (&settings.client_certificate, &settings.client_key) else { return Ok(None) };
    let remedy = "give the PEM file of the client certificate (leaf first) and its unencrypted private key";
    let fail = |text: String| (text, remedy.to_owned());
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&certificate.read().map_err(fail)?).flatten().map(|c| c.into_owned()).collect();
    if chain.is_empty() {
        return Err(fail(format!("{} holds no certificate", certificate.place())));
    }
    let text = key.read().map_err(fail)?;
    if crate::probe::certificates::is_encrypted(&text) {
        return Err((
            format!("the private key in {} is encrypted", key.place()),
            "decrypt it: openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pkcs8".into(),
        ));
    }
    let der =
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| fail(format!("{} holds no private key", key.place())))?;
    match CertifiedKey::from_der(chain, der, provider) {
        Ok(key) => Ok(Some(Arc::new(key))),
        Err(rustls::Error::InconsistentKeys(_)) => Err(fail(format!(
            "the private key in {} does not belong to the certificate in {}",
            key.place(),
            certificate.place()
        ))),
        // The library's error may quote nothing of the key: it only names formats.
        Err(e) => Err(fail(format!("the private key in {} cannot be used: {e}", key.place()))),
    }
}

/// Presents the configured certificate and notes that one was asked for.
#[derive(Debug)]
struct Identity {
    key: Option<Arc<CertifiedKey>>,
    seen: Arc<Seen>,
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.seen.asked_for_certificate.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        // True without a key as well: only then is `resolve` asked, and the request noted.
        true
    }
}

/// Keeps the chain, then verifies it as usual (or not at all when host verification is disabled).
#[derive(Debug)]
struct Recording {
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    seen: Arc<Seen>,
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(intermediates).map(|c| c.clone().into_owned()).collect();
        *self.seen.chain.lock().unwrap_or_else(PoisonError::into_inner) = Some(chain);
        match &self.inner {
            Some(inner) => inner.verify_server_cert(leaf, intermediates, name, ocsp, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A TLS failure in words, with what to do.
pub(super) fn explain(error: &rustls::Error, connection: &Connection, asked: bool) -> (String, String) {
    let (side, name) = (connection.side, connection.server_name());
    let has_certificate = connection.tls.as_ref().is_some_and(|tls| tls.client_certificate.is_some());
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                "the server's certificate has expired".into(),
                "renew the server's certificate; check the clock of this machine".into(),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                "the server's certificate is not valid yet".into(),
                "check the clocks of this machine and of the server".into(),
            ),
            CertificateError::UnknownIssuer => (
                "the server's certificate is not signed by a trusted CA".into(),
                format!("give --{side}-tls-ca-path the CA that signed it (a private CA is not known to this machine)"),
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                format!("the server's certificate is not for `{name}`"),
                format!("give --{side}-tls-server-name a name the certificate is for (see the endpoint chain)"),
            ),
            other if other.to_string().contains("CaUsedAsEndEntity") => (
                "the server presents a CA certificate as its own (self-signed, with CA:TRUE), which no client may accept"
                    .into(),
                "give the server a certificate of its own, signed by that CA, and give the CA with ".to_owned()
                    + &format!("--{side}-tls-ca-path"),
            ),
            other => (
                format!("the server's certificate was not accepted: {other}"),
                "replace the server's certificate, or correct the CA file".into(),
            ),
        },
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => (
                "the server demands a client certificate and got none".into(),
                client_certificate_flags(side),
            ),
            AlertDescription::CertificateExpired => (
                "the server refused the client certificate: it has expired".into(),
                "renew the client certificate".into(),
            ),
            AlertDescription::CertificateRevoked => (
                "the server refused the client certificate: it is revoked".into(),
                "issue a new client certificate".into(),
            ),
            AlertDescription::UnknownCA => (
                "the server refused the client certificate: it does not know the CA that signed it".into(),
                "upload that CA to the server (Temporal Cloud: tcld namespace accepted-client-ca add), or use a certificate of a CA it knows".into(),
            ),
            AlertDescription::UnrecognisedName => (
                format!("the server does not serve the name `{name}`"),
                format!("give --{side}-tls-server-name the right name (Temporal Cloud: <namespace>.<account>.tmprl.cloud)"),
            ),
            AlertDescription::NoApplicationProtocol => (
                "the server speaks TLS but not HTTP/2, which gRPC needs".into(),
                "use the address of the Temporal frontend, or let the proxy in front of it pass HTTP/2".into(),
            ),
            AlertDescription::ProtocolVersion => (
                "the server speaks neither TLS 1.2 nor TLS 1.3".into(),
                "allow TLS 1.2 or newer on the server".into(),
            ),
            other if asked && has_certificate => (
                format!("the server refused the client certificate ({other:?})"),
                "check that it is a client certificate, is valid today, and is signed by a CA the server accepts".into(),
            ),
            other if asked => (
                format!("the server asked for a client certificate, got none, and ended the handshake ({other:?})"),
                client_certificate_flags(side),
            ),
            other => (
                format!("the server ended the TLS handshake ({other:?})"),
                "look at the server's log for the reason".into(),
            ),
        },
        other => (format!("the TLS handshake failed: {other}"), format!("check that the {side} address serves gRPC over TLS")),
    }
}

fn client_certificate_flags(side: crate::facts::Side) -> String {
    format!("give --{side}-tls-cert-path and --{side}-tls-key-path")
}

/// The TLS error inside an I/O error, if that is what it is.
pub(super) fn inside(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
}
