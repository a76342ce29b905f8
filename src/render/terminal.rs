//! The scorecard on a terminal: verdict, what to do, checklist, gates.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::RenderOptions;
use super::page::Page;
use super::paint::{wrap, wrap_command};
use super::text::{one_line, plural, shorten_words};
use super::view::{CheckView, FindingView, ItemView, Mark, Report, StepView};
use crate::scorecard::Scorecard;

/// Findings shown per blocker; the reports have all.
const FINDINGS: usize = 3;
/// Columns of evidence per checklist item; what failed is told further up.
const EVIDENCE: usize = 120;
/// Fewer columns than this are too narrow for the last column of a table: it goes under the others.
const NARROW: usize = 26;
/// Places shown per finding.
const PLACES: usize = 2;

/// What is told of the run beside the report.
struct Run<'a> {
    /// The reports that were written.
    written: &'a [String],
}

/// Render for a terminal.
pub(super) fn render(card: &Scorecard, options: &RenderOptions) -> String {
    let report = Report::new(card, options);
    let mut page = Page::new(options, Run { written: &options.written });
    page.verdict(&report);
    page.trend(&report);
    page.blockers(&report);
    page.undecided(&report);
    page.conditions(&report);
    page.items("Checklist", &report.checklist);
    page.items("Failure modes", &report.failure_modes);
    page.gates(&report);
    page.cohorts(&report);
    page.end(&report);
    page.out
}

impl Page<Run<'_>> {
    fn verdict(&mut self, report: &Report) {
        let v = &report.verdict;
        let label = self.paint.verdict(v.mark.mark, v.label);
        let title = one_line(&report.title).into_owned();
        self.line(&format!("{label} at the gate {} · {title}", self.paint.bold(&v.gate)));
        self.message(&v.summary, 0);
        for sentence in &report.scope {
            self.message(sentence, 2);
        }
        for side in &report.sides {
            let text = match (&side.address, &side.missing) {
                (Some(address), None) => format!("{} {address} · {}", side.name, side.detail),
                (Some(address), Some(why)) => format!("{} {address} · not seen: {why}", side.name),
                (None, why) => format!("{}: {}", side.name, why.as_deref().unwrap_or("not part of this run")),
            };
            for line in wrap(&one_line(&text), self.width.saturating_sub(2)) {
                let line = self.paint.dim(&format!("  {line}"));
                self.line(&line);
            }
        }
    }

    /// What changed: in full what is new or lost, the rest as a number.
    fn trend(&mut self, report: &Report) {
        let Some(trend) = &report.trend else { return };
        self.heading(&format!("Since the report of {}", trend.since));
        self.message(&trend.summary, 0);
        for group in trend.groups.iter().filter(|g| matches!(g.mark.mark, Mark::Failed | Mark::Unknown)) {
            for change in group.changes.iter().take(FINDINGS) {
                self.hanging(group.mark.word, &change.message, 2);
            }
        }
    }

    fn blockers(&mut self, report: &Report) {
        if !report.blockers.is_empty() {
            self.heading(&format!("In the way ({})", report.blockers.len()));
            for check in &report.blockers {
                self.check(check, true);
            }
        }
        if !report.standing.is_empty() {
            self.heading(&format!("Failed before the change already ({})", report.standing.len()));
            for check in &report.standing {
                self.brief(check, &check.gates);
            }
        }
    }

    fn undecided(&mut self, report: &Report) {
        if report.undecided.is_empty() {
            return;
        }
        self.heading(&format!("Not decided ({})", report.undecided.len()));
        for gap in &report.gaps {
            self.lacking(&gap.checks);
        }
    }

    /// Checks that lack the same evidence, and what would supply it: said once for all of them.
    fn lacking(&mut self, checks: &[CheckView]) {
        let [first, rest @ ..] = checks else { return };
        if rest.is_empty() {
            return self.check(first, false);
        }
        let mark = self.paint.mark(first.mark.mark, first.mark.glyph);
        let count = self.paint.bold(&plural(checks.len(), "check"));
        self.line(&format!(" {mark} {count}"));
        self.message(&checks.iter().map(|c| one_line(&c.rule)).collect::<Vec<_>>().join(", "), 3);
        self.missing(first);
        for finding in first.findings.iter().take(FINDINGS) {
            self.finding(finding);
        }
    }

    fn missing(&mut self, check: &CheckView) {
        self.hanging("?", check.why.as_deref().unwrap_or("the evidence is missing"), 3);
        if let Some(remedy) = &check.why_remedy {
            self.hanging("→", remedy, 3);
        }
    }

    fn conditions(&mut self, report: &Report) {
        if report.conditions.is_empty() {
            return;
        }
        self.heading(&format!("Conditions ({})", report.conditions.len()));
        for check in &report.conditions {
            let note = match (check.outcome, check.owners.as_str()) {
                ("waived", owners) => format!("waived by {owners}"),
                ("unknown", _) => "unknown".to_owned(),
                (_, "") => check.tally.clone(),
                (_, owners) => format!("{}, {owners}", check.tally),
            };
            self.brief(check, &note);
        }
    }

    fn brief(&mut self, check: &CheckView, note: &str) {
        let mark = self.paint.mark(check.mark.mark, check.mark.glyph);
        self.line(&format!(" {mark} {}", self.paint.code(&one_line(&check.rule))));
        let text = if note.is_empty() { check.title.clone() } else { format!("{} ({note})", check.title) };
        self.message(&text, 3);
    }

    fn check(&mut self, check: &CheckView, failed: bool) {
        let mark = self.paint.mark(check.mark.mark, check.mark.glyph);
        let item = check.item.map_or_else(String::new, |n| format!(" · checklist item {n}"));
        self.line(&format!(
            " {mark} {}{}",
            self.paint.bold(&one_line(&check.rule)),
            self.paint.dim(&format!(" · {}{item}", check.severity))
        ));
        if !failed {
            self.missing(check);
        } else if check.findings.is_empty() {
            self.message(check.why.as_deref().unwrap_or(&check.title), 3);
        }
        for finding in check.findings.iter().take(FINDINGS) {
            self.finding(finding);
        }
        if let Some(more) = check.findings.len().checked_sub(FINDINGS).filter(|more| *more > 0) {
            let text = self.paint.dim(&format!("   and {more} more of this kind"));
            self.line(&text);
        }
        self.steps(&check.steps);
    }

    fn finding(&mut self, finding: &FindingView) {
        match &finding.mark {
            Some(mark) => self.message(&format!("{} {}: {}", mark.glyph, mark.word, finding.message), 3),
            None => self.message(&finding.message, 3),
        }
        for place in finding.evidence.iter().take(PLACES) {
            // Which RPC answered and when is in the other reports; here the place is enough.
            let text = match &place.detail {
                Some(detail) if place.code => format!("{} ({detail})", place.place),
                _ => place.place.clone(),
            };
            self.hanging("at", &text, 3);
        }
        if let Some(more) = finding.evidence.len().checked_sub(PLACES).filter(|more| *more > 0) {
            let text = self.paint.dim(&format!("      and {}", plural(more, "more place")));
            self.line(&text);
        }
        if let Some(owner) = &finding.owner {
            self.hanging("owner", owner, 3);
        }
        self.steps(&finding.steps);
    }

    fn steps(&mut self, steps: &[StepView]) {
        for step in steps {
            if !step.text.is_empty() {
                self.hanging("→", &step.text, 3);
            }
            let room = self.width - 7;
            for (i, line) in step.command.iter().flat_map(|c| wrap_command(c, room)).enumerate() {
                let prompt = if i == 0 { "$" } else { " " };
                let line = format!("     {} {}", self.paint.dim(prompt), self.paint.code(&line));
                self.line(&line);
            }
        }
    }

    fn items(&mut self, title: &str, items: &[ItemView]) {
        if items.is_empty() {
            return;
        }
        self.heading(title);
        let rows = items.iter().map(|i| {
            let number = i.number.map_or_else(String::new, |n| format!("{n:<3}"));
            Row {
                mark: i.mark.mark,
                state: format!("{:<17}", format!("{} {}", i.mark.glyph, i.mark.word)),
                fixed: number,
                title: one_line(&i.title).into_owned(),
                text: shorten_words(&i.evidence, EVIDENCE),
            }
        });
        self.table(&rows.collect::<Vec<_>>());
    }

    fn gates(&mut self, report: &Report) {
        if report.gates.is_empty() {
            return;
        }
        self.heading("Gates");
        let rows = report.gates.iter().map(|g| {
            let because: Vec<&str> = g.because.iter().map(|r| r.rule.as_str()).collect();
            let because = match because.as_slice() {
                names if names.len() <= 3 => names.join(", "),
                [a, b, rest @ ..] => format!("{a}, {b} and {} more", rest.len()),
                [..] => String::new(),
            };
            let name = if g.current { format!("{} ◂", g.name) } else { g.name.to_owned() };
            Row {
                mark: g.mark.mark,
                state: format!("{:<21}", format!("{} {}", g.mark.glyph, g.label)),
                fixed: format!("{name:<15}"),
                title: if g.due { format!("{}/{} passed", g.passed, g.total) } else { String::new() },
                text: because,
            }
        });
        self.table(&rows.collect::<Vec<_>>());
    }

    fn cohorts(&mut self, report: &Report) {
        let Some(first) = report.cohorts.first() else { return };
        let proposed = first.proposed.is_some();
        self.heading(if proposed { "Proposed cohorts (the plan has none)" } else { "Routing, cohort by cohort" });
        for c in &report.cohorts {
            let mark = self.paint.mark(c.mark.mark, &format!("{} {}", c.mark.glyph, c.label));
            let risk = if c.risk.is_empty() { String::new() } else { format!(" ({} risk)", one_line(&c.risk)) };
            self.line(&format!(" {mark} {}{risk}", self.paint.bold(&one_line(&c.name))));
            self.message(&format!("{}; {}", one_line(&c.types), one_line(&c.course)), 3);
            let because: Vec<&str> = c.because.iter().map(|r| r.rule.as_str()).collect();
            if !because.is_empty() {
                let shown: Vec<&str> = because.iter().take(4).copied().collect();
                let more = because.len() - shown.len();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                self.message(&format!("in its way: {}{more}", shown.join(", ")), 3);
            }
        }
    }

    /// Rows under each other without lines.
    fn table(&mut self, rows: &[Row]) {
        let width = |text: &str| text.width();
        let start = 1 + rows.iter().map(|r| width(&r.state) + width(&r.fixed)).max().unwrap_or(0);
        let room = self.width.saturating_sub(start + 1);
        let longest = rows.iter().map(|r| width(&r.title)).max().unwrap_or(0);
        let titles = longest.min((room / 2).max(12));
        let beside = room.saturating_sub(titles + 1) >= NARROW;
        for row in rows {
            let (titles, text, at) = match beside {
                true => (titles, self.paint.message(&row.text, 0, room - titles), start + titles + 1),
                false => (room, self.paint.message(&row.text, 0, self.width.saturating_sub(6)), 5),
            };
            let mut left = wrap(&row.title, titles).into_iter();
            let state = self.paint.mark(row.mark, &row.state);
            let mut text = text.into_iter();
            let first = left.next().unwrap_or_default();
            let pad = |title: &str| " ".repeat((titles + 1).saturating_sub(width(title)));
            let mut beside_it = |title: &str| match beside {
                true => text.next().map_or_else(String::new, |line| pad(title) + &line),
                false => String::new(),
            };
            let line = format!(" {state}{}{first}{}", row.fixed, beside_it(&first));
            self.line(&line);
            for title in left {
                let line = format!("{:start$}{title}{}", "", beside_it(&title));
                self.line(&line);
            }
            for line in text {
                self.line(&format!("{:at$}{line}", ""));
            }
        }
    }

    fn end(&mut self, report: &Report) {
        let counts: Vec<String> = report
            .counts
            .iter()
            .filter(|c| c.n > 0)
            .map(|c| self.paint.mark(c.mark.mark, &format!("{} {}", c.n, c.label)))
            .collect();
        self.out.push('\n');
        if counts.is_empty() {
            self.line("No rule was evaluated.");
        } else {
            let plain: Vec<String> =
                report.counts.iter().filter(|c| c.n > 0).map(|c| format!("{} {}", c.n, c.label)).collect();
            // Colour adds no width: wrap the plain text, and paint only when it fits on one line.
            let text = format!("{}: {}", plural(report.total_checks, "check"), plain.join(" · "));
            let lines = wrap(&text, self.width);
            if lines.len() == 1 {
                self.line(&format!("{}: {}", plural(report.total_checks, "check"), counts.join(" · ")));
            } else {
                lines.iter().for_each(|l| self.line(l));
            }
        }
        let unknown = report.unknowns.len();
        if unknown > report.undecided.len() {
            self.message("A check without an answer is not a pass: see `not known` in the report.", 0);
        }
        for waiver in report.idle_waivers.iter() {
            self.message(waiver, 0);
        }
        if let Some(first) = report.blockers.first().or(report.undecided.first()) {
            let rule = one_line(&first.rule).into_owned();
            self.message(&format!("Why a rule exists and what to do: temporal-preflight explain {rule}"), 0);
        }
        for path in self.of.written {
            let _ = writeln!(self.out, "Report: {}", one_line(path));
        }
        // Once more: on a long page the first line is out of sight.
        let v = &report.verdict;
        let label = self.paint.verdict(v.mark.mark, v.label);
        let _ = writeln!(self.out, "\n{label} at the gate {}", v.gate);
    }
}

/// A row of a table. The first two columns have the same width in every row.
struct Row {
    mark: Mark,
    state: String,
    fixed: String,
    title: String,
    text: String,
}
