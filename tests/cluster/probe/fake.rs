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
    /// The end of the connection, with every call that is under way on it.
    Reset,
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

/// Head of the request and body → answer.
pub type Handler = Arc<dyn Fn(&http::request::Parts, &[u8]) -> Reply + Send + Sync>;

/// The short name of the method that is called.
pub fn method(head: &http::request::Parts) -> &str {
    head.uri.path().rsplit('/').next().unwrap_or_default()
}

/// Listens on loopback until it is dropped.
pub struct Fake {
    pub address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Fake {
    pub fn start(handler: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_head(move |head, body| handler(method(head), body))
    }

    /// A server that also looks at the headers of a call.
    pub fn with_head(handler: impl Fn(&http::request::Parts, &[u8]) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(Arc::new(handler), None)
    }

    /// A server behind a proxy that says this date with every answer.
    pub fn with_date(date: &str, handler: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(Arc::new(move |head, body| handler(method(head), body)), Some(date.to_owned()))
    }

    fn listen(handler: Handler, date: Option<String>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, handler, date) => {}
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

async fn accept(listener: TcpListener, handler: Handler, date: Option<String>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (handler, date) = (Arc::clone(&handler), date.clone());
        tokio::spawn(async move {
            let Ok(mut connection) = h2::server::handshake(socket).await else { return };
            let mut served = 0;
            let reset = Arc::new(tokio::sync::Notify::new());
            loop {
                let next = tokio::select! {
                    next = connection.accept() => next,
                    () = reset.notified() => return,
                };
                let Some(Ok((request, respond))) = next else { return };
                tokio::spawn(answer(request, respond, Arc::clone(&handler), date.clone(), Arc::clone(&reset)));
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
    date: Option<String>,
    reset: Arc<tokio::sync::Notify>,
) {
    let (head, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(Ok(part)) = body.data().await {
        let _ = body.flow_control().release_capacity(part.len());
        bytes.extend_from_slice(&part);
    }
    // A gRPC message is preceded by a flag and its length.
    let mut reply = handler(&head, bytes.get(5..).unwrap_or_default());
    while let Reply::Late(after, inner) = reply {
        tokio::time::sleep(after).await;
        reply = *inner;
    }
    let mut head = http::Response::builder().header("content-type", "application/grpc");
    if let Some(date) = date {
        head = head.header("date", date);
    }
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
        Reply::Reset => reset.notify_one(),
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
