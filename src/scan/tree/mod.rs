//! Which files of a tree count: what git tracks, and what nobody told git to ignore.

mod ignored;
mod kinds;
mod lacking;
mod members;
mod vendored;

pub use kinds::{Kind, is_key_file, kind_of, wants};
pub use lacking::lacking;
pub use members::{Members, Standing};
pub use vendored::left_out;
