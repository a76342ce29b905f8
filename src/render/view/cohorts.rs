//! The cohorts of a report: what may be routed next, and what stands in its way.

use serde::Serialize;

use super::RuleLink;
use super::mark::MarkView;
use crate::render::text::{minute, plural};
use crate::scorecard::CohortResult;

/// One cohort.
#[derive(Debug, Serialize)]
pub(in crate::render) struct CohortView {
    pub name: String,
    pub risk: String,
    /// Set when the plan does not hold it: why it is proposed.
    pub proposed: Option<String>,
    pub label: &'static str,
    pub mark: MarkView,
    pub types: String,
    /// When it is routed, how long it is watched, how it is turned back.
    pub course: String,
    /// Blocked or undecided by, in this order.
    pub because: Vec<RuleLink>,
    pub conditions: usize,
}

impl CohortView {
    /// Prepare one; `links` says where rules stand in the report.
    pub fn new(cohort: &CohortResult, links: impl Fn(&[String]) -> Vec<RuleLink>) -> Self {
        let routed = match cohort.routed {
            Some(at) => format!("routed {}", minute(at)),
            None => "not routed yet".to_owned(),
        };
        let watched = match &cohort.validation {
            Some(period) => format!("watched for {period}"),
            None => "no validation period".to_owned(),
        };
        let back = cohort.rollback.as_ref().map(|way| format!("back: {way}"));
        let course = match (&cohort.proposed, back) {
            (Some(why), _) => why.clone(),
            (None, Some(back)) => format!("{routed}, {watched}; {back}"),
            (None, None) => format!("{routed}, {watched}"),
        };
        let mut types = cohort.workflow_types.clone();
        let more = types.len().saturating_sub(6);
        types.truncate(6);
        let mut text = types.join(", ");
        if more > 0 {
            text.push_str(&format!(" and {}", plural(more, "more type")));
        }
        Self {
            name: cohort.name.clone(),
            risk: cohort.risk.clone().unwrap_or_default(),
            proposed: cohort.proposed.clone(),
            label: cohort.result.verdict.label(),
            mark: cohort.result.verdict.into(),
            types: text,
            course,
            because: links(&[cohort.result.blocked_by.as_slice(), &cohort.result.undecided].concat()),
            conditions: cohort.result.conditions.len(),
        }
    }
}
