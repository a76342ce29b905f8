//! The migration as the team describes it, resolved from `preflight.yaml` and flags.

use serde::{Deserialize, Serialize};

/// How the move is made (docs: cloud/migrate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Dual run: new executions start on the target, open ones drain on the source.
    #[default]
    Manual,
    /// Replication through the s2s proxy, driven by Temporal.
    Automated,
}

impl Strategy {
    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Manual => "manual",
            Strategy::Automated => "automated",
        }
    }
}

/// What the target of this run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// Temporal Cloud, the goal of the migration.
    #[default]
    Cloud,
    /// A self-hosted server that stands in for Temporal Cloud: what only Cloud asks is not asked.
    Rehearsal,
}

impl TargetKind {
    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            TargetKind::Cloud => "cloud",
            TargetKind::Rehearsal => "rehearsal",
        }
    }
}

/// What `preflight.yaml` says, without connection settings or secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// Title of the report; the folder name by default.
    pub name: String,
    /// Manual or automated.
    pub strategy: Strategy,
    /// What the target is; the probe only confirms it.
    #[serde(default)]
    pub target_kind: TargetKind,
    /// The dual-run window.
    pub window: Option<Window>,
    /// Which source namespace moves where, or why it does not.
    pub namespaces: Vec<NamespaceMapping>,
    /// Configured connection factories, `path:function` each.
    pub factories: Vec<String>,
    /// Groups of workflow types that move together.
    pub cohorts: Vec<Cohort>,
    /// What becomes of executions that run longer than the window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways_out: Vec<WayOut>,
    /// Whose the clients and workers are that the source sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<IdentityOwner>,
    /// Paths that the scan leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_exclusions: Vec<CodeExclusion>,
    /// The days on which the stages of switching off the source are reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_off: Option<SwitchOff>,
    /// The file and the 1-based line of top-level keys, for evidence; empty without a file.
    pub place: Option<PlanPlace>,
}

impl Plan {
    /// Namespaces that stay in use on the source.
    pub fn staying(&self) -> impl Iterator<Item = &NamespaceMapping> {
        self.namespaces.iter().filter(|mapping| mapping.stays)
    }

    /// How a namespace moves: its own strategy, or that of the plan.
    pub fn strategy_of(&self, mapping: &NamespaceMapping) -> Strategy {
        mapping.strategy.unwrap_or(self.strategy)
    }

    /// The strategies the moved namespaces use; that of the plan when none moves.
    pub fn strategies(&self) -> std::collections::BTreeSet<Strategy> {
        let moved = self.namespaces.iter().filter(|m| m.target.is_some());
        let used: std::collections::BTreeSet<Strategy> = moved.map(|m| self.strategy_of(m)).collect();
        if used.is_empty() { [self.strategy].into() } else { used }
    }

    /// The strategy of the namespaces that move, or of most words about the plan when they use both.
    pub fn main_strategy(&self) -> Strategy {
        let used = self.strategies();
        if used.contains(&self.strategy) { self.strategy } else { used.first().copied().unwrap_or(self.strategy) }
    }

    /// The same plan without the namespaces that move by another strategy.
    pub fn only(&self, strategy: Strategy) -> Self {
        let mut plan = self.clone();
        plan.namespaces.retain(|m| m.target.is_none() || self.strategy_of(m) == strategy);
        plan.strategy = strategy;
        plan
    }
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NamespaceMapping {
    /// Name on the source.
    pub source: String,
    /// Name on the target; `None` when excluded.
    pub target: Option<String>,
    /// Why it does not move.
    #[serde(default)]
    pub exclude: Option<String>,
    /// It does not move because it stays in use on the source: there is no decommission of the cluster then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays: bool,
    /// How it moves, when not by the strategy of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// 1-based line in the plan file; 0 when it came from flags.
    #[serde(default)]
    pub line: u32,
}

/// Paths that the scan leaves out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CodeExclusion {
    /// Glob of paths below a root.
    pub glob: String,
    /// Why it does not belong to the migration; none when nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// 1-based line in the plan file; 0 when it came from flags.
    #[serde(default)]
    pub line: u32,
}

impl CodeExclusion {
    /// Whether it leaves a path out: globs mean what they mean in an ignore file.
    pub fn covers(&self, path: &str) -> bool {
        let mut globs = ignore::gitignore::GitignoreBuilder::new("");
        let built = globs.add_line(None, &self.glob).and_then(|globs| globs.build());
        // What an ignore file could not say leaves nothing out.
        built.is_ok_and(|globs| globs.matched_path_or_any_parents(path, false).is_ignore())
    }
}

impl Plan {
    /// The exclusion with a reason that leaves a path out.
    pub fn left_out(&self, path: &str) -> Option<&CodeExclusion> {
        self.code_exclusions.iter().find(|exclusion| exclusion.reason.is_some() && exclusion.covers(path))
    }
}

/// The stages of switching off the source, in their order. A stage without a day is not planned yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SwitchOff {
    /// The workers of the source are stopped.
    #[serde(default)]
    pub workers_stopped: Option<jiff::civil::Date>,
    /// Last day on which the front end of the source is kept for reading histories.
    #[serde(default)]
    pub frontend_until: Option<jiff::civil::Date>,
    /// Histories and the snapshot of the persistence are archived.
    #[serde(default)]
    pub archived: Option<jiff::civil::Date>,
    /// Servers and database are taken down.
    #[serde(default)]
    pub teardown: Option<jiff::civil::Date>,
    /// 1-based line in the plan file.
    #[serde(default)]
    pub line: u32,
}

/// Workflow types that move together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// How its starts are turned back to the source, in words: the flag, and who turns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<String>,
    /// 1-based line in the plan file.
    #[serde(default)]
    pub line: u32,
}

impl Cohort {
    /// The validation period in seconds; nothing when there is none, or it is no duration.
    pub fn validation_seconds(&self) -> Option<u64> {
        seconds(self.validation.as_deref()?)
    }
}

/// `12h`, `3d`, `2w` in seconds; nothing for zero and for what is no duration.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = match text.chars().last()? {
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?.trim().parse::<u64>().ok()?;
    number.checked_mul(unit).filter(|seconds| *seconds > 0)
}

/// What becomes of executions of a type that run longer than the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WayOut {
    /// Workflow type name.
    pub workflow_type: String,
    /// In words: continue-as-new at the target, checkpoint and restart, terminate …
    pub how: String,
    /// 1-based line in the plan file.
    #[serde(default)]
    pub line: u32,
}

/// Who owns clients and workers whose identity looks like this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IdentityOwner {
    /// The identity, in which `*` stands for anything: `*@payments-worker-*`.
    pub identity: String,
    /// Team, repository or machine.
    pub owner: String,
    /// 1-based line in the plan file.
    #[serde(default)]
    pub line: u32,
}

impl IdentityOwner {
    /// Whether an identity looks like this one.
    pub fn covers(&self, identity: &str) -> bool {
        let parts: Vec<&str> = self.identity.split('*').collect();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
        if parts.len() == 1 {
            return self.identity == identity;
        }
        let Some(mut rest) = identity.strip_prefix(first) else { return false };
        for part in parts.iter().skip(1).take(parts.len().saturating_sub(2)) {
            match rest.find(part) {
                Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_periods_are_hours_days_and_weeks() {
        for (text, expected) in [
            ("12h", Some(43_200)),
            ("3d", Some(259_200)),
            (" 2w ", Some(1_209_600)),
            ("0d", None),
            ("d", None),
            ("3", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn a_star_stands_for_anything_in_an_identity() {
        let covers = |pattern: &str, identity: &str| {
            IdentityOwner { identity: pattern.into(), owner: String::new(), line: 0 }.covers(identity)
        };
        assert!(covers("*@payments-*", "17@payments-worker-3@"));
        assert!(covers("*", "anything") && covers("a", "a") && covers("a*a", "aa"));
        for (pattern, identity) in [("a", "ab"), ("a*a", "a"), ("*@payments-*@x", "17@payments-1@y"), ("b*", "ab")] {
            assert!(!covers(pattern, identity), "{pattern} {identity}");
        }
    }
}
