//! The same scenarios in every language: `fixtures/matrix.yaml` lists them, comments in the fixtures mark them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use temporal_preflight::scan::lang::FRONT_ENDS;

use crate::expectations::{check, fixture, sources};

/// Scenarios that belong together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    group: String,
    scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    id: String,
    means: String,
    /// Language → why it has no such thing.
    #[serde(default)]
    without: BTreeMap<String, String>,
}

/// Lines after a mark among which an expectation must stand.
const REACH: usize = 25;

fn groups() -> Vec<Group> {
    serde_saphyr::from_str(&std::fs::read_to_string("fixtures/matrix.yaml").unwrap()).unwrap()
}

fn languages() -> Vec<&'static str> {
    FRONT_ENDS.iter().map(|front| front.language()).collect()
}

/// Scenario → the files of one language that show it, relative to `fixtures`.
fn marked(language: &str, wrong: &mut Vec<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(&fixture(language)) {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let relative = path.strip_prefix(fixture("")).unwrap().to_string_lossy().into_owned();
        for (i, line) in lines.iter().enumerate() {
            let comment = line.split_once("// scenario: ").or_else(|| line.split_once("# scenario: "));
            let Some((_, ids)) = comment else { continue };
            let shown = lines[i..].iter().take(REACH).any(|line| line.contains(" expect: "));
            if !shown {
                wrong.push(format!("{relative}:{}: no expectation within {REACH} lines", i + 1));
            }
            for id in ids.split(',') {
                found.entry(id.trim().to_owned()).or_default().insert(relative.clone());
            }
        }
    }
    found
}

#[test]
fn every_language_has_every_scenario() {
    let groups = groups();
    let scenarios: Vec<&Scenario> = groups.iter().flat_map(|g| &g.scenarios).collect();
    let known: BTreeSet<&str> = scenarios.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(known.len(), scenarios.len(), "a scenario stands twice in matrix.yaml");
    let mut wrong = vec![];
    for language in languages() {
        let marks = marked(language, &mut wrong);
        for id in marks.keys().filter(|id| !known.contains(id.as_str())) {
            wrong.push(format!("{language}: the scenario {id} is not in matrix.yaml"));
        }
        for scenario in &scenarios {
            match (marks.contains_key(&scenario.id), scenario.without.get(language)) {
                (false, None) => wrong.push(format!("{language}: nothing shows {}", scenario.id)),
                (true, Some(_)) => wrong.push(format!("{language}: {} is shown, and said not to exist", scenario.id)),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scenario_is_found() {
    for language in languages() {
        check(&format!("{language}/matrix"));
    }
}

const PAGE: &str = "fixtures/README.md";

/// The page for people, with links to the code.
fn page() -> String {
    let mut page = "# Fixtures\n\n\
        Small source trees, recorded snapshots and certificates that the tests read. The code of a language is in the folder \
        of its name; comments beside the code say what the scan finds there (`expect: start type=Order …`), and what is only \
        a look-alike (`expect: none`).\n\n\
        ## The same scenarios in every language\n\n\
        Written from [matrix.yaml](matrix.yaml) and the comments `scenario: …` in the code; \
        `UPDATE=1 cargo test --test scan` writes it again.\n"
        .to_owned();
    let marks: Vec<_> = languages().into_iter().map(|l| (l, marked(l, &mut vec![]))).collect();
    for group in groups() {
        page += &format!("\n### {}\n\n| scenario | meaning |", group.group);
        page += &marks.iter().map(|(language, _)| format!(" {language} |")).collect::<String>();
        page += &format!("\n| --- | --- |{}\n", " --- |".repeat(marks.len()));
        for scenario in &group.scenarios {
            page += &format!("| {} | {} |", scenario.id, scenario.means);
            for (language, marks) in &marks {
                let cell = match (marks.get(&scenario.id), scenario.without.get(*language)) {
                    (Some(files), _) => files.iter().map(|file| link(file)).collect::<Vec<_>>().join(", "),
                    (None, Some(reason)) => format!("— {reason}"),
                    (None, None) => String::new(),
                };
                page += &format!(" {cell} |");
            }
            page.push('\n');
        }
    }
    page
}

fn link(file: &str) -> String {
    let name = Path::new(file).file_name().unwrap().to_string_lossy();
    format!("[{name}]({file})")
}

#[test]
fn the_page_of_the_scenarios_is_up_to_date() {
    let wanted = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, &wanted).unwrap();
    }
    let there = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(there == wanted, "{PAGE} is stale: run `UPDATE=1 cargo test --test scan`");
}
