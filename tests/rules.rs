//! Rules as a user meets them: the catalogue in the binary proves itself, a private pack is added to it, and a
//! broken rule is refused with its place.

use std::path::Path;

use temporal_preflight::rules::selftest::{self, Result};
use temporal_preflight::rules::{Catalogue, load};

fn assert_green(catalogue: &Catalogue) {
    let failed: Vec<String> = selftest::run(catalogue)
        .into_iter()
        .filter(|t| t.result != Result::Ok)
        .map(|t| format!("{} · {}: {}: {}", t.rule, t.test, t.result.word(), t.detail))
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

fn rendered(problems: &[temporal_preflight::ui::Problem]) -> String {
    problems.iter().map(|p| format!("{p}\n")).collect()
}

#[test]
fn every_rule_of_the_binary_loads_and_proves_itself() {
    let (catalogue, problems) = load::embedded();
    assert!(problems.is_empty(), "\n{}", rendered(&problems));
    assert_green(&catalogue);
}

#[test]
fn a_private_pack_is_added_and_proves_itself() {
    let (pack, problems) = load::folder(Path::new("fixtures/rules/pack"));
    assert!(problems.is_empty(), "\n{}", rendered(&problems));
    assert_eq!(pack.rules.len(), 3);
    assert_green(&pack);
    let all = load(&["fixtures/rules/pack"]).unwrap();
    assert_eq!(all.rules.len(), load::embedded().0.rules.len() + 3);
    assert!(all.rules.is_sorted_by_key(|r| (&r.area, &r.id)));
}
