//! Against real servers: the probe, the commands that remedies name, and the whole way on two dev servers.

mod commands;
mod live;
mod probe;
#[path = "../support/mod.rs"]
mod support;
