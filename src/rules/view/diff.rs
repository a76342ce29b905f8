//! What differs between the clusters, and between the clusters and the code, with the names remedies need.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::limits;
use super::site::CodeLine;
use super::{Context, Fact, FactPath, FactView, attributes, coverage, schedule_command, words};
use crate::compare::{self, live, namespace_missing};
use crate::compare::{
    AttributeChange, AttributeKind, ConfigChange, ConfigKind, DeploymentChange, DeploymentKind, Pair, QueueChange,
    ScheduleChange, ScheduleKind,
};
use crate::facts::cluster::{ClusterSnapshot, Schedule};
use crate::facts::plan::NamespaceMapping;
use crate::facts::{Known, Locus};

const MISSING_NAMESPACES: Fact<Vec<MissingNamespace>> = Fact::new(
    "diff.missing_namespaces",
    "mapped namespaces that the target does not have, or in which nothing can start",
);
const SEARCH_ATTRIBUTES: Fact<Vec<AttributeDifference>> =
    Fact::new("diff.search_attributes", "custom search attributes that are not the same on both sides");
const SEARCH_ATTRIBUTES_NOT_IN_CLUSTERS: Fact<Vec<UnknownAttribute>> = Fact::new(
    "diff.search_attributes_not_in_clusters",
    "search attributes of production code that neither cluster has",
);
const SCHEDULES: Fact<Vec<ScheduleDifference>> =
    Fact::new("diff.schedules", "schedules that are missing, different, or active on both sides");
const RETENTION: Fact<Vec<ShorterRetention>> =
    Fact::new("diff.retention", "target namespaces that keep closed executions for a shorter time");
const TASK_QUEUES: Fact<Vec<UnservedQueue>> =
    Fact::new("diff.task_queues", "task queues with work on the source and without workers on the target");
const DEPLOYMENTS: Fact<Vec<DeploymentDifference>> = Fact::new(
    "diff.deployments",
    "worker deployments that are current on the source and not on the target, or drain without workers",
);
const TYPES_NOT_IN_CODE: Fact<Vec<TypeNotInCode>> =
    Fact::new("diff.types_not_in_code", "workflow types seen on the source that the scanned code does not define");

pub(super) const PATHS: &[FactPath] = &[
    MISSING_NAMESPACES.entry(),
    SEARCH_ATTRIBUTES.entry(),
    SEARCH_ATTRIBUTES_NOT_IN_CLUSTERS.entry(),
    SCHEDULES.entry(),
    RETENTION.entry(),
    TASK_QUEUES.entry(),
    DEPLOYMENTS.entry(),
    TYPES_NOT_IN_CODE.entry(),
];

/// A change between both sides, with what remedies need to reach them.
#[derive(Serialize, JsonSchema)]
pub(super) struct Between<C> {
    #[serde(flatten)]
    change: C,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Flags of the `temporal` CLI that reach the namespace of the target.
    target_flags: String,
}

impl<C> Between<C> {
    pub(super) fn new(context: &Context<'_>, pair: &Pair, change: C) -> Self {
        let source_flags = context.source_flags(&pair.source_namespace);
        Self { change, source_flags, target_flags: context.target_flags(&pair.target_namespace) }
    }
}

/// A target namespace in which nothing can start.
#[derive(Serialize, JsonSchema)]
struct MissingNamespace {
    /// Whether it does not exist.
    missing: bool,
    /// What is the matter, as the end of a sentence.
    problem: String,
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// Its name without the account.
    short_name: String,
    /// Kind of the target: `cloud`, `self-hosted`.
    target_kind: &'static str,
    /// Flags of the `temporal` CLI that reach the namespace of the target.
    target_flags: String,
    /// Days to keep closed executions: those of the source, within the limits of Temporal Cloud.
    retention_days: u64,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A custom search attribute that is not the same on both sides.
#[derive(Serialize, JsonSchema)]
struct AttributeDifference {
    #[serde(flatten)]
    between: Between<AttributeChange>,
    /// What another type does to the code, as a sentence; empty for the other changes.
    effect: &'static str,
    /// Another spelling that the target has, in brackets; empty when there is none.
    other_case: String,
}

/// A search attribute of production code that neither cluster has.
#[derive(Serialize, JsonSchema)]
struct UnknownAttribute {
    /// Its name.
    name: String,
    /// What the code does with it.
    role: String,
    /// The spelling a cluster has, as the end of a sentence; empty when there is none.
    similar: String,
    #[serde(flatten)]
    at: CodeLine,
}

/// A schedule that is missing, different, or active on both sides.
#[derive(Serialize, JsonSchema)]
struct ScheduleDifference {
    #[serde(flatten)]
    between: Between<ScheduleChange>,
    /// The workflow types it starts on either side.
    workflow_types: BTreeSet<String>,
    /// What differs, as a sentence; empty for the other changes.
    difference: String,
    /// Flags of `temporal schedule create` for the same schedule; empty when the source has none.
    create_flags: String,
    /// Flags of `temporal schedule update` for the same schedule.
    update_flags: String,
    /// What a person has to fill in: payloads that are not shown.
    fill_in: String,
    /// What the flags of the CLI cannot say.
    beyond_cli: String,
    /// Whether it has no actions left.
    exhausted: bool,
    /// Whether both are alike, but act at other times.
    times_only: bool,
}

/// A target namespace that keeps closed executions for a shorter time.
#[derive(Serialize, JsonSchema)]
struct ShorterRetention {
    #[serde(flatten)]
    between: Between<ConfigChange>,
    /// How long the source keeps them.
    source_keeps: String,
    /// How long the target keeps them.
    target_keeps: String,
    /// Whether Temporal Cloud cannot keep them as long.
    above_cloud: bool,
    /// Days to ask of the target.
    days: u64,
    /// Whether the target can keep them longer than it does.
    raise: bool,
}

/// A task queue with work on the source and without workers on the target.
#[derive(Serialize, JsonSchema)]
struct UnservedQueue {
    #[serde(flatten)]
    between: Between<QueueChange>,
    /// What work it has, as a sentence.
    work: String,
    /// How many open executions of the source use it.
    open: String,
    /// How many schedules start workflows on it, as a sentence.
    by_schedules: String,
    /// Whether only schedules bring work.
    schedules_only: bool,
    /// Workflow types whose workers poll it, as far as they were seen.
    workflow_types: Vec<String>,
}

/// A worker deployment that is not on the target as it is on the source.
#[derive(Serialize, JsonSchema)]
struct DeploymentDifference {
    #[serde(flatten)]
    between: Between<DeploymentChange>,
    /// What is the matter, as a sentence.
    problem: &'static str,
    /// Flags of `temporal worker deployment` that name the version.
    version_flags: String,
}

/// A workflow type of the source that the scanned code does not define.
#[derive(Serialize, JsonSchema)]
struct TypeNotInCode {
    /// Whether it is missing.
    verdict: InCode,
    /// Its name.
    name: String,
    /// Its name.
    workflow_type: String,
    /// Namespace of the source.
    source_namespace: String,
    /// Open executions, by CountWorkflowExecutions.
    open: u64,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Whether the code defines a workflow type.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum InCode {
    /// It does not, and all of the code was read.
    Absent,
    /// It may: not all of the code was read.
    Unclear,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&MISSING_NAMESPACES, missing_namespaces(context));
    view.put(&SEARCH_ATTRIBUTES, search_attributes(context));
    view.put(&SEARCH_ATTRIBUTES_NOT_IN_CLUSTERS, not_in_clusters(context));
    view.put(&SCHEDULES, map(&context.comparison.schedules, |c| schedule(context, c)));
    view.put(&RETENTION, retention(context));
    view.put(&TASK_QUEUES, map(&context.comparison.task_queues, |c| queue(context, c)));
    view.put(&DEPLOYMENTS, map(&context.comparison.deployments, |c| deployment(context, c)));
    view.put(&TYPES_NOT_IN_CODE, types_not_in_code(context));
}

fn map<T: Clone, O>(changes: &Known<Vec<T>>, object: impl Fn(&T) -> O) -> Known<Vec<O>> {
    changes.as_ref().map(|changes| changes.iter().map(object).collect())
}

fn missing_namespaces(context: &Context<'_>) -> Known<Vec<MissingNamespace>> {
    let all = context.target.clone().zip(limits::limits()).zip(compare::moved(&context.facts.plan));
    all.and_then(|((target, limits), moved)| {
        Known::concat(moved.into_iter().map(|(mapping, name)| {
            unusable(target, name).map(|problem| {
                let found = problem.map(|(missing, problem)| {
                    let allowed = &limits.retention_days;
                    let kept = retention_seconds(context, mapping).map(|seconds| seconds.div_ceil(86_400));
                    MissingNamespace {
                        missing,
                        problem,
                        source_namespace: mapping.source.clone(),
                        target_namespace: name.to_owned(),
                        short_name: name.split_once('.').map_or(name, |(short, _)| short).to_owned(),
                        target_kind: super::kind_name(context.target_kind),
                        target_flags: context.target_flags(name),
                        retention_days: kept.map_or(allowed.default, |days| days.clamp(allowed.min, allowed.max)),
                        loci: vec![
                            live(target, Some(name), format!("namespace {name}"), "DescribeNamespace"),
                            context.plan_locus(mapping.line),
                        ],
                    }
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

/// How long the source keeps closed executions of a namespace, where it was asked.
fn retention_seconds(context: &Context<'_>, mapping: &NamespaceMapping) -> Option<u64> {
    let source = context.facts.source.value()?;
    let namespace = source.namespaces.iter().find(|n| n.name == mapping.source)?;
    namespace.config.value().map(|config| config.retention_seconds)
}

fn search_attributes(context: &Context<'_>) -> Known<Vec<AttributeDifference>> {
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

fn attribute(context: &Context<'_>, change: &AttributeChange) -> AttributeDifference {
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
    AttributeDifference { between: Between::new(context, &change.pair, change.clone()), effect, other_case }
}

fn not_in_clusters(context: &Context<'_>) -> Known<Vec<UnknownAttribute>> {
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
                UnknownAttribute {
                    name: u.name.clone(),
                    role: u.role.clone(),
                    similar,
                    at: CodeLine::at(&u.path, u.line),
                }
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

fn schedule(context: &Context<'_>, change: &ScheduleChange) -> ScheduleDifference {
    let differences: Vec<String> = change
        .differences
        .iter()
        .map(|d| format!("{} is {} on the source and {} on the target", d.field, short(&d.source), short(&d.target)))
        .collect();
    let started = [&change.source, &change.target].into_iter().flatten().map(|s| s.action.workflow_type.clone());
    let paused = change.change == ScheduleKind::MissingOnTarget || change.target.as_ref().is_some_and(|t| t.paused);
    let flags = change.source.as_ref().map(|schedule| schedule_command::flags(schedule, paused));
    let source = change.source.as_ref();
    let told = |of: fn(&Schedule) -> Vec<String>| source.map(|s| words::list(&of(s), 9)).unwrap_or_default();
    let create = source.zip(flags.clone()).map(|(s, flags)| flags + &schedule_command::create_only_flags(s));
    ScheduleDifference {
        between: Between::new(context, &change.pair, change.clone()),
        workflow_types: started.collect(),
        difference: differences.join("; "),
        create_flags: create.unwrap_or_default(),
        update_flags: flags.unwrap_or_default(),
        fill_in: told(schedule_command::to_fill_in),
        beyond_cli: told(schedule_command::beyond_the_cli),
        exhausted: source.is_some_and(|schedule| schedule.remaining_actions == Some(0)),
        times_only: matches!(change.differences.as_slice(), [only] if only.field == "times"),
    }
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

fn retention(context: &Context<'_>) -> Known<Vec<ShorterRetention>> {
    limits::limits().zip(context.comparison.namespaces.clone()).map(|(limits, changes)| {
        let shorter = changes.iter().filter(|c| c.change == ConfigKind::Retention && c.target < c.source);
        shorter
            .map(|c| {
                let days = c.source.div_ceil(86_400);
                let above = context.target_kind == crate::facts::cluster::ClusterKind::Cloud
                    && days > limits.retention_days.max;
                let days = if above { limits.retention_days.max } else { days };
                ShorterRetention {
                    between: Between::new(context, &c.pair, c.clone()),
                    source_keeps: words::duration(c.source),
                    target_keeps: words::duration(c.target),
                    above_cloud: above,
                    days,
                    raise: c.target < days * 86_400,
                }
            })
            .collect()
    })
}

fn queue(context: &Context<'_>, change: &QueueChange) -> UnservedQueue {
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
    let mut change = change.clone();
    let pair = change.pair.clone();
    let by_schedules = starting(&format!(" of {}", pair.source_namespace));
    if let Known::Known(source) = &context.source {
        let place =
            |id: &String| live(source, Some(&pair.source_namespace), format!("schedule {id}"), "DescribeSchedule");
        change.loci.extend(change.schedules.iter().take(5).map(place));
    }
    UnservedQueue {
        work,
        open: words::count(open, "open execution"),
        by_schedules,
        schedules_only: open == 0 && schedules > 0,
        workflow_types: types_on(context, &change.name),
        between: Between::new(context, &pair, change),
    }
}

fn deployment(context: &Context<'_>, change: &DeploymentChange) -> DeploymentDifference {
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
    DeploymentDifference { between: Between::new(context, &change.pair, change.clone()), problem, version_flags }
}

fn types_not_in_code(context: &Context<'_>) -> Known<Vec<TypeNotInCode>> {
    let all = context.source.clone().zip(context.code.clone()).zip(compare::moved(&context.facts.plan));
    all.and_then(|((source, code), moved)| {
        let defined: BTreeSet<&str> =
            code.workflow_types.iter().filter(|d| d.scope.is_production()).map(|d| d.name.as_str()).collect();
        let verdict = if coverage::gap(code).is_none() { InCode::Absent } else { InCode::Unclear };
        Known::concat(moved.into_iter().map(|(m, _)| {
            compare::half(source, &m.source).and_then(|half| {
                half.known("workflow types", &half.namespace.workflow_types).map(|types| {
                    let missing = types.iter().filter(|t| !defined.contains(t.name.as_str()));
                    missing
                        .map(|t| TypeNotInCode {
                            name: t.name.clone(),
                            source_namespace: m.source.clone(),
                            open: t.open,
                            workflow_type: t.name.clone(),
                            loci: vec![half.locus(format!("workflow type {}", t.name), "CountWorkflowExecutions")],
                            verdict,
                        })
                        .collect()
                })
            })
        }))
    })
}
