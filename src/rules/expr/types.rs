//! The types of an expression: what it says of its facts is checked before any fact is there.

use std::collections::BTreeMap;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::functions;
use super::{Expression, qualified, selection, start_of};
use crate::rules::shape::{self, Field, Shape};

/// A mistake in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    /// In words, with what was most likely meant.
    pub message: String,
    /// Byte offset in the expression.
    pub offset: usize,
}

/// The variables an expression may read.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    roots: BTreeMap<String, Shape>,
}

impl Variables {
    /// The facts at dotted paths, as nested objects: what [`super::Scope`] binds.
    pub fn of_facts<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let mut root = BTreeMap::new();
        for path in paths {
            let Some(shape) = shape::of(path) else { continue };
            insert(&mut root, path, shape.clone());
        }
        Self { roots: root.into_iter().map(|(name, field)| (name, field.shape)).collect() }
    }

    /// These, and the finding as `it`.
    pub fn with_it(&self, it: Shape) -> Self {
        let mut roots = self.roots.clone();
        roots.insert("it".to_owned(), it);
        Self { roots }
    }
}

fn insert(fields: &mut BTreeMap<String, Field>, path: &str, shape: Shape) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(rest) = rest else {
        fields.insert(first.to_owned(), Field { shape, meaning: String::new() });
        return;
    };
    let inner = fields
        .entry(first.to_owned())
        .or_insert_with(|| Field { shape: Shape::Object(BTreeMap::new()), meaning: String::new() });
    if let Shape::Object(fields) = &mut inner.shape {
        insert(fields, rest, shape);
    }
}

impl Expression {
    /// The shape of its value, or every mistake in it.
    ///
    /// # Errors
    /// Fields that do not exist, words a field never has, values of types that do not go together.
    pub fn check(&self, variables: &Variables) -> Result<Shape, Vec<TypeError>> {
        let mut checker =
            Checker { expression: self, variables, scope: Vec::new(), present: Vec::new(), errors: Vec::new() };
        let shape = checker.infer(self.program.expression());
        if checker.errors.is_empty() { Ok(shape) } else { Err(checker.errors) }
    }

    /// The selections (`it.owner`) that are not null whenever the expression is true.
    pub fn present_when_true(&self) -> Vec<String> {
        let variables = Variables::default();
        let mut checker =
            Checker { expression: self, variables: &variables, scope: vec![], present: vec![], errors: vec![] };
        checker.assume(self.program.expression(), true);
        checker.present.into_iter().map(|path| path.join(".")).collect()
    }
}

struct Checker<'a> {
    expression: &'a Expression,
    variables: &'a Variables,
    /// Variables of `filter(c, …)` and its like, the innermost last.
    scope: Vec<(&'a str, Shape)>,
    /// Selections that were compared with null before: `c.owner != null && …`.
    present: Vec<Vec<&'a str>>,
    errors: Vec<TypeError>,
}

impl<'a> Checker<'a> {
    fn refuse(&mut self, node: &IdedExpr, message: String) -> Shape {
        let offset = start_of(&self.expression.program, node);
        self.errors.push(TypeError { message, offset });
        Shape::Any
    }

    fn infer(&mut self, node: &'a IdedExpr) -> Shape {
        match &node.expr {
            Expr::Literal(literal) => of_literal(literal),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
            Expr::List(list) => {
                let elements: Vec<Shape> = list.elements.iter().map(|element| self.infer(element)).collect();
                Shape::List(Box::new(elements.into_iter().fold(Shape::Never, shape::either)))
            }
            Expr::Map(map) => self.object(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(_) | Expr::Unspecified => Shape::Any,
        }
    }

    fn variable(&self, name: &str) -> Shape {
        let local = self.scope.iter().rev().find(|(known, _)| *known == name).map(|(_, shape)| shape);
        local.or_else(|| self.variables.roots.get(name)).cloned().unwrap_or(Shape::Any)
    }

    fn object(&mut self, entries: impl Iterator<Item = &'a EntryExpr>) -> Shape {
        let mut fields = BTreeMap::new();
        let mut values = Shape::Never;
        let mut constant = true;
        for entry in entries {
            let EntryExpr::MapEntry(entry) = entry else { return Shape::Any };
            let shape = self.infer(&entry.value);
            values = shape::either(values, shape.clone());
            match literal_text(&entry.key) {
                Some(key) => drop(fields.insert(key.to_owned(), Field { shape, meaning: String::new() })),
                None => {
                    self.infer(&entry.key);
                    constant = false;
                }
            }
        }
        if constant { Shape::Object(fields) } else { Shape::Map(Box::new(values)) }
    }

    /// `a.b`, and `has(a.b)`.
    fn select(&mut self, node: &'a IdedExpr, select: &'a SelectExpr) -> Shape {
        let of = self.infer(&select.operand);
        let of = self.not_null(&select.operand, of, &format!("its field `{}`", select.field));
        let shape = match &of {
            Shape::Any | Shape::Never => Shape::Any,
            Shape::Map(values) => (**values).clone(),
            Shape::Object(fields) => match fields.get(&select.field) {
                Some(field) => field.shape.clone(),
                None => {
                    let message = shape::unknown_field(&select.field, fields);
                    self.refuse(node, message)
                }
            },
            other => {
                let message = format!("`{}` is {}, which has no fields", self.words(&select.operand), other.in_words());
                self.refuse(node, message)
            }
        };
        if select.test { Shape::Bool } else { self.narrowed(node, shape) }
    }

    /// What is known not to be null where this stands.
    fn narrowed(&self, node: &'a IdedExpr, shape: Shape) -> Shape {
        let known = selection(node).is_some_and(|path| self.present.contains(&path));
        if known { shape.present().clone() } else { shape }
    }

    /// Refuse what may be null where a value is needed.
    fn not_null(&mut self, node: &'a IdedExpr, shape: Shape, needed: &str) -> Shape {
        match shape {
            Shape::Maybe(inner) => {
                let name = self.words(node);
                self.refuse(
                    node,
                    format!("`{name}` may be null, and {needed} is asked for; test `{name} != null` first"),
                );
                *inner
            }
            Shape::Null => self.refuse(node, format!("null has no value, and {needed} is asked for")),
            other => other,
        }
    }

    /// The text of a selection, for messages.
    fn words(&self, node: &IdedExpr) -> String {
        selection(node).map_or_else(|| "this".to_owned(), |path| path.join("."))
    }

    fn comprehension(&mut self, node: &'a IdedExpr, c: &'a ComprehensionExpr) -> Shape {
        let range = self.infer(&c.iter_range);
        let range = self.not_null(&c.iter_range, range, "a list");
        let element = match range {
            Shape::List(element) => *element,
            Shape::Object(_) | Shape::Map(_) => Shape::Text(vec![]),
            Shape::Any | Shape::Never => Shape::Any,
            other => {
                let message = format!("`{}` is {}, not a list", self.words(&c.iter_range), other.in_words());
                self.refuse(node, message)
            }
        };
        let depth = self.scope.len();
        let begin = self.infer(&c.accu_init);
        self.scope.push((&c.iter_var, element));
        self.scope.extend(c.iter_var2.as_deref().map(|name| (name, Shape::Any)));
        self.scope.push((&c.accu_var, begin.clone()));
        self.infer(&c.loop_cond);
        let step = self.infer(&c.loop_step);
        let collected = shape::either(begin, step);
        if let Some(accumulator) = self.scope.last_mut() {
            accumulator.1 = collected;
        }
        let result = self.infer(&c.result);
        self.scope.truncate(depth);
        result
    }

    fn call(&mut self, node: &'a IdedExpr, call: &'a CallExpr) -> Shape {
        let [first, rest @ ..] = call.args.as_slice() else { return self.function(node, call) };
        match (call.func_name.as_str(), rest) {
            (operators::LOGICAL_AND, [second]) => self.both(first, second, true),
            (operators::LOGICAL_OR, [second]) => self.both(first, second, false),
            (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, []) => self.condition(first),
            (operators::CONDITIONAL, [then, otherwise]) => self.conditional(first, then, otherwise),
            (operators::EQUALS | operators::NOT_EQUALS, [second]) => self.equality(node, first, second),
            (operators::IN, [second]) => self.membership(first, second),
            (operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS, [second]) => {
                let shapes = self.operands(first, second);
                self.ordered(node, shapes)
            }
            (operators::ADD, [second]) => {
                let shapes = self.operands(first, second);
                self.sum(node, shapes)
            }
            (operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, [second]) => {
                let (a, b) = self.operands(first, second);
                self.number(first, &a);
                self.number(second, &b);
                shape::either(a, b)
            }
            (operators::NEGATE, []) => {
                let shape = self.infer(first);
                self.number(first, &shape);
                shape
            }
            (operators::INDEX, [index]) => self.index(node, first, index),
            _ => self.function(node, call),
        }
    }

    /// Both operands, neither of them null.
    fn operands(&mut self, first: &'a IdedExpr, second: &'a IdedExpr) -> (Shape, Shape) {
        let (a, b) = (self.infer(first), self.infer(second));
        (self.not_null(first, a, "a value"), self.not_null(second, b, "a value"))
    }

    fn condition(&mut self, node: &'a IdedExpr) -> Shape {
        let shape = self.infer(node);
        if !matches!(shape, Shape::Bool | Shape::Any | Shape::Never) {
            let message = format!("`{}` is {}, not true or false", self.words(node), shape.in_words());
            self.refuse(node, message);
        }
        Shape::Bool
    }

    /// `a && b`, `a || b`: what the first says of null holds in the second.
    fn both(&mut self, first: &'a IdedExpr, second: &'a IdedExpr, and: bool) -> Shape {
        self.condition(first);
        let depth = self.present.len();
        self.assume(first, and);
        self.condition(second);
        self.present.truncate(depth);
        Shape::Bool
    }

    fn conditional(&mut self, condition: &'a IdedExpr, then: &'a IdedExpr, otherwise: &'a IdedExpr) -> Shape {
        self.condition(condition);
        let depth = self.present.len();
        self.assume(condition, true);
        let a = self.infer(then);
        self.present.truncate(depth);
        self.assume(condition, false);
        let b = self.infer(otherwise);
        self.present.truncate(depth);
        shape::either(a, b)
    }

    /// What is not null when a condition is true, or when it is false.
    fn assume(&mut self, condition: &'a IdedExpr, holds: bool) {
        match &condition.expr {
            Expr::Select(select) if select.test && holds => self.present.extend(selection(condition)),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::LOGICAL_AND, [a, b]) if holds => {
                    [a, b].into_iter().for_each(|part| self.assume(part, true))
                }
                (operators::LOGICAL_OR, [a, b]) if !holds => {
                    [a, b].into_iter().for_each(|part| self.assume(part, false))
                }
                (operators::LOGICAL_NOT, [a]) => self.assume(a, !holds),
                (operators::NOT_EQUALS, [a, b]) if holds => self.present.extend(compared_with_null(a, b)),
                (operators::EQUALS, [a, b]) if !holds => self.present.extend(compared_with_null(a, b)),
                (operators::EQUALS, [a, b]) if holds && !is_null(a) && !is_null(b) => {
                    // What equals a constant is not null.
                    for (selected, other) in [(a, b), (b, a)] {
                        if matches!(other.expr, Expr::Literal(_)) {
                            self.present.extend(selection(selected));
                        }
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn equality(&mut self, node: &'a IdedExpr, first: &'a IdedExpr, second: &'a IdedExpr) -> Shape {
        let (a, b) = (self.infer(first), self.infer(second));
        if let Err(why) = comparable(&a, &b) {
            let name = if selection(first).is_some() { self.words(first) } else { self.words(second) };
            self.refuse(node, format!("`{name}`: {why}"));
        }
        Shape::Bool
    }

    /// `x in [a, b]`, `x in list`, `key in object`.
    fn membership(&mut self, first: &'a IdedExpr, second: &'a IdedExpr) -> Shape {
        let element = self.infer(first);
        if let Expr::List(list) = &second.expr {
            for option in &list.elements {
                let shape = self.infer(option);
                if let Err(why) = comparable(&element, &shape) {
                    let name = self.words(first);
                    self.refuse(option, format!("`{name}`: {why}"));
                }
            }
            return Shape::Bool;
        }
        let container = self.infer(second);
        let container = self.not_null(second, container, "a list");
        let problem = match &container {
            Shape::List(of) => comparable(&element, of).err(),
            Shape::Object(fields) => literal_text(first)
                .filter(|key| !fields.contains_key(*key))
                .map(|key| shape::unknown_field(key, fields)),
            Shape::Map(_) | Shape::Any | Shape::Never => None,
            other => Some(format!("`{}` is {}, not a list", self.words(second), other.in_words())),
        };
        if let Some(message) = problem {
            self.refuse(second, message);
        }
        Shape::Bool
    }

    fn ordered(&mut self, node: &'a IdedExpr, (a, b): (Shape, Shape)) -> Shape {
        use Shape::{Any, Int, Never, Number, Text};
        if !matches!((&a, &b), (Any | Never, _) | (_, Any | Never) | (Int | Number, Int | Number) | (Text(_), Text(_)))
        {
            self.refuse(node, format!("{} cannot be compared with {} by order", a.in_words(), b.in_words()));
        }
        Shape::Bool
    }

    fn sum(&mut self, node: &'a IdedExpr, (a, b): (Shape, Shape)) -> Shape {
        match (a, b) {
            (Shape::Any, _) | (_, Shape::Any) => Shape::Any,
            (Shape::Text(_), Shape::Text(_)) => Shape::Text(vec![]),
            (Shape::List(a), Shape::List(b)) => Shape::List(Box::new(shape::either(*a, *b))),
            (a @ (Shape::Int | Shape::Number), b @ (Shape::Int | Shape::Number)) => shape::either(a, b),
            (a, b) => {
                let mut message = format!("{} and {} cannot be added", a.in_words(), b.in_words());
                if matches!(a, Shape::Text(_)) || matches!(b, Shape::Text(_)) {
                    message.push_str("; did you mean `string(…)` around the other one?");
                }
                self.refuse(node, message)
            }
        }
    }

    fn number(&mut self, node: &'a IdedExpr, shape: &Shape) {
        if !matches!(shape, Shape::Int | Shape::Number | Shape::Any | Shape::Never) {
            let message = format!("`{}` is {}, not a number", self.words(node), shape.in_words());
            self.refuse(node, message);
        }
    }

    fn index(&mut self, node: &'a IdedExpr, of: &'a IdedExpr, index: &'a IdedExpr) -> Shape {
        let (container, at) = self.operands(of, index);
        match container {
            Shape::List(element) => {
                self.number(index, &at);
                *element
            }
            Shape::Map(values) => *values,
            Shape::Object(fields) => match literal_text(index) {
                Some(key) => match fields.get(key) {
                    Some(field) => field.shape.clone(),
                    None => self.refuse(index, shape::unknown_field(key, &fields)),
                },
                None => Shape::Any,
            },
            Shape::Any | Shape::Never => Shape::Any,
            other => self.refuse(node, format!("{} has no elements", other.in_words())),
        }
    }

    fn function(&mut self, node: &'a IdedExpr, call: &'a CallExpr) -> Shape {
        let name = qualified(call.target.as_deref(), &call.func_name);
        let target = call.target.as_deref().filter(|_| !functions::is_qualified(&name));
        let mut arguments = Vec::new();
        for argument in target.into_iter().chain(&call.args) {
            let shape = self.infer(argument);
            arguments.push(self.not_null(argument, shape, &format!("`{}` needs a value", call.func_name)));
        }
        let name = if functions::is_qualified(&name) { name.as_str() } else { call.func_name.as_str() };
        match functions::result(name, &arguments) {
            Ok(shape) => shape,
            Err(message) => self.refuse(node, message),
        }
    }
}

fn of_literal(literal: &LiteralValue) -> Shape {
    match literal {
        LiteralValue::Boolean(_) => Shape::Bool,
        LiteralValue::Bytes(_) => Shape::Any,
        LiteralValue::Double(_) => Shape::Number,
        LiteralValue::Int(_) | LiteralValue::UInt(_) => Shape::Int,
        LiteralValue::Null => Shape::Null,
        LiteralValue::String(text) => Shape::Text(vec![text.inner().to_owned()]),
    }
}

fn literal_text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn is_null(node: &IdedExpr) -> bool {
    matches!(node.expr, Expr::Literal(LiteralValue::Null))
}

/// The selection that stands beside `null`.
fn compared_with_null<'a>(a: &'a IdedExpr, b: &'a IdedExpr) -> Option<Vec<&'a str>> {
    match (is_null(a), is_null(b)) {
        (false, true) => selection(a),
        (true, false) => selection(b),
        _ => None,
    }
}

/// Whether two values can be equal; else why never.
fn comparable(a: &Shape, b: &Shape) -> Result<(), String> {
    use Shape::{Any, Bool, Int, List, Map, Maybe, Never, Null, Number, Object, Text};
    match (a, b) {
        (Any | Never, _) | (_, Any | Never) | (Null, Null) | (Bool, Bool) => Ok(()),
        (Null, Maybe(_)) | (Maybe(_), Null) => Ok(()),
        (Null, _) | (_, Null) => Err("it is never null".to_owned()),
        (Maybe(a), b) | (b, Maybe(a)) => comparable(a, b),
        (Int | Number, Int | Number) => Ok(()),
        (Text(a), Text(b)) if a.is_empty() || b.is_empty() => Ok(()),
        (Text(a), Text(b)) if a.iter().any(|word| b.contains(word)) => Ok(()),
        (Text(a), Text(b)) => {
            // One of them is a constant: a single word.
            let (word, words) = if b.len() == 1 { (&b[0], a) } else { (&a[0], b) };
            let known = words.join(", ");
            Err(match shape::nearest(word, words.iter().map(String::as_str)) {
                Some(near) => format!("it is never `{word}`; did you mean `{near}`?"),
                None => format!("it is never `{word}`; it is one of: {known}"),
            })
        }
        (List(a), List(b)) => comparable(a, b),
        (Object(_) | Map(_), Object(_) | Map(_)) => Ok(()),
        _ => Err(format!("{} is never equal to {}", a.in_words(), b.in_words())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, shape: Shape) -> (String, Field) {
        (name.to_owned(), Field { shape, meaning: String::new() })
    }

    fn object(fields: impl IntoIterator<Item = (String, Field)>) -> Shape {
        Shape::Object(fields.into_iter().collect())
    }

    fn variables() -> Variables {
        let verdict = Shape::Text(vec!["factory".into(), "outside".into(), "unclear".into()]);
        let site = object([
            field("verdict", verdict),
            field("line", Shape::Int),
            field("owner", Shape::Maybe(Box::new(Shape::Text(vec![])))),
            field("names", Shape::List(Box::new(Shape::Text(vec![])))),
            field("loci", Shape::List(Box::new(Shape::Any))),
        ]);
        let roots = [
            ("code", object([field("starters", Shape::List(Box::new(site)))])),
            (
                "plan",
                object([field("days", Shape::Int), field("kind", Shape::Text(vec!["cloud".into(), "other".into()]))]),
            ),
        ];
        Variables { roots: roots.map(|(name, shape)| (name.to_owned(), shape)).into() }
    }

    fn check(source: &str) -> Result<Shape, String> {
        let checked = Expression::compile(source).unwrap().check(&variables());
        checked.map_err(|errors| {
            errors.into_iter().map(|e| format!("{}: {}", e.offset, e.message)).collect::<Vec<_>>().join("; ")
        })
    }

    #[test]
    fn what_is_right_has_a_type() {
        for (source, words) in [
            ("code.starters.filter(s, s.verdict == 'outside')", "a list of objects"),
            ("code.starters.filter(s, s.verdict in ['outside', 'unclear'] && s.line > 3)", "a list of objects"),
            ("code.starters.map(s, s.line)", "a list of numbers"),
            ("code.starters.filter(s, s.line > 1).map(s, {'n': s.line, 'loci': s.loci})", "a list of objects"),
            ("code.starters.exists(s, s.owner != null && s.owner.startsWith('a'))", "true or false"),
            ("code.starters.exists(s, s.owner == null || s.owner.size() > 2)", "true or false"),
            ("code.starters.all(s, has(s.owner) ? s.owner == 'a' : true)", "true or false"),
            ("string(size(code.starters)) + ' of ' + string(plan.days)", "a string"),
            ("code.starters + code.starters", "a list of objects"),
            ("code.starters[0].names.join(', ')", "a string"),
            ("plan.kind == 'cloud' && !(plan.days < 3)", "true or false"),
            ("[]", "a list"),
            ("lists.range(plan.days).map(i, i * 2)", "a list of numbers"),
        ] {
            assert_eq!(check(source).map(|shape| shape.in_words()), Ok(words.to_owned()), "{source}");
        }
    }

    #[test]
    fn mistakes_are_told_with_what_was_meant() {
        for (source, told) in [
            (
                "code.starters.filter(s, s.verdikt == 'outside')",
                "24: there is no field `verdikt`; did you mean `verdict`?",
            ),
            (
                "code.starters.filter(s, s.verdict == 'outsid')",
                "24: `s.verdict`: it is never `outsid`; did you mean `outside`?",
            ),
            (
                "code.starters.filter(s, s.verdict in ['both'])",
                "it is never `both`; it is one of: factory, outside, unclear",
            ),
            ("code.starters.filter(s, s.line == '3')", "24: `s.line`: a whole number is never equal to the string '3'"),
            (
                "code.starters.filter(s, s.line > '3')",
                "24: a whole number cannot be compared with the string '3' by order",
            ),
            ("code.starters.filter(s, s.line)", "`s.line` is a whole number, not true or false"),
            ("size(code.starters) + ' starters'", "did you mean `string(…)`"),
            ("code.starters.verdict == 'x'", "0: `code.starters` is a list of objects, which has no fields"),
            ("plan.days.filter(d, d > 1)", "`plan.days` is a whole number, not a list"),
            ("code.starters.exists(s, s.owner.size() > 2)", "`s.owner` may be null"),
            ("code.starters.exists(s, s.line == null)", "it is never null"),
            ("code.starters.exists(s, s.names.contains('a'))", "`contains` takes a string, not a list of strings"),
            ("has(plan.day)", "there is no field `day`; did you mean `days`?"),
            ("plan.kind == 'clod' || plan.days == 1", "0: `plan.kind`: it is never `clod`; did you mean `cloud`?"),
        ] {
            let came = check(source).unwrap_err();
            assert!(came.contains(told), "{source}\n  {came}");
        }
    }
}
