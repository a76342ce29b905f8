//! Answers of the control plane that cannot be meant; see [`Answer`].

use temporalio_protos::temporal::api::cloud::cloudservice::v1 as api;

use super::super::answers::{Answer, repeated};

macro_rules! any {
    ($($question:ident -> $answer:ident),* $(,)?) => {
        $(impl Answer<api::$question> for api::$answer {
            fn contradiction(&self, _: &api::$question) -> Option<String> {
                None
            }
        })*
    };
}

any!(
    GetCurrentIdentityRequest -> GetCurrentIdentityResponse,
    GetNamespaceCapacityInfoRequest -> GetNamespaceCapacityInfoResponse,
);

macro_rules! pages {
    ($($question:ident -> $answer:ident),* $(,)?) => {
        $(impl Answer<api::$question> for api::$answer {
            fn contradiction(&self, asked: &api::$question) -> Option<String> {
                repeated(asked.page_token.as_bytes(), self.next_page_token.as_bytes())
            }
        })*
    };
}

pages!(
    GetNamespacesRequest -> GetNamespacesResponse,
    GetNamespaceExportSinksRequest -> GetNamespaceExportSinksResponse,
    GetServiceAccountNamespaceAssignmentsRequest -> GetServiceAccountNamespaceAssignmentsResponse,
    GetConnectivityRulesRequest -> GetConnectivityRulesResponse,
    GetApiKeysRequest -> GetApiKeysResponse,
    GetServiceAccountsRequest -> GetServiceAccountsResponse,
    GetNexusEndpointsRequest -> GetNexusEndpointsResponse,
);

impl Answer<api::GetNamespaceRequest> for api::GetNamespaceResponse {
    fn contradiction(&self, asked: &api::GetNamespaceRequest) -> Option<String> {
        match self.namespace.as_ref().map(|namespace| namespace.namespace.as_str()) {
            Some(name) if name == asked.namespace => None,
            None | Some("") => Some("it describes no namespace".to_owned()),
            Some(name) => Some(format!("it describes namespace {name}")),
        }
    }
}
