//! What the two dev servers of the demo hold, as commands of the `temporal` CLI.

use crate::devserver::DevServer;
use crate::ui::Problem;

/// The namespace that moves, as the source knows it.
pub(super) const SOURCE_NAMESPACE: &str = "payments-prod";
/// A namespace the plan excludes.
pub(super) const EXCLUDED_NAMESPACE: &str = "legacy-batch";
/// The namespace on the target, named as Temporal Cloud would.
pub(super) const TARGET_NAMESPACE: &str = "payments-prod.a1b2c";

/// What the source knows.
pub(super) const SOURCE_ATTRIBUTES: [&str; 3] = ["MerchantId=Keyword", "PaymentState=Keyword", "RiskScore=Double"];
/// On the target, `MerchantId` has another type and `RiskScore` was forgotten.
pub(super) const TARGET_ATTRIBUTES: [&str; 2] = ["MerchantId=Text", "PaymentState=Keyword"];

/// Schedules: what follows `schedule create`. Both sides create the common ones with the same words.
const NIGHTLY_SETTLEMENT: &[&str] = &[
    "--schedule-id=nightly-settlement",
    "--type=SettlementWorkflow",
    "--workflow-id=nightly-settlement",
    "--task-queue=back-office",
    "--cron=30 1 * * *",
    "--overlap-policy=Skip",
    "--catchup-window=10m",
];
const HOURLY_FX_RATES: &[&str] = &[
    "--schedule-id=hourly-fx-rates",
    "--type=FxRatesWorkflow",
    "--workflow-id=hourly-fx-rates",
    "--task-queue=back-office",
    "--interval=1h",
    "--overlap-policy=Skip",
    "--catchup-window=10m",
];
const DAILY_RECONCILIATION: &[&str] = &[
    "--schedule-id=daily-reconciliation",
    "--type=ReconciliationWorkflow",
    "--workflow-id=daily-reconciliation",
    "--task-queue=back-office",
    "--cron=0 2 * * *",
    "--overlap-policy=Skip",
    "--catchup-window=1h",
];

/// Open executions: workflow type, workflow id, merchant.
const OPEN: [(&str, &str, &str); 12] = [
    ("PaymentSagaWorkflow", "payment-40112", "m-0017"),
    ("PaymentSagaWorkflow", "payment-40119", "m-0017"),
    ("PaymentSagaWorkflow", "payment-40123", "m-0231"),
    ("PaymentSagaWorkflow", "payment-40124", "m-0554"),
    ("PaymentSagaWorkflow", "payment-40131", "m-0554"),
    ("PaymentSagaWorkflow", "payment-40140", "m-0231"),
    ("RefundWorkflow", "refund-2207", "m-0017"),
    ("RefundWorkflow", "refund-2211", "m-0554"),
    ("RefundWorkflow", "refund-2213", "m-0231"),
    ("DisputeWorkflow", "dispute-311", "m-0231"),
    ("DisputeWorkflow", "dispute-318", "m-0554"),
    ("ReconciliationWorkflow", "reconciliation-backlog", "m-0000"),
];

/// Executions that operations ended, at least one of every type that is open: type and id.
const CLOSED: [(&str, &str); 5] = [
    ("PaymentSagaWorkflow", "payment-39870"),
    ("PaymentSagaWorkflow", "payment-39871"),
    ("RefundWorkflow", "refund-2190"),
    ("DisputeWorkflow", "dispute-296"),
    ("ReconciliationWorkflow", "reconciliation-2024-02-30"),
];

/// One command of the CLI.
type Command = Vec<String>;

/// Fill the source.
pub(super) fn source(server: &DevServer) -> Result<(), Problem> {
    let schedules = [NIGHTLY_SETTLEMENT, HOURLY_FX_RATES, DAILY_RECONCILIATION].map(|s| vec![create_schedule(s)]);
    let open = OPEN.map(|(workflow_type, id, merchant)| {
        vec![start(workflow_type, id, &[&format!("--search-attribute=MerchantId=\"{merchant}\"")])]
    });
    let closed = CLOSED.map(|(workflow_type, id)| {
        vec![
            start(workflow_type, id, &[]),
            command(&["workflow", "terminate", "--workflow-id", id, "--reason", "duplicate of another payment"]),
        ]
    });
    let all: Vec<Vec<Command>> = schedules.into_iter().chain(open).chain(closed).collect();
    run(server, SOURCE_NAMESPACE, &all)
}

/// Fill the target: one schedule was recreated and left running, one is rightly paused, one is missing.
pub(super) fn target(server: &DevServer) -> Result<(), Problem> {
    let paused = [HOURLY_FX_RATES, &["--paused"]].concat();
    run(server, TARGET_NAMESPACE, &[vec![create_schedule(NIGHTLY_SETTLEMENT)], vec![create_schedule(&paused)]])
}

fn command(words: &[&str]) -> Command {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn create_schedule(options: &[&str]) -> Command {
    command(&[&["schedule", "create"], options].concat())
}

fn start(workflow_type: &str, id: &str, options: &[&str]) -> Command {
    let queue = if workflow_type == "ReconciliationWorkflow" { "back-office" } else { "payments" };
    let start = ["workflow", "start", "--type", workflow_type, "--workflow-id", id, "--task-queue", queue];
    command(&[start.as_slice(), options].concat())
}

/// Run sequences of commands, several sequences side by side: each command is a process that mostly waits.
fn run(server: &DevServer, namespace: &str, sequences: &[Vec<Command>]) -> Result<(), Problem> {
    const AT_ONCE: usize = 6;
    let one = |sequence: &[Command]| {
        sequence.iter().try_for_each(|command| {
            let words: Vec<&str> = command.iter().map(String::as_str).chain(["--namespace", namespace]).collect();
            server.cli(&words).map(drop)
        })
    };
    for batch in sequences.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let running: Vec<_> = batch.iter().map(|sequence| scope.spawn(|| one(sequence))).collect();
            let broke = |_| Problem::tool("a command of the temporal CLI could not be watched");
            running.into_iter().try_for_each(|thread| thread.join().map_err(broke)?)
        })?;
    }
    Ok(())
}
