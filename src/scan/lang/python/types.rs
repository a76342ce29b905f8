//! Python annotations. They are expressions to the grammar, so they are read from their text.

use tree_sitter::Node;

use super::{Lowering, children};
use crate::scan::program::*;

/// Generic types that stand for what they hold.
const TRANSPARENT: [&str; 20] = [
    "Optional",
    "Annotated",
    "Awaitable",
    "AsyncIterator",
    "AsyncGenerator",
    "AsyncContextManager",
    "AbstractAsyncContextManager",
    "AbstractContextManager",
    "ContextManager",
    "Iterator",
    "Generator",
    "Iterable",
    "AsyncIterable",
    "Final",
    "ClassVar",
    "Required",
    "NotRequired",
    "Mapped",
    "ContextVar",
    "Union",
];

impl<'t> Lowering<'t> {
    /// The type an annotation means.
    pub(super) fn ty(&self, node: Node<'_>) -> TypeExpr {
        self.type_of_text(self.slice(node), 0)
    }

    /// What a function hands out: the members of a tuple are results of their own.
    pub(super) fn result_types(&self, node: Node<'_>) -> Vec<TypeExpr> {
        let text = self.slice(node).trim().trim_matches(['"', '\'']);
        let tuple = text.strip_prefix("tuple[").or_else(|| text.strip_prefix("Tuple["));
        match tuple.and_then(|t| t.strip_suffix(']')).map(|t| split(t, ',')) {
            Some(parts) if parts.len() > 1 && !parts.iter().any(|p| p.trim() == "...") => {
                parts.into_iter().map(|part| self.type_of_text(part, 1)).collect()
            }
            _ => vec![self.ty(node)],
        }
    }

    /// Values in the metadata of `Annotated[T, …]`.
    pub(super) fn annotated(&mut self, node: Node<'t>) -> Vec<ExprId> {
        let mut at = node;
        while at.kind() == "type" {
            let Some(inner) = children(at).first().copied() else { return vec![] };
            at = inner;
        }
        let inner = children(at);
        let named = inner.first().map(|n| self.slice(*n)).unwrap_or_default();
        if !matches!(at.kind(), "generic_type" | "subscript") || named.rsplit('.').next() != Some("Annotated") {
            return vec![];
        }
        let parts: Vec<Node<'t>> = match inner.get(1) {
            Some(list) if list.kind() == "type_parameter" => children(*list),
            _ => inner.into_iter().skip(1).collect(),
        };
        let mut calls = vec![];
        for part in parts.into_iter().skip(1) {
            let part = if part.kind() == "type" { children(part).first().copied().unwrap_or(part) } else { part };
            if part.kind() == "call" {
                calls.push(self.value(part));
            }
        }
        calls
    }

    fn type_of_text(&self, text: &str, depth: usize) -> TypeExpr {
        let text = text.trim().trim_matches(['"', '\'']).trim();
        if depth > 12 || text.is_empty() {
            return TypeExpr::Unknown;
        }
        let alternatives = split(text, '|');
        if alternatives.len() > 1 {
            let mut types = alternatives.into_iter().filter(|t| !is_nothing(t));
            return types.next().map(|t| self.type_of_text(t, depth + 1)).unwrap_or_default();
        }
        let Some((base, arguments)) = text.strip_suffix(']').and_then(|t| t.split_once('[')) else {
            return self.plain_type(text);
        };
        let arguments = split(arguments, ',');
        let first = arguments.iter().copied().find(|t| !is_nothing(t)).unwrap_or_default();
        let last = arguments.last().copied().unwrap_or_default();
        match base.trim().rsplit('.').next().unwrap_or(base) {
            name if TRANSPARENT.contains(&name) => self.type_of_text(first, depth + 1),
            "Coroutine" => self.type_of_text(last, depth + 1),
            "list" | "List" | "Sequence" | "set" | "Set" | "frozenset" | "Collection" | "deque" => {
                TypeExpr::List(Box::new(self.type_of_text(first, depth + 1)))
            }
            "dict" | "Dict" | "Mapping" | "MutableMapping" | "defaultdict" => {
                TypeExpr::Map(Box::new(self.type_of_text(last, depth + 1)))
            }
            "Callable" => TypeExpr::Function(vec![self.type_of_text(last, depth + 1)]),
            "type" | "Type" | "tuple" | "Tuple" | "Literal" => TypeExpr::Unknown,
            _ => self.plain_type(base.trim()),
        }
    }

    fn plain_type(&self, text: &str) -> TypeExpr {
        let written = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        if !written || text.is_empty() {
            return TypeExpr::Unknown;
        }
        match text {
            "str" | "int" | "float" | "bool" | "bytes" | "complex" => {
                return TypeExpr::Named { qualifier: None, name: "string".into() };
            }
            "Any" | "object" | "None" | "dict" | "list" | "tuple" | "set" | "typing.Any" | "type" => {
                return TypeExpr::Unknown;
            }
            "Self" | "typing.Self" => {
                return match self.classes.last() {
                    Some(class) => TypeExpr::Named { qualifier: None, name: class.name.clone() },
                    None => TypeExpr::Unknown,
                };
            }
            _ => {}
        }
        match text.rsplit_once('.') {
            Some((qualifier, name)) => TypeExpr::Named { qualifier: Some(qualifier.to_owned()), name: name.to_owned() },
            None => TypeExpr::Named { qualifier: None, name: text.to_owned() },
        }
    }
}

fn is_nothing(text: &str) -> bool {
    matches!(text.trim(), "None" | "")
}

/// Split at a separator outside brackets and quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quote) = (vec![], 0, 0usize, None);
    for (i, c) in text.char_indices() {
        match c {
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            _ if quote.is_some() => {}
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(text.get(from..i).unwrap_or_default());
                from = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}
