//! Small checks for the tests of this room.

use super::fingerprint;
use super::{Certainty, Check, Finding, Gate, Outcome, Severity};
use crate::facts::Locus;

/// A check of the gate `route`, with one finding when it failed.
pub fn check(rule: &str, severity: Severity, outcome: Outcome) -> Check {
    let findings = if outcome == Outcome::Fail { vec![finding(rule, "jobs/nightly.go", 42)] } else { Vec::new() };
    Check {
        rule: rule.into(),
        title: format!("{rule} holds"),
        area: "starters".into(),
        item: Some(3),
        failure_mode: Some("forgotten-starter".into()),
        severity,
        gates: vec![Gate::Route],
        outcome,
        why: (outcome == Outcome::Unknown).then(|| "the target was not probed".into()),
        why_remedy: None,
        attestation: None,
        accepted: None,
        cloud_only: false,
        broken: false,
        complete: outcome != Outcome::Unknown,
        findings,
        explanation: String::new(),
        references: Vec::new(),
    }
}

/// A proven finding at a place in the code.
pub fn finding(rule: &str, path: &str, line: u32) -> Finding {
    let key = format!("{path}/main");
    Finding {
        rule: rule.into(),
        message: format!("something is wrong in {path}"),
        evidence: vec![Locus::Source {
            path: path.into(),
            line,
            column: 1,
            function: Some("main".into()),
            snippet: None,
        }],
        remedy: Vec::new(),
        fingerprint: fingerprint::of(rule, &key, 1),
        key,
        workflow_types: Vec::new(),
        task_queues: Vec::new(),
        namespaces: Vec::new(),
        certainty: Certainty::Fail,
        owner: None,
        waiver: None,
    }
}
