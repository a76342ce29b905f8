//! What the control plane of Temporal Cloud tells of the account and the target namespaces (Cloud Ops API).

use schemars::JsonSchema;
use serde::Serialize;

use super::limits::{self, Limits};
use super::site::CodeLine;
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::{self, live};
use crate::facts::cluster::cloud::{CloudNamespace, CloudNamespaceSettings, CloudOps};
use crate::facts::cluster::{ClusterKind, ClusterSnapshot};
use crate::facts::code::{CodeFacts, FeatureUse};
use crate::facts::{Known, Locus, Why};

const OVER_QUOTA: Fact<Vec<OverQuota>> =
    Fact::new("target.over_quota", "the account, when the plan needs more namespaces than it has at the beginning");
const UNPROTECTED: Fact<Vec<Unprotected>> =
    Fact::new("target.unprotected", "target namespaces that anybody with the permission can delete at once");
const PERMISSIONS: Fact<Vec<Permission>> = Fact::new(
    "target.permissions",
    "service accounts that may do more to a target namespace than workers need, and target namespaces no service account can use",
);
const SERVICE_ACCOUNTS: Fact<Vec<ServiceAccount>> =
    Fact::new("target.service_accounts", "service accounts that may write to target namespaces");
const NEXUS_CALLS: Fact<Vec<NexusCall>> = Fact::new("code.nexus_calls", "Nexus endpoints that production code calls");
const CODEC_SERVERS: Fact<Vec<CodecServer>> = Fact::new(
    "target.codec_servers",
    "target namespaces without a codec server people's browsers can reach, where the code encodes payloads",
);
const NEXUS_ENDPOINTS: Fact<Vec<NexusEndpoint>> =
    Fact::new("target.nexus_endpoints", "Nexus endpoints the code calls and the target namespaces cannot");
const PAYLOAD_CODECS: Fact<Vec<PayloadCodec>> =
    Fact::new("code.payload_codecs", "places in production code that encode payloads before they are sent");

pub(super) const PATHS: &[FactPath] = &[
    OVER_QUOTA.entry(),
    UNPROTECTED.entry(),
    PERMISSIONS.entry(),
    SERVICE_ACCOUNTS.entry(),
    NEXUS_CALLS.entry(),
    CODEC_SERVERS.entry(),
    NEXUS_ENDPOINTS.entry(),
    PAYLOAD_CODECS.entry(),
];

/// An account that has no room for the namespaces of the plan (GetNamespaces).
#[derive(Serialize, JsonSchema)]
struct OverQuota {
    /// How many namespaces it has: `9 namespaces`.
    there: String,
    /// How many of the plan are still to be created.
    missing: usize,
    /// Their names, at most five, then how many more.
    names: String,
    /// How many an account has at the beginning.
    limit: usize,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A target namespace without deletion protection (GetNamespace).
#[derive(Serialize, JsonSchema)]
struct Unprotected {
    /// Namespace of the target.
    target_namespace: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A service account that may do too much, or a namespace that none can use.
#[derive(Serialize, JsonSchema)]
struct Permission {
    /// Which of the two.
    verdict: Access,
    /// Namespace of the target.
    target_namespace: String,
    /// Name of the service account; empty when there is none.
    account: String,
    /// Id of the service account; empty when there is none.
    account_id: String,
    /// What it may do in the namespace: `write`, `admin`; empty when there is none.
    permission: String,
    /// What is wrong, as the end of a sentence.
    problem: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// What is wrong with the access to a namespace.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Access {
    /// The service account may do more than workers need.
    Excess,
    /// No service account can use the namespace.
    Nobody,
}

/// A service account that may write to a target namespace.
#[derive(Serialize, JsonSchema)]
struct ServiceAccount {
    /// Namespace of the target.
    target_namespace: String,
    /// Name of the service account.
    name: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A Nexus endpoint that production code calls.
#[derive(Serialize, JsonSchema)]
struct NexusCall {
    /// Name of the endpoint; none when it is made at run time.
    name: Option<String>,
    #[serde(flatten)]
    at: CodeLine,
}

/// A target namespace without a codec server that browsers can reach.
#[derive(Serialize, JsonSchema)]
struct CodecServer {
    /// Namespace of the target.
    target_namespace: String,
    /// What is wrong, as the end of a sentence.
    problem: String,
    /// Where the code encodes payloads: `codec/aes.go:14`.
    codec: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A Nexus endpoint that the code calls and the target namespaces cannot.
#[derive(Serialize, JsonSchema)]
struct NexusEndpoint {
    /// Why they cannot.
    verdict: EndpointVerdict,
    /// Name of the endpoint.
    endpoint: String,
    /// Why, as the end of a sentence.
    problem: &'static str,
    /// Namespace of the target.
    target_namespace: String,
    /// Where it is called: `billing/pay.go:30`.
    place: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Why a Nexus endpoint cannot be called.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum EndpointVerdict {
    /// It does not exist in the account.
    Missing,
    /// It admits none of the target namespaces.
    Closed,
    /// It is named at run time.
    Unclear,
}

/// A place in production code that encodes payloads before they are sent.
#[derive(Serialize, JsonSchema)]
struct PayloadCodec {
    /// What encodes them.
    what: String,
    #[serde(flatten)]
    at: CodeLine,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&OVER_QUOTA, limits::limits().and_then(|limits| over_quota(context, limits)));
    view.put(&UNPROTECTED, per_namespace(context, &unprotected));
    view.put(&PERMISSIONS, permissions(context));
    view.put(&SERVICE_ACCOUNTS, service_accounts(context));
    view.put(&NEXUS_CALLS, nexus_calls(context));
    view.put(&CODEC_SERVERS, codec_servers(context));
    view.put(&NEXUS_ENDPOINTS, nexus_endpoints(context));
    view.put(&PAYLOAD_CODECS, codecs(context));
}

/// The account, where the target is Temporal Cloud; none for a cluster of the team's own.
fn account<'a>(context: &Context<'a>) -> Known<Option<(&'a ClusterSnapshot, &'a CloudOps)>> {
    context.target.clone().and_then(|target| {
        if context.target_kind != ClusterKind::Cloud {
            return Known::Known(None);
        }
        let cloud = target.cloud.as_ref().map(|cloud| Some((target, cloud)));
        match cloud {
            Known::Unknown(why) if why.remedy.is_none() => Known::Unknown(Why::with_remedy(
                why.reason,
                "give a key that may read the account: `target.cloud_ops` of preflight.yaml, or --cloud-ops-api-key",
            )),
            cloud => cloud,
        }
    })
}

/// A list over the target namespaces of the plan that exist; whether they do is the concern of another rule.
fn per_target<'a, T>(
    context: &Context<'a>,
    list: &dyn Fn(&'a ClusterSnapshot, &'a CloudNamespace) -> Known<Vec<T>>,
) -> Known<Vec<T>> {
    compare::moved(&context.facts.plan).and_then(|moved| {
        account(context).and_then(|account| {
            let Some((target, cloud)) = account else { return Known::Known(vec![]) };
            Known::concat(moved.into_iter().map(|(_, name)| match cloud.namespace(name) {
                Some(namespace) if namespace.exists == Some(false) => Known::Known(vec![]),
                Some(namespace) => list(target, namespace),
                None => Known::unknown(format!("the Cloud Ops API was not asked about namespace {name}")),
            }))
        })
    })
}

fn per_namespace<T>(
    context: &Context<'_>,
    list: &dyn Fn(&ClusterSnapshot, &str, &CloudNamespaceSettings) -> Vec<T>,
) -> Known<Vec<T>> {
    per_target(context, &|target, namespace| {
        namespace.settings.as_ref().map(|settings| list(target, &namespace.name, settings))
    })
}

fn over_quota(context: &Context<'_>, limits: &Limits) -> Known<Vec<OverQuota>> {
    compare::moved(&context.facts.plan).and_then(|moved| {
        account(context).and_then(|account| {
            let Some((target, cloud)) = account else { return Known::Known(vec![]) };
            cloud.namespace_names.as_ref().map(|names| {
                let missing = moved.iter().map(|(_, name)| *name).filter(|name| !names.iter().any(|n| n == name));
                let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
                // Namespaces that are there fit, whatever the number is by now.
                if missing.is_empty() || names.len() + missing.len() <= limits.namespaces {
                    return vec![];
                }
                vec![OverQuota {
                    there: words::count(names.len() as u64, "namespace"),
                    missing: missing.len(),
                    names: words::list(&missing, 5),
                    limit: limits.namespaces,
                    loci: vec![live(target, None, "namespaces of the account", "GetNamespaces")],
                }]
            })
        })
    })
}

fn unprotected(target: &ClusterSnapshot, name: &str, settings: &CloudNamespaceSettings) -> Vec<Unprotected> {
    if settings.delete_protection {
        return vec![];
    }
    vec![Unprotected {
        target_namespace: name.to_owned(),
        loci: vec![live(target, Some(name), format!("namespace {name}"), "GetNamespace")],
    }]
}

/// Workers and starters need to write to their namespace, and nothing of the account. Keys of persons are no
/// concern of the plan.
fn permissions(context: &Context<'_>) -> Known<Vec<Permission>> {
    per_target(context, &|target, namespace| {
        let name = namespace.name.as_str();
        let roles = target.cloud.value().map(|cloud| cloud.service_accounts.as_ref());
        let Some(roles) = roles else { return Known::unknown("the service accounts were not read") };
        namespace.service_accounts.as_ref().zip(roles).zip(namespace.settings.as_ref()).map(
            |((assigned, accounts), settings)| {
                let mut found: Vec<Permission> = Vec::new();
                for one in assigned.iter().filter(|one| one.permission != "read") {
                    let role = accounts.iter().find(|a| a.id == one.id).and_then(|a| a.account_role.as_deref());
                    let problem = match role {
                        Some(role @ ("owner" | "admin" | "developer")) => {
                            format!("has the account role `{role}`, which reaches far beyond the namespace")
                        }
                        _ if one.permission == "admin" => "may administer it, which workers need not".to_owned(),
                        _ => continue,
                    };
                    found.push(Permission {
                        verdict: Access::Excess,
                        target_namespace: name.to_owned(),
                        account: one.name.clone(),
                        account_id: one.id.clone(),
                        permission: one.permission.clone(),
                        loci: vec![live(
                            target,
                            Some(name),
                            format!("service account {}", one.name),
                            "GetServiceAccountNamespaceAssignments",
                        )],
                        problem,
                    });
                }
                // With client certificates nobody needs a service account.
                if settings.api_keys && !settings.mtls && assigned.iter().all(|one| one.permission == "read") {
                    found.push(Permission {
                        verdict: Access::Nobody,
                        target_namespace: name.to_owned(),
                        account: String::new(),
                        account_id: String::new(),
                        permission: String::new(),
                        problem: "takes API keys only, and no service account may write to it".to_owned(),
                        loci: vec![live(
                            target,
                            Some(name),
                            format!("namespace {name}"),
                            "GetServiceAccountNamespaceAssignments",
                        )],
                    });
                }
                found
            },
        )
    })
}

fn service_accounts(context: &Context<'_>) -> Known<Vec<ServiceAccount>> {
    per_target(context, &|target, namespace| {
        namespace.service_accounts.as_ref().map(|assigned| {
            let writing = assigned.iter().filter(|one| one.permission != "read");
            let object = |name: &str| {
                let place = live(
                    target,
                    Some(&namespace.name),
                    format!("service account {name}"),
                    "GetServiceAccountNamespaceAssignments",
                );
                ServiceAccount { target_namespace: namespace.name.clone(), name: name.to_owned(), loci: vec![place] }
            };
            writing.map(|one| object(&one.name)).collect()
        })
    })
}

fn nexus_calls(context: &Context<'_>) -> Known<Vec<NexusCall>> {
    context.code.clone().and_then(|code| {
        let called = features(code, "nexus").filter(|f| f.what == "endpoint");
        let object = |f: &FeatureUse| NexusCall { name: f.name.clone(), at: CodeLine::at(&f.path, f.line) };
        super::coverage::whole(code, called.map(object).collect())
    })
}

fn features<'a>(code: &'a CodeFacts, feature: &'a str) -> impl Iterator<Item = &'a FeatureUse> {
    code.features.iter().filter(move |f| f.feature == feature && f.scope.is_production())
}

fn place(used: &FeatureUse) -> Locus {
    Locus::Source { path: used.path.clone(), line: used.line, column: 0, function: None, snippet: None }
}

fn codecs(context: &Context<'_>) -> Known<Vec<PayloadCodec>> {
    context.code.clone().and_then(|code| {
        let found = features(code, "data-converter").filter(|f| f.what.contains("codec"));
        let object = |f: &FeatureUse| PayloadCodec { what: f.what.clone(), at: CodeLine::at(&f.path, f.line) };
        super::coverage::whole(code, found.map(object).collect())
    })
}

fn codec_servers(context: &Context<'_>) -> Known<Vec<CodecServer>> {
    codecs(context).and_then(|codecs| {
        let Some(codec) = codecs.first() else { return Known::Known(vec![]) };
        per_namespace(context, &|target, name, settings| {
            let problem = match settings.codec_server.as_deref() {
                None => "has no codec server, so that its pages show encoded payloads only".to_owned(),
                Some(endpoint) if !endpoint.starts_with("https://") => {
                    format!("has the codec server {endpoint}, which browsers refuse: it is not HTTPS")
                }
                Some(_) => return vec![],
            };
            let mut loci = vec![live(target, Some(name), format!("namespace {name}"), "GetNamespace")];
            loci.extend(codec.at.loci.iter().cloned());
            vec![CodecServer { target_namespace: name.to_owned(), codec: codec.at.place.clone(), problem, loci }]
        })
    })
}

fn nexus_endpoints(context: &Context<'_>) -> Known<Vec<NexusEndpoint>> {
    context.code.clone().and_then(|code| {
        let mut called: Vec<&FeatureUse> = features(code, "nexus").filter(|f| f.what == "endpoint").collect();
        called.sort_by_key(|f| (&f.name, &f.path, f.line));
        called.dedup_by(|a, b| a.name.is_some() && a.name == b.name);
        let found = if called.is_empty() { Known::Known(vec![]) } else { endpoints(context, &called) };
        found.and_then(|found| super::coverage::whole(code, found))
    })
}

fn endpoints(context: &Context<'_>, called: &[&FeatureUse]) -> Known<Vec<NexusEndpoint>> {
    compare::moved(&context.facts.plan).and_then(|moved| {
        account(context).and_then(|account| {
            let Some((_, cloud)) = account else { return Known::Known(vec![]) };
            let targets: Vec<&str> = moved.iter().map(|(_, name)| *name).collect();
            cloud.nexus_endpoints.as_ref().map(|there| {
                let judge = |used: &&&FeatureUse| {
                    let Some(name) = used.name.as_deref() else {
                        return Some((EndpointVerdict::Unclear, "is named at run time"));
                    };
                    let Some(endpoint) = there.iter().find(|e| e.name == name) else {
                        return Some((EndpointVerdict::Missing, "does not exist in the account"));
                    };
                    let open = targets.iter().any(|t| endpoint.callers.iter().any(|caller| caller == t));
                    (!open).then_some((EndpointVerdict::Closed, "admits none of the target namespaces as caller"))
                };
                called
                    .iter()
                    .filter_map(|used| {
                        let (verdict, problem) = judge(&used)?;
                        let endpoint = used.name.clone().unwrap_or_else(|| "(made at run time)".to_owned());
                        Some(NexusEndpoint {
                            target_namespace: targets.first().map(|name| (*name).to_owned()).unwrap_or_default(),
                            place: format!("{}:{}", used.path, used.line),
                            loci: vec![place(used)],
                            verdict,
                            endpoint,
                            problem,
                        })
                    })
                    .collect()
            })
        })
    })
}
