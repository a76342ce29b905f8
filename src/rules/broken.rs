//! A rule that cannot be read is an outcome, and stops no other.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::parse::{RuleText, asked_at};
use crate::scorecard::{Check, Gate, Outcome, Severity};
use crate::ui::Problem;

/// A rule of a pack that was refused.
#[derive(Debug)]
pub struct Broken {
    /// Name of the file without `.yaml`; with its folder where another rule has the name already.
    pub id: String,
    /// Folder name.
    pub area: String,
    /// Path of the file, as a person would name it.
    pub origin: String,
    /// Everything that is wrong with it; never empty.
    pub problems: Vec<Problem>,
    title: String,
    severity: Severity,
    gates: Vec<Gate>,
    explanation: String,
}

impl Broken {
    /// What can still be told of a file that was refused. What cannot be read is taken for the worst: a blocker at every
    /// gate.
    pub fn new(text: &RuleText<'_>, problems: Vec<Problem>) -> Self {
        let file: Value = serde_saphyr::from_str(text.yaml).unwrap_or_default();
        fn field<T: DeserializeOwned>(file: &Value, key: &str) -> Option<T> {
            serde_json::from_value(file.get(key)?.clone()).ok()
        }
        let gates = field(&file, "gates").filter(|gates: &Vec<Gate>| !gates.is_empty());
        Self {
            id: text.id.to_owned(),
            area: text.area.to_owned(),
            origin: text.path.to_owned(),
            problems,
            title: field(&file, "title").unwrap_or_else(|| format!("The rule {} can be read", text.path)),
            severity: field(&file, "severity").unwrap_or(Severity::Blocker),
            gates: gates.map_or_else(|| Gate::ALL.to_vec(), |named| asked_at(&named, field(&file, "until"))),
            explanation: text.markdown.unwrap_or_default().to_owned(),
        }
    }

    /// A file that is no rule, although it was meant as one.
    pub fn file(id: &str, area: &str, path: &str, problem: Problem) -> Self {
        Self::new(&RuleText { path, area, id, yaml: "", markdown: None }, vec![problem])
    }

    /// Its line of the scorecard.
    pub fn check(&self) -> Check {
        let said: Vec<String> = self
            .problems
            .iter()
            .map(|problem| match &problem.place {
                Some(place) if !place.label.is_empty() => format!("{} ({})", problem.title, place.label),
                _ => problem.title.clone(),
            })
            .collect();
        Check {
            rule: self.id.clone(),
            title: self.title.clone(),
            area: self.area.clone(),
            item: None,
            failure_mode: None,
            severity: self.severity,
            gates: self.gates.clone(),
            outcome: Outcome::Unknown,
            why: Some(format!("the rule could not be read: {}", said.join("; "))),
            why_remedy: Some(format!("mend {}; `temporal-preflight rules test` shows the place", self.origin)),
            attestation: None,
            accepted: None,
            cloud_only: false,
            complete: false,
            broken: true,
            findings: Vec::new(),
            explanation: self.explanation.clone(),
            references: Vec::new(),
        }
    }
}
