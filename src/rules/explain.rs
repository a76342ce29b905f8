//! A rule explained in a terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::Rule;
use crate::facts::plan::Strategy;
use crate::scorecard::builtin::BuiltIn;
use crate::scorecard::{Gate, Severity};

/// Columns of wrapped text.
const WIDTH: usize = 88;

/// What `explain ID` prints: title, severity, gates, the explanation with wrapped text, and the steps and
/// commands the rule gives with a finding. `styled` adds ANSI colour.
pub fn explain(rule: &Rule, styled: bool) -> String {
    let paint = Paint { styled };
    let mut page = String::new();
    let colour = match rule.severity {
        Severity::Blocker => AnsiColor::Red,
        Severity::Major => AnsiColor::Yellow,
        Severity::Minor => AnsiColor::Cyan,
    };
    let _ = writeln!(page, "{}", paint.with(Style::new().bold(), &rule.title));
    let severity = paint.with(colour.on_default().bold(), rule.severity.name());
    let gates = Gate::span(&rule.gates);
    let _ = writeln!(page, "{} · {severity} at {gates}", rule.id);
    let mut facts = Vec::new();
    facts.extend(rule.item.map(|i| format!("checklist item {i}")));
    facts.extend(rule.failure_mode.as_ref().map(|m| format!("failure mode {m}")));
    facts.extend(match rule.strategies.as_slice() {
        [Strategy::Manual] => Some("migrations without replication only".to_owned()),
        [Strategy::Automated] => Some("migrations by replication only".to_owned()),
        _ => None,
    });
    facts.extend((!rule.waivable).then(|| "cannot be waived".to_owned()));
    if !facts.is_empty() {
        let _ = writeln!(page, "{}", facts.join(" · "));
    }
    page.push('\n');
    page.push_str(&markdown(&rule.explanation, styled));
    if let Some(attested) = &rule.attested {
        let _ = writeln!(page, "\n{}\n", paint.with(Style::new().bold(), "Attestation"));
        let answer = match rule.each {
            Some(_) => "answers when the facts cannot be learned",
            None => "is the only answer",
        };
        let text = format!("{} The entry `{}` of attestations.yaml {answer}.", attested.question, attested.id);
        page.push_str(&markdown(&text, styled));
    }
    if !rule.remedy.is_empty() {
        let _ = writeln!(page, "\n{}\n", paint.with(Style::new().bold(), "Printed with a finding"));
        for (number, step) in (1..).zip(&rule.remedy) {
            page.push_str(&wrap(&paint.code(&step.text.outline()), &format!("{number}. "), "   "));
            if let Some(command) = &step.command {
                let _ = writeln!(
                    page,
                    "   {}",
                    paint.with(Style::new().fg_color(Some(AnsiColor::Green.into())), &command.outline())
                );
            }
        }
    }
    page
}

/// What `explain ID` prints for a check of the tool itself.
pub fn explain_builtin(builtin: &BuiltIn, styled: bool) -> String {
    let title = Paint { styled }.with(Style::new().bold(), builtin.title);
    let (id, severity) = (builtin.id, builtin.severity.name());
    format!("{title}\n{id} · {severity} at every gate\n\n{}", markdown(builtin.explanation, styled))
}

/// Markdown for a terminal: headings, wrapped paragraphs, lists, code.
pub fn markdown(text: &str, styled: bool) -> String {
    let mut writer = Writer { paint: Paint { styled }, ..Writer::default() };
    for event in Parser::new(text) {
        writer.event(event);
    }
    writer.flush();
    writer.page
}

#[derive(Default, Clone, Copy)]
struct Paint {
    styled: bool,
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        if self.styled { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Colour the `code` in a line of text.
    fn code(self, text: &str) -> String {
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return text.to_owned();
        }
        let paint = |(i, part): (usize, &&str)| if i % 2 == 1 { self.inline(part) } else { (*part).to_owned() };
        parts.iter().enumerate().map(paint).collect()
    }

    /// The backticks stay, so that a page without colour reads the same.
    fn inline(self, code: &str) -> String {
        self.with(AnsiColor::Cyan.on_default(), &format!("`{code}`"))
    }
}

#[derive(Default)]
struct Writer {
    paint: Paint,
    page: String,
    /// The paragraph that is being read.
    text: String,
    /// Next number of each open list; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Written before the first line of the next paragraph: `1. ` or `- `.
    marker: String,
    heading: bool,
    code: bool,
    /// Target of the open link.
    link: Option<String>,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                self.flush();
                self.gap();
                self.heading = true;
            }
            Event::End(TagEnd::Heading(level)) => {
                let style = if level <= HeadingLevel::H2 { Style::new().bold() } else { Style::new().underline() };
                let line = self.paint.with(style, &std::mem::take(&mut self.text));
                let _ = writeln!(self.page, "{line}");
                self.heading = false;
            }
            Event::Start(Tag::Paragraph) if self.marker.is_empty() => self.gap(),
            Event::End(TagEnd::Paragraph) => self.flush(),
            Event::Start(Tag::List(start)) => {
                self.flush();
                if self.lists.is_empty() {
                    self.gap();
                }
                self.lists.push(start);
            }
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
            }
            Event::Start(Tag::Item) => {
                self.flush();
                self.marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
            }
            Event::End(TagEnd::Item) => {
                self.flush();
                self.marker.clear();
            }
            Event::Start(Tag::CodeBlock(_)) => {
                self.flush();
                self.gap();
                self.code = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                let indent = format!("{}    ", self.indent());
                for line in std::mem::take(&mut self.text).lines() {
                    let line = self.paint.with(AnsiColor::Green.on_default(), line);
                    let _ = writeln!(self.page, "{indent}{line}");
                }
                self.code = false;
            }
            Event::Start(Tag::Link { dest_url, .. }) => self.link = Some(dest_url.into_string()),
            Event::End(TagEnd::Link) => {
                if let Some(url) = self.link.take().filter(|url| !self.text.ends_with(url.as_str())) {
                    let _ = write!(self.text, " <{url}>");
                }
            }
            Event::Text(text) => self.text.push_str(&text),
            Event::Code(code) => self.text.push_str(&self.paint.inline(&code)),
            Event::SoftBreak | Event::HardBreak => self.text.push(' '),
            Event::Rule => {
                self.flush();
                self.gap();
            }
            Event::Html(html) | Event::InlineHtml(html) => self.text.push_str(&html),
            _ => {}
        }
    }

    /// Write the paragraph read so far.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return;
        }
        let indent = self.indent();
        let outer = "   ".repeat(self.lists.len().saturating_sub(1));
        let first = if self.marker.is_empty() { indent.clone() } else { format!("{outer}{}", self.marker) };
        self.marker.clear();
        self.page.push_str(&wrap(&text, &first, &indent));
    }

    fn indent(&self) -> String {
        let numbered = self.lists.last().is_some_and(Option::is_some);
        let own = if self.lists.is_empty() {
            ""
        } else if numbered {
            "   "
        } else {
            "  "
        };
        format!("{}{own}", "   ".repeat(self.lists.len().saturating_sub(1)))
    }

    fn gap(&mut self) {
        if !self.page.is_empty() && !self.page.ends_with("\n\n") {
            self.page.push('\n');
        }
    }
}

/// Wrap words at [`WIDTH`] columns; escape sequences take no room.
fn wrap(text: &str, first: &str, rest: &str) -> String {
    let mut page = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && columns(&line) + 1 + columns(word) > WIDTH {
            let _ = writeln!(page, "{line}");
            line = rest.to_owned();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(page, "{line}");
    page
}

fn columns(text: &str) -> usize {
    let mut escaped = false;
    let mut count = 0;
    for c in text.chars() {
        match c {
            '\u{1b}' => escaped = true,
            'm' if escaped => escaped = false,
            _ => count += usize::from(!escaped),
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "## What it checks\n\nWhether `a` is\nset, see [docs](https://x.io/a).\n\n\
        ## What to do\n\n1. First, and this step is so long that it does not fit on one line of the terminal at all.\n\
        2. Then\n\n   ```sh\n   temporal preflight scan\n   ```\n   - inner\n\n- <https://x.io/b>\n";

    #[test]
    fn markdown_becomes_text_for_a_terminal() {
        let expected = "\
What it checks

Whether `a` is set, see docs <https://x.io/a>.

What to do

1. First, and this step is so long that it does not fit on one line of the terminal at
   all.
2. Then

       temporal preflight scan
   - inner

- https://x.io/b
";
        assert_eq!(markdown(PAGE, false), expected);
    }

    #[test]
    fn a_check_of_the_tool_itself_is_explained_too() {
        for builtin in &crate::scorecard::builtin::ALL {
            let page = explain_builtin(builtin, false);
            assert!(page.starts_with(builtin.title) && page.contains("\nWhat to do\n"), "{page}");
        }
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let styled = markdown(PAGE, true);
        assert!(styled.contains('\u{1b}'));
        let mut bare = String::new();
        let mut escaped = false;
        for c in styled.chars() {
            match c {
                '\u{1b}' => escaped = true,
                'm' if escaped => escaped = false,
                c if !escaped => bare.push(c),
                _ => {}
            }
        }
        assert_eq!(bare, markdown(PAGE, false));
    }
}
