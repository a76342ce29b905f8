//! Every comparison of a rule is held by the rule's own tests: flipped, one of them does not hold any more.

use temporal_preflight::rules::parse::{RuleText, parse};
use temporal_preflight::rules::{Catalogue, load, selftest};

/// Each operator with its opposite.
const OPPOSITES: [(&str, &str); 7] = [
    (" == ", " != "),
    (" != ", " == "),
    (" && ", " || "),
    (" || ", " && "),
    (" > ", " <= "),
    (" < ", " >= "),
    ("!", ""),
];

/// The expressions of a rule file, line by line: changed, one operator at a time.
fn flipped(yaml: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let head = yaml.split("\ntests:\n").next().unwrap_or_default().len();
    let mut begin = 0;
    for line in yaml[..head].split_inclusive('\n') {
        let keys = ["each: ", "doubt: ", "applies: ", "over: ", "    when: "];
        if keys.iter().any(|key| line.starts_with(key)) {
            for (operator, opposite) in OPPOSITES {
                for (at, _) in line.match_indices(operator) {
                    // `!=` is another operator, and `!` in a text none.
                    if operator == "!" && (line[at + 1..].starts_with('=') || line[..at].ends_with('\'')) {
                        continue;
                    }
                    let mutant = format!("{}{opposite}{}", &line[..at], &line[at + operator.len()..]);
                    let whole = format!("{}{mutant}{}", &yaml[..begin], &yaml[begin + line.len()..]);
                    all.push((mutant.trim().to_owned(), whole));
                }
            }
        }
        begin += line.len();
    }
    all
}

#[test]
fn every_flipped_comparison_of_a_rule_is_noticed_by_its_own_tests() {
    let (catalogue, _) = load::embedded();
    let (mut killed, mut survivors) = (0, Vec::new());
    for rule in &catalogue.rules {
        let (yaml, markdown) = load::source(rule).expect("an embedded rule");
        for (line, yaml) in flipped(yaml) {
            let text =
                RuleText { path: "mutant", area: &rule.area, id: &rule.id, yaml: &yaml, markdown: Some(markdown) };
            // One that is refused is noticed, too.
            let noticed = parse(&text).map_or(true, |mutant| {
                let mutants = Catalogue { rules: vec![mutant], broken: vec![] };
                selftest::run(&mutants).iter().any(|run| run.result != selftest::Result::Ok)
            });
            // Which remedies a finding shows is not what the tests of a rule are about.
            if noticed || line.starts_with("when:") {
                killed += usize::from(noticed);
            } else {
                survivors.push(format!("{}: {line}", rule.id));
            }
        }
    }
    assert!(killed > 100, "{killed} mutants were noticed");
    assert!(survivors.is_empty(), "{killed} noticed, {} not:\n{}", survivors.len(), survivors.join("\n"));
}
