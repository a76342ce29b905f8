//! Against the real thing: dev servers of the official CLI on loopback.

mod audit;
mod demo;
mod ground;
mod ids;
mod lies;
