//! The rules of one run, and the tables that list them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::broken::Broken;
use super::model::Rule;
use crate::facts::plan::Strategy;
use crate::scorecard::{Gate, Severity};
use crate::ui::Problem;

/// All rules of a run, by area and id.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Sorted by area and id; ids are unique.
    pub rules: Vec<Rule>,
    /// Rules of packs that could not be read. They decide nothing, and nobody may take that for a pass.
    pub broken: Vec<Broken>,
}

/// One rule as `rules -o json` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Rule id.
    pub id: String,
    /// The statement that is true when the rule passes.
    pub title: String,
    /// Area.
    pub area: String,
    /// Severity when it fails.
    pub severity: Severity,
    /// Gates at which it counts.
    pub gates: Vec<Gate>,
    /// Strategies it concerns.
    pub strategies: Vec<Strategy>,
    /// Checklist item it answers.
    pub item: Option<u8>,
    /// Failure mode it watches for.
    pub failure_mode: Option<String>,
    /// Whether its findings can be waived.
    pub waivable: bool,
    /// Facts it reads.
    pub needs: Vec<String>,
    /// Attestation that can answer it.
    pub attested: Option<String>,
    /// What the attestation is asked.
    pub question: Option<String>,
    /// File it comes from.
    pub origin: String,
    /// URLs.
    pub references: Vec<String>,
}

impl Catalogue {
    /// A rule by its id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id)
    }

    /// Add the rules of another pack; those with a known id replace. One that is broken replaces too: whoever wrote it
    /// did not want the other one to answer.
    pub fn extend(&mut self, other: Catalogue) {
        let named = |id: &str| other.get(id).is_some() || other.broken.iter().any(|b| b.id == id);
        self.rules.retain(|rule| !named(&rule.id));
        self.broken.retain(|broken| !named(&broken.id));
        self.rules.extend(other.rules);
        self.broken.extend(other.broken);
        self.rules.sort_by(|a, b| (&a.area, &a.id).cmp(&(&b.area, &b.id)));
    }

    /// Everything that is wrong with the rules that could not be read.
    pub fn problems(&self) -> Vec<Problem> {
        self.broken.iter().flat_map(|broken| broken.problems.clone()).collect()
    }

    /// Ids of the rules whose findings nobody may accept.
    pub fn unwaivable(&self) -> BTreeSet<String> {
        self.rules.iter().filter(|r| !r.waivable).map(|r| r.id.clone()).collect()
    }

    /// Ids that look like `id`, best first: for "did you mean".
    pub fn similar(&self, id: &str) -> Vec<&str> {
        let mut ranked: Vec<(usize, &str)> = self
            .rules
            .iter()
            .map(|r| (distance(id, &r.id), r.id.as_str()))
            .filter(|(d, other)| *d <= 3 || (id.len() >= 4 && (other.contains(id) || id.contains(other))))
            .collect();
        ranked.sort();
        ranked.into_iter().map(|(_, id)| id).take(3).collect()
    }

    /// For `rules -o json`.
    pub fn listing(&self) -> Vec<Listing> {
        self.rules.iter().map(Listing::of).collect()
    }

    /// A Markdown page that lists every rule by area.
    pub fn index_markdown(&self) -> String {
        let mut areas = BTreeMap::<&str, Vec<&Rule>>::new();
        for rule in &self.rules {
            areas.entry(&rule.area).or_default().push(rule);
        }
        let mut page = format!("# Rules\n\n{} rules in {} areas.\n", self.rules.len(), areas.len());
        for (area, rules) in areas {
            page.push_str(&format!(
                "\n## {area}\n\n| rule | true when it passes | severity | gates | item |\n|---|---|---|---|---|\n"
            ));
            for rule in rules {
                let gates = Gate::span(&rule.gates);
                let item = rule.item.map(|i| i.to_string()).unwrap_or_default();
                let title = rule.title.replace('|', "\\|");
                let row = format!(
                    "| [{id}]({area}/{id}.md) | {title} | {} | {gates} | {item} |\n",
                    rule.severity.name(),
                    id = rule.id
                );
                page.push_str(&row);
            }
        }
        page
    }
}

impl Listing {
    /// What a listing says about a rule.
    pub fn of(rule: &Rule) -> Self {
        Self {
            id: rule.id.clone(),
            title: rule.title.clone(),
            area: rule.area.clone(),
            severity: rule.severity,
            gates: rule.gates.clone(),
            strategies: rule.strategies.clone(),
            item: rule.item,
            failure_mode: rule.failure_mode.clone(),
            waivable: rule.waivable,
            needs: rule.needs.clone(),
            attested: rule.attested.as_ref().map(|a| a.id.clone()),
            question: rule.attested.as_ref().map(|a| a.question.clone()),
            origin: rule.origin.clone(),
            references: rule.references.clone(),
        }
    }
}

/// Edits that turn one word into the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (slot, cb) in row.iter_mut().skip(1).zip(&b) {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = *slot;
            left = substituted.min(left + 1).min(*slot + 1);
            *slot = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
