//! What an API key says about itself.
//!
//! Keys of Temporal Cloud, and those of most authorizers of self-hosted servers, are JSON Web Tokens (RFC 7519): the
//! middle part says in the clear when the key ends. Nothing else of a key is looked at, and nothing is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

use crate::config::Secret;
use crate::facts::{Known, Why};

#[derive(Deserialize)]
struct Claims {
    exp: Option<serde_json::Number>,
    key_id: Option<String>,
}

/// When the key ends and which one it is, as far as it says so.
pub(super) fn read(key: Option<&Secret>) -> (Known<Timestamp>, Option<String>) {
    let Some(key) = key else { return (Known::unknown("no API key is presented"), None) };
    let unsaid = || {
        Known::Unknown(Why::with_remedy(
            "the API key does not say when it ends",
            "give a key for the Cloud Ops API, which knows, or look it up where the key was issued",
        ))
    };
    let Some(claims) = claims(&key.0) else { return (unsaid(), None) };
    let seconds = claims.exp.and_then(|exp| exp.as_i64().or_else(|| exp.as_f64().map(|exp| exp as i64)));
    let ends = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    (ends.map_or_else(unsaid, Known::Known), claims.key_id.filter(|id| !id.is_empty() && id.len() <= 64))
}

fn claims(key: &str) -> Option<Claims> {
    let mut parts = key.trim().split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Secret {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        Secret(format!("{}.{}.{}", part(r#"{"alg":"ES256"}"#), part(claims), part("signature")))
    }

    #[test]
    fn a_token_says_when_it_ends() {
        let (ends, id) = read(Some(&token(r#"{"exp":1798761600,"key_id":"k1","sub":"someone"}"#)));
        assert_eq!(ends, Known::Known("2027-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(id.as_deref(), Some("k1"));
        assert_eq!(read(Some(&token(r#"{"exp":1.7987616e9}"#))).0.value().map(|t| t.as_second()), Some(1_798_761_600));
    }

    #[test]
    fn other_keys_say_nothing_and_are_not_repeated() {
        for key in
            [Secret("s3cret".into()), Secret("a.b.c".into()), token("[]"), token(r#"{"exp":"soon"}"#), token("{}")]
        {
            let (ends, id) = read(Some(&key));
            assert_eq!(id, None);
            let why = ends.why().expect("unknown").clone();
            assert!(why.reason.contains("does not say"), "{why:?}");
            assert!(!format!("{why:?}").contains(&key.0));
        }
        assert_eq!(read(None).0.why().unwrap().reason, "no API key is presented");
    }
}
