//! Cluster → [`ClusterSnapshot`](crate::facts::cluster::ClusterSnapshot); read-only by construction.
