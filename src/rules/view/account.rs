//! What the control plane of Temporal Cloud tells of the account and the target namespaces (Cloud Ops API).

use serde_json::{Value, json};

use super::limits::{self, Limits};
use super::{Context, FactPath, FactView, words};
use crate::compare::{self, live};
use crate::facts::cluster::cloud::{CloudNamespace, CloudNamespaceSettings, CloudOps};
use crate::facts::cluster::{ClusterKind, ClusterSnapshot};
use crate::facts::code::{CodeFacts, FeatureUse};
use crate::facts::{Known, Locus, Why};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "target.over_quota",
        "the account, when the plan needs more namespaces than it has at the beginning",
    ), /* fields: there, missing, names, limit */
    FactPath::untyped("target.unprotected", "target namespaces that anybody with the permission can delete at once"), /* fields: target_namespace */
    FactPath::untyped(
        "target.permissions",
        "service accounts that may do more to a target namespace than workers need, and target namespaces no service account can use",
    ), /* fields: verdict (excess | nobody), target_namespace, account, account_id, permission, problem */
    FactPath::untyped("target.service_accounts", "service accounts that may write to target namespaces"), /* fields: target_namespace, name */
    FactPath::untyped("code.nexus_calls", "Nexus endpoints that production code calls"), /* fields: name, place, path, line */
    FactPath::untyped(
        "target.codec_servers",
        "target namespaces without a codec server people's browsers can reach, where the code encodes payloads",
    ), /* fields: target_namespace, problem, codec */
    FactPath::untyped("target.nexus_endpoints", "Nexus endpoints the code calls and the target namespaces cannot"), /* fields: verdict (missing | closed | unclear), endpoint, problem, target_namespace, place */
    FactPath::untyped("code.payload_codecs", "places in production code that encode payloads before they are sent"), /* fields: what, place, path, line */
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put_untyped("target.over_quota", limits::limits().and_then(|limits| over_quota(context, limits)));
    view.put_untyped("target.unprotected", per_namespace(context, &unprotected));
    view.put_untyped("target.permissions", permissions(context));
    view.put_untyped("target.service_accounts", service_accounts(context));
    view.put_untyped("code.nexus_calls", nexus_calls(context));
    view.put_untyped("target.codec_servers", codec_servers(context));
    view.put_untyped("target.nexus_endpoints", nexus_endpoints(context));
    view.put_untyped("code.payload_codecs", codecs(context));
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
fn per_target<'a>(
    context: &Context<'a>,
    list: &dyn Fn(&'a ClusterSnapshot, &'a CloudNamespace) -> Known<Vec<Value>>,
) -> Known<Vec<Value>> {
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

fn per_namespace(
    context: &Context<'_>,
    list: &dyn Fn(&ClusterSnapshot, &str, &CloudNamespaceSettings) -> Vec<Value>,
) -> Known<Vec<Value>> {
    per_target(context, &|target, namespace| {
        namespace.settings.as_ref().map(|settings| list(target, &namespace.name, settings))
    })
}

fn over_quota(context: &Context<'_>, limits: &Limits) -> Known<Vec<Value>> {
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
                vec![json!({"there": words::count(names.len() as u64, "namespace"), "missing": missing.len(),
                            "names": words::list(&missing, 5), "limit": limits.namespaces,
                            "loci": [live(target, None, "namespaces of the account", "GetNamespaces")]})]
            })
        })
    })
}

fn unprotected(target: &ClusterSnapshot, name: &str, settings: &CloudNamespaceSettings) -> Vec<Value> {
    if settings.delete_protection {
        return vec![];
    }
    vec![
        json!({"target_namespace": name, "loci": [live(target, Some(name), format!("namespace {name}"), "GetNamespace")]}),
    ]
}

/// Workers and starters need to write to their namespace, and nothing of the account. Keys of persons are no
/// concern of the plan.
fn permissions(context: &Context<'_>) -> Known<Vec<Value>> {
    per_target(context, &|target, namespace| {
        let name = namespace.name.as_str();
        let roles = target.cloud.value().map(|cloud| cloud.service_accounts.as_ref());
        let Some(roles) = roles else { return Known::unknown("the service accounts were not read") };
        namespace.service_accounts.as_ref().zip(roles).zip(namespace.settings.as_ref()).map(
            |((assigned, accounts), settings)| {
                let mut found: Vec<Value> = Vec::new();
                for one in assigned.iter().filter(|one| one.permission != "read") {
                    let role = accounts.iter().find(|a| a.id == one.id).and_then(|a| a.account_role.as_deref());
                    let problem = match role {
                        Some(role @ ("owner" | "admin" | "developer")) => {
                            format!("has the account role `{role}`, which reaches far beyond the namespace")
                        }
                        _ if one.permission == "admin" => "may administer it, which workers need not".to_owned(),
                        _ => continue,
                    };
                    found.push(json!({"verdict": "excess", "target_namespace": name, "account": one.name,
                        "account_id": one.id, "permission": one.permission, "problem": problem,
                        "loci": [live(target, Some(name), format!("service account {}", one.name),
                                      "GetServiceAccountNamespaceAssignments")]}));
                }
                // With client certificates nobody needs a service account.
                if settings.api_keys && !settings.mtls && assigned.iter().all(|one| one.permission == "read") {
                    found.push(json!({"verdict": "nobody", "target_namespace": name, "account": "", "account_id": "",
                        "permission": "", "problem": "takes API keys only, and no service account may write to it",
                        "loci": [live(target, Some(name), format!("namespace {name}"),
                                      "GetServiceAccountNamespaceAssignments")]}));
                }
                found
            },
        )
    })
}

fn service_accounts(context: &Context<'_>) -> Known<Vec<Value>> {
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
                json!({"target_namespace": namespace.name, "name": name, "loci": [place]})
            };
            writing.map(|one| object(&one.name)).collect()
        })
    })
}

fn nexus_calls(context: &Context<'_>) -> Known<Vec<Value>> {
    context.code.clone().and_then(|code| {
        let called = features(code, "nexus").filter(|f| f.what == "endpoint");
        let object = |f: &FeatureUse| {
            json!({"name": f.name, "place": format!("{}:{}", f.path, f.line), "path": f.path, "line": f.line,
                   "loci": [place(f)]})
        };
        super::coverage::whole(code, called.map(object).collect())
    })
}

fn features<'a>(code: &'a CodeFacts, feature: &'a str) -> impl Iterator<Item = &'a FeatureUse> {
    code.features.iter().filter(move |f| f.feature == feature && f.scope.is_production())
}

fn place(used: &FeatureUse) -> Locus {
    Locus::Source { path: used.path.clone(), line: used.line, column: 0, function: None, snippet: None }
}

fn codecs(context: &Context<'_>) -> Known<Vec<Value>> {
    context.code.clone().and_then(|code| {
        let found = features(code, "data-converter").filter(|f| f.what.contains("codec"));
        let object = |f: &FeatureUse| {
            json!({"what": f.what, "place": format!("{}:{}", f.path, f.line), "path": f.path, "line": f.line,
                   "loci": [place(f)]})
        };
        super::coverage::whole(code, found.map(object).collect())
    })
}

fn codec_servers(context: &Context<'_>) -> Known<Vec<Value>> {
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
            let mut loci = vec![json!(live(target, Some(name), format!("namespace {name}"), "GetNamespace"))];
            loci.extend(codec["loci"].as_array().cloned().unwrap_or_default());
            vec![json!({"target_namespace": name, "problem": problem, "codec": codec["place"], "loci": loci})]
        })
    })
}

fn nexus_endpoints(context: &Context<'_>) -> Known<Vec<Value>> {
    context.code.clone().and_then(|code| {
        let mut called: Vec<&FeatureUse> = features(code, "nexus").filter(|f| f.what == "endpoint").collect();
        called.sort_by_key(|f| (&f.name, &f.path, f.line));
        called.dedup_by(|a, b| a.name.is_some() && a.name == b.name);
        let found = if called.is_empty() { Known::Known(vec![]) } else { endpoints(context, &called) };
        found.and_then(|found| super::coverage::whole(code, found))
    })
}

fn endpoints(context: &Context<'_>, called: &[&FeatureUse]) -> Known<Vec<Value>> {
    compare::moved(&context.facts.plan).and_then(|moved| {
        account(context).and_then(|account| {
            let Some((_, cloud)) = account else { return Known::Known(vec![]) };
            let targets: Vec<&str> = moved.iter().map(|(_, name)| *name).collect();
            cloud.nexus_endpoints.as_ref().map(|there| {
                let judge = |used: &&&FeatureUse| {
                    let Some(name) = used.name.as_deref() else {
                        return Some(("unclear", "is named at run time".to_owned()));
                    };
                    let Some(endpoint) = there.iter().find(|e| e.name == name) else {
                        return Some(("missing", "does not exist in the account".to_owned()));
                    };
                    let open = targets.iter().any(|t| endpoint.callers.iter().any(|caller| caller == t));
                    (!open).then(|| ("closed", "admits none of the target namespaces as caller".to_owned()))
                };
                called
                    .iter()
                    .filter_map(|used| {
                        let (verdict, problem) = judge(&used)?;
                        let endpoint = used.name.as_deref().unwrap_or("(made at run time)");
                        Some(json!({"verdict": verdict, "endpoint": endpoint, "problem": problem,
                                    "target_namespace": targets.first().copied().unwrap_or_default(),
                                    "place": format!("{}:{}", used.path, used.line), "loci": [place(used)]}))
                    })
                    .collect()
            })
        })
    })
}
