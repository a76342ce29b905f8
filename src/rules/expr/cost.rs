//! What an expression may cost at the most over the facts that are there.
//!
//! Rule packs come from outside. CEL always ends, but nested loops and sums of texts can take hours and all memory. The
//! bound is computed from the sizes of the facts before anything is evaluated, and what exceeds it is refused.

use std::collections::BTreeMap;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use serde_json::Value;

use super::{Expression, functions, qualified};

/// The most steps of one evaluation. A step takes about 100 ns.
const STEPS: f64 = 20e6;

/// The most characters and elements of one value.
const SIZE: f64 = 10e6;

/// How large a value can be.
#[derive(Debug, Clone, Default)]
pub(super) struct Size {
    /// Elements of a list, characters of a text, fields of an object.
    len: f64,
    /// The largest number.
    number: f64,
    /// The largest element of a list, or value of an object whose field is not known.
    element: Option<Box<Size>>,
    /// The fields of an object.
    fields: BTreeMap<String, Size>,
}

impl Size {
    /// The size of a value that is there.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Bool(_) => Self::default(),
            Value::Number(n) => Self { number: n.as_f64().unwrap_or(f64::INFINITY).abs(), ..Self::default() },
            Value::String(text) => Self { len: text.chars().count() as f64, ..Self::default() },
            Value::Array(list) => {
                Self::list(list.len() as f64, list.iter().map(Self::of).fold(Self::default(), Self::max))
            }
            Value::Object(object) => {
                let fields = object.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect();
                Self { len: object.len() as f64, fields, ..Self::default() }
            }
        }
    }

    /// An object of facts whose paths have a common beginning.
    pub(super) fn put(&mut self, path: &[&str], size: Size) {
        match path {
            [] => *self = size,
            [first, rest @ ..] => self.fields.entry((*first).to_owned()).or_default().put(rest, size),
        }
    }

    fn text(len: f64) -> Self {
        Self { len, ..Self::default() }
    }

    fn number(number: f64) -> Self {
        Self { number, ..Self::default() }
    }

    fn list(len: f64, element: Size) -> Self {
        Self { len, element: Some(Box::new(element)), ..Self::default() }
    }

    fn element(&self) -> Self {
        let fields = self.fields.values().cloned().reduce(Self::max);
        self.element.as_deref().cloned().into_iter().chain(fields).fold(Self::default(), Self::max)
    }

    fn field(&self, name: &str) -> Self {
        self.fields.get(name).cloned().unwrap_or_else(|| self.element.as_deref().cloned().unwrap_or_default())
    }

    fn max(mut self, other: Self) -> Self {
        for (name, size) in other.fields {
            let own = self.fields.remove(&name).unwrap_or_default();
            self.fields.insert(name, own.max(size));
        }
        Self {
            len: self.len.max(other.len),
            number: self.number.max(other.number),
            element: match (self.element, other.element) {
                (Some(a), Some(b)) => Some(Box::new(a.max(*b))),
                (a, b) => a.or(b),
            },
            fields: self.fields,
        }
    }

    /// Everything in it, counted.
    fn whole(&self) -> f64 {
        let element = self.element.as_deref().map_or(0.0, |element| self.len * element.whole());
        1.0 + self.len + element + self.fields.values().map(Self::whole).sum::<f64>()
    }
}

impl Expression {
    /// Refuse an evaluation that could take too long, or make a value that is too large.
    ///
    /// # Errors
    /// Says how many steps it could take.
    pub(super) fn affordable(&self, facts: &Size, it: Option<&Size>) -> Result<(), String> {
        let mut count = Count { facts, it, scope: Vec::new(), steps: 0.0, times: 1.0, largest: 0.0 };
        count.size(self.program.expression());
        if count.steps > STEPS {
            return Err(format!(
                "it could take {:.0} million steps over these facts, and a rule has {:.0} million",
                count.steps / 1e6,
                STEPS / 1e6
            ));
        }
        if count.largest > SIZE {
            return Err(format!(
                "it could make a value of {:.0} million characters or elements, and a rule has {:.0} million",
                count.largest / 1e6,
                SIZE / 1e6
            ));
        }
        Ok(())
    }
}

struct Count<'a> {
    facts: &'a Size,
    it: Option<&'a Size>,
    scope: Vec<(&'a str, Size)>,
    steps: f64,
    /// How often the place that is looked at is evaluated.
    times: f64,
    largest: f64,
}

impl<'a> Count<'a> {
    fn size(&mut self, node: &'a IdedExpr) -> Size {
        self.steps += self.times;
        let size = match &node.expr {
            Expr::Literal(literal) => of_literal(literal),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.size(&select.operand).field(&select.field),
            Expr::List(list) => {
                let elements: Vec<Size> = list.elements.iter().map(|element| self.size(element)).collect();
                Size::list(elements.len() as f64, elements.into_iter().fold(Size::default(), Size::max))
            }
            Expr::Map(map) => {
                let mut object = Size { len: map.entries.len() as f64, ..Size::default() };
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.size(&entry.key);
                        let value = self.size(&entry.value);
                        let known = object.element.take().map_or_else(Size::default, |known| *known);
                        object.element = Some(Box::new(known.max(value)));
                    }
                }
                object
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Call(call) => self.call(call),
            Expr::Struct(_) | Expr::Unspecified => Size::default(),
        };
        self.largest = self.largest.max(size.len);
        size
    }

    fn variable(&self, name: &str) -> Size {
        let local = self.scope.iter().rev().find(|(known, _)| *known == name).map(|(_, size)| size);
        let it = || self.it.filter(|_| name == "it");
        local.or_else(it).cloned().unwrap_or_else(|| self.facts.field(name))
    }

    fn comprehension(&mut self, c: &'a ComprehensionExpr) -> Size {
        let range = self.size(&c.iter_range);
        let begin = self.size(&c.accu_init);
        let (outside, depth) = (self.times, self.scope.len());
        self.times *= range.len;
        self.scope.push((&c.iter_var, range.element()));
        self.scope.extend(c.iter_var2.as_deref().map(|name| (name, range.element())));
        self.scope.push((&c.accu_var, begin.clone()));
        self.size(&c.loop_cond);
        let step = self.size(&c.loop_step);
        self.times = outside;
        // One round adds what the first one added to an empty beginning.
        let added = (step.len - begin.len).max(0.0);
        let collected = Size {
            len: begin.len + added * range.len,
            number: begin.number + (step.number - begin.number).max(0.0) * range.len,
            ..step
        };
        if let Some(accumulator) = self.scope.last_mut() {
            accumulator.1 = collected;
        }
        let result = self.size(&c.result);
        self.scope.truncate(depth);
        result
    }

    fn call(&mut self, call: &'a CallExpr) -> Size {
        let name = qualified(call.target.as_deref(), &call.func_name);
        let target = call.target.as_deref().filter(|_| !functions::is_qualified(&name));
        let arguments: Vec<Size> = target.into_iter().chain(&call.args).map(|argument| self.size(argument)).collect();
        let at = |n: usize| arguments.get(n).cloned().unwrap_or_default();
        let (first, second, third) = (at(0), at(1), at(2));
        let name = if functions::is_qualified(&name) { name.as_str() } else { call.func_name.as_str() };
        let (steps, size) = match name {
            operators::ADD => (
                // The accumulator of a loop grows in place.
                second.len,
                Size { len: first.len + second.len, number: first.number + second.number, ..first.max(second) },
            ),
            operators::MULTIPLY => (0.0, Size::number(first.number * second.number)),
            operators::CONDITIONAL => (0.0, second.max(third)),
            operators::INDEX => (0.0, first.element()),
            operators::EQUALS | operators::NOT_EQUALS => (first.whole().min(second.whole()), Size::default()),
            operators::IN => (second.len * first.whole().min(second.element().whole()), Size::default()),
            operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT => (0.0, Size::default()),
            "size" => (0.0, Size::number(first.len)),
            "lists.range" => (first.number, Size::list(first.number, Size::number(first.number))),
            "int" | "uint" | "double" if first.len > 0.0 => (first.len, Size::number(f64::INFINITY)),
            "int" | "uint" | "double" => (0.0, Size::number(first.number)),
            "string" => (first.len, Size::text(first.len.max(24.0))),
            "matches" => (first.len * second.len + 100.0, Size::default()),
            "contains" | "startsWith" | "endsWith" => (first.len, Size::default()),
            "indexOf" | "lastIndexOf" => (first.len * second.len.max(1.0), Size::number(first.len)),
            "replace" => {
                let len = (first.len + 1.0) * (third.len + 1.0);
                (len, Size::text(len))
            }
            "split" => (first.len, Size::list(first.len + 1.0, Size::text(first.len))),
            "join" => {
                let len = first.len * (first.element().len + second.len);
                (len, Size::text(len))
            }
            "format" => {
                let len = first.len + second.len * second.element().whole() * 24.0;
                (len, Size::text(len))
            }
            "flatten" => {
                let inner = first.element();
                (first.len * inner.len, Size::list(first.len * inner.len.max(1.0), inner.element().max(inner)))
            }
            "sort" => (first.len * (first.len + 1.0).log2() * first.element().whole(), first),
            "distinct" => (first.len * first.len * first.element().whole(), first),
            "strings.quote" => (first.len, Size::text(2.0 * first.len + 2.0)),
            _ => (first.len, arguments.iter().cloned().fold(Size::default(), Size::max)),
        };
        self.steps += self.times * steps;
        size
    }
}

fn of_literal(literal: &LiteralValue) -> Size {
    match literal {
        LiteralValue::String(text) => Size::text(text.inner().len() as f64),
        LiteralValue::Bytes(_) | LiteralValue::Boolean(_) | LiteralValue::Null => Size::default(),
        LiteralValue::Int(n) => Size::number((*n.inner() as f64).abs()),
        LiteralValue::UInt(n) => Size::number(*n.inner() as f64),
        LiteralValue::Double(n) => Size::number(n.inner().abs()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::super::Scope;
    use super::*;

    /// Evaluate over `a.names`, a list of this many objects.
    fn run(source: &str, names: usize) -> Result<Value, String> {
        let object = |n: usize| json!({"name": format!("workflow-type-{n}"), "n": n, "verdict": "outside", "loci": [{"path": "a.go"}]});
        let list = Value::Array((0..names).map(object).collect());
        Scope::new([("a.names", &list)]).evaluate(&Expression::compile(source).unwrap(), None)
    }

    #[test]
    fn what_rules_do_is_affordable_over_large_facts() {
        for source in [
            "a.names.filter(c, c.verdict == 'outside' && c.n > 10)",
            "a.names.map(c, c.name).filter(name, name in ['workflow-type-1', 'x'])",
            "string(size(a.names)) + ' names'",
            "a.names.filter(c, c.name.matches('^workflow-.*'))",
            "a.names.map(c, {'name': c.name, 'loci': c.loci}).filter(c, c.name != '')",
            "a.names.map(c, c.name).join(', ')",
        ] {
            assert!(run(source, 20_000).is_ok(), "{source}: {:?}", run(source, 20_000).err());
        }
        assert!(run("a.names.filter(c, a.names.exists(d, d.n == c.n + 1))", 1_000).is_ok());
    }

    #[test]
    fn what_could_take_hours_or_all_memory_is_refused_at_once() {
        let start = Instant::now();
        let doubled = format!("['x']{}", ".map(y, y + y)".repeat(60));
        for source in [
            "a.names.map(c, a.names.map(d, a.names.filter(e, e.n == c.n + d.n)))",
            "lists.range(1000000000).map(i, i * 2)",
            "lists.range(1000000).map(i, lists.range(1000000))",
            "lists.range(int('99999999999'))",
            "'%s%s'.format([a.names.map(c, a.names).flatten().map(c, c.name).join(','), 'x'])",
            "a.names.map(c, c.name).join('x').replace('w', a.names.map(c, c.name).join('y'))",
            "a.names.map(c, a.names.distinct())",
            &doubled,
        ] {
            let refused = run(source, 1_000).unwrap_err();
            assert!(refused.starts_with("it could "), "{source}: {refused}");
        }
        assert!(start.elapsed() < Duration::from_secs(20), "refusing took {:?}", start.elapsed());
    }

    #[test]
    fn long_expressions_are_refused_before_they_are_read() {
        let long = format!("{}true", "true && ".repeat(600));
        assert!(Expression::compile(&long).unwrap_err().message.contains("at most 1800"));
        for source in ["!", "-", "(", "[", "{'a': ", "a.", "a[", "f(", "1 + ", "a && ", "a ? b : ", "x.map(y, "] {
            // An error or an expression, never a crash.
            for length in [100, 500, 1_750] {
                let _ = Expression::compile(&format!("{}1", source.repeat(length / source.len())));
            }
        }
        let balanced = |depth: usize| Expression::compile(&format!("{}1{}", "(".repeat(depth), ")".repeat(depth)));
        assert!(balanced(24).is_ok());
        assert!(balanced(25).unwrap_err().message.contains("more than 24 brackets"));
    }
}
