//! Two real dev servers, one of them behind mTLS: the audit against the real thing.

mod support;

use support::tls::{Authority, TlsProxy, Validity};
use temporal_preflight::demo::{DevServer, server::isolated};

/// The ground the other tests stand on: server, proxy and certificates work with the official CLI.
#[test]
fn the_official_cli_passes_the_proxy_only_with_the_right_certificate() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let server = DevServer::start(&cli, &["payments-prod"]).expect("a dev server");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let valid = Validity::days(today, -1, 90);
    let (ours, foreign) = (Authority::new("Payments CA", valid), Authority::new("Another CA", valid));
    let proxy = TlsProxy::start(&ours.server(&["localhost", "127.0.0.1"], valid), &ours.certificate, server.address());

    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &ours.certificate).expect("write the CA");
    let count = |who: &str, client: &support::tls::Pem| {
        let (certificate, key) = client.write(folder.path(), who);
        let output = isolated(&cli)
            .args(["workflow", "count", "--namespace", "payments-prod", "--command-timeout", "5s"])
            .args(["--address", &format!("localhost:{}", proxy.address.port()), "--tls-ca-path"])
            .arg(&ca)
            .arg("--tls-cert-path")
            .arg(certificate)
            .arg("--tls-key-path")
            .arg(key)
            .output()
            .expect("the CLI runs");
        output.status.success()
    };
    assert!(count("worker", &ours.client("worker", valid)), "a certificate of our CA is admitted");
    assert!(!count("stranger", &foreign.client("stranger", valid)), "a certificate of another CA is refused");
    let expired = Validity::days(today, -90, -1);
    assert!(!count("expired", &ours.client("expired", expired)), "an expired certificate is refused");
}
