//! The example company at the end of its move: everything mended, the source drained.

use std::path::Path;

use serde_json::Value;
use temporal_preflight::demo::estate::{REFERENCE_DAY, unpack};
use temporal_preflight::demo::recorded;
use temporal_preflight::facts::{Facts, Known};
use temporal_preflight::scan::{ScanOptions, scan};
use temporal_preflight::{config, probe};

use crate::support::estate::mend;

/// Source tree and files, in a folder of their own.
pub struct Company {
    folder: tempfile::TempDir,
}

impl Company {
    /// Unpacked, and mended.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        unpack(folder.path(), REFERENCE_DAY).expect("the estate");
        mend(folder.path(), REFERENCE_DAY);
        let certificate = Path::new("fixtures/estate-mended/certs/payments-worker.pem");
        std::fs::copy(certificate, folder.path().join("certs/payments-worker.pem")).expect("a new certificate");
        Self { folder }
    }

    /// Unpacked, with everything that is wrong in it.
    pub fn as_it_was() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        unpack(folder.path(), REFERENCE_DAY).expect("the estate");
        Self { folder }
    }

    /// Replace a file of the tree by the one of the estate before it was mended (`as it was`), by nothing (`gone`), or by a text.
    pub fn write(&self, path: &str, text: &str) {
        let place = self.folder.path().join(path);
        let text = match text {
            "as it was" => {
                std::fs::read_to_string(Path::new("fixtures/estate").join(path)).expect("a file of the estate")
            }
            "gone" => return std::fs::remove_file(place).expect("a file of the estate"),
            text => text.to_owned(),
        };
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        std::fs::write(place, text).expect("a file");
    }

    /// What can be learned of it, as a document. The clusters are those of the recording.
    pub fn facts(&self) -> Value {
        let root = self.folder.path();
        let elsewhere = tempfile::tempdir().expect("a folder");
        let clusters = recorded(elsewhere.path()).expect("the recording");
        let preflight = config::preflight::load(&root.join("preflight.yaml")).expect("the plan");
        let options = ScanOptions { factories: preflight.plan.factories.clone(), ..ScanOptions::default() };
        let mut certificates: Vec<_> = preflight
            .certificates
            .iter()
            .flat_map(|path| probe::certificates::read_path(&path.display().to_string()))
            .collect();
        for file in &mut certificates {
            file.path = file.path.trim_start_matches(&format!("{}/", root.display())).to_owned();
        }
        let attestations = preflight.attestations.as_deref().expect("attestations");
        let facts = Facts {
            at: clusters.at,
            plan: preflight.plan.clone(),
            code: Known::Known(scan(root, &options).expect("a scan")),
            source: Known::Known(clusters.source),
            target: Known::Known(clusters.target),
            certificates: Known::Known(certificates),
            attestations: Known::Known(config::attestations::load(attestations).expect("attestations")),
        };
        serde_json::to_value(facts).expect("a document")
    }
}
