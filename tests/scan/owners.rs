//! Owners of files, where `CODEOWNERS` names them.

use temporal_preflight::facts::code::CodeFacts;
use temporal_preflight::scan::{ScanOptions, merge, scan};

use crate::tree::{HEAD, START, Tree};

fn code() -> Vec<u8> {
    [HEAD, START].concat().into_bytes()
}

fn owner<'f>(facts: &'f CodeFacts, path: &str) -> Option<&'f str> {
    facts.owners.get(path).map(String::as_str)
}

#[test]
fn every_checkout_has_owners_of_its_own() {
    let code = code();
    let tree = Tree::new(&[
        ("billing/.git/HEAD", b"ref: refs/heads/main\n"),
        ("billing/.github/CODEOWNERS", b"* @billing\njobs/ @night\n"),
        ("billing/jobs/close.go", &code),
        ("billing/api.go", &code),
        ("space/.git/HEAD", b"ref: refs/heads/main\n"),
        ("space/main.go", &code),
        ("docs/CODEOWNERS", b"* @everything\n"),
        ("loose/docs/start.go", &code),
    ]);
    let facts = tree.scan();
    assert_eq!(owner(&facts, "billing/jobs/close.go"), Some("@night"));
    assert_eq!(owner(&facts, "billing/api.go"), Some("@billing"));
    assert_eq!(owner(&facts, "space/main.go"), None, "a repository without owners");
    assert_eq!(owner(&facts, "loose/docs/start.go"), Some("@everything"));
}

#[test]
fn a_folder_of_a_repository_is_owned_as_the_repository_says_and_nobody_above_it_is_asked() {
    let code = code();
    let tree = Tree::new(&[
        ("CODEOWNERS", b"* @outside\n"),
        ("repo/.git/HEAD", b"ref: refs/heads/main\n"),
        ("repo/CODEOWNERS", b"* @all\n/services/pay/ @pay\n"),
        ("repo/services/pay/start.go", &code),
        ("other/start.go", &code),
    ]);
    let of = |folder: &str| scan(&tree.0.path().join(folder), &ScanOptions::default()).unwrap();
    let part = of("repo/services");
    assert_eq!(owner(&part, "pay/start.go"), Some("@pay"));
    assert_eq!(owner(&of("repo/../other"), "start.go"), None, "the folder above is not that of the name");
    let other = of("other");
    assert_eq!(owner(&other, "start.go"), None);
    let roots = [part.repository.root.clone(), other.repository.root.clone()];
    let both = merge(vec![part, other]);
    assert_eq!(owner(&both, &format!("{}/pay/start.go", roots[0])), Some("@pay"));
}
