//! Who starts workflows, and where the client of each starter was built.

use schemars::JsonSchema;
use serde::Serialize;

use super::coverage::{About, gap_about, unanalysed, whole_about};
use super::site::{CallSite, factory_for, production};
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare;
use crate::facts::code::{CodeFacts, Kind, Origin, Site, Standing, StandingVerdict};
use crate::facts::{Known, Locus};

const STARTERS: Fact<Vec<Starter>> = Fact::new(
    "code.starters",
    "every call that begins an execution or a schedule, and whether its client comes from a connection factory",
);
const NOBODY_STARTS: Fact<Vec<NobodyStarts>> = Fact::new(
    "code.nobody_starts",
    "namespaces with workflows nobody in the scanned code starts, because it starts none at all",
);

pub(super) const PATHS: &[FactPath] = &[STARTERS.entry(), NOBODY_STARTS.entry()];

/// A call that begins an execution or a schedule.
#[derive(Serialize, JsonSchema)]
struct Starter {
    /// Whether its client comes from a connection factory.
    verdict: StarterVerdict,
    /// Why that is open; empty when it is not.
    reason: String,
    /// Where clients of it are built outside of every factory, at most three, then how many more.
    origins: String,
    /// The connection factory it can use.
    factories: String,
    #[serde(flatten)]
    site: CallSite,
}

/// Where the client of a starter comes from.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum StarterVerdict {
    /// From a connection factory, on every way.
    Factory,
    /// On one way at least, from a construction outside of every factory.
    Outside,
    /// That is open.
    Unclear,
}

/// A namespace with workflows that nobody in the scanned code starts.
#[derive(Serialize, JsonSchema)]
struct NobodyStarts {
    /// Namespace of the source.
    source_namespace: String,
    /// Workflow types that no schedule starts, at most five, then how many more.
    types: String,
    /// `runs` or `run`, as the number of types asks.
    verb: &'static str,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let starters = context.code.clone().and_then(|code| whole_about(code, About::Starts, starters(code)));
    view.put(&STARTERS, starters);
    view.put(&NOBODY_STARTS, context.code.clone().and_then(|code| nobody_starts(context, code)));
}

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

fn starters(code: &CodeFacts) -> Vec<Starter> {
    let starter = |site: &Site| {
        let outside: Vec<&Origin> = site.client.origins.iter().filter(|o| !o.factory).collect();
        let named: Vec<String> = outside.iter().map(|o| origin_in_words(o)).collect();
        let mut call = CallSite::of(code, site);
        call.loci.extend(outside.iter().take(5).map(|o| origin_locus(o)));
        Starter {
            verdict: verdict(&site.standing),
            reason: site.standing.because.clone(),
            origins: if named.is_empty() { "an unknown place".to_owned() } else { words::list(&named, 3) },
            factories: factory_for(code, site),
            site: call,
        }
    };
    production(code).filter(|s| begins(s)).map(starter).collect()
}

/// Somebody starts what runs on the source: code without any starter is not all of the code.
fn nobody_starts(context: &Context<'_>, code: &CodeFacts) -> Known<Vec<NobodyStarts>> {
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
                    vec![NobodyStarts {
                        source_namespace: mapping.source.clone(),
                        types: words::list(&shown, 5),
                        verb: if names.len() == 1 { "runs" } else { "run" },
                        source_flags: context.source_flags(&mapping.source),
                        loci: names.iter().take(5).map(locus).collect(),
                    }]
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

fn verdict(standing: &Standing) -> StarterVerdict {
    match standing.verdict {
        StandingVerdict::Factory => StarterVerdict::Factory,
        StandingVerdict::Outside => StarterVerdict::Outside,
        StandingVerdict::Open => StarterVerdict::Unclear,
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
