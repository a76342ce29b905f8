//! What there is, as tables: starters, messages, connections, workflow types, certificates …

use std::collections::BTreeMap;

use super::executions;
use super::links::Links;
use super::mark::Mark;
use super::table::{Cell, Table};
use crate::facts::Side;
use crate::facts::certificate::{Certificate, CertificateFile};
use crate::facts::cluster::ClusterSnapshot;
use crate::facts::code::{
    CodeFacts, Entry, FallbackOn, FeatureUse, Kind, OriginStatus, RoutingRole, Scope, Site, StandingVerdict,
};
use crate::render::text::{day, duration, minute, number, plural, words};
use crate::scorecard::Scorecard;

/// All inventory tables that have something to show.
pub(super) fn tables(card: &Scorecard, links: &Links) -> Vec<Table> {
    let mut tables = Vec::new();
    let gap = super::gap(&card.inventory.code);
    match card.inventory.code.value() {
        Some(code) => {
            let mut of_code = vec![
                starters(code, links),
                messages(code, links),
                connections(code, links),
                wrappers(code, links),
                hazards(code, links),
                features(code, links),
                sdks(code, links),
            ];
            if let Some(first) = of_code.first_mut() {
                first.gap = gap;
            }
            tables.append(&mut of_code);
        }
        None => tables.push(Table::new("inventory-code", "Source code", &[], vec![]).gap(gap)),
    }
    tables.push(workflow_types(card));
    tables.extend(executions::tables(card));
    tables.push(certificates(card));
    tables.extend(super::account::tables(card));
    tables.retain(|t| !t.is_void());
    tables
}

/// Where a site gets its client: mark and words.
pub(crate) fn origin(site: &Site) -> (Mark, &'static str, String) {
    let from = || {
        let mut places: Vec<String> = site
            .client
            .origins
            .iter()
            .map(|o| match &o.function {
                Some(function) if site.standing.is_factory() => function.clone(),
                _ => format!("{}:{}", o.path, o.line),
            })
            .collect();
        places.dedup();
        match places.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [one, rest @ ..] => format!("{one} and {}", plural(rest.len(), "other place")),
        }
    };
    match (site.standing.verdict, site.client.status) {
        // One way past the factories is enough.
        (StandingVerdict::Outside, _) => (Mark::Failed, "own connection", from()),
        (StandingVerdict::Factory, OriginStatus::Inherited) => (Mark::Ok, "worker’s client", from()),
        (StandingVerdict::Factory, _) => (Mark::Ok, "factory", from()),
        (StandingVerdict::Open, OriginStatus::Inherited) => (Mark::Unknown, "worker’s client", from()),
        (StandingVerdict::Open, OriginStatus::Ambiguous) => (Mark::Attention, "ambiguous", from()),
        (StandingVerdict::Open, _) => (Mark::Unknown, "unresolved", site.client.reason.clone().unwrap_or_default()),
    }
}

/// How a message chooses its cluster: mark and words.
pub(crate) fn routing(site: &Site) -> (Mark, &'static str) {
    match (site.routing.role, site.routing.fallback_on) {
        (RoutingRole::Single, _) if site.routing.own_start => (Mark::Ok, "where it was started"),
        (RoutingRole::Single, _) => (Mark::Attention, "one cluster"),
        (_, Some(FallbackOn::NotFound)) => (Mark::Ok, "falls back on NotFound"),
        (_, Some(FallbackOn::AnyError)) => (Mark::Failed, "falls back on any error"),
        (_, Some(FallbackOn::Unclear) | None) => (Mark::Unknown, "fallback unclear"),
    }
}

/// Through what a site is entered, the nearest first; `None` when nothing is known.
pub(crate) fn entered_by(site: &Site) -> Option<(String, String)> {
    let shown = |e: &Entry| format!("{} {}", e.kind.words(), e.name);
    let (first, others) = site.entries.split_first()?;
    let others: Vec<String> = others.iter().map(shown).collect();
    Some((shown(first), others.join(", ")))
}

/// The queue of a worker or start, or where its name comes from.
fn queue(site: &Site) -> Option<String> {
    site.task_queue.clone().or_else(|| site.task_queue_from.clone())
}

fn entry(site: &Site) -> Cell {
    match entered_by(site) {
        Some((first, others)) => Cell::text(first).sub(others),
        None => Cell::quiet("–"),
    }
}

fn place(path: &str, line: u32, links: &Links) -> Cell {
    Cell::code(if line == 0 { path.to_owned() } else { format!("{path}:{line}") }).link(links.code(path, line))
}

/// Production code first, then by how much the origin of the client worries.
pub(crate) fn worry(site: &Site) -> (Scope, u8) {
    let rank = match origin(site).0 {
        Mark::Failed => 0,
        Mark::Unknown => 1,
        Mark::Attention => 2,
        _ => 3,
    };
    (site.scope, rank)
}

fn sorted(code: &CodeFacts, wanted: impl Fn(&Site) -> bool) -> Vec<&Site> {
    let mut sites: Vec<&Site> = code.sites.iter().filter(|s| wanted(s)).collect();
    sites.sort_by_key(|s| worry(s));
    sites
}

fn starters(code: &CodeFacts, links: &Links) -> Table {
    let rows = sorted(code, |s| s.kind.starts())
        .into_iter()
        .map(|s| {
            let (mark, word, from) = origin(s);
            vec![
                place(&s.path, s.line, links).sub(s.function.clone().unwrap_or_default()),
                Cell::text(s.kind.name().replace('_', " ")).sub(if s.scope == Scope::Main {
                    ""
                } else {
                    s.scope.words()
                }),
                Cell::maybe(s.workflow_type.as_deref()).sub(s.cron.clone().unwrap_or_default()),
                Cell::maybe(queue(s).as_deref()),
                entry(s),
                Cell::mark(mark, word).sub(from),
            ]
        })
        .collect();
    Table::new(
        "inventory-starters",
        "Starters",
        &["Place", "Starts by", "Workflow type", "Task queue", "Entered by", "Client comes from"],
        rows,
    )
    .note("Every place that begins an execution. Those outside the connection factory come first.")
    .empty("No starter was found.")
}

fn messages(code: &CodeFacts, links: &Links) -> Table {
    let rows = sorted(code, |s| s.kind.messages())
        .into_iter()
        .map(|s| {
            let (mark, word, from) = origin(s);
            let (route, how) = routing(s);
            vec![
                place(&s.path, s.line, links).sub(s.function.clone().unwrap_or_default()),
                Cell::text(s.kind.name()).sub(if s.scope == Scope::Main { "" } else { s.scope.words() }),
                Cell::maybe(s.message_name.as_deref()),
                entry(s),
                Cell::mark(route, how),
                Cell::mark(mark, word).sub(from),
            ]
        })
        .collect();
    Table::new(
        "inventory-messages",
        "Signals, queries, updates and cancellations",
        &["Place", "Kind", "Name", "Entered by", "Routing", "Client comes from"],
        rows,
    )
    .note("Places that talk to an execution that exists: they must reach the cluster it runs on.")
}

fn connections(code: &CodeFacts, links: &Links) -> Table {
    let mut rows: Vec<Vec<Cell>> = code
        .factories
        .iter()
        .map(|f| {
            let origin = if f.configured { "configured factory" } else { "proposed factory" };
            vec![
                place(&f.path, f.line, links).sub(&f.function),
                if f.found { Cell::mark(Mark::Ok, origin) } else { Cell::mark(Mark::Failed, "factory not found") },
                Cell::quiet("–"),
                Cell::quiet("–"),
                Cell::num(number(f.sites as u64)),
            ]
        })
        .collect();
    rows.extend(
        code.sites.iter().filter(|s| s.is_connection() || matches!(s.kind, Kind::ConnectConfig | Kind::Worker)).map(
            |s| {
                let users =
                    code.sites
                        .iter()
                        .filter(|u| {
                            u.client.origins.iter().any(|o| {
                                o.path == s.path && o.line == s.line && (o.column == 0 || o.column == s.column)
                            })
                        })
                        .count();
                vec![
                    place(&s.path, s.line, links).sub(s.function.clone().unwrap_or_default()),
                    match s.kind {
                        Kind::Worker => Cell::text("worker").sub(queue(s).unwrap_or_default()),
                        Kind::ConnectConfig => Cell::text("configuration"),
                        _ if s.standing.is_factory() => Cell::mark(Mark::Ok, "in the factory"),
                        _ => Cell::mark(Mark::Attention, "outside a factory"),
                    },
                    Cell::text(s.address.clone().unwrap_or_else(|| "–".to_owned())),
                    Cell::text(s.namespace.clone().unwrap_or_else(|| "–".to_owned())),
                    Cell::num(number(users as u64)),
                ]
            },
        ),
    );
    Table::new(
        "inventory-connections",
        "Factories, connections and workers",
        &["Place", "What", "Address", "Namespace", "Used by"],
        rows,
    )
}

fn wrappers(code: &CodeFacts, links: &Links) -> Table {
    let rows = code
        .wrappers
        .iter()
        .map(|w| {
            let callers: Vec<String> = w.calls.iter().take(4).map(|c| format!("{}:{}", c.path, c.line)).collect();
            let more = w.calls.len().saturating_sub(callers.len());
            let mut text = callers.join(", ");
            if more > 0 {
                text.push_str(&format!(" and {more} more"));
            }
            vec![
                Cell::code(&w.name),
                place(&w.path, w.line, links),
                Cell::text(w.kind.name().replace('_', " ")),
                Cell::num(number(w.calls.len() as u64)).sub(text),
            ]
        })
        .collect();
    Table::new("inventory-wrappers", "Wrappers", &["Function", "Place", "Kind", "Callers"], rows)
        .note("Functions that hand an SDK call on; their callers are the real starters.")
}

fn hazards(code: &CodeFacts, links: &Links) -> Table {
    let mut hazards: Vec<_> = code.hazards.iter().collect();
    hazards.sort_by_key(|h| h.scope);
    let rows = hazards
        .into_iter()
        .map(|h| {
            vec![
                Cell::text(words(&h.id)),
                Cell::message(&h.detail),
                place(&h.path, h.line, links).sub(if h.scope == Scope::Main { "" } else { h.scope.words() }),
            ]
        })
        .collect();
    Table::new("inventory-hazards", "Hazards in code", &["Hazard", "What was seen", "Place"], rows)
}

/// One row for each feature and name, with the places it is used at.
fn features(code: &CodeFacts, links: &Links) -> Table {
    let mut uses: BTreeMap<(&str, &str, &str), Vec<&FeatureUse>> = BTreeMap::new();
    for used in code.features.iter().filter(|f| f.scope.is_production()) {
        uses.entry((&used.feature, &used.what, used.name.as_deref().unwrap_or_default())).or_default().push(used);
    }
    let rows = uses
        .into_iter()
        .filter_map(|((feature, what, name), places)| {
            let first = places.first()?;
            let more = places.len() - 1;
            let cell = place(&first.path, first.line, links);
            let cell = if more == 0 { cell } else { cell.sub(format!("and {more} more")) };
            let name = if name.is_empty() { Cell::text("–") } else { Cell::code(name) };
            Some(vec![Cell::text(words(feature)), Cell::text(what), name, cell])
        })
        .collect();
    Table::new("inventory-features", "Features in code", &["Feature", "What", "Name", "Place"], rows)
        .note("Versioning, converters, codecs and Nexus: what both sides must offer, or must be given in the same way.")
}

fn sdks(code: &CodeFacts, links: &Links) -> Table {
    let rows = code
        .sdks
        .iter()
        .map(|s| {
            let version = Cell::code(s.in_words());
            let version = match s.resolved.iter().find(|r| r.path != s.path) {
                Some(lock) => version.sub(format!("from {}:{}", lock.path, lock.line)),
                None => version,
            };
            vec![Cell::text(&s.language), Cell::code(&s.package), version, place(&s.path, s.line, links)]
        })
        .collect();
    Table::new("inventory-sdks", "SDKs", &["Language", "Package", "Version", "Place"], rows)
}

fn workflow_types(card: &Scorecard) -> Table {
    // (namespace, type) → what each side and the code know.
    let mut defined: BTreeMap<&str, usize> = BTreeMap::new();
    for d in card.inventory.code.value().into_iter().flat_map(|c| &c.workflow_types) {
        if d.scope == Scope::Main {
            *defined.entry(d.name.as_str()).or_default() += 1;
        }
    }
    let mut rows = Vec::new();
    for (side, snapshot) in [(Side::Source, &card.inventory.source), (Side::Target, &card.inventory.target)] {
        for ns in snapshot.value().into_iter().flat_map(|s| &s.namespaces) {
            for t in ns.workflow_types.value().into_iter().flatten() {
                let in_code = defined.contains_key(t.name.as_str());
                rows.push((
                    t.open,
                    vec![
                        Cell::code(&t.name),
                        Cell::text(format!("{side} {}", ns.name)),
                        Cell::num(number(t.open)),
                        Cell::num(t.oldest_open.as_ref().map_or_else(|| "–".to_owned(), |e| duration(e.seconds)))
                            .sub(t.oldest_open.as_ref().map(|e| e.workflow_id.clone()).unwrap_or_default()),
                        Cell::num(t.longest_closed.as_ref().map_or_else(|| "–".to_owned(), |e| duration(e.seconds)))
                            .sub(t.durations.map(executions::most).unwrap_or_default()),
                        if in_code {
                            Cell::mark(Mark::Ok, "in the code")
                        } else if card.inventory.code.value().is_some() {
                            Cell::mark(Mark::Attention, "not in the code")
                        } else {
                            Cell::mark(Mark::Unknown, "no scan")
                        },
                    ],
                ));
            }
        }
    }
    rows.sort_by_key(|(open, _)| std::cmp::Reverse(*open));
    Table::new(
        "inventory-workflow-types",
        "Workflow types on the clusters",
        &["Workflow type", "Where", "Open", "Oldest open", "Longest closed", "Implementation"],
        rows.into_iter().map(|(_, row)| row).collect(),
    )
}

fn certificates(card: &Scorecard) -> Table {
    let end = card.plan.window.map(|w| w.end);
    let state = |c: &Certificate| -> Cell {
        if c.not_after < card.at {
            return Cell::mark(Mark::Failed, "expired");
        }
        let last = c.not_after.to_zoned(jiff::tz::TimeZone::UTC).date();
        match end {
            Some(end) if last <= end => Cell::mark(Mark::Failed, "ends inside the window"),
            Some(end) if last < end.saturating_add(jiff::Span::new().days(60)) => {
                Cell::mark(Mark::Attention, "ends within 60 days after it")
            }
            Some(_) => Cell::mark(Mark::Ok, "outlives the window"),
            None => Cell::mark(Mark::Unknown, "no window planned"),
        }
    };
    let row = |what: String, c: &Certificate| {
        vec![
            Cell::text(&c.subject).sub(format!("issued by {}", c.issuer)),
            Cell::text(what),
            Cell::num(day(c.not_before)),
            Cell::num(day(c.not_after)),
            state(c),
        ]
    };
    let mut rows: Vec<_> = endpoints(card).map(|(what, c)| row(what, c)).collect();
    for (side, file) in certificate_files(card) {
        let role = role(file.role);
        if let Some(problem) = &file.problem {
            rows.push(vec![
                Cell::code(&file.path),
                Cell::text(format!("{side} {role}")),
                Cell::quiet("–"),
                Cell::quiet("–"),
                Cell::mark(Mark::Unknown, "not readable").sub(problem.as_str()),
            ]);
        }
        rows.extend(file.chain.iter().map(|c| row(format!("{side} {role}: {}", file.path), c)));
    }
    let cloud = card.inventory.target.value().and_then(|target| target.cloud.value());
    for namespace in cloud.into_iter().flat_map(|cloud| &cloud.namespaces) {
        let accepted = namespace.settings.value().and_then(|settings| settings.accepted_cas.as_ref());
        let what = format!("accepted by {}", namespace.name);
        rows.extend(accepted.into_iter().flat_map(|file| &file.chain).map(|c| row(what.clone(), c)));
    }
    Table::new("inventory-certificates", "Certificates", &["Subject", "Used for", "From", "Until", "State"], rows)
        .note(format!("Judged for {}.", minute(card.at)))
        .gap(super::gap(&card.inventory.certificates))
}

fn role(role: crate::facts::certificate::CertificateRole) -> &'static str {
    use crate::facts::certificate::CertificateRole::*;
    match role {
        Client => "client certificate",
        Authority => "certificate authority",
        Server => "server certificate",
    }
}

/// The certificates both endpoints presented, leaf first, with what they are for.
pub(crate) fn endpoints(card: &Scorecard) -> impl Iterator<Item = (String, &Certificate)> {
    snapshots(card).flat_map(|s| {
        let what = format!("{} endpoint {}", s.side, s.address);
        s.endpoint_chain.value().into_iter().flatten().map(move |c| (what.clone(), c))
    })
}

/// Certificate files of both connections and of the configuration; one that both name appears once.
pub(crate) fn certificate_files(card: &Scorecard) -> Vec<(String, &CertificateFile)> {
    let connections = snapshots(card).flat_map(|s| s.certificate_files.iter().map(move |f| (s.side.to_string(), f)));
    let configured = card.inventory.certificates.value().into_iter().flatten();
    let mut all: Vec<(String, &CertificateFile)> = Vec::new();
    for (side, file) in connections.chain(configured.map(|f| ("configured".to_owned(), f))) {
        let same =
            |other: &CertificateFile| other.role == file.role && other.chain == file.chain && !file.chain.is_empty();
        if !all.iter().any(|(_, other)| same(other)) {
            all.push((side, file));
        }
    }
    all
}

fn snapshots(card: &Scorecard) -> impl Iterator<Item = &ClusterSnapshot> {
    [&card.inventory.source, &card.inventory.target].into_iter().filter_map(|s| s.value())
}
