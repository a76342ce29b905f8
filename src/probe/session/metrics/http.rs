//! One GET over HTTP/1.1, plain or TLS: all that a Prometheus needs.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::facts::Why;

/// Connecting and each answer may take this long.
const PATIENCE: Duration = Duration::from_secs(20);
/// No answer to what is asked is larger.
const LARGEST: usize = 8 << 20;

/// Ask for one resource; the error says what went wrong and what to do.
pub(super) async fn get(uri: &Uri, headers: &HeaderMap, authority: Option<&str>) -> Result<Vec<u8>, Why> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let place = format!("{host}:{port}");
    let reach = || "check the address of the Prometheus, and that this machine reaches it".to_owned();
    let late = || Why::with_remedy(format!("{place} did not answer within {} s", PATIENCE.as_secs()), reach());
    let tcp = timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await.map_err(|_| late())?;
    let tcp = tcp.map_err(|e| Why::with_remedy(format!("{place} cannot be reached: {e}"), reach()))?;
    let answer = async {
        if !secure {
            return send(tcp, uri, headers).await;
        }
        let name = ServerName::try_from(host.clone()).map_err(|_| format!("`{host}` is no host name"))?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(tls(authority)?));
        let stream = connector.connect(name, tcp).await.map_err(|e| format!("TLS failed: {e}"))?;
        send(stream, uri, headers).await
    };
    let (status, body) = timeout(PATIENCE, answer)
        .await
        .map_err(|_| late())?
        .map_err(|e| Why::with_remedy(format!("{place}: {e}"), reach()))?;
    match status {
        StatusCode::OK => Ok(body),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Why::with_remedy(
            format!("{place} answered {status}"),
            "give a token: `bearer_env` under `metrics` in preflight.yaml names its variable",
        )),
        status if status.is_redirection() => Err(Why::with_remedy(
            format!("{place} answered {status}"),
            "give the address of the Prometheus API itself, not of a page in front of it",
        )),
        // A query that is refused is answered with a JSON document that says why.
        _ if body.first() == Some(&b'{') => Ok(body),
        status => Err(Why::with_remedy(format!("{place} answered {status}"), reach())),
    }
}

async fn send<S>(stream: S, uri: &Uri, headers: &HeaderMap) -> Result<(StatusCode, Vec<u8>), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let said = |e: hyper::Error| format!("no answer in HTTP/1.1: {e}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(said)?;
    // It ends with the answer; what goes wrong is told to the sender.
    let driver = tokio::spawn(connection);
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::get(target).body(Empty::<&[u8]>::new()).map_err(|e| e.to_string())?;
    *request.headers_mut() = headers.clone();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit('@').next().unwrap_or(authority);
    request.headers_mut().insert(http::header::HOST, host.parse().map_err(|_| "unusable host".to_owned())?);
    let response = sender.send_request(request).await.map_err(said)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    driver.abort();
    Ok((status, body.map_err(|e| format!("the answer broke off: {e}"))?.to_bytes().to_vec()))
}

fn tls(authority: Option<&str>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match authority {
        Some(path) => {
            let pem = std::fs::read(path).map_err(|e| format!("cannot read {path}: {e}"))?;
            roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    if roots.is_empty() {
        return Err("there is no trusted certificate to verify it with".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth())
}
