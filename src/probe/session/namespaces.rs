//! The cluster itself and its namespaces.

use std::collections::{BTreeMap, BTreeSet};

use temporalio_protos::temporal::api::enums::v1::{ArchivalState, NamespaceState};
use temporalio_protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceRequest, GetClusterInfoRequest, GetSystemInfoRequest, ListNamespacesRequest,
};
use tonic::Code;

use super::client::Client;
use super::failure::Failure;
use super::time;
use crate::facts::cluster::{ClusterInfo, ClusterKind, NamespaceConfig, SystemInfo};
use crate::facts::{Known, Why};

/// The namespace of the server's own workflows.
const INTERNAL: &str = "temporal-system";
const PAGE: i32 = 200;
/// More pages than any cluster has; a server that never ends its list must not hold the probe.
const PAGES: usize = 50;

/// `GetSystemInfo`, and `GetClusterInfo` where it is offered.
///
/// A server from before `GetSystemInfo` (1.14) still has a version.
pub(super) async fn system(client: &Client, kind: ClusterKind) -> Result<Known<SystemInfo>, Failure> {
    let mut info = SystemInfo::default();
    match client.get_system_info("", GetSystemInfoRequest::default()).await {
        Ok(answer) => {
            info.server_version = answer.server_version;
            macro_rules! names {
                ($($capability:ident)*) => {
                    if let Some(capabilities) = answer.capabilities {
                        $(if capabilities.$capability { info.capabilities.push(stringify!($capability).into()); })*
                    }
                };
            }
            names!(signal_and_query_header internal_error_differentiation activity_failure_include_heartbeat
                supports_schedules encoded_failure_attributes build_id_based_versioning upsert_memo
                eager_workflow_start sdk_metadata count_group_by_execution_status nexus server_scaled_deployments);
        }
        Err(failure) if failure.code == Code::Unimplemented && failure.message.contains("unknown method") => {}
        Err(failure) => return Err(failure),
    }
    if kind == ClusterKind::Cloud {
        return Ok(Known::Known(info));
    }
    match client.get_cluster_info("", GetClusterInfoRequest::default()).await {
        Ok(answer) => {
            if info.server_version.is_empty() {
                info.server_version = answer.server_version;
            }
            info.cluster = Some(ClusterInfo {
                id: answer.cluster_id,
                name: answer.cluster_name,
                history_shards: answer.history_shard_count,
                persistence_store: answer.persistence_store,
                visibility_store: answer.visibility_store,
                initial_failover_version: answer.initial_failover_version,
                failover_version_increment: answer.failover_version_increment,
            });
            let hollow = info.cluster.as_ref().is_some_and(|cluster| cluster.id.is_empty());
            let message = if hollow { "it names no cluster" } else { "neither it nor GetSystemInfo names a version" };
            if hollow || info.server_version.is_empty() {
                info.cluster = info.cluster.filter(|cluster| !cluster.id.is_empty());
                let why = Failure::contradiction("GetClusterInfo", "", message).why();
                return Ok(Known::Partial { value: info, why });
            }
            Ok(Known::Known(info))
        }
        Err(failure) => Ok(Known::Partial { value: info, why: failure.why() }),
    }
}

/// All namespaces but the server's own, sorted.
pub(super) async fn list(client: &Client) -> Known<Vec<String>> {
    let mut names = BTreeSet::new();
    let mut token = Vec::new();
    for _ in 0..PAGES {
        let request = ListNamespacesRequest { page_size: PAGE, next_page_token: token.clone(), namespace_filter: None };
        match client.list_namespaces("", request).await {
            Ok(answer) => {
                names.extend(answer.namespaces.into_iter().filter_map(|n| n.namespace_info).map(|info| info.name));
                token = answer.next_page_token;
                if token.is_empty() {
                    break;
                }
            }
            Err(failure) if names.is_empty() => return Known::Unknown(failure.why()),
            Err(failure) => return Known::Partial { value: without_internal(names), why: failure.why() },
        }
    }
    if names.is_empty() {
        // Every server has a namespace of its own.
        return Known::Unknown(Failure::contradiction("ListNamespaces", "", "it lists not a single namespace").why());
    }
    let names = without_internal(names);
    if token.is_empty() {
        Known::Known(names)
    } else {
        Known::Partial { value: names, why: Why::new("ListNamespaces did not come to an end") }
    }
}

fn without_internal(mut names: BTreeSet<String>) -> Vec<String> {
    names.remove(INTERNAL);
    names.into_iter().collect()
}

/// `DescribeNamespace`, with what other facts are made from.
pub(super) struct Described {
    pub(super) config: NamespaceConfig,
    /// Search-attribute field (`Keyword01`) → name.
    pub(super) aliases: BTreeMap<String, String>,
}

/// Describe one namespace.
pub(super) async fn describe(client: &Client, name: &str) -> Result<Described, Failure> {
    let request = DescribeNamespaceRequest { namespace: name.to_owned(), ..Default::default() };
    let answer = client.describe_namespace(name, request).await?;
    let info = answer.namespace_info.unwrap_or_default();
    let config = answer.config.unwrap_or_default();
    let replication = answer.replication_config.unwrap_or_default();
    let enabled = |state: i32| state == ArchivalState::Enabled as i32;
    let mut capabilities = Vec::new();
    macro_rules! names {
        ($($capability:ident)*) => {
            if let Some(on) = info.capabilities {
                $(if on.$capability { capabilities.push(stringify!($capability).to_owned()); })*
            }
        };
    }
    names!(eager_workflow_start sync_update async_update worker_heartbeats reported_problems_search_attribute
        workflow_pause standalone_activities worker_poll_complete_on_shutdown poller_autoscaling worker_commands
        standalone_nexus_operation workflow_update_callbacks);
    let limit = |bytes: i64| u64::try_from(bytes).ok().filter(|&b| b > 0);
    Ok(Described {
        config: NamespaceConfig {
            id: info.id,
            state: match NamespaceState::try_from(info.state) {
                Ok(NamespaceState::Registered) => "Registered",
                Ok(NamespaceState::Deprecated) => "Deprecated",
                Ok(NamespaceState::Deleted) => "Deleted",
                _ => "Unspecified",
            }
            .to_owned(),
            retention_seconds: time::seconds(config.workflow_execution_retention_ttl.as_ref()).unwrap_or(0),
            history_archival: enabled(config.history_archival_state),
            visibility_archival: enabled(config.visibility_archival_state),
            global: answer.is_global_namespace,
            blob_size_limit_error: info.limits.as_ref().and_then(|l| limit(l.blob_size_limit_error)),
            memo_size_limit_error: info.limits.as_ref().and_then(|l| limit(l.memo_size_limit_error)),
            completion_size_limit_error: info
                .limits
                .as_ref()
                .and_then(|l| limit(l.workflow_task_completion_size_limit_error)),
            capabilities,
            active_cluster: replication.active_cluster_name,
            clusters: replication.clusters.into_iter().map(|c| c.cluster_name).collect(),
            failover_version: answer.failover_version,
        },
        aliases: config.custom_search_attribute_aliases.into_iter().collect(),
    })
}
