//! The reads the probe makes, each with retries and an error a person can act on.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use temporalio_protos::temporal::api::operatorservice::v1::operator_service_client::OperatorServiceClient;
use temporalio_protos::temporal::api::operatorservice::v1::{
    ListSearchAttributesRequest, ListSearchAttributesResponse,
};
use temporalio_protos::temporal::api::workflowservice::v1::workflow_service_client::WorkflowServiceClient;
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
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use super::answers::Answer;
use super::budget::{Budget, backoff};
use super::failure::Failure;
use super::history_start::HistoryStart;
use super::read_only::{ReadOnly, cost};

/// No single call may take longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// Answers of listing calls carry memos and search attributes.
const MESSAGE_LIMIT: usize = 64 << 20;
/// Tries of one call, the first included.
const ATTEMPTS: u32 = 5;

/// A connection to one cluster that can only read.
#[derive(Clone)]
pub(super) struct Client {
    workflow: WorkflowServiceClient<ReadOnly<Channel>>,
    operator: OperatorServiceClient<ReadOnly<Channel>>,
    plain: Grpc<ReadOnly<Channel>>,
    budget: Arc<Budget>,
}

macro_rules! reads {
    ($($(#[$doc:meta])* $service:ident.$method:ident($question:ident) -> $answer:ident, $rpc:literal;)*) => {
        impl Client {
            $($(#[$doc])*
            pub(super) async fn $method(&self, namespace: &str, question: $question) -> Result<$answer, Failure> {
                ask(&self.budget, $rpc, namespace, question, |request| {
                    let mut service = self.$service.clone();
                    async move { service.$method(request).await }
                })
                .await
            })*
        }
    };
}

reads! {
    /// Version and capabilities; answered without authorization.
    workflow.get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse, "GetSystemInfo";
    /// Id, stores and shards of a self-hosted cluster.
    workflow.get_cluster_info(GetClusterInfoRequest) -> GetClusterInfoResponse, "GetClusterInfo";
    /// One page of namespaces.
    workflow.list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse, "ListNamespaces";
    /// Configuration of one namespace.
    workflow.describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse, "DescribeNamespace";
    /// One page of schedules, abridged.
    workflow.list_schedules(ListSchedulesRequest) -> ListSchedulesResponse, "ListSchedules";
    /// One schedule, whole.
    workflow.describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse, "DescribeSchedule";
    /// The times a schedule matches.
    workflow.list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse, "ListScheduleMatchingTimes";
    /// One page of workers that send heartbeats.
    workflow.list_workers(ListWorkersRequest) -> ListWorkersResponse, "ListWorkers";
    /// One page of worker deployments.
    workflow.list_worker_deployments(ListWorkerDeploymentsRequest) -> ListWorkerDeploymentsResponse, "ListWorkerDeployments";
    /// One worker deployment with its versions.
    workflow.describe_worker_deployment(DescribeWorkerDeploymentRequest) -> DescribeWorkerDeploymentResponse, "DescribeWorkerDeployment";
    /// A few executions.
    workflow.list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse, "ListWorkflowExecutions";
    /// How many executions match.
    workflow.count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse, "CountWorkflowExecutions";
    /// How many standalone activities match.
    workflow.count_activity_executions(CountActivityExecutionsRequest) -> CountActivityExecutionsResponse, "CountActivityExecutions";
    /// A few standalone activities.
    workflow.list_activity_executions(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse, "ListActivityExecutions";
    /// A few standalone Nexus operations.
    workflow.list_nexus_operation_executions(ListNexusOperationExecutionsRequest) -> ListNexusOperationExecutionsResponse, "ListNexusOperationExecutions";
    /// How many standalone Nexus operations match.
    workflow.count_nexus_operation_executions(CountNexusOperationExecutionsRequest) -> CountNexusOperationExecutionsResponse, "CountNexusOperationExecutions";
    /// One execution, whole but for its history.
    workflow.describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse, "DescribeWorkflowExecution";
    /// Pollers and backlog.
    workflow.describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse, "DescribeTaskQueue";
    /// Search attributes of a self-hosted namespace.
    operator.list_search_attributes(ListSearchAttributesRequest) -> ListSearchAttributesResponse, "ListSearchAttributes";
}

impl Client {
    /// Clients over a guarded transport.
    pub(super) fn new(transport: ReadOnly<Channel>, budget: Arc<Budget>) -> Self {
        Self {
            workflow: WorkflowServiceClient::new(transport.clone()).max_decoding_message_size(MESSAGE_LIMIT),
            operator: OperatorServiceClient::new(transport.clone()).max_decoding_message_size(MESSAGE_LIMIT),
            plain: Grpc::new(transport).max_decoding_message_size(MESSAGE_LIMIT),
            budget,
        }
    }

    /// Time left for the probe.
    pub(super) fn left(&self) -> Duration {
        self.budget.left()
    }

    /// The first event of an execution, without its contents.
    ///
    /// Not by the generated method: the answer is decoded into a message that has no field for input and memo.
    pub(super) async fn history_start(
        &self,
        namespace: &str,
        question: GetWorkflowExecutionHistoryRequest,
    ) -> Result<HistoryStart, Failure> {
        const PATH: &str = "/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory";
        ask(&self.budget, "GetWorkflowExecutionHistory", namespace, question, |request| {
            let mut service = self.plain.clone();
            async move {
                service.ready().await.map_err(|e| Status::unknown(e.to_string()))?;
                let codec = tonic_prost::ProstCodec::<GetWorkflowExecutionHistoryRequest, HistoryStart>::default();
                service.unary(request, PathAndQuery::from_static(PATH), codec).await
            }
        })
        .await
    }
}

/// Ask until there is an answer, a refusal, or no time left; the server's complaints slow everything down.
pub(super) async fn ask<Q, A, F, Fut>(
    budget: &Budget,
    rpc: &'static str,
    namespace: &str,
    question: Q,
    send: F,
) -> Result<A, Failure>
where
    Q: Clone,
    A: Answer<Q>,
    F: Fn(Request<Q>) -> Fut,
    Fut: Future<Output = Result<Response<A>, Status>>,
{
    let mut attempt = 0;
    loop {
        let mut request = Request::new(question.clone());
        // Cloud routes by this header; other servers ignore it.
        if let (false, Ok(value)) = (namespace.is_empty(), namespace.parse()) {
            request.metadata_mut().insert("temporal-namespace", value);
        }
        // The transport starts this clock when the call leaves, after it has waited for its turn.
        request.set_timeout(CALL_TIMEOUT.min(budget.left()));
        let status = match send(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                return match answer.contradiction(&question) {
                    None => Ok(answer),
                    Some(message) => Err(Failure::contradiction(rpc, namespace, message)),
                };
            }
            Err(status) if cause::<tonic::TimeoutExpired>(&status) => {
                Status::deadline_exceeded("the call was not answered in time")
            }
            Err(status) => status,
        };
        // An error with a cause is one of the transport: the server ends connections every few minutes.
        let transport = std::error::Error::source(&status).is_some();
        attempt += 1;
        let retry = match status.code() {
            Code::ResourceExhausted => attempt < ATTEMPTS,
            Code::Unavailable => attempt < 3,
            _ => transport && attempt < 3,
        };
        let pause = backoff(attempt);
        if !retry || budget.left() <= pause {
            return Err(Failure {
                rpc,
                namespace: namespace.to_owned(),
                code: status.code(),
                message: one_line(&status),
                contradicted: false,
            });
        }
        if status.code() == Code::ResourceExhausted {
            budget.slow_down(cost(rpc), pause);
        } else {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Whether an error of this type is among the causes of a status.
fn cause<E: std::error::Error + 'static>(status: &Status) -> bool {
    let mut next = std::error::Error::source(status);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// The server's message, or for transport errors the innermost cause, in one bounded line.
fn one_line(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { status.code().description().to_owned() } else { line.chars().take(300).collect() }
}
