//! Reports: pages, terminal, documents, and the formats of other tools.

#[path = "render/cards.rs"]
mod cards;
mod formats;
mod render;
