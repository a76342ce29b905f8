//! The reads of the Cloud Ops API the probe makes, one page or one resource at a time.

use std::sync::Arc;

use temporalio_protos::temporal::api::cloud::cloudservice::v1 as api;
use temporalio_protos::temporal::api::cloud::cloudservice::v1::cloud_service_client::CloudServiceClient;
use tonic::Code;
use tonic::transport::Channel;

use super::super::budget::Budget;
use super::super::client::ask;
use super::super::failure::{Failure, OUT_OF_TIME, code_name};
use super::super::read_only::ReadOnly;
use crate::facts::{Known, Why};

/// More pages than any account has; a server that never ends its list must not hold the probe.
const PAGES: usize = 50;
/// The API's own maximum is 1000.
pub(super) const PAGE: i32 = 500;

/// A connection to the control plane that can only read.
#[derive(Clone)]
pub(super) struct Client {
    service: CloudServiceClient<ReadOnly<Channel>>,
    budget: Arc<Budget>,
}

macro_rules! reads {
    ($($method:ident($question:ident) -> $answer:ident, $rpc:literal;)*) => {
        impl Client {
            $(pub(super) async fn $method(&self, of: &str, question: api::$question) -> Result<api::$answer, Failure> {
                ask(&self.budget, $rpc, of, question, |request| {
                    let mut service = self.service.clone();
                    async move { service.$method(request).await }
                })
                .await
            })*
        }
    };
}

reads! {
    get_current_identity(GetCurrentIdentityRequest) -> GetCurrentIdentityResponse, "GetCurrentIdentity";
    get_namespaces(GetNamespacesRequest) -> GetNamespacesResponse, "GetNamespaces";
    get_namespace(GetNamespaceRequest) -> GetNamespaceResponse, "GetNamespace";
    get_namespace_capacity_info(GetNamespaceCapacityInfoRequest) -> GetNamespaceCapacityInfoResponse, "GetNamespaceCapacityInfo";
    get_namespace_export_sinks(GetNamespaceExportSinksRequest) -> GetNamespaceExportSinksResponse, "GetNamespaceExportSinks";
    get_service_account_namespace_assignments(GetServiceAccountNamespaceAssignmentsRequest) -> GetServiceAccountNamespaceAssignmentsResponse, "GetServiceAccountNamespaceAssignments";
    get_connectivity_rules(GetConnectivityRulesRequest) -> GetConnectivityRulesResponse, "GetConnectivityRules";
    get_api_keys(GetApiKeysRequest) -> GetApiKeysResponse, "GetApiKeys";
    get_service_accounts(GetServiceAccountsRequest) -> GetServiceAccountsResponse, "GetServiceAccounts";
    get_nexus_endpoints(GetNexusEndpointsRequest) -> GetNexusEndpointsResponse, "GetNexusEndpoints";
}

impl Client {
    pub(super) fn new(transport: ReadOnly<Channel>, budget: Arc<Budget>) -> Self {
        Self { service: CloudServiceClient::new(transport), budget }
    }
}

/// Why a fact of the control plane is not known, and what would make it known.
pub(super) fn why(failure: &Failure) -> Why {
    if failure.message == OUT_OF_TIME {
        return failure.why();
    }
    let of = if failure.namespace.is_empty() { String::new() } else { format!(" for {}", failure.namespace) };
    let said = &failure.message;
    let reason = format!("{}{of} of the Cloud Ops API answered {}: {said}", failure.rpc, code_name(failure.code));
    let remedy = match failure.code {
        Code::PermissionDenied => {
            "give the owner of the Cloud Ops key the account role Read, and permission Read on the namespace"
        }
        Code::Unauthenticated => {
            "create a new API key for the Cloud Ops API: this one is expired, disabled or mistyped"
        }
        Code::NotFound => "check the spelling: a namespace of Temporal Cloud ends with its account (payments.a1b2c)",
        Code::Unimplemented => "the Cloud Ops API does not offer this call in the version that is asked for",
        Code::ResourceExhausted => "probe again when fewer programs use the Cloud Ops API with this key",
        _ => "probe again; if it lasts, look at status.temporal.io",
    };
    Why::with_remedy(reason, remedy)
}

/// Every page of a list. `page` asks for one and gives its items and the token of the next.
pub(super) async fn all<T, F, Fut>(rpc: &str, page: F) -> Known<Vec<T>>
where
    F: Fn(String) -> Fut,
    Fut: Future<Output = Result<(Vec<T>, String), Failure>>,
{
    let (mut all, mut token) = (Vec::new(), String::new());
    for _ in 0..PAGES {
        match page(token.clone()).await {
            Ok((items, next)) => {
                all.extend(items);
                if next.is_empty() {
                    return Known::Known(all);
                }
                if next == token {
                    break;
                }
                token = next;
            }
            Err(failure) if all.is_empty() => return Known::Unknown(why(&failure)),
            Err(failure) => return Known::Partial { value: all, why: why(&failure) },
        }
    }
    Known::Partial { value: all, why: Why::new(format!("{rpc} of the Cloud Ops API did not come to an end")) }
}
