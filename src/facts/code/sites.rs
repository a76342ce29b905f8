//! Call sites: what a call does, where it stands, where its client comes from, which cluster it reaches.

use serde::{Deserialize, Serialize};

use super::Standing;

/// What a call does to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `StartWorkflowExecution` through a client.
    Start,
    /// `SignalWithStartWorkflowExecution`.
    SignalWithStart,
    /// `ExecuteMultiOperation`.
    UpdateWithStart,
    /// `CreateSchedule`.
    ScheduleCreate,
    /// `SignalWorkflowExecution`.
    Signal,
    /// `QueryWorkflow`.
    Query,
    /// `UpdateWorkflowExecution`.
    Update,
    /// `RequestCancelWorkflowExecution`.
    Cancel,
    /// `TerminateWorkflowExecution`, `DeleteWorkflowExecution`.
    Terminate,
    /// A constructor that fixes target or namespace.
    Connect,
    /// A worker is built.
    Worker,
    /// Completion, failure or heartbeat of an activity from outside.
    AsyncComplete,
    /// Describe, history.
    Describe,
    /// List, count, scan.
    List,
    /// Waiting for a result or taking a handle.
    Result,
    /// `ResetWorkflowExecution`.
    Reset,
    /// Trigger, backfill, pause, update, delete of a schedule.
    ScheduleOp,
    /// Standalone activity.
    ActivityStart,
    /// Nexus operation from a client, or a Nexus handler that starts a workflow.
    NexusStart,
    /// A generated stub is called directly.
    RawGrpc,
    /// Address or namespace in configuration.
    ConnectConfig,
    /// The `temporal` or `tctl` command line.
    Cli,
    /// Deployment, versioning and queue administration.
    Admin,
}

impl Kind {
    /// The wire name (`signal_with_start`).
    pub fn name(self) -> &'static str {
        use Kind::*;
        match self {
            Start => "start",
            SignalWithStart => "signal_with_start",
            UpdateWithStart => "update_with_start",
            ScheduleCreate => "schedule_create",
            Signal => "signal",
            Query => "query",
            Update => "update",
            Cancel => "cancel",
            Terminate => "terminate",
            Connect => "connect",
            Worker => "worker",
            AsyncComplete => "async_complete",
            Describe => "describe",
            List => "list",
            Result => "result",
            Reset => "reset",
            ScheduleOp => "schedule_op",
            ActivityStart => "activity_start",
            NexusStart => "nexus_start",
            RawGrpc => "raw_grpc",
            ConnectConfig => "connect_config",
            Cli => "cli",
            Admin => "admin",
        }
    }

    /// Begins something new: must go where new work belongs.
    pub fn starts(self) -> bool {
        matches!(
            self,
            Kind::Start | Kind::SignalWithStart | Kind::UpdateWithStart | Kind::ScheduleCreate | Kind::ActivityStart
        )
    }

    /// Talks to an execution that exists: must follow the execution.
    pub fn messages(self) -> bool {
        matches!(self, Kind::Signal | Kind::Query | Kind::Update | Kind::Cancel | Kind::Terminate | Kind::Reset)
    }
}

/// Which kind of code a place is in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Production code.
    #[default]
    Main,
    /// Tests, mocks and their helpers.
    Test,
    /// Machine-written code (header says so).
    Generated,
    /// Vendored third-party code.
    Vendored,
    /// Documentation and examples in it.
    Docs,
}

impl Scope {
    /// Whether code of this kind runs in production. Machine-written code does: a generated client starts workflows
    /// as truly as one that was written by hand.
    pub fn is_production(self) -> bool {
        matches!(self, Scope::Main | Scope::Generated)
    }

    /// For a reader.
    pub fn words(self) -> &'static str {
        match self {
            Scope::Main => "production",
            Scope::Test => "test",
            Scope::Generated => "generated",
            Scope::Vendored => "vendored",
            Scope::Docs => "docs",
        }
    }
}

/// How sure the analyser is that this is a call of the SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The receiver's type or origin is the SDK.
    Proven,
    /// Shape of the call and imports fit; the type is not known.
    Likely,
    /// Only the name fits, and nothing speaks against it.
    Possible,
}

/// One call site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Site {
    /// Relative to the root, `/` as separator.
    pub path: String,
    /// 1-based line of the method-name token.
    pub line: u32,
    /// 1-based byte column of the method-name token.
    pub column: u32,
    /// What it does.
    pub kind: Kind,
    /// SDK name, such as `client.Client.ExecuteWorkflow`.
    pub api: String,
    /// `go`, `typescript` …
    pub language: String,
    /// Kind of code it stands in.
    pub scope: Scope,
    /// Enclosing function or method (`WorkflowStarter.StartPayment`: `StartPayment`).
    pub function: Option<String>,
    /// Workflow type name, when it could be folded to one.
    pub workflow_type: Option<String>,
    /// Workflow id, when the code fixes it or how it begins: `ledger`, `payment-*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    /// Task queue, when it could be folded.
    pub task_queue: Option<String>,
    /// For workers and starts whose queue is no constant: where it comes from, in words (`env TASK_QUEUE`, `flag queue`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_queue_from: Option<String>,
    /// Cron expression of the start or schedule; `(dynamic)` when set but not a constant.
    pub cron: Option<String>,
    /// Signal, query or update name, when it could be folded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_name: Option<String>,
    /// How sure.
    pub confidence: Confidence,
    /// Stable identity without line numbers.
    pub fingerprint: String,
    /// Where the client comes from.
    pub client: ClientOrigin,
    /// Whether that place is a connection factory.
    #[serde(default)]
    pub standing: Standing,
    /// Name of the wrapper function this site is the body of, when it is one.
    pub wrapper: Option<String>,
    /// Of a connection upon which a client is built: the place of that client. Both are one connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_of: Option<String>,
    /// Of a client: the connections it is built on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub built_on: Vec<Origin>,
    /// How a message or start chooses its cluster.
    pub routing: Routing,
    /// The trimmed source line.
    pub snippet: String,
    /// For connections: where it leads, in words (`env TEMPORAL_ADDRESS`, `literal 10.0.1.50:7233`, `envconfig`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// For connections: the namespace, in the same words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Through what the code is entered that gets here, as far as it can be seen; nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
}

/// A way into the code from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Entry {
    /// What enters.
    pub kind: EntryKind,
    /// Such as `POST /orders`, `0 3 * * *`, `orders migrate`, `topic orders`.
    pub name: String,
    /// Where the handler is declared, relative path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// The functions from the handler to the call, both included.
    pub via: Vec<String>,
}

/// What enters the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// An HTTP request.
    Http,
    /// A gRPC or Connect request.
    Grpc,
    /// A GraphQL operation.
    Graphql,
    /// A clock.
    Cron,
    /// A message from a queue or an event.
    Consumer,
    /// A command line.
    Cli,
    /// A Temporal activity.
    Activity,
}

impl EntryKind {
    /// In words: `HTTP`, `cron`.
    pub fn words(self) -> &'static str {
        match self {
            EntryKind::Http => "HTTP",
            EntryKind::Grpc => "gRPC",
            EntryKind::Graphql => "GraphQL",
            EntryKind::Cron => "cron",
            EntryKind::Consumer => "message",
            EntryKind::Cli => "command",
            EntryKind::Activity => "activity",
        }
    }
}

/// Where the client of a site was built.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClientOrigin {
    /// Whether one, several or no construction was found.
    pub status: OriginStatus,
    /// The constructions found.
    pub origins: Vec<Origin>,
    /// The steps taken from the call back to the construction, in words.
    pub via: Vec<String>,
    /// For unresolved: the first step that failed.
    pub reason: Option<String>,
    /// Calls of other packages that hand the client out, where nothing else is open: functions outside of the tree that
    /// may be connection factories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<OutsideCall>,
    /// Functions, as `path:function`, out of which the client comes on every way that is open: what is open is how they
    /// build it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_within: Vec<String>,
}

/// A call of a function that is not in the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OutsideCall {
    /// Full name of what is called: `git.example.org/platform/temporalkit.Connect`.
    pub name: String,
    /// Relative path of the call.
    pub path: String,
    /// 1-based line of the called name.
    pub line: u32,
    /// 1-based byte column of the called name.
    pub column: u32,
}

/// How the reason of an ambiguous origin begins when several constructions are possible and none is missing, as with
/// a factory that dials either cluster, or a flag that chooses between two clients.
pub const SEVERAL_CONSTRUCTIONS: &str = "several_constructions";

impl ClientOrigin {
    /// Whether a client that reaches the call is built outside of every connection factory, whatever else does.
    pub fn is_built_outside(&self) -> bool {
        self.origins.iter().any(|origin| !origin.factory)
    }

    /// Why the construction is not known, in words: `never_assigned: field c` gives `field c`.
    pub fn open_because(&self) -> &str {
        let reason = self.reason.as_deref().unwrap_or("the client could not be followed");
        match reason.split_once(": ") {
            Some((code, words)) if code.chars().all(|c| c.is_ascii_lowercase() || c == '_') => words,
            _ => reason,
        }
    }

    /// Whether every way the receiver can take ends in one of `origins`.
    pub fn every_way_ends(&self) -> bool {
        match self.status {
            OriginStatus::Resolved => true,
            OriginStatus::Ambiguous => self.reason.as_deref().is_some_and(|r| r.starts_with(SEVERAL_CONSTRUCTIONS)),
            OriginStatus::Inherited | OriginStatus::Unresolved => false,
        }
    }
}

/// Outcome of following a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginStatus {
    /// Every path ends in a construction.
    Resolved,
    /// Some paths end in a construction, some are open, or several clusters are possible.
    Ambiguous,
    /// The client of the worker that runs this code.
    Inherited,
    /// No construction found.
    #[default]
    Unresolved,
}

/// A place where a client is built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Origin {
    /// Relative path.
    pub path: String,
    /// 1-based line of the constructor's name.
    pub line: u32,
    /// 1-based byte column of the constructor's name: two clients may be built on one line.
    #[serde(default)]
    pub column: u32,
    /// Enclosing function.
    pub function: Option<String>,
    /// Inside a connection factory, or handed on by one.
    pub factory: bool,
    /// Functions that hand on what that one builds, as `path:function`: every way to the call goes through them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
}

impl Origin {
    /// Path, line and column.
    pub fn place(&self) -> (String, u32, u32) {
        (self.path.clone(), self.line, self.column)
    }
}

/// How a site chooses its cluster while two of them run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Routing {
    /// Place in a two-cluster pattern.
    pub role: RoutingRole,
    /// For [`RoutingRole::Primary`] and [`RoutingRole::Fallback`]: on which error the second cluster is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_on: Option<FallbackOn>,
    /// Line of the other call of the pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_line: Option<u32>,
    /// Whether the error of the first try is still returned or logged when the second one fails, too; told for two
    /// tries in one function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub both_errors: Option<bool>,
    /// The message goes to an execution that was started through the same client a moment before: it is where the start
    /// went.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_start: bool,
    /// Of a call that is not part of such a pattern: why it is open which clusters it reaches, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// The flag or environment variable that chooses the client, when one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// The feature-flag service that is asked for it (`LaunchDarkly`), when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag_provider: Option<String>,
}

/// Place of a call in a two-cluster pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoutingRole {
    /// One client, no second try.
    #[default]
    Single,
    /// The first try; a second follows on another client.
    Primary,
    /// The second try.
    Fallback,
}

/// On which error a fallback acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FallbackOn {
    /// Only when the execution is not there: right.
    NotFound,
    /// On any error: may deliver twice.
    AnyError,
    /// On a condition that could not be understood.
    Unclear,
}

impl Site {
    /// Builds a client, and is no mere step towards one.
    pub fn is_connection(&self) -> bool {
        self.kind == Kind::Connect && self.step_of.is_none()
    }
}
