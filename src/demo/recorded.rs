//! The example company without any server: snapshots that were recorded.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::estate;
use crate::facts::cluster::ClusterSnapshot;
use crate::ui::Problem;

const SOURCE: &str = include_str!("../../fixtures/snapshots/estate-source.json");
const TARGET: &str = include_str!("../../fixtures/snapshots/estate-target.json");

/// The source tree with one snapshot per cluster.
#[derive(Debug)]
pub struct RecordedEstate {
    /// The source tree.
    pub root: PathBuf,
    /// Its `preflight.yaml`.
    pub preflight: PathBuf,
    /// The cluster the company leaves.
    pub source: ClusterSnapshot,
    /// The cluster it moves to.
    pub target: ClusterSnapshot,
    /// The instant to judge for: an hour after the snapshots were taken, ten days before the window opens.
    pub at: Timestamp,
}

/// Unpack the tree into `root` and read the snapshots.
///
/// # Errors
/// When `root` cannot be written.
pub fn recorded(root: &Path) -> Result<RecordedEstate, Problem> {
    let unreadable = |e: serde_json::Error| Problem::tool("the bundled snapshots cannot be read").note(e.to_string());
    estate::unpack(root, estate::REFERENCE_DAY)?;
    let at = estate::REFERENCE_DAY
        .at(9, 0, 0, 0)
        .to_zoned(TimeZone::UTC)
        .map_err(|e| Problem::tool("the day of the recording does not exist").note(e.to_string()))?;
    Ok(RecordedEstate {
        preflight: root.join("preflight.yaml"),
        root: root.to_owned(),
        source: serde_json::from_str(SOURCE).map_err(unreadable)?,
        target: serde_json::from_str(TARGET).map_err(unreadable)?,
        at: at.timestamp(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Side;

    #[test]
    fn the_recording_is_of_this_tree_and_this_day() {
        let folder = tempfile::tempdir().unwrap();
        let estate = recorded(folder.path()).unwrap();
        let plan = crate::config::preflight::load(&estate.preflight).unwrap();
        for (snapshot, side) in [(&estate.source, Side::Source), (&estate.target, Side::Target)] {
            assert_eq!(snapshot.side, side);
            assert_eq!(snapshot.schema, crate::facts::cluster::SNAPSHOT_SCHEMA);
            assert!(snapshot.taken_at < estate.at && estate.at.duration_since(snapshot.taken_at).as_hours() < 24);
        }
        let moving: Vec<_> =
            plan.plan.namespaces.iter().filter_map(|n| Some((&n.source, n.target.as_ref()?))).collect();
        assert_eq!(moving, [(&estate.source.namespaces[0].name, &estate.target.namespaces[0].name)]);
        assert_eq!(plan.source.address.as_ref(), Some(&estate.source.address));
        assert_eq!(plan.target.address.as_ref(), Some(&estate.target.address));
    }
}
