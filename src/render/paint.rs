//! Text for a terminal: colour when wanted, wrapping by display width.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::text::{Span, one_line, spans};
use super::view::Mark;

/// Writes styled pieces, or plain ones when colour is off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub color: bool,
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub fn code(self, text: &str) -> String {
        self.with(AnsiColor::Cyan.on_default(), text)
    }

    /// In the colour of a state.
    pub fn mark(self, mark: Mark, text: &str) -> String {
        self.with(style(mark), text)
    }

    /// The verdict.
    pub fn verdict(self, mark: Mark, text: &str) -> String {
        self.with(style(mark).bold(), text)
    }

    /// Wrap a message; every line is indented by `indent`, and names stand out.
    pub fn message(self, text: &str, indent: usize, width: usize) -> Vec<String> {
        let flat = one_line(text);
        let code: Vec<&str> = spans(&flat)
            .into_iter()
            .filter_map(|s| match s {
                Span::Code(name) if !name.contains(' ') => Some(name),
                _ => None,
            })
            .collect();
        wrap(&flat, width.saturating_sub(indent))
            .into_iter()
            .map(|line| {
                let mut line = line;
                if self.color {
                    for name in &code {
                        let quoted = format!("`{name}`");
                        if line.contains(&quoted) {
                            line = line.replace(&quoted, &self.code(name));
                        }
                    }
                }
                format!("{:indent$}{line}", "")
            })
            .collect()
    }
}

fn style(mark: Mark) -> Style {
    match mark {
        Mark::Ok => AnsiColor::Green.on_default(),
        Mark::Failed => AnsiColor::Red.on_default().bold(),
        Mark::Unknown => AnsiColor::Magenta.on_default(),
        Mark::Attention | Mark::Waived => AnsiColor::Yellow.on_default(),
        Mark::None => Style::new().dimmed(),
    }
}

/// Lines of at most `width` columns, broken at spaces; a longer word stands alone and whole.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A command line over several lines that can still be pasted: broken between words with ` \`. A command
/// that has lines of its own keeps them: what stands in a quoted block must not move.
pub(super) fn wrap_command(command: &str, width: usize) -> Vec<String> {
    let command = super::text::visible(command).replace('\t', "    ");
    if command.contains('\n') || command.width() <= width {
        return command.lines().map(ToOwned::to_owned).collect();
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for unit in units(shell_words(&command)) {
        if !line.is_empty() && line.width() + 1 + unit.width() + 2 > width {
            lines.push(format!("{line} \\"));
            line = "  ".to_owned();
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&unit);
    }
    lines.push(line);
    lines
}

/// A flag and its value stay on one line.
fn units(words: Vec<&str>) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut flag = false;
    for word in words {
        match units.last_mut() {
            Some(last) if flag && !word.starts_with('-') => {
                last.push(' ');
                last.push_str(word);
                flag = false;
            }
            _ => {
                units.push(word.to_owned());
                flag = word.starts_with('-') && !word.contains('=');
            }
        }
    }
    units
}

/// Split at spaces outside quotes; quotes and escapes stay where they are.
fn shell_words(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut quote, mut escaped) = (Vec::new(), None, None, false);
    for (i, c) in line.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => {
                escaped = true;
                start.get_or_insert(i);
            }
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => {
                quote = Some(c);
                start.get_or_insert(i);
            }
            (None, ' ') => {
                if let Some(from) = start.take() {
                    words.extend(line.get(from..i));
                }
            }
            (None, _) => {
                start.get_or_insert(i);
            }
        }
    }
    words.extend(start.and_then(|from| line.get(from..)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_command_is_still_the_same_command() {
        let lines = wrap_command(
            r#"temporal schedule toggle --pause --schedule-id "nightly settlement" --reason 'moved to "Cloud"' -n x"#,
            40,
        );
        assert_eq!(
            lines,
            [
                r"temporal schedule toggle --pause \",
                r#"  --schedule-id "nightly settlement" \"#,
                r#"  --reason 'moved to "Cloud"' -n x"#
            ]
        );
    }

    #[test]
    fn a_command_of_several_lines_stays_as_it_is() {
        let command = "cat >> attestations.yaml <<'E'\n  - id: rehearsal\n    holds: true\nE";
        assert_eq!(wrap_command(command, 10).join("\n"), command);
    }

    #[test]
    fn an_escaped_space_does_not_break_a_word() {
        assert_eq!(shell_words(r"rm a\ b 'c d'"), ["rm", r"a\ b", "'c d'"]);
    }

    #[test]
    fn without_colour_nothing_is_added() {
        let plain = Paint { color: false };
        assert_eq!(plain.message("`a` is b", 2, 80), ["  `a` is b"]);
        assert!(Paint { color: true }.mark(Mark::Failed, "x").contains('\u{1b}'));
    }
}
