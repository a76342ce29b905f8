//! Whether Temporal can move the namespaces by replication (automated migration), as far as the clusters tell.
//!
//! Source of the requirements: docs.temporal.io, cloud/migrate/automated.

use semver::Version;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::{self, half, live, namespace_missing};
use crate::facts::cluster::{ClusterInfo, ClusterSnapshot, NamespaceSnapshot, Schedule, WorkflowType};
use crate::facts::{Known, Locus, Why, version};

const AUTOMATED_OBSTACLES: Fact<Vec<Obstacle>> =
    Fact::new("source.automated_obstacles", "what keeps the source from an automated migration");
const USED_TARGETS: Fact<Vec<UsedTarget>> =
    Fact::new("diff.used_targets", "target namespaces that have held executions or schedules");

pub(super) const PATHS: &[FactPath] = &[AUTOMATED_OBSTACLES.entry(), USED_TARGETS.entry()];

/// What keeps the source from an automated migration, or may.
#[derive(Serialize, JsonSchema)]
struct Obstacle {
    /// Whether it does.
    verdict: ObstacleVerdict,
    /// What Temporal asks of: `server version`, `history shards` …
    requirement: &'static str,
    /// What is wrong, as a sentence.
    problem: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Whether something keeps the source from an automated migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ObstacleVerdict {
    /// It does.
    Obstacle,
    /// The cluster does not tell.
    Unclear,
}

/// A target namespace that has held executions or schedules.
#[derive(Serialize, JsonSchema)]
struct UsedTarget {
    /// Who brought them.
    verdict: UseVerdict,
    /// Namespace of the source.
    source_namespace: String,
    /// Namespace of the target.
    target_namespace: String,
    /// What it holds: `3 open executions and 1 schedule`.
    holds: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Who brought what a target holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum UseVerdict {
    /// Not the replication: the source does not have a type or a schedule of it.
    Used,
    /// A replication of the source may have.
    Unclear,
}

/// Replication streams exist since this version …
const OLDEST: Version = Version::new(1, 22, 6);
/// … and are on by default since this one.
const STREAMS_BY_DEFAULT: Version = Version::new(1, 24, 0);
/// `GetClusterInfo` tells failover versions since this one.
const TELLS_FAILOVER: Version = Version::new(1, 29, 0);
/// Failover versions of a cluster must fit into this range of Temporal Cloud.
const FAILOVER_RANGE: i64 = 1_000_000;

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&AUTOMATED_OBSTACLES, context.source.clone().and_then(obstacles));
    view.put(&USED_TARGETS, used_targets(context));
}

fn obstacles(source: &ClusterSnapshot) -> Known<Vec<Obstacle>> {
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
        let object = |(verdict, requirement, problem): Requirement| Obstacle {
            loci: vec![live(source, None, requirement, "GetClusterInfo")],
            verdict,
            requirement,
            problem,
        };
        Known::Known(found.map(object).collect())
    })
}

/// Verdict, requirement, and what is wrong in words.
type Requirement = (ObstacleVerdict, &'static str, String);

fn of_version(server: &Version) -> Option<Requirement> {
    if *server < OLDEST {
        return Some((
            ObstacleVerdict::Obstacle,
            "server version",
            format!("it runs server {server}; {OLDEST} or newer is needed"),
        ));
    }
    (*server < STREAMS_BY_DEFAULT).then(|| {
        let problem = format!("server {server} replicates only with `history.enableReplicationStream: true` in its dynamic configuration, which it does not tell");
        (ObstacleVerdict::Unclear, "replication stream", problem)
    })
}

fn of_cluster(server: &Version, cluster: &ClusterInfo) -> Vec<Requirement> {
    let mut all = Vec::new();
    let shards = cluster.history_shards;
    if shards <= 0 {
        all.push((
            ObstacleVerdict::Unclear,
            "history shards",
            "it does not tell its number of history shards".to_owned(),
        ));
    } else if !shards.unsigned_abs().is_power_of_two() {
        all.push((
            ObstacleVerdict::Obstacle,
            "history shards",
            format!("it has {shards} history shards, which is no power of two and cannot be changed; choose the manual migration"),
        ));
    }
    if cluster.name == "active" {
        let problem = "its name is `active`, the default: the name must be the only one of its kind at the migration server of Temporal";
        all.push((ObstacleVerdict::Unclear, "cluster name", problem.to_owned()));
    }
    let (initial, increment) = (cluster.initial_failover_version, cluster.failover_version_increment);
    if *server < TELLS_FAILOVER || increment <= 0 {
        let problem = format!(
            "server {server} does not tell its failover versions; they matter if global namespaces were ever enabled"
        );
        all.push((ObstacleVerdict::Unclear, "failover versions", problem));
    } else if initial > FAILOVER_RANGE || FAILOVER_RANGE % increment != 0 {
        let problem = format!(
            "its initial failover version {initial} must be at most {FAILOVER_RANGE}, and its increment {increment} a divisor of it"
        );
        all.push((ObstacleVerdict::Obstacle, "failover versions", problem));
    }
    all
}

/// Replication needs a target that never held anything.
fn used_targets(context: &Context<'_>) -> Known<Vec<UsedTarget>> {
    context.target.clone().zip(compare::moved(&context.facts.plan)).and_then(|(target, moved)| {
        Known::concat(moved.into_iter().map(|(mapping, name)| {
            if namespace_missing(target, name) == Known::Known(true) {
                return Known::Known(vec![]);
            }
            half(target, name).and_then(|half| {
                let n = half.namespace;
                let counts = half.known("open executions", &n.open).zip(half.known("closed executions", &n.closed));
                counts.zip(half.known("schedules", &n.schedules)).map(|((open, closed), schedules)| {
                    let verdict =
                        if holds_its_own(context, &mapping.source, n) { UseVerdict::Used } else { UseVerdict::Unclear };
                    let counts =
                        [(open, "open execution"), (closed, "closed execution"), (schedules.len() as u64, "schedule")];
                    let holds: Vec<String> =
                        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| words::count(*n, what)).collect();
                    let used = (!holds.is_empty()).then(|| UsedTarget {
                        source_namespace: mapping.source.clone(),
                        target_namespace: name.to_owned(),
                        holds: words::list(&holds, 3),
                        loci: vec![half.locus(format!("namespace {name}"), "CountWorkflowExecutions")],
                        verdict,
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
            ("1.32.0", cluster("active", 512, 1, 10), vec![(ObstacleVerdict::Unclear, "cluster name")]),
            ("1.32.0", cluster("larkspur", 500, 1, 10), vec![(ObstacleVerdict::Obstacle, "history shards")]),
            ("1.32.0", cluster("larkspur", 512, 2_000_000, 10), vec![(ObstacleVerdict::Obstacle, "failover versions")]),
            ("1.32.0", cluster("larkspur", 512, 1, 7), vec![(ObstacleVerdict::Obstacle, "failover versions")]),
            (
                "1.22.6",
                cluster("larkspur", 512, 0, 0),
                vec![(ObstacleVerdict::Unclear, "replication stream"), (ObstacleVerdict::Unclear, "failover versions")],
            ),
            (
                "1.22.5",
                cluster("larkspur", 4, 0, 0),
                vec![(ObstacleVerdict::Obstacle, "server version"), (ObstacleVerdict::Unclear, "failover versions")],
            ),
            ("1.29.0", cluster("larkspur", 0, 1, 1_000_000), vec![(ObstacleVerdict::Unclear, "history shards")]),
        ] {
            let version = version::parse(version).unwrap();
            let found: Vec<_> = of_version(&version).into_iter().chain(of_cluster(&version, &cluster)).collect();
            let told: Vec<_> = found.iter().map(|(verdict, requirement, _)| (*verdict, *requirement)).collect();
            assert_eq!(told, expected, "{version} {cluster:?}");
        }
    }
}
