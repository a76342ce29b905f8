//! API keys against the window, and whether the target namespaces accept what is presented to them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::super::Context;
use super::{ExpiryVerdict, Measure, Used, date, planned};
use crate::compare::live;
use crate::facts::certificate::{Certificate, CertificateFile, CertificateRole};
use crate::facts::cluster::cloud::{CertificateFilter, CloudApiKey, CloudNamespaceSettings, CloudOps};
use crate::facts::cluster::{ClusterKind, ClusterSnapshot, Credential};
use crate::facts::{Known, Locus, Why};

/// An API key of the target, against the end of the window.
#[derive(Serialize, JsonSchema)]
pub(in crate::rules::view) struct ExpiringKey {
    /// When it ends.
    pub(super) verdict: ExpiryVerdict,
    /// Name of the key.
    pub(super) name: String,
    /// Id of the key; empty when only its end is known.
    pub(super) id: String,
    /// Id of its owner; empty when not known.
    pub(super) owner: String,
    /// Day on which it ends, UTC.
    pub(super) expires: String,
    /// Whole days from the end of the window to the end of its validity; negative when it ends before.
    pub(super) days_after_window: i64,
    /// The same as a sentence.
    pub(super) when: String,
    /// Name for the key that replaces it.
    pub(super) renewed: String,
    /// Flags of `tcld apikey create` for the same owner; empty for the key of a person.
    pub(super) owner_flags: String,
    /// Where it was seen.
    pub(super) loci: Vec<Locus>,
}

/// Whether a namespace refuses a credential.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::rules::view) enum Acceptance {
    /// It does.
    Refused,
    /// It would; the credential may be meant for another cluster.
    Unclear,
}

/// A target namespace that does not accept a credential.
#[derive(Serialize, JsonSchema)]
pub(in crate::rules::view) struct NotAccepted {
    /// Whether it refuses the credential.
    pub(super) verdict: Acceptance,
    /// Namespace of the target.
    pub(super) target_namespace: String,
    /// What is presented: `the API key`, `client certificate certs/worker.pem`.
    pub(super) credential: String,
    /// Why it is refused, as a sentence.
    pub(super) problem: String,
    /// The rest of `tcld namespace` that lets the credential in.
    pub(super) mend_flags: String,
    /// Where it was seen.
    pub(super) loci: Vec<Locus>,
}
use crate::rules::shell;

/// The presented key, and those of service accounts that can reach a target namespace.
///
/// Keys of persons count only when presented: what a person does with theirs is not the plan's concern. A key that
/// has expired or is disabled is in nobody's hands any more.
pub(super) fn api_keys(context: &Context<'_>, measure: &Measure<'_>) -> Known<Vec<ExpiringKey>> {
    context.target.clone().and_then(|target| {
        let presented = presented(target, measure);
        let Some(cloud) = target.cloud.value() else {
            let why = target.cloud.why().cloned().unwrap_or_else(|| Why::new("the Cloud Ops API was not asked"));
            return Known::concat([presented, Known::Unknown(why)]);
        };
        let listed = cloud.api_keys.as_ref().and_then(|keys| {
            Known::concat(
                keys.iter().filter(|key| concerns(context, cloud, key)).map(|key| listed(target, key, measure)),
            )
        });
        // The list tells what the key itself may not; an empty one tells nothing of the key that is presented.
        let lists_some = listed.value().is_some_and(|keys| !keys.is_empty());
        let presented = match presented {
            Known::Unknown(_) if target.api_key_id.is_none() && listed.is_known() && lists_some => Known::Known(vec![]),
            presented => presented,
        };
        let ids: Vec<String> = listed.value().into_iter().flatten().filter_map(id).collect();
        let presented =
            presented.map(|keys| keys.into_iter().filter(|k| !id(k).is_some_and(|k| ids.contains(&k))).collect());
        Known::concat([presented, listed])
    })
}

fn id(key: &ExpiringKey) -> Option<String> {
    Some(key.id.clone()).filter(|id| !id.is_empty())
}

fn presented(target: &ClusterSnapshot, measure: &Measure<'_>) -> Known<Vec<ExpiringKey>> {
    if target.credential != Credential::ApiKey {
        return Known::Known(vec![]);
    }
    target.api_key_expires.as_ref().map(|expires| {
        let (verdict, days, when) = measure.judge(*expires);
        let id = target.api_key_id.clone().unwrap_or_default();
        vec![ExpiringKey {
            name: "the key of the target connection".to_owned(),
            owner: "".to_owned(),
            renewed: "renewed".to_owned(),
            owner_flags: "".to_owned(),
            expires: date(*expires),
            days_after_window: days,
            loci: vec![live(target, None, "API key of the connection", "connection")],
            verdict,
            id,
            when,
        }]
    })
}

fn listed(target: &ClusterSnapshot, key: &CloudApiKey, measure: &Measure<'_>) -> Known<Vec<ExpiringKey>> {
    let Some(expires) = key.expires else {
        return Known::unknown(format!("the Cloud Ops API did not say when API key {} ends", key.name));
    };
    let (verdict, days, when) = measure.judge(expires);
    let owner = match key.owner_kind.as_str() {
        "service-account" => format!("--service-account-id {}", shell::word(&key.owner_id)),
        _ => String::new(),
    };
    Known::Known(vec![ExpiringKey {
        renewed: format!("{} renewed", key.name),
        owner_flags: owner,
        name: key.name.clone(),
        id: key.id.clone(),
        owner: key.owner_id.clone(),
        expires: date(expires),
        days_after_window: days,
        loci: vec![live(target, None, format!("API key {}", key.name), "GetApiKeys")],
        verdict,
        when,
    }])
}

fn concerns(context: &Context<'_>, cloud: &CloudOps, key: &CloudApiKey) -> bool {
    let target = context.facts.target.value();
    if target.is_some_and(|target| target.api_key_id.as_deref() == Some(key.id.as_str())) {
        return true;
    }
    let over = key.disabled || key.expires.is_some_and(|expires| expires <= context.facts.at);
    if over || key.owner_kind == "user" {
        return false;
    }
    // Without the assignments of every planned namespace each service account may be a worker's.
    let mut assignments = planned(context).map(|name| cloud.namespace(name).map(|n| &n.service_accounts));
    assignments.any(|of| match of {
        Some(Known::Known(accounts)) => {
            accounts.iter().any(|account| account.id == key.owner_id && account.permission != "read")
        }
        _ => true,
    })
}

/// Namespaces that refuse the credential of the connection, and client certificates of the configuration they would
/// refuse.
pub(super) fn accepted(context: &Context<'_>, files: Known<Vec<Used<'_>>>) -> Known<Vec<NotAccepted>> {
    context.target.clone().and_then(|target| {
        if context.target_kind != ClusterKind::Cloud {
            return Known::Known(vec![]);
        }
        Known::concat(planned(context).map(|name| of_namespace(target, name, &files)))
    })
}

fn of_namespace(target: &ClusterSnapshot, name: &str, files: &Known<Vec<Used<'_>>>) -> Known<Vec<NotAccepted>> {
    let settings = target.cloud.value().and_then(|cloud| cloud.namespace(name)).map(|n| &n.settings);
    let Some(settings) = settings.and_then(Known::value) else {
        // That the namespace was described with the credential proves as much, for this credential.
        let described =
            target.namespaces.iter().any(|n| n.name == name && (n.exists == Some(true) || n.config.is_known()));
        return if described {
            Known::Known(vec![])
        } else {
            Known::Unknown(Why::with_remedy(
                format!("namespace {name} was neither read with the credential nor described by the Cloud Ops API"),
                "mend the connection to the target, or give a key for the Cloud Ops API",
            ))
        };
    };
    let object = |verdict: Acceptance, credential: &str, problem: String, mend: &str| NotAccepted {
        target_namespace: name.to_owned(),
        mend_flags: mend.to_owned(),
        loci: vec![live(target, Some(name), format!("namespace {name}"), "GetNamespace")],
        verdict,
        credential: credential.to_owned(),
        problem,
    };
    match target.credential {
        Credential::ApiKey if !settings.api_keys => {
            let mend = auth_method(name);
            Known::Known(vec![object(
                Acceptance::Refused,
                "the API key",
                "it does not accept API keys".to_owned(),
                &mend,
            )])
        }
        Credential::ApiKey | Credential::None => Known::Known(vec![]),
        Credential::Mtls => files.as_ref().map(|files| {
            let clients = files.iter().filter(|used| used.file.role == CertificateRole::Client);
            clients
                .filter_map(|used| {
                    let (problem, mend) = refusal(name, settings, used.file)?;
                    // A certificate of the configuration may be meant for another cluster.
                    let verdict = if used.side == "target" { Acceptance::Refused } else { Acceptance::Unclear };
                    Some(object(verdict, &format!("client certificate {}", used.file.path), problem, &mend))
                })
                .collect()
        }),
    }
}

/// The rest of `tcld namespace` that lets both credentials in.
fn auth_method(namespace: &str) -> String {
    format!("auth-method set --namespace {} --auth-method api_key_or_mtls", shell::word(namespace))
}

/// Why a namespace refuses a client certificate, and the rest of `tcld namespace` that mends it.
fn refusal(name: &str, settings: &CloudNamespaceSettings, file: &CertificateFile) -> Option<(String, String)> {
    let leaf = file.chain.first()?;
    if !settings.mtls {
        return Some(("it does not accept client certificates".to_owned(), auth_method(name)));
    }
    let authorities = settings.accepted_cas.as_ref().map(|file| file.chain.as_slice()).unwrap_or_default();
    let accepted = |certificate: &Certificate| {
        authorities.iter().any(|ca| ca.fingerprint == certificate.fingerprint || ca.can_have_signed(certificate))
    };
    if !file.chain.iter().any(accepted) {
        let mend = format!("accepted-client-ca add --namespace {} --ca-certificate-file ca.pem", shell::word(name));
        return Some((format!("none of its {} CA certificates can have signed it", authorities.len()), mend));
    }
    let filters = &settings.certificate_filters;
    if !filters.is_empty() && !filters.iter().any(|filter| matches(filter, leaf)) {
        let common_name = leaf.common_names.first().map_or("COMMON_NAME", String::as_str);
        let filter = shell::word(&json!({"filters": [{"commonName": common_name}]}).to_string());
        let mend =
            format!("certificate-filters add --namespace {} --certificate-filter-input {filter}", shell::word(name));
        return Some((format!("none of its {} certificate filters matches {}", filters.len(), leaf.subject), mend));
    }
    None
}

/// Every field that is given must match one of the certificate's values.
fn matches(filter: &CertificateFilter, leaf: &Certificate) -> bool {
    [
        (&filter.common_name, &leaf.common_names),
        (&filter.organization, &leaf.organizations),
        (&filter.organizational_unit, &leaf.organizational_units),
        (&filter.subject_alternative_name, &leaf.names),
    ]
    .into_iter()
    .all(|(pattern, values)| pattern.is_empty() || values.iter().any(|value| glob(pattern, value)))
}

/// One `*` may stand at the beginning or at the end.
fn glob(pattern: &str, value: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => value.ends_with(end),
        (None, Some(start)) => value.starts_with(start),
        (None, None) => pattern == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_matches_when_all_that_it_names_matches() {
        let leaf = Certificate {
            common_names: vec!["payments-worker".into()],
            organizations: vec!["Larkspur".into()],
            names: vec!["worker.payments.example".into()],
            ..Certificate::default()
        };
        let filter = |cn: &str, o: &str, san: &str| CertificateFilter {
            common_name: cn.into(),
            organization: o.into(),
            subject_alternative_name: san.into(),
            ..CertificateFilter::default()
        };
        assert!(matches(&filter("payments-worker", "", ""), &leaf));
        assert!(matches(&filter("payments-*", "Larkspur", "*.payments.example"), &leaf));
        assert!(!matches(&filter("payments-*", "Other", ""), &leaf));
        assert!(!matches(&filter("worker", "", ""), &leaf));
        assert!(!matches(&filter("", "", "*.orders.example"), &leaf));
    }
}
