//! A person copies the command of a finding and runs it: every one that a rule prints is read by the program it names.

use crate::support;

use std::collections::BTreeSet;

use support::commands::Reader;
use temporal_preflight::devserver::isolated;
use temporal_preflight::rules::{load, selftest};
use temporal_preflight::scorecard::Check;

/// Commands of a check, with its rule.
fn commands(check: &Check) -> impl Iterator<Item = (String, String)> + '_ {
    let steps = check.findings.iter().flat_map(|finding| &finding.remedy);
    steps.filter_map(|step| Some((step.command.clone()?, check.rule.clone())))
}

#[test]
fn every_command_of_a_rule_is_understood_by_its_program() {
    let Ok(reader) = Reader::new() else { return };
    let (catalogue, _) = load::embedded();
    let cases = catalogue.rules.iter().flat_map(|rule| rule.tests.iter().map(move |test| selftest::check(rule, test)));
    let all: BTreeSet<(String, String)> = cases.flat_map(|check| commands(&check).collect::<Vec<_>>()).collect();
    let with_command = catalogue.rules.iter().filter(|r| r.remedy.iter().any(|s| s.command.is_some()));
    let seen: BTreeSet<&str> = all.iter().map(|(_, rule)| rule.as_str()).collect();
    let silent: Vec<&str> = with_command.map(|r| r.id.as_str()).filter(|id| !seen.contains(id)).collect();
    assert!(silent.is_empty(), "no test case of these prints their command: {silent:?}");
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|(command, rule)| Some(format!("{rule}: {command}\n    {}", reader.refusal(command)?)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_mistake_in_a_command_is_noticed() {
    let Ok(reader) = Reader::new() else { return };
    for (command, says) in [
        ("temporal workflow list --quer x", "unknown flag: --quer"),
        ("temporal schedule toggle --pause --reason x", "required flag(s) \"schedule-id\" not set"),
        ("temporal operator search-attribute create --name x --type Keywort", "invalid argument \"Keywort\""),
        ("temporal schedules list", "unknown"),
        ("tcld namespace retention set -n a.b --retention-day 3", "has no flag `--retention-day`"),
        ("tcld namespace retention set -n a.b", "needs --retention-days"),
        ("tcld namespace search-attributes add -n a.b --sa X=Keywort", "does not take `X=Keywort`"),
        ("tcld namespace retention -n a.b", "has no command"),
        ("'tcld namespace get -n a.b'", "not found"),
        ("temporal-preflight probe --sides source", "unexpected argument"),
        ("openssl x509 -in x -nout", "has no flag `-nout`"),
        ("echo nothing", "calls no program"),
        ("temporal workflow list --query 'x", "the shell says"),
    ] {
        let refusal = reader.refusal(command).unwrap_or_else(|| panic!("{command} was taken"));
        assert!(refusal.contains(says), "{command}: {refusal}");
    }
    for command in
        ["temporal workflow list --query \"x = 'y'\"", "tcld namespace get -n a.b", "temporal-preflight rules"]
    {
        assert_eq!(reader.refusal(command), None, "{command}");
    }
}

/// The official CLI puts options that are its own, too, before the command.
#[test]
fn the_official_cli_runs_it_with_the_same_flags() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_temporal-preflight"));
    let path = std::env::join_paths([binary.parent().unwrap(), cli.parent().unwrap()]).unwrap();
    let run = |program: &std::path::Path, first: &[&str]| {
        let mut command = isolated(program);
        command.env("PATH", &path).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/estate"));
        command.args(first).args(["check", ".", "--at", "2026-11-20T08:00:00Z", "-o", "json", "--color", "never"]);
        let output = command.output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, report) = run(binary, &[]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(run(&cli, &["preflight"]), (code, report));
}
