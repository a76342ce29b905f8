//! Certificates and API keys against what the Cloud Ops API told of the namespaces.

use temporal_preflight::facts::certificate::{Certificate, CertificateFile, CertificateRole};
use temporal_preflight::facts::cluster::cloud::{
    CertificateFilter, CloudApiKey, CloudAssignment, CloudExportSink, CloudNamespace, CloudNamespaceSettings, CloudOps,
};

use temporal_preflight::facts::Why;

use super::facts::{client_certificate, time};
use super::*;

const NAMESPACE: &str = "payments-prod.a1b2c";

fn authority(name: &str, not_after: &str) -> Certificate {
    Certificate {
        subject: format!("CN={name}"),
        issuer: format!("CN={name}"),
        not_before: time("2026-01-01T00:00:00Z"),
        not_after: time(not_after),
        version: 3,
        is_ca: true,
        key_algorithm: "ECDSA".into(),
        signature_algorithm: "ecdsa-with-SHA256".into(),
        fingerprint: format!("ca-{name}"),
        signed_by: Some(format!("ca-{name}")),
        ..Default::default()
    }
}

fn bundle(path: &str, chain: Vec<Certificate>) -> CertificateFile {
    CertificateFile {
        path: path.into(),
        role: CertificateRole::Authority,
        chain,
        size_bytes: 1_000,
        key_matches: None,
        key_format: None,
        problem: None,
    }
}

fn settings() -> CloudNamespaceSettings {
    CloudNamespaceSettings {
        state: "active".into(),
        retention_days: 30,
        mtls: true,
        accepted_cas: Some(bundle("accepted client CAs", vec![authority("payments-ca", "2028-06-01T00:00:00Z")])),
        mtls_address: "payments-prod.a1b2c.tmprl.cloud:7233".into(),
        api_key_address: "eu-central-1.aws.api.temporal.io:7233".into(),
        ..Default::default()
    }
}

fn key(id: &str, owner: &str, expires: &str) -> CloudApiKey {
    CloudApiKey {
        id: id.into(),
        name: format!("key {id}"),
        owner_kind: if owner.starts_with("sa") { "service-account" } else { "user" }.into(),
        owner_id: owner.into(),
        expires: Some(time(expires)),
        disabled: false,
        state: "active".into(),
    }
}

/// The healthy migration, with what the control plane told.
fn told(settings: CloudNamespaceSettings, keys: Known<Vec<CloudApiKey>>) -> Facts {
    let mut facts = healthy();
    let assignment =
        |id: &str, permission: &str| CloudAssignment { id: id.into(), name: id.into(), permission: permission.into() };
    target(&mut facts).cloud = Known::Known(CloudOps {
        address: "saas-api.tmprl.cloud:443".into(),
        api_version: "v0.17.0".into(),
        connection: vec![],
        identity: Known::unknown("not asked"),
        namespace_names: Known::Known(vec![NAMESPACE.into()]),
        namespaces: vec![CloudNamespace {
            name: NAMESPACE.into(),
            exists: Some(true),
            settings: Known::Known(settings),
            capacity: Known::unknown("not asked"),
            export_sinks: Known::Known(vec![CloudExportSink {
                name: "compliance".into(),
                enabled: true,
                health: "ok".into(),
                last_export: None,
            }]),
            service_accounts: Known::Known(vec![assignment("sa-workers", "write"), assignment("sa-audit", "read")]),
        }],
        api_keys: keys,
        service_accounts: Known::Known(vec![]),
        connectivity_rules: Known::Known(vec![]),
        nexus_endpoints: Known::Known(vec![]),
    });
    facts
}

fn problems(facts: &Facts, path: &str) -> Vec<String> {
    list(facts, path).iter().map(|v| v["problem"].as_str().expect("a problem").to_owned()).collect()
}

#[test]
fn a_client_certificate_must_chain_to_an_accepted_ca_and_match_a_filter() {
    let with = |change: &dyn Fn(&mut CloudNamespaceSettings)| {
        let mut settings = settings();
        change(&mut settings);
        let facts = told(settings, Known::Known(vec![]));
        (outcome(&facts, "credential-not-accepted"), problems(&facts, "certificates.accepted"))
    };
    assert_eq!(with(&|_| ()), (Outcome::Pass, vec![]));
    let (decided, said) = with(&|s| {
        s.accepted_cas = Some(bundle("x", vec![authority("other-ca", "2028-06-01T00:00:00Z")]));
    });
    assert_eq!((decided, said), (Outcome::Fail, vec!["none of its 1 CA certificates can have signed it".to_owned()]));
    let (decided, _) = with(&|s| {
        let mut twin = authority("payments-ca", "2028-06-01T00:00:00Z");
        twin.subject_key_id = Some("aa".into());
        s.accepted_cas = Some(bundle("x", vec![twin]));
    });
    assert_eq!(decided, Outcome::Pass, "a leaf that names no key is judged by names");
    let (decided, said) = with(&|s| {
        s.certificate_filters = vec![CertificateFilter { common_name: "orders-*".into(), ..Default::default() }];
    });
    assert_eq!(decided, Outcome::Fail);
    assert!(said[0].contains("none of its 1 certificate filters matches CN=payments-worker"), "{said:?}");
    let (decided, said) = with(&|s| s.mtls = false);
    assert_eq!((decided, said), (Outcome::Fail, vec!["it does not accept client certificates".to_owned()]));

    // Without the Cloud Ops API, that the namespace was read with it proves the certificate; nothing else does.
    let mut facts = healthy();
    assert_eq!(outcome(&facts, "credential-not-accepted"), Outcome::Pass);
    let namespace = &mut target(&mut facts).namespaces[0];
    (namespace.exists, namespace.config) = (None, Known::unknown("PermissionDenied"));
    assert_eq!(outcome(&facts, "credential-not-accepted"), Outcome::Unknown);
}

#[test]
fn an_accepted_ca_that_ends_in_the_window_stops_the_move() {
    let mut settings = settings();
    settings.accepted_cas = Some(bundle("accepted", vec![authority("payments-ca", "2026-12-20T00:00:00Z")]));
    let facts = told(settings, Known::Known(vec![]));
    assert_eq!(outcome(&facts, "certificate-expires-in-window"), Outcome::Fail);
    let found = list(&facts, "certificates.expiry");
    let ca = found.iter().find(|c| c["subject"] == "CN=payments-ca").expect("the CA");
    assert_eq!((ca["loci"][0]["at"].as_str(), ca["on_disk"].as_bool()), (Some("live"), Some(false)));
}

#[test]
fn keys_of_service_accounts_that_may_write_are_measured_and_those_of_persons_are_not() {
    let with = |keys: Known<Vec<CloudApiKey>>, presented: Option<&str>| {
        let mut facts = told(CloudNamespaceSettings { api_keys: true, ..settings() }, keys);
        let target = target(&mut facts);
        target.credential = Credential::ApiKey;
        target.certificate_files.clear();
        if let Some(expires) = presented {
            (target.api_key_expires, target.api_key_id) = (Known::Known(time(expires)), Some("k1".into()));
        }
        facts
    };
    let soon = "2026-12-24T00:00:00Z";
    let late = "2028-01-01T00:00:00Z";
    for (keys, expected) in [
        (vec![key("k1", "sa-workers", late)], Outcome::Pass),
        (vec![key("k1", "sa-workers", soon)], Outcome::Fail),
        (vec![key("k1", "sa-workers", late), key("k2", "sa-audit", soon), key("k3", "ann", soon)], Outcome::Pass),
        // A key that is disabled or over is in nobody's hands, and the one that is presented is not in the list.
        (vec![CloudApiKey { disabled: true, ..key("k1", "sa-workers", soon) }], Outcome::Unknown),
        (vec![key("k1", "sa-workers", "2026-01-01T00:00:00Z")], Outcome::Unknown),
        (
            vec![CloudApiKey { disabled: true, ..key("k1", "sa-workers", soon) }, key("k2", "sa-workers", late)],
            Outcome::Pass,
        ),
        (vec![CloudApiKey { expires: None, ..key("k1", "sa-workers", late) }], Outcome::Unknown),
    ] {
        let facts = with(Known::Known(keys.clone()), None);
        assert_eq!(outcome(&facts, "api-key-validity"), expected, "{keys:?}");
    }
    let partial = Known::Partial { value: vec![key("k1", "sa-workers", late)], why: Why::new("only its own") };
    assert_eq!(outcome(&with(partial, None), "api-key-validity"), Outcome::Unknown);
    let after = with(Known::Known(vec![key("k1", "sa-workers", "2027-02-01T00:00:00Z")]), None);
    assert_eq!(outcome(&after, "api-key-validity"), Outcome::Pass);
    assert_eq!(outcome(&after, "api-key-expires-soon-after"), Outcome::Fail);
    // The key itself says when it ends; a listed key is told once.
    let facts = with(Known::Known(vec![key("k1", "sa-workers", soon)]), Some(soon));
    assert_eq!(list(&facts, "certificates.api_keys").len(), 1);
    let mut alone = with(Known::Known(vec![]), Some(soon));
    target(&mut alone).cloud = Known::unknown("the Cloud Ops API was not asked");
    assert_eq!(outcome(&alone, "api-key-validity"), Outcome::Fail);
    let mut alone = with(Known::Known(vec![]), Some(late));
    target(&mut alone).cloud = Known::unknown("the Cloud Ops API was not asked");
    assert_eq!(outcome(&alone, "api-key-validity"), Outcome::Unknown, "the other keys are not known");
    // A namespace that takes no keys.
    let mut facts = with(Known::Known(vec![]), None);
    let Known::Known(cloud) = &mut target(&mut facts).cloud else { panic!("known") };
    cloud.namespaces[0].settings = Known::Known(settings());
    assert_eq!(outcome(&facts, "credential-not-accepted"), Outcome::Fail);
}

#[test]
fn a_ca_bundle_must_be_whole_small_and_private() {
    let said = |file: CertificateFile, settings: CloudNamespaceSettings| {
        let mut facts = told(settings, Known::Known(vec![]));
        facts.certificates = Known::Known(vec![file]);
        problems(&facts, "certificates.compliance")
    };
    let ca = || authority("payments-ca", "2028-06-01T00:00:00Z");
    assert!(said(bundle("ca.pem", vec![ca()]), settings()).is_empty());
    let intermediate = Certificate { signed_by: None, issuer: "CN=root".into(), ..ca() };
    assert_eq!(
        said(bundle("ca.pem", vec![intermediate.clone()]), settings()),
        ["its issuer (CN=root) is not in the bundle"]
    );
    let older = CertificateFile { size_bytes: 0, ..bundle("ca.pem", vec![intermediate]) };
    assert!(said(older, settings()).is_empty(), "an older document does not tell");
    let many = (0..17).map(|n| authority(&format!("ca-{n}"), "2028-06-01T00:00:00Z")).collect();
    assert_eq!(said(bundle("ca.pem", many), settings()), ["it holds 17 certificates, and a namespace takes 16"]);
    let large = CertificateFile { size_bytes: 40_000, ..bundle("ca.pem", vec![ca()]) };
    assert_eq!(said(large, settings()), ["it has 40000 bytes, and a namespace takes 32768"]);
    let public = || Certificate { organizations: vec!["DigiCert Inc".into()], ..ca() };
    assert!(said(bundle("ca.pem", vec![public()]), settings())[0].contains("has no certificate filters"));
    let filtered = CloudNamespaceSettings {
        certificate_filters: vec![CertificateFilter { common_name: "payments-*".into(), ..Default::default() }],
        ..settings()
    };
    assert!(said(bundle("ca.pem", vec![public()]), filtered).is_empty());
}

#[test]
fn a_key_only_java_cannot_read_is_a_doubt_where_there_is_java() {
    let mut facts = healthy();
    let sec1 = CertificateFile { key_format: Some("sec1".into()), ..client_certificate("2028-01-01T00:00:00Z") };
    target(&mut facts).certificate_files = vec![sec1];
    assert_eq!(outcome(&facts, "certificate-key-mismatch"), Outcome::Pass);
    scanned(&mut facts).coverage.not_analysed.insert("java".into(), vec!["Worker.java".into()]);
    assert_eq!(outcome(&facts, "certificate-key-mismatch"), Outcome::Unknown);
}

#[test]
fn an_export_answers_archival_and_the_control_plane_knows_the_address() {
    let mut facts = healthy();
    let archives = |facts: &mut Facts| {
        let Known::Known(config) = &mut source(facts).namespaces[0].config else { panic!("known") };
        config.history_archival = true;
    };
    archives(&mut facts);
    assert_eq!(outcome(&facts, "archival"), Outcome::Fail);
    let mut facts = told(settings(), Known::Known(vec![]));
    archives(&mut facts);
    assert_eq!(outcome(&facts, "archival"), Outcome::Pass);
    assert_eq!(outcome(&facts, "target-address-form"), Outcome::Pass);
    target(&mut facts).credential = Credential::ApiKey;
    let said = list(&facts, "target.address_problems");
    assert!(said[0]["problem"].as_str().is_some_and(|p| p.contains("eu-central-1.aws.api.temporal.io")), "{said:?}");
}

#[test]
fn a_namespace_behind_private_rules_that_was_not_reached_is_a_closed_path() {
    let rule = |public: bool| temporal_preflight::facts::cluster::cloud::CloudConnectivityRule {
        id: "rule-1".into(),
        public,
        region: "aws-eu-central-1".into(),
        state: "active".into(),
    };
    let with = |reached: bool, rules: Vec<bool>| {
        let connectivity_rules = rules.into_iter().map(rule).collect();
        let mut facts = told(CloudNamespaceSettings { connectivity_rules, ..settings() }, Known::Known(vec![]));
        if !reached {
            let namespace = &mut target(&mut facts).namespaces[0];
            (namespace.exists, namespace.config) = (None, Known::unknown("Unavailable"));
        }
        outcome(&facts, "connectivity-rules")
    };
    assert_eq!(with(true, vec![false]), Outcome::Pass, "reached over a private link");
    assert_eq!(with(false, vec![false]), Outcome::Fail);
    assert_eq!(with(false, vec![false, true]), Outcome::Pass, "another rule says why");
    assert_eq!(with(false, vec![]), Outcome::Pass);
    let mut facts = healthy();
    let namespace = &mut target(&mut facts).namespaces[0];
    (namespace.exists, namespace.config) = (None, Known::unknown("Unavailable"));
    assert_eq!(outcome(&facts, "connectivity-rules"), Outcome::Unknown);
}
