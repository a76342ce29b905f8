//! `rules/cloud/limits.yaml`: what Temporal Cloud allows.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::facts::Known;

/// Limits of Temporal Cloud, with their sources in the file itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Type → custom search attributes per namespace.
    pub search_attributes: BTreeMap<String, usize>,
    /// Rule for names of search attributes.
    pub search_attribute_name: AttributeName,
    /// Names the server keeps for itself.
    pub reserved_search_attributes: Vec<String>,
    /// Names that development images create.
    pub development_search_attributes: Vec<String>,
    /// Names that resolve in queries without being custom.
    pub search_attribute_aliases: Vec<String>,
    /// Rule for namespace names, without the account.
    pub namespace_name: NamespaceName,
    /// Retention in whole days.
    pub retention_days: Days,
    /// Largest payload in bytes.
    pub blob_size_bytes: u64,
    /// Actions a second every namespace is allowed at least.
    pub actions_per_second: u32,
    /// Sizes of provisioned capacity, ascending, in Temporal Resource Units.
    pub resource_units: Vec<u32>,
    /// Actions a second of one unit.
    pub actions_per_resource_unit: u32,
    /// Visibility calls a second per namespace; nobody can raise it.
    pub visibility_calls_per_second: u32,
    /// What one execution may grow to.
    pub execution: Execution,
    /// CA certificates per namespace.
    pub ca_certificates: usize,
    /// Bytes of all CA certificates of a namespace together, as PEM.
    pub ca_bundle_bytes: u64,
    /// What names of organizations that sell certificates to anybody contain, in lower case.
    pub public_certificate_authorities: Vec<String>,
    /// How long credentials must outlive the window.
    pub certificate_days: CertificateDays,
}

/// Length and punctuation of a search attribute's name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeName {
    /// In characters.
    pub max_length: usize,
    /// Allowed beside letters and digits.
    pub punctuation: String,
}

/// Length of a namespace name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamespaceName {
    /// In characters.
    pub min_length: usize,
    /// In characters.
    pub max_length: usize,
}

/// A range of whole days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// Least.
    pub min: u64,
    /// Most.
    pub max: u64,
    /// When nothing is asked for.
    pub default: u64,
}

/// Size of one execution.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Execution {
    /// Events of a history.
    pub history_events: u64,
    /// Size of a history in bytes.
    pub history_bytes: u64,
    /// Activities, children, signals or cancellations that wait, of each.
    pub pending: u64,
    /// How many of each should wait at most.
    pub advised_pending: u64,
}

/// Days after the end of the window.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateDays {
    /// Valid for fewer: a blocker.
    pub blocker: i64,
    /// Valid for fewer: a major.
    pub major: i64,
}

/// The embedded limits; unknown when the embedded file is broken.
pub fn limits() -> Known<&'static Limits> {
    static LIMITS: OnceLock<Result<Limits, String>> = OnceLock::new();
    let text = include_str!("../../../rules/cloud/limits.yaml");
    match LIMITS.get_or_init(|| serde_saphyr::from_str(text).map_err(|e| e.to_string())) {
        Ok(limits) => Known::Known(limits),
        Err(e) => Known::unknown(format!("rules/cloud/limits.yaml could not be read: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_limits_are_read() {
        let limits = limits();
        let limits = limits.value().expect("limits.yaml parses");
        assert_eq!(limits.search_attributes.get("KeywordList"), Some(&5));
    }
}
