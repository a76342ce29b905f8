//! The text of a rule → [`Rule`], or everything that is wrong with it.

mod file;
mod types;

use serde_saphyr::{Location, Spanned};

use file::{RemedyFile, RuleFile};
use types::Wanted;

use super::expr::{Expression, Variables};
use super::message::Template;
use super::model::{Applies, Attested, Doubt, Each, Expect, Over, Remedy, Rule};
use super::shape::{self, Shape};
use crate::scorecard::builtin;
use crate::scorecard::checklist::FAILURE_MODES;
use crate::scorecard::{Gate, Severity};
use crate::ui::{Place, Problem, yaml};

/// The headings of an explanation, in order.
pub const HEADINGS: [&str; 5] = [
    "## What it checks",
    "## Why it stops a migration",
    "## How it is detected, and what it cannot see",
    "## What to do",
    "## References",
];

/// Both files of a rule.
#[derive(Debug, Clone)]
pub struct RuleText<'a> {
    /// Path of the YAML file, as a person would name it.
    pub path: &'a str,
    /// Name of the folder.
    pub area: &'a str,
    /// Name of the file without `.yaml`.
    pub id: &'a str,
    /// The YAML.
    pub yaml: &'a str,
    /// The Markdown; `None` when there is no such file.
    pub markdown: Option<&'a str>,
}

/// The JSON Schema of a rule file, without what is known of facts.
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(RuleFile)
}

/// Parse and check one rule. All its problems are told at once, except that broken YAML hides the rest.
pub fn parse(text: &RuleText<'_>) -> Result<Rule, Vec<Problem>> {
    let file: RuleFile = yaml::parse_strict(text.path, text.yaml).map_err(|p| vec![p])?;
    let mut checker = Checker { text, needs: Vec::new(), variables: Variables::default(), problems: Vec::new() };
    let rule = checker.rule(file);
    match rule {
        Some(rule) if checker.problems.is_empty() => Ok(rule),
        _ => Err(checker.problems),
    }
}

/// The gates at which a rule is asked: a pull request where it is named, and every phase from the first one named until
/// what the rule asks is over. A phase asks again what the phases before it asked.
pub(super) fn asked_at(named: &[Gate], until: Option<Gate>) -> Vec<Gate> {
    let first = named.iter().copied().filter(|gate| *gate != Gate::Pr).min();
    let phase = |gate: Gate| {
        gate != Gate::Pr && first.is_some_and(|first| first <= gate) && until.is_none_or(|until| gate <= until)
    };
    Gate::ALL.into_iter().filter(|gate| phase(*gate) || (*gate == Gate::Pr && named.contains(gate))).collect()
}

struct Checker<'a> {
    text: &'a RuleText<'a>,
    needs: Vec<String>,
    /// The needed facts, as expressions see them.
    variables: Variables,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn rule(&mut self, file: RuleFile) -> Option<Rule> {
        self.needs = file.needs.iter().map(|n| n.value.clone()).collect();
        self.identity(&file);
        self.completeness(&file);
        self.needed_facts(&file);
        self.tests(&file);
        let explanation = self.explanation();
        let (applies, _) = self.compile_optional(file.applies.as_ref(), Wanted::Truth);
        let (each, found) = self.compile_optional(file.each.as_ref(), Wanted::Objects);
        let (over, _) = self.compile_optional(file.over.as_ref(), Wanted::Things);
        let (doubt, doubted) = self.compile_optional(file.doubt.as_ref(), Wanted::Objects);
        let (basis, _) = self.compile_optional(file.basis.as_ref(), Wanted::Text);
        // What placeholders may name: the objects that a text is about.
        let found = found.map_or_else(Self::attested_object, element);
        let doubted = doubted.map(element);
        let both: Vec<Shape> = [found.clone()].into_iter().chain(doubted.clone()).collect();
        let key = file.key.as_ref().and_then(|t| self.template(t, &both));
        let message = file.message.as_ref().and_then(|t| self.template(t, &[found]));
        let doubt_message = file.doubt_message.as_ref().and_then(|t| self.template(t, doubted.as_slice()));
        let remedy = file.remedy.iter().filter_map(|step| self.remedy(step, &both)).collect();
        Some(Rule {
            id: file.id.value,
            title: file.title.value,
            area: file.area.value,
            item: file.item.map(|i| i.value),
            failure_mode: file.failure_mode.map(|f| f.value),
            severity: file.severity.value,
            gates: asked_at(&file.gates.value, file.until.as_ref().map(|until| until.value)),
            strategies: file.strategies.value,
            waivable: file.waivable,
            needs: std::mem::take(&mut self.needs),
            applies: applies.map(|condition| Applies {
                condition,
                otherwise: file.not_applicable.map(|n| n.value).unwrap_or_default(),
            }),
            each: match (each, key, message) {
                (Some(list), Some(key), Some(message)) => Some(Each { list, key, message }),
                _ => None,
            },
            over: over.zip(file.nothing).map(|(things, nothing)| Over { things, nothing: nothing.value }),
            doubt: doubt.zip(doubt_message).map(|(list, message)| Doubt { list, message }),
            attested: file.attested.zip(file.question).map(|(id, question)| Attested {
                id: id.value,
                question: question.value,
                fresh_days: file.fresh_days.map(|days| days.value),
                about: file.about.map(|about| about.value).unwrap_or_default(),
            }),
            basis,
            remedy,
            references: file.references,
            tests: file.tests.into_iter().map(|t| t.value.complete()).collect(),
            explanation: explanation?,
            origin: self.text.path.to_owned(),
        })
    }

    /// Names, numbers and words from fixed lists.
    fn identity(&mut self, file: &RuleFile) {
        if file.id.value != self.text.id {
            let label = format!("the file is called `{}.yaml`", self.text.id);
            self.refuse(&file.id.referenced, "the id of a rule is its file name", label);
        }
        if builtin::get(&file.id.value).is_some() {
            self.refuse(&file.id.referenced, "this id belongs to a check of the tool itself", "choose another");
        }
        if file.area.value != self.text.area {
            let label = format!("the folder is called `{}`", self.text.area);
            self.refuse(&file.area.referenced, "the area of a rule is its folder", label);
        }
        if file.title.value.trim().is_empty() {
            self.refuse(&file.title.referenced, "a rule needs a title", "say what is true when the rule passes");
        }
        if let Some(item) = file.item.as_ref().filter(|i| !(1..=10).contains(&i.value)) {
            self.refuse(&item.referenced, "the checklist has the items 1 to 10", "no such item");
        }
        let modes = FAILURE_MODES.map(|(id, _)| id);
        if let Some(mode) = file.failure_mode.as_ref().filter(|m| !modes.contains(&m.value.as_str())) {
            self.refuse(&mode.referenced, "unknown failure mode", format!("one of: {}", modes.join(", ")));
        }
        if file.gates.value.is_empty() {
            self.refuse(
                &file.gates.referenced,
                "a rule that counts at no gate decides nothing",
                "name at least one gate",
            );
        }
        let first = file.gates.value.iter().copied().filter(|gate| *gate != Gate::Pr).min();
        if let Some(until) = file.until.as_ref().filter(|until| first.is_none_or(|first| until.value < first)) {
            self.refuse(
                &until.referenced,
                "a rule ends after it begins",
                match first {
                    Some(first) => format!("it is asked from the gate {first} on"),
                    None => "it is asked of pull requests only".to_owned(),
                },
            );
        }
        if file.strategies.value.is_empty() {
            self.refuse(
                &file.strategies.referenced,
                "a rule without strategy never applies",
                "name one, or drop the key",
            );
        }
    }

    /// Keys that need each other, and what decides the rule.
    fn completeness(&mut self, file: &RuleFile) {
        fn place<T>(value: &Option<Spanned<T>>) -> Option<&Location> {
            value.as_ref().map(|v| &v.referenced)
        }
        let (each, attested) = (file.each.is_none(), file.attested.is_none());
        let pairs = [
            (
                place(&file.applies),
                file.not_applicable.is_none(),
                "`applies` needs `not_applicable`",
                "and when this is false: why?",
            ),
            (place(&file.not_applicable), file.applies.is_none(), "`not_applicable` needs `applies`", "when is it so?"),
            (place(&file.each), file.key.is_none(), "`each` needs `key`", "what identifies a finding of this list?"),
            (
                place(&file.each),
                file.message.is_none(),
                "`each` needs `message`",
                "what is said about a finding of this list?",
            ),
            (
                place(&file.over),
                file.nothing.is_none() || each,
                "`over` needs `nothing` and `each`",
                "when there is none of these: what is there to say?",
            ),
            (place(&file.nothing), file.over.is_none(), "`nothing` needs `over`", "nothing of what?"),
            (
                place(&file.doubt),
                file.doubt_message.is_none(),
                "`doubt` needs `doubt_message`",
                "what is said about these?",
            ),
            (place(&file.doubt), each, "`doubt` needs `each`", "doubts belong to a rule that looks for something"),
            (place(&file.doubt_message), file.doubt.is_none(), "`doubt_message` needs `doubt`", "about what?"),
            (
                place(&file.attested),
                file.question.is_none(),
                "`attested` needs `question`",
                "what does the person vouch for?",
            ),
            (place(&file.question), attested, "`question` needs `attested`", "under which key is it answered?"),
            (place(&file.fresh_days), attested, "`fresh_days` needs `attested`", "whose age?"),
            (place(&file.about), attested || each, "`about` needs `attested` and `each`", "what was seen is in `each`"),
        ];
        for (place, lacks, title, label) in pairs {
            if let Some(place) = place.filter(|_| lacks) {
                self.refuse(place, title, label);
            }
        }
        if each && attested {
            self.refuse(&file.id.referenced, "neither `each` nor `attested`", "nothing decides this rule");
        }
        if file.severity.value == Severity::Blocker && file.remedy.is_empty() {
            self.refuse(&file.severity.referenced, "a blocker without `remedy`", "what is one to do about it?");
        }
    }

    /// Every rule shows that it can fail, pass and not know.
    fn tests(&mut self, file: &RuleFile) {
        type Wanted = (&'static str, fn(Expect) -> bool);
        let wanted: [Wanted; 3] = [
            ("failing", |e| matches!(e, Expect::Fail(_))),
            ("passing", |e| e == Expect::Pass),
            ("unknown", |e| matches!(e, Expect::Unknown | Expect::Doubt(_))),
        ];
        for (word, matches) in wanted {
            if !file.tests.iter().any(|t| matches(t.value.expect)) {
                let label = "every rule shows that it can fail, pass and not know";
                self.refuse(&file.id.referenced, &format!("no {word} test"), label);
            }
        }
        for test in &file.tests {
            let t = &test.value;
            for path in t.facts.keys().chain(t.unknown.keys()).chain(t.partial.keys()) {
                if !self.needs.contains(path) {
                    let label = format!("`{path}` is not in `needs`");
                    self.refuse(&test.referenced, "a test gives a fact the rule does not read", label);
                }
            }
            for path in t.partial.keys().filter(|p| !t.facts.contains_key(*p)) {
                let label = format!("add `{path}` to the `facts` of the test");
                self.refuse(&test.referenced, "a partial fact needs the part that was seen", label);
            }
            self.typed_test(t);
            if matches!(t.expect, Expect::Fail(0) | Expect::Doubt(0)) {
                self.refuse(&test.referenced, "a failing test has findings", "0 findings are a pass");
            }
        }
    }

    fn explanation(&mut self) -> Option<String> {
        let path = self.text.path.strip_suffix(".yaml").unwrap_or(self.text.path);
        let path = format!("{path}.md");
        let Some(markdown) = self.text.markdown else {
            let problem = Problem::usage(format!("{path} does not exist"));
            self.problems.push(problem.help("every rule is explained in a Markdown file of the same name beside it"));
            return None;
        };
        let mut headings = HEADINGS.iter();
        let mut missing = headings.next();
        let mut fenced = false;
        for line in markdown.lines() {
            fenced ^= line.trim_start().starts_with("```");
            if !fenced && missing.is_some_and(|m| line.trim_end() == *m) {
                missing = headings.next();
            }
        }
        if let Some(missing) = missing {
            let order = HEADINGS.map(|h| h.trim_start_matches("## ")).join(" · ");
            let problem = Problem::usage(format!("{path}: the heading `{missing}` is missing or out of order"));
            self.problems.push(problem.help(format!("the headings are, in this order: {order}")));
        }
        Some(markdown.to_owned())
    }

    fn remedy(&mut self, step: &RemedyFile, objects: &[Shape]) -> Option<Remedy> {
        let text = self.parse_template(&step.text);
        let command = step.command.as_ref().map(|c| self.parse_template(c));
        let when = step.when.as_ref().map(|w| self.compile(w, true));
        let remedy = Remedy { text: text?, when: when.flatten(), command: command.flatten() };
        self.typed_remedy(step, &remedy, objects);
        Some(remedy)
    }

    /// A text about each of the objects.
    fn template(&mut self, text: &Spanned<String>, objects: &[Shape]) -> Option<Template> {
        let template = self.parse_template(text)?;
        self.placeholders(text, &template, objects, &[]);
        Some(template)
    }

    fn parse_template(&mut self, text: &Spanned<String>) -> Option<Template> {
        match Template::parse(&text.value) {
            Ok(template) => Some(template),
            Err(e) => {
                let place = self.place(text, Some(e.offset), &e.message);
                self.problems.push(Problem::usage(format!("{}: broken placeholder", self.text.path)).at(place));
                None
            }
        }
    }

    /// An expression, and the shape of its value.
    fn compile_optional(
        &mut self,
        text: Option<&Spanned<String>>,
        wanted: Wanted,
    ) -> (Option<Expression>, Option<Shape>) {
        let Some(text) = text else { return (None, None) };
        // What was refused already is not refused once more for its type.
        let Some(expression) = self.compile(text, false) else { return (None, Some(Shape::Any)) };
        let shape = self.typed(text, &expression, None, wanted);
        (Some(expression), Some(shape))
    }

    /// Compile, and refuse facts that are not needed: they would be unknown without anybody saying so.
    fn compile(&mut self, text: &Spanned<String>, it: bool) -> Option<Expression> {
        let expression = match Expression::compile(&text.value) {
            Ok(expression) => expression,
            Err(e) => {
                let place = self.place(text, e.offset, &e.message);
                self.problems
                    .push(Problem::usage(format!("{}: the expression does not compile", self.text.path)).at(place));
                return None;
            }
        };
        for reference in expression.references() {
            let path = &reference.path;
            let of_object = it && (path == "it" || path.starts_with("it."));
            if of_object || self.needs.iter().any(|need| covers(need, path)) {
                continue;
            }
            let fact = fact_of(path);
            let (label, help) = match fact {
                Some(fact) => (format!("`{fact}` is not under `needs`"), format!("add `{fact}` to `needs`")),
                None => match shape::nearest(path, shape::paths()) {
                    Some(near) => (
                        format!("there is no fact `{path}`; did you mean `{near}`?"),
                        format!("`{near}` has to be under `needs`, too"),
                    ),
                    None => {
                        (format!("there is no fact `{path}`"), "`temporal-preflight rules facts` lists them".to_owned())
                    }
                },
            };
            let title = format!("{}: `{path}` is not one of the facts this rule needs", self.text.path);
            let place = self.place(text, Some(reference.offset), &label);
            self.problems.push(Problem::usage(title).at(place).help(help));
        }
        Some(expression)
    }

    /// The place of an offset within a scalar; the whole scalar where its text is folded or escaped.
    fn place(&self, text: &Spanned<String>, offset: Option<usize>, label: &str) -> Place {
        let mut place = yaml::place(self.text.path, self.text.yaml, &text.referenced, label);
        let from = place.span.start;
        let raw = self.text.yaml.get(from..).unwrap_or_default();
        let found = raw.find(text.value.trim_end()).filter(|&at| at <= 3);
        if let (Some(at), Some(offset)) = (found, offset) {
            let start = from + at + offset.min(text.value.len());
            let width = self.text.yaml.get(start..).and_then(|s| s.chars().next()).map_or(0, char::len_utf8);
            place.span = start..start + width.max(1);
        }
        place
    }

    fn refuse(&mut self, location: &Location, title: &str, label: impl Into<String>) {
        let place = yaml::place(self.text.path, self.text.yaml, location, label);
        self.problems.push(Problem::usage(format!("{}: {title}", self.text.path)).at(place));
    }
}

/// Whether a needed path is the referenced one or an object around it.
fn covers(need: &str, path: &str) -> bool {
    path.strip_prefix(need).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The fact that a selection begins with.
fn fact_of(path: &str) -> Option<&'static str> {
    shape::paths().find(|fact| covers(fact, path))
}

/// The objects of a list.
fn element(list: Shape) -> Shape {
    match list {
        Shape::List(of) => *of,
        _ => Shape::Any,
    }
}
