//! Comments in the code that accept a finding for a while.

use super::{card, expect, forgotten, service};
use crate::check::git::Repo;

/// A weekly job whose start carries a comment.
fn weekly(comment: &str) -> Repo {
    let repo = service();
    let text = forgotten("Weekly").replace("\t_, _ = c.Execute", &format!("\t{comment}\n\t_, _ = c.Execute"));
    repo.write("jobs/weekly/main.go", &text);
    repo
}

const REF: [&str; 4] = ["--baseline-ref", "main", "--at", "2026-11-21"];
const GOOD: &str = "// preflight: ignore[starter-outside-factory] until=2026-12-31 -- moves with OPS-812";

#[test]
fn a_comment_accepts_the_finding_below_it_until_its_day() {
    let repo = weekly(GOOD);
    expect(&repo, &REF, 0, &["GO WITH CONDITIONS", "1 finding accepted: 1 by a comment in the code", "--no-ignores"]);
    let found = card(&repo, &REF);
    let waived = found["waivers"][0].clone();
    assert_eq!(waived["state"], "used");
    assert_eq!(waived["waiver"]["reason"], "moves with OPS-812");
    assert_eq!(waived["waiver"]["place"]["line"], 19);
    // The reviewer sees what is behind it, and after its day everybody does.
    expect(&repo, &[&REF[..], &["--no-ignores"]].concat(), 1, &["NO-GO", "starts `WeeklyWorkflow`"]);
    expect(
        &repo,
        &["--baseline-ref", "main", "--at", "2027-01-01"],
        1,
        &["NO-GO", "waiver-expired", "jobs/weekly/main.go:19", "ended on 2026-12-31 (moves with OPS-812)"],
    );
}

#[test]
fn at_the_end_of_a_line_it_speaks_of_the_line() {
    let repo = service();
    let text = forgotten("Weekly").replace("\"WeeklyWorkflow\")", &format!("\"WeeklyWorkflow\") {GOOD}"));
    assert!(text.contains(GOOD));
    repo.write("jobs/weekly/main.go", &text);
    expect(&repo, &REF, 0, &["GO WITH CONDITIONS"]);
}

#[test]
fn a_comment_that_lacks_something_accepts_nothing_and_says_so() {
    for (comment, says) in [
        ("// preflight: ignore[starter-outside-factory] until=2026-12-31", "it has no reason"),
        ("// preflight: ignore[starter-outside-factory] -- moves later", "it has no last day"),
        ("// preflight: ignore -- moves later", "it names no rule"),
        ("// preflight: ignore[starter-outside-factory] until=soon -- later", "`soon` is no day"),
    ] {
        expect(
            &weekly(comment),
            &REF,
            1,
            &["ignore-invalid", "jobs/weekly/main.go:19", says, "starts `WeeklyWorkflow`"],
        );
    }
}

#[test]
fn a_comment_that_covers_nothing_is_a_finding_at_its_line() {
    let at = "jobs/weekly/main.go:19";
    for (rule, says) in [
        ("starter-outside-factroy", "there is no rule of this name"),
        ("order-by", "finds nothing in the code it stands at"),
    ] {
        let comment = GOOD.replace("starter-outside-factory", rule);
        expect(&weekly(&comment), &REF, 1, &["waiver-unused", at, says]);
    }
    // A rule that is asked at other gates only is not unused here.
    let other = GOOD.replace("starter-outside-factory", "deprecated-list-api");
    let text = expect(&weekly(&other), &REF, 1, &["starts `WeeklyWorkflow`"]);
    assert!(!text.contains("waiver-unused"), "{text}");
}

#[test]
fn waivers_of_the_file_are_taken_and_those_of_other_gates_left_alone() {
    let repo = weekly("// nothing to say");
    // What people decided before the change.
    repo.commit("weekly");
    repo.git(&["checkout", "--quiet", "main"]);
    let plan = repo.read("preflight.yaml");
    repo.write("preflight.yaml", &format!("{plan}waivers: waivers.yaml\nattestations: attestations.yaml\n"));
    repo.write(
        "waivers.yaml",
        "- {rule: starter-outside-factory, where: jobs/weekly/, reason: OPS-812, owner: Ann, until: 2026-12-31}\n\
         - {rule: schedule-gap, reason: OPS-813, owner: Ann, until: 2026-12-31}\n",
    );
    repo.write("attestations.yaml", "- {id: rehearsal, by: Ann, date: 2026-11-12, valid_until: 2026-12-31}\n");
    repo.commit("decided");
    repo.git(&["checkout", "--quiet", "change"]);
    repo.git(&["merge", "--quiet", "-m", "decided", "main"]);
    let text = expect(&repo, &REF, 0, &["GO WITH CONDITIONS", "1 by the waivers file"]);
    assert!(!text.contains("unused"), "{text}");
    expect(&repo, &[&REF[..], &["--no-ignores"]].concat(), 1, &["NO-GO"]);
}
