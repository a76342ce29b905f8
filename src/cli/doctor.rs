//! `doctor`: what the tool can see, and what is missing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::connection::ConnectionFlags;
use super::migration::{Migration, MigrationArgs};
use super::output;
use super::probing::{self, ProbeFlags};
use crate::devserver;
use crate::facts::cluster::LadderStep;
use crate::facts::{Known, Side};
use crate::rules;

/// Check the configuration and both connections, step by step
///
/// Says what the tool can see and what is missing before an audit: the migration file, attestations and rule packs,
/// the `temporal` CLI, and how far each cluster can be reached. Exit code 3 when something is missing.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    migration: MigrationArgs,
    /// Further rule pack; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    probe: ProbeFlags,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// A line of the answer.
struct Line {
    state: State,
    what: String,
    detail: String,
    remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Note,
    Missing,
}

impl Line {
    fn new(state: State, what: &str, detail: impl Into<String>) -> Self {
        Self { state, what: what.into(), detail: detail.into(), remedy: None }
    }

    fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = Some(text.into());
        self
    }
}

fn about_rules(catalogue: &rules::Catalogue) -> Line {
    let loaded = format!("{} rules loaded", catalogue.rules.len());
    match catalogue.broken.as_slice() {
        [] => Line::new(State::Ok, "rules", loaded),
        broken => {
            let files: Vec<&str> = broken.iter().map(|b| b.origin.as_str()).collect();
            Line::new(State::Missing, "rules", format!("{loaded}; {} could not be read", files.join(", ")))
                .remedy("`temporal-preflight rules test DIR` shows what is wrong, and where")
        }
    }
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    let mut migration = args.migration.load(None)?;
    let (source, target) = args.connection.settings()?;
    let connections = migration.connections(source, target)?;
    let catalogue = rules::load(&args.rules)?;

    let mut lines = vec![Line::new(State::Ok, "version", env!("CARGO_PKG_VERSION"))];
    lines.extend(about_the_migration(&migration));
    lines.push(about_rules(&catalogue));
    lines.extend(about_attestations(&migration, &catalogue)?);
    lines.push(match devserver::find_cli() {
        Some(cli) => Line::new(State::Ok, "temporal CLI", cli.display().to_string()),
        None => Line::new(State::Note, "temporal CLI", "not on PATH")
            .remedy("only the demo and the printed remedies need it"),
    });
    for side in [Side::Source, Side::Target] {
        let flags = ProbeFlags { probe_timeout: args.probe.probe_timeout.min(30), ..args.probe.clone() };
        let connection = connections.side(side);
        lines.push(match connection {
            Known::Known(c) | Known::Partial { value: c, .. } => Line::new(
                State::Ok,
                &format!("{side} connection"),
                format!("{} ({})", c.address, credential(c.credential)),
            ),
            Known::Unknown(why) => {
                let line = Line::new(State::Missing, &format!("{side} connection"), why.reason.clone());
                match &why.remedy {
                    Some(remedy) => line.remedy(remedy.clone()),
                    None => line,
                }
            }
        });
        let ladder = probing::ladder(side, &connections, &migration, &flags)?;
        lines.extend(ladder.into_iter().map(|step| about_step(side, step)));
    }

    let missing = lines.iter().filter(|l| l.state == State::Missing).count();
    let mut text = String::new();
    for line in &lines {
        let (style, mark) = match line.state {
            State::Ok => (anstyle::AnsiColor::Green, "✓"),
            State::Note => (anstyle::AnsiColor::Yellow, "·"),
            State::Missing => (anstyle::AnsiColor::Red, "✗"),
        };
        let style = anstyle::Style::new().fg_color(Some(style.into())).bold();
        text.push_str(&format!("{style}{mark}{style:#} {:<22} {}\n", line.what, line.detail));
        if let Some(remedy) = &line.remedy {
            text.push_str(&format!("  {:<22} → {remedy}\n", ""));
        }
    }
    text.push_str(&match missing {
        0 => "\nready: `temporal-preflight audit`".to_owned(),
        1 => "\n1 thing is missing; an audit would report what depends on it as unknown".to_owned(),
        n => format!("\n{n} things are missing; an audit would report what depends on them as unknown"),
    });
    output::result(&text)?;
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

fn credential(credential: crate::facts::cluster::Credential) -> &'static str {
    use crate::facts::cluster::Credential::*;
    match credential {
        None => "no credential",
        Mtls => "client certificate",
        ApiKey => "API key",
    }
}

fn about_the_migration(migration: &Migration) -> Vec<Line> {
    let plan = &migration.preflight.plan;
    let mut lines = vec![match &plan.place {
        Some(place) => Line::new(State::Ok, "migration", format!("{} ({})", plan.name, place.path)),
        None => Line::new(State::Missing, "migration", "no preflight.yaml here")
            .remedy("`temporal-preflight init` writes one; or name it with --file"),
    }];
    lines.push(match plan.window {
        Some(w) => Line::new(State::Ok, "window", format!("{} to {}", w.start, w.end)),
        None => Line::new(State::Missing, "window", "not set")
            .remedy("without it nothing can be said about certificates and long-running workflows: set `window`"),
    });
    lines.push(match plan.namespaces.len() {
        0 => Line::new(State::Missing, "namespaces", "no map").remedy("say in `namespaces` what moves where"),
        n => Line::new(State::Ok, "namespaces", format!("{n} mapped or excluded")),
    });
    for root in migration.roots(&[]) {
        lines.push(match root.is_dir() {
            true => Line::new(State::Ok, "code", root.display().to_string()),
            false => Line::new(State::Missing, "code", format!("{} is not a folder", root.display()))
                .remedy("correct `code.roots`"),
        });
    }
    lines
}

fn about_attestations(migration: &Migration, catalogue: &rules::Catalogue) -> Result<Vec<Line>, crate::ui::Problem> {
    let asked: std::collections::BTreeSet<&str> =
        catalogue.rules.iter().filter_map(|r| r.attested.as_ref()).map(|a| a.id.as_str()).collect();
    let Some(path) = &migration.preflight.attestations else {
        return Ok(vec![
            Line::new(State::Missing, "attestations", format!("none given, {} are asked for", asked.len()))
                .remedy("name the file in `attestations`; `temporal-preflight init` writes its questions"),
        ]);
    };
    let given = crate::config::attestations::load(Path::new(path))?;
    let today = migration.at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let valid =
        given.iter().filter(|a| a.date <= today && today <= a.valid_until && asked.contains(a.id.as_str())).count();
    let mut lines = vec![Line::new(
        if valid == asked.len() { State::Ok } else { State::Note },
        "attestations",
        format!("{valid} of {} answered and valid ({})", asked.len(), path.display()),
    )];
    for unknown in given.iter().filter(|a| !asked.contains(a.id.as_str())) {
        lines.push(
            Line::new(
                State::Note,
                "",
                format!("no rule asks for `{}` ({}:{})", unknown.id, unknown.place.0, unknown.place.1),
            )
            .remedy(format!("asked for: {}", asked.iter().copied().collect::<Vec<_>>().join(", "))),
        );
    }
    Ok(lines)
}

fn about_step(side: Side, step: LadderStep) -> Line {
    let line =
        Line::new(if step.ok { State::Ok } else { State::Missing }, &format!("  {side} {}", step.step), step.detail);
    match step.remedy {
        Some(remedy) => line.remedy(remedy),
        None => line,
    }
}
