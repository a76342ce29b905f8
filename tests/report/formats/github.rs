//! Annotations as the runner of GitHub Actions reads them.

use temporal_preflight::render::Format;
use temporal_preflight::scorecard::Severity;

use super::{change, every, is_inside, open, text};

/// One command: its name, its properties, its text.
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let rest = line.strip_prefix("::").unwrap_or_else(|| panic!("{line}"));
    let (head, data) = rest.split_once("::").unwrap_or_else(|| panic!("{line}"));
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let properties = properties
        .split(',')
        .filter_map(|p| p.split_once('='))
        .map(|(k, v)| (k.to_owned(), decoded(v).replace("%3A", ":").replace("%2C", ",")))
        .collect();
    (name.to_owned(), properties, decoded(data))
}

fn decoded(text: &str) -> String {
    text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
}

#[test]
fn the_caps_are_kept_and_blockers_stand_first() {
    for (name, card) in every() {
        let report = text(&card, Format::Github);
        let mut lines = report.lines();
        assert!(lines.next().unwrap().starts_with(card.verdict.label()), "{name}\n{report}");
        let commands: Vec<_> = lines.map(command).collect();
        assert!(commands.len() <= 30, "{name}");
        for kind in ["error", "warning", "notice"] {
            assert!(commands.iter().filter(|c| c.0 == kind).count() <= 10, "{name}: {kind}");
        }
        assert!(commands.iter().all(|c| ["error", "warning", "notice"].contains(&c.0.as_str())), "{name}");
        let last_error = commands.iter().rposition(|c| c.0 == "error").unwrap_or(0);
        let first_other = commands.iter().position(|c| c.0 != "error").unwrap_or(commands.len());
        assert!(last_error <= first_other, "{name}: an error after a warning");
        for (_, properties, data) in &commands {
            assert!(!data.trim().is_empty());
            if let Some((_, file)) = properties.iter().find(|(k, _)| k == "file") {
                if name != "hostile" {
                    is_inside(file);
                }
                let line = &properties.iter().find(|(k, _)| k == "line").unwrap().1;
                assert!(line.parse::<u32>().unwrap() >= 1, "{name}: {line}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_counted() {
    let card = every().into_iter().find(|(name, _)| *name == "many").unwrap().1;
    assert!(open(&card, Severity::Blocker) >= 1000);
    let report = text(&card, Format::Github);
    let last = report.lines().last().unwrap();
    assert!(last.starts_with("::notice") && last.contains("more: see the job summary"), "{last}");
}

#[test]
fn what_was_there_before_is_not_annotated() {
    let card = change();
    let report = text(&card, Format::Github);
    for check in &card.checks {
        for finding in check.findings.iter().take(1) {
            let words: String = finding.message.replace('`', "'").replace('%', "%25");
            assert!(!report.contains(&words), "{words}\n{report}");
        }
    }
}
