//! Scorecards to render: those under `fixtures/scorecards`, and what can be made of them.

use serde_json::Value;
use temporal_preflight::facts::Known;
use temporal_preflight::facts::code::{Scope, Site, Wrapper, WrapperCall};
use temporal_preflight::scorecard::Baseline;
use temporal_preflight::scorecard::Scorecard;

/// A stored scorecard.
pub fn card(name: &str) -> Scorecard {
    let mut card: Scorecard = serde_json::from_value(json(name)).unwrap();
    if let Known::Known(code) = &mut card.inventory.code {
        code.judge_standings();
    }
    card
}

fn json(name: &str) -> Value {
    let path = format!("{}/fixtures/scorecards/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The no-go scorecard with `n` findings of one blocker.
pub fn many(n: usize) -> Scorecard {
    let mut card = card("no-go");
    let check = card.checks.iter_mut().find(|c| c.rule == "forgotten-starter").unwrap();
    let model = check.findings[0].clone();
    check.findings = (0..n)
        .map(|i| {
            let mut finding = model.clone();
            finding.message = format!("`Start{i:04}` starts `SettlementWorkflow` through a connection of its own");
            finding.remedy[0].command = Some(format!("temporal workflow describe --workflow-id settlement-{i:04}"));
            finding.remedy[0].text =
                format!("Let `Start{i:04}` take its client from the factory, so that routing reaches it.");
            finding.evidence.push(finding.evidence[0].clone());
            finding.fingerprint = format!("{i:032x}");
            finding
        })
        .collect();
    card
}

/// The no-go scorecard with `n` starters in the folders of `services`, every fortieth with a connection of its own.
pub fn starters(n: usize) -> Scorecard {
    let mut card = card("no-go");
    let Known::Known(code) = &mut card.inventory.code else { panic!("scanned") };
    let is = |outside: bool| move |s: &&Site| s.kind.starts() && s.client.is_built_outside() == outside;
    let models =
        [code.sites.iter().find(is(false)).unwrap().clone(), code.sites.iter().find(is(true)).unwrap().clone()];
    code.sites.retain(|s| !s.kind.starts() && !s.kind.messages());
    code.wrappers.clear();
    for i in 0..n {
        let mut site = models[usize::from(i % 40 == 7)].clone();
        let service = ["billing", "ledger", "orders", "payouts", "risk", "search", "support"][i % 7];
        site.path = format!("services/{service}/internal/flows/flow{:02}.go", i % 31);
        site.line = 20 + i as u32;
        site.function = Some(format!("Start{service}{i:03}"));
        if i % 3 == 0 {
            site.wrapper = Some(format!("Flows.Run{service}"));
            site.function = Some(format!("Run{service}"));
            code.wrappers.push(Wrapper {
                path: site.path.clone(),
                line: site.line,
                name: format!("Flows.Run{service}"),
                kind: site.kind,
                site: site.fingerprint.clone(),
                calls: (0..3)
                    .map(|k| WrapperCall {
                        path: format!("cmd/{service}-job-{k}/main.go"),
                        line: 40 + i as u32,
                        function: Some(format!("main{i}")),
                        scope: Scope::Main,
                        workflow_type: None,
                        entries: vec![],
                    })
                    .collect(),
            });
        }
        code.sites.push(site);
    }
    card
}

/// The no-go scorecard as the judgement of a change that brought one of the two forgotten starters.
pub fn change() -> Scorecard {
    let mut card = card("no-go");
    let check = card.checks.iter().find(|c| c.rule == "forgotten-starter").unwrap();
    let known = [check.findings[0].fingerprint.clone()].into();
    let gone = card.checks.iter().find(|c| c.rule == "signal-fallback").unwrap().findings[0].clone();
    card.baseline = Some(Baseline {
        source: "main at 1a2b3c4".into(),
        commit: None,
        known,
        known_gaps: Default::default(),
        fixed: vec![gone],
        notes: vec!["1 file that names `Temporal` could not be read".into()],
    });
    card
}

/// Every trick in one name.
pub const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>' onfocus='x` | \n# \u{202e}\u{1b}[31m\
                           {{ 7*7 }}{% x %}](javascript:alert(3))</style></script><!-- \\";

/// The no-go scorecard in which every free text carries [`HOSTILE`].
pub fn hostile() -> Scorecard {
    // Words of a closed list, and times: other values would not be a scorecard at all.
    const CLOSED: [&str; 31] = [
        "schema",
        "gate",
        "gates",
        "verdict",
        "outcome",
        "severity",
        "certainty",
        "kind",
        "side",
        "status",
        "at",
        "time",
        "taken_at",
        "start_time",
        "not_before",
        "not_after",
        "strategy",
        "start",
        "end",
        "until",
        "date",
        "valid_until",
        "role",
        "scope",
        "confidence",
        "fallback_on",
        "credential",
        "last_access",
        "next_times",
        "last_action",
        "state",
    ];
    fn walk(key: &str, value: &mut Value) {
        match value {
            Value::String(text) if !CLOSED.contains(&key) => text.push_str(HOSTILE),
            Value::Array(items) if !CLOSED.contains(&key) => items.iter_mut().for_each(|v| walk(key, v)),
            Value::Array(items) => items.iter_mut().filter(|v| v.is_object()).for_each(|v| walk("", v)),
            Value::Object(fields) => fields.iter_mut().for_each(|(k, v)| walk(k, v)),
            _ => {}
        }
    }
    let mut value = json("no-go");
    walk("", &mut value);
    serde_json::from_value(value).unwrap()
}

/// All of them, by name.
pub fn all() -> Vec<(&'static str, Scorecard)> {
    vec![
        ("no-go", card("no-go")),
        ("go", card("go")),
        ("undecided", card("undecided")),
        ("empty", card("empty")),
        ("many", many(1000)),
        ("hostile", hostile()),
    ]
}
