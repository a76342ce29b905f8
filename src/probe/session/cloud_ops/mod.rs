//! The control plane of Temporal Cloud: what clients are not told about their namespaces.
//!
//! Read with an API key of its own, never with that of the workers. Wire types are those of the official
//! `temporalio-protos` crate; every call passes the same read-only layer as the data plane.

mod answers;
mod client;
mod convert;

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use temporalio_protos::temporal::api::cloud::cloudservice::v1 as api;
use temporalio_protos::temporal::api::cloud::cloudservice::v1::get_current_identity_response::Principal;
use tokio::time::Instant;
use tonic::Code;

use super::ProbeOptions;
use super::budget::Budget;
use super::connect::{self, Ladder};
use super::failure::Failure;
use super::read_only::{Ledger, ReadOnly};
use crate::facts::cluster::CloudOps;
use crate::facts::cluster::cloud::{CloudApiKey, CloudIdentity, CloudNamespace};
use crate::facts::{Known, Why};
use crate::probe::connection::Connection;
use client::{Client, PAGE, all, why};

/// Sent as `temporal-cloud-api-version`, which the API demands of gRPC clients: the version of the wire types
/// (`VERSION` of temporalio/cloud-api as `temporalio-protos` carries it).
pub const API_VERSION: &str = "v0.17.0";
const VERSION_HEADER: HeaderName = HeaderName::from_static("temporal-cloud-api-version");

/// Requests a second: the API allows a service account 80 (docs: cloud/operation-api).
const RPS: f64 = 10.0;

/// Ask about the account and about these namespaces. Never fails: what could not be learned says why.
pub(super) async fn read(
    connection: &Connection,
    namespaces: &[String],
    options: &ProbeOptions,
    ledger: &Arc<Ledger>,
) -> CloudOps {
    options.say(&format!("Cloud Ops API: connecting to {}", connection.address));
    let mut ladder = connect::climb(connection).await;
    let mut told = None;
    if let Some(channel) = ladder.channel.take() {
        let mut headers = super::headers(connection);
        headers.push((VERSION_HEADER, HeaderValue::from_static(API_VERSION)));
        let budget = Arc::new(Budget::new(RPS, options.deadline));
        let client = Client::new(ReadOnly::new(channel, headers, Arc::clone(&budget), Arc::clone(ledger)), budget);
        let identity = whoami(&client, &mut ladder).await;
        if ladder.why().is_none() && !options.connect_only {
            told = Some(account(&client, connection, identity, namespaces, options).await);
        }
    }
    if let Some(step) = ladder.steps.last_mut().filter(|step| !step.ok && step.step != "auth") {
        // What helps on the way to a frontend does not help here.
        step.remedy = Some(format!(
            "check that this machine reaches {} (proxy, firewall), or remove `cloud_ops` and its key",
            connection.address
        ));
    }
    let because = ladder.why().map_or_else(
        || Why::new("not asked"),
        |w| Why { reason: format!("the Cloud Ops API was not reached: {}", w.reason), remedy: w.remedy },
    );
    let mut facts = told.unwrap_or_else(|| nothing(connection, namespaces, &because));
    facts.connection = ladder.steps;
    facts
}

/// A control plane nothing could be learned of.
fn nothing(connection: &Connection, namespaces: &[String], because: &Why) -> CloudOps {
    let unknown = |name: &String| CloudNamespace {
        name: name.clone(),
        exists: None,
        settings: Known::Unknown(because.clone()),
        capacity: Known::Unknown(because.clone()),
        export_sinks: Known::Unknown(because.clone()),
        service_accounts: Known::Unknown(because.clone()),
    };
    CloudOps {
        address: connection.address.clone(),
        api_version: API_VERSION.to_owned(),
        connection: Vec::new(),
        identity: Known::Unknown(because.clone()),
        namespace_names: Known::Unknown(because.clone()),
        namespaces: namespaces.iter().map(unknown).collect(),
        api_keys: Known::Unknown(because.clone()),
        service_accounts: Known::Unknown(because.clone()),
        connectivity_rules: Known::Unknown(because.clone()),
        nexus_endpoints: Known::Unknown(because.clone()),
    }
}

/// The steps `grpc` and `auth`, taken by asking whose key this is.
async fn whoami(client: &Client, ladder: &mut Ladder) -> Known<CloudIdentity> {
    let since = Instant::now();
    match client.get_current_identity("", api::GetCurrentIdentityRequest::default()).await {
        Ok(answer) => {
            let identity = identity(answer);
            let role = identity.account_role.as_deref().map_or(String::new(), |role| format!(", account role {role}"));
            ladder.step("auth", since, Ok(format!("the key of a {}{role}", identity.kind.replace('-', " "))));
            Known::Known(identity)
        }
        Err(failure) if failure.code == Code::PermissionDenied => {
            // A key that may not ask this may still be allowed what matters.
            ladder.step("auth", since, Ok("the key is accepted, but may not ask whose it is".into()));
            Known::Unknown(why(&failure))
        }
        Err(failure) => {
            let because = why(&failure);
            let step = if failure.code == Code::Unauthenticated { "auth" } else { "grpc" };
            ladder.step(step, since, Err((because.reason.clone(), because.remedy.clone().unwrap_or_default())));
            Known::Unknown(because)
        }
    }
}

fn identity(answer: api::GetCurrentIdentityResponse) -> CloudIdentity {
    let api_key: Option<CloudApiKey> = answer.principal_api_key.map(convert::api_key);
    match answer.principal {
        Some(Principal::User(user)) => {
            let access = user.spec.and_then(|spec| spec.access).and_then(|access| access.account_access);
            let role = access.and_then(|access| convert::role(access.role)).map(str::to_owned);
            CloudIdentity { kind: "user".into(), id: user.id, account_role: role, api_key }
        }
        Some(Principal::ServiceAccount(account)) => {
            let account = convert::service_account(account);
            let role = account.account_role;
            CloudIdentity { kind: "service-account".into(), id: account.id, account_role: role, api_key }
        }
        None => CloudIdentity { kind: "principal".into(), id: String::new(), account_role: None, api_key },
    }
}

async fn account(
    client: &Client,
    connection: &Connection,
    identity: Known<CloudIdentity>,
    names: &[String],
    options: &ProbeOptions,
) -> CloudOps {
    let mut namespaces = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        options.say(&format!("Cloud Ops API: namespace {name} ({} of {})", index + 1, names.len()));
        namespaces.push(namespace(client, name).await);
    }
    options.say("Cloud Ops API: keys, service accounts, rules and endpoints of the account");
    let namespace_names = all("GetNamespaces", async |page_token| {
        let question = api::GetNamespacesRequest { page_size: PAGE, page_token, ..Default::default() };
        let answer = client.get_namespaces("", question).await?;
        Ok((answer.namespaces.into_iter().map(|n| n.namespace).collect(), answer.next_page_token))
    });
    let api_keys = all("GetApiKeys", async |page_token| {
        let question = api::GetApiKeysRequest { page_size: PAGE, page_token, ..Default::default() };
        let answer = client.get_api_keys("", question).await?;
        Ok((answer.api_keys.into_iter().map(convert::api_key).collect(), answer.next_page_token))
    });
    let service_accounts = all("GetServiceAccounts", async |page_token| {
        let question = api::GetServiceAccountsRequest { page_size: PAGE, page_token };
        let answer = client.get_service_accounts("", question).await?;
        Ok((answer.service_account.into_iter().map(convert::service_account).collect(), answer.next_page_token))
    });
    let connectivity_rules = all("GetConnectivityRules", async |page_token| {
        let question = api::GetConnectivityRulesRequest { page_size: PAGE, page_token, ..Default::default() };
        let answer = client.get_connectivity_rules("", question).await?;
        Ok((answer.connectivity_rules.into_iter().map(convert::connectivity_rule).collect(), answer.next_page_token))
    });
    let nexus_endpoints = all("GetNexusEndpoints", async |page_token| {
        let question = api::GetNexusEndpointsRequest { page_size: PAGE, page_token, ..Default::default() };
        let answer = client.get_nexus_endpoints("", question).await?;
        Ok((answer.endpoints.into_iter().map(convert::nexus_endpoint).collect(), answer.next_page_token))
    });
    let (namespace_names, api_keys, service_accounts, connectivity_rules, nexus_endpoints) =
        tokio::join!(namespace_names, api_keys, service_accounts, connectivity_rules, nexus_endpoints);
    let api_keys = all_keys(api_keys, &identity);
    CloudOps {
        address: connection.address.clone(),
        api_version: API_VERSION.to_owned(),
        connection: Vec::new(),
        identity,
        namespace_names,
        namespaces,
        api_keys,
        service_accounts,
        connectivity_rules,
        nexus_endpoints,
    }
}

/// Owners and admins manage everybody's keys. That others are shown all of them is not documented, so for them the
/// list proves nothing by what it lacks.
fn all_keys(keys: Known<Vec<CloudApiKey>>, identity: &Known<CloudIdentity>) -> Known<Vec<CloudApiKey>> {
    let role = identity.value().and_then(|identity| identity.account_role.as_deref());
    match keys {
        Known::Known(value) if !matches!(role, Some("owner" | "admin")) => {
            let why = Why::with_remedy(
                "the Cloud Ops key may be shown only the API keys of its owner",
                "use a Cloud Ops key of an account owner or admin, or attest how long the keys of the workers are valid",
            );
            Known::Partial { value, why }
        }
        keys => keys,
    }
}

async fn namespace(client: &Client, name: &str) -> CloudNamespace {
    let described = client.get_namespace(name, api::GetNamespaceRequest { namespace: name.to_owned() }).await;
    let (exists, settings) = match described {
        Ok(answer) => match answer.namespace {
            Some(namespace) => (Some(true), Known::Known(convert::settings(namespace))),
            None => (None, Known::unknown(format!("GetNamespace of the Cloud Ops API said nothing of {name}"))),
        },
        Err(failure) => ((failure.code == Code::NotFound).then_some(false), Known::Unknown(why(&failure))),
    };
    if let Known::Unknown(because) = &settings {
        // Whatever else is asked about it would be answered alike.
        return CloudNamespace {
            name: name.to_owned(),
            exists,
            capacity: Known::Unknown(because.clone()),
            export_sinks: Known::Unknown(because.clone()),
            service_accounts: Known::Unknown(because.clone()),
            settings,
        };
    }
    let capacity = async {
        let question = api::GetNamespaceCapacityInfoRequest { namespace: name.to_owned() };
        let said = |failure: Failure| Known::Unknown(why(&failure));
        client.get_namespace_capacity_info(name, question).await.map_or_else(said, |answer| {
            match answer.capacity_info {
                Some(info) => Known::Known(convert::capacity(info)),
                None => Known::unknown(format!("the Cloud Ops API said nothing of the capacity of {name}")),
            }
        })
    };
    let export_sinks = all("GetNamespaceExportSinks", async |page_token| {
        let question = api::GetNamespaceExportSinksRequest { namespace: name.to_owned(), page_size: PAGE, page_token };
        let answer = client.get_namespace_export_sinks(name, question).await?;
        Ok((answer.sinks.into_iter().map(convert::export_sink).collect(), answer.next_page_token))
    });
    let service_accounts = all("GetServiceAccountNamespaceAssignments", async |page_token| {
        let question = api::GetServiceAccountNamespaceAssignmentsRequest {
            namespace: name.to_owned(),
            page_size: PAGE,
            page_token,
        };
        let answer = client.get_service_account_namespace_assignments(name, question).await?;
        Ok((answer.service_accounts.into_iter().map(convert::assignment).collect(), answer.next_page_token))
    });
    let (capacity, export_sinks, service_accounts) = tokio::join!(capacity, export_sinks, service_accounts);
    CloudNamespace { name: name.to_owned(), exists, settings, capacity, export_sinks, service_accounts }
}
