//! Constructions in two steps: a connection, and a client upon it. Both are calls of the SDK, and together they are one
//! connection.

use std::collections::BTreeMap;

use super::index::At;
use super::program::ExprKind;
use super::resolve::Resolver;
use super::sites::SiteDraft;
use crate::facts::code::Kind;

/// Tell the first steps of which construction they are, and let that have their address.
pub fn join(r: &Resolver<'_>, drafts: &mut [SiteDraft<'_>]) {
    let connects: Vec<usize> = (0..drafts.len()).filter(|i| drafts[*i].site.kind == Kind::Connect).collect();
    let by_place: BTreeMap<(String, u32, u32), usize> =
        connects.iter().map(|i| (r.origin_at(drafts[*i].call.at).place(), *i)).collect();
    for second in &connects {
        for value in given(r, drafts[*second].call.at) {
            for origin in r.client_origin(value, None).origins {
                let Some(first) = by_place.get(&origin.place()).filter(|first| *first != second) else { continue };
                let place = format!("{}:{}", drafts[*second].site.path, drafts[*second].site.line);
                let (address, namespace) = (drafts[*first].site.address.clone(), drafts[*first].site.namespace.clone());
                drafts[*first].site.step_of.get_or_insert(place);
                let site = &mut drafts[*second].site;
                site.built_on.push(origin);
                site.address = site.address.take().or(address);
                site.namespace = site.namespace.take().or(namespace);
            }
        }
    }
}

/// What a construction is given: its arguments, and the fields of objects among them.
fn given(r: &Resolver<'_>, call: At) -> Vec<At> {
    let mut values = vec![];
    for at in r.arguments(call) {
        match r.index.kind(at) {
            ExprKind::Composite { parts, .. } => {
                values.extend(parts.iter().map(|part| At { unit: at.unit, expr: part.value }));
            }
            _ => values.push(at),
        }
    }
    values
}
