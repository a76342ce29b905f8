//! `demo` as a user runs it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use temporal_preflight::devserver::{CLI_VARIABLE, isolated};

use crate::support;

/// What was planted: rule and a name its findings must contain.
const PLANTED: [(&str, &str); 9] = [
    ("search-attribute-type", "MerchantId"),
    ("search-attribute-missing", "RiskScore"),
    ("schedule-active-on-both", "nightly-settlement"),
    ("schedule-missing-on-target", "daily-reconciliation"),
    ("certificate-expires-in-window", "payments-worker.pem"),
    ("starter-outside-factory", "jobs/nightly/main.go"),
    ("starter-outside-factory", "tools/admin/main.go"),
    ("hard-coded-address", "tools/admin/main.go"),
    ("signal-without-fallback", "webhooks/stripe.go"),
];

/// The repository the demonstration is made in stands at it.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn demo(command: &mut Command) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    // As in the clone the README speaks of.
    std::fs::create_dir(folder.path().join(".git")).expect("a folder");
    std::fs::write(folder.path().join(".git/HEAD"), COMMIT).expect("a file");
    let output = command.arg("--out").arg(folder.path()).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("NO-GO"), "{printed}");
    let card = std::fs::read_to_string(folder.path().join("report.json")).expect("the report");
    let card: Value = serde_json::from_str(&card).expect("a scorecard");
    assert_eq!(card["verdict"], "no-go");
    assert!(
        card.pointer("/inventory/code").is_some_and(|code| !code.to_string().contains(COMMIT)),
        "no commit of others"
    );
    for (rule, name) in PLANTED {
        let check = card["checks"].as_array().expect("checks").iter().find(|c| c["rule"] == rule);
        let check = check.unwrap_or_else(|| panic!("no rule {rule}"));
        assert_eq!(check["outcome"], "fail", "{rule}: {}", check["why"]);
        assert!(check["findings"].to_string().contains(name), "{rule} does not name {name}: {}", check["findings"]);
    }
    card
}

fn program() -> Command {
    let mut command = isolated(Path::new(env!("CARGO_BIN_EXE_temporal-preflight")));
    command.arg("demo");
    command
}

#[test]
fn live_every_planted_problem_is_found() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let card = demo(program().env(CLI_VARIABLE, cli));
    assert!(card["sides"][1]["address"].as_str().expect("an address").starts_with("127.0.0.1:"));
}

#[test]
fn recorded_every_planted_problem_is_found_and_the_window_is_too_short() {
    let card = demo(program().arg("--recorded"));
    assert_eq!(card["sides"][1]["kind"], "cloud");
    let check = |rule: &str| {
        let found = card["checks"].as_array().expect("checks").iter().find(|c| c["rule"] == rule);
        found.unwrap_or_else(|| panic!("no rule {rule}")).clone()
    };
    assert_eq!(check("window-too-short")["outcome"], "fail", "disputes run for 44 days, the window has 28");
    let order_by = check("order-by");
    assert!(order_by["findings"].to_string().contains("tools/support/lookup.go"), "{order_by:#}");
    assert_eq!(check("full-rehearsal")["outcome"], "unknown", "nobody has vouched for a rehearsal");
    assert_eq!(check("rollback-drill")["outcome"], "unknown", "the word on the drill has lapsed");
    assert_eq!(check("drain-dashboard")["outcome"], "pass");
}
