//! A change never judges itself: its edits of factories, roots, exclusions, waivers and attestations do not count for it.

use super::{Repo, card, expect, forgotten, service};
use serde_json::Value;

const CONFIGURED: &str = "version: 1\nname: pay\ncode: {factories: [\"worker/connection.go:NewTemporalClient\"]}\n";

/// The messages of `configuration-changed`.
fn edits(card: &Value) -> Vec<String> {
    let checks = card["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["rule"] == "configuration-changed");
    let findings = check.into_iter().flat_map(|check| check["findings"].as_array().unwrap());
    findings.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect()
}

/// The service with a new forgotten starter, and an edit of what it would be judged by.
fn with(edit: &[(&str, &str)]) -> Repo {
    let repo = service();
    repo.write("jobs/evil/main.go", &forgotten("Evil"));
    for (path, text) in edit {
        repo.write(path, text);
    }
    repo.commit("a job");
    repo
}

#[test]
fn a_change_does_not_write_its_own_judge() {
    let with_code = |code: &str| CONFIGURED.replace("]}", &format!("]{code}}}"));
    let waiver = "- {rule: starter-outside-factory, reason: it is fine, owner: Ann Lee, until: 2099-12-31}\n\
                  - {rule: client-outside-factory, reason: it is fine, owner: Ann Lee, until: 2099-12-31}\n";
    let word = "- {id: starters-reviewed, by: Ann Lee, date: 2026-01-01, valid_until: 2099-12-31, link: \"https://x.example\"}\n";
    /// What happens, the files that are edited, and what is said of it.
    type Case<'a> = (&'a str, Vec<(&'a str, String)>, &'a str);
    let cases: [Case<'_>; 8] = [
        (
            "the new starter is a factory",
            vec![("preflight.yaml", CONFIGURED.replace("\"]", "\", \"jobs/evil/main.go:main\"]"))],
            "`code.factories`: adds `jobs/evil/main.go:main`",
        ),
        (
            "only another folder is scanned",
            vec![("preflight.yaml", with_code(", roots: [worker]"))],
            "`code.roots`: adds `worker`",
        ),
        (
            "its folder is excluded",
            vec![("preflight.yaml", with_code(", exclude: [\"jobs/**\"]"))],
            "`code.exclude`: adds `jobs/**`",
        ),
        (
            "it is excluded with a reason",
            vec![("preflight.yaml", with_code(", exclude: [{glob: \"jobs/**\", reason: old}]"))],
            "`code.exclude`: adds `jobs/**`",
        ),
        (
            "it is waived",
            vec![
                ("preflight.yaml", format!("{CONFIGURED}waivers: waivers.yaml\n")),
                ("waivers.yaml", waiver.to_owned()),
            ],
            "waivers: adds `starter-outside-factory` by Ann Lee until 2099-12-31",
        ),
        (
            "somebody vouches",
            vec![("preflight.yaml", format!("{CONFIGURED}attestations: a.yaml\n")), ("a.yaml", word.to_owned())],
            "attestations: adds `starters-reviewed` by Ann Lee",
        ),
        (
            "another strategy",
            vec![("preflight.yaml", format!("{CONFIGURED}strategy: automated\n"))],
            "`strategy`: automated instead of manual",
        ),
        (
            "a rehearsal",
            vec![("preflight.yaml", format!("{CONFIGURED}target: {{kind: rehearsal}}\n"))],
            "`target.kind`: rehearsal instead of cloud",
        ),
    ];
    for (name, edit, says) in cases {
        let edit: Vec<(&str, &str)> = edit.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let repo = with(&edit);
        let text = expect(&repo, &["--baseline-ref", "main"], 1, &["jobs/evil/main.go"]);
        let said = edits(&card(&repo, &["--baseline-ref", "main"]));
        assert!(said.iter().any(|message| message.contains(says)), "{name}: {said:?}\n{text}");
    }
}

#[test]
fn the_edit_alone_is_a_condition_and_counts_once_it_has_landed() {
    let repo = service();
    let factories = CONFIGURED.replace("\"]", "\", \"jobs/nightly/main.go:main\"]");
    repo.write("preflight.yaml", &factories);
    repo.commit("another factory");
    expect(&repo, &["--baseline-ref", "main"], 0, &["GO WITH CONDITIONS", "configuration-changed", "code.factories"]);
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&["merge", "--quiet", "change"]);
    repo.branch("next");
    let after = card(&repo, &["--baseline-ref", "main"]);
    assert!(edits(&after).is_empty(), "{after}");
    assert_eq!(after["plan"]["factories"].as_array().unwrap().len(), 2);
}

#[test]
fn a_first_or_removed_configuration_is_told_too() {
    let repo = Repo::new();
    repo.write("go.mod", "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n");
    repo.write("worker/connection.go", super::FACTORY);
    repo.write("cmd/api/main.go", super::STARTER);
    repo.commit("before");
    repo.branch("change");
    repo.write("preflight.yaml", CONFIGURED);
    repo.commit("configured");
    let said = edits(&card(&repo, &["--baseline-ref", "main"]));
    assert!(said.iter().any(|message| message.contains("code.factories")), "{said:?}");

    let repo = service();
    std::fs::remove_file(repo.path().join("preflight.yaml")).unwrap();
    repo.write("jobs/evil/main.go", &forgotten("Evil"));
    repo.commit("without");
    expect(
        &repo,
        &["--baseline-ref", "main"],
        1,
        &["jobs/evil/main.go", "removes `worker/connection.go:NewTemporalClient`"],
    );
}

#[test]
fn what_git_ignores_is_not_part_of_the_change() {
    let repo = Repo::new();
    repo.write("go.mod", "module example.com/pay\n\ngo 1.24\n\nrequire go.temporal.io/sdk v1.37.0\n");
    repo.write("worker/connection.go", super::FACTORY);
    repo.write("cmd/api/main.go", super::STARTER);
    repo.write(".gitignore", "/preflight.yaml\n");
    repo.commit("before");
    repo.branch("change");
    // A CI job that brings its own configuration.
    repo.write("preflight.yaml", CONFIGURED);
    let card = card(&repo, &["--baseline-ref", "main"]);
    assert!(edits(&card).is_empty(), "{card}");
    assert_eq!(card["plan"]["factories"].as_array().unwrap().len(), 1);
}

/// What is left out is named in every report, and wants a reason.
#[test]
fn code_that_is_left_out_wants_a_reason_and_is_named_with_it() {
    let repo = service();
    let with = |exclude: &str| {
        repo.write("preflight.yaml", &CONFIGURED.replace("]}", &format!("], exclude: [{exclude}]}}")));
        let text = expect(&repo, &[], 0, &[]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let bare = with("\"jobs/**\"");
    assert!(bare.contains("GO WITH CONDITIONS") && bare.contains("languages-not-analysed"), "{bare}");
    assert!(bare.contains("(no reason given): 1 file that names Temporal: `jobs/nightly/main.go`"), "{bare}");
    let reasoned = with("{glob: \"jobs/**\", reason: \"retired in March, OPS-900\"}");
    assert!(!reasoned.contains("languages-not-analysed"), "{reasoned}");
    assert!(
        reasoned.contains("(`jobs/**`: retired in March, OPS-900): 1 file that names Temporal: `jobs/nightly/main.go`"),
        "{reasoned}"
    );
}
