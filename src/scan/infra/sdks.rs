//! Whether a file of a language that is not analysed uses an SDK or a framework, by the words of its code.

/// Words of which one in the code says that an SDK is used, by language.
const WORDS: [(&[&str], &[&str]); 11] = [
    (&["java", "kotlin", "scala", "groovy"], &["io.temporal.", "zio.temporal", "temporal4s"]),
    (&["clojure"], &["io.temporal.", "temporal.client", "temporal.workflow", "temporal.activity"]),
    (
        &["csharp", "fsharp", "visual basic"],
        &["Temporalio", "ITemporalClient", "TemporalClient", "TemporalWorker", "InfinityFlow.Aspire.Temporal"],
    ),
    (
        &["ruby"],
        &[
            "Temporalio",
            "temporalio/",
            "'temporalio'",
            "\"temporalio\"",
            "Temporal::",
            "'temporal'",
            "\"temporal\"",
            "Temporal.start_workflow",
            "Temporal.signal_workflow",
            "Temporal.schedule_workflow",
            "Temporal.cancel_workflow",
            "Temporal.terminate_workflow",
            "Temporal.reset_workflow",
            "Temporal.query_workflow",
            "Temporal.create_schedule",
        ],
    ),
    (
        &["php"],
        &[
            "Temporal\\Client",
            "Temporal\\Workflow",
            "Temporal\\Activity",
            "Temporal\\Worker",
            "LaravelTemporal",
            "Temporal\\\\Client",
            "Temporal::",
            "newWorkflowStub",
            "newUntypedWorkflowStub",
            "Temporal\\Support",
        ],
    ),
    (&["swift"], &["import Temporal", "TemporalClient", "TemporalWorker"]),
    (
        &["elixir", "erlang"],
        &["Temporalex", "TemporalSdk", "temporal_sdk", "Temporal.Client", "TemporalEngine", "temporalio"],
    ),
    (&["haskell"], &["import Temporal", "import qualified Temporal"]),
    (&["c++", "objective-c"], &["temporal/api/workflowservice", "temporal::api::workflowservice", "temporalio/"]),
    (&["notebook"], &["from temporalio", "import temporalio", "@temporalio/", "io.temporal."]),
    (&["astro"], &["@temporalio/"]),
];

/// What other SDKs call their calls, in small letters and without separators.
const CALLS: [&str; 12] = [
    "startworkflow",
    "executeworkflow",
    "signalworkflow",
    "signalwithstart",
    "scheduleworkflow",
    "createschedule",
    "newworkflowstub",
    "workflowclient",
    "workflow.start",
    "workflow.execute",
    "cancelworkflow",
    "terminateworkflow",
];

/// Languages whose SDKs are known by name, so that nothing else has to be guessed from; commands of shells are looked at
/// word by word.
const SETTLED: [&str; 9] = ["java", "kotlin", "scala", "groovy", "csharp", "ruby", "php", "notebook", "shell"];

/// Whether the code of a file, without its comments, uses an SDK.
pub fn uses_sdk(language: &str, text: &str) -> bool {
    let known = WORDS.iter().filter(|(languages, _)| languages.contains(&language));
    if known.flat_map(|(_, words)| *words).any(|word| text.contains(word)) {
        return true;
    }
    if SETTLED.contains(&language) {
        return false;
    }
    // An SDK nobody has told of: it has the product's name, and the calls all of them have.
    let lower = text.to_ascii_lowercase();
    if !lower.contains("temporal") {
        return false;
    }
    let plain: String = lower.chars().filter(|c| !matches!(c, '_' | '-')).collect();
    CALLS.iter().any(|call| plain.contains(call))
}
