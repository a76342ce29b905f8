//! JUnit's XML: one test per rule of the gate.
//!
//! What stops the gate is a failure, a blocker without an answer an error. What does not stop it is no failure here
//! either, because the systems that read this turn red for one: conditions are skipped tests that say what they are.

use std::fmt::Write as _;

use super::{Item, answer, items, plain};
use crate::render::RenderOptions;
use crate::render::text::plural;
use crate::scorecard::Scorecard;
use crate::scorecard::{Certainty, Check, Outcome, Severity};
use crate::ui::Problem;

/// What a test came to.
enum Came {
    Passed,
    Failure(String),
    Error(String),
    Skipped(String),
}

pub(in crate::render) fn render(card: &Scorecard, options: &RenderOptions) -> Result<Vec<u8>, Problem> {
    let all = items(card, options);
    let mut areas: Vec<&str> = vec![];
    let own: Vec<&Check> = card.checks.iter().filter(|c| c.gates.contains(&card.gate)).collect();
    for check in &own {
        if !areas.contains(&check.area.as_str()) {
            areas.push(&check.area);
        }
    }
    let mut suites = String::new();
    let mut total = Counts::default();
    for area in areas {
        let mut counts = Counts::default();
        let mut cases = String::new();
        for check in own.iter().filter(|c| c.area == area) {
            let mine: Vec<&Item<'_>> = all.iter().filter(|i| i.check.rule == check.rule).collect();
            let came = came(card, check, &mine);
            counts.add(&came);
            case(&mut cases, check, &came, &mine);
        }
        total.join(&counts);
        let _ = writeln!(
            suites,
            "  <testsuite name=\"{}\" {counts} time=\"0\" timestamp=\"{}\">\n{cases}  </testsuite>",
            attribute(area),
            card.at.strftime("%Y-%m-%dT%H:%M:%S")
        );
    }
    let name = attribute(&format!("temporal-preflight: {} at the gate {}", card.verdict.label(), card.gate));
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{name}\" {total} time=\"0\">\n{suites}</testsuites>\n")
        .into_bytes())
}

fn came(card: &Scorecard, check: &Check, mine: &[&Item<'_>]) -> Came {
    let count = |certainty: Certainty| {
        mine.iter().filter(|i| !i.known && i.waiver.is_none() && i.certainty == certainty).count()
    };
    let why = || check.why.clone().unwrap_or_else(|| "the evidence is missing".to_owned());
    match (answer(card, check), check.severity) {
        (Some(Outcome::Pass), _) => Came::Passed,
        (None, _) => Came::Skipped("what this rule finds was there before the change".to_owned()),
        (Some(Outcome::NotDue), _) => Came::Skipped("not due at this gate".to_owned()),
        (Some(Outcome::NotApplicable), _) => {
            Came::Skipped(format!("not applicable: {}", check.why.as_deref().unwrap_or("nothing here concerns it")))
        }
        (Some(Outcome::Waived), _) => {
            let waiver = mine.iter().find_map(|i| i.waiver);
            Came::Skipped(waiver.map_or_else(
                || "waived".to_owned(),
                |w| format!("waived by {} until {}: {}", w.owner, w.until, w.reason),
            ))
        }
        (Some(Outcome::Fail), Severity::Blocker) => Came::Failure(plural(count(Certainty::Fail).max(1), "finding")),
        (Some(Outcome::Unknown), Severity::Blocker) => Came::Error(match count(Certainty::Unknown) {
            0 => format!("not decided, because {}", why()),
            _ if check.findings.is_empty() => format!("not decided, because {}", why()),
            n => format!("{} could not be decided", plural(n, "place")),
        }),
        (Some(Outcome::Fail), severity) => Came::Skipped(format!(
            "{}: {}, which does not stop this gate",
            severity.name(),
            plural(count(Certainty::Fail).max(1), "finding")
        )),
        (Some(Outcome::Unknown), severity) => {
            Came::Skipped(format!("{}: not decided, because {}", severity.name(), why()))
        }
    }
}

fn case(out: &mut String, check: &Check, came: &Came, mine: &[&Item<'_>]) {
    let shown: Vec<&&Item<'_>> = mine.iter().filter(|i| !i.known).collect();
    let mut head = format!(
        "    <testcase name=\"{}\" classname=\"{}\" time=\"0\"",
        attribute(&format!("{}: {}", check.rule, plain(&check.title))),
        attribute(&check.area)
    );
    if let Some(first) = shown.first() {
        let _ = write!(head, " file=\"{}\" line=\"{}\"", attribute(&first.anchor.path), first.anchor.line);
    }
    let body = || {
        let mut text = String::new();
        for item in &shown {
            let _ = writeln!(text, "{}:{}: {}", plain(&item.anchor.path), item.anchor.line, item.message);
            if let Some(fix) = item.fix() {
                let _ = writeln!(text, "  → {fix}");
            }
        }
        text_of(&text)
    };
    let kind = attribute(&check.rule);
    let _ = match came {
        Came::Passed => writeln!(out, "{head}/>"),
        Came::Failure(said) => writeln!(
            out,
            "{head}>\n      <failure message=\"{}\" type=\"{kind}\">{}</failure>\n    </testcase>",
            attribute(said),
            body()
        ),
        Came::Error(said) => writeln!(
            out,
            "{head}>\n      <error message=\"{}\" type=\"{kind}\">{}</error>\n    </testcase>",
            attribute(said),
            body()
        ),
        Came::Skipped(said) => {
            let _ = writeln!(out, "{head}>\n      <skipped message=\"{}\"/>", attribute(said));
            if !shown.is_empty() {
                let _ = writeln!(out, "      <system-out>{}</system-out>", body());
            }
            writeln!(out, "    </testcase>")
        }
    };
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn add(&mut self, came: &Came) {
        self.tests += 1;
        match came {
            Came::Passed => {}
            Came::Failure(_) => self.failures += 1,
            Came::Error(_) => self.errors += 1,
            Came::Skipped(_) => self.skipped += 1,
        }
    }

    fn join(&mut self, other: &Counts) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tests, failures, errors, skipped } = self;
        write!(f, "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

/// Text of an element. XML has no way to write most control characters, escaped or not.
fn text_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Text of an attribute in double quotes.
fn attribute(text: &str) -> String {
    text_of(&plain(text)).replace('"', "&quot;").replace(['\n', '\t'], " ")
}
