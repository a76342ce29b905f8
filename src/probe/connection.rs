//! How to reach one cluster: the outcome of [`profile::resolve`](super::profile::resolve).

use std::collections::BTreeMap;

use crate::config::Secret;
use crate::facts::Side;
use crate::facts::cluster::{ClusterKind, Credential};

/// Everything needed to dial one side. Secrets print as `Secret(…)`, and nothing here can be serialised.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Which side this is.
    pub side: Side,
    /// `host:port`.
    pub address: String,
    /// The namespace of the profile or settings, when one is named.
    pub namespace: Option<String>,
    /// Which credential is presented.
    pub credential: Credential,
    /// Flags of the `temporal` CLI that reach this cluster, without secrets.
    pub cli_flags: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) api_key: Option<Secret>,
    pub(super) tls: Option<TlsSettings>,
    pub(super) authority: Option<String>,
    pub(super) metadata: BTreeMap<String, Secret>,
}

impl Connection {
    /// Self-hosted or Temporal Cloud, as far as names tell. Behind a private link only the server name does.
    pub fn kind(&self) -> ClusterKind {
        let server_name = self.tls.as_ref().and_then(|tls| tls.server_name.as_deref());
        let cloud = [Some(self.host.as_str()), server_name].into_iter().flatten().any(is_cloud_name);
        if cloud { ClusterKind::Cloud } else { ClusterKind::SelfHosted }
    }

    /// What tells two clusters behind one address apart: server name, authority, metadata.
    pub fn routed_by(&self) -> impl PartialEq + '_ {
        (self.server_name(), &self.authority, &self.metadata)
    }

    /// The namespace to use when none is asked for: the named one, the one in the name of a Cloud namespace
    /// endpoint, or `default` as every client assumes.
    pub(super) fn default_namespace(&self) -> String {
        let endpoint = self.server_name().strip_suffix(".tmprl.cloud");
        self.namespace.clone().or(endpoint.map(str::to_owned)).unwrap_or_else(|| "default".to_owned())
    }

    /// The name the server's certificate must be for.
    pub(super) fn server_name(&self) -> &str {
        self.tls.as_ref().and_then(|tls| tls.server_name.as_deref()).unwrap_or(&self.host)
    }
}

/// Whether a host name belongs to Temporal Cloud (docs: cloud/get-started/namespaces).
pub(super) fn is_cloud_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.ends_with(".tmprl.cloud") || name.ends_with(".api.temporal.io")
}

/// TLS as configured; the files are not read yet.
#[derive(Debug, Clone, Default)]
pub(super) struct TlsSettings {
    pub(super) client_certificate: Option<Pem>,
    pub(super) client_key: Option<Pem>,
    pub(super) authority: Option<Pem>,
    pub(super) server_name: Option<String>,
    pub(super) skip_verification: bool,
}

/// Where PEM text is.
#[derive(Debug, Clone)]
pub(super) enum Pem {
    /// In a file.
    File(String),
    /// In `temporal.toml` itself; `place` says where.
    Inline {
        /// Such as `temporal.toml: profile cloud`.
        place: String,
        /// The text.
        text: Secret,
    },
}

impl Pem {
    /// For messages and reports.
    pub(super) fn place(&self) -> &str {
        match self {
            Self::File(path) => path,
            Self::Inline { place, .. } => place,
        }
    }

    /// The text, or why it cannot be read.
    pub(super) fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => std::fs::read(path).map_err(|e| format!("cannot read {path}: {e}")),
            Self::Inline { text, .. } => Ok(text.0.clone().into_bytes()),
        }
    }
}
