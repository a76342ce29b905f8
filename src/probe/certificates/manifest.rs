//! Certificates inside other files: Kubernetes Secrets and profiles of `temporal.toml`.
//!
//! Values are decoded here and go no further than the certificate reader; nothing of them is ever repeated.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::{chain_from, chain_role, client_pair_from, key_format, unreadable};
use crate::facts::certificate::{CertificateFile, CertificateRole};

/// The certificates of every Kubernetes Secret in a YAML or JSON file; none when it holds no Secret.
///
/// `List`s are looked into. A value of `data` is decoded from base64, one of `stringData` is taken as it is.
pub(super) fn kubernetes(path: &str, text: &str) -> Vec<CertificateFile> {
    if !text.contains("Secret") {
        return Vec::new();
    }
    let documents: Vec<Value> = match serde_saphyr::from_multiple(text) {
        Ok(documents) => documents,
        // What the parser says may quote the manifest, and that holds keys.
        Err(_) => {
            let problem = "is not valid YAML or JSON; a template must be rendered first (`helm template`)";
            return vec![unreadable(path, CertificateRole::Client, problem.to_owned())];
        }
    };
    let mut files = Vec::new();
    for document in &documents {
        secrets(path, document, &mut files);
    }
    files
}

fn secrets(path: &str, document: &Value, files: &mut Vec<CertificateFile>) {
    if let Some(items) = document.get("items").and_then(Value::as_array) {
        for item in items {
            secrets(path, item, files);
        }
        return;
    }
    if document.get("kind").and_then(Value::as_str) != Some("Secret") {
        return;
    }
    let of = |key: &str| document.pointer(key).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (of("/metadata/namespace"), of("/metadata/name"));
    let owner = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
    let mut values: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for (key, value) in document.get("data").and_then(Value::as_object).into_iter().flatten() {
        let Some(text) = value.as_str() else { continue };
        let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        match STANDARD.decode(packed) {
            Ok(bytes) => drop(values.insert(key, bytes)),
            Err(_) if key.ends_with(".crt") || key.ends_with(".pem") => {
                let place = format!("{path}: Secret {owner}, {key}");
                files.push(unreadable(&place, CertificateRole::Client, "is not base64".to_owned()));
            }
            Err(_) => {}
        }
    }
    for (key, value) in document.get("stringData").and_then(Value::as_object).into_iter().flatten() {
        if let Some(text) = value.as_str() {
            values.insert(key, text.as_bytes().to_vec());
        }
    }
    for (key, bytes) in &values {
        if !String::from_utf8_lossy(bytes).contains("BEGIN CERTIFICATE") {
            continue;
        }
        let place = format!("{path}: Secret {owner}, {key}");
        let role = chain_role(bytes).unwrap_or(CertificateRole::Client);
        // `tls.crt` and `tls.key`; in other Secrets the key has the same stem, or is the only one.
        let stem = |key: &str| key.rsplit_once('.').map_or(key, |(stem, _)| stem).to_owned();
        let mut keys: Vec<_> = values.iter().filter(|(_, bytes)| key_format(bytes).is_some()).collect();
        if keys.len() > 1 {
            keys.retain(|(other, _)| stem(other) == stem(key));
        }
        files.push(match keys.as_slice() {
            [(key, private)] if role != CertificateRole::Authority => {
                CertificateFile { role, ..client_pair_from(&place, bytes, key, private) }
            }
            _ => chain_from(&place, bytes, role),
        });
    }
}

#[derive(Deserialize)]
struct Profiles {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

#[derive(Deserialize)]
struct Profile {
    #[serde(default)]
    tls: Tls,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tls {
    client_cert_path: String,
    client_cert_data: String,
    client_key_path: String,
    client_key_data: String,
    server_ca_cert_path: String,
    server_ca_cert_data: String,
}

/// The certificates of every profile of a `temporal.toml`, given as paths or as text in it.
pub(super) fn temporal_toml(path: &str, text: &str) -> Vec<CertificateFile> {
    let Ok(read) = toml::from_str::<Profiles>(text) else {
        return vec![unreadable(path, CertificateRole::Client, "is not a valid temporal.toml".to_owned())];
    };
    let mut files = Vec::new();
    for (name, Profile { tls }) in read.profile {
        let place = format!("{path}: profile {name}");
        let certificate = source(&place, &tls.client_cert_data, &tls.client_cert_path);
        let key = source(&place, &tls.client_key_data, &tls.client_key_path);
        match (certificate, key) {
            (Some(Ok((place, certificate))), Some(Ok((key_place, key)))) => {
                files.push(client_pair_from(&place, &certificate, &key_place, &key));
            }
            (Some(Ok((place, certificate))), key) => {
                let mut file = chain_from(&place, &certificate, CertificateRole::Client);
                file.problem = file.problem.or(match key {
                    Some(Err((key_place, problem))) => Some(format!("the key {key_place} {problem}")),
                    _ => Some("has no private key beside it".to_owned()),
                });
                files.push(file);
            }
            (Some(Err((place, problem))), _) => files.push(unreadable(&place, CertificateRole::Client, problem)),
            (None, _) => {}
        }
        match source(&place, &tls.server_ca_cert_data, &tls.server_ca_cert_path) {
            Some(Ok((place, bytes))) => files.push(chain_from(&place, &bytes, CertificateRole::Authority)),
            Some(Err((place, problem))) => files.push(unreadable(&place, CertificateRole::Authority, problem)),
            None => {}
        }
    }
    files
}

/// Where the text stands and the text itself, or where and why not; nothing when neither is given.
type Found = Result<(String, Vec<u8>), (String, String)>;

fn source(place: &str, data: &str, path: &str) -> Option<Found> {
    if !data.is_empty() {
        return Some(Ok((place.to_owned(), data.as_bytes().to_vec())));
    }
    if path.is_empty() {
        return None;
    }
    Some(match std::fs::read(path) {
        Ok(bytes) => Ok((path.to_owned(), bytes)),
        Err(e) => Err((path.to_owned(), format!("cannot be read: {e}"))),
    })
}
