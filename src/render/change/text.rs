//! For a terminal and the log of a CI job.

use super::{Change, Group, Item};
use crate::render::RenderOptions;
use crate::render::page::Page;
use crate::render::paint::wrap_command;
use crate::render::text::{one_line, plural, shorten};
use crate::render::view::{Mark, StepView};

/// Findings shown per rule.
const SHOWN: usize = 30;

/// A page about a change.
struct OfChange;

pub(super) fn render(change: &Change, options: &RenderOptions) -> String {
    let mut page = Page::new(options, OfChange);
    let label = page.paint.verdict(change.mark.mark, change.label);
    let compared = change.source.as_ref().map_or_else(String::new, |s| format!(" · compared with {}", one_line(s)));
    let title = one_line(&change.title);
    page.line(&format!("{label} at the gate {} · {title}{compared}", page.paint.bold("pr")));
    page.message(&change.summary, 0);
    page.groups("In the way", &change.blockers);
    page.groups("Not decided", &change.undecided);
    page.groups("Conditions", &change.conditions);
    if !change.fixed.is_empty() {
        page.heading(&format!("Mended by this change ({})", change.fixed.len()));
        for item in change.fixed.iter().take(SHOWN) {
            let mark = page.paint.mark(Mark::Ok, "✓");
            page.line(&format!(" {mark} {}", page.paint.dim(&one_line(&item.rule))));
            page.message(&item.message, 3);
        }
        page.more(change.fixed.len());
    }
    if !change.notes.is_empty() {
        page.out.push('\n');
        for note in &change.notes {
            page.hanging("·", note, 0);
        }
    }
    for path in &options.written {
        page.line(&format!("Report: {}", one_line(path)));
    }
    if let Some(first) = change.blockers.first().or(change.undecided.first()) {
        let rule = one_line(&first.rule).into_owned();
        page.message(&format!("Why a rule exists and what to do: temporal-preflight explain {rule}"), 0);
    }
    if page.out.lines().count() > 12 {
        let label = page.paint.verdict(change.mark.mark, change.label);
        page.line(&format!("\n{label} at the gate pr"));
    }
    page.out
}

impl Page<OfChange> {
    fn groups(&mut self, title: &str, groups: &[Group]) {
        if groups.is_empty() {
            return;
        }
        let count: usize = groups.iter().map(|g| g.items.len().max(1 + g.also.len())).sum();
        self.heading(&format!("{title} ({count})"));
        for group in groups {
            let mark = self.paint.mark(group.mark.mark, group.mark.glyph);
            let rule = self.paint.bold(&one_line(&group.rule));
            self.line(&format!(" {mark} {rule}{}", self.paint.dim(&format!(" · {}", group.severity))));
            if !group.also.is_empty() {
                let also: Vec<_> = group.also.iter().map(|rule| one_line(rule)).collect();
                self.hanging("and", &also.join(", "), 3);
            }
            if let Some(why) = &group.why {
                self.hanging("?", why, 3);
            }
            if let Some(remedy) = &group.why_remedy {
                self.hanging("→", remedy, 3);
            }
            for item in group.items.iter().take(SHOWN) {
                self.item(item);
            }
            self.more(group.items.len());
            self.steps(&group.steps);
        }
    }

    fn more(&mut self, all: usize) {
        if let Some(more) = all.checked_sub(SHOWN).filter(|more| *more > 0) {
            let text = self.paint.dim(&format!("   and {} of this kind", plural(more, "more finding")));
            self.line(&text);
        }
    }

    fn item(&mut self, item: &Item) {
        self.message(&item.message, 3);
        self.hanging("at    ", &item.place, 3);
        if let Some(code) = &item.snippet {
            let code = self.paint.dim(&shorten(code, self.width.saturating_sub(10)));
            // Never at the start of a line: a CI system may take code that begins with `::` for a command of its own.
            self.line(&format!("        │ {code}"));
        }
        if let Some(client) = &item.client {
            self.hanging("client", client, 3);
        }
        if let Some(owner) = &item.owner {
            self.hanging("owner ", owner, 3);
        }
        self.steps(&item.steps);
    }

    fn steps(&mut self, steps: &[StepView]) {
        for (i, step) in steps.iter().enumerate() {
            if !step.text.is_empty() {
                self.hanging(if i == 0 { "fix   " } else { "or    " }, &step.text, 3);
            }
            let room = self.width.saturating_sub(12);
            for (i, line) in step.command.iter().flat_map(|c| wrap_command(c, room)).enumerate() {
                let prompt = if i == 0 { "$" } else { " " };
                let line = format!("          {} {}", self.paint.dim(prompt), self.paint.code(&line));
                self.line(&line);
            }
        }
    }
}
