//! Syntax of TypeScript the grammar does not know, written as something it does. Lengths stay, so places are right.

use std::collections::BTreeSet;

use tree_sitter::Node;

/// The text with every such construct replaced; none when there is none.
pub(super) fn masked(text: &str) -> Option<String> {
    let mut out = text.as_bytes().to_vec();
    let mut changed = false;
    for (at, _) in text.match_indices("typeof import") {
        if let Some(end) = type_of_import(text, at) {
            replace(&mut out, at, end, b"any");
            changed = true;
        }
    }
    for (at, _) in text.match_indices("import(") {
        if let Some(end) = type_of_module(text, at) {
            replace(&mut out, at, end, b"any");
            changed = true;
        }
    }
    for (at, _) in text.match_indices("export type") {
        let rest = text.get(at + "export type".len()..).unwrap_or_default();
        if rest.trim_start().starts_with('*') {
            replace(&mut out, at + "export ".len(), at + "export type".len(), b"");
            changed = true;
        }
    }
    for word in ["with", "assert"] {
        for (at, _) in text.match_indices(word) {
            let end = at + word.len();
            let behind_name = text.get(..at).is_some_and(|before| before.trim_end().ends_with(['\'', '"']));
            if behind_name && let Some(end) = closing(text, skip_blanks(text, end), '{', '}') {
                replace(&mut out, at, end, b"");
                changed = true;
            }
        }
    }
    for (at, word) in text.match_indices("using") {
        if let Some(start) = declaration_with_using(text, at, at + word.len()) {
            replace(&mut out, start, at + word.len(), b"const");
            changed = true;
        }
    }
    for phrase in ["export default abstract class", "static accessor", "import defer *"] {
        for (at, _) in text.match_indices(phrase) {
            let words = phrase.split(' ').scan(0, |start, word| {
                let place = *start;
                *start += word.len() + 1;
                Some((place, word))
            });
            for (start, word) in words.filter(|(_, word)| matches!(*word, "abstract" | "accessor" | "defer")) {
                replace(&mut out, at + start, at + start + word.len(), b"");
                changed = true;
            }
        }
    }
    for (at, _) in text.match_indices(['<', ',']) {
        for (start, end) in variance(text, at + 1) {
            replace(&mut out, start, end, b"");
            changed = true;
        }
    }
    // The grammar takes the beginning of a member `in_use` on a line of its own for the operator `in`.
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let name = line.trim_start();
        let at = start + (line.len() - name.len());
        if name
            .strip_prefix("in")
            .is_some_and(|rest| rest.starts_with(|c: char| c == '_' || c == '$' || c.is_ascii_digit()))
        {
            replace(&mut out, at, at + 1, b"_");
            changed = true;
        }
        start += line.len();
    }
    changed.then(|| String::from_utf8(out).ok()).flatten()
}

/// The text with the `&` of the lines that could not be parsed gone: in the text and the attributes of JSX one may stand
/// for itself, which the grammar takes for the beginning of an entity.
pub(super) fn without_ampersands(text: &str, root: Node<'_>) -> Option<String> {
    let mut lines = BTreeSet::new();
    let mut todo = vec![root];
    while let Some(node) = todo.pop() {
        if node.is_error() || node.is_missing() {
            lines.extend(node.start_position().row..=node.end_position().row);
            continue;
        }
        let mut cursor = node.walk();
        todo.extend(node.children(&mut cursor).filter(|child| child.has_error() || child.is_missing()));
    }
    let mut out = String::with_capacity(text.len());
    for (row, line) in text.split_inclusive('\n').enumerate() {
        match lines.contains(&row) && !line.contains("&&") {
            true => out.push_str(&line.replace('&', " ")),
            false => out.push_str(line),
        }
    }
    (out != text).then_some(out)
}

/// Whether a text may hold syntax that the grammar misreads without noticing.
pub(super) fn is_misread(text: &str) -> bool {
    text.contains("using ")
}

/// The start of `using x = …` and `await using x = …`, when the word at a place is that declaration.
fn declaration_with_using(text: &str, at: usize, end: usize) -> Option<usize> {
    let line = |c: char| c == ' ' || c == '\t';
    let rest = text.get(end..)?;
    let name = rest.trim_start_matches(line);
    let behind = name.trim_start_matches(is_name);
    let value = behind.trim_start_matches(line);
    let declares =
        value.starts_with(':') || value.starts_with('=') && !value.starts_with("==") || value.starts_with("of ");
    if name.len() == rest.len() || behind.len() == name.len() || name.starts_with("of ") || !declares {
        return None;
    }
    let before = text.get(..at)?;
    let awaited = before.trim_end_matches(line).strip_suffix("await").filter(|_| before.ends_with(line));
    let before = awaited.unwrap_or(before);
    let is_statement = before.trim_end_matches(line).ends_with(['\n', ';', '{', '}', '(', ')', '\r']);
    (is_statement || before.trim().is_empty()).then_some(before.len())
}

/// The words `in` and `out` before the name of a type parameter, which stands between `<` or `,` and `,`, `>`, `=` or
/// `extends`.
fn variance(text: &str, at: usize) -> Vec<(usize, usize)> {
    let mut words = vec![];
    let mut start = skip_blanks(text, at);
    loop {
        let rest = text.get(start..).unwrap_or_default();
        let word = rest.split(|c: char| !is_name(c)).next().unwrap_or_default();
        let next = skip_blanks(text, start + word.len());
        if !matches!(word, "in" | "out") || next == start + word.len() {
            let behind = text.get(next..).unwrap_or_default();
            let is_parameter = behind.starts_with([',', '>', '=']) || behind.starts_with("extends ");
            return if is_parameter && !word.is_empty() { words } else { vec![] };
        }
        words.push((start, start + word.len()));
        start = next;
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The end of `import('./x').Name` where it stands for a type: something takes its name, and no value can stand there.
fn type_of_module(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?.trim_end();
    let word = before.rsplit(|c| !is_name(c)).next().unwrap_or_default();
    let is_type = before.ends_with([':', '|', '&', '<']) && !before.ends_with("&&") && !before.ends_with("||")
        || matches!(word, "keyof" | "as" | "extends" | "implements" | "infer" | "satisfies" | "is")
        || in_alias(before);
    let end = at + "import".len();
    let close = closing(text, end, '(', ')')?;
    (is_type && text.get(close..)?.trim_start().starts_with('.')).then(|| member_path(text, close))
}

/// Whether a text ends behind `type X =`, or behind a bracket that opens there.
fn in_alias(before: &str) -> bool {
    let before = before.trim_end_matches(['(', ' ', '[']);
    let Some(head) = before.strip_suffix('=') else { return false };
    head.lines().last().is_some_and(|line| {
        let line = line.trim_start();
        line.strip_prefix("export ").unwrap_or(line).strip_prefix("declare ").unwrap_or(line).starts_with("type ")
            || line.starts_with("export type ")
            || line.starts_with("type ")
    })
}

/// The end of `typeof import('./x', { with: … }).Name['member']`.
fn type_of_import(text: &str, at: usize) -> Option<usize> {
    let mut end = at + "typeof import".len();
    end = closing(text, skip_blanks(text, end), '(', ')')?;
    Some(member_path(text, end))
}

/// Behind `.Name['member']`.
fn member_path(text: &str, mut end: usize) -> usize {
    loop {
        let next = skip_blanks(text, end);
        let rest = text.get(next..).unwrap_or_default();
        if let Some(name) = rest.strip_prefix('.') {
            let length = name.find(|c| !is_name(c)).unwrap_or(name.len());
            end = next + 1 + length;
        } else if next == end
            && rest.starts_with("['")
            && let Some(close) = closing(text, end, '[', ']')
        {
            end = close;
        } else {
            return end;
        }
    }
}

fn skip_blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start().len())
}

/// Behind the bracket that closes the one at a place.
fn closing(text: &str, at: usize, open: char, close: char) -> Option<usize> {
    let rest = text.get(at..)?;
    if !rest.starts_with(open) {
        return None;
    }
    let mut depth = 0_usize;
    for (i, c) in rest.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + i + c.len_utf8());
            }
        }
    }
    None
}

/// Write a word over a range, and blanks behind it; lines stay lines.
fn replace(out: &mut [u8], start: usize, end: usize, word: &[u8]) {
    let Some(range) = out.get_mut(start..end) else { return };
    for (i, byte) in range.iter_mut().enumerate() {
        if *byte != b'\n' {
            *byte = word.get(i).copied().unwrap_or(b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn lengths_and_lines_stay() {
        for text in [
            "const a = await original<typeof import('./client')>();",
            "type A = Partial<typeof import(\n  './client'\n)>;",
            "vi.importActual<typeof import('x').default['y']>('x');",
            "export type * from './types';",
            "export type * as api from './types';",
        ] {
            let masked = masked(text).unwrap();
            assert_eq!(masked.len(), text.len());
            assert_eq!(masked.lines().count(), text.lines().count());
            assert!(!masked.contains("typeof import") && !masked.contains("export type"), "{masked}");
        }
        assert_eq!(
            masked("export type A = {\n  a?: number\n  in_use?: boolean\n};").unwrap(),
            "export type A = {\n  a?: number\n  _n_use?: boolean\n};"
        );
        for (text, as_known) in [
            ("async () => {\n  await using client = make();\n}", "async () => {\n  const       client = make();\n}"),
            ("using client: Client = make();", "const client: Client = make();"),
            ("for (using a of all) {}", "for (const a of all) {}"),
            ("class A<in out T, in U> {}", "class A<       T,    U> {}"),
            ("type A<out T extends B> = T;", "type A<    T extends B> = T;"),
            ("export default abstract class A {}", "export default          class A {}"),
            ("class A { static accessor b = 1 }", "class A { static          b = 1 }"),
            ("import defer * as a from 'a';", "import       * as a from 'a';"),
            ("type A = keyof import('x').B;", "type A = keyof any          ;"),
            ("let a: import('x').B[] = [];", "let a: any          [] = [];"),
            ("type A = (import('x').B)[];", "type A = (any          )[];"),
            ("export type { A } from 'a' with { b: 'c' };", "export type { A } from 'a'                ;"),
        ] {
            assert_eq!(masked(text).unwrap(), as_known);
        }
        for text in
            ["export type A = typeof b;", "f(using, of); a.using = 1;", "// using the client of it", "a < in, b"]
        {
            assert_eq!(masked(text), None, "{text}");
        }
    }
}
