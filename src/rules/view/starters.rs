//! Who starts workflows, and where the client of each starter was built.

use serde_json::{Value, json};

use super::code::{factory_for, object, production};
use super::coverage::{About, gap_about, unanalysed};
use super::{Context, words};
use crate::compare;
use crate::facts::code::{CodeFacts, Kind, Origin, Site, Standing, StandingVerdict};
use crate::facts::{Known, Locus};

/// Generated stubs and command lines begin work too.
fn begins(site: &Site) -> bool {
    const RPCS: [&str; 4] =
        ["StartWorkflowExecution", "SignalWithStartWorkflowExecution", "ExecuteMultiOperation", "CreateSchedule"];
    const COMMANDS: [&str; 6] = [
        "workflow start",
        "workflow execute",
        "workflow run",
        "signal-with-start",
        "update-with-start",
        "schedule create",
    ];
    match site.kind {
        Kind::RawGrpc => RPCS.iter().any(|rpc| site.api.ends_with(rpc)),
        Kind::Cli => COMMANDS.iter().any(|command| site.api.contains(command)),
        kind => kind.starts(),
    }
}

pub(super) fn starters(code: &CodeFacts) -> Vec<Value> {
    production(code)
        .filter(|s| begins(s))
        .map(|site| {
            let (verdict, reason) = (verdict(&site.standing), &site.standing.because);
            let outside: Vec<String> = site.client.origins.iter().filter(|o| !o.factory).map(origin_in_words).collect();
            let origins = if outside.is_empty() { "an unknown place".to_owned() } else { words::list(&outside, 3) };
            let mut value = object(
                code,
                site,
                json!({"verdict": verdict, "reason": reason, "origins": origins, "factories": factory_for(code, site)}),
            );
            if let Some(loci) = value.get_mut("loci").and_then(Value::as_array_mut) {
                let places = site.client.origins.iter().filter(|o| !o.factory).take(5);
                loci.extend(places.filter_map(|o| serde_json::to_value(origin_locus(o)).ok()));
            }
            value
        })
        .collect()
}

/// Somebody starts what runs on the source: code without any starter is not all of the code.
pub(super) fn nobody_starts(context: &Context<'_>, code: &CodeFacts) -> Known<Vec<Value>> {
    if production(code).any(begins) {
        return Known::Known(vec![]);
    }
    let found = context.source.clone().zip(compare::moved(&context.facts.plan)).and_then(|(source, moved)| {
        Known::concat(moved.into_iter().map(|(mapping, _)| {
            compare::half(source, &mapping.source).and_then(|half| {
                let schedules = half.known("schedules", &half.namespace.schedules);
                let types = half.known("workflow types", &half.namespace.workflow_types);
                types.zip(schedules).map(|(types, schedules)| {
                    let scheduled = |name: &str| schedules.iter().any(|s| s.action.workflow_type == name);
                    let names: Vec<&str> = types.iter().map(|t| t.name.as_str()).filter(|n| !scheduled(n)).collect();
                    if names.is_empty() {
                        return vec![];
                    }
                    let shown: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
                    let locus = |n: &&str| half.locus(format!("workflow type {n}"), "CountWorkflowExecutions");
                    vec![json!({
                        "source_namespace": mapping.source, "types": words::list(&shown, 5),
                        "verb": if names.len() == 1 { "runs" } else { "run" },
                        "source_flags": context.source_flags(&mapping.source),
                        "loci": names.iter().take(5).map(locus).collect::<Vec<_>>(),
                    })]
                })
            })
        }))
    });
    match gap_about(code, About::Starts).filter(|_| !unanalysed(code, &context.facts.plan).is_empty()) {
        // The starters may be in what could not be read.
        Some(why) => found.and_then(|_| Known::Partial { value: vec![], why }),
        None => found,
    }
}

/// The word the rules know.
fn verdict(standing: &Standing) -> &'static str {
    match standing.verdict {
        StandingVerdict::Factory => "factory",
        StandingVerdict::Outside => "outside",
        StandingVerdict::Open => "unclear",
    }
}

fn origin_in_words(origin: &Origin) -> String {
    match &origin.function {
        Some(function) => format!("`{function}` ({}:{})", origin.path, origin.line),
        None => format!("{}:{}", origin.path, origin.line),
    }
}

fn origin_locus(origin: &Origin) -> Locus {
    Locus::Source {
        path: origin.path.clone(),
        line: origin.line,
        column: 0,
        function: origin.function.clone(),
        snippet: None,
    }
}
