//! What differs between the clusters, and between the clusters and the code, with the names remedies need.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::limits::{self, Limits};
use super::{Context, FactPath, FactView, attributes, coverage, schedule_command, words};
use crate::compare::{self, live, namespace_missing};
use crate::compare::{
    AttributeChange, AttributeKind, ConfigKind, DeploymentChange, DeploymentKind, QueueChange, ScheduleChange,
    ScheduleKind,
};
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::plan::NamespaceMapping;
use crate::facts::{Known, Locus};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "diff.missing_namespaces",
        "mapped namespaces that the target does not have, or in which nothing can start",
    ), /* fields: missing, problem, target_namespace, short_name, source_namespace, target_kind, target_flags, retention_days */
    FactPath::untyped("diff.search_attributes", "custom search attributes that are not the same on both sides"), /* fields: change (missing | type-changed | only-on-target), name, source_type, target_type, effect, other_case, pair */
    FactPath::untyped(
        "diff.search_attributes_not_in_clusters",
        "search attributes of production code that neither cluster has",
    ), /* fields: name, role, place, path, line, similar */
    FactPath::untyped("diff.schedules", "schedules that are missing, different, or active on both sides"), /* fields: change (missing-on-target | only-on-target | both-unpaused | differs), id, differences, create_flags, update_flags, fill_in, beyond_cli, exhausted (no actions left), times_only (alike, but firing at other times), pair */
    FactPath::untyped("diff.retention", "target namespaces that keep closed executions for a shorter time"), /* fields: source_keeps, target_keeps, above_cloud, raise, days, pair */
    FactPath::untyped("diff.task_queues", "task queues with work on the source and without workers on the target"), /* fields: change (no-pollers-on-target | not-asked-on-target), name, worker, schedules_only, work, open, by_schedules, pair */
    FactPath::untyped(
        "diff.deployments",
        "worker deployments that are current on the source and not on the target, or drain without workers",
    ), /* fields: change (missing-on-target | not-current-on-target | draining-without-workers), name, build_id, problem, version_flags, pair */
    FactPath::untyped(
        "diff.types_not_in_code",
        "workflow types seen on the source that the scanned code does not define",
    ), /* fields: verdict (absent | unclear), name, source_namespace, open */
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put_untyped("diff.missing_namespaces", missing_namespaces(context));
    view.put_untyped("diff.search_attributes", search_attributes(context));
    view.put_untyped("diff.search_attributes_not_in_clusters", not_in_clusters(context));
    view.put_untyped("diff.schedules", map(&context.comparison.schedules, |c| schedule(context, c)));
    view.put_untyped("diff.retention", retention(context));
    view.put_untyped("diff.task_queues", map(&context.comparison.task_queues, |c| queue(context, c)));
    view.put_untyped("diff.deployments", map(&context.comparison.deployments, |c| deployment(context, c)));
    view.put_untyped("diff.types_not_in_code", types_not_in_code(context));
}

fn map<T: Clone>(changes: &Known<Vec<T>>, object: impl Fn(&T) -> Value) -> Known<Vec<Value>> {
    changes.as_ref().map(|changes| changes.iter().map(object).collect())
}

/// The serialised change with the fields remedies need (`pair` in the tables: source_namespace, target_namespace,
/// target_kind, source_flags, target_flags).
pub(super) fn with(context: &Context<'_>, change: &impl serde::Serialize, extra: Value) -> Value {
    let mut value = serde_json::to_value(change).unwrap_or_else(|e| json!({"broken": e.to_string()}));
    let name = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (source, target) = (name(&value, "source_namespace"), name(&value, "target_namespace"));
    if let (Some(object), Value::Object(extra)) = (value.as_object_mut(), extra) {
        object.insert("source_flags".to_owned(), context.source_flags(&source).into());
        object.insert("target_flags".to_owned(), context.target_flags(&target).into());
        object.extend(extra);
    }
    value
}

fn missing_namespaces(context: &Context<'_>) -> Known<Vec<Value>> {
    let all = context.target.clone().zip(limits::limits()).zip(compare::moved(&context.facts.plan));
    all.and_then(|((target, limits), moved)| {
        Known::concat(moved.into_iter().map(|(mapping, name)| {
            unusable(target, name).map(|problem| {
                let found = problem.map(|(missing, problem)| {
                    let command = namespace_command(context, limits, mapping, name);
                    let mut value = json!({
                        "missing": missing, "problem": problem, "source_namespace": mapping.source,
                        "loci": [live(target, Some(name), format!("namespace {name}"), "DescribeNamespace"),
                                 context.plan_locus(mapping.line)],
                    });
                    if let (Some(object), Value::Object(command)) = (value.as_object_mut(), command) {
                        object.extend(command);
                    }
                    value
                });
                found.into_iter().collect()
            })
        }))
    })
}

/// Why nothing can start in a namespace, and whether it is missing. A server refuses starts in a namespace that is
/// not registered.
fn unusable(cluster: &ClusterSnapshot, name: &str) -> Known<Option<(bool, String)>> {
    namespace_missing(cluster, name).and_then(|missing| {
        if missing {
            return Known::Known(Some((true, "does not exist on the target".to_owned())));
        }
        compare::half(cluster, name).and_then(|half| half.known("the configuration", &half.namespace.config)).map(
            |config| {
                let state = config.state.to_ascii_lowercase();
                let refuses = ["deprecated", "deleted"].contains(&state.as_str());
                refuses.then(|| (false, format!("is {state} on the target and accepts no new executions")))
            },
        )
    })
}

/// What the command that creates a namespace needs.
fn namespace_command(context: &Context<'_>, limits: &Limits, mapping: &NamespaceMapping, name: &str) -> Value {
    let short = name.split_once('.').map_or(name, |(short, _)| short);
    let source = context.facts.source.value();
    let config =
        source.and_then(|s| s.namespaces.iter().find(|n| n.name == mapping.source)).and_then(|n| n.config.value());
    let allowed = &limits.retention_days;
    let days = config.map_or(allowed.default, |c| c.retention_seconds.div_ceil(86_400).clamp(allowed.min, allowed.max));
    json!({"target_namespace": name, "short_name": short, "target_kind": super::kind_name(context.target_kind),
           "target_flags": context.target_flags(name), "retention_days": days})
}

fn search_attributes(context: &Context<'_>) -> Known<Vec<Value>> {
    limits::limits().zip(context.comparison.search_attributes.clone()).map(|(limits, changes)| {
        let used: Option<BTreeSet<&str>> = context
            .facts
            .code
            .value()
            .filter(|code| coverage::gap_about(code, coverage::About::Any).is_none())
            .map(|code| code.search_attributes.iter().map(|u| u.name.as_str()).collect());
        // Attributes of a development image that the whole code never names are not the team's.
        let leftover = |c: &AttributeChange| {
            c.change == AttributeKind::Missing
                && limits.development_search_attributes.contains(&c.name)
                && used.as_ref().is_some_and(|used| !used.contains(c.name.as_str()))
        };
        let unneeded = |c: &AttributeChange| {
            let half = context.facts.source.value().map(|source| compare::half(source, &c.pair.source_namespace));
            let half = half.as_ref().and_then(Known::value);
            c.change == AttributeKind::Missing
                && half.is_some_and(|half| attributes::unneeded(context, half).contains(&c.name))
        };
        changes.iter().filter(|c| !leftover(c) && !unneeded(c)).map(|c| attribute(context, c)).collect()
    })
}

fn attribute(context: &Context<'_>, change: &AttributeChange) -> Value {
    let effect = match (change.source_type.as_str(), change.target_type.as_str()) {
        _ if change.change != AttributeKind::TypeChanged => "",
        ("Keyword" | "KeywordList", "Text") => {
            "values are accepted in silence, but queries then match single words instead of the whole value"
        }
        ("Text", "Keyword" | "KeywordList") => {
            "values are accepted in silence, but queries for a single word no longer find anything"
        }
        ("Keyword", "KeywordList") | ("KeywordList", "Keyword") => {
            "single values are accepted in silence, but lists and operators behave differently"
        }
        _ => "values of the old type are refused: starts fail and workflow tasks fail with BadSearchAttributes",
    };
    let other_case = if change.other_case.is_empty() {
        String::new()
    } else {
        format!(" (it has `{}`; names are case-sensitive)", change.other_case)
    };
    with(context, change, json!({"effect": effect, "other_case": other_case}))
}

fn not_in_clusters(context: &Context<'_>) -> Known<Vec<Value>> {
    let clusters = attribute_names(context);
    let whole = context.code.clone().and_then(|code| coverage::whole(code, code));
    whole.zip(clusters).zip(limits::limits()).map(|((code, known), limits)| {
        let system = |name: &str| {
            name.starts_with("Temporal")
                || limits.reserved_search_attributes.iter().any(|r| r == name)
                || limits.search_attribute_aliases.iter().any(|r| r == name)
        };
        let unknown = code
            .search_attributes
            .iter()
            .filter(|u| u.scope.is_production() && !u.name.is_empty() && !system(&u.name) && !known.contains(&u.name));
        let mut seen = BTreeSet::new();
        unknown
            .filter(|u| seen.insert((u.name.as_str(), u.path.as_str())))
            .map(|u| {
                let similar = known.iter().find(|k| k.eq_ignore_ascii_case(&u.name));
                let similar = similar.map(|k| format!("; a cluster has `{k}`")).unwrap_or_default();
                json!({"name": u.name, "role": u.role, "place": format!("{}:{}", u.path, u.line), "path": u.path,
                       "line": u.line, "similar": similar,
                       "loci": [Locus::Source { path: u.path.clone(), line: u.line, column: 0, function: None, snippet: None }]})
            })
            .collect()
    })
}

/// Names of custom search attributes of the moved namespaces, on the source or on the target.
fn attribute_names(context: &Context<'_>) -> Known<BTreeSet<String>> {
    let moved = match compare::moved(&context.facts.plan) {
        Known::Known(moved) | Known::Partial { value: moved, .. } => moved,
        Known::Unknown(why) => return Known::Unknown(why),
    };
    let source = context.source.clone().and_then(|source| {
        Known::concat(moved.iter().map(|(m, _)| {
            compare::half(source, &m.source)
                .and_then(|half| half.known("search attributes", &half.namespace.search_attributes))
        }))
    });
    let target = context.facts.target.value().map(|target| {
        let probed = moved.iter().filter_map(|(_, name)| target.namespaces.iter().find(|n| n.name == *name));
        probed.filter_map(|n| n.search_attributes.value()).flatten().map(|a| a.name.clone()).collect::<Vec<_>>()
    });
    source.map(|attributes| attributes.into_iter().map(|a| a.name).chain(target.into_iter().flatten()).collect())
}

fn schedule(context: &Context<'_>, change: &ScheduleChange) -> Value {
    let differences: Vec<String> = change
        .differences
        .iter()
        .map(|d| format!("{} is {} on the source and {} on the target", d.field, short(&d.source), short(&d.target)))
        .collect();
    let started = [&change.source, &change.target].into_iter().flatten().map(|s| s.action.workflow_type.as_str());
    let started: BTreeSet<&str> = started.collect();
    let mut extra = json!({
        "workflow_types": started,
        "difference": differences.join("; "),
        "create_flags": "", "update_flags": "", "fill_in": "", "beyond_cli": "", "exhausted": false,
        "times_only": matches!(change.differences.as_slice(), [only] if only.field == "times"),
    });
    if let (Some(object), Some(schedule)) = (extra.as_object_mut(), &change.source) {
        let paused = change.change == ScheduleKind::MissingOnTarget || change.target.as_ref().is_some_and(|t| t.paused);
        let flags = schedule_command::flags(schedule, paused);
        let create = format!("{flags}{}", schedule_command::create_only_flags(schedule));
        object.insert("create_flags".to_owned(), create.into());
        object.insert("exhausted".to_owned(), (schedule.remaining_actions == Some(0)).into());
        object.insert("update_flags".to_owned(), flags.into());
        object.insert("fill_in".to_owned(), words::list(&schedule_command::to_fill_in(schedule), 9).into());
        object.insert("beyond_cli".to_owned(), words::list(&schedule_command::beyond_the_cli(schedule), 9).into());
    }
    with(context, change, extra)
}

/// The workflow types whose workers poll a task queue, as far as they were seen; none when that is open.
pub(super) fn types_on(context: &Context<'_>, queue: &str) -> Vec<String> {
    let (code, source) = (context.code.value().copied(), context.source.value().copied());
    let types = compare::cohorts::types(code, source, &context.facts.plan);
    types.into_iter().filter(|(_, known)| known.queues.contains(queue)).map(|(name, _)| name).collect()
}

/// Long values are cut in sentences; the whole value is in the snapshot.
fn short(value: &str) -> String {
    if value.chars().count() <= 60 {
        return format!("`{value}`");
    }
    format!("`{}…`", value.chars().take(59).collect::<String>())
}

fn retention(context: &Context<'_>) -> Known<Vec<Value>> {
    limits::limits().zip(context.comparison.namespaces.clone()).map(|(limits, changes)| {
        let shorter = changes.iter().filter(|c| c.change == ConfigKind::Retention && c.target < c.source);
        shorter
            .map(|c| {
                let days = c.source.div_ceil(86_400);
                let above = context.target_kind == crate::facts::cluster::ClusterKind::Cloud
                    && days > limits.retention_days.max;
                let days = if above { limits.retention_days.max } else { days };
                let extra = json!({"source_keeps": words::duration(c.source), "target_keeps": words::duration(c.target),
                                   "above_cloud": above, "days": days, "raise": c.target < days * 86_400});
                with(context, c, extra)
            })
            .collect()
    })
}

fn queue(context: &Context<'_>, change: &QueueChange) -> Value {
    let (open, schedules) = (change.open_on_source, change.schedules.len() as u64);
    let verb = |n: u64, one: &str, many: &str| if n == 1 { one.to_owned() } else { many.to_owned() };
    let running = format!("{} on the source {} it", words::count(open, "open execution"), verb(open, "uses", "use"));
    let starting = |what: &str| {
        format!("{}{what} {} workflows", words::count(schedules, "schedule"), verb(schedules, "starts", "start"))
    };
    let work = match (open, schedules) {
        (0, 0) => "workers on the source poll it".to_owned(),
        (0, _) => format!("{} on it", starting("")),
        (_, 0) => running,
        (_, _) => format!("{running}, and {} on it", starting("")),
    };
    let gone = change.gone.as_ref().and_then(|p| Some((&p.identity, p.last_access?)));
    let gone = gone.map(|(who, last)| format!("; the last poll was that of {who} at {}", words::minute(last)));
    let work = work + &gone.unwrap_or_default();
    let extra = json!({
        "work": work, "open": words::count(open, "open execution"),
        "by_schedules": starting(&format!(" of {}", change.pair.source_namespace)),
        "schedules_only": open == 0 && schedules > 0,
        "workflow_types": types_on(context, &change.name),
    });
    let mut value = with(context, change, extra);
    if let (Some(loci), Known::Known(source)) = (value.get_mut("loci").and_then(Value::as_array_mut), &context.source) {
        let named = change.schedules.iter().take(5);
        let place = |id: &String| {
            live(source, Some(&change.pair.source_namespace), format!("schedule {id}"), "DescribeSchedule")
        };
        loci.extend(named.filter_map(|id| serde_json::to_value(place(id)).ok()));
    }
    value
}

fn deployment(context: &Context<'_>, change: &DeploymentChange) -> Value {
    let problem = match change.change {
        DeploymentKind::MissingOnTarget => "the target does not know it",
        DeploymentKind::NotCurrentOnTarget => "it has no current version on the target",
        DeploymentKind::DrainingWithoutWorkers => "no worker polls with this version",
    };
    let version_flags = format!(
        "--deployment-name {} --build-id {}",
        crate::rules::shell::word(&change.name),
        crate::rules::shell::word(&change.build_id)
    );
    with(context, change, json!({"problem": problem, "version_flags": version_flags}))
}

fn types_not_in_code(context: &Context<'_>) -> Known<Vec<Value>> {
    let all = context.source.clone().zip(context.code.clone()).zip(compare::moved(&context.facts.plan));
    all.and_then(|((source, code), moved)| {
        let defined: BTreeSet<&str> =
            code.workflow_types.iter().filter(|d| d.scope.is_production()).map(|d| d.name.as_str()).collect();
        let verdict = if coverage::gap(code).is_none() { "absent" } else { "unclear" };
        Known::concat(moved.into_iter().map(|(m, _)| {
            compare::half(source, &m.source).and_then(|half| {
                half.known("workflow types", &half.namespace.workflow_types).map(|types| {
                    let missing = types.iter().filter(|t| !defined.contains(t.name.as_str()));
                    missing
                        .map(|t| {
                            json!({"verdict": verdict, "name": t.name, "source_namespace": m.source, "open": t.open,
                                   "workflow_type": t.name,
                                   "loci": [half.locus(format!("workflow type {}", t.name), "CountWorkflowExecutions")]})
                        })
                        .collect()
                })
            })
        }))
    })
}
