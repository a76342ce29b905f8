//! Cluster → [`ClusterSnapshot`](crate::facts::cluster::ClusterSnapshot); read-only by construction.
//!
//! ```text
//! settings + temporal.toml ─profile─▶ Connection ─session─▶ ladder, channel
//!                                                              │ read_only: only reads leave, paced and counted
//!                          ClusterSnapshot ◀─ one file per fact ┘
//! ```
//!
//! A probe never fails as a whole: what could not be learned is in the snapshot as unknown, with the reason.
//! Its cost follows the number of namespaces, types, queues and schedules, never the number of executions.
//!
//! [`session`] is all that talks to a cluster, and the only part that knows the wire: without the feature `cluster` it is
//! not built. The rest reads files: connections, certificates, and stored snapshots.

pub mod certificates;
pub mod connection;
pub mod merge;
pub mod profile;
pub mod redact;
#[cfg(feature = "cluster")]
pub mod session;
pub mod settings;
pub mod snapshot;

pub use connection::Connection;
#[cfg(feature = "cluster")]
pub use session::{LaterQueues, OpenElsewhere, ProbeOptions, Progress, look_for_ids, probe, reads};
