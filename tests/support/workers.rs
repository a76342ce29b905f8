//! Workers as a cluster sees them: somebody polls the task queues.

use std::time::Duration;

use temporalio_protos::temporal::api::enums::v1::TaskQueueKind;
use temporalio_protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_protos::temporal::api::workflowservice::v1::workflow_service_client::WorkflowServiceClient;
use temporalio_protos::temporal::api::workflowservice::v1::{
    PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest,
};
use tonic::transport::Channel;

/// Polls until it is dropped, and does nothing with what it gets.
pub struct Pollers {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Pollers {
    /// Poll workflow and activity tasks of these queues on a plaintext server.
    pub fn start(address: &str, namespace: &str, queues: &[&str]) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (address, namespace) = (format!("http://{address}"), namespace.to_owned());
        let queues: Vec<String> = queues.iter().map(|&q| q.to_owned()).collect();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let channel = Channel::from_shared(address).expect("an address").connect().await.expect("a connection");
                let client = WorkflowServiceClient::new(channel);
                for queue in queues {
                    tokio::spawn(workflow_tasks(client.clone(), namespace.clone(), queue.clone()));
                    tokio::spawn(activity_tasks(client.clone(), namespace.clone(), queue));
                }
                let _ = stopped.await;
            });
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Pollers {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn queue(name: String) -> Option<TaskQueue> {
    Some(TaskQueue { name, kind: TaskQueueKind::Normal.into(), ..TaskQueue::default() })
}

/// The server refuses a long poll without a deadline.
fn long_poll<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(Duration::from_secs(60));
    request
}

async fn workflow_tasks(mut client: WorkflowServiceClient<Channel>, namespace: String, name: String) {
    loop {
        let request = PollWorkflowTaskQueueRequest {
            namespace: namespace.clone(),
            task_queue: queue(name.clone()),
            identity: "1@payments-worker-1@".into(),
            ..PollWorkflowTaskQueueRequest::default()
        };
        if client.poll_workflow_task_queue(long_poll(request)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn activity_tasks(mut client: WorkflowServiceClient<Channel>, namespace: String, name: String) {
    loop {
        let request = PollActivityTaskQueueRequest {
            namespace: namespace.clone(),
            task_queue: queue(name.clone()),
            identity: "1@payments-worker-1@".into(),
            ..PollActivityTaskQueueRequest::default()
        };
        if client.poll_activity_task_queue(long_poll(request)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
