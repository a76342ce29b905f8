//! What the source tree says: the scan document (`scan -o json`).

mod sites;
mod standing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use sites::*;
pub use standing::*;

use super::{Known, Why};

/// Version of the scan document.
pub const CODE_SCHEMA: &str = "temporal-preflight/code-facts/v1";

/// Everything found in one source tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CodeFacts {
    /// [`CODE_SCHEMA`].
    pub schema: String,
    /// Version of the tool that wrote it.
    pub tool_version: String,
    /// What was scanned.
    pub repository: Repository,
    /// Call sites, sorted by path, line, column, kind.
    pub sites: Vec<Site>,
    /// Functions that hand an SDK call on to their callers.
    pub wrappers: Vec<Wrapper>,
    /// The connection factories, configured or proposed.
    pub factories: Vec<Factory>,
    /// Workflow definitions and registrations.
    pub workflow_types: Vec<WorkflowDefinition>,
    /// Search attributes set, declared or queried in code.
    pub search_attributes: Vec<SearchAttributeUse>,
    /// Calls and settings that Temporal Cloud does not allow, or that make a move risky.
    pub hazards: Vec<Hazard>,
    /// Features that must be there, or be set the same, on both sides.
    #[serde(default)]
    pub features: Vec<FeatureUse>,
    /// How workflows reach each other; unknown in documents of versions that did not look for it.
    #[serde(default = "links_not_looked_for")]
    pub links: Known<Vec<WorkflowLink>>,
    /// SDK versions from manifests and lock files.
    pub sdks: Vec<SdkVersion>,
    /// Comments that accept findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignores: Vec<InlineIgnore>,
    /// Path of a file named here → who owns it, as `CODEOWNERS` says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owners: BTreeMap<String, String>,
    /// What was looked at and what was not.
    pub coverage: Coverage,
}

fn links_not_looked_for() -> Known<Vec<WorkflowLink>> {
    Known::Unknown(Why::with_remedy(
        "the scan was made by a version that did not look for children, signals and cancels between workflows",
        "scan again with this version",
    ))
}

/// A command by which a workflow begins, signals, cancels or becomes another one. It stays inside the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkflowLink {
    /// `child`, `signal`, `cancel`, `external` (signal or cancel, by a handle), `continue` (as another type).
    pub kind: String,
    /// Workflow types whose code gives the command; empty when the workflow around it was not found.
    pub from: Vec<String>,
    /// The other type, when the code fixes it.
    pub to: Option<String>,
    /// The id of the other execution, when the code fixes it or how it begins: `ledger`, `refund-*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    /// Relative path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Enclosing function.
    pub function: Option<String>,
    /// Kind of code.
    pub scope: Scope,
    /// The trimmed line.
    pub snippet: String,
}

/// The scanned tree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Repository {
    /// Root as given.
    pub root: String,
    /// HEAD of the git repository, when there is one.
    pub commit: Option<String>,
}

/// A function whose callers are the business starters or signallers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Wrapper {
    /// Relative path.
    pub path: String,
    /// 1-based line of the function's name.
    pub line: u32,
    /// `Func` or `Type.Method`.
    pub name: String,
    /// What the wrapped site does.
    pub kind: Kind,
    /// Fingerprint of the wrapped site.
    pub site: String,
    /// Who calls it.
    pub calls: Vec<WrapperCall>,
}

/// One call of a wrapper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WrapperCall {
    /// Relative path.
    pub path: String,
    /// 1-based line of the called name.
    pub line: u32,
    /// Enclosing function.
    pub function: Option<String>,
    /// Kind of code.
    pub scope: Scope,
    /// Workflow type given at this call, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_type: Option<String>,
    /// Through what the code is entered that gets here, as far as it can be seen; nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
}

/// A function through which clients should be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Factory {
    /// Relative path.
    pub path: String,
    /// 1-based line of the function's name; 0 when configured and not found.
    pub line: u32,
    /// Function name.
    pub function: String,
    /// Named in the configuration, rather than proposed from the facts.
    pub configured: bool,
    /// Found in the tree.
    pub found: bool,
    /// How many sites of production code obtain their client from it.
    pub sites: usize,
}

/// A workflow implementation or registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkflowDefinition {
    /// Registered name, or the function name.
    pub name: String,
    /// Relative path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// `registered`, `defined`.
    pub role: String,
    /// Task queue of the worker it is registered with, when known.
    pub task_queue: Option<String>,
    /// Kind of code.
    pub scope: Scope,
}

/// A search attribute named in code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SearchAttributeUse {
    /// Name.
    pub name: String,
    /// Type, when the code fixes it.
    #[serde(rename = "type")]
    pub value_type: Option<String>,
    /// `set`, `key`, `query`.
    pub role: String,
    /// Relative path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Kind of code.
    pub scope: Scope,
}

/// A use of a feature that both sides must offer, or that must be set the same on both: versioning of workflow code
/// and workers, data converters and payload codecs, Nexus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeatureUse {
    /// `versioning`, `data-converter`, `nexus`, `last-result` (of the previous run of a schedule).
    pub feature: String,
    /// What is used of it: `patch`, `payload codec`, `endpoint` …
    pub what: String,
    /// Its name where the code fixes one: the change id, the endpoint, what makes the converter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Relative path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Kind of code.
    pub scope: Scope,
}

/// A comment that accepts findings of the code it stands at:
/// `preflight: ignore[rule-id] until=2026-12-31 -- reason`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InlineIgnore {
    /// Relative path.
    pub path: String,
    /// 1-based line of the comment.
    pub line: u32,
    /// First line it speaks of.
    pub first: u32,
    /// Last line it speaks of.
    pub last: u32,
    /// Rule ids.
    pub rules: Vec<String>,
    /// Last day, UTC.
    pub until: Option<jiff::civil::Date>,
    /// Who accepts it, when the comment says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Why it is accepted.
    pub reason: Option<String>,
    /// What keeps it from being understood; it accepts nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<String>,
    /// Kind of code.
    pub scope: Scope,
}

/// Something in the tree that breaks on Cloud or during a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Hazard {
    /// Such as `operator-service`, `namespace-registration`, `order-by`, `hard-coded-address`,
    /// `host-verification-disabled`, `private-key`.
    pub id: String,
    /// What was seen, in words.
    pub detail: String,
    /// Relative path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Kind of code.
    pub scope: Scope,
    /// The trimmed line; never for keys.
    pub snippet: Option<String>,
}

/// A Temporal SDK that a manifest asks for, and what is known of the version in use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SdkVersion {
    /// `go`, `java` …
    pub language: String,
    /// Package name.
    pub package: String,
    /// Version or range as written in the manifest.
    pub version: String,
    /// Manifest path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// Kind of code the manifest belongs to.
    #[serde(default)]
    pub scope: Scope,
    /// The version in use: from the nearest lock file, or from the manifest when that names an exact one. Several
    /// when lock files disagree; none when only a range is known.
    #[serde(default)]
    pub resolved: Vec<ResolvedVersion>,
    /// The range of the manifest begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<String>,
    /// The range of the manifest ends before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
}

/// An exact version, and the file that fixes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ResolvedVersion {
    /// The version.
    pub version: String,
    /// Path of the lock file or manifest.
    pub path: String,
    /// 1-based line.
    pub line: u32,
}

impl SdkVersion {
    /// The version in a few words: `1.11.2`, `1.4.0 or 1.5.1`, `at least 1.8.0 (^1.8.0)`, `latest`.
    pub fn in_words(&self) -> String {
        let exact: Vec<&str> = self.resolved.iter().map(|r| r.version.as_str()).collect();
        match (exact.is_empty(), &self.at_least) {
            (false, _) => exact.join(" or "),
            (true, Some(least)) if *least != self.version => format!("at least {least} ({})", self.version),
            (true, Some(least)) => format!("at least {least}"),
            (true, None) => self.version.clone(),
        }
    }
}

/// What was looked at and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Coverage {
    /// Files the walk returned.
    pub files_seen: u64,
    /// Files of a language the scan understands.
    pub files_of_known_languages: u64,
    /// Files that were parsed.
    pub files_parsed: u64,
    /// Steps that searches through the code took: the same for the same tree on every machine.
    #[serde(default)]
    pub steps: u64,
    /// Files parsed with syntax errors (facts from them may be incomplete).
    pub files_with_syntax_errors: Vec<String>,
    /// Skipped on purpose or by necessity, each with the reason.
    pub skipped: Vec<Skip>,
    /// Language → files in the tree.
    pub languages: BTreeMap<String, u64>,
    /// Languages with files that use an SDK but that this version cannot analyse → files.
    #[serde(default)]
    pub not_analysed: BTreeMap<String, Vec<String>>,
    /// What starts, signals or schedules without code this version analyses, sorted by path and line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Beyond>,
    /// Files with syntax errors that decide nothing: tests, docs, and files whose broken parts name nothing of Temporal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken_apart: Vec<String>,
    /// File that could not be read, or not wholly → SHA-256 of its content: a later scan tells by it whether it changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unread_digests: BTreeMap<String, String>,
    /// Candidates dropped, by the positive evidence that spoke against them.
    pub dropped: BTreeMap<String, u64>,
    /// The same candidates one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates_dropped: Vec<DroppedCandidate>,
}

/// A call with a name of the SDK that is no call of the SDK.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DroppedCandidate {
    /// Relative path.
    pub path: String,
    /// 1-based line of the called name.
    pub line: u32,
    /// The name.
    pub name: String,
    /// What spoke against it: `mock`, `own-method` …
    pub reason: String,
}

impl Coverage {
    /// Files that may hold what the scan looks for and could not be read, or not wholly.
    pub fn unread(&self) -> std::collections::BTreeSet<&str> {
        let skipped = self.skipped.iter().filter(|s| !s.on_purpose()).map(|s| &s.path);
        let broken = self.files_with_syntax_errors.iter();
        let beyond = self.beyond.iter().filter(|b| b.scope.is_production()).map(|b| &b.path);
        self.not_analysed.values().flatten().chain(broken).chain(beyond).chain(skipped).map(String::as_str).collect()
    }
}

/// Something that starts, signals or schedules without code this version analyses. It was seen, and not read: where it
/// leads is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Beyond {
    /// Relative path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// The way it goes.
    pub by: BeyondBy,
    /// What was seen: `temporal workflow start`, `HTTP API /namespaces/…/workflows/…`.
    pub seen: String,
    /// It begins executions or schedules.
    pub starts: bool,
    /// It talks to executions that exist.
    pub messages: bool,
    /// Kind of code.
    pub scope: Scope,
}

/// The way something reaches a cluster without an SDK this version analyses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BeyondBy {
    /// The CLI.
    Command,
    /// The HTTP API.
    Http,
    /// The service, by the name of a method.
    Grpc,
    /// A manifest that declares it.
    Manifest,
}

/// One file or folder that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Skip {
    /// Relative path.
    pub path: String,
    /// `unreadable: permission denied`, `too large (52 MB)`, `vendored`, `nesting deeper than …`.
    pub reason: String,
}

impl Skip {
    /// How the reason begins for what git tracks and the work tree has not.
    pub const LACKING: &str = "not in the work tree";
    /// How the reason begins for what was read in part in tests, or where nothing names the SDK.
    pub const APART: &str = "apart from Temporal";
    /// How the reason begins for what the configuration leaves out although it names Temporal.
    pub const EXCLUDED: &str = "excluded";

    /// How the reason begins for what was read, and in which searches ended early or the nesting was too deep.
    pub const IN_PART: &str = "in part";

    /// Whether git tracks it and the work tree has not got it.
    pub fn is_lacking(&self) -> bool {
        self.reason.starts_with(Self::LACKING)
    }

    /// Whether it was read, and not everything about it could be worked out.
    pub fn is_in_part(&self) -> bool {
        self.reason.starts_with(Self::IN_PART)
    }

    /// Whether the configuration leaves it out.
    pub fn is_excluded(&self) -> bool {
        self.reason.starts_with(Self::EXCLUDED)
    }

    /// Skipped because it is not the team's production code, rather than because it could not be read.
    pub fn on_purpose(&self) -> bool {
        const REASONS: [&str; 9] = [
            "vendored",
            "build output",
            "generated",
            "ignored",
            "symbolic link",
            "not a regular file",
            "test code",
            Skip::EXCLUDED,
            Skip::APART,
        ];
        let reason = self.reason.to_ascii_lowercase();
        REASONS.iter().any(|r| reason.starts_with(r))
    }
}
