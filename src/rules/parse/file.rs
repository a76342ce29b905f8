//! The keys of a rule file. The doc comments are what editors show.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::{Location, Spanned};

use crate::facts::plan::Strategy;
use crate::rules::examples;
use crate::rules::model::{About, Expect, TestCase, Word};
use crate::scorecard::{Gate, Severity};

/// A rule of temporal-preflight: `<area>/<id>.yaml`, with `<id>.md` beside it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    /// The file name without `.yaml`.
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    /// A sentence that is true when the rule passes.
    #[schemars(with = "String")]
    pub title: Spanned<String>,
    /// The name of the folder.
    #[schemars(with = "String")]
    pub area: Spanned<String>,
    /// The item of the checklist it answers, 1 to 10.
    #[serde(default)]
    #[schemars(with = "Option<u8>", range(min = 1, max = 10))]
    pub item: Option<Spanned<u8>>,
    /// The failure mode it watches for.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub failure_mode: Option<Spanned<String>>,
    /// How bad it is when the title is not true.
    #[schemars(with = "Severity")]
    pub severity: Spanned<Severity>,
    /// `pr`, and the phase from which on it is asked.
    #[schemars(with = "Vec<Gate>")]
    pub gates: Spanned<Vec<Gate>>,
    /// The last phase in which it is asked; all later ones by default.
    #[serde(default)]
    #[schemars(with = "Option<Gate>")]
    pub until: Option<Spanned<Gate>>,
    /// The strategies of migration it concerns; both by default.
    #[serde(default = "both")]
    #[schemars(with = "Vec<Strategy>")]
    pub strategies: Spanned<Vec<Strategy>>,
    /// Whether a person may accept its findings with a waiver.
    #[serde(default = "yes")]
    pub waivable: bool,
    /// The facts it reads. While one of them is not known, the rule has no answer.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub needs: Vec<Spanned<String>>,
    /// CEL, true or false: whether it concerns this migration at all.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub applies: Option<Spanned<String>>,
    /// Why it does not concern a migration for which `applies` is false.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub not_applicable: Option<Spanned<String>>,
    /// CEL, a list of objects with `loci`: what is wrong. Each becomes a finding.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub each: Option<Spanned<String>>,
    /// CEL, a list or a number: what it looks at. Where that is empty the rule has nothing to do, and does not pass.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub over: Option<Spanned<String>>,
    /// Completes "nothing to do, because …".
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub nothing: Option<Spanned<String>>,
    /// CEL, a list of objects with `loci`: what cannot be decided. While there is one, the rule does not pass.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub doubt: Option<Spanned<String>>,
    /// The entry of attestations.yaml that answers where no fact does.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub attested: Option<Spanned<String>>,
    /// What the person vouches for.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub question: Option<Spanned<String>>,
    /// How many days old the attestation may be when routing begins; any age by default.
    #[serde(default)]
    #[schemars(with = "Option<u16>")]
    pub fresh_days: Option<Spanned<u16>>,
    /// What the attestation is about; everything by default.
    #[serde(default)]
    #[schemars(with = "Option<About>")]
    pub about: Option<Spanned<About>>,
    /// What tells two findings apart, without line numbers: waivers and baselines go by it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub key: Option<Spanned<String>>,
    /// One sentence about a finding. `{{ names }}` are fields of the object, or facts under `needs`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub message: Option<Spanned<String>>,
    /// One sentence about a doubt.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub doubt_message: Option<Spanned<String>>,
    /// CEL, a string: what a pass rests on.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub basis: Option<Spanned<String>>,
    /// What to do about a finding, in order.
    #[serde(default)]
    pub remedy: Vec<RemedyFile>,
    /// Addresses of pages that say more.
    #[serde(default)]
    pub references: Vec<String>,
    /// Cases that show that the rule can fail, pass and not know.
    #[serde(default)]
    #[schemars(with = "Vec<TestFile>")]
    pub tests: Vec<Spanned<TestFile>>,
}

/// One thing to do about a finding.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RemedyFile {
    /// In words, with placeholders.
    #[schemars(with = "String")]
    pub text: Spanned<String>,
    /// CEL, true or false, with the finding as `it`: whether the step concerns this finding.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub when: Option<Spanned<String>>,
    /// A command for a person to run; values are quoted for the shell.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub command: Option<Spanned<String>>,
}

/// One test of a rule.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TestCase")]
pub(super) struct TestFile {
    /// What the case shows.
    pub name: String,
    /// Facts by path; what is absent is unknown. The fields that an object leaves out come from the example of the fact.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub facts: BTreeMap<String, Spanned<Value>>,
    /// Facts that are unknown for a given reason.
    #[serde(default)]
    pub unknown: BTreeMap<String, String>,
    /// Facts that are known in part, and what is missing of them; their value is among the facts.
    #[serde(default)]
    pub partial: BTreeMap<String, String>,
    /// The strategy of the migration; the first the rule concerns by default.
    #[serde(default)]
    pub strategy: Option<Strategy>,
    /// What attestations.yaml says about the rule's attestation; nothing by default.
    #[serde(default)]
    pub attestation: Word,
    /// The outcome.
    pub expect: Expect,
}

impl TestFile {
    /// The test with complete facts.
    pub fn complete(self) -> TestCase {
        let facts = self.facts.into_iter().map(|(path, fact)| {
            let whole = examples::complete(&path, &fact.value);
            (path, whole)
        });
        TestCase {
            name: self.name,
            facts: facts.collect(),
            unknown: self.unknown,
            partial: self.partial,
            strategy: self.strategy,
            attestation: self.attestation,
            expect: self.expect,
        }
    }
}

fn yes() -> bool {
    true
}

fn both() -> Spanned<Vec<Strategy>> {
    Spanned::new(vec![Strategy::Manual, Strategy::Automated], Location::UNKNOWN, Location::UNKNOWN)
}
