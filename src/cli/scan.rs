//! `scan`: the inventory of a source tree.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;

use super::migration::MigrationArgs;
use super::trees::TreeFlags;
use super::{gather, output, progress};
use crate::render;
use crate::scan::Traced;
use crate::ui::atomic;

/// Find every place that starts or signals workflows, and where its client was built
///
/// Needs no configuration and no cluster. The factory through which clients should be built is taken from
/// preflight.yaml or --factory; without either it is proposed from what the code does.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    trees: TreeFlags,
    /// What to print; json is the scan document, the input of `score --code`
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    /// Write the scan document to a file, whatever is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Say every step of the search for the calls on a line: candidates, what was dropped and why, the step that failed
    #[arg(long, value_name = "PATH:LINE", value_parser = place)]
    trace: Option<(String, u32)>,
    #[command(flatten)]
    migration: MigrationArgs,
}

/// `path/to/file.go:12`
fn place(text: &str) -> Result<(String, u32), String> {
    let parts = text.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse().ok()?)));
    let (path, line) = parts.ok_or("a place is written as path:line")?;
    Ok((path.trim_start_matches("./").to_owned(), line))
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Output {
    /// For reading on a terminal
    #[default]
    Text,
    /// The scan document, input of `score --code`
    Json,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    let migration = args.migration.load(None)?;
    let mut trees = args.trees.of(&migration);
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    if let Some((path, line)) = &args.trace {
        let hear = heard.clone();
        let told = move |line: &str| hear.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
        let told: Arc<dyn Fn(&str) + Send + Sync> = Arc::new(told);
        trees.options.trace = Some(Traced { path: path.clone(), line: *line, told: told.into() });
    }
    let code = gather::code(&trees)?;
    if let Some((path, line)) = &args.trace {
        let lines = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
        if lines.is_empty() {
            output::say(&format!(
                "{path}:{line}: the file was not read: it names nothing of the SDK, or is not in the tree"
            ));
        }
        lines.iter().for_each(|line| output::say(line));
    }
    if progress::is_verbose() {
        for dropped in &code.coverage.candidates_dropped {
            output::say(&format!("dropped {}:{} {}: {}", dropped.path, dropped.line, dropped.name, dropped.reason));
        }
    }
    if let Some(path) = &args.out {
        atomic::write(path, output::json(&code)?.as_bytes())?;
        output::say(&format!("wrote {}", output::file_uri(path)));
    }
    match args.output {
        Output::Json if args.out.is_some() => {}
        Output::Json => output::result(&output::json(&code)?)?,
        Output::Text => output::result(&render::scan_text(&code, &output::on_terminal()))?,
    }
    Ok(ExitCode::SUCCESS)
}
