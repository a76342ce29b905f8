//! How the answers came about: what was looked at, what was not, who vouches.

use super::links::Links;
use super::mark::Mark;
use super::table::{Cell, Table};
use crate::facts::Side;
use crate::render::escape::is_web;
use crate::render::text::{list, number};
use crate::scorecard::Scorecard;
use crate::scorecard::SideSummary;

/// Code coverage, connections and calls.
pub(super) fn tables(card: &Scorecard, links: &Links) -> Vec<Table> {
    let mut tables = code(card, links);
    tables.extend(card.sides.iter().map(ladder));
    tables.extend(card.sides.iter().filter(|s| !s.rpcs.is_empty()).map(rpcs));
    tables
}

fn code(card: &Scorecard, links: &Links) -> Vec<Table> {
    let gap = super::gap(&card.inventory.code);
    let Some(code) = card.inventory.code.value() else {
        return vec![Table::new("coverage-code", "Source code", &[], vec![]).gap(gap).empty("Not scanned.")];
    };
    let c = &code.coverage;
    let languages: Vec<String> = c.languages.iter().map(|(l, n)| format!("{l} ({})", number(*n))).collect();
    let fact = |name: &str, value: Cell| vec![Cell::text(name), value];
    let mut rows = vec![
        fact("Root", Cell::code(&code.repository.root)),
        fact("Commit", Cell::maybe(code.repository.commit.as_deref())),
        fact("Files seen", Cell::num(number(c.files_seen))),
        fact("Files of known languages", Cell::num(number(c.files_of_known_languages))),
        fact("Files parsed, because they name Temporal", Cell::num(number(c.files_parsed))),
        fact("Languages", Cell::text(if languages.is_empty() { "–".to_owned() } else { list(&languages) })),
    ];
    rows.extend(c.dropped.iter().map(|(why, n)| fact("Look-alikes dropped", Cell::num(number(*n)).sub(why.as_str()))));
    let mut tables = vec![Table::new("coverage-code", "Source code", &["Fact", "Value"], rows).gap(gap)];

    let mut gaps: Vec<Vec<Cell>> = Vec::new();
    for (language, files) in &c.not_analysed {
        gaps.extend(files.iter().map(|f| {
            vec![
                Cell::code(f).link(links.code(f, 1)),
                Cell::mark(Mark::Unknown, "not analysed")
                    .sub(format!("names Temporal; {language} is not understood yet")),
            ]
        }));
    }
    gaps.extend(c.beyond.iter().map(|b| {
        let mark = if b.scope.is_production() { Mark::Unknown } else { Mark::None };
        vec![
            Cell::code(format!("{}:{}", b.path, b.line)).link(links.code(&b.path, b.line)),
            Cell::mark(mark, "not followed").sub(format!("{} ({})", b.seen, b.scope.words())),
        ]
    }));
    gaps.extend(c.broken_apart.iter().map(|f| {
        vec![
            Cell::code(f).link(links.code(f, 1)),
            Cell::mark(Mark::None, "read in part").sub("syntax errors, in tests or where nothing names Temporal"),
        ]
    }));
    gaps.extend(c.files_with_syntax_errors.iter().map(|f| {
        vec![
            Cell::code(f).link(links.code(f, 1)),
            Cell::mark(Mark::Attention, "read in part").sub("syntax errors; facts from it may be incomplete"),
        ]
    }));
    gaps.extend(
        c.skipped.iter().map(|s| vec![Cell::code(&s.path), Cell::mark(Mark::None, "skipped").sub(s.reason.as_str())]),
    );
    tables.push(
        Table::new("coverage-skipped", "Not looked at, or only in part", &["Path", "Why"], gaps)
            .empty("Every file that names Temporal was read."),
    );
    tables
}

fn ladder(side: &SideSummary) -> Table {
    let rows = side
        .connection
        .iter()
        .map(|s| {
            vec![
                Cell::text(s.step.to_uppercase()),
                Cell::text(&s.detail).sub(s.remedy.clone().unwrap_or_default()),
                Cell::num(format!("{} ms", number(s.ms))),
                if s.ok { Cell::mark(Mark::Ok, "passed") } else { Cell::mark(Mark::Failed, "failed") },
            ]
        })
        .collect();
    let title = match side.side {
        Side::Source => "Connection to the source",
        Side::Target => "Connection to the target",
    };
    let id = format!("coverage-connection-{}", side.side);
    Table::new(&id, title, &["Step", "What was seen", "Time", "State"], rows)
        .gap(side.missing.as_ref().map(|why| format!("No snapshot: {why}")))
        .empty("No connection was tried.")
}

fn rpcs(side: &SideSummary) -> Table {
    let total: u64 = side.rpcs.values().map(|c| c.calls).sum();
    let rows = side
        .rpcs
        .iter()
        .map(|(name, count)| {
            let short = name.rsplit('/').next().unwrap_or(name);
            vec![
                Cell::code(short),
                Cell::num(number(count.calls)),
                if count.errors == 0 { Cell::quiet("0") } else { Cell::num(number(count.errors)) },
            ]
        })
        .collect();
    Table::new(
        &format!("coverage-rpcs-{}", side.side),
        format!("Calls made to the {}", side.side),
        &["RPC", "Calls", "Errors"],
        rows,
    )
    .note(format!(
        "{} calls in all. Reads only: calls that change a cluster are refused before they leave.",
        number(total)
    ))
}

/// What people vouch for.
pub(super) fn attestations(card: &Scorecard) -> Table {
    let today = card.at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let rows = card
        .attestations
        .iter()
        .map(|a| {
            let state = match (a.valid_until < today, a.holds) {
                (true, _) => Cell::mark(Mark::Unknown, "expired"),
                (false, true) => Cell::mark(Mark::Ok, "holds"),
                (false, false) => Cell::mark(Mark::Failed, "does not hold"),
            };
            let (path, line) = &a.place;
            vec![
                Cell::code(&a.id).sub(format!("{path}:{line}")),
                Cell::text(&a.by).sub(format!("on {}", a.date)),
                // A link has to say something.
                match (&a.note, &a.link) {
                    (Some(note), link) => Cell::text(note).sub(link.clone().unwrap_or_default()),
                    (None, Some(link)) => Cell::text(link),
                    (None, None) => Cell::quiet("–"),
                }
                .link(a.link.clone().filter(|l| is_web(l))),
                Cell::num(a.valid_until.to_string()),
                state,
            ]
        })
        .collect();
    Table::new("attestations", "Attestations", &["What", "Who", "Note", "Valid until", "State"], rows)
        .empty("Nobody has vouched for anything yet (attestations.yaml).")
}

/// What was accepted.
pub(super) fn waivers(card: &Scorecard, links: &Links) -> Table {
    let rows = card
        .waivers
        .iter()
        .map(|w| {
            let state = match w.state.as_str() {
                "used" => Cell::mark(Mark::Waived, "used"),
                "unused" => Cell::mark(Mark::Attention, "unused"),
                "expired" => Cell::mark(Mark::Failed, "expired"),
                "refused" => Cell::mark(Mark::Failed, "refused"),
                _ => Cell::text(&w.state),
            };
            vec![
                Cell::code(&w.rule),
                Cell::text(&w.waiver.reason),
                Cell::text(&w.waiver.owner).sub(format!("until {}", w.waiver.until)),
                Cell::code(w.waiver.place.to_string()).link(links.locus(&w.waiver.place)),
                state,
            ]
        })
        .collect();
    Table::new("waivers", "Waivers", &["Rule", "Reason", "Owner", "Place", "State"], rows).empty("Nothing is waived.")
}
