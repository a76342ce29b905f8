//! Namespaces of the source that the plan leaves behind.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::{self, NamespaceSide, half};
use crate::facts::plan::NamespaceMapping;
use crate::facts::{Known, Locus, Why};

const EXCLUDED_NAMESPACES: Fact<Vec<ExcludedNamespace>> = Fact::new(
    "source.excluded_namespaces",
    "excluded namespaces that the source has, and whether they are still used; those that stay are not among them",
);

pub(super) const PATHS: &[FactPath] = &[EXCLUDED_NAMESPACES.entry()];

/// A namespace that the plan excludes and the source has.
#[derive(Serialize, JsonSchema)]
struct ExcludedNamespace {
    /// Whether it is still used.
    in_use: bool,
    /// What would be lost, at most three things; empty when nothing would.
    problem: String,
    /// Namespace of the source.
    source_namespace: String,
    /// Why the plan excludes it.
    reason: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&EXCLUDED_NAMESPACES, excluded(context));
}

fn excluded(context: &Context<'_>) -> Known<Vec<ExcludedNamespace>> {
    let plan = &context.facts.plan;
    let left: Vec<&NamespaceMapping> = plan.namespaces.iter().filter(|m| m.target.is_none() && !m.stays).collect();
    if left.is_empty() {
        return Known::Known(vec![]);
    }
    context.source.clone().and_then(|source| {
        let there = left.into_iter().filter(|m| compare::namespace_missing(source, &m.source) != Known::Known(true));
        Known::concat(there.map(|mapping| {
            half(source, &mapping.source).and_then(|half| {
                use_of(&half).map(|uses| {
                    vec![ExcludedNamespace {
                        in_use: !uses.is_empty(),
                        problem: words::list(&uses, 3),
                        source_namespace: mapping.source.clone(),
                        reason: mapping.exclude.clone().unwrap_or_default(),
                        source_flags: context.source_flags(&mapping.source),
                        loci: vec![
                            half.locus("executions", "CountWorkflowExecutions"),
                            context.plan_locus(mapping.line),
                        ],
                    }]
                })
            })
        }))
    })
}

/// What would be lost with the namespace.
fn use_of(half: &NamespaceSide<'_>) -> Known<Vec<String>> {
    let open = half.known("the number of open executions", &half.namespace.open);
    let schedules = half.known("schedules", &half.namespace.schedules);
    let recent = half.known("recent starts", &half.namespace.executions.recent);
    let uses = open.zip(schedules).zip(recent).map(|((open, schedules), recent)| {
        let mut uses = vec![];
        if recent.roots > 0 {
            uses.push(format!("{} since {}", words::count(recent.roots, "new execution"), words::minute(recent.since)));
        }
        if open > 0 {
            uses.push(words::count(open, "open execution"));
        }
        let active = schedules.iter().filter(|schedule| !schedule.paused).count();
        if active > 0 {
            uses.push(words::count(u64::try_from(active).unwrap_or(u64::MAX), "active schedule"));
        }
        uses
    });
    match uses {
        Known::Unknown(why) if why.remedy.is_none() => Known::Unknown(Why::with_remedy(
            why.reason,
            "probe the excluded namespaces too: `temporal-preflight probe --side source`",
        )),
        uses => uses,
    }
}
