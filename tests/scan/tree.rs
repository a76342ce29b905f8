//! Trees that a test writes itself.

use temporal_preflight::facts::code::{CodeFacts, Kind};
use temporal_preflight::scan::{ScanOptions, scan};

/// A tree in a temporary folder.
pub struct Tree(pub tempfile::TempDir);

impl Tree {
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, bytes) in files {
            let path = tree.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        tree
    }

    pub fn scan(&self) -> CodeFacts {
        scan(self.0.path(), &ScanOptions::default()).unwrap()
    }
}

pub const HEAD: &str = "package a\n\nimport \"go.temporal.io/sdk/client\"\n\n";
pub const START: &str =
    "func f(c client.Client) {\n\tc.ExecuteWorkflow(nil, client.StartWorkflowOptions{}, \"W\")\n}\n";

pub fn starts(facts: &CodeFacts) -> usize {
    facts.sites.iter().filter(|s| s.kind == Kind::Start).count()
}
