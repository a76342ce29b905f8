//! The bundled example company and the dev servers it runs on.

pub mod server;

pub use server::{DevServer, find_cli};
