//! Gates and what a reader asks of them: verdicts, cohorts, checklist items, failure modes.

use serde::{Deserialize, Serialize};

/// A phase of the migration at which the question "may we go on?" is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// A pull request: code only.
    Pr,
    /// The plan is complete.
    Plan,
    /// The target is provisioned.
    Provision,
    /// Workers run on both clusters.
    DualRun,
    /// New executions start on the target.
    Route,
    /// The source is empty.
    Drain,
    /// The source may be switched off.
    Decommission,
}

impl Gate {
    /// All gates, in order of time.
    pub const ALL: [Gate; 7] =
        [Gate::Pr, Gate::Plan, Gate::Provision, Gate::DualRun, Gate::Route, Gate::Drain, Gate::Decommission];

    /// Whether this gate comes before another one. A pull request stands beside the phases: before none, after none.
    pub fn is_before(self, other: Self) -> bool {
        self != Gate::Pr && other != Gate::Pr && self < other
    }

    /// Whether a gate is not due yet when this one is asked.
    pub fn leaves_for_later(self, other: Self) -> bool {
        self.is_before(other) || (self == Gate::Pr && other != Gate::Pr)
    }

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Gate::Pr => "pr",
            Gate::Plan => "plan",
            Gate::Provision => "provision",
            Gate::DualRun => "dual-run",
            Gate::Route => "route",
            Gate::Drain => "drain",
            Gate::Decommission => "decommission",
        }
    }

    /// Gates at which a rule is asked, in words: `pr, dual-run and later`, `plan to route`.
    pub fn span(gates: &[Self]) -> String {
        let phases = || gates.iter().copied().filter(|gate| *gate != Gate::Pr);
        let phases = match (phases().min(), phases().max()) {
            (Some(first), Some(last)) if first == last => Some(first.to_string()),
            (Some(first), Some(Gate::Decommission)) => Some(format!("{first} and later")),
            (Some(first), Some(last)) => Some(format!("{first} to {last}")),
            _ => None,
        };
        let pr = gates.contains(&Gate::Pr).then(|| Gate::Pr.to_string());
        pr.into_iter().chain(phases).collect::<Vec<_>>().join(", ")
    }

    /// What passing the gate permits, in words.
    pub fn permits(self) -> &'static str {
        match self {
            Gate::Pr => "this change may be merged",
            Gate::Plan => "the plan is complete; provisioning may begin",
            Gate::Provision => "the target is ready; workers may be started there",
            Gate::DualRun => "workers run on both clusters; routing may be prepared",
            Gate::Route => "new executions may start on the target",
            Gate::Drain => "the source may be declared drained",
            Gate::Decommission => "the source may be switched off",
        }
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The answer at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands in the way.
    Go,
    /// No blocker; majors failed or were waived.
    GoWithConditions,
    /// A blocker could not be evaluated.
    Undecided,
    /// A blocker failed.
    NoGo,
}

impl Verdict {
    /// As printed.
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Go => "GO",
            Verdict::GoWithConditions => "GO WITH CONDITIONS",
            Verdict::Undecided => "UNDECIDED",
            Verdict::NoGo => "NO-GO",
        }
    }

    /// Exit code of DESIGN §5.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Go | Verdict::GoWithConditions => 0,
            Verdict::NoGo => 1,
            Verdict::Undecided => 3,
        }
    }
}

/// Verdict of one gate and what decided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GateResult {
    /// Which gate.
    pub gate: Gate,
    /// Its verdict.
    pub verdict: Verdict,
    /// Ids of failed blockers.
    pub blocked_by: Vec<String>,
    /// Ids of blockers without an answer.
    pub undecided: Vec<String>,
    /// Ids of failed or waived majors, waived blockers, and unanswered majors.
    pub conditions: Vec<String>,
    /// How many rules of this gate passed.
    pub passed: usize,
    /// How many of these passes rest on somebody's word, and not on evidence.
    #[serde(default)]
    pub attested: usize,
    /// How many rules belong to this gate.
    pub total: usize,
}

/// The gate that was asked, answered for the workflow types of one cohort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CohortResult {
    /// Its name.
    pub name: String,
    /// `low`, `medium`, `high`.
    pub risk: Option<String>,
    /// Workflow types that move together.
    pub workflow_types: Vec<String>,
    /// How long it is watched before the next one follows, as written (`3d`).
    pub validation: Option<String>,
    /// How its starts are turned back.
    pub rollback: Option<String>,
    /// Since when its starts are routed to the target.
    pub routed: Option<jiff::Timestamp>,
    /// Set when the plan has no cohorts and this one is proposed: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<String>,
    /// Verdict from the findings that concern its types, and those that concern all.
    #[serde(alias = "route")]
    pub result: GateResult,
}

/// Answer to a checklist item or failure mode, from the worst outcome of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Every rule of it passed.
    Ok,
    /// A major or minor failed, or something was waived.
    Attention,
    /// A rule has no answer.
    Unknown,
    /// A blocker failed.
    Failed,
    /// No rule applies.
    NotApplicable,
    /// Its rules are asked at a later gate.
    NotDue,
}

/// One of the ten items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChecklistItem {
    /// 1 … 10.
    pub number: u8,
    /// The item in words.
    pub title: String,
    /// Its state.
    pub status: Status,
    /// What the state rests on, in one line.
    pub evidence: String,
    /// Ids of the rules that answer it.
    pub rules: Vec<String>,
}

/// One of the four failure modes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FailureMode {
    /// `forgotten-starter`, `certificate-expiry`, `search-attribute-type-mismatch`, `orphaned-signal`.
    pub id: String,
    /// In words.
    pub title: String,
    /// Its state.
    pub status: Status,
    /// What the state rests on, in one line.
    pub evidence: String,
    /// Ids of the rules that watch for it.
    pub rules: Vec<String>,
}
