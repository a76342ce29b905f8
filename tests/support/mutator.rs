//! A proxy between the probe and a plaintext gRPC server that tells lies about one method.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use prost::Message;
use prost::bytes::Bytes;
use temporalio_protos::temporal::api::workflowservice::v1::{
    CountActivityExecutionsResponse, CountNexusOperationExecutionsResponse, CountWorkflowExecutionsResponse,
    DescribeTaskQueueResponse, DescribeWorkflowExecutionResponse, ListNamespacesResponse, ListSchedulesResponse,
    ListWorkerDeploymentsResponse, ListWorkersResponse, ListWorkflowExecutionsResponse,
};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of the answers of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// The server says that there is no such thing.
    NotFound,
    /// The answer has no contents.
    Empty,
    /// Numbers are zero.
    Zero,
    /// Numbers are negative.
    Negative,
    /// The list never ends: its next page is always the same.
    SamePage,
}

/// The method that is lied about, by its short name, and how.
type Order = Arc<Mutex<Option<(String, Lie)>>>;

/// Listens on loopback until it is dropped.
pub struct Mutator {
    /// Where clients connect to.
    pub address: SocketAddr,
    order: Order,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Mutator {
    /// Stand before the server at `upstream` (`host:port`), honest at first.
    pub fn before(upstream: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (order, upstream) = (Order::default(), upstream.to_owned());
        let given = Arc::clone(&order);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, upstream, given) => {}
                }
            });
        });
        Self { address, order, stop: Some(stop), thread: Some(thread) }
    }

    /// From now on lie about this method, and tell the truth about all others.
    pub fn lie(&self, method: &str, lie: Lie) {
        *self.order.lock().expect("no panic") = Some((method.to_owned(), lie));
    }
}

impl Drop for Mutator {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

async fn accept(listener: TcpListener, upstream: String, order: Order) {
    while let Ok((socket, _)) = listener.accept().await {
        let (upstream, order) = (upstream.clone(), Arc::clone(&order));
        let _ = socket.set_nodelay(true);
        tokio::spawn(async move {
            let Ok(outside) = TcpStream::connect(upstream).await else { return };
            let _ = outside.set_nodelay(true);
            let Ok((send, connection)) = h2::client::handshake(outside).await else { return };
            tokio::spawn(connection);
            let Ok(mut inside) = h2::server::handshake(socket).await else { return };
            while let Some(Ok((request, respond))) = inside.accept().await {
                let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
                let lie = order.lock().expect("no panic").clone().filter(|(about, _)| *about == method);
                let send = send.clone();
                tokio::spawn(async move {
                    // A call that breaks is answered by the end of its stream.
                    let _ = answer(request, respond, send, &method, lie.map(|(_, lie)| lie)).await;
                });
            }
        });
    }
}

async fn answer(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    send: h2::client::SendRequest<Bytes>,
    method: &str,
    lie: Option<Lie>,
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let asked = read(&mut body).await?;
    if lie == Some(Lie::NotFound) {
        let head = http::Response::builder().header("content-type", "application/grpc");
        let head = head.header("grpc-status", "5").header("grpc-message", "not found");
        respond.send_response(head.body(()).expect("a response"), true)?;
        return Ok(());
    }
    let mut send = send.ready().await?;
    let (response, mut upload) = send.send_request(http::Request::from_parts(head, ()), false)?;
    upload.send_data(asked.into(), true)?;
    let (head, mut body) = response.await?.into_parts();
    if body.is_end_stream() {
        respond.send_response(http::Response::from_parts(head, ()), true)?;
        return Ok(());
    }
    let told = read(&mut body).await?;
    let trailers = body.trailers().await?.unwrap_or_default();
    let mut download = respond.send_response(http::Response::from_parts(head, ()), false)?;
    let told = match (lie, told.get(5..)) {
        (Some(lie), Some(message)) => framed(changed(method, lie, message)),
        _ => told,
    };
    if !told.is_empty() {
        download.send_data(told.into(), false)?;
    }
    download.send_trailers(trailers)
}

async fn read(body: &mut h2::RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut bytes = Vec::new();
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn framed(message: Vec<u8>) -> Vec<u8> {
    let mut framed = vec![0];
    framed.extend(u32::try_from(message.len()).expect("a short message").to_be_bytes());
    framed.extend(message);
    framed
}

/// The lie about a message.
fn changed(method: &str, lie: Lie, message: &[u8]) -> Vec<u8> {
    let number = |old: i64| match lie {
        Lie::Zero => 0,
        Lie::Negative => -5,
        _ => old,
    };
    macro_rules! edit {
        ($type:ty, $told:ident, $change:expr) => {{
            let mut $told = <$type>::decode(message).expect("an answer");
            $change;
            $told.encode_to_vec()
        }};
    }
    macro_rules! count {
        ($type:ty) => {
            edit!($type, told, {
                told.count = number(told.count);
                told.groups.iter_mut().for_each(|group| group.count = number(group.count));
                if lie == Lie::Zero {
                    told.groups.clear();
                }
            })
        };
    }
    macro_rules! same_page {
        ($type:ty) => {
            edit!($type, told, told.next_page_token = b"again".to_vec())
        };
    }
    match (lie, method) {
        (Lie::Empty | Lie::NotFound, _) => Vec::new(),
        (Lie::SamePage, "ListWorkflowExecutions") => same_page!(ListWorkflowExecutionsResponse),
        (Lie::SamePage, "ListSchedules") => same_page!(ListSchedulesResponse),
        (Lie::SamePage, "ListNamespaces") => same_page!(ListNamespacesResponse),
        (Lie::SamePage, "ListWorkers") => same_page!(ListWorkersResponse),
        (Lie::SamePage, "ListWorkerDeployments") => same_page!(ListWorkerDeploymentsResponse),
        (_, "CountWorkflowExecutions") => count!(CountWorkflowExecutionsResponse),
        (_, "CountActivityExecutions") => count!(CountActivityExecutionsResponse),
        (_, "CountNexusOperationExecutions") => count!(CountNexusOperationExecutionsResponse),
        (_, "DescribeTaskQueue") => edit!(DescribeTaskQueueResponse, told, {
            if let Some(stats) = &mut told.stats {
                stats.approximate_backlog_count = number(stats.approximate_backlog_count);
            }
        }),
        (_, "DescribeWorkflowExecution") => edit!(DescribeWorkflowExecutionResponse, told, {
            if let Some(info) = &mut told.workflow_execution_info {
                info.history_length = number(info.history_length);
                info.history_size_bytes = number(info.history_size_bytes);
            }
        }),
        (lie, method) => panic!("{method} has nothing to be made {lie:?}"),
    }
}
