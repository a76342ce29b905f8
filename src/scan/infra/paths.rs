//! Calls of the HTTP API by their paths, raw calls of the service, and manifests that declare schedules.

use memchr::memmem;

use super::Seen;
use super::forms::Form;
use crate::facts::code::BeyondBy;

/// How far apart the parts of a path may stand.
const REACH: usize = 120;

/// Methods of the service that begin or touch an execution, and what they do: start, message.
const METHODS: [(&str, bool, bool); 10] = [
    ("StartWorkflowExecution", true, false),
    ("SignalWithStartWorkflowExecution", true, true),
    ("ExecuteMultiOperation", true, true),
    ("CreateSchedule", true, false),
    ("SignalWorkflowExecution", false, true),
    ("UpdateWorkflowExecution", false, true),
    ("RequestCancelWorkflowExecution", false, true),
    ("TerminateWorkflowExecution", false, true),
    ("ResetWorkflowExecution", false, true),
    ("QueryWorkflow", false, true),
];

/// Programs that call a service by the name of its method.
const CALLERS: [&str; 6] = ["grpcurl", "ghz", "grpc_cli", "evans", "buf curl", "k6/net/grpc"];

/// What touches an execution that is there, behind its id.
const MESSAGES: [&str; 9] =
    ["/signal/", "/update/", "/query/", "/cancel", "/terminate", "/reset", "/pause", "/unpause", "/update-options"];

/// Manifests that declare schedules or tasks: what must stand in the file, and what it is called.
const DECLARED: [(&str, &str, &str); 2] = [
    ("kind: TemporalSchedule", "apiVersion: temporal.", "kind: TemporalSchedule"),
    ("io.kestra.plugin.temporal", "type:", "io.kestra.plugin.temporal"),
];

/// All of them in a text.
pub(super) fn find(text: &str, form: Form) -> Vec<Seen> {
    let mut found = vec![];
    // The description of an interface calls nothing.
    let described = form == Form::Data && ["openapi", "swagger"].iter().any(|word| text.contains(word));
    if !described {
        found.extend(memmem::find_iter(text.as_bytes(), b"namespaces").filter_map(|at| path(text, at)));
    }
    if CALLERS.iter().any(|caller| text.contains(caller)) {
        found.extend(memmem::find_iter(text.as_bytes(), b"WorkflowService").filter_map(|at| method(text, at)));
    }
    for (word, beside, seen) in DECLARED {
        if form == Form::Data && text.contains(beside) {
            found.extend(memmem::find_iter(text.as_bytes(), word.as_bytes()).map(|at| Seen {
                line: line_of(text, at),
                by: BeyondBy::Manifest,
                seen: seen.to_owned(),
                starts: true,
                messages: false,
            }));
        }
    }
    found
}

/// A path `…/namespaces/<one>/workflows/<one>` or `…/schedules/<one>`, in one piece or in several.
fn path(text: &str, at: usize) -> Option<Seen> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let before = text.get(start..at)?;
    let versioned = before.trim_end_matches(['/', '"', '\'', ',', ' ']).ends_with("api/v1");
    // Custom resources of Kubernetes are under names of their groups.
    if before.contains("/apis/") || before.contains("argoproj.io") {
        return None;
    }
    let after = text.get(at + "namespaces".len()..)?;
    if !after.starts_with(['/', '"', '\'']) {
        return None;
    }
    let line_end = after.find('\n').unwrap_or(after.len());
    let mut end = line_end.min(REACH * 2);
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    let line = after.get(..end)?;
    let (noun, place) = ["workflows", "schedules", "activities"]
        .iter()
        .filter_map(|noun| Some((*noun, line.find(noun)?)))
        .min_by_key(|(_, at)| *at)?;
    let between = line.get(..place)?;
    if between.len() > REACH || between.matches('/').count() > 4 || between.contains(['?', ';']) {
        return None;
    }
    let rest = line.get(place + noun.len()..)?;
    let joined = rest.strip_prefix(['"', '\'', '`']).map(|rest| rest.trim_start().starts_with([',', '+', '.']));
    if !rest.starts_with('/') && joined != Some(true) {
        return None;
    }
    let messages = MESSAGES.iter().any(|word| rest.contains(word));
    let with_start = rest.contains("/signal-with-start");
    // Without its version it may be the page of an execution, which people follow as a link.
    if !versioned && !messages && !with_start {
        return None;
    }
    Some(Seen {
        line: line_of(text, at),
        by: BeyondBy::Http,
        seen: format!("HTTP API /namespaces/…/{noun}/…"),
        starts: with_start || !messages,
        messages: messages || with_start,
    })
}

/// `temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution`, with a dot or a slash.
fn method(text: &str, at: usize) -> Option<Seen> {
    let rest = text.get(at + "WorkflowService".len()..)?.strip_prefix(['/', '.'])?;
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let called = rest.get(..length)?;
    let (name, starts, messages) = METHODS.into_iter().find(|(name, ..)| *name == called)?;
    Some(Seen {
        line: line_of(text, at),
        by: BeyondBy::Grpc,
        seen: format!("WorkflowService/{name}"),
        starts,
        messages,
    })
}

fn line_of(text: &str, at: usize) -> u32 {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    1 + u32::try_from(memchr::memchr_iter(b'\n', before).count()).unwrap_or(u32::MAX - 1)
}
