//! Workflow commands of GitHub Actions: annotations at the lines of a change.
//!
//! GitHub shows at most ten errors, ten warnings and ten notices of a step, so the worst come first, each kind stays
//! within its ten, and the last notice counts what is left.

use std::fmt::Write as _;

use super::{Item, is_error, items, plain};
use crate::render::RenderOptions;
use crate::scorecard::Scorecard;
use crate::scorecard::{Certainty, Severity};
use crate::ui::Problem;

/// Annotations of a kind GitHub shows per step.
const CAP: usize = 10;

pub(in crate::render) fn render(card: &Scorecard, options: &RenderOptions) -> Result<Vec<u8>, Problem> {
    let mut out = String::new();
    let compared =
        card.baseline.as_ref().map_or_else(String::new, |b| format!(" · compared with {}", plain(&b.source)));
    // Not at the start of a line: a name may look like a command.
    let _ = writeln!(out, "{} at the gate {}{compared} · {}", card.verdict.label(), card.gate, plain(&card.summary));
    let all = items(card, options);
    let shown: Vec<&Item<'_>> =
        all.iter().filter(|i| i.waiver.is_none() && !i.known && i.check.gates.contains(&card.gate)).collect();
    let mut left = 0;
    let mut used = [0; 3];
    for (kind, item) in shown.iter().map(|i| (kind(i), i)) {
        let slot = kind as usize;
        // The last notice is kept for the count.
        let cap = if kind == Kind::Notice { CAP - 1 } else { CAP };
        match used.get_mut(slot) {
            Some(n) if *n < cap => {
                *n += 1;
                out.push_str(&annotation(kind, item));
            }
            _ => left += 1,
        }
    }
    if left > 0 {
        let text = format!("and {left} more: see the job summary or the other reports of this run");
        let _ = writeln!(out, "::notice title=temporal-preflight::{}", data(&text));
    }
    Ok(out.into_bytes())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
    Notice,
}

fn kind(item: &Item<'_>) -> Kind {
    match (item.check.severity, item.certainty) {
        _ if is_error(item) => Kind::Error,
        (Severity::Minor, _) | (Severity::Major, Certainty::Unknown) => Kind::Notice,
        _ => Kind::Warning,
    }
}

fn annotation(kind: Kind, item: &Item<'_>) -> String {
    let name = match kind {
        Kind::Error => "error",
        Kind::Warning => "warning",
        Kind::Notice => "notice",
    };
    let anchor = &item.anchor;
    let mut at = format!("file={},line={}", property(&anchor.path), anchor.line);
    if anchor.column > 0 {
        let _ = write!(at, ",col={}", anchor.column);
    }
    let mut text = item.message.clone();
    if let Some(fix) = item.fix() {
        let _ = write!(text, "\n→ {fix}");
    }
    format!("::{name} {at},title={}::{}\n", property(&plain(&item.check.rule)), data(&text))
}

/// Escaped as the runner reads the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escaped as the runner reads a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
