//! What to ask beside the cluster itself: settings resolved, and nothing dialled.

pub mod cloud_ops;
pub mod prometheus;
