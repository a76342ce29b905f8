//! CEL, the language of conditions. The only folder that knows the `cel` crate.

mod cost;
mod functions;
mod types;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::objects::{Key, Map};
use cel::{Context, Env, Program, extensions};
use serde_json::Value;

use cost::Size;
pub use types::{TypeError, Variables};

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    for extension in [extensions::strings, extensions::lists] {
        // The only possible error is a clash of names between two libraries of the same crate.
        let _ = env.add_extension(extension);
    }
    Arc::new(env)
});

/// The most bytes of an expression, and the most brackets inside of each other: the parser descends into them on the
/// stack. The longest expression of the embedded rules has 180 bytes.
const LENGTH: usize = 1_800;
const DEPTH: usize = 24;

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    program: Program,
    paths: Vec<Reference>,
}

/// A variable, with the fields selected from it, as far as they are fixed: `diff.search_attributes`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Dotted path.
    pub path: String,
    /// Byte offset in the expression.
    pub offset: usize,
}

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// In words.
    pub message: String,
    /// Byte offset in the expression, when known.
    pub offset: Option<usize>,
}

impl Expression {
    /// Compile, and refuse functions that do not exist: CEL itself would only notice when they are called.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        if source.len() > LENGTH {
            let message = format!("it has {} bytes, and an expression has at most {LENGTH}", source.len());
            return Err(CompileError { message, offset: None });
        }
        if let Some(offset) = too_deep(source) {
            let message = format!("more than {DEPTH} brackets stand inside of each other");
            return Err(CompileError { message, offset: Some(offset) });
        }
        let compiled = guarded(|| on_a_deep_stack(|| ENVIRONMENT.compile(source)))
            .map_err(|message| CompileError { message, offset: None })?;
        let program = compiled.map_err(|errors| {
            let Some(first) = errors.errors.first() else {
                return CompileError { message: "not an expression".into(), offset: None };
            };
            CompileError { message: first.msg.clone(), offset: byte_offset(source, first.pos) }
        })?;
        let mut walk = Walk { program: &program, scope: Vec::new(), paths: Vec::new(), unknown_function: None };
        walk.visit(program.expression());
        let Walk { mut paths, unknown_function, .. } = walk;
        if let Some((name, offset)) = unknown_function {
            return Err(CompileError { message: functions::unknown(&name), offset: Some(offset) });
        }
        paths.sort();
        paths.dedup_by(|a, b| a.path == b.path);
        Ok(Self { program, paths })
    }

    /// The free variables, sorted by path; variables of `filter(c, …)` and its like are not among them.
    pub fn references(&self) -> &[Reference] {
        &self.paths
    }
}

/// Where the brackets are too deep: a byte offset. Those in texts count, too: nobody writes so many.
fn too_deep(source: &str) -> Option<usize> {
    let mut depth = 0_usize;
    source.char_indices().find_map(|(offset, c)| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth > DEPTH).then_some(offset)
    })
}

/// Line and column as the parser tells them (1-based, in characters) to a byte offset.
fn byte_offset(source: &str, (line, column): (isize, isize)) -> Option<usize> {
    let (line, column) = (usize::try_from(line).ok()?.checked_sub(1)?, usize::try_from(column).ok()?.saturating_sub(1));
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let text = source.get(start..)?;
    Some(start + text.char_indices().nth(column).map_or(text.len(), |(i, _)| i))
}

/// Collects free variables and calls of functions that do not exist.
struct Walk<'a> {
    program: &'a Program,
    scope: Vec<&'a str>,
    paths: Vec<Reference>,
    unknown_function: Option<(String, usize)>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, node: &'a IdedExpr) {
        if let Some(mut segments) = selection(node) {
            let root = segments.remove(0);
            if !root.starts_with('@') && !self.scope.contains(&root) {
                let path = segments.iter().fold(root.to_owned(), |path, s| format!("{path}.{s}"));
                let offset = start_of(self.program, node);
                self.paths.push(Reference { path, offset });
            }
            return;
        }
        match &node.expr {
            Expr::Call(call) => {
                let name = qualified(call.target.as_deref(), &call.func_name);
                let operator = !call.func_name.starts_with(|c: char| c.is_ascii_alphabetic());
                if !operator && !functions::exists(&call.func_name) && !functions::exists(&name) {
                    let offset = start_of(self.program, node);
                    self.unknown_function.get_or_insert((call.func_name.clone(), offset));
                }
                if let Some(target) = call.target.as_ref().filter(|_| !functions::is_qualified(&name)) {
                    self.visit(target);
                }
                call.args.iter().for_each(|a| self.visit(a));
            }
            Expr::Comprehension(c) => {
                self.visit(&c.iter_range);
                self.visit(&c.accu_init);
                let depth = self.scope.len();
                self.scope.push(&c.iter_var);
                self.scope.extend(c.iter_var2.as_deref());
                self.scope.push(&c.accu_var);
                self.visit(&c.loop_cond);
                self.visit(&c.loop_step);
                self.visit(&c.result);
                self.scope.truncate(depth);
            }
            Expr::List(list) => list.elements.iter().for_each(|e| self.visit(e)),
            Expr::Map(map) => map.entries.iter().for_each(|e| self.entry(&e.expr)),
            Expr::Struct(s) => s.entries.iter().for_each(|e| self.entry(&e.expr)),
            Expr::Select(select) => self.visit(&select.operand),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn entry(&mut self, entry: &'a EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key);
                self.visit(&entry.value);
            }
        }
    }
}

/// Where the leftmost part of a node begins: a byte offset.
fn start_of(program: &Program, node: &IdedExpr) -> usize {
    let own = program.source_info().offset_for(node.id).map(|(start, _)| start as usize);
    let inner = match &node.expr {
        Expr::Select(select) => Some(start_of(program, &select.operand)),
        Expr::Call(call) => call.target.as_deref().or(call.args.first()).map(|first| start_of(program, first)),
        Expr::Comprehension(c) => Some(start_of(program, &c.iter_range)),
        _ => None,
    };
    inner.into_iter().chain(own).min().unwrap_or(0)
}

/// `a.b.c` as its segments; `has(a.b)` counts as `a.b`.
fn selection(node: &IdedExpr) -> Option<Vec<&str>> {
    match &node.expr {
        Expr::Ident(name) => Some(vec![name]),
        Expr::Select(select) => {
            let mut segments = selection(&select.operand)?;
            segments.push(&select.field);
            Some(segments)
        }
        _ => None,
    }
}

/// `lists.range` for a call of `range` on the namespace `lists`.
fn qualified(target: Option<&IdedExpr>, function: &str) -> String {
    match target.map(|t| &t.expr) {
        Some(Expr::Ident(namespace)) => format!("{namespace}.{function}"),
        _ => function.to_owned(),
    }
}

/// The facts, bound once for any number of evaluations.
pub struct Scope {
    context: Context<'static, 'static>,
    sizes: Size,
}

impl Scope {
    /// Bind dotted paths as nested objects: `diff.search_attributes` becomes the field `search_attributes`
    /// of the variable `diff`.
    pub fn new<'a>(facts: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Self {
        let mut roots = BTreeMap::<String, Node<'a>>::new();
        let mut sizes = Size::default();
        for (path, value) in facts {
            sizes.put(&path.split('.').collect::<Vec<_>>(), Size::of(value));
            let mut segments = path.split('.');
            let Some(root) = segments.next() else { continue };
            let mut node = roots.entry(root.to_owned()).or_default();
            for segment in segments {
                node = node.fields.entry(segment.to_owned()).or_default();
            }
            node.value = Some(value);
        }
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        for (name, node) in roots {
            context.add_variable_from_value(name, node.bind());
        }
        Self { context, sizes }
    }

    /// Evaluate; `it` is bound when given. Integers stay integers.
    ///
    /// # Errors
    /// What CEL says of it, or that it could cost too much over these facts.
    pub fn evaluate(&self, expression: &Expression, it: Option<&Value>) -> Result<Value, String> {
        expression.affordable(&self.sizes, it.map(Size::of).as_ref())?;
        let result = guarded(|| match it {
            None => expression.program.execute(&self.context),
            Some(it) => {
                let mut inner = self.context.new_inner_scope();
                inner.add_variable_from_value("it", bind(it));
                expression.program.execute(&inner)
            }
        })?;
        result.map_err(|e| shorten(&e.to_string())).and_then(|value| unbind(&value))
    }
}

/// The interpreter has panics for cases it believes impossible. A rule that reaches one is broken; the run is not.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .map_err(|_| "the interpreter of expressions failed on it".to_owned())
}

/// The parser takes about 80 kB of stack for each bracket in a debug build; threads of a pool have 2 MB.
fn on_a_deep_stack<T>(work: impl FnOnce() -> T) -> T {
    const BYTES: usize = 16 << 20;
    stacker::maybe_grow(BYTES / 2, BYTES, work)
}

/// A fact, and the facts whose paths continue its own.
#[derive(Default)]
struct Node<'a> {
    value: Option<&'a Value>,
    fields: BTreeMap<String, Node<'a>>,
}

impl Node<'_> {
    fn bind(self) -> cel::Value {
        if self.fields.is_empty() {
            return self.value.map_or(cel::Value::Null, bind);
        }
        let own = self.value.and_then(Value::as_object).into_iter().flatten();
        let mut map: HashMap<Key, cel::Value> = own.map(|(k, v)| (key(k), bind(v))).collect();
        map.extend(self.fields.into_iter().map(|(k, v)| (key(&k), v.bind())));
        cel::Value::Map(Map { map: Arc::new(map) })
    }
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

/// JSON to CEL. Every whole number that fits becomes an `int`, so that `x > 5` compares like with like.
fn bind(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(b) => cel::Value::Bool(*b),
        Value::String(s) => cel::Value::String(Arc::new(s.clone())),
        Value::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
            (Some(i), _, _) => cel::Value::Int(i),
            (_, Some(u), _) => cel::Value::UInt(u),
            (_, _, Some(f)) => cel::Value::Float(f),
            _ => cel::Value::Null,
        },
        Value::Array(list) => cel::Value::List(Arc::new(list.iter().map(bind).collect())),
        Value::Object(object) => {
            cel::Value::Map(Map { map: Arc::new(object.iter().map(|(k, v)| (key(k), bind(v))).collect()) })
        }
    }
}

/// CEL to JSON, with the fields of objects in alphabetical order.
fn unbind(value: &cel::Value) -> Result<Value, String> {
    Ok(match value {
        cel::Value::Null => Value::Null,
        cel::Value::Bool(b) => Value::Bool(*b),
        cel::Value::Int(i) => Value::from(*i),
        cel::Value::UInt(u) => Value::from(*u),
        cel::Value::Float(f) => Value::from(*f),
        cel::Value::String(s) => Value::String(s.to_string()),
        cel::Value::List(list) => Value::Array(list.iter().map(unbind).collect::<Result<_, _>>()?),
        cel::Value::Map(map) => {
            let fields: BTreeMap<String, Value> =
                map.map.iter().map(|(k, v)| Ok((k.to_string(), unbind(v)?))).collect::<Result<_, String>>()?;
            Value::Object(fields.into_iter().collect())
        }
        other => return Err(format!("the result is a {}, which is not data", other.type_of())),
    })
}

/// Some messages of CEL print whole values.
fn shorten(message: &str) -> String {
    const LIMIT: usize = 300;
    match message.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(source: &str) -> Vec<String> {
        Expression::compile(source).unwrap().references().iter().map(|r| r.path.clone()).collect()
    }

    fn run(source: &str, facts: &[(&str, Value)]) -> Result<Value, String> {
        let scope = Scope::new(facts.iter().map(|(p, v)| (*p, v)));
        scope.evaluate(&Expression::compile(source).unwrap(), None)
    }

    #[test]
    fn variables_of_lambdas_are_not_facts() {
        assert_eq!(paths("diff.sa.filter(c, c.kind == 'x' && c.n > plan.days)"), ["diff.sa", "plan.days"]);
        assert_eq!(paths("a.all(x, b.exists(y, y == x.z)) && x.y"), ["a", "b", "x.y"]);
        assert_eq!(paths("has(a.b.c) ? size(a.b) : 0"), ["a.b", "a.b.c"]);
        assert_eq!(paths("[{'name': m.n, 'list': [k]}]"), ["k", "m.n"]);
        assert_eq!(paths("lists.range(n).map(i, xs[i].name)"), ["n", "xs"]);
    }

    #[test]
    fn mistakes_are_found_when_compiling_and_point_at_the_place() {
        let unclosed = Expression::compile("size(a").unwrap_err();
        assert_eq!(unclosed.offset, Some(6), "{unclosed:?}");
        let misspelt = Expression::compile("a && diff.sa.filtr(c, c.x)").unwrap_err();
        assert!(misspelt.message.contains("`filtr`"), "{misspelt:?}");
        assert_eq!(misspelt.offset, Some(5));
        let second_line = Expression::compile("a ==\n  1 +* 2").unwrap_err();
        assert_eq!(second_line.offset, Some(10), "{second_line:?}");
    }

    #[test]
    fn every_listed_function_exists() {
        for (call, expected) in [
            ("'abc'.charAt(1)", json!("b")),
            ("[1, 1].distinct()", json!([1])),
            ("double(1)", json!(1.0)),
            ("'abc'.endsWith('c') && 'abc'.startsWith('a') && 'abc'.contains('b')", json!(true)),
            ("[[1], [2]].flatten()", json!([1, 2])),
            ("'%s!'.format(['a'])", json!("a!")),
            ("'abc'.indexOf('b') + 'abc'.lastIndexOf('c')", json!(3)),
            ("['a', 'b'].join(', ')", json!("a, b")),
            ("lists.range(2)", json!([0, 1])),
            ("' A '.trim().lowerAscii() + 'b'.upperAscii()", json!("aB")),
            ("'a1'.matches('[a-z][0-9]')", json!(true)),
            ("'aba'.replace('a', 'c')", json!("cbc")),
            ("[1, 2].reverse().slice(0, 1)", json!([2])),
            ("size([3, 1].sort()) + int(uint('2'))", json!(4)),
            ("'a,b'.split(',')[1].substring(0, 1)", json!("b")),
            ("string(3) + strings.quote('x')", json!("3\"x\"")),
            ("bool('true') && type(dyn(1)) == int && size(bytes('x')) == 1", json!(true)),
        ] {
            assert_eq!(run(call, &[]), Ok(expected), "{call}");
        }
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let facts = [("f", json!({"n": 3, "big": u64::MAX, "part": 0.5, "min": i64::MIN}))];
        assert_eq!(run("f.n", &facts), Ok(json!(3)));
        assert_eq!(run("f.n + 1 > 3", &facts), Ok(json!(true)));
        assert_eq!(run("string(f.n)", &facts), Ok(json!("3")));
        assert_eq!(run("f.big", &facts), Ok(json!(u64::MAX)));
        assert_eq!(run("f.big > 5 && f.part < 1 && f.min < 0", &facts), Ok(json!(true)));
        assert_eq!(run("f.part", &facts), Ok(json!(0.5)));
        assert_eq!(run("[f].map(x, x)[0].n", &facts), Ok(json!(3)));
    }

    #[test]
    fn dotted_paths_become_nested_objects() {
        let facts = [("a", json!({"own": 1, "b": 9})), ("a.b.c", json!(2)), ("a.d", json!([]))];
        assert_eq!(run("[a.own, a.b.c, size(a.d)]", &facts), Ok(json!([1, 2, 0])));
        assert!(run("a.missing", &facts).unwrap_err().contains("missing"));
    }

    #[test]
    fn the_finding_is_called_it() {
        let scope = Scope::new([]);
        let when = Expression::compile("it.kind == 'cloud'").unwrap();
        assert_eq!(scope.evaluate(&when, Some(&json!({"kind": "cloud"}))), Ok(json!(true)));
        assert!(scope.evaluate(&when, None).is_err());
    }
}
