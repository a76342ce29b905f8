//! What a rule says of its facts, checked against their types: needs, expressions, placeholders, tests.

use serde_saphyr::Spanned;

use super::file::TestFile;
use super::{Checker, RemedyFile, RuleFile};
use crate::facts::attestation::Attestation;
use crate::rules::expr::{Expression, Variables};
use crate::rules::message::Template;
use crate::rules::model::Remedy;
use crate::rules::shape::{self, Shape};
use crate::ui::Problem;

/// What an expression has to give.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Truth,
    Text,
    /// A list, or a number.
    Things,
    /// A list of objects with `loci`.
    Objects,
}

impl Wanted {
    fn accepts(self, shape: &Shape) -> Result<(), String> {
        let fits = match (self, shape) {
            (_, Shape::Any | Shape::Never) => true,
            (Wanted::Truth, shape) => *shape == Shape::Bool,
            (Wanted::Text, shape) => matches!(shape, Shape::Text(_)),
            (Wanted::Things, shape) => matches!(shape, Shape::List(_) | Shape::Int | Shape::Number),
            (Wanted::Objects, Shape::List(of)) => match &**of {
                Shape::Any | Shape::Never => true,
                Shape::Object(fields) if fields.contains_key("loci") => true,
                Shape::Object(_) => return Err("its objects have no `loci`: nobody could look at a finding".to_owned()),
                _ => false,
            },
            (Wanted::Objects, _) => false,
        };
        let wanted = match self {
            Wanted::Truth => "true or false",
            Wanted::Text => "a string",
            Wanted::Things => "a list or a number",
            Wanted::Objects => "a list of objects",
        };
        if fits { Ok(()) } else { Err(format!("it gives {}, and {wanted} is needed", shape.in_words())) }
    }
}

impl Checker<'_> {
    /// Every fact a rule needs exists.
    pub(super) fn needed_facts(&mut self, file: &RuleFile) {
        for need in &file.needs {
            let path = need.value.as_str();
            if shape::of(path).is_some() {
                continue;
            }
            let label = match shape::nearest(path, shape::paths()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if shape::is_prefix(path) => "name one of the facts below it".to_owned(),
                None => "`temporal-preflight rules facts` lists them".to_owned(),
            };
            self.refuse(&need.referenced, &format!("there is no fact `{path}`"), label);
        }
        self.variables = Variables::of_facts(self.needs.iter().map(String::as_str));
    }

    /// The shape an expression gives, after its mistakes were told.
    pub(super) fn typed(
        &mut self,
        text: &Spanned<String>,
        expression: &Expression,
        it: Option<&Shape>,
        wanted: Wanted,
    ) -> Shape {
        let variables = it.map_or_else(|| self.variables.clone(), |it| self.variables.with_it(it.clone()));
        match expression.check(&variables) {
            Ok(shape) => {
                if let Err(why) = wanted.accepts(&shape) {
                    self.mistake(text, 0, &why);
                }
                shape
            }
            Err(errors) => {
                for error in errors {
                    self.mistake(text, error.offset, &error.message);
                }
                Shape::Any
            }
        }
    }

    /// Every placeholder of a text has a value in each of the objects, or is a fact the rule needs.
    pub(super) fn placeholders(
        &mut self,
        text: &Spanned<String>,
        template: &Template,
        objects: &[Shape],
        present: &[String],
    ) {
        for (path, offset) in template.placeholders() {
            let problem = objects.iter().find_map(|object| {
                let found = descend(object, path).and_then(|shape| shown(path, shape, present));
                let why = found.err()?;
                let in_facts = self.needs.iter().any(|need| in_fact(need, path));
                (!in_facts).then_some(why)
            });
            if let Some(why) = problem {
                self.mistake(text, offset, &format!("the placeholder `{path}`: {why}"));
            }
        }
    }

    /// A step: its condition, then its placeholders in the objects it concerns.
    pub(super) fn typed_remedy(&mut self, file: &RemedyFile, remedy: &Remedy, objects: &[Shape]) {
        let mut present = Vec::new();
        if let (Some(text), Some(when)) = (&file.when, &remedy.when) {
            for object in objects {
                self.typed(text, when, Some(object), Wanted::Truth);
            }
            present = when
                .present_when_true()
                .into_iter()
                .filter_map(|path| Some(path.strip_prefix("it.")?.to_owned()))
                .collect();
        }
        self.placeholders(&file.text, &remedy.text, objects, &present);
        if let (Some(text), Some(command)) = (&file.command, &remedy.command) {
            self.placeholders(text, command, objects, &present);
        }
    }

    /// What a remedy says of a person who denies.
    pub(super) fn attested_object() -> Shape {
        shape::of_type::<Attestation>()
    }

    /// The facts of a test are of the types that the tool computes.
    pub(super) fn typed_test(&mut self, test: &TestFile) {
        for (path, fact) in &test.facts {
            let Some(shape) = shape::of(path) else { continue };
            if let Err((inside, why)) = shape.accepts(&fact.value) {
                let at = if inside.is_empty() { path.clone() } else { format!("{path}.{inside}") };
                self.refuse(
                    &fact.referenced,
                    "a test gives a fact of another type than the tool computes",
                    format!("`{at}`: {why}"),
                );
            }
        }
    }

    fn mistake(&mut self, text: &Spanned<String>, offset: usize, why: &str) {
        let place = self.place(text, Some(offset), why);
        let problem =
            Problem::usage(format!("{}: a mistake in what a rule says of its facts", self.text.path)).at(place);
        // A list and a doubt of the same fact say the same of one remedy.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// Follow a dotted path; numbers select from lists.
fn descend(shape: &Shape, path: &str) -> Result<Shape, String> {
    path.split('.').try_fold(shape.clone(), |shape, segment| match shape.present() {
        Shape::Any | Shape::Never => Ok(Shape::Any),
        Shape::Map(values) => Ok((**values).clone()),
        Shape::Object(fields) => match fields.get(segment) {
            Some(field) if matches!(shape, Shape::Maybe(_)) => Ok(shape::either(field.shape.clone(), Shape::Null)),
            Some(field) => Ok(field.shape.clone()),
            None => Err(shape::unknown_field(segment, fields)),
        },
        Shape::List(of) if segment.parse::<usize>().is_ok() => Ok((**of).clone()),
        other => Err(format!("there is no `{segment}` in {}", other.in_words())),
    })
}

/// Whether a value can stand in a text.
fn shown(path: &str, shape: Shape, present: &[String]) -> Result<(), String> {
    let shape = match shape {
        Shape::Maybe(inner) if present.iter().any(|known| known == path) => *inner,
        shape => shape,
    };
    match &shape {
        Shape::Maybe(_) | Shape::Null => {
            Err("it may be null; add `when: \"it.… != null\"`, or leave it out".to_owned())
        }
        Shape::Object(_) | Shape::Map(_) => Err("an object cannot stand in a text; name one of its fields".to_owned()),
        Shape::List(of) => match &**of {
            Shape::Object(_) | Shape::Map(_) => Err("a list of objects cannot stand in a text".to_owned()),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Whether a placeholder names a needed fact, or a part of it that can be shown.
fn in_fact(need: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix(need) else { return false };
    let Some(shape) = shape::of(need) else { return true };
    match rest.strip_prefix('.') {
        None => rest.is_empty() && shown(path, shape.clone(), &[]).is_ok(),
        Some(rest) => descend(shape, rest).and_then(|shape| shown(rest, shape, &[])).is_ok(),
    }
}
