//! What both clusters hold, and the certificates and keys that lead to them.

use super::{Row, gap};
use crate::facts::Side;
use crate::facts::cluster::{ClusterSnapshot, NamespaceSnapshot};
use crate::render::text::{day, list};
use crate::render::view::certificates::{certificate_files, endpoints};
use crate::render::view::schedule_when;
use crate::scorecard::Scorecard;

/// Namespaces with everything in them, side by side, then certificates and keys.
pub(super) fn rows(card: &Scorecard) -> Vec<Row> {
    let mut rows = Vec::new();
    for (side, known) in [(Side::Source, &card.inventory.source), (Side::Target, &card.inventory.target)] {
        rows.extend(gap("cluster", &side.to_string(), "", known));
        if let Some(snapshot) = known.value() {
            rows.push(Row {
                what: "cluster",
                name: snapshot.address.clone(),
                detail: snapshot
                    .system
                    .value()
                    .map_or_else(String::new, |system| format!("server {}", system.server_version)),
                ..at(side, "")
            });
            for n in &snapshot.namespaces {
                rows.extend(namespace(card, snapshot, n));
            }
        }
    }
    rows.extend(certificates(card));
    rows.extend(api_keys(card));
    rows
}

fn at(side: Side, namespace: &str) -> Row {
    Row { side: side.to_string(), namespace: namespace.to_owned(), ..Row::default() }
}

fn namespace(card: &Scorecard, snapshot: &ClusterSnapshot, n: &NamespaceSnapshot) -> Vec<Row> {
    let side = snapshot.side;
    let side_name = side.to_string();
    let here = || at(side, &n.name);
    let planned = card.plan.namespaces.iter().find(|m| m.source == n.name && side == Side::Source);
    let mut rows = vec![Row {
        what: "namespace",
        name: n.name.clone(),
        state: match planned {
            Some(m) if m.exclude.is_some() => "does not move".to_owned(),
            _ => String::new(),
        },
        open: n.open.value().copied(),
        retention_seconds: n.config.value().map(|c| c.retention_seconds),
        detail: planned.map_or_else(String::new, |m| {
            let moves = m.target.as_ref().map(|target| format!("moves to {target}"));
            moves.or_else(|| m.exclude.clone()).unwrap_or_default()
        }),
        ..here()
    }];
    rows.extend(gap("search attribute", &side_name, &n.name, &n.search_attributes));
    let used = |name: &str| {
        n.attribute_use.value().into_iter().flatten().find(|used| used.name == name).map(|used| used.executions)
    };
    rows.extend(n.search_attributes.value().into_iter().flatten().map(|a| Row {
        what: "search attribute",
        name: a.name.clone(),
        kind: a.value_type.clone(),
        uses: used(&a.name),
        ..here()
    }));
    rows.extend(gap("schedule", &side_name, &n.name, &n.schedules));
    rows.extend(n.schedules.value().into_iter().flatten().map(|s| Row {
        what: "schedule",
        name: s.id.clone(),
        kind: s.policies.overlap.clone(),
        state: if s.paused { "paused" } else { "active" }.to_owned(),
        workflow_type: s.action.workflow_type.clone(),
        task_queue: s.action.task_queue.clone(),
        until: s.spec.end.map(day).unwrap_or_default(),
        from: s.spec.start.map(day).unwrap_or_default(),
        detail: schedule_when(s),
        ..here()
    }));
    rows.extend(gap("workflow type", &side_name, &n.name, &n.workflow_types));
    rows.extend(n.workflow_types.value().into_iter().flatten().map(|t| {
        let oldest = t.oldest_open.as_ref();
        Row {
            what: "workflow type",
            name: t.name.clone(),
            workflow_type: t.name.clone(),
            open: Some(t.open),
            oldest_open_seconds: oldest.map(|e| e.seconds),
            detail: oldest.map_or_else(
                || format!("{} closed", t.closed),
                |e| format!("oldest open: {}; {} closed", e.workflow_id, t.closed),
            ),
            ..here()
        }
    }));
    rows.extend(gap("task queue", &side_name, &n.name, &n.task_queues));
    let now = snapshot.taken_at_by_its_clock();
    rows.extend(n.task_queues.value().into_iter().flatten().map(|q| {
        Row {
            what: "task queue",
            name: q.name.clone(),
            task_queue: q.name.clone(),
            state: if q.live_workflow_pollers(now) + q.live_activity_pollers(now) == 0 {
                "no workers"
            } else {
                "polled"
            }
            .to_owned(),
            open: q.open_executions,
            detail: format!(
                "{} workflow pollers, {} activity pollers",
                q.live_workflow_pollers(now),
                q.live_activity_pollers(now)
            ),
            ..here()
        }
    }));
    rows
}

fn certificates(card: &Scorecard) -> Vec<Row> {
    let mut rows: Vec<Row> = gap("certificate", "", "", &card.inventory.certificates).into_iter().collect();
    let row = |used: String, path: &str, c: &crate::facts::certificate::Certificate| Row {
        what: "certificate",
        name: c.subject.clone(),
        kind: if c.is_ca { "authority" } else { "leaf" }.to_owned(),
        state: if c.not_after < card.at { "expired" } else { "valid" }.to_owned(),
        path: path.to_owned(),
        origin: c.issuer.clone(),
        from: day(c.not_before),
        until: day(c.not_after),
        detail: format!("{used}; {}", list(&c.names)).trim_end_matches("; ").to_owned(),
        ..Row::default()
    };
    rows.extend(endpoints(card).map(|(what, c)| row(what, "", c)));
    for (side, file) in certificate_files(card) {
        rows.extend(file.problem.as_ref().map(|problem| Row {
            what: "certificate",
            state: "unknown".to_owned(),
            path: file.path.clone(),
            detail: problem.clone(),
            ..Row::default()
        }));
        rows.extend(file.chain.iter().map(|c| row(side.clone(), &file.path, c)));
    }
    rows
}

fn api_keys(card: &Scorecard) -> Vec<Row> {
    let Some(cloud) = card.inventory.target.value().and_then(|t| t.cloud.value()) else { return Vec::new() };
    let mut rows: Vec<Row> = gap("api key", "target", "", &cloud.api_keys).into_iter().collect();
    rows.extend(cloud.api_keys.value().into_iter().flatten().map(|key| Row {
        what: "api key",
        side: "target".to_owned(),
        name: key.name.clone(),
        kind: key.owner_kind.clone(),
        state: if key.disabled { "disabled".to_owned() } else { key.state.clone() },
        origin: key.owner_id.clone(),
        until: key.expires.map(day).unwrap_or_default(),
        detail: format!("key {}", key.id),
        ..Row::default()
    }));
    rows
}
