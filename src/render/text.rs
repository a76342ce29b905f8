//! Words, numbers and times as every format writes them.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// Characters that change what a reader sees without being seen: controls (terminal escapes among them)
/// and bidirectional marks. Newline and tab are the caller's business.
fn hides(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The text with hidden characters written out (`\u{202e}`), so that it shows what it holds.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// [`visible`], on one line.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    if !text.contains(['\n', '\t']) {
        return text;
    }
    Cow::Owned(text.split(['\n', '\t']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
}

/// A stretch of a message: prose, or a name between backticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span<'a> {
    Prose(&'a str),
    Code(&'a str),
}

/// Messages use one piece of Markdown: names between backticks. An odd backtick stays a character.
pub(super) fn spans(message: &str) -> Vec<Span<'_>> {
    let mut out = Vec::new();
    let mut rest = message;
    while let Some(open) = rest.find('`') {
        let (before, after) = (rest.get(..open).unwrap_or_default(), rest.get(open + 1..).unwrap_or_default());
        let Some(close) = after.find('`').filter(|close| *close > 0) else { break };
        if !before.is_empty() {
            out.push(Span::Prose(before));
        }
        out.push(Span::Code(after.get(..close).unwrap_or_default()));
        rest = after.get(close + 1..).unwrap_or_default();
    }
    if !rest.is_empty() {
        out.push(Span::Prose(rest));
    }
    out
}

/// `12,480`.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 blocker`, `3 blockers`, `2 branches`, `4 queries`.
pub(super) fn plural(n: usize, word: &str) -> String {
    if n == 1 {
        return format!("1 {word}");
    }
    let many = match word {
        w if w.ends_with(['s', 'x']) || w.ends_with("ch") => format!("{w}es"),
        w if w.ends_with('y') && !w.ends_with("ay") && !w.ends_with("ey") => {
            format!("{}ies", w.trim_end_matches('y'))
        }
        w => format!("{w}s"),
    };
    format!("{} {many}", number(n as u64))
}

/// A span of time in its two largest units: `41 days`, `3 h 20 min`, `45 s`.
pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3_600, seconds % 3_600 / 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, m) => format!("{m} min"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m} min"),
        (1, 0, _) => "1 day".to_owned(),
        (d, h, _) if d < 3 && h > 0 => format!("{} {h} h", plural(d as usize, "day")),
        (d, ..) => plural(d as usize, "day"),
    }
}

/// `2026-11-21 09:00 UTC`.
pub(super) fn minute(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `2026-11-21`, in UTC.
pub(super) fn day(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// `search-attributes` → `Search attributes`, `apis` → `APIs`.
pub(super) fn words(id: &str) -> String {
    if id == "apis" {
        return "APIs".to_owned();
    }
    let spaced = id.replace(['-', '_'], " ");
    let mut chars = spaced.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// At most `limit` columns, the end replaced by `…`.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let text = one_line(text);
    if text.width() <= limit {
        return text.into_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        let mut next = out.clone();
        next.push(c);
        if next.width() + 1 > limit {
            break;
        }
        out = next;
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// [`shorten`], after a whole word, and never inside a name between backticks.
pub(super) fn shorten_words(text: &str, limit: usize) -> String {
    let whole = one_line(text);
    if whole.width() <= limit {
        return whole.into_owned();
    }
    let mut kept = String::new();
    let mut good = 0;
    for word in whole.split(' ') {
        if kept.width() + word.width() + 2 > limit {
            break;
        }
        kept.push_str(if kept.is_empty() { "" } else { " " });
        kept.push_str(word);
        if kept.matches('`').count().is_multiple_of(2) {
            good = kept.len();
        }
    }
    kept.truncate(good);
    if kept.is_empty() { shorten(&whole, limit) } else { format!("{} …", kept.trim_end_matches([',', ';', ':'])) }
}

/// At most `limit` columns of a path, the beginning replaced by `…`: the file name matters most.
pub(super) fn shorten_path(path: &str, limit: usize) -> String {
    let path = one_line(path);
    if path.width() <= limit {
        return path.into_owned();
    }
    let backwards: String = path.chars().rev().collect();
    let kept = shorten(&backwards, limit);
    kept.chars().rev().collect()
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_show() {
        assert_eq!(visible("pay\u{202e}ments\u{1b}[31m"), "pay\\u{202e}ments\\u{1b}[31m");
        assert_eq!(one_line("a\n  b\tc"), "a b c");
        assert!(matches!(visible("Zürich 支付 👩‍💻".trim_end_matches("👩‍💻")), Cow::Borrowed(_)));
    }

    #[test]
    fn names_in_messages_stand_out_and_odd_backticks_stay() {
        assert_eq!(spans("`a` is b"), [Span::Code("a"), Span::Prose(" is b")]);
        assert_eq!(spans("5 o'clock ` x"), [Span::Prose("5 o'clock ` x")]);
        assert_eq!(spans("``"), [Span::Prose("``")]);
    }

    #[test]
    fn numbers_and_durations_read_like_speech() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(plural(2, "query"), "2 queries");
        assert_eq!(plural(1, "day"), "1 day");
        assert_eq!(plural(3, "day"), "3 days");
        assert_eq!(duration(41 * 86_400 + 7_200), "41 days");
        assert_eq!(duration(12_000), "3 h 20 min");
        assert_eq!(duration(86_400 + 3_600), "1 day 1 h");
        assert_eq!(duration(7), "7 s");
    }

    #[test]
    fn shortening_keeps_what_identifies() {
        assert_eq!(shorten("PaymentSagaWorkflow", 10), "PaymentSa…");
        assert_eq!(shorten_path("services/payments/cmd/batch/main.go", 16), "…d/batch/main.go");
        assert_eq!(shorten("short", 10), "short");
        assert_eq!(shorten_words("starts `PaymentSaga Workflow` at night", 22), "starts …");
        assert_eq!(shorten_words("`a` is Keyword, but Text", 17), "`a` is Keyword …");
        assert_eq!(shorten_words("PaymentSagaWorkflow", 10), "PaymentSa…");
    }
}
