//! One rule, checked: what `rules/<area>/<id>.yaml` and the `.md` beside it say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::expr::Expression;
use super::message::Template;
use crate::facts::plan::Strategy;
use crate::scorecard::{Gate, Severity};

/// A statement about the migration that can be decided from facts.
///
/// Made only by [`super::parse`], which refuses what is inconsistent.
#[derive(Debug)]
pub struct Rule {
    /// File name and documentation anchor.
    pub id: String,
    /// The statement that is true when the rule passes.
    pub title: String,
    /// Folder name.
    pub area: String,
    /// Checklist item it answers, 1 … 10.
    pub item: Option<u8>,
    /// Failure mode it watches for.
    pub failure_mode: Option<String>,
    /// How bad it is when the statement is false.
    pub severity: Severity,
    /// The gates at which it is asked, in order: from the first one on until what it asks is over; never empty.
    pub gates: Vec<Gate>,
    /// The strategies it concerns; never empty.
    pub strategies: Vec<Strategy>,
    /// Whether a person may accept its findings.
    pub waivable: bool,
    /// Dotted paths of the facts it reads; the only variables of its expressions.
    pub needs: Vec<String>,
    /// When it concerns a migration at all.
    pub applies: Option<Applies>,
    /// What it looks for; `None` when only a person can tell.
    pub each: Option<Each>,
    /// What it looks at; where that is empty the rule has nothing to do, and does not pass.
    pub over: Option<Over>,
    /// What it cannot decide.
    pub doubt: Option<Doubt>,
    /// The attestation that answers where no fact does.
    pub attested: Option<Attested>,
    /// A sentence about what a pass rests on.
    pub basis: Option<Expression>,
    /// What to do about a finding, in order.
    pub remedy: Vec<Remedy>,
    /// URLs.
    pub references: Vec<String>,
    /// The rule's own tests.
    pub tests: Vec<TestCase>,
    /// The Markdown beside it, without a title.
    pub explanation: String,
    /// The file it was read from, as a person would name it.
    pub origin: String,
}

impl Rule {
    /// Whether it applies only where the target is Temporal Cloud.
    pub fn concerns_cloud_only(&self) -> bool {
        let asks_kind = |applies: &Applies| {
            applies.condition.references().iter().any(|reference| reference.path == "plan.target_kind")
        };
        self.applies.as_ref().is_some_and(asks_kind)
    }
}

/// A condition, and the sentence that explains its absence.
#[derive(Debug)]
pub struct Applies {
    /// CEL, boolean.
    pub condition: Expression,
    /// Why the rule is not applicable when the condition is false.
    pub otherwise: String,
}

/// The things a rule looks at, and the sentence about their absence.
#[derive(Debug)]
pub struct Over {
    /// CEL, list or number.
    pub things: Expression,
    /// Completes "nothing to do, because …".
    pub nothing: String,
}

/// What is wrong, one finding per object.
#[derive(Debug)]
pub struct Each {
    /// CEL, list of objects with `loci`.
    pub list: Expression,
    /// Identity of a finding, without line numbers.
    pub key: Template,
    /// One sentence per finding.
    pub message: Template,
}

/// What cannot be decided either way, one doubtful finding per object.
#[derive(Debug)]
pub struct Doubt {
    /// CEL, list of objects with `loci`.
    pub list: Expression,
    /// One sentence per doubt.
    pub message: Template,
}

/// What a person can vouch for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// Key in `attestations.yaml`.
    pub id: String,
    /// What is asked.
    pub question: String,
    /// How many days old the word may be when routing begins; any age when not given.
    pub fresh_days: Option<u16>,
    /// What the word is about.
    pub about: About,
}

/// What an attestation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// All that the rule asks.
    #[default]
    Everything,
    /// What the tool could not see or decide only, such as files of languages it does not analyse. What it did see
    /// neither proves nor disproves the word.
    Unseen,
}

/// One thing to do.
#[derive(Debug)]
pub struct Remedy {
    /// In words.
    pub text: Template,
    /// CEL, boolean, with the finding as `it`: whether the step concerns this finding.
    pub when: Option<Expression>,
    /// A command for a person to run.
    pub command: Option<Template>,
}

impl Remedy {
    /// Whether it concerns every finding, and says the same of each.
    pub fn is_general(&self) -> bool {
        self.when.is_none() && self.text.is_constant() && self.command.as_ref().is_none_or(Template::is_constant)
    }
}

/// One test of a rule.
#[derive(Debug, Clone)]
pub struct TestCase {
    /// What the case shows.
    pub name: String,
    /// Facts by path, complete; what is absent is unknown.
    pub facts: BTreeMap<String, Value>,
    /// Facts that are unknown for a given reason.
    pub unknown: BTreeMap<String, String>,
    /// Facts that are known in part, and what is missing of them; their value is among the facts.
    pub partial: BTreeMap<String, String>,
    /// The strategy of the migration; the first the rule concerns by default.
    pub strategy: Option<Strategy>,
    /// What `attestations.yaml` says about the rule's attestation.
    pub attestation: Word,
    /// The outcome.
    pub expect: Expect,
}

/// The state of an attestation in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Nobody said anything.
    #[default]
    Absent,
    /// Someone vouches for it, and the word still counts.
    Holds,
    /// Someone vouches that it is not so.
    Denied,
    /// Someone vouched for it, and the last day of the word is over.
    Expired,
}

/// The outcome a test expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// That many proven findings.
    Fail(usize),
    /// No proven finding and that many doubts; the outcome is unknown.
    Doubt(usize),
    /// Pass.
    Pass,
    /// Unknown because of missing evidence, without doubts.
    Unknown,
    /// Not applicable.
    NotApplicable,
}
