//! Which custom search attributes executions really use, and whether their values fit the type.
//!
//! On Elasticsearch every namespace lists the attributes of the whole cluster, and development images bring some of
//! their own. Counting tells the used ones apart; a few values are measured, and none is kept.

use temporalio_protos::temporal::api::common::v1::Payload;
use temporalio_protos::temporal::api::workflowservice::v1::ListWorkflowExecutionsRequest;
use tonic::Code;

use super::ProbeOptions;
use super::executions::Visibility;
use super::failure::Failure;
use crate::facts::cluster::{AttributeUse, SearchAttribute};
use crate::facts::{Known, Why};

/// Temporal Cloud allows 108 in all; a cluster that has more than this many shares one list among namespaces.
const ATTRIBUTES: usize = 200;
/// Executions of which the value is looked at, the newest.
const SAMPLE: i32 = 20;

/// Count and sample every attribute; two calls for each.
pub(super) async fn read(
    visibility: &Visibility<'_>,
    attributes: &Known<Vec<SearchAttribute>>,
    options: &ProbeOptions,
) -> Known<Vec<AttributeUse>> {
    let (list, mut whys): (&[SearchAttribute], Vec<Why>) = match attributes {
        Known::Known(list) => (list, vec![]),
        Known::Partial { value, why } => (value, vec![why.clone()]),
        Known::Unknown(why) => return Known::Unknown(why.clone()),
    };
    if list.len() > ATTRIBUTES {
        whys.push(Why::new(format!("only the first {ATTRIBUTES} search attributes by name are counted")));
    }
    let number = list.len().min(ATTRIBUTES);
    let mut found = Vec::new();
    for (index, attribute) in list.iter().take(ATTRIBUTES).enumerate() {
        options.say(&format!("{}: use of search attribute {} of {number}", visibility.namespace, index + 1));
        match of(visibility, attribute).await {
            Ok(used) => found.push(used),
            Err(failure) => {
                let why = failure.why();
                let reason = format!("use of search attribute {}: {}", attribute.name, why.reason);
                whys.push(Why { reason, remedy: why.remedy });
                if failure.is_final() || matches!(failure.code, Code::PermissionDenied | Code::Unimplemented) {
                    break;
                }
            }
        }
    }
    match Why::all(&whys) {
        None => Known::Known(found),
        Some(why) if found.is_empty() => Known::Unknown(why),
        Some(why) => Known::Partial { value: found, why },
    }
}

async fn of(visibility: &Visibility<'_>, attribute: &SearchAttribute) -> Result<AttributeUse, Failure> {
    let name = &attribute.name;
    // No server accepts a backtick in a name.
    let query = format!("`{}` IS NOT NULL", name.replace('`', ""));
    let mut used = AttributeUse { name: name.clone(), ..AttributeUse::default() };
    used.executions = visibility.count(&query).await?;
    if used.executions == 0 {
        return Ok(used);
    }
    let request = ListWorkflowExecutionsRequest {
        namespace: visibility.namespace.to_owned(),
        page_size: SAMPLE,
        next_page_token: Vec::new(),
        query,
    };
    let rows = visibility.client().list_workflow_executions(visibility.namespace, request).await?.executions;
    for row in rows.into_iter().take(usize::try_from(SAMPLE).unwrap_or(0)) {
        let fields = row.search_attributes.unwrap_or_default().indexed_fields;
        let Some(value) = fields.get(name) else { continue };
        used.sampled += 1;
        used.largest_bytes = used.largest_bytes.max(value.data.len() as u64);
        if attribute.value_type != "KeywordList" && is_list(value) {
            used.lists += 1;
            used.list_in.get_or_insert_with(|| row.execution.unwrap_or_default().workflow_id);
        }
    }
    Ok(used)
}

/// A list of one value is stored like the value.
fn is_list(value: &Payload) -> bool {
    match serde_json::from_slice::<serde_json::Value>(&value.data) {
        Ok(serde_json::Value::Array(values)) => values.len() > 1,
        _ => false,
    }
}
