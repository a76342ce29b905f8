//! A page of text for a terminal or a log, written line by line.

use super::RenderOptions;
use super::paint::{Paint, wrap};
use super::text::one_line;

/// The narrowest page that is written, in columns.
const NARROWEST: usize = 40;

/// A page about something.
pub(super) struct Page<T> {
    pub out: String,
    pub paint: Paint,
    /// Columns.
    pub width: usize,
    /// What its writer needs beside the words.
    pub of: T,
}

impl<T> Page<T> {
    pub fn new(options: &RenderOptions, of: T) -> Self {
        Self { out: String::new(), paint: Paint { color: options.color }, width: options.width.max(NARROWEST), of }
    }

    pub fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    pub fn heading(&mut self, text: &str) {
        let text = self.paint.bold(&one_line(text));
        self.out.push('\n');
        self.line(&text);
    }

    /// Text in which names stand out.
    pub fn message(&mut self, text: &str, indent: usize) {
        for line in self.paint.message(text, indent, self.width) {
            self.line(&line);
        }
    }

    /// Text as it is.
    pub fn wrapped(&mut self, text: &str, indent: usize) {
        for line in wrap(&one_line(text), self.width.saturating_sub(indent)) {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// `lead` before the first line, the rest aligned under it.
    pub fn hanging(&mut self, lead: &str, text: &str, indent: usize) {
        let inner = indent + lead.chars().count() + 1;
        let mut lines = self.paint.message(text, inner, self.width).into_iter();
        let first = lines.next().unwrap_or_default();
        let lead = self.paint.dim(lead);
        self.line(&format!("{:indent$}{lead} {}", "", first.trim_start()));
        lines.for_each(|line| self.line(&line));
    }
}
