//! `init`: preflight.yaml and attestations.yaml, from the repository and temporal.toml.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tera::{Context, Tera};

use super::trees::Trees;
use super::{clock, gather, output};
use crate::compare::cohorts::{Proposal, propose};
use crate::config;
use crate::facts::Known;
use crate::facts::plan::Plan;
use crate::probe::profile::{self, ProfileSummary};
use crate::rules;
use crate::scan::ScanOptions;
use crate::ui::{Problem, atomic};

const PREFLIGHT: &str = include_str!("../../templates/preflight.yaml");
const ATTESTATIONS: &str = include_str!("../../templates/attestations.yaml");

/// How many days after today the proposed window starts, and how long it is: four weeks is what most teams need.
const WINDOW: (i32, i32) = (14, 28);

/// Write preflight.yaml and attestations.yaml for this repository
///
/// Proposes the connection factories found in the code and the profiles found in temporal.toml, and lists every
/// question that only a person can answer. Existing files are left alone, unless --force is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the repository
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Path of temporal.toml [default: where the `temporal` CLI keeps it]
    #[arg(long, env = "TEMPORAL_CONFIG_FILE", hide_env = true, value_name = "FILE")]
    config_file: Option<String>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

#[derive(serde::Serialize)]
struct Question {
    id: String,
    asks: Vec<Asks>,
}

/// What one rule wants to know.
#[derive(serde::Serialize)]
struct Asks {
    text: String,
    rule: String,
    severity: &'static str,
}

/// A cohort as the file holds it.
#[derive(serde::Serialize)]
struct ProposedCohort {
    name: String,
    risk: String,
    types: Vec<String>,
    validation: String,
    why: String,
}

impl ProposedCohort {
    fn new(proposal: &Proposal) -> Self {
        let c = &proposal.cohort;
        Self {
            name: quoted(&c.name),
            risk: c.risk.clone().unwrap_or_default(),
            types: c.workflow_types.iter().map(|t| quoted(t)).collect(),
            validation: c.validation.clone().unwrap_or_default(),
            // A comment ends with its line.
            why: proposal.why.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    let preflight = args.folder.join(config::DEFAULT_FILE);
    let attestations = args.folder.join(config::ATTESTATIONS_FILE);
    for path in [&preflight, &attestations] {
        if path.exists() && !args.force {
            return Err(Problem::usage(format!("{} is already there", path.display()))
                .note("nothing was written")
                .help("give --force to write it anew")
                .into());
        }
    }

    let code = gather::code(&Trees { roots: vec![args.folder.clone()], options: ScanOptions::default() })?;
    let factories: Vec<String> = code.factories.iter().map(|f| format!("\"{}:{}\"", f.path, f.function)).collect();
    let env = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let profiles = profile::list(args.config_file.as_deref(), &env)?;
    let (source, target) = sides(&profiles);

    let today = clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |days: i32| {
        today
            .checked_add(jiff::Span::new().days(days))
            .map(|d| d.to_string())
            .map_err(|e| Problem::tool("the calendar ends here").note(e.to_string()))
    };
    let mut context = Context::new();
    context.insert("name", &quoted(&config::folder_name(&args.folder)));
    context.insert("today", &today.to_string());
    context.insert("window_start", &day(WINDOW.0)?);
    context.insert("window_end", &day(WINDOW.0 + WINDOW.1)?);
    context.insert("factories", &factories);
    let proposals = propose(Some(&code), None, &Plan::default());
    let cohorts: Vec<ProposedCohort> = proposals.iter().map(ProposedCohort::new).collect();
    context.insert("cohorts", &cohorts);
    context.insert("questions", &questions()?);
    for (side, found) in [("source", source), ("target", target)] {
        context.insert(format!("{side}_profile"), &found.map(|p| quoted(&p.name)));
        // Where a profile names none, every client of Temporal takes this one.
        context
            .insert(format!("{side}_namespace"), &found.map(|p| quoted(p.namespace.as_deref().unwrap_or("default"))));
    }
    let names: Vec<String> = profiles.iter().map(|p| quoted(&p.name)).collect();
    context.insert("profiles", &names);

    write(&preflight, PREFLIGHT, &context)?;
    write(&attestations, ATTESTATIONS, &context)?;

    let mut text = format!("wrote {} and {}\n", preflight.display(), attestations.display());
    match factories.as_slice() {
        [] => text.push_str("no connection factory was found in the code; name it in `code.factories`\n"),
        all => text.push_str(&format!("proposed as connection factory: {}\n", all.join(", "))),
    }
    if !cohorts.is_empty() {
        let names: Vec<&str> = cohorts.iter().map(|c| c.name.as_str()).collect();
        text.push_str(&format!("proposed as cohorts: {}\n", names.join(", ")));
    }
    if let Known::Unknown(_) = connection(source, target) {
        text.push_str(
            "describe both clusters under `source` and `target`: a profile of temporal.toml, or an address\n",
        );
        if !names.is_empty() {
            text.push_str(&format!("profiles of temporal.toml: {}\n", names.join(", ")));
        }
    }
    text.push_str("next: `temporal-preflight doctor`, then `temporal-preflight audit`");
    output::result(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn connection(source: Option<&ProfileSummary>, target: Option<&ProfileSummary>) -> Known<()> {
    match (source, target) {
        (Some(_), Some(_)) => Known::Known(()),
        _ => Known::unknown("a side has no profile"),
    }
}

/// The profile that leads to Temporal Cloud is the target, one that does not is the source; only when there is
/// exactly one of a kind, because a wrong guess would compare the wrong clusters.
fn sides(profiles: &[ProfileSummary]) -> (Option<&ProfileSummary>, Option<&ProfileSummary>) {
    let only = |cloud: bool| {
        let mut matching = profiles.iter().filter(|p| p.cloud == cloud);
        match (matching.next(), matching.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    };
    (only(false), only(true))
}

/// Every attestation a rule asks for, blockers first.
fn questions() -> Result<Vec<Question>, super::Failure> {
    let catalogue = rules::load::load(&[] as &[&Path])?;
    let mut asking: Vec<_> = catalogue.rules.iter().filter_map(|r| r.attested.as_ref().map(|a| (r, a))).collect();
    asking.sort_by_key(|(rule, _)| rule.severity);
    let mut questions: Vec<Question> = Vec::new();
    for (rule, attested) in asking {
        let text = attested.question.trim().replace('\n', " ");
        // One word may answer the questions of several rules.
        let asks = Asks { text, rule: rule.id.clone(), severity: rule.severity.name() };
        match questions.iter_mut().find(|q| q.id == attested.id) {
            Some(question) => question.asks.push(asks),
            None => questions.push(Question { id: attested.id.clone(), asks: vec![asks] }),
        }
    }
    Ok(questions)
}

fn write(path: &Path, template: &str, context: &Context) -> Result<(), Problem> {
    let failed = |e: tera::Error| Problem::tool(format!("cannot fill in {}", path.display())).note(e.to_string());
    let mut tera = Tera::default();
    tera.add_raw_template("file", template).map_err(failed)?;
    let text = tera.render("file", context).map_err(failed)?;
    atomic::write(path, text.as_bytes())
}

/// A YAML scalar: quoted unless it is a plain word.
fn quoted(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
