//! The words of a text, as far as command lines need them, whatever language stands around.

/// A word and what stands around it.
#[derive(Debug, Clone, Copy)]
pub struct Word<'t> {
    /// The word, without quotes and brackets.
    pub text: &'t str,
    /// Where it begins.
    pub at: usize,
    /// 1-based.
    pub line: u32,
    /// Blanks before the first word of its line.
    pub indent: usize,
    /// It is an element of a list of words: in quotes or brackets of its own, or the item of a list in YAML.
    pub element: bool,
    /// A quote stands right before it.
    pub opens_quote: bool,
    /// A `$`, `%`, or an opening brace or bracket stands right before it.
    pub expanded: bool,
    /// A command ends before it: `;`, `&`, `|`, or the end of a line that is written as `\n`.
    pub after_break: bool,
    /// The line before it goes on in its own.
    pub continued: bool,
    /// The line before it ended in a way that data goes on after.
    pub open_before: bool,
}

const SEPARATORS: &[u8] = b" \t\r\n\"'`,[](){}<>=";

/// All words of a text.
pub fn split(text: &str) -> Vec<Word<'_>> {
    let bytes = text.as_bytes();
    let mut words = vec![];
    let mut line = 1_u32;
    let mut indent = 0;
    let (mut at, mut line_start) = (0, 0);
    let (mut after_break, mut continued, mut open_before) = (false, false, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => {
                let before = text.get(line_start..at).unwrap_or_default().trim_end();
                continued = before.ends_with(['\\', '^', '`']);
                open_before = before.ends_with([',', '[', '(', '{', ':', '+', '>', '-']) || before.ends_with("|-");
                line += 1;
                at += 1;
                line_start = at;
                indent = bytes.iter().skip(at).take_while(|b| matches!(b, b' ' | b'\t')).count();
            }
            b';' | b'|' | b'&' => {
                after_break = true;
                at += 1;
            }
            b'\\' => {
                // The end of a line in a text of JSON or of a program.
                after_break |= bytes.get(at + 1) == Some(&b'n');
                at += if matches!(bytes.get(at + 1), Some(b'n' | b't' | b'r' | b'"' | b'\'')) { 2 } else { 1 };
            }
            _ if SEPARATORS.contains(&byte) => at += 1,
            _ => {
                let end = bytes
                    .iter()
                    .skip(at)
                    .position(|b| SEPARATORS.contains(b) || matches!(b, b';' | b'|' | b'&' | b'\\'))
                    .map_or(bytes.len(), |length| at + length);
                let raw = text.get(at..end).unwrap_or_default();
                if raw != "-" {
                    let before = bytes.get(line_start..at).unwrap_or_default();
                    words.push(word(bytes, raw, at, before, (line, indent), (after_break, continued, open_before)));
                    (after_break, continued, open_before) = (false, false, false);
                }
                at = end;
            }
        }
    }
    words
}

fn word<'t>(
    bytes: &[u8],
    raw: &'t str,
    at: usize,
    line_before: &[u8],
    (line, indent): (u32, usize),
    (after_break, continued, open_before): (bool, bool, bool),
) -> Word<'t> {
    let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    let after = bytes.get(at + raw.len()).copied();
    let quoted = |side: Option<u8>| matches!(side, Some(b'"' | b'\'' | b'`'));
    let in_list = |side: Option<u8>| quoted(side) || matches!(side, Some(b',' | b'[' | b']' | b'(' | b')'));
    let item = line_before.trim_ascii() == b"-" && matches!(after, None | Some(b'\n' | b'\r'));
    let spaced_list = before == Some(b' ')
        && line_before.trim_ascii_end().ends_with(b",")
        && (in_list(after) || after == Some(b'\n'));
    let element = quoted(before) && quoted(after)
        || item
        || matches!(before, Some(b'[' | b',' | b'(')) && in_list(after)
        || spaced_list;
    Word {
        text: raw.trim_end_matches(':'),
        at,
        line,
        indent,
        element,
        opens_quote: quoted(before),
        expanded: matches!(before, Some(b'$' | b'{' | b'(' | b'%' | b'[')),
        after_break,
        continued,
        open_before,
    }
}
