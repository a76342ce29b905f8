//! Whether Temporal can move the namespaces by replication (automated migration), as far as the clusters tell.
//!
//! Source of the requirements: docs.temporal.io, cloud/migrate/automated.

use semver::Version;
use serde_json::{Value, json};

use super::{Context, FactPath, FactView, words};
use crate::compare::{self, half, live, namespace_missing};
use crate::facts::cluster::{ClusterInfo, ClusterSnapshot, NamespaceSnapshot, Schedule, WorkflowType};
use crate::facts::{Known, Why, version};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped("source.automated_obstacles", "what keeps the source from an automated migration"), /* fields: verdict (obstacle | unclear), requirement, problem */
    FactPath::untyped("diff.used_targets", "target namespaces that have held executions or schedules"), /* fields: verdict (used | unclear: a replication may have brought it), source_namespace, target_namespace, holds */
];

/// Replication streams exist since this version …
const OLDEST: Version = Version::new(1, 22, 6);
/// … and are on by default since this one.
const STREAMS_BY_DEFAULT: Version = Version::new(1, 24, 0);
/// `GetClusterInfo` tells failover versions since this one.
const TELLS_FAILOVER: Version = Version::new(1, 29, 0);
/// Failover versions of a cluster must fit into this range of Temporal Cloud.
const FAILOVER_RANGE: i64 = 1_000_000;

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put_untyped("source.automated_obstacles", context.source.clone().and_then(obstacles));
    view.put_untyped("diff.used_targets", used_targets(context));
}

fn obstacles(source: &ClusterSnapshot) -> Known<Vec<Value>> {
    source.system.clone().and_then(|system| {
        let unknown = |what: &str| {
            Known::Unknown(Why::with_remedy(
                format!("the source did not tell {what}"),
                "allow GetSystemInfo and GetClusterInfo for the identity that probes",
            ))
        };
        let Some(server) = version::parse(&system.server_version) else { return unknown("its server version") };
        let Some(cluster) = &system.cluster else { return unknown("its shards and its name") };
        let found = of_version(&server).into_iter().chain(of_cluster(&server, cluster));
        let object = |(verdict, requirement, problem): Obstacle| {
            json!({"verdict": verdict, "requirement": requirement, "problem": problem,
                   "loci": [live(source, None, requirement, "GetClusterInfo")]})
        };
        Known::Known(found.map(object).collect())
    })
}

/// Verdict, requirement, and what is wrong in words.
type Obstacle = (&'static str, &'static str, String);

fn of_version(server: &Version) -> Option<Obstacle> {
    if *server < OLDEST {
        return Some(("obstacle", "server version", format!("it runs server {server}; {OLDEST} or newer is needed")));
    }
    (*server < STREAMS_BY_DEFAULT).then(|| {
        let problem = format!("server {server} replicates only with `history.enableReplicationStream: true` in its dynamic configuration, which it does not tell");
        ("unclear", "replication stream", problem)
    })
}

fn of_cluster(server: &Version, cluster: &ClusterInfo) -> Vec<Obstacle> {
    let mut all = Vec::new();
    let shards = cluster.history_shards;
    if shards <= 0 {
        all.push(("unclear", "history shards", "it does not tell its number of history shards".to_owned()));
    } else if !shards.unsigned_abs().is_power_of_two() {
        all.push((
            "obstacle",
            "history shards",
            format!("it has {shards} history shards, which is no power of two and cannot be changed; choose the manual migration"),
        ));
    }
    if cluster.name == "active" {
        let problem = "its name is `active`, the default: the name must be the only one of its kind at the migration server of Temporal";
        all.push(("unclear", "cluster name", problem.to_owned()));
    }
    let (initial, increment) = (cluster.initial_failover_version, cluster.failover_version_increment);
    if *server < TELLS_FAILOVER || increment <= 0 {
        let problem = format!(
            "server {server} does not tell its failover versions; they matter if global namespaces were ever enabled"
        );
        all.push(("unclear", "failover versions", problem));
    } else if initial > FAILOVER_RANGE || FAILOVER_RANGE % increment != 0 {
        let problem = format!(
            "its initial failover version {initial} must be at most {FAILOVER_RANGE}, and its increment {increment} a divisor of it"
        );
        all.push(("obstacle", "failover versions", problem));
    }
    all
}

/// Replication needs a target that never held anything.
fn used_targets(context: &Context<'_>) -> Known<Vec<Value>> {
    context.target.clone().zip(compare::moved(&context.facts.plan)).and_then(|(target, moved)| {
        Known::concat(moved.into_iter().map(|(mapping, name)| {
            if namespace_missing(target, name) == Known::Known(true) {
                return Known::Known(vec![]);
            }
            half(target, name).and_then(|half| {
                let n = half.namespace;
                let counts = half.known("open executions", &n.open).zip(half.known("closed executions", &n.closed));
                counts.zip(half.known("schedules", &n.schedules)).map(|((open, closed), schedules)| {
                    let verdict = if holds_its_own(context, &mapping.source, n) { "used" } else { "unclear" };
                    let counts =
                        [(open, "open execution"), (closed, "closed execution"), (schedules.len() as u64, "schedule")];
                    let holds: Vec<String> =
                        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| words::count(*n, what)).collect();
                    let used = (!holds.is_empty()).then(|| {
                        json!({"verdict": verdict, "source_namespace": mapping.source, "target_namespace": name, "holds": words::list(&holds, 3),
                               "loci": [half.locus(format!("namespace {name}"), "CountWorkflowExecutions")]})
                    });
                    used.into_iter().collect()
                })
            })
        }))
    })
}

/// Whether a target holds what a replication of the source cannot have brought: a workflow type or a schedule that
/// the source does not have.
fn holds_its_own(context: &Context<'_>, source: &str, target: &NamespaceSnapshot) -> bool {
    let source = context.source.clone().and_then(|cluster| half(cluster, source));
    let Some(source) = source.value().map(|half| half.namespace) else { return false };
    let types = source.workflow_types.value().zip(target.workflow_types.value());
    let new_type = |(here, there): (&Vec<WorkflowType>, &Vec<WorkflowType>)| {
        there.iter().any(|t| !here.iter().any(|s| s.name == t.name))
    };
    let schedules = source.schedules.value().zip(target.schedules.value());
    let new_schedule =
        |(here, there): (&Vec<Schedule>, &Vec<Schedule>)| there.iter().any(|t| !here.iter().any(|s| s.id == t.id));
    types.is_some_and(new_type) || schedules.is_some_and(new_schedule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_cluster_from_replicating_is_told_apart_from_what_it_does_not_tell() {
        let cluster = |name: &str, shards, initial, increment| ClusterInfo {
            name: name.into(),
            history_shards: shards,
            initial_failover_version: initial,
            failover_version_increment: increment,
            ..ClusterInfo::default()
        };
        for (version, cluster, expected) in [
            ("1.32.0", cluster("larkspur", 512, 1, 10), vec![]),
            ("1.32.0", cluster("active", 512, 1, 10), vec![("unclear", "cluster name")]),
            ("1.32.0", cluster("larkspur", 500, 1, 10), vec![("obstacle", "history shards")]),
            ("1.32.0", cluster("larkspur", 512, 2_000_000, 10), vec![("obstacle", "failover versions")]),
            ("1.32.0", cluster("larkspur", 512, 1, 7), vec![("obstacle", "failover versions")]),
            (
                "1.22.6",
                cluster("larkspur", 512, 0, 0),
                vec![("unclear", "replication stream"), ("unclear", "failover versions")],
            ),
            (
                "1.22.5",
                cluster("larkspur", 4, 0, 0),
                vec![("obstacle", "server version"), ("unclear", "failover versions")],
            ),
            ("1.29.0", cluster("larkspur", 0, 1, 1_000_000), vec![("unclear", "history shards")]),
        ] {
            let version = version::parse(version).unwrap();
            let found: Vec<_> = of_version(&version).into_iter().chain(of_cluster(&version, &cluster)).collect();
            let told: Vec<_> = found.iter().map(|(verdict, requirement, _)| (*verdict, *requirement)).collect();
            assert_eq!(told, expected, "{version} {cluster:?}");
        }
    }
}
