//! Connection settings of one side as a user can give them: flags, environment, `preflight.yaml`.
//!
//! They are resolved against `temporal.toml` profiles by [`crate::probe::profile`].

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::facts::plan::TargetKind;

/// The settings the `temporal` CLI knows (`temporal options`), all optional. Field names are the
/// CLI's flags with `_` for `-`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionSettings {
    /// What the target is; only the target has it.
    pub kind: Option<TargetKind>,
    /// Profile of `temporal.toml`.
    pub profile: Option<String>,
    /// Path of `temporal.toml`.
    pub config_file: Option<String>,
    /// `host:port`.
    pub address: Option<String>,
    /// Namespace to use where one is needed.
    pub namespace: Option<String>,
    /// API key. Never serialised, never printed.
    #[serde(skip)]
    pub api_key: Option<Secret>,
    /// Name of the environment variable that holds the API key.
    pub api_key_env: Option<String>,
    /// Use TLS; implied by an API key or any `tls_*` setting.
    pub tls: Option<bool>,
    /// PEM file of the client certificate chain.
    pub tls_cert_path: Option<String>,
    /// PEM file of the client key.
    pub tls_key_path: Option<String>,
    /// PEM file of the CA that signed the server's certificate.
    pub tls_ca_path: Option<String>,
    /// Server name to verify and to send as SNI.
    pub tls_server_name: Option<String>,
    /// Do not verify the server's certificate.
    pub tls_disable_host_verification: Option<bool>,
    /// `:authority` header.
    pub client_authority: Option<String>,
    /// Metadata sent with every call.
    pub grpc_meta: BTreeMap<String, String>,
    /// The control plane of Temporal Cloud; only the target has one.
    pub cloud_ops: Option<CloudOpsSettings>,
    /// The Prometheus of this side; it stands under `metrics` in the file.
    #[serde(skip)]
    pub metrics: Option<PrometheusSettings>,
}

/// How to reach a Prometheus, or anything that speaks its HTTP API.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrometheusSettings {
    /// URL in front of `/api/v1`; may hold user and password.
    pub prometheus: String,
    /// Name of the environment variable that holds a bearer token.
    #[serde(default)]
    pub bearer_env: Option<String>,
    /// PEM file of the CA that signed its certificate.
    #[serde(default)]
    pub tls_ca_path: Option<String>,
    /// Further headers, such as `X-Scope-OrgID`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// How to reach the Cloud Ops API, all optional.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CloudOpsSettings {
    /// Name of the environment variable that holds the API key.
    pub api_key_env: Option<String>,
    /// API key. Never serialised, never printed.
    #[serde(skip)]
    pub api_key: Option<Secret>,
    /// `host:port`; that of Temporal Cloud by default.
    pub address: Option<String>,
    /// Use TLS; on by default.
    pub tls: Option<bool>,
    /// PEM file of the CA that signed the server's certificate.
    pub tls_ca_path: Option<String>,
    /// Server name to verify and to send as SNI.
    pub tls_server_name: Option<String>,
}

impl std::fmt::Debug for PrometheusSettings {
    /// The address may hold a password, and headers a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrometheusSettings").field("bearer_env", &self.bearer_env).finish_non_exhaustive()
    }
}

impl CloudOpsSettings {
    /// `self` where it says something, else `below`.
    pub fn over(self, below: Self) -> Self {
        // A key given on top replaces the variable below, not the other way round.
        let api_key_env = if self.api_key.is_some() { None } else { self.api_key_env.or(below.api_key_env) };
        Self {
            api_key_env,
            api_key: self.api_key.or(below.api_key),
            address: self.address.or(below.address),
            tls: self.tls.or(below.tls),
            tls_ca_path: self.tls_ca_path.or(below.tls_ca_path),
            tls_server_name: self.tls_server_name.or(below.tls_server_name),
        }
    }
}

impl ConnectionSettings {
    /// `self` where it says something, else `below` (precedence: flag, environment, `preflight.yaml`).
    pub fn over(self, below: Self) -> Self {
        let mut grpc_meta = below.grpc_meta;
        grpc_meta.extend(self.grpc_meta);
        Self {
            kind: self.kind.or(below.kind),
            profile: self.profile.or(below.profile),
            config_file: self.config_file.or(below.config_file),
            address: self.address.or(below.address),
            namespace: self.namespace.or(below.namespace),
            api_key: self.api_key.or(below.api_key),
            api_key_env: self.api_key_env.or(below.api_key_env),
            tls: self.tls.or(below.tls),
            tls_cert_path: self.tls_cert_path.or(below.tls_cert_path),
            tls_key_path: self.tls_key_path.or(below.tls_key_path),
            tls_ca_path: self.tls_ca_path.or(below.tls_ca_path),
            tls_server_name: self.tls_server_name.or(below.tls_server_name),
            tls_disable_host_verification: self.tls_disable_host_verification.or(below.tls_disable_host_verification),
            client_authority: self.client_authority.or(below.client_authority),
            grpc_meta,
            metrics: match (self.metrics, below.metrics) {
                // A flag gives another address; the rest is as in the file.
                (Some(above), Some(below)) => Some(PrometheusSettings { prometheus: above.prometheus, ..below }),
                (above, below) => above.or(below),
            },
            cloud_ops: match (self.cloud_ops, below.cloud_ops) {
                (Some(above), Some(below)) => Some(above.over(below)),
                (above, below) => above.or(below),
            },
        }
    }

    /// Whether nothing at all was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A value that does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
