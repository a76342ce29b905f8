//! The template engine: built-in templates, each of which a folder may replace.

use std::path::Path;

use tera::{Context, Kwargs, State, Tera, Value};

use super::{escape, paint};
use crate::ui::Problem;

/// Columns a command may take on a page.
const COMMAND_WIDTH: usize = 100;

/// Name and text of every built-in template.
const BUILT_IN: [(&str, &str); 6] = [
    ("pr-comment.md", include_str!("../../templates/pr-comment.md")),
    ("report.html", include_str!("../../templates/report.html")),
    ("components.html", include_str!("../../templates/components.html")),
    ("report.css", include_str!("../../templates/report.css")),
    ("report.js", include_str!("../../templates/report.js")),
    ("summary.md", include_str!("../../templates/summary.md")),
];

/// Render `template` with `view`.
pub(super) fn render(template: &str, view: &impl serde::Serialize, folder: Option<&Path>) -> Result<String, Problem> {
    let engine = engine(template, folder)?;
    let context = Context::from_serialize(view)
        .map_err(|e| Problem::tool("the report could not be prepared").note(e.to_string()))?;
    engine.render(template, &context).map_err(|e| problem(&e, folder))
}

fn engine(wanted: &str, folder: Option<&Path>) -> Result<Tera, Problem> {
    let markdown = wanted.ends_with(".md");
    let mut tera = Tera::new();
    tera.autoescape_on([".html", ".md"]);
    tera.set_escape_fn(if markdown { escape::markdown_into } else { escape::html_into });
    filters(&mut tera);
    let mut sources = Vec::new();
    for (name, _) in BUILT_IN.into_iter().filter(|(name, _)| name.ends_with(".md") == markdown) {
        sources.push((name, text(name, folder)?));
    }
    tera.add_raw_templates(sources).map_err(|e| problem(&e, folder))?;
    Ok(tera)
}

/// The text of a template as it stands.
pub(super) fn text(wanted: &str, folder: Option<&Path>) -> Result<String, Problem> {
    if let Some(text) = replaced(wanted, folder)? {
        return Ok(text);
    }
    BUILT_IN
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, text)| (*text).to_owned())
        .ok_or_else(|| Problem::tool(format!("there is no template {wanted}")))
}

/// The text of a replacement, when the folder holds one.
fn replaced(name: &str, folder: Option<&Path>) -> Result<Option<String>, Problem> {
    let Some(path) = folder.map(|f| f.join(name)) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Problem::usage(format!("cannot read the template {}", path.display())).note(e.to_string())),
    }
}

fn problem(error: &tera::Error, folder: Option<&Path>) -> Problem {
    let report = error.to_string();
    match folder {
        Some(folder) => Problem::usage(format!("a template in {} or one it uses has an error", folder.display()))
            .note(report)
            .help("remove the file to use the built-in template"),
        None => Problem::tool("a built-in template has an error").note(report),
    }
}

/// What templates may call beside the engine's own filters; each result is finished markup.
fn filters(tera: &mut Tera) {
    let mut add = |name: &'static str, f: fn(&str) -> String| {
        tera.register_filter(name, move |text: &str, _: Kwargs, _: &State| Value::safe_string(&f(text)));
    };
    add("message", escape::html_message);
    add("explanation", escape::html_markdown);
    add("wrapped", |text| escape::html(&wrapped(text)));
    add("md_message", |text| escape::markdown_message(text, false));
    add("md_cell", |text| escape::markdown_message(text, true));
    add("md_code", |text| escape::markdown_code(text, false));
    add("md_cell_code", |text| escape::markdown_code(text, true));
    add("md_url", escape::markdown_url);
    add("md_command", |text| escape::markdown_block(&wrapped(text), "sh", 5));
}

/// A command over as many lines as a page needs, still one command when pasted.
fn wrapped(command: &str) -> String {
    paint::wrap_command(command, COMMAND_WIDTH).join("\n")
}
