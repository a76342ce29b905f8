//! What a change adds to what was there before.
//!
//! A finding that stood before is found again by its fingerprint, which holds no line; then by its place and its
//! words, because a file may be renamed, a call may be broken over other lines, and a function may move to another
//! file. Each former finding answers for one: a copy of a forgotten starter is a new one.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Locus;
use crate::facts::code::CodeFacts;
use crate::scorecard::builtin;
use crate::scorecard::{Baseline, Certainty, Check, Finding, Outcome};

/// The judgement of what was there before a change.
#[derive(Debug, Clone, Default)]
pub struct BaselineFacts {
    /// What it is, in words: `main at 1a2b3c4`, `report.json`.
    pub source: String,
    /// The commit, when it is one.
    pub commit: Option<String>,
    /// Its checks.
    pub checks: Vec<Check>,
    /// Files it could not read, by their former names.
    pub unread: BTreeSet<String>,
    /// Former path → path now.
    pub renamed: BTreeMap<String, String>,
    /// Files whose content the change edits, by their names now; none when that is not known.
    pub edited: Option<BTreeSet<String>>,
    /// Files it could not read, by their former names → SHA-256 of what they held.
    pub digests: BTreeMap<String, String>,
}

impl BaselineFacts {
    /// The name a file has now.
    fn now<'p>(&'p self, path: &'p str) -> &'p str {
        self.renamed.get(path).map_or(path, String::as_str)
    }

    /// Whether the change can have edited a file that is not read, by its name now.
    fn may_edit(&self, path: &str, code: &CodeFacts) -> bool {
        match &self.edited {
            Some(edited) => edited.contains(path),
            None => {
                let digest = code.coverage.unread_digests.get(path);
                digest.is_none() || digest != self.digests.get(path)
            }
        }
    }

    /// Whether it is known what the file held before.
    fn knows(&self, path: &str) -> bool {
        self.edited.is_some() || self.digests.contains_key(path)
    }
}

/// Tell what is known from what is new.
pub(super) fn compare(checks: &[Check], code: Option<&CodeFacts>, former: &BaselineFacts) -> Baseline {
    let unread = code.map(|c| c.coverage.unread()).unwrap_or_default();
    let may_edit = |path: &str| code.is_none_or(|code| former.may_edit(path, code));
    let unread_before: BTreeSet<&str> = former.unread.iter().map(|path| former.now(path)).collect();
    // What a change did to a file that cannot be read, nobody has seen.
    let unseen = unread.iter().any(|path| !unread_before.contains(path) || may_edit(path));
    let mut baseline = Baseline {
        source: former.source.clone(),
        commit: former.commit.clone(),
        known: BTreeSet::new(),
        known_gaps: BTreeSet::new(),
        fixed: vec![],
        notes: notes(code, former, &unread, &unread_before),
    };
    for check in checks {
        let before = former.checks.iter().find(|c| c.rule == check.rule);
        let Some(before) = before else { continue };
        let gap = |c: &Check| !c.complete || (c.findings.is_empty() && c.outcome == Outcome::Unknown);
        let as_before = gap(before) && before.why == check.why;
        if !unseen && (as_before || !check.broken) {
            baseline.known_gaps.insert(check.rule.clone());
        }
        let mut left: Vec<&Finding> = before.findings.iter().collect();
        let mut open: Vec<&Finding> = check.findings.iter().collect();
        for same in TIERS {
            open.retain(|finding| {
                let found = left.iter().position(|old| no_worse(finding, old) && same(finding, old, former));
                if let Some(at) = found {
                    left.swap_remove(at);
                    baseline.known.insert(finding.fingerprint.clone());
                }
                found.is_none()
            });
        }
        if builtin::get(&check.rule).is_some() {
            // An entry of waivers that covers nothing before a change is about the change.
            continue;
        }
        // What was a doubt and is a failure now has got worse; it is not mended as well.
        left.retain(|old| !check.findings.iter().any(|f| f.fingerprint == old.fingerprint));
        let hidden = |old: &&&Finding| source(old).is_some_and(|s| unread.contains(former.now(s.path)));
        baseline.fixed.extend(left.iter().filter(|old| !hidden(old)).map(|old| (*old).clone()));
    }
    baseline
}

/// A proven finding is more than the doubt that stood before.
fn no_worse(now: &Finding, before: &Finding) -> bool {
    now.certainty == before.certainty || before.certainty == Certainty::Fail
}

/// Ways in which two findings of a rule may be the same, the surest first.
const TIERS: [fn(&Finding, &Finding, &BaselineFacts) -> bool; 5] = [
    |now, before, _| now.fingerprint == before.fingerprint,
    // The file has another name, or another finding before it is gone.
    |now, before, former| here(now, before, former) && snippet(now).is_some() && snippet(now) == snippet(before),
    // The call is written otherwise.
    |now, before, former| here(now, before, former) && words(now) == words(before),
    // The function has moved to another file.
    |now, before, _| {
        snippet(now).is_some()
            && snippet(now) == snippet(before)
            && function(now) == function(before)
            && words(now) == words(before)
    },
    // The call has moved to another function of the file.
    |now, before, former| {
        path(now).is_some()
            && path(now) == path(before).map(|p| former.now(p))
            && snippet(now).is_some()
            && snippet(now) == snippet(before)
    },
];

/// The same file and function.
fn here(now: &Finding, before: &Finding, former: &BaselineFacts) -> bool {
    path(now).is_some() && path(now) == path(before).map(|p| former.now(p)) && function(now) == function(before)
}

/// The place in the code a finding is about.
struct Source<'f> {
    path: &'f str,
    function: Option<&'f str>,
    snippet: Option<&'f str>,
}

fn source(finding: &Finding) -> Option<Source<'_>> {
    match finding.evidence.first()? {
        Locus::Source { path, function, snippet, .. } => {
            Some(Source { path, function: function.as_deref(), snippet: snippet.as_deref() })
        }
        Locus::File { path, .. } => Some(Source { path, function: None, snippet: None }),
        Locus::Live { .. } | Locus::Attested { .. } => None,
    }
}

fn path(finding: &Finding) -> Option<&str> {
    source(finding).map(|s| s.path)
}

fn function(finding: &Finding) -> Option<&str> {
    source(finding).and_then(|s| s.function)
}

/// The line of code without its spaces.
fn snippet(finding: &Finding) -> Option<String> {
    Some(source(finding)?.snippet?.chars().filter(|c| !c.is_whitespace()).collect())
}

/// The message without paths and line numbers.
fn words(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    for locus in &finding.evidence {
        if let Locus::Source { path, .. } | Locus::File { path, .. } = locus
            && !path.is_empty()
        {
            text = text.replace(path.as_str(), "");
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == ':' {
            while chars.next_if(char::is_ascii_digit).is_some() {}
        }
    }
    out
}

/// What the comparison does not see.
fn notes(
    code: Option<&CodeFacts>,
    former: &BaselineFacts,
    unread: &BTreeSet<&str>,
    before: &BTreeSet<&str>,
) -> Vec<String> {
    let mut notes = vec![];
    let may_edit = |path: &&str| code.is_none_or(|code| former.may_edit(path, code));
    let touched = unread.intersection(before).copied().filter(may_edit);
    let (edited, open): (Vec<&str>, Vec<&str>) = touched.partition(|path| former.knows(path));
    if !open.is_empty() {
        notes.push(format!(
            "whether {} that the scan cannot read changed since is not known: {}; --baseline-ref would tell",
            files(open.len()),
            named(&open)
        ));
    }
    if !edited.is_empty() {
        notes.push(format!(
            "the change edits {} that the scan cannot read: {}; look there with your own eyes",
            files(edited.len()),
            named(&edited)
        ));
    }
    let standing = unread.intersection(before).count() - edited.len() - open.len();
    if standing > 0 {
        notes.push(format!("{} could not be read, or not wholly, before the change as after it", files(standing)));
    }
    let nobody = |c: &CodeFacts| c.sites.iter().all(|site| !site.scope.is_production());
    if code.is_some_and(nobody) && unread.is_empty() {
        notes.push("no production code that uses Temporal was found".to_owned());
    }
    notes
}

fn files(n: usize) -> String {
    if n == 1 { "1 file".to_owned() } else { format!("{n} files") }
}

/// Up to three by name.
fn named(paths: &[&str]) -> String {
    let mut text = paths.iter().take(3).map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", ");
    if paths.len() > 3 {
        text.push_str(&format!(" and {} more", paths.len() - 3));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::Severity;
    use crate::scorecard::change::of_change;
    use crate::scorecard::testing::{check, finding};

    fn failed(findings: Vec<Finding>) -> Check {
        let outcome = if findings.is_empty() { Outcome::Pass } else { Outcome::Fail };
        Check { findings, ..check("forgotten-starter", Severity::Blocker, outcome) }
    }

    /// A finding of a call at a place.
    fn at(path: &str, line: u32, function: &str, snippet: &str) -> Finding {
        let mut finding = finding("forgotten-starter", path, line);
        finding.message = format!("`{function}` ({path}:{line}) starts `Nightly` through a client of its own");
        finding.fingerprint =
            crate::scorecard::fingerprint::of("forgotten-starter", &format!("{path}{function}{snippet}"), 1);
        if let Some(Locus::Source { function: f, snippet: s, .. }) = finding.evidence.first_mut() {
            (*f, *s) = (Some(function.to_owned()), Some(snippet.to_owned()));
        }
        finding
    }

    fn compared(now: Vec<Finding>, before: Vec<Finding>, renamed: &[(&str, &str)]) -> (usize, usize, Option<Outcome>) {
        let renamed = renamed.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let former = BaselineFacts { checks: vec![failed(before)], renamed, ..BaselineFacts::default() };
        let check = failed(now);
        let baseline = compare(std::slice::from_ref(&check), None, &former);
        let new = check.findings.iter().filter(|f| !baseline.known.contains(&f.fingerprint)).count();
        (new, baseline.fixed.len(), of_change(&check, &baseline))
    }

    #[test]
    fn what_stood_before_is_found_again() {
        let old = || at("jobs/nightly.go", 40, "main", "c.ExecuteWorkflow(ctx, o, Nightly)");
        for (now, renamed, what) in [
            (at("jobs/nightly.go", 52, "main", "c.ExecuteWorkflow(ctx, o, Nightly)"), vec![], "other lines"),
            (
                at("cron/n.go", 40, "main", "c.ExecuteWorkflow(ctx, o, Nightly)"),
                vec![("jobs/nightly.go", "cron/n.go")],
                "renamed",
            ),
            (at("jobs/nightly.go", 41, "main", "ExecuteWorkflow("), vec![], "broken over lines"),
            (at("lib/other.go", 7, "main", "c.ExecuteWorkflow(ctx, o,  Nightly)"), vec![], "moved to another file"),
            (
                at("jobs/nightly.go", 90, "run", "c.ExecuteWorkflow(ctx, o, Nightly)"),
                vec![],
                "moved to another function",
            ),
        ] {
            assert_eq!(compared(vec![now], vec![old()], &renamed), (0, 0, None), "{what}");
        }
    }

    #[test]
    fn what_is_added_counts_and_what_is_gone_is_mended() {
        let old = || at("jobs/nightly.go", 40, "main", "c.ExecuteWorkflow(ctx, o, Nightly)");
        let other = || at("jobs/weekly.go", 9, "weekly", "c.ExecuteWorkflow(ctx, o, Weekly)");
        assert_eq!(compared(vec![old(), other()], vec![old()], &[]), (1, 0, Some(Outcome::Fail)));
        assert_eq!(compared(vec![], vec![old()], &[]), (0, 1, Some(Outcome::Pass)));
        assert_eq!(compared(vec![other()], vec![old()], &[]), (1, 1, Some(Outcome::Fail)));
        let copy = Finding { fingerprint: "second".into(), ..old() };
        assert_eq!(compared(vec![old(), copy], vec![old()], &[]), (1, 0, Some(Outcome::Fail)), "a copy is new");
    }

    #[test]
    fn a_doubt_that_became_a_failure_is_new_and_the_reverse_is_not() {
        let proven = || at("jobs/nightly.go", 40, "main", "c.ExecuteWorkflow(ctx, o, Nightly)");
        let doubt = || Finding { certainty: Certainty::Unknown, ..proven() };
        assert_eq!(compared(vec![proven()], vec![doubt()], &[]), (1, 0, Some(Outcome::Fail)));
        assert_eq!(compared(vec![doubt()], vec![proven()], &[]), (0, 0, None));
    }

    #[test]
    fn only_new_gaps_leave_the_change_undecided() {
        let gap = |why: &str| Check {
            complete: false,
            why: Some(why.into()),
            findings: vec![],
            ..check("forgotten-starter", Severity::Blocker, Outcome::Unknown)
        };
        let now = gap("1 file of java names Temporal");
        let mut code: CodeFacts = serde_json::from_value(serde_json::json!({
            "schema": "", "tool_version": "", "repository": {"root": "."}, "sites": [], "wrappers": [], "factories": [],
            "workflow_types": [], "search_attributes": [], "hazards": [], "sdks": [],
            "coverage": {"files_seen": 1, "files_of_known_languages": 0, "files_parsed": 0, "files_with_syntax_errors": [],
                         "skipped": [], "languages": {}, "dropped": {}, "not_analysed": {"java": ["A.java"]}}
        }))
        .unwrap();
        let mut former = BaselineFacts {
            checks: vec![gap("1 file of java names Temporal")],
            unread: ["A.java".to_owned()].into(),
            edited: Some(BTreeSet::new()),
            ..BaselineFacts::default()
        };
        let baseline = compare(std::slice::from_ref(&now), Some(&code), &former);
        assert_eq!(of_change(&now, &baseline), None);
        // The words are the same, and the file is another one: what was done to it was not seen.
        former.edited = Some(["A.java".to_owned()].into());
        let baseline = compare(std::slice::from_ref(&now), Some(&code), &former);
        assert_eq!(of_change(&now, &baseline), Some(Outcome::Unknown));
        former.edited = None;
        let baseline = compare(std::slice::from_ref(&now), Some(&code), &former);
        assert_eq!(of_change(&now, &baseline), Some(Outcome::Unknown));
        // A stored report tells by the digest.
        former.digests = [("A.java".to_owned(), "1f".to_owned())].into();
        for (digest, expected) in [("1f", None), ("2e", Some(Outcome::Unknown))] {
            code.coverage.unread_digests = [("A.java".to_owned(), digest.to_owned())].into();
            let baseline = compare(std::slice::from_ref(&now), Some(&code), &former);
            assert_eq!(of_change(&now, &baseline), expected);
        }
        former.edited = Some(BTreeSet::new());
        code.coverage.not_analysed.insert("java".into(), vec!["A.java".into(), "B.java".into()]);
        let baseline = compare(std::slice::from_ref(&now), Some(&code), &former);
        assert_eq!(of_change(&now, &baseline), Some(Outcome::Unknown));
    }
}
