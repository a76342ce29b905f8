//! Why a server that answers cannot be read, in words, and what to do.

use tonic::Code;

use super::failure::{Failure, code_name};
use crate::facts::cluster::Credential;
use crate::probe::connection::Connection;

/// A failed step in words, and what to do.
pub(super) type Trouble = (String, String);

/// The first call failed.
pub(super) fn of_grpc(connection: &Connection, failure: &Failure) -> Trouble {
    let said = format!("{}: {}", code_name(failure.code), failure.message);
    match failure.code {
        Code::Unimplemented | Code::Unknown | Code::Internal => (
            format!("what answers at {} speaks HTTP/2 but not the Temporal API ({said})", connection.address),
            "use the address of the Temporal frontend, not of the Web UI or another service".into(),
        ),
        Code::Unauthenticated | Code::PermissionDenied => of_namespace(connection, failure),
        _ => (
            format!("the frontend at {} does not answer ({said})", connection.address),
            failure.remedy().unwrap_or_else(|| "look at the server's log".into()),
        ),
    }
}

/// The namespace cannot be read.
pub(super) fn of_namespace(connection: &Connection, failure: &Failure) -> Trouble {
    let side = connection.side;
    let said = &failure.message;
    let words = match failure.code {
        Code::Unauthenticated => format!("the credential was not accepted: {said}"),
        Code::PermissionDenied => format!("the credential may not read namespace {}: {said}", failure.namespace),
        Code::NotFound => format!("namespace {} does not exist: {said}", failure.namespace),
        code => format!("DescribeNamespace answered {}: {said}", code_name(code)),
    };
    let remedy = match (failure.code, connection.credential) {
        (Code::Unauthenticated | Code::PermissionDenied, Credential::None) => {
            format!(
                "give --{side}-api-key (or `api_key_env` in preflight.yaml), or --{side}-tls-cert-path and --{side}-tls-key-path"
            )
        }
        _ => failure.remedy().unwrap_or_else(|| "look at the server's log".into()),
    };
    (words, remedy)
}
