//! Comments blanked, so that what a comment says is no command. Places stay as they are.

/// How comments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// There are none.
    None,
    /// `# …`
    Hash,
    /// `// …` and `/* … */`
    Slashes,
    /// Both of them.
    Both,
    /// `-- …`
    Dashes,
    /// `; …`
    Semicolons,
    /// `% …`
    Percent,
    /// `rem …` and `:: …`
    Rem,
}

impl Style {
    fn line_openings(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Hash => &["#"],
            Self::Slashes => &["//"],
            Self::Both => &["//", "#"],
            Self::Dashes => &["--"],
            Self::Semicolons => &[";"],
            Self::Percent => &["%"],
            Self::Rem => &["rem ", "REM ", "::"],
        }
    }

    fn has_blocks(self) -> bool {
        matches!(self, Self::Slashes | Self::Both)
    }
}

/// The text with its comments, and the text a shell script prints for its users, as blanks.
pub fn blanked(text: &str, style: Style) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside: Option<&'static str> = None;
    for line in text.split_inclusive('\n') {
        out.push_str(&without(line, style, &mut inside));
    }
    out
}

/// One line. `inside` is the end of the block comment or text of documentation that is open.
fn without(line: &str, style: Style, inside: &mut Option<&'static str>) -> String {
    if let Some(close) = *inside {
        let Some(at) = line.find(close) else { return blank(line) };
        *inside = None;
        let end = at + close.len();
        return blank(line.get(..end).unwrap_or_default())
            + &without(line.get(end..).unwrap_or_default(), style, inside);
    }
    let start = line.trim_start();
    // A text that stands alone is documentation.
    if style == Style::Hash {
        for quotes in ["\"\"\"", "'''"] {
            if let Some(rest) = start.strip_prefix(quotes) {
                if !rest.contains(quotes) {
                    *inside = Some(quotes);
                }
                return blank(line);
            }
        }
    }
    let Some(at) = comment(line, style) else { return line.to_owned() };
    let (code, rest) = line.split_at(at);
    if style.has_blocks() && rest.starts_with("/*") {
        *inside = Some("*/");
        return code.to_owned() + "  " + &without(rest.get(2..).unwrap_or_default(), style, inside);
    }
    code.to_owned() + &blank(rest)
}

/// Where a comment begins: outside of quotes, and at the beginning of a word.
fn comment(line: &str, style: Style) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut quote: Option<u8> = None;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (_, b'\\') => at += 1,
            (Some(open), close) if open == *close => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'`') => quote = Some(*byte),
            // An apostrophe within a word is none.
            (None, b'\'') if at == 0 || !bytes.get(at - 1).is_some_and(u8::is_ascii_alphanumeric) => {
                quote = Some(b'\'')
            }
            (None, _) => {
                let rest = line.get(at..).unwrap_or_default();
                let begins = at == 0 || bytes.get(at - 1).is_some_and(u8::is_ascii_whitespace);
                if style.has_blocks() && rest.starts_with("/*") {
                    return Some(at);
                }
                let opened = style.line_openings().iter().any(|open| rest.starts_with(open));
                // `http://…` is no comment, and neither is `$#`.
                if opened && (begins || style == Style::Slashes && bytes.get(at - 1) != Some(&b':')) {
                    // `#!/bin/sh` names the interpreter.
                    return (!(at == 0 && rest.starts_with("#!"))).then_some(at);
                }
            }
        }
        at += 1;
    }
    None
}

/// Blanks of the same length; lines stay lines.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}
