//! `rules`: the catalogue, the facts rules look at, and rule packs of one's own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table};

use super::output;
use crate::rules::{self, scaffold, selftest};
use crate::scorecard::Gate;

/// List the rules, or write and test rules of your own
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// Further rule pack; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", global = true)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the test cases written in the rules of a folder
    ///
    /// `ok` is as expected, `noisy` finds more than the test says, `missing` finds less, `wrong` comes to another
    /// outcome. The exit code is 1 when a test does not hold, and 2 when a rule cannot be read.
    Test {
        /// The rule pack: <area>/<id>.yaml and .md
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Write a rule to begin with: it loads, and its tests pass
    ///
    /// The id of a rule of the tool begins as a copy of it; with --rules it replaces the one of the tool.
    New {
        /// Id of the rule: lower-case letters, digits and hyphens
        #[arg(value_name = "ID")]
        id: String,
        /// The rule pack it is written to
        #[arg(value_name = "DIR", default_value = "preflight-rules")]
        folder: PathBuf,
        /// Folder within the pack, and heading in reports
        #[arg(long, value_name = "AREA", default_value = "house")]
        area: String,
    },
    /// List the facts a rule can look at
    Facts {
        /// Print the complete example of each fact, from which the tests of rules take what they leave out
        #[arg(long)]
        examples: bool,
    },
    /// Print the JSON Schema of rule files, for editors
    ///
    /// Save it beside a rule pack and begin each rule with
    /// `# yaml-language-server: $schema=../rule-v1.schema.json`: an editor completes facts and fields, and marks mistakes.
    Schema,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For reading on a terminal
    #[default]
    Text,
    /// For programs
    Json,
}

/// Run it.
pub fn run(args: &Args) -> super::Done {
    match &args.action {
        None => list(args),
        Some(Action::Test { folder }) => test(folder, args.output),
        Some(Action::New { id, folder, area }) => new(folder, area, id, args),
        Some(Action::Facts { examples: false }) => facts(args.output),
        Some(Action::Facts { examples: true }) => {
            output::result(rules::examples::TEXT.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Action::Schema) => {
            output::result(rules::schema::PUBLISHED.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(output::width()).unwrap_or(100));
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(header);
    table
}

fn list(args: &Args) -> super::Done {
    let catalogue = rules::load(&args.rules)?;
    match args.output {
        Output::Json => output::result(&output::json(&catalogue.listing())?)?,
        Output::Text => {
            let mut table = table(&["rule", "severity", "item", "gates", "holds when"]);
            for rule in &catalogue.rules {
                table.add_row([
                    rule.id.clone(),
                    rule.severity.name().to_owned(),
                    rule.item.map(|i| i.to_string()).unwrap_or_default(),
                    Gate::span(&rule.gates),
                    rule.title.clone(),
                ]);
            }
            output::result(&format!(
                "{table}\n{} rules; `temporal-preflight explain RULE` tells more",
                catalogue.rules.len()
            ))?;
        }
    }
    Ok(output::problems(&catalogue.problems()).unwrap_or(ExitCode::SUCCESS))
}

fn test(folder: &Path, format: Output) -> super::Done {
    let (catalogue, problems) = rules::load::folder(folder);
    let runs = selftest::run(&catalogue);
    let bad = runs.iter().filter(|run| run.result != selftest::Result::Ok).count();
    match format {
        Output::Json => output::result(&output::json(&runs)?)?,
        Output::Text if runs.is_empty() => {}
        Output::Text => output::result(&selftest::report(&runs))?,
    }
    let held = if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) };
    Ok(output::problems(&problems).unwrap_or(held))
}

fn new(folder: &Path, area: &str, id: &str, args: &Args) -> super::Done {
    let written = scaffold::write(folder, area, id, &rules::load(&args.rules)?)?;
    output::result(&format!("{}\n{}", written.yaml.display(), written.markdown.display()))?;
    let pack = folder.display();
    if written.copied {
        output::say(&format!(
            "This is a copy of the rule `{id}` of the tool; with --rules {pack} it replaces that one."
        ));
    }
    output::say(&format!(
        "Next: edit both, run `temporal-preflight rules test {pack}`, and judge with `--rules {pack}`.\n\
         `temporal-preflight rules facts` lists what a rule can look at."
    ));
    Ok(ExitCode::SUCCESS)
}

fn facts(format: Output) -> super::Done {
    let facts = rules::facts::all();
    if format == Output::Json {
        output::result(&output::json(&facts)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = table(&["fact", "holds", "fields of its objects, beside `loci`"]);
    for fact in facts {
        let fields: Vec<String> = fact.fields.iter().filter(|f| f.name != "loci").map(|f| f.in_words()).collect();
        table.add_row([fact.path.to_owned(), fact.meaning.to_owned(), fields.join(", ")]);
    }
    output::result(&table.to_string())?;
    Ok(ExitCode::SUCCESS)
}
