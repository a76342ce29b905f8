//! Call sites and lines of code as facts: what every list of them has.

use schemars::JsonSchema;
use serde::Serialize;

use crate::compare::cohorts::types_of_site;
use crate::facts::Locus;
use crate::facts::code::{CodeFacts, Factory, Kind, Site};

/// A call of the SDK in production code.
#[derive(Serialize, JsonSchema)]
pub(super) struct CallSite {
    /// What the call does, as a verb phrase: starts `Invoice`.
    pub what: String,
    /// The method of the SDK: `client.Client.ExecuteWorkflow`.
    pub api: String,
    /// Function and place: `main` (jobs/nightly.go:40).
    pub place: String,
    /// File, relative to the root of the scan.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// The function the call stands in; `top level` outside of functions.
    pub function: String,
    /// Identity of the call, without line numbers.
    pub fingerprint: String,
    /// The workflow types it concerns, as far as they are constants.
    pub workflow_types: Vec<String>,
    /// The call, then callers of the wrapper it stands in.
    pub loci: Vec<Locus>,
}

impl CallSite {
    /// The evidence and the names of a site.
    pub fn of(code: &CodeFacts, site: &Site) -> Self {
        let mut loci = vec![Locus::Source {
            path: site.path.clone(),
            line: site.line,
            column: site.column,
            function: site.function.clone(),
            snippet: (!site.snippet.is_empty()).then(|| site.snippet.clone()),
        }];
        // Only the body of a wrapper, and a client that is handed out, has callers: asking every wrapper for every site
        // takes minutes in a large estate.
        let called = site.wrapper.is_some() || site.kind == Kind::Connect;
        let wrappers = if called { code.wrappers.as_slice() } else { &[] };
        let callers = wrappers.iter().filter(|w| w.site == site.fingerprint).flat_map(|w| &w.calls);
        loci.extend(callers.filter(|c| c.scope.is_production()).take(10).map(|c| Locus::Source {
            path: c.path.clone(),
            line: c.line,
            column: 0,
            function: c.function.clone(),
            snippet: None,
        }));
        let place = match &site.function {
            Some(function) => format!("`{function}` ({}:{})", site.path, site.line),
            None => format!("{}:{}", site.path, site.line),
        };
        Self {
            what: what(site),
            api: site.api.clone(),
            place,
            path: site.path.clone(),
            line: site.line,
            function: site.function.clone().unwrap_or_else(|| "top level".to_owned()),
            fingerprint: site.fingerprint.clone(),
            workflow_types: types_of_site(code, site),
            loci,
        }
    }
}

/// A line of production code.
#[derive(Serialize, JsonSchema)]
pub(super) struct CodeLine {
    /// Place: `jobs/nightly.go:40`.
    pub place: String,
    /// File, relative to the root of the scan.
    path: String,
    /// Line, from 1.
    line: u32,
    /// The line.
    pub loci: Vec<Locus>,
}

impl CodeLine {
    /// A line of a file.
    pub fn at(path: &str, line: u32) -> Self {
        let locus = Locus::Source { path: path.to_owned(), line, column: 0, function: None, snippet: None };
        Self { place: format!("{path}:{line}"), path: path.to_owned(), line, loci: vec![locus] }
    }
}

/// The sites of production code: tests may build their own clients.
pub(super) fn production(code: &CodeFacts) -> impl Iterator<Item = &Site> {
    code.sites.iter().filter(|s| s.scope.is_production())
}

/// What a call does, as a verb phrase.
fn what(site: &Site) -> String {
    let workflow = site.workflow_type.as_ref().map_or("a workflow".to_owned(), |t| format!("`{t}`"));
    let message = |verb: &str, noun: &str| match &site.message_name {
        Some(name) => format!("{verb} {noun} `{name}`"),
        None => format!("{verb} {} {noun}", if noun.starts_with('u') { "an" } else { "a" }),
    };
    match site.kind {
        Kind::Start => format!("starts {workflow}"),
        Kind::SignalWithStart => format!("signals or starts {workflow}"),
        Kind::UpdateWithStart => format!("updates or starts {workflow}"),
        Kind::ScheduleCreate => format!("creates a schedule that starts {workflow}"),
        Kind::ActivityStart => "starts a standalone activity".to_owned(),
        Kind::Signal => message("sends", "signal"),
        Kind::Query => message("sends", "query"),
        Kind::Update => message("sends", "update"),
        Kind::Cancel => "cancels a workflow".to_owned(),
        Kind::Terminate => "terminates a workflow".to_owned(),
        Kind::Reset => "resets a workflow".to_owned(),
        Kind::AsyncComplete => "completes or heartbeats an activity from outside".to_owned(),
        Kind::RawGrpc | Kind::Cli => format!("calls `{}`", site.api),
        _ => format!("calls `{}`", site.api),
    }
}

/// ``` `Connect` (worker/connection.go) ```; one that is not in the tree has no file.
fn factory_in_words(factory: &Factory) -> String {
    if factory.path.is_empty() {
        return format!("`{}`", factory.function);
    }
    format!("`{}` ({})", factory.function, factory.path)
}

/// The factory a site can use: of its language, and the nearest one in the tree.
pub(super) fn factory_for(code: &CodeFacts, site: &Site) -> String {
    let found = || code.factories.iter().filter(|f| f.found);
    let near = found()
        .filter(|f| f.path.is_empty() || ending(&f.path) == ending(&site.path))
        .max_by_key(|f| (shared_folders(&f.path, &site.path), f.sites));
    match near {
        Some(factory) => factory_in_words(factory),
        None if found().next().is_some() => "one connection factory of its language (none exists yet)".to_owned(),
        None => "one connection factory (none exists yet)".to_owned(),
    }
}

/// The ending of files that can call each other.
fn ending(path: &str) -> &str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "tsx" | "js" | "jsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte" => "ts",
        "pyi" => "py",
        other => other,
    }
}

fn shared_folders(one: &str, other: &str) -> usize {
    one.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count()
}
