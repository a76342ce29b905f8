//! Several snapshots of one cluster as one: other namespaces, other hosts, other permissions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::facts::Known;
use crate::facts::cluster::{ClusterKind, ClusterSnapshot, OpenSample, Vantage};
use crate::ui::Problem;

/// Make one snapshot of several of the same cluster.
///
/// A namespace in several of them has the facts that are known best, the newer ones first. The time is that of the newest;
/// a namespace of which anything comes from an older one says so in `looked_at`, so that age is never hidden. Calls add
/// up; and each way to the cluster stays told, so that a host that cannot reach it is not covered by one that can.
///
/// # Errors
/// None given, snapshots of two sides or of two clusters, snapshots that were redacted with different keys.
pub fn merge(mut snapshots: Vec<ClusterSnapshot>) -> Result<ClusterSnapshot, Problem> {
    snapshots.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.newest()));
    for snapshot in &mut snapshots {
        let looked_at = snapshot.newest();
        for namespace in &mut snapshot.namespaces {
            namespace.looked_at.get_or_insert(looked_at);
        }
    }
    let mut rest = snapshots.into_iter();
    let Some(mut whole) = rest.next() else {
        return Err(Problem::tool("there is no snapshot to merge"));
    };
    let mut rest = rest.peekable();
    if rest.peek().is_none() {
        return Ok(whole);
    }
    whole.vantages = vantages(&whole);
    let mut earlier = std::mem::take(&mut whole.earlier);
    for older in rest {
        same_cluster(&whole, &older)?;
        whole.vantages.extend(vantages(&older));
        earlier.extend(open_samples(&older));
        whole = join(whole, older)?;
    }
    earlier.sort_by(|a, b| (a.taken_at, &a.namespace).cmp(&(b.taken_at, &b.namespace)));
    earlier.dedup();
    whole.earlier = earlier;
    // The way of the merged snapshot is the worst one; all of them are among the vantages.
    let worst = whole.vantages.iter().find(|vantage| vantage.connection.iter().any(|step| !step.ok));
    if let Some(worst) = worst.or(whole.vantages.first()) {
        whole.connection = worst.connection.clone();
    }
    Ok(whole.settled())
}

fn vantages(snapshot: &ClusterSnapshot) -> Vec<Vantage> {
    if !snapshot.vantages.is_empty() {
        return snapshot.vantages.clone();
    }
    vec![Vantage {
        probed_from: snapshot.probed_from.clone(),
        address: snapshot.address.clone(),
        taken_at: snapshot.taken_at,
        tool_version: snapshot.tool_version.clone(),
        credential: snapshot.credential,
        connection: snapshot.connection.clone(),
        answered: snapshot.namespaces.iter().any(|namespace| namespace.exists.is_some()),
    }]
}

/// How many executions were open in each namespace, and in those the snapshot was made from.
fn open_samples(snapshot: &ClusterSnapshot) -> impl Iterator<Item = OpenSample> {
    let known = snapshot.namespaces.iter().filter_map(|n| match n.open {
        Known::Known(open) => {
            let queues = || n.task_queues.value().into_iter().flatten();
            let waiting = queues().filter_map(|q| Some((q.name.clone(), q.backlog().filter(|tasks| *tasks > 0)?)));
            Some(OpenSample {
                namespace: n.name.clone(),
                taken_at: snapshot.newest(),
                open,
                backlogs: waiting.collect(),
                queues: queues().map(|q| q.name.clone()).collect(),
            })
        }
        _ => None,
    });
    known.chain(snapshot.earlier.clone())
}

fn same_cluster(a: &ClusterSnapshot, b: &ClusterSnapshot) -> Result<(), Problem> {
    let refuse = |title: &str, note: String| Err(Problem::usage(title.to_owned()).note(note));
    if a.side != b.side {
        return refuse("snapshots of two sides cannot be merged", format!("{} and {}", a.side, b.side));
    }
    if a.redacted_with != b.redacted_with {
        return refuse(
            "snapshots that were redacted with different keys, or only in part, cannot be merged",
            "take them again with the same TEMPORAL_PREFLIGHT_REDACT_KEY".to_owned(),
        );
    }
    let id = |snapshot: &ClusterSnapshot| {
        let cluster = snapshot.system.value().and_then(|system| system.cluster.as_ref());
        cluster.map(|cluster| cluster.id.clone()).filter(|id| !id.is_empty())
    };
    let cloud = |snapshot: &ClusterSnapshot| snapshot.kind == ClusterKind::Cloud;
    let same = match (id(a), id(b)) {
        (Some(a), Some(b)) => a == b,
        // The namespaces of Temporal Cloud have an address each.
        _ => (cloud(a) && cloud(b)) || a.address == b.address,
    };
    if same {
        return Ok(());
    }
    Err(Problem::usage(format!("{} and {} are not known to be the same cluster", a.address, b.address))
        .note("a migration has one source and one target; only snapshots of the same cluster merge")
        .help("judge each cluster with a preflight.yaml of its own"))
}

/// Both as one; `newer` wins where both know the same.
fn join(newer: ClusterSnapshot, older: ClusterSnapshot) -> Result<ClusterSnapshot, Problem> {
    let fault = |e: serde_json::Error| Problem::tool("the snapshots cannot be merged").note(e.to_string());
    let elapsed_ms = newer.elapsed_ms.saturating_add(older.elapsed_ms);
    let mut rpcs = newer.rpcs.clone();
    for (name, count) in &older.rpcs {
        let all = rpcs.entry(name.clone()).or_default();
        all.calls += count.calls;
        all.errors += count.errors;
        all.denied += count.denied;
    }
    let mut certificate_files = newer.certificate_files.clone();
    certificate_files.extend(older.certificate_files.iter().filter(|f| !newer.certificate_files.contains(f)).cloned());
    let mut value = serde_json::to_value(&newer).map_err(fault)?;
    better(&mut value, serde_json::to_value(&older).map_err(fault)?);
    let merged: ClusterSnapshot = serde_json::from_value(value).map_err(fault)?;
    Ok(ClusterSnapshot { elapsed_ms, rpcs, certificate_files, vantages: newer.vantages, ..merged })
}

/// Field by field: what is known beats what is known in part, and that what is unknown. Lists of namespaces are joined
/// by name; everything else stays as it is. Whether anything was taken from the older one.
fn better(newer: &mut Value, older: Value) -> bool {
    let (Value::Object(newer), Value::Object(older)) = (newer, older) else { return false };
    let mut taken = false;
    for (name, old) in older {
        let Some(new) = newer.get_mut(&name) else {
            // A list somebody once asked for is dated by its rows.
            taken |= name != "listed";
            newer.insert(name, old);
            continue;
        };
        taken |= match (rank(new), rank(&old)) {
            _ if name == "namespaces" => by_name(new, old),
            (Some(2), Some(2)) if name == "cloud" => match (new.get_mut("known"), old.get("known")) {
                (Some(new), Some(old)) => better(new, old.clone()),
                _ => false,
            },
            (Some(a), Some(b)) if b > a => {
                *new = old;
                true
            }
            (Some(_), _) | (_, Some(_)) => false,
            (None, None) => better(new, old),
        };
    }
    taken
}

/// How well something is known; `None` when it is not of the form of `Known`.
fn rank(value: &Value) -> Option<u8> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    match fields.keys().next()?.as_str() {
        "known" => Some(2),
        "partial" => Some(1),
        "unknown" => Some(0),
        _ => None,
    }
}

fn by_name(newer: &mut Value, older: Value) -> bool {
    let (Value::Array(newer), Value::Array(older)) = (newer, older) else { return false };
    let name = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let places: BTreeMap<String, usize> = newer.iter().enumerate().map(|(at, value)| (name(value), at)).collect();
    for value in older {
        match places.get(&name(&value)).and_then(|at| newer.get_mut(*at)) {
            Some(new) => {
                let looked_at = value.get("looked_at").cloned();
                if let (true, Some(looked_at), Some(fields)) = (better(new, value), looked_at, new.as_object_mut()) {
                    fields.insert("looked_at".to_owned(), looked_at);
                }
            }
            None => newer.push(value),
        }
    }
    // Every namespace tells its own age.
    false
}
