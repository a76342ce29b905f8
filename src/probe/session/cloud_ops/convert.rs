//! Messages of the Cloud Ops API → facts. Tokens and e-mail addresses stay behind.

use temporalio_protos::temporal::api::cloud::connectivityrule::v1 as connectivity;
use temporalio_protos::temporal::api::cloud::identity::v1 as identity;
use temporalio_protos::temporal::api::cloud::namespace::v1 as namespace;
use temporalio_protos::temporal::api::cloud::nexus::v1 as nexus;
use temporalio_protos::temporal::api::cloud::resource::v1::ResourceState;

use super::super::time;
use crate::facts::certificate::CertificateRole;
use crate::facts::cluster::SearchAttribute;
use crate::facts::cluster::cloud::{
    CertificateFilter, CloudApiKey, CloudAssignment, CloudCapacity, CloudConnectivityRule, CloudExportSink,
    CloudNamespaceSettings, CloudNexusEndpoint, CloudServiceAccount,
};
use crate::probe::certificates;

pub(super) fn settings(answer: namespace::Namespace) -> CloudNamespaceSettings {
    let spec = answer.spec.unwrap_or_default();
    let mtls = spec.mtls_auth.unwrap_or_default();
    let endpoints = answer.endpoints.unwrap_or_default();
    let mut search_attributes: Vec<SearchAttribute> = spec
        .search_attributes
        .into_iter()
        .map(|(name, value)| SearchAttribute { name, value_type: search_attribute_type(value).to_owned() })
        .collect();
    search_attributes.sort();
    let mut regions: Vec<String> = answer.replicas.into_iter().map(|replica| replica.region).collect();
    if regions.is_empty() {
        regions = spec.replicas.into_iter().map(|replica| replica.region).collect();
    }
    CloudNamespaceSettings {
        state: state(answer.state).to_owned(),
        active_region: answer.active_region,
        regions,
        retention_days: spec.retention_days,
        mtls: mtls.enabled,
        api_keys: spec.api_key_auth.is_some_and(|auth| auth.enabled),
        accepted_cas: (!mtls.accepted_client_ca.is_empty()).then(|| {
            let place = format!("accepted client CAs of {}", answer.namespace);
            certificates::chain_from(&place, &mtls.accepted_client_ca, CertificateRole::Authority)
        }),
        certificate_filters: mtls
            .certificate_filters
            .into_iter()
            .map(|filter| CertificateFilter {
                common_name: filter.common_name,
                organization: filter.organization,
                organizational_unit: filter.organizational_unit,
                subject_alternative_name: filter.subject_alternative_name,
            })
            .collect(),
        search_attributes,
        delete_protection: spec.lifecycle.is_some_and(|lifecycle| lifecycle.enable_delete_protection),
        codec_server: spec.codec_server.map(|codec| codec.endpoint).filter(|endpoint| !endpoint.is_empty()),
        mtls_address: endpoints.mtls_grpc_address,
        api_key_address: endpoints.grpc_address,
        actions_per_second: answer.limits.map(|limits| limits.actions_per_second_limit).filter(|limit| *limit > 0),
        connectivity_rules: answer.connectivity_rules.into_iter().map(connectivity_rule).collect(),
    }
}

pub(super) fn capacity(info: namespace::NamespaceCapacityInfo) -> CloudCapacity {
    use namespace::capacity::CurrentMode;
    let used = info.stats.and_then(|stats| stats.aps);
    CloudCapacity {
        provisioned_units: match info.current_capacity.and_then(|capacity| capacity.current_mode) {
            Some(CurrentMode::Provisioned(provisioned)) => Some(provisioned.current_value),
            _ => None,
        },
        on_demand_limit: info.mode_options.and_then(|options| options.on_demand).map(|on_demand| on_demand.aps_limit),
        mean: used.as_ref().map(|used| used.mean),
        p99: used.map(|used| used.p99),
    }
}

pub(super) fn export_sink(sink: namespace::ExportSink) -> CloudExportSink {
    use namespace::export_sink::Health;
    let health = match Health::try_from(sink.health) {
        Ok(Health::Ok) => "ok".to_owned(),
        Ok(Health::ErrorInternal) => format!("internal error {}", sink.error_message),
        Ok(Health::ErrorUserConfiguration) => format!("configuration error {}", sink.error_message),
        _ => "not checked yet".to_owned(),
    };
    CloudExportSink {
        name: sink.name,
        enabled: sink.spec.is_some_and(|spec| spec.enabled),
        health: health.trim_end().to_owned(),
        last_export: sink.latest_data_export_time.as_ref().and_then(|t| time::timestamp(Some(t))),
    }
}

pub(super) fn connectivity_rule(rule: connectivity::ConnectivityRule) -> CloudConnectivityRule {
    use connectivity::connectivity_rule_spec::ConnectionType;
    let (public, region) = match rule.spec.and_then(|spec| spec.connection_type) {
        Some(ConnectionType::PrivateRule(private)) => (false, private.region),
        Some(ConnectionType::PublicRule(_)) => (true, String::new()),
        // Not a kind this version knows: a path that is not known to be public is not public.
        None => (false, String::new()),
    };
    CloudConnectivityRule { id: rule.id, public, region, state: state(rule.state).to_owned() }
}

pub(super) fn api_key(key: identity::ApiKey) -> CloudApiKey {
    let spec = key.spec.unwrap_or_default();
    CloudApiKey {
        id: key.id,
        name: spec.display_name,
        owner_kind: match identity::OwnerType::try_from(spec.owner_type) {
            Ok(identity::OwnerType::User) => "user",
            Ok(identity::OwnerType::ServiceAccount) => "service-account",
            _ => "unknown",
        }
        .to_owned(),
        owner_id: spec.owner_id,
        expires: spec.expiry_time.as_ref().and_then(|t| time::timestamp(Some(t))),
        disabled: spec.disabled,
        state: state(key.state).to_owned(),
    }
}

pub(super) fn service_account(account: identity::ServiceAccount) -> CloudServiceAccount {
    let spec = account.spec.unwrap_or_default();
    let mut namespaces: Vec<(String, String)> = Vec::new();
    let mut account_role = None;
    if let Some(access) = spec.access {
        account_role = access.account_access.and_then(|account| role(account.role)).map(str::to_owned);
        namespaces.extend(access.namespace_accesses.into_iter().map(|(name, access)| (name, permission(Some(access)))));
    }
    if let Some(scoped) = spec.namespace_scoped_access {
        namespaces.push((scoped.namespace, permission(scoped.access)));
    }
    namespaces.sort();
    CloudServiceAccount {
        id: account.id,
        name: spec.name,
        account_role,
        namespaces,
        state: state(account.state).to_owned(),
    }
}

pub(super) fn assignment(assignment: identity::ServiceAccountNamespaceAssignment) -> CloudAssignment {
    CloudAssignment { id: assignment.id, name: assignment.name, permission: permission(assignment.namespace_access) }
}

pub(super) fn nexus_endpoint(endpoint: nexus::Endpoint) -> CloudNexusEndpoint {
    use nexus::endpoint_policy_spec::Variant as Policy;
    use nexus::endpoint_target_spec::Variant as Target;
    let spec = endpoint.spec.unwrap_or_default();
    let (namespace, task_queue) = match spec.target_spec.and_then(|target| target.variant) {
        Some(Target::WorkerTargetSpec(worker)) => (worker.namespace_id, worker.task_queue),
        None => (String::new(), String::new()),
    };
    let callers = spec.policy_specs.into_iter().filter_map(|policy| match policy.variant? {
        Policy::AllowedCloudNamespacePolicySpec(allowed) => Some(allowed.namespace_id),
    });
    CloudNexusEndpoint { name: spec.name, namespace, task_queue, callers: callers.collect() }
}

pub(super) fn role(value: i32) -> Option<&'static str> {
    use identity::account_access::Role;
    Some(match Role::try_from(value).ok()? {
        Role::Unspecified => return None,
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Developer => "developer",
        Role::FinanceAdmin => "finance-admin",
        Role::Read => "read",
        Role::MetricsRead => "metrics-read",
    })
}

fn permission(access: Option<identity::NamespaceAccess>) -> String {
    use identity::namespace_access::Permission;
    let permission = access.and_then(|access| Permission::try_from(access.permission).ok());
    match permission {
        Some(Permission::Admin) => "admin",
        Some(Permission::Write) => "write",
        Some(Permission::Read) => "read",
        _ => "none",
    }
    .to_owned()
}

fn state(value: i32) -> &'static str {
    match ResourceState::try_from(value) {
        Ok(ResourceState::Activating) => "activating",
        Ok(ResourceState::ActivationFailed) => "activation failed",
        Ok(ResourceState::Active) => "active",
        Ok(ResourceState::Updating) => "updating",
        Ok(ResourceState::UpdateFailed) => "update failed",
        Ok(ResourceState::Deleting) => "deleting",
        Ok(ResourceState::DeleteFailed) => "delete failed",
        Ok(ResourceState::Deleted) => "deleted",
        Ok(ResourceState::Suspended) => "suspended",
        Ok(ResourceState::Expired) => "expired",
        _ => "unspecified",
    }
}

fn search_attribute_type(value: i32) -> &'static str {
    use namespace::namespace_spec::SearchAttributeType as Type;
    match Type::try_from(value) {
        Ok(Type::Text) => "Text",
        Ok(Type::Keyword) => "Keyword",
        Ok(Type::Int) => "Int",
        Ok(Type::Double) => "Double",
        Ok(Type::Bool) => "Bool",
        Ok(Type::Datetime) => "Datetime",
        Ok(Type::KeywordList) => "KeywordList",
        _ => "Unspecified",
    }
}
