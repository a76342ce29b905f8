//! The promise that the probe only reads, kept below the generated clients.
//!
//! Every request passes here on its way out. A method that is not on the list of reads is answered here and
//! never leaves the process, whatever the code above asks for. The same place paces the calls, counts them
//! and adds credentials, so none of this can be forgotten.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use tokio::time::Instant;
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

use super::budget::{Budget, Cost};
use crate::facts::cluster::RpcCount;

/// The methods that may leave the process.
const READS: &[(&str, Cost)] = &[
    ("/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/GetClusterInfo", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/ListNamespaces", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/DescribeSchedule", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/ListScheduleMatchingTimes", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/ListWorkers", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/DescribeWorkerDeployment", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/ListWorkerDeployments", Cost::Visibility),
    ("/temporal.api.workflowservice.v1.WorkflowService/ListSchedules", Cost::Visibility),
    ("/temporal.api.workflowservice.v1.WorkflowService/ListWorkflowExecutions", Cost::Visibility),
    ("/temporal.api.workflowservice.v1.WorkflowService/CountWorkflowExecutions", Cost::Visibility),
    ("/temporal.api.workflowservice.v1.WorkflowService/CountActivityExecutions", Cost::Visibility),
    ("/temporal.api.workflowservice.v1.WorkflowService/CountNexusOperationExecutions", Cost::Visibility),
    ("/temporal.api.workflowservice.v1.WorkflowService/ListActivityExecutions", Cost::Visibility),
    ("/temporal.api.workflowservice.v1.WorkflowService/ListNexusOperationExecutions", Cost::Visibility),
    ("/temporal.api.workflowservice.v1.WorkflowService/DescribeWorkflowExecution", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory", Cost::General),
    ("/temporal.api.workflowservice.v1.WorkflowService/DescribeTaskQueue", Cost::Visibility),
    ("/temporal.api.operatorservice.v1.OperatorService/ListSearchAttributes", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetCurrentIdentity", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetNamespaces", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetNamespace", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetNamespaceCapacityInfo", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetNamespaceExportSinks", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetServiceAccountNamespaceAssignments", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetConnectivityRules", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetApiKeys", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetServiceAccounts", Cost::General),
    ("/temporal.api.cloud.cloudservice.v1.CloudService/GetNexusEndpoints", Cost::General),
];

/// The methods the probe may call, as they stand on the wire (`/package.Service/Method`); all of them only read.
pub fn reads() -> impl Iterator<Item = &'static str> {
    READS.iter().map(|(path, _)| *path)
}

/// Which allowance a method uses; `None` when it is not a read the probe makes.
fn read(path: &str) -> Option<(&'static str, Cost)> {
    READS.iter().find(|(read, _)| *read == path).copied()
}

/// Which allowance the method with this short name uses.
pub(super) fn cost(rpc: &str) -> Cost {
    READS.iter().find(|(path, _)| path.rsplit('/').next() == Some(rpc)).map_or(Cost::Visibility, |(_, cost)| *cost)
}

/// What was asked so far, and what the answers told beside their content.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    counts: Mutex<BTreeMap<&'static str, RpcCount>>,
    dates: Mutex<Option<(String, Instant)>>,
}

impl Ledger {
    fn note(&self, path: &'static str, change: impl FnOnce(&mut RpcCount)) {
        change(self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_default());
    }

    /// Count an answer with an error, if that is what the headers or trailers say.
    fn judge(&self, path: &'static str, headers: &HeaderMap) {
        let status = headers.get("grpc-status").map(HeaderValue::as_bytes);
        if let Some(status) = status.filter(|status| *status != b"0") {
            // PermissionDenied and Unauthenticated.
            let denied = matches!(status, b"7" | b"16");
            self.note(path, |count| {
                count.errors += 1;
                count.denied += u64::from(denied);
            });
        }
    }

    /// The `date` header of the last answer that had one, and when it came.
    pub(super) fn date(&self) -> Option<(String, Instant)> {
        self.dates.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Full method name without the leading slash → counts.
    pub(super) fn counts(&self) -> BTreeMap<String, RpcCount> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(path, count)| (path.trim_start_matches('/').to_owned(), *count)).collect()
    }
}

/// A transport that lets only reads pass.
#[derive(Clone)]
pub(super) struct ReadOnly<S> {
    inner: S,
    gate: Arc<Gate>,
}

struct Gate {
    headers: HeaderMap,
    budget: Arc<Budget>,
    ledger: Arc<Ledger>,
}

impl<S> ReadOnly<S> {
    /// `headers` (credentials, metadata) go with every call; they are marked sensitive so that nothing logs them.
    pub(super) fn new(
        inner: S,
        headers: Vec<(HeaderName, HeaderValue)>,
        budget: Arc<Budget>,
        ledger: Arc<Ledger>,
    ) -> Self {
        let mut map = HeaderMap::new();
        for (name, mut value) in headers {
            value.set_sensitive(true);
            map.insert(name, value);
        }
        Self { inner, gate: Arc::new(Gate { headers: map, budget, ledger }) }
    }
}

impl<S> Service<Request<Body>> for ReadOnly<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // The clone that makes the call waits for its own readiness.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some((path, cost)) = read(request.uri().path()) else {
            let refusal = tonic::Status::permission_denied(format!(
                "{} is not a read; the probe does not send it",
                request.uri().path()
            ));
            return Box::pin(std::future::ready(Ok(refusal.into_http())));
        };
        let (inner, gate) = (self.inner.clone(), Arc::clone(&self.gate));
        Box::pin(async move {
            if gate.budget.admit(cost).await.is_err() {
                return Ok(tonic::Status::deadline_exceeded(super::failure::OUT_OF_TIME).into_http());
            }
            for (name, value) in &gate.headers {
                request.headers_mut().insert(name.clone(), value.clone());
            }
            gate.ledger.note(path, |count| count.calls += 1);
            let response = inner.oneshot(request).await;
            match &response {
                Err(_) => gate.ledger.note(path, |count| count.errors += 1),
                Ok(response) => {
                    let headers = response.headers();
                    if !response.status().is_success() && !headers.contains_key("grpc-status") {
                        gate.ledger.note(path, |count| count.errors += 1);
                    }
                    gate.ledger.judge(path, headers);
                    if let Some(date) = headers.get(http::header::DATE).and_then(|date| date.to_str().ok()) {
                        let mut last = gate.ledger.dates.lock().unwrap_or_else(PoisonError::into_inner);
                        *last = Some((date.to_owned(), Instant::now()));
                    }
                }
            }
            let ledger = Arc::clone(&gate.ledger);
            response.map(|response| {
                response.map(|body| {
                    Body::new(body.map_frame(move |frame| {
                        if let Some(trailers) = frame.trailers_ref() {
                            ledger.judge(path, trailers);
                        }
                        frame
                    }))
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use temporalio_protos::temporal::api::workflowservice::v1::workflow_service_client::WorkflowServiceClient;
    use temporalio_protos::temporal::api::workflowservice::v1::{
        DescribeNamespaceRequest, GetSystemInfoRequest, StartWorkflowExecutionRequest,
        TerminateWorkflowExecutionRequest,
    };
    use tonic::Code;

    use super::*;

    /// A server that notes each call that reaches it and answers NotFound when the credential came along.
    #[derive(Clone, Default)]
    struct Server(Arc<AtomicUsize>);

    impl Service<Request<Body>> for Server {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            self.0.fetch_add(1, Ordering::SeqCst);
            let signed = request.headers().get("authorization").is_some_and(HeaderValue::is_sensitive);
            let status = if signed { tonic::Status::not_found("nothing here") } else { tonic::Status::ok("") };
            std::future::ready(Ok(status.into_http()))
        }
    }

    fn guarded() -> (WorkflowServiceClient<ReadOnly<Server>>, Arc<AtomicUsize>, Arc<Ledger>) {
        let (server, ledger) = (Server::default(), Arc::new(Ledger::default()));
        let reached = Arc::clone(&server.0);
        let budget = Arc::new(Budget::new(1000.0, Duration::from_secs(10)));
        let headers = vec![(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"))];
        let transport = ReadOnly::new(server, headers, budget, Arc::clone(&ledger));
        (WorkflowServiceClient::new(transport), reached, ledger)
    }

    #[tokio::test]
    async fn a_start_is_refused_and_never_leaves() {
        let (mut client, reached, ledger) = guarded();
        let refused = client.start_workflow_execution(StartWorkflowExecutionRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(refused.message().contains("StartWorkflowExecution is not a read"), "{}", refused.message());
        let refused = client.terminate_workflow_execution(TerminateWorkflowExecutionRequest::default()).await;
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(reached.load(Ordering::SeqCst), 0);
        assert!(ledger.counts().is_empty());
    }

    #[tokio::test]
    async fn reads_pass_with_credentials_and_are_counted() {
        let (mut client, reached, ledger) = guarded();
        let answer = client.get_system_info(GetSystemInfoRequest::default()).await.unwrap_err();
        assert_eq!(answer.code(), Code::NotFound, "the credential arrived");
        client.describe_namespace(DescribeNamespaceRequest::default()).await.unwrap_err();
        client.describe_namespace(DescribeNamespaceRequest::default()).await.unwrap_err();
        assert_eq!(reached.load(Ordering::SeqCst), 3);
        let counts = ledger.counts();
        assert_eq!(
            counts["temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace"],
            RpcCount { calls: 2, errors: 2, denied: 0 }
        );
    }

    #[test]
    fn the_list_holds_only_reads() {
        for (path, _) in READS {
            let method = path.rsplit('/').next().unwrap();
            assert!(["Get", "List", "Describe", "Count"].iter().any(|verb| method.starts_with(verb)), "{method}");
        }
    }
}
