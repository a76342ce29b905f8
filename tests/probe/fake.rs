//! A gRPC server that answers as it is told, for faults a real server does not show on demand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use prost::bytes::Bytes;
use tokio::net::TcpListener;
use tonic::Code;

/// What a call is answered with.
pub enum Reply {
    /// A message.
    Message(Vec<u8>),
    /// A status with a text.
    Status(Code, String),
    /// The same, after a while.
    Late(Duration, Box<Reply>),
    /// Nothing, for longer than anybody waits.
    Silence,
}

/// An answer that is a message.
pub fn message(message: &impl Message) -> Reply {
    Reply::Message(message.encode_to_vec())
}

/// An answer that is an error.
pub fn status(code: Code, text: &str) -> Reply {
    Reply::Status(code, text.to_owned())
}

/// Decode what was asked.
pub fn asked<M: Message + Default>(body: &[u8]) -> M {
    M::decode(body).expect("a request")
}

/// Short method name and body → answer.
pub type Handler = Arc<dyn Fn(&str, &[u8]) -> Reply + Send + Sync>;

/// Listens on loopback until it is dropped.
pub struct Fake {
    pub address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Fake {
    pub fn start(handler: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> Self {
        let handler: Handler = Arc::new(handler);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, handler) => {}
                }
            });
        });
        Self { address, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

async fn accept(listener: TcpListener, handler: Handler) {
    while let Ok((socket, _)) = listener.accept().await {
        let handler = Arc::clone(&handler);
        tokio::spawn(async move {
            let Ok(mut connection) = h2::server::handshake(socket).await else { return };
            let mut served = 0;
            while let Some(Ok((request, respond))) = connection.accept().await {
                tokio::spawn(answer(request, respond, Arc::clone(&handler)));
                served += 1;
                // Frontends end a connection every few minutes; this one does it after a few calls.
                if served == 5 {
                    connection.graceful_shutdown();
                }
            }
        });
    }
}

async fn answer(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    handler: Handler,
) {
    let (head, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(Ok(part)) = body.data().await {
        let _ = body.flow_control().release_capacity(part.len());
        bytes.extend_from_slice(&part);
    }
    let method = head.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    // A gRPC message is preceded by a flag and its length.
    let mut reply = handler(&method, bytes.get(5..).unwrap_or_default());
    while let Reply::Late(after, inner) = reply {
        tokio::time::sleep(after).await;
        reply = *inner;
    }
    let head = http::Response::builder().header("content-type", "application/grpc");
    // The client may have given up; then nothing is left to answer.
    match reply {
        Reply::Message(message) => {
            let Ok(mut stream) = respond.send_response(head.body(()).expect("a response"), false) else { return };
            let mut framed = vec![0];
            framed.extend(u32::try_from(message.len()).expect("a short message").to_be_bytes());
            framed.extend(message);
            let _ = stream.send_data(framed.into(), false);
            let mut trailers = http::HeaderMap::new();
            trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
            let _ = stream.send_trailers(trailers);
        }
        Reply::Silence | Reply::Late(..) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(respond);
        }
        Reply::Status(code, text) => {
            let head = head.header("grpc-status", (code as i32).to_string()).header("grpc-message", text);
            let _ = respond.send_response(head.body(()).expect("a response"), true);
        }
    }
}
