//! Against the real thing: dev servers of the official CLI on loopback.

mod audit;
mod ground;
#[path = "../support/mod.rs"]
mod support;
