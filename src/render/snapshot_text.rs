//! A cluster snapshot on a terminal.

mod executions;

use std::collections::BTreeMap;

mod cloud;
mod metrics;

use super::RenderOptions;
use super::page::Page;
use super::paint::wrap;
use super::text::{duration, minute, number, one_line, plural, shorten};
use super::view::{Mark, schedule_when};
use crate::facts::Known;
use crate::facts::cluster::{ClusterKind, ClusterSnapshot, Credential, NamespaceSnapshot, SearchAttribute};

/// Lines per list; the snapshot file has all.
const LINES: usize = 15;

/// What a probe saw: how the cluster was reached, the server, and per namespace its search attributes,
/// schedules, workflow types and task queues; last, which RPCs were called.
pub fn snapshot_text(snapshot: &ClusterSnapshot, options: &RenderOptions) -> String {
    let mut page = Page::new(options, OfSnapshot { at: snapshot.taken_at_by_its_clock() });
    page.head(snapshot);
    page.ladder(snapshot);
    if snapshot.connection.last().is_some_and(|step| !step.ok) && snapshot.system.value().is_none() {
        // Every further line would repeat the failed step.
        page.line("\nNothing more is known of this cluster.");
    } else {
        page.server(snapshot);
        for namespace in &snapshot.namespaces {
            page.namespace(namespace);
        }
    }
    if let Some(cloud) = snapshot.cloud.value() {
        page.cloud(cloud);
    }
    if let Some(metrics) = snapshot.metrics.value() {
        page.metrics(metrics);
    }
    page.rpcs(snapshot);
    page.out
}

/// A page about a snapshot.
struct OfSnapshot {
    /// When it was taken, by the cluster's clock.
    at: jiff::Timestamp,
}

impl Page<OfSnapshot> {
    /// `name` and a value, which wraps under itself.
    fn field(&mut self, name: &str, value: &str) {
        let lines = wrap(&one_line(value), self.width.saturating_sub(22));
        let mut lines = lines.into_iter();
        let first = lines.next().unwrap_or_default();
        let name = self.paint.dim(&format!("{name:<19}"));
        self.line(&format!("  {name} {first}"));
        for line in lines {
            self.line(&format!("{:22}{line}", ""));
        }
    }

    fn head(&mut self, s: &ClusterSnapshot) {
        let kind = match s.kind {
            ClusterKind::SelfHosted => "self-hosted",
            ClusterKind::Cloud => "Temporal Cloud",
        };
        let title = self.paint.bold(&format!("{} {}", s.side, one_line(&s.address)));
        let credential = match s.credential {
            Credential::None => "no credential",
            Credential::Mtls => "client certificate",
            Credential::ApiKey => "API key",
        };
        self.line(&format!("{title} · {kind}"));
        let text =
            self.paint.dim(&format!("{credential} · probed {} in {} ms", minute(s.taken_at), number(s.elapsed_ms)));
        self.line(&text);
        if s.redacted_with.is_some() {
            self.field("redacted", "ids and identities are tokens");
        }
        for vantage in &s.vantages {
            let reached = if vantage.connection.iter().all(|step| step.ok) { "reached" } else { "not reached" };
            let from = format!("{} {}, {reached}", vantage.probed_from, minute(vantage.taken_at));
            self.field("merged, from", &from);
        }
        if let Some(expires) = s.api_key_expires.value() {
            self.field("API key until", &minute(*expires));
        }
        if let Some(ahead) = s.clock_ahead_seconds.value().filter(|ahead| **ahead != 0) {
            let direction = if *ahead > 0 { "ahead of" } else { "behind" };
            self.field("clock", &format!("{} s {direction} this machine's", number(ahead.unsigned_abs())));
        }
    }

    fn ladder(&mut self, s: &ClusterSnapshot) {
        self.heading("Connection");
        for step in &s.connection {
            let mark = if step.ok { Mark::Ok } else { Mark::Failed };
            let mut lines = wrap(&one_line(&step.detail), self.width.saturating_sub(18)).into_iter();
            let head = format!("{:<13}", one_line(&step.step));
            let first = lines.next().unwrap_or_default();
            let text = format!(" {} {head} {first}", self.paint.mark(mark, mark.glyph()));
            self.line(&text);
            for line in lines {
                self.line(&format!("{:17}{line}", ""));
            }
            if let Some(remedy) = &step.remedy {
                self.wrapped(&format!("→ {remedy}"), 17);
            }
        }
    }

    fn server(&mut self, s: &ClusterSnapshot) {
        self.heading("Server");
        match s.system.value() {
            Some(system) => {
                self.field("version", &system.server_version);
                if let Some(c) = &system.cluster {
                    self.field(
                        "cluster",
                        &format!(
                            "{} ({}), {}, persistence {}, visibility {}",
                            c.name,
                            c.id,
                            plural(usize::try_from(c.history_shards).unwrap_or(0), "shard"),
                            c.persistence_store,
                            c.visibility_store
                        ),
                    );
                }
            }
            None => self.gap("server", &s.system),
        }
        match &s.namespace_names {
            Known::Unknown(_) => self.gap("namespaces", &s.namespace_names),
            Known::Known(names) | Known::Partial { value: names, .. } => {
                self.field("namespaces", &names.join(", "));
            }
        }
    }

    fn gap<T>(&mut self, name: &str, known: &Known<T>) {
        let Some(why) = known.why() else { return };
        let partial = if known.value().is_some() { "in part" } else { "unknown" };
        self.field(name, &format!("{partial}: {}", why.reason));
        if let Some(remedy) = &why.remedy {
            self.field("", &format!("→ {remedy}"));
        }
    }

    fn namespace(&mut self, n: &NamespaceSnapshot) {
        self.heading(&format!("Namespace {}", n.name));
        if let Some(c) = n.config.value() {
            let global = if c.global { ", global" } else { "" };
            self.field("state", &format!("{}, retention {}{global}", c.state, duration(c.retention_seconds)));
        }
        self.gap("state", &n.config);
        if n.config.value().is_none() && n.config.why() == n.open.why() {
            // The namespace cannot be read: everything else would say the same.
            return;
        }
        self.executions(n);
        if let Some(attributes) = n.search_attributes.value() {
            let used = |name: &str| {
                let used = n.attribute_use.value()?.iter().find(|u| u.name == name)?;
                Some(match used.executions {
                    0 => " (not used)".to_owned(),
                    count => format!(" ({})", plural(usize::try_from(count).unwrap_or(usize::MAX), "execution")),
                })
            };
            let shown =
                |a: &SearchAttribute| format!("{} {}{}", a.name, a.value_type, used(&a.name).unwrap_or_default());
            let all: Vec<String> = attributes.iter().map(shown).collect();
            let text = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
            self.field("search attributes", &text);
        }
        self.gap("search attributes", &n.search_attributes);
        self.schedules(n);
        self.queues(n);
        self.listed(n);
    }

    fn schedules(&mut self, n: &NamespaceSnapshot) {
        if let Some(schedules) = n.schedules.value() {
            let paused = schedules.iter().filter(|s| s.paused).count();
            self.field("schedules", &format!("{}, {paused} paused", schedules.len()));
            for s in schedules.iter().take(LINES) {
                let state = if s.paused { "paused" } else { "active" };
                let mut text = format!("{} · {state} · {} → {}", s.id, schedule_when(s), s.action.workflow_type);
                if let Some(times) = s.times.value() {
                    let next = times.iter().next().map_or_else(|| "not within 14 days".to_owned(), minute);
                    text.push_str(&format!(" · next {next}"));
                }
                match s.skipped.value().map_or(0, |skipped| skipped.iter().count()) {
                    0 => {}
                    passed => text.push_str(&format!(" · let {} pass while paused", plural(passed, "time"))),
                }
                self.wrapped(&text, 4);
            }
            self.more(schedules.len());
        }
        self.gap("schedules", &n.schedules);
    }

    fn queues(&mut self, n: &NamespaceSnapshot) {
        if let Some(queues) = n.task_queues.value() {
            self.field("task queues", &format!("{} (workflow + activity pollers)", queues.len()));
            for q in queues.iter().take(LINES) {
                let live = (q.live_workflow_pollers(self.of.at), q.live_activity_pollers(self.of.at));
                let mut text = format!("{} + {} pollers", live.0, live.1);
                let gone = q.workflow_pollers.len() + q.activity_pollers.len() - live.0 - live.1;
                if gone > 0 {
                    text.push_str(&format!(", {gone} gone silent"));
                }
                if let Some(nexus) = q.nexus_pollers.as_ref().filter(|nexus| !nexus.is_empty()) {
                    text.push_str(&format!(", {} of Nexus", nexus.len()));
                }
                for (what, backlog, age) in [
                    ("workflow", q.workflow_backlog, q.workflow_backlog_seconds),
                    ("activity", q.activity_backlog, q.activity_backlog_seconds),
                ] {
                    if let Some(backlog) = backlog.filter(|b| *b > 0) {
                        let age = age.map(|s| format!(" (oldest {})", duration(s))).unwrap_or_default();
                        let tasks = plural(usize::try_from(backlog).unwrap_or(0), &format!("{what} task"));
                        text.push_str(&format!(", backlog of {tasks}{age}"));
                    }
                }
                if let Some(version) = &q.current_version {
                    text.push_str(&format!(", version {}", shorten(&one_line(version), 30)));
                }
                let mark = if live.0 == 0 { Mark::Attention } else { Mark::Ok };
                let mark = self.paint.mark(mark, mark.glyph());
                let name = shorten(&q.name, 34);
                self.line(&format!("  {mark} {name:<34} {text}"));
            }
            self.more(queues.len());
        }
        self.gap("task queues", &n.task_queues);
        self.workers(n);
    }

    /// SDKs of the workers that say so, and the deployments they are versions of.
    fn workers(&mut self, n: &NamespaceSnapshot) {
        if let Some(workers) = n.workers.value().filter(|workers| !workers.is_empty()) {
            let mut sdks: BTreeMap<String, usize> = BTreeMap::new();
            for worker in workers {
                *sdks.entry(format!("{} {}", worker.sdk, worker.sdk_version)).or_default() += 1;
            }
            let sdks: Vec<String> = sdks.iter().map(|(sdk, count)| format!("{count} of {sdk}")).collect();
            self.field("workers", &sdks.join(", "));
        }
        self.gap("workers", &n.workers);
        if let Some(deployments) = n.deployments.value().filter(|deployments| !deployments.is_empty()) {
            self.field("deployments", &deployments.len().to_string());
            for d in deployments.iter().take(LINES) {
                let mut text = format!("{} · current {}", d.name, d.current.as_deref().unwrap_or("none"));
                if let Some(ramping) = &d.ramping {
                    text.push_str(&format!(", {} % on {ramping}", d.ramping_percent));
                }
                let draining: Vec<&str> =
                    d.versions.iter().filter(|v| v.status == "Draining").map(|v| v.build_id.as_str()).collect();
                if !draining.is_empty() {
                    text.push_str(&format!(", draining {}", draining.join(", ")));
                }
                self.wrapped(&text, 4);
            }
            self.more(deployments.len());
        }
        self.gap("deployments", &n.deployments);
    }

    fn more(&mut self, total: usize) {
        if let Some(more) = total.checked_sub(LINES).filter(|m| *m > 0) {
            let text = self.paint.dim(&format!("    and {more} more; the snapshot file has all"));
            self.line(&text);
        }
    }

    fn rpcs(&mut self, s: &ClusterSnapshot) {
        let total: u64 = s.rpcs.values().map(|c| c.calls).sum();
        if total == 0 {
            return;
        }
        self.heading(&format!("Calls made ({}), all of them reads", number(total)));
        let mut by_name: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (name, count) in &s.rpcs {
            let entry = by_name.entry(name.rsplit('/').next().unwrap_or(name)).or_default();
            entry.0 += count.calls;
            entry.1 += count.errors;
        }
        let parts: Vec<String> = by_name
            .into_iter()
            .map(|(name, (calls, errors))| match errors {
                0 => format!("{name} {}", number(calls)),
                _ => format!("{name} {} ({})", number(calls), plural(usize::try_from(errors).unwrap_or(0), "error")),
            })
            .collect();
        self.wrapped(&parts.join(" · "), 1);
        let refused: Vec<&str> = s
            .rpcs
            .iter()
            .filter(|(_, c)| c.denied > 0)
            .map(|(name, _)| name.rsplit('/').next().unwrap_or(name))
            .collect();
        if !refused.is_empty() {
            self.wrapped(&format!("not permitted: {}", refused.join(", ")), 1);
        }
    }
}
