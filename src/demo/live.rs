//! The example company on two real dev servers.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{estate, files, seed};
use crate::devserver::DevServer;
use crate::ui::Problem;

/// Two seeded dev servers and the source tree whose plan leads to them. Dropping it stops the servers.
#[derive(Debug)]
pub struct LiveEstate {
    /// `host:port` of the cluster the company leaves.
    pub source_address: String,
    /// `host:port` of the cluster it moves to.
    pub target_address: String,
    /// The source tree.
    pub root: PathBuf,
    /// Its `preflight.yaml`; `source` and `target` name the two servers.
    pub preflight: PathBuf,
    /// The instant its dates were laid around.
    pub at: Timestamp,
    _servers: (DevServer, DevServer),
}

/// Start both servers, fill them through the CLI at `cli`, and unpack the tree into `root` with its dates laid around
/// `at`.
///
/// Blocks for about two seconds.
///
/// # Errors
/// When the CLI cannot be run, a server does not start, or `root` cannot be written.
pub fn prepare_live(cli: &Path, at: Timestamp, root: &Path) -> Result<LiveEstate, Problem> {
    let (source, target) = std::thread::scope(|scope| {
        let source = scope.spawn(|| {
            let namespaces = [seed::SOURCE_NAMESPACE, seed::EXCLUDED_NAMESPACE];
            let server = DevServer::start_with(cli, &namespaces, &attributes(&seed::SOURCE_ATTRIBUTES))?;
            seed::source(&server).map(|()| server)
        });
        let target = scope.spawn(|| {
            let server = DevServer::start_with(cli, &[seed::TARGET_NAMESPACE], &attributes(&seed::TARGET_ATTRIBUTES))?;
            seed::target(&server).map(|()| server)
        });
        (source.join(), target.join())
    });
    let broke = |_| Problem::tool("starting a dev server broke down");
    let (source, target) = (source.map_err(broke)??, target.map_err(broke)??);

    estate::unpack(root, at.to_zoned(TimeZone::UTC).date())?;
    let preflight = root.join("preflight.yaml");
    files::edit(&preflight, |text| Ok(lead_to(text, source.address(), target.address())))?;
    Ok(LiveEstate {
        source_address: source.address().to_owned(),
        target_address: target.address().to_owned(),
        root: root.to_owned(),
        preflight,
        at,
        _servers: (source, target),
    })
}

fn attributes<'a>(pairs: &[&'a str]) -> Vec<&'a str> {
    pairs.iter().flat_map(|&pair| ["--search-attribute", pair]).collect()
}

/// The plan with other connections. Both are written on one line each.
fn lead_to(plan: &str, source: &str, target: &str) -> String {
    let lines = plan.lines().map(|line| match line {
        l if l.starts_with("source: ") => format!("source: {{address: \"{source}\"}}\n"),
        l if l.starts_with("target: ") => format!("target: {{kind: rehearsal, address: \"{target}\"}}\n"),
        l => format!("{l}\n"),
    });
    lines.collect()
}
