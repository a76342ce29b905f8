//! Where a parser met what its grammar does not know.

use std::ops::Range;

use tree_sitter::Node;

/// How many broken places of a file are told apart.
const MOST: usize = 50;

/// The statements around everything that could not be parsed. Where brackets are among it the nesting is in doubt, and
/// with it everything: the whole file is broken then.
pub fn spans(root: Node<'_>, text: &str) -> Vec<Range<usize>> {
    if !root.has_error() {
        return vec![];
    }
    let whole: Vec<Range<usize>> = std::iter::once(0..text.len()).collect();
    let mut found: Vec<Range<usize>> = vec![];
    let mut todo = vec![(root, root.byte_range())];
    while let Some((node, statement)) = todo.pop() {
        if node.is_error() || node.is_missing() {
            let own = text.get(node.byte_range()).unwrap_or_default();
            let brackets = node.is_missing() && node.kind().contains(['(', ')', '[', ']', '{', '}', '\'', '"', '`']);
            if brackets || !balanced(own) || node.id() == root.id() || found.len() >= MOST {
                return whole;
            }
            found.push(statement);
            continue;
        }
        let holds = holds_statements(node.kind());
        let mut cursor = node.walk();
        for child in node.children(&mut cursor).filter(|child| child.has_error() || child.is_missing()) {
            todo.push((child, if holds { child.byte_range() } else { statement.clone() }));
        }
    }
    if found.is_empty() { whole } else { found }
}

/// Whether the children of a node are statements or declarations.
fn holds_statements(kind: &str) -> bool {
    ["program", "module", "source_file", "block", "body", "statement_list"].iter().any(|word| kind.contains(word))
}

/// Whether every bracket and every text that is opened is closed again.
fn balanced(text: &str) -> bool {
    if ['"', '`'].iter().any(|quote| text.matches(*quote).count() % 2 == 1) {
        return false;
    }
    let mut open = vec![];
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                let matches = matches!((open.pop(), c), (Some('('), ')') | (Some('['), ']') | (Some('{'), '}'));
                if !matches {
                    return false;
                }
            }
            _ => {}
        }
    }
    open.is_empty()
}
