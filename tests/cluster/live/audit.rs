//! The audit against the real thing: two dev servers, the target behind mTLS.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use serde_json::Value;
use temporal_preflight::demo::{LiveEstate, prepare_live};
use temporal_preflight::devserver::isolated;

use crate::support;
use crate::support::estate::{connect, connections, mend};
use crate::support::tasks::{Answer, answer};
use crate::support::tls::{Authority, TlsProxy, Validity};
use crate::support::workers::Pollers;

const SOURCE_NAMESPACE: &str = "payments-prod";
const TARGET_NAMESPACE: &str = "payments-prod.a1b2c";
const QUEUES: [&str; 2] = ["payments", "back-office"];

/// The example company on two dev servers, the target reachable with a client certificate only.
struct Ground {
    cli: PathBuf,
    estate: LiveEstate,
    authority: Authority,
    today: Date,
    /// Keys and the `temporal` executable: not in the source tree.
    aside: tempfile::TempDir,
    _tree: tempfile::TempDir,
    _proxy: TlsProxy,
}

impl Ground {
    fn new(cli: PathBuf) -> Self {
        let now = quiet_moment();
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (tree, aside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let estate = prepare_live(&cli, now, tree.path()).expect("two dev servers");
        let authority = Authority::new("Larkspur Workload CA", Validity::days(today, -400, 800));
        let server = authority.server(&["localhost"], Validity::days(today, -30, 400));
        let proxy = TlsProxy::start(&server, &authority.certificate, &estate.target_address);

        std::fs::write(estate.root.join("certs/workload-ca.pem"), &authority.certificate).expect("write the CA");
        let [source, _] = connections(&std::fs::read_to_string(&estate.preflight).expect("the plan"));
        let target = format!(
            "target: {{kind: rehearsal, address: \"localhost:{}\", tls_ca_path: certs/workload-ca.pem, tls_cert_path: certs/payments-worker.pem, tls_key_path: \"{}\"}}",
            proxy.address.port(),
            aside.path().join("payments-worker.key").display()
        );
        connect(&estate.root, &source, &target);

        // Remedies say `temporal`, wherever this one is.
        let bin = aside.path().join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        std::os::unix::fs::symlink(std::fs::canonicalize(&cli).expect("the CLI"), bin.join("temporal"))
            .expect("a link");
        let ground = Self { cli, estate, authority, today, aside, _tree: tree, _proxy: proxy };
        // The window opens in eleven days and stays open for four weeks.
        ground.client_certificate(Validity::days(today, -150, 29));
        ground
    }

    /// Give the workers a certificate of this validity.
    fn client_certificate(&self, validity: Validity) {
        let pem = self.authority.client("payments-worker", validity);
        std::fs::write(self.estate.root.join("certs/payments-worker.pem"), &pem.certificate).expect("a certificate");
        std::fs::write(self.aside.path().join("payments-worker.key"), &pem.key).expect("a key");
    }

    /// Run the built program as a user would, in the folder of the plan.
    fn audit(&self, gate: &str) -> (i32, Value) {
        let output = isolated(Path::new(env!("CARGO_BIN_EXE_temporal-preflight")))
            .args(["audit", "--file", "preflight.yaml", "--gate", gate, "--output", "json"])
            .args(["--source-rps", "200", "--target-rps", "200", "--probe-timeout", "60"])
            .current_dir(&self.estate.root)
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let card = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("no scorecard: {e}\n{said}"));
        (output.status.code().expect("an exit code"), card)
    }

    /// What both servers hold, seen past the proxy.
    fn state(&self) -> (Vec<String>, Vec<String>) {
        let source = support::state::of(&self.cli, &self.estate.source_address, &[SOURCE_NAMESPACE, "legacy-batch"]);
        (source, support::state::of(&self.cli, &self.estate.target_address, &[TARGET_NAMESPACE]))
    }

    /// Run a command of a report as a person would: in a shell, in the folder of the plan.
    fn shell(&self, command: &str) {
        let path = std::env::join_paths(
            std::iter::once(self.aside.path().join("bin"))
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        let output = isolated(Path::new("sh"))
            .args(["-c", command])
            .current_dir(&self.estate.root)
            .env("PATH", path.expect("a path"))
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the report printed `{command}`, which fails: {said}");
    }
}

/// A schedule of the estate fires at every full hour and one at half past one; a state compared before and after must not span that.
fn quiet_moment() -> jiff::Timestamp {
    let into_half_hour = support::now().as_second() % 1800;
    if into_half_hour > 1800 - 60 {
        std::thread::sleep(Duration::from_secs(u64::try_from(1803 - into_half_hour).expect("a short wait")));
    }
    support::now()
}

/// Failed checks of a scorecard that count at a gate.
fn failed<'a>(card: &'a Value, gate: &'a str) -> impl Iterator<Item = &'a Value> {
    let checks = card["checks"].as_array().expect("checks");
    checks
        .iter()
        .filter(move |c| c["outcome"] == "fail" && c["gates"].as_array().is_some_and(|g| g.contains(&gate.into())))
}

fn findings(check: &Value) -> impl Iterator<Item = &Value> {
    check["findings"].as_array().expect("findings").iter().filter(|f| f["certainty"] == "fail")
}

/// `rule: message` of every failed finding at a gate.
fn messages(card: &Value, gate: &str) -> Vec<String> {
    failed(card, gate)
        .flat_map(|c| {
            findings(c).map(move |f| format!("{}: {}", c["rule"].as_str().unwrap(), f["message"].as_str().unwrap()))
        })
        .collect()
}

#[test]
fn planted_differences_are_found_and_the_printed_commands_mend_them() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let ground = Ground::new(cli);

    let before = ground.state();
    let (code, card) = ground.audit("route");
    assert_eq!(before, ground.state(), "the audit changed a server");
    assert_eq!((code, card["verdict"].as_str()), (1, Some("no-go")), "{card:#}");
    let found = messages(&card, "route");
    let all = found.join("\n");
    for planted in [
        "MerchantId",
        "RiskScore",
        "nightly-settlement",
        "daily-reconciliation",
        "payments-worker.pem",
        "jobs/nightly/main.go",
        "tools/admin/main.go",
        "webhooks/stripe.go",
    ] {
        assert!(all.contains(planted), "{planted} was planted and is not among\n{all}");
    }
    for innocent in ["webhooks/bank.go", "starter/payment.go", "_test.go", "PaymentState", "schedule `hourly-fx-rates`"]
    {
        assert!(!all.contains(innocent), "{innocent} is not at fault, but\n{all}");
    }

    let mut done = BTreeSet::new();
    for finding in failed(&card, "route").flat_map(findings) {
        for command in finding["remedy"].as_array().expect("remedies").iter().filter_map(|r| r["command"].as_str()) {
            if command.starts_with("temporal ") && done.insert(command) {
                std::thread::scope(|scope| {
                    // A canary needs a worker that answers it.
                    let canary = command.strip_prefix("temporal workflow execute ");
                    if let Some((_, queue)) = canary.and_then(|flags| flags.split_once("--task-queue ")) {
                        let queue = queue.split(' ').next().expect("a queue");
                        let address = &ground.estate.target_address;
                        scope.spawn(move || answer(address, TARGET_NAMESPACE, queue, Answer::Complete));
                    }
                    ground.shell(command);
                });
            }
        }
    }
    mend(&ground.estate.root, ground.today);
    ground.client_certificate(Validity::days(ground.today, -1, 364));
    let _workers = (
        Pollers::start(&ground.estate.source_address, SOURCE_NAMESPACE, &QUEUES),
        Pollers::start(&ground.estate.target_address, TARGET_NAMESPACE, &QUEUES),
    );

    // A server needs a moment until it tells of new pollers.
    let begun = Instant::now();
    let (code, card) = loop {
        let (code, card) = ground.audit("route");
        if code == 0 || begun.elapsed() > Duration::from_secs(20) {
            break (code, card);
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    let left = messages(&card, "route").join("\n");
    assert_eq!((code, card["verdict"].as_str()), (0, Some("go")), "{}\n{left}", card["summary"]);
    // Who has done everything reaches GO, without conditions. (A server that was started a minute ago has not been empty for 48
    // hours: the gates after this one are reached in tests/decision/mutations/verdicts.rs.)
    for gate in ["pr", "plan", "provision", "dual-run"] {
        let (code, card) = ground.audit(gate);
        assert_eq!((code, card["verdict"].as_str()), (0, Some("go")), "{gate}: {}", card["summary"]);
    }
    let said = card["summary"].as_str().expect("a summary");
    assert!(said.contains("in this rehearsal, ") && said.contains("no answer for Temporal Cloud"), "{said}");
}
