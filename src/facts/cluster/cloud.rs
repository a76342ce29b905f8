//! What the Cloud Ops API told about the account and the namespaces of the target (API: temporal.api.cloud).
//!
//! No secret can be here: the API never returns the token of a key, and e-mail addresses are left out.

use serde::{Deserialize, Serialize};

use super::{LadderStep, SearchAttribute};
use crate::facts::Known;
use crate::facts::certificate::CertificateFile;

/// One account of Temporal Cloud at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudOps {
    /// `host:port` that was asked.
    pub address: String,
    /// Value of the header `temporal-cloud-api-version` that was sent.
    pub api_version: String,
    /// The steps of reaching it, up to the first that failed.
    pub connection: Vec<LadderStep>,
    /// Whose key was used, and what it may do.
    pub identity: Known<CloudIdentity>,
    /// All namespaces the key may see.
    pub namespace_names: Known<Vec<String>>,
    /// The probed namespaces.
    pub namespaces: Vec<CloudNamespace>,
    /// API keys the key may see.
    pub api_keys: Known<Vec<CloudApiKey>>,
    /// Service accounts.
    pub service_accounts: Known<Vec<CloudServiceAccount>>,
    /// Connectivity rules of the account.
    pub connectivity_rules: Known<Vec<CloudConnectivityRule>>,
    /// Nexus endpoints of the account.
    pub nexus_endpoints: Known<Vec<CloudNexusEndpoint>>,
}

impl CloudOps {
    /// The probed namespace of this name.
    pub fn namespace(&self, name: &str) -> Option<&CloudNamespace> {
        self.namespaces.iter().find(|n| n.name == name)
    }

    /// Whether everything that was asked was answered.
    pub fn is_whole(&self) -> bool {
        let whole = |n: &CloudNamespace| {
            n.settings.is_known() && n.capacity.is_known() && n.export_sinks.is_known() && n.service_accounts.is_known()
        };
        self.connection.iter().all(|step| step.ok)
            && self.namespaces.iter().all(whole)
            && self.api_keys.is_known()
            && self.service_accounts.is_known()
            && self.connectivity_rules.is_known()
            && self.nexus_endpoints.is_known()
    }
}

/// The principal behind the key (`GetCurrentIdentity`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudIdentity {
    /// `user` or `service-account`.
    pub kind: String,
    /// Id of the user or service account.
    pub id: String,
    /// `owner`, `admin`, `developer`, `finance-admin`, `read`, `metrics-read`; `None` for an account role that is
    /// not told, such as that of a namespace-scoped service account.
    pub account_role: Option<String>,
    /// The key itself.
    pub api_key: Option<CloudApiKey>,
}

/// An API key, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudApiKey {
    /// Id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// `user` or `service-account`.
    pub owner_kind: String,
    /// Id of the owner.
    pub owner_id: String,
    /// When it ends; `None` when the API did not say.
    pub expires: Option<jiff::Timestamp>,
    /// Switched off.
    pub disabled: bool,
    /// State of the resource, such as `active` or `expired`.
    pub state: String,
}

/// A service account with what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudServiceAccount {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// As in [`CloudIdentity`].
    pub account_role: Option<String>,
    /// Namespace → `admin`, `write` or `read`.
    pub namespaces: Vec<(String, String)>,
    /// State of the resource.
    pub state: String,
}

/// One namespace as the control plane knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudNamespace {
    /// `<name>.<account>`.
    pub name: String,
    /// Whether it exists; `None` when the answer was neither yes nor NotFound.
    pub exists: Option<bool>,
    /// `GetNamespace`.
    pub settings: Known<CloudNamespaceSettings>,
    /// `GetNamespaceCapacityInfo`.
    pub capacity: Known<CloudCapacity>,
    /// `GetNamespaceExportSinks`.
    pub export_sinks: Known<Vec<CloudExportSink>>,
    /// Service accounts with access to it (`GetServiceAccountNamespaceAssignments`).
    pub service_accounts: Known<Vec<CloudAssignment>>,
}

/// `GetNamespace`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudNamespaceSettings {
    /// State of the resource; workers can use it when it is `active` or `updating`.
    pub state: String,
    /// Where it is active, such as `aws-eu-central-1`.
    pub active_region: String,
    /// Regions of all replicas.
    pub regions: Vec<String>,
    /// Whole days.
    pub retention_days: i32,
    /// Client certificates are accepted.
    pub mtls: bool,
    /// API keys are accepted.
    pub api_keys: bool,
    /// The CA certificates client certificates must chain to; `None` when none are configured.
    pub accepted_cas: Option<CertificateFile>,
    /// Client certificates must match one of these, when there are any.
    pub certificate_filters: Vec<CertificateFilter>,
    /// Custom search attributes, sorted by name.
    pub search_attributes: Vec<SearchAttribute>,
    /// Deleting it is refused.
    pub delete_protection: bool,
    /// Endpoint of the codec server.
    pub codec_server: Option<String>,
    /// `host:port` for client certificates; empty when they are not accepted.
    pub mtls_address: String,
    /// `host:port` for API keys; empty when they are not accepted.
    pub api_key_address: String,
    /// Actions a second that are allowed now.
    pub actions_per_second: Option<i32>,
    /// Connectivity rules attached to it; once there is one, every other path is closed.
    pub connectivity_rules: Vec<CloudConnectivityRule>,
}

/// What a client certificate must match; every field that is given must.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CertificateFilter {
    /// Of the subject; may begin or end with `*`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub common_name: String,
    /// Of the subject.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub organization: String,
    /// Of the subject.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub organizational_unit: String,
    /// Of the subject alternative names.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject_alternative_name: String,
}

/// What a namespace may use, and used (`GetNamespaceCapacityInfo`).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudCapacity {
    /// Provisioned Temporal Resource Units; `None` in on-demand mode.
    pub provisioned_units: Option<f64>,
    /// Actions a second that on-demand mode would allow.
    pub on_demand_limit: Option<f64>,
    /// Mean actions a second of the last seven days.
    pub mean: Option<f64>,
    /// 99th percentile of the last seven days.
    pub p99: Option<f64>,
}

/// A history export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudExportSink {
    /// Name.
    pub name: String,
    /// Switched on.
    pub enabled: bool,
    /// `ok`, or what is wrong with it.
    pub health: String,
    /// When it last exported.
    pub last_export: Option<jiff::Timestamp>,
}

/// A service account's access to one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudAssignment {
    /// Id of the service account.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `admin`, `write` or `read`.
    pub permission: String,
}

/// A way into namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudConnectivityRule {
    /// Id.
    pub id: String,
    /// Over the public internet; else from one private network.
    pub public: bool,
    /// Region of a private one.
    pub region: String,
    /// State of the resource.
    pub state: String,
}

/// A Nexus endpoint of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CloudNexusEndpoint {
    /// Name, as callers use it.
    pub name: String,
    /// Namespace it leads to.
    pub namespace: String,
    /// Task queue it leads to.
    pub task_queue: String,
    /// Namespaces that may call it.
    pub callers: Vec<String>,
}
