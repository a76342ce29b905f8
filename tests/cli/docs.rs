//! What the documents promise is what the tool does. `UPDATE=1 cargo test --test cli docs` writes what is generated.

use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use temporal_preflight::rules::Catalogue;
use temporal_preflight::rules::load;
use temporal_preflight::rules::model::Rule;
use temporal_preflight::scorecard::checklist::{FAILURE_MODES, ITEMS};
use temporal_preflight::scorecard::{Gate, Severity};

const README: &str = "README.md";
const START: &str = "<!-- coverage -->\n";
const END: &str = "<!-- /coverage -->\n";

fn catalogue() -> Catalogue {
    let (catalogue, problems) = load::embedded();
    assert!(problems.is_empty());
    catalogue
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[track_caller]
fn up_to_date(path: &str, wanted: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, wanted).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(there == wanted, "{path} is stale: run `UPDATE=1 cargo test --test cli docs`");
}

/// Where the answer of a rule comes from, in words.
fn evidence(rule: &Rule) -> Vec<&'static str> {
    let mut all: Vec<&str> = rule
        .needs
        .iter()
        .flat_map(|need| match need.as_str() {
            // These say whether a rule applies, not whether it holds.
            "plan.target_kind" | "plan.routing_begins" | "target.credential" => vec![],
            "plan.running_times" | "plan.unmapped_namespaces" => vec!["source cluster", "preflight.yaml"],
            "diff.types_not_in_code" => vec!["source cluster", "code"],
            "diff.search_attributes_not_in_clusters" => vec!["both clusters", "code"],
            need => vec![match need.split('.').next().unwrap() {
                "code" => "code",
                "source" => "source cluster",
                "target" => "target cluster",
                "diff" => "both clusters",
                "certificates" => "certificates",
                "metrics" => "metrics",
                "plan" => "preflight.yaml",
                "cluster" => "both clusters",
                other => panic!("say in words where `{other}` comes from"),
            }],
        })
        .collect();
    if rule.attested.is_some() {
        all.push("attestation");
    }
    all
}

fn row(title: &str, mut rules: Vec<&Rule>) -> String {
    assert!(!rules.is_empty(), "no rule answers {title}");
    rules.sort_by_key(|r| (r.severity, r.id.clone()));
    let links: Vec<String> = rules.iter().map(|r| format!("[{0}](rules/{1}/{0}.md)", r.id, r.area)).collect();
    let mut from: Vec<&str> = Vec::new();
    for word in rules.iter().flat_map(|r| evidence(r)) {
        if !from.contains(&word) {
            from.push(word);
        }
    }
    format!("| {title} | {} | {} |\n", links.join(", "), from.join(", "))
}

/// The ten items, the four failures and the phases, with the rules that answer them.
fn coverage() -> String {
    let catalogue = catalogue();
    let of = |belongs: &dyn Fn(&Rule) -> bool| catalogue.rules.iter().filter(|r| belongs(r)).collect::<Vec<_>>();
    let mut table = "| asked by every review | answered by | from |\n| --- | --- | --- |\n".to_owned();
    for (number, title) in (1..).zip(ITEMS) {
        table.push_str(&row(&format!("{number}. {title}"), of(&|r| r.item == Some(number))));
    }
    table.push_str("\n| failure that catches teams | caught by | from |\n| --- | --- | --- |\n");
    for (id, title) in FAILURE_MODES {
        table.push_str(&row(title, of(&|r| r.failure_mode.as_deref() == Some(id))));
    }
    table.push_str("\n| phase | blockers that count here first | in all | from |\n| --- | --- | --- | --- |\n");
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for gate in Gate::ALL {
        let here = of(&|r| r.gates.contains(&gate));
        let blockers = here.iter().filter(|r| r.severity == Severity::Blocker);
        let first: Vec<&Rule> = blockers.clone().filter(|r| seen.insert(r.id.as_str())).copied().collect();
        assert!(!first.is_empty(), "no blocker first counts at {gate}");
        let (count, all) = (blockers.count(), here.len());
        let row = row(&format!("`{gate}`"), first);
        let (links, from) = row.trim_end_matches(" |\n").rsplit_once(" | ").unwrap();
        table.push_str(&format!("{links} | {count} blockers, {} others | {from} |\n", all - count));
    }
    let rest = catalogue.rules.iter().filter(|r| r.item.is_none() && r.failure_mode.is_none()).count();
    format!(
        "{table}\n{} rules in all ([the list](rules/README.md)); {rest} of them ask for what neither list names.\n",
        catalogue.rules.len()
    )
}

/// Pieces of what the demo prints: the verdict, two of its findings, the gates.
fn excerpt() -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = preflight(folder.path(), &["demo", "--recorded"]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = printed.lines().collect();
    let piece = |start: &str, end: &dyn Fn(&str) -> bool| {
        let from = lines.iter().position(|l| l.starts_with(start)).unwrap_or_else(|| panic!("no line {start}"));
        let rest = &lines[from + 1..];
        let len = rest.iter().position(|l| l.is_empty() || end(l)).unwrap();
        lines[from..=from + len].join("\n")
    };
    let next = |l: &str| l.starts_with(" ✗");
    [
        piece("NO-GO", &|_| false) + "\n",
        piece("In the way", &next),
        piece(" ✗ search-attribute-type", &next),
        "…".to_owned(),
        piece(" ✗ starter-outside-factory", &|l| next(l) || l.starts_with("   `restart`")),
        "…\n".to_owned(),
        piece("Gates", &|_| false),
    ]
    .map(|piece| piece + "\n")
    .concat()
}

fn put(page: &str, start: &str, end: &str, text: &str) -> String {
    let (before, rest) = page.split_once(start).unwrap_or_else(|| panic!("the README has no {start}"));
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{start}{text}{end}{after}")
}

#[test]
fn the_readme_shows_what_the_demo_prints_and_which_rules_answer_the_checklist() {
    let page = put(&read(README), "```text\n", "```\n", &excerpt());
    up_to_date(README, &put(&page, START, END, &format!("\n{}\n", coverage())));
}

#[test]
fn the_index_of_the_rules_lists_every_rule_and_what_none_asks_for() {
    let mut page = catalogue().index_markdown();
    page.push_str(
        "\n## Not asked\n\nWhat an expert would like to know, and nothing this tool may look at could show.\n\n\
         | one would like to know | why no rule asks | what comes nearest |\n|---|---|---|\n",
    );
    let named = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    for one in load::not_asked().unwrap() {
        let known = |id: &String| {
            catalogue().rules.iter().any(|r| r.id == *id || r.attested.as_ref().is_some_and(|a| a.id == *id))
        };
        let wrong: Vec<String> = named(&one.instead).into_iter().filter(|id| !known(id)).collect();
        assert!(wrong.is_empty(), "not-asked.yaml: no rule or attestation is called {wrong:?}");
        page.push_str(&format!("| {} | {} | {} |\n", one.asked, one.why, one.instead));
    }
    up_to_date("rules/README.md", &page);
}

fn preflight(folder: &Path, args: &[&str]) -> std::process::Output {
    let mut command = Command::cargo_bin("temporal-preflight").unwrap();
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TEMPORAL_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).env("HOME", folder).env("XDG_CONFIG_HOME", folder).args(args).output().unwrap()
}

/// Code blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_files_shown_in_the_readme_are_read_as_they_stand() {
    let page = read(README);
    let folder = tempfile::tempdir().unwrap();
    let mut names = vec![];
    for block in blocks(&page, "yaml").into_iter().filter(|b| b.starts_with("# ") && !b.contains("runs-on")) {
        let name = block.trim_start_matches("# ").split([':', '\n']).next().unwrap().trim();
        // The connections of the example are left out: nothing of it may be dialled.
        let text: String = block
            .lines()
            .filter(|l| !l.starts_with("source:") && !l.starts_with("target:"))
            .map(|l| format!("{l}\n"))
            .collect();
        std::fs::write(folder.path().join(name), text).unwrap();
        names.push(name);
    }
    assert_eq!(names, ["theme.yaml", "preflight.yaml", "attestations.yaml", "waivers.yaml"]);
    std::fs::write(folder.path().join("northwind.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    std::fs::create_dir_all(folder.path().join("certs")).unwrap();
    std::fs::write(folder.path().join("main.go"), "package main\n").unwrap();
    let output = preflight(folder.path(), &["audit", "-o", "json", "--theme", "theme.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let card: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcome = |rule: &str| {
        card["checks"].as_array().unwrap().iter().find(|c| c["rule"] == rule).map(|c| c["outcome"].clone()).unwrap()
    };
    assert_eq!(outcome("full-rehearsal"), "pass", "the attestation of the example is not taken");
}

#[test]
fn commands_and_flags_the_readme_names_exist() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for block in blocks(&read(README), "console") {
        for line in block.replace("\\\n", " ").lines().filter_map(|l| l.strip_prefix("$ temporal-preflight ")) {
            let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
            let help = preflight(folder.path(), &[words[0], "--help"]);
            assert_eq!(help.status.code(), Some(0), "there is no command {}", words[0]);
            let help = String::from_utf8_lossy(&help.stdout).into_owned();
            for flag in words.iter().filter(|w| w.starts_with("--")) {
                let name = flag.split('=').next().unwrap().replace("--target-", "--source-");
                assert!(help.contains(&name), "{} has no {name}", words[0]);
            }
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen} commands");
}

/// `docs/facts.md`: what a rule can look at, from the types.
#[test]
fn the_page_of_facts_is_that_of_the_types() {
    let mut page = String::from(
        "# Facts\n\nWhat rules look at. A rule names the facts it reads under `needs`; while one of them is not known, it has no answer.\n\
         Made from the types of the program: `temporal-preflight rules facts` prints the same, `rules schema` the JSON Schema for editors,\n\
         and [examples.yaml](../rules/facts/examples.yaml) holds a complete example of each.\n",
    );
    let mut room = "";
    for fact in temporal_preflight::rules::facts::all() {
        let first = fact.path.split('.').next().unwrap();
        if first != room {
            room = first;
            page.push_str(&format!("\n## {room}\n"));
        }
        page.push_str(&format!("\n### `{}`\n\n{}: {}.\n", fact.path, capital(&fact.value), fact.meaning));
        if !fact.fields.is_empty() {
            page.push_str("\n| field | value | meaning |\n|---|---|---|\n");
        }
        for field in &fact.fields {
            let meaning = field.meaning.replace('\n', " ").replace('|', "\\|");
            page.push_str(&format!("| `{}` | {} | {meaning} |\n", field.name, field.value.replace('|', "\\|")));
        }
    }
    std::fs::create_dir_all("docs").unwrap();
    up_to_date("docs/facts.md", &page);
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[test]
fn the_schema_of_rule_files_is_that_of_the_types() {
    let now = serde_json::to_string_pretty(&temporal_preflight::rules::schema::of_the_types()).unwrap() + "\n";
    up_to_date("rules/rule-v1.schema.json", &now);
}

/// An editor with the schema marks what `rules test` refuses, and nothing else.
#[test]
fn every_embedded_rule_is_valid_against_the_schema() {
    let schema = serde_json::from_str(&read("rules/rule-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for rule in &catalogue().rules {
        let (yaml, _) = load::source(rule).unwrap();
        let value: serde_json::Value = serde_saphyr::from_str(yaml).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {}", rule.id, errors.join("; "));
    }
}
