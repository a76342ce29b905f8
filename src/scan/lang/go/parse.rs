//! Text → syntax tree, with what the grammar does not know yet mended.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

/// A file that takes longer to parse is given up: the grammar has pathological inputs.
const LIMIT: Duration = Duration::from_secs(20);

/// Parse a file.
///
/// Since Go 1.26 `new` takes an expression too; the grammar accepts types only and loses its way. Where that
/// happens the call is parsed as one of an ordinary function: same bytes, other name. Names are read from `text`.
pub(super) fn parse(text: &str) -> Result<Tree, String> {
    let tree = once(text.as_bytes())?;
    if !tree.root_node().has_error() {
        return Ok(tree);
    }
    let mut mended = text.as_bytes().to_vec();
    for at in news(text).filter(|at| !names_a_type(text, *at) || is_lost(&tree, *at)) {
        mended[at] = b'N';
    }
    if mended == text.as_bytes() {
        return Ok(tree);
    }
    let again = once(&mended)?;
    Ok(if errors(again.root_node()) < errors(tree.root_node()) { again } else { tree })
}

fn once(bytes: &[u8]) -> Result<Tree, String> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_go::LANGUAGE.into()).map_err(|e| format!("grammar not usable: {e}"))?;
    let began = Instant::now();
    let mut progress = |_: &ParseState| {
        if began.elapsed() > LIMIT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    parser
        .parse_with_options(
            &mut |at, _| bytes.get(at..).unwrap_or_default(),
            None,
            Some(ParseOptions::new().progress_callback(&mut progress)),
        )
        .ok_or_else(|| format!("parsing took longer than {} s", LIMIT.as_secs()))
}

/// Byte offsets of the word `new` before a parenthesis.
fn news(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices("new(").map(|(at, _)| at).filter(|at| {
        let before = text.as_bytes().get(at.wrapping_sub(1)).copied().unwrap_or(b' ');
        !before.is_ascii_alphanumeric() && before != b'_' && before != b'.' && before.is_ascii()
    })
}

/// Whether what stands between the parentheses can be a type: `new(pkg.Type)`, `new([]*T)`.
fn names_a_type(text: &str, at: usize) -> bool {
    let inside = text.get(at + 4..).unwrap_or_default();
    let inside = inside.split_once(')').map_or(inside, |(inside, _)| inside).trim();
    !inside.is_empty()
        && inside.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.*[] ".contains(&b))
        && !inside.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether the call around `at` is where the parser lost its way.
fn is_lost(tree: &Tree, at: usize) -> bool {
    let mut node = tree.root_node().descendant_for_byte_range(at, at + 3);
    for _ in 0..3 {
        match node {
            Some(n) if n.is_error() => return true,
            Some(n) if n.kind() == "call_expression" => return n.has_error(),
            Some(n) => node = n.parent(),
            None => return false,
        }
    }
    false
}

/// Nodes that are errors, counted without descending into them.
fn errors(root: Node<'_>) -> usize {
    let (mut count, mut stack) = (0, vec![root]);
    while let Some(node) = stack.pop() {
        if node.is_error() || node.is_missing() {
            count += 1;
        } else if node.has_error() {
            let mut cursor = node.walk();
            stack.extend(node.children(&mut cursor));
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_takes_expressions_since_go_1_26() {
        let text = "package p\n\nfunc f(a *A) {\n\tx := new(Options)\n\ty := new(\"setup\")\n\tz := S{E: new(a.Get()), F: new(int64)}\n\tg(ctx, new(strconv.FormatBool(true)))\n}\n";
        let tree = parse(text).unwrap();
        assert!(!tree.root_node().has_error(), "{}", tree.root_node().to_sexp());
    }

    #[test]
    fn other_errors_stay_errors() {
        assert!(parse("package p\nfunc f( {\n").unwrap().root_node().has_error());
        assert!(parse("package p\nfunc f() { x := new(\n").unwrap().root_node().has_error());
    }
}
