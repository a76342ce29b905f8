//! The inventory for spreadsheets: one row for each thing, the same columns for all kinds, RFC 4180.
//!
//! A cell that a spreadsheet would take for a formula is made text by an apostrophe before it. The byte order mark
//! at the start tells spreadsheets that the text is UTF-8.

mod clusters;
mod code;

use super::text::one_line;
use crate::facts::Known;
use crate::scorecard::Scorecard;

/// One thing of the inventory. What a kind of thing does not have stays empty.
#[derive(Debug, Clone, Default)]
struct Row {
    /// `starter`, `schedule`, `certificate` …; several rows of one name are several things.
    what: &'static str,
    /// `source` or `target`; empty for code.
    side: String,
    namespace: String,
    name: String,
    /// Which sort of it, such as `signal_with_start` or `Keyword`.
    kind: String,
    /// In a word or two; `unknown` where the thing could not be seen.
    state: String,
    workflow_type: String,
    task_queue: String,
    path: String,
    line: Option<u32>,
    function: String,
    language: String,
    scope: String,
    confidence: String,
    /// Where a client comes from, or what leads here.
    origin: String,
    /// Open executions.
    open: Option<u64>,
    /// Age of the oldest open execution.
    oldest_open_seconds: Option<u64>,
    retention_seconds: Option<u64>,
    /// How often something is used: calls of a wrapper, sites of a factory, executions with a search attribute.
    uses: Option<u64>,
    from: String,
    until: String,
    /// Whatever else there is to know, in words.
    detail: String,
    /// Who owns the file, as `CODEOWNERS` says.
    owner: String,
}

/// Column heading → cell. New columns go to the end, so that formulas in a spreadsheet keep their columns.
type Column = (&'static str, fn(&Row) -> String);

const COLUMNS: [Column; 23] = [
    ("what", |r| r.what.to_owned()),
    ("side", |r| r.side.clone()),
    ("namespace", |r| r.namespace.clone()),
    ("name", |r| r.name.clone()),
    ("kind", |r| r.kind.clone()),
    ("state", |r| r.state.clone()),
    ("workflow_type", |r| r.workflow_type.clone()),
    ("task_queue", |r| r.task_queue.clone()),
    ("path", |r| r.path.clone()),
    ("line", |r| number(r.line.map(u64::from))),
    ("function", |r| r.function.clone()),
    ("language", |r| r.language.clone()),
    ("scope", |r| r.scope.clone()),
    ("confidence", |r| r.confidence.clone()),
    ("origin", |r| r.origin.clone()),
    ("open", |r| number(r.open)),
    ("oldest_open_seconds", |r| number(r.oldest_open_seconds)),
    ("retention_seconds", |r| number(r.retention_seconds)),
    ("uses", |r| number(r.uses)),
    ("from", |r| r.from.clone()),
    ("until", |r| r.until.clone()),
    ("detail", |r| r.detail.clone()),
    ("owner", |r| r.owner.clone()),
];

fn number(n: Option<u64>) -> String {
    n.map_or_else(String::new, |n| n.to_string())
}

/// Write the inventory.
pub(super) fn render(card: &Scorecard) -> String {
    let mut rows = code::rows(card);
    rows.extend(clusters::rows(card));
    let mut out = String::from('\u{feff}');
    line(&mut out, COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    for row in &rows {
        line(&mut out, COLUMNS.iter().map(|(_, cell)| cell(row)));
    }
    out
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (i, text) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        cell(out, &text);
    }
    out.push_str("\r\n");
}

/// Quoted where the separator, a quote or spaces at an end ask for it.
fn cell(out: &mut String, text: &str) {
    let text = one_line(text);
    let guard = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let quoted = text.contains(['"', ',', ';', '\'']) || text.trim().len() != text.len();
    if quoted {
        out.push('"');
    }
    if guard {
        out.push('\'');
    }
    out.push_str(&if quoted { text.replace('"', "\"\"") } else { text.into_owned() });
    if quoted {
        out.push('"');
    }
}

/// A row that says what of a kind is missing: its absence would read as "there is none".
fn gap<T>(what: &'static str, side: &str, namespace: &str, known: &Known<T>) -> Option<Row> {
    let why = known.why()?;
    let state = if known.value().is_some() { "seen in part" } else { "unknown" };
    Some(Row {
        what,
        side: side.to_owned(),
        namespace: namespace.to_owned(),
        state: state.to_owned(),
        detail: why.reason.clone(),
        ..Row::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        cell(&mut out, text);
        out
    }

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_the_row() {
        assert_eq!(written("=HYPERLINK(\"http://x\",1)"), "\"'=HYPERLINK(\"\"http://x\"\",1)\"");
        assert_eq!(written("+1"), "'+1");
        assert_eq!(written("-2+3"), "'-2+3");
        assert_eq!(written("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(written("\t=1"), "'=1");
        assert_eq!(written(" =1"), "\"' =1\"");
        assert_eq!(written("a\r\nb\"c"), "\"a\\u{d} b\"\"c\"");
        assert_eq!(written("PaymentSaga"), "PaymentSaga");
    }
}
