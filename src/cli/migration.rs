//! The migration a command works on: `preflight.yaml`, flags over it, and the instant it is judged for.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::clock;
use crate::config::{self, CloudOpsSettings, ConnectionSettings, Preflight};
use crate::facts::cluster::ClusterKind;
use crate::facts::plan::{NamespaceMapping, TargetKind};
use crate::facts::{Known, Side, Why};
use crate::probe::settings::prometheus::Prometheus;
use crate::probe::settings::{cloud_ops, prometheus};
use crate::probe::{Connection, profile};
use crate::ui::Problem;

/// The flag of every command that needs to know the migration.
#[derive(Debug, Clone, Default, Args)]
pub struct MigrationArgs {
    /// The file that describes the migration [default: preflight.yaml, when it is there]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A rehearsal does not ask what only Temporal Cloud asks [default: `target.kind`, else cloud]
    #[arg(long, value_enum, value_name = "KIND")]
    pub target_kind: Option<TargetKindName>,
}

/// `--target-kind`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TargetKindName {
    /// Temporal Cloud
    Cloud,
    /// A stand-in for Temporal Cloud
    Rehearsal,
}

impl From<TargetKindName> for TargetKind {
    fn from(name: TargetKindName) -> Self {
        match name {
            TargetKindName::Cloud => TargetKind::Cloud,
            TargetKindName::Rehearsal => TargetKind::Rehearsal,
        }
    }
}

/// A migration, resolved.
#[derive(Debug)]
pub struct Migration {
    /// The file, or its defaults.
    pub preflight: Preflight,
    /// Folder paths are relative to.
    pub folder: PathBuf,
    /// The instant of the judgement.
    pub at: Timestamp,
    /// Namespaces that flags name, of the source and of the target.
    asked: [Option<String>; 2],
    /// What flags and file say of the Cloud Ops API.
    cloud_ops: Option<CloudOpsSettings>,
    /// The Prometheus of the source and of the target.
    metrics: [Known<Prometheus>; 2],
}

impl MigrationArgs {
    /// The file, whether it is there or not.
    pub fn path(&self) -> PathBuf {
        match &self.file {
            Some(path) if path.is_dir() => path.join(config::DEFAULT_FILE),
            Some(path) => path.clone(),
            None => PathBuf::from(config::DEFAULT_FILE),
        }
    }

    /// Read the file and the clock, or take the instant of `--at`. Without a file everything has its default.
    pub fn load(&self, at: Option<&str>) -> Result<Migration, Problem> {
        let at = clock::at(at)?;
        // Only a file that was asked for must be there.
        let path = Some(self.path()).filter(|path| self.file.is_some() || path.exists());
        let (mut preflight, folder) = match path {
            Some(path) => {
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                (config::preflight::load(&path)?, folder)
            }
            None => {
                let mut preflight = Preflight::default();
                preflight.plan.name = config::folder_name(Path::new("."));
                (preflight, PathBuf::new())
            }
        };
        if let Some(kind) = self.target_kind {
            preflight.plan.target_kind = kind.into();
        }
        Ok(Migration {
            preflight,
            folder,
            at,
            asked: [None, None],
            cloud_ops: None,
            metrics: [not_measured(), not_measured()],
        })
    }
}

impl Migration {
    /// The trees to scan: the given ones, else those of the file, else the file's folder.
    pub fn roots(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        if !given.is_empty() {
            return given.to_vec();
        }
        if !self.preflight.roots.is_empty() {
            return self.preflight.roots.clone();
        }
        vec![if self.folder.as_os_str().is_empty() { PathBuf::from(".") } else { self.folder.clone() }]
    }

    /// Both connections, `source` and `target` over what the file says; a side nobody described is unknown, not an error.
    pub fn connections(
        &mut self,
        source: ConnectionSettings,
        target: ConnectionSettings,
    ) -> Result<Connections, Problem> {
        let (source, target) = (self.connection(Side::Source, source)?, self.connection(Side::Target, target)?);
        let both = Connections { source, cloud_ops: self.cloud_ops(&target)?, target };
        both.refuse_one_cluster_twice()?;
        self.infer_mapping(&both);
        Ok(both)
    }

    /// The connection of one side, what flags say over what the file says.
    pub fn connection(&mut self, side: Side, flags: ConnectionSettings) -> Result<Known<Connection>, Problem> {
        let [source, target] = &mut self.asked;
        let (asked, file) = match side {
            Side::Source => (source, &mut self.preflight.source),
            Side::Target => (target, &mut self.preflight.target),
        };
        asked.clone_from(&flags.namespace);
        let mut settings = flags.over(std::mem::take(file));
        if side == Side::Target {
            self.cloud_ops = settings.cloud_ops.take();
        }
        if let Some(metrics) = settings.metrics.take() {
            let [source, target] = &mut self.metrics;
            let place = if side == Side::Source { source } else { target };
            *place = Known::Known(prometheus::resolve(side, &metrics, &variable)?);
        }
        connect(side, settings)
    }

    /// The Prometheus of a side, once its connection was made.
    pub fn metrics(&self, side: Side) -> &Known<Prometheus> {
        let [source, target] = &self.metrics;
        if side == Side::Source { source } else { target }
    }

    /// The Cloud Ops API of the target, once its connection was made. A key that merely lies in the environment is
    /// used for Temporal Cloud only.
    pub fn cloud_ops(&self, target: &Known<Connection>) -> Result<Known<Connection>, Problem> {
        let settings = self.cloud_ops.clone().unwrap_or_default();
        let asked = settings.api_key_env.is_some() || settings.address.is_some();
        let cloud = target.value().is_some_and(|target| target.kind() == ClusterKind::Cloud);
        if !asked && !cloud {
            return Ok(Known::unknown("the target is not known to be Temporal Cloud"));
        }
        cloud_ops::resolve(&settings, &variable)
    }

    /// Without a map, one namespace per connection is a map of one line.
    fn infer_mapping(&mut self, both: &Connections) {
        let (Some(source), Some(target)) = (both.source.value(), both.target.value()) else { return };
        let mapped = &mut self.preflight.plan.namespaces;
        if let (true, Some(source), Some(target)) = (mapped.is_empty(), &source.namespace, &target.namespace) {
            mapped.push(NamespaceMapping {
                source: source.clone(),
                target: Some(target.clone()),
                ..NamespaceMapping::default()
            });
        }
    }

    /// Namespaces to probe on a side: those of the map, else the one a flag names; empty lets the probe decide.
    /// Excluded ones come last: that they may be left behind is a claim the source can confirm.
    pub fn namespaces(&self, side: Side) -> Vec<String> {
        let (moved, excluded): (Vec<_>, Vec<_>) =
            self.preflight.plan.namespaces.iter().partition(|n| n.target.is_some());
        let mut names: Vec<String> = match side {
            Side::Source => moved.iter().map(|n| n.source.clone()).collect(),
            Side::Target => moved.iter().filter_map(|n| n.target.clone()).collect(),
        };
        if names.is_empty() {
            let [source, target] = &self.asked;
            names.extend(if side == Side::Source { source.clone() } else { target.clone() });
        }
        names.sort();
        names.dedup();
        if side == Side::Source {
            names.extend(excluded.iter().map(|n| n.source.clone()));
        }
        names
    }
}

/// Where both clusters are.
#[derive(Debug)]
pub struct Connections {
    /// The cluster the team leaves.
    pub source: Known<Connection>,
    /// The cluster the team moves to.
    pub target: Known<Connection>,
    /// The control plane of the target's account.
    pub cloud_ops: Known<Connection>,
}

impl Connections {
    /// One of them.
    pub fn side(&self, side: Side) -> &Known<Connection> {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// Comparing a namespace with itself finds no difference, and that would be a false GO.
    fn refuse_one_cluster_twice(&self) -> Result<(), Problem> {
        let (Some(source), Some(target)) = (self.source.value(), self.target.value()) else { return Ok(()) };
        if source.address == target.address
            && source.namespace == target.namespace
            && source.routed_by() == target.routed_by()
        {
            return Err(Problem::usage("source and target are the same cluster and namespace")
                .note(format!("both lead to {}", source.address))
                .help("give each side its own profile or address: --source-profile, --target-profile"));
        }
        Ok(())
    }
}

fn not_measured() -> Known<Prometheus> {
    Known::Unknown(Why::with_remedy(
        "no Prometheus is configured",
        "add `metrics` to preflight.yaml, or give --source-prometheus and --target-prometheus",
    ))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Resolve the settings of a side.
fn connect(side: Side, settings: ConnectionSettings) -> Result<Known<Connection>, Problem> {
    let names_a_place = settings.profile.is_some() || settings.address.is_some();
    if !names_a_place {
        return Ok(Known::Unknown(Why::with_remedy(
            format!("no connection to the {side} cluster is configured"),
            format!("add `{side}:` to preflight.yaml, or give --{side}-profile or --{side}-address"),
        )));
    }
    profile::resolve(side, settings, &variable).map(Known::Known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_that_a_flag_names_is_the_one_that_is_probed() {
        let mut migration = MigrationArgs::default().load(Some("2026-11-21")).unwrap();
        migration.preflight = Preflight::default();
        assert!(migration.namespaces(Side::Source).is_empty());
        let flags = ConnectionSettings {
            address: Some("127.0.0.1:1".into()),
            namespace: Some("payments".into()),
            ..ConnectionSettings::default()
        };
        migration.connection(Side::Source, flags).unwrap();
        assert_eq!(migration.namespaces(Side::Source), ["payments"]);
        assert!(migration.namespaces(Side::Target).is_empty());
    }
}
