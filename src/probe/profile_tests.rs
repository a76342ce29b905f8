use super::*;

fn env_of(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
    let map: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    move |name| map.get(name).cloned()
}

const FILE: &str = include_str!("../../fixtures/temporal-toml/profiles.toml");

struct Written {
    _folder: tempfile::TempDir,
    path: String,
}

fn written(text: &str) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("temporal.toml");
    std::fs::write(&path, text).unwrap();
    Written { path: path.display().to_string(), _folder: folder }
}

fn from_profile(name: &str) -> Result<Connection, Problem> {
    let file = written(FILE);
    let settings =
        ConnectionSettings { profile: Some(name.into()), config_file: Some(file.path.clone()), ..Default::default() };
    resolve(Side::Source, settings, &env_of(&[]))
}

#[test]
fn profiles_become_connections() {
    for (name, address, namespace, credential, tls) in [
        ("default", "default.example:7233", None, Credential::ApiKey, true),
        ("onprem", "onprem.example:7233", Some("payments"), Credential::None, false),
        ("cloud", "payments.a1b2c.tmprl.cloud:7233", Some("payments.a1b2c"), Credential::ApiKey, true),
        ("mtls", "10.0.0.7:7233", None, Credential::Mtls, true),
        ("inline", "[::1]:7233", None, Credential::Mtls, true),
        ("off", "10.0.0.8:7233", None, Credential::ApiKey, false),
    ] {
        let connection = from_profile(name).unwrap();
        assert_eq!(connection.address, address);
        assert_eq!(connection.namespace.as_deref(), namespace, "{name}");
        assert_eq!(connection.credential, credential, "{name}");
        assert_eq!(connection.tls.is_some(), tls, "{name}");
    }
    let cloud = from_profile("cloud").unwrap();
    assert_eq!(cloud.kind(), crate::facts::cluster::ClusterKind::Cloud);
    assert_eq!(cloud.metadata.keys().collect::<Vec<_>>(), ["x-trace-id"]);
    let mtls = from_profile("mtls").unwrap();
    assert_eq!((mtls.server_name(), mtls.host.as_str(), mtls.port), ("temporal.internal", "10.0.0.7", 7233));
    let inline = from_profile("inline").unwrap();
    assert_eq!(inline.host, "::1");
    assert!(inline.tls.as_ref().unwrap().skip_verification);
    assert_eq!(inline.tls.unwrap().client_key.unwrap().place(), "temporal.toml: profile inline");
}

#[test]
fn what_the_user_says_wins_over_the_profile() {
    let file = written(FILE);
    let settings = ConnectionSettings {
        profile: Some("mtls".into()),
        config_file: Some(file.path.clone()),
        address: Some("other:7000".into()),
        namespace: Some("ns".into()),
        tls_ca_path: Some("ca.pem".into()),
        ..Default::default()
    };
    let connection = resolve(Side::Source, settings.clone(), &env_of(&[])).unwrap();
    assert_eq!(connection.address, "other:7000");
    assert_eq!(connection.namespace.as_deref(), Some("ns"));
    let tls = connection.tls.unwrap();
    assert_eq!(tls.authority.unwrap().place(), "ca.pem");
    assert_eq!(tls.client_certificate.unwrap().place(), "client.pem", "kept from the profile");
    assert_eq!(
        connection.cli_flags,
        format!("--config-file {} --profile mtls --address other:7000 --tls-ca-path ca.pem", file.path)
    );
    let plain = resolve(Side::Source, ConnectionSettings { tls: Some(false), ..settings }, &env_of(&[])).unwrap();
    assert!(plain.tls.is_none(), "--tls=false switches off what the profile says");
}

#[test]
fn an_address_of_its_own_takes_no_credentials_from_the_default_profile() {
    let file = written(FILE);
    let env = env_of(&[("TEMPORAL_CONFIG_FILE", &file.path)]);
    let settings = ConnectionSettings { address: Some("127.0.0.1:7233".into()), ..Default::default() };
    let connection = resolve(Side::Source, settings, &env).unwrap();
    assert_eq!(connection.credential, Credential::None);
    assert_eq!(connection.cli_flags, "--address 127.0.0.1:7233");
    let nothing_said = resolve(Side::Source, ConnectionSettings::default(), &env).unwrap();
    assert_eq!(nothing_said.address, "default.example:7233");
    let env = env_of(&[("TEMPORAL_CONFIG_FILE", &file.path), ("TEMPORAL_PROFILE", "onprem")]);
    let named = resolve(Side::Source, ConnectionSettings::default(), &env).unwrap();
    assert_eq!(named.address, "onprem.example:7233");
}

#[test]
fn the_file_is_found_in_the_user_configuration_folder() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display().to_string();
    let env = env_of(&[("HOME", &home), ("APPDATA", &home)]);
    let place = default_file(&env).unwrap();
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, FILE).unwrap();
    let settings = ConnectionSettings { profile: Some("onprem".into()), ..Default::default() };
    assert_eq!(resolve(Side::Source, settings, &env).unwrap().address, "onprem.example:7233");
}

#[test]
fn an_api_key_from_the_environment_stays_there() {
    let settings = ConnectionSettings {
        address: Some("payments.a1b2c.tmprl.cloud:7233".into()),
        api_key_env: Some("CLOUD_KEY".into()),
        ..Default::default()
    };
    let connection = resolve(Side::Target, settings.clone(), &env_of(&[("CLOUD_KEY", "very-secret")])).unwrap();
    assert_eq!(connection.cli_flags, "--address payments.a1b2c.tmprl.cloud:7233 --tls --api-key \"$CLOUD_KEY\"");
    assert!(connection.tls.is_some(), "an API key turns TLS on");
    assert!(!format!("{connection:?}").contains("very-secret"));
    let problem = resolve(Side::Target, settings, &env_of(&[])).unwrap_err();
    assert!(problem.to_string().contains("CLOUD_KEY, which is not set"), "{problem}");
}

#[test]
fn nothing_secret_is_printed() {
    for name in ["default", "cloud", "inline", "off"] {
        let connection = from_profile(name).unwrap();
        let text = format!("{connection:?} {}", connection.cli_flags);
        for secret in ["key-value", "BEGIN PRIVATE KEY", "abc\""] {
            assert!(!text.contains(secret), "{name}: {text}");
        }
    }
}

#[test]
fn what_cannot_be_used_is_named_with_its_remedy() {
    let address = |a: &str| ConnectionSettings { address: Some(a.into()), ..Default::default() };
    let no_env = env_of(&[]);
    for (settings, expected) in [
        (ConnectionSettings::default(), "the source has no address"),
        (address("localhost"), "is not host:port"),
        (address("https://x:7233"), "is not host:port"),
        (address("x:port"), "is not host:port"),
        (address(":7233"), "is not host:port"),
        (address("::1:7233"), "is not host:port"),
        (ConnectionSettings { tls_cert_path: Some("a.pem".into()), ..address("x:1") }, "but no key"),
        (ConnectionSettings { tls_key_path: Some("a.key".into()), ..address("x:1") }, "but no certificate"),
        (
            ConnectionSettings { profile: Some("cloud".into()), ..Default::default() },
            "profile `cloud` of the source was not found",
        ),
        (
            ConnectionSettings { config_file: Some("/nowhere/temporal.toml".into()), ..Default::default() },
            "cannot read /nowhere/temporal.toml",
        ),
        (
            ConnectionSettings { api_key: Some(Secret("two\nlines".into())), ..address("x:1") },
            "characters no API key has",
        ),
    ] {
        let problem = resolve(Side::Source, settings, &no_env).unwrap_err();
        assert_eq!(problem.code, 2);
        assert!(problem.title.contains(expected), "{} should contain {expected}", problem.title);
        assert!(!problem.help.is_empty(), "{expected}");
        assert!(!problem.to_string().contains("two\nlines"));
    }
    assert!(from_profile("both").unwrap_err().title.contains("both a path and data"));
    let missing = from_profile("nope").unwrap_err();
    assert!(missing.notes[0].contains("it has both, cloud, default, inline, mtls, off, onprem"), "{missing}");
}

#[test]
fn malformed_toml_points_at_the_line_and_hides_values() {
    let file = written("[profile.cloud]\napi_key = \"sk-very-secret\"\naddress = cloud.example:7233\n");
    let settings = ConnectionSettings {
        profile: Some("cloud".into()),
        config_file: Some(file.path.clone()),
        ..Default::default()
    };
    let text = resolve(Side::Target, settings, &env_of(&[])).unwrap_err().to_string();
    assert!(text.contains("temporal.toml:3:"), "{text}");
    assert!(text.contains("address = cloud.example:7233"), "{text}");
    assert!(!text.contains("very-secret"), "{text}");

    let file = written("[profile.x.tls]\nclient_key_data = \"\"\"\nMIIsecret\n\"\"\"\nclient_cert_path = [\n");
    let settings =
        ConnectionSettings { profile: Some("x".into()), config_file: Some(file.path.clone()), ..Default::default() };
    let text = resolve(Side::Target, settings, &env_of(&[])).unwrap_err().to_string();
    assert!(!text.contains("MIIsecret"), "{text}");
}

#[test]
fn words_for_a_shell_are_quoted_only_when_needed() {
    assert_eq!(quoted("certs/client.pem"), "certs/client.pem");
    assert_eq!(quoted("my certs/it's.pem"), r"'my certs/it'\''s.pem'");
    assert_eq!(quoted(""), "''");
}
