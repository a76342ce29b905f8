//! `--source-…` and `--target-…`: the connection flags of the `temporal` CLI, once per side.

use clap::Args;

use crate::config::{CloudOpsSettings, ConnectionSettings, PrometheusSettings, Secret};
use crate::ui::Problem;

macro_rules! side_flags {
    ($name:ident, $side:literal, $env:literal, $heading:ident, $hidden:literal) => {
        /// Connection flags of one side, spelled like those of the `temporal` CLI.
        #[derive(Debug, Clone, Default, Args)]
        #[command(next_help_heading = $heading)]
        pub struct $name {
            /// Profile of temporal.toml
            #[arg(id = concat!($side, "_profile"), long = concat!($side, "-profile"), env = concat!($env, "_PROFILE"), hide_env = true, hide = $hidden, value_name = "NAME")]
            profile: Option<String>,
            /// Address of the frontend, host:port
            #[arg(id = concat!($side, "_address"), long = concat!($side, "-address"), env = concat!($env, "_ADDRESS"), hide_env = true, hide = $hidden, value_name = "HOST:PORT")]
            address: Option<String>,
            /// Namespace to probe, when preflight.yaml maps none
            #[arg(id = concat!($side, "_namespace"), long = concat!($side, "-namespace"), env = concat!($env, "_NAMESPACE"), hide_env = true, hide = $hidden, value_name = "NAME")]
            namespace: Option<String>,
            /// API key; better as the variable TEMPORAL_<SIDE>_API_KEY than on the command line
            #[arg(id = concat!($side, "_api_key"), long = concat!($side, "-api-key"), env = concat!($env, "_API_KEY"), hide_env = true, hide = $hidden, value_name = "KEY")]
            api_key: Option<String>,
            /// Use TLS; implied by an API key and by every other TLS flag
            #[arg(id = concat!($side, "_tls"), long = concat!($side, "-tls"), env = concat!($env, "_TLS"), num_args = 0..=1, default_missing_value = "true", hide_possible_values = true, hide_env = true, hide = $hidden, value_name = "true|false")]
            tls: Option<bool>,
            /// PEM file of the client certificate
            #[arg(id = concat!($side, "_tls_cert_path"), long = concat!($side, "-tls-cert-path"), env = concat!($env, "_TLS_CLIENT_CERT_PATH"), hide_env = true, hide = $hidden, value_name = "FILE")]
            tls_cert_path: Option<String>,
            /// PEM file of the client key
            #[arg(id = concat!($side, "_tls_key_path"), long = concat!($side, "-tls-key-path"), env = concat!($env, "_TLS_CLIENT_KEY_PATH"), hide_env = true, hide = $hidden, value_name = "FILE")]
            tls_key_path: Option<String>,
            /// PEM file of the CA that signed the server's certificate
            #[arg(id = concat!($side, "_tls_ca_path"), long = concat!($side, "-tls-ca-path"), env = concat!($env, "_TLS_SERVER_CA_CERT_PATH"), hide_env = true, hide = $hidden, value_name = "FILE")]
            tls_ca_path: Option<String>,
            /// Server name to verify, also sent as SNI
            #[arg(id = concat!($side, "_tls_server_name"), long = concat!($side, "-tls-server-name"), env = concat!($env, "_TLS_SERVER_NAME"), hide_env = true, hide = $hidden, value_name = "NAME")]
            tls_server_name: Option<String>,
            /// Do not verify the server's certificate
            #[arg(id = concat!($side, "_tls_disable_host_verification"), long = concat!($side, "-tls-disable-host-verification"), env = concat!($env, "_TLS_DISABLE_HOST_VERIFICATION"), num_args = 0..=1, default_missing_value = "true", hide_possible_values = true, hide_env = true, hide = $hidden, value_name = "true|false")]
            tls_disable_host_verification: Option<bool>,
            /// Value of the :authority header
            #[arg(id = concat!($side, "_client_authority"), long = concat!($side, "-client-authority"), env = concat!($env, "_CLIENT_AUTHORITY"), hide_env = true, hide = $hidden, value_name = "NAME")]
            client_authority: Option<String>,
            /// Metadata for every call, KEY=VALUE; may be repeated
            #[arg(id = concat!($side, "_grpc_meta"), long = concat!($side, "-grpc-meta"), hide = $hidden, value_name = "KEY=VALUE")]
            grpc_meta: Vec<String>,
            /// URL of the Prometheus that has the metrics of this side
            #[arg(id = concat!($side, "_prometheus"), long = concat!($side, "-prometheus"), env = concat!($env, "_PROMETHEUS"), hide_env = true, hide = $hidden, value_name = "URL")]
            prometheus: Option<String>,
        }

        impl $name {
            /// As settings.
            pub fn settings(&self, config_file: Option<&String>) -> Result<ConnectionSettings, Problem> {
                let mut grpc_meta = std::collections::BTreeMap::new();
                for pair in &self.grpc_meta {
                    let Some((key, value)) = pair.split_once('=') else {
                        return Err(Problem::usage(concat!("--", $side, "-grpc-meta takes KEY=VALUE"))
                            .note(format!("there is no `=` in the value that starts with `{}`", head(pair))));
                    };
                    grpc_meta.insert(key.to_owned(), value.to_owned());
                }
                Ok(ConnectionSettings {
                    kind: None,
                    profile: self.profile.clone(),
                    config_file: config_file.cloned(),
                    address: self.address.clone(),
                    namespace: self.namespace.clone(),
                    api_key: self.api_key.clone().map(Secret),
                    api_key_env: None,
                    tls: self.tls,
                    tls_cert_path: self.tls_cert_path.clone(),
                    tls_key_path: self.tls_key_path.clone(),
                    tls_ca_path: self.tls_ca_path.clone(),
                    tls_server_name: self.tls_server_name.clone(),
                    tls_disable_host_verification: self.tls_disable_host_verification,
                    client_authority: self.client_authority.clone(),
                    grpc_meta,
                    cloud_ops: None,
                    metrics: self.prometheus.clone().map(|prometheus| PrometheusSettings {
                        prometheus,
                        ..PrometheusSettings::default()
                    }),
                })
            }
        }
    };
}

/// The flags of the target are the same ones; listed once, they are read.
const HEADING: &str =
    "Connections (each flag also with --target-…, or as TEMPORAL_SOURCE_ADDRESS, TEMPORAL_TARGET_ADDRESS …)";

side_flags!(SourceFlags, "source", "TEMPORAL_SOURCE", HEADING, false);
side_flags!(TargetFlags, "target", "TEMPORAL_TARGET", HEADING, true);

/// Both sides.
#[derive(Debug, Clone, Default, Args)]
pub struct ConnectionFlags {
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    target: TargetFlags,
    /// Path of temporal.toml [default: where the `temporal` CLI keeps it]
    #[arg(long, env = "TEMPORAL_CONFIG_FILE", hide_env = true, value_name = "FILE", help_heading = HEADING)]
    config_file: Option<String>,
    /// API key for the Cloud Ops API; better as the variable TEMPORAL_CLOUD_OPS_API_KEY
    #[arg(long, env = "TEMPORAL_CLOUD_OPS_API_KEY", hide_env = true, value_name = "KEY", help_heading = HEADING)]
    cloud_ops_api_key: Option<String>,
    /// Address of the Cloud Ops API [default: that of Temporal Cloud]
    #[arg(long, env = "TEMPORAL_CLOUD_OPS_ADDRESS", hide_env = true, hide = true, value_name = "HOST:PORT", help_heading = HEADING)]
    cloud_ops_address: Option<String>,
}

impl ConnectionFlags {
    /// Settings of the source, then of the target.
    pub fn settings(&self) -> Result<(ConnectionSettings, ConnectionSettings), Problem> {
        let file = self.config_file.as_ref();
        let mut target = self.target.settings(file)?;
        let given = self.cloud_ops_api_key.is_some() || self.cloud_ops_address.is_some();
        target.cloud_ops = given.then(|| CloudOpsSettings {
            api_key: self.cloud_ops_api_key.clone().map(Secret),
            address: self.cloud_ops_address.clone(),
            ..CloudOpsSettings::default()
        });
        Ok((self.source.settings(file)?, target))
    }
}

/// The part of a value that is safe to repeat in an error: metadata may hold tokens.
fn head(text: &str) -> String {
    text.chars().take(4).collect()
}
