//! A proxy between a client and a plaintext gRPC server that notes every call and every byte.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use prost::bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// What passed, as it was on the wire.
#[derive(Default)]
pub struct Wire {
    calls: Mutex<BTreeMap<String, u64>>,
    bytes: AtomicU64,
}

/// Listens on loopback until it is dropped.
pub struct Recorder {
    /// Where clients connect to.
    pub address: SocketAddr,
    wire: Arc<Wire>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Recorder {
    /// Stand before the server at `upstream` (`host:port`).
    pub fn before(upstream: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (wire, upstream) = (Arc::new(Wire::default()), upstream.to_owned());
        let noted = Arc::clone(&wire);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, upstream, noted) => {}
                }
            });
        });
        Self { address, wire, stop: Some(stop), thread: Some(thread) }
    }

    /// Path of the method (`/package.Service/Method`) → how often it was called.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.wire.calls.lock().expect("no panic").clone()
    }

    /// Bytes in both directions, headers and all.
    pub fn bytes(&self) -> u64 {
        self.wire.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

async fn accept(listener: TcpListener, upstream: String, wire: Arc<Wire>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (upstream, wire) = (upstream.clone(), Arc::clone(&wire));
        let _ = socket.set_nodelay(true);
        tokio::spawn(async move {
            let Ok(outside) = TcpStream::connect(upstream).await else { return };
            let _ = outside.set_nodelay(true);
            let window = 1 << 24;
            let client = h2::client::Builder::new()
                .initial_window_size(window)
                .initial_connection_window_size(window)
                .handshake::<_, Bytes>(outside);
            let Ok((send, connection)) = client.await else { return };
            tokio::spawn(connection);
            let counted = Counted { inner: socket, wire: Arc::clone(&wire) };
            let Ok(mut inside) = h2::server::handshake(counted).await else { return };
            while let Some(Ok((request, respond))) = inside.accept().await {
                let path = request.uri().path().to_owned();
                *wire.calls.lock().expect("no panic").entry(path).or_default() += 1;
                let send = send.clone();
                tokio::spawn(async move {
                    // A call that breaks is answered by the end of its stream.
                    let _ = forward(request, respond, send).await;
                });
            }
        });
    }
}

async fn forward(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    send: h2::client::SendRequest<Bytes>,
) -> Result<(), h2::Error> {
    let (head, body) = request.into_parts();
    let mut send = send.ready().await?;
    let (response, upload) = send.send_request(http::Request::from_parts(head, ()), false)?;
    pass(body, upload).await?;
    let (head, body) = response.await?.into_parts();
    if body.is_end_stream() {
        respond.send_response(http::Response::from_parts(head, ()), true)?;
        return Ok(());
    }
    let download = respond.send_response(http::Response::from_parts(head, ()), false)?;
    pass(body, download).await
}

async fn pass(mut from: h2::RecvStream, mut to: h2::SendStream<Bytes>) -> Result<(), h2::Error> {
    while let Some(part) = from.data().await {
        let part = part?;
        from.flow_control().release_capacity(part.len())?;
        to.send_data(part, false)?;
    }
    match from.trailers().await? {
        Some(trailers) => to.send_trailers(trailers),
        None => to.send_data(Bytes::new(), true),
    }
}

struct Counted {
    inner: TcpStream,
    wire: Arc<Wire>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = to.filled().len();
        let done = Pin::new(&mut self.inner).poll_read(cx, to);
        self.wire.bytes.fetch_add((to.filled().len() - before) as u64, Ordering::SeqCst);
        done
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<std::io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write(cx, from);
        if let Poll::Ready(Ok(written)) = &done {
            self.wire.bytes.fetch_add(*written as u64, Ordering::SeqCst);
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
