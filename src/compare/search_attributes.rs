//! Custom search attributes: missing on the target, of another type, or only there.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{NamespacePair, Pair};
use crate::facts::{Known, Locus};

/// A search attribute that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct AttributeChange {
    /// Where.
    #[serde(flatten)]
    pub pair: Pair,
    /// How it differs.
    pub change: AttributeKind,
    /// Case-sensitive name.
    pub name: String,
    /// Type on the source; empty when it is only on the target.
    pub source_type: String,
    /// Type on the target; empty when it is missing there.
    pub target_type: String,
    /// Another spelling of the name that the target has, such as `merchantId`; empty when there is none.
    pub other_case: String,
    /// What both clusters answered.
    pub loci: Vec<Locus>,
}

/// How a search attribute differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttributeKind {
    /// On the source only.
    Missing,
    /// On both, with different types.
    TypeChanged,
    /// On the target only.
    OnlyOnTarget,
}

pub(super) fn changes(halves: &NamespacePair<'_>) -> Known<Vec<AttributeChange>> {
    let (source, target) = (&halves.source, &halves.target);
    let lists = source
        .known("search attributes", &source.namespace.search_attributes)
        .zip(target.known("search attributes", &target.namespace.search_attributes));
    lists.map(|(left, right)| {
        let left: BTreeMap<_, _> = left.iter().map(|a| (a.name.as_str(), a.value_type.as_str())).collect();
        let right: BTreeMap<_, _> = right.iter().map(|a| (a.name.as_str(), a.value_type.as_str())).collect();
        let change = |name: &str, change, source_type: &str, target_type: &str| {
            let resource = format!("search attribute {name}");
            let other_case = right.keys().find(|n| **n != name && n.eq_ignore_ascii_case(name));
            AttributeChange {
                pair: halves.pair.clone(),
                change,
                name: name.to_owned(),
                source_type: source_type.to_owned(),
                target_type: target_type.to_owned(),
                other_case: other_case.map(|n| (*n).to_owned()).unwrap_or_default(),
                loci: vec![
                    source.locus(resource.clone(), "ListSearchAttributes"),
                    target.locus(resource, "ListSearchAttributes"),
                ],
            }
        };
        let mut all = Vec::new();
        for (name, source_type) in &left {
            match right.get(name) {
                None => all.push(change(name, AttributeKind::Missing, source_type, "")),
                Some(target_type) if target_type != source_type => {
                    all.push(change(name, AttributeKind::TypeChanged, source_type, target_type));
                }
                Some(_) => {}
            }
        }
        for (name, target_type) in right.iter().filter(|(name, _)| !left.contains_key(*name)) {
            all.push(change(name, AttributeKind::OnlyOnTarget, "", target_type));
        }
        all
    })
}
