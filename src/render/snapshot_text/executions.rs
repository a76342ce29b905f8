//! The executions of a namespace: how many, how old, who starts them, what keeps them.

use super::super::text::{duration, minute, number, plural, shorten};
use super::super::view::began;
use super::{LINES, OfSnapshot, Page};
use crate::facts::Known;
use crate::facts::cluster::{AgeBucket, Durations, NamespaceSnapshot, RecentStarts};

impl Page<OfSnapshot> {
    pub(super) fn executions(&mut self, n: &NamespaceSnapshot) {
        let count = |k: &Known<u64>| k.value().map_or_else(|| "?".to_owned(), |v| number(*v));
        let paused = n.executions.statuses.value().and_then(|s| s.get("Paused")).filter(|paused| **paused > 0);
        let paused = paused.map_or_else(String::new, |paused| format!(" ({} paused)", number(*paused)));
        self.field("executions", &format!("{} open{paused}, {} closed", count(&n.open), count(&n.closed)));
        self.gap("open", &n.open);
        self.gap("closed", &n.closed);
        if let Some(ages) = n.executions.open_ages.value().filter(|ages| ages.len() > 1) {
            let ages: Vec<String> = ages.iter().filter(|a| a.open > 0).map(age).collect();
            self.field("open by age", &ages.join(" · "));
        }
        if let Some(Some(e)) = n.oldest_open.value() {
            self.field("oldest open", &format!("{} · {} · {}", duration(e.seconds), e.workflow_type, e.workflow_id));
        }
        if let Some(Some(e)) = n.longest_closed.value() {
            self.field("longest closed", &format!("{} · {} · {}", duration(e.seconds), e.workflow_type, e.workflow_id));
        }
        if let Some(Some(durations)) = n.executions.durations.value() {
            self.field("closed took", &took(durations));
        }
        self.gap("durations", &n.executions.durations);
        self.types(n);
        self.recent(n);
        self.cron(n);
        self.scheduled(n);
        self.stuck(n);
        self.samples(n);
    }

    fn types(&mut self, n: &NamespaceSnapshot) {
        if let Some(types) = n.workflow_types.value() {
            self.field("workflow types", &types.len().to_string());
            let mut types: Vec<_> = types.iter().collect();
            types.sort_by_key(|t| std::cmp::Reverse(t.open));
            for t in types.iter().take(LINES) {
                let oldest =
                    t.oldest_open.as_ref().map_or_else(String::new, |e| format!(", oldest {}", duration(e.seconds)));
                let p99 = t.durations.map_or_else(String::new, |d| format!(", p99 of closed {}", duration(d.p99)));
                let name = shorten(&t.name, 40);
                self.line(&format!("    {name:<40} {:>9} open{oldest}{p99}", number(t.open)));
            }
            self.more(types.len());
        }
        self.gap("workflow types", &n.workflow_types);
    }

    fn recent(&mut self, n: &NamespaceSnapshot) {
        if let Some(RecentStarts { since, roots, by_schedules, types }) = n.executions.recent.value() {
            let schedules = match by_schedules {
                0 => String::new(),
                n => format!(", and {} by schedules", number(*n)),
            };
            let text = format!("{} since {}{schedules}", plural_u64(*roots, "execution"), minute(*since));
            self.field("started", &text);
            let lines = types.iter().flat_map(|t| t.starters.iter().map(move |s| (t, s)));
            let lines: Vec<String> = lines
                .map(|(t, s)| {
                    let who = if s.identity.is_empty() { "nobody named" } else { &s.identity };
                    let (seen, of) = (number(s.seen), number(t.looked_at));
                    format!(
                        "{} · {who} · {} · {seen} of {of} looked at, of {}",
                        t.workflow_type,
                        began(s.how),
                        number(t.runs)
                    )
                })
                .collect();
            self.some(&lines);
        }
        self.gap("started", &n.executions.recent);
    }

    fn cron(&mut self, n: &NamespaceSnapshot) {
        if let Some(cron) = n.executions.cron.value().filter(|cron| !cron.is_empty()) {
            self.field("cron workflows", &cron.len().to_string());
            let lines: Vec<String> = cron
                .iter()
                .map(|c| {
                    let next = c.next.map_or_else(String::new, |next| format!(" · {}", minute(next)));
                    format!("{} · {} · `{}`{next}", c.workflow_id, c.workflow_type, c.cron)
                })
                .collect();
            self.some(&lines);
        }
        self.gap("cron workflows", &n.executions.cron);
    }

    fn scheduled(&mut self, n: &NamespaceSnapshot) {
        if let Some(runs) = n.executions.scheduled.value().filter(|runs| runs.open + runs.closed > 0) {
            self.field("by schedules", &format!("{} open, {} closed", number(runs.open), number(runs.closed)));
        }
        self.gap("by schedules", &n.executions.scheduled);
    }

    fn stuck(&mut self, n: &NamespaceSnapshot) {
        if let Some(stuck) = n.executions.stuck.value().filter(|stuck| stuck.count > 0) {
            self.field("stuck", &format!("{} whose workflow tasks fail", plural_u64(stuck.count, "execution")));
            let line = |s: &crate::facts::cluster::StuckExecution| {
                format!("{} · {} · {}", s.execution.workflow_id, s.execution.workflow_type, s.problems.join(", "))
            };
            self.some(&stuck.examples.iter().map(line).collect::<Vec<_>>());
        }
        self.gap("stuck", &n.executions.stuck);
    }

    fn samples(&mut self, n: &NamespaceSnapshot) {
        let samples = n.executions.samples.value().map(Vec::as_slice).unwrap_or_default();
        if let Some(longest) = samples.iter().max_by_key(|s| s.history_length) {
            let text = format!(
                "{} looked at; the longest history has {}: {} · {}",
                plural(samples.len(), "execution"),
                plural_u64(longest.history_length, "event"),
                longest.execution.workflow_type,
                longest.execution.workflow_id
            );
            self.field("oldest of each type", &text);
        }
        self.gap("oldest of each type", &n.executions.samples);
    }

    /// The list for the drain is what was asked for: it is shown whole.
    pub(super) fn listed(&mut self, n: &NamespaceSnapshot) {
        let Some(listed) = &n.executions.listed else { return };
        if let Some(rows) = listed.value() {
            self.heading(&format!("Open executions of {}, oldest first ({})", n.name, rows.len()));
            let widths = [36, 28, 22];
            for row in rows {
                let e = &row.execution;
                let end = match (row.paused, row.projected_end) {
                    (true, _) => "paused".to_owned(),
                    (false, Some(end)) => format!("ends about {}", minute(end)),
                    (false, None) => "no projected end".to_owned(),
                };
                let columns = [&e.workflow_id, &e.workflow_type, &e.task_queue];
                let columns: Vec<String> =
                    columns.iter().zip(widths).map(|(c, w)| format!("{:<w$}", shorten(c, w))).collect();
                let (begun, age) = (minute(e.start_time), duration(e.seconds));
                self.line(&format!("  {}  {begun}  {age:>9}  {end}", columns.join("  ")));
            }
        }
        self.gap("open executions", listed);
    }

    fn some(&mut self, lines: &[String]) {
        for line in lines.iter().take(LINES) {
            self.wrapped(line, 4);
        }
        self.more(lines.len());
    }
}

fn plural_u64(n: u64, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{} {word}s", number(n)) }
}

fn age(bucket: &AgeBucket) -> String {
    let bounds = match (bucket.from_seconds, bucket.to_seconds) {
        (0, Some(to)) => format!("under {}", duration(to)),
        (from, Some(to)) => format!("{} to {}", duration(from), duration(to)),
        (from, None) => format!("{} and more", duration(from)),
    };
    format!("{} {bounds}", number(bucket.open))
}

fn took(d: &Durations) -> String {
    let at = [("p50", d.p50), ("p90", d.p90), ("p99", d.p99), ("longest", d.max)];
    at.map(|(name, seconds)| format!("{name} {}", duration(seconds))).join(" · ")
}
