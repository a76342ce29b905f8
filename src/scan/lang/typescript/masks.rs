//! Syntax of TypeScript the grammar does not know, written as something it does. Lengths stay, so places are right.

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
    for (at, _) in text.match_indices("export type") {
        let rest = text.get(at + "export type".len()..).unwrap_or_default();
        if rest.trim_start().starts_with('*') {
            replace(&mut out, at + "export ".len(), at + "export type".len(), b"");
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

/// The end of `typeof import('./x', { with: … }).Name['member']`.
fn type_of_import(text: &str, at: usize) -> Option<usize> {
    let mut end = at + "typeof import".len();
    end = closing(text, skip_blanks(text, end), '(', ')')?;
    loop {
        let next = skip_blanks(text, end);
        let rest = text.get(next..)?;
        if let Some(name) = rest.strip_prefix('.') {
            let length = name.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(name.len());
            end = next + 1 + length;
        } else if next == end && rest.starts_with('[') {
            end = closing(text, end, '[', ']')?;
        } else {
            return Some(end);
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
        assert_eq!(masked("export type A = typeof b;"), None);
    }
}
