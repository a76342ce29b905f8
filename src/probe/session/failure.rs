//! A read that failed: what it means, and what to do.

use tonic::Code;

use crate::facts::Why;

/// Said by the read-only layer when the budget is spent.
pub(super) const OUT_OF_TIME: &str = "the time allowed for the probe is over";

/// What to do about an answer that cannot be meant.
const CONTRADICTED: &str = "probe again; if it lasts, look at what stands between this machine and the server, at the \
                            authorizer and at the visibility store";

/// A read that was answered with an error, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Short name of the method.
    pub rpc: &'static str,
    /// Namespace it was asked for; empty for cluster-wide calls.
    pub namespace: String,
    /// gRPC status.
    pub code: Code,
    /// What the server said, one line.
    pub message: String,
    /// The server did answer, and the answer cannot be meant: `message` says why.
    pub contradicted: bool,
}

impl Failure {
    /// An answer that cannot be meant.
    pub(super) fn contradiction(rpc: &'static str, namespace: &str, message: impl Into<String>) -> Self {
        Self { rpc, namespace: namespace.to_owned(), code: Code::DataLoss, message: message.into(), contradicted: true }
    }

    /// Whether asking anything further makes no sense.
    pub(super) fn is_final(&self) -> bool {
        self.code == Code::Unauthenticated || self.message == OUT_OF_TIME
    }

    /// The reason of an unknown fact.
    pub(super) fn why(&self) -> Why {
        if self.message == OUT_OF_TIME {
            return Why::with_remedy(
                OUT_OF_TIME,
                "allow more time (--probe-timeout) or more requests (--source-rps, --target-rps), or probe fewer namespaces",
            );
        }
        let place = if self.namespace.is_empty() { String::new() } else { format!(" for {}", self.namespace) };
        if self.contradicted {
            return Why::with_remedy(
                format!("{}{place} gave an answer that cannot be meant: {}", self.rpc, self.message),
                CONTRADICTED,
            );
        }
        let reason = format!("{}{place} answered {}: {}", self.rpc, code_name(self.code), self.message);
        match self.remedy() {
            Some(remedy) => Why::with_remedy(reason, remedy),
            None => Why::new(reason),
        }
    }

    /// What to do about it.
    pub(super) fn remedy(&self) -> Option<String> {
        let of =
            if self.namespace.is_empty() { "the cluster".to_owned() } else { format!("namespace {}", self.namespace) };
        Some(match self.code {
            Code::PermissionDenied => format!(
                "give the identity the probe uses read access to {of} (the default authorizer of a self-hosted server: \
                 role `read`, for OperatorService a system role; Temporal Cloud: namespace permission Read)"
            ),
            Code::Unauthenticated => {
                "give a client certificate or API key the cluster accepts; an expired API key is also refused like this"
                    .into()
            }
            Code::Unimplemented => {
                format!("this server has no {}: it is older than the call, or does not offer it", self.rpc)
            }
            Code::NotFound if !self.namespace.is_empty() => format!(
                "check the spelling of {} (on Temporal Cloud the name ends with the account: payments.a1b2c)",
                self.namespace
            ),
            Code::ResourceExhausted => {
                "probe again with fewer requests (--source-rps, --target-rps), or when the cluster is less busy".into()
            }
            Code::InvalidArgument if self.rpc.ends_with("WorkflowExecutions") => {
                "the visibility of this server cannot be asked that: it takes advanced visibility (Elasticsearch, MySQL 8, \
                 PostgreSQL 12 or SQLite), which servers since 1.24 always have"
                    .into()
            }
            Code::Unavailable | Code::DeadlineExceeded => {
                "probe again; if it lasts, look at the health of the frontend and its store".into()
            }
            _ => return None,
        })
    }
}

/// The name of a status as the gRPC documentation writes it.
pub(super) fn code_name(code: Code) -> String {
    format!("{code:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_call_code_and_remedy() {
        let failure = Failure {
            rpc: "ListSearchAttributes",
            namespace: "payments".into(),
            code: Code::PermissionDenied,
            message: "Request unauthorized.".into(),
            contradicted: false,
        };
        let why = failure.why();
        assert_eq!(why.reason, "ListSearchAttributes for payments answered PermissionDenied: Request unauthorized.");
        assert!(why.remedy.unwrap().contains("read access to namespace payments"));
        assert!(!failure.is_final());
        assert!(Failure { message: OUT_OF_TIME.into(), ..failure.clone() }.is_final());
        assert!(Failure { code: Code::Unauthenticated, ..failure }.is_final());
    }
}
