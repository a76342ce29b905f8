//! What the control plane of the target's account adds to what clients are told.

use std::sync::Arc;

use super::read_only::Ledger;
use super::{ProbeOptions, Reached, asked, cloud_ops};
use crate::facts::cluster::{CloudOps, NamespaceConfig, NamespaceSnapshot};
use crate::facts::{Known, Why};
use crate::probe::connection::Connection;

/// The control plane, where there is a key for it. Its calls are counted apart, and have a pace of their own.
pub(super) async fn control_plane(connection: &Connection, options: &ProbeOptions) -> (Known<CloudOps>, Arc<Ledger>) {
    let ledger = Arc::new(Ledger::default());
    let cloud = match &options.cloud_ops {
        Known::Unknown(why) => Known::Unknown(why.clone()),
        Known::Known(account) | Known::Partial { value: account, .. } => {
            let namespaces = asked(options, connection);
            Known::Known(cloud_ops::read(account, &namespaces, options, &ledger).await)
        }
    };
    (cloud, ledger)
}

/// What the control plane knows better than clients are told: search attributes with their types, the names of all
/// namespaces, and retention where the data plane was not reached. That a namespace was reached (`exists`) is for the
/// data plane alone to say.
pub(super) fn supplement(seen: &mut Reached, cloud: &CloudOps, options: &ProbeOptions, connection: &Connection) {
    if let (Known::Unknown(_), names @ (Known::Known(_) | Known::Partial { .. })) =
        (&seen.namespace_names, &cloud.namespace_names)
    {
        seen.namespace_names = names.clone();
    }
    if seen.namespaces.is_empty() && !options.connect_only {
        let why = seen.ladder.why().unwrap_or_else(|| Why::new("not asked"));
        seen.namespaces =
            asked(options, connection).iter().map(|name| NamespaceSnapshot::unknown(name, &why)).collect();
    }
    for namespace in &mut seen.namespaces {
        let Some(told) = cloud.namespace(&namespace.name) else { continue };
        let Some(settings) = told.settings.value() else { continue };
        namespace.search_attributes = Known::Known(settings.search_attributes.clone());
        if let Known::Unknown(why) = &namespace.config {
            let days = u64::try_from(settings.retention_days).unwrap_or(0);
            let usable = matches!(settings.state.as_str(), "active" | "updating" | "update failed");
            let value = NamespaceConfig {
                state: if usable { "Registered".to_owned() } else { settings.state.clone() },
                retention_seconds: days * 86_400,
                ..NamespaceConfig::default()
            };
            namespace.config = Known::Partial { value, why: why.clone() };
        }
    }
}
