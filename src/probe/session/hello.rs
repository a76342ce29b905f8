//! What kind of server answers, found out with the greeting of HTTP/2 alone.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::tls;
use super::trouble::Trouble;
use crate::probe::connection::Connection;

/// A server that means to answer does so within this time.
pub(super) const HELLO_TIMEOUT: Duration = Duration::from_secs(3);

/// How a server answers the greeting of HTTP/2.
#[derive(Debug)]
pub(super) enum Hello {
    /// With settings of its own.
    Http2,
    /// As a web server: its status line.
    Http1(String),
    /// With something else.
    Other,
    /// By closing.
    Closed,
    /// Not at all.
    Silent,
    /// With an error of the transport.
    Broken(io::Error),
}

impl Hello {
    /// Greet and listen; nothing else is sent.
    pub(super) async fn of(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Self {
        // The client preface and an empty SETTINGS frame (RFC 9113, section 3.4).
        const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        let exchange = async {
            stream.write_all(GREETING).await?;
            stream.flush().await?;
            let mut answer = [0; 64];
            let mut filled = 0;
            while let Some(rest) = answer.get_mut(filled..).filter(|_| filled < 9) {
                let read = stream.read(rest).await?;
                if read == 0 {
                    break;
                }
                filled += read;
            }
            io::Result::Ok((answer, filled))
        };
        match timeout(HELLO_TIMEOUT, exchange).await {
            Err(_) => Self::Silent,
            Ok(Err(e)) if tls::inside(&e).is_none() && e.kind() != io::ErrorKind::InvalidData => Self::Closed,
            Ok(Err(e)) => Self::Broken(e),
            Ok(Ok((_, 0))) => Self::Closed,
            Ok(Ok((answer, filled))) => {
                let answer = answer.get(..filled).unwrap_or_default();
                if answer.starts_with(b"HTTP/1") {
                    let line = String::from_utf8_lossy(answer);
                    Self::Http1(line.lines().next().unwrap_or_default().to_owned())
                } else if answer.get(3) == Some(&4) {
                    Self::Http2
                } else {
                    Self::Other
                }
            }
        }
    }

    /// In words, when it is not HTTP/2.
    pub(super) fn trouble(&self, connection: &Connection) -> Option<Trouble> {
        let address = &connection.address;
        let port =
            "use the frontend's gRPC port, 7233 by default (7243 is its HTTP API, 8080 and 8233 the Web UI)".to_owned();
        Some(match self {
            Self::Http2 => return None,
            Self::Http1(line) => (format!("a web server answers at {address} ({line}), not gRPC"), port),
            Self::Other => (format!("what answers at {address} is neither gRPC nor HTTP"), port),
            Self::Closed => (format!("{address} closed the connection without a word"), port),
            Self::Silent => (format!("{address} accepts connections but does not answer as a gRPC server"), port),
            Self::Broken(e) => (format!("the connection to {address} broke: {e}"), port),
        })
    }
}
