//! Ids of open executions, to be looked for on the other side.

use std::collections::BTreeSet;

use super::super::query;
use super::{Field, Visibility, each, seen};
use crate::facts::cluster::{AlsoOpen, OpenId, OpenIds};
use crate::facts::{Known, Why};

/// Ids in one question.
const TOGETHER: usize = 50;
/// Executions in one list.
const PAGE: i32 = 250;
/// However small its pages are, a server gives this many.
const ROWS_AT_LEAST: u64 = 10;

/// The ids of all open executions, when there are at most so many.
pub(super) async fn open(visibility: &Visibility<'_>) -> Known<OpenIds> {
    let open = match &visibility.open {
        Ok(open) => *open,
        Err(failure) => return Known::Unknown(failure.why()),
    };
    if open > OpenIds::MOST {
        return Known::unknown(format!(
            "{open} executions are open in {}; ids are listed up to {}",
            visibility.namespace,
            OpenIds::MOST
        ));
    }
    let mut found = OpenIds { open, executions: Vec::new() };
    let mut token = Vec::new();
    for _ in 0..=open / ROWS_AT_LEAST + 1 {
        let page = match visibility.page(visibility.phases.open, PAGE, token).await {
            Ok(page) => page,
            Err(failure) => return Known::Unknown(failure.why()),
        };
        found.executions.extend(page.rows.iter().map(|row| OpenId {
            workflow_id: row.execution.clone().unwrap_or_default().workflow_id,
            workflow_type: Field::WorkflowType.of(row),
        }));
        if page.last {
            found.executions.sort();
            found.executions.dedup();
            return Known::Known(found);
        }
        token = page.token;
    }
    Known::unknown(format!("the list of open executions of {} did not come to an end", visibility.namespace))
}

/// Which of the given ids are open here; they are those of the other cluster.
pub(in crate::probe) async fn also_open(visibility: &Visibility<'_>) -> Known<AlsoOpen> {
    let Some(elsewhere) = visibility.options.open_elsewhere.get(visibility.namespace) else {
        return Known::Unknown(Why::with_remedy(
            "ids of the other side were not looked for here",
            "probe both sides in one run (`temporal-preflight probe` or `audit`): the ids of one are asked of the other",
        ));
    };
    let distinct: BTreeSet<&String> = elsewhere.ids.iter().collect();
    // A store may not find a name with characters it keeps in another form: nobody can say that such an id is not here.
    let (plain, odd): (Vec<&String>, Vec<&String>) =
        distinct.into_iter().partition(|id| query::matchable_prefix(id) == id.as_str());
    let mut whys = Vec::new();
    if let Some(first) = odd.first() {
        whys.push(Why::new(format!(
            "{} of the ids cannot be asked for, such as `{}`",
            odd.len(),
            first.escape_debug()
        )));
    }
    let mut found = AlsoOpen { asked: plain.len() as u64, of: elsewhere.open, open: Vec::new() };
    let asked = each(plain.chunks(TOGETHER), |some| {
        let these = query::one_of("WorkflowId", some.iter().map(|id| id.as_str()));
        let filter = query::all([visibility.phases.open, &these]);
        async move { visibility.rows(&filter, TOGETHER as i32).await }
    });
    for rows in asked.await {
        match rows {
            Ok(rows) => found.open.extend(rows.iter().filter_map(|row| visibility.open_sample(row))),
            Err(failure) => whys.push(failure.why()),
        }
    }
    seen(found, &whys)
}
