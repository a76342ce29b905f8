//! Which of the source's search attributes the move needs, and what their values look like.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Context, FactPath, FactView, coverage};
use crate::compare::{self, Half, half};
use crate::facts::Known;

pub(super) const PATHS: &[FactPath] = &[
    FactPath {
        path: "source.search_attribute_lists",
        meaning: "search attributes of one value in which executions of the source keep several",
        fields: "source_namespace, name, type, lists, sampled, workflow_id, source_flags",
    },
    FactPath {
        path: "source.search_attributes_unused",
        meaning: "search attributes of the source that no execution within retention, no schedule and no scanned code uses",
        fields: "source_namespace, name, type",
    },
];

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let moved = |list: &dyn Fn(&Half<'_>) -> Known<Vec<Value>>| {
        context.source.clone().and_then(|source| {
            compare::moved(&context.facts.plan).and_then(|moved| {
                Known::concat(moved.into_iter().map(|(m, _)| half(source, &m.source).and_then(|half| list(&half))))
            })
        })
    };
    view.put("source.search_attribute_lists", moved(&|half| lists(context, half)));
    view.put("source.search_attributes_unused", moved(&|half| unused(context, half)));
}

fn type_of<'h>(half: &Half<'h>, name: &str) -> &'h str {
    let all = half.namespace.search_attributes.value().into_iter().flatten();
    all.filter(|a| a.name == name).map(|a| a.value_type.as_str()).next().unwrap_or_default()
}

fn lists(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("the use of search attributes", &half.namespace.attribute_use).map(|all| {
        let lists = all.iter().filter(|used| used.lists > 0);
        lists
            .map(|used| {
                json!({"source_namespace": half.namespace.name, "name": used.name, "type": type_of(half, &used.name),
                       "lists": used.lists, "sampled": used.sampled, "workflow_id": used.list_in,
                       "source_flags": context.source_flags(&half.namespace.name),
                       "loci": [half.locus(format!("search attribute {}", used.name), "ListWorkflowExecutions")]})
            })
            .collect()
    })
}

fn unused(context: &Context<'_>, half: &Half<'_>) -> Known<Vec<Value>> {
    half.known("search attributes", &half.namespace.search_attributes).map(|attributes| {
        let unneeded = unneeded(context, half);
        let unused = attributes.iter().filter(|a| unneeded.contains(&a.name));
        unused
            .map(|a| {
                json!({"source_namespace": half.namespace.name, "name": a.name, "type": a.value_type,
                       "loci": [half.locus(format!("search attribute {}", a.name), "CountWorkflowExecutions")]})
            })
            .collect()
    })
}

/// Attributes the target can do without: no execution within retention has a value for them, no schedule sets them,
/// and the whole code names all its attributes and never these. Whatever of this is not known makes them needed.
pub(super) fn unneeded(context: &Context<'_>, half: &Half<'_>) -> BTreeSet<String> {
    let code = context.facts.code.value().filter(|code| coverage::gap(code).is_none());
    let (Some(code), Known::Known(schedules)) = (code, &half.namespace.schedules) else { return BTreeSet::new() };
    let mut named: BTreeSet<&str> = code.search_attributes.iter().map(|u| u.name.as_str()).collect();
    if named.contains("") {
        // A name made up at run time may be any of them.
        return BTreeSet::new();
    }
    for schedule in schedules {
        let set = schedule.search_attributes.keys().chain(schedule.action.search_attributes.keys());
        named.extend(set.map(String::as_str));
    }
    let counted = half.namespace.attribute_use.value().into_iter().flatten();
    let idle = counted.filter(|used| used.executions == 0 && !named.contains(used.name.as_str()));
    idle.map(|used| used.name.clone()).collect()
}
