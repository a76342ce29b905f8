//! For pull requests and wikis.

use super::{RenderOptions, templates, view::Report};
use crate::scorecard::Scorecard;
use crate::ui::Problem;

/// Render the Markdown summary.
pub(super) fn render(card: &Scorecard, options: &RenderOptions) -> Result<String, Problem> {
    let text = templates::render("summary.md", &Report::new(card, options), options.template_dir.as_deref())?;
    Ok(squeeze(&text))
}

/// No more than one empty line in a row outside fenced blocks, none at the start, one newline at the end.
pub(super) fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut empty, mut fence) = (true, None::<String>);
    for line in text.lines() {
        let trimmed = line.trim();
        let ticks: String = trimmed.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if trimmed == open => fence = None,
            None if ticks.len() >= 3 => fence = Some(ticks),
            _ => {}
        }
        if trimmed.is_empty() && fence.is_none() {
            if !empty {
                out.push('\n');
            }
            empty = true;
            continue;
        }
        empty = false;
        out.push_str(if fence.is_some() { line } else { line.trim_end() });
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}
