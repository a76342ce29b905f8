//! Certificate and key files as facts. No key material ever leaves this room.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::facts::certificate::{Certificate, CertificateFile, CertificateRole};

mod manifest;
mod x509;

pub use x509::parse;

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

/// Read what a configuration entry names: a certificate file, a Kubernetes Secret manifest, a `temporal.toml`, or
/// every one of these in a folder.
///
/// A private key in the same file or folder is paired with the certificate it belongs to. The role follows from
/// the certificate: a CA is an authority, a leaf that may only be used by servers is a server's, any other leaf is
/// a client's.
pub fn read_path(path: &str) -> Vec<CertificateFile> {
    let folder = Path::new(path);
    if !folder.is_dir() {
        return match read_any(path) {
            Some(files) if files.is_empty() => {
                let what = "holds no certificate: it has neither a Kubernetes Secret nor a profile with one";
                vec![unreadable(path, CertificateRole::Client, what.into())]
            }
            Some(files) => files,
            None => vec![paired(path, &[])],
        };
    }
    let mut names: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect(),
        Err(e) => return vec![unreadable(path, CertificateRole::Client, format!("cannot be listed: {e}"))],
    };
    names.sort();
    let keys: Vec<(String, Vec<u8>)> = names
        .iter()
        .filter(|p| matches!(extension(p).as_str(), "pem" | "key" | "pk8"))
        .filter_map(|p| Some((p.display().to_string(), std::fs::read(p).ok()?)))
        .filter(|(_, bytes)| key_format(bytes).is_some())
        .collect();
    let mut files = Vec::new();
    for name in &names {
        let shown = name.display().to_string();
        if let Some(found) = read_any(&shown) {
            files.extend(found);
        } else if matches!(extension(name).as_str(), "pem" | "crt" | "cer" | "cert" | "der") {
            let file = paired(&shown, &keys);
            // A file with nothing but a key is no certificate file.
            if !file.chain.is_empty() || !keys.iter().any(|(path, _)| *path == shown) {
                files.push(file);
            }
        }
    }
    files
}

/// What a manifest or a `temporal.toml` holds; `None` when the file is neither by its name.
fn read_any(path: &str) -> Option<Vec<CertificateFile>> {
    let read: fn(&str, &str) -> Vec<CertificateFile> = match extension(Path::new(path)).as_str() {
        "yaml" | "yml" | "json" => manifest::kubernetes,
        "toml" => manifest::temporal_toml,
        _ => return None,
    };
    Some(match std::fs::read_to_string(path) {
        Ok(text) => read(path, &text),
        Err(e) => vec![unreadable(path, CertificateRole::Client, format!("cannot be read: {e}"))],
    })
}

/// A certificate file with the key among these, or in the file itself, that belongs to it.
fn paired(path: &str, keys: &[(String, Vec<u8>)]) -> CertificateFile {
    let Ok(bytes) = std::fs::read(path) else { return read_chain_file(path, CertificateRole::Client) };
    let mut file = chain_from(path, &bytes, chain_role(&bytes).unwrap_or(CertificateRole::Client));
    if file.role != CertificateRole::Authority && !file.chain.is_empty() {
        let inside = key_format(&bytes).is_some().then_some(&bytes);
        let mut all = inside.into_iter().chain(keys.iter().map(|(_, key)| key));
        if let Some(key) = all.find(|key| keys_match(&bytes, key) == Ok(true)) {
            (file.key_format, file.key_matches) = (key_format(key).map(str::to_owned), Some(true));
        }
    }
    file
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase()
}

/// The role of the first certificate in PEM or DER bytes.
fn chain_role(bytes: &[u8]) -> Option<CertificateRole> {
    x509::role_of(ders(bytes).first()?)
}

/// Certificates from PEM or DER bytes; `label` stands for the path.
pub(super) fn chain_from(label: &str, bytes: &[u8], role: CertificateRole) -> CertificateFile {
    let mut file = unreadable(label, role, String::new());
    file.problem = None;
    file.size_bytes = bytes.len() as u64;
    let ders = ders(bytes);
    for (der, signed_by) in ders.iter().zip(x509::signers(&ders)) {
        match parse(der) {
            Ok(certificate) => file.chain.push(Certificate { signed_by, ..certificate }),
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

fn unreadable(path: &str, role: CertificateRole, problem: String) -> CertificateFile {
    CertificateFile {
        path: path.to_owned(),
        role,
        chain: Vec::new(),
        size_bytes: 0,
        key_matches: None,
        key_format: None,
        problem: Some(problem),
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
mod tests;
