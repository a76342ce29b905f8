//! Rules over facts → outcomes.
//!
//! The order of questions is the whole algebra: does the rule concern this migration, is there evidence, is
//! something wrong in what was seen, is something undecidable in it, is it all there. Only then does a rule
//! pass. An error in a rule is an unknown outcome that says so, and never hides a finding.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::Value;

use super::Catalogue;
use super::attest::{self, Answer};
use super::broken::Broken;
use super::context::Context;
use super::expr::{Expression, Scope};
use super::message::{Filled, Template, descend};
use super::model::{About, Attested, Each, Remedy, Rule};
use super::view::FactView;
use crate::facts::attestation::Attestation;
use crate::facts::plan::Strategy;
use crate::facts::{Known, Locus, Why};
use crate::scorecard::fingerprint;
use crate::scorecard::{Asked, Certainty, Check, Finding, Outcome, RemedyStep};

/// The fact that tells the day from which new executions start on the target.
const ROUTING_BEGINS: &str = "plan.routing_begins";

/// Evaluate every rule, on all processors; the checks come in the order of the catalogue, rules that could not be read last.
pub fn evaluate(catalogue: &Catalogue, view: &FactView, context: &Context<'_>) -> Vec<Check> {
    let whole = Evaluator::new(view, context);
    // A rule of one strategy sees the namespaces that move by it.
    let of = |strategy| Context { strategy, ..*context };
    let (manual, automated) = (of(Strategy::Manual), of(Strategy::Automated));
    let parts = [&manual, &automated]
        .map(|context| view.part(context.strategy).map(|part| (context.strategy, Evaluator::new(part, context))));
    let evaluator = |rule: &Rule| match rule.strategies.as_slice() {
        [only] => parts.iter().flatten().find(|(strategy, _)| strategy == only).map_or(&whole, |(_, part)| part),
        _ => &whole,
    };
    let mut checks: Vec<Check> = catalogue.rules.par_iter().map(|rule| evaluator(rule).evaluate(rule).check).collect();
    checks.extend(catalogue.broken.iter().map(Broken::check));
    checks
}

/// A check, and what was wrong with the rule itself on the way.
pub(super) struct Evaluation {
    pub check: Check,
    pub broken: Vec<String>,
}

/// The facts, bound once for all rules.
pub(super) struct Evaluator<'a> {
    view: &'a FactView,
    context: &'a Context<'a>,
    scope: Scope,
}

/// What the algebra decided, before it becomes a [`Check`].
struct Decision {
    outcome: Outcome,
    why: Option<Why>,
    findings: Vec<Finding>,
    /// Whether all of the evidence was seen.
    complete: bool,
    /// Whether a person's word decided it.
    by_word: bool,
}

impl Decision {
    fn of(outcome: Outcome, why: Option<Why>) -> Self {
        Self { outcome, why, findings: Vec::new(), complete: outcome != Outcome::Unknown, by_word: false }
    }

    /// A person vouches for what the facts do not show. `unseen` says what of the evidence is missing.
    fn vouched(word: &Attestation, unseen: Option<&str>) -> Self {
        let unseen_part = unseen.map(|why| format!("; not measured, because {why}")).unwrap_or_default();
        let why = Why::new(attest::vouched(word) + &unseen_part);
        Self { complete: unseen.is_none(), by_word: true, ..Self::of(Outcome::Pass, Some(why)) }
    }
}

impl<'a> Evaluator<'a> {
    pub fn new(view: &'a FactView, context: &'a Context<'a>) -> Self {
        let facts: Vec<_> = view.paths().filter_map(|p| Some((p, *view.get(p).value()?))).collect();
        Self { view, context, scope: Scope::new(facts) }
    }

    pub fn evaluate(&self, rule: &Rule) -> Evaluation {
        let mut run = Run { on: self, rule, broken: Vec::new(), seen: BTreeMap::new() };
        let decision = run.decide().unwrap_or_else(|error| {
            run.broken.push(error.clone());
            let remedy = format!("mend {}, or run without it", rule.origin);
            let why = Why::with_remedy(format!("the rule could not be evaluated: {error}"), remedy);
            Decision::of(Outcome::Unknown, Some(why))
        });
        let check = Check {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            area: rule.area.clone(),
            item: rule.item,
            failure_mode: rule.failure_mode.clone(),
            severity: rule.severity,
            gates: rule.gates.clone(),
            outcome: decision.outcome,
            why_remedy: decision.why.as_ref().and_then(|w| w.remedy.clone()),
            why: decision.why.map(|w| w.reason),
            attestation: run.answer().map(|(asked, answer)| Asked {
                id: asked.id.clone(),
                word: answer.state(),
                decides: decision.by_word,
                unseen_only: asked.about == About::Unseen,
            }),
            accepted: None,
            cloud_only: rule.concerns_cloud_only(),
            complete: decision.complete,
            broken: !run.broken.is_empty(),
            findings: decision.findings,
            explanation: rule.explanation.clone(),
            references: rule.references.clone(),
        };
        Evaluation { check, broken: run.broken }
    }
}

/// One rule under evaluation.
struct Run<'e, 'a> {
    on: &'e Evaluator<'a>,
    rule: &'e Rule,
    broken: Vec<String>,
    /// How often a key was used, for the ordinals of fingerprints.
    seen: BTreeMap<String, usize>,
}

impl<'e, 'a> Run<'e, 'a> {
    fn decide(&mut self) -> Result<Decision, String> {
        let rule = self.rule;
        if !rule.strategies.contains(&self.on.context.strategy) {
            let why = match self.on.context.strategy {
                Strategy::Manual => "it concerns migrations by replication only",
                Strategy::Automated => "it concerns migrations without replication only",
            };
            return Ok(Decision::of(Outcome::NotApplicable, Some(Why::new(why))));
        }
        if let Some(applies) = &rule.applies
            && self.all_known(&applies.condition)
            && !self.truth(&applies.condition, None, "applies")?
        {
            return Ok(Decision::of(Outcome::NotApplicable, Some(Why::new(&applies.otherwise))));
        }
        let answer = self.answer();
        let Some(each) = &rule.each else {
            return Ok(match answer {
                Some((asked, answer)) => self.by_word(asked, answer),
                None => Decision::of(Outcome::Unknown, Some(Why::new("nothing decides this rule"))),
            });
        };
        let Some((asked, Answer::Denied(word))) = answer else { return self.by_facts(each, answer) };
        let mut decision = self.by_facts(each, None)?;
        match decision.outcome {
            Outcome::Unknown => {
                decision.outcome = Outcome::Fail;
                decision.by_word = true;
                // It stands in for what is missing, as a word that vouches does.
                decision.complete = true;
                decision.findings.insert(0, self.denial(asked, word));
            }
            // Where all was seen, there is nothing the denial is about.
            Outcome::Pass if asked.about == About::Everything => {
                let basis = decision.why.map(|why| why.reason + "; ").unwrap_or_default();
                decision.why = Some(Why::new(basis + &attest::contradicts(word)));
            }
            _ => {}
        }
        Ok(decision)
    }

    /// The question of the rule, and what people answer.
    fn answer(&self) -> Option<(&'e Attested, Answer<'a>)> {
        let asked = self.rule.attested.as_ref()?;
        let routing = self.on.view.get(ROUTING_BEGINS).value().and_then(|day| day.as_str()?.parse().ok());
        Some((asked, attest::look_up(asked, self.rule.severity, self.on.context, routing)))
    }

    /// What the facts say, and a person's word where they say nothing.
    fn by_facts(&mut self, each: &Each, answer: Option<(&Attested, Answer<'_>)>) -> Result<Decision, String> {
        let rule = self.rule;
        if let Some(why) = self.missing(|known| known.value().is_none()) {
            // What is proven by the facts that are there is proven, whatever else is missing.
            if self.all_seen(&each.list) {
                let (findings, _) = self.findings(&each.list, &each.message, Certainty::Fail, "each");
                if !findings.is_empty() {
                    return Ok(Decision { findings, complete: false, ..Decision::of(Outcome::Fail, Some(why)) });
                }
            }
            return Ok(self.without_evidence(why, answer));
        }
        let partial = self.missing(|known| !known.is_known());
        let (mut findings, error) = self.findings(&each.list, &each.message, Certainty::Fail, "each");
        let proven = !findings.is_empty();
        if let (false, Some(error)) = (proven, &error) {
            return Err(error.clone());
        }
        self.broken.extend(error.clone());
        let mut gaps: Vec<Why> = partial.clone().into_iter().collect();
        gaps.extend(error.map(|e| Why::new(format!("a part of the rule could not be evaluated: {e}"))));
        if let Some(doubt) = &rule.doubt {
            let (doubts, error) = self.findings(&doubt.list, &doubt.message, Certainty::Unknown, "doubt");
            match error {
                Some(error) if !proven && doubts.is_empty() => return Err(error),
                Some(error) => {
                    gaps.push(Why::new(format!("a part of the rule could not be evaluated: {error}")));
                    self.broken.push(error);
                }
                None => {}
            }
            findings.extend(doubts);
        }
        if proven {
            let complete = gaps.is_empty();
            return Ok(Decision { findings, complete, ..Decision::of(Outcome::Fail, join(gaps)) });
        }
        if !findings.is_empty() {
            let count = match findings.len() {
                1 => "one thing could not be decided".to_owned(),
                n => format!("{n} things could not be decided"),
            };
            if let (Some((_, Answer::Holds(word))), true) = (&answer, self.broken.is_empty()) {
                gaps.insert(0, Why::new(count));
                let unseen = join(gaps).map(|why| why.reason);
                return Ok(Decision { findings, ..Decision::vouched(word, unseen.as_deref()) });
            }
            let complete = gaps.is_empty();
            gaps.insert(0, Why::new(count));
            let open = self.without_evidence(join(gaps).unwrap_or_else(|| Why::new("evidence is missing")), answer);
            return Ok(Decision { findings, complete, ..open });
        }
        if let Some(why) = partial {
            return Ok(self.without_evidence(why, answer));
        }
        if let Some(over) = &rule.over
            && self.is_empty(&over.things)?
        {
            let why = format!("nothing to do, because {}", over.nothing);
            return Ok(Decision::of(Outcome::NotApplicable, Some(Why::new(why))));
        }
        let basis = rule.basis.as_ref().map(|b| self.text(b)).transpose()?;
        Ok(Decision::of(Outcome::Pass, basis.map(Why::new)))
    }

    /// Evidence is missing: a person's word can stand in for it.
    fn without_evidence(&self, why: Why, answer: Option<(&Attested, Answer<'_>)>) -> Decision {
        match answer {
            Some((_, Answer::Holds(word))) => Decision::vouched(word, Some(&why.reason)),
            Some((asked, answer)) => {
                let open = attest::open(asked, &answer, self.on.context);
                // An open question is part of `open.reason`, which is not told here.
                let question = match answer {
                    Answer::Absent => format!(" ({})", asked.question),
                    _ => String::new(),
                };
                let attest = open.remedy.map(|remedy| remedy + &question).unwrap_or_default();
                let remedy = match (why.remedy, asked.about) {
                    // To look is what the word is about.
                    (Some(remedy), About::Unseen) => format!("{remedy}; then {attest}"),
                    (Some(remedy), About::Everything) => format!("{remedy}; or {attest}"),
                    (None, _) => attest,
                };
                let remedy = Some(remedy + &acceptance(self.rule));
                let reason = match answer {
                    Answer::Absent => why.reason,
                    _ => format!("{}; {}", why.reason, open.reason),
                };
                Decision::of(Outcome::Unknown, Some(Why { reason, remedy }))
            }
            None => Decision::of(Outcome::Unknown, Some(why)),
        }
    }

    /// Only a person can tell.
    fn by_word(&mut self, asked: &Attested, answer: Answer<'_>) -> Decision {
        match answer {
            Answer::Holds(word) => Decision::vouched(word, None),
            Answer::Denied(word) => {
                let findings = vec![self.denial(asked, word)];
                Decision { findings, by_word: true, ..Decision::of(Outcome::Fail, None) }
            }
            other => Decision::of(Outcome::Unknown, Some(attest::open(asked, &other, self.on.context))),
        }
    }

    /// A person says that it is not so.
    fn denial(&mut self, asked: &Attested, word: &Attestation) -> Finding {
        let object = serde_json::to_value(word).unwrap_or(Value::Null);
        // Steps for one object of the facts have nothing to say here: there is no object.
        let rule = self.rule;
        let steps = rule.remedy.iter().filter(|step| rule.each.is_none() || step.is_general());
        let mut remedy = self.steps(steps, &object);
        remedy.push(RemedyStep {
            text: format!("When it is so, renew the entry `{}` in {}.", asked.id, self.on.context.attestations_path),
            command: None,
        });
        Finding {
            rule: rule.id.clone(),
            message: attest::denied(asked, word),
            evidence: attest::evidence(word),
            remedy,
            key: asked.id.clone(),
            fingerprint: fingerprint::of(&rule.id, &asked.id, 1),
            workflow_types: Vec::new(),
            task_queues: Vec::new(),
            namespaces: Vec::new(),
            certainty: Certainty::Fail,
            owner: None,
            waiver: None,
        }
    }

    /// Evaluate a list; one finding per object. Objects that are not findings are an error, and the others count.
    fn findings(
        &mut self,
        list: &Expression,
        message: &Template,
        certainty: Certainty,
        key: &str,
    ) -> (Vec<Finding>, Option<String>) {
        let objects = match self.on.scope.evaluate(list, None) {
            Ok(Value::Array(objects)) => objects,
            Ok(other) => return (Vec::new(), Some(format!("`{key}` is {}, not a list", kind(&other)))),
            Err(error) => return (Vec::new(), Some(format!("`{key}`: {error}"))),
        };
        let mut error = None;
        let mut findings = Vec::with_capacity(objects.len());
        for object in &objects {
            match loci(object) {
                Ok(evidence) => findings.push(self.finding(object, evidence, message, certainty)),
                Err(e) => error = Some(format!("`{key}`: {e}")),
            }
        }
        (findings, error)
    }

    fn finding(&mut self, object: &Value, evidence: Vec<Locus>, message: &Template, certainty: Certainty) -> Finding {
        let key = self.rule.each.as_ref().map(|e| self.fill(&e.key, object)).unwrap_or_default();
        let ordinal = self.seen.entry(key.clone()).or_default();
        *ordinal += 1;
        let fingerprint = fingerprint::of(&self.rule.id, &key, *ordinal);
        Finding {
            rule: self.rule.id.clone(),
            message: self.fill(message, object),
            evidence,
            remedy: self.remedy(object),
            key,
            fingerprint,
            workflow_types: names(object, &["workflow_types", "workflow_type"]),
            task_queues: names(object, &["task_queues", "task_queue"]),
            namespaces: names(object, &["source_namespace", "target_namespace"]),
            certainty,
            owner: None,
            waiver: None,
        }
    }

    fn remedy(&mut self, object: &Value) -> Vec<RemedyStep> {
        let rule = self.rule;
        self.steps(rule.remedy.iter(), object)
    }

    fn steps<'r>(&mut self, remedy: impl Iterator<Item = &'r Remedy>, object: &Value) -> Vec<RemedyStep> {
        let mut steps = Vec::new();
        for step in remedy {
            let concerns = match &step.when {
                None => true,
                Some(when) => self.truth(when, Some(object), "when").unwrap_or_else(|error| {
                    self.broken.push(error);
                    false
                }),
            };
            if concerns {
                let text = self.fill(&step.text, object);
                let command = step.command.as_ref().map(|c| {
                    let filled = c.fill_command(|path| self.look_up(object, path));
                    self.note_missing(filled)
                });
                steps.push(RemedyStep { text, command });
            }
        }
        steps
    }

    fn fill(&mut self, template: &Template, object: &Value) -> String {
        let filled = template.fill(|path| self.look_up(object, path));
        self.note_missing(filled)
    }

    fn note_missing(&mut self, filled: Filled) -> String {
        self.broken.extend(filled.missing.iter().map(|path| format!("the placeholder `{path}` found nothing")));
        filled.text
    }

    /// In the object first, then in the facts the rule needs.
    fn look_up<'v>(&'v self, object: &'v Value, path: &str) -> Option<&'v Value> {
        if let Some(value) = descend(object, path).filter(|v| !v.is_null()) {
            return Some(value);
        }
        self.rule.needs.iter().find_map(|need| {
            let rest = path.strip_prefix(need.as_str())?;
            let fact = *self.on.view.get(need).value()?;
            match rest.strip_prefix('.') {
                Some(rest) => descend(fact, rest),
                None if rest.is_empty() => Some(fact),
                None => None,
            }
        })
    }

    /// Why the needed facts that `lacks` selects are not all there.
    fn missing(&self, lacks: impl Fn(&Known<&Value>) -> bool) -> Option<Why> {
        let facts = self.rule.needs.iter().map(|need| self.on.view.get(need));
        join(facts.filter(|known| lacks(known)).filter_map(|known| known.why().cloned()).collect())
    }

    /// Whether all facts an expression reads are known wholly.
    fn all_known(&self, expression: &Expression) -> bool {
        self.every_fact(expression, |known| known.is_known())
    }

    /// Whether all facts an expression reads are known at least in part.
    fn all_seen(&self, expression: &Expression) -> bool {
        self.every_fact(expression, |known| known.value().is_some())
    }

    fn every_fact(&self, expression: &Expression, holds: impl Fn(&Known<&Value>) -> bool) -> bool {
        let reads = |need: &String| {
            expression.references().iter().any(|r| {
                r.path.strip_prefix(need.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        self.rule.needs.iter().filter(|need| reads(need)).all(|need| holds(&self.on.view.get(need)))
    }

    fn truth(&self, expression: &Expression, it: Option<&Value>, key: &str) -> Result<bool, String> {
        match self.on.scope.evaluate(expression, it) {
            Ok(Value::Bool(truth)) => Ok(truth),
            Ok(other) => Err(format!("`{key}` is {}, not true or false", kind(&other))),
            Err(error) => Err(format!("`{key}`: {error}")),
        }
    }

    /// Whether there was nothing to look at: an empty list, or the number zero.
    fn is_empty(&self, things: &Expression) -> Result<bool, String> {
        match self.on.scope.evaluate(things, None) {
            Ok(Value::Array(list)) => Ok(list.is_empty()),
            Ok(Value::Number(number)) => Ok(number.as_u64() == Some(0)),
            Ok(other) => Err(format!("`over` is {}, not a list or a number", kind(&other))),
            Err(error) => Err(format!("`over`: {error}")),
        }
    }

    fn text(&self, expression: &Expression) -> Result<String, String> {
        match self.on.scope.evaluate(expression, None) {
            Ok(Value::String(text)) => Ok(text),
            Ok(other) => Err(format!("`basis` is {}, not a string", kind(&other))),
            Err(error) => Err(format!("`basis`: {error}")),
        }
    }
}

/// The entry that accepts what nobody looked at, where that may be accepted.
fn acceptance(rule: &Rule) -> String {
    let reads = rule.attested.as_ref().is_some_and(|asked| asked.about == About::Unseen);
    if !reads || !rule.waivable {
        return String::new();
    }
    let entry = format!("- {{rule: {}, reason: WHY, owner: FULL NAME, until: DATE}}", rule.id);
    format!("; or accept it as a condition, in waivers.yaml: `{entry}`")
}

/// The names an object gives under the first of the fields that has some: a list of names, or one.
fn names(object: &Value, fields: &[&str]) -> Vec<String> {
    let text = |value: &Value| value.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let of = |field: &&str| match object.get(*field)? {
        Value::Array(names) => Some(names.iter().filter_map(text).collect()),
        name => text(name).map(|name| vec![name]),
    };
    fields.iter().find_map(of).unwrap_or_default()
}

/// Several reasons as one, each said once.
fn join(whys: Vec<Why>) -> Option<Why> {
    let mut reasons = Vec::<String>::new();
    let mut remedies = Vec::<String>::new();
    for why in whys {
        if !reasons.contains(&why.reason) {
            reasons.push(why.reason);
        }
        remedies.extend(why.remedy.filter(|r| !remedies.contains(r)));
    }
    let remedy = (!remedies.is_empty()).then(|| remedies.join("; "));
    (!reasons.is_empty()).then(|| Why { reason: reasons.join("; "), remedy })
}

/// The places of an object; a finding without a place cannot be checked by anyone.
fn loci(object: &Value) -> Result<Vec<Locus>, String> {
    let loci = object.get("loci").ok_or("an object of the list has no `loci`")?;
    let loci: Vec<Locus> =
        serde_json::from_value(loci.clone()).map_err(|e| format!("an object of the list has broken `loci`: {e}"))?;
    if loci.is_empty() { Err("an object of the list has no `loci`".into()) } else { Ok(loci) }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
