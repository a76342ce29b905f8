//! Certificate and key files as facts. No key material ever leaves this file.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::facts::certificate::{Certificate, CertificateFile, CertificateRole};

/// Read the certificates of one PEM file (or one DER certificate).
///
/// Never fails: what cannot be read or parsed is said in `problem`.
pub fn read_chain_file(path: &str, role: CertificateRole) -> CertificateFile {
    match std::fs::read(path) {
        Ok(bytes) => chain_from(path, &bytes, role),
        Err(e) => unreadable(path, role, format!("cannot be read: {e}")),
    }
}

/// Read a client certificate chain and its private key, and tell whether they belong together.
pub fn read_client_pair(certificate_path: &str, key_path: &str) -> CertificateFile {
    let certificate = match std::fs::read(certificate_path) {
        Ok(bytes) => bytes,
        Err(e) => return unreadable(certificate_path, CertificateRole::Client, format!("cannot be read: {e}")),
    };
    match std::fs::read(key_path) {
        Ok(key) => client_pair_from(certificate_path, &certificate, key_path, &key),
        Err(e) => {
            let mut file = chain_from(certificate_path, &certificate, CertificateRole::Client);
            file.problem = Some(format!("the key {key_path} cannot be read: {e}"));
            file
        }
    }
}

/// Read what a configuration entry names: a certificate file, or every certificate file of a folder.
///
/// In a folder, files ending in `pem`, `crt`, `cer`, `cert` and `der` are looked at, and a private key is paired
/// with the certificate it belongs to. The role follows from the certificate: a CA is an authority, a leaf that
/// may only be used by servers is a server's, any other leaf is a client's.
pub fn read_path(path: &str) -> Vec<CertificateFile> {
    let folder = Path::new(path);
    if !folder.is_dir() {
        let mut file = read_chain_file(path, CertificateRole::Client);
        file.role = role_of(path).unwrap_or(CertificateRole::Client);
        return vec![file];
    }
    let mut names: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect(),
        Err(e) => return vec![unreadable(path, CertificateRole::Client, format!("cannot be listed: {e}"))],
    };
    names.sort();
    let extension = |p: &Path| p.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let keys: Vec<(String, Vec<u8>)> = names
        .iter()
        .filter(|p| matches!(extension(p).as_str(), "pem" | "key" | "pk8"))
        .filter_map(|p| Some((p.display().to_string(), std::fs::read(p).ok()?)))
        .filter(|(_, bytes)| key_format(bytes).is_some())
        .collect();
    let mut files = Vec::new();
    for name in names.iter().filter(|p| matches!(extension(p).as_str(), "pem" | "crt" | "cer" | "cert" | "der")) {
        let shown = name.display().to_string();
        let mut file = read_chain_file(&shown, role_of(&shown).unwrap_or(CertificateRole::Client));
        // A file with nothing but a key is no certificate file.
        if file.chain.is_empty() && keys.iter().any(|(path, _)| *path == shown) {
            continue;
        }
        if file.role != CertificateRole::Authority {
            let bytes = std::fs::read(name).unwrap_or_default();
            let owner = keys.iter().find(|(_, key)| keys_match(&bytes, key) == Ok(true));
            if let Some((_, key)) = owner {
                (file.key_format, file.key_matches) = (key_format(key).map(str::to_owned), Some(true));
            }
        }
        files.push(file);
    }
    files
}

/// Certificates from PEM or DER bytes; `label` stands for the path.
pub(super) fn chain_from(label: &str, bytes: &[u8], role: CertificateRole) -> CertificateFile {
    let mut file = unreadable(label, role, String::new());
    file.problem = None;
    for der in ders(bytes) {
        match parse(&der) {
            Ok(certificate) => file.chain.push(certificate),
            Err(e) => file.problem = Some(format!("certificate {} is malformed: {e}", file.chain.len() + 1)),
        }
    }
    if file.chain.is_empty() && file.problem.is_none() {
        let what =
            if key_format(bytes).is_some() { "holds a private key but no certificate" } else { "holds no certificate" };
        file.problem = Some(what.into());
    }
    file
}

/// As [`read_client_pair`], from bytes.
pub(super) fn client_pair_from(label: &str, certificate: &[u8], key_label: &str, key: &[u8]) -> CertificateFile {
    let mut file = chain_from(label, certificate, CertificateRole::Client);
    file.key_format = key_format(key).map(str::to_owned);
    match keys_match(certificate, key) {
        Ok(matches) => file.key_matches = Some(matches),
        Err(why) => file.problem = file.problem.or_else(|| Some(format!("the key {key_label} {why}"))),
    }
    file
}

/// One certificate from DER.
///
/// # Errors
/// What the parser found wrong.
pub fn parse(der: &[u8]) -> Result<Certificate, String> {
    let (_, x509) = X509Certificate::from_der(der).map_err(|e| e.to_string())?;
    let time = |t: x509_parser::time::ASN1Time| {
        jiff::Timestamp::from_second(t.timestamp()).map_err(|_| "a date beyond the calendar".to_owned())
    };
    let (mut is_ca, mut digital_signature, mut names) = (false, None, Vec::new());
    for extension in x509.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => is_ca = constraints.ca,
            ParsedExtension::KeyUsage(usage) => digital_signature = Some(usage.digital_signature()),
            ParsedExtension::SubjectAlternativeName(san) => names.extend(san.general_names.iter().filter_map(name)),
            _ => {}
        }
    }
    Ok(Certificate {
        subject: x509.subject().to_string(),
        issuer: x509.issuer().to_string(),
        serial: hex(x509.raw_serial()),
        not_before: time(x509.validity().not_before)?,
        not_after: time(x509.validity().not_after)?,
        version: x509.version().0 + 1,
        is_ca,
        key_algorithm: key_algorithm(&x509),
        signature_algorithm: signature_algorithm(&x509.signature_algorithm.algorithm.to_id_string()).to_owned(),
        digital_signature,
        names,
        fingerprint: hex(&Sha256::digest(der)),
    })
}

/// Whether PEM text holds a private key that needs a passphrase.
pub(super) fn is_encrypted(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}

fn key_format(pem: &[u8]) -> Option<&'static str> {
    if is_encrypted(pem) {
        return Some("encrypted");
    }
    match PrivateKeyDer::from_pem_slice(pem).ok()? {
        PrivateKeyDer::Pkcs8(_) => Some("pkcs8"),
        PrivateKeyDer::Pkcs1(_) => Some("pkcs1"),
        PrivateKeyDer::Sec1(_) => Some("sec1"),
        _ => None,
    }
}

/// Whether the private key belongs to the first certificate, or why that cannot be told.
fn keys_match(certificate: &[u8], key: &[u8]) -> Result<bool, String> {
    if is_encrypted(key) {
        return Err("is encrypted; Temporal clients need it without a passphrase".into());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| "holds no private key".to_owned())?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key)
        .map_err(|_| "is damaged, or of a kind that cannot be checked here".to_owned())?;
    let leaf = ders(certificate).into_iter().next().ok_or("has no certificate to belong to")?;
    let pair = rustls::sign::CertifiedKey::new(vec![leaf], key);
    match pair.keys_match() {
        Ok(()) => Ok(true),
        Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => Ok(false),
        Err(_) => Err("cannot be compared with the certificate".into()),
    }
}

fn ders(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let pem: Vec<_> = CertificateDer::pem_slice_iter(bytes).flatten().map(CertificateDer::into_owned).collect();
    // DER starts with a SEQUENCE; PEM never does.
    if pem.is_empty() && bytes.first() == Some(&0x30) { vec![CertificateDer::from(bytes.to_vec())] } else { pem }
}

fn role_of(path: &str) -> Option<CertificateRole> {
    let bytes = std::fs::read(path).ok()?;
    let ders = ders(&bytes);
    let (_, leaf) = X509Certificate::from_der(ders.first()?).ok()?;
    if leaf.basic_constraints().ok().flatten().is_some_and(|c| c.value.ca) {
        return Some(CertificateRole::Authority);
    }
    let usage = leaf.extended_key_usage().ok().flatten();
    let server_only = usage.is_some_and(|u| u.value.server_auth && !u.value.client_auth && !u.value.any);
    Some(if server_only { CertificateRole::Server } else { CertificateRole::Client })
}

fn unreadable(path: &str, role: CertificateRole, problem: String) -> CertificateFile {
    CertificateFile {
        path: path.to_owned(),
        role,
        chain: Vec::new(),
        key_matches: None,
        key_format: None,
        problem: Some(problem),
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        GeneralName::RFC822Name(mail) => Some((*mail).to_owned()),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(v4) => Some(std::net::Ipv4Addr::from(v4).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string()),
        },
        _ => None,
    }
}

fn key_algorithm(x509: &X509Certificate<'_>) -> String {
    let key = x509.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(_)) => "RSA".into(),
        Ok(PublicKey::EC(_)) => "ECDSA".into(),
        _ => match key.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519".into(),
            oid => oid.to_owned(),
        },
    }
}

fn signature_algorithm(oid: &str) -> &str {
    match oid {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        other => other,
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
#[path = "certificates_tests.rs"]
mod tests;
