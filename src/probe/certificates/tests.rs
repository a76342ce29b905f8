use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use super::*;

struct Made {
    certificate: String,
    key: KeyPair,
}

fn authority() -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Test CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), certificate)
}

fn leaf(issuer: &Issuer<'static, KeyPair>, usage: ExtendedKeyUsagePurpose, names: &[&str]) -> Made {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "worker");
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    Made { certificate: params.signed_by(&key, issuer).unwrap().pem(), key }
}

#[test]
fn a_chain_is_read_with_all_its_facts() {
    let (issuer, ca) = authority();
    let made = leaf(&issuer, ExtendedKeyUsagePurpose::ClientAuth, &["worker.example", "127.0.0.1"]);
    let file = chain_from("client.pem", format!("{}{ca}", made.certificate).as_bytes(), CertificateRole::Client);
    assert_eq!(file.problem, None);
    let [leaf, root] = file.chain.as_slice() else { panic!("{file:?}") };
    assert!(leaf.subject.contains("CN=worker"), "{}", leaf.subject);
    assert!(leaf.issuer.contains("CN=Test CA"), "{}", leaf.issuer);
    assert_eq!(leaf.not_before.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(leaf.not_after.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!((leaf.version, leaf.is_ca, leaf.digital_signature), (3, false, Some(true)));
    assert_eq!((leaf.key_algorithm.as_str(), leaf.signature_algorithm.as_str()), ("ECDSA", "ecdsa-with-SHA256"));
    assert_eq!(leaf.names, ["worker.example", "127.0.0.1"]);
    assert_eq!(leaf.fingerprint.len(), 64);
    assert!(root.is_ca);
    assert_eq!(root.digital_signature, None, "there is no key-usage extension");
}

#[test]
fn a_key_is_compared_with_its_certificate_and_not_kept() {
    let (issuer, _) = authority();
    let one = leaf(&issuer, ExtendedKeyUsagePurpose::ClientAuth, &[]);
    let other = leaf(&issuer, ExtendedKeyUsagePurpose::ClientAuth, &[]);
    let pair = |key: &str| client_pair_from("c.pem", one.certificate.as_bytes(), "c.key", key.as_bytes());
    let fits = pair(&one.key.serialize_pem());
    assert_eq!(
        (fits.key_matches, fits.key_format.as_deref(), fits.problem.as_deref()),
        (Some(true), Some("pkcs8"), None)
    );
    assert_eq!(pair(&other.key.serialize_pem()).key_matches, Some(false));

    let nothing = pair("no key here");
    assert_eq!((nothing.key_matches, nothing.problem.as_deref()), (None, Some("the key c.key holds no private key")));
    for text in [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIsecret\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIsecret\n-----END RSA PRIVATE KEY-----\n",
    ] {
        let locked = pair(text);
        assert_eq!((locked.key_matches, locked.key_format.as_deref()), (None, Some("encrypted")));
        assert!(locked.problem.as_deref().unwrap().contains("is encrypted"));
        assert!(!format!("{locked:?}").contains("MIIsecret"));
    }
    let json = serde_json::to_string(&fits).unwrap();
    let secret = one.key.serialize_pem();
    let line = secret.lines().nth(1).unwrap();
    assert!(!json.contains(line) && !json.contains("PRIVATE"), "{json}");
}

#[test]
fn rsa_keys_in_the_old_formats_are_recognised() {
    for (name, format) in [("rsa-pkcs1", "pkcs1"), ("rsa-pkcs8", "pkcs8"), ("ec-sec1", "sec1")] {
        let folder = format!("{}/fixtures/certs/{name}", env!("CARGO_MANIFEST_DIR"));
        let file = read_client_pair(&format!("{folder}/client.pem"), &format!("{folder}/client.key"));
        assert_eq!(file.problem, None, "{name}");
        assert_eq!((file.key_matches, file.key_format.as_deref()), (Some(true), Some(format)), "{name}");
        let leaf = file.chain.first().unwrap();
        assert_eq!(leaf.key_algorithm, if name.starts_with("rsa") { "RSA" } else { "ECDSA" });
    }
}

#[test]
fn a_folder_gives_its_certificates_with_role_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let (issuer, ca) = authority();
    let client = leaf(&issuer, ExtendedKeyUsagePurpose::ClientAuth, &[]);
    let server = leaf(&issuer, ExtendedKeyUsagePurpose::ServerAuth, &["temporal.example"]);
    write("ca.crt", &ca);
    write("client.pem", &client.certificate);
    write("client.key", &client.key.serialize_pem());
    write("both.pem", &format!("{}{}", client.key.serialize_pem(), client.certificate));
    write("only-key.pem", &server.key.serialize_pem());
    write("server.cer", &server.certificate);
    write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    write("README.md", "not looked at");
    let files = read_path(&folder.path().display().to_string());
    let found: Vec<_> = files
        .iter()
        .map(|f| (f.path.rsplit('/').next().unwrap(), f.role, f.key_matches, f.problem.is_some()))
        .collect();
    use CertificateRole::{Authority, Client, Server};
    assert_eq!(
        found,
        [
            ("both.pem", Client, Some(true), false),
            ("broken.pem", Client, None, true),
            ("ca.crt", Authority, None, false),
            ("client.pem", Client, Some(true), false),
            ("server.cer", Server, Some(true), false),
        ]
    );
}

#[test]
fn der_files_and_bad_files_are_told_apart() {
    let (_, ca) = authority();
    let der = CertificateDer::from_pem_slice(ca.as_bytes()).unwrap();
    assert!(chain_from("ca.der", &der, CertificateRole::Authority).chain[0].is_ca);
    for (bytes, expected) in [
        (&b""[..], "holds no certificate"),
        (b"hello", "holds no certificate"),
        (&[0x30, 0x82, 0xff, 0xff, 0x00], "certificate 1 is malformed"),
        (b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", "holds no certificate"),
    ] {
        let file = chain_from("x", bytes, CertificateRole::Client);
        assert!(file.problem.as_deref().unwrap().starts_with(expected), "{file:?}");
    }
    assert!(read_chain_file("/nowhere/x.pem", CertificateRole::Client).problem.unwrap().contains("cannot be read"));
    assert_eq!(read_path("/nowhere/x.pem").len(), 1);
}

#[test]
fn signatures_inside_a_file_are_verified() {
    let (issuer, ca) = authority();
    // Another CA of the same name: names agree, the signature does not hold.
    let (_, twin) = authority();
    let made = leaf(&issuer, ExtendedKeyUsagePurpose::ClientAuth, &[]);
    let read = |text: String| chain_from("x.pem", text.as_bytes(), CertificateRole::Client).chain;
    let chain = read(format!("{}{ca}", made.certificate));
    assert_eq!(chain[0].signed_by.as_ref(), Some(&chain[1].fingerprint));
    assert_eq!(chain[1].signed_by.as_ref(), Some(&chain[1].fingerprint), "a root signs itself");
    assert!(chain[1].can_have_signed(&chain[0]) && !chain[0].can_have_signed(&chain[1]));
    assert_eq!(chain[0].extended_key_usage, ["clientAuth"]);
    assert_eq!(chain[0].common_names, ["worker"]);
    let wrong = read(format!("{}{twin}", made.certificate));
    assert_eq!(wrong[0].signed_by, None);
    assert_eq!(read(made.certificate)[0].signed_by, None, "the signer is not in the file");
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn kubernetes_secrets_give_their_certificates_and_keep_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let (issuer, ca) = authority();
    let client = leaf(&issuer, ExtendedKeyUsagePurpose::ClientAuth, &[]);
    let other = leaf(&issuer, ExtendedKeyUsagePurpose::ClientAuth, &[]);
    let key = client.key.serialize_pem();
    let indented = |text: &str| text.lines().map(|l| format!("      {l}\n")).collect::<String>();
    let manifest = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: b}}\n---\n\
         apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {{name: worker-tls, namespace: payments}}\n\
         data:\n  ca.crt: {}\n  tls.crt: {}\n  tls.key: {}\n---\n\
         apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  metadata: {{name: swapped}}\n  stringData:\n    client.pem: |\n{}    client.key: |\n{}",
        base64(&ca),
        base64(&client.certificate),
        base64(&key),
        indented(&client.certificate),
        indented(&other.key.serialize_pem()),
    );
    std::fs::write(folder.path().join("tls.yaml"), manifest).unwrap();
    std::fs::write(folder.path().join("values.yaml"), "replicas: 3\n").unwrap();
    std::fs::write(folder.path().join("broken.yml"), "kind: Secret\ndata:\n  tls.key: {{ .Values.s3cret }}\n").unwrap();
    let files = read_path(&folder.path().display().to_string());
    let found: Vec<_> = files.iter().map(|f| (f.path.rsplit('/').next().unwrap(), f.role, f.key_matches)).collect();
    use CertificateRole::{Authority, Client};
    assert_eq!(
        found,
        [
            ("broken.yml", Client, None),
            ("worker-tls, ca.crt", Authority, None),
            ("worker-tls, tls.crt", Client, Some(true)),
            ("tls.yaml: Secret swapped, client.pem", Client, Some(false)),
        ],
        "{files:#?}"
    );
    assert!(files[1].path.ends_with("tls.yaml: Secret payments/worker-tls, ca.crt"), "{}", files[1].path);
    assert!(files[0].problem.as_deref().unwrap().contains("helm template"));
    let json = serde_json::to_string(&files).unwrap();
    assert!(!json.contains("s3cret") && !json.contains(key.lines().nth(1).unwrap()), "{json}");
}

#[test]
fn a_temporal_toml_gives_the_certificates_of_its_profiles() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("temporal.toml");
    let (issuer, ca) = authority();
    let client = leaf(&issuer, ExtendedKeyUsagePurpose::ClientAuth, &[]);
    std::fs::write(folder.path().join("ca.pem"), &ca).unwrap();
    let text = format!(
        "[profile.cloud]\naddress = \"x:7233\"\napi_key = \"s3cret\"\n[profile.cloud.tls]\nclient_cert_data = '''\n{}'''\n\
         client_key_data = '''\n{}'''\nserver_ca_cert_path = '{}'\n[profile.plain]\naddress = \"y:7233\"\n\
         [profile.gone.tls]\nclient_cert_path = '/nowhere/c.pem'\nclient_key_path = '/nowhere/c.key'\n",
        client.certificate,
        client.key.serialize_pem(),
        folder.path().join("ca.pem").display(),
    );
    std::fs::write(&path, text).unwrap();
    let files = read_path(&path.display().to_string());
    let [pair, authority, gone] = files.as_slice() else { panic!("{files:#?}") };
    assert!(pair.path.ends_with("temporal.toml: profile cloud"), "{}", pair.path);
    assert_eq!((pair.key_matches, pair.problem.as_deref()), (Some(true), None));
    assert!(authority.path.ends_with("ca.pem") && authority.chain[0].is_ca);
    assert!(gone.problem.as_deref().unwrap().contains("cannot be read"));
    assert!(!serde_json::to_string(&files).unwrap().contains("s3cret"));

    std::fs::write(&path, "[profile.x]\napi_key = s3cret\n").unwrap();
    let broken = read_path(&path.display().to_string());
    assert_eq!(broken[0].problem.as_deref(), Some("is not a valid temporal.toml"));
}
