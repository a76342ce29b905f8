//! The ways out of Rust into HTML and Markdown. Everything a template prints passes through here.

use std::fmt::Write as _;
use std::io;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::text::{Span, one_line, spans, visible};

/// The escape function of HTML templates: also SVG text and attribute values in double quotes.
pub(super) fn html_into(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    tera::escape_html(&visible(text), out)
}

/// [`html_into`] as a string.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A message with its names in `<code>`.
pub(super) fn html_message(message: &str) -> String {
    let mut out = String::with_capacity(message.len() + 32);
    for span in spans(message) {
        match span {
            Span::Prose(text) => out.push_str(&html(text)),
            Span::Code(text) => {
                let _ = write!(out, "<code>{}</code>", html(text));
            }
        }
    }
    out
}

/// A rule's explanation. Raw HTML in it is shown as text, images become their description, links other
/// than `http(s)` lose their address, and headings move below those of the report.
pub(super) fn html_markdown(markdown: &str) -> String {
    let text = visible(markdown);
    let mut refused = 0_usize;
    let events = Parser::new_ext(&text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).filter_map(|event| {
        Some(match event {
            Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => return None,
            Event::Start(Tag::Link { ref dest_url, .. }) if !is_web(dest_url) => {
                refused += 1;
                return None;
            }
            Event::End(TagEnd::Link) if refused > 0 => {
                refused -= 1;
                return None;
            }
            Event::Start(Tag::Heading { .. }) => Event::InlineHtml("<h5>".into()),
            Event::End(TagEnd::Heading(_)) => Event::InlineHtml("</h5>\n".into()),
            other => other,
        })
    });
    let mut out = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut out, events);
    out
}

/// Whether an address may become a link.
pub(super) fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// The escape function of Markdown templates: one line of prose that starts no markup.
pub(super) fn markdown_into(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(markdown(text).as_bytes())
}

/// [`markdown_into`] as a string. Underscores inside words stay, so that names remain readable.
pub(super) fn markdown(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 16);
    let chars: Vec<char> = text.chars().collect();
    let alnum = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(|c| c.is_alphanumeric());
    let digits = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    for (i, &c) in chars.iter().enumerate() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '_' if alnum(i.checked_sub(1)) && alnum(Some(i + 1)) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', c]),
            '#' | '-' | '+' | '=' if i == 0 => out.extend(['\\', c]),
            '.' | ')' if i > 0 && i == digits && chars.get(i + 1).is_none_or(|c| *c == ' ') => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A code span that holds any text; `cell` for use inside a table, where `|` must be escaped even in code.
pub(super) fn markdown_code(text: &str, cell: bool) -> String {
    let text = one_line(text);
    if text.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    let text = if cell { text.replace('|', "\\|") } else { text.into_owned() };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// An address inside `(…)` of a link.
pub(super) fn markdown_url(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in one_line(url).chars() {
        match c {
            '(' | ')' | '<' | '>' | ' ' | '"' | '\\' | '|' => out.push_str(&format!("%{:02X}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// A message with its names as code spans.
pub(super) fn markdown_message(message: &str, cell: bool) -> String {
    let message = one_line(message);
    spans(&message).into_iter().fold(String::new(), |mut out, span| {
        match span {
            // At the start of a line only: in the middle these characters mean nothing.
            Span::Prose(text) if out.is_empty() => out.push_str(&markdown(text)),
            Span::Prose(text) => {
                let guarded = markdown(&format!("x{text}"));
                out.push_str(guarded.get(1..).unwrap_or_default());
            }
            Span::Code(text) => out.push_str(&markdown_code(text, cell)),
        }
        out
    })
}

/// A fenced block that holds any text, each line after the first indented to stay in a list.
pub(super) fn markdown_block(text: &str, language: &str, indent: usize) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    let pad = " ".repeat(indent);
    let mut out = format!("{fence}{language}\n");
    for line in text.lines() {
        let _ = writeln!(out, "{pad}{line}");
    }
    let _ = write!(out, "{pad}{fence}");
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_cannot_bring_markup_of_its_own() {
        let out = html_markdown(
            "## Why\n<script>alert(1)</script>\n\ntext <img src=x onerror=alert(1)> [a](javascript:alert(1)) \
             [b](https://docs.temporal.io) ![c](https://example.com/x.png)",
        );
        assert!(!out.contains("<script") && !out.contains("<img") && !out.contains("javascript:"), "{out}");
        assert!(out.contains("&lt;script&gt;") && out.contains("<h5>Why</h5>"), "{out}");
        assert!(out.contains("<a href=\"https://docs.temporal.io\">b</a>"), "{out}");
    }

    #[test]
    fn markdown_prose_starts_no_markup() {
        assert_eq!(markdown("# x"), "\\# x");
        assert_eq!(markdown("1. x"), "1\\. x");
        assert_eq!(markdown("a|b_c_ <b>\n# d"), "a\\|b_c\\_ &lt;b&gt; # d");
    }

    #[test]
    fn code_spans_hold_backticks_and_pipes() {
        assert_eq!(markdown_code("a`b", false), "``a`b``");
        assert_eq!(markdown_code("`a|b", true), "`` `a\\|b ``");
        assert_eq!(markdown_block("a\n```\nb", "sh", 2), "````sh\n  a\n  ```\n  b\n  ````");
    }
}
