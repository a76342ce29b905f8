//! The one list of report formats. A format is a variant, its row, and its place in [`Format::ALL`].

use std::str::FromStr;

use super::{RenderOptions, change, ci, csv, html, json, markdown, terminal};
use crate::scorecard::Scorecard;
use crate::ui::Problem;

/// What a scorecard can be turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Format {
    /// For a terminal: the verdict and what to do next, in one or two screens.
    #[default]
    Text,
    /// For a pull request, a wiki or an e-mail.
    Markdown,
    /// One self-contained file to hand over.
    Html,
    /// The scorecard document itself.
    Json,
    /// The inventory, one row for each thing.
    Csv,
    /// SARIF 2.1.0: code scanning and editors.
    Sarif,
    /// JUnit's XML: test reports of every CI system.
    Junit,
    /// Workflow commands of GitHub Actions: annotations of the changed lines.
    Github,
    /// GitLab's code quality report.
    Gitlab,
}

/// Scorecard → bytes.
pub(super) type Write = fn(&Scorecard, &RenderOptions) -> Result<Vec<u8>, Problem>;

/// What there is to know of a format.
struct Row {
    name: &'static str,
    /// Other names people type.
    also: &'static [&'static str],
    /// For help texts, one line.
    about: &'static str,
    write: Write,
}

impl Format {
    /// All formats, in the order help texts name them.
    pub const ALL: &'static [Format] = &[
        Format::Text,
        Format::Markdown,
        Format::Html,
        Format::Json,
        Format::Csv,
        Format::Sarif,
        Format::Junit,
        Format::Github,
        Format::Gitlab,
    ];

    fn row(self) -> Row {
        match self {
            Format::Text => Row {
                name: "text",
                also: &["txt"],
                about: "For reading on a terminal",
                write: |card, options| {
                    let render = if card.is_one_gate() { change::text } else { terminal::render };
                    Ok(render(card, options).into_bytes())
                },
            },
            Format::Markdown => Row {
                name: "markdown",
                also: &["md"],
                about: "For a pull request or a wiki",
                write: |card, options| {
                    let render = if card.is_one_gate() { change::markdown } else { markdown::render };
                    render(card, options).map(String::into_bytes)
                },
            },
            Format::Html => Row {
                name: "html",
                also: &["htm"],
                about: "The page to hand over",
                write: |card, options| html::render(card, options).map(String::into_bytes),
            },
            Format::Json => {
                Row { name: "json", also: &[], about: "The scorecard document", write: |card, _| json(card) }
            }
            Format::Csv => Row {
                name: "csv",
                also: &[],
                about: "The inventory, for a spreadsheet",
                write: |card, _| Ok(csv::render(card).into_bytes()),
            },
            Format::Sarif => {
                Row { name: "sarif", also: &[], about: "SARIF 2.1.0, for code scanning", write: ci::sarif::render }
            }
            Format::Junit => {
                Row { name: "junit", also: &["xml"], about: "JUnit, for test reports", write: ci::junit::render }
            }
            Format::Github => {
                Row { name: "github", also: &[], about: "Annotations of GitHub Actions", write: ci::github::render }
            }
            Format::Gitlab => {
                Row { name: "gitlab", also: &[], about: "GitLab's code quality report", write: ci::gitlab::render }
            }
        }
    }

    /// The name people type.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Other names it is known by.
    pub fn also(self) -> &'static [&'static str] {
        self.row().also
    }

    /// What it is for, in one line.
    pub fn about(self) -> &'static str {
        self.row().about
    }

    pub(super) fn write(self) -> Write {
        self.row().write
    }

    /// The names of all formats: `text, markdown, html …`.
    pub fn names() -> String {
        Self::ALL.iter().map(|f| f.name()).collect::<Vec<_>>().join(", ")
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Problem;

    /// Case does not matter; short names such as `md` are understood too.
    fn from_str(name: &str) -> Result<Self, Problem> {
        let typed = name.to_ascii_lowercase();
        Self::ALL.iter().copied().find(|f| f.name() == typed || f.also().contains(&typed.as_str())).ok_or_else(|| {
            Problem::usage(format!("there is no report format {name:?}")).help(format!("use one of {}", Self::names()))
        })
    }
}
