//! What each cluster told about itself.

use schemars::JsonSchema;
use serde::Serialize;

use super::inventory::{beside_code, inventory};
use super::limits::Limits;
use super::namespaces::{per_moved_namespace, per_moved_namespace_within_limits};
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::{self, NamespaceSide, live};
use crate::facts::cluster::{ClusterKind, ClusterSnapshot, Credential, LadderStep, NamespaceConfig, WorkflowType};
use crate::facts::{Known, Locus, Side, Why};

const SOURCE_CONNECTION_FAILURES: Fact<Vec<ConnectionFailure>> =
    Fact::new("source.connection_failures", "the step at which the source could not be reached");
const TARGET_CONNECTION_FAILURES: Fact<Vec<ConnectionFailure>> =
    Fact::new("target.connection_failures", "the step at which the target could not be reached");
const CREDENTIAL: Fact<&'static str> =
    Fact::new("target.credential", "what the target connection presents: none, mtls or api-key");
const ADDRESS_PROBLEMS: Fact<Vec<AddressProblem>> =
    Fact::new("target.address_problems", "what is wrong with the form of a Temporal Cloud address");
const CLOSED_PATHS: Fact<Vec<ClosedPath>> =
    Fact::new("target.closed_paths", "target namespaces that admit private networks only, and were not reached");
const SAME: Fact<Vec<SameCluster>> = Fact::new("cluster.same", "proof that both addresses lead to the same cluster");
const OLD_SNAPSHOTS: Fact<Vec<OldSnapshot>> =
    Fact::new("cluster.old_snapshots", "snapshots taken more than a week before the moment that is judged for");
const WORKFLOW_TYPES: Fact<Vec<SourceWorkflowType>> = Fact::new(
    "source.workflow_types",
    "workflow types of the moved namespaces, with open executions or closed ones within retention",
);
const SCHEDULES: Fact<Vec<SourceSchedule>> = Fact::new("source.schedules", "schedules of the moved namespaces");
const SIZE_LIMITS: Fact<Vec<LargerLimit>> = Fact::new(
    "source.size_limits",
    "namespaces that accept larger payloads, memos or workflow task completions than their target does",
);
const ARCHIVAL: Fact<Vec<Archival>> = Fact::new("source.archival", "namespaces of the source that archive");
const OPEN_EXECUTIONS: Fact<Vec<OpenExecutions>> =
    Fact::new("source.open_executions", "moved namespaces of the source with open executions");
const ACTIVE_SCHEDULES: Fact<Vec<ActiveSchedule>> = Fact::new(
    "source.active_schedules",
    "schedules of the source that can still start executions, in every namespace of the plan",
);

pub(super) const PATHS: &[FactPath] = &[
    SOURCE_CONNECTION_FAILURES.entry(),
    TARGET_CONNECTION_FAILURES.entry(),
    CREDENTIAL.entry(),
    ADDRESS_PROBLEMS.entry(),
    CLOSED_PATHS.entry(),
    SAME.entry(),
    OLD_SNAPSHOTS.entry(),
    WORKFLOW_TYPES.entry(),
    SCHEDULES.entry(),
    SIZE_LIMITS.entry(),
    ARCHIVAL.entry(),
    OPEN_EXECUTIONS.entry(),
    ACTIVE_SCHEDULES.entry(),
];

/// A step at which a cluster could not be reached.
#[derive(Serialize, JsonSchema)]
struct ConnectionFailure {
    /// Step: `dns`, `tcp`, `tls`, `grpc`, `auth` …
    step: String,
    /// What happened.
    detail: String,
    /// What to do, as a sentence.
    remedy: String,
    /// Address of the cluster, `host:port`.
    address: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// What is wrong with the form of a Temporal Cloud address.
#[derive(Serialize, JsonSchema)]
struct AddressProblem {
    /// Address of the target, `host:port`.
    address: String,
    /// What is wrong, as a sentence.
    problem: String,
    /// What to do, as a sentence.
    remedy: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A target namespace that admits private networks only, and was not reached.
#[derive(Serialize, JsonSchema)]
struct ClosedPath {
    /// Namespace of the target.
    target_namespace: String,
    /// Its connectivity rules with their regions, at most five, then how many more.
    rules: String,
    /// Address that was tried, `host:port`.
    address: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Proof that both addresses lead to the same cluster.
#[derive(Serialize, JsonSchema)]
struct SameCluster {
    /// Address of the source, `host:port`.
    source_address: String,
    /// Address of the target, `host:port`.
    target_address: String,
    /// The proof, as a sentence.
    problem: &'static str,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A snapshot that was taken more than a week before.
#[derive(Serialize, JsonSchema)]
struct OldSnapshot {
    /// The side.
    side: Side,
    /// Day on which it was taken, UTC.
    taken: String,
    /// How long ago: `9 days`.
    age: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A workflow type of the source.
#[derive(Serialize, JsonSchema)]
struct SourceWorkflowType {
    /// Namespace of the source.
    source_namespace: String,
    /// Its name.
    name: String,
    /// Open executions (CountWorkflowExecutions); 0 for a type that only the code defines.
    open: u64,
    /// Closed executions within retention (CountWorkflowExecutions).
    closed: u64,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A schedule of the source.
#[derive(Serialize, JsonSchema)]
struct SourceSchedule {
    /// Namespace of the source.
    source_namespace: String,
    /// Schedule id.
    id: String,
    /// Whether it is paused.
    paused: bool,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A size that the source accepts and the target does not.
#[derive(Serialize, JsonSchema)]
struct LargerLimit {
    /// Namespace of the source.
    source_namespace: String,
    /// Of what: `payloads`, `memos`, `workflow task completions`.
    what: &'static str,
    /// What the source accepts: `4.0 MiB`.
    size: String,
    /// What the target accepts.
    limit: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A namespace of the source that archives.
#[derive(Serialize, JsonSchema)]
struct Archival {
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// What it archives.
    what: &'static str,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A namespace of the source with open executions.
#[derive(Serialize, JsonSchema)]
struct OpenExecutions {
    /// Namespace of the source.
    source_namespace: String,
    /// How many, and how many of them are paused: `3 open executions (1 paused)`.
    open: String,
    /// How many of each workflow type, at most five types, then how many more.
    types: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A schedule of the source that can still start executions.
#[derive(Serialize, JsonSchema)]
struct ActiveSchedule {
    /// Namespace of the source.
    source_namespace: String,
    /// Schedule id.
    id: String,
    /// The workflow type it starts.
    workflow_type: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&SOURCE_CONNECTION_FAILURES, context.source.clone().and_then(connection_failures));
    view.put(&TARGET_CONNECTION_FAILURES, context.target.clone().and_then(connection_failures));
    view.put(&CREDENTIAL, context.target.clone().map(|t| credential_name(t.credential)));
    view.put(&ADDRESS_PROBLEMS, context.target.clone().map(|t| address_problems(context, t)));
    view.put(&CLOSED_PATHS, context.target.clone().and_then(|t| closed_paths(context, t)));
    view.put(&SAME, same_cluster(context));
    let both = context.source.clone().zip(context.target.clone());
    view.put(&OLD_SNAPSHOTS, both.map(|(a, b)| [a, b].iter().filter_map(|c| old(context, c)).collect::<Vec<_>>()));

    view.put(
        &WORKFLOW_TYPES,
        per_moved_namespace(context, &workflow_types).and_then(|types| beside_code(context, types)),
    );
    view.put(&SCHEDULES, per_moved_namespace(context, &schedules));
    view.put(
        &SIZE_LIMITS,
        per_moved_namespace_within_limits(context, &|half, limits| size_limits(context, half, limits)),
    );
    view.put(&ARCHIVAL, per_moved_namespace(context, &|half| archival(context, half)));

    view.put(&OPEN_EXECUTIONS, per_moved_namespace(context, &|half| open_executions(context, half)));
    view.put(&ACTIVE_SCHEDULES, per_moved_namespace(context, &|half| active_schedules(context, half)));
}

fn credential_name(credential: Credential) -> &'static str {
    match credential {
        Credential::None => "none",
        Credential::Mtls => "mtls",
        Credential::ApiKey => "api-key",
    }
}

/// Where the ladder broke, from every machine that looked.
fn connection_failures(cluster: &ClusterSnapshot) -> Known<Vec<ConnectionFailure>> {
    if cluster.connection.is_empty() {
        return Known::unknown(format!("no attempt to reach the {} is recorded", cluster.side));
    }
    // A cluster that told of any namespace whether it has it was reached; what it lacks is the concern of other rules.
    let failed = |steps: &[LadderStep], answered: bool, address: &str, from: &str| -> Vec<ConnectionFailure> {
        let steps = steps.iter().filter(|s| !s.ok && (s.step != "auth" || !answered));
        steps
            .map(|step| {
                let otherwise = "Check address, network path and credentials, then probe again.";
                let remedy = step.remedy.clone().unwrap_or_else(|| otherwise.to_owned());
                let detail =
                    if from.is_empty() { step.detail.clone() } else { format!("{}, from {from}", step.detail) };
                ConnectionFailure {
                    step: step.step.clone(),
                    address: address.to_owned(),
                    loci: vec![live(cluster, None, format!("connection to {address}"), &step.step)],
                    detail,
                    remedy,
                }
            })
            .collect()
    };
    if cluster.vantages.is_empty() {
        let answered = cluster.namespaces.iter().any(|n| n.exists.is_some());
        return Known::Known(failed(&cluster.connection, answered, &cluster.address, ""));
    }
    let each = cluster.vantages.iter().flat_map(|v| failed(&v.connection, v.answered, &v.address, &v.probed_from));
    Known::Known(each.collect())
}

/// Forms of address of Temporal Cloud: `<namespace>.<account>.tmprl.cloud:7233` and
/// `<region>.<provider>.api.temporal.io:7233` (docs: cloud/get-started/namespaces).
fn address_problems(context: &Context<'_>, target: &ClusterSnapshot) -> Vec<AddressProblem> {
    if target.kind != ClusterKind::Cloud {
        return vec![];
    }
    let (host, port) = target.address.rsplit_once(':').unwrap_or((&target.address, ""));
    let mut problems: Vec<(String, String)> = Vec::new();
    let mapped: Vec<&str> = context.facts.plan.namespaces.iter().filter_map(|m| m.target.as_deref()).collect();
    if host.ends_with(".region.tmprl.cloud") {
        problems.push((
            "it has the outdated regional form".to_owned(),
            "Use the namespace endpoint `<namespace>.<account>.tmprl.cloud:7233`.".to_owned(),
        ));
    } else if let Some(namespace) = host.strip_suffix(".tmprl.cloud")
        && !mapped.is_empty()
        && !mapped.iter().any(|m| m.eq_ignore_ascii_case(namespace))
    {
        let names: Vec<String> = mapped.iter().map(|m| format!("`{m}`")).collect();
        problems.push((
            format!("it is the endpoint of namespace `{namespace}`, but the plan moves to {}", words::list(&names, 3)),
            "Use the endpoint of the namespace that is dialled.".to_owned(),
        ));
    }
    if port != "7233" {
        problems.push((
            format!(
                "port {port} is not the port of Temporal Cloud, 7233",
                port = if port.is_empty() { "(none)" } else { port }
            ),
            "Use port 7233, unless a private link was set up with another one.".to_owned(),
        ));
    }
    let locus = [live(target, None, format!("address {}", target.address), "connection")];
    problems.extend(other_endpoint(context, target, host));
    let object =
        |(problem, remedy)| AddressProblem { address: target.address.clone(), loci: locus.to_vec(), problem, remedy };
    problems.into_iter().map(object).collect()
}

/// Once a namespace has a connectivity rule, every path without one is closed (docs: cloud/connectivity). That it was
/// described over this connection proves the path.
fn closed_paths(context: &Context<'_>, target: &ClusterSnapshot) -> Known<Vec<ClosedPath>> {
    if context.target_kind != ClusterKind::Cloud {
        return Known::Known(vec![]);
    }
    let planned = context.facts.plan.namespaces.iter().filter_map(|m| m.target.as_deref());
    Known::concat(planned.map(|name| {
        if target.namespaces.iter().any(|n| n.name == name && (n.exists == Some(true) || n.config.is_known())) {
            return Known::Known(vec![]);
        }
        let settings = target.cloud.value().and_then(|cloud| cloud.namespace(name)).and_then(|n| n.settings.value());
        let Some(settings) = settings else {
            return Known::Unknown(Why::with_remedy(
                format!("namespace {name} was not reached, and its connectivity rules are not known"),
                "mend the connection to the target, or give a key for the Cloud Ops API",
            ));
        };
        let rules = &settings.connectivity_rules;
        if rules.is_empty() || rules.iter().any(|rule| rule.public) {
            return Known::Known(vec![]);
        }
        let rules: Vec<String> = rules.iter().map(|rule| format!("{} ({})", rule.id, rule.region)).collect();
        Known::Known(vec![ClosedPath {
            target_namespace: name.to_owned(),
            rules: words::list(&rules, 5),
            address: target.address.clone(),
            loci: vec![live(target, Some(name), "connectivity rules", "GetNamespace")],
        }])
    }))
}

/// What the control plane says the address should be. A private link has a name of its own, and is left alone.
fn other_endpoint(context: &Context<'_>, target: &ClusterSnapshot, host: &str) -> Option<(String, String)> {
    let ours = host.ends_with(".tmprl.cloud") || host.ends_with(".api.temporal.io");
    let cloud = target.cloud.value().filter(|_| ours)?;
    let planned = context.facts.plan.namespaces.iter().filter_map(|m| m.target.as_deref());
    let settings = planned.filter_map(|name| cloud.namespace(name)).filter_map(|n| n.settings.value());
    let expected: Vec<&str> = settings
        .map(|settings| match target.credential {
            Credential::ApiKey => settings.api_key_address.as_str(),
            Credential::Mtls | Credential::None => settings.mtls_address.as_str(),
        })
        .filter(|address| !address.is_empty())
        .collect();
    let named = |address: &&str| address.rsplit_once(':').map_or(*address, |(host, _)| host).eq_ignore_ascii_case(host);
    let first = expected.first().filter(|_| !expected.iter().any(named))?;
    let kind = if target.credential == Credential::ApiKey { "API keys" } else { "client certificates" };
    Some((format!("the Cloud Ops API names `{first}` for {kind}"), format!("Use `{first}`.")))
}

/// A week: what the clusters told is judged at every gate, and gates are further apart.
const OLD_SECONDS: i64 = 7 * 86_400;

/// The newest look counts, unless a namespace of the plan has facts that only an older one told.
fn old(context: &Context<'_>, cluster: &ClusterSnapshot) -> Option<OldSnapshot> {
    let planned = context.facts.plan.namespaces.iter().filter_map(|m| match cluster.side {
        Side::Source => Some(m.source.as_str()),
        Side::Target => m.target.as_deref(),
    });
    let of = |name: &str| cluster.namespaces.iter().find(|n| n.name == name).and_then(|n| n.looked_at);
    let looked_at = planned.filter_map(of).min().unwrap_or_else(|| cluster.newest());
    let age = context.facts.at.as_second() - looked_at.as_second();
    (age > OLD_SECONDS).then(|| OldSnapshot {
        side: cluster.side,
        taken: looked_at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string(),
        age: words::count(age.unsigned_abs() / 86_400, "day"),
        loci: vec![live(cluster, None, "snapshot", "GetSystemInfo")],
    })
}

fn same_cluster(context: &Context<'_>) -> Known<Vec<SameCluster>> {
    context.source.clone().zip(context.target.clone()).and_then(|(source, target)| {
        let found = |problem: &'static str, rpc: &str| {
            let loci = vec![live(source, None, "cluster id", rpc), live(target, None, "cluster id", rpc)];
            Known::Known(vec![SameCluster {
                source_address: source.address.clone(),
                target_address: target.address.clone(),
                problem,
                loci,
            }])
        };
        if source.kind != target.kind {
            return Known::Known(vec![]);
        }
        let id = |c: &ClusterSnapshot| {
            c.system.clone().and_then(|system| match system.cluster {
                Some(cluster) if !cluster.id.is_empty() => Known::Known(cluster.id),
                _ => Known::Unknown(Why::with_remedy(
                    format!("the {} did not tell its cluster id", c.side),
                    "allow GetClusterInfo for the identity that probes",
                )),
            })
        };
        // Behind one address there may be two clusters, told apart by server name or authority.
        let ids = id(source).zip(id(target));
        if ids.value().is_some_and(|(a, b)| a == b) {
            return found("both report the same cluster id", "GetClusterInfo");
        }
        match ids {
            Known::Known(_) => Known::Known(vec![]),
            _ if source.address == target.address && source.kind == ClusterKind::SelfHosted => {
                found("the addresses are equal", "connection")
            }
            Known::Partial { why, .. } | Known::Unknown(why) => Known::Unknown(why),
        }
    })
}

fn workflow_types(half: &NamespaceSide<'_>) -> Known<Vec<SourceWorkflowType>> {
    inventory(half).map(|types| {
        let object = |t: &WorkflowType| SourceWorkflowType {
            source_namespace: half.namespace.name.clone(),
            name: t.name.clone(),
            open: t.open,
            closed: t.closed,
            loci: vec![half.locus(format!("workflow type {}", t.name), "CountWorkflowExecutions")],
        };
        types.iter().map(object).collect()
    })
}

fn schedules(half: &NamespaceSide<'_>) -> Known<Vec<SourceSchedule>> {
    half.known("schedules", &half.namespace.schedules).map(|schedules| {
        schedules
            .iter()
            .map(|s| SourceSchedule {
                source_namespace: half.namespace.name.clone(),
                id: s.id.clone(),
                paused: s.paused,
                loci: vec![half.locus(format!("schedule {}", s.id), "DescribeSchedule")],
            })
            .collect()
    })
}

/// The target itself says what it accepts, where it does; else the documentation does.
fn size_limits(context: &Context<'_>, half: &NamespaceSide<'_>, limits: &Limits) -> Known<Vec<LargerLimit>> {
    let mapping = context.facts.plan.namespaces.iter().find(|m| m.source == half.namespace.name);
    let target = mapping.and_then(|m| m.target.as_deref()).zip(context.facts.target.value());
    let target = target.and_then(|(name, cluster)| compare::half(cluster, name).value().copied());
    let told = |limit: fn(&NamespaceConfig) -> Option<u64>| limit(target?.namespace.config.value()?);
    half.known("the configuration", &half.namespace.config).and_then(|config| {
        let Some(payloads) = config.blob_size_limit_error else {
            return Known::Unknown(Why::with_remedy(
                format!(
                    "the source does not tell the size limits of namespace {} (servers before 1.30)",
                    half.namespace.name
                ),
                "look up `limit.blobSize.error` in the dynamic configuration of the source, and attest it",
            ));
        };
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
        let pairs = [
            ("payloads", Some(payloads), told(|c| c.blob_size_limit_error).or(Some(limits.blob_size_bytes))),
            ("memos", config.memo_size_limit_error, told(|c| c.memo_size_limit_error)),
            // Without a limit of its own, the source accepts what gRPC does.
            ("workflow task completions", config.completion_size_limit_error, told(|c| c.completion_size_limit_error)),
        ];
        let above = pairs.into_iter().filter_map(|(what, size, limit)| Some((what, size?, limit?)));
        let above = above.filter(|(_, size, limit)| size > limit).map(|(what, size, limit)| {
            let mut loci = vec![half.locus(format!("namespace {}", half.namespace.name), "DescribeNamespace")];
            loci.extend(target.map(|t| t.locus(format!("namespace {}", t.namespace.name), "DescribeNamespace")));
            LargerLimit {
                source_namespace: half.namespace.name.clone(),
                size: mib(size),
                limit: mib(limit),
                what,
                loci,
            }
        });
        Known::Known(above.collect())
    })
}

fn archival(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<Archival>> {
    let mapping = context.facts.plan.namespaces.iter().find(|m| m.source == half.namespace.name);
    let target = mapping.and_then(|m| m.target.clone()).unwrap_or_default();
    half.known("the configuration", &half.namespace.config).map(|config| {
        let what = match (config.history_archival, config.visibility_archival) {
            (true, true) => "histories and visibility records",
            (true, false) => "histories",
            (false, true) => "visibility records",
            (false, false) => return vec![],
        };
        let cloud = context.facts.target.value().and_then(|target| target.cloud.value());
        let sinks = cloud.and_then(|cloud| cloud.namespace(&target)).and_then(|n| n.export_sinks.value());
        if sinks.is_some_and(|sinks| sinks.iter().any(|sink| sink.enabled && sink.health == "ok")) {
            return vec![];
        }
        vec![Archival {
            source_namespace: half.namespace.name.clone(),
            target_namespace: target,
            loci: vec![half.locus(format!("namespace {}", half.namespace.name), "DescribeNamespace")],
            what,
        }]
    })
}

fn open_executions(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<OpenExecutions>> {
    half.known("open executions", &half.namespace.open).map(|open| {
        if open == 0 {
            return vec![];
        }
        let types = half.namespace.workflow_types.value().map(Vec::as_slice).unwrap_or_default();
        let mut types: Vec<_> = types.iter().filter(|t| t.open > 0).collect();
        types.sort_by_key(|t| std::cmp::Reverse(t.open));
        let types: Vec<String> = types.iter().map(|t| format!("{} of `{}`", t.open, t.name)).collect();
        let types = if types.is_empty() { "types not counted".to_owned() } else { words::list(&types, 5) };
        let statuses = half.namespace.executions.statuses.value();
        let paused = statuses.and_then(|s| s.get("Paused")).filter(|paused| **paused > 0);
        let paused = paused.map_or_else(String::new, |paused| format!(" ({paused} paused)"));
        let open = format!("{}{paused}", words::count(open, "open execution"));
        vec![OpenExecutions {
            source_namespace: half.namespace.name.clone(),
            source_flags: context.source_flags(&half.namespace.name),
            loci: vec![half.locus("open executions", "CountWorkflowExecutions")],
            open,
            types,
        }]
    })
}

fn active_schedules(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<ActiveSchedule>> {
    half.known("schedules", &half.namespace.schedules).map(|schedules| {
        let active = schedules.iter().filter(|s| s.acts_after(half.cluster.newest()));
        active
            .map(|s| ActiveSchedule {
                source_namespace: half.namespace.name.clone(),
                id: s.id.clone(),
                workflow_type: s.action.workflow_type.clone(),
                source_flags: context.source_flags(&half.namespace.name),
                loci: vec![half.locus(format!("schedule {}", s.id), "DescribeSchedule")],
            })
            .collect()
    })
}
