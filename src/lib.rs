//! `temporal-preflight`: may this team move from a self-hosted Temporal cluster to Temporal Cloud?
//!
//! The map of the house; data flows one way, left to right:
//!
//! ```text
//! scan ──▶ CodeFacts ────────┐
//! probe ─▶ ClusterSnapshot ×2┼─▶ facts::Facts ─▶ rules ─▶ judge ─▶ Scorecard ─▶ render
//! config ▶ plan, attestations┘        (compare)
//! ```
//!
//! [`facts`] is the vocabulary of evidence and knows nobody, [`scorecard`] the vocabulary of decisions and knows only it. [`scan`] and [`probe`] look at the outside, [`compare`], [`drain`],
//! [`rules`] and [`judge`] are pure, [`render`] only reads the scorecard. [`cli`] wires them together and
//! [`ui`] holds what every room needs to speak to a person: errors with a place and a remedy.

#![forbid(unsafe_code)]
// Without the wire, files still describe connections, and nobody dials them.
#![cfg_attr(not(feature = "cluster"), allow(dead_code))]

pub mod cli;
pub mod compare;
pub mod config;
#[cfg(feature = "cluster")]
pub mod demo;
#[cfg(feature = "cluster")]
pub mod devserver;
pub mod drain;
pub mod facts;
pub mod judge;
pub mod probe;
pub mod render;
pub mod rules;
pub mod scan;
pub mod scorecard;
pub mod ui;
