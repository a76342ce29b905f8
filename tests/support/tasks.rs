//! A worker that takes one workflow task and answers it as it is told.

use std::time::Duration;

use temporalio_protos::temporal::api::command::v1::{
    Command, ContinueAsNewWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
    command::Attributes,
};
use temporalio_protos::temporal::api::common::v1::WorkflowType;
use temporalio_protos::temporal::api::enums::v1::{CommandType, WorkflowTaskFailedCause};
use temporalio_protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_protos::temporal::api::workflowservice::v1::workflow_service_client::WorkflowServiceClient;
use temporalio_protos::temporal::api::workflowservice::v1::{
    PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest,
};

/// What the worker does with the task.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// Complete it without a command: the execution waits.
    Nothing,
    /// Complete the execution.
    Complete,
    /// Continue as new.
    Continue,
    /// Start a child of this type and id on a queue nobody polls.
    Child(&'static str, &'static str),
    /// Fail it, as code does that is not deterministic.
    Fail,
}

/// Take the next workflow task of a queue.
pub fn answer(address: &str, namespace: &str, queue: &str, answer: Answer) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut client = WorkflowServiceClient::connect(format!("http://{address}")).await.expect("a connection");
        let poll = PollWorkflowTaskQueueRequest {
            namespace: namespace.into(),
            task_queue: Some(TaskQueue { name: queue.into(), ..Default::default() }),
            identity: "1@worker@".into(),
            ..Default::default()
        };
        let mut poll = tonic::Request::new(poll);
        poll.set_timeout(Duration::from_secs(30));
        let task = client.poll_workflow_task_queue(poll).await.expect("a task").into_inner();
        assert!(!task.task_token.is_empty(), "no task on {queue}");
        let workflow_type = task.workflow_type.clone();
        let queue = Some(TaskQueue { name: queue.into(), ..Default::default() });
        let command = match answer {
            Answer::Nothing => None,
            Answer::Complete => Some((
                CommandType::CompleteWorkflowExecution,
                Attributes::CompleteWorkflowExecutionCommandAttributes(Default::default()),
            )),
            Answer::Continue => Some((
                CommandType::ContinueAsNewWorkflowExecution,
                Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(
                    ContinueAsNewWorkflowExecutionCommandAttributes {
                        workflow_type,
                        task_queue: queue,
                        ..Default::default()
                    },
                ),
            )),
            Answer::Child(name, id) => Some((
                CommandType::StartChildWorkflowExecution,
                Attributes::StartChildWorkflowExecutionCommandAttributes(
                    StartChildWorkflowExecutionCommandAttributes {
                        workflow_id: id.into(),
                        workflow_type: Some(WorkflowType { name: name.into() }),
                        task_queue: Some(TaskQueue { name: "unpolled".into(), ..Default::default() }),
                        ..Default::default()
                    },
                ),
            )),
            Answer::Fail => {
                let failed = RespondWorkflowTaskFailedRequest {
                    task_token: task.task_token,
                    cause: WorkflowTaskFailedCause::NonDeterministicError.into(),
                    identity: "1@worker@".into(),
                    namespace: namespace.into(),
                    ..Default::default()
                };
                client.respond_workflow_task_failed(failed).await.expect("failed");
                return;
            }
        };
        let command = command.map(|(kind, attributes)| Command {
            command_type: kind.into(),
            attributes: Some(attributes),
            ..Default::default()
        });
        let completed = RespondWorkflowTaskCompletedRequest {
            task_token: task.task_token,
            commands: command.into_iter().collect(),
            identity: "1@worker@".into(),
            namespace: namespace.into(),
            ..Default::default()
        };
        client.respond_workflow_task_completed(completed).await.expect("completed");
    });
}
