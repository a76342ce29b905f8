//! What the source tree says. Production code only: tests may build their own clients.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::coverage::{About, Unanalysed, unanalysed, whole_about};
use super::site::{CallSite, CodeLine, factory_for, production};
use super::{Context, Fact, FactPath, FactView};
use crate::facts::code::{
    CodeFacts, Confidence, EntryKind, Factory, FallbackOn, Kind, OriginStatus, RoutingRole, SearchAttributeUse, Site,
};
use crate::facts::{Known, Locus};

const UNFLAGGED_STARTS: Fact<Vec<CallSite>> =
    Fact::new("code.unflagged_starts", "calls that start executions by a client no flag or setting chooses");
const SCHEDULES_AT_START: Fact<Vec<CallSite>> =
    Fact::new("code.schedules_at_start", "calls that create or change schedules whenever a worker process starts");
const UNIQUE_IDS: Fact<Vec<UsedFeature>> =
    Fact::new("code.unique_ids", "starts that rely on an id being in use once, which a cluster knows of itself only");
const BESIDE_WORKFLOWS: Fact<Vec<BesideWorkflows>> =
    Fact::new("code.beside_workflows", "standalone activities and Nexus operations in production code");
const CLIENTS: Fact<Vec<Client>> =
    Fact::new("code.clients", "every construction of a client, and whether it stands in a connection factory");
const MESSAGES: Fact<Vec<Message>> = Fact::new(
    "code.messages",
    "every signal, query, update, cancel, terminate and reset, and whether it can reach both clusters",
);
const FALLBACKS: Fact<Vec<Fallback>> =
    Fact::new("code.fallbacks", "every second try on another cluster, and the error on which it acts");
const SIGNAL_WITH_STARTS: Fact<Vec<SignalWithStart>> = Fact::new(
    "code.signal_with_starts",
    "every signal-with-start and update-with-start, and whether it stands under a fallback",
);
const ASYNC_COMPLETIONS: Fact<Vec<AsyncCompletion>> = Fact::new(
    "code.async_completions",
    "every completion of an activity from outside, and whether it can reach the cluster that issued the task",
);
const CRON_STARTS: Fact<Vec<CronStart>> =
    Fact::new("code.cron_starts", "every start with a cron expression (not a schedule)");
const HAZARDS: Fact<Vec<Hazard>> =
    Fact::new("code.hazards", "calls and settings that Temporal Cloud refuses or that make a move risky");
const UNANALYSED: Fact<Vec<Unanalysed>> =
    Fact::new("code.unanalysed", "files that name Temporal and were not read by the analyser, or not wholly");
const SEARCH_ATTRIBUTES: Fact<Vec<NamedAttribute>> =
    Fact::new("code.search_attributes", "search attributes that production code names");
const WORKFLOWS: Fact<Vec<DefinedWorkflow>> =
    Fact::new("code.workflows", "workflow types that production code defines");
const FACTORIES: Fact<Vec<ConnectionFactory>> =
    Fact::new("code.factories", "the connection factories, configured or proposed");

pub(super) const PATHS: &[FactPath] = &[
    UNFLAGGED_STARTS.entry(),
    SCHEDULES_AT_START.entry(),
    UNIQUE_IDS.entry(),
    BESIDE_WORKFLOWS.entry(),
    CLIENTS.entry(),
    MESSAGES.entry(),
    FALLBACKS.entry(),
    SIGNAL_WITH_STARTS.entry(),
    ASYNC_COMPLETIONS.entry(),
    CRON_STARTS.entry(),
    HAZARDS.entry(),
    UNANALYSED.entry(),
    SEARCH_ATTRIBUTES.entry(),
    WORKFLOWS.entry(),
    FACTORIES.entry(),
];

/// A line that uses a feature of the SDK.
#[derive(Serialize, JsonSchema)]
struct UsedFeature {
    /// What is used.
    what: String,
    #[serde(flatten)]
    at: CodeLine,
}

/// Work that is no workflow execution: a call, or a line that uses the feature.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum BesideWorkflows {
    /// A call of the SDK.
    Call(CallSite),
    /// A line.
    Feature(UsedFeature),
}

/// A start with a cron expression.
#[derive(Serialize, JsonSchema)]
struct CronStart {
    /// The cron expression.
    cron: String,
    #[serde(flatten)]
    site: CallSite,
}

/// A signal, query, update, cancel, terminate or reset.
#[derive(Serialize, JsonSchema)]
struct Message {
    /// Which clusters it can reach.
    verdict: Reach,
    /// Why that is not clear; empty when it is.
    reason: String,
    #[serde(flatten)]
    site: CallSite,
}

/// Which clusters a call can reach.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Reach {
    /// Both: a second try goes to the other cluster.
    Both,
    /// One.
    Single,
    /// That of its own start: it goes to the handle that the start gave.
    Own,
    /// That is not clear.
    Unclear,
}

/// A second try on another cluster.
#[derive(Serialize, JsonSchema)]
struct Fallback {
    /// The error on which it acts.
    on: ActsOn,
    /// Whether the error of the first try is kept when the second fails, too.
    both_errors: Answer,
    #[serde(flatten)]
    site: CallSite,
}

/// The error on which a second try acts.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ActsOn {
    /// NotFound only.
    NotFound,
    /// Any error.
    AnyError,
    /// That is not clear.
    Unclear,
}

/// An answer of the analysis.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// That is not clear.
    Unclear,
}

/// A signal-with-start or update-with-start.
#[derive(Serialize, JsonSchema)]
struct SignalWithStart {
    /// Whether it stands under a fallback.
    verdict: Tries,
    #[serde(flatten)]
    site: CallSite,
}

/// Whether a call that can start is tried on both clusters.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Tries {
    /// It is one try of two, and can start a second execution.
    Fallback,
    /// It starts once: on one client, or after a message that the other cluster answered with NotFound.
    Single,
}

/// A completion of an activity from outside of the worker.
#[derive(Serialize, JsonSchema)]
struct AsyncCompletion {
    /// Which clusters it can reach.
    verdict: CompletionReach,
    /// Why that is not clear; empty when it is.
    reason: String,
    #[serde(flatten)]
    site: CallSite,
}

/// Which clusters a completion can reach.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum CompletionReach {
    /// Both.
    Both,
    /// The one that issued the task: the client is that of the worker.
    Inherited,
    /// One.
    Single,
    /// That is not clear.
    Unclear,
}

/// A construction of a client.
#[derive(Serialize, JsonSchema)]
struct Client {
    /// Where it stands.
    verdict: ClientVerdict,
    /// The address it connects to, as the code writes it.
    address: String,
    /// What to do, as a sentence.
    instead: String,
    #[serde(flatten)]
    site: CallSite,
}

/// Where a client is built.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ClientVerdict {
    /// In a connection factory.
    Factory,
    /// Outside of every connection factory.
    Outside,
}

/// A call or setting that Temporal Cloud refuses, or that makes a move risky.
#[derive(Serialize, JsonSchema)]
struct Hazard {
    /// Which hazard: a word of the SDK catalogue.
    id: String,
    /// What was found.
    detail: String,
    /// Place: `ops/register.go:12`.
    place: String,
    /// File, relative to the root of the scan.
    path: String,
    /// Line, from 1.
    line: u32,
    /// Identity of the finding, without line numbers.
    key: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A search attribute that production code names.
#[derive(Serialize, JsonSchema)]
struct NamedAttribute {
    /// Its name.
    name: String,
    /// What the code does with it.
    role: String,
    #[serde(flatten)]
    at: CodeLine,
}

/// A workflow type that production code defines.
#[derive(Serialize, JsonSchema)]
struct DefinedWorkflow {
    /// Its name.
    name: String,
    #[serde(flatten)]
    at: CodeLine,
}

/// A connection factory.
#[derive(Serialize, JsonSchema)]
struct ConnectionFactory {
    /// File; empty when it is not in the tree.
    path: String,
    /// Line, from 1.
    line: u32,
    /// Name of the function.
    function: String,
    /// Whether preflight.yaml names it; else the scan proposes it.
    configured: bool,
    /// Whether the scan found it.
    found: bool,
    /// How many sites take their client from it.
    sites: usize,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    put_starts(context, view);
    put_messages(context, view);
    put_rest(context, view);
}

/// A list of the code; partial when what was not read may hold more of it.
fn list<T>(context: &Context<'_>, about: About, of: fn(&CodeFacts) -> Vec<T>) -> Known<Vec<T>> {
    context.code.clone().and_then(|code| whole_about(code, about, of(code)))
}

fn put_starts(context: &Context<'_>, view: &mut FactView) {
    view.put(&UNFLAGGED_STARTS, list(context, About::Starts, unflagged_starts));
    view.put(&SCHEDULES_AT_START, list(context, About::Starts, schedules_at_start));
    view.put(&UNIQUE_IDS, list(context, About::Starts, |code| features(code, "start-uniqueness").collect()));
    view.put(&CRON_STARTS, list(context, About::Starts, cron_starts));
    view.put(&BESIDE_WORKFLOWS, list(context, About::Other, beside_workflows));
}

fn put_messages(context: &Context<'_>, view: &mut FactView) {
    view.put(&MESSAGES, list(context, About::Messages, messages));
    view.put(&FALLBACKS, list(context, About::Other, fallbacks));
    view.put(&SIGNAL_WITH_STARTS, list(context, About::Both, signal_with_starts));
    view.put(&ASYNC_COMPLETIONS, list(context, About::Other, async_completions));
}

fn put_rest(context: &Context<'_>, view: &mut FactView) {
    view.put(&CLIENTS, list(context, About::Other, clients));
    view.put(&HAZARDS, list(context, About::Other, hazards));
    view.put(&UNANALYSED, context.code.clone().map(|code| unanalysed(code, &context.facts.plan)));
    view.put(&SEARCH_ATTRIBUTES, list(context, About::Other, search_attributes));
    view.put(&WORKFLOWS, list(context, About::Other, workflows));
    view.put(&FACTORIES, context.code.clone().map(factories));
}

fn unflagged_starts(code: &CodeFacts) -> Vec<CallSite> {
    let begins = |s: &&Site| matches!(s.kind, Kind::Start | Kind::SignalWithStart | Kind::UpdateWithStart);
    let unflagged = production(code).filter(begins).filter(|s| s.routing.flag.is_none());
    unflagged.map(|site| CallSite::of(code, site)).collect()
}

/// A process that runs workers starts again at every deployment, on both clusters during the move.
fn schedules_at_start(code: &CodeFacts) -> Vec<CallSite> {
    let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let workers: BTreeSet<String> =
        production(code).filter(|s| s.kind == Kind::Worker).map(|s| folder(&s.path)).collect();
    let at_start = production(code)
        .filter(|s| s.kind == Kind::ScheduleCreate || (s.kind == Kind::ScheduleOp && resumes(&s.api)))
        .filter(|s| s.routing.flag.is_none())
        .filter(|s| s.entries.iter().any(|e| e.kind == EntryKind::Cli && workers.contains(&folder(&e.path))));
    at_start.map(|site| CallSite::of(code, site)).collect()
}

/// Calls after which a schedule is active, whatever it was before.
fn resumes(api: &str) -> bool {
    let method = api.rsplit(['.', '#', ':']).next().unwrap_or(api).to_ascii_lowercase();
    ["unpause", "update"].iter().any(|word| method.starts_with(word))
}

fn features<'c>(code: &'c CodeFacts, feature: &'c str) -> impl Iterator<Item = UsedFeature> + 'c {
    let used = code.features.iter().filter(move |f| f.feature == feature && f.scope.is_production());
    used.map(|f| UsedFeature { what: f.what.clone(), at: CodeLine::at(&f.path, f.line) })
}

fn beside_workflows(code: &CodeFacts) -> Vec<BesideWorkflows> {
    let sites = production(code).filter(|s| matches!(s.kind, Kind::ActivityStart | Kind::NexusStart));
    let calls = sites.map(|site| {
        let what = match site.kind {
            Kind::NexusStart => "starts a workflow for a Nexus operation",
            _ => "starts a standalone activity",
        };
        BesideWorkflows::Call(CallSite { what: what.to_owned(), ..CallSite::of(code, site) })
    });
    let nexus = features(code, "nexus")
        .map(|used| BesideWorkflows::Feature(UsedFeature { what: format!("uses a Nexus {}", used.what), ..used }));
    calls.chain(nexus).collect()
}

fn search_attributes(code: &CodeFacts) -> Vec<NamedAttribute> {
    let named = code.search_attributes.iter().filter(|u| u.scope.is_production() && !u.name.is_empty());
    let of = |u: &SearchAttributeUse| NamedAttribute {
        name: u.name.clone(),
        role: u.role.clone(),
        at: CodeLine::at(&u.path, u.line),
    };
    named.map(of).collect()
}

fn workflows(code: &CodeFacts) -> Vec<DefinedWorkflow> {
    let defined = code.workflow_types.iter().filter(|w| w.scope.is_production() && w.role == "defined");
    defined.map(|w| DefinedWorkflow { name: w.name.clone(), at: CodeLine::at(&w.path, w.line) }).collect()
}

fn factories(code: &CodeFacts) -> Vec<ConnectionFactory> {
    let factory = |f: &Factory| ConnectionFactory {
        path: f.path.clone(),
        line: f.line,
        function: f.function.clone(),
        configured: f.configured,
        found: f.found,
        sites: f.sites,
        loci: vec![Locus::File { path: f.path.clone(), line: f.line }],
    };
    code.factories.iter().map(factory).collect()
}

fn clients(code: &CodeFacts) -> Vec<Client> {
    let client = |site: &Site| {
        let factory = factory_for(code, site);
        // A worker takes no client: its connection is of a type of its own.
        let instead = match site.api.contains("NativeConnection") {
            true => format!("Build the connection of the worker beside {factory}, from the same settings"),
            false => format!("Replace it by {factory}"),
        };
        Client {
            verdict: if site.standing.is_factory() { ClientVerdict::Factory } else { ClientVerdict::Outside },
            address: site.address.clone().unwrap_or_else(|| "an address that is not a constant".to_owned()),
            instead,
            site: CallSite::of(code, site),
        }
    };
    production(code).filter(|s| s.is_connection()).map(client).collect()
}

/// Generated stubs and command lines send messages too.
fn sends(site: &Site) -> bool {
    const RPCS: [&str; 7] = [
        "SignalWorkflowExecution",
        "QueryWorkflow",
        "UpdateWorkflowExecution",
        "RequestCancelWorkflowExecution",
        "TerminateWorkflowExecution",
        "DeleteWorkflowExecution",
        "ResetWorkflowExecution",
    ];
    const COMMANDS: [&str; 8] = ["signal", "query", "stack", "update", "cancel", "terminate", "delete", "reset"];
    match site.kind {
        Kind::RawGrpc => RPCS.iter().any(|rpc| site.api.rsplit(['.', '/']).next() == Some(rpc)),
        Kind::Cli => site
            .api
            .split_once("workflow ")
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .is_some_and(|command| COMMANDS.contains(&command)),
        kind => kind.messages(),
    }
}

fn messages(code: &CodeFacts) -> Vec<Message> {
    let message = |site: &Site| {
        let (verdict, reason) = match site.routing.role {
            RoutingRole::Primary | RoutingRole::Fallback => (Reach::Both, String::new()),
            RoutingRole::Single if site.routing.own_start => (Reach::Own, String::new()),
            RoutingRole::Single if site.confidence == Confidence::Possible => {
                (Reach::Unclear, "only the name of the call speaks for the SDK".to_owned())
            }
            RoutingRole::Single => match &site.routing.open {
                Some(reason) => (Reach::Unclear, reason.clone()),
                None => (Reach::Single, String::new()),
            },
        };
        Message { verdict, reason, site: CallSite::of(code, site) }
    };
    production(code).filter(|s| sends(s)).map(message).collect()
}

/// The second call of each pair; the first one is its partner.
fn fallbacks(code: &CodeFacts) -> Vec<Fallback> {
    let fallback = |site: &Site| Fallback {
        on: match site.routing.fallback_on {
            Some(FallbackOn::NotFound) => ActsOn::NotFound,
            Some(FallbackOn::AnyError) => ActsOn::AnyError,
            Some(FallbackOn::Unclear) | None => ActsOn::Unclear,
        },
        both_errors: match site.routing.both_errors {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => Answer::Unclear,
        },
        site: CallSite::of(code, site),
    };
    production(code).filter(|s| s.routing.role == RoutingRole::Fallback).map(fallback).collect()
}

fn signal_with_starts(code: &CodeFacts) -> Vec<SignalWithStart> {
    let call = |site: &Site| SignalWithStart { verdict: tries(code, site), site: CallSite::of(code, site) };
    production(code).filter(|s| matches!(s.kind, Kind::SignalWithStart | Kind::UpdateWithStart)).map(call).collect()
}

/// Whether a call with a start is one try of two in a way that can begin a second execution. It cannot when it only
/// follows a plain message that the other cluster answered with NotFound; whether that one was the source is open.
fn tries(code: &CodeFacts, site: &Site) -> Tries {
    let partner = |s: &&Site| s.path == site.path && Some(s.line) == site.routing.partner_line;
    let after_message = || code.sites.iter().find(partner).is_some_and(|s| s.kind.messages());
    match site.routing.role {
        RoutingRole::Single => Tries::Single,
        RoutingRole::Fallback if site.routing.fallback_on == Some(FallbackOn::NotFound) && after_message() => {
            Tries::Single
        }
        RoutingRole::Primary | RoutingRole::Fallback => Tries::Fallback,
    }
}

fn async_completions(code: &CodeFacts) -> Vec<AsyncCompletion> {
    let completion = |site: &Site| AsyncCompletion {
        verdict: match (site.routing.role, site.client.status) {
            (RoutingRole::Primary | RoutingRole::Fallback, _) => CompletionReach::Both,
            (_, OriginStatus::Inherited) => CompletionReach::Inherited,
            _ if site.routing.open.is_some() => CompletionReach::Unclear,
            _ => CompletionReach::Single,
        },
        reason: site.routing.open.clone().unwrap_or_default(),
        site: CallSite::of(code, site),
    };
    production(code).filter(|s| s.kind == Kind::AsyncComplete).map(completion).collect()
}

fn cron_starts(code: &CodeFacts) -> Vec<CronStart> {
    let start = |site: &Site| Some(CronStart { cron: site.cron.clone()?, site: CallSite::of(code, site) });
    production(code).filter(|s| s.kind != Kind::ScheduleCreate).filter_map(start).collect()
}

fn hazards(code: &CodeFacts) -> Vec<Hazard> {
    let hazard = |h: &crate::facts::code::Hazard| {
        let seen = h.snippet.as_deref().unwrap_or(&h.detail);
        Hazard {
            id: h.id.clone(),
            detail: h.detail.clone(),
            place: format!("{}:{}", h.path, h.line),
            path: h.path.clone(),
            line: h.line,
            key: format!("{}|{}|{seen}", h.id, h.path),
            loci: vec![Locus::Source {
                path: h.path.clone(),
                line: h.line,
                column: 0,
                function: None,
                snippet: h.snippet.clone(),
            }],
        }
    };
    code.hazards.iter().filter(|h| h.scope.is_production()).map(hazard).collect()
}
