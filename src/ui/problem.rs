//! An error a person can act on: what, where, what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Something that stops the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Exit code of DESIGN §5: 2 for usage, configuration and rule packs, 4 when the tool failed.
    pub code: u8,
    /// What went wrong, in one line, lower case.
    pub title: String,
    /// Where.
    pub place: Option<Box<Place>>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
}

/// A place in a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As the user named the file.
    pub path: String,
    /// The whole text of the file, for the snippet; empty when there is none to show.
    pub source: String,
    /// Byte range of the offending part in `source`.
    pub span: std::ops::Range<usize>,
    /// Said at the caret.
    pub label: String,
}

impl Problem {
    /// Wrong usage, configuration or rule pack: exit code 2.
    pub fn usage(title: impl Into<String>) -> Self {
        Self { code: 2, title: title.into(), place: None, notes: vec![], help: vec![] }
    }

    /// The tool could not do its work: exit code 4.
    pub fn tool(title: impl Into<String>) -> Self {
        Self { code: 4, title: title.into(), place: None, notes: vec![], help: vec![] }
    }

    /// Point at a place in a file.
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(Box::new(place));
        self
    }

    /// Add a fact.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Add advice.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// As rustc would print it; `styled` adds colour.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let title = Level::ERROR.primary_title(self.title.as_str());
        let mut group = match &self.place {
            Some(p) if !p.source.is_empty() => {
                let end = p.span.end.min(p.source.len());
                let start = p.span.start.min(end);
                title.element(
                    Snippet::source(p.source.as_str())
                        .path(p.path.as_str())
                        .annotation(AnnotationKind::Primary.span(start..end).label(p.label.as_str())),
                )
            }
            Some(p) => Group::with_title(title).element(Level::NOTE.message(format!("in {}: {}", p.path, p.label))),
            None => Group::with_title(title),
        };
        for note in &self.notes {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group]).to_string()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problem {}
