//! A look at one cluster: connect once, then ask.

mod account;
mod answers;
mod api_key;
mod attribute_use;
mod budget;
mod calendar;
mod client;
mod clock;
mod cloud_ops;
mod connect;
mod elsewhere;
mod executions;
mod failure;
mod hello;
mod history_start;
mod metrics;
mod namespaces;
mod query;
mod read_only;
mod schedule_form;
mod schedule_times;
mod schedules;
mod search_attributes;
mod task_queues;
mod time;
mod tls;
mod trouble;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use tokio::time::Instant;
use tonic::Code;

pub use elsewhere::{LaterQueues, OpenElsewhere, look_for_ids};
pub use read_only::reads;

use super::connection::{self, Connection};
use super::settings::prometheus::Prometheus;
use budget::Budget;
use client::Client;
use connect::Ladder;
use failure::Failure;
use read_only::{Ledger, ReadOnly};

use crate::facts::cluster::{ClusterKind, ClusterSnapshot, Metrics, NamespaceSnapshot, SNAPSHOT_SCHEMA, SystemInfo};
use crate::facts::{Known, Side, Why};

/// Told, in a short line, what the probe is doing.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// What to ask, how fast, and for how long.
#[derive(Clone)]
pub struct ProbeOptions {
    /// Namespaces to probe. Empty: on a self-hosted cluster all of them (without `temporal-system`), else the
    /// namespace of the connection.
    pub namespaces: Vec<String>,
    /// Task queues to describe although no open execution or schedule names them: those found in the code.
    pub task_queues: Vec<String>,
    /// More of them, which become known while the probe is under way; nothing when there are none to wait for.
    pub later_queues: Option<LaterQueues>,
    /// Executions started since this instant are looked at for who still starts here; the last 24 hours when not given.
    pub starts_since: Option<Timestamp>,
    /// List so many of the oldest open executions one by one; 0 for none. Calls grow with this number only.
    pub list_open: usize,
    /// By namespace, ids of executions that are open on the other side, to be looked for here, too.
    pub open_elsewhere: std::collections::BTreeMap<String, OpenElsewhere>,
    /// The instant ages are measured at.
    pub at: Timestamp,
    /// Visibility calls a second (5 is polite to a self-hosted cluster, 10 to Temporal Cloud).
    pub rps: f64,
    /// The probe ends after this time; what is missing then is unknown.
    pub deadline: Duration,
    /// Stop after the connection ladder.
    pub connect_only: bool,
    /// How to reach the Cloud Ops API of this cluster's account, or why it is not asked.
    pub cloud_ops: Known<Connection>,
    /// The Prometheus of this side, or why it is not asked.
    pub metrics: Known<Prometheus>,
    /// Called before every part of the work.
    pub progress: Option<Progress>,
}

impl ProbeOptions {
    fn say(&self, line: &str) {
        if let Some(progress) = &self.progress {
            progress(line);
        }
    }
}

/// Look at one cluster.
///
/// The snapshot always comes back: of a cluster that cannot be reached it holds the steps up to the failed
/// one, with the remedy, and everything else as unknown.
pub async fn probe(side: Side, connection: &Connection, options: &ProbeOptions) -> ClusterSnapshot {
    let begin = Instant::now();
    let ledger = Arc::new(Ledger::default());
    let (mut seen, cloud) =
        tokio::join!(reach(side, connection, options, &ledger), account::control_plane(connection, options));
    let (cloud, account_ledger) = cloud;
    if let Some(cloud) = cloud.value() {
        account::supplement(&mut seen, cloud, options, connection);
    }
    let (api_key_expires, api_key_id) = api_key::read(connection.api_key.as_ref());
    let local = clock::Local { at: options.at, since: begin };
    let clock_ahead_seconds = clock::ahead(local, ledger.date(), &seen.namespaces);
    let mut rpcs = ledger.counts();
    rpcs.extend(account_ledger.counts());
    let ladder = seen.ladder;
    let metrics = measured(&seen.namespaces, connection, options).await;
    let snapshot = ClusterSnapshot {
        schema: SNAPSHOT_SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        side,
        address: connection.address.clone(),
        taken_at: options.at,
        cli_flags: connection.cli_flags.clone(),
        kind: seen.kind,
        connection: ladder.steps,
        endpoint_chain: ladder.endpoint_chain,
        certificate_files: ladder.certificate_files,
        credential: connection.credential,
        api_key_expires,
        api_key_id,
        clock_ahead_seconds,
        system: seen.system,
        namespace_names: seen.namespace_names,
        namespaces: seen.namespaces,
        metrics,
        cloud: match cloud {
            Known::Unknown(_) if seen.kind == ClusterKind::SelfHosted => {
                Known::unknown("a self-hosted cluster has no Cloud Ops API")
            }
            cloud => cloud,
        },
        probed_from: gethostname::gethostname().to_string_lossy().into_owned(),
        vantages: Vec::new(),
        earlier: Vec::new(),
        redacted_with: None,
        rpcs,
        elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    snapshot.settled()
}

/// The data plane: connect, and ask what there is.
async fn reach(side: Side, connection: &Connection, options: &ProbeOptions, ledger: &Arc<Ledger>) -> Reached {
    options.say(&format!("{side}: connecting to {}", connection.address));
    let mut ladder = connect::climb(connection).await;
    let mut kind = connection.kind();
    let shown = ladder.endpoint_chain.value().and_then(|chain| chain.first());
    if shown.is_some_and(|leaf| leaf.names.iter().any(|name| connection::is_cloud_name(name))) {
        kind = ClusterKind::Cloud;
    }
    let mut seen = Seen::unknown(&Why::new("the cluster was not reached"));
    if let Some(channel) = ladder.channel.take() {
        let budget = Arc::new(Budget::new(options.rps, options.deadline));
        let transport = ReadOnly::new(channel, headers(connection), Arc::clone(&budget), Arc::clone(ledger));
        let client = Client::new(transport, budget);
        seen = look(&client, kind, connection, options, &mut ladder).await;
    }
    if let Some(why) = ladder.why() {
        seen.explain(&why, options, connection);
    }
    Reached { ladder, kind, system: seen.system, namespace_names: seen.namespace_names, namespaces: seen.namespaces }
}

/// What the data plane told, and how it was reached.
struct Reached {
    ladder: Ladder,
    kind: ClusterKind,
    system: Known<SystemInfo>,
    namespace_names: Known<Vec<String>>,
    namespaces: Vec<NamespaceSnapshot>,
}

/// What is measured of the namespaces that were probed.
async fn measured(probed: &[NamespaceSnapshot], connection: &Connection, options: &ProbeOptions) -> Known<Metrics> {
    match &options.metrics {
        Known::Unknown(why) => Known::Unknown(why.clone()),
        _ if options.connect_only => Known::unknown("not asked"),
        Known::Known(prometheus) | Known::Partial { value: prometheus, .. } => {
            let names: Vec<String> = match probed {
                [] => asked(options, connection),
                probed => probed.iter().map(|namespace| namespace.name.clone()).collect(),
            };
            Known::Known(metrics::read(prometheus, &names, options).await)
        }
    }
}

/// Namespaces that are asked for by name.
fn asked(options: &ProbeOptions, connection: &Connection) -> Vec<String> {
    match options.namespaces.as_slice() {
        [] => vec![connection.default_namespace()],
        names => names.to_vec(),
    }
}

/// What the calls told.
struct Seen {
    system: Known<SystemInfo>,
    namespace_names: Known<Vec<String>>,
    namespaces: Vec<NamespaceSnapshot>,
}

impl Seen {
    fn unknown(why: &Why) -> Self {
        Self { system: Known::Unknown(why.clone()), namespace_names: Known::Unknown(why.clone()), namespaces: vec![] }
    }

    /// After a failed step, say of everything that was not learned that this step is the reason.
    fn explain(&mut self, why: &Why, options: &ProbeOptions, connection: &Connection) {
        if !self.namespaces.is_empty() {
            return;
        }
        if self.system.value().is_none() {
            self.system = Known::Unknown(why.clone());
        }
        if self.namespace_names.value().is_none() {
            self.namespace_names = Known::Unknown(why.clone());
        }
        let asked: Vec<&String> = match options.namespaces.as_slice() {
            [] => connection.namespace.iter().collect(),
            names => names.iter().collect(),
        };
        self.namespaces = asked.into_iter().map(|name| NamespaceSnapshot::unknown(name, why)).collect();
    }
}

fn headers(connection: &Connection) -> Vec<(HeaderName, HeaderValue)> {
    // Names and values were checked when the connection was resolved.
    let mut headers = Vec::new();
    if let Some(key) = &connection.api_key
        && let Ok(value) = HeaderValue::try_from(format!("Bearer {}", key.0))
    {
        headers.push((http::header::AUTHORIZATION, value));
    }
    for (name, value) in &connection.metadata {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.0.as_str())) {
            headers.push((name, value));
        }
    }
    headers
}

/// The step `grpc`: what the server tells of itself; nothing when it does not answer, or refuses.
async fn greet(
    client: &Client,
    kind: ClusterKind,
    connection: &Connection,
    ladder: &mut Ladder,
) -> Option<Known<SystemInfo>> {
    let since = Instant::now();
    match namespaces::system(client, kind).await {
        Ok(system) => {
            let words = match system.value().map(|s| s.server_version.as_str()) {
                None => "gRPC answers".to_owned(),
                Some("") => "gRPC answers, server of unknown version".to_owned(),
                Some(version) => format!("gRPC answers, server {version}"),
            };
            ladder.step("grpc", since, Ok(words));
            Some(system)
        }
        Err(failure) => {
            let refused = matches!(failure.code, Code::PermissionDenied | Code::Unauthenticated);
            if refused {
                ladder.step("grpc", since, Ok("gRPC answers".into()));
            }
            ladder.step(if refused { "auth" } else { "grpc" }, since, Err(trouble::of_grpc(connection, &failure)));
            None
        }
    }
}

/// The steps `grpc` and `auth`, then everything else.
async fn look(
    client: &Client,
    kind: ClusterKind,
    connection: &Connection,
    options: &ProbeOptions,
    ladder: &mut Ladder,
) -> Seen {
    let mut seen = Seen::unknown(&Why::new("not asked"));
    let Some(system) = greet(client, kind, connection, ladder).await else { return seen };
    let server = Server {
        side: connection.side,
        kind,
        version: query::version(system.value().map_or("", |s| s.server_version.as_str())),
        nexus: system.value().is_some_and(|s| s.capabilities.iter().any(|c| c == "nexus")),
    };
    seen.system = system;

    seen.namespace_names = match kind {
        ClusterKind::SelfHosted => namespaces::list(client).await,
        ClusterKind::Cloud => Known::Unknown(Why::with_remedy(
            "Temporal Cloud does not list namespaces to clients",
            "`tcld namespace list` shows them",
        )),
    };
    let names: Vec<String> = match (options.namespaces.as_slice(), seen.namespace_names.value(), kind) {
        ([], Some(all), ClusterKind::SelfHosted) => all.clone(),
        ([], _, _) => vec![connection.default_namespace()],
        (given, _, _) => given.to_vec(),
    };
    for (index, name) in names.iter().enumerate() {
        options.say(&format!("{}: namespace {name} ({} of {})", connection.side, index + 1, names.len()));
        let since = Instant::now();
        let described = namespaces::describe(client, name).await;
        if index == 0 {
            let words = match &described {
                Ok(_) => Ok(format!("namespace {name} can be read")),
                Err(failure) => Err(trouble::of_namespace(connection, failure)),
            };
            ladder.step("auth", since, words);
            if options.connect_only {
                break;
            }
        }
        seen.namespaces.push(match described {
            // Without access, or without the namespace, every further call would say the same.
            Err(failure) if failure.is_final() || failure.code == Code::NotFound => NamespaceSnapshot {
                looked_at: Some(options.at),
                exists: (failure.code == Code::NotFound).then_some(false),
                ..NamespaceSnapshot::unknown(name, &failure.why())
            },
            described => look_into(client, server, name, described, options).await,
        });
    }
    if names.is_empty() {
        ladder.step("auth", Instant::now(), Ok("the cluster has no namespaces".into()));
    }
    seen
}

/// What the questions to a server depend on.
#[derive(Debug, Clone, Copy)]
struct Server {
    side: Side,
    kind: ClusterKind,
    version: (u32, u32),
    nexus: bool,
}

async fn look_into(
    client: &Client,
    server: Server,
    name: &str,
    described: Result<namespaces::Described, Failure>,
    options: &ProbeOptions,
) -> NamespaceSnapshot {
    let Server { side, kind, version, nexus } = server;
    let search_attributes = search_attributes::read(client, kind, name, described.as_ref().ok()).await;
    let visibility = executions::Visibility::new(client, name, version, options).await;
    let offered = executions::Offered::by(described.as_ref().ok().map(|described| &described.config));
    let (mut schedules, executions) =
        tokio::join!(schedules::read(&visibility, version, options), executions::read(&visibility, offered));
    let config = described.as_ref().ok().map(|described| &described.config);
    let workers = workers::workers(client, name, config).await;
    let task_queues = task_queues::read(&visibility, &schedules, &workers, nexus, options).await;
    let deployments = workers::deployments(client, name, version, options).await;
    let attribute_use = match side {
        Side::Source => attribute_use::read(&visibility, &search_attributes, options).await,
        // What is asked: which attributes the target will need.
        Side::Target => Known::unknown("the source is asked which attributes executions use, not the target"),
    };
    // Last: when the time runs out, a second proof is what can be missed best.
    schedule_times::read(client, name, &mut schedules, options).await;
    NamespaceSnapshot {
        name: name.to_owned(),
        looked_at: Some(options.at),
        exists: described.is_ok().then_some(true),
        config: match described {
            Ok(described) => Known::Known(described.config),
            Err(failure) => Known::Unknown(failure.why()),
        },
        search_attributes,
        schedules,
        workflow_types: executions.workflow_types,
        open: executions.open,
        closed: executions.closed,
        oldest_open: executions.oldest_open,
        longest_closed: executions.longest_closed,
        task_queues,
        executions: executions.facts,
        attribute_use,
        workers,
        deployments,
    }
}
