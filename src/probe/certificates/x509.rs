//! One certificate from its DER form, and who signed whom.

use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_parser::error::X509Error;
use x509_parser::extensions::ExtendedKeyUsage;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::hex;
use crate::facts::certificate::{Certificate, CertificateRole};

/// One certificate from DER.
///
/// # Errors
/// What the parser found wrong.
pub fn parse(der: &[u8]) -> Result<Certificate, String> {
    let (_, x509) = X509Certificate::from_der(der).map_err(|e| e.to_string())?;
    let time = |t: x509_parser::time::ASN1Time| {
        jiff::Timestamp::from_second(t.timestamp()).map_err(|_| "a date beyond the calendar".to_owned())
    };
    let mut certificate = Certificate {
        subject: x509.subject().to_string(),
        issuer: x509.issuer().to_string(),
        common_names: values(x509.subject().iter_common_name()),
        organizations: values(x509.subject().iter_organization()),
        organizational_units: values(x509.subject().iter_organizational_unit()),
        serial: hex(x509.raw_serial()),
        not_before: time(x509.validity().not_before)?,
        not_after: time(x509.validity().not_after)?,
        version: x509.version().0 + 1,
        key_algorithm: key_algorithm(&x509),
        signature_algorithm: signature_algorithm(&x509.signature_algorithm.algorithm.to_id_string()).to_owned(),
        fingerprint: fingerprint(der),
        ..Certificate::default()
    };
    for extension in x509.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => certificate.is_ca = constraints.ca,
            ParsedExtension::KeyUsage(usage) => certificate.digital_signature = Some(usage.digital_signature()),
            ParsedExtension::ExtendedKeyUsage(usage) => certificate.extended_key_usage = usages(usage),
            ParsedExtension::SubjectAlternativeName(san) => {
                certificate.names.extend(san.general_names.iter().filter_map(name));
            }
            ParsedExtension::SubjectKeyIdentifier(id) => certificate.subject_key_id = Some(hex(id.0)),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                certificate.authority_key_id = id.key_identifier.as_ref().map(|id| hex(id.0));
            }
            _ => {}
        }
    }
    Ok(certificate)
}

/// For each certificate, the fingerprint of the one among them that signed it.
///
/// Names must agree and the signature must hold; where the algorithm cannot be verified here, names decide.
pub(super) fn signers(ders: &[CertificateDer<'_>]) -> Vec<Option<String>> {
    let parsed: Vec<_> = ders.iter().map(|der| X509Certificate::from_der(der).ok().map(|(_, x509)| x509)).collect();
    let signed = |by: &X509Certificate<'_>, this: &X509Certificate<'_>| {
        by.subject().to_string().eq_ignore_ascii_case(&this.issuer().to_string())
            && matches!(
                this.verify_signature(Some(by.public_key())),
                Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm)
            )
    };
    parsed
        .iter()
        .map(|this| {
            let this = this.as_ref()?;
            let by = parsed.iter().position(|by| by.as_ref().is_some_and(|by| signed(by, this)))?;
            ders.get(by).map(|der| fingerprint(der))
        })
        .collect()
}

/// What a certificate is for: a CA is an authority, a leaf that may only be used by servers is a server's, any
/// other leaf is a client's.
pub(super) fn role_of(der: &[u8]) -> Option<CertificateRole> {
    let (_, leaf) = X509Certificate::from_der(der).ok()?;
    if leaf.basic_constraints().ok().flatten().is_some_and(|c| c.value.ca) {
        return Some(CertificateRole::Authority);
    }
    let usage = leaf.extended_key_usage().ok().flatten();
    let server_only = usage.is_some_and(|u| u.value.server_auth && !u.value.client_auth && !u.value.any);
    Some(if server_only { CertificateRole::Server } else { CertificateRole::Client })
}

fn fingerprint(der: &[u8]) -> String {
    hex(&Sha256::digest(der))
}

fn values<'a>(attributes: impl Iterator<Item = &'a x509_parser::x509::AttributeTypeAndValue<'a>>) -> Vec<String> {
    attributes.filter_map(|attribute| attribute.as_str().ok().map(str::to_owned)).collect()
}

fn usages(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let named = [("any", usage.any), ("clientAuth", usage.client_auth), ("serverAuth", usage.server_auth)].into_iter();
    let mut all: Vec<String> = named.filter(|(_, on)| *on).map(|(name, _)| name.to_owned()).collect();
    all.extend(usage.other.iter().map(|oid| oid.to_id_string()));
    all
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
