//! Tables as data.

use serde::Serialize;

use super::mark::{Mark, MarkView};

/// Rows a table shows in HTML before it says how many more there are; the JSON document holds all.
pub(crate) const ROWS: usize = 250;

/// A table with its heading.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Table {
    /// Anchor.
    pub id: String,
    pub title: String,
    /// One sentence above the table.
    pub note: Option<String>,
    /// What is missing, and why.
    pub gap: Option<String>,
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<Cell>>,
    /// All rows, shown or not.
    pub total: usize,
    /// Rows not shown.
    pub more: usize,
    /// Said instead of a table without rows.
    pub empty: &'static str,
}

impl Table {
    /// A table of `rows`.
    pub fn new(id: &str, title: impl Into<String>, head: &[&'static str], rows: Vec<Vec<Cell>>) -> Self {
        let total = rows.len();
        let mut rows = rows;
        rows.truncate(ROWS);
        Self {
            id: id.to_owned(),
            title: title.into(),
            note: None,
            gap: None,
            head: head.to_vec(),
            more: total - rows.len(),
            rows,
            total,
            empty: "None.",
        }
    }

    /// Said above.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// What is missing.
    pub fn gap(mut self, gap: Option<String>) -> Self {
        self.gap = gap;
        self
    }

    /// Said when there are no rows.
    pub fn empty(mut self, text: &'static str) -> Self {
        self.empty = text;
        self
    }

    /// Move the last column, the state, next to the first: seen at a glance, and on a narrow screen too.
    pub fn state_second(mut self) -> Self {
        fn turn<T>(row: &mut [T]) {
            if let Some(rest) = row.get_mut(1..) {
                rest.rotate_right(1.min(rest.len()));
            }
        }
        turn(&mut self.head);
        self.rows.iter_mut().for_each(|row| turn(row));
        self
    }

    /// Whether there is nothing to show at all.
    pub fn is_void(&self) -> bool {
        self.rows.is_empty() && self.gap.is_none()
    }
}

/// One cell.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Cell {
    pub text: String,
    /// `text`, `code`, `num`, `quiet`, `message` (names between backticks).
    pub style: &'static str,
    pub mark: Option<MarkView>,
    pub href: Option<String>,
    /// A second, quieter line.
    pub sub: Option<String>,
}

impl Cell {
    fn styled(text: impl Into<String>, style: &'static str) -> Self {
        Self { text: text.into(), style, ..Self::default() }
    }

    /// Prose.
    pub fn text(text: impl Into<String>) -> Self {
        Self::styled(text, "text")
    }

    /// A name.
    pub fn code(text: impl Into<String>) -> Self {
        Self::styled(text, "code")
    }

    /// A number or amount, set right.
    pub fn num(text: impl Into<String>) -> Self {
        Self::styled(text, "num")
    }

    /// Something of little weight.
    pub fn quiet(text: impl Into<String>) -> Self {
        Self::styled(text, "quiet")
    }

    /// Prose with names between backticks.
    pub fn message(text: impl Into<String>) -> Self {
        Self::styled(text, "message")
    }

    /// A state in words.
    pub fn mark(mark: Mark, word: &'static str) -> Self {
        Self { style: "mark", mark: Some(MarkView::new(mark, word)), ..Self::default() }
    }

    /// A name, or a dash when there is none.
    pub fn maybe(text: Option<&str>) -> Self {
        text.map_or_else(|| Self::quiet("–"), Self::code)
    }

    /// With an address.
    pub fn link(mut self, href: Option<String>) -> Self {
        self.href = href;
        self
    }

    /// With a second line.
    pub fn sub(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.sub = (!text.is_empty()).then_some(text);
        self
    }
}
