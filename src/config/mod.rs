//! What the user wrote: `preflight.yaml`, attestations, waivers. Unknown keys are refused, with a caret.

pub mod connection;

pub use connection::{ConnectionSettings, Secret};
