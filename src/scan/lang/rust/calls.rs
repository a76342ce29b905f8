//! Calls: of functions, of methods, and the idioms of the standard library that hand a value on.

use syn::{Expr, ExprCall, ExprMethodCall, Path, PathArguments};

use super::{Lowering, types};
use crate::scan::program::*;

/// Methods without arguments that hand on the object they are called on, or a copy or view of it.
const SELF: [&str; 40] = [
    "clone",
    "unwrap",
    "as_ref",
    "as_mut",
    "as_deref",
    "as_deref_mut",
    "to_owned",
    "to_string",
    "into",
    "try_into",
    "parse",
    "iter",
    "iter_mut",
    "into_iter",
    "cloned",
    "copied",
    "ok",
    "unwrap_or_default",
    "borrow",
    "borrow_mut",
    "as_str",
    "boxed",
    "boxed_local",
    "into_string",
    "into_boxed_str",
    "to_vec",
    "into_request",
    "as_slice",
    "deref",
    "flatten",
    "transpose",
    "as_bytes",
    "into_bytes",
    "into_future",
    "fuse",
    "in_current_span",
    "trim",
    "downgrade",
    "enumerate",
    "rev",
];

/// Methods that hand on the object they are called on, whatever they are given.
const SELF_WITH: [&str; 18] = [
    "expect",
    "context",
    "with_context",
    "ok_or",
    "ok_or_else",
    "wrap_err",
    "wrap_err_with",
    "instrument",
    "inspect",
    "inspect_err",
    "expect_err",
    "trim_end_matches",
    "trim_start_matches",
    "with_subscriber",
    "with_current_context",
    "change_context",
    "attach",
    "attach_printable",
];

impl<'t> Lowering<'t> {
    fn arguments<'e>(&mut self, args: impl Iterator<Item = &'e Expr>) -> Vec<ExprId> {
        args.map(|arg| self.expression(arg)).collect()
    }

    fn finish_call(&mut self, callee: ExprId, args: Vec<ExprId>, named: Vec<Part>, end: usize) -> ExprId {
        let range = self.range(callee).start..end;
        let kind = ExprKind::Call { callee, args: args.clone(), named, spread: false };
        let id = self.add(kind, range);
        for arg in args {
            self.note_reference(arg, Some(id));
        }
        id
    }

    /// Types given by turbofish, as values: `register_workflow::<Orders>()`.
    fn turbofish(&mut self, arguments: &PathArguments) -> Vec<Part> {
        let types: Vec<&syn::Type> = types::type_arguments(arguments);
        let mut parts = vec![];
        for (i, ty) in types.into_iter().enumerate() {
            if let syn::Type::Path(path) = ty
                && path.qself.is_none()
            {
                let value = self.path(&path.path);
                parts.push(Part { key: Some(Key::Name(format!("<{i}>"))), value });
            }
        }
        parts
    }

    /// `function(args)`, `Type::function(args)`, `Variant(args)`.
    pub(super) fn call(&mut self, call: &ExprCall) -> ExprId {
        let end = call.paren_token.span.close().byte_range().end;
        if let Expr::Path(path) = &*call.func
            && path.qself.is_none()
        {
            if let Some(value) = self.idiom(&path.path, call, end) {
                return value;
            }
            let callee = self.expression(&call.func);
            let last = path.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
            if last.starts_with(|c: char| c.is_uppercase()) && !matches!(self.kind(callee), ExprKind::Var(_)) {
                return self.tuple_structure(&path.path, call, end);
            }
            let args = self.arguments(call.args.iter());
            let named = path.path.segments.last().map(|s| self.turbofish(&s.arguments)).unwrap_or_default();
            return self.finish_call(callee, args, named, end);
        }
        let callee = self.expression(&call.func);
        let args = self.arguments(call.args.iter());
        self.finish_call(callee, args, vec![], end)
    }

    /// `Wrapper(value)`, `Kind::Variant(value)`: an object whose fields are called by numbers.
    fn tuple_structure(&mut self, path: &Path, call: &ExprCall, end: usize) -> ExprId {
        let upper = |s: &syn::PathSegment| s.ident.to_string().starts_with(|c: char| c.is_uppercase());
        let ty = match path.segments.iter().rev().nth(1) {
            Some(outer) if upper(outer) => {
                let mut outer = path.clone();
                outer.segments.pop();
                outer.segments.pop_punct();
                self.path_type(&outer, false)
            }
            _ => self.path_type(path, false),
        };
        let mut parts = vec![];
        for (i, arg) in call.args.iter().enumerate() {
            let value = self.value(arg);
            parts.push(Part { key: Some(Key::Name(i.to_string())), value });
        }
        let start = super::modules::range_of(path).start;
        self.add(ExprKind::Composite { ty, parts }, start..end)
    }

    /// Functions of the standard library and others that hand a value on.
    fn idiom(&mut self, path: &Path, call: &ExprCall, end: usize) -> Option<ExprId> {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let name = names.last()?.as_str();
        let owner = names.len().checked_sub(2).and_then(|i| names.get(i)).map(String::as_str);
        let only = match call.args.first() {
            Some(arg) if call.args.len() == 1 => Some(arg),
            _ => None,
        };
        let own = |name: &str| self.types.contains(name) || self.b.lookup(name).is_some();
        match (owner, name, only) {
            (None, "Some" | "Ok", Some(arg)) => Some(self.value(arg)),
            (None, "Err", Some(arg)) => {
                self.value(arg);
                Some(self.nothing())
            }
            (None, name, Some(arg)) if types::is_same(name) && !own(name) => Some(self.value(arg)),
            (Some("Default"), "default", None) => Some(self.nothing()),
            (Some("LazyLock" | "Lazy" | "LazyCell" | "AsyncLazy"), "new" | "force", Some(arg)) => {
                Some(if name == "new" { self.yielded(arg, None) } else { self.value(arg) })
            }
            (Some(owner), "new" | "pin" | "from" | "clone" | "const_new" | "new_cyclic" | "from_ref", Some(arg))
                if types::is_same(owner) && !own(owner) =>
            {
                Some(self.value(arg))
            }
            (Some(owner), "new" | "const_new" | "default", None) if types::is_same(owner) && !own(owner) => {
                call.args.is_empty().then(|| self.nothing())
            }
            (Some("Vec"), "new", None) => {
                let range = super::modules::range_of(path).start..end;
                let ty = TypeExpr::List(Box::new(TypeExpr::Unknown));
                call.args.is_empty().then(|| self.add(ExprKind::Composite { ty, parts: vec![] }, range))
            }
            (Some("HashMap" | "BTreeMap" | "DashMap" | "IndexMap"), "new" | "default", None) => {
                call.args.is_empty().then(|| self.nothing())
            }
            (Some("HashMap" | "BTreeMap" | "IndexMap"), "from", Some(Expr::Array(list))) => Some(self.map(list)),
            (Some("HashMap" | "BTreeMap" | "Vec"), "from", Some(arg)) => Some(self.value(arg)),
            (Some("String"), "from" | "from_utf8", Some(arg)) => Some(self.value(arg)),
            (Some("Cow"), "Borrowed" | "Owned" | "from", Some(arg)) => Some(self.value(arg)),
            (Some("tokio" | "task" | "rt" | "runtime"), "spawn" | "spawn_local" | "block_in_place", Some(arg)) => {
                // What the task yields is what is waited for.
                Some(self.value(arg))
            }
            _ => None,
        }
    }

    /// `[(key, value), …]` as a map.
    fn map(&mut self, list: &syn::ExprArray) -> ExprId {
        let mut parts = vec![];
        for entry in &list.elems {
            if let Expr::Tuple(entry) = entry
                && let (Some(key), Some(value)) = (entry.elems.first(), entry.elems.iter().nth(1))
            {
                let key = self.value(key);
                let value = self.value(value);
                parts.push(Part { key: Some(Key::Value(key)), value });
            }
        }
        let range = list.bracket_token.span.join().byte_range();
        self.add(ExprKind::Composite { ty: TypeExpr::Map(Box::new(TypeExpr::Unknown)), parts }, range)
    }

    /// `receiver.method(args)`.
    pub(super) fn method_call(&mut self, call: &ExprMethodCall) -> ExprId {
        let base = self.value(&call.receiver);
        let name = call.method.to_string();
        let end = call.paren_token.span.close().byte_range().end;
        match (name.as_str(), call.args.len()) {
            (name, 0) if SELF.contains(&name) => return base,
            (name, 1) if SELF_WITH.contains(&name) => {
                for arg in &call.args {
                    self.value(arg);
                }
                return base;
            }
            ("is_err" | "is_none", 0) => return self.fails(base),
            ("is_ok" | "is_some", 0) => {
                let fails = self.fails(base);
                let range = self.range(base);
                return self.add(ExprKind::Not(fails), range);
            }
            ("unwrap_or" | "or", 1) => {
                let other = call.args.first().map_or(base, |arg| self.value(arg));
                return self.either(base, other, end);
            }
            ("unwrap_or_else" | "or_else" | "map_err" | "unwrap_or_else_async" | "or_else_async", 1) => {
                return self.otherwise(base, call, end);
            }
            ("block_on" | "spawn" | "spawn_local", 1) => {
                if let Some(arg @ (Expr::Async(_) | Expr::Call(_) | Expr::MethodCall(_))) = call.args.first() {
                    return self.value(arg);
                }
            }
            _ => {}
        }
        let callee = self.member(base, name.clone(), call.method.span().byte_range());
        let mut args = vec![];
        for arg in &call.args {
            args.push(match arg {
                Expr::Closure(closure) => self.closure(closure, None),
                other => self.expression(other),
            });
        }
        match (name.as_str(), args.as_slice()) {
            ("insert" | "insert_async" | "upsert_async", [_, value]) => {
                self.assign(base, *value, Projection::IntoElement)
            }
            ("push" | "push_back" | "push_front", [value]) => self.assign(base, *value, Projection::IntoElement),
            ("set" | "store" | "replace", [value]) => self.assign(base, *value, Projection::Whole),
            _ => {}
        }
        let mut named = vec![];
        if let Some(turbofish) = &call.turbofish {
            for (i, argument) in turbofish.args.iter().enumerate() {
                if let syn::GenericArgument::Type(syn::Type::Path(path)) = argument
                    && path.qself.is_none()
                {
                    let value = self.path(&path.path);
                    named.push(Part { key: Some(Key::Name(format!("<{i}>"))), value });
                }
            }
        }
        self.finish_call(callee, args, named, end)
    }

    /// The value, or another one.
    fn either(&mut self, base: ExprId, other: ExprId, end: usize) -> ExprId {
        if matches!(self.kind(other), ExprKind::Nothing | ExprKind::Opaque) {
            return base;
        }
        let range = self.range(base).start..end;
        self.add(ExprKind::Binary { op: "||".to_owned(), left: base, right: other }, range)
    }

    /// `value.or_else(|error| …)`: what the closure does is done when there was an error.
    fn otherwise(&mut self, base: ExprId, call: &ExprMethodCall, end: usize) -> ExprId {
        let condition = self.fails(base);
        let line = self.line(call.method.span());
        self.b.open_block(Guard::When { condition, holds: true }, line);
        let other = call.args.first().map(|arg| self.yielded(arg, Some(base)));
        self.b.close_block();
        match other {
            // What becomes of the error is no value.
            Some(other) if call.method != "map_err" => self.either(base, other, end),
            _ => base,
        }
    }
}
