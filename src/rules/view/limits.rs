//! `rules/cloud/limits.yaml`: what Temporal Cloud allows, and whether that was looked up lately.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Context, Fact, FactPath, FactView, words};
use crate::facts::{Known, Locus};

/// Limits of Temporal Cloud, with their sources in the file itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Days after which the sources want to be looked at again.
    pub check_days: i32,
    /// Key of a limit → where it was read.
    pub sources: BTreeMap<String, Source>,
    /// Type → custom search attributes per namespace.
    pub search_attributes: BTreeMap<String, usize>,
    /// Rule for names of search attributes.
    pub search_attribute_name: AttributeName,
    /// Size of one value.
    pub search_attribute_value: AttributeValue,
    /// Names the server keeps for itself.
    pub reserved_search_attributes: Vec<String>,
    /// Names that development images create.
    pub development_search_attributes: Vec<String>,
    /// Names that resolve in queries without being custom.
    pub search_attribute_aliases: Vec<String>,
    /// Rule for namespace names, without the account.
    pub namespace_name: NamespaceName,
    /// Namespaces per account at the beginning; the number grows.
    pub namespaces: usize,
    /// Bytes of a workflow id, a workflow type or the name of a task queue.
    pub id_bytes: usize,
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
    /// Worker deployments per namespace.
    pub worker_deployments: Deployments,
    /// CA certificates per namespace.
    pub ca_certificates: usize,
    /// Bytes of all CA certificates of a namespace together, as PEM.
    pub ca_bundle_bytes: u64,
    /// What names of organizations that sell certificates to anybody contain, in lower case.
    pub public_certificate_authorities: Vec<String>,
    /// How long credentials must outlive the window.
    pub certificate_days: CertificateDays,
}

/// Where a limit was read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The page.
    pub page: String,
    /// When somebody last looked.
    pub checked: jiff::civil::Date,
}

/// Size of one value of a search attribute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeValue {
    /// Of any type.
    pub bytes: u64,
    /// Of a Keyword.
    pub keyword_characters: u64,
}

/// Number of worker deployments.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployments {
    /// Per namespace.
    pub deployments: usize,
    /// Of each deployment.
    pub versions: usize,
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

const OLD: Fact<Vec<OldLimits>> =
    Fact::new("limits.old", "files of limits of Temporal Cloud whose oldest source was looked at too long ago");

pub(super) const PATHS: &[FactPath] = &[OLD.entry()];

/// A file of limits whose oldest source was looked at too long ago.
#[derive(Serialize, JsonSchema)]
struct OldLimits {
    /// The file, in the sources of the tool.
    file: &'static str,
    /// Day on which the source was looked at.
    checked: String,
    /// How long ago: `120 days`.
    age: String,
    /// The pages to look at again, at most twelve, then how many more.
    pages: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Where the file stands in the project; what the finding about its age points at.
const FILE: &str = "rules/cloud/limits.yaml";

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&OLD, limits().map(|limits| old(context, limits)));
}

fn old(context: &Context<'_>, limits: &Limits) -> Vec<OldLimits> {
    let today = context.facts.at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let Some(checked) = limits.sources.values().map(|source| source.checked).min() else { return vec![] };
    let days = (today - checked).get_days();
    if days <= limits.check_days {
        return vec![];
    }
    let pages: std::collections::BTreeSet<&str> = limits.sources.values().map(|s| s.page.as_str()).collect();
    let pages: Vec<String> = pages.into_iter().map(str::to_owned).collect();
    vec![OldLimits {
        file: FILE,
        checked: checked.to_string(),
        age: words::count(u64::from(days.unsigned_abs()), "day"),
        pages: words::list(&pages, 12),
        loci: vec![Locus::File { path: FILE.to_owned(), line: 0 }],
    }]
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
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_embedded_limits_are_read() {
        let limits = limits();
        let limits = limits.value().expect("limits.yaml parses");
        assert_eq!(limits.search_attributes.get("KeywordList"), Some(&5));
    }

    #[test]
    fn every_limit_has_a_source_and_every_source_a_limit() {
        let text = include_str!("../../../rules/cloud/limits.yaml");
        let file: BTreeMap<String, Value> = serde_saphyr::from_str(text).expect("a map");
        let keys: Vec<&str> =
            file.keys().map(String::as_str).filter(|key| !["sources", "check_days"].contains(key)).collect();
        let limits = limits();
        let sources: Vec<&str> = limits.value().expect("limits").sources.keys().map(String::as_str).collect();
        assert_eq!(keys, sources);
    }
}
