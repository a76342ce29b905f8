//! X.509 certificates as the rules of Temporal Cloud look at them (docs: cloud/get-started/certificates).

use serde::{Deserialize, Serialize};

/// One certificate of a chain, without any key material.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Certificate {
    /// Distinguished name, RFC 4514 style.
    pub subject: String,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// Common names of the subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub common_names: Vec<String>,
    /// Organizations of the subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<String>,
    /// Organizational units of the subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizational_units: Vec<String>,
    /// Hexadecimal serial number.
    pub serial: String,
    /// Start of validity.
    pub not_before: jiff::Timestamp,
    /// End of validity.
    pub not_after: jiff::Timestamp,
    /// X.509 version, 1-based (3 is required by Cloud).
    pub version: u32,
    /// Basic constraint CA.
    pub is_ca: bool,
    /// `RSA`, `ECDSA`, `Ed25519` or the OID.
    pub key_algorithm: String,
    /// Such as `sha256WithRSAEncryption`, or the OID.
    pub signature_algorithm: String,
    /// Whether the key usage extension has digitalSignature; `None` when there is no such extension.
    pub digital_signature: Option<bool>,
    /// `clientAuth`, `serverAuth`, `any` or OIDs of the extended key usage; empty when there is no such extension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extended_key_usage: Vec<String>,
    /// Hexadecimal identifier of its own key, when it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_key_id: Option<String>,
    /// Hexadecimal identifier of the key that signed it, when it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_key_id: Option<String>,
    /// Fingerprint of the certificate of the same file whose key signed it: its own when it is a root. `None` when
    /// the file does not hold the signer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// Subject alternative names (DNS names, IP addresses, URIs).
    pub names: Vec<String>,
    /// Hexadecimal SHA-256 of the DER form.
    pub fingerprint: String,
}

impl Certificate {
    /// Whether this certificate can have signed the other, by names and, where both tell, by key identifiers
    /// (RFC 5280 §6.1: names are compared without regard to case).
    pub fn can_have_signed(&self, other: &Self) -> bool {
        let names = self.subject.eq_ignore_ascii_case(&other.issuer);
        let keys = match (&self.subject_key_id, &other.authority_key_id) {
            (Some(own), Some(asked)) => own == asked,
            _ => true,
        };
        self.is_ca && names && keys
    }
}

/// A certificate or key file a side uses or the configuration names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CertificateFile {
    /// Path as the user wrote it, or `temporal.toml: profile cloud` for inline data, or
    /// `tls.yaml: Secret payments/worker-tls, tls.crt` for a manifest.
    pub path: String,
    /// What it is used for.
    pub role: CertificateRole,
    /// In file order, leaf first for a client chain. Empty when only `problem` is known.
    pub chain: Vec<Certificate>,
    /// Size of the file or text in bytes; 0 when it was not read.
    #[serde(default)]
    pub size_bytes: u64,
    /// For client certificates: whether the private key belongs to the leaf. `None` when no key was given.
    #[serde(default)]
    pub key_matches: Option<bool>,
    /// `pkcs8`, `pkcs1`, `sec1`, `encrypted`.
    #[serde(default)]
    pub key_format: Option<String>,
    /// Why the file could not be read or parsed.
    #[serde(default)]
    pub problem: Option<String>,
}

/// What a certificate file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateRole {
    /// Presented by workers and starters to the cluster.
    Client,
    /// Trusted to verify the server, or uploaded to the namespace to verify clients.
    Authority,
    /// Presented by the endpoint, as seen on the wire.
    Server,
}
