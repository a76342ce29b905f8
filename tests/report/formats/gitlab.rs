//! GitLab's code quality report.

use std::collections::BTreeSet;

use serde_json::Value;
use temporal_preflight::render::Format;
use temporal_preflight::scorecard::{Outcome, Severity};

use super::{every, is_inside, open, text};

#[test]
fn every_issue_has_what_gitlab_asks() {
    for (name, card) in every() {
        let issues: Vec<Value> = serde_json::from_str(&text(&card, Format::Gitlab)).unwrap();
        let mut prints = BTreeSet::new();
        for issue in &issues {
            assert!(!issue["description"].as_str().unwrap().is_empty());
            assert!(!issue["check_name"].as_str().unwrap().is_empty());
            let severity = issue["severity"].as_str().unwrap();
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity), "{severity}");
            assert!(prints.insert(issue["fingerprint"].as_str().unwrap().to_owned()), "{name}: {issue}");
            if name != "hostile" {
                is_inside(issue["location"]["path"].as_str().unwrap());
            }
            assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
        }
        let blockers = issues.iter().filter(|i| i["severity"] == "blocker").count();
        let doubts: usize = card
            .checks
            .iter()
            .filter(|c| c.outcome == Outcome::Fail && c.severity == Severity::Blocker)
            .flat_map(|c| &c.findings)
            .filter(|f| f.certainty == temporal_preflight::scorecard::Certainty::Unknown && f.waiver.is_none())
            .count();
        assert_eq!(blockers + doubts, open(&card, Severity::Blocker), "{name}");
    }
}
