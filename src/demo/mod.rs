//! The bundled example company and the dev servers it runs on.
