//! Answers that cannot be meant: a negative number, a description of nothing, a page that comes again.
//!
//! Every answer of a cluster passes here on its way from the wire to whoever asked, so that none of them has to doubt
//! it. What contradicts itself is a failed read with a reason, never a value. What only other answers contradict is found
//! where both are known: `ClusterSnapshot::settled`.

use temporalio_protos::temporal::api::operatorservice::v1::{
    ListSearchAttributesRequest, ListSearchAttributesResponse,
};
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountActivityExecutionsRequest, CountActivityExecutionsResponse, CountNexusOperationExecutionsRequest,
    CountNexusOperationExecutionsResponse, CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse,
    DescribeNamespaceRequest, DescribeNamespaceResponse, DescribeScheduleRequest, DescribeScheduleResponse,
    DescribeTaskQueueRequest, DescribeTaskQueueResponse, DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentResponse, DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
    GetClusterInfoRequest, GetClusterInfoResponse, GetSystemInfoRequest, GetSystemInfoResponse,
    GetWorkflowExecutionHistoryRequest, ListActivityExecutionsRequest, ListActivityExecutionsResponse,
    ListNamespacesRequest, ListNamespacesResponse, ListNexusOperationExecutionsRequest,
    ListNexusOperationExecutionsResponse, ListScheduleMatchingTimesRequest, ListScheduleMatchingTimesResponse,
    ListSchedulesRequest, ListSchedulesResponse, ListWorkerDeploymentsRequest, ListWorkerDeploymentsResponse,
    ListWorkersRequest, ListWorkersResponse, ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse,
};

use super::history_start::HistoryStart;

/// An answer that can be told from one that cannot be meant.
pub(super) trait Answer<Q> {
    /// Why this cannot be the answer to the question; nothing when it can.
    fn contradiction(&self, asked: &Q) -> Option<String>;
}

macro_rules! any {
    ($($question:ident -> $answer:ident),* $(,)?) => {
        $(impl Answer<$question> for $answer {
            fn contradiction(&self, _: &$question) -> Option<String> {
                None
            }
        })*
    };
}

any!(
    GetSystemInfoRequest -> GetSystemInfoResponse,
    GetClusterInfoRequest -> GetClusterInfoResponse,
    ListScheduleMatchingTimesRequest -> ListScheduleMatchingTimesResponse,
);

macro_rules! pages {
    ($($question:ident -> $answer:ident),* $(,)?) => {
        $(impl Answer<$question> for $answer {
            fn contradiction(&self, asked: &$question) -> Option<String> {
                repeated(&asked.next_page_token, &self.next_page_token)
            }
        })*
    };
}

pages!(
    ListNamespacesRequest -> ListNamespacesResponse,
    ListSchedulesRequest -> ListSchedulesResponse,
    ListWorkersRequest -> ListWorkersResponse,
    ListWorkerDeploymentsRequest -> ListWorkerDeploymentsResponse,
    ListWorkflowExecutionsRequest -> ListWorkflowExecutionsResponse,
    ListActivityExecutionsRequest -> ListActivityExecutionsResponse,
    ListNexusOperationExecutionsRequest -> ListNexusOperationExecutionsResponse,
);

/// The next page is the one that was asked for: the list would not come to an end.
pub(super) fn repeated(asked: &[u8], next: &[u8]) -> Option<String> {
    (!next.is_empty() && next == asked).then(|| "the list does not come to an end: a page token came again".to_owned())
}

macro_rules! counts {
    ($($question:ident -> $answer:ident),* $(,)?) => {
        $(impl Answer<$question> for $answer {
            fn contradiction(&self, _: &$question) -> Option<String> {
                let groups = self.groups.iter().map(|group| group.count);
                let negative = std::iter::once(self.count).chain(groups.clone()).find(|count| *count < 0);
                if let Some(count) = negative {
                    return Some(format!("it counted {count}"));
                }
                let sum = groups.fold(0i64, i64::saturating_add);
                let differ = !self.groups.is_empty() && sum != self.count;
                differ.then(|| format!("it counted {}, and {sum} in groups", self.count))
            }
        })*
    };
}

counts!(
    CountWorkflowExecutionsRequest -> CountWorkflowExecutionsResponse,
    CountActivityExecutionsRequest -> CountActivityExecutionsResponse,
    CountNexusOperationExecutionsRequest -> CountNexusOperationExecutionsResponse,
);

/// A description of something that was asked for by name names it.
fn nameless(what: &str, asked: &str, told: Option<&str>) -> Option<String> {
    match told {
        Some(told) if told == asked => None,
        None | Some("") => Some(format!("it describes no {what}")),
        Some(told) => Some(format!("it describes {what} {told}, not {asked}")),
    }
}

impl Answer<DescribeNamespaceRequest> for DescribeNamespaceResponse {
    fn contradiction(&self, asked: &DescribeNamespaceRequest) -> Option<String> {
        let name = self.namespace_info.as_ref().map(|info| info.name.as_str());
        // Names of Temporal Cloud end with the account; which form is told is nowhere said.
        let same = name.filter(|name| !name.is_empty()).map(|_| asked.namespace.as_str());
        nameless("namespace", &asked.namespace, same)
    }
}

impl Answer<DescribeScheduleRequest> for DescribeScheduleResponse {
    fn contradiction(&self, _: &DescribeScheduleRequest) -> Option<String> {
        let action = self.schedule.as_ref().and_then(|schedule| schedule.action.as_ref());
        action.is_none().then(|| "it describes no schedule".to_owned())
    }
}

impl Answer<DescribeWorkerDeploymentRequest> for DescribeWorkerDeploymentResponse {
    fn contradiction(&self, asked: &DescribeWorkerDeploymentRequest) -> Option<String> {
        let name = self.worker_deployment_info.as_ref().map(|info| info.name.as_str());
        nameless("worker deployment", &asked.deployment_name, name)
    }
}

impl Answer<DescribeWorkflowExecutionRequest> for DescribeWorkflowExecutionResponse {
    fn contradiction(&self, asked: &DescribeWorkflowExecutionRequest) -> Option<String> {
        let info = self.workflow_execution_info.as_ref();
        let id = info.and_then(|info| info.execution.as_ref()).map(|execution| execution.workflow_id.as_str());
        let wanted = asked.execution.as_ref().map_or("", |execution| execution.workflow_id.as_str());
        let length = info.map_or(0, |info| info.history_length.min(info.history_size_bytes));
        nameless("execution", wanted, id).or_else(|| (length < 0).then(|| format!("a history has the length {length}")))
    }
}

impl Answer<GetWorkflowExecutionHistoryRequest> for HistoryStart {
    fn contradiction(&self, _: &GetWorkflowExecutionHistoryRequest) -> Option<String> {
        (!self.holds_start()).then(|| "the history does not begin with the start of the execution".to_owned())
    }
}

impl Answer<DescribeTaskQueueRequest> for DescribeTaskQueueResponse {
    #[allow(deprecated)] // servers before 1.25 tell the status in the old form only
    fn contradiction(&self, _: &DescribeTaskQueueRequest) -> Option<String> {
        if self.stats.as_ref().is_some_and(|stats| stats.approximate_backlog_count < 0) {
            return Some("it counted a negative number of tasks".to_owned());
        }
        // Both were asked for, and every server tells one of them.
        let hollow = self.pollers.is_empty() && self.stats.is_none() && self.task_queue_status.is_none();
        hollow.then(|| "it tells neither pollers nor tasks".to_owned())
    }
}

impl Answer<ListSearchAttributesRequest> for ListSearchAttributesResponse {
    fn contradiction(&self, _: &ListSearchAttributesRequest) -> Option<String> {
        // Every server has some.
        self.system_attributes.is_empty().then(|| "it lists not even the attributes of the server itself".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use temporalio_protos::temporal::api::common::v1::WorkflowExecution;
    use temporalio_protos::temporal::api::namespace::v1::NamespaceInfo;
    use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
    use temporalio_protos::temporal::api::workflowservice::v1::count_workflow_executions_response::AggregationGroup;

    use super::*;

    #[test]
    fn a_number_of_executions_is_not_negative_and_groups_add_up() {
        let told = |count: i64, groups: &[i64]| {
            let group = |count: &i64| AggregationGroup { group_values: vec![], count: *count };
            let answer = CountWorkflowExecutionsResponse { count, groups: groups.iter().map(group).collect() };
            answer.contradiction(&CountWorkflowExecutionsRequest::default())
        };
        assert_eq!(told(0, &[]), None);
        assert_eq!(told(7, &[4, 3]), None);
        assert_eq!(told(-5, &[]).as_deref(), Some("it counted -5"));
        assert_eq!(told(1, &[4, -3]).as_deref(), Some("it counted -3"));
        assert_eq!(told(0, &[4, 3]).as_deref(), Some("it counted 0, and 7 in groups"));
    }

    #[test]
    fn a_page_that_comes_again_is_none() {
        let told = |asked: &[u8], next: &[u8]| {
            let answer = ListSchedulesResponse { next_page_token: next.to_vec(), ..Default::default() };
            answer.contradiction(&ListSchedulesRequest { next_page_token: asked.to_vec(), ..Default::default() })
        };
        assert_eq!(told(b"", b""), None);
        assert_eq!(told(b"", b"1"), None);
        assert_eq!(told(b"1", b"2"), None);
        assert!(told(b"1", b"1").is_some());
    }

    #[test]
    fn a_description_is_one_of_what_was_asked_for() {
        let asked = DescribeWorkflowExecutionRequest {
            execution: Some(WorkflowExecution { workflow_id: "order-1".into(), run_id: "r".into() }),
            ..Default::default()
        };
        let of = |id: &str, history_length: i64| DescribeWorkflowExecutionResponse {
            workflow_execution_info: Some(WorkflowExecutionInfo {
                execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: "r".into() }),
                history_length,
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(of("order-1", 5).contradiction(&asked), None);
        assert!(of("order-2", 5).contradiction(&asked).is_some());
        assert!(of("order-1", -5).contradiction(&asked).is_some());
        assert!(DescribeWorkflowExecutionResponse::default().contradiction(&asked).is_some());

        let asked = DescribeNamespaceRequest { namespace: "payments".into(), ..Default::default() };
        assert!(DescribeNamespaceResponse::default().contradiction(&asked).is_some());
        let info = Some(NamespaceInfo { name: "payments".into(), ..Default::default() });
        let whole = DescribeNamespaceResponse { namespace_info: info, ..Default::default() };
        assert_eq!(whole.contradiction(&asked), None);
    }

    #[test]
    fn a_server_has_attributes_and_queues_have_numbers() {
        let asked = ListSearchAttributesRequest::default();
        assert!(ListSearchAttributesResponse::default().contradiction(&asked).is_some());
        assert!(DescribeTaskQueueResponse::default().contradiction(&DescribeTaskQueueRequest::default()).is_some());
    }
}
