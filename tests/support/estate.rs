//! The example company, behind mTLS and mended, for the tests that judge it live.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use temporal_preflight::demo::estate::{REFERENCE_DAY, shift_dates};

/// Put the mended files over an unpacked estate: code, plan and attestations, with dates laid around `today`.
/// Certificates are left alone. The `source:` and `target:` lines of the plan stay as they are.
pub fn mend(root: &Path, today: Date) {
    let mended = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/estate-mended");
    let connections = connections(&std::fs::read_to_string(root.join("preflight.yaml")).expect("the plan"));
    for entry in walkdir::WalkDir::new(&mended) {
        let entry = entry.expect("a readable fixture");
        let relative = entry.path().strip_prefix(&mended).expect("below the fixture");
        let place = root.join(relative);
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&place).expect("a folder");
        } else if !relative.starts_with("certs") {
            let text = std::fs::read_to_string(entry.path()).expect("a text");
            let text = match relative.extension().and_then(|e| e.to_str()) {
                Some("yaml") => shift_dates(&text, (today - REFERENCE_DAY).get_days()),
                _ => text,
            };
            std::fs::write(&place, text).expect("write a mended file");
        }
    }
    connect(root, &connections[0], &connections[1]);
}

/// Replace the `source:` and `target:` lines of the plan.
pub fn connect(root: &Path, source: &str, target: &str) {
    let path: PathBuf = root.join("preflight.yaml");
    let plan = std::fs::read_to_string(&path).expect("the plan");
    let [old_source, old_target] = connections(&plan);
    std::fs::write(&path, plan.replace(&old_source, source).replace(&old_target, target)).expect("write the plan");
}

/// The `source:` and `target:` lines of a plan.
pub fn connections(plan: &str) -> [String; 2] {
    ["source: ", "target: "].map(|key| plan.lines().find(|l| l.starts_with(key)).expect("a connection").to_owned())
}
