//! Rebuild when a rule, a report template or the demonstration company appears or disappears: they are embedded by folder.

fn main() {
    for folder in ["rules", "templates", "fixtures/estate"] {
        if std::path::Path::new(folder).exists() {
            println!("cargo:rerun-if-changed={folder}");
        }
    }
    println!("cargo:rerun-if-changed=build.rs");
}
