//! The migration as the team describes it, resolved from `preflight.yaml` and flags.

use serde::{Deserialize, Serialize};

/// How the move is made (docs: cloud/migrate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Dual run: new executions start on the target, open ones drain on the source.
    #[default]
    Manual,
    /// Replication through the s2s proxy, driven by Temporal.
    Automated,
}

/// What `preflight.yaml` says, without connection settings or secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// Title of the report; the folder name by default.
    pub name: String,
    /// Manual or automated.
    pub strategy: Strategy,
    /// The dual-run window.
    pub window: Option<Window>,
    /// Which source namespace moves where, or why it does not.
    pub namespaces: Vec<NamespaceMapping>,
    /// Configured connection factories, `path:function` each.
    pub factories: Vec<String>,
    /// Groups of workflow types that move together.
    pub cohorts: Vec<Cohort>,
    /// The file and the 1-based line of top-level keys, for evidence; empty without a file.
    pub place: Option<PlanPlace>,
}

/// Where the plan was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanPlace {
    /// `preflight.yaml` as the user named it.
    pub path: String,
    /// 1-based lines of top-level keys (`window`, `source`, `target`, `namespaces`, `code` …).
    pub lines: std::collections::BTreeMap<String, u32>,
}

/// First and last day of the dual run, both included, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Window {
    /// First day.
    pub start: jiff::civil::Date,
    /// Last day.
    pub end: jiff::civil::Date,
}

/// One line of the namespace map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NamespaceMapping {
    /// Name on the source.
    pub source: String,
    /// Name on the target; `None` when excluded.
    pub target: Option<String>,
    /// Why it does not move.
    #[serde(default)]
    pub exclude: Option<String>,
    /// 1-based line in the plan file; 0 when it came from flags.
    #[serde(default)]
    pub line: u32,
}

/// Workflow types that move together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cohort {
    /// Name for the report.
    pub name: String,
    /// `low`, `medium`, `high`.
    #[serde(default)]
    pub risk: Option<String>,
    /// Workflow type names.
    pub workflow_types: Vec<String>,
    /// Since when its starts are routed to the target; none when they are not yet.
    #[serde(default)]
    pub routed: Option<jiff::Timestamp>,
    /// How long it runs on the target before the next cohort moves, as written (`3d`).
    #[serde(default)]
    pub validation: Option<String>,
    /// 1-based line in the plan file.
    #[serde(default)]
    pub line: u32,
}
