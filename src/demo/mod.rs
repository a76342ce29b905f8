//! The bundled example company and the dev servers it runs on.
//!
//! [`recorded`] needs nothing but this binary; [`prepare_live`] needs the `temporal` CLI. Everything that is written
//! to a server is written by that CLI: this crate has no call that could.

mod certificates;
pub mod estate;
mod files;
mod live;
mod recorded;
mod seed;

pub use live::{LiveEstate, prepare_live};
pub use recorded::{RecordedEstate, recorded};
