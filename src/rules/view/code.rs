//! What the source tree says. Production code only: tests may build their own clients.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::coverage::{About, unanalysed, whole_about};
use super::{Context, FactPath, FactView, sdks, starters};
use crate::compare::cohorts::types_of_site;
use crate::facts::Locus;
use crate::facts::code::{CodeFacts, Confidence, EntryKind, FallbackOn, Kind, OriginStatus, RoutingRole, Site};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "code.starters",
        "every call that begins an execution or a schedule, and whether its client comes from a connection factory",
    ), /* fields: verdict (factory | outside | unclear), reason, what, api, place, path, line, function, origins, factories, fingerprint */
    FactPath::untyped(
        "code.nobody_starts",
        "namespaces with workflows nobody in the scanned code starts, because it starts none at all",
    ), /* fields: source_namespace, types, verb, source_flags */
    FactPath::untyped("code.unflagged_starts", "calls that start executions by a client no flag or setting chooses"), /* fields: what, api, place, path, line, function, fingerprint, workflow_types */
    FactPath::untyped(
        "code.schedules_at_start",
        "calls that create or change schedules whenever a worker process starts",
    ), /* fields: what, api, place, path, line, function, fingerprint, workflow_types */
    FactPath::untyped(
        "code.unique_ids",
        "starts that rely on an id being in use once, which a cluster knows of itself only",
    ), /* fields: place, path, line */
    FactPath::untyped("code.beside_workflows", "standalone activities and Nexus operations in production code"), /* fields: what, place, path, line */
    FactPath::untyped("code.clients", "every construction of a client, and whether it stands in a connection factory"), /* fields: verdict (factory | outside), api, place, path, line, function, address, instead (what to do), fingerprint */
    FactPath::untyped(
        "code.messages",
        "every signal, query, update, cancel, terminate and reset, and whether it can reach both clusters",
    ), /* fields: verdict (both | single | own: on the handle of its own start | unclear), reason, what, api, place, path, line, function, fingerprint */
    FactPath::untyped("code.fallbacks", "every second try on another cluster, and the error on which it acts"), /* fields: on (not-found | any-error | unclear), what, api, place, path, line, function, fingerprint */
    FactPath::untyped(
        "code.signal_with_starts",
        "every signal-with-start and update-with-start, and whether it stands under a fallback",
    ), /* fields: verdict (fallback | single), what, api, place, path, line, function, fingerprint */
    FactPath::untyped(
        "code.async_completions",
        "every completion of an activity from outside, and whether it can reach the cluster that issued the task",
    ), /* fields: verdict (both | inherited | single | unclear), reason, what, api, place, path, line, function, fingerprint */
    FactPath::untyped("code.cron_starts", "every start with a cron expression (not a schedule)"), /* fields: cron, what, api, place, path, line, function, fingerprint */
    FactPath::untyped("code.hazards", "calls and settings that Temporal Cloud refuses or that make a move risky"), /* fields: id, detail, place, path, line, key */
    FactPath::untyped("code.sdks_without_api_key", "SDK versions older than the first one that takes an API key"), /* fields: verdict (too-old | unclear), language, package, version, asked, minimum, place, path, line */
    FactPath::untyped(
        "code.sdks_with_partial_api_key",
        "SDK versions that take an API key, and leave TLS or the namespace header to the code",
    ), /* fields: verdict (by-hand | unclear), language, package, version, asked, by_hand, advice, place, path, line */
    FactPath::untyped("code.unanalysed", "files that name Temporal and were not read by the analyser, or not wholly"), /* fields: what, count, files */
    FactPath::untyped("code.search_attributes", "search attributes that production code names"), /* fields: name, role, place, path, line */
    FactPath::untyped("code.workflows", "workflow types that production code defines"), /* fields: name, place, path, line */
    FactPath::untyped("code.factories", "the connection factories, configured or proposed"), /* fields: path, line, function, configured, found, sites */
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let about = |about: About, list: fn(&CodeFacts) -> Vec<Value>| {
        context.code.clone().and_then(|code| whole_about(code, about, list(code)))
    };
    let found = |list: fn(&CodeFacts) -> Vec<Value>| about(About::Other, list);
    view.put_untyped("code.starters", about(About::Starts, starters::starters));
    view.put_untyped(
        "code.nobody_starts",
        context.code.clone().and_then(|code| starters::nobody_starts(context, code)),
    );
    view.put_untyped("code.unflagged_starts", about(About::Starts, unflagged_starts));
    view.put_untyped("code.schedules_at_start", about(About::Starts, schedules_at_start));
    view.put_untyped("code.unique_ids", about(About::Starts, |code| features(code, "start-uniqueness")));
    view.put_untyped("code.beside_workflows", found(beside_workflows));
    view.put_untyped("code.clients", found(clients));
    view.put_untyped("code.messages", about(About::Messages, messages));
    view.put_untyped("code.fallbacks", found(fallbacks));
    view.put_untyped("code.signal_with_starts", about(About::Both, signal_with_starts));
    view.put_untyped("code.async_completions", found(async_completions));
    view.put_untyped("code.cron_starts", about(About::Starts, cron_starts));
    view.put_untyped("code.hazards", found(hazards));
    view.put_untyped("code.sdks_without_api_key", context.code.clone().and_then(sdks::without_api_key));
    view.put_untyped("code.sdks_with_partial_api_key", context.code.clone().and_then(sdks::with_partial_api_key));
    view.put_untyped("code.unanalysed", context.code.clone().map(|code| unanalysed(code, &context.facts.plan)));
    view.put_untyped("code.search_attributes", found(search_attributes));
    view.put_untyped("code.workflows", found(workflows));
    view.put_untyped("code.factories", context.code.clone().map(factories));
}

fn unflagged_starts(code: &CodeFacts) -> Vec<Value> {
    let begins = |s: &&Site| matches!(s.kind, Kind::Start | Kind::SignalWithStart | Kind::UpdateWithStart);
    let unflagged = production(code).filter(begins).filter(|s| s.routing.flag.is_none());
    unflagged.map(|site| object(code, site, json!({}))).collect()
}

/// A process that runs workers starts again at every deployment, on both clusters during the move.
fn schedules_at_start(code: &CodeFacts) -> Vec<Value> {
    let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let workers: BTreeSet<String> =
        production(code).filter(|s| s.kind == Kind::Worker).map(|s| folder(&s.path)).collect();
    let at_start = production(code)
        .filter(|s| s.kind == Kind::ScheduleCreate || (s.kind == Kind::ScheduleOp && resumes(&s.api)))
        .filter(|s| s.routing.flag.is_none())
        .filter(|s| s.entries.iter().any(|e| e.kind == EntryKind::Cli && workers.contains(&folder(&e.path))));
    at_start.map(|site| object(code, site, json!({}))).collect()
}

/// Calls after which a schedule is active, whatever it was before.
fn resumes(api: &str) -> bool {
    let method = api.rsplit(['.', '#', ':']).next().unwrap_or(api).to_ascii_lowercase();
    ["unpause", "update"].iter().any(|word| method.starts_with(word))
}

fn features(code: &CodeFacts, feature: &str) -> Vec<Value> {
    let used = code.features.iter().filter(|f| f.feature == feature && f.scope.is_production());
    used.map(|f| at_line(&f.path, f.line, json!({"what": f.what}))).collect()
}

fn beside_workflows(code: &CodeFacts) -> Vec<Value> {
    let sites = production(code).filter(|s| matches!(s.kind, Kind::ActivityStart | Kind::NexusStart));
    let calls = sites.map(|site| {
        let what = if site.kind == Kind::NexusStart {
            "starts a workflow for a Nexus operation"
        } else {
            "starts a standalone activity"
        };
        object(code, site, json!({"what": what}))
    });
    let nexus = features(code, "nexus").into_iter().map(|mut used| {
        if let Some(object) = used.as_object_mut() {
            let what = object.get("what").and_then(Value::as_str).unwrap_or_default().to_owned();
            object.insert("what".to_owned(), format!("uses a Nexus {what}").into());
        }
        used
    });
    calls.chain(nexus).collect()
}

fn at_line(path: &str, line: u32, extra: Value) -> Value {
    let locus = Locus::Source { path: path.to_owned(), line, column: 0, function: None, snippet: None };
    let mut value = json!({"place": format!("{path}:{line}"), "path": path, "line": line, "loci": [locus]});
    if let (Some(value), Value::Object(extra)) = (value.as_object_mut(), extra) {
        value.extend(extra);
    }
    value
}

fn search_attributes(code: &CodeFacts) -> Vec<Value> {
    let named = code.search_attributes.iter().filter(|u| u.scope.is_production() && !u.name.is_empty());
    named.map(|u| at_line(&u.path, u.line, json!({"name": u.name, "role": u.role}))).collect()
}

fn workflows(code: &CodeFacts) -> Vec<Value> {
    let defined = code.workflow_types.iter().filter(|w| w.scope.is_production() && w.role == "defined");
    defined.map(|w| at_line(&w.path, w.line, json!({"name": w.name}))).collect()
}

fn factories(code: &CodeFacts) -> Vec<Value> {
    code.factories
        .iter()
        .map(|f| {
            json!({"path": f.path, "line": f.line, "function": f.function, "configured": f.configured,
                   "found": f.found, "sites": f.sites, "loci": [Locus::File { path: f.path.clone(), line: f.line }]})
        })
        .collect()
}

pub(super) fn production(code: &CodeFacts) -> impl Iterator<Item = &Site> {
    code.sites.iter().filter(|s| s.scope.is_production())
}

/// The evidence and the names every site has.
pub(super) fn object(code: &CodeFacts, site: &Site, extra: Value) -> Value {
    let mut loci = vec![Locus::Source {
        path: site.path.clone(),
        line: site.line,
        column: site.column,
        function: site.function.clone(),
        snippet: (!site.snippet.is_empty()).then(|| site.snippet.clone()),
    }];
    // Only the body of a wrapper, and a client that is handed out, has callers: asking every wrapper for every site takes
    // minutes in a large estate.
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
    let mut value = json!({
        "what": what(site), "api": site.api, "place": place, "path": site.path, "line": site.line,
        "function": site.function.as_deref().unwrap_or("top level"), "fingerprint": site.fingerprint, "loci": loci,
        "workflow_types": types_of_site(code, site),
    });
    if let (Some(map), Value::Object(extra)) = (value.as_object_mut(), extra) {
        map.extend(extra);
    }
    value
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
fn factory_in_words(factory: &crate::facts::code::Factory) -> String {
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

fn clients(code: &CodeFacts) -> Vec<Value> {
    production(code)
        .filter(|s| s.is_connection())
        .map(|site| {
            let verdict = if site.standing.is_factory() { "factory" } else { "outside" };
            let address = site.address.as_deref().unwrap_or("an address that is not a constant");
            let factory = factory_for(code, site);
            // A worker takes no client: its connection is of a type of its own.
            let instead = match site.api.contains("NativeConnection") {
                true => format!("Build the connection of the worker beside {factory}, from the same settings"),
                false => format!("Replace it by {factory}"),
            };
            object(code, site, json!({"verdict": verdict, "address": address, "instead": instead}))
        })
        .collect()
}

/// Generated stubs and command lines send messages too.
fn sends(site: &Site) -> bool {
    const RPCS: [&str; 7] = [
        "SignalWorkflowExecution",
        "QueryWorkflow",
        "UpdateWorkflowExecution",
        "RequestCancelWorkflowExecution",
        "TerminateWorkflowExecution",
        "DeleteWorkflowExecution",
        "ResetWorkflowExecution",
    ];
    const COMMANDS: [&str; 8] = ["signal", "query", "stack", "update", "cancel", "terminate", "delete", "reset"];
    match site.kind {
        Kind::RawGrpc => RPCS.iter().any(|rpc| site.api.rsplit(['.', '/']).next() == Some(rpc)),
        Kind::Cli => site
            .api
            .split_once("workflow ")
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .is_some_and(|command| COMMANDS.contains(&command)),
        kind => kind.messages(),
    }
}

fn messages(code: &CodeFacts) -> Vec<Value> {
    production(code)
        .filter(|s| sends(s))
        .map(|site| {
            let (verdict, reason) = match site.routing.role {
                RoutingRole::Primary | RoutingRole::Fallback => ("both", String::new()),
                RoutingRole::Single if site.routing.own_start => ("own", String::new()),
                RoutingRole::Single if site.confidence == Confidence::Possible => {
                    ("unclear", "only the name of the call speaks for the SDK".to_owned())
                }
                RoutingRole::Single => match &site.routing.open {
                    Some(reason) => ("unclear", reason.clone()),
                    None => ("single", String::new()),
                },
            };
            object(code, site, json!({"verdict": verdict, "reason": reason}))
        })
        .collect()
}

/// The second call of each pair; the first one is its partner.
fn fallbacks(code: &CodeFacts) -> Vec<Value> {
    production(code)
        .filter(|s| s.routing.role == RoutingRole::Fallback)
        .map(|site| {
            let on = match site.routing.fallback_on {
                Some(FallbackOn::NotFound) => "not-found",
                Some(FallbackOn::AnyError) => "any-error",
                Some(FallbackOn::Unclear) | None => "unclear",
            };
            let both_errors = match site.routing.both_errors {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unclear",
            };
            object(code, site, json!({"on": on, "both_errors": both_errors}))
        })
        .collect()
}

fn signal_with_starts(code: &CodeFacts) -> Vec<Value> {
    production(code)
        .filter(|s| matches!(s.kind, Kind::SignalWithStart | Kind::UpdateWithStart))
        .map(|site| {
            let verdict = if starts_twice(code, site) { "fallback" } else { "single" };
            object(code, site, json!({"verdict": verdict}))
        })
        .collect()
}

/// Whether a call with a start is one try of two in a way that can begin a second execution. It cannot when it only
/// follows a plain message that the other cluster answered with NotFound.
fn starts_twice(code: &CodeFacts, site: &Site) -> bool {
    let partner = |s: &&Site| s.path == site.path && Some(s.line) == site.routing.partner_line;
    let after_message = || code.sites.iter().find(partner).is_some_and(|s| s.kind.messages());
    match site.routing.role {
        RoutingRole::Single => false,
        RoutingRole::Primary => true,
        RoutingRole::Fallback => !(site.routing.fallback_on == Some(FallbackOn::NotFound) && after_message()),
    }
}

fn async_completions(code: &CodeFacts) -> Vec<Value> {
    production(code)
        .filter(|s| s.kind == Kind::AsyncComplete)
        .map(|site| {
            let verdict = match (site.routing.role, site.client.status) {
                (RoutingRole::Primary | RoutingRole::Fallback, _) => "both",
                (_, OriginStatus::Inherited) => "inherited",
                _ if site.routing.open.is_some() => "unclear",
                _ => "single",
            };
            let reason = site.routing.open.as_deref().unwrap_or_default();
            object(code, site, json!({"verdict": verdict, "reason": reason}))
        })
        .collect()
}

fn cron_starts(code: &CodeFacts) -> Vec<Value> {
    production(code)
        .filter(|s| s.kind != Kind::ScheduleCreate)
        .filter_map(|site| site.cron.as_ref().map(|cron| object(code, site, json!({"cron": cron}))))
        .collect()
}

fn hazards(code: &CodeFacts) -> Vec<Value> {
    code.hazards
        .iter()
        .filter(|h| h.scope.is_production())
        .map(|h| {
            let loci = [Locus::Source {
                path: h.path.clone(),
                line: h.line,
                column: 0,
                function: None,
                snippet: h.snippet.clone(),
            }];
            let seen = h.snippet.as_deref().unwrap_or(&h.detail);
            json!({"id": h.id, "detail": h.detail, "place": format!("{}:{}", h.path, h.line), "path": h.path,
                   "line": h.line, "key": format!("{}|{}|{seen}", h.id, h.path), "loci": loci})
        })
        .collect()
}
