//! How to reach the Cloud Ops API.

use std::collections::BTreeMap;

use super::super::connection::{Connection, Pem, TlsSettings};
use super::super::profile::split_address;
use crate::config::{CloudOpsSettings, Secret};
use crate::facts::cluster::Credential;
use crate::facts::{Known, Side, Why};
use crate::ui::Problem;

/// Where Temporal serves it (docs: cloud/operation-api).
const ADDRESS: &str = "saas-api.tmprl.cloud:443";

/// The connection the settings describe; unknown, with what to do, when no key is configured.
///
/// # Errors
/// A key variable that is not set, a key that cannot be sent, an address that is not `host:port`.
pub fn resolve(
    settings: &CloudOpsSettings,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Known<Connection>, Problem> {
    let key = match (&settings.api_key, &settings.api_key_env) {
        (Some(key), _) => key.clone(),
        (None, Some(variable)) => Secret(env(variable).filter(|v| !v.is_empty()).ok_or_else(|| {
            Problem::usage(format!("the Cloud Ops API takes its key from {variable}, which is not set"))
                .help(format!("export {variable} before running, or remove `cloud_ops` from preflight.yaml"))
        })?),
        (None, None) => {
            return Ok(Known::Unknown(Why::with_remedy(
                "the Cloud Ops API was not asked: there is no key for it",
                "put an API key with account role Read into TEMPORAL_CLOUD_OPS_API_KEY, or name its variable as \
                 `target.cloud_ops.api_key_env` in preflight.yaml",
            )));
        }
    };
    if http::HeaderValue::try_from(format!("Bearer {}", key.0)).is_err() {
        return Err(Problem::usage("the key of the Cloud Ops API holds characters no API key has")
            .help("look for a line break or a space at its end"));
    }
    let address = settings.address.clone().unwrap_or_else(|| ADDRESS.to_owned());
    let (host, port) = split_address("the Cloud Ops API", &address)?;
    let tls = settings.tls.unwrap_or(true).then(|| TlsSettings {
        authority: settings.tls_ca_path.clone().map(Pem::File),
        server_name: settings.tls_server_name.clone(),
        ..TlsSettings::default()
    });
    Ok(Known::Known(Connection {
        side: Side::Target,
        address,
        namespace: None,
        credential: Credential::ApiKey,
        cli_flags: String::new(),
        host,
        port,
        api_key: Some(key),
        tls,
        authority: None,
        metadata: BTreeMap::new(),
    }))
}
