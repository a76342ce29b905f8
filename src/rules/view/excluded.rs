//! Namespaces of the source that the plan leaves behind.

use serde_json::{Value, json};

use super::{Context, FactPath, FactView, words};
use crate::compare::{self, Half, half};
use crate::facts::plan::NamespaceMapping;
use crate::facts::{Known, Why};

pub(super) const PATHS: &[FactPath] =
    &[FactPath::untyped(
        "source.excluded_namespaces",
        "excluded namespaces that the source has, and whether they are still used; those that stay are not among them",
    ) /* fields: in_use, problem, source_namespace, reason, source_flags */];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put_untyped("source.excluded_namespaces", excluded(context));
}

fn excluded(context: &Context<'_>) -> Known<Vec<Value>> {
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
                    vec![json!({
                        "in_use": !uses.is_empty(), "problem": words::list(&uses, 3), "source_namespace": mapping.source,
                        "reason": mapping.exclude.clone().unwrap_or_default(),
                        "source_flags": context.source_flags(&mapping.source),
                        "loci": [half.locus("executions", "CountWorkflowExecutions"), context.plan_locus(mapping.line)],
                    })]
                })
            })
        }))
    })
}

/// What would be lost with the namespace.
fn use_of(half: &Half<'_>) -> Known<Vec<String>> {
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
