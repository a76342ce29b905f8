//! A company whose code the scan cannot read: everything in it is asked, and a person can answer all of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use temporal_preflight::scan::{ScanOptions, scan};
use temporal_preflight::scorecard::{Gate, Outcome, Scorecard, Severity, Verdict};

use super::verdicts::phase;
use super::{MENDED, judged};

const STARTER: &str = "package example.billing;

import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;

class Billing {
    void bill(String order) {
        WorkflowClient client = WorkflowClient.newInstance(WorkflowServiceStubs.newLocalServiceStubs());
        WorkflowOptions options = WorkflowOptions.newBuilder().setTaskQueue(\"payments\").build();
        WorkflowClient.start(client.newWorkflowStub(PaymentSaga.class, options)::run, order);
    }
}
";

const ASKED_OF_CODE: [Gate; 4] = [Gate::Pr, Gate::Plan, Gate::DualRun, Gate::Route];

/// The mended company, with services in Java and nothing else.
fn in_java() -> Value {
    let tree = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(tree.path().join("billing")).expect("a folder");
    std::fs::write(tree.path().join("billing/Billing.java"), STARTER).expect("a file");
    let code = scan(tree.path(), &ScanOptions::default()).expect("a scan");
    let mut facts = MENDED.clone();
    facts["code"] = json!({"known": code});
    facts
}

fn vouch(facts: &mut Value, id: &str, holds: bool) {
    let word = json!({"id": id, "holds": holds, "by": "Ines Falk", "date": "2026-11-18", "valid_until": "2027-02-28",
                      "link": "https://tickets.larkspur.example/OPS-500", "note": "billing/", "place": ["attestations.yaml", 200]});
    facts["attestations"]["known"].as_array_mut().expect("attestations").push(word);
}

fn conditions(cards: &[Scorecard], gate: Gate) -> (Verdict, Vec<String>) {
    let card = cards.iter().find(|card| card.gate == gate).expect("every gate");
    let result = card.gates.iter().find(|result| result.gate == gate).expect("every gate");
    (card.verdict, [result.blocked_by.clone(), result.undecided.clone(), result.conditions.clone()].concat())
}

#[test]
fn code_that_nobody_read_leaves_every_gate_open_and_says_how_to_answer() {
    let cards = judged(in_java(), "in Java").0;
    for gate in ASKED_OF_CODE {
        assert_eq!(conditions(&cards, gate).0, Verdict::Undecided, "{gate}");
    }
    let unknown = |cards: &[Scorecard]| -> BTreeMap<String, String> {
        let checks = cards.iter().flat_map(|card| &card.checks);
        let open = checks.filter(|c| c.outcome == Outcome::Unknown && c.severity != Severity::Minor);
        open.map(|c| (c.rule.clone(), c.why_remedy.clone().unwrap_or_default())).collect()
    };
    let before = unknown(&judged(MENDED.clone(), "mended").0);
    let open: BTreeMap<_, _> = unknown(&cards).into_iter().filter(|(rule, _)| !before.contains_key(rule)).collect();
    assert!(open.len() > 20, "{open:#?}");
    for (rule, remedy) in open {
        assert!(remedy.contains("in attestations.yaml: `- {id: "), "{rule}: {remedy}");
    }
}

#[test]
fn what_a_person_read_reaches_go() {
    // Whether payloads are encoded and Nexus is called is seen in code only, and asked for itself.
    let words =
        ["starters-reviewed", "signals-reviewed", "code-reviewed", "codec-server", "nexus-endpoints", "replay-tested"];
    for gate in ASKED_OF_CODE {
        let mut facts = in_java();
        phase(gate).iter().for_each(|edit| edit.apply(&mut facts));
        words.iter().for_each(|id| vouch(&mut facts, id, true));
        let (verdict, found) = conditions(&judged(facts, "in Java").0, gate);
        assert_eq!((verdict, found), (Verdict::Go, vec![]), "{gate}");
    }
}

#[test]
fn what_a_person_found_wrong_is_no_go() {
    let mut facts = in_java();
    vouch(&mut facts, "starters-reviewed", true);
    vouch(&mut facts, "code-reviewed", true);
    vouch(&mut facts, "signals-reviewed", false);
    let cards = judged(facts, "in Java").0;
    for gate in [Gate::Pr, Gate::Route] {
        let (verdict, found) = conditions(&cards, gate);
        assert_eq!(verdict, Verdict::NoGo, "{gate}: {found:?}");
    }
}
