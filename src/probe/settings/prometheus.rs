//! How to reach a Prometheus.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::config::PrometheusSettings;
use crate::facts::{Side, Why};
use crate::ui::Problem;

/// One Prometheus, or anything that speaks its HTTP API (Thanos, Mimir, VictoriaMetrics).
#[derive(Clone)]
pub struct Prometheus {
    base: Uri,
    /// Credentials among them: marked sensitive, and nothing here can be printed.
    pub(in crate::probe) headers: HeaderMap,
    pub(in crate::probe) authority: Option<String>,
}

/// What the settings of a side describe.
///
/// # Errors
/// An address that is no http(s) URL, a token variable that is not set, a header that cannot be sent.
pub fn resolve(
    side: Side,
    settings: &PrometheusSettings,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Prometheus, Problem> {
    // The address is not repeated: it may hold a password.
    let wrong = || {
        Problem::usage(format!("the Prometheus of the {side} has no usable address"))
            .help("write it like http://prometheus.example.com:9090, or with the path in front of /api/v1")
    };
    let base: Uri = settings.prometheus.trim_end_matches('/').parse().map_err(|_| wrong())?;
    let fine = matches!(base.scheme_str(), Some("http" | "https")) && base.host().is_some() && base.query().is_none();
    if !fine {
        return Err(wrong());
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static(concat!("temporal-preflight/", env!("CARGO_PKG_VERSION"))),
    );
    let mut secret = |name: HeaderName, value: String, what: &str| {
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            Problem::usage(format!("{what} of the Prometheus of the {side} cannot be sent"))
                .help("look for a line break in it")
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok::<(), Problem>(())
    };
    if let Some((user, _)) = base.authority().and_then(|authority| authority.as_str().rsplit_once('@')) {
        secret(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(decoded(user))), "the password")?;
    }
    if let Some(variable) = &settings.bearer_env {
        let token = env(variable).filter(|token| !token.is_empty()).ok_or_else(|| {
            Problem::usage(format!("the Prometheus of the {side} takes its token from {variable}, which is not set"))
                .help(format!("export {variable} before running"))
        })?;
        secret(header::AUTHORIZATION, format!("Bearer {token}"), "the token")?;
    }
    for (name, value) in &settings.headers {
        let name = HeaderName::try_from(name.as_str())
            .map_err(|_| Problem::usage(format!("`{name}` of the Prometheus of the {side} is no name of a header")))?;
        secret(name, value.clone(), "a header")?;
    }
    Ok(Prometheus { base, headers, authority: settings.tls_ca_path.clone() })
}

/// A password in a URL is percent-encoded.
fn decoded(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let hex = |b: &u8| (*b as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (first, tail) {
            (b'%', [a, b, after @ ..]) if hex(a).is_some() && hex(b).is_some() => {
                out.push(hex(a).unwrap_or(0) * 16 + hex(b).unwrap_or(0));
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

impl std::fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Prometheus").field(&self.shown()).finish()
    }
}

impl Prometheus {
    /// The address without credentials.
    pub fn shown(&self) -> String {
        let authority = self.base.authority().map_or("", |authority| authority.as_str());
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let path = self.base.path().trim_end_matches('/');
        format!("{}://{host}{path}", self.base.scheme_str().unwrap_or("http"))
    }

    pub(in crate::probe) fn uri(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Uri, Why> {
        let query: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let uri = format!("{}/api/v1/{path}?{}", self.shown(), query.join("&"));
        uri.parse().map_err(|_| Why::new(format!("`{path}` cannot be asked of {}", self.shown())))
    }
}

fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> PrometheusSettings {
        PrometheusSettings { prometheus: url.into(), ..PrometheusSettings::default() }
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let read = resolve(Side::Source, &settings("https://ann:p%40ss@metrics.example/prom/"), &|_| None);
        let read = read.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read.shown(), "https://metrics.example/prom");
        let uri = read.uri("query", &[("query", "up{a=\"b c\"}")]).unwrap();
        assert_eq!(uri, "https://metrics.example/prom/api/v1/query?query=up%7Ba%3D%22b%20c%22%7D");
        let sent = read.headers.get(header::AUTHORIZATION).unwrap();
        assert!(sent.is_sensitive());
        assert_eq!(sent.to_str().unwrap(), format!("Basic {}", STANDARD.encode("ann:p@ss")));
    }

    #[test]
    fn mistakes_are_said_without_repeating_what_may_be_secret() {
        for url in ["prometheus:9090", "ftp://x", "", "http://ann:s3cret@ bad"] {
            let said = resolve(Side::Target, &settings(url), &|_| None).err().unwrap().to_string();
            assert!(said.contains("the Prometheus of the target") && !said.contains("s3cret"), "{said}");
        }
        let with = PrometheusSettings { bearer_env: Some("PROM_TOKEN".into()), ..settings("http://x") };
        let said = resolve(Side::Source, &with, &|_| None).err().unwrap().to_string();
        assert!(said.contains("from PROM_TOKEN, which is not set"), "{said}");
        let said = resolve(Side::Source, &with, &|_| Some("s3cret\n".into())).err().unwrap().to_string();
        assert!(said.contains("cannot be sent") && !said.contains("s3cret"), "{said}");
    }
}
