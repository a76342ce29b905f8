//! SARIF against the schema of OASIS, and against what GitHub's code scanning asks beside it.

use std::collections::BTreeSet;

use serde_json::Value;
use temporal_preflight::render::Format;
use temporal_preflight::scorecard::Outcome;

use super::{change, every, is_inside, text, waived};
use crate::cards;

fn log(card: &temporal_preflight::scorecard::Scorecard) -> Value {
    serde_json::from_str(&text(card, Format::Sarif)).unwrap()
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn every_log_is_valid() {
    let schema = std::fs::read_to_string("fixtures/schemas/sarif-2.1.0.json").unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    // A pattern with a bracket too many, of a property that is not written here.
    for part in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][part]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    let schema = jsonschema::validator_for(&schema).unwrap();
    for (name, card) in every() {
        let log = log(&card);
        let errors: Vec<String> =
            schema.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).take(5).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    assert!(!schema.is_valid(&serde_json::json!({"version": "0.1.0", "runs": []})), "the schema refuses something");
}

#[test]
fn code_scanning_takes_every_log() {
    for (name, card) in every() {
        let log = log(&card);
        assert_eq!(log["version"], "2.1.0");
        let rules: Vec<&str> = log["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| {
                for key in ["shortDescription", "fullDescription"] {
                    let said = rule[key]["text"].as_str().unwrap();
                    assert!(!said.trim().is_empty() && said.chars().count() <= 1024, "{name}: {rule}");
                }
                assert!(!rule["help"]["text"].as_str().unwrap().is_empty());
                assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
                rule["id"].as_str().unwrap()
            })
            .collect();
        assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), rules.len(), "{name}: a rule stands twice");
        assert!(results(&log).len() <= 25_000);
        let mut prints = BTreeSet::new();
        for result in results(&log) {
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(rules[index], result["ruleId"], "{name}");
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            assert!(!result["message"]["text"].as_str().unwrap().contains("]("), "{name}: a link in {result}");
            let places = result["locations"].as_array().unwrap();
            assert_eq!(places.len(), 1, "{name}");
            for place in places.iter().chain(result["relatedLocations"].as_array().into_iter().flatten()) {
                let place = &place["physicalLocation"];
                is_inside(place["artifactLocation"]["uri"].as_str().unwrap());
                assert!(place["artifactLocation"]["uri"].as_str().unwrap().is_ascii());
                assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
                assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
            }
            let print = result["partialFingerprints"]["temporalPreflight/v1"].as_str().unwrap();
            assert!(prints.insert((result["ruleId"].as_str().unwrap(), print)), "{name}: {print} stands twice");
            assert!(result["partialFingerprints"].get("primaryLocationLineHash").is_none());
        }
    }
}

#[test]
fn every_open_finding_is_a_result_and_the_worst_come_first() {
    for (name, card) in every() {
        let log = log(&card);
        let findings: usize = card
            .checks
            .iter()
            .filter(|c| !matches!(c.outcome, Outcome::Pass | Outcome::NotApplicable))
            .map(|c| c.findings.len())
            .sum();
        assert!(results(&log).len() >= findings, "{name}: {} of {findings}", results(&log).len());
        let rank = |level: &Value| ["error", "warning", "note"].iter().position(|l| level == l).unwrap();
        let open = |r: &&Value| r.get("suppressions").is_none() && r["baselineState"] != "unchanged";
        let first = results(&log).iter().filter(open).map(|r| rank(&r["level"])).next();
        let best = results(&log).iter().filter(open).map(|r| rank(&r["level"])).min();
        assert_eq!(first, best, "{name}");
    }
}

#[test]
fn accepted_findings_are_suppressed_with_their_reason() {
    let log = log(&waived());
    let suppressed: Vec<&Value> = results(&log)
        .iter()
        .filter_map(|r| r["suppressions"].get(0))
        .filter(|s| s["justification"] == "routed in OPS-812 (Ann, until 2099-12-31)")
        .collect();
    assert_eq!(suppressed.len(), 2);
    let kinds: BTreeSet<&str> = suppressed.iter().map(|s| s["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["external", "inSource"].into());
}

#[test]
fn what_a_cluster_says_stands_at_the_line_that_names_the_cluster() {
    let card = cards::card("no-go");
    let place = card.plan.place.clone().unwrap();
    let log = log(&card);
    let live = card
        .checks
        .iter()
        .flat_map(|c| &c.findings)
        .find(|f| f.evidence.iter().all(|l| matches!(l, temporal_preflight::facts::Locus::Live { .. })))
        .expect("a finding of a cluster");
    let result = results(&log)
        .iter()
        .find(|r| r["partialFingerprints"]["temporalPreflight/v1"] == live.fingerprint.as_str())
        .unwrap();
    let at = &result["locations"][0]["physicalLocation"];
    assert_eq!(at["artifactLocation"]["uri"], format!("ops/{}", place.path));
    let line = at["region"]["startLine"].as_u64().unwrap() as u32;
    assert!([place.lines["source"], place.lines["target"]].contains(&line), "{line}");
}

#[test]
fn a_change_tells_new_from_unchanged() {
    let log = log(&change());
    let states: BTreeSet<&str> = results(&log).iter().map(|r| r["baselineState"].as_str().unwrap()).collect();
    assert_eq!(states, ["new", "unchanged"].into());
}
