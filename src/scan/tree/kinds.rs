//! Kinds of files, by their names: what may hold code, settings or command lines, and what a person reads.

use crate::scan::{lang, sdks};

/// What a file is to a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text that may hold code or command lines.
    Text,
    /// Text for readers.
    Prose,
    /// Pictures, archives, compiled code, and data in which no command is given.
    Other,
}

/// Endings of text for readers.
const PROSE: [&str; 9] = ["md", "mdx", "markdown", "rst", "adoc", "asciidoc", "org", "tex", "textile"];

/// Endings of files that hold no code and no command.
const OTHER: [&str; 75] = [
    "png", "jpg", "jpeg", "gif", "bmp", "ico", "icns", "webp", "avif", "tiff", "svg", "pdf", "psd", "ai", "eps", "mp3",
    "mp4", "wav", "ogg", "webm", "mov", "avi", "woff", "woff2", "ttf", "otf", "eot", "zip", "gz", "tgz", "bz2", "xz",
    "zst", "7z", "rar", "tar", "jar", "war", "whl", "egg", "gem", "nupkg", "class", "pyc", "pyo", "o", "a", "so",
    "dylib", "dll", "exe", "wasm", "bin", "dat", "db", "sqlite", "parquet", "avro", "pkl", "npy", "onnx", "pb", "css",
    "scss", "sass", "less", "map", "snap", "lock", "sum", "csv", "tsv", "patch", "diff", "proto",
];

/// Names of text for readers that has no ending.
const READ: [&str; 8] = ["README", "CHANGELOG", "LICENSE", "LICENCE", "NOTICE", "AUTHORS", "CONTRIBUTING", "COPYING"];

/// The kind of a file of this name.
pub fn kind_of(name: &str) -> Kind {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    if PROSE.contains(&ending.as_str()) || READ.contains(&name) {
        return Kind::Prose;
    }
    if OTHER.contains(&ending.as_str()) { Kind::Other } else { Kind::Text }
}

/// A file that is there for keys and certificates.
pub fn is_key_file(name: &str) -> bool {
    matches!(name.rsplit_once('.'), Some((_, "pem" | "key" | "p8" | "pk8" | "crt" | "cer" | "cert")))
}

/// Whether a scan reads files of this name, or goes by their being there.
pub fn wants(name: &str) -> bool {
    kind_of(name) == Kind::Text
        || lang::FRONT_ENDS.iter().any(|front| front.is_manifest(name))
        || is_key_file(name)
        || sdks::is_lock(name)
        // It tells a folder of vendored packages.
        || name == "modules.txt"
}
