//! What the Cloud Ops API told, on a terminal.

use super::{LINES, OfSnapshot, Page};
use crate::facts::cluster::CloudOps;
use crate::facts::cluster::cloud::{CloudNamespace, CloudNamespaceSettings};
use crate::render::text::{day, number, plural};
use crate::render::view::Mark;

impl Page<OfSnapshot> {
    /// The account, then its part of the probed namespaces.
    pub(super) fn cloud(&mut self, cloud: &CloudOps) {
        self.heading(&format!("Cloud Ops API {}", cloud.address));
        if let Some(step) = cloud.connection.iter().find(|step| !step.ok) {
            let mark = self.paint.mark(Mark::Failed, Mark::Failed.glyph());
            self.line(&format!(" {mark} {:<13} {}", step.step, step.detail));
            if let Some(remedy) = &step.remedy {
                self.wrapped(&format!("→ {remedy}"), 17);
            }
            return;
        }
        if let Some(identity) = cloud.identity.value() {
            let role = identity.account_role.as_deref().unwrap_or("no account role");
            self.field("asked as", &format!("{}, {role}", identity.kind.replace('-', " ")));
        }
        self.gap("asked as", &cloud.identity);
        if let Some(keys) = cloud.api_keys.value() {
            self.field("API keys", &keys.len().to_string());
            let mut keys: Vec<_> = keys.iter().collect();
            keys.sort_by_key(|key| key.expires);
            for key in keys.iter().take(LINES) {
                let until = key.expires.map_or_else(|| "no date told".to_owned(), |at| format!("until {}", day(at)));
                let off = if key.disabled { ", disabled" } else { "" };
                self.wrapped(&format!("{} · {} · {until}{off}", key.name, key.owner_kind.replace('-', " ")), 4);
            }
            self.more(keys.len());
        }
        self.gap("API keys", &cloud.api_keys);
        if let Some(rules) = cloud.connectivity_rules.value() {
            let private = rules.iter().filter(|rule| !rule.public).count();
            self.field("connectivity rules", &format!("{}, {private} private", rules.len()));
        }
        self.gap("connectivity rules", &cloud.connectivity_rules);
        if let Some(endpoints) = cloud.nexus_endpoints.value() {
            let names: Vec<_> = endpoints.iter().map(|e| format!("{} → {}", e.name, e.namespace)).collect();
            self.field("Nexus endpoints", if names.is_empty() { "none" } else { "" });
            for name in names.iter().take(LINES) {
                self.wrapped(name, 4);
            }
            self.more(names.len());
        }
        self.gap("Nexus endpoints", &cloud.nexus_endpoints);
        for namespace in &cloud.namespaces {
            self.cloud_namespace(namespace);
        }
    }

    fn cloud_namespace(&mut self, namespace: &CloudNamespace) {
        let title = self.paint.bold(&namespace.name);
        self.line(&format!("  {title}"));
        let Some(settings) = namespace.settings.value() else {
            self.gap("settings", &namespace.settings);
            return;
        };
        let protected = if settings.delete_protection { ", delete protection" } else { "" };
        let place = [settings.active_region.as_str(), "no region told"].into_iter().find(|r| !r.is_empty());
        self.field(
            "state",
            &format!(
                "{}, {}, retention {}{protected}",
                settings.state,
                place.unwrap_or_default(),
                plural(usize::try_from(settings.retention_days).unwrap_or(0), "day")
            ),
        );
        self.authentication(settings);
        if let Some(capacity) = namespace.capacity.value() {
            let limit = settings.actions_per_second.map_or("?".to_owned(), |limit| number(limit.unsigned_abs().into()));
            let used = capacity.p99.map_or(String::new(), |p99| format!(", 99 % of the last week below {p99:.0}"));
            self.field("actions a second", &format!("{limit} allowed{used}"));
        }
        self.gap("actions a second", &namespace.capacity);
        if let Some(sinks) = namespace.export_sinks.value() {
            let all: Vec<_> = sinks
                .iter()
                .map(|sink| format!("{} ({}, {})", sink.name, if sink.enabled { "on" } else { "off" }, sink.health))
                .collect();
            self.field("history export", &if all.is_empty() { "none".to_owned() } else { all.join(", ") });
        }
        self.gap("history export", &namespace.export_sinks);
        if let Some(accounts) = namespace.service_accounts.value() {
            let all: Vec<_> =
                accounts.iter().map(|account| format!("{} ({})", account.name, account.permission)).collect();
            self.field("service accounts", &if all.is_empty() { "none".to_owned() } else { all.join(", ") });
        }
        self.gap("service accounts", &namespace.service_accounts);
    }

    fn authentication(&mut self, settings: &CloudNamespaceSettings) {
        let ways = match (settings.mtls, settings.api_keys) {
            (true, true) => "client certificates and API keys",
            (true, false) => "client certificates",
            (false, true) => "API keys",
            (false, false) => "nothing: neither client certificates nor API keys",
        };
        self.field("accepts", ways);
        for authority in settings.accepted_cas.iter().flat_map(|file| &file.chain) {
            self.wrapped(&format!("CA {} · until {}", authority.subject, day(authority.not_after)), 4);
        }
        if let Some(problem) = settings.accepted_cas.as_ref().and_then(|file| file.problem.as_ref()) {
            self.wrapped(&format!("CA certificates: {problem}"), 4);
        }
        if !settings.certificate_filters.is_empty() {
            self.wrapped(
                &format!("{} on client certificates", plural(settings.certificate_filters.len(), "filter")),
                4,
            );
        }
        if !settings.connectivity_rules.is_empty() {
            let ways: Vec<_> = settings
                .connectivity_rules
                .iter()
                .map(|rule| if rule.public { "public".to_owned() } else { format!("private {}", rule.region) })
                .collect();
            self.field("reached by", &ways.join(", "));
        }
    }
}
