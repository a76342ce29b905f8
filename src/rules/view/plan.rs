//! What the plan says, measured against the clusters.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use schemars::JsonSchema;
use serde::Serialize;

use super::limits::{self, Limits};
use super::{Context, Fact, FactPath, FactView};
use crate::compare::{self, live, namespace_missing};
use crate::facts::cluster::ClusterKind;
use crate::facts::plan::Window;
use crate::facts::{Known, Locus, Why};

const TARGET_KIND: Fact<&'static str> =
    Fact::new("plan.target_kind", "cloud, or rehearsal where a self-hosted server stands in for it; as the plan says");
const WINDOW_PROBLEMS: Fact<Vec<WindowProblem>> =
    Fact::new("plan.window_problems", "why the dual-run window cannot be used");
const UNMAPPED_NAMESPACES: Fact<Vec<NamedNamespace>> =
    Fact::new("plan.unmapped_namespaces", "namespaces of the source that the plan neither moves nor excludes");
const MISSING_ON_SOURCE: Fact<Vec<NamedNamespace>> =
    Fact::new("plan.missing_on_source", "namespaces of the plan that the source does not have");
const TARGET_NAMES: Fact<Vec<RefusedName>> =
    Fact::new("plan.target_names", "target namespaces whose name Temporal Cloud refuses");

pub(super) const PATHS: &[FactPath] = &[
    TARGET_KIND.entry(),
    WINDOW_PROBLEMS.entry(),
    UNMAPPED_NAMESPACES.entry(),
    MISSING_ON_SOURCE.entry(),
    TARGET_NAMES.entry(),
];

/// Why the dual-run window cannot be used.
#[derive(Serialize, JsonSchema)]
struct WindowProblem {
    /// Why, as a sentence.
    problem: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A namespace of the source.
#[derive(Serialize, JsonSchema)]
struct NamedNamespace {
    /// Its name.
    name: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A target namespace whose name Temporal Cloud refuses.
#[derive(Serialize, JsonSchema)]
struct RefusedName {
    /// Its name.
    name: String,
    /// Why, as a sentence.
    problem: String,
    /// The nearest name that is allowed.
    suggestion: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&TARGET_KIND, Known::Known(context.facts.plan.target_kind.name()));
    view.put(&WINDOW_PROBLEMS, Known::Known(window_problems(context)));
    view.put(&UNMAPPED_NAMESPACES, unmapped(context));
    view.put(&MISSING_ON_SOURCE, missing_on_source(context));
    view.put(&TARGET_NAMES, limits::limits().map(|limits| target_names(context, limits)));
}

/// The window of the plan, or what to write to have one.
pub(super) fn window(context: &Context<'_>) -> Known<Window> {
    match context.facts.plan.window {
        Some(window) => Known::Known(window),
        None => Known::Unknown(Why::with_remedy(
            "the plan states no dual-run window",
            "add `window: {start: YYYY-MM-DD, end: YYYY-MM-DD}` to preflight.yaml",
        )),
    }
}

/// The first instant of a day in UTC.
pub(super) fn midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp())
}

/// The instant at which the last day of the window is over.
pub(super) fn window_over(window: Window) -> Option<Timestamp> {
    window.end.tomorrow().ok().and_then(midnight)
}

/// The length of the window in seconds, and the instant at which it is over.
pub(super) fn window_length(window: Window) -> Option<(u64, Timestamp)> {
    let (start, over) = (midnight(window.start)?, window_over(window)?);
    Some((u64::try_from(over.as_second() - start.as_second()).unwrap_or(0), over))
}

fn window_problems(context: &Context<'_>) -> Vec<WindowProblem> {
    let problem = match context.facts.plan.window {
        None => Some("the plan states no dual-run window".to_owned()),
        Some(w) if w.end < w.start => {
            Some(format!("the dual-run window ends on {}, before it starts on {}", w.end, w.start))
        }
        Some(w) if window_over(w).is_some_and(|over| over <= context.facts.at) => {
            Some(format!("the dual-run window ended on {}", w.end))
        }
        Some(_) => None,
    };
    let object = |problem| WindowProblem { loci: vec![context.plan_key("window")], problem };
    problem.into_iter().map(object).collect()
}

/// Namespaces every server has for itself.
fn of_the_server(name: &str) -> bool {
    name == "temporal-system"
}

fn unmapped(context: &Context<'_>) -> Known<Vec<NamedNamespace>> {
    context.source.clone().and_then(|source| {
        source.namespace_names.as_ref().map(|names| {
            names
                .iter()
                .filter(|n| !of_the_server(n) && !context.facts.plan.namespaces.iter().any(|m| m.source == **n))
                .map(|name| {
                    let loci = vec![
                        live(source, Some(name), format!("namespace {name}"), "ListNamespaces"),
                        context.plan_key("namespaces"),
                    ];
                    NamedNamespace { name: name.clone(), loci }
                })
                .collect()
        })
    })
}

fn missing_on_source(context: &Context<'_>) -> Known<Vec<NamedNamespace>> {
    context.source.clone().and_then(|source| {
        let moved = compare::moved(&context.facts.plan);
        moved.and_then(|moved| {
            Known::concat(moved.into_iter().map(|(m, _)| {
                namespace_missing(source, &m.source).map(|missing| {
                    let loci = vec![
                        context.plan_locus(m.line),
                        live(source, Some(&m.source), format!("namespace {}", m.source), "DescribeNamespace"),
                    ];
                    if missing { vec![NamedNamespace { name: m.source.clone(), loci }] } else { vec![] }
                })
            }))
        })
    })
}

fn target_names(context: &Context<'_>, limits: &Limits) -> Vec<RefusedName> {
    if context.target_kind != ClusterKind::Cloud {
        return vec![];
    }
    let mapped = context.facts.plan.namespaces.iter().filter_map(|m| m.target.as_ref().map(|t| (m, t)));
    mapped
        .filter_map(|(mapping, target)| {
            let (name, account) = target.split_once('.').unwrap_or((target, ""));
            let problem = name_problem(name, limits).or_else(|| {
                account.is_empty().then(|| "it lacks the account: clients use `<name>.<account>`".to_owned())
            })?;
            let account = if account.is_empty() { "<account>" } else { account };
            let suggestion = format!("{}.{account}", legal_name(name, limits));
            Some(RefusedName {
                name: target.clone(),
                loci: vec![context.plan_locus(mapping.line)],
                problem,
                suggestion,
            })
        })
        .collect()
}

/// Rule of Temporal Cloud: a lower-case letter, then lower-case letters, digits and hyphens, no hyphen at the end.
fn name_problem(name: &str, limits: &Limits) -> Option<String> {
    let (min, max) = (limits.namespace_name.min_length, limits.namespace_name.max_length);
    let length = name.chars().count();
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(bad) = name.chars().find(|c| !legal(*c)) {
        Some(format!("`{bad}` is not allowed: only lower-case letters, digits and hyphens are"))
    } else if length < min || length > max {
        Some(format!("it has {length} characters; {min} to {max} are allowed"))
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("it must begin with a letter".to_owned())
    } else if name.ends_with('-') {
        Some("it must end with a letter or digit".to_owned())
    } else {
        None
    }
}

/// The nearest legal name.
fn legal_name(name: &str, limits: &Limits) -> String {
    let mapped: String = name
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .collect();
    let trimmed = mapped.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let cut: String = trimmed.chars().take(limits.namespace_name.max_length).collect();
    let cut = cut.trim_end_matches('-');
    if cut.chars().count() < limits.namespace_name.min_length { "my-namespace".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_refuses_names_and_a_legal_one_is_near() {
        let limits = limits::limits();
        let limits = limits.value().expect("embedded");
        for name in ["payments_prod", "Payments", "a", "9lives", "ends-", &"x".repeat(40)] {
            assert!(name_problem(name, limits).is_some(), "{name}");
            assert_eq!(name_problem(&legal_name(name, limits), limits), None, "{name}");
        }
        assert_eq!(name_problem("payments-prod", limits), None);
        assert_eq!(legal_name("Payments_Prod", limits), "payments-prod");
    }
}
