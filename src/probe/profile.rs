//! Settings of one side over a profile of `temporal.toml`, as the official clients read it.
//!
//! Source of the format: the environment configuration of the Temporal SDKs (docs: develop/environment-configuration).
//! One deliberate difference: an address given without a profile is not completed from the profile `default`,
//! because the credentials in there belong to another cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::connection::{Connection, Pem, TlsSettings};
use crate::config::{ConnectionSettings, Secret};
use crate::facts::Side;
use crate::facts::cluster::Credential;
use crate::ui::{Place, Problem};

const DEFAULT_PROFILE: &str = "default";

#[derive(Deserialize, Default)]
struct File {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    address: String,
    namespace: String,
    api_key: String,
    tls: Option<Tls>,
    grpc_meta: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tls {
    disabled: bool,
    client_cert_path: String,
    client_cert_data: String,
    client_key_path: String,
    client_key_data: String,
    server_ca_cert_path: String,
    server_ca_cert_data: String,
    server_name: String,
    disable_host_verification: bool,
}

/// A profile with the name it was found under.
#[derive(Default)]
struct Found {
    name: Option<String>,
    profile: Profile,
}

/// Merge what the user said about one side with a profile of `temporal.toml`.
///
/// `settings` already holds flags over environment over `preflight.yaml`; `env` is asked for
/// `TEMPORAL_CONFIG_FILE`, `TEMPORAL_PROFILE`, the variable named by `api_key_env`, and the home folder.
/// The profile is `settings.profile`; when the settings name neither profile nor address, it is
/// `TEMPORAL_PROFILE` or `default`.
///
/// # Errors
/// A file or profile that was asked for and is not there, malformed TOML (with its place), contradictory TLS
/// settings, an address that is missing or is not `host:port`, an API key variable that is not set.
pub fn resolve(
    side: Side,
    settings: ConnectionSettings,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Connection, Problem> {
    let Found { name, profile } = find_profile(side, &settings, env)?;
    let cli_flags = cli_flags(&settings, name.as_deref());
    let address = settings.address.clone().or_else(|| filled(&profile.address)).ok_or_else(|| {
        Problem::usage(format!("the {side} has no address"))
            .help(format!("give --{side}-address host:7233, or --{side}-profile with a profile of temporal.toml"))
    })?;
    let namespace = settings.namespace.clone().or_else(|| filled(&profile.namespace));
    let address = address.replace("${namespace}", namespace.as_deref().unwrap_or(DEFAULT_PROFILE));
    let (host, port) = split_address(&format!("the {side}"), &address)?;

    let api_key = match (&settings.api_key, &settings.api_key_env) {
        (Some(key), _) => Some(key.clone()),
        (None, Some(variable)) => Some(Secret(env(variable).filter(|v| !v.is_empty()).ok_or_else(|| {
            Problem::usage(format!("the {side} takes its API key from {variable}, which is not set"))
                .help(format!("export {variable} before running"))
        })?)),
        (None, None) => filled(&profile.api_key).map(Secret),
    };
    let tls = tls(side, &settings, name.as_deref(), profile.tls, api_key.is_some())?;

    let mut metadata = BTreeMap::new();
    for (key, value) in profile.grpc_meta.into_iter().chain(settings.grpc_meta) {
        let key = key.to_ascii_lowercase().replace('_', "-");
        if http::HeaderName::try_from(key.as_str()).is_err() || http::HeaderValue::try_from(value.as_str()).is_err() {
            return Err(Problem::usage(format!("gRPC metadata `{key}` of the {side} cannot be sent as a header"))
                .help("use letters, digits and hyphens in the name, and a value without line breaks"));
        }
        metadata.insert(key, Secret(value));
    }
    if api_key.as_ref().is_some_and(|key| http::HeaderValue::try_from(format!("Bearer {}", key.0)).is_err()) {
        return Err(Problem::usage(format!("the API key of the {side} holds characters no API key has"))
            .help("look for a line break or a space at its end"));
    }
    let credential = match (&api_key, &tls) {
        (Some(_), _) => Credential::ApiKey,
        (None, Some(tls)) if tls.client_certificate.is_some() => Credential::Mtls,
        _ => Credential::None,
    };
    let authority = settings.client_authority;
    Ok(Connection { side, address, namespace, credential, cli_flags, host, port, api_key, tls, authority, metadata })
}

fn find_profile(
    side: Side,
    settings: &ConnectionSettings,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Found, Problem> {
    let (name, asked) = match (&settings.profile, &settings.address) {
        (Some(name), _) => (name.clone(), true),
        (None, Some(_)) => return Ok(Found::default()),
        (None, None) => match env("TEMPORAL_PROFILE").filter(|v| !v.is_empty()) {
            Some(name) => (name, true),
            None => (DEFAULT_PROFILE.to_owned(), false),
        },
    };
    let (shown, mut file) = match read_file(settings.config_file.as_deref(), env)? {
        Ok(read) => read,
        Err(note) if asked => return Err(no_profile(side, &name, &note)),
        Err(_) => return Ok(Found::default()),
    };
    match file.profile.remove(&name) {
        Some(profile) => Ok(Found { name: Some(name), profile }),
        None if !asked => Ok(Found::default()),
        None => {
            let names: Vec<&str> = file.profile.keys().map(String::as_str).collect();
            let there =
                if names.is_empty() { "it has no profiles".to_owned() } else { format!("it has {}", names.join(", ")) };
            Err(no_profile(side, &name, &format!("{shown}: {there}")))
        }
    }
}

/// `temporal.toml` with its path; the inner error says why there is none, which is no mistake unless it was named.
fn read_file(
    given: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Result<(String, File), String>, Problem> {
    let given = given.map(str::to_owned).or_else(|| env("TEMPORAL_CONFIG_FILE").filter(|v| !v.is_empty()));
    let Some(path) = given.clone().map(PathBuf::from).or_else(|| default_file(env)) else {
        return Ok(Err("there is no folder for temporal.toml".into()));
    };
    let shown = path.display().to_string();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && given.is_none() => {
            return Ok(Err(format!("{shown} does not exist")));
        }
        Err(e) => {
            return Err(Problem::usage(format!("cannot read {shown}"))
                .note(e.to_string())
                .help("check the path given by --config-file or TEMPORAL_CONFIG_FILE"));
        }
    };
    let file: File = toml::from_str(&text).map_err(|e| {
        Problem::usage(format!("{shown} cannot be read as a temporal.toml"))
            .at(Place {
                path: shown.clone(),
                span: e.span().unwrap_or(0..0),
                label: crate::ui::yaml::without_value(e.message()),
                source: redact(&text),
            })
            .help("`temporal config list --profile NAME` shows what the official CLI reads")
    })?;
    Ok(Ok((shown, file)))
}

/// A profile by name, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSummary {
    /// Name.
    pub name: String,
    /// Namespace it sets.
    pub namespace: Option<String>,
    /// Whether its address belongs to Temporal Cloud.
    pub cloud: bool,
}

/// The profiles of `temporal.toml` that name an address; none when there is no file.
///
/// # Errors
/// A file that was named and cannot be read, or malformed TOML.
pub fn list(given: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Result<Vec<ProfileSummary>, Problem> {
    let Ok((_, file)) = read_file(given, env)? else { return Ok(vec![]) };
    let named = file.profile.into_iter().filter(|(_, profile)| !profile.address.is_empty());
    Ok(named
        .map(|(name, profile)| ProfileSummary {
            name,
            namespace: filled(&profile.namespace),
            cloud: super::connection::is_cloud_name(profile.address.split(':').next().unwrap_or_default()),
        })
        .collect())
}

fn no_profile(side: Side, name: &str, note: &str) -> Problem {
    Problem::usage(format!("profile `{name}` of the {side} was not found"))
        .note(note)
        .help(format!("create it with `temporal config set --profile {name} --prop address --value host:7233`"))
}

/// The same text with every value blanked that is not known to be harmless: it is shown in an error. Byte
/// offsets stay as they are.
fn redact(text: &str) -> String {
    const HARMLESS: &[&str] =
        &["address", "namespace", "server_name", "disabled", "disable_host_verification", "endpoint"];
    let mut out = String::with_capacity(text.len());
    let mut inside_block = false;
    for line in text.split_inclusive('\n') {
        let key = line.split('=').next().unwrap_or("").trim();
        let fences = line.matches("\"\"\"").count() + line.matches("'''").count();
        let keep = match line.find('=') {
            _ if inside_block => 0,
            Some(_) if HARMLESS.contains(&key) || key.ends_with("_path") => line.len(),
            Some(at) => at + 1,
            None if line.trim_start().starts_with('[') => line.len(),
            None => 0,
        };
        for (at, c) in line.char_indices() {
            if at < keep || c.is_whitespace() || c == '"' || c == '\'' {
                out.push(c);
            } else {
                out.extend(std::iter::repeat_n('*', c.len_utf8()));
            }
        }
        inside_block ^= fences % 2 == 1;
    }
    out
}

fn default_file(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = |name: &str| env(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = if cfg!(target_os = "windows") {
        folder("APPDATA")?
    } else if cfg!(target_os = "macos") {
        folder("HOME")?.join("Library/Application Support")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?
    };
    Some(config.join("temporalio").join("temporal.toml"))
}

/// Host and port; `whose` is how a problem calls the owner of the address.
pub(super) fn split_address(whose: &str, address: &str) -> Result<(String, u16), Problem> {
    let parts = address.rsplit_once(':').filter(|_| !address.contains("://") && !address.contains('/'));
    parts
        .and_then(|(host, port)| {
            let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
            let bare_ipv6 = host.contains(':') && !address.starts_with('[');
            (!host.is_empty() && !bare_ipv6).then_some(())?;
            Some((host.to_owned(), port.parse().ok().filter(|&p: &u16| p != 0)?))
        })
        .ok_or_else(|| {
            Problem::usage(format!("the address of {whose}, `{address}`, is not host:port"))
                .help("write it like temporal.example.com:7233 or [::1]:7233, without https://")
        })
}

fn tls(
    side: Side,
    settings: &ConnectionSettings,
    profile_name: Option<&str>,
    profile: Option<Tls>,
    api_key: bool,
) -> Result<Option<TlsSettings>, Problem> {
    let asked = settings.tls == Some(true)
        || settings.tls_cert_path.is_some()
        || settings.tls_key_path.is_some()
        || settings.tls_ca_path.is_some()
        || settings.tls_server_name.is_some()
        || settings.tls_disable_host_verification == Some(true);
    let off = match &profile {
        _ if settings.tls.is_some() => settings.tls == Some(false),
        Some(tls) => tls.disabled && !asked,
        None => false,
    };
    if off || !(asked || api_key || profile.is_some()) {
        return Ok(None);
    }
    let profile = profile.unwrap_or_default();
    let place = format!("temporal.toml: profile {}", profile_name.unwrap_or(DEFAULT_PROFILE));
    let pem = |what: &str, flag: &Option<String>, path: &str, data: &str| -> Result<Option<Pem>, Problem> {
        // A path given on top replaces the profile's, be it path or data.
        match (flag, filled(path), filled(data)) {
            (Some(path), _, _) => Ok(Some(Pem::File(path.clone()))),
            (None, Some(_), Some(_)) => Err(Problem::usage(format!("{place} has both a path and data for its {what}"))
                .help(format!("keep one of {what}_path and {what}_data"))),
            (None, Some(path), None) => Ok(Some(Pem::File(path))),
            (None, None, Some(data)) => Ok(Some(Pem::Inline { place: place.clone(), text: Secret(data) })),
            (None, None, None) => Ok(None),
        }
    };
    let client_certificate =
        pem("client_cert", &settings.tls_cert_path, &profile.client_cert_path, &profile.client_cert_data)?;
    let client_key = pem("client_key", &settings.tls_key_path, &profile.client_key_path, &profile.client_key_data)?;
    let (missing, flag) = match (&client_certificate, &client_key) {
        (Some(_), None) => ("a client certificate but no key", "tls-key-path"),
        (None, Some(_)) => ("a client key but no certificate", "tls-cert-path"),
        _ => {
            return Ok(Some(TlsSettings {
                client_certificate,
                client_key,
                authority: pem(
                    "server_ca_cert",
                    &settings.tls_ca_path,
                    &profile.server_ca_cert_path,
                    &profile.server_ca_cert_data,
                )?,
                server_name: settings.tls_server_name.clone().or_else(|| filled(&profile.server_name)),
                skip_verification: settings.tls_disable_host_verification.unwrap_or(profile.disable_host_verification),
            }));
        }
    };
    Err(Problem::usage(format!("the {side} has {missing}")).help(format!("give --{side}-{flag} as well")))
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The flags a person types after `temporal …` to reach the same cluster. Secrets stay in the environment.
fn cli_flags(settings: &ConnectionSettings, profile: Option<&str>) -> String {
    let mut flags = Vec::new();
    let mut flag = |name: &str, value: Option<&String>| {
        if let Some(value) = value {
            flags.push(format!("--{name} {}", quoted(value)));
        }
    };
    flag("config-file", settings.config_file.as_ref().filter(|_| profile.is_some()));
    flag(
        "profile",
        profile.filter(|p| *p != DEFAULT_PROFILE || settings.profile.is_some()).map(str::to_owned).as_ref(),
    );
    flag("address", settings.address.as_ref());
    flag("tls-cert-path", settings.tls_cert_path.as_ref());
    flag("tls-key-path", settings.tls_key_path.as_ref());
    flag("tls-ca-path", settings.tls_ca_path.as_ref());
    flag("tls-server-name", settings.tls_server_name.as_ref());
    flag("client-authority", settings.client_authority.as_ref());
    match settings.tls {
        Some(true) => flags.push("--tls".into()),
        Some(false) => flags.push("--tls=false".into()),
        // CLIs up to 1.3 do not turn TLS on for an API key.
        None if settings.api_key_env.is_some() => flags.push("--tls".into()),
        None => {}
    }
    if settings.tls_disable_host_verification == Some(true) {
        flags.push("--tls-disable-host-verification".into());
    }
    if let Some(variable) = settings.api_key_env.as_ref().filter(|_| settings.api_key.is_none()) {
        flags.push(format!("--api-key \"${variable}\""));
    }
    flags.join(" ")
}

/// Quoted for a POSIX shell when it needs to be.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
