//! What becomes of what people accept: which findings it covers, and how long.

use std::collections::BTreeSet;

use crate::facts::Locus;
use crate::scorecard::{Certainty, Check, Finding, Lines, Outcome, Waiver, WaiverRef, WaiverUse};

impl Lines {
    /// Whether a finding is about one of them.
    fn hold(&self, finding: &Finding) -> bool {
        match finding.evidence.first() {
            Some(Locus::Source { path, line, .. }) => *path == self.path && (self.first..=self.last).contains(line),
            _ => false,
        }
    }
}

impl Waiver {
    /// The part a report shows.
    pub fn reference(&self) -> WaiverRef {
        WaiverRef {
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            until: self.until,
            place: self.place.clone(),
        }
    }

    /// Whether it accepts the rule as a whole, and with it what nobody has seen.
    fn is_of_the_rule(&self) -> bool {
        self.fingerprint.is_none() && self.pattern.is_none() && self.lines.is_none()
    }

    /// Whether it speaks of this finding, whatever the date.
    pub fn covers(&self, finding: &Finding) -> bool {
        let prefix = |f: &String| f.len() >= 8 && finding.fingerprint.starts_with(f.as_str());
        self.rule == finding.rule
            && self.lines.as_ref().is_none_or(|lines| lines.hold(finding))
            && self.fingerprint.as_ref().is_none_or(prefix)
            && self.pattern.as_ref().is_none_or(|p| names(finding).iter().any(|name| matches(p, name)))
    }
}

/// Mark the findings that valid waivers cover, and change the outcome of checks that are waived wholly. The
/// result has one entry per waiver, in their order.
pub(super) fn apply(
    checks: &mut [Check],
    waivers: &[Waiver],
    unwaivable: &BTreeSet<String>,
    at: jiff::Timestamp,
) -> Vec<WaiverUse> {
    let today = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut uses = Vec::with_capacity(waivers.len());
    for waiver in waivers {
        let state = if unwaivable.contains(&waiver.rule) {
            "refused"
        } else if waiver.until < today {
            "expired"
        } else {
            use_of(waiver, checks)
        };
        uses.push(WaiverUse { rule: waiver.rule.clone(), waiver: waiver.reference(), state: state.to_owned() });
    }
    for check in checks {
        settle(check);
    }
    uses
}

fn use_of(waiver: &Waiver, checks: &mut [Check]) -> &'static str {
    let mut state = "unused";
    for check in checks.iter_mut().filter(|c| c.rule == waiver.rule) {
        if has_gap(check) {
            state = "undecided";
            // A rule that could not be read has not asked anything yet that a person could accept.
            if waiver.is_of_the_rule() && !check.broken {
                check.accepted.get_or_insert_with(|| waiver.reference());
                state = "used";
            }
        }
        for finding in check.findings.iter_mut().filter(|f| waiver.covers(f)) {
            finding.waiver.get_or_insert_with(|| waiver.reference());
            state = "used";
        }
        if state == "used" {
            break;
        }
    }
    state
}

/// Whether a part of the evidence of a check that needs an answer was not seen.
fn has_gap(check: &Check) -> bool {
    matches!(check.outcome, Outcome::Fail | Outcome::Unknown) && !check.complete
}

/// Waived is what is accepted wholly. Accepting what was seen says nothing about what was not.
fn settle(check: &mut Check) {
    if !matches!(check.outcome, Outcome::Fail | Outcome::Unknown) {
        return;
    }
    let open = |c: Certainty| check.findings.iter().filter(|f| f.waiver.is_none() && f.certainty == c).count();
    let (proven, doubts) = (open(Certainty::Fail), open(Certainty::Unknown));
    let waived = check.findings.len() - proven - doubts;
    if proven > 0 || (waived == 0 && check.accepted.is_none()) {
        return;
    }
    if doubts == 0 && (check.complete || check.accepted.is_some()) {
        check.outcome = Outcome::Waived;
        check.why = check.why.take().filter(|_| !check.complete).map(|why| format!("accepted although {why}"));
        check.why_remedy = None;
        return;
    }
    check.outcome = Outcome::Unknown;
    let mut parts = match waived {
        0 => vec![],
        1 => vec!["one finding is waived".to_owned()],
        n => vec![format!("{n} findings are waived")],
    };
    if doubts > 0 {
        parts.push(format!("{doubts} could not be decided"));
    }
    parts.extend(check.why.take().filter(|_| !check.complete));
    check.why = Some(parts.join("; "));
}

/// Everything a person might call a finding.
fn names(finding: &Finding) -> Vec<String> {
    let mut names = vec![finding.key.clone()];
    for locus in &finding.evidence {
        names.push(locus.to_string());
        match locus {
            Locus::Source { path, function, .. } => {
                names.push(path.clone());
                names.extend(function.clone());
            }
            Locus::File { path, .. } => names.push(path.clone()),
            Locus::Live { namespace, resource, .. } => {
                names.extend(namespace.clone());
                // `search attribute MerchantId` is also called `MerchantId`.
                names.push(resource.clone());
                names.extend(resource.match_indices(' ').filter_map(|(i, _)| resource.get(i + 1..).map(str::to_owned)));
            }
            Locus::Attested { id, .. } => names.push(id.clone()),
        }
    }
    names
}

/// Glob: `?` one character, `*` anything but `/`, `**` anything.
fn matches(pattern: &str, name: &str) -> bool {
    if pattern.ends_with('/') {
        return matches(&format!("{pattern}**"), name);
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // reachable[i]: the pattern up to here matches the first i characters of the name.
    let mut reachable = vec![false; name.len() + 1];
    if let Some(first) = reachable.first_mut() {
        *first = true;
    }
    let mut rest = pattern.as_slice();
    while let Some((&c, after)) = rest.split_first() {
        let double = c == '*' && after.first() == Some(&'*');
        rest = after.get(usize::from(double)..).unwrap_or_default();
        // `jobs/**/x` also means `jobs/x`.
        let skips = double && rest.first() == Some(&'/');
        let mut next = vec![false; name.len() + 1];
        let mut open = false;
        for (i, slot) in next.iter_mut().enumerate() {
            let here = reachable.get(i).copied().unwrap_or(false);
            let previous = i.checked_sub(1).and_then(|p| name.get(p)).copied();
            if c == '*' {
                open = here || (open && (double || previous != Some('/')));
                *slot = open;
            } else {
                let was = i.checked_sub(1).and_then(|p| reachable.get(p)).copied().unwrap_or(false);
                *slot = was && previous.is_some_and(|p| p == c || (c == '?' && p != '/'));
            }
        }
        if skips {
            rest = rest.get(1..).unwrap_or_default();
            for i in 0..next.len() {
                let starts_segment = i == 0 || i.checked_sub(1).and_then(|p| name.get(p)) == Some(&'/');
                let kept = next.get(i).copied().unwrap_or(false) && starts_segment;
                if let Some(slot) = next.get_mut(i) {
                    *slot = kept;
                }
            }
        }
        reachable = next;
    }
    reachable.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::Severity;
    use crate::scorecard::testing::{check, finding};

    fn waiver(rule: &str, pattern: Option<&str>, until: &str) -> Waiver {
        Waiver {
            rule: rule.into(),
            fingerprint: None,
            pattern: pattern.map(str::to_owned),
            reason: "routed in OPS-812".into(),
            owner: "ops".into(),
            until: until.parse().unwrap(),
            place: Locus::File { path: "waivers.yaml".into(), line: 3 },
            lines: None,
        }
    }

    fn run(mut check: Check, waiver: Waiver) -> (Outcome, String, Option<String>) {
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        let uses = apply(std::slice::from_mut(&mut check), &[waiver], &["sealed".to_owned()].into(), at);
        (check.outcome, uses[0].state.clone(), check.why)
    }

    fn failed() -> Check {
        check("forgotten-starter", Severity::Blocker, Outcome::Fail)
    }

    #[test]
    fn a_valid_waiver_waives_what_it_names() {
        for (pattern, until, outcome, state) in [
            (None, "2026-11-21", Outcome::Waived, "used"),
            (Some("jobs/nightly.go"), "2026-12-31", Outcome::Waived, "used"),
            (Some("jobs/nightly.go:42"), "2026-12-31", Outcome::Waived, "used"),
            (Some("jobs/*.go"), "2026-12-31", Outcome::Waived, "used"),
            (Some("jobs/"), "2026-12-31", Outcome::Waived, "used"),
            (Some("**/nightly.*"), "2026-12-31", Outcome::Waived, "used"),
            (Some("main"), "2026-12-31", Outcome::Waived, "used"),
            (Some("jobs/weekly.go"), "2026-12-31", Outcome::Fail, "unused"),
            (Some("*.go"), "2026-12-31", Outcome::Fail, "unused"),
            (None, "2026-11-20", Outcome::Fail, "expired"),
        ] {
            let (came, used, _) = run(failed(), waiver("forgotten-starter", pattern, until));
            assert_eq!((came, used.as_str()), (outcome, state), "{pattern:?} {until}");
        }
    }

    #[test]
    fn a_fingerprint_or_a_long_enough_part_of_it_names_a_finding() {
        let print = failed().findings[0].fingerprint.clone();
        for (part, state) in
            [(print.as_str(), "used"), (&print[..8], "used"), (&print[..7], "unused"), ("00000000", "unused")]
        {
            let waiver = Waiver { fingerprint: Some(part.into()), ..waiver("forgotten-starter", None, "2026-12-31") };
            assert_eq!(run(failed(), waiver).1, state, "{part}");
        }
    }

    #[test]
    fn some_rules_cannot_be_waived() {
        let sealed = check("sealed", Severity::Blocker, Outcome::Fail);
        let (outcome, state, _) = run(sealed, waiver("sealed", None, "2026-12-31"));
        assert_eq!((outcome, state.as_str()), (Outcome::Fail, "refused"));
    }

    #[test]
    fn one_finding_left_is_a_failure() {
        let mut two = failed();
        two.findings.push(finding("forgotten-starter", "admin/tool.go", 7));
        assert_eq!(run(two, waiver("forgotten-starter", Some("jobs/"), "2026-12-31")).0, Outcome::Fail);
    }

    #[test]
    fn waiving_what_was_seen_does_not_settle_what_was_not() {
        let partial = Check { complete: false, why: Some("jobs/old is unreadable".into()), ..failed() };
        let (outcome, state, why) = run(partial, waiver("forgotten-starter", Some("jobs/"), "2026-12-31"));
        assert_eq!((outcome, state.as_str()), (Outcome::Unknown, "used"));
        assert_eq!(why.as_deref(), Some("one finding is waived; jobs/old is unreadable"));

        let mut doubtful = failed();
        doubtful.findings.push(Finding { certainty: Certainty::Unknown, ..finding("forgotten-starter", "x.go", 1) });
        assert_eq!(run(doubtful.clone(), waiver("forgotten-starter", Some("jobs/"), "2026-12-31")).0, Outcome::Unknown);
        assert_eq!(run(doubtful, waiver("forgotten-starter", None, "2026-12-31")).0, Outcome::Waived);
    }

    #[test]
    fn a_waiver_of_the_whole_rule_accepts_what_nobody_saw() {
        let unknown = || check("forgotten-starter", Severity::Blocker, Outcome::Unknown);
        let (outcome, state, why) = run(unknown(), waiver("forgotten-starter", None, "2026-12-31"));
        assert_eq!((outcome, state.as_str()), (Outcome::Waived, "used"));
        assert_eq!(why.as_deref(), Some("accepted although the target was not probed"));

        let partial = Check { complete: false, why: Some("jobs/old is unreadable".into()), ..failed() };
        assert_eq!(run(partial, waiver("forgotten-starter", None, "2026-12-31")).0, Outcome::Waived);

        for (check, given, state) in [
            (unknown(), waiver("forgotten-starter", Some("jobs/"), "2026-12-31"), "undecided"),
            (unknown(), waiver("forgotten-starter", None, "2026-11-20"), "expired"),
            (check("sealed", Severity::Blocker, Outcome::Unknown), waiver("sealed", None, "2026-12-31"), "refused"),
            (Check { broken: true, ..unknown() }, waiver("forgotten-starter", None, "2026-12-31"), "undecided"),
        ] {
            let (outcome, came, _) = run(check, given);
            assert_eq!((outcome, came.as_str()), (Outcome::Unknown, state));
        }
    }

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "a/b", false),
            ("**", "a/b", true),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/b/b/c", true),
            ("a/**/c", "a/bc", false),
            ("?.go", "x.go", true),
            ("?.go", "/.go", false),
            ("a/", "a/b/c", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn live_things_are_called_by_their_name() {
        let live = Locus::Live {
            side: crate::facts::Side::Target,
            namespace: Some("payments".into()),
            resource: "search attribute MerchantId".into(),
            rpc: "ListSearchAttributes".into(),
            time: jiff::Timestamp::UNIX_EPOCH,
        };
        let finding = Finding { evidence: vec![live], ..finding("r", "x", 1) };
        for name in
            ["MerchantId", "search attribute MerchantId", "payments", "target payments: search attribute MerchantId"]
        {
            assert!(waiver("r", Some(name), "2026-12-31").covers(&finding), "{name}");
        }
    }
}
