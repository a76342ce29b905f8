//! stdout is the result, stderr is everything else.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::progress;

use crate::render::{self, Format, RenderOptions};
use crate::scorecard::Scorecard;
use crate::ui::{Problem, atomic};

const REPORTS: &str = "Rules and reports";

/// Columns where there is no terminal.
const PAGE: usize = 100;

/// `--color`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// When the output is a terminal and NO_COLOR is not set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Make the choice known to everything that prints.
    pub fn apply(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// Width of the terminal behind stdout; 100 columns when there is none.
pub fn width() -> usize {
    if !std::io::stdout().is_terminal() {
        return PAGE;
    }
    comfy_table::Table::new().width().map_or(PAGE, usize::from).clamp(40, 160)
}

/// Print the result. A reader that went away (`| head`) is not an error.
pub fn result(text: &str) -> Result<(), Problem> {
    progress::clear();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    // Looking for styles in a large document that has none takes longer than writing it.
    let written = if text.contains('\u{1b}') {
        let mut out = anstream::stdout().lock();
        write!(out, "{text}{newline}").and_then(|()| out.flush())
    } else {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.write_all(newline.as_bytes())).and_then(|()| out.flush())
    };
    match written {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Problem::tool("cannot write the result").note(e.to_string()))
        }
        _ => Ok(()),
    }
}

/// Say something that is not the result, unless `--quiet`.
pub fn say(text: &str) {
    if !progress::is_quiet() {
        complain(text);
    }
}

/// Say what went wrong, whatever was asked for.
pub fn complain(text: &str) {
    progress::clear();
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Print what is wrong; the exit code it leads to, when there is something.
pub fn problems(problems: &[Problem]) -> Option<ExitCode> {
    for problem in problems {
        // anstream drops the styles where stderr is no terminal.
        complain(&problem.render(true));
    }
    problems.iter().map(|p| p.code).max().map(ExitCode::from)
}

/// Whether the result is printed in colour: `--color`, NO_COLOR and the terminal decide.
pub fn color() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// `--output` of the commands that judge.
impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()).aliases(self.also()).help(self.about()))
    }
}

/// One `--report FORMAT=PATH`.
#[derive(Debug, Clone)]
pub struct Report {
    format: Format,
    path: PathBuf,
}

impl std::str::FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("a report is given as html=FILE; formats: {}", Format::names());
        let (format, path) = text.split_once('=').ok_or_else(form)?;
        if path.is_empty() {
            return Err("the path after `=` is empty".into());
        }
        let format = format.parse().map_err(|problem: Problem| format!("{}; {}", problem.title, form()))?;
        Ok(Self { format, path: path.into() })
    }
}

impl Report {
    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A report without flags.
    pub fn new(format: Format, path: PathBuf) -> Self {
        Self { format, path }
    }
}

/// Flags of every command that writes reports: how they look.
#[derive(Debug, Clone, Default, Args)]
pub struct Look {
    /// Where a browser finds the code: https://github.com/you/repo
    #[arg(long, value_name = "URL", help_heading = REPORTS)]
    pub repo_url: Option<String>,
    /// Folder with templates that replace those of the reports
    #[arg(long, value_name = "DIR", help_heading = REPORTS)]
    pub template_dir: Option<PathBuf>,
    /// A brand for the HTML report: name, logo, footer, colors
    #[arg(long, value_name = "FILE", help_heading = REPORTS)]
    pub theme: Option<PathBuf>,
}

impl Look {
    /// With what is known of the terminal.
    ///
    /// # Errors
    /// A theme that cannot be used.
    pub fn options(&self) -> Result<RenderOptions, Problem> {
        Ok(RenderOptions {
            repo_url: self.repo_url.clone(),
            template_dir: self.template_dir.clone(),
            theme: self.theme.as_deref().map(render::Theme::load).transpose()?,
            ..on_terminal()
        })
    }
}

/// Print the scorecard in one format.
pub fn print(card: &Scorecard, format: Format, options: &RenderOptions) -> Result<(), Problem> {
    let bytes = render::render(card, format, options)?;
    result(&String::from_utf8_lossy(&bytes))
}

/// What renderers may know of the terminal.
pub fn on_terminal() -> RenderOptions {
    RenderOptions { width: width(), color: color(), ..RenderOptions::default() }
}

/// Write all reports; each is rendered before the first is written, so that a failure leaves none behind.
///
/// A file is not a terminal: neither its width nor its colours go into it.
pub fn reports(card: &Scorecard, wanted: &[Report], options: &RenderOptions) -> Result<(), Problem> {
    let options = &RenderOptions { width: PAGE, color: false, ..options.clone() };
    let rendered = wanted
        .iter()
        .map(|r| Ok((r, render::render(card, r.format, options)?)))
        .collect::<Result<Vec<_>, Problem>>()?;
    for (report, bytes) in rendered {
        atomic::write(&report.path, &bytes)?;
    }
    Ok(())
}

/// Say where reports are.
pub fn wrote(reports: &[Report]) {
    for report in reports {
        say(&format!("wrote {}", file_uri(&report.path)));
    }
}

/// A link a terminal can open.
pub fn file_uri(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let text = path.to_string_lossy().replace('\\', "/");
    let mut uri = String::from(if text.starts_with('/') { "file://" } else { "file:///" });
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b':' => uri.push(byte as char),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

/// A path as documents and messages show it: `/` as separator on every system.
pub fn shown(path: &Path) -> String {
    path.display().to_string().replace(std::path::MAIN_SEPARATOR, "/")
}

/// Pretty JSON.
pub fn json<T: serde::Serialize>(value: &T) -> Result<String, Problem> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|e| Problem::tool("cannot write JSON").note(e.to_string()))
}
